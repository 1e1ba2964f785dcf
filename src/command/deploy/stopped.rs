//! A deployment that ended before its plan did: what is said, what is advised, and the exit code.

use std::error::Error;

use serde_json::json;

use super::{Problem, problems};
use crate::command::load::Loaded;
use crate::command::target::Opened;
use crate::command::{Exit, Failure, Trouble, plan as planning};
use crate::deploy::{Done, Finished, Reason, Stopped};
use crate::diagnostic::{Code, Diagnostic};
use crate::org::{Left, Outcome};
use crate::plan::Plan;
use crate::rejection;
use crate::report;

pub(super) const RUNNING: &str = "it goes on in the org; `orgwire deploy --resume` waits for it and sends what is left, \
                                  `orgwire cancel` stops it";

/// Whether the org is as it was, for certain.
pub(super) fn nothing_deployed(stopped: &Stopped) -> bool {
    stopped.done.passes.iter().all(|pass| !pass.saved)
        && match &stopped.reason {
            Reason::Render(_)
            | Reason::Package(_)
            | Reason::Journal(_)
            | Reason::Interrupted
            | Reason::NotLookedFor { .. }
            | Reason::NotArrived(_)
            | Reason::Rejected(_)
            | Reason::Cancelled(_) => true,
            Reason::Org(error) => matches!(error.left(), Left::NothingSent | Left::NothingDeployed),
            Reason::StillRunning(_) | Reason::ReadBack(_) | Reason::NotTold(_) => false,
        }
}

pub(super) fn stopped_early(stopped: Stopped, loaded: &Loaded, plan: &Plan, opened: &Opened) -> Failure {
    let mut more = planning::head(loaded, &stopped.done.observed, opened);
    more.remove("format_version");
    more.extend(report::json::done(&stopped.done, &[]));
    more.insert("requests".to_owned(), json!(opened.org.requests()));
    let state = rejection::state(&stopped);
    let (pass, of) = (stopped.pass, stopped.of);
    match &stopped.reason {
        Reason::Rejected(result) => {
            let found = rejection::diagnostics(result, &stopped, &loaded.desired, plan);
            problems(loaded, found).exit(Exit::Rejected).after(more)
        }
        Reason::Cancelled(result) => {
            let problem = Problem::Cancelled { id: result.id.clone(), pass, of };
            Failure::new(Trouble::Cancelled, problem).help(state).exit(Exit::Cancelled).after(more)
        }
        Reason::StillRunning(result) => {
            let problem = Problem::StillRunning { id: result.id.clone(), pass, of };
            Failure::new(Trouble::StillRunning, problem).help(RUNNING).exit(Exit::Running).after(more)
        }
        Reason::NotTold(reference) => Failure::new(Trouble::NotTold, Problem::NotTold(reference.to_string()))
            .help(format!("check that this login may see it (View Setup and Configuration); {state}"))
            .after(more),
        _ => {
            let before_sending =
                matches!(stopped.reason, Reason::Render(_) | Reason::Package(_) | Reason::Journal(_));
            let is_not_arrived = matches!(stopped.reason, Reason::NotArrived(_));
            let saved = stopped.done.passes.iter().any(|pass| pass.saved);
            let failure = match stopped.reason {
                Reason::Org(mut error) => {
                    // Of this package nothing was, and of those before it all.
                    if saved && matches!(error.left(), Left::NothingSent | Left::NothingDeployed) {
                        error.leave(Left::Reading);
                    }
                    Failure::from(error)
                }
                Reason::NotArrived(error) => not_arrived(error),
                Reason::Journal(error) => Failure::from(error),
                Reason::Interrupted => super::interrupted("looking for an earlier deployment"),
                Reason::ReadBack(error) => Failure::from(error),
                Reason::Render(error) => Failure::from(error),
                Reason::Package(error) => Failure::from(error),
                _ => Failure::said(Exit::Error),
            };
            let failure =
                if saved || before_sending || is_not_arrived { failure.help(state) } else { failure };
            failure.after(more)
        }
    }
}

/// What an earlier run left in flight did not come to its end, or could not be looked into.
pub(super) fn unfinished(reason: Reason) -> Failure {
    match reason {
        Reason::StillRunning(result) => {
            Failure::new(Trouble::StillRunning, Problem::Unended { id: result.id.clone() })
                .help(RUNNING)
                .exit(Exit::Running)
        }
        Reason::Org(error) => Failure::from(error).help("nothing new was sent"),
        Reason::NotLookedFor { error, entry } => Failure::from(error).help(format!(
            "an earlier run was cut off while it sent a deployment, and the org could not be asked whether it arrived: \
             look at Deployment Status in Setup, and when nothing runs there, delete `{}`; nothing new was sent",
            entry.display()
        )),
        Reason::Journal(error) => Failure::from(error),
        _ => super::interrupted("looking for an earlier deployment"),
    }
}

/// A deployment that was waited for, and did not succeed.
pub(super) fn ended_badly(finished: Finished, loaded: &Loaded) -> Failure {
    let (pass, of) = (finished.pass.unwrap_or(1), finished.of.unwrap_or(1));
    let Some(result) = finished.result.map(Box::new) else {
        return Failure::new(Trouble::NothingInFlight, Problem::Forgotten)
            .help("nothing of it is in the org; run `deploy` without --resume");
    };
    if result.outcome() == Outcome::Canceled {
        let problem = Problem::Cancelled { id: result.id.clone(), pass, of };
        return Failure::new(Trouble::Cancelled, problem)
            .help("run `deploy` to send it again")
            .exit(Exit::Cancelled);
    }
    let stopped = Stopped { reason: Reason::Rejected(result.clone()), pass, of, done: Done::default() };
    let found = rejection::diagnostics(&result, &stopped, &loaded.desired, &Plan::default());
    problems(loaded, found).exit(Exit::Rejected)
}

/// The answer was lost on the way there, and not on the way back.
fn not_arrived(error: crate::org::Error) -> Failure {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    Failure::new(Trouble::NotArrived, Problem::NotArrived(cause))
        .help("the org was asked for it and has not got it: run `deploy` again")
}

/// The org took everything and holds something else: said field by field, not reported as a success.
pub(super) fn not_kept(done: &Done, loaded: &Loaded, opened: &Opened) -> Failure {
    let mut diagnostics = loaded.nothing_found();
    for change in &done.not_kept {
        for field in &change.fields {
            let Some(component) = loaded.desired.components.get(&change.id) else { continue };
            let (old, new) = (report::values::before(change, field), report::values::after(change, field));
            diagnostics.push(
                Diagnostic::error(Code::RejectedByOrg, format!("the org did not keep `{}` of `{}`", field.path, change.id))
                    .label(component.key_at(&field.path), "deployed from here")
                    .cause(format!("sent {}, read back {}", report::values::one_line(&new), report::values::one_line(&old)))
                    .help("an org setting may force another value; write the value that the org keeps, or change the setting"),
            );
        }
    }
    let mut more = planning::head(loaded, &done.observed, opened);
    more.remove("format_version");
    more.extend(report::json::done(done, &[]));
    if diagnostics.is_empty() {
        return Failure::new(Trouble::NotKept, Problem::NotKept).exit(Exit::Rejected).after(more);
    }
    problems(loaded, diagnostics).exit(Exit::Rejected).after(more)
}
