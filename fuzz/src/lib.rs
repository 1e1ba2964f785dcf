//! What has to be true of every input, one function for each fuzz target.
//!
//! Each takes bytes as the fuzzer makes them, and panics where orgwire does what it must never do. The targets in
//! `fuzz_targets/` only call these; `cargo test` calls them with the seeds, without any fuzzer.

pub mod answers;
pub mod archive;
pub mod calls;
pub mod component;
pub mod differences;
pub mod manifest;
pub mod requests;
pub mod seeds;
mod stages;

use orgwire::component::{Type, types};

/// Stands between the parts of an input: a byte that no text in UTF-8 has.
pub const BETWEEN: u8 = 0xFF;

/// The type that the first byte of an input names, and the rest of it.
fn typed(input: &[u8]) -> Option<(&'static Type, &[u8])> {
    let (first, rest) = input.split_first()?;
    Some((&types()[usize::from(*first) % types().len()], rest))
}

/// The first byte for a type.
pub fn byte_of(kind: &Type) -> u8 {
    let place = types().iter().position(|other| other.name == kind.name).expect("the type is one of all");
    u8::try_from(place).expect("there are fewer types than bytes")
}

/// The part before [`BETWEEN`] and the one behind it, if it is there.
fn parts(input: &[u8]) -> (&[u8], Option<&[u8]>) {
    match input.iter().position(|byte| *byte == BETWEEN) {
        Some(at) => (&input[..at], Some(&input[at + 1..])),
        None => (input, None),
    }
}
