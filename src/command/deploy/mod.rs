//! `deploy`: finish what was left in flight, plan, confirm, send the passes, wire, read back.

mod apply;
mod hand_over;
mod stopped;
mod validated;

use std::io::{self, BufRead};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli;
use crate::command::load::{self, Loaded, Purpose};
use crate::command::local::LocalOrg;
use crate::command::target::{self, Opened};
use crate::command::{Exit, Failure, Trouble, by_hand, plan as planning, runtime, saved};
use crate::deploy::{self, Done, Finished};
use crate::diagnostic::Diagnostics;
use crate::history;
use crate::journal::{self, Journal};
use crate::ledger::ManualStep;
use crate::org::{Api, DeployOptions, Interrupt, Outcome, is_same_id};
use crate::plan::Plan;
use crate::report::progress::Progress;
use crate::report::{self, Format, Terminal};
pub use apply::{Manner, WAIT, apply, kept, planned_org};
pub use hand_over::HandOver;
use stopped::{ended_badly, not_kept, nothing_deployed, stopped_early, unfinished};

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("deploying to {0} needs a confirmation, and nobody can be asked")]
    Unconfirmed(String),
    #[error("not confirmed")]
    Declined,
    #[error("the deployment {id} was cancelled in pass {pass} of {of}")]
    Cancelled { id: String, pass: usize, of: usize },
    #[error("the deployment {id} is still running in pass {pass} of {of}")]
    StillRunning { id: String, pass: usize, of: usize },
    #[error("--async leaves a deployment to its org, and the local org ends with this command")]
    NobodyLeft,
    #[error("the deployment {id} of an earlier run is still running")]
    Unended { id: String },
    #[error("no deployment to {0} is in flight")]
    NothingInFlight(String),
    #[error("the org does not know the deployment that was in flight")]
    Forgotten,
    #[error("the deployment did not arrive ({0})")]
    NotArrived(String),
    #[error("the validation {id} cannot stand for this plan: {why}")]
    StaleValidation { id: String, why: String },
    #[error("the org does not tell `{0}`, although its component exists")]
    NotTold(String),
    #[error("the org accepted the deployment and holds something else than was sent")]
    NotKept,
    #[error("interrupted while {0}")]
    Interrupted(&'static str),
    #[error("{0} ended without a result")]
    Unfinished(&'static str),
}

pub fn run(arguments: &cli::Deploy, terminal: &Terminal) -> Result<Exit, Failure> {
    let saved = saved::find(&arguments.project.paths)?;
    if let Some(saved) = &saved {
        check_flags(arguments, saved)?;
    }
    let project = saved.as_ref().map(saved::Found::project);
    let mut loaded = load::load(project.as_ref().unwrap_or(&arguments.project), Purpose::Sending)?;
    if let Some(saved) = &saved {
        saved.check_manifest(&loaded)?;
    }
    let mut diagnostics = Diagnostics::default();
    let resend = load::addresses("--resend", &arguments.resend, &loaded.desired, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(problems(&loaded, diagnostics));
    }
    loaded.desired.resend = resend.into_iter().collect();
    let of_plan = saved.as_ref().map(|saved| saved.plan.org.name.as_str());
    let named = arguments.org.org.as_deref().or(of_plan.filter(|name| target::is_named(name, &loaded)));
    let way = Way { named, spring_26_block: arguments.spring_26_block, is_async: arguments.is_async };
    changing(way, &mut loaded, terminal, async |loaded, opened, interrupt| {
        if let Some(api) = arguments.api {
            let api = match api {
                cli::Api::Rest => Api::Rest,
                cli::Api::Soap => Api::Soap,
            };
            opened.org.deploy_over(api)?;
        }
        with_org(arguments, loaded, opened, saved.as_ref(), interrupt, terminal).await
    })
}

/// To which org, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Way<'a> {
    pub named: Option<&'a str>,
    pub spring_26_block: bool,
    /// The deployment is left to itself, so its org must not end with the command.
    pub is_async: bool,
}

