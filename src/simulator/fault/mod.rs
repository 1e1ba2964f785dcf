//! Things that go wrong on purpose: which request or deployment they meet, how often, and what then happens.
//!
//! A fault is a value. `script` reads faults from a file, [`Faults`] decides which of them a request meets, and `strike`
//! does to the request and its answer what they say. Nothing here is random: where a fault strikes only sometimes, a seed
//! and a count decide, so that a run can be repeated.

mod script;
mod strike;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use script::{Script, Unreadable};
pub(super) use strike::meet;

/// One thing to go wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Every deployment of this component (`connected-app.Orders`) fails with this problem.
    Reject { component: String, problem: String },
    /// The next `times` deployments meet a lock that another change holds (MD-11).
    Lock { times: u32, code: Lock },
    /// The next deployment stays in progress until it is cancelled.
    Hold,
    /// Something happens to a request, or to its answer.
    Request(OnRequest),
}

/// What a deployment that meets a lock is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    AlreadyInProcess,
    UnableToLockRow,
}

impl Lock {
    pub const ALL: [Lock; 2] = [Lock::AlreadyInProcess, Lock::UnableToLockRow];

    pub fn code(self) -> &'static str {
        match self {
            Lock::AlreadyInProcess => "ALREADY_IN_PROCESS",
            Lock::UnableToLockRow => "UNABLE_TO_LOCK_ROW",
        }
    }

    pub(super) fn message(self) -> &'static str {
        match self {
            Lock::AlreadyInProcess => {
                "the administration setup has already been locked by another change (rehearsal wording)"
            }
            Lock::UnableToLockRow => "unable to obtain exclusive access to this record",
        }
    }
}

/// A fault of requests.
#[derive(Debug, Clone, PartialEq)]
pub struct OnRequest {
    pub aim: Aim,
    /// So many requests that it is aimed at pass before it strikes.
    pub skip: u32,
    /// How often it strikes; without a number, always.
    pub times: Option<u32>,
    /// How likely it is to strike, from 0 to 1.
    pub chance: f64,
    pub act: Act,
}

/// Which requests a fault is aimed at; all of them if nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aim {
    pub method: Option<String>,
    /// What the path begins with, segment by segment; `*` is any one segment.
    pub path: Option<String>,
    /// The call in a SOAP body, such as `checkDeployStatus`.
    pub call: Option<String>,
}

/// When something happens, seen from the org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The org never hears of the request.
    Request,
    /// The org has done what it was asked.
    Answer,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The connection ends without an answer.
    Drop(Moment),
    /// This is answered in place of what the org says.
    Answer(Moment, Canned),
    /// The request, or the answer, is on its way for longer.
    Delay(Moment, Duration),
    /// The answer breaks off after so many bytes of its body; after half of them without a number.
    Truncate(Option<usize>),
    /// The answer says it is of another type than it is.
    Retype(String),
    /// The answer comes a few bytes at a time.
    Drip { bytes: usize, pause: Duration },
    /// The session of the request has ended. The one that the org prints has ended for this request only.
    ExpireSession,
}

/// An answer that nobody thought about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canned {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl OnRequest {
    /// Strikes the next request whose path begins like this.
    pub fn to(path: &str, act: Act) -> OnRequest {
        let aim = Aim { path: Some(path.to_owned()), ..Aim::default() };
        OnRequest { aim, skip: 0, times: Some(1), chance: 1.0, act }
    }

    /// Strikes the next request with this call in its SOAP body.
    pub fn calling(call: &str, act: Act) -> OnRequest {
        let aim = Aim { call: Some(call.to_owned()), ..Aim::default() };
        OnRequest { aim, skip: 0, times: Some(1), chance: 1.0, act }
    }

    #[must_use]
    pub fn by(mut self, method: &str) -> OnRequest {
        self.aim.method = Some(method.to_owned());
        self
    }

    #[must_use]
    pub fn times(mut self, times: u32) -> OnRequest {
        self.times = Some(times);
        self
    }

    #[must_use]
    pub fn skipping(mut self, skip: u32) -> OnRequest {
        self.skip = skip;
        self
    }
}

