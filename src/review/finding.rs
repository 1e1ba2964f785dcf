//! What is wrong with a state of a project, apart from where in a file it stands: what moved is not new.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic, Severity, Sources};

use super::{Environment, Side};

/// A diagnostic with its place in words. The order is that of files and lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub place: Option<Place>,
    pub severity: Severity,
    pub code: Code,
    pub message: String,
    pub help: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// As the user would write it, whatever revision it is of.
    pub path: String,
    pub line: usize,
    pub column: usize,
}

/// A finding of the second side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub finding: Finding,
    pub environments: Vec<Environment>,
    /// The first side does not have it.
    pub is_new: bool,
}

impl Finding {
    pub fn of(diagnostic: &Diagnostic, sources: &Sources) -> Finding {
        let place = diagnostic.labels.first().map(|(at, _)| {
            let position = sources.position(*at);
            Place { path: sources.get(at.source).path.clone(), line: position.line, column: position.column }
        });
        Finding {
            place,
            severity: diagnostic.severity,
            code: diagnostic.code,
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
        }
    }

    /// What makes it the same one at another place of a file.
    fn identity(&self) -> (Code, &str, Option<&str>) {
        (self.code, &self.message, self.place.as_ref().map(|place| place.path.as_str()))
    }
}

/// Those of the second side, each once, new ones first.
pub(super) fn of(before: &Side, after: &Side) -> Vec<Found> {
    let known: BTreeSet<_> =
        before.views.values().flat_map(|view| &view.findings).map(Finding::identity).collect();
    let mut found: BTreeMap<&Finding, BTreeSet<Environment>> = BTreeMap::new();
    for (name, view) in after.shown() {
        for finding in &view.findings {
            found.entry(finding).or_default().insert(name.clone());
        }
    }
    let one = |(finding, environments): (&Finding, BTreeSet<Environment>)| Found {
        finding: finding.clone(),
        environments: environments.into_iter().collect(),
        is_new: !known.contains(&finding.identity()),
    };
    let mut found: Vec<Found> = found.into_iter().map(one).collect();
    found.sort_by_key(|one| !one.is_new);
    found
}
