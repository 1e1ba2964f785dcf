//! Results as JSON: versioned, snake_case, with everything the human output has.

use serde_json::{Map, Value, json};

use crate::component::{Scalar, Tree, kebab};
use crate::configuration::Level;
use crate::deploy::{Done, Finished, PassDone};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Sources};
use crate::ledger::ManualStep;
use crate::lint::Waived;
use crate::plan::{Action, Plan, Reason};
use crate::reference::OrgFacts;
use crate::report::values::{Shown, after, before};

/// Raised when a key changes its meaning or goes away; not when one is added.
pub const FORMAT_VERSION: &str = "1";

/// One object, indented, with a line break at the end.
pub fn text(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

pub fn org(name: &str, facts: Option<&OrgFacts>, instance_url: &str, simulated: bool) -> Value {
    json!({
        "name": name,
        "id": facts.map(|facts| facts.id.as_str()),
        "instance_url": facts.map_or(instance_url, |facts| facts.instance_url.as_str()),
        "simulated": simulated,
    })
}

pub fn diagnostics(sources: &Sources, diagnostics: &Diagnostics) -> Value {
    Value::Array(diagnostics.sorted().into_iter().map(|found| diagnostic(sources, found)).collect())
}

/// The same as findings of a project in an environment. Those whose level a project can set have one.
pub fn findings(sources: &Sources, diagnostics: &Diagnostics, environment: Option<&str>) -> Value {
    diagnostics.sorted().into_iter().map(|found| finding(sources, found, environment)).collect()
}

/// Findings that somebody has answered for.
pub fn waived(sources: &Sources, waived: &[Waived], environment: Option<&str>) -> Value {
    let one = |one: &Waived| {
        let mut told = finding(sources, &one.finding, environment);
        told["reason"] = json!(one.reason);
        told["expires"] = json!(one.expires.to_string());
        told
    };
    waived.iter().map(one).collect()
}

fn finding(sources: &Sources, found: &Diagnostic, environment: Option<&str>) -> Value {
    let level = Code::POLICIES.contains(&found.code).then_some(match found.severity {
        Severity::Error => Level::Deny,
        Severity::Warning => Level::Warn,
    });
    let mut told = diagnostic(sources, found);
    told["level"] = json!(level.map(Level::as_str));
    told["component"] = json!(found.about.as_ref().map(ToString::to_string));
    told["environment"] = json!(environment);
    told
}

fn diagnostic(sources: &Sources, diagnostic: &Diagnostic) -> Value {
    let labels: Vec<Value> = diagnostic
        .labels
        .iter()
        .map(|(at, text)| {
            let place = sources.position(*at);
            json!({ "file": place.path, "line": place.line, "column": place.column, "text": text })
        })
        .collect();
    let mut told = json!({
        "code": diagnostic.code.as_str(),
        "severity": diagnostic.severity.as_str(),
        "message": diagnostic.message,
        "labels": labels,
        "help": diagnostic.help,
        "cause": diagnostic.cause,
    });
    if let Some(code) = diagnostic.org_code {
        told["org_code"] = json!(code);
    }
    told
}

/// The body of a failure: what went wrong, by the code that `explain` knows.
pub fn error(code: &str, message: &str, causes: &[String], help: Option<&str>, exit_code: u8) -> Value {
    json!({ "code": code, "message": message, "causes": causes, "help": help, "exit_code": exit_code })
}

fn tree(tree: &Tree<Scalar>) -> Value {
    match tree {
        Tree::Leaf(Scalar::Text(text)) => json!(text),
        Tree::Leaf(Scalar::Flag(flag)) => json!(flag),
        Tree::Leaf(Scalar::Number(number)) => json!(number),
        Tree::Leaf(Scalar::Nil) => Value::Null,
        Tree::List(items) => Value::Array(items.iter().map(self::tree).collect()),
        Tree::Group(fields) => {
            Value::Object(fields.iter().map(|(name, field)| (kebab(name), self::tree(field))).collect())
        }
    }
}

/// A value, or `{"state": "(secret)"}` where there is none to show.
pub(super) fn shown(shown: &Shown) -> Value {
    match shown {
        Shown::Absent => Value::Null,
        Shown::Value(value) => tree(value),
        Shown::State(state) => json!({ "state": state }),
    }
}

pub fn plan(plan: &Plan) -> Map<String, Value> {
    let changes: Vec<Value> = plan
        .changes
        .iter()
        .map(|change| {
            let fields: Vec<Value> = change
                .fields
                .iter()
                .zip(&change.reasons)
                .map(|(field, reason)| {
                    json!({
                        "field": field.path.to_string(),
                        "before": shown(&before(change, field)),
                        "after": shown(&after(change, field)),
                        "reason": reason.as_str(),
                    })
                })
                .collect();
            json!({
                "component": change.id.to_string(),
                "action": action(change.action),
                "passes": change.passes,
                "fields": fields,
                "consequences": change.consequences,
            })
        })
        .collect();
    let passes: Vec<Value> = plan
        .passes
        .iter()
        .map(|pass| {
            let sends: Vec<Value> = pass
                .sends
                .iter()
                .map(|send| {
                    let deferred: Vec<Value> = send
                        .deferred
                        .iter()
                        .map(|deferral| {
                            let waits: Vec<String> = deferral.waits_for.iter().map(ToString::to_string).collect();
                            json!({ "field": deferral.field.to_string(), "waits_for": waits, "predicted": deferral.predicted })
                        })
                        .collect();
                    json!({
                        "component": send.id.to_string(),
                        "deferred": deferred,
                        "only_if_mispredicted": send.only_if_mispredicted,
                    })
                })
                .collect();
            let removes: Vec<String> = pass.removes.iter().map(ToString::to_string).collect();
            json!({ "number": pass.number, "packages": pass.packages, "sends": sends, "removes": removes })
        })
        .collect();
    let summary = json!({
        "create": plan.count(Action::Create),
        "update": plan.count(Action::Update),
        "delete": plan.count(Action::Delete),
        "keep": plan.count(Action::Keep),
    });
    let drift: Vec<String> = plan
        .changes
        .iter()
        .filter(|change| change.reasons.contains(&Reason::Drifted))
        .map(|change| change.id.to_string())
        .collect();
    Map::from_iter([
        ("changes".to_owned(), Value::Array(changes)),
        ("drift".to_owned(), json!(drift)),
        ("passes".to_owned(), Value::Array(passes)),
        ("summary".to_owned(), summary),
        ("applyable".to_owned(), json!(plan.is_applyable())),
    ])
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Keep => "keep",
        Action::Delete => "delete",
        Action::Cannot => "cannot",
    }
}

