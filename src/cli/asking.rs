//! Commands that ask an org and change nothing there, and those that put two sides beside each other.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::typed::{api_version, metadata_type, name_and_value, refresh_token};
use super::{Choice, Format, Notes, Org, PageFormat, Project, TestLevel};
use crate::component::Type;
use crate::verify::refresh::Given;

#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub org: Org,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value = "human", conflicts_with = "json")]
    pub format: PageFormat,
    #[command(flatten)]
    pub notes: Notes,
    /// Exit with 2 if there is something to change.
    #[arg(long)]
    pub exit_code: bool,
    /// Keep the plan in this file, to be approved and then deployed as it is: orgwire deploy FILE.
    #[arg(long, value_name = "FILE", conflicts_with = "drift_only")]
    pub out: Option<PathBuf>,
    /// Let the org validate the first pass; with --out the plan carries it, and `deploy` need not validate again.
    #[arg(long, conflicts_with = "drift_only")]
    pub validate: bool,
    /// Which Apex tests the org runs to validate; a validation without tests cannot be deployed quickly.
    #[arg(long, value_enum, value_name = "LEVEL", requires = "validate")]
    pub test_level: Option<TestLevel>,
    /// Show only what an org has and the manifests do not say; exit with 2 if there is any.
    #[arg(long)]
    pub drift_only: bool,
    /// Name components that the org has and no manifest, whose names begin like those of the project, or like PREFIX.
    #[arg(long, value_name = "PREFIX", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub unmanaged: Option<String>,
    /// Tell where each value came from: its line, an overlay, variables and who gave them, the org.
    #[arg(long, conflicts_with = "drift_only")]
    pub explain_values: bool,
}

#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub org: Org,
    /// How long to wait until new apps and changed callback URLs have reached the login servers.
    #[arg(long, value_name = "MINUTES", default_value = "10")]
    pub wait: u32,
    /// Try a refresh token that a system holds, from a variable or a file; may be repeated.
    #[arg(long, value_name = "ADDRESS=env:NAME|file:PATH", value_parser = refresh_token)]
    pub refresh_token: Vec<Given>,
    /// Note that a manual step is done, such as named-credential.AxsyApexAPI or manual-step.NAME; may be repeated.
    #[arg(long, value_name = "STEP")]
    pub done: Vec<String>,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value = "human", conflicts_with = "json")]
    pub format: VerifyFormat,
}

#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub org: Org,
    /// What somebody has seen go wrong, such as "400 on token", or an error pasted as it was.
    #[arg(long, value_name = "TEXT")]
    pub symptom: Option<String>,
    /// The user who is to connect, or to publish, instead of the one who is logged in here.
    #[arg(long, value_name = "USERNAME")]
    pub user: Option<String>,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value = "human", conflicts_with = "json")]
    pub format: VerifyFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VerifyFormat {
    Human,
    Json,
    /// For systems that show tests.
    Junit,
}

#[derive(Debug, Args)]
pub struct Diff {
    /// The first side: a manifest, a folder or zip of metadata, git:REV or git:REV:PATH, env:NAME or org:NAME.
    #[arg(value_name = "A")]
    pub before: String,
    /// The second side; the project as it is on disk if left out.
    #[arg(value_name = "B")]
    pub after: Option<String>,
    #[command(flatten)]
    pub choice: Choice,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value = "human", conflicts_with = "json")]
    pub format: PageFormat,
    /// Show the XML of both sides as well, line by line.
    #[arg(long)]
    pub xml: bool,
    #[command(flatten)]
    pub notes: Notes,
    /// Exit with 2 if the sides differ.
    #[arg(long)]
    pub exit_code: bool,
}

#[derive(Debug, Args)]
pub struct Compare {
    /// The first environment.
    #[arg(value_name = "ENVIRONMENT")]
    pub first: String,
    /// The second one.
    #[arg(value_name = "ENVIRONMENT")]
    pub second: String,
    /// Manifests, or folders of them; together they are one project.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Read the orgs of both, and compare what they hold.
    #[arg(long)]
    pub orgs: bool,
    /// Set a variable of the manifests, in both environments; not for secrets.
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub var: Vec<(String, String)>,
    /// Only this component, such as connected-app.AxsyApexAPI; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value = "human", conflicts_with = "json")]
    pub format: Format,
    /// Exit with 2 if there is a difference that nobody meant.
    #[arg(long)]
    pub exit_code: bool,
}

#[derive(Debug, Args)]
pub struct Import {
    /// A folder or zip of metadata, an sfdx project, a single file, or an org (org:NAME).
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// The manifest to write; - for standard output.
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// API version of the manifest; otherwise that of package.xml or sfdx-project.json, or the one that fits best.
    #[arg(long, value_name = "VERSION", value_parser = api_version)]
    pub api_version: Option<u16>,
    /// The project folder that FILE belongs to; made if it is missing.
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<PathBuf>,
    /// Leave out what an org assumes anyway.
    #[arg(long)]
    pub concise: bool,
    /// Only this component, such as connected-app.AxsyApexAPI; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    pub target: Vec<String>,
    /// Leave out every component of this type, such as profile; may be repeated.
    #[arg(long, value_name = "TYPE", value_parser = metadata_type)]
    pub without: Vec<&'static Type>,
    /// Exit with 1 if anything could not be read or kept.
    #[arg(long)]
    pub strict: bool,
    /// Keep no copy of a manifest that is written over.
    #[arg(long)]
    pub force: bool,
    /// Write values that the manifest only refers to into FILE, for `render --observed`.
    #[arg(long, value_name = "FILE")]
    pub observed: Option<PathBuf>,
}
