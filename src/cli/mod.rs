//! Every subcommand and flag, as typed. No logic: what was meant by it is for `command`.

mod asking;
mod changing;
mod offline;
mod serving;
mod typed;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub use asking::{Compare, Diff, Doctor, Import, Plan, Verify, VerifyFormat};
pub use changing::{Api, Cancel, Deploy, Destroy, HandOver, Login, Logout, Promote, Rollback, TestLevel};
pub use offline::{Explain, Fmt, Init, Layout, Lint, Render, Schema, SchemaOf, Start};
pub use serving::{OrgToCopy, OrgToServe, Simulate};
use typed::name_and_value;

/// Salesforce integration trust as code.
///
/// A manifest says which connected app, auth provider and named credential should exist. orgwire renders
/// them as metadata, deploys them, reads back what only the org can know and wires it in a second pass.
#[derive(Debug, Parser)]
#[command(name = "orgwire", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub shared: Shared,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub struct Shared {
    /// Write results as JSON to standard output.
    #[arg(long, global = true, help_heading = "Shared")]
    pub json: bool,
    /// Say less on standard error.
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Shared")]
    pub quiet: bool,
    /// Say more on standard error; twice for every request.
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Shared")]
    pub verbose: u8,
    /// When to colour.
    #[arg(long, global = true, value_enum, default_value = "auto", help_heading = "Shared")]
    pub color: When,
    /// Never ask; what would need an answer fails.
    #[arg(long, global = true, help_heading = "Shared")]
    pub no_input: bool,
}

/// How results are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Human,
    Json,
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PageFormat {
    Human,
    Json,
    Markdown,
    /// One file for browsers, with a picture of the wiring.
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    Human,
    Json,
    Markdown,
    /// For code scanning.
    Sarif,
}

/// What a system for continuous integration takes beside the result.
#[derive(Debug, Default, Args)]
pub struct Notes {
    /// Append the result as Markdown to the file that the variable GITHUB_STEP_SUMMARY names.
    #[arg(long)]
    pub step_summary: bool,
    /// Tell findings as this system shows them beside lines.
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub annotations: Option<Annotations>,
    /// Write annotations to this file; GitLab takes them from one.
    #[arg(long, value_name = "FILE", requires = "annotations", required_if_eq("annotations", "gitlab"))]
    pub annotations_out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Annotations {
    Github,
    Gitlab,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first manifest and orgwire.toml.
    Init(Init),
    /// Check everything that can be known without an org.
    Lint(Lint),
    /// Lay manifests and orgwire.toml out the one way there is; comments stay, the meaning too.
    ///
    /// api-version comes first, then variables, components by type, and environments; in a table the leading
    /// fields, the others by key, then tables below headers of their own. Comments move with what they are about.
    /// A file that is laid out already is not touched. If one file is not valid TOML, none is written.
    Fmt(Fmt),
    /// Write the XML that would be deployed.
    Render(Render),
    /// Show what would change in the org, in which pass, and what waits for what.
    Plan(Plan),
    /// Plan, confirm, deploy and wire.
    Deploy(Deploy),
    /// Ask the org over the wire whether the trust works; changes nothing.
    ///
    /// Exit codes: 0 if every check passed, 1 if one failed, 6 if only steps are open that a person has to look at.
    Verify(Verify),
    /// Find out whether an org and a login are fit for the manifests, or which one cause a symptom has; changes nothing.
    ///
    /// Exit codes: 0 if nothing blocks, 1 if something does, or if a symptom has its cause.
    Doctor(Doctor),
    /// Stop a deployment that is running in an org.
    Cancel(Cancel),
    /// Remove components from an org, after showing what goes and what is lost with it.
    Destroy(Destroy),
    /// Carry to one environment what another has proven, and write down what was carried.
    Promote(Promote),
    /// Bring back what a deployment from here has changed.
    Rollback(Rollback),
    /// Show what differs between two sets of components.
    Diff(Diff),
    /// Show what differs between two environments, what was meant apart from what was not.
    Compare(Compare),
    /// Turn metadata that exists into a manifest.
    Import(Import),
    /// Log in to an org, with the browser where orgwire.toml says so.
    Login(Login),
    /// Revoke and forget what `login` has kept.
    Logout(Logout),
    /// Serve the org inside this program on loopback, until interrupted.
    Simulate(Simulate),
    /// Write the JSON Schema of manifests, for editors.
    Schema(Schema),
    /// Tell the long story of a diagnostic, a metadata type or a field.
    Explain(Explain),
}

/// How a project is seen, and what of it.
#[derive(Debug, Clone, Default, Args)]
pub struct Choice {
    /// Apply the overlays and variables of this environment.
    #[arg(short, long, value_name = "NAME")]
    pub env: Option<String>,
    /// Set a variable of the manifests; not for secrets.
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub var: Vec<(String, String)>,
    /// Only this component, such as connected-app.AxsyApexAPI; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
}

/// Which project, seen how.
#[derive(Debug, Args)]
pub struct Project {
    /// Manifests, or folders of them; together they are one project.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub choice: Choice,
}

/// Which org.
#[derive(Debug, Args)]
pub struct Org {
    /// `local`, or an org named in orgwire.toml.
    #[arg(short, long, value_name = "NAME")]
    pub org: Option<String>,
}
