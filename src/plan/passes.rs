//! Distributes changes over as few passes as possible.

use std::collections::BTreeSet;

use super::values::{placeholder, predicted};
use super::{Deferral, Limits, Pass, Send, packages};
use crate::component::{ComponentId, FieldPath, Generate, Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::reference::{Observed, Reference};
use crate::resolve::{Component, Desired, Leaf, Wanted};
use crate::secret::SecretSource;

/// What of a component decides when it can be sent. Taken out once, so that no pass has to look through the
/// values of a large project again.
pub(super) struct Sketch<'a> {
    id: &'a ComponentId,
    at: Span,
    exists: bool,
    /// Fields that wait for values the org has not told.
    waits: Vec<(FieldPath, Vec<Reference>)>,
    /// Components that must be there before or with this one.
    named: Vec<ComponentId>,
    /// Components that must be there before this one.
    first: Vec<ComponentId>,
    create_only: Vec<FieldPath>,
    /// Fields whose secret nobody knows any more.
    unknown: Vec<FieldPath>,
}

impl<'a> Sketch<'a> {
    pub(super) fn of(component: &'a Component, observed: &Observed) -> Self {
        let mut sketch = Sketch {
            id: &component.id,
            at: component.at,
            exists: observed.has(&component.id),
            waits: Vec::new(),
            named: Vec::new(),
            first: Vec::new(),
            create_only: Vec::new(),
            unknown: Vec::new(),
        };
        component.each_value(&mut |path, field, value| {
            if field.create_only {
                sketch.create_only.push(path.clone());
            }
            let Tree::Leaf(Leaf { wanted, .. }) = value else { return };
            match wanted {
                Wanted::Formula(formula) => {
                    let untold = formula.references().filter(|reference| observed.value(reference).is_none());
                    let untold: Vec<Reference> = untold.cloned().collect();
                    if !untold.is_empty() {
                        sketch.waits.push((path.clone(), untold));
                    }
                }
                Wanted::Secret(SecretSource::Generated(generated)) => {
                    let owner = &generated.owner;
                    if !observed.has(owner) {
                        // Both sides of a secret that nobody keeps are made in one package, or neither is.
                        if *owner != component.id {
                            sketch.named.push(owner.clone());
                        }
                    } else if generated.shape == Generate::ConsumerSecret {
                        sketch.unknown.push(path.clone());
                    }
                }
                Wanted::Known(Scalar::Text(text)) => {
                    if let Some(named) = field.named(text).filter(|named| !observed.has(named)) {
                        let when = if field.names_first { &mut sketch.first } else { &mut sketch.named };
                        when.push(named);
                    }
                }
                _ => {}
            }
        });
        sketch
    }

    /// The fields that still wait, once these references are known.
    pub(super) fn deferrals(
        &self,
        desired: &Desired,
        observed: &Observed,
        is_known: &impl Fn(&Reference) -> bool,
    ) -> Vec<Deferral> {
        let mut found = Vec::new();
        for (field, references) in &self.waits {
            let waits_for: Vec<Reference> =
                references.iter().filter(|reference| !is_known(reference)).cloned().collect();
            if !waits_for.is_empty() {
                let predicted = desired.predict_callback
                    && waits_for.iter().all(|reference| predicted(reference, observed).is_some());
                found.push(Deferral { field: field.clone(), waits_for, predicted });
            }
        }
        found
    }

    /// Fields that must not be sent: what can be chosen only at creation, and secrets nobody knows.
    fn omitted(&self, exists: bool) -> BTreeSet<FieldPath> {
        let create_only = if exists { self.create_only.as_slice() } else { &[] };
        create_only.iter().chain(&self.unknown).cloned().collect()
    }
}

/// Where a component is on its way to the org.
enum State {
    Waiting,
    /// Sent with these fields deferred; has to be sent again.
    Again(Vec<Deferral>),
    Done,
}

