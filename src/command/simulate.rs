//! `simulate`: serves orgs on loopback. Prints one line of JSON for each when all are ready.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::cli;
use crate::command::{Attempt, Exit, Failure, Trouble, local, runtime};
use crate::org::Interrupt;
use crate::report::{self, Format, Terminal};
use crate::simulator::{self, Neighbours, Options, Script, Simulator};

/// Where orgs live, each in a folder with its name.
const FOLDER: &str = ".orgwire";
const WHERE_FAULTS_ARE_TOLD: &str = "docs/faults.md says what the file of --faults may hold";

pub fn run(arguments: &cli::Simulate, terminal: &Terminal) -> Result<Exit, Failure> {
    if arguments.list_assumptions {
        return list_assumptions(terminal);
    }
    let faults = match &arguments.faults {
        Some(path) => Some((path.as_path(), read(path)?)),
        None => None,
    };
    runtime()?.block_on(async {
        let mut orgs = Vec::new();
        for mut options in all(arguments) {
            if let Some((path, text)) = &faults {
                options.faults = script(path, text, &options)?;
            }
            // Those that run already are stopped when they are dropped.
            orgs.push(Simulator::start(options).await.map_err(local::failure)?);
        }
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

fn all(arguments: &cli::Simulate) -> Vec<Options> {
    let common = Options {
        spring_26_block: arguments.spring_26_block,
        propagation: arguments.propagation,
        neighbours: Neighbours::default(),
        ..Options::default()
    };
    if arguments.org.is_empty() {
        let folder = (!arguments.in_memory).then(|| arguments.folder.clone());
        return vec![Options { folder, port: arguments.port, ..common }];
    }
    let one = |org: &cli::OrgToServe| Options {
        name: Some(org.name.clone()),
        nature: org.nature,
        folder: (!arguments.in_memory).then(|| Path::new(FOLDER).join(&org.name)),
        port: org.port,
        spring_26_block: org.spring_26_block.unwrap_or(common.spring_26_block),
        ..common.clone()
    };
    arguments.org.iter().map(one).collect()
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
