//! How a command that fails says so: exit codes, the stable names of what can go wrong with the world, and
//! the failure itself.

use std::error::Error;

use serde_json::{Map, Value, json};

use crate::diagnostic::{Diagnostics, Sources, codes};
use crate::ledger::record;
use crate::org::{self, ErrorKind};
use crate::report::{self, Format, Terminal};
use crate::{files, history, journal, project, render as rendering, wire};

codes! {
/// What can go wrong with the world, as opposed to what somebody wrote. Each has a story in
/// `docs/diagnostics/`, told by `explain`.
Trouble {
    // files
    UnreadableFile = "unreadable-file",
    UnwritableFile = "unwritable-file",
    FileExists = "file-exists",
    StaleFiles = "stale-files",
    UnformattedFiles = "unformatted-files",
    Layout = "layout",
    Output = "output",
    BrokenTemplate = "broken-template",
    Package = "package",
    // what was typed
    Usage = "usage",
    UnknownTopic = "unknown-topic",
    ConfirmationNeeded = "confirmation-needed",
    Declined = "declined",
    // reaching an org
    UnreachableOrg = "unreachable-org",
    InvalidOrg = "invalid-org",
    LocalOrg = "local-org",
    LoginExpired = "login-expired",
    LoginFailed = "login-failed",
    NoAnswer = "no-answer",
    UnexpectedAnswer = "unexpected-answer",
    UnreadableAnswer = "unreadable-answer",
    RefusedByOrg = "refused-by-org",
    Runtime = "runtime",
    // a deployment that ended early
    Interrupted = "interrupted",
    Cancelled = "cancelled",
    StillRunning = "still-running",
    TooLate = "too-late",
    NotArrived = "not-arrived",
    NothingInFlight = "nothing-in-flight",
    StaleValidation = "stale-validation",
    StalePlan = "stale-plan",
    AlteredPlan = "altered-plan",
    PlanFormat = "plan-format",
    PlanOfAnotherOrg = "plan-of-another-org",
    NotProven = "not-proven",
    KeyReused = "key-reused",
    NothingToRollBack = "nothing-to-roll-back",
    History = "history",
    Ledger = "ledger",
    Journal = "journal",
    HandOver = "hand-over",
    NotTold = "not-told",
    NotKept = "not-kept",
}
}

/// How a command ended. Published, tested, stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to change.
    Done = 0,
    Error = 1,
    /// There are changes, and `--exit-code` asked.
    Changes = 2,
    Login = 3,
    /// The org rejected it.
    Rejected = 4,
    /// A lint at deny level, or an expired waiver.
    Policy = 5,
    /// A manual step is outstanding.
    ManualStep = 6,
    /// The plan is stale.
    Stale = 7,
    Cancelled = 8,
    /// Still running in the org; can be resumed.
    Running = 9,
}

/// A command that did not do what it was asked to do.
#[derive(Debug)]
pub struct Failure(Box<Story>);

#[derive(Debug)]
struct Story {
    exit: Exit,
    what: What,
    /// What was done until then, for JSON.
    done: Map<String, Value>,
}

#[derive(Debug)]
enum What {
    /// Everything has been said.
    Said,
    /// Something is wrong with what the user wrote, or the org says so.
    Diagnostics { sources: Sources, diagnostics: Diagnostics },
    /// Something is wrong with the world.
    World {
        code: Trouble,
        error: Box<dyn Error + Send + Sync>,
        help: Option<String>,
        /// What the org's words are to us.
        org_code: Option<&'static str>,
    },
}

impl Failure {
    /// An error of the world; by its stable name.
    pub fn new(code: Trouble, error: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure::because(What::World { code, error: error.into(), help: None, org_code: None })
    }

    #[cfg(test)]
    pub fn message(&self) -> String {
        match &self.0.what {
            What::World { error, .. } => error.to_string(),
            _ => String::new(),
        }
    }

    pub fn diagnostics(sources: Sources, diagnostics: Diagnostics) -> Failure {
        Failure::because(What::Diagnostics { sources, diagnostics })
    }

    /// Everything has been said; only the exit code is left.
    pub fn said(exit: Exit) -> Failure {
        Failure::because(What::Said).exit(exit)
    }

    fn because(what: What) -> Failure {
        Failure(Box::new(Story { exit: Exit::Error, what, done: Map::new() }))
    }

    /// Something to do; added to what is there.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Failure {
        if let What::World { help, .. } = &mut self.0.what {
            let text = text.into();
            *help = Some(match help.take() {
                Some(before) => format!("{before}; {text}"),
                None => text,
            });
        }
        self
    }

    #[must_use]
    fn org_code(mut self, found: Option<&'static str>) -> Failure {
        if let What::World { org_code, .. } = &mut self.0.what {
            *org_code = found;
        }
        self
    }

    #[must_use]
    pub fn exit(mut self, exit: Exit) -> Failure {
        self.0.exit = exit;
        self
    }

    /// Adds what was done before the failure, for JSON.
    #[must_use]
    pub fn after(mut self, done: Map<String, Value>) -> Failure {
        self.0.done.extend(done);
        self
    }
}

