//! `simulate`: serves orgs on loopback. Prints one line of JSON for each when all are ready.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::cli;
use crate::command::copies::Copies;
use crate::command::{Attempt, Exit, Failure, Trouble, local, runtime};
use crate::org::Interrupt;
use crate::report::{self, Format, Terminal};
use crate::simulator::{self, FirstDay, Neighbours, Options, Script, Simulator};

/// Where orgs live, each in a folder with its name.
const FOLDER: &str = ".orgwire";
const WHERE_FAULTS_ARE_TOLD: &str = "docs/faults.md says what the file of --faults may hold";

pub fn run(arguments: &cli::Simulate, terminal: &Terminal) -> Result<Exit, Failure> {
    if arguments.list_assumptions {
        return list_assumptions(terminal);
    }
    check_names(&arguments.org)?;
    let copies = Copies::of(&arguments.copy, &arguments.org)?;
    let mut asked = all(arguments, &copies);
    if let Some(path) = &arguments.faults {
        let text = read(path)?;
        for Asked { options, .. } in &mut asked {
            options.faults = script(path, &text, options)?;
        }
    }
    runtime()?.block_on(async {
        let orgs = start(asked, terminal).await?;
        let interrupt = Interrupt::on_signals();
        for org in &orgs {
            let mut line =
                serde_json::to_string(org.ready()).map_err(|error| Failure::new(Trouble::Output, error))?;
            line.push('\n');
            terminal.result(&line)?;
        }
        let what = if orgs.len() == 1 { "A simulation of an org" } else { "Simulations of orgs" };
        terminal.talk(&format!("{what} on this machine only; Ctrl-C ends it.\n"));
        interrupt.reached(1).await;
        for org in orgs {
            org.stop().await;
        }
        Ok(Exit::Done)
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        let attempt = Attempt::new(format!("cannot read faults from `{}`", path.display()), error);
        Failure::new(Trouble::UnreadableFile, attempt).help(WHERE_FAULTS_ARE_TOLD)
    })
}

/// What the file says of this org.
fn script(path: &Path, text: &str, options: &Options) -> Result<Script, Failure> {
    Script::read(text, options.name.as_deref().unwrap_or(simulator::USUAL_NAME)).map_err(|unreadable| {
        let attempt = Attempt::new(format!("cannot use the faults in `{}`", path.display()), unreadable);
        Failure::new(Trouble::Usage, attempt).help(WHERE_FAULTS_ARE_TOLD)
    })
}

/// Starts the orgs, what is copied before its copies, and gives them back in the order they were asked for.
async fn start(mut asked: Vec<Asked>, terminal: &Terminal) -> Result<Vec<Simulator>, Failure> {
    asked.sort_by_key(|asked| asked.depth);
    let mut orgs = Vec::new();
    for Asked { place, options, .. } in asked {
        let (copied_from, first_day) = (options.copied_from.clone(), options.first_day);
        // Those that run already are stopped when they are dropped.
        let org = Simulator::start(options).await.map_err(local::failure)?;
        let name = &org.ready().org;
        if !org.is_new()
            && let Some(source) = copied_from
        {
            terminal.talk(&format!("`{name}` is there already and stays as it is: no copy of `{source}`.\n"));
        }
        if !org.is_new() && first_day != FirstDay::default() {
            terminal.talk(&format!(
                "`{name}` is there already and keeps its settings: api-access-control and lock-sessions-to-ip are \
                 for its first day.\n"
            ));
        }
        orgs.push((place, org));
    }
    orgs.sort_by_key(|(place, _)| *place);
    Ok(orgs.into_iter().map(|(_, org)| org).collect())
}

#[derive(Debug, thiserror::Error)]
#[error("two orgs are called `{0}`")]
struct SameName(String);

/// Each org has a folder of its own, and some systems do not tell `UAT` from `uat`.
fn check_names(orgs: &[cli::OrgToServe]) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    match orgs.iter().find(|org| !seen.insert(org.name.to_ascii_lowercase())) {
        Some(twice) => Err(Failure::new(Trouble::Usage, SameName(twice.name.clone()))
            .help("give each --org a name of its own; capitals alone do not tell folders apart")),
        None => Ok(()),
    }
}

/// An org that was asked for.
struct Asked {
    /// Among the others, as typed.
    place: usize,
    /// How many others have to be there first.
    depth: usize,
    options: Options,
}

fn all(arguments: &cli::Simulate, copies: &Copies) -> Vec<Asked> {
    let common = Options {
        spring_26_block: arguments.spring_26_block,
        propagation: arguments.propagation,
        daily_limit: arguments.daily_limit,
        neighbours: Neighbours::default(),
        ..Options::default()
    };
    if arguments.org.is_empty() {
        let folder = (!arguments.in_memory).then(|| arguments.folder.clone());
        let options = Options { folder, port: arguments.port, ..common };
        return vec![Asked { place: 0, depth: 0, options }];
    }
    let one = |(place, org): (usize, &cli::OrgToServe)| {
        let copied_from = copies.source(&org.name).map(str::to_owned);
        let options = Options {
            name: Some(org.name.clone()),
            // A copy is what its source is.
            nature: org.nature().filter(|_| copied_from.is_none()),
            first_day: org.first_day,
            copied_from,
            folder: (!arguments.in_memory).then(|| Path::new(FOLDER).join(&org.name)),
            port: org.port,
            spring_26_block: org.spring_26_block.unwrap_or(common.spring_26_block),
            ..common.clone()
        };
        Asked { place, depth: copies.depth(&org.name).unwrap_or_default(), options }
    };
    arguments.org.iter().enumerate().map(one).collect()
}

fn list_assumptions(terminal: &Terminal) -> Result<Exit, Failure> {
    let all = simulator::unconfirmed();
    let text = match terminal.format {
        Format::Json => {
            let rows: Vec<_> =
                all.iter().map(|(fact, what)| json!({ "fact": fact, "assumption": what })).collect();
            report::json::text(
                &json!({ "format_version": report::json::FORMAT_VERSION, "assumptions": rows }),
            )
        }
        _ => all.iter().map(|(fact, what)| format!("{fact:28} {what}\n")).collect(),
    };
    terminal.result(&text)?;
    Ok(Exit::Done)
}