/// Distributes what has to be sent, sorted by address.
pub(super) fn passes(
    sketches: &[Sketch<'_>],
    desired: &Desired,
    observed: &Observed,
    findings: &mut Diagnostics,
) -> Vec<Pass> {
    let find = |id: &ComponentId| sketches.binary_search_by(|sketch| sketch.id.cmp(id)).ok();
    let mut states: Vec<State> = sketches.iter().map(|_| State::Waiting).collect();
    let mut passes: Vec<Pass> = Vec::new();
    while states.iter().any(|state| !matches!(state, State::Done)) {
        let is_sent = |id: &ComponentId| find(id).is_some_and(|at| !matches!(states[at], State::Waiting));
        let is_known =
            |reference: &Reference| matches!(reference, Reference::Attribute { of, .. } if is_sent(of));
        let mut sends: Vec<Option<Send>> = Vec::with_capacity(sketches.len());
        for (sketch, state) in sketches.iter().zip(&states) {
            sends.push(match state {
                State::Waiting => first_time(sketch, sketch.deferrals(desired, observed, &is_known)),
                State::Again(deferred) => again(sketch, deferred, &is_known),
                State::Done => None,
            });
        }
        // What a component names must be there, or come in the same package; some of it has to be there (EC-13).
        loop {
            let comes = |id: &ComponentId| is_sent(id) || find(id).is_some_and(|at| sends[at].is_some());
            let is_ready =
                |sketch: &Sketch<'_>| sketch.named.iter().all(comes) && sketch.first.iter().all(is_sent);
            let blocked: Vec<usize> =
                (0..sketches.len()).filter(|at| sends[*at].is_some() && !is_ready(&sketches[*at])).collect();
            if blocked.is_empty() {
                break;
            }
            blocked.into_iter().for_each(|at| sends[at] = None);
        }
        if sends.iter().all(Option::is_none) {
            report_stuck(sketches.iter().zip(&states), findings);
            return Vec::new();
        }
        for (state, send) in states.iter_mut().zip(&sends) {
            if let Some(send) = send {
                let deferred = &send.deferred;
                *state = if deferred.is_empty() { State::Done } else { State::Again(deferred.clone()) };
            }
        }
        let sends = sends.into_iter().flatten().collect();
        let mut pass = Pass { number: passes.len() + 1, sends, removes: Vec::new(), packages: 1 };
        if !packages::fits(desired, &pass, Limits::default()) {
            pass.packages = packages::packages(desired, &pass, Limits::default()).len();
        }
        passes.push(pass);
    }
    passes
}

/// A component that exists is never given a placeholder; one that does not can stand in with them.
fn first_time(sketch: &Sketch<'_>, deferred: Vec<Deferral>) -> Option<Send> {
    let references = || deferred.iter().flat_map(|deferral| &deferral.waits_for);
    let can_stand_in = !sketch.exists && references().all(|reference| placeholder(reference).is_some());
    (deferred.is_empty() || can_stand_in).then(|| Send {
        id: sketch.id.clone(),
        deferred,
        omitted: sketch.omitted(sketch.exists),
        only_if_mispredicted: false,
    })
}

/// Sent with placeholders before: sent again as soon as all of them are known.
fn again(sketch: &Sketch<'_>, deferred: &[Deferral], is_known: &impl Fn(&Reference) -> bool) -> Option<Send> {
    let all_known = deferred.iter().flat_map(|deferral| &deferral.waits_for).all(is_known);
    all_known.then(|| Send {
        id: sketch.id.clone(),
        deferred: Vec::new(),
        omitted: sketch.omitted(true),
        only_if_mispredicted: deferred.iter().all(|deferral| deferral.predicted),
    })
}

fn report_stuck<'a>(all: impl Iterator<Item = (&'a Sketch<'a>, &'a State)>, findings: &mut Diagnostics) {
    let mut waiting: Vec<&Sketch<'_>> = Vec::new();
    for (sketch, state) in all {
        match state {
            State::Waiting => waiting.push(sketch),
            // Its counterpart exists already, and should have told.
            State::Again(deferred) => {
                let untold = deferred.iter().flat_map(|deferral| &deferral.waits_for).next();
                let untold = untold.map(ToString::to_string).unwrap_or_default();
                findings.push(
                    Diagnostic::error(
                        Code::UnsendableCycle,
                        format!("`{}` waits for `{untold}`, which the org does not tell", sketch.id),
                    )
                    .label(sketch.at, "cannot be completed")
                    .help("check that this login may see it: View Setup and Configuration"),
                );
            }
            State::Done => {}
        }
    }
    if waiting.is_empty() {
        return;
    }
    let names: Vec<String> = waiting.iter().map(|sketch| format!("`{}`", sketch.id)).collect();
    let mut diagnostic = Diagnostic::error(
        Code::UnsendableCycle,
        format!("nothing can be sent first: {} wait for each other", names.join(", ")),
    )
    .help(
        "let one of them be created with a value of its own, for example consumer-key = { generate = true }",
    );
    for sketch in waiting {
        diagnostic = diagnostic.label(sketch.at, "waits");
    }
    findings.push(diagnostic);
}
