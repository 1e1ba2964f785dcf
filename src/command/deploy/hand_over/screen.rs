//! `--show-secrets`: for whoever copies them into a form. Only where standard error is a terminal, so that no log of a
//! job ever holds them.

use std::io::{self, IsTerminal, Write};

use super::Value;
use crate::command::{Failure, Trouble};

#[derive(Debug, thiserror::Error)]
#[error("--show-secrets needs a terminal to show them on")]
struct NoTerminal;

pub(super) fn check() -> Result<(), Failure> {
    if io::stderr().is_terminal() {
        return Ok(());
    }
    Err(Failure::new(Trouble::Usage, NoTerminal)
        .help("for a job: --secret-out FILE, or --secret-to-command 'gh secret set NAME'; nothing was sent"))
}

pub(super) fn show(values: &[Value<'_>]) -> Result<(), Failure> {
    let mut screen = io::stderr().lock();
    writeln!(screen, "Shown once, and kept by nobody but the org:")?;
    for value in values {
        write!(screen, "    {} of {}: ", value.key, value.component)?;
        screen.write_all(value.secret.expose().as_bytes())?;
        writeln!(screen)?;
    }
    screen.flush()?;
    Ok(())
}
