//! One file per subcommand: open the doors, call the stages, report. Here: exit codes, and how a command
//! that fails says so.

mod deploy;
mod explain;
mod init;
mod lint;
mod load;
mod local;
mod plan;
mod render;
mod schema;
mod secrets;
mod simulate;
mod target;

use std::error::Error;
use std::io::IsTerminal;

use serde_json::{Map, Value, json};

use crate::cli::{self, Cli, Command};
use crate::diagnostic::{Diagnostics, Sources};
use crate::org::{self, ErrorKind};
use crate::report::{self, Format, Terminal};
use crate::{project, render as rendering, wire};

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
    /// A lint at deny level.
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
    World { code: &'static str, error: Box<dyn Error + Send + Sync>, help: Option<String> },
}

impl Failure {
    /// An error of the world; `code` is its stable name.
    pub fn new(code: &'static str, error: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure::because(What::World { code, error: error.into(), help: None })
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
        Failure::new("unreadable-file", error).help("check the path and its permissions")
    }
}

impl From<rendering::TemplateError> for Failure {
    fn from(error: rendering::TemplateError) -> Failure {
        Failure::new("invalid-template", error).help(
            "correct the template, or remove it from [templates] in orgwire.toml to use the built-in one",
        )
    }
}

impl From<crate::package::Error> for Failure {
    fn from(error: crate::package::Error) -> Failure {
        Failure::new("package", error)
    }
}

impl From<wire::Error> for Failure {
    fn from(error: wire::Error) -> Failure {
        match error {
            wire::Error::Org(error) => error.into(),
            other => Failure::new("unreadable-answer", other).exit(Exit::Error),
        }
    }
}

impl From<org::Error> for Failure {
    fn from(error: org::Error) -> Failure {
        let (code, exit) = match error.kind() {
            ErrorKind::Settings => ("invalid-org", Exit::Error),
            ErrorKind::Login => ("login-expired", Exit::Login),
            ErrorKind::Rejected => ("refused-by-org", Exit::Rejected),
            ErrorKind::Network => ("no-answer", Exit::Error),
            ErrorKind::Protocol => ("unexpected-answer", Exit::Error),
            ErrorKind::Interrupted => ("interrupted", Exit::Cancelled),
        };
        let exit = if error.deployment().is_some() { Exit::Running } else { exit };
        let help = error.help();
        let failure = Failure::new(code, error).exit(exit);
        if help.is_empty() { failure } else { failure.help(help) }
    }
}

/// A write to standard output that did not work, other than a closed pipe.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::new("output", Attempt::new("cannot write to standard output", error))
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

/// Runs a command and tells how it ended.
pub fn run(cli: Cli) -> Exit {
    let shared = &cli.shared;
    let format = match &cli.command {
        _ if shared.json => Format::Json,
        Command::Lint(lint) => match lint.format {
            cli::LintFormat::Human => Format::Human,
            cli::LintFormat::Json => Format::Json,
            cli::LintFormat::Markdown => Format::Markdown,
            cli::LintFormat::Sarif => Format::Sarif,
        },
        Command::Plan(cli::Plan { format, .. }) | Command::Deploy(cli::Deploy { format, .. }) => match format
        {
            cli::Format::Human => Format::Human,
            cli::Format::Json => Format::Json,
            cli::Format::Markdown => Format::Markdown,
        },
        _ => Format::Human,
    };
    let terminal = terminal(shared, format);
    log(shared.verbose, terminal.colour_err);
    let outcome = match cli.command {
        Command::Init(arguments) => init::run(&arguments, &terminal),
        Command::Lint(arguments) => lint::run(&arguments, &terminal),
        Command::Render(arguments) => render::run(&arguments, &terminal),
        Command::Plan(arguments) => plan::run(&arguments, &terminal),
        Command::Deploy(arguments) => deploy::run(&arguments, &terminal),
        Command::Simulate(arguments) => simulate::run(&arguments, &terminal),
        Command::Schema(arguments) => schema::run(&arguments, &terminal),
        Command::Explain(arguments) => explain::run(&arguments, &terminal),
    };
    match outcome {
        Ok(exit) => exit,
        Err(failure) => say(failure, &terminal),
    }
}

/// One thread is enough: there is one conversation with one org.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("runtime", Attempt::new("cannot start the network runtime", error)))
}

fn say(failure: Failure, terminal: &Terminal) -> Exit {
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
        What::World { code, error, help } => {
            let (error, help) = (error.as_ref(), help.as_deref());
            let text = report::problem::error(code, error, help, terminal.colour_err, terminal.width);
            terminal.problem(&text);
            let told = report::json::error(code, &error.to_string(), &causes(error), help, exit as u8);
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

fn terminal(shared: &cli::Shared, format: Format) -> Terminal {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let colour = |is_terminal: bool| match shared.color {
        cli::When::Always => true,
        cli::When::Never => false,
        cli::When::Auto => is_terminal && !plain,
    };
    let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
    Terminal {
        format,
        quiet: shared.quiet,
        colour_out: colour(out),
        colour_err: colour(err),
        interactive: std::io::stdin().is_terminal() && err && !shared.no_input,
        width: columns(),
    }
}

/// Messages are wrapped at the terminal's width, and at a steady one where there is none.
fn columns() -> usize {
    match terminal_size::terminal_size_of(std::io::stderr()) {
        Some((terminal_size::Width(columns), _)) => usize::from(columns).clamp(60, 140),
        None => 110,
    }
}

/// Only what orgwire itself says: what its libraries log could hold anything.
fn log(verbose: u8, colour: bool) {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;

    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let layer =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colour).without_time();
    let ours = Targets::new().with_target("orgwire", level);
    // Fails only if it was set up before, which nothing does.
    let _ = tracing_subscriber::registry().with(layer).with(ours).try_init();
}
