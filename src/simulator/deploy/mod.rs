//! Deployments: what is asked for, what has become of it, and the rows that tell about each component.
//!
//! Data only. `engine` runs deployments one at a time, `transaction` works out what one of them does, and how
//! a deployment arrives or is told about is up to the protocols.

pub(super) mod engine;
mod transaction;

use serde::{Deserialize, Serialize};

use super::clock::Moment;
use super::nature::Nature;
use super::package::percent_encoded;
use super::rules::{Problem, Severity};

/// MD-4, with the documented defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeployOptions {
    pub allow_missing_files: bool,
    pub auto_update_package: bool,
    pub check_only: bool,
    pub ignore_warnings: bool,
    pub perform_retrieve: bool,
    pub purge_on_delete: bool,
    pub rollback_on_error: bool,
    pub run_tests: Option<Vec<String>>,
    pub single_package: bool,
    pub test_level: Option<String>,
}

const TEST_LEVELS: [&str; 5] =
    ["NoTestRun", "RunSpecifiedTests", "RunLocalTests", "RunAllTestsInOrg", "RunRelevantTests"];

impl DeployOptions {
    /// What the org does not do with these options: some it does nowhere (MD-7), some not in production (MD-4, MD-5).
    fn check(&self, nature: Nature) -> Result<(), Refused> {
        let refused =
            |text: &str| Err(Refused::new("INVALID_OPERATION", format!("{text} (rehearsal wording)")));
        if nature.production {
            if !self.rollback_on_error {
                return refused("rollbackOnError must be true in production organizations");
            }
            if self.allow_missing_files || self.auto_update_package || self.ignore_warnings {
                return refused(
                    "allowMissingFiles, autoUpdatePackage and ignoreWarnings cannot be used in production organizations",
                );
            }
            if self.test_level.as_deref() == Some("NoTestRun") {
                return refused("testLevel of NoTestRun cannot be used in production organizations");
            }
        }
        if self.purge_on_delete && !nature.may_purge() {
            return refused("purgeOnDelete can only be used in Developer Edition and sandboxes");
        }
        match self.test_level.as_deref() {
            Some(level) if !TEST_LEVELS.contains(&level) => Err(Refused::new(
                "INVALID_OPERATION",
                format!("'{level}' is not a test level (rehearsal wording, MD-7)"),
            )),
            Some("RunSpecifiedTests") if self.run_tests.as_ref().is_none_or(Vec::is_empty) => {
                Err(Refused::new(
                    "INVALID_OPERATION",
                    "RunSpecifiedTests needs runTests (rehearsal wording, MD-4)",
                ))
            }
            Some("RunSpecifiedTests") | None => Ok(()),
            Some(_) if self.run_tests.as_ref().is_some_and(|tests| !tests.is_empty()) => Err(Refused::new(
                "INVALID_OPERATION",
                "runTests goes with RunSpecifiedTests only (rehearsal wording, MD-4)",
            )),
            Some(_) => Ok(()),
        }
    }

    pub fn runs_tests(&self) -> bool {
        self.test_level.as_deref().is_some_and(|level| level != "NoTestRun")
    }
}

/// A request that does not even become a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub code: &'static str,
    pub message: String,
}

impl Refused {
    pub fn new(code: &'static str, message: impl Into<String>) -> Refused {
        Refused { code, message: message.into() }
    }
}

/// MD-8; the finalizing states of newer versions never happen here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    Pending,
    InProgress,
    Succeeded,
    SucceededPartial,
    Failed,
    Canceling,
    Canceled,
}

impl Status {
    pub fn is_done(self) -> bool {
        !matches!(self, Status::Pending | Status::InProgress | Status::Canceling)
    }

