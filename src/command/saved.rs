//! Plans in files: written by `plan --out`, taken by `deploy`. Whatever has moved since is told by name, with exit code 7.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::cli;
use crate::command::deploy::planned_org;
use crate::command::load::Loaded;
use crate::command::target::Opened;
use crate::command::{Attempt, Exit, Failure, Trouble, file};
use crate::plan::Plan;
use crate::reference::Observed;
use crate::report;
use crate::saved_plan::{Inputs, PlannedProject, SavedPlan, Unusable};

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("the plan in `{}` is stale", path.display())]
    Stale { path: PathBuf },
    #[error("the plan in `{}` is for another org: it was made for {then}, and this is {now}", path.display())]
    AnotherOrg { path: PathBuf, then: String, now: String },
    #[error("the plan in `{}` is not what its manifests and its org make", path.display())]
    Altered { path: PathBuf },
    #[error("the plan in `{}` says by itself what is deployed, so {flag} has no meaning beside it", path.display())]
    SaysItself { path: PathBuf, flag: &'static str },
    #[error("a plan that cannot be applied is not saved")]
    NotApplyable,
}

/// Several lines as one cause.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
struct Moved(Vec<String>);

/// A plan and the file it is in.
pub struct Found {
    pub path: PathBuf,
    pub plan: SavedPlan,
}

/// The saved plan that a command was given in place of manifests. A manifest never begins with a brace.
pub fn find(paths: &[PathBuf]) -> Result<Option<Found>, Failure> {
    let [path] = paths else { return Ok(None) };
    let Ok(bytes) = fs::read(path) else { return Ok(None) };
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Ok(None);
    }
    let plan = SavedPlan::read(&String::from_utf8_lossy(&bytes)).map_err(|unusable| {
        let code = match unusable {
            Unusable::Altered => Trouble::AlteredPlan,
            Unusable::NotAPlan(_) | Unusable::OtherFormat(_) => Trouble::PlanFormat,
        };
        let attempt = Attempt::new(format!("cannot deploy the plan in `{}`", path.display()), unusable);
        Failure::new(code, attempt)
            .help("make it again with `orgwire plan --out`; nothing was sent")
            .exit(Exit::Stale)
    })?;
    Ok(Some(Found { path: path.clone(), plan }))
}

impl Found {
    /// The project it was made of.
    pub fn project(&self) -> cli::Project {
        let PlannedProject { paths, environment, variables, targets, .. } = &self.plan.project;
        cli::Project {
            paths: paths.clone(),
            choice: cli::Choice {
                env: environment.clone(),
                var: variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
                target: targets.clone(),
            },
        }
    }

    /// A flag that would make another plan of it.
    pub fn refuse(&self, flag: &'static str) -> Failure {
        let problem = Problem::SaysItself { path: self.path.clone(), flag };
        Failure::new(Trouble::Usage, problem)
            .help("make another plan with `orgwire plan --out`; nothing was sent")
    }

    /// Whether the manifests are those it was made of.
    pub fn check_manifest(&self, loaded: &Loaded) -> Result<(), Failure> {
        self.check(self.plan.moved_in_manifest(&loaded.desired, &loaded.templates.fingerprint()))
    }

    /// Whether the org is the one it was made for, and holds what it held.
    pub fn check_org(&self, observed: &Observed) -> Result<(), Failure> {
        let org = &self.plan.org;
        let now = observed.org.as_ref().map(|org| org.id.as_str()).unwrap_or_default();
        if now != org.id {
            let told = format!("{} ({})", org.id, org.name);
            let problem = Problem::AnotherOrg { path: self.path.clone(), then: told, now: now.to_owned() };
            return Err(Failure::new(Trouble::PlanOfAnotherOrg, problem)
                .help("make a plan for this org with `orgwire plan --out`; nothing was sent")
                .exit(Exit::Stale));
        }
        self.check(self.plan.moved_in_org(observed))
    }

    /// Whether it says what its inputs make: everything they are made of is the same, so it can say nothing else.
    pub fn check_plan(&self, plan: &Plan) -> Result<(), Failure> {
        // As JSON has it once it is read: numbers and keys compare as they were written.
        let made = serde_json::to_value(report::json::plan(plan)).unwrap_or_default();
        if made == Value::Object(self.plan.plan.clone()) {
            return Ok(());
        }
        let help = if self.plan.orgwire == env!("CARGO_PKG_VERSION") {
            "somebody has edited it: make it again with `orgwire plan --out`, and have it approved again"
                .to_owned()
        } else {
            format!("it was made by orgwire {}: make it again with this one", self.plan.orgwire)
        };
        let problem = Problem::Altered { path: self.path.clone() };
        Err(Failure::new(Trouble::AlteredPlan, problem).help(help).help("nothing was sent").exit(Exit::Stale))
    }

    fn check(&self, moved: Vec<String>) -> Result<(), Failure> {
        if moved.is_empty() {
            return Ok(());
        }
        let mut more = Map::new();
        more.insert("moved".to_owned(), moved.clone().into());
        let attempt = Attempt::new(Problem::Stale { path: self.path.clone() }.to_string(), Moved(moved));
        Err(Failure::new(Trouble::StalePlan, attempt)
            .help("make it again with `orgwire plan --out`, and have it approved again; nothing was sent")
            .exit(Exit::Stale)
            .after(more))
    }
}

/// Writes a plan to a file.
pub fn save(
    path: &Path,
    arguments: &cli::Plan,
    plan: &Plan,
    observed: &Observed,
    loaded: &Loaded,
    opened: &Opened,
    validation: Option<String>,
) -> Result<SavedPlan, Failure> {
    if !plan.is_applyable() {
        return Err(
            Failure::new(Trouble::Usage, Problem::NotApplyable).help("correct what stands in its way first")
        );
    }
    let choice = &arguments.project.choice;
    let project = PlannedProject {
        paths: arguments.project.paths.clone(),
        environment: choice.env.clone(),
        variables: choice.var.iter().cloned().collect(),
        targets: choice.target.clone(),
        resend: Vec::new(),
    };
    let templates = loaded.templates.fingerprint();
    let inputs = Inputs { desired: &loaded.desired, observed, templates: &templates };
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    let org = planned_org(observed, opened);
    let saved = SavedPlan::new(org, project, inputs, report::json::plan(plan), now, validation);
    file::write(path, saved.text().as_bytes(), false)?;
    Ok(saved)
}
