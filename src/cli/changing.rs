//! Commands that change an org, or what this machine knows of logins to it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::typed::name_and_value;
use super::{Format, Org, Project};

#[derive(Debug, Args)]
pub struct Destroy {
    /// What to remove, such as named-credential.AxsyApexAPI, and manifests or folders of them; without an address,
    /// everything that the manifests declare.
    #[arg(value_name = "ADDRESS|PATH")]
    pub targets: Vec<String>,
    /// Apply the overlays and variables of this environment.
    #[arg(short, long, value_name = "NAME")]
    pub env: Option<String>,
    #[command(flatten)]
    pub org: Org,
    /// Do not ask for confirmation.
    #[arg(short, long)]
    pub yes: bool,
    /// Show what would be removed, and remove nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value = "human", conflicts_with = "json")]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Rollback {
    /// A record of the history or the id of a deployment; the last deployment from here if left out.
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    #[command(flatten)]
    pub org: Org,
    /// Do not ask for confirmation.
    #[arg(short, long)]
    pub yes: bool,
    /// Show what would be brought back, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// List what can be rolled back.
    #[arg(long, conflicts_with_all = ["id", "yes", "dry_run"])]
    pub list: bool,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value = "human", conflicts_with = "json")]
    pub format: Format,
}

/// To whom generated keys and secrets go besides the org.
#[derive(Debug, Default, Args)]
pub struct HandOver {
    /// Write generated keys and secrets to this new file (mode 0600), for a system outside the org.
    #[arg(long, value_name = "FILE")]
    pub secret_out: Option<PathBuf>,
    /// Give a generated secret to a command on its standard input, such as 'gh secret set NAME'; may be repeated.
    ///
    /// WHAT is consumer-secret, consumer-key, or that of one component: connected-app.Orders.consumer-secret. Without it
    /// the command gets the secret. It runs without a shell, before anything is sent, and what it prints to its standard
    /// output is not shown.
    #[arg(long, value_name = "[WHAT=]COMMAND")]
    pub secret_to_command: Vec<String>,
    /// Show generated keys and secrets once, on a terminal and nowhere else.
    #[arg(long)]
    pub show_secrets: bool,
}

#[derive(Debug, Args)]
pub struct Promote {
    /// Manifests, or folders of them; together they are one project.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The environment that has proven it.
    #[arg(long, value_name = "ENVIRONMENT")]
    pub from: String,
    /// The environment that gets it.
    #[arg(long, value_name = "ENVIRONMENT")]
    pub to: String,
    /// Set a variable of the manifests, in both environments; not for secrets.
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub var: Vec<(String, String)>,
    /// Refuse if a consumer key would be in both orgs.
    #[arg(long)]
    pub no_key_reuse: bool,
    /// Do not ask for confirmation.
    #[arg(short, long)]
    pub yes: bool,
    /// Show the plan for the environment that gets it, and deploy nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Write what was promoted into this new file; otherwise into .orgwire/promotions/.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    #[command(flatten)]
    pub hand_over: HandOver,
    /// Which Apex tests the org runs; its own rule if left out.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub test_level: Option<TestLevel>,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value = "human", conflicts_with = "json")]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Deploy {
    #[command(flatten)]
    pub project: Project,
    #[command(flatten)]
    pub org: Org,
    /// How the result is written to standard output.
    #[arg(long, value_enum, default_value = "human", conflicts_with = "json")]
    pub format: Format,
    /// Validate the first pass in the org and save nothing.
    #[arg(long)]
    pub check_only: bool,
    /// Do not ask for confirmation.
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub hand_over: HandOver,
    /// Send this component even if it does not differ, for example to write a changed secret.
    #[arg(long, value_name = "ADDRESS")]
    pub resend: Vec<String>,
    /// How long to watch one deployment before leaving it to itself.
    #[arg(long, value_name = "MINUTES", default_value = "33")]
    pub wait: u32,
    /// Send the next package, say its id, and leave it to itself; `--resume` goes on from there. Exit code 9.
    #[arg(long = "async", conflicts_with = "wait")]
    pub is_async: bool,
    /// Go on with what an earlier run left in flight, or with this deployment; fails if there is nothing.
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "")]
    pub resume: Option<String>,
    /// Deploy what this validation (--check-only) has found good, without validating it again.
    #[arg(long, value_name = "ID", conflicts_with_all = ["check_only", "resend"])]
    pub quick: Option<String>,
    /// Which Apex tests the org runs; its own rule if left out.
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub test_level: Option<TestLevel>,
    /// A test class to run, with --test-level RunSpecifiedTests; may be repeated.
    #[arg(long, value_name = "CLASS", requires = "test_level")]
    pub run_test: Vec<String>,
    /// Deploy over this half of the Metadata API and no other; otherwise REST, and SOAP where an org has no REST.
    #[arg(long, value_enum)]
    pub api: Option<Api>,
    /// The local org refuses to create connected apps, as most orgs do since Spring '26.
    #[arg(long)]
    pub spring_26_block: bool,
}

impl Deploy {
    /// What follows `--resume` is an id if it looks like one, and else the first path.
    pub fn with_paths_in_place(mut self) -> Deploy {
        let is_id = |text: &str| {
            matches!(text.len(), 15 | 18)
                && text.starts_with("0Af")
                && text.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if let Some(text) = self.resume.as_mut().filter(|text| !text.is_empty() && !is_id(text)) {
            self.project.paths.insert(0, PathBuf::from(std::mem::take(text)));
        }
        self
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Api {
    Rest,
    Soap,
}

/// As the Metadata API spells them (MD-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum TestLevel {
    NoTestRun,
    RunSpecifiedTests,
    RunLocalTests,
    RunAllTestsInOrg,
    RunRelevantTests,
}

impl TestLevel {
    /// As the Metadata API spells it.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

#[derive(Debug, Args)]
pub struct Cancel {
    /// The deployment, such as 0AfWs00000AbCdEKAV; what was left in flight if left out.
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    #[command(flatten)]
    pub org: Org,
    /// How long to wait until the org has stopped it.
    #[arg(long, value_name = "MINUTES", default_value = "5")]
    pub wait: u32,
}

#[derive(Debug, Args)]
pub struct Login {
    /// An org named in orgwire.toml.
    #[arg(short, long, value_name = "NAME")]
    pub org: String,
    /// Open no browser; print the address only.
    #[arg(long)]
    pub no_browser: bool,
    /// How long to wait for a person.
    #[arg(long, value_name = "MINUTES", default_value = "5", value_parser = clap::value_parser!(u16).range(1..=60))]
    pub wait: u16,
}

#[derive(Debug, Args)]
pub struct Logout {
    /// An org named in orgwire.toml.
    #[arg(short, long, value_name = "NAME")]
    pub org: String,
}