/// Passes, wiring and manual steps of a deployment, finished or not.
pub fn done(done: &Done, steps: &[ManualStep]) -> Map<String, Value> {
    let wired: Vec<Value> = done
        .wired
        .iter()
        .map(|wired| {
            json!({ "component": wired.component.to_string(), "field": wired.field.to_string(), "value": wired.value })
        })
        .collect();
    Map::from_iter([
        ("passes".to_owned(), Value::Array(done.passes.iter().map(pass).collect())),
        ("wired".to_owned(), Value::Array(wired)),
        ("manual_steps".to_owned(), manual_steps(steps)),
    ])
}

pub fn manual_steps(steps: &[ManualStep]) -> Value {
    let one = |step: &ManualStep| {
        json!({
            "id": step.id,
            "component": step.component.to_string(),
            "what": step.what,
            "who": step.who,
            "url": step.url,
        })
    };
    steps.iter().map(one).collect()
}

/// What an earlier run had left in flight.
pub fn finished(finished: &[Finished]) -> Value {
    let one = |one: &Finished| {
        json!({
            "number": one.pass,
            "deploy_id": one.result.as_ref().map(|result| &result.id),
            "status": one.result.as_ref().map(|result| &result.status),
            "components": one.components.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    finished.iter().map(one).collect()
}

fn pass(pass: &PassDone) -> Value {
    let components: Vec<String> = pass.components.iter().map(ToString::to_string).collect();
    let mut told = json!({
        "number": pass.number,
        "deploy_id": pass.deploy_id,
        "status": pass.status,
        "components": components,
    });
    if pass.packages > 1 {
        told["package"] = json!(pass.package);
    }
    if !pass.remarks.is_empty() {
        told["remarks"] = json!(pass.remarks);
    }
    told
}
