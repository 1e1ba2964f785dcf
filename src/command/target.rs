//! Which org a command talks to, and how it is reached.
//!
//! Precedence: `--org`, the environment's org, ORGWIRE_INSTANCE_URL with ORGWIRE_ACCESS_TOKEN, `local`. A name is
//! looked for in orgwire.toml first, then among the orgs that `orgwire simulate` serves right now.

use std::path::Path;

use crate::command::credentials::{self, BrowserApp, Credentials};
use crate::command::load::Loaded;
use crate::command::local::{self, LocalOrg};
use crate::command::{Attempt, Exit, Failure, Trouble};
use crate::configuration::NamedOrg;
use crate::diagnostic::{Code, Diagnostic, suggestion};
use crate::org::login::{Destination, Entry, Kept, Login, Notice, RefreshToken};
use crate::org::{AccessToken, Interrupt, Org, Target};
use crate::report::Terminal;
use crate::simulator;

pub const LOCAL: &str = "local";
const URL_VARIABLE: &str = "ORGWIRE_INSTANCE_URL";
const TOKEN_VARIABLE: &str = "ORGWIRE_ACCESS_TOKEN";

/// An org that is open. Keeps the local org alive, if it is that one.
pub struct Opened {
    pub org: Org,
    pub local: Option<LocalOrg>,
    terminal: Terminal,
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
        say(&self.org.notices(), self.org.name(), &self.terminal);
        if let Some(local) = self.local {
            local.close().await;
        }
    }
}

/// Tells what a login has changed outside of it. Even when quiet: whoever misses this is locked out next time.
pub fn say(notices: &[Notice], org: &str, terminal: &Terminal) {
    for notice in notices {
        let text = match notice {
            Notice::RefreshTokenReplaced => format!(
                "warning: org `{org}` has replaced the refresh token, as its app asks for (rotation), and orgwire \
                 cannot write the new one to where the old one came from: the next login will fail. Use a login that \
                 lasts: browser, jwt, client-credentials or sf\n"
            ),
            Notice::RefreshTokenNotKept(problem) => format!(
                "warning: org `{org}` has replaced the refresh token, and the new one was not kept ({problem}): log \
                 in again with: orgwire login --org {org}\n"
            ),
        };
        terminal.problem(&text);
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
pub async fn open(
    named: Option<&str>,
    loaded: &Loaded,
    spring_26_block: bool,
    terminal: &Terminal,
) -> Result<Opened, Failure> {
    let version = loaded.desired.api_version;
    let chosen = named.or(loaded.environment_org.as_ref().map(|org| org.value.as_str()));
    let variables = Variables::read();
    let named_org = match chosen {
        Some(LOCAL) => return open_local(version, spring_26_block, terminal).await,
        Some(name) => match loaded.configuration.orgs.get(name) {
            Some(org) => Some((name, org)),
            None => match served(name) {
                Some(ready) if !spring_26_block => return found(name, ready, version, terminal),
                Some(_) => return Err(not_local(name)),
                None => return Err(nobody(name, named, loaded)),
            },
        },
        None => None,
    };
    let Some((name, org)) = named_org else {
        return match (variables.url, variables.token) {
            (None, None) => open_local(version, spring_26_block, terminal).await,
            (Some(url), Some(_)) if spring_26_block => Err(not_local(&host(&url))),
            (Some(url), Some(token)) => with_token(host(&url), url, token, version, terminal),
            _ => Err(failure(
                Problem::HalfSet,
                "set both to reach that org, or unset both (or pass --org local) for the local one",
            )),
        };
    };
    if spring_26_block {
        return Err(not_local(name));
    }
    if org.login.is_some() {
        let destination = destination(name, org);
        let login = patiently(login(name, org, &destination, loaded)).await?;
        return with_login(login, destination, version, terminal).await;
    }
    let configured = org.instance_url.as_ref().map(|url| url.value.clone());
    // A token for one org, sent to another, is a mistake that must not go through.
    if let (Some(configured), Some(variable)) = (&configured, &variables.url)
        && configured.trim_end_matches('/') != variable.trim_end_matches('/')
    {
        let problem = Problem::TwoAddresses {
            name: name.to_owned(),
            configured: configured.clone(),
            variable: variable.clone(),
        };
        return Err(failure(problem, format!("unset {URL_VARIABLE}, or correct one of the two")));
    }
    let Some(address) = configured.or(variables.url) else {
        return Err(failure(
            Problem::NoAddress(name.to_owned()),
            format!("add it in orgwire.toml:\n[org.{name}]\ninstance-url = \"https://...\""),
        ));
    };
    let Some(token) = variables.token else {
        return Err(failure(
            Problem::NoLogin(name.to_owned()),
            format!(
                "write one beside its address in orgwire.toml, such as login = {{ sf = \"ALIAS\" }}, or set \
                 {TOKEN_VARIABLE}"
            ),
        )
        .exit(Exit::Login));
    };
    with_token(name.to_owned(), address, token, version, terminal)
}

/// An org of orgwire.toml that is to be logged in to, for `login` and `logout`.
pub fn configured<'a>(name: &str, loaded: &'a Loaded) -> Result<(&'a NamedOrg, Destination), Failure> {
    let Some(org) = loaded.configuration.orgs.get(name) else { return Err(nobody(name, Some(name), loaded)) };
    Ok((org, destination(name, org)))
}

/// The secrets of a login, read where they live.
pub async fn credentials(name: &str, org: &NamedOrg, loaded: &Loaded) -> Result<Credentials, Failure> {
    let Some(written) = org.login.clone() else {
        let help = "write one beside its address in orgwire.toml, such as login = { sf = \"ALIAS\" }";
        return Err(failure(Problem::NoLogin(name.to_owned()), help).exit(Exit::Login));
    };
    let mut diagnostics = loaded.nothing_found();
    let name = name.to_owned();
    // A source may be a command that waits for a person.
    let read = tokio::task::spawn_blocking(move || {
        let read = credentials::read(&name, &written, &mut diagnostics);
        (read, diagnostics)
    });
    let (read, diagnostics) = read
        .await
        .map_err(|error| Failure::new(Trouble::Runtime, Attempt::new("cannot read secrets", error)))?;
    read.ok_or_else(|| Failure::diagnostics(loaded.sources.clone(), diagnostics).exit(Exit::Login))
}

/// Where the refresh token of a browser login to this org is kept.
pub fn entry(destination: &Destination) -> Result<Entry, Failure> {
    match &destination.instance_url {
        Some(url) => Ok(Entry::new(&destination.org, url)),
        None => Err(failure(
            Problem::NoAddress(destination.org.clone()),
            format!("add it in orgwire.toml:\n[org.{}]\ninstance-url = \"https://...\"", destination.org),
        )),
    }
}

async fn login(
    name: &str,
    org: &NamedOrg,
    destination: &Destination,
    loaded: &Loaded,
) -> Result<Login, Failure> {
    match credentials(name, org, loaded).await? {
        Credentials::Login(login) => Ok(login),
        Credentials::Browser(BrowserApp { client_id, client_secret, .. }) => {
            let entry = entry(destination)?;
            let kept = entry.read().await.map_err(|problem| destination.no_session(problem.into()))?;
            let refresh_token = kept.ok_or_else(|| destination.not_logged_in())?;
            let kept = Kept::Keyring(entry);
            Ok(Login::RefreshToken(RefreshToken { client_id, client_secret, refresh_token, kept }))
        }
    }
}

/// Waits for programs and token endpoints, and ends them with Ctrl-C: whoever asks for a login may have to wait
/// for a person.
pub async fn patiently<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let interrupt = Interrupt::on_signals();
    tokio::select! {
        biased;
        done = work => done,
        () = interrupt.reached(1) => Err(super::interrupted("logging in")),
    }
}

