//! Distributes changes over as few passes as possible.

use std::collections::{BTreeMap, BTreeSet};

use super::values::{placeholder, predicted};
use super::{Action, Change, Deferral, Pass, Send};
use crate::component::{ComponentId, FieldPath, Generate, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::reference::{Observed, Reference};
use crate::resolve::{Component, Desired, Leaf, Wanted};
use crate::secret::SecretSource;

/// The fields of a component that would be deferred, `created` being what earlier passes made.
pub(super) fn deferrals(
    component: &Component,
    desired: &Desired,
    observed: &Observed,
    created: &BTreeSet<ComponentId>,
) -> Vec<Deferral> {
    let mut found = Vec::new();
    component.each_value(&mut |path, _, value| {
        let Tree::Leaf(Leaf { wanted: Wanted::Formula(formula), .. }) = value else { return };
        let waits_for: Vec<Reference> = formula
            .references()
            .filter(|reference| !is_known(reference, observed, created))
            .cloned()
            .collect();
        if !waits_for.is_empty() {
            let predicted = desired.predict_callback
                && waits_for.iter().all(|reference| predicted(reference, observed).is_some());
            found.push(Deferral { field: path.clone(), waits_for, predicted });
        }
    });
    found
}

fn is_known(reference: &Reference, observed: &Observed, created: &BTreeSet<ComponentId>) -> bool {
    observed.value(reference).is_some()
        || matches!(reference, Reference::Attribute { of, .. } if created.contains(of))
}

/// Distributes the changes over as few passes as possible.
pub(super) fn passes(
    desired: &Desired,
    observed: &Observed,
    changes: &[Change],
    findings: &mut Diagnostics,
) -> Vec<Pass> {
    let mut waiting: BTreeSet<&ComponentId> =
        changes.iter().filter(|change| change.action != Action::Keep).map(|change| &change.id).collect();
    let mut again: BTreeMap<&ComponentId, Vec<Deferral>> = BTreeMap::new();
    let mut created: BTreeSet<ComponentId> = BTreeSet::new();
    let mut passes: Vec<Pass> = Vec::new();
    while !waiting.is_empty() || !again.is_empty() {
        let mut sends: BTreeMap<&ComponentId, Send> = BTreeMap::new();
        for id in &waiting {
            let component = &desired.components[*id];
            let deferred = deferrals(component, desired, observed, &created);
            let exists = observed.has(id);
            let can_stand_in = deferred
                .iter()
                .flat_map(|deferral| &deferral.waits_for)
                .all(|reference| placeholder(reference).is_some());
            if deferred.is_empty() || (!exists && can_stand_in) {
                let omitted = omitted(component, observed, exists);
                sends.insert(id, Send { id: (*id).clone(), deferred, omitted, only_if_mispredicted: false });
            }
        }
        // What a component names must be there, or come in the same package.
        loop {
            let there = |id: &ComponentId| observed.has(id) || created.contains(id);
            let blocked: Vec<&ComponentId> = sends
                .keys()
                .filter(|id| {
                    let named = desired.components[**id].named();
                    named.iter().any(|named| !there(named) && !sends.contains_key(named))
                })
                .copied()
                .collect();
            if blocked.is_empty() {
                break;
            }
            blocked.iter().for_each(|id| {
                sends.remove(*id);
            });
        }
        for (id, deferred) in &again {
            let all_known = deferred
                .iter()
                .flat_map(|deferral| &deferral.waits_for)
                .all(|reference| is_known(reference, observed, &created));
            if all_known {
                let component = &desired.components[*id];
                let only_if_mispredicted = deferred.iter().all(|deferral| deferral.predicted);
                let omitted = omitted(component, observed, true);
                sends.insert(
                    id,
                    Send { id: (*id).clone(), deferred: Vec::new(), omitted, only_if_mispredicted },
                );
            }
        }
        if sends.is_empty() {
            report_stuck(desired, &waiting, findings);
            return Vec::new();
        }
        for (id, send) in &sends {
            waiting.remove(*id);
            again.remove(*id);
            created.insert((*id).clone());
            if !send.deferred.is_empty() {
                again.insert(id, send.deferred.clone());
            }
        }
        passes.push(Pass { number: passes.len() + 1, sends: sends.into_values().collect() });
    }
    passes
}

fn report_stuck(desired: &Desired, waiting: &BTreeSet<&ComponentId>, findings: &mut Diagnostics) {
    let names: Vec<String> = waiting.iter().map(|id| format!("`{id}`")).collect();
    let mut diagnostic = Diagnostic::error(
        Code::UnsendableCycle,
        format!("nothing can be sent first: {} wait for each other", names.join(", ")),
    )
    .help(
        "let one of them be created with a value of its own, for example consumer-key = { generate = true }",
    );
    for id in waiting {
        diagnostic = diagnostic.label(desired.components[*id].at, "waits");
    }
    findings.push(diagnostic);
}

/// Fields that must not be sent with a component.
fn omitted(component: &Component, observed: &Observed, exists: bool) -> BTreeSet<FieldPath> {
    let mut omitted = BTreeSet::new();
    component.each_value(&mut |path, field, value| {
        let unknown = matches!(
            value,
            Tree::Leaf(Leaf { wanted: Wanted::Secret(SecretSource::Generated(generated)), .. })
                if observed.has(&generated.owner) && generated.shape == Generate::ConsumerSecret
        );
        if unknown || (exists && field.create_only) {
            omitted.insert(path.clone());
        }
    });
    omitted
}
