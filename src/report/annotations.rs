//! Lint findings at their lines: as GitHub Actions reads them from a job's log, and as GitLab's code quality report.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::fingerprint;

/// What a finding says where it stands.
fn text(found: &Diagnostic) -> String {
    match &found.help {
        Some(help) => format!("{}\n{help}", found.message),
        None => found.message.clone(),
    }
}

/// A workflow command a line: `::error file=...,line=7,col=3,title=unset-variable::...`.
pub fn github(sources: &Sources, diagnostics: &Diagnostics) -> String {
    let mut told = String::new();
    for found in diagnostics.sorted() {
        let command = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = found.labels.first().map_or_else(String::new, |(at, _)| {
            let place = sources.position(*at);
            format!("file={},line={},col={},", property(place.path), place.line, place.column)
        });
        let _ = writeln!(told, "::{command} {place}title={}::{}", found.code, data(&text(found)));
    }
    told
}

/// A line break would end the command, and what follows could be another one.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&text.replace('\\', "/")).replace(':', "%3A").replace(',', "%2C")
}

/// The list that GitLab calls a code quality report. Every entry has to have a place.
pub fn gitlab(sources: &Sources, diagnostics: &Diagnostics) -> Value {
    let entry = |found: &Diagnostic| {
        let place = found.labels.first().map(|(at, _)| sources.position(*at));
        let path = place.map_or("orgwire.toml", |place| place.path).replace('\\', "/");
        let line = place.map_or(1, |place| place.line);
        // Without the line, so that a finding stays the same one when lines are added above it.
        let identity = format!("{}\n{path}\n{}", found.code, found.message);
        json!({
            "check_name": found.code.as_str(),
            "description": text(found),
            "severity": match found.severity { Severity::Error => "major", Severity::Warning => "minor" },
            "fingerprint": fingerprint::of_text(&identity),
            "location": { "path": path, "lines": { "begin": line } },
        })
    };
    diagnostics.sorted().into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Span};

    fn findings() -> (Sources, Diagnostics) {
        let mut sources = Sources::default();
        let id = sources.add("manifests/a,b.toml", "x = 1\ny = 2\n");
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(
            Diagnostic::error(Code::WrongType, "100% wrong\n::error::forged")
                .label(Span::new(id, 6..7), "here")
                .help("mend it"),
        );
        diagnostics.push(Diagnostic::warning(Code::NoScopes, "no scopes"));
        (sources, diagnostics)
    }

    #[test]
    fn github_gets_one_line_for_each_finding_whatever_is_in_it() {
        let (sources, diagnostics) = findings();
        let mut lines: Vec<String> = github(&sources, &diagnostics).lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(
            lines,
            [
                "::error file=manifests/a%2Cb.toml,line=2,col=1,title=wrong-type::100%25 wrong%0A::error::forged%0Amend it",
                "::warning title=no-scopes::no scopes",
            ]
        );
    }

    #[test]
    fn gitlab_gets_a_place_and_an_identity_for_each_finding() {
        let (sources, diagnostics) = findings();
        let told = gitlab(&sources, &diagnostics);
        let of = |code: &str| told.as_array().unwrap().iter().find(|one| one["check_name"] == code).unwrap();
        assert_eq!(
            of("wrong-type")["location"],
            json!({ "path": "manifests/a,b.toml", "lines": { "begin": 2 } })
        );
        assert_eq!(of("wrong-type")["severity"], json!("major"));
        assert_eq!(of("no-scopes")["location"]["path"], json!("orgwire.toml"));
        assert_ne!(of("no-scopes")["fingerprint"], of("wrong-type")["fingerprint"]);
    }
}
