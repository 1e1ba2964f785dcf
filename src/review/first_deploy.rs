//! The passes that a deployment to an org without any of the project's components would take.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::component::{ComponentId, Fields};
use crate::plan::{self, Pass};
use crate::reference::{Existing, Observed, OrgFacts, Reference};
use crate::resolve::{Desired, Wanted};

use super::{Environment, Side};

/// Of the environments that agree on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstDeploy {
    pub environments: Vec<Environment>,
    pub passes: Vec<FirstPass>,
    /// Components that fields name and no manifest declares: the org has to have them.
    pub needs: Vec<String>,
    /// Why there are no passes.
    pub obstacles: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstPass {
    pub number: usize,
    pub sends: Vec<FirstSend>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstSend {
    pub component: String,
    pub waiting: Vec<Waiting>,
    pub only_if_mispredicted: bool,
}

/// A field that gets a placeholder, or a predicted value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub field: String,
    pub until: Vec<String>,
    pub predicted: bool,
}

pub(super) fn of(side: &Side) -> Vec<FirstDeploy> {
    let mut found: Vec<FirstDeploy> = Vec::new();
    for (name, view) in side.shown() {
        if !view.is_understood() || view.desired.components.is_empty() {
            continue;
        }
        let mut one = first(&view.desired);
        match found.iter_mut().find(|other| {
            (&other.passes, &other.needs, &other.obstacles) == (&one.passes, &one.needs, &one.obstacles)
        }) {
            Some(other) => other.environments.push(name.clone()),
            None => {
                one.environments.push(name.clone());
                found.push(one);
            }
        }
    }
    found
}

fn first(desired: &Desired) -> FirstDeploy {
    let named = desired.components.values().flat_map(|component| component.named());
    let needs: BTreeSet<ComponentId> = named.filter(|id| !desired.components.contains_key(id)).collect();
    // What any org tells is no reason to wait.
    let org = OrgFacts { id: "(the org)".to_owned(), instance_url: "https://org.invalid".to_owned() };
    let mut observed = Observed { org: Some(org), ..Observed::default() };
    for id in &needs {
        observed.components.insert(id.clone(), Existing { id: None, fields: Fields::new() });
    }
    // Whoever deploys gives the variables that have no value here.
    for component in desired.components.values() {
        component.each_leaf(&mut |leaf| {
            let Wanted::Formula(formula) = &leaf.wanted else { return };
            for reference in formula.references() {
                if let Reference::Unset(name) = reference {
                    observed.values.insert(reference.clone(), name.to_string());
                }
            }
        });
    }
    let plan = plan::plan(desired, &observed);
    let errors = plan.findings.sorted().into_iter();
    let obstacles: BTreeSet<Cow<'_, str>> = errors
        .filter(|found| found.severity == crate::diagnostic::Severity::Error)
        .map(|found| Cow::from(&found.message))
        .collect();
    FirstDeploy {
        environments: Vec::new(),
        passes: plan.passes.iter().map(pass).collect(),
        needs: needs.iter().map(ToString::to_string).collect(),
        obstacles: obstacles.into_iter().map(Cow::into_owned).collect(),
    }
}

fn pass(pass: &Pass) -> FirstPass {
    let send = |send: &plan::Send| FirstSend {
        component: send.id.to_string(),
        waiting: send
            .deferred
            .iter()
            .map(|deferral| Waiting {
                field: deferral.field.to_string(),
                until: deferral.waits_for.iter().map(ToString::to_string).collect(),
                predicted: deferral.predicted,
            })
            .collect(),
        only_if_mispredicted: send.only_if_mispredicted,
    };
    FirstPass { number: pass.number, sends: pass.sends.iter().map(send).collect() }
}
