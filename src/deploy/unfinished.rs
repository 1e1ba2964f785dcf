//! What an earlier run left in flight is brought to its end, before anything new is planned: the plan is made from
//! what the org then holds.

use std::time::Duration;

use super::{Event, Reason, sending};
use crate::component::ComponentId;
use crate::journal::Slip;
use crate::org::{self, DeployResult, Interrupt, Org, Outcome};

/// What became of a deployment that was in flight.
#[derive(Debug)]
pub struct Finished {
    /// From 1; `None` where only its id is known.
    pub pass: Option<usize>,
    pub of: Option<usize>,
    pub components: Vec<ComponentId>,
    /// `None` where the org has never got it, or has forgotten it.
    pub result: Option<DeployResult>,
}

type OnEvent<'a> = &'a mut (dyn FnMut(Event) + Send);

/// Goes after each entry of the journal. An entry stays if its deployment goes on, or could not be asked for.
pub async fn finish(
    slips: Vec<Slip>,
    org: &Org,
    interrupt: &Interrupt,
    wait: Option<Duration>,
    on_event: OnEvent<'_>,
) -> Result<Vec<Finished>, Reason> {
    let mut finished = Vec::new();
    for mut slip in slips {
        let (pass, of) = (slip.entry.pass, slip.entry.of);
        let components: Vec<ComponentId> =
            slip.entry.components.iter().filter_map(|address| ComponentId::parse(address)).collect();
        on_event(Event::Unfinished { deploy_id: slip.entry.deploy_id.clone(), components: components.len() });
        let id = match slip.entry.deploy_id.clone() {
            Some(id) => Some(id),
            None => {
                let (reader, lost) = (org.reader(), sending::lost(&slip));
                let found = tokio::select! {
                    found = reader.find(&lost) => found,
                    () = interrupt.reached(1) => return Err(Reason::Interrupted),
                };
                found
                    .map_err(|error| Reason::NotLookedFor { error, entry: slip.path().to_owned() })?
                    .map(|found| found.id)
            }
        };
        let result = match id {
            Some(id) => {
                if slip.entry.deploy_id.is_none() {
                    slip.taken(&id).map_err(Reason::Journal)?;
                }
                watch(&id, org, interrupt, wait, on_event).await?
            }
            None => None,
        };
        match result {
            Some(result) if result.outcome() == Outcome::StillRunning => {
                return Err(Reason::StillRunning(Box::new(result)));
            }
            result => {
                slip.close();
                finished.push(Finished { pass: Some(pass), of: Some(of), components, result });
            }
        }
    }
    Ok(finished)
}

/// A deployment by its id, whoever has sent it.
pub async fn finish_one(
    id: &str,
    org: &Org,
    interrupt: &Interrupt,
    wait: Option<Duration>,
    on_event: OnEvent<'_>,
) -> Result<Finished, Reason> {
    on_event(Event::Unfinished { deploy_id: Some(id.to_owned()), components: 0 });
    let writer = org.writer();
    let mut tell = |event| on_event(Event::Deploy(event));
    let result = writer.resume(id, wait, interrupt, &mut tell).await.map_err(Reason::Org)?;
    match result.outcome() {
        Outcome::StillRunning => Err(Reason::StillRunning(Box::new(result))),
        _ => Ok(Finished { pass: None, of: None, components: Vec::new(), result: Some(result) }),
    }
}

async fn watch(
    id: &str,
    org: &Org,
    interrupt: &Interrupt,
    wait: Option<Duration>,
    on_event: OnEvent<'_>,
) -> Result<Option<DeployResult>, Reason> {
    let writer = org.writer();
    let mut tell = |event| on_event(Event::Deploy(event));
    match writer.resume(id, wait, interrupt, &mut tell).await {
        Ok(result) => Ok(Some(result)),
        // Results are kept for 30 days (MD-10).
        Err(error) if error.is_unknown_id() => Ok(None),
        Err(error) => Err(Reason::Org(error)),
    }
}

/// Asks the org to stop a deployment, and waits until it has. The result is what it ended as, which may be a success:
/// whatever is being finalized goes on (MD-8).
pub async fn cancel(
    id: &str,
    org: &Org,
    wait: Duration,
    on_event: OnEvent<'_>,
) -> Result<DeployResult, org::Error> {
    let writer = org.writer();
    if let Err(error) = writer.cancel(id).await {
        // It may have ended before: that is no error, and what it ended as is worth knowing.
        return match org.reader().deployment(id).await {
            Ok(result) if result.done => Ok(result),
            _ => Err(error),
        };
    }
    let mut tell = |event| on_event(Event::Deploy(event));
    // Whoever interrupts ends the waiting only; the wish has been sent.
    writer.resume(id, Some(wait), &Interrupt::new(), &mut tell).await
}
