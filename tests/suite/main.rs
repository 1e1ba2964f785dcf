//! Commands tested through the binary: what a user writes, and what they see. One file per command.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may end")]

mod browser;
#[cfg(target_os = "linux")]
mod front;
mod simulated;
mod test;
mod vendor;

mod bad_input;
mod by_hand;
mod by_hand_steps;
mod cases;
#[cfg(unix)]
mod ci_files;
mod compare;
#[cfg(unix)]
mod convergence;
mod corpus;
mod crowd;
mod deploy;
mod destroy;
mod diagnostics;
mod diff;
mod doctor;
mod every_type;
mod explain;
mod faults;
mod fmt;
mod hand_over;
mod import;
mod init;
#[cfg(unix)]
mod link;
#[cfg(target_os = "linux")]
mod login;
mod no_noise;
mod oauth;
#[cfg(target_os = "linux")]
mod orgs;
mod pages;
mod plan;
mod policy;
mod promote;
mod properties;
mod render;
mod review;
mod sarif;
mod saved_plans;
mod secrets;
mod setup_forms;
mod simulate;
mod stories;
mod systems;
mod troubles;
mod twins;
#[cfg(unix)]
mod values;
mod verify;
mod wire;
