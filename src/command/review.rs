//! Both sides of a review: a project on disk or at a revision, read once for each of its environments.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli;
use crate::command::Failure;
use crate::command::diff::Found;
use crate::command::load::{self, Loaded, Purpose};
use crate::component::{ComponentId, NEWEST_API_VERSION};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::diff::Set;
use crate::render::Templates;
use crate::report::Terminal;
use crate::resolve::Desired;
use crate::review::{Environment, Finding, Side, View};

/// A side, and the templates that it brings.
pub struct Read {
    pub side: Side,
    pub templates: Option<Templates>,
}

/// Reads a project as far as it can be understood; what keeps it from that is also told at once.
pub fn read(found: &Found, variables: &[(String, String)], terminal: &Terminal) -> Result<Read, Failure> {
    let (name, paths, from) = match found {
        Found::Project { name, paths, from, .. } => (name, paths, from),
        Found::Files { name, .. } | Found::Org(name) | Found::Nothing(name) => {
            let desired = Desired::empty(NEWEST_API_VERSION);
            let view = View { desired, problems: Vec::new(), findings: Vec::new() };
            let side = Side { name: name.clone(), views: BTreeMap::from([(None, view)]) };
            return Ok(Read { side, templates: None });
        }
    };
    let load = |environment: Environment| {
        let choice = cli::Choice { env: environment, var: variables.to_vec(), target: Vec::new() };
        let project = cli::Project { paths: paths.clone(), choice };
        load::check(&project, from, Purpose::Reviewing).map(|(loaded, _)| loaded)
    };
    let base = load(None)?;
    let names: BTreeSet<String> = base.environments.clone();
    let mut told = false;
    let mut tell = |loaded: &Loaded| {
        if !loaded.is_understood && !told {
            told = true;
            let mut errors = loaded.diagnostics.clone();
            errors.retain(|found| is_problem(found));
            terminal.diagnostics(&loaded.sources, &errors);
        }
    };
    let mut views = BTreeMap::new();
    for name in names {
        let loaded = load(Some(name.clone()))?;
        tell(&loaded);
        views.insert(Some(name), view(loaded).0);
    }
    if views.is_empty() {
        tell(&base);
    }
    let (base, templates) = view(base);
    views.insert(None, base);
    Ok(Read { side: Side { name: name.clone(), views }, templates: Some(templates) })
}

fn view(loaded: Loaded) -> (View, Templates) {
    let Loaded { sources, diagnostics, desired, is_understood, templates, .. } = loaded;
    let found = diagnostics.sorted();
    let told = |some: &dyn Fn(&Diagnostic) -> bool| {
        found.iter().filter(|one| some(one)).map(|one| Finding::of(one, &sources)).collect()
    };
    let view = match is_understood {
        true => View { problems: Vec::new(), findings: told(&|_| true), desired },
        false => View { problems: told(&is_problem), findings: told(&|one| !is_problem(one)), desired },
    };
    (view, templates)
}

fn is_problem(found: &Diagnostic) -> bool {
    found.severity == Severity::Error
        && !Code::FOR_THE_ORG.contains(&found.code)
        && !Code::POLICIES.contains(&found.code)
}

/// Every component that any view has.
pub fn known(sides: [&Side; 2]) -> BTreeSet<&ComponentId> {
    sides
        .into_iter()
        .flat_map(|side| side.views.values())
        .flat_map(|view| view.desired.components.keys())
        .collect()
}

/// Both sides without an environment, if both sides can be understood without one.
pub fn base(before: &Side, after: &Side, targets: &[ComponentId]) -> Option<[Set; 2]> {
    let only = |side: &Side| {
        let view = side.views.get(&None).filter(|view| view.is_understood())?;
        let mut set = Set::of_manifest(side.name.as_str(), &view.desired, None);
        set.components.retain(|id, _| targets.is_empty() || targets.contains(id));
        Some(set)
    };
    Some([only(before)?, only(after)?])
}