impl From<project::Error> for Failure {
    fn from(error: project::Error) -> Failure {
        let help = error.help();
        Failure::new(Trouble::UnreadableFile, error).help(help)
    }
}

impl From<files::Error> for Failure {
    fn from(error: files::Error) -> Failure {
        let help = error.help();
        Failure::new(Trouble::UnreadableFile, error).help(help)
    }
}

impl From<record::Error> for Failure {
    fn from(error: record::Error) -> Failure {
        Failure::new(Trouble::Ledger, error)
            .help("correct the folder's permissions, or move the file away: then every step is open again")
    }
}

impl From<history::Error> for Failure {
    fn from(error: history::Error) -> Failure {
        Failure::new(Trouble::History, error).help(
            "a deployment could not be rolled back without it; correct the folder's permissions, or move the file away",
        )
    }
}

impl From<rendering::TemplateError> for Failure {
    fn from(error: rendering::TemplateError) -> Failure {
        Failure::new(Trouble::BrokenTemplate, error).help(
            "correct the template, or remove it from [templates] in orgwire.toml to use the built-in one",
        )
    }
}

impl From<crate::package::Error> for Failure {
    fn from(error: crate::package::Error) -> Failure {
        Failure::new(Trouble::Package, error)
    }
}

impl From<report::html::Error> for Failure {
    fn from(error: report::html::Error) -> Failure {
        Failure::new(Trouble::Output, error)
    }
}

impl From<journal::Error> for Failure {
    fn from(error: journal::Error) -> Failure {
        let help = error.help();
        Failure::new(Trouble::Journal, error).help(help)
    }
}

impl From<wire::Error> for Failure {
    fn from(error: wire::Error) -> Failure {
        match error {
            wire::Error::Org(error) => error.into(),
            other => Failure::new(Trouble::UnreadableAnswer, other).exit(Exit::Error),
        }
    }
}

impl From<org::Error> for Failure {
    fn from(error: org::Error) -> Failure {
        let (code, exit) = match error.kind() {
            ErrorKind::Settings => (Trouble::InvalidOrg, Exit::Error),
            ErrorKind::Login => (Trouble::LoginExpired, Exit::Login),
            ErrorKind::NoSession => (Trouble::LoginFailed, Exit::Login),
            ErrorKind::Rejected => (Trouble::RefusedByOrg, Exit::Rejected),
            ErrorKind::Network => (Trouble::NoAnswer, Exit::Error),
            ErrorKind::Protocol => (Trouble::UnexpectedAnswer, Exit::Error),
            ErrorKind::Interrupted => (Trouble::Interrupted, Exit::Cancelled),
        };
        let exit = if error.deployment().is_some() { Exit::Running } else { exit };
        let help = error.help();
        let org_code = error.entry().map(|entry| entry.code.as_str());
        let failure = Failure::new(code, error).exit(exit).org_code(org_code);
        if help.is_empty() { failure } else { failure.help(help) }
    }
}

/// A write to standard output that did not work, other than a closed pipe.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::new(Trouble::Output, Attempt::new("cannot write to standard output", error))
    }
}

/// What was attempted, with its cause.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Attempt {
    what: String,
    source: Box<dyn Error + Send + Sync>,
}

impl Attempt {
    pub fn new(what: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Attempt {
        Attempt { what: what.into(), source: source.into() }
    }
}

/// Reports a failure, for people and for programs, and gives the exit code it ends with.
pub fn say(failure: Failure, terminal: &Terminal) -> Exit {
    let Story { exit, what, done } = *failure.0;
    let mut body = Map::from_iter([("format_version".to_owned(), json!(report::json::FORMAT_VERSION))]);
    body.extend(done);
    match what {
        What::Said => return exit,
        What::Diagnostics { sources, diagnostics } => {
            terminal.diagnostics(&sources, &diagnostics);
            body.insert("exit_code".to_owned(), json!(exit as u8));
            body.insert("diagnostics".to_owned(), report::json::diagnostics(&sources, &diagnostics));
        }
        What::World { code, error, help, org_code } => {
            let (error, help) = (error.as_ref(), help.as_deref());
            let text =
                report::problem::error(code.as_str(), error, help, terminal.colour_err, terminal.width);
            terminal.problem(&text);
            let mut told =
                report::json::error(code.as_str(), &error.to_string(), &causes(error), help, exit as u8);
            if let Some(code) = org_code {
                told["org_code"] = json!(code);
            }
            body.insert("error".to_owned(), told);
        }
    }
    if terminal.format == Format::Json {
        // Standard output may be what is broken; it has been said on standard error already.
        let _ = terminal.result(&report::json::text(&Value::Object(body)));
    }
    exit
}

fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}
