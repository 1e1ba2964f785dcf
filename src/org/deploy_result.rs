//! What an org says of a deployment. Read leniently: documents and orgs disagree on whether numbers and booleans
//! stand in quotes, on which keys are there, and on the names of states (MD-8, MD-38).

use serde_json::Value;

/// A deployment as it was last seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeployResult {
    pub id: String,
    /// Nothing more will happen. Decides, rather than the status: states are added over time.
    pub done: bool,
    /// In the org's words: `Pending`, `InProgress`, `Succeeded`, ...
    pub status: String,
    pub success: bool,
    pub check_only: bool,
    pub components: Count,
    pub tests: Count,
    /// What it is busy with, such as the name of a component.
    pub state_detail: Option<String>,
    /// Set when it failed as a whole, rather than in a component.
    pub error_status_code: Option<String>,
    pub error_message: Option<String>,
    pub canceled_by: Option<String>,
    /// Failures first, each in the order of the org.
    pub rows: Vec<ComponentRow>,
    pub test_failures: Vec<TestFailure>,
    /// Whether we asked the org to cancel it.
    pub cancel: Cancel,
}

/// How far something is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub done: u64,
    pub total: u64,
    pub errors: u64,
}

/// What became of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComponentRow {
    /// Empty for `package.xml`.
    pub component_type: String,
    pub full_name: String,
    /// The path inside the zip.
    pub file_name: String,
    pub problem: Option<String>,
    /// `Error`, `Warning` or `Info`.
    pub problem_type: Option<String>,
    pub line: Option<u64>,
    pub column: Option<u64>,
    pub created: bool,
    /// Not a sign of drift: unchanged files are reported either way (MD-39).
    pub changed: bool,
    pub deleted: bool,
    pub success: bool,
    pub id: Option<String>,
}

/// An Apex test that failed, and with it the deployment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestFailure {
    pub class: String,
    pub method: String,
    pub message: String,
}

/// What became of our wish to cancel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cancel {
    #[default]
    NotAsked,
    /// The org has taken the wish; the outcome tells whether in time.
    Asked,
    /// In the org's words.
    Refused(String),
}

/// How a deployment ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    /// Some components are in the org and some are not; only without rollback.
    SucceededPartial,
    Failed,
    Canceled,
    StillRunning,
}

impl DeployResult {
    pub fn outcome(&self) -> Outcome {
        match self.status.as_str() {
            _ if !self.done => Outcome::StillRunning,
            "SucceededPartial" => Outcome::SucceededPartial,
            "Canceled" => Outcome::Canceled,
            _ if self.success => Outcome::Succeeded,
            _ => Outcome::Failed,
        }
    }

    /// The rows that say what is wrong.
    pub fn problems(&self) -> impl Iterator<Item = &ComponentRow> {
        self.rows.iter().filter(|row| row.problem.is_some() || !row.success)
    }

    /// Reads the answer to a deployment or to a look at one; `None` if it is neither.
    pub(super) fn read(answer: &Value) -> Option<DeployResult> {
        let result = answer.get("deployResult").filter(|value| value.is_object()).unwrap_or(answer);
        let id = text(result, "id").or_else(|| text(answer, "id"))?;
        let status = text(result, "status").unwrap_or_default();
        let done = flag(result, "done").unwrap_or_else(|| is_final(&status));
        let details = result.get("details").unwrap_or(&Value::Null);
        let mut rows = Vec::new();
        for (list, success) in [("componentFailures", false), ("componentSuccesses", true)] {
            rows.extend(list_of(details, list).map(|value| row(value, success)));
        }
        let tests = details.get("runTestResult").unwrap_or(&Value::Null);
        Some(DeployResult {
            id,
            done,
            success: flag(result, "success").unwrap_or(status == "Succeeded"),
            check_only: flag(result, "checkOnly").unwrap_or_default(),
            components: Count {
                done: number(result, "numberComponentsDeployed").unwrap_or_default(),
                total: number(result, "numberComponentsTotal").unwrap_or_default(),
                errors: number(result, "numberComponentErrors").unwrap_or_default(),
            },
            tests: Count {
                done: number(result, "numberTestsCompleted").unwrap_or_default(),
                total: number(result, "numberTestsTotal").unwrap_or_default(),
                errors: number(result, "numberTestErrors").unwrap_or_default(),
            },
            state_detail: text(result, "stateDetail"),
            error_status_code: text(result, "errorStatusCode"),
            error_message: text(result, "errorMessage"),
            canceled_by: text(result, "canceledByName").or_else(|| text(result, "canceledBy")),
            rows,
            test_failures: list_of(tests, "failures").map(test_failure).collect(),
            cancel: Cancel::NotAsked,
            status,
        })
    }
}

