//! `simulate`: serves the org inside this program on loopback. Prints one line of JSON when it is ready.

use crate::cli;
use crate::command::{Exit, Failure, Trouble, local, runtime};
use crate::org::Interrupt;
use crate::report::Terminal;
use crate::simulator::{Options, Simulator};

pub fn run(arguments: &cli::Simulate, terminal: &Terminal) -> Result<Exit, Failure> {
    runtime()?.block_on(async {
        let options = Options {
            folder: (!arguments.in_memory).then(|| arguments.folder.clone()),
            port: arguments.port,
            spring_26_block: arguments.spring_26_block,
            propagation: arguments.propagation,
            ..Options::default()
        };
        let simulator = Simulator::start(options).await.map_err(local::failure)?;
        let interrupt = Interrupt::on_signals();
        let mut line =
            serde_json::to_string(simulator.ready()).map_err(|error| Failure::new(Trouble::Output, error))?;
        line.push('\n');
        terminal.result(&line)?;
        terminal.talk("A simulation of an org on this machine only; Ctrl-C ends it.\n");
        interrupt.reached(1).await;
        simulator.stop().await;
        Ok(Exit::Done)
    })
}
