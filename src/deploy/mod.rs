//! The loop over the passes: render, package, send, read back. Everything it does was decided by `plan`; it
//! is the only stage that is given a writer.
//!
//! `pass` sends one pass, `sending` one package with its entry in the journal, `unfinished` brings what an earlier
//! run left in flight to its end, and `manual` says what is left to do by hand.

mod pass;
mod sending;
mod unfinished;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::component::{ComponentId, FieldPath, Scalar, Tree};
use crate::diff::Filled;
use crate::journal::{self, Journal, Slip};
use crate::org::{self, DeployEvent, DeployOptions, DeployResult, Interrupt, Org};
use crate::package;
use crate::plan::{self, Action, Change, Limits, Plan};
use crate::reference::{Observed, Reference};
use crate::render::{TemplateError, Templates};
use crate::resolve::Desired;
use crate::secret::Secrets;
use crate::wire;

pub use unfinished::{Finished, cancel, finish, finish_one};

/// What a deployment needs besides its plan.
pub struct Means<'a> {
    pub org: &'a Org,
    pub templates: &'a Templates,
    pub secrets: &'a Secrets,
    pub interrupt: &'a Interrupt,
    pub journal: &'a Journal,
    /// With `check_only`, only the first pass: later ones depend on values that a validation does not bring about
    /// (MD-13). `wait` is how long to watch one deployment before leaving it to itself.
    pub options: DeployOptions,
    /// What one package may hold.
    pub limits: Limits,
    /// A validation that stands for the first package: the org deploys what it has seen then.
    pub validated: Option<String>,
}

impl Means<'_> {
    fn wait(&self) -> Option<Duration> {
        self.options.wait
    }
}

/// What happens on the way, for those who watch.
#[derive(Debug)]
pub enum Event {
    /// What an earlier run left in flight is looked into.
    Unfinished {
        deploy_id: Option<String>,
        components: usize,
    },
    PassStarted {
        number: usize,
        of: usize,
        components: usize,
    },
    /// One of several packages of the pass.
    PackageStarted {
        number: usize,
        of: usize,
        components: usize,
    },
    Deploy(DeployEvent),
    /// The answer to the deployment is lost; the org is asked whether it has arrived.
    AnswerLost,
    /// Another change holds the org's setup.
    Locked {
        problem: String,
        wait: Duration,
    },
    PassSkipped {
        number: usize,
    },
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
    /// Ids of records, as the rows of deployments told them.
    records: BTreeMap<ComponentId, String>,
    /// Entries of deployments that are done and not read back yet.
    slips: Vec<Slip>,
}

#[derive(Debug)]
pub struct PassDone {
    pub number: usize,
    /// From 1; a pass of a large project takes several.
    pub package: usize,
    pub packages: usize,
    pub deploy_id: String,
    /// In the org's words.
    pub status: String,
    /// The org holds what was sent.
    pub saved: bool,
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
    Journal(journal::Error),
    /// By the user, before anything new was sent.
    Interrupted,
    Org(org::Error),
    /// The answer was lost, and the org does not list the deployment: it has not arrived.
    NotArrived(org::Error),
    /// What an earlier run had sent could not be looked for.
    NotLookedFor {
        error: org::Error,
        entry: PathBuf,
    },
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
    let check_only = means.options.check_only;
    let of = if check_only { plan.passes.len().min(1) } else { plan.passes.len() };
    for pass in plan.passes.iter().take(of) {
        let result = pass::send(desired, plan, pass, of, &mut done, means, on_event).await;
        if let Err(reason) = result {
            return Err(Box::new(Stopped { reason, pass: pass.number, of, done }));
        }
    }
    if check_only {
        done.slips.drain(..).for_each(Slip::close);
    } else if !plan.is_empty() {
        on_event(Event::ReadingBack);
        // A success is what the org holds, not what it answered.
        match wire::observe_again(desired, means.org, &done.observed).await {
            Ok(observed) => {
                done.observed = observed;
                for (id, record) in std::mem::take(&mut done.records) {
                    if let Some(existing) = done.observed.components.get_mut(&id) {
                        existing.id.get_or_insert(record);
                    }
                }
                // Nothing is left that the next run would have to find out.
                done.slips.drain(..).for_each(Slip::close);
            }
            Err(error) => {
                // All passes stand; only the proof is missing.
                return Err(Box::new(Stopped { reason: Reason::ReadBack(error), pass: of + 1, of, done }));
            }
        }
        let left = plan::plan(desired, &done.observed);
        done.not_kept = left
            .changes
            .into_iter()
            .filter(|change| {
                change.action == Action::Create
                    || change.action == Action::Delete
                    || !change.fields.is_empty()
            })
            .collect();
        done.wired = wired(desired, plan, &done.observed);
    }
    Ok(done)
}

/// The deferred fields of a plan, with the values they have now.
fn wired(desired: &Desired, plan: &Plan, observed: &Observed) -> Vec<Wired> {
    let mut wired = Vec::new();
    for send in plan.passes.iter().flat_map(|pass| &pass.sends) {
        let Some(component) = desired.components.get(&send.id) else { continue };
        let filled = plan::fill(component, observed);
        for deferral in &send.deferred {
            if let Some(Tree::Leaf(Filled::Known(Scalar::Text(value)))) = filled.at(&deferral.field) {
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
