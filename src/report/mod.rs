//! All printing. Results go to standard output, talk to standard error; each format is a function of plain
//! data, in a file of its own. No format ever shows a secret: the data it gets has none.

pub mod annotations;
pub mod compare;
pub mod diff;
pub mod doctor;
pub mod html;
pub mod human;
pub mod import;
pub mod json;
pub mod markdown;
pub mod mermaid;
pub mod origins;
pub mod picture;
pub mod problem;
pub mod progress;
pub mod review;
pub mod sarif;
pub mod values;
pub mod verify;

use std::io::{self, IsTerminal, Write};

use crate::diagnostic::{Diagnostics, Sources};

/// How results are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Human,
    Json,
    Markdown,
    Html,
    Sarif,
    Junit,
}

/// Where and how to print.
#[derive(Debug, Clone)]
pub struct Terminal {
    pub format: Format,
    /// Say less on standard error.
    pub quiet: bool,
    /// Say more there.
    pub verbose: bool,
    pub colour_out: bool,
    pub colour_err: bool,
    /// Whether somebody can be asked.
    pub interactive: bool,
    /// Columns of standard error.
    pub width: usize,
}

impl Terminal {
    /// Writes a result. A closed pipe is not a problem of ours: whoever reads has read enough.
    pub fn result(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Writes something for people. Where standard error is gone there is nobody to tell.
    pub fn talk(&self, text: &str) {
        if !self.quiet {
            self.problem(text);
        }
    }

    /// Writes what must be seen even when quiet.
    pub fn problem(&self, text: &str) {
        let mut err = io::stderr().lock();
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    /// Writes findings for people.
    pub fn diagnostics(&self, sources: &Sources, diagnostics: &Diagnostics) {
        let errors = diagnostics.has_errors();
        for diagnostic in diagnostics.sorted() {
            let text = problem::diagnostic(diagnostic, sources, diagnostics, self.colour_err, self.width);
            if errors { self.problem(&text) } else { self.talk(&text) }
        }
    }

    /// Whether standard error is a terminal, on which a line can be drawn again and again.
    pub fn shows_progress(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }
}
