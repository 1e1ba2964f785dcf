//! Ctrl-C as a value: counted, shared, waited for. The first asks to cancel, the second to stop waiting.

use std::io;
use std::sync::Arc;

use tokio::sync::watch;

/// How often the user has asked to stop. Clones share the count.
#[derive(Debug, Clone)]
pub struct Interrupt {
    count: Arc<watch::Sender<u32>>,
}

impl Default for Interrupt {
    fn default() -> Interrupt {
        Interrupt::new()
    }
}

impl Interrupt {
    /// One that only [`Interrupt::fire`] sets off.
    pub fn new() -> Interrupt {
        Interrupt { count: Arc::new(watch::Sender::new(0)) }
    }

    /// One that Ctrl-C sets off, and on Unix the signal with which build servers end a job. To be called inside
    /// a tokio runtime; when it returns, these signals no longer end the process by themselves. Where the system
    /// refuses to tell of them they keep their usual effect.
    pub fn on_signals() -> Interrupt {
        let interrupt = Interrupt::new();
        // Registered here and not in the task, which may begin much later: no signal is lost in between.
        if let Ok(signals) = Signals::register() {
            tokio::spawn(signals.pass_on(interrupt.clone()));
        }
        interrupt
    }

    pub fn fire(&self) {
        self.count.send_modify(|count| *count = count.saturating_add(1));
    }

    pub fn count(&self) -> u32 {
        *self.count.borrow()
    }

    /// Waits until it has been fired this often.
    pub async fn reached(&self, count: u32) {
        // The sender lives in `self`, so the channel cannot close under the wait.
        let _ = self.count.subscribe().wait_for(|seen| *seen >= count).await;
    }
}

#[cfg(unix)]
struct Signals {
    pressed: tokio::signal::unix::Signal,
    ended: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn register() -> io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { pressed: signal(SignalKind::interrupt())?, ended: signal(SignalKind::terminate())? })
    }

    async fn pass_on(mut self, interrupt: Interrupt) {
        loop {
            tokio::select! {
                _ = self.pressed.recv() => interrupt.fire(),
                _ = self.ended.recv() => interrupt.fire(),
            }
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn register() -> io::Result<Signals> {
        tokio::signal::windows::ctrl_c().map(Signals)
    }

    async fn pass_on(mut self, interrupt: Interrupt) {
        while self.0.recv().await.is_some() {
            interrupt.fire();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn clones_share_the_count() {
        let interrupt = Interrupt::new();
        let clone = interrupt.clone();
        clone.fire();
        interrupt.reached(1).await;
        clone.fire();
        interrupt.reached(2).await;
        assert_eq!(interrupt.count(), 2);
    }

    /// The task that listens has had no chance to run yet.
    #[cfg(unix)]
    #[tokio::test]
    async fn a_signal_that_comes_at_once_is_not_lost() {
        let interrupt = Interrupt::on_signals();
        let own = std::process::id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &own]).status().unwrap().success());
        let reached = tokio::time::timeout(std::time::Duration::from_secs(10), interrupt.reached(1)).await;
        assert!(reached.is_ok());
    }
}
