//! One package on its way: written down, sent once, found again if its answer is lost, watched to its end.

use std::collections::BTreeSet;

use super::{Done, Event, Means, PassDone, Reason};
use crate::component::ComponentId;
use crate::journal::{Entry, Slip};
use crate::org::{self, DeployOptions, DeployResult, ErrorKind, Left, Lost, Outcome};
use crate::package::{self, Package};
use crate::render::MetadataFiles;

/// Which package of which pass, each from 1.
pub(super) struct Place {
    pub pass: usize,
    pub of: usize,
    pub package: usize,
    pub packages: usize,
}

type OnEvent<'a> = &'a mut (dyn FnMut(Event) + std::marker::Send);

/// Sends a package and waits for it. While another change holds the org's setup it is sent again, because nothing
/// of it was saved (MD-11).
pub(super) async fn send(
    files: &MetadataFiles,
    api_version: u16,
    place: &Place,
    done: &mut Done,
    means: &Means<'_>,
    on_event: OnEvent<'_>,
) -> Result<(), Reason> {
    let package = Package::new(files, api_version).map_err(Reason::Package)?;
    let sent = files.files.iter().map(|file| &file.component);
    let components: BTreeSet<&ComponentId> = sent.chain(&files.removes).collect();
    let removals = (!files.removes.is_empty()).then(|| package::REMOVALS.to_owned());
    let mut tries = 0;
    loop {
        let entry = Entry {
            org: means.org.name().to_owned(),
            instance_url: means.org.instance_url().to_owned(),
            sent_at: means.org.time(),
            check_only: means.options.check_only,
            pass: place.pass,
            of: place.of,
            components: components.iter().map(ToString::to_string).collect(),
            paths: files.files.iter().map(|file| file.path.clone()).chain(removals.clone()).collect(),
            ..Entry::default()
        };
        let mut slip = means.journal.begin(entry).map_err(Reason::Journal)?;
        let result = match once(&package, place, &mut slip, means, on_event).await {
            Ok(result) => result,
            Err(reason) => {
                if !is_in_flight(&reason) {
                    slip.close();
                }
                return Err(reason);
            }
        };
        tries += 1;
        if let (Some(problem), Some(wait)) = (locked(&result), means.org.pace().while_locked(tries)) {
            slip.close();
            on_event(Event::Locked { problem, wait });
            tokio::select! {
                () = tokio::time::sleep(wait) => continue,
                () = means.interrupt.reached(1) => return Err(Reason::Rejected(Box::new(result))),
            }
        }
        let outcome = result.outcome();
        done.passes.push(PassDone {
            number: place.pass,
            package: place.package,
            packages: place.packages,
            deploy_id: result.id.clone(),
            status: result.status.clone(),
            saved: outcome == Outcome::Succeeded && !means.options.check_only,
            components: components.into_iter().cloned().collect(),
            remarks: remarks(&result),
        });
        done.records.extend(result.rows.iter().filter_map(|row| {
            let (id, _) = package::component_of(&row.file_name)?;
            Some((id, row.id.clone()?))
        }));
        return match outcome {
            Outcome::Succeeded => {
                done.slips.push(slip);
                Ok(())
            }
            // Left in flight on purpose: the next run goes on from here.
            Outcome::StillRunning => Err(Reason::StillRunning(Box::new(result))),
            ended => {
                slip.close();
                Err(match ended {
                    Outcome::Canceled => Reason::Cancelled(Box::new(result)),
                    _ => Reason::Rejected(Box::new(result)),
                })
            }
        };
    }
}

/// One sending, with whatever becomes of its answer.
async fn once(
    package: &Package,
    place: &Place,
    slip: &mut Slip,
    means: &Means<'_>,
    on_event: OnEvent<'_>,
) -> Result<DeployResult, Reason> {
    let writer = means.org.writer();
    let mut tell = |event: org::DeployEvent| {
        if let org::DeployEvent::Posted { id } = &event {
            // Without the id it will be looked for by its time.
            let _ = slip.taken(id);
        }
        on_event(Event::Deploy(event));
    };
    let validated = means.validated.as_deref().filter(|_| (place.pass, place.package) == (1, 1));
    let sent = match validated {
        Some(validation) => {
            writer.deploy_validated(validation, means.wait(), means.interrupt, &mut tell).await
        }
        None => {
            let options = DeployOptions { wait: means.wait(), ..means.options.clone() };
            writer.deploy(&package.zip, &options, means.interrupt, &mut tell).await
        }
    };
    match sent {
        Ok(result) => Ok(result),
        Err(error) if is_lost(&error) => find(slip, error, means, on_event).await,
        Err(error) => Err(Reason::Org(error)),
    }
}

