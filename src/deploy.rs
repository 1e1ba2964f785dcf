//! The loop over the passes: render, package, send, read back. Everything it does was decided by `plan`; it
//! is the only stage that is given a writer.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::component::{ComponentId, FieldPath, Scalar, Tree};
use crate::diff::Filled;
use crate::org::{self, DeployEvent, DeployOptions, DeployResult, Interrupt, Org, Outcome};
use crate::package::{self, Package};
use crate::plan::{self, Action, Change, Pass, Plan, Send};
use crate::reference::{Observed, Reference};
use crate::render::{SecretText, TemplateError, Templates, render};
use crate::resolve::{Desired, Wanted};
use crate::secret::Secrets;
use crate::wire;

/// What a deployment needs besides its plan.
pub struct Means<'a> {
    pub org: &'a Org,
    pub templates: &'a Templates,
    pub secrets: &'a Secrets,
    pub interrupt: &'a Interrupt,
    /// Validate the first pass and save nothing. Later passes depend on values that a validation does not
    /// bring about (MD-13).
    pub check_only: bool,
    /// How long to watch one deployment before leaving it to itself.
    pub wait: Option<Duration>,
}

/// What happens on the way, for those who watch.
#[derive(Debug)]
pub enum Event {
    PassStarted { number: usize, of: usize, components: usize },
    Deploy(DeployEvent),
    PassSkipped { number: usize },
    ReadingBack,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Done {
    pub passes: Vec<PassDone>,
    /// Values that were read back and put where they are referred to.
    pub wired: Vec<Wired>,
    /// The org after the last pass.
    pub observed: Observed,
    /// What the manifest asks for and the org did not keep, if it was read back.
    pub not_kept: Vec<Change>,
}

#[derive(Debug)]
pub struct PassDone {
    pub number: usize,
    pub deploy_id: String,
    /// In the org's words.
    pub status: String,
    pub components: Vec<ComponentId>,
    /// What the org remarked on components that it took, in its own words.
    pub remarks: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wired {
    pub component: ComponentId,
    pub field: FieldPath,
    pub value: String,
}

/// A deployment that ended before its plan did, with what was done until then.
#[derive(Debug)]
pub struct Stopped {
    pub reason: Reason,
    /// The pass that did not come to its end; one more than there are if all did.
    pub pass: usize,
    pub of: usize,
    pub done: Done,
}

#[derive(Debug)]
pub enum Reason {
    Render(TemplateError),
    Package(package::Error),
    Org(org::Error),
    ReadBack(wire::Error),
    /// The org refused the content.
    Rejected(Box<DeployResult>),
    Cancelled(Box<DeployResult>),
    StillRunning(Box<DeployResult>),
    /// The provider exists, and its org does not say what was asked of it.
    NotTold(Reference),
}

/// Sends the passes of a plan and reads back what came of it.
pub async fn deploy(
    desired: &Desired,
    plan: &Plan,
    observed: Observed,
    means: &Means<'_>,
    on_event: &mut (dyn FnMut(Event) + std::marker::Send),
) -> Result<Done, Box<Stopped>> {
    let mut done = Done { observed, ..Done::default() };
    let of = if means.check_only { plan.passes.len().min(1) } else { plan.passes.len() };
    for pass in plan.passes.iter().take(of) {
        let result = send(desired, plan, pass, of, &mut done, means, on_event).await;
        if let Err(reason) = result {
            return Err(Box::new(Stopped { reason, pass: pass.number, of, done }));
        }
    }
    if !means.check_only && !plan.is_empty() {
        on_event(Event::ReadingBack);
        // A success is what the org holds, not what it answered.
        match wire::observe_again(desired, means.org, &done.observed).await {
            Ok(observed) => done.observed = observed,
            Err(error) => {
                // All passes stand; only the proof is missing.
                return Err(Box::new(Stopped { reason: Reason::ReadBack(error), pass: of + 1, of, done }));
            }
        }
        let left = plan::plan(desired, &done.observed);
        done.not_kept = left
            .changes
            .into_iter()
            .filter(|change| change.action == Action::Create || !change.fields.is_empty())
            .collect();
        done.wired = wired(desired, plan, &done.observed);
    }
    Ok(done)
}

async fn send(
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
    };
    if needed.sends.is_empty() {
        on_event(Event::PassSkipped { number: pass.number });
        return Ok(());
    }
    on_event(Event::PassStarted { number: pass.number, of, components: needed.sends.len() });
    let secrets = SecretText::Given(means.secrets);
    let files =
        render(desired, &needed, &done.observed, secrets, means.templates, 1).map_err(Reason::Render)?;
    let package = Package::new(&files, desired.api_version).map_err(Reason::Package)?;
    let options =
        DeployOptions { check_only: means.check_only, wait: means.wait, ..DeployOptions::default() };
    let mut tell = |event| on_event(Event::Deploy(event));
    let result = means
        .org
        .writer()
        .deploy(&package.zip, &options, means.interrupt, &mut tell)
        .await
        .map_err(Reason::Org)?;
    let outcome = result.outcome();
    done.passes.push(PassDone {
        number: pass.number,
        deploy_id: result.id.clone(),
        status: result.status.clone(),
        components: needed.sends.iter().map(|send| send.id.clone()).collect(),
        remarks: remarks(&result),
    });
    match outcome {
        Outcome::Succeeded => Ok(()),
        Outcome::Canceled => Err(Reason::Cancelled(Box::new(result))),
        Outcome::StillRunning => Err(Reason::StillRunning(Box::new(result))),
        Outcome::Failed | Outcome::SucceededPartial => Err(Reason::Rejected(Box::new(result))),
    }
}

fn remarks(result: &DeployResult) -> Vec<String> {
    let taken = result.problems().filter(|row| row.success);
    taken.map(|row| format!("{}: {}", row.file_name, row.problem.as_deref().unwrap_or_default())).collect()
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

/// The deferred fields of a plan, with the values they have now.
fn wired(desired: &Desired, plan: &Plan, observed: &Observed) -> Vec<Wired> {
    let mut wired = Vec::new();
    for send in plan.passes.iter().flat_map(|pass| &pass.sends) {
        let Some(component) = desired.components.get(&send.id) else { continue };
        let filled = plan::fill(component, observed);
        for deferral in &send.deferred {
            if let Some(Tree::Leaf(Filled::Known(Scalar::Text(value)))) = at(&filled, &deferral.field) {
                wired.push(Wired {
                    component: send.id.clone(),
                    field: deferral.field.clone(),
                    value: value.clone(),
                });
            }
        }
    }
    wired
}

fn at<'a>(fields: &'a crate::component::Fields<Filled>, path: &FieldPath) -> Option<&'a Tree<Filled>> {
    use crate::component::Step;
    let mut found: Option<&Tree<Filled>> = None;
    for step in &path.0 {
        found = match (step, found) {
            (Step::Element(name), None) => fields.get(name),
            (Step::Element(name), Some(Tree::Group(inner))) => inner.get(name),
            (Step::Index(index), Some(Tree::List(items))) => items.get(*index),
            _ => return None,
        };
        found?;
    }
    found
}

/// Something that a person has to do in the org now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualStep {
    pub component: ComponentId,
    pub what: String,
    pub url: String,
}

/// What is left to do by hand for the components that were created.
pub fn manual_steps(desired: &Desired, plan: &Plan, observed: &Observed) -> Vec<ManualStep> {
    let mut steps = Vec::new();
    let created = plan.changes.iter().filter(|change| change.action == Action::Create);
    for component in created.filter_map(|change| desired.components.get(&change.id)) {
        for step in &component.id.kind.manual_steps {
            if !step.when.iter().all(|(field, value)| component.text(field) == Some(value)) {
                continue;
            }
            let record = observed.components.get(&component.id).and_then(|existing| existing.id.as_deref());
            let host = observed.org.as_ref().map_or("", |org| org.instance_url.as_str());
            let path = step.path.replace("{id}", record.unwrap_or_default());
            steps.push(ManualStep {
                component: component.id.clone(),
                what: step.what.clone(),
                url: format!("{host}{path}"),
            });
        }
    }
    steps
}
