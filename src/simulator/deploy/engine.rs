//! Runs deployments, one at a time, each through all its states. Does not know by which protocol they came.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;

use super::transaction::{self, Outcome, Surroundings};
use super::{DeployOptions, Deployment, Refused, Row, Status};
use crate::simulator::bounds::{LARGEST_QUEUE, MOST_RESULTS, MOST_WAITING};
use crate::simulator::clock::Moment;
use crate::simulator::ids::{self, prefix};
use crate::simulator::package::{self, Unpackable};
use crate::simulator::rules::Circumstances;
use crate::simulator::session::Asker;
use crate::simulator::{Error, Org};

/// MD-10
const DAYS_KEPT: i64 = 30;
/// MD-12
const DAYS_VALID: i64 = 10;
/// Validations whose zip is kept at the same time: the state is written as a whole at each change.
const MOST_VALIDATIONS: usize = 5;

/// The queue. The engine itself is [`run`], a task that takes from it.
pub(in crate::simulator) struct Queue {
    ids: mpsc::UnboundedSender<String>,
    zips: Mutex<HashMap<String, Vec<u8>>>,
    cancelled: Notify,
}

impl Queue {
    pub fn new() -> (Queue, mpsc::UnboundedReceiver<String>) {
        let (ids, received) = mpsc::unbounded_channel();
        (Queue { ids, zips: Mutex::default(), cancelled: Notify::new() }, received)
    }

    /// To be called with the store locked: the order of ids is the order of work.
    fn add(&self, id: &str, zip: Vec<u8>) {
        self.zips().insert(id.to_owned(), zip);
        // The receiver lives as long as the org answers requests.
        let _ = self.ids.send(id.to_owned());
    }

    fn check_room_for(&self, size: usize) -> Result<(), Refused> {
        let zips = self.zips();
        let waiting: usize = zips.values().map(Vec::len).sum();
        if zips.len() < MOST_WAITING && waiting.saturating_add(size) <= LARGEST_QUEUE {
            return Ok(());
        }
        Err(Refused::new(
            "SERVER_UNAVAILABLE",
            "too many deployments are waiting in this local org; nothing was queued (rehearsal wording)",
        ))
    }

