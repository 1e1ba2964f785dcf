//! `simulate`: serves orgs on loopback. Prints one line of JSON for each when all are ready.

use std::path::Path;

use serde_json::json;

use crate::cli;
use crate::command::{Exit, Failure, Trouble, local, runtime};
use crate::org::Interrupt;
use crate::report::{self, Format, Terminal};
use crate::simulator::{self, Neighbours, Options, Simulator};

/// Where orgs live, each in a folder with its name.
const FOLDER: &str = ".orgwire";

pub fn run(arguments: &cli::Simulate, terminal: &Terminal) -> Result<Exit, Failure> {
    if arguments.list_assumptions {
        return list_assumptions(terminal);
    }
    runtime()?.block_on(async {
        let mut orgs = Vec::new();
        for options in all(arguments) {
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

fn all(arguments: &cli::Simulate) -> Vec<Options> {
    let common = Options {
        spring_26_block: arguments.spring_26_block,
        propagation: arguments.propagation,
        daily_limit: arguments.daily_limit,
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
