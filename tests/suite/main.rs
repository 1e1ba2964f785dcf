//! Commands tested through the binary: what a user writes, and what they see. One file per command.

mod test;

mod cases;
mod deploy;
