//! `schema`: the JSON Schema of manifests or of orgwire.toml, for editors.

use crate::cli;
use crate::command::{Exit, Failure};
use crate::report::{self, Terminal};
use crate::schema;

pub fn run(arguments: &cli::Schema, terminal: &Terminal) -> Result<Exit, Failure> {
    let schema = match arguments.of {
        cli::SchemaOf::Manifest => schema::manifest(),
        cli::SchemaOf::Configuration => schema::configuration(),
    };
    terminal.result(&report::json::text(&schema))?;
    Ok(Exit::Done)
}