/// Only for answers without `done`, which documents show.
fn is_final(status: &str) -> bool {
    matches!(
        status,
        "Succeeded"
            | "SucceededPartial"
            | "Failed"
            | "Canceled"
            | "FinalizingDeployFailed"
            | "FinalizingFailed"
    )
}

fn row(value: &Value, success: bool) -> ComponentRow {
    ComponentRow {
        component_type: text(value, "componentType").unwrap_or_default(),
        full_name: text(value, "fullName").unwrap_or_default(),
        file_name: text(value, "fileName").unwrap_or_default(),
        problem: text(value, "problem"),
        problem_type: text(value, "problemType"),
        line: number(value, "lineNumber"),
        column: number(value, "columnNumber"),
        created: flag(value, "created").unwrap_or_default(),
        changed: flag(value, "changed").unwrap_or_default(),
        deleted: flag(value, "deleted").unwrap_or_default(),
        success: flag(value, "success").unwrap_or(success),
        id: text(value, "id"),
    }
}

fn test_failure(value: &Value) -> TestFailure {
    TestFailure {
        class: text(value, "name").unwrap_or_default(),
        method: text(value, "methodName").unwrap_or_default(),
        message: text(value, "message").unwrap_or_default(),
    }
}

/// A list, which a single row may stand for.
fn list_of<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    let rows: &[Value] = match value.get(key) {
        Some(Value::Array(rows)) => rows,
        Some(row @ Value::Object(_)) => std::slice::from_ref(row),
        _ => &[],
    };
    rows.iter().filter(|row| row.is_object())
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn flag(value: &Value, key: &str) -> Option<bool> {
    match value.get(key)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn number(value: &Value, key: &str) -> Option<u64> {
    match value.get(key)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quoted_values_read_like_plain_ones() {
        let plain = json!({"id": "0AfA1", "deployResult": {"done": true, "status": "Succeeded", "success": true,
            "checkOnly": true, "numberComponentsTotal": 3, "numberComponentsDeployed": 3, "numberComponentErrors": 0,
            "details": {"componentSuccesses": [{"fullName": "A", "changed": true, "lineNumber": 7}]}}});
        let quoted = json!({"id": "0AfA1", "deployResult": {"status": "Succeeded", "success": "true",
            "checkOnly": "true", "numberComponentsTotal": "3", "numberComponentsDeployed": "3",
            "numberComponentErrors": "0",
            "details": {"componentSuccesses": {"fullName": "A", "changed": "true", "lineNumber": "7"}}}});
        let result = DeployResult::read(&plain).unwrap();
        assert_eq!(result, DeployResult::read(&quoted).unwrap());
        assert_eq!(result.outcome(), Outcome::Succeeded);
        assert_eq!(result.components, Count { done: 3, total: 3, errors: 0 });
        assert_eq!(result.rows[0].line, Some(7));
        assert!(result.rows[0].success && result.rows[0].changed);
    }

    #[test]
    fn done_decides_and_not_the_status() {
        let outcome = |done: Value, status: &str, success: bool| {
            let answer =
                json!({"deployResult": {"id": "0AfA1", "done": done, "status": status, "success": success}});
            DeployResult::read(&answer).unwrap().outcome()
        };
        assert_eq!(outcome(json!(false), "FinalizingDeploy", false), Outcome::StillRunning);
        assert_eq!(outcome(json!(false), "Finalizing", false), Outcome::StillRunning);
        assert_eq!(outcome(json!(false), "Canceling", false), Outcome::StillRunning);
        assert_eq!(outcome(json!(true), "SomethingNew", true), Outcome::Succeeded);
        assert_eq!(outcome(json!(true), "FinalizingFailed", false), Outcome::Failed);
        assert_eq!(outcome(json!(null), "Failed", false), Outcome::Failed);
        assert_eq!(outcome(json!(null), "InProgress", false), Outcome::StillRunning);
        assert_eq!(outcome(json!(true), "Canceled", false), Outcome::Canceled);
        assert_eq!(outcome(json!(true), "SucceededPartial", true), Outcome::SucceededPartial);
    }

    #[test]
    fn an_answer_without_an_id_is_none() {
        assert_eq!(DeployResult::read(&json!({"deployResult": {"status": "Pending"}})), None);
        assert_eq!(DeployResult::read(&json!(["0AfA1"])), None);
    }
}
