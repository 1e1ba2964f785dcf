//! Lint findings as SARIF 2.1.0, for code scanning.

use serde_json::{Value, json};

use crate::diagnostic::{Code, Diagnostics, Severity, Sources};

pub fn log(sources: &Sources, diagnostics: &Diagnostics) -> Value {
    let found = diagnostics.sorted();
    let mut codes: Vec<Code> = found.iter().map(|diagnostic| diagnostic.code).collect();
    codes.sort_by_key(|code| code.as_str());
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code.as_str() })).collect();
    let results: Vec<Value> = found
        .iter()
        .map(|diagnostic| {
            let level = match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let locations: Vec<Value> = diagnostic
                .labels
                .iter()
                .take(1)
                .map(|(at, _)| {
                    let place = sources.position(*at);
                    json!({ "physicalLocation": {
                        "artifactLocation": { "uri": place.path.replace('\\', "/") },
                        "region": { "startLine": place.line, "startColumn": place.column },
                    } })
                })
                .collect();
            let text = match &diagnostic.help {
                Some(help) => format!("{}\n{help}", diagnostic.message),
                None => diagnostic.message.clone(),
            };
            json!({ "ruleId": diagnostic.code.as_str(), "level": level, "message": { "text": text }, "locations": locations })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "orgwire", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}
