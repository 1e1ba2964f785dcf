//! Every subcommand and flag, as typed. No logic: what was meant by it is for `command`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::component::{ComponentId, Type, type_with_key, types};
use crate::diagnostic::suggestion;
use crate::secret::SecretSource;
use crate::simulator::{Edition, FirstDay, Nature};
use crate::verify::refresh::Given;

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

/// An org to serve, as typed: `NAME` or `NAME:key=value,key=value`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrgToServe {
    pub name: String,
    pub edition: Option<Edition>,
    pub production: Option<bool>,
    pub sandbox: Option<bool>,
    pub port: Option<u16>,
    pub spring_26_block: Option<bool>,
    pub first_day: FirstDay,
}

/// A sandbox to copy, as typed: `SOURCE:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgToCopy {
    pub source: String,
    pub name: String,
}

impl OrgToServe {
    /// What kind of org it is to be; `None` where nothing was said of it.
    pub fn nature(&self) -> Option<Nature> {
        let is_silent = self.edition.is_none() && self.production.is_none() && self.sandbox.is_none();
        (!is_silent).then(|| Nature {
            edition: self.edition.unwrap_or_default(),
            production: self.production.unwrap_or_default(),
            sandbox: self.sandbox.unwrap_or_default(),
        })
    }
}

#[derive(Debug, Args)]
pub struct Simulate {
    /// An org to serve, kept in .orgwire/NAME; may be repeated, and followed by what it is like:
    /// production:edition=enterprise,production=true.
    ///
    /// Keys: edition (group, professional, enterprise, performance, unlimited, developer), production, sandbox,
    /// spring-26-block (true or false), port; and for a new org api-access-control and lock-sessions-to-ip. Without
    /// any: the org `local`.
    #[arg(long, value_name = "NAME[:KEY=VALUE,..]", value_parser = org_to_serve, conflicts_with_all = ["port", "folder"])]
    pub org: Vec<OrgToServe>,
    /// Let an org that is new start as a sandbox copied from another; may be repeated: production:uat.
    ///
    /// It has the components of the other, with the same consumer keys and secrets, and the users, their names
    /// followed by .uat. It has an id, an address and passwords of its own; no sessions, approvals, deployments or
    /// secrets of credentials come along. Both orgs are named with --org.
    #[arg(long, value_name = "SOURCE:NAME", value_parser = org_to_copy, requires = "org")]
    pub copy: Vec<OrgToCopy>,
    /// List what the local org does without anybody having confirmed that Salesforce does it.
    #[arg(long)]
    pub list_assumptions: bool,
    /// Serve on this port; otherwise on the one it had before, or a free one.
    #[arg(long)]
    pub port: Option<u16>,
    /// Where the org lives.
    #[arg(long, value_name = "FOLDER", default_value = ".orgwire/local")]
    pub folder: PathBuf,
    /// Keep nothing on disk.
    #[arg(long, conflicts_with = "folder")]
    pub in_memory: bool,
    /// Refuse to create connected apps, as most orgs do since Spring '26.
    #[arg(long)]
    pub spring_26_block: bool,
    /// How long new apps and changed callback URLs take to reach the login servers, up to 15m.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = propagation)]
    pub propagation: Duration,
    /// Let go wrong what this TOML file says: requests dropped, delayed or answered with an error, deployments locked or
    /// rejected.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// How many requests a day each org answers; without it they are counted and never refused.
    #[arg(long, value_name = "NUMBER")]
    pub daily_limit: Option<u64>,
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

fn org_to_serve(text: &str) -> Result<OrgToServe, String> {
    const KEYS: [&str; 7] = [
        "edition",
        "production",
        "sandbox",
        "spring-26-block",
        "port",
        "api-access-control",
        "lock-sessions-to-ip",
    ];
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err("a name has letters, digits, - and _ only: it becomes a folder".to_owned());
    }
    let mut org = OrgToServe { name: name.to_owned(), ..OrgToServe::default() };
    for setting in rest.split(',').filter(|setting| !setting.is_empty()) {
        let (key, value) = setting.split_once('=').unwrap_or((setting, "true"));
        let flag = || value.parse::<bool>().map_err(|_| format!("{key} is true or false, not `{value}`"));
        match key {
            "edition" => {
                let names = || Edition::ALL.iter().map(|edition| edition.name());
                let found = Edition::ALL.into_iter().find(|edition| edition.name() == value);
                org.edition = Some(found.ok_or_else(|| match suggestion(value, names()) {
                    Some(near) => format!("did you mean edition={near}?"),
                    None => format!("editions are {}", names().collect::<Vec<_>>().join(", ")),
                })?);
            }
            "production" => org.production = Some(flag()?),
            "sandbox" => org.sandbox = Some(flag()?),
            "api-access-control" => org.first_day.api_access_control = Some(flag()?),
            "lock-sessions-to-ip" => org.first_day.lock_sessions_to_ip = Some(flag()?),
            "spring-26-block" => org.spring_26_block = Some(flag()?),
            "port" => org.port = Some(value.parse().map_err(|_| format!("`{value}` is no port"))?),
            _ => {
                return Err(match suggestion(key, KEYS) {
                    Some(near) => format!("there is no key `{key}`; did you mean {near}?"),
                    None => format!("there is no key `{key}`; keys are {}", KEYS.join(", ")),
                });
            }
        }
    }
    if org.production == Some(true) && org.sandbox == Some(true) {
        return Err("an org is a production org or a sandbox, not both".to_owned());
    }
    Ok(org)
}

