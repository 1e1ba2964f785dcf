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
            SfProblem::Missing => {
                "install it (npm install --global @salesforce/cli), or choose another login".into()
            }
            SfProblem::NotRun(_) => "run `sf --version` by itself to see what is the matter".into(),
            SfProblem::Silent { command, .. }
            | SfProblem::Unreadable { command }
            | SfProblem::Incomplete { command, .. } => {
                format!("run it by itself to see what it says: {command}")
            }
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
        let instance_url =
            told("instanceUrl").ok_or_else(|| incomplete(&display, "instance URL"))?.to_owned();
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
        Ok(Granted {
            access_token: token,
            instance_url: Some(instance_url),
            id,
            scope: None,
            refresh_token: None,
        })
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

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    /// A program that answers as a CLI would, and remembers how it was called.
    fn cli(folder: &Path, script: &str) -> Sf {
        let program = folder.join("sf");
        let log = folder.join("calls").display().to_string();
        fs::write(&program, format!("#!/bin/sh\necho \"$@\" >> '{log}'\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Sf { program: program.into(), ..Sf::new("uat") }
    }

    fn calls(folder: &Path) -> Vec<String> {
        let text = fs::read_to_string(folder.join("calls")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    const OLD: &str = r#"echo '{"status":0,"result":{"accessToken":"00DA0000000c3Nm!old","id":"00DA0000000c3NmMAI",
        "instanceUrl":"https://acme--uat.sandbox.my.salesforce.com/","connectedStatus":"Connected"}}'"#;
    const NEW: &str = r#"case "$*" in
        "org display "*) echo '{"status":0,"result":{"accessToken":"[REDACTED] Use sf org auth show-access-token",
            "instanceUrl":"https://acme--uat.sandbox.my.salesforce.com"}}' ;;
        "org auth show-access-token "*) echo '{"status":0,"result":{"accessToken":"00DA0000000c3Nm!new"}}' ;;
        *) exit 2 ;; esac"#;

    #[tokio::test]
    async fn an_older_cli_is_asked_once() {
        let folder = tempfile::tempdir().unwrap();
        let granted = cli(folder.path(), OLD).granted().await.unwrap();
        assert_eq!(granted.access_token.expose(), "00DA0000000c3Nm!old");
        assert_eq!(granted.ids(), (Some("00DA0000000c3NmMAI".to_owned()), None));
        let url = granted.instance_url.as_deref();
        assert_eq!(url, Some("https://acme--uat.sandbox.my.salesforce.com/"));
        assert_eq!(calls(folder.path()), ["org display --target-org uat --json"]);
    }

    #[tokio::test]
    async fn a_newer_cli_hides_the_token_and_is_asked_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let granted = cli(folder.path(), NEW).granted().await.unwrap();
        assert_eq!(granted.access_token.expose(), "00DA0000000c3Nm!new");
        assert_eq!(
            calls(folder.path()),
            ["org display --target-org uat --json", "org auth show-access-token --target-org uat --json"]
        );
    }

    #[tokio::test]
    async fn what_goes_wrong_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let mut all = Vec::new();
        for script in [
            r#"printf %s '{"name":"NamedOrgNotFoundError","message":"No authorization information found for uat.\nTry this","status":1}'; exit 1"#,
            "echo canary; exit 0",
            r#"echo '{"status":0,"result":{"accessToken":"canary"}}'"#,
            r#"echo '{"status":0,"result":{"instanceUrl":"https://a.my.salesforce.com","accessToken":"[REDACTED]"}}'"#,
            "exit 127",
        ] {
            let problem = cli(folder.path(), script).granted().await.err().unwrap();
            all.push(format!("{problem} | {}", problem.help()));
        }
        let missing = Sf { program: folder.path().join("nothing").into(), ..Sf::new("uat") };
        let problem = missing.granted().await.err().unwrap();
        all.push(format!("{problem} | {}", problem.help()));
        let all = all.join("\n");
        assert!(!all.contains("canary"));
        insta::assert_snapshot!(all, @r#"
        NamedOrgNotFoundError: No authorization information found for uat. | `sf org list` shows the orgs that the CLI knows; log in again with: sf org login web --alias uat
        `sf org display --target-org uat --json` printed something else than JSON | run it by itself to see what it says: sf org display --target-org uat --json
        `sf org display --target-org uat --json` told no instance URL | run it by itself to see what it says: sf org display --target-org uat --json
        `sf org auth show-access-token --target-org uat --json` told no access token | run it by itself to see what it says: sf org auth show-access-token --target-org uat --json
        `sf org display --target-org uat --json` printed something else than JSON | run it by itself to see what it says: sf org display --target-org uat --json
        the Salesforce CLI `sf` is not in PATH | install it (npm install --global @salesforce/cli), or choose another login
        "#);
    }

    #[tokio::test]
    async fn a_cli_that_hangs_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let sf = cli(folder.path(), "exec sleep 600").within(Duration::from_millis(50));
        let command = "sf org display --target-org uat --json".to_owned();
        assert_eq!(sf.granted().await.err().unwrap(), SfProblem::Silent { command, seconds: 0 });
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_cli_that_nobody_waits_for_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let sf = cli(folder.path(), &format!("echo $$ > '{}'; exec sleep 600", pid.display()));
        let started = async {
            loop {
                match fs::read_to_string(&pid) {
                    Ok(pid) if pid.ends_with('\n') => break pid.trim().to_owned(),
                    _ => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        let pid = tokio::select! {
            granted = sf.granted() => panic!("ended by itself: {:?}", granted.err()),
            pid = started => pid,
        };
        while is_running(&pid) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A zombie has ended.
    #[cfg(target_os = "linux")]
    fn is_running(pid: &str) -> bool {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, state)| !state.trim_start().starts_with('Z'))
    }
}