impl From<OnRequest> for Fault {
    fn from(fault: OnRequest) -> Fault {
        Fault::Request(fault)
    }
}

impl Canned {
    pub fn new(status: u16, body: impl Into<String>) -> Canned {
        Canned { status, headers: Vec::new(), body: body.into() }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Canned {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What is known of a request when faults are chosen.
#[derive(Debug, Clone, Copy)]
struct Seen<'a> {
    method: &'a str,
    path: &'a str,
    call: Option<&'a str>,
}

impl Aim {
    fn hits(&self, seen: Seen) -> bool {
        let is_method = self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(seen.method));
        let is_path = self.path.as_ref().is_none_or(|path| begins_with(seen.path, path));
        let is_call = self.call.as_ref().is_none_or(|call| seen.call == Some(call));
        is_method && is_path && is_call
    }
}

fn begins_with(path: &str, pattern: &str) -> bool {
    let segments = |text: &str| -> Vec<String> {
        text.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
    };
    let (path, pattern) = (segments(path), segments(pattern));
    pattern.len() <= path.len() && pattern.iter().zip(&path).all(|(want, is)| want == "*" || want == is)
}

/// The faults that are to happen, and how often each has.
pub(super) struct Faults(Mutex<Armed>);

#[derive(Default)]
struct Armed {
    seed: u64,
    /// By number, in the order they came.
    faults: BTreeMap<usize, (Fault, Count)>,
    added: usize,
}

/// How often a fault met what it was aimed at, and how often it struck.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub met: u32,
    pub struck: u32,
}

impl Faults {
    pub fn new(script: Script) -> Faults {
        let faults = Faults(Mutex::default());
        faults.add(script);
        faults
    }

    fn lock(&self) -> MutexGuard<'_, Armed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what a script says; its seed counts for all from now on, if it has one.
    pub fn add(&self, script: Script) {
        let mut armed = self.lock();
        armed.seed = script.seed.unwrap_or(armed.seed);
        for fault in script.faults {
            let number = armed.added;
            armed.faults.insert(number, (fault, Count::default()));
            armed.added += 1;
        }
    }

    pub fn clear(&self) {
        self.lock().faults.clear();
    }

    /// Every fault with its counts, those that are used up as well.
    pub fn all(&self) -> Vec<(Fault, Count)> {
        self.lock().faults.values().cloned().collect()
    }

    /// Whether faults have to be told more of a request than its path: the call and the session in a SOAP body.
    fn look_into_bodies(&self) -> bool {
        self.lock().faults.values().any(|(fault, _)| match fault {
            Fault::Request(fault) => fault.aim.call.is_some() || fault.act == Act::ExpireSession,
            _ => false,
        })
    }

    /// What a request runs into, in the order the faults came; each of them counts it.
    fn meet(&self, seen: Seen) -> Vec<Act> {
        let mut armed = self.lock();
        let seed = armed.seed;
        let mut acts = Vec::new();
        for (number, (fault, count)) in &mut armed.faults {
            let Fault::Request(fault) = fault else { continue };
            if !fault.aim.hits(seen) {
                continue;
            }
            count.met = count.met.saturating_add(1);
            let is_due = count.met > fault.skip && fault.times.is_none_or(|times| count.struck < times);
            if is_due && roll(seed, *number, count.met) < fault.chance {
                count.struck += 1;
                acts.push(fault.act.clone());
            }
        }
        acts
    }

    /// The lock that the deployment that starts now meets; asking uses the fault up by one.
    pub fn lock_met(&self) -> Option<Lock> {
        self.lock().faults.values_mut().find_map(|(fault, count)| match fault {
            Fault::Lock { times, code } if count.struck < *times => {
                count.met += 1;
                count.struck += 1;
                Some(*code)
            }
            _ => None,
        })
    }

