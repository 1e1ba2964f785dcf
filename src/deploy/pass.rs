//! One pass: what it waits for is read back, what is needed of it is rendered and sent, package by package.

use std::collections::BTreeSet;

use super::{Done, Event, Means, Reason, sending};
use crate::plan::{self, Pass, Plan, Send};
use crate::reference::{Observed, Reference};
use crate::render::{SecretText, render};
use crate::resolve::{Desired, Wanted};
use crate::wire;

pub(super) async fn send(
    desired: &Desired,
    plan: &Plan,
    pass: &Pass,
    of: usize,
    done: &mut Done,
    means: &Means<'_>,
    on_event: &mut (dyn FnMut(Event) + std::marker::Send),
) -> Result<(), Reason> {
    if pass.number > 1 {
        let references = awaited(desired, pass, &done.observed);
        wire::read_back(&references, means.org.reader(), &mut done.observed)
            .await
            .map_err(Reason::ReadBack)?;
        if let Some(untold) =
            references.into_iter().find(|reference| done.observed.value(reference).is_none())
        {
            return Err(Reason::NotTold(untold));
        }
    }
    let needed = Pass {
        number: pass.number,
        sends: pass.sends.iter().filter(|send| is_needed(plan, send, &done.observed)).cloned().collect(),
        removes: pass.removes.clone(),
        packages: pass.packages,
    };
    if needed.sends.is_empty() && needed.removes.is_empty() {
        on_event(Event::PassSkipped { number: pass.number });
        return Ok(());
    }
    on_event(Event::PassStarted {
        number: pass.number,
        of,
        components: needed.sends.len() + needed.removes.len(),
    });
    let packages = plan::packages(desired, &needed, means.limits);
    let count = packages.len();
    for (index, part) in packages.into_iter().enumerate() {
        if count > 1 {
            on_event(Event::PackageStarted { number: index + 1, of: count, components: part.sends.len() });
        }
        let secrets = SecretText::Given(means.secrets);
        let mut files =
            render(desired, &part, &done.observed, secrets, means.templates, 1).map_err(Reason::Render)?;
        files.removes = part.removes;
        let place = sending::Place { pass: pass.number, of, package: index + 1, packages: count };
        sending::send(&files, desired.api_version, &place, done, means, on_event).await?;
    }
    Ok(())
}

/// What a pass refers to and the org has not told yet. After the first pass, everything that is referred to
/// exists by the time it is needed: `plan` has seen to that.
fn awaited(desired: &Desired, pass: &Pass, observed: &Observed) -> BTreeSet<Reference> {
    let deferred = pass.sends.iter().flat_map(|send| &send.deferred).flat_map(|deferral| &deferral.waits_for);
    let deferred: BTreeSet<&Reference> = deferred.collect();
    let mut awaited = BTreeSet::new();
    for component in pass.sends.iter().filter_map(|send| desired.components.get(&send.id)) {
        component.each_leaf(&mut |leaf| {
            if let Wanted::Formula(formula) = &leaf.wanted {
                let unknown = formula.references().filter(|reference| observed.value(reference).is_none());
                awaited.extend(unknown.filter(|reference| !deferred.contains(reference)).cloned());
            }
        });
    }
    awaited
}

/// Whether a component has to be sent: predicted values that came true need no second time.
fn is_needed(plan: &Plan, send: &Send, observed: &Observed) -> bool {
    if !send.only_if_mispredicted {
        return true;
    }
    let sent = plan.passes.iter().flat_map(|pass| &pass.sends).filter(|earlier| earlier.id == send.id);
    let references: BTreeSet<&Reference> =
        sent.flat_map(|earlier| &earlier.deferred).flat_map(|deferral| &deferral.waits_for).collect();
    references.into_iter().any(|reference| {
        let predicted = plan::predicted(reference, observed);
        predicted.is_none() || predicted.as_deref() != observed.value(reference)
    })
}
