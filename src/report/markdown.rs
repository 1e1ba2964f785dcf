//! Results as Markdown, for pull requests and job summaries.

use std::fmt::Write;

use crate::deploy::{Done, ManualStep};
use crate::diagnostic::{Diagnostics, Sources};
use crate::plan::{Action, Plan};
use crate::report::values::{after, before, one_line, summary};

pub fn plan(plan: &Plan, org: &str) -> String {
    let mut text = format!("### orgwire plan for {}\n\n", escape(org));
    for change in &plan.changes {
        let verb = match change.action {
            Action::Create => "create",
            Action::Update => "update",
            Action::Keep => continue,
        };
        let _ = writeln!(text, "#### {verb} `{}`\n\n| field | before | after |\n|---|---|---|", change.id);
        for field in &change.fields {
            let (old, new) = (one_line(&before(change, field)), one_line(&after(change, field)));
            let _ = writeln!(text, "| `{}` | {} | {} |", field.path, escape(&old), escape(&new));
        }
        text.push('\n');
    }
    for pass in &plan.passes {
        let names: Vec<String> = pass.sends.iter().map(|send| format!("`{}`", send.id)).collect();
        let _ = writeln!(text, "- pass {}: {}", pass.number, names.join(", "));
    }
    let _ = writeln!(text, "\n**{}**", summary(plan));
    text
}

pub fn deployed(done: &Done, steps: &[ManualStep], org: &str) -> String {
    let mut text = format!("### orgwire deploy to {}\n\n", escape(org));
    if done.passes.is_empty() {
        text.push_str("No changes; nothing was sent.\n");
    }
    for pass in &done.passes {
        let names: Vec<String> = pass.components.iter().map(|id| format!("`{id}`")).collect();
        let _ = writeln!(
            text,
            "- pass {}: {} (`{}`): {}",
            pass.number,
            pass.status,
            pass.deploy_id,
            names.join(", ")
        );
    }
    for wired in &done.wired {
        let _ =
            writeln!(text, "- wired `{}` of `{}` to {}", wired.field, wired.component, escape(&wired.value));
    }
    for step in steps {
        let _ = writeln!(text, "- [ ] `{}`: {} ({})", step.component, escape(&step.what), escape(&step.url));
    }
    text
}

pub fn diagnostics(sources: &Sources, diagnostics: &Diagnostics) -> String {
    if diagnostics.is_empty() {
        return "No findings.\n".to_owned();
    }
    let mut text = "| where | what | code |\n|---|---|---|\n".to_owned();
    for found in diagnostics.sorted() {
        let place = found.labels.first().map_or(String::new(), |(at, _)| sources.position(*at).to_string());
        let help = found.help.as_deref().map_or(String::new(), |help| format!(" ({help})"));
        let _ = writeln!(
            text,
            "| {} | {}: {}{} | `{}` |",
            escape(&place),
            found.severity.as_str(),
            escape(&found.message),
            escape(&help),
            found.code
        );
    }
    text
}

/// Text that means nothing to Markdown or HTML, on one line.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '\\' | '*' | '_' | '[' | ']' | '#' | '@' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn values_cannot_break_out_of_a_table_or_mention_anybody() {
        assert_eq!(escape("a|b\n<script> @team"), "a\\|b &lt;script&gt; \\@team");
    }
}
