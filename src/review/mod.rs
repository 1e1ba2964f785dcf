//! Two states of a project -> [`Review`]: what a pull request changes, for every environment. Asks no org, and goes as
//! far as each side can be understood.

mod finding;
mod first_deploy;

use std::collections::{BTreeMap, BTreeSet};

use crate::component::ComponentId;
use crate::diff::{self, ComponentChange, Set};
use crate::resolve::Desired;
use crate::wiring::{Wiring, wiring};

pub use finding::{Finding, Found, Place};
pub use first_deploy::{FirstDeploy, FirstPass, FirstSend, Waiting};

/// The name of an environment; a project without any is looked at once, without a name.
pub type Environment = Option<String>;

/// One state of a project.
#[derive(Debug)]
pub struct Side {
    /// For people: `git:origin/main`, `the project`.
    pub name: String,
    /// Where there was nothing yet, there is one view, of nothing.
    pub views: BTreeMap<Environment, View>,
}

/// A project as it is for one environment.
#[derive(Debug)]
pub struct View {
    pub desired: Desired,
    /// What keeps it from being understood; then `desired` is only a part of it.
    pub problems: Vec<Finding>,
    /// What rules and policies say.
    pub findings: Vec<Finding>,
}

/// What a pull request changes.
#[derive(Debug)]
pub struct Review {
    pub before: String,
    pub after: String,
    /// By name.
    pub environments: Vec<Compared>,
    /// Environments that only the first side has.
    pub gone: Vec<String>,
    pub problems: Vec<Problem>,
    /// Of the second side, those that are new first.
    pub findings: Vec<Found>,
    /// Of all environments together; none of a side that was not understood.
    pub wiring_before: Option<Wiring>,
    pub wiring_after: Wiring,
    pub first_deploy: Vec<FirstDeploy>,
}

/// One environment on both sides.
#[derive(Debug)]
pub struct Compared {
    pub name: Environment,
    /// The first side does not have it, and is compared without an environment.
    pub is_new: bool,
    /// Nothing where a side was not understood.
    pub changes: Option<Vec<ComponentChange>>,
}

/// Something that keeps a side from being understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub side: String,
    pub finding: Finding,
    pub environments: Vec<Environment>,
}

impl Side {
    /// The names of its environments, or none where it has none.
    fn environments(&self) -> BTreeSet<Environment> {
        let named: BTreeSet<Environment> = self.views.keys().filter(|name| name.is_some()).cloned().collect();
        if named.is_empty() { BTreeSet::from([None]) } else { named }
    }

    fn view(&self, environment: &Environment) -> Option<&View> {
        self.views.get(environment)
    }

    /// Views to be looked at: of each environment, or the one without.
    fn shown(&self) -> impl Iterator<Item = (&Environment, &View)> {
        let named = self.views.keys().any(Option::is_some);
        self.views.iter().filter(move |(name, _)| name.is_some() == named)
    }

    fn is_understood(&self) -> bool {
        self.shown().all(|(_, view)| view.is_understood())
    }

    /// What flows in any environment.
    fn wiring(&self) -> Option<Wiring> {
        let views: Vec<Wiring> = self
            .shown()
            .filter(|(_, view)| view.is_understood())
            .map(|(_, view)| wiring(&view.desired))
            .collect();
        if views.is_empty() {
            return None;
        }
        let mut nodes = BTreeMap::new();
        let mut edges = BTreeMap::new();
        for view in views {
            for node in view.nodes {
                *nodes.entry(node.id).or_insert(false) |= node.declared;
            }
            for edge in view.edges {
                *edges.entry((edge.from, edge.to, edge.field, edge.carries)).or_insert(false) |=
                    edge.deferred;
            }
        }
        let node = |(id, declared)| crate::wiring::Node { id, declared };
        let edge = |((from, to, field, carries), deferred)| crate::wiring::Edge {
            from,
            to,
            field,
            carries,
            deferred,
        };
        Some(Wiring {
            nodes: nodes.into_iter().map(node).collect(),
            edges: edges.into_iter().map(edge).collect(),
        })
    }
}

impl View {
    pub fn is_understood(&self) -> bool {
        self.problems.is_empty()
    }
}

impl Review {
    /// Whether both sides were understood.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }

    /// Whether anything differs that was understood.
    pub fn has_changes(&self) -> bool {
        let differs = |one: &Compared| one.changes.as_ref().is_some_and(|changes| !changes.is_empty());
        !self.gone.is_empty() || self.environments.iter().any(|one| one.is_new || differs(one))
    }

    /// Components that differ in some environment.
    pub fn changed(&self) -> BTreeSet<ComponentId> {
        let changes = self.environments.iter().filter_map(|one| one.changes.as_ref()).flatten();
        changes.map(|change| change.id.clone()).collect()
    }
}

/// Compares two states. `targets` are the components to look at: all if there are none.
pub fn review(before: &Side, after: &Side, targets: &[ComponentId]) -> Review {
    let (old, new) = (before.environments(), after.environments());
    let gone = old.difference(&new).flatten().cloned().collect();
    let environments = new.iter().map(|name| compared(before, after, name, targets)).collect();
    let mut problems = problems(before);
    problems.extend(self::problems(after));
    let wiring_after = after.wiring().unwrap_or_default();
    Review {
        before: before.name.clone(),
        after: after.name.clone(),
        environments,
        gone,
        problems,
        findings: finding::of(before, after),
        wiring_before: before.wiring().filter(|_| before.is_understood() && after.is_understood()),
        wiring_after,
        first_deploy: first_deploy::of(after),
    }
}

fn compared(before: &Side, after: &Side, name: &Environment, targets: &[ComponentId]) -> Compared {
    let old = before.view(name);
    let is_new = old.is_none() && before.views.values().any(|view| !view.desired.components.is_empty());
    let changes = match (old.or_else(|| before.view(&None)), after.view(name)) {
        (Some(old), Some(new)) if old.is_understood() && new.is_understood() => {
            let mut sets = [(before, old), (after, new)]
                .map(|(side, view)| Set::of_manifest(side.name.as_str(), &view.desired, None));
            if !targets.is_empty() {
                sets.iter_mut().for_each(|set| set.components.retain(|id, _| targets.contains(id)));
            }
            Some(diff::changes(&sets[0], &sets[1]))
        }
        _ => None,
    };
    Compared { name: name.clone(), is_new, changes }
}

/// Each once, with the environments it was found in.
fn problems(side: &Side) -> Vec<Problem> {
    let mut found: BTreeMap<&Finding, BTreeSet<Environment>> = BTreeMap::new();
    for (name, view) in side.shown() {
        for problem in &view.problems {
            found.entry(problem).or_default().insert(name.clone());
        }
    }
    let problem = |(finding, environments): (&Finding, BTreeSet<Environment>)| Problem {
        side: side.name.clone(),
        finding: finding.clone(),
        environments: environments.into_iter().collect(),
    };
    found.into_iter().map(problem).collect()
}

#[cfg(test)]
mod tests;
