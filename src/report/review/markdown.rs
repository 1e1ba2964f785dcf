//! A review as a comment on a pull request. GitHub takes 65,536 characters, so everything but the changes has a bound of
//! its own, and the changes get the rest: XML goes first, then whole components, and a notice says what went.

use std::fmt::Write as _;

use super::{Component, Told};
use crate::report::markdown::{code, codes, escape, fenced, folded};
use crate::report::mermaid;
use crate::review::{Environment, Finding, FirstDeploy, Found, Problem};

/// In bytes, which are never fewer than characters.
pub const MOST_BYTES: usize = 65_000;
const MOST_OF_A_LIST: usize = 9_000;
const MOST_OF_THE_PICTURE: usize = 14_000;
/// Mermaid draws no more than 500.
const MOST_ARROWS: usize = 400;
const MOST_NAMES: usize = 20;

/// Lets whoever writes comments find the one to replace.
const MARK: &str = "<!-- orgwire review -->\n";

/// One component of the page, in two parts of which the second can go by itself.
struct Block {
    name: String,
    table: String,
    xml: String,
}

pub fn page(told: &Told<'_>) -> String {
    let (head, tail) = (head(told), tail(told));
    let blocks: Vec<Block> = told.components.iter().map(|one| block(told, one)).collect();
    let mut with_xml = blocks.len();
    let mut with_table = blocks.len();
    loop {
        let notice = notice(&blocks, with_table, with_xml);
        let tables: usize = blocks[..with_table].iter().map(|block| block.table.len()).sum();
        let xml: usize = blocks[..with_xml].iter().map(|block| block.xml.len()).sum();
        if with_table == 0 || head.len() + notice.len() + tables + xml + tail.len() <= MOST_BYTES {
            let shown = blocks[..with_table].iter().enumerate();
            let shown = shown.flat_map(|(at, block)| {
                [block.table.as_str(), if at < with_xml { block.xml.as_str() } else { "" }]
            });
            return head + &notice + &shown.collect::<String>() + &tail;
        }
        if with_xml > 0 {
            with_xml -= 1;
        } else {
            with_table -= 1;
        }
    }
}

/// What was left out, so that nobody takes the page for whole.
fn notice(blocks: &[Block], with_table: usize, with_xml: usize) -> String {
    let without_xml = &blocks[with_xml.min(with_table)..with_table];
    let without_xml: Vec<&Block> = without_xml.iter().filter(|block| !block.xml.is_empty()).collect();
    let without_all: Vec<&Block> = blocks[with_table..].iter().collect();
    let mut parts = Vec::new();
    for (what, left_out) in [("the XML of ", &without_xml), ("all of ", &without_all)] {
        let names: Vec<String> = left_out.iter().map(|block| block.name.clone()).collect();
        match names.len() {
            0 => {}
            1 => parts.push(format!("{what}1 component ({})", names[0])),
            count => parts.push(format!("{what}{count} components ({})", few(&names))),
        }
    }
    if parts.is_empty() {
        return String::new();
    }
    let parts = parts.join(", and ");
    format!(
        "> **Too long for a comment.** Left out: {parts}. `orgwire diff` with `--format html` shows all.\n\n"
    )
}

fn few(names: &[String]) -> String {
    let mut text = names.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST_NAMES {
        let _ = write!(text, " and {} more", names.len() - MOST_NAMES);
    }
    text
}

fn head(told: &Told<'_>) -> String {
    let review = told.review;
    let mut text = format!(
        "{MARK}### orgwire diff: {} to {}\n\n**{}**\n\n",
        escape(&short(&review.before, 300)),
        escape(&short(&review.after, 300)),
        told.summary()
    );
    let about: Vec<String> = told.about_environments().iter().map(|line| escape(line)).collect();
    if !about.is_empty() {
        let _ = writeln!(text, "{}\n", listed(about, 4_000, " ").trim_end());
    }
    if !review.problems.is_empty() {
        text.push_str("#### Not understood\n\n");
        let rows = review.problems.iter().map(|problem| problem_row(told, problem));
        text.push_str("| side | where | what | code |\n|---|---|---|---|\n");
        let _ = writeln!(text, "{}", listed(rows, MOST_OF_A_LIST, "\n"));
    }
    if told.components.is_empty() && review.environments.iter().any(|one| one.changes.is_some()) {
        text.push_str("No differences.\n\n");
    }
    text
}

/// Lines as long as there is room, then how many are missing.
fn listed(lines: impl IntoIterator<Item = String>, most: usize, between: &str) -> String {
    let mut text = String::new();
    let mut missing = 0;
    for line in lines {
        if missing > 0 || text.len() + line.len() > most {
            missing += 1;
        } else {
            text.push_str(&line);
            text.push_str(between);
        }
    }
    if missing > 0 {
        let _ = write!(text, "\n{missing} more are not shown here.\n");
    }
    text
}

fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn problem_row(told: &Told<'_>, problem: &Problem) -> String {
    let place = place(&problem.finding);
    let what = message(&problem.finding) + &in_some(told, &problem.environments);
    format!("| {} | {place} | {what} | `{}` |", escape(&problem.side), problem.finding.code)
}

/// ` (uat)`, where it is not everywhere.
fn in_some(told: &Told<'_>, environments: &[Environment]) -> String {
    match told.environments(environments).as_str() {
        "all" => String::new(),
        names => format!(" ({})", escape(names)),
    }
}