fn org_to_copy(text: &str) -> Result<OrgToCopy, String> {
    match text.split_once(':') {
        Some((source, name)) if !source.is_empty() && !name.is_empty() => {
            Ok(OrgToCopy { source: source.to_owned(), name: name.to_owned() })
        }
        _ => Err("write SOURCE:NAME, such as production:uat".to_owned()),
    }
}

/// `30s` or `5m`.
fn propagation(text: &str) -> Result<Duration, String> {
    const MOST: u64 = 15 * 60;
    let seconds = match (text.strip_suffix('s'), text.strip_suffix('m')) {
        (Some(number), _) => number.parse().ok(),
        (_, Some(number)) => number.parse::<u64>().ok().and_then(|minutes| minutes.checked_mul(60)),
        _ => None,
    };
    let seconds = seconds.filter(|seconds| *seconds <= MOST);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "write a time from 0s to 15m, such as 90s or 5m".to_owned())
}

fn api_version(text: &str) -> Result<u16, String> {
    let known = crate::component::OLDEST_API_VERSION..=crate::component::NEWEST_API_VERSION;
    let version = text.strip_suffix(".0").unwrap_or(text).parse::<u16>().ok();
    version
        .filter(|version| known.contains(version))
        .ok_or_else(|| format!("write a version from {}.0 to {}.0", known.start(), known.end()))
}

fn metadata_type(text: &str) -> Result<&'static Type, String> {
    type_with_key(text).ok_or_else(|| {
        let near = suggestion(text, types().iter().map(|kind| kind.key.as_str()));
        near.map_or("no type has this name".to_owned(), |near| format!("did you mean {near}?"))
    })
}

fn refresh_token(text: &str) -> Result<Given, String> {
    let wrong =
        || "write ADDRESS=env:NAME or ADDRESS=file:PATH, such as connected-app.Orders=env:TOKEN".to_owned();
    let (address, source) = text.split_once('=').ok_or_else(wrong)?;
    let token = match source.split_once(':').ok_or_else(wrong)? {
        ("env", name) if !name.is_empty() => SecretSource::Environment(name.to_owned()),
        ("file", path) if !path.is_empty() => SecretSource::File(PathBuf::from(path)),
        _ => return Err(wrong()),
    };
    let component = ComponentId::parse(address).ok_or_else(wrong)?;
    Ok(Given { component, token })
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn propagation_is_a_time_up_to_a_quarter_of_an_hour() {
        assert_eq!(propagation("0s"), Ok(Duration::ZERO));
        assert_eq!(propagation("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(propagation("15m"), Ok(Duration::from_secs(900)));
        for wrong in ["16m", "901s", "5", "m", "-1s", "1h"] {
            assert!(propagation(wrong).is_err(), "{wrong}");
        }
    }
}
