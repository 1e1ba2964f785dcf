//! Whole requests to the local org: whatever they are, it answers, and with something that a client can read.

use std::cell::RefCell;

use orgwire::simulator::fuzzed::Calls;

thread_local! {
    static CALLS: RefCell<Calls> = RefCell::default();
}

pub fn check(input: &[u8]) {
    CALLS.with_borrow_mut(|calls| calls.send(input));
}
