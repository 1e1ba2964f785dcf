//! Commands that need no org.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{LintFormat, Notes, Project};

#[derive(Debug, Args)]
pub struct Init {
    /// Which system to start with.
    #[arg(long, value_enum, default_value = "blank")]
    pub from: Start,
    /// The system as an external client app, for orgs that create no connected apps any more.
    #[arg(long)]
    pub external_client_app: bool,
    /// Where to write.
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub folder: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Start {
    Axsy,
    Logik,
    Ampersand,
    Cyclr,
    Agilepoint,
    Blank,
}

#[derive(Debug, Args)]
pub struct Lint {
    #[command(flatten)]
    pub project: Project,
    /// How findings are written to standard output.
    #[arg(long, value_enum, default_value = "human", conflicts_with = "json")]
    pub format: LintFormat,
    #[command(flatten)]
    pub notes: Notes,
}

#[derive(Debug, Args)]
pub struct Fmt {
    /// Manifests, or folders of them; `-` reads standard input and writes standard output.
    ///
    /// Without one: the manifests that orgwire.toml names, or the folder manifests/, and orgwire.toml itself.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write nothing; show what would change, and fail if anything would.
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Args)]
pub struct Render {
    #[command(flatten)]
    pub project: Project,
    /// A folder, or a file that ends in .zip.
    #[arg(long, value_name = "DIR|FILE.zip")]
    pub output: PathBuf,
    /// `metadata` has a package.xml, `source` is the layout of sfdx projects.
    #[arg(long, value_enum, default_value = "metadata")]
    pub format: Layout,
    /// Write nothing; fail if the folder holds something else than would be written.
    #[arg(long)]
    pub check: bool,
    /// Read secrets and write them into the XML, for your eyes only (mode 0600).
    #[arg(long, conflicts_with = "check")]
    pub with_secrets: bool,
    /// Write what an org gives back in place of secrets, to compare with retrieved files; not for deploying.
    #[arg(long, conflicts_with = "with_secrets")]
    pub as_retrieved: bool,
    /// Values that an org has told, as JSON, in place of placeholders.
    #[arg(long, value_name = "FILE")]
    pub observed: Option<PathBuf>,
    /// Number of threads.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    Metadata,
    Source,
}

#[derive(Debug, Args)]
pub struct Schema {
    /// Of which file.
    #[arg(value_enum, default_value = "manifest")]
    pub of: SchemaOf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    Manifest,
    Configuration,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// A code such as unset-secret, or connected-app.oauth-config.callback-url; all codes if left out.
    #[arg(value_name = "CODE|FIELD")]
    pub topic: Option<String>,
    /// Every metadata type with every field, as one Markdown page: the text of docs/reference.md.
    #[arg(long, conflicts_with = "topic")]
    pub all: bool,
    /// Every known message of an org, as one Markdown page: the text of docs/org-errors.md.
    #[arg(long, conflicts_with_all = ["topic", "all"])]
    pub org_errors: bool,
}