    /// Whether the deployment that starts now is to be held; asking uses the fault up.
    pub fn hold_deploy(&self) -> bool {
        let mut armed = self.lock();
        let mut holds = armed.faults.values_mut();
        let held = holds.find(|(fault, count)| *fault == Fault::Hold && count.struck == 0);
        held.map(|(_, count)| *count = Count { met: 1, struck: 1 }).is_some()
    }

    /// Address and problem of each component to reject.
    pub fn rejected(&self) -> Vec<(String, String)> {
        let mut armed = self.lock();
        let rejected = armed.faults.values_mut().filter_map(|(fault, _)| match fault {
            Fault::Reject { component, problem } => Some((component.clone(), problem.clone())),
            _ => None,
        });
        rejected.collect()
    }
}

/// A number from 0 up to 1 that depends on nothing but these three. The mixing is that of splitmix64, which spreads
/// neighbouring inputs over the whole range.
fn roll(seed: u64, fault: usize, count: u32) -> f64 {
    let mut mixed = seed ^ ((fault as u64) << 32) ^ u64::from(count);
    for _ in 0..2 {
        mixed = mixed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
    }
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    let share = (mixed >> 11) as f64 / (1u64 << 53) as f64;
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen<'a>(method: &'a str, path: &'a str) -> Seen<'a> {
        Seen { method, path, call: None }
    }

    fn faults(all: Vec<Fault>) -> Faults {
        Faults::new(Script { seed: None, faults: all })
    }

    #[test]
    fn a_fault_happens_as_often_as_asked_and_several_meet_one_request() {
        let busy = Act::Answer(Moment::Request, Canned::new(503, "x"));
        let faults = faults(vec![
            OnRequest::to("/a", Act::Drop(Moment::Request)).into(),
            OnRequest::to("/a/b", busy.clone()).skipping(1).times(2).into(),
            Fault::Hold,
        ]);
        assert_eq!(faults.meet(seen("GET", "/a/b")), [Act::Drop(Moment::Request)]);
        assert_eq!(faults.meet(seen("GET", "/a")), []);
        assert_eq!(faults.meet(seen("GET", "/a/b/c")), std::slice::from_ref(&busy));
        assert_eq!(faults.meet(seen("GET", "/a/b")), [busy]);
        assert_eq!(faults.meet(seen("GET", "/a/b")), []);
        assert!(faults.hold_deploy() && !faults.hold_deploy());
    }

    #[test]
    fn an_aim_is_a_method_a_path_and_a_call() {
        let aim = Aim {
            method: Some("POST".to_owned()),
            path: Some("/services/*/m".to_owned()),
            call: Some("deploy".to_owned()),
        };
        let of = |method, path, call| aim.hits(Seen { method, path, call });
        assert!(of("POST", "/services/Soap/m/62.0", Some("deploy")));
        assert!(!of("GET", "/services/Soap/m/62.0", Some("deploy")));
        assert!(!of("POST", "/services/Soap/u/62.0", Some("deploy")));
        assert!(!of("POST", "/services/Soap/m/62.0", Some("retrieve")));
        assert!(!of("POST", "/services/Soap/m/62.0", None));
        assert!(!begins_with("/services/databases", "/services/data"));
    }

    #[test]
    fn chance_follows_the_seed_and_nothing_else() {
        let run = |seed| -> Vec<bool> {
            let often = OnRequest { chance: 0.5, times: None, ..OnRequest::to("/", Act::ExpireSession) };
            let faults = Faults::new(Script { seed: Some(seed), faults: vec![often.into()] });
            (0..1000).map(|_| !faults.meet(seen("GET", "/x")).is_empty()).collect()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let struck = run(7).into_iter().filter(|struck| *struck).count();
        assert!((450..550).contains(&struck), "{struck}");
    }
}
