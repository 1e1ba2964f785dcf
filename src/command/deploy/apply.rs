//! From a plan to what came of it: shown, confirmed, its secrets read, written down in the history, sent, read back.
//! Whatever changes an org goes through here.

use std::time::Duration;

use super::{HandOver, confirm, nothing_deployed, patiently, problems, stopped_early, validated};
use crate::command::load::Loaded;
use crate::command::target::Opened;
use crate::command::{Failure, by_hand, plan as planning, secrets};
use crate::deploy::{self, Done, Means, Reason};
use crate::diagnostic::Diagnostics;
use crate::history::{self, History};
use crate::journal::{self, Journal};
use crate::ledger;
use crate::org::{DeployOptions, Interrupt};
use crate::plan::{Action, Limits, Plan};
use crate::reference::Observed;
use crate::report::progress::Progress;
use crate::report::{self, Format, Terminal};
use crate::saved_plan::PlannedOrg;

/// How a plan is carried out.
pub struct Manner<'a> {
    /// What the history calls it.
    pub action: history::Action,
    /// Nobody is asked.
    pub yes: bool,
    /// With `check_only`, nothing is saved and nothing written down.
    pub options: DeployOptions,
    pub hand_over: HandOver,
    /// A validation that stands for the first pass, or nothing is done.
    pub quick: Option<&'a str>,
    /// Of a saved plan: a validation that may stand for the first pass, if the org takes it.
    pub validation: Option<&'a str>,
    pub interrupt: &'a Interrupt,
    pub terminal: &'a Terminal,
}

/// How long to watch one deployment, if nobody says.
pub const WAIT: Duration = Duration::from_secs(33 * 60);

impl<'a> Manner<'a> {
    /// The usual way.
    pub fn new(action: history::Action, interrupt: &'a Interrupt, terminal: &'a Terminal) -> Manner<'a> {
        let options = DeployOptions { wait: Some(WAIT), ..DeployOptions::default() };
        Manner {
            action,
            yes: false,
            options,
            hand_over: HandOver::default(),
            quick: None,
            validation: None,
            interrupt,
            terminal,
        }
    }
}