/// Opens an org for work that changes it. From then on Ctrl-C is for the deployment: it is cancelled in the org, not
/// forgotten there.
pub fn changing(
    way: Way<'_>,
    loaded: &mut Loaded,
    terminal: &Terminal,
    work: impl AsyncFnOnce(&mut Loaded, &mut Opened, &Interrupt) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let mut opened = target::open(way.named, loaded, way.spring_26_block, terminal).await?;
        if way.is_async && matches!(opened.local, Some(LocalOrg::Started(_))) {
            opened.close().await;
            return Err(Failure::new(Trouble::Usage, Problem::NobodyLeft)
                .help("serve it first: orgwire simulate; nothing was sent"));
        }
        let interrupt = Interrupt::on_signals();
        let outcome = tokio::select! {
            biased;
            outcome = work(loaded, &mut opened, &interrupt) => outcome,
            () = interrupt.reached(3) => Err(Failure::said(Exit::Cancelled)),
        };
        opened.close().await;
        outcome
    });
    // A question or a secret's command may still be waiting; whoever interrupted it does not.
    runtime.shutdown_background();
    outcome
}

/// What would make another plan of a saved one.
fn check_flags(arguments: &cli::Deploy, saved: &saved::Found) -> Result<(), Failure> {
    let choice = &arguments.project.choice;
    let flags = [
        ("--env", choice.env.is_some()),
        ("--var", !choice.var.is_empty()),
        ("--target", !choice.target.is_empty()),
        ("--resend", !arguments.resend.is_empty()),
        ("--quick", arguments.quick.is_some()),
    ];
    match flags.iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => Err(saved.refuse(flag)),
        None => Ok(()),
    }
}

/// Runs what waits for a person or a program, and gives up on it when interrupted.
async fn patiently<T: Send + 'static>(
    doing: &'static str,
    interrupt: &Interrupt,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::select! {
        done = tokio::task::spawn_blocking(work) => {
            done.map_err(|_| Failure::new(Trouble::Runtime, Problem::Unfinished(doing)))
        }
        () = interrupt.reached(1) => Err(interrupted(doing)),
    }
}

/// Before anything was sent.
fn interrupted(doing: &'static str) -> Failure {
    Failure::new(Trouble::Interrupted, Problem::Interrupted(doing))
        .help("nothing was sent")
        .exit(Exit::Cancelled)
}

async fn with_org(
    arguments: &cli::Deploy,
    loaded: &mut Loaded,
    opened: &mut Opened,
    saved: Option<&saved::Found>,
    interrupt: &Interrupt,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let wait = Duration::from_secs(60 * u64::from(arguments.wait));
    let finished = finish(arguments.resume.as_deref(), wait, loaded, opened, interrupt, terminal).await?;
    let (mut plan, observed) = tokio::select! {
        made = planning::make(loaded, opened) => made?,
        () = interrupt.reached(1) => return Err(interrupted("planning")),
    };
    if let Some(saved) = saved {
        saved.check_org(&observed)?;
        saved.check_plan(&plan)?;
    }
    planning::explain(&mut plan, &observed, terminal);
    let (loaded, opened) = (&*loaded, &*opened);
    let manner = Manner {
        action: history::Action::Deploy,
        yes: arguments.yes,
        options: options(arguments),
        hand_over: HandOver::of(&arguments.hand_over)?,
        quick: arguments.quick.as_deref(),
        validation: saved.and_then(|saved| saved.plan.validation.as_deref()),
        interrupt,
        terminal,
    };
    let done = kept(apply(&plan, &observed, loaded, opened, &manner).await?, loaded, opened)?;
    let diagnostics = planning::findings(loaded, &plan);
    let steps = if arguments.check_only {
        Vec::new()
    } else {
        by_hand::open(&loaded.desired, &done.observed, terminal)
    };
    show(arguments, loaded, &plan, &done, &finished, &steps, opened, terminal, &diagnostics)?;
    Ok(Exit::Done)
}

fn wait(arguments: &cli::Deploy) -> Option<Duration> {
    Some(if arguments.is_async {
        Duration::ZERO
    } else {
        Duration::from_secs(60 * u64::from(arguments.wait))
    })
}

fn options(arguments: &cli::Deploy) -> DeployOptions {
    DeployOptions {
        check_only: arguments.check_only,
        wait: wait(arguments),
        test_level: arguments.test_level.map(cli::TestLevel::name),
        run_tests: arguments.run_test.clone(),
        ..DeployOptions::default()
    }
}

