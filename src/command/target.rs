//! Which org a command talks to, and how it is reached.
//!
//! Precedence: `--org`, the environment's org, ORGWIRE_INSTANCE_URL with ORGWIRE_ACCESS_TOKEN, `local`.

use crate::command::load::Loaded;
use crate::command::local::{self, LocalOrg};
use crate::command::{Exit, Failure, Trouble};
use crate::diagnostic::{Code, Diagnostic, suggestion};
use crate::org::{AccessToken, Org, Target};

pub const LOCAL: &str = "local";
const URL_VARIABLE: &str = "ORGWIRE_INSTANCE_URL";
const TOKEN_VARIABLE: &str = "ORGWIRE_ACCESS_TOKEN";

/// An org that is open. Keeps the local org alive, if it is that one.
pub struct Opened {
    pub org: Org,
    pub local: Option<LocalOrg>,
}

impl Opened {
    /// As people are told: `local` needs no address, every other org is named with it.
    pub fn described(&self) -> String {
        if self.org.simulated() {
            format!("{} (the org inside orgwire, {})", self.org.name(), self.org.instance_url())
        } else {
            format!("{} ({})", self.org.name(), self.org.instance_url())
        }
    }

    /// Whether everything may be tried without asking.
    pub fn is_local(&self) -> bool {
        self.org.simulated()
    }

    pub async fn close(self) {
        if let Some(local) = self.local {
            local.close().await;
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("--spring-26-block is for the local org, and this would deploy to `{0}`")]
    NotLocal(String),
    #[error("only one of {URL_VARIABLE} and {TOKEN_VARIABLE} is set")]
    HalfSet,
    #[error("org `{0}` has no address")]
    NoAddress(String),
    #[error("there is no login for org `{0}`")]
    NoLogin(String),
    #[error("org `{name}` is at {configured}, and {URL_VARIABLE} says {variable}")]
    TwoAddresses { name: String, configured: String, variable: String },
}

fn failure(problem: Problem, help: impl Into<String>) -> Failure {
    Failure::new(Trouble::UnreachableOrg, problem).help(help)
}

/// An org that nobody named: on the command line, or where an environment says it.
fn unknown(name: &str, named: Option<&str>, help: String, loaded: &Loaded) -> Failure {
    let diagnostic = match (named, &loaded.environment_org, &loaded.desired.environment) {
        (None, Some(written), Some(environment)) => Diagnostic::error(
            Code::UnknownOrg,
            format!("environment `{environment}` goes to the org `{name}`, which is not named anywhere"),
        )
        .label(written.at, "no org has this name"),
        _ => Diagnostic::error(Code::UnknownOrg, format!("there is no org `{name}`")),
    };
    let mut diagnostics = loaded.nothing_found();
    diagnostics.push(diagnostic.help(help));
    Failure::diagnostics(loaded.sources.clone(), diagnostics)
}

/// Opens the org that the command line, the environment or the process variables name.
pub async fn open(named: Option<&str>, loaded: &Loaded, spring_26_block: bool) -> Result<Opened, Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (url, token) = (variable(URL_VARIABLE), variable(TOKEN_VARIABLE));
    let version = loaded.desired.api_version;
    let chosen = named.or(loaded.environment_org.as_ref().map(|org| org.value.as_str()));
    let (name, address) = match chosen {
        Some(LOCAL) => return open_local(version, spring_26_block).await,
        Some(name) => {
            let Some(configured) = loaded.configuration.orgs.get(name) else {
                let known = || loaded.configuration.orgs.keys().map(String::as_str).chain([LOCAL]);
                let help = match suggestion(name, known()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("name it in orgwire.toml:\n[org.{name}]\ninstance-url = \"https://...\""),
                };
                return Err(unknown(name, named, help, loaded));
            };
            let configured = configured.instance_url.as_ref().map(|url| url.value.clone());
            // A token for one org, sent to another, is a mistake that must not go through.
            if let (Some(configured), Some(variable)) = (&configured, &url)
                && configured.trim_end_matches('/') != variable.trim_end_matches('/')
            {
                let problem = Problem::TwoAddresses {
                    name: name.to_owned(),
                    configured: configured.clone(),
                    variable: variable.clone(),
                };
                return Err(failure(problem, format!("unset {URL_VARIABLE}, or correct one of the two")));
            }
            let Some(address) = configured.or(url) else {
                return Err(failure(
                    Problem::NoAddress(name.to_owned()),
                    format!("add it in orgwire.toml:\n[org.{name}]\ninstance-url = \"https://...\""),
                ));
            };
            (name.to_owned(), address)
        }
        None => match (url, &token) {
            (None, None) => return open_local(version, spring_26_block).await,
            (Some(url), Some(_)) => (host(&url), url),
            _ => {
                return Err(failure(
                    Problem::HalfSet,
                    "set both to reach that org, or unset both (or pass --org local) for the local one",
                ));
            }
        },
    };
    if spring_26_block {
        return Err(Failure::new(Trouble::Usage, Problem::NotLocal(name))
            .help("leave the flag out, or add --org local"));
    }
    let Some(token) = token else {
        return Err(failure(
            Problem::NoLogin(name),
            format!("set {TOKEN_VARIABLE}, for example from: sf org auth show-access-token --target-org ALIAS --json"),
        )
        .exit(Exit::Login));
    };
    let target =
        Target { name, instance_url: address, access_token: AccessToken::new(token), simulated: false };
    Ok(Opened { org: Org::connect(target, version)?, local: None })
}

async fn open_local(version: u16, spring_26_block: bool) -> Result<Opened, Failure> {
    let local = local::open(spring_26_block).await?;
    let target = Target {
        name: LOCAL.to_owned(),
        instance_url: local.instance_url().to_owned(),
        access_token: AccessToken::new(local.access_token()),
        simulated: true,
    };
    Ok(Opened { org: Org::connect(target, version)?, local: Some(local) })
}

/// What an org without a name is called: its host.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest).to_owned()
}