/// Carries a plan out. Everything that can be wrong before is found out before anything is sent.
pub async fn apply(
    plan: &Plan,
    observed: &Observed,
    loaded: &Loaded,
    opened: &Opened,
    manner: &Manner<'_>,
) -> Result<Done, Failure> {
    let Manner { interrupt, terminal, .. } = manner;
    let check_only = manner.options.check_only;
    let org = opened.described();
    let diagnostics = planning::findings(loaded, plan);
    if !plan.is_applyable() {
        return Err(problems(loaded, diagnostics));
    }
    terminal.diagnostics(&loaded.sources, &diagnostics);
    // Removing is asked for even in an org that is there to try things out.
    let is_harmless = opened.is_local() && plan.count(Action::Delete) == 0;
    let asks = !plan.is_empty() && !is_harmless && !manner.yes && !check_only;
    if terminal.format == Format::Human && !plan.is_empty() {
        // For whoever decides now; at the end they are told again, with links that lead deeper.
        let steps = if asks { ledger::opened(&loaded.desired, plan, observed) } else { Vec::new() };
        terminal.result(&report::human::plan(plan, &steps, &org, terminal.colour_out))?;
    }
    if asks {
        let (org, terminal) = (org.clone(), (*terminal).clone());
        patiently("asking", interrupt, move || confirm(&org, &terminal)).await??;
    }
    if let Some(validation) = manner.quick {
        validated::check(validation, plan, opened).await?;
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
    // What only is validated is forgotten, its secrets with it.
    let hand_over = if check_only { HandOver::default() } else { manner.hand_over.clone() };
    let told = (*terminal).clone();
    // A command that takes a secret may take its time.
    let handing = patiently("handing secrets over", interrupt, move || {
        let handed_over = hand_over.hand_over(&secrets, &told);
        (secrets, handed_over)
    });
    let (secrets, handed_over) = handing.await.inspect_err(|_| manner.hand_over.remove_file())?;
    let handed_over = handed_over?;
    let journal = Journal::new(journal::FOLDER);
    let mut means = Means {
        org: &opened.org,
        templates: &loaded.templates,
        secrets: &secrets,
        interrupt,
        journal: &journal,
        options: manner.options.clone(),
        limits: Limits::default(),
        validated: manner.quick.map(str::to_owned),
    };
    if let Some(validation) = manner.validation {
        // Secrets that were made a moment ago and handed over are not those that were validated.
        let is_usable = !handed_over && validated::check(validation, plan, opened).await.is_ok();
        if is_usable {
            means.validated = Some(validation.to_owned());
        } else {
            terminal.talk(&without_validation(validation));
        }
    }
    let record = match plan.is_empty() || check_only {
        true => None,
        false => Some(History::new(history::FOLDER).begin(record(
            plan,
            observed,
            loaded,
            opened,
            manner.action,
        ))?),
    };
    let outcome = send(plan, observed, loaded, &mut means, manner).await;
    if handed_over && outcome.as_ref().is_err_and(|stopped| nothing_deployed(stopped)) {
        manner.hand_over.take_back(terminal);
    }
    let done = match outcome {
        Ok(done) => done,
        Err(stopped) => {
            if let Some(record) = record {
                let ids = ids(&stopped.done);
                // What is told is why it stopped; a record without the ids does to roll back.
                let _ = if nothing_deployed(&stopped) {
                    record.drop_it();
                    Ok(())
                } else {
                    record.stopped(ids)
                };
            }
            return Err(stopped_early(*stopped, loaded, plan, opened));
        }
    };
    if !check_only {
        by_hand::opened_by(plan, &loaded.desired, &done.observed, terminal);
    }
    if let Some(record) = record {
        let kept = record.done(ids(&done), &done.observed);
        kept.map_err(|error| Failure::from(error).help("the deployment itself is done, and was read back"))?;
    }
    Ok(done)
}

/// Sends the plan; once more without the validation of a saved plan, if the org does not take that.
async fn send(
    plan: &Plan,
    observed: &Observed,
    loaded: &Loaded,
    means: &mut Means<'_>,
    manner: &Manner<'_>,
) -> Result<Done, Box<deploy::Stopped>> {
    loop {
        let mut progress = Progress::new(manner.terminal);
        let mut tell = |event| progress.show(&event);
        let outcome = deploy::deploy(&loaded.desired, plan, observed.clone(), means, &mut tell).await;
        progress.finish();
        let is_of_validation = manner.validation.is_some() && means.validated.is_some();
        match outcome {
            Err(stopped)
                if is_of_validation
                    && matches!(stopped.reason, Reason::Org(_))
                    && nothing_deployed(&stopped) =>
            {
                if let Some(validation) = means.validated.take() {
                    manner.terminal.talk(&without_validation(&validation));
                }
            }
            outcome => return outcome,
        }
    }
}

fn without_validation(validation: &str) -> String {
    format!("The org does not take the validation {validation} any more; deploying without it\n")
}

fn ids(done: &Done) -> Vec<String> {
    done.passes.iter().map(|pass| pass.deploy_id.clone()).collect()
}

fn record(
    plan: &Plan,
    observed: &Observed,
    loaded: &Loaded,
    opened: &Opened,
    action: history::Action,
) -> history::Record {
    let touched = plan.changes.iter().filter(|change| !change.passes.is_empty()).map(|change| &change.id);
    let org = planned_org(observed, opened);
    let desired = &loaded.desired;
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    history::Record::new(action, org, desired.environment.clone(), desired.api_version, now)
        .before(touched, observed)
}

/// The org of a plan or a record.
pub fn planned_org(observed: &Observed, opened: &Opened) -> PlannedOrg {
    PlannedOrg {
        name: opened.org.name().to_owned(),
        id: observed.org.as_ref().map(|org| org.id.clone()).unwrap_or_default(),
        instance_url: opened.org.instance_url().to_owned(),
    }
}

/// What the org accepted and did not keep is no success.
pub fn kept(done: Done, loaded: &Loaded, opened: &Opened) -> Result<Done, Failure> {
    if done.not_kept.is_empty() { Ok(done) } else { Err(super::not_kept(&done, loaded, opened)) }
}
