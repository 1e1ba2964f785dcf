//! Things that go wrong on purpose, asked for by tests.

use std::sync::{Mutex, PoisonError};

/// One thing to go wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Every deployment of this component (`connected-app.Orders`) fails with this problem.
    Reject { component: String, problem: String },
    /// The next `times` requests whose path starts with `path` get this answer.
    Answer { path: String, times: u32, status: u16, body: String },
    /// The next `times` requests whose path starts with `path` get no answer: the connection ends.
    Drop { path: String, times: u32 },
    /// The next `times` deployments meet a lock that another change holds on the org's setup (MD-11).
    Locked { times: u32 },
    /// The next deployment stays in progress until it is cancelled.
    HoldDeploy,
}

/// What a request runs into.
pub(super) enum Trouble {
    Answer { status: u16, body: String },
    Drop,
}

/// The faults that are still to happen.
pub(super) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub fn new(faults: Vec<Fault>) -> Faults {
        Faults(Mutex::new(faults))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// The fault that meets a request to this path, used up by one.
    pub fn meet(&self, requested: &str) -> Option<Trouble> {
        self.lock().iter_mut().find_map(|fault| match fault {
            Fault::Answer { path, times, status, body }
                if *times > 0 && requested.starts_with(path.as_str()) =>
            {
                *times -= 1;
                Some(Trouble::Answer { status: *status, body: body.clone() })
            }
            Fault::Drop { path, times } if *times > 0 && requested.starts_with(path.as_str()) => {
                *times -= 1;
                Some(Trouble::Drop)
            }
            _ => None,
        })
    }

    /// Whether the deployment that starts now meets a lock; asking uses the fault up by one.
    pub fn is_locked(&self) -> bool {
        self.lock().iter_mut().any(|fault| match fault {
            Fault::Locked { times } if *times > 0 => {
                *times -= 1;
                true
            }
            _ => false,
        })
    }

    /// Whether the deployment that starts now is to be held; asking uses the fault up.
    pub fn hold_deploy(&self) -> bool {
        let mut faults = self.lock();
        let at = faults.iter().position(|fault| *fault == Fault::HoldDeploy);
        at.map(|at| faults.remove(at)).is_some()
    }

    /// Address and problem of each component to reject.
    pub fn rejected(&self) -> Vec<(String, String)> {
        let rejected = |fault: &Fault| match fault {
            Fault::Reject { component, problem } => Some((component.clone(), problem.clone())),
            _ => None,
        };
        self.lock().iter().filter_map(rejected).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_happens_as_often_as_asked() {
        let faults = Faults::new(vec![
            Fault::Drop { path: "/a".to_owned(), times: 1 },
            Fault::Answer { path: "/a/b".to_owned(), times: 1, status: 503, body: "x".to_owned() },
            Fault::HoldDeploy,
        ]);
        assert!(matches!(faults.meet("/a/b"), Some(Trouble::Drop)));
        assert!(matches!(faults.meet("/a/b"), Some(Trouble::Answer { status: 503, .. })));
        assert!(faults.meet("/a/b").is_none());
        assert!(faults.hold_deploy() && !faults.hold_deploy());
    }
}
