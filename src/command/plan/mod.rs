//! `plan`: what would change in the org, in which pass, and what waits for what. Reads only.

mod drift;
mod origins;
mod unmanaged;

use serde_json::{Map, Value, json};

use crate::cli;
use crate::command::deploy::{self, Manner};
use crate::command::load::{self, Loaded, Purpose};
use crate::command::notes::Notes;
use crate::command::target::{self, Opened};
use crate::command::{Exit, Failure, online, saved, version};
use crate::history::{self, History};
use crate::journal::{self, Journal};
use crate::org::Interrupt;
use crate::plan::{self, Plan};
use crate::reference::Observed;
use crate::report::{self, Format, Terminal};
use crate::review::Finding;
use crate::wire;
use crate::{ledger, lint};

pub fn run(arguments: &cli::Plan, terminal: &Terminal) -> Result<Exit, Failure> {
    let notes = Notes::of(&arguments.notes)?;
    let mut loaded = load::load(&arguments.project, Purpose::Sending)?;
    online(async {
        let mut opened = target::open(arguments.org.org.as_deref(), &loaded, false, terminal).await?;
        let outcome = with_org(arguments, &mut loaded, &mut opened, &notes, terminal).await;
        opened.close().await;
        outcome
    })
}

async fn with_org(
    arguments: &cli::Plan,
    loaded: &mut Loaded,
    opened: &mut Opened,
    notes: &Notes<'_>,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let (made, observed) = make(loaded, opened).await?;
    let (loaded, opened) = (&*loaded, &*opened);
    warn_of_unfinished(opened, terminal)?;
    let mut plan = made.clone();
    explain(&mut plan, &observed, terminal);
    let unmanaged = match &arguments.unmanaged {
        Some(prefix) => unmanaged::find(prefix, loaded, opened).await?,
        None => Vec::new(),
    };
    if arguments.drift_only {
        let drifted = drift::show(loaded, &plan, &observed, &unmanaged, opened, terminal)?;
        let page = || report::markdown::drift(&plan, &unmanaged, &opened.described());
        note(loaded, &plan, notes, page, terminal)?;
        return Ok(if drifted { Exit::Changes } else { Exit::Done });
    }
    let validation = match arguments.validate && made.is_applyable() && !made.is_empty() {
        true => Some(validate(arguments, &made, &observed, loaded, opened, terminal).await?),
        false => None,
    };
    let saved = match &arguments.out {
        Some(path) => {
            Some(saved::save(path, arguments, &made, &observed, loaded, opened, validation.clone())?)
        }
        None => None,
    };
    let values = arguments.explain_values.then(|| origins::values(arguments, loaded, &observed));
    if let Some(values) = &values {
        origins::tell(values, terminal)?;
    }
    show_with(loaded, &plan, &observed, opened, terminal, &unmanaged, |body| {
        if let Some(values) = &values {
            body.insert("values".to_owned(), report::origins::json(values));
        }
        if let Some(validation) = &validation {
            body.insert("validation".to_owned(), json!(validation));
        }
        if let Some(saved) = &saved {
            body.insert("saved".to_owned(), json!({ "path": arguments.out, "digest": saved.digest() }));
        }
    })?;
    let steps = ledger::opened(&loaded.desired, &plan, &observed);
    note(loaded, &plan, notes, || report::markdown::plan(&plan, &steps, &opened.described()), terminal)?;
    if let Some(validation) = &validation {
        terminal.talk(&format!("The org has validated the first pass: {validation}\n"));
    }
    if let Some(path) = &arguments.out {
        terminal.talk(&format!("Saved the plan; deploy it with: orgwire deploy {}\n", path.display()));
    }
    if !plan.is_applyable() {
        return Ok(Exit::Error);
    }
    Ok(if arguments.exit_code && !plan.is_empty() { Exit::Changes } else { Exit::Done })
}

/// Where else it is told: the summary of a job, and annotations of lines.
fn note(
    loaded: &Loaded,
    plan: &Plan,
    notes: &Notes<'_>,
    page: impl FnOnce() -> String,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let diagnostics = findings(loaded, plan);
    let told: Vec<Finding> =
        diagnostics.sorted().into_iter().map(|found| Finding::of(found, &loaded.sources)).collect();
    notes.write(page, &told.iter().collect::<Vec<_>>(), terminal)
}

/// What an earlier run has left in flight may change the org while a plan for it is read.
fn warn_of_unfinished(opened: &Opened, terminal: &Terminal) -> Result<(), Failure> {
    for slip in Journal::new(journal::FOLDER).in_flight(opened.org.instance_url())? {
        let what = match &slip.entry.deploy_id {
            Some(id) => format!("the deployment {id}"),
            None => "a deployment whose answer was lost".to_owned(),
        };
        terminal.talk(&format!(
            "{what} of an earlier run was left in flight; the org may still change. `orgwire deploy --resume` waits for it\n"
        ));
    }
    Ok(())
}

