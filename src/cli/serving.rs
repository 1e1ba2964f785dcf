//! `simulate`: which orgs to serve, and what they are like.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::diagnostic::suggestion;
use crate::simulator::{Edition, FirstDay, Nature};

/// An org to serve, as typed: `NAME` or `NAME:key=value,key=value`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrgToServe {
    pub name: String,
    pub edition: Option<Edition>,
    pub production: Option<bool>,
    pub sandbox: Option<bool>,
    pub port: Option<u16>,
    pub spring_26_block: Option<bool>,
    pub first_day: FirstDay,
}

/// A sandbox to copy, as typed: `SOURCE:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgToCopy {
    pub source: String,
    pub name: String,
}

impl OrgToServe {
    /// What kind of org it is to be; `None` where nothing was said of it.
    pub fn nature(&self) -> Option<Nature> {
        let is_silent = self.edition.is_none() && self.production.is_none() && self.sandbox.is_none();
        (!is_silent).then(|| Nature {
            edition: self.edition.unwrap_or_default(),
            production: self.production.unwrap_or_default(),
            sandbox: self.sandbox.unwrap_or_default(),
        })
    }
}

#[derive(Debug, Args)]
pub struct Simulate {
    /// An org to serve, kept in .orgwire/NAME; may be repeated, and followed by what it is like:
    /// production:edition=enterprise,production=true.
    ///
    /// Keys: edition (group, professional, enterprise, performance, unlimited, developer), production, sandbox,
    /// spring-26-block (true or false), port; and for a new org api-access-control and lock-sessions-to-ip. Without
    /// any: the org `local`.
    #[arg(long, value_name = "NAME[:KEY=VALUE,..]", value_parser = org_to_serve, conflicts_with_all = ["port", "folder"])]
    pub org: Vec<OrgToServe>,
    /// Let an org that is new start as a sandbox copied from another; may be repeated: production:uat.
    ///
    /// It has the components of the other, with the same consumer keys and secrets, and the users, their names
    /// followed by .uat. It has an id, an address and passwords of its own; no sessions, approvals, deployments or
    /// secrets of credentials come along. Both orgs are named with --org.
    #[arg(long, value_name = "SOURCE:NAME", value_parser = org_to_copy, requires = "org")]
    pub copy: Vec<OrgToCopy>,
    /// List what the local org does without anybody having confirmed that Salesforce does it.
    #[arg(long)]
    pub list_assumptions: bool,
    /// Serve on this port; otherwise on the one it had before, or a free one.
    #[arg(long)]
    pub port: Option<u16>,
    /// Where the org lives.
    #[arg(long, value_name = "FOLDER", default_value = ".orgwire/local")]
    pub folder: PathBuf,
    /// Keep nothing on disk.
    #[arg(long, conflicts_with = "folder")]
    pub in_memory: bool,
    /// Refuse to create connected apps, as most orgs do since Spring '26.
    #[arg(long)]
    pub spring_26_block: bool,
    /// How long new apps and changed callback URLs take to reach the login servers, up to 15m.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = propagation)]
    pub propagation: Duration,
    /// Let go wrong what this TOML file says: requests dropped, delayed or answered with an error, deployments locked or
    /// rejected.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// How many requests a day each org answers; without it they are counted and never refused.
    #[arg(long, value_name = "NUMBER")]
    pub daily_limit: Option<u64>,
}

fn org_to_serve(text: &str) -> Result<OrgToServe, String> {
    const KEYS: [&str; 7] = [
        "edition",
        "production",
        "sandbox",
        "spring-26-block",
        "port",
        "api-access-control",
        "lock-sessions-to-ip",
    ];
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err("a name has letters, digits, - and _ only: it becomes a folder".to_owned());
    }
    let mut org = OrgToServe { name: name.to_owned(), ..OrgToServe::default() };
    for setting in rest.split(',').filter(|setting| !setting.is_empty()) {
        let (key, value) = setting.split_once('=').unwrap_or((setting, "true"));
        let flag = || value.parse::<bool>().map_err(|_| format!("{key} is true or false, not `{value}`"));
        match key {
            "edition" => {
                let names = || Edition::ALL.iter().map(|edition| edition.name());
                let found = Edition::ALL.into_iter().find(|edition| edition.name() == value);
                org.edition = Some(found.ok_or_else(|| match suggestion(value, names()) {
                    Some(near) => format!("did you mean edition={near}?"),
                    None => format!("editions are {}", names().collect::<Vec<_>>().join(", ")),
                })?);
            }
            "production" => org.production = Some(flag()?),
            "sandbox" => org.sandbox = Some(flag()?),
            "api-access-control" => org.first_day.api_access_control = Some(flag()?),
            "lock-sessions-to-ip" => org.first_day.lock_sessions_to_ip = Some(flag()?),
            "spring-26-block" => org.spring_26_block = Some(flag()?),
            "port" => org.port = Some(value.parse().map_err(|_| format!("`{value}` is no port"))?),
            _ => {
                return Err(match suggestion(key, KEYS) {
                    Some(near) => format!("there is no key `{key}`; did you mean {near}?"),
                    None => format!("there is no key `{key}`; keys are {}", KEYS.join(", ")),
                });
            }
        }
    }
    if org.production == Some(true) && org.sandbox == Some(true) {
        return Err("an org is a production org or a sandbox, not both".to_owned());
    }
    Ok(org)
}

fn org_to_copy(text: &str) -> Result<OrgToCopy, String> {
    match text.split_once(':') {
        Some((source, name)) if !source.is_empty() && !name.is_empty() => {
            Ok(OrgToCopy { source: source.to_owned(), name: name.to_owned() })
        }
        _ => Err("write SOURCE:NAME, such as production:uat".to_owned()),
    }
}

/// `30s` or `5m`.
fn propagation(text: &str) -> Result<Duration, String> {
    const MOST: u64 = 15 * 60;
    let seconds = match (text.strip_suffix('s'), text.strip_suffix('m')) {
        (Some(number), _) => number.parse().ok(),
        (_, Some(number)) => number.parse::<u64>().ok().and_then(|minutes| minutes.checked_mul(60)),
        _ => None,
    };
    let seconds = seconds.filter(|seconds| *seconds <= MOST);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "write a time from 0s to 15m, such as 90s or 5m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn propagation_is_a_time_up_to_a_quarter_of_an_hour() {
        assert_eq!(propagation("0s"), Ok(Duration::ZERO));
        assert_eq!(propagation("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(propagation("15m"), Ok(Duration::from_secs(900)));
        for wrong in ["16m", "901s", "5", "m", "-1s", "1h"] {
            assert!(propagation(wrong).is_err(), "{wrong}");
        }
    }
}
