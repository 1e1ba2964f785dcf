//! A review as JSON: what `diff` tells of two sides, and for each environment, with findings, wiring and passes.

use serde_json::{Map, Value, json};

use super::Told;
use crate::report::diff::json_changes;
use crate::report::json::FORMAT_VERSION;
use crate::report::picture;
use crate::review::{Finding, FirstDeploy, FirstPass};

/// `base` are the differences without an environment, if both sides could be understood without one.
pub fn json(told: &Told<'_>, base: Option<Map<String, Value>>, with_xml: bool) -> Value {
    let review = told.review;
    let mut body = Map::from_iter([
        ("format_version".to_owned(), json!(FORMAT_VERSION)),
        ("before".to_owned(), json!(review.before)),
        ("after".to_owned(), json!(review.after)),
    ]);
    let nothing = || ["equal", "changes", "summary"].map(|key| (key.to_owned(), Value::Null));
    body.extend(base.unwrap_or_else(|| Map::from_iter(nothing())));
    if review.has_changes() {
        body.insert("equal".to_owned(), json!(false));
    }
    body.insert("environments".to_owned(), environments(told, with_xml));
    body.insert("gone_environments".to_owned(), json!(review.gone));
    let problems = review.problems.iter().map(|problem| {
        let mut told = finding(&problem.finding);
        told["side"] = json!(problem.side);
        told["environments"] = json!(problem.environments);
        told
    });
    body.insert("problems".to_owned(), problems.collect());
    let findings = review.findings.iter().map(|found| {
        let mut told = finding(&found.finding);
        told["new"] = json!(found.is_new);
        told["environments"] = json!(found.environments);
        told
    });
    body.insert("findings".to_owned(), findings.collect());
    body.insert("wiring".to_owned(), picture::json(&told.wiring));
    body.insert("first_deploy".to_owned(), review.first_deploy.iter().map(first_deploy).collect());
    Value::Object(body)
}

fn environments(told: &Told<'_>, with_xml: bool) -> Value {
    let one = |(compared, xml): (&crate::review::Compared, &Vec<String>)| {
        let mut body = Map::from_iter([
            ("name".to_owned(), json!(compared.name)),
            ("new".to_owned(), json!(compared.is_new)),
        ]);
        if let Some(changes) = &compared.changes {
            body.extend(json_changes(changes, if with_xml { xml } else { &[] }));
        }
        Value::Object(body)
    };
    told.review.environments.iter().zip(&told.xml).map(one).collect()
}

fn finding(finding: &Finding) -> Value {
    let place = finding.place.as_ref();
    json!({
        "code": finding.code.as_str(),
        "severity": finding.severity.as_str(),
        "message": finding.message,
        "help": finding.help,
        "file": place.map(|place| &place.path),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
    })
}

fn first_deploy(first: &FirstDeploy) -> Value {
    json!({
        "environments": first.environments,
        "passes": first.passes.iter().map(pass).collect::<Vec<_>>(),
        "needs": first.needs,
        "obstacles": first.obstacles,
    })
}

fn pass(pass: &FirstPass) -> Value {
    let sends: Vec<Value> = pass
        .sends
        .iter()
        .map(|send| {
            let waiting: Vec<Value> = send
                .waiting
                .iter()
                .map(|one| json!({ "field": one.field, "waits_for": one.until, "predicted": one.predicted }))
                .collect();
            json!({
                "component": send.component,
                "deferred": waiting,
                "only_if_mispredicted": send.only_if_mispredicted,
            })
        })
        .collect();
    json!({ "number": pass.number, "sends": sends })
}
