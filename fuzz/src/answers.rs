//! What comes back from an org, or from something in its place: no answer is read wrongly, and none shows a token.

pub fn check(input: &[u8]) {
    orgwire::org::fuzzed::read_anything(input);
}
