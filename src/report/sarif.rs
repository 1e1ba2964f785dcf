//! Lint findings as SARIF 2.1.0, for code scanning.
//!
//! A rule carries its whole story, because that is what a reviewer sees beside a finding. A fingerprint is made of
//! what a finding says and of the component it is about, not of where that stands, so that a finding stays the same
//! one when lines move.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Sources};
use crate::explain;
use crate::lint::Waived;

/// Where the sources of the tool are, in a browser; empty as long as they are nowhere.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// What is never an error, besides policies.
const WARNINGS: [Code; 3] = [Code::DoubtfulVersion, Code::DoubtfulValue, Code::UnusedWaiver];

pub fn log(sources: &Sources, diagnostics: &Diagnostics, waived: &[Waived]) -> Value {
    let mut found: Vec<(&Diagnostic, Option<&Waived>)> =
        diagnostics.sorted().into_iter().map(|found| (found, None)).collect();
    found.extend(waived.iter().map(|waived| (&waived.finding, Some(waived))));
    let mut codes: Vec<Code> = found.iter().map(|(finding, _)| finding.code).collect();
    codes.sort_by_key(|code| code.as_str());
    codes.dedup();
    // Equal findings are told apart by their number.
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let results: Vec<Value> = found
        .iter()
        .map(|(finding, waived)| {
            let same = fingerprint(sources, finding);
            let number = seen.entry(same.clone()).and_modify(|number| *number += 1).or_insert(1);
            let index = codes.iter().position(|code| *code == finding.code);
            let mut result = result(sources, finding, index, &format!("{same}:{number}"));
            // An empty list says that nothing is suppressed, and not that nobody knows.
            let suppressions = waived.map(|waived| {
                let justification = format!("{} (until {})", waived.reason, waived.expires);
                json!({ "kind": "external", "status": "accepted", "justification": justification })
            });
            result["suppressions"] = Value::Array(suppressions.into_iter().collect());
            result
        })
        .collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(*code)).collect();
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

fn rule(code: Code) -> Value {
    let name = code.as_str();
    let short = explain::all().find(|(other, _)| *other == name).map_or(name, |(_, sentence)| sentence);
    let story = explain::story(name).unwrap_or(short);
    let page = format!("docs/diagnostics/{name}.md");
    let mut rule = json!({
        "id": name,
        "shortDescription": { "text": short },
        "fullDescription": { "text": second_paragraph(story).unwrap_or_else(|| short.to_owned()) },
        "help": { "text": story, "markdown": story },
        "defaultConfiguration": default_configuration(code),
        "properties": { "documentation": page },
    });
    // The format asks for an absolute address here, and code scanning refuses a log with another.
    if !REPOSITORY.is_empty() {
        rule["helpUri"] = json!(format!("{REPOSITORY}/blob/main/{page}"));
    }
    rule
}

/// The paragraph that explains, behind heading and summary, on one line.
fn second_paragraph(story: &str) -> Option<String> {
    let paragraph = story.split("\n\n").nth(2).filter(|paragraph| !paragraph.starts_with("```"))?;
    let label = paragraph.trim_end().ends_with(':');
    (!label).then(|| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// How a rule counts where nothing is configured.
fn default_configuration(code: Code) -> Value {
    let warns = Code::POLICIES.contains(&code) || WARNINGS.contains(&code);
    json!({ "level": if warns { "warning" } else { "error" } })
}

fn result(sources: &Sources, finding: &Diagnostic, rule_index: Option<usize>, fingerprint: &str) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let locations: Vec<Value> = finding
        .labels
        .iter()
        .take(1)
        .map(|(at, _)| {
            let place = sources.position(*at);
            json!({ "physicalLocation": {
                "artifactLocation": { "uri": uri(place.path) },
                "region": { "startLine": place.line, "startColumn": place.column },
            } })
        })
        .collect();
    let text = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    };
    json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": rule_index,
        "level": level,
        "message": { "text": text },
        "locations": locations,
        "partialFingerprints": { "orgwireFinding/v1": fingerprint },
    })
}

/// A path as a relative reference: with slashes, and whatever may not stand in one as its bytes.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

/// The same for the same finding of the same component, wherever its lines are; of what is about no component, in the
/// same file.
fn fingerprint(sources: &Sources, finding: &Diagnostic) -> String {
    let place = match (&finding.about, finding.labels.first()) {
        (Some(component), _) => component.to_string(),
        (None, Some((at, _))) => sources.get(at.source).path.replace('\\', "/"),
        (None, None) => String::new(),
    };
    let said = format!("{}\0{place}\0{}", finding.code, finding.message);
    let digest = ring::digest::digest(&ring::digest::SHA256, said.as_bytes());
    digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
