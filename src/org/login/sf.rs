//! A session that the Salesforce CLI has: asked for by an alias, as its own commands would. The token comes over a
//! pipe; nothing of it is in an argument list, and the CLI keeps what it keeps.

use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::AccessToken;
use super::endpoint::Granted;

/// Starting Node takes seconds, and the CLI may refresh the session first.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// What newer CLIs print in place of a token.
const HIDDEN: &str = "[REDACTED]";
const PROGRAM: &str = if cfg!(windows) { "sf.cmd" } else { "sf" };

#[derive(Debug, Clone)]
pub struct Sf {
    alias: String,
    program: OsString,
    within: Duration,
}

/// Why the CLI gave no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SfProblem {
    #[error("the Salesforce CLI `sf` is not in PATH")]
    Missing,
    #[error("the Salesforce CLI cannot be run ({0})")]
    NotRun(String),
    #[error("`{command}` did not answer within {seconds} seconds, and was ended")]
    Silent { command: String, seconds: u64 },
    #[error("{name}: {message}")]
    Refused { alias: String, name: String, message: String },
    #[error("`{command}` printed something else than JSON")]
    Unreadable { command: String },
    #[error("`{command}` told no {what}")]
    Incomplete { command: String, what: &'static str },
}

impl SfProblem {
    /// Something to do.
    pub fn help(&self) -> String {
        match self {
            SfProblem::Missing => "install it (npm install --global @salesforce/cli), or choose another login".into(),
            SfProblem::NotRun(_) => "run `sf --version` by itself to see what is the matter".into(),
            SfProblem::Silent { command, .. }
            | SfProblem::Unreadable { command }
            | SfProblem::Incomplete { command, .. } => format!("run it by itself to see what it says: {command}"),
            SfProblem::Refused { alias, .. } => format!(
                "`sf org list` shows the orgs that the CLI knows; log in again with: sf org login web --alias {alias}"
            ),
        }
    }
}

impl Sf {
    pub fn new(alias: impl Into<String>) -> Sf {
        Sf { alias: alias.into(), program: PROGRAM.into(), within: ANSWER_WITHIN }
    }

    /// With another time limit for each call.
    pub fn within(mut self, time: Duration) -> Sf {
        self.within = time;
        self
    }

    /// One call on older CLIs, two on those that hide tokens in `org display`. Both refresh a session that has
    /// ended.
    pub(super) async fn granted(&self) -> Result<Granted, SfProblem> {
        let display = ["org", "display"];
        let shown = self.run(&display).await?;
        let told = |name: &str| shown.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let incomplete = |words: &[&str], what| SfProblem::Incomplete { command: self.command(words), what };
        let instance_url = told("instanceUrl").ok_or_else(|| incomplete(&display, "instance URL"))?.to_owned();
        let id = told("id").map(|org| format!("{org}/"));
        let token = match told("accessToken").filter(|token| !token.starts_with(HIDDEN)) {
            Some(token) => AccessToken::new(token),
            None => {
                let show = ["org", "auth", "show-access-token"];
                let shown = self.run(&show).await?;
                let token = shown.get("accessToken").and_then(Value::as_str);
                let token = token.filter(|token| !token.is_empty() && !token.starts_with(HIDDEN));
                AccessToken::new(token.ok_or_else(|| incomplete(&show, "access token"))?)
            }
        };
        Ok(Granted { access_token: token, instance_url: Some(instance_url), id, refresh_token: None })
    }

    /// As a person would type it.
    fn command(&self, words: &[&str]) -> String {
        format!("sf {} --target-org {} --json", words.join(" "), self.alias)
    }

    /// The `result` of one call.
    async fn run(&self, words: &[&str]) -> Result<Value, SfProblem> {
        let mut command = Command::new(&self.program);
        command
            .args(words)
            .args(["--target-org", &self.alias, "--json"])
            // Both write to the terminal, and take their time.
            .env("SF_SKIP_NEW_VERSION_CHECK", "true")
            .env("SF_DISABLE_AUTOUPDATE", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Whoever stops waiting, for the time or for Ctrl-C, ends it.
            .kill_on_drop(true);
        let child = command.spawn().map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => SfProblem::Missing,
            _ => SfProblem::NotRun(cause.to_string()),
        })?;
        let output = match tokio::time::timeout(self.within, child.wait_with_output()).await {
            Ok(output) => output.map_err(|cause| SfProblem::NotRun(cause.to_string()))?,
            Err(_) => {
                let seconds = self.within.as_secs();
                return Err(SfProblem::Silent { command: self.command(words), seconds });
            }
        };
        let stdout = Zeroizing::new(output.stdout);
        let unreadable = || SfProblem::Unreadable { command: self.command(words) };
        let mut answer: Value = serde_json::from_slice(&stdout).map_err(|_| unreadable())?;
        match answer.get_mut("result") {
            Some(result) if output.status.success() && result.is_object() => Ok(result.take()),
            _ => {
                let part = |name: &str| answer.get(name).and_then(Value::as_str).map(first_line);
                let message = part("message").ok_or_else(unreadable)?;
                let name = part("name").unwrap_or_else(|| "sf".to_owned());
                Err(SfProblem::Refused { alias: self.alias.clone(), name, message })
            }
        }
    }
}

/// Messages of the CLI go on with advice of its own.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}
