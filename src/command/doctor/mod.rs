//! `doctor`: is this org, and this login, fit for what the manifests want? And, for a symptom, which one cause does it have?
//! Asks the org over the wire, and changes nothing.

mod creation;
mod gather;
mod people;
mod tokens;

use serde_json::Value;

use crate::cli;
use crate::command::load::{self, Loaded, Purpose};
use crate::command::target::{self, Opened};
use crate::command::{Exit, Failure, Trouble, online, plan as planning};
use crate::doctor::symptom::{self, Complaint};
use crate::doctor::{Case, Rank, count, examine};
use crate::report::{self, Format, Terminal};

pub fn run(arguments: &cli::Doctor, terminal: &Terminal) -> Result<Exit, Failure> {
    // Before anything is asked: a text that nobody knows is a mistake of whoever typed it.
    let complaint = arguments.symptom.as_deref().map(complaint).transpose()?;
    let mut loaded = load::load(&arguments.project, Purpose::Sending)?;
    online(async {
        let mut opened = target::open(arguments.org.org.as_deref(), &loaded, false, terminal).await?;
        let user = arguments.user.as_deref();
        let outcome = with_org(user, complaint.as_ref(), &mut loaded, &mut opened, terminal).await;
        opened.close().await;
        outcome
    })
}

#[derive(Debug, thiserror::Error)]
#[error("no symptom is known by these words")]
struct Unknown;

fn complaint(text: &str) -> Result<Complaint, Failure> {
    symptom::find(text).ok_or_else(|| {
        let known: Vec<String> =
            symptom::ALL.iter().map(|symptom| format!("\"{}\"", symptom.title)).collect();
        let help = format!(
            "there are {}, and every error that `orgwire explain --org-errors` lists",
            known.join(", ")
        );
        Failure::new(Trouble::Usage, Unknown).help(help).exit(Exit::Changes)
    })
}

async fn with_org(
    user: Option<&str>,
    complaint: Option<&Complaint>,
    loaded: &mut Loaded,
    opened: &mut Opened,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let wanted = gather::Wanted { user, symptom: complaint.is_some() };
    let gathered = gather::gather(&wanted, loaded, opened).await?;
    let gather::Gathered { observed, planned, told } = &gathered;
    let case = Case::new(&loaded.desired, observed, planned.clone(), told, user);
    let org = opened.described();
    terminal.diagnostics(&loaded.sources, &loaded.diagnostics);
    let mut body = planning::head(loaded, observed, opened);
    body.insert("requests".to_owned(), opened.org.requests().into());
    if let Some(complaint) = complaint {
        let diagnosis = symptom::diagnose(complaint, &case);
        match terminal.format {
            Format::Json => {
                body.extend(report::doctor::diagnosis_json(&diagnosis));
                terminal.result(&report::json::text(&Value::Object(body)))?;
            }
            Format::Junit => terminal.result(&report::doctor::diagnosis_junit(&diagnosis))?,
            _ => terminal.result(&report::doctor::diagnosis_human(&diagnosis, &org, terminal.colour_out))?,
        }
        return Ok(Exit::Error);
    }
    let findings = examine(&case);
    match terminal.format {
        Format::Json => {
            body.extend(report::doctor::json(&findings));
            terminal.result(&report::json::text(&Value::Object(body)))?;
        }
        Format::Junit => terminal.result(&report::doctor::junit(&findings))?,
        _ => terminal.result(&report::doctor::human(&findings, &org, terminal.colour_out))?,
    }
    Ok(if count(&findings, Rank::Blocks) > 0 { Exit::Error } else { Exit::Done })
}
