//! Findings for the systems that show them beside the lines of a pull request.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::diagnostic::Severity;
use crate::fingerprint;
use crate::report::values::visible;
use crate::review::{Finding, Place};

/// Where a finding without a place is shown: both systems want a file.
const NOWHERE: &str = "orgwire.toml";

/// Workflow commands of GitHub Actions, a line each.
pub fn github<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let mut text = String::new();
    for finding in findings {
        let _ = write!(text, "::{} ", finding.severity.as_str());
        if let Some(Place { path, line, column }) = &finding.place {
            let _ = write!(text, "file={},line={line},col={column},", property(&slashed(path)));
        }
        let title = property(&format!("orgwire: {}", finding.code));
        let _ = writeln!(text, "title={title}::{}", data(&message(finding)));
    }
    text
}

fn message(finding: &Finding) -> String {
    match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    }
}

/// What stands behind `::`. Another control character than a line break is spelled out.
fn data(text: &str) -> String {
    visible(&text.replace('\r', "")).replace('%', "%25").replace('\n', "%0A")
}

/// A property, which also ends at a comma or a colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn slashed(path: &str) -> String {
    path.strip_prefix("./").unwrap_or(path).replace('\\', "/")
}

/// A Code Quality report of GitLab.
pub fn gitlab<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Value {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let one = |finding: &Finding| {
        let (path, line) = match &finding.place {
            Some(place) => (slashed(&place.path), place.line),
            None => (NOWHERE.to_owned(), 1),
        };
        // The line is left out: what moves is no other finding. The second of the same kind has another number.
        let identity = format!("{}\n{path}\n{}", finding.code, finding.message);
        let count = seen.entry(identity.clone()).or_default();
        *count += 1;
        json!({
            "description": message(finding),
            "check_name": finding.code.as_str(),
            "fingerprint": fingerprint::of_text(&format!("{identity}\n{count}")),
            "severity": match finding.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
            },
            "location": { "path": path, "lines": { "begin": line } },
        })
    };
    findings.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    fn finding(path: &str, message: &str) -> Finding {
        Finding {
            place: Some(Place { path: path.to_owned(), line: 7, column: 3 }),
            severity: Severity::Warning,
            code: Code::NoScopes,
            message: message.to_owned(),
            help: None,
        }
    }

    #[test]
    fn a_workflow_command_cannot_be_ended_from_within() {
        let mut evil = finding("a,b:c%.toml", "x::y\n::error::z%0A\r\u{1b}");
        evil.help = Some("do".to_owned());
        assert_eq!(
            github([&evil]),
            "::warning file=a%2Cb%3Ac%25.toml,line=7,col=3,title=orgwire%3A no-scopes::x::y%0A::error::z%250A\\u{1b}%0A\
             help: do\n"
        );
        evil.place = None;
        assert!(github([&evil]).starts_with("::warning title=orgwire%3A no-scopes::x::y%0A"));
    }

    #[test]
    fn equal_findings_have_fingerprints_of_their_own_that_do_not_move() {
        let (one, mut other) = (finding("./a.toml", "x"), finding("./a.toml", "x"));
        let report = gitlab([&one, &one]);
        assert_eq!(report[0]["location"], json!({ "path": "a.toml", "lines": { "begin": 7 } }));
        assert_ne!(report[0]["fingerprint"], report[1]["fingerprint"]);
        other.place = Some(Place { path: "a.toml".to_owned(), line: 9, column: 1 });
        assert_eq!(gitlab([&other])[0]["fingerprint"], report[0]["fingerprint"]);
        other.place = None;
        assert_eq!(gitlab([&other])[0]["location"]["path"], NOWHERE);
    }
}
