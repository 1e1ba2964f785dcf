//! Results as Markdown, for pull requests and job summaries.

use std::fmt::Write;

use crate::deploy::Done;
use crate::diagnostic::{Diagnostics, Sources};
use crate::ledger::ManualStep;
use crate::lint::Waived;
use crate::plan::Plan;
use crate::report::values::{Tense, acts, after, before, one_line, summary, visible};

pub fn drift(plan: &Plan, unmanaged: &[String], org: &str) -> String {
    let mut text = format!("### orgwire drift of {}\n\n", escape(org));
    let told = changes(plan, Tense::Found);
    text.push_str(if told.is_empty() { "No drift: the org is what the manifests say.\n" } else { &told });
    if !unmanaged.is_empty() {
        let names: Vec<String> = unmanaged.iter().map(|address| code(address)).collect();
        let _ = writeln!(text, "\nIn the org and in no manifest: {}", names.join(", "));
    }
    text
}

pub fn plan(plan: &Plan, steps: &[ManualStep], org: &str) -> String {
    let mut text = format!("### orgwire plan for {}\n\n{}", escape(org), changes(plan, Tense::Planned));
    for pass in &plan.passes {
        let sends = pass.sends.iter().map(|send| format!("`{}`", send.id));
        let removes = pass.removes.iter().map(|id| format!("remove `{id}`"));
        let names: Vec<String> = sends.chain(removes).collect();
        let _ = writeln!(text, "- pass {}: {}", pass.number, names.join(", "));
    }
    if !steps.is_empty() {
        text.push_str("\nBy hand afterwards:\n\n");
    }
    for step in steps {
        text.push_str(&by_hand(step));
    }
    let _ = writeln!(text, "\n**{}**", summary(plan));
    text
}

fn changes(plan: &Plan, tense: Tense) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        let Some(verb) = tense.verb(change.action) else { continue };
        let _ = writeln!(text, "#### `{}` {verb}\n", change.id);
        if !change.fields.is_empty() {
            text.push_str("| field | before | after | why |\n|---|---|---|---|\n");
        }
        for (field, reason) in change.fields.iter().zip(&change.reasons) {
            let (old, new) = (one_line(&before(change, field)), one_line(&after(change, field)));
            let name = code(&field.path.to_string());
            let why = reason.told().unwrap_or_default();
            let _ = writeln!(text, "| {name} | {} | {} | {why} |", code(&old), code(&new));
        }
        for consequence in change.consequences.iter().filter(|_| tense == Tense::Planned) {
            let _ = writeln!(text, "\n> {}", escape(consequence));
        }
        text.push('\n');
    }
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
        text.push_str(&by_hand(step));
    }
    text
}

/// A line to tick off.
pub fn by_hand(step: &ManualStep) -> String {
    let who = step.who.as_ref().map(|who| format!(", by {}", escape(who))).unwrap_or_default();
    let url = step.url.as_ref().map(|url| format!(" ({})", escape(url))).unwrap_or_default();
    format!("- [ ] `{}`{who}: {}{url}\n", step.component, escape(&step.what))
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

/// Findings that somebody has answered for; nothing where there are none.
pub fn waived(sources: &Sources, waived: &[Waived]) -> String {
    if waived.is_empty() {
        return String::new();
    }
    let mut text =
        "\nWaived:\n\n| where | what | code | until | because |\n|---|---|---|---|---|\n".to_owned();
    for Waived { finding, reason, expires } in waived {
        let place = finding.labels.first().map_or(String::new(), |(at, _)| sources.position(*at).to_string());
        let (place, what, reason) = (escape(&place), escape(&finding.message), escape(reason));
        let _ = writeln!(text, "| {place} | {what} | `{}` | {expires} | {reason} |", finding.code);
    }
    text
}

/// Text as code, where nothing has a meaning, calls anybody or is a link; on one line, and inside a table.
pub(super) fn code(text: &str) -> String {
    let text = visible(&text.replace(['\n', '\r'], " ")).replace('|', "\\|");
    let fence = "`".repeat(longest_run(&text) + 1);
    // Blanks keep the fence apart from backquotes at the ends.
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    if text.is_empty() { String::new() } else { format!("{fence}{blank}{text}{blank}{fence}") }
}

/// Several texts as code, in one cell of a table.
pub(super) fn codes(texts: &[String]) -> String {
    texts.iter().map(|text| code(text)).collect::<Vec<_>>().join(", ")
}

/// A block of code that nothing inside of it can end.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let text = visible(text);
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

/// Something to be opened with a click.
pub(super) fn folded(summary: &str, text: &str) -> String {
    format!("<details><summary>{summary}</summary>\n\n{text}\n</details>\n\n")
}

/// The longest run of backquotes, which a fence has to be longer than.
fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
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
            // People and issues are looked for after backslashes are gone; a blank without width keeps them apart.
            '#' | '@' => {
                escaped.push(letter);
                escaped.push_str("&#8203;");
            }
            '|' | '\\' | '*' | '_' | '[' | ']' | '`' | '~' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            control if acts(control) => escaped.extend(control.escape_default()),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{code, escape};

    #[test]
    fn values_cannot_break_out_of_a_table_or_mention_anybody() {
        assert_eq!(escape("a|b\n<script> @team `"), "a\\|b &lt;script&gt; @&#8203;team \\`");
        assert_eq!(code("a|b <i> @team"), "`a\\|b <i> @team`");
        assert_eq!(code("`` ` \u{1b}"), "``` `` ` \\u{1b} ```");
        assert_eq!(escape("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(code("a\u{202e}b"), "`a\\u{202e}b`");
    }
}