/// Brings to its end what an earlier run left in flight. Only `--resume` takes its failure for one: whoever deploys
/// again sends it again.
///
/// Whoever does not want to wait for a new deployment still has to for the old: `wait` is for that.
pub async fn finish(
    resume: Option<&str>,
    wait: Duration,
    loaded: &Loaded,
    opened: &Opened,
    interrupt: &Interrupt,
    terminal: &Terminal,
) -> Result<Vec<Finished>, Failure> {
    let org = &opened.org;
    let mut slips = Journal::new(journal::FOLDER).in_flight(org.instance_url())?;
    if resume.is_none() {
        // A validation leaves nothing behind that a plan would have to wait for.
        let (validations, deployments) = slips.into_iter().partition(|slip| slip.entry.check_only);
        slips = deployments;
        Vec::into_iter(validations).for_each(journal::Slip::close);
    }
    let id = resume.filter(|id| !id.is_empty());
    if slips.is_empty() && id.is_none() {
        return match resume {
            None => Ok(Vec::new()),
            Some(_) => {
                Err(Failure::new(Trouble::NothingInFlight, Problem::NothingInFlight(opened.described()))
                    .help("run `deploy` without --resume, or name the deployment: --resume=ID"))
            }
        };
    }
    let wait = Some(wait);
    let mut progress = Progress::new(terminal);
    let mut tell = |event| progress.show(&event);
    let mut finished = deploy::finish(slips, org, interrupt, wait, &mut tell).await.map_err(unfinished)?;
    let is_known = |id: &str| {
        let of = |one: &Finished| one.result.as_ref().is_some_and(|result| is_same_id(&result.id, id));
        finished.iter().any(of)
    };
    if let Some(id) = id.filter(|id| !is_known(id)) {
        let one = deploy::finish_one(id, org, interrupt, wait, &mut tell).await.map_err(unfinished)?;
        finished.push(one);
    }
    progress.finish();
    for one in &finished {
        terminal.talk(&format!("{}\n", report::human::finished(one)));
    }
    let failed =
        |one: &Finished| one.result.as_ref().is_none_or(|result| result.outcome() != Outcome::Succeeded);
    if resume.is_some()
        && let Some(at) = finished.iter().position(failed)
    {
        return Err(ended_badly(finished.swap_remove(at), loaded));
    }
    Ok(finished)
}

/// Fails with these, and keeps out of sight what the project's own diagnostics hide.
fn problems(loaded: &Loaded, diagnostics: Diagnostics) -> Failure {
    let mut all = loaded.nothing_found();
    all.merge(diagnostics);
    Failure::diagnostics(loaded.sources.clone(), all)
}

fn confirm(org: &str, terminal: &Terminal) -> Result<(), Failure> {
    if !terminal.interactive {
        return Err(Failure::new(Trouble::ConfirmationNeeded, Problem::Unconfirmed(org.to_owned()))
            .help("look at the plan with `orgwire plan`, then deploy with --yes; nothing was sent"));
    }
    terminal.problem(&format!("Deploy this to {org}? Only `yes` is taken as one: "));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == "yes" {
        return Ok(());
    }
    Err(Failure::new(Trouble::Declined, Problem::Declined).help("nothing was sent").exit(Exit::Cancelled))
}

#[expect(clippy::too_many_arguments, reason = "everything a report can tell, and called once")]
fn show(
    arguments: &cli::Deploy,
    loaded: &Loaded,
    plan: &Plan,
    done: &Done,
    finished: &[Finished],
    steps: &[ManualStep],
    opened: &Opened,
    terminal: &Terminal,
    diagnostics: &Diagnostics,
) -> Result<(), Failure> {
    let (org, requests) = (opened.described(), opened.org.requests());
    match terminal.format {
        Format::Json => {
            let mut body = planning::head(loaded, &done.observed, opened);
            body.extend(report::json::done(done, steps));
            if !finished.is_empty() {
                body.insert("resumed".to_owned(), report::json::finished(finished));
            }
            body.insert("requests".to_owned(), json!(requests));
            if arguments.check_only {
                body.insert("check_only".to_owned(), json!(true));
            }
            if !diagnostics.is_empty() {
                body.insert(
                    "diagnostics".to_owned(),
                    report::json::diagnostics(&loaded.sources, diagnostics),
                );
            }
            if !loaded.waived.is_empty() {
                let environment = loaded.desired.environment.as_deref();
                let waived = report::json::waived(&loaded.sources, &loaded.waived, environment);
                body.insert("waived".to_owned(), waived);
            }
            terminal.result(&report::json::text(&Value::Object(body)))?;
        }
        Format::Markdown => terminal.result(&report::markdown::deployed(done, steps, &org))?,
        _ => {
            let text = report::human::deployed(done, plan, steps, &org, arguments.check_only, requests);
            terminal.result(&text)?;
        }
    }
    Ok(())
}
