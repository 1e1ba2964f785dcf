//! Commands tested through the binary: what a user writes, and what they see. One file per command.

mod simulated;
mod test;

mod deploy;
mod diagnostics;
mod secrets;
mod troubles;
