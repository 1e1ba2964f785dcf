//! `deploy`: plan, confirm, send the passes, wire, read back.

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::cli;
use crate::command::load::{self, Loaded, Purpose};
use crate::command::target::{self, Opened};
use crate::command::{Attempt, Exit, Failure, Trouble, plan as planning, runtime, secrets};
use crate::deploy::{self, Done, ManualStep, Means, Reason, Stopped};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::org::{Interrupt, Left};
use crate::plan::Plan;
use crate::rejection;
use crate::report::progress::Progress;
use crate::report::{self, Format, Terminal};
use crate::secret::Secrets;

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
        let opened =
            target::open(arguments.org.org.as_deref(), &loaded, arguments.spring_26_block, terminal).await?;
        // From here on Ctrl-C is for the deployment: it is cancelled in the org, not forgotten there.
        let interrupt = Interrupt::on_signals();
        let outcome = tokio::select! {
            biased;
            outcome = with_org(arguments, &loaded, &opened, &interrupt, terminal) => outcome,
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
    loaded: &Loaded,
    opened: &Opened,
    interrupt: &Interrupt,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let (plan, observed) = tokio::select! {
        made = planning::make(loaded, opened) => made?,
        () = interrupt.reached(1) => return Err(interrupted("planning")),
    };
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
        check_only: arguments.check_only,
        wait: Some(Duration::from_secs(60 * u64::from(arguments.wait))),
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
    show(arguments, loaded, &plan, &done, &steps, opened, terminal, &diagnostics)?;
    Ok(Exit::Done)
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

/// Writes generated keys and secrets to a new file before anything is sent: a secret that cannot be written
/// down afterwards would be lost.
fn hand_over(path: &Path, secrets: &Secrets, terminal: &Terminal) -> Result<bool, Failure> {
    let mut by_component: Map<String, Value> = Map::new();
    for (generated, _) in secrets.generated() {
        by_component.insert(generated.owner.to_string(), json!({}));
    }
    if by_component.is_empty() {
        terminal.talk(&format!(
            "No key or secret is generated in this deployment; `{}` is not written.\n",
            path.display()
        ));
        return Ok(false);
    }
    // Written by hand, so that no copy of a secret stays in a JSON value: keys and secrets have letters and
    // digits only.
    let mut text = Zeroizing::new(String::with_capacity(64 * 1024));
    text.push_str("{\n");
    for (at, component) in by_component.keys().enumerate() {
        let comma = if at == 0 { "" } else { ",\n" };
        text.push_str(&format!("{comma}  \"{component}\": {{"));
        let own = secrets.generated().filter(|(generated, _)| generated.owner.to_string() == *component);
        for (index, (generated, secret)) in own.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let path = generated.field.to_string();
            let key = path.rsplit('.').next().unwrap_or(&path);
            text.push_str(&format!("{comma}\n    \"{key}\": \""));
            text.push_str(secret.expose());
            text.push('"');
        }
        text.push_str("\n  }");
    }
    text.push_str("\n}\n");
    let failed = |error| {
        let what = format!("cannot write generated secrets to `{}`", path.display());
        Failure::new(Trouble::UnwritableFile, Attempt::new(what, error))
            .help("name a new file in a folder you can write to; nothing was sent")
    };
    let mut file = private(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        take_back(Some(path));
        failed(error)
    })?;
    terminal.talk(&format!(
        "Wrote generated keys and secrets to `{}` (readable by you alone).\n",
        path.display()
    ));
    Ok(true)
}

/// A file that did not exist and that only its owner can read.
pub fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes secrets that no org took.
fn take_back(path: Option<&Path>) {
    if let Some(path) = path {
        // It was ours a moment ago; where it cannot be removed it does no harm but that of an unused secret.
        let _ = fs::remove_file(path);
    }
}

/// Whether the org is as it was, for certain.
fn nothing_deployed(stopped: &Stopped) -> bool {
    stopped.pass <= 1
        && match &stopped.reason {
            Reason::Render(_) | Reason::Package(_) | Reason::Rejected(_) | Reason::Cancelled(_) => true,
            Reason::Org(error) => matches!(error.left(), Left::NothingSent | Left::NothingDeployed),
            Reason::StillRunning(_) | Reason::ReadBack(_) | Reason::NotTold(_) => false,
        }
}

fn stopped_early(stopped: Stopped, loaded: &Loaded, plan: &Plan, opened: &Opened) -> Failure {
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
            Failure::new(Trouble::StillRunning, problem)
                .help("it goes on in the org; run `deploy` again when it is done, to send what is left. Watch it in Setup, Deployment Status")
                .exit(Exit::Running)
                .after(more)
        }
        Reason::NotTold(reference) => Failure::new(Trouble::NotTold, Problem::NotTold(reference.to_string()))
            .help(format!("check that this login may see it (View Setup and Configuration); {state}"))
            .after(more),
        _ => {
            let before_sending = matches!(stopped.reason, Reason::Render(_) | Reason::Package(_));
            let failure = match stopped.reason {
                Reason::Org(error) => Failure::from(error),
                Reason::ReadBack(error) => Failure::from(error),
                Reason::Render(error) => Failure::from(error),
                Reason::Package(error) => Failure::from(error),
                _ => Failure::said(Exit::Error),
            };
            let failure = if pass > 1 || before_sending { failure.help(state) } else { failure };
            failure.after(more)
        }
    }
}

/// The org took everything and holds something else: said field by field, not reported as a success.
fn not_kept(done: &Done, loaded: &Loaded, opened: &Opened) -> Failure {
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

#[expect(clippy::too_many_arguments, reason = "everything a report can tell, and called once")]
fn show(
    arguments: &cli::Deploy,
    loaded: &Loaded,
    plan: &Plan,
    done: &Done,
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
