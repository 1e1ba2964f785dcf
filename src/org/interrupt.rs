//! Ctrl-C as a value: counted, shared, waited for. The first asks to cancel, the second to stop waiting.

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
    /// a tokio runtime; from then on these signals no longer end the process by themselves.
    pub fn on_signals() -> Interrupt {
        let interrupt = Interrupt::new();
        tokio::spawn(listen(interrupt.clone()));
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

/// Ends only where the system refuses to tell of signals; they then keep their usual effect.
#[cfg(unix)]
async fn listen(interrupt: Interrupt) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut pressed), Ok(mut ended)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    loop {
        tokio::select! {
            _ = pressed.recv() => interrupt.fire(),
            _ = ended.recv() => interrupt.fire(),
        }
    }
}

#[cfg(not(unix))]
async fn listen(interrupt: Interrupt) {
    while tokio::signal::ctrl_c().await.is_ok() {
        interrupt.fire();
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
}
