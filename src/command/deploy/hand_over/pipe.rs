//! `--secret-to-command`: a value on the standard input of a program, such as `gh secret set NAME`. Run without a shell,
//! and what it prints is not shown, because it may repeat what it was given.

use std::io::Write;
use std::process::{Command, Stdio};

use super::Value;
use crate::command::{Attempt, Failure, Trouble};

/// What is given where nobody says.
const USUAL: &str = "consumer-secret";

/// One command.
#[derive(Debug, Clone)]
pub struct Pipe {
    /// `consumer-secret`, or that of one component: `connected-app.Orders.consumer-secret`.
    what: String,
    words: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("`{0}` is no command")]
    NoCommand(String),
    #[error("no `{0}` is generated in this deployment")]
    NoSuch(String),
    #[error("`{0}` is generated for several components")]
    Several(String),
    #[error("it ended with {0}")]
    Ended(std::process::ExitStatus),
}

impl Pipe {
    /// `gh secret set NAME`, or `consumer-key=gh secret set NAME`.
    pub fn parse(text: &str) -> Result<Pipe, Failure> {
        let (what, command) = match text.split_once('=') {
            Some((what, command)) if is_value(what) => (what, command),
            _ => (USUAL, text),
        };
        let words = shlex::split(command).filter(|words| !words.is_empty()).ok_or_else(|| {
            Failure::new(Trouble::Usage, Problem::NoCommand(command.to_owned()))
                .help("write it as in a shell, quotes closed: --secret-to-command 'gh secret set NAME'")
        })?;
        Ok(Pipe { what: what.to_owned(), words })
    }

    pub fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The one value that it is about.
    pub(super) fn choose<'v, 's>(&self, values: &'v [Value<'s>]) -> Result<&'v Value<'s>, Failure> {
        let address = |value: &Value<'_>| format!("{}.{}", value.component, value.key);
        let mut fitting = values.iter().filter(|value| value.key == self.what || address(value) == self.what);
        let known = || values.iter().map(address).collect::<Vec<_>>().join(", ");
        let Some(found) = fitting.next() else {
            let failure = Failure::new(Trouble::Usage, Problem::NoSuch(self.what.clone()));
            return Err(failure.help(format!("generated: {}; nothing was sent", known())));
        };
        if fitting.next().is_some() {
            let failure = Failure::new(Trouble::Usage, Problem::Several(self.what.clone()));
            return Err(failure.help(format!(
                "say which, for example --secret-to-command '{}={}'; generated: {}; nothing was sent",
                address(found),
                self.words.join(" "),
                known()
            )));
        }
        Ok(found)
    }

    /// Runs it to its end. The text has no line break after it.
    pub(super) fn give(&self, value: &Value<'_>) -> Result<(), Failure> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            let what = format!("cannot give {} of {} to `{}`", value.key, value.component, self.program());
            Failure::new(Trouble::HandOver, Attempt::new(what, error)).help(
                "try the command by itself, with something harmless on its standard input; nothing was sent",
            )
        };
        let mut command = Command::new(self.program());
        command.args(self.words.iter().skip(1));
        command.env("ORGWIRE_COMPONENT", &value.component).env("ORGWIRE_FIELD", &value.key);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let mut child = command.spawn().map_err(|error| failed(error.into()))?;
        let written = match child.stdin.take() {
            Some(mut stdin) => stdin.write_all(value.secret.expose().as_bytes()),
            None => Ok(()),
        };
        let status = child.wait().map_err(|error| failed(error.into()))?;
        if !status.success() {
            return Err(failed(Problem::Ended(status).into()));
        }
        // One that ends well without having read everything has not taken it.
        written.map_err(|error| failed(error.into()))
    }
}

fn is_value(what: &str) -> bool {
    let key = what.rsplit('.').next().unwrap_or(what);
    matches!(key, "consumer-key" | "consumer-secret")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn chosen(text: &str, components: &[&str]) -> Result<String, String> {
        let secret = Secret::new("s".to_owned());
        let both = ["consumer-key", "consumer-secret"];
        let values: Vec<Value<'_>> = components
            .iter()
            .flat_map(|component| both.map(|key| (component, key)))
            .map(|(component, key)| Value {
                component: (*component).to_owned(),
                key: key.to_owned(),
                secret: &secret,
            })
            .collect();
        let pipe = Pipe::parse(text).map_err(|failure| failure.message())?;
        let value = pipe.choose(&values).map_err(|failure| failure.message())?;
        Ok(format!("{} of {} to {:?}", value.key, value.component, pipe.words))
    }

    #[test]
    fn a_command_gets_the_secret_unless_it_says_what_else() {
        let one = ["connected-app.A"];
        assert_eq!(
            chosen("gh secret set 'A B'", &one).unwrap(),
            "consumer-secret of connected-app.A to [\"gh\", \"secret\", \"set\", \"A B\"]"
        );
        assert_eq!(
            chosen("consumer-key=tee x=y", &one).unwrap(),
            "consumer-key of connected-app.A to [\"tee\", \"x=y\"]"
        );
        assert_eq!(
            chosen("env X=1 program", &one).unwrap(),
            "consumer-secret of connected-app.A to [\"env\", \"X=1\", \"program\"]"
        );
        let two = ["connected-app.A", "connected-app.B"];
        assert_eq!(chosen("cat", &two).unwrap_err(), "`consumer-secret` is generated for several components");
        assert_eq!(
            chosen("connected-app.B.consumer-secret=cat", &two).unwrap(),
            "consumer-secret of connected-app.B to [\"cat\"]"
        );
        assert_eq!(
            chosen("connected-app.C.consumer-secret=cat", &two).unwrap_err(),
            "no `connected-app.C.consumer-secret` is generated in this deployment"
        );
        for bad in ["", "'open", "consumer-key="] {
            assert!(chosen(bad, &one).unwrap_err().ends_with("is no command"), "{bad}");
        }
    }
}
