//! What a client sends to the local org: whatever it is, it is read or refused.

pub fn check(input: &[u8]) {
    orgwire::simulator::fuzzed::read_anything(input);
}
