//! `destroy`: removes components from an org. A plan comes first, with what is lost; nothing is removed because a manifest
//! does not have it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli;
use crate::command::deploy::{self, Manner, WAIT, Way};
use crate::command::load::{self, Loaded, Purpose};
use crate::command::target::Opened;
use crate::command::{Exit, Failure, plan as planning};
use crate::component::ComponentId;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, suggestion};
use crate::history;
use crate::org::Interrupt;
use crate::plan::{self, Action, Plan};
use crate::report::{self, Format, Terminal};
use crate::resolve::Desired;

pub fn run(arguments: &cli::Destroy, terminal: &Terminal) -> Result<Exit, Failure> {
    let choice = cli::Choice { env: arguments.env.clone(), ..cli::Choice::default() };
    let (paths, addresses): (Vec<&String>, Vec<&String>) = arguments
        .targets
        .iter()
        .partition(|target| ComponentId::parse(target).is_none() && Path::new(target).exists());
    let project = cli::Project { paths: paths.into_iter().map(PathBuf::from).collect(), choice };
    // What is removed need not be fit to be sent.
    let mut loaded = load::load(&project, Purpose::Comparing)?;
    let removals = removals(&addresses, &loaded)?;
    let kept = std::mem::replace(&mut loaded.desired, Desired::empty(0));
    loaded.desired =
        Desired { removals, components: Default::default(), moves: Default::default(), ..kept.clone() };
    let mut used = Diagnostics::default();
    for id in &loaded.desired.removals {
        let users = kept.components.values().filter(|user| !loaded.desired.removals.contains(&user.id));
        plan::check_unused(id, users, &mut used);
    }
    if used.has_errors() {
        let mut all = loaded.nothing_found();
        all.merge(used);
        return Err(Failure::diagnostics(loaded.sources.clone(), all));
    }
    let way = Way { named: arguments.org.org.as_deref(), ..Way::default() };
    deploy::changing(way, &mut loaded, terminal, async |loaded, opened, interrupt| {
        let (plan, observed) = planning::make(loaded, opened).await?;
        if plan.is_empty() {
            terminal.talk(&format!("Nothing of this is in {}.\n", opened.described()));
        }
        if arguments.dry_run {
            planning::show(loaded, &plan, &observed, opened, terminal)?;
            return Ok(Exit::Done);
        }
        let manner = Changing { action: history::Action::Destroy, yes: arguments.yes, interrupt, terminal };
        change(&plan, &observed, loaded, opened, &manner).await
    })
}

/// A command that carries out a plan it has made by itself.
pub(super) struct Changing<'a> {
    pub action: history::Action,
    pub yes: bool,
    pub interrupt: &'a Interrupt,
    pub terminal: &'a Terminal,
}

/// Finishes what was left in flight, carries the plan out, and tells what was done.
pub(super) async fn change(
    plan: &Plan,
    observed: &crate::reference::Observed,
    loaded: &Loaded,
    opened: &Opened,
    changing: &Changing<'_>,
) -> Result<Exit, Failure> {
    let Changing { action, yes, interrupt, terminal } = *changing;
    deploy::finish(None, WAIT, loaded, opened, interrupt, terminal).await?;
    let manner = Manner { yes, ..Manner::new(action, interrupt, terminal) };
    let done = deploy::apply(plan, observed, loaded, opened, &manner).await?;
    let done = deploy::kept(done, loaded, opened)?;
    let (org, requests) = (opened.described(), opened.org.requests());
    match terminal.format {
        Format::Json => {
            let mut body = planning::head(loaded, &done.observed, opened);
            body.extend(report::json::done(&done, &[]));
            let removed = plan.changes.iter().filter(|change| change.action == Action::Delete);
            let removed: Vec<String> = removed.map(|change| change.id.to_string()).collect();
            body.insert("removed".to_owned(), removed.into());
            body.insert("requests".to_owned(), requests.into());
            terminal.result(&report::json::text(&Value::Object(body)))?;
        }
        Format::Markdown => terminal.result(&report::markdown::deployed(&done, &[], &org))?,
        _ => terminal.result(&report::human::deployed(&done, plan, &[], &org, false, requests))?,
    }
    Ok(Exit::Done)
}

/// What was asked for: declared or not, because what a manifest has lost may still be in an org.
fn removals(addresses: &[&String], loaded: &Loaded) -> Result<BTreeSet<ComponentId>, Failure> {
    if addresses.is_empty() {
        return Ok(loaded.desired.components.keys().cloned().collect());
    }
    let mut diagnostics = loaded.nothing_found();
    let mut found = BTreeSet::new();
    for address in addresses {
        match ComponentId::parse(address) {
            Some(id) => drop(found.insert(id)),
            None => {
                let known: Vec<String> = loaded.desired.components.keys().map(ToString::to_string).collect();
                let diagnostic = Diagnostic::error(
                    Code::UnknownComponent,
                    format!("`{address}` is no address of a component"),
                );
                diagnostics.push(match suggestion(address, known.iter().map(String::as_str)) {
                    Some(near) => diagnostic.help(format!("did you mean {near}?")),
                    None => diagnostic.help("write it as in plans, for example named-credential.AxsyApexAPI"),
                });
            }
        }
    }
    if diagnostics.has_errors() {
        return Err(Failure::diagnostics(loaded.sources.clone(), diagnostics));
    }
    Ok(found)
}
