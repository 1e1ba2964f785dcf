//! `lint`: everything wrong that can be known without an org. Findings are the result.

use crate::cli;
use crate::command::load::{self, Purpose};
use crate::command::notes::Notes;
use crate::command::{Exit, Failure};
use crate::project::Where;
use crate::report::{self, Format, Terminal};
use crate::review::Finding;

pub fn run(arguments: &cli::Lint, terminal: &Terminal) -> Result<Exit, Failure> {
    let notes = Notes::of(&arguments.notes)?;
    let (loaded, denied) = load::check(&arguments.project, &Where::Disk, Purpose::Sending)?;
    let (sources, diagnostics) = (&loaded.sources, &loaded.diagnostics);
    let exit = match (diagnostics.has_errors(), denied) {
        (true, true) => Exit::Policy,
        (true, false) => Exit::Error,
        (false, _) => Exit::Done,
    };
    let waived = &loaded.waived;
    match terminal.format {
        Format::Human | Format::Html | Format::Junit => {
            terminal.diagnostics(sources, diagnostics);
            if terminal.verbose {
                terminal.talk(&report::human::waived(sources, waived));
            }
            let count = loaded.desired.components.len();
            let components =
                if count == 1 { "1 component".to_owned() } else { format!("{count} components") };
            let findings = match diagnostics.len() {
                0 => "nothing found".to_owned(),
                1 => "1 finding".to_owned(),
                many => format!("{many} findings"),
            };
            let waived = match waived.len() {
                0 => String::new(),
                number => format!(", {number} waived"),
            };
            terminal.result(&format!("{components}: {findings}{waived}\n"))?;
        }
        Format::Json => {
            let environment = loaded.desired.environment.as_deref();
            let mut body = serde_json::json!({
                "format_version": report::json::FORMAT_VERSION,
                "exit_code": exit as u8,
                "environment": environment,
                "components": loaded.desired.components.len(),
            });
            body["diagnostics"] = report::json::findings(sources, diagnostics, environment);
            body["waived"] = report::json::waived(sources, waived, environment);
            terminal.result(&report::json::text(&body))?;
        }
        Format::Markdown => {
            let mut text = report::markdown::diagnostics(sources, diagnostics);
            text.push_str(&report::markdown::waived(sources, waived));
            terminal.result(&text)?;
        }
        Format::Sarif => {
            terminal.result(&report::json::text(&report::sarif::log(sources, diagnostics, waived)))?;
        }
    }
    let findings: Vec<Finding> =
        diagnostics.sorted().into_iter().map(|found| Finding::of(found, sources)).collect();
    let markdown =
        || format!("### orgwire lint\n\n{}\n", report::markdown::diagnostics(sources, diagnostics));
    notes.write(markdown, &findings.iter().collect::<Vec<_>>(), terminal)?;
    Ok(exit)
}
