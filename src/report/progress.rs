//! The progress of a deployment on standard error: one line that is drawn again on a terminal, plain lines
//! elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::deploy::Event;
use crate::org::DeployEvent;
use crate::report::Terminal;

/// Shows events as they come.
pub struct Progress {
    bar: Option<ProgressBar>,
    terminal: Terminal,
    pass: (usize, usize),
    state: String,
}

impl Progress {
    pub fn new(terminal: &Terminal) -> Progress {
        let bar = terminal.shows_progress().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Progress { bar, terminal: terminal.clone(), pass: (0, 0), state: String::new() }
    }

    pub fn show(&mut self, event: &Event) {
        let (number, of) = self.pass;
        match event {
            Event::PassStarted { number, of, components } => {
                self.pass = (*number, *of);
                self.state.clear();
                let what = if *components == 1 { "component" } else { "components" };
                self.say(&format!("Pass {number} of {of}: sending {components} {what}"));
            }
            Event::PassSkipped { number } => {
                self.say(&format!("Pass {number}: not needed, the predicted values are right"))
            }
            Event::Unfinished { deploy_id, components } => {
                let what = match deploy_id {
                    Some(id) => format!("Deployment {id} was left in flight; watching it"),
                    None => format!(
                        "A deployment of {components} component(s) was left in flight; asking the org whether it arrived"
                    ),
                };
                self.say(&what);
            }
            Event::PackageStarted { number: package, of: packages, components } => {
                self.state.clear();
                self.say(&format!(
                    "Pass {number} of {of}, package {package} of {packages}: sending {components} components"
                ));
            }
            Event::AnswerLost => {
                self.say("The answer to the deployment was lost; asking the org whether it has arrived");
            }
            Event::Locked { problem, wait } => self.say(&format!(
                "Another change holds the org's setup; sending again in {} s: {problem}",
                wait.as_secs()
            )),
            Event::Deploy(DeployEvent::Waiting { problem, wait }) => self.say(&format!(
                "The org did not take the deployment; sending it in {:.1} s: {problem}",
                wait.as_secs_f64()
            )),
            Event::ReadingBack => self.draw("Reading back what the org holds"),
            Event::Deploy(DeployEvent::Posted { id }) => self.draw(&format!("Pass {number} of {of}: {id}")),
            Event::Deploy(DeployEvent::Progress { state, detail, components, .. }) => {
                let detail = detail.as_deref().map_or(String::new(), |detail| format!(" {detail}"));
                let line = format!(
                    "Pass {number} of {of}: {state}{detail} {}/{}",
                    components.done, components.total
                );
                // Without a terminal only a change of state is worth a line.
                if *state != self.state {
                    self.state.clone_from(state);
                    if self.bar.is_none() && state != "Pending" {
                        self.say(&line);
                    }
                }
                self.draw(&line);
            }
            Event::Deploy(DeployEvent::LookFailed { problem }) => {
                self.say(&format!("Looking at the deployment failed, trying again: {problem}"));
            }
            Event::Deploy(DeployEvent::CancelAsked) => {
                self.say("Asked the org to cancel; interrupt again to stop waiting for it");
            }
            Event::Deploy(DeployEvent::CancelRefused { reason }) => {
                self.say(&format!("The org does not cancel: {reason}"));
            }
            // The result tells how it ended.
            Event::Deploy(DeployEvent::Finished { .. }) => {}
        }
    }

    pub fn finish(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => self.terminal.talk(&format!("{line}\n")),
        }
    }

    fn draw(&self, line: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(line.to_owned());
        }
    }
}
