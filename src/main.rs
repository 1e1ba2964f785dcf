//! Parses the arguments, runs the command, chooses the exit code.

use std::process::ExitCode;

use clap::Parser;
use orgwire::cli::Cli;

/// A project of thousands of components is millions of small values; see `docs/performance.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(orgwire::command::run(Cli::parse()) as u8)
}
