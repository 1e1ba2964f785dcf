//! Commands tested through the binary: what a user writes, and what they see. One file per command.

mod test;

mod cases;
mod deploy;
mod explain;
mod init;
mod plan;
mod render;
mod simulate;
