//! Parses the arguments, runs the command, chooses the exit code.

use std::process::ExitCode;

use clap::Parser;
use orgwire::cli::Cli;

fn main() -> ExitCode {
    ExitCode::from(orgwire::command::run(Cli::parse()) as u8)
}
