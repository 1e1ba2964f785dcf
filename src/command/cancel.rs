//! `cancel`: asks an org to stop a deployment, and waits until it has.

use std::time::Duration;

use serde_json::{Map, json};

use crate::cli;
use crate::command::{Exit, Failure, Trouble, load, online, target};
use crate::deploy;
use crate::journal::{self, Journal, Slip};
use crate::org::{DeployResult, Org, Outcome};
use crate::report::progress::Progress;
use crate::report::{self, Format, Terminal};

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("no deployment to {0} is in flight")]
    NothingInFlight(String),
    #[error("the deployment {id} was not cancelled: it is {status}")]
    TooLate { id: String, status: String },
    #[error("the deployment {0} has not stopped yet")]
    StillRunning(String),
}

pub fn run(arguments: &cli::Cancel, terminal: &Terminal) -> Result<Exit, Failure> {
    let loaded = load::bare()?;
    online(async {
        let opened = target::open(arguments.org.org.as_deref(), &loaded, false, terminal).await?;
        let outcome = cancel(arguments, &opened.org, &opened.described(), terminal).await;
        opened.close().await;
        outcome
    })
}

async fn cancel(
    arguments: &cli::Cancel,
    org: &Org,
    described: &str,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let slips = Journal::new(journal::FOLDER).in_flight(org.instance_url());
    let (id, slip) = match &arguments.id {
        // Another process of this project may be watching it; it will see.
        Some(id) => (id.clone(), slips.unwrap_or_default().into_iter().find(|slip| is_of(slip, id))),
        None => match slips?.into_iter().find_map(|slip| Some((slip.entry.deploy_id.clone()?, slip))) {
            Some((id, slip)) => (id, Some(slip)),
            None => {
                return Err(Failure::new(
                    Trouble::NothingInFlight,
                    Problem::NothingInFlight(described.to_owned()),
                )
                .help("name the deployment: orgwire cancel ID"));
            }
        },
    };
    let wait = Duration::from_secs(60 * u64::from(arguments.wait));
    let mut progress = Progress::new(terminal);
    let result = deploy::cancel(&id, org, wait, &mut |event| progress.show(&event)).await;
    progress.finish();
    let result = result?;
    let outcome = result.outcome();
    if let Some(slip) = slip.filter(|_| outcome != Outcome::StillRunning) {
        slip.close();
    }
    match outcome {
        Outcome::Canceled => told(&result, described, terminal),
        Outcome::StillRunning => Err(Failure::new(Trouble::StillRunning, Problem::StillRunning(id))
            .help("the org finishes what it is at first; ask again with `orgwire cancel`")
            .exit(Exit::Running)),
        _ => Err(Failure::new(Trouble::TooLate, Problem::TooLate { id, status: result.status })
            .help("plan to see what the org holds now")),
    }
}

fn is_of(slip: &Slip, id: &str) -> bool {
    slip.entry.deploy_id.as_deref().is_some_and(|known| known.get(..15) == id.get(..15))
}

fn told(result: &DeployResult, described: &str, terminal: &Terminal) -> Result<Exit, Failure> {
    let text = match terminal.format {
        Format::Json => report::json::text(
            &Map::from_iter([
                ("format_version".to_owned(), json!(report::json::FORMAT_VERSION)),
                ("deploy_id".to_owned(), json!(result.id)),
                ("status".to_owned(), json!(result.status)),
            ])
            .into(),
        ),
        _ => format!("Cancelled {} in {described}; nothing of it was saved.\n", result.id),
    };
    terminal.result(&text)?;
    Ok(Exit::Done)
}
