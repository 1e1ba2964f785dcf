//! `explain`: the long story of a diagnostic, or what is known of a metadata type or field; with `--all`, of all.

use crate::cli;
use crate::command::{Exit, Failure, Trouble};
use crate::component::types;
use crate::diagnostic::suggestion;
use crate::report::{Format, Terminal, json};
use crate::{dictionary, explain, handbook};

#[derive(Debug, thiserror::Error)]
#[error("nothing is known of `{0}`")]
struct Unknown(String);

pub fn run(arguments: &cli::Explain, terminal: &Terminal) -> Result<Exit, Failure> {
    if arguments.all {
        return tell("reference", &handbook::page(types()), terminal);
    }
    if arguments.org_errors {
        return tell("org-errors", &dictionary::page(), terminal);
    }
    let Some(topic) = &arguments.topic else {
        let ours = explain::all().map(|(code, first)| format!("{code:28} {first}\n"));
        let theirs = dictionary::codes().map(|code| format!("  {code}\n"));
        let between = "\nWhat orgs say:\n\n".to_owned();
        let list: String = ours.chain([between]).chain(theirs).collect();
        terminal.result(&list)?;
        return Ok(Exit::Done);
    };
    let Some(text) = explain::topic(topic) else {
        let known = explain::topics();
        let help = match suggestion(topic, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`orgwire explain` lists every code".to_owned(),
        };
        return Err(Failure::new(Trouble::UnknownTopic, Unknown(topic.clone())).help(help));
    };
    tell(topic, &text, terminal)
}

fn tell(topic: &str, text: &str, terminal: &Terminal) -> Result<Exit, Failure> {
    match terminal.format {
        Format::Json => {
            let body =
                serde_json::json!({ "format_version": json::FORMAT_VERSION, "topic": topic, "text": text });
            terminal.result(&json::text(&body))?;
        }
        _ => terminal.result(text)?,
    }
    Ok(Exit::Done)
}