    fn zips(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.zips.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Queues a deployment; the answer is it, Pending.
pub(in crate::simulator) fn submit(
    org: &Org,
    by: &Asker,
    zip: Vec<u8>,
    options: DeployOptions,
) -> Result<Deployment, Refused> {
    options.check(org.nature)?;
    queue(org, by, zip, options, None)
}

/// Deploys again what a validation of the last ten days found good (MD-2, MD-12).
pub(in crate::simulator) fn submit_validated(
    org: &Org,
    by: &Asker,
    validation: &str,
) -> Result<Deployment, Refused> {
    let oldest = org.now().days_before(DAYS_VALID);
    let found = org.store.read(|state| {
        let validation = state.deployment(validation)?;
        let qualifies = validation.options.check_only
            && validation.status == Status::Succeeded
            // whether a validation without tests qualifies is unsure (MD-12); here it does not
            && validation.options.runs_tests()
            && validation.completed.is_some_and(|completed| completed >= oldest);
        let zip = STANDARD.decode(validation.package.as_deref()?).ok()?;
        qualifies.then(|| (zip, validation.options.clone(), validation.id.clone()))
    });
    let (zip, options, id) = found.ok_or_else(|| {
        Refused::new(
            "INVALID_ID_FIELD",
            "no validation with this id can be quick deployed (rehearsal wording)",
        )
    })?;
    queue(org, by, zip, DeployOptions { check_only: false, ..options }, Some(id))
}

fn queue(
    org: &Org,
    by: &Asker,
    zip: Vec<u8>,
    options: DeployOptions,
    validated: Option<String>,
) -> Result<Deployment, Refused> {
    let now = org.now();
    let size = zip.len();
    let added = org.store.change_then(
        |state| {
            org.queue.check_room_for(size)?;
            forget(&mut state.deployments, now);
            let id = state.holdings.new_id(prefix::DEPLOY);
            let deployment = Deployment::new(id, &by.person.id, now, options, validated);
            state.deployments.push(deployment.clone());
            Ok(deployment)
        },
        |added| {
            if let Ok(deployment) = added {
                org.queue.add(&deployment.id, zip);
            }
        },
    );
    added.unwrap_or_else(|error| Err(Refused::new("UNKNOWN_EXCEPTION", error.in_one_line())))
}

/// Forgets results that are old (MD-10), and the oldest where there are very many. What is not done is not forgotten.
fn forget(deployments: &mut Vec<Deployment>, now: Moment) {
    let oldest = now.days_before(DAYS_KEPT);
    let done = deployments.iter().filter(|deployment| deployment.status.is_done()).count();
    let mut too_many = done.saturating_sub(MOST_RESULTS);
    deployments.retain(|deployment| {
        if !deployment.status.is_done() {
            return true;
        }
        let one_too_many = too_many > 0;
        too_many = too_many.saturating_sub(1);
        deployment.created >= oldest && !one_too_many
    });
}

/// What a cancellation finds: the deployment as it is afterwards.
pub(in crate::simulator) fn cancel(org: &Org, by: &Asker, id: &str) -> Result<Deployment, Refused> {
    let now = org.now();
    let changed = org.store.change(|state| {
        let Some(deployment) = state.deployment_mut(id) else {
            return Err(Refused::new("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"));
        };
        match deployment.status {
            Status::Pending => deployment.set(Status::Canceled, now),
            Status::InProgress => deployment.set(Status::Canceling, now),
            Status::Canceling => {}
            _ => return Err(Refused::new("INVALID_ID_FIELD", "Deployment already completed")),
        }
        deployment.canceled = true;
        deployment.canceled_by.get_or_insert_with(|| by.person.id.clone());
        Ok(deployment.clone())
    });
    org.queue.cancelled.notify_one();
    changed.unwrap_or_else(|error| Err(Refused::new("UNKNOWN_EXCEPTION", error.in_one_line())))
}

/// Deployments that a stopped process left behind will never go on.
pub(in crate::simulator) fn bury_unfinished(org: &Org) -> Result<(), Error> {
    let now = org.now();
    org.store.change(|state| {
        for deployment in state.deployments.iter_mut().filter(|deployment| !deployment.status.is_done()) {
            let message = "the local org was stopped while this deployment waited or ran; nothing was saved";
            deployment.fail("UNKNOWN_EXCEPTION", message, now);
        }
    })
}

/// Takes deployments from the queue until the org stops.
pub(in crate::simulator) async fn run(org: Arc<Org>, mut queue: mpsc::UnboundedReceiver<String>) {
    while let Some(id) = queue.recv().await {
        sleep(org.pace.pending).await;
        let zip = org.queue.zips().remove(&id).unwrap_or_default();
        if let Err(error) = deploy(&org, &id, zip).await {
            // It cannot be saved that it failed, but it can be told.
            org.store.change_unsaved(|state| {
                if let Some(deployment) = state.deployment_mut(&id) {
                    deployment.fail("UNKNOWN_EXCEPTION", error.in_one_line(), org.now());
                }
            });
        }
    }
}

async fn deploy(org: &Arc<Org>, id: &str, zip: Vec<u8>) -> Result<(), Error> {
    let now = org.now();
    let started = org.store.change(|state| {
        let holdings = state.holdings.clone();
        let deployment =
            state.deployment_mut(id).filter(|deployment| deployment.status == Status::Pending)?;
        deployment.set(Status::InProgress, now);
        deployment.started = Some(deployment.modified);
        Some((deployment.options.clone(), holdings))
    })?;
    let Some((options, holdings)) = started else { return Ok(()) }; // cancelled in the queue

    if let Some(lock) = org.faults.lock_met() {
        sleep(org.pace.in_progress).await;
        return org.store.change(|state| {
            let now = state.holdings.clock.now();
            if let Some(deployment) = state.deployment_mut(id) {
                deployment.fail(lock.code(), lock.message(), now);
            }
        });
    }

    // Off the thread that answers requests: unpacking can take a while.
    let sender = org.store.read(|state| state.deployment(id).map(|deployment| deployment.created_by.clone()));
    let working = (org.clone(), options.clone(), sender.unwrap_or_default());
    let (zip, outcome) = tokio::task::spawn_blocking(move || {
        let (org, options, sender) = working;
        let outcome = package::unpack(&zip, options.single_package).map(|packages| {
            let circumstances = Circumstances::of_org(&org, &sender);
            let rejected = org.faults.rejected();
            let surroundings = Surroundings { org: &circumstances, rejected: &rejected };
            transaction::run(&packages, &options, holdings, &surroundings)
        });
        (zip, outcome)
    })
    .await
    .map_err(|_| Error::Thread)?;

    if let Ok(outcome) = &outcome {
        org.store.change(|state| {
            if let Some(deployment) = state.deployment_mut(id) {
                deployment.total = outcome.total;
                deployment.errors = outcome.errors();
                deployment.deployed = outcome.deployed();
                deployment.rows = outcome.rows.clone();
                deployment.modified = org.now();
            }
        })?;
    }
    let cancelled = || org.store.read(|state| state.deployment(id).is_some_and(|found| found.canceled));
    if org.faults.hold_deploy() {
        while !cancelled() {
            org.queue.cancelled.notified().await;
        }
    } else {
        sleep(org.pace.in_progress).await;
    }
    if cancelled() {
        sleep(org.pace.in_progress).await;
    }
    org.store.change(|state| finish(state, id, outcome, &zip))
}

fn finish(
    state: &mut crate::simulator::state::State,
    id: &str,
    outcome: Result<Outcome, Unpackable>,
    zip: &[u8],
) {
    let now = state.holdings.clock.now();
    let Some(deployment) = state.deployments.iter_mut().find(|found| ids::same(&found.id, id)) else {
        return;
    };
    if deployment.canceled {
        deployment.rows.clear();
        deployment.deployed = 0;
        deployment.set(Status::Canceled, now);
        return;
    }
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(unpackable) => return deployment.fail(unpackable.status_code, unpackable.message, now),
    };
    let (errors, options) = (outcome.errors(), &deployment.options);
    let saved = errors == 0 || (!options.rollback_on_error && outcome.deployed() > 0); // MD-9
    let check_only = options.check_only;
    // A validation without tests can never be deployed (MD-12), so its zip is not kept.
    let is_kept = check_only && errors == 0 && options.runs_tests();
    if is_kept {
        deployment.package = Some(STANDARD.encode(zip));
    }
    if !saved {
        deployment.deployed = 0; // nothing stays (protocol, section 8)
        deployment.rows.iter_mut().for_each(forget_what_was_undone);
    }
    let status = match (saved, errors) {
        (true, 0) => Status::Succeeded,
        (true, _) => Status::SucceededPartial,
        (false, _) => Status::Failed,
    };
    deployment.set(status, now);
    if is_kept {
        let kept = state.deployments.iter_mut().rev().filter(|deployment| deployment.package.is_some());
        kept.skip(MOST_VALIDATIONS).for_each(|deployment| deployment.package = None);
    }
    if saved && !check_only {
        for (type_name, name) in &outcome.touched {
            state.holdings.take_from(&outcome.holdings, type_name, name);
        }
        state.holdings.consumer_keys.extend(outcome.holdings.consumer_keys);
        // anything deployed voids all earlier validations (protocol, section 8)
        state.deployments.iter_mut().for_each(|deployment| deployment.package = None);
    }
}

/// A component that was rolled back has no id unless it had one before.
fn forget_what_was_undone(row: &mut Row) {
    if row.created {
        row.id = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::deploy::Status::{Pending, Succeeded};

    fn deployments(count: usize, status: Status, at: Moment) -> Vec<Deployment> {
        let one = |number: usize| {
            let options = DeployOptions::default();
            Deployment { status, ..Deployment::new(number.to_string(), "", at, options, None) }
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn old_results_are_forgotten_and_the_oldest_of_very_many() {
        let now = Moment::now();
        let mut kept = deployments(3, Succeeded, now.days_before(31));
        kept.extend(deployments(2, Pending, now.days_before(31)));
        forget(&mut kept, now);
        assert_eq!(kept.iter().map(|kept| kept.status).collect::<Vec<_>>(), [Pending, Pending]);

        let mut kept = deployments(1, Pending, now);
        kept.extend(deployments(MOST_RESULTS + 2, Succeeded, now));
        forget(&mut kept, now);
        assert_eq!(kept.len(), 1 + MOST_RESULTS);
        assert_eq!((kept[0].status, kept[1].id.as_str()), (Pending, "2"));
    }

    #[test]
    fn the_queue_takes_so_many_zips_and_so_many_bytes() {
        let (queue, _received) = Queue::new();
        assert_eq!(queue.check_room_for(LARGEST_QUEUE), Ok(()));
        queue.add("0", vec![0; 2]);
        assert_eq!(queue.check_room_for(LARGEST_QUEUE - 2), Ok(()));
        assert_eq!(queue.check_room_for(LARGEST_QUEUE - 1).unwrap_err().code, "SERVER_UNAVAILABLE");
        for number in 1..MOST_WAITING {
            assert_eq!(queue.check_room_for(0), Ok(()));
            queue.add(&number.to_string(), Vec::new());
        }
        assert_eq!(queue.check_room_for(0).unwrap_err().code, "SERVER_UNAVAILABLE");
    }
}
