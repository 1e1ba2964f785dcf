//! `lint`: everything wrong that can be known without an org. Findings are the result.

use crate::cli;
use crate::command::load::{self, Purpose};
use crate::command::{Exit, Failure};
use crate::project::Where;
use crate::report::{self, Format, Terminal};

pub fn run(arguments: &cli::Lint, terminal: &Terminal) -> Result<Exit, Failure> {
    let (loaded, denied) = load::check(&arguments.project, &Where::Disk, Purpose::Sending)?;
    let (sources, diagnostics) = (&loaded.sources, &loaded.diagnostics);
    let exit = match (diagnostics.has_errors(), denied) {
        (true, true) => Exit::Policy,
        (true, false) => Exit::Error,
        (false, _) => Exit::Done,
    };
    match terminal.format {
        Format::Human => {
            terminal.diagnostics(sources, diagnostics);
            let count = loaded.desired.components.len();
            let components =
                if count == 1 { "1 component".to_owned() } else { format!("{count} components") };
            let findings = match diagnostics.len() {
                0 => "nothing found".to_owned(),
                1 => "1 finding".to_owned(),
                many => format!("{many} findings"),
            };
            terminal.result(&format!("{components}: {findings}\n"))?;
        }
        Format::Json => {
            let body = serde_json::json!({
                "format_version": report::json::FORMAT_VERSION,
                "exit_code": exit as u8,
                "components": loaded.desired.components.len(),
                "diagnostics": report::json::diagnostics(sources, diagnostics),
            });
            terminal.result(&report::json::text(&body))?;
        }
        Format::Markdown => terminal.result(&report::markdown::diagnostics(sources, diagnostics))?,
        Format::Sarif => terminal.result(&report::json::text(&report::sarif::log(sources, diagnostics)))?,
        Format::Github => terminal.result(&report::annotations::github(sources, diagnostics))?,
        Format::Gitlab => {
            terminal.result(&report::json::text(&report::annotations::gitlab(sources, diagnostics)))?;
        }
    }
    Ok(exit)
}
