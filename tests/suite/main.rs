//! Commands tested through the binary: what a user writes, and what they see. One file per command.

mod simulated;
mod test;

mod cases;
mod deploy;
mod diagnostics;
mod explain;
mod init;
mod plan;
mod render;
mod secrets;
mod simulate;
mod troubles;
