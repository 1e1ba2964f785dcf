//! Manual steps and what people have said of them. The ledger is a help: where it cannot be read or written, a line says
//! so, every step counts as open, and the command goes on.

use crate::ledger::record::{self, Known};
use crate::ledger::{self, Done, Ledger, ManualStep};
use crate::plan::Plan;
use crate::reference::Observed;
use crate::report::Terminal;
use crate::resolve::Desired;

/// The steps of components that the org has, and which of them are known to be done.
pub fn steps(desired: &Desired, observed: &Observed, terminal: &Terminal) -> (Vec<ManualStep>, Known) {
    let mut steps = ledger::steps(desired, observed);
    steps.retain(|step| observed.has(&step.component));
    let known = ledger_of(observed).map(|ledger| ledger.known()).unwrap_or_else(|| Ok(Known::new()));
    (steps, told(known, terminal).unwrap_or_default())
}

/// Those that are not known to be done.
pub fn open(desired: &Desired, observed: &Observed, terminal: &Terminal) -> Vec<ManualStep> {
    let (mut steps, known) = steps(desired, observed, terminal);
    steps.retain(|step| !known.contains_key(&step.id));
    steps
}

/// What a plan has opened again counts as not done.
pub fn opened_by(plan: &Plan, desired: &Desired, observed: &Observed, terminal: &Terminal) {
    let steps = ledger::opened(desired, plan, observed);
    reopen(steps.iter().map(|step| step.id.as_str()), observed, terminal);
}

/// These count as not done from now on.
pub fn reopen<'a>(ids: impl Iterator<Item = &'a str>, observed: &Observed, terminal: &Terminal) {
    if let Some(ledger) = ledger_of(observed) {
        told(ledger.reopen(ids), terminal);
    }
}

/// Notes what somebody says to have done.
pub fn said<'a>(ids: impl IntoIterator<Item = &'a str>, observed: &Observed) -> Result<(), record::Error> {
    note(ids, "told", observed)
}

/// Notes what the org tells to be done.
pub fn seen<'a>(ids: impl IntoIterator<Item = &'a str>, observed: &Observed, terminal: &Terminal) {
    if let Err(error) = note(ids, "seen", observed) {
        terminal.talk(&format!("warning: {error}; what was seen is not kept\n"));
    }
}

fn note<'a>(
    ids: impl IntoIterator<Item = &'a str>,
    how: &str,
    observed: &Observed,
) -> Result<(), record::Error> {
    let at = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    match ledger_of(observed) {
        Some(ledger) => ledger.note(ids, &Done { at, how: how.to_owned() }),
        None => Ok(()),
    }
}

fn ledger_of(observed: &Observed) -> Option<Ledger> {
    observed.org.as_ref().map(|org| Ledger::new(record::FOLDER, &org.id))
}

fn told<T>(outcome: Result<T, record::Error>, terminal: &Terminal) -> Option<T> {
    outcome
        .inspect_err(|error| {
            terminal.talk(&format!("warning: {error}; every step that no API tells of counts as open\n"));
        })
        .ok()
}
