//! `deploy`: finish what was left in flight, plan, confirm, send the passes, wire, read back.

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
use crate::command::{Exit, Failure, Trouble, plan as planning, runtime, secrets};
use crate::deploy::{self, Done, Finished, ManualStep, Means};
use crate::diagnostic::Diagnostics;
use crate::journal::{self, Journal};
use crate::org::{Api, DeployOptions, Interrupt, Outcome};
use crate::plan::{Limits, Plan};
use crate::report::progress::Progress;
use crate::report::{self, Format, Terminal};
use hand_over::{hand_over, take_back};
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
    let mut loaded = load::load(&arguments.project, Purpose::Sending)?;
    let mut diagnostics = Diagnostics::default();
    let resend = load::addresses("--resend", &arguments.resend, &loaded.desired, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(problems(&loaded, diagnostics));
    }
    loaded.desired.resend = resend.into_iter().collect();
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let mut opened =
            target::open(arguments.org.org.as_deref(), &loaded, arguments.spring_26_block, terminal).await?;
        if arguments.is_async && matches!(opened.local, Some(LocalOrg::Started(_))) {
            opened.close().await;
            return Err(Failure::new(Trouble::Usage, Problem::NobodyLeft)
                .help("serve it first: orgwire simulate; nothing was sent"));
        }
        if let Some(api) = arguments.api {
            opened.org = opened.org.deploying_over(match api {
                cli::Api::Rest => Api::Rest,
                cli::Api::Soap => Api::Soap,
            })?;
        }
        // From here on Ctrl-C is for the deployment: it is cancelled in the org, not forgotten there.
        let interrupt = Interrupt::on_signals();
        let outcome = tokio::select! {
            biased;
            outcome = with_org(arguments, &mut loaded, &mut opened, &interrupt, terminal) => outcome,
            () = interrupt.reached(3) => Err(Failure::said(Exit::Cancelled)),
        };
        opened.close().await;
        outcome
    });
    // A question or a secret's command may still be waiting; whoever interrupted it does not.
    runtime.shutdown_background();
    outcome
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
    interrupt: &Interrupt,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let journal = Journal::new(journal::FOLDER);
    let finished = finish(arguments, loaded, opened, &journal, interrupt, terminal).await?;
    let (plan, observed) = tokio::select! {
        made = planning::make(loaded, opened) => made?,
        () = interrupt.reached(1) => return Err(interrupted("planning")),
    };
    let (loaded, opened) = (&*loaded, &*opened);
    let org = opened.described();
    let diagnostics = planning::findings(loaded, &plan);
    if !plan.is_applyable() {
        return Err(problems(loaded, diagnostics));
    }
    terminal.diagnostics(&loaded.sources, &diagnostics);
    if terminal.format == Format::Human && !plan.is_empty() {
        terminal.result(&report::human::plan(&plan, &org, terminal.colour_out))?;
    }
    if !plan.is_empty() && !opened.is_local() && !arguments.yes && !arguments.check_only {
        let (org, terminal) = (org.clone(), terminal.clone());
        patiently("asking", interrupt, move || confirm(&org, &terminal)).await??;
    }
    if let Some(validation) = &arguments.quick {
        validated::check(validation, &plan, opened).await?;
    }
    let needed = plan.secrets(&loaded.desired);
    let (secrets, trouble) = patiently("reading secrets", interrupt, move || {
        let mut trouble = Diagnostics::default();
        (secrets::read(&needed, &mut trouble), trouble)
    })
    .await?;
    if trouble.has_errors() {
        return Err(problems(loaded, trouble));
    }
    let handed_over = match &arguments.secret_out {
        Some(path) => hand_over(path, &secrets, terminal)?,
        None => false,
    };
    let means = Means {
        org: &opened.org,
        templates: &loaded.templates,
        secrets: &secrets,
        interrupt,
        journal: &journal,
        options: options(arguments),
        limits: Limits::default(),
        validated: arguments.quick.clone(),
    };
    let mut progress = Progress::new(terminal);
    let outcome =
        deploy::deploy(&loaded.desired, &plan, observed.clone(), &means, &mut |event| progress.show(&event))
            .await;
    progress.finish();
    if arguments.check_only || outcome.as_ref().is_err_and(|stopped| nothing_deployed(stopped)) {
        take_back(arguments.secret_out.as_deref().filter(|_| handed_over));
    }
    let done = match outcome {
        Ok(done) => done,
        Err(stopped) => return Err(stopped_early(*stopped, loaded, &plan, opened)),
    };
    if !done.not_kept.is_empty() {
        return Err(not_kept(&done, loaded, opened));
    }
    let steps = if arguments.check_only {
        Vec::new()
    } else {
        deploy::manual_steps(&loaded.desired, &plan, &done.observed)
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
    let level = arguments.test_level.and_then(|level| clap::ValueEnum::to_possible_value(&level));
    DeployOptions {
        check_only: arguments.check_only,
        wait: wait(arguments),
        test_level: level.map(|level| level.get_name().to_owned()),
        run_tests: arguments.run_test.clone(),
        ..DeployOptions::default()
    }
}

/// Brings to its end what an earlier run left in flight. Only `--resume` takes its failure for one: whoever deploys
/// again sends it again.
async fn finish(
    arguments: &cli::Deploy,
    loaded: &Loaded,
    opened: &Opened,
    journal: &Journal,
    interrupt: &Interrupt,
    terminal: &Terminal,
) -> Result<Vec<Finished>, Failure> {
    let org = &opened.org;
    let mut slips = journal.in_flight(org.instance_url())?;
    let resume = arguments.resume.as_deref();
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
    // Whoever does not want to wait for the new one still has to for the old.
    let wait = Some(Duration::from_secs(60 * u64::from(arguments.wait)));
    let mut progress = Progress::new(terminal);
    let mut tell = |event| progress.show(&event);
    let mut finished = deploy::finish(slips, org, interrupt, wait, &mut tell).await.map_err(unfinished)?;
    let is_known = |id: &str| {
        let of = |one: &Finished| one.result.as_ref().is_some_and(|result| same(&result.id, id));
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

/// Ids come with 15 characters or 18, of which the last three only repeat something.
fn same(one: &str, other: &str) -> bool {
    one.get(..15).unwrap_or(one) == other.get(..15).unwrap_or(other)
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