/// Lets the org validate the first pass; the id of the validation.
async fn validate(
    arguments: &cli::Plan,
    plan: &Plan,
    observed: &Observed,
    loaded: &Loaded,
    opened: &Opened,
    terminal: &Terminal,
) -> Result<String, Failure> {
    let interrupt = Interrupt::on_signals();
    // What is planned is shown once, afterwards.
    let quiet = Terminal { format: Format::Json, ..terminal.clone() };
    let mut manner = Manner { yes: true, ..Manner::new(history::Action::Deploy, &interrupt, &quiet) };
    manner.options.check_only = true;
    manner.options.test_level = arguments.test_level.map(cli::TestLevel::name);
    let done = deploy::apply(plan, observed, loaded, opened, &manner).await?;
    Ok(done.passes.first().map(|pass| pass.deploy_id.clone()).unwrap_or_default())
}

/// Reads the org and decides. The project may have to be lowered to an API version of the org.
pub async fn make(loaded: &mut Loaded, opened: &mut Opened) -> Result<(Plan, Observed), Failure> {
    let observed = match wire::observe_named(&mut loaded.desired, &opened.org).await {
        Err(wire::Error::Org(error)) => {
            if !version::lower(&error, loaded, opened).await? {
                return Err(error.into());
            }
            wire::observe_named(&mut loaded.desired, &opened.org).await?
        }
        observed => observed?,
    };
    let mut plan = plan::plan(&loaded.desired, &observed);
    let mut found = loaded.nothing_found();
    lint::lint_plan(&loaded.desired, &plan, &mut found);
    let judgement = lint::judge(&loaded.policy(), &mut found);
    loaded.waived.extend(judgement.waived);
    let only_denied = judgement.denied && plan.is_applyable();
    plan.findings.merge(found);
    if only_denied {
        let all = findings(loaded, &plan);
        return Err(Failure::diagnostics(loaded.sources.clone(), all).exit(Exit::Policy));
    }
    Ok((plan, observed))
}

/// Tells who changed what, as far as the history of deployments knows. Nothing else depends on it, so a plan is made
/// without it where it cannot be read.
pub fn explain(plan: &mut Plan, observed: &Observed, terminal: &Terminal) {
    let Some(org) = &observed.org else { return };
    match History::new(history::FOLDER).last_deployed(&org.id) {
        Ok(last) => plan.explain(&last),
        Err(error) => {
            terminal.talk(&format!("warning: {error}; who has changed what since is not known\n"));
        }
    }
}

/// Findings of the project and of the plan, in one list.
pub fn findings(loaded: &Loaded, plan: &Plan) -> crate::diagnostic::Diagnostics {
    let mut diagnostics = loaded.diagnostics.clone();
    diagnostics.merge(plan.findings.clone());
    diagnostics
}

/// Tells a plan in the format that was asked for.
pub fn show(
    loaded: &Loaded,
    plan: &Plan,
    observed: &Observed,
    opened: &Opened,
    terminal: &Terminal,
) -> Result<(), Failure> {
    show_with(loaded, plan, observed, opened, terminal, &[], |_| {})
}

fn show_with(
    loaded: &Loaded,
    plan: &Plan,
    observed: &Observed,
    opened: &Opened,
    terminal: &Terminal,
    unmanaged: &[String],
    more: impl FnOnce(&mut Map<String, Value>),
) -> Result<(), Failure> {
    let diagnostics = findings(loaded, plan);
    terminal.diagnostics(&loaded.sources, &diagnostics);
    let org = opened.described();
    let steps = ledger::opened(&loaded.desired, plan, observed);
    match terminal.format {
        Format::Json => {
            let mut body = head(loaded, observed, opened);
            body.extend(report::json::plan(plan));
            body.insert("manual_steps".to_owned(), report::json::manual_steps(&steps));
            body.insert("diagnostics".to_owned(), report::json::diagnostics(&loaded.sources, &diagnostics));
            if !loaded.waived.is_empty() {
                let environment = loaded.desired.environment.as_deref();
                let waived = report::json::waived(&loaded.sources, &loaded.waived, environment);
                body.insert("waived".to_owned(), waived);
            }
            if !unmanaged.is_empty() {
                body.insert("unmanaged".to_owned(), json!(unmanaged));
            }
            more(&mut body);
            terminal.result(&report::json::text(&Value::Object(body)))?;
        }
        Format::Html => {
            let wiring = crate::wiring::wiring(&loaded.desired);
            let page = report::html::plan::page(plan, &steps, &org, &wiring, &loaded.sources, &diagnostics)?;
            terminal.result(&page)?;
        }
        Format::Markdown => terminal.result(&report::markdown::plan(plan, &steps, &org))?,
        _ => {
            terminal.result(&report::human::plan(plan, &steps, &org, terminal.colour_out))?;
            unmanaged::tell(unmanaged, terminal);
        }
    }
    Ok(())
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
