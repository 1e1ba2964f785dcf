//! `plan`: what would change in the org, in which pass, and what waits for what. Reads only.

use serde_json::{Map, Value, json};

use crate::cli;
use crate::command::load::{self, Loaded, Purpose};
use crate::command::notes::Notes;
use crate::command::target::{self, Opened};
use crate::command::{Exit, Failure, online, version};
use crate::plan::{self, Plan};
use crate::reference::Observed;
use crate::report::{self, Format, Terminal};
use crate::review::Finding;
use crate::wire;

pub fn run(arguments: &cli::Plan, terminal: &Terminal) -> Result<Exit, Failure> {
    let notes = Notes::of(&arguments.notes)?;
    let mut loaded = load::load(&arguments.project, Purpose::Sending)?;
    online(async {
        let mut opened = target::open(arguments.org.org.as_deref(), &loaded, false, terminal).await?;
        let outcome = make(&mut loaded, &mut opened).await;
        let outcome = match outcome {
            Ok((plan, observed)) => show(&loaded, &plan, &observed, &opened, &notes, terminal).map(|()| plan),
            Err(failure) => Err(failure),
        };
        opened.close().await;
        let plan = outcome?;
        if !plan.is_applyable() {
            return Ok(Exit::Error);
        }
        Ok(if arguments.exit_code && !plan.is_empty() { Exit::Changes } else { Exit::Done })
    })
}

/// Reads the org and decides. The project may have to be lowered to an API version of the org.
pub async fn make(loaded: &mut Loaded, opened: &mut Opened) -> Result<(Plan, Observed), Failure> {
    let observed = match wire::observe(&loaded.desired, &opened.org).await {
        Err(wire::Error::Org(error)) => {
            if !version::lower(&error, loaded, opened).await? {
                return Err(error.into());
            }
            wire::observe(&loaded.desired, &opened.org).await?
        }
        observed => observed?,
    };
    Ok((plan::plan(&loaded.desired, &observed), observed))
}

/// Findings of the project and of the plan, in one list.
pub fn findings(loaded: &Loaded, plan: &Plan) -> crate::diagnostic::Diagnostics {
    let mut diagnostics = loaded.diagnostics.clone();
    diagnostics.merge(plan.findings.clone());
    diagnostics
}

fn show(
    loaded: &Loaded,
    plan: &Plan,
    observed: &Observed,
    opened: &Opened,
    notes: &Notes<'_>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let diagnostics = findings(loaded, plan);
    terminal.diagnostics(&loaded.sources, &diagnostics);
    let org = opened.described();
    match terminal.format {
        Format::Json => {
            let mut body = head(loaded, observed, opened);
            body.extend(report::json::plan(plan));
            body.insert("diagnostics".to_owned(), report::json::diagnostics(&loaded.sources, &diagnostics));
            terminal.result(&report::json::text(&Value::Object(body)))?;
        }
        Format::Html => {
            let wiring = crate::wiring::wiring(&loaded.desired);
            terminal.result(&report::html::plan::page(
                plan,
                &org,
                &wiring,
                &loaded.sources,
                &diagnostics,
            )?)?;
        }
        Format::Markdown => terminal.result(&report::markdown::plan(plan, &org))?,
        _ => terminal.result(&report::human::plan(plan, &org, terminal.colour_out))?,
    }
    let told: Vec<Finding> =
        diagnostics.sorted().into_iter().map(|found| Finding::of(found, &loaded.sources)).collect();
    notes.write(|| report::markdown::plan(plan, &org), &told.iter().collect::<Vec<_>>(), terminal)
}

/// The keys that every JSON report about an org begins with.
pub fn head(loaded: &Loaded, observed: &Observed, opened: &Opened) -> Map<String, Value> {
    let org = report::json::org(
        opened.org.name(),
        observed.org.as_ref(),
        opened.org.instance_url(),
        opened.org.simulated(),
    );
    let mut body = Map::from_iter([
        ("format_version".to_owned(), json!(report::json::FORMAT_VERSION)),
        ("org".to_owned(), org),
    ]);
    if let Some(environment) = &loaded.desired.environment {
        body.insert("environment".to_owned(), json!(environment));
    }
    body
}
