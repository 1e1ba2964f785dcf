//! What a system for continuous integration takes beside the result: a summary of the job, and annotations of lines.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use crate::cli;
use crate::command::{Attempt, Failure, Trouble, file};
use crate::report::{self, Format, Terminal};
use crate::review::Finding;

const SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Where they go, known before there is anything to tell.
pub struct Notes<'a> {
    arguments: &'a cli::Notes,
    summary: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
#[error("--step-summary needs the variable {SUMMARY}, which is not set")]
struct NoSummary;

impl Notes<'_> {
    pub fn of(arguments: &cli::Notes) -> Result<Notes<'_>, Failure> {
        let named = std::env::var_os(SUMMARY).filter(|name: &OsString| !name.is_empty());
        let summary = match (arguments.step_summary, named) {
            (false, _) => None,
            (true, Some(path)) => Some(PathBuf::from(path)),
            (true, None) => {
                let help = "leave --step-summary out, or use it in a job of GitHub Actions, which sets it";
                return Err(Failure::new(Trouble::Usage, NoSummary).help(help));
            }
        };
        Ok(Notes { arguments, summary })
    }

    pub fn are_wanted(&self) -> bool {
        self.summary.is_some() || self.arguments.annotations.is_some()
    }

    pub fn write(
        &self,
        markdown: impl FnOnce() -> String,
        findings: &[&Finding],
        terminal: &Terminal,
    ) -> Result<(), Failure> {
        if let Some(path) = &self.summary {
            // Steps of one job share the file.
            let opened = OpenOptions::new().create(true).append(true).open(path);
            opened.and_then(|mut file| file.write_all(markdown().as_bytes())).map_err(|error| {
                let attempt = Attempt::new(format!("cannot write `{}`", path.display()), error);
                Failure::new(Trouble::UnwritableFile, attempt).help("check what GITHUB_STEP_SUMMARY names")
            })?;
        }
        let text = match self.arguments.annotations {
            None => return Ok(()),
            Some(cli::Annotations::Github) => report::annotations::github(findings.iter().copied()),
            Some(cli::Annotations::Gitlab) => {
                report::json::text(&report::annotations::gitlab(findings.iter().copied()))
            }
        };
        match &self.arguments.annotations_out {
            Some(path) => file::write(path, text.as_bytes(), false),
            // GitHub reads both streams; a result for a program or a page has standard output for itself.
            None if terminal.format == Format::Human => Ok(terminal.result(&text)?),
            None => {
                terminal.problem(&text);
                Ok(())
            }
        }
    }
}
