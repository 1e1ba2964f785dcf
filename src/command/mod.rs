//! One file per subcommand: open the doors, call the stages, report. How a command fails is in `failure`.

mod asked;
mod by_hand;
mod cancel;
mod compare;
mod components;
mod copies;
mod credentials;
mod deploy;
mod destroy;
mod diff;
mod doctor;
mod explain;
pub mod failure;
mod file;
mod fmt;
mod import;
mod init;
mod lint;
mod load;
mod local;
mod login;
mod logout;
mod notes;
mod plan;
mod promote;
mod render;
mod review;
mod rollback;
mod saved;
mod schema;
mod secrets;
mod simulate;
mod target;
mod trial;
mod verify;
mod version;

use std::io::IsTerminal;

use crate::cli::{self, Cli, Command};
use crate::org::Interrupt;
use crate::report::{Format, Terminal};

pub use failure::{Attempt, Exit, Failure, Trouble};

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
        Command::Plan(cli::Plan { format, .. }) | Command::Diff(cli::Diff { format, .. }) => match format {
            cli::PageFormat::Human => Format::Human,
            cli::PageFormat::Json => Format::Json,
            cli::PageFormat::Markdown => Format::Markdown,
            cli::PageFormat::Html => Format::Html,
        },
        Command::Destroy(cli::Destroy { format, .. })
        | Command::Promote(cli::Promote { format, .. })
        | Command::Rollback(cli::Rollback { format, .. })
        | Command::Deploy(cli::Deploy { format, .. })
        | Command::Compare(cli::Compare { format, .. }) => match format {
            cli::Format::Human => Format::Human,
            cli::Format::Json => Format::Json,
            cli::Format::Markdown => Format::Markdown,
        },
        Command::Verify(cli::Verify { format, .. }) | Command::Doctor(cli::Doctor { format, .. }) => {
            match format {
                cli::VerifyFormat::Human => Format::Human,
                cli::VerifyFormat::Json => Format::Json,
                cli::VerifyFormat::Junit => Format::Junit,
            }
        }
        _ => Format::Human,
    };
    let terminal = terminal(shared, format);
    log(shared.verbose, terminal.colour_err);
    let outcome = match cli.command {
        Command::Init(arguments) => init::run(&arguments, &terminal),
        Command::Lint(arguments) => lint::run(&arguments, &terminal),
        Command::Fmt(arguments) => fmt::run(&arguments, &terminal),
        Command::Render(arguments) => render::run(&arguments, &terminal),
        Command::Plan(arguments) => plan::run(&arguments, &terminal),
        Command::Deploy(arguments) => deploy::run(&arguments.with_paths_in_place(), &terminal),
        Command::Cancel(arguments) => cancel::run(&arguments, &terminal),
        Command::Destroy(arguments) => destroy::run(&arguments, &terminal),
        Command::Promote(arguments) => promote::run(&arguments, &terminal),
        Command::Verify(arguments) => verify::run(&arguments, &terminal),
        Command::Doctor(arguments) => doctor::run(&arguments, &terminal),
        Command::Rollback(arguments) => rollback::run(&arguments, &terminal),
        Command::Compare(arguments) => compare::run(&arguments, &terminal),
        Command::Diff(arguments) => diff::run(&arguments, &terminal),
        Command::Import(arguments) => import::run(&arguments, &terminal),
        Command::Login(arguments) => login::run(&arguments, &terminal),
        Command::Logout(arguments) => logout::run(&arguments, &terminal),
        Command::Simulate(arguments) => simulate::run(&arguments, &terminal),
        Command::Schema(arguments) => schema::run(&arguments, &terminal),
        Command::Explain(arguments) => explain::run(&arguments, &terminal),
    };
    match outcome {
        Ok(exit) => exit,
        Err(failure) => failure::say(failure, &terminal),
    }
}

/// One thread is enough: there is one conversation with one org.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Trouble::Runtime, Attempt::new("cannot start the network runtime", error))
    })
}

/// Runs what talks to an org, and gives up on it when interrupted.
fn online<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let interrupt = Interrupt::on_signals();
        tokio::select! {
            biased;
            outcome = work => outcome,
            () = interrupt.reached(1) => Err(interrupted("talking to the org")),
        }
    });
    // A program that a secret comes from may still be waiting; whoever interrupted it does not.
    runtime.shutdown_background();
    outcome
}

#[derive(Debug, thiserror::Error)]
#[error("interrupted while {0}")]
struct Interrupted(&'static str);

/// By Ctrl-C, before anything was sent that changes an org.
fn interrupted(doing: &'static str) -> Failure {
    Failure::new(Trouble::Interrupted, Interrupted(doing)).help("nothing was changed").exit(Exit::Cancelled)
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
        verbose: shared.verbose > 0,
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