/// Whether it may be in the org, without anybody having been told its id.
fn is_lost(error: &org::Error) -> bool {
    *error.left() == Left::Unknown && error.kind() != ErrorKind::Interrupted
}

/// Whether the next run has to look for it.
fn is_in_flight(reason: &Reason) -> bool {
    match reason {
        Reason::Org(error) => matches!(error.left(), Left::Unknown | Left::Running { .. }),
        _ => false,
    }
}

async fn find(
    slip: &mut Slip,
    error: org::Error,
    means: &Means<'_>,
    on_event: OnEvent<'_>,
) -> Result<DeployResult, Reason> {
    on_event(Event::AnswerLost);
    let (reader, lost) = (means.org.reader(), lost(slip));
    let found = tokio::select! {
        found = reader.find(&lost) => found,
        () = means.interrupt.reached(1) => return Err(Reason::Org(error)),
    };
    match found {
        Ok(Some(found)) => {
            let _ = slip.taken(&found.id);
            let mut tell = |event| on_event(Event::Deploy(event));
            let writer = means.org.writer();
            let result = writer.resume(&found.id, means.wait(), means.interrupt, &mut tell).await;
            let result = result.map_err(Reason::Org)?;
            if lost.may_be(&result) { Ok(result) } else { Err(Reason::NotArrived(error)) }
        }
        Ok(None) => Err(Reason::NotArrived(error)),
        // It stays unknown, and the next run asks again.
        Err(_) => Err(Reason::Org(error)),
    }
}

pub(super) fn lost(slip: &Slip) -> Lost {
    Lost {
        sent_at: slip.entry.sent_at,
        check_only: slip.entry.check_only,
        paths: slip.entry.paths.iter().cloned().collect(),
    }
}

/// In whose way we were, if the whole deployment failed for nothing else.
fn locked(result: &DeployResult) -> Option<String> {
    const CODES: [&str; 2] = ["ALREADY_IN_PROCESS", "UNABLE_TO_LOCK_ROW"];
    const WORDS: [&str; 4] = [
        "ALREADY_IN_PROCESS",
        "UNABLE_TO_LOCK_ROW",
        "administration setup has already been locked",
        "interferes with another operation already in progress",
    ];
    if result.outcome() != Outcome::Failed {
        return None;
    }
    let said = |text: &str| WORDS.iter().any(|words| text.contains(words));
    let whole = result.error_message.as_deref().filter(|message| {
        said(message) || result.error_status_code.as_deref().is_some_and(|code| CODES.contains(&code))
    });
    let mut failed = result.problems().filter(|row| !row.success).peekable();
    let first = failed.peek().and_then(|row| row.problem.clone());
    let all_rows = failed.all(|row| row.problem.as_deref().is_some_and(said));
    whole.map(str::to_owned).or(first.filter(|_| all_rows))
}

fn remarks(result: &DeployResult) -> Vec<String> {
    let taken = result.problems().filter(|row| row.success);
    taken.map(|row| format!("{}: {}", row.file_name, row.problem.as_deref().unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::org::ComponentRow;

    fn failed(code: Option<&str>, message: Option<&str>, problems: &[&str]) -> DeployResult {
        DeployResult {
            done: true,
            status: "Failed".into(),
            error_status_code: code.map(str::to_owned),
            error_message: message.map(str::to_owned),
            rows: problems
                .iter()
                .map(|problem| ComponentRow {
                    problem: Some((*problem).to_owned()),
                    ..ComponentRow::default()
                })
                .collect(),
            ..DeployResult::default()
        }
    }

    #[test]
    fn a_lock_is_told_from_a_refusal() {
        let lock = "The changes you requested require salesforce.com to temporarily lock your organization's \
                    administration setup. However, the administration setup has already been locked by another change.";
        assert_eq!(locked(&failed(None, Some(lock), &[])).as_deref(), Some(lock));
        assert_eq!(locked(&failed(Some("UNABLE_TO_LOCK_ROW"), Some("busy"), &[])).as_deref(), Some("busy"));
        assert!(
            locked(&failed(None, None, &["UNABLE_TO_LOCK_ROW: unable to obtain exclusive access"])).is_some()
        );
        assert_eq!(locked(&failed(None, None, &["UNABLE_TO_LOCK_ROW: x", "You must enter a value"])), None);
        assert_eq!(locked(&failed(Some("LIMIT_EXCEEDED"), Some("too much"), &[])), None);
        assert_eq!(locked(&failed(None, None, &[])), None);
        let running = DeployResult { done: false, ..failed(None, Some(lock), &[]) };
        assert_eq!(locked(&running), None);
    }
}
