//! Parses the arguments, runs the command, chooses the exit code.

use std::process::ExitCode;

use clap::Parser;
use orgwire::cli::Cli;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => ExitCode::from(orgwire::command::run(cli) as u8),
        Err(said) => {
            // A terminal that is gone cannot be told.
            let _ = said.print();
            // Help and version are no errors; and the usual 2 would mean that there are changes.
            ExitCode::from(u8::from(said.use_stderr()))
        }
    }
}