async fn with_login(
    mut login: Login,
    destination: Destination,
    version: u16,
    terminal: &Terminal,
) -> Result<Opened, Failure> {
    let session = patiently(async { Ok(login.session(&destination).await?) }).await?;
    say(&session.notices, &destination.org, terminal);
    let target = Target {
        name: destination.org,
        instance_url: session.instance_url,
        access_token: session.access_token,
        simulated: false,
    };
    let org = Org::connect(target, version)?.explaining().renewed_by(login, session.requests);
    Ok(Opened { org, local: None, terminal: terminal.clone() })
}

fn with_token(
    name: String,
    instance_url: String,
    token: String,
    version: u16,
    terminal: &Terminal,
) -> Result<Opened, Failure> {
    let target = Target { name, instance_url, access_token: AccessToken::new(token), simulated: false };
    Ok(Opened { org: Org::connect(target, version)?.explaining(), local: None, terminal: terminal.clone() })
}

/// The process variables that name an org.
struct Variables {
    url: Option<String>,
    token: Option<String>,
}

impl Variables {
    fn read() -> Variables {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Variables { url: variable(URL_VARIABLE), token: variable(TOKEN_VARIABLE) }
    }
}

fn destination(name: &str, org: &NamedOrg) -> Destination {
    let configured = org.instance_url.as_ref().map(|url| url.value.clone());
    Destination::new(name, configured)
}

fn not_local(name: &str) -> Failure {
    Failure::new(Trouble::Usage, Problem::NotLocal(name.to_owned()))
        .help("leave the flag out, or add --org local")
}

/// Nothing has this name.
fn nobody(name: &str, named: Option<&str>, loaded: &Loaded) -> Failure {
    let known = || loaded.configuration.orgs.keys().map(String::as_str).chain([LOCAL]);
    let help = match suggestion(name, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("name it in orgwire.toml:\n[org.{name}]\ninstance-url = \"https://...\""),
    };
    unknown(name, named, help, loaded)
}

/// Whether a name leads to an org by itself; an org that process variables name has none that does.
pub fn is_named(name: &str, loaded: &Loaded) -> bool {
    name == LOCAL || loaded.configuration.orgs.contains_key(name) || served(name).is_some()
}

/// The org of this name that another process serves.
fn served(name: &str) -> Option<simulator::Ready> {
    // The name becomes part of a path, and is to stay in its folder.
    let is_plain = !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
        && !name.starts_with('.');
    if !is_plain {
        return None;
    }
    simulator::running(&Path::new(local::HOME).join(name))
}

fn found(name: &str, ready: simulator::Ready, version: u16, terminal: &Terminal) -> Result<Opened, Failure> {
    let local = LocalOrg::Found(ready);
    open_simulated(name, local, version, terminal)
}

async fn open_local(version: u16, spring_26_block: bool, terminal: &Terminal) -> Result<Opened, Failure> {
    open_simulated(LOCAL, local::open(spring_26_block).await?, version, terminal)
}

fn open_simulated(name: &str, local: LocalOrg, version: u16, terminal: &Terminal) -> Result<Opened, Failure> {
    let target = Target {
        name: name.to_owned(),
        instance_url: local.instance_url().to_owned(),
        access_token: AccessToken::new(local.access_token()),
        simulated: true,
    };
    Ok(Opened {
        org: Org::connect(target, version)?.explaining(),
        local: Some(local),
        terminal: terminal.clone(),
    })
}

/// What an org without a name is called: its host.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest).to_owned()
}