fn place(finding: &Finding) -> String {
    finding.place.as_ref().map_or(String::new(), |place| {
        escape(&format!("{}:{}:{}", short(&place.path, 300), place.line, place.column))
    })
}

fn message(finding: &Finding) -> String {
    let help = finding.help.as_deref().map_or(String::new(), |help| format!(" ({})", short(help, 500)));
    format!("{}: {}{}", finding.severity.as_str(), escape(&short(&finding.message, 1_000)), escape(&help))
}

fn block(told: &Told<'_>, component: &Component) -> Block {
    let name = code(&component.id.to_string());
    let mut table = format!("#### {} {name}\n\n", component.kind().as_str());
    let places: Vec<String> = component
        .kinds
        .iter()
        .map(|(kind, environments)| {
            format!("{} in {}", kind.as_str(), escape(&told.environments(environments)))
        })
        .collect();
    if component.kinds.len() > 1 || places.iter().any(|place| !place.ends_with(" in all")) {
        let _ = writeln!(table, "{}.\n", places.join("; "));
    }
    let has_environments = told.has_environments();
    if !component.rows.is_empty() {
        table.push_str(if has_environments {
            "| field | before | after | environments |\n|---|---|---|---|\n"
        } else {
            "| field | before | after |\n|---|---|---|\n"
        });
    }
    for row in &component.rows {
        let _ = write!(table, "| {} | {} | {} |", code(&row.field), codes(&row.before), codes(&row.after));
        if has_environments {
            let _ = write!(table, " {} |", escape(&told.environments(&row.environments)));
        }
        table.push('\n');
    }
    if !component.rows.is_empty() {
        table.push('\n');
    }
    let xml = component.xml.iter().filter(|(xml, _)| !xml.is_empty()).map(|(xml, environments)| {
        let whose = match component.xml.len() {
            1 => String::new(),
            _ => format!(" ({})", escape(&told.environments(environments))),
        };
        folded(&format!("XML{whose}"), &fenced("diff", xml))
    });
    Block { xml: xml.collect(), name, table }
}

fn tail(told: &Told<'_>) -> String {
    let review = told.review;
    let mut text = String::new();
    let (new, known): (Vec<&Found>, Vec<&Found>) = review.findings.iter().partition(|one| one.is_new);
    if !review.findings.is_empty() {
        text.push_str("#### Findings\n\n");
    }
    if !new.is_empty() {
        let _ = writeln!(text, "{} new:\n\n{}", new.len(), findings(told, &new));
    }
    if !known.is_empty() {
        let summary =
            format!("{} that {} there before", known.len(), if known.len() == 1 { "was" } else { "were" });
        text.push_str(&folded(&summary, &findings(told, &known)));
    }
    picture(&mut text, told);
    if !review.first_deploy.is_empty() {
        text.push_str("#### A first deployment\n\n");
    }
    let passes = review.first_deploy.iter().flat_map(|first| first_deploy(told, first));
    text.push_str(&listed(passes, MOST_OF_A_LIST, "\n"));
    text
}

fn findings(told: &Told<'_>, found: &[&Found]) -> String {
    let rows = found.iter().map(|one| {
        let what = message(&one.finding) + &in_some(told, &one.environments);
        format!("| {} | {what} | `{}` |", place(&one.finding), one.finding.code)
    });
    format!("| where | what | code |\n|---|---|---|\n{}", listed(rows, MOST_OF_A_LIST, "\n"))
}

fn picture(text: &mut String, told: &Told<'_>) {
    if told.wiring.boxes.is_empty() {
        return;
    }
    text.push_str("#### Wiring\n\n");
    let drawn = mermaid::flowchart(&told.wiring);
    if drawn.len() > MOST_OF_THE_PICTURE || told.wiring.arrows.len() > MOST_ARROWS {
        let count = told.wiring.boxes.len();
        let _ = writeln!(text, "{count} components are too many for a picture in a comment.\n");
        return;
    }
    let _ = writeln!(text, "{}", fenced("mermaid", &drawn));
    if told.wiring.arrows.iter().any(|arrow| arrow.deferred) {
        text.push_str("Dashed: only the org can tell the value, so a second pass wires it.\n\n");
    }
}

fn first_deploy(told: &Told<'_>, first: &FirstDeploy) -> Vec<String> {
    let mut lines = Vec::new();
    let names = told.environments(&first.environments);
    if told.review.first_deploy.len() > 1 {
        lines.push(format!("For {}:\n", escape(&names)));
    }
    if !first.needs.is_empty() {
        let needs: Vec<String> = first.needs.iter().map(|name| code(name)).collect();
        lines.push(format!("- the org has to have {}", few(&needs)));
    }
    lines.extend(first.obstacles.iter().map(|obstacle| format!("- cannot be sent: {}", escape(obstacle))));
    for pass in &first.passes {
        let names: Vec<String> = pass.sends.iter().map(|send| code(&send.component)).collect();
        lines.push(format!("- pass {} sends {}", pass.number, few(&names)));
        for send in &pass.sends {
            for waiting in &send.waiting {
                let stand_in = if waiting.predicted { "a predicted value" } else { "a placeholder" };
                let (name, field) = (code(&send.component), code(&waiting.field));
                let until = codes(&waiting.until);
                lines.push(format!("  - {name} has {stand_in} in {field} until {until} is known"));
            }
            if send.only_if_mispredicted {
                lines.push(format!("  - {} only if the predicted value was wrong", code(&send.component)));
            }
        }
    }
    lines.push(String::new());
    lines
}