    pub fn name(self) -> &'static str {
        match self {
            Status::Pending => "Pending",
            Status::InProgress => "InProgress",
            Status::Succeeded => "Succeeded",
            Status::SucceededPartial => "SucceededPartial",
            Status::Failed => "Failed",
            Status::Canceling => "Canceling",
            Status::Canceled => "Canceled",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Deployment {
    pub id: String,
    pub options: DeployOptions,
    pub status: Status,
    pub created: Moment,
    pub started: Option<Moment>,
    pub completed: Option<Moment>,
    pub modified: Moment,
    pub canceled: bool,
    /// Ids of the users who sent it and who cancelled it.
    #[serde(default)]
    pub created_by: String,
    #[serde(default)]
    pub canceled_by: Option<String>,
    pub rows: Vec<Row>,
    pub total: usize,
    pub deployed: usize,
    pub errors: usize,
    /// When it died as a whole: status code and message.
    pub failure: Option<(String, String)>,
    /// The validation a quick deploy goes back to.
    pub validated: Option<String>,
    /// The zip in base64, as long as a quick deploy may ask for it.
    pub package: Option<String>,
}

impl Deployment {
    fn new(
        id: String,
        by: &str,
        at: Moment,
        options: DeployOptions,
        validated: Option<String>,
    ) -> Deployment {
        Deployment {
            id,
            options,
            status: Status::Pending,
            created: at,
            started: None,
            completed: None,
            modified: at,
            canceled: false,
            created_by: by.to_owned(),
            canceled_by: None,
            rows: Vec::new(),
            total: 0,
            deployed: 0,
            errors: 0,
            failure: None,
            validated,
            package: None,
        }
    }

    fn set(&mut self, status: Status, now: Moment) {
        self.status = status;
        self.modified = now;
        if status.is_done() {
            self.completed = Some(now);
        }
    }

    /// Ends it as a whole.
    pub fn fail(&mut self, status_code: &str, message: impl Into<String>, now: Moment) {
        self.failure = Some((status_code.to_owned(), message.into()));
        self.deployed = 0;
        self.set(Status::Failed, now);
    }

    pub fn succeeded(&self) -> bool {
        matches!(self.status, Status::Succeeded | Status::SucceededPartial)
    }

    /// Rows of components that failed; while the deployment runs there are no others to be seen.
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.success)
    }

    pub fn successes(&self) -> impl Iterator<Item = &Row> {
        let done = self.status.is_done();
        self.rows.iter().filter(move |row| row.success && done)
    }
}

/// What became of one component, or of a manifest (MD-38).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    /// Empty for manifests, never missing.
    pub component_type: String,
    pub full_name: String,
    /// Path in the zip.
    pub file_name: String,
    pub id: Option<String>,
    pub created: bool,
    pub changed: bool,
    pub deleted: bool,
    pub success: bool,
    pub problem: Option<(Severity, String)>,
    /// Line and column.
    pub place: Option<(u32, u32)>,
    pub at: Moment,
}

impl Row {
    /// About a component: its name is written as its file's and its member's are, `Custom%3A Support Profile`.
    /// Clients look the component up in their package by it (public outputs of deployments; SE-15).
    fn of_component(component_type: &str, full_name: &str, file_name: impl Into<String>) -> Row {
        Row::new(component_type, &percent_encoded(full_name), file_name)
    }

    fn new(component_type: &str, full_name: &str, file_name: impl Into<String>) -> Row {
        Row {
            component_type: component_type.to_owned(),
            full_name: full_name.to_owned(),
            file_name: file_name.into(),
            id: None,
            created: false,
            changed: false,
            deleted: false,
            success: true,
            problem: None,
            place: None,
            at: Moment::now(),
        }
    }

    /// A manifest has its own name for everything.
    fn of_manifest(folder: &str, name: &str) -> Row {
        Row { changed: true, ..Row::new("", name, format!("{folder}{name}")) }
    }

    /// MD-14: a warning is an error unless warnings are ignored; a note never is.
    fn with(mut self, problem: Problem, ignore_warnings: bool) -> Row {
        self.success = match problem.severity {
            Severity::Error => false,
            Severity::Warning => ignore_warnings,
            Severity::Info => true,
        };
        if !self.success {
            (self.created, self.changed, self.deleted) = (false, false, false);
        }
        self.place = problem.at.map(|at| (at.line, at.column));
        self.problem = Some((problem.severity, problem.text));
        self
    }
}
