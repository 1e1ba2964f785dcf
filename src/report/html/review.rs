//! A review as a page.

use super::{Note, Page, Pass, Passes, Row, Section, Xml, XmlLine, drawing, script_hash, sections, text};
use crate::diff::ChangeKind;
use crate::report::picture::Mark;
use crate::report::review::{Component, Told};
use crate::review::{Environment, Finding, FirstDeploy, FirstPass};

pub fn page(told: &Told<'_>) -> Result<String, super::Error> {
    let review = told.review;
    let (changed, unchanged) = changes(told);
    let (new_findings, known_findings): (Vec<_>, Vec<_>) = review.findings.iter().partition(|one| one.is_new);
    let note = |one: &&crate::review::Found| note(told, &one.finding, &one.environments);
    let problems = review.problems.iter().map(|problem| {
        let mut told = self::note(told, &problem.finding, &problem.environments);
        told.place = text(&format!("{} {}", problem.side, told.place));
        told
    });
    let page = Page {
        kind: "Diff",
        title: text(&format!("{} → {}", review.before, review.after)),
        summary: told.summary(),
        about: told.about_environments(),
        problems: problems.collect(),
        drawing: drawing::drawing(&told.wiring),
        last_column: told.has_environments().then_some("Environments"),
        changed,
        without_changes: match told.compared().next() {
            Some(_) => "No differences.",
            None => "Not compared.",
        },
        unchanged,
        new_findings: new_findings.iter().map(note).collect(),
        known_findings: known_findings.iter().map(note).collect(),
        passes_title: "A first deployment",
        passes: review.first_deploy.iter().map(|first| passes(told, first)).collect(),
        by_hand: Vec::new(),
        style: super::STYLE,
        script: super::SCRIPT,
        script_hash: script_hash(),
    };
    page.render()
}

fn changes(told: &Told<'_>) -> (Vec<Section>, Vec<Section>) {
    let mut sections = sections(&told.wiring);
    for component in &told.components {
        let address = text(&component.id.to_string());
        let at = match sections.iter().position(|section| section.address == address) {
            Some(at) => at,
            // The picture of a side that was not understood may lack it.
            None => {
                let anchor = drawing::anchor(sections.len());
                sections.push(Section {
                    anchor,
                    address,
                    mark: "",
                    verb: String::new(),
                    about: Vec::new(),
                    rows: Vec::new(),
                    notes: Vec::new(),
                    flows: Vec::new(),
                    xml: Vec::new(),
                });
                sections.len() - 1
            }
        };
        fill(told, component, &mut sections[at]);
    }
    sections.into_iter().partition(|section| !section.verb.is_empty() || section.mark != Mark::Same.as_str())
}

fn fill(told: &Told<'_>, component: &Component, section: &mut Section) {
    section.mark = match component.kind() {
        ChangeKind::Added => Mark::Added,
        ChangeKind::Removed => Mark::Removed,
        ChangeKind::Changed => Mark::Changed,
    }
    .as_str();
    section.verb = component.kind().as_str().to_owned();
    let places = component.kinds.iter().map(|(kind, some)| (kind.as_str(), told.environments(some)));
    let places: Vec<String> = places.map(|(kind, names)| format!("{kind} in {names}")).collect();
    if places.len() > 1 || places.iter().any(|place| !place.ends_with(" in all")) {
        section.about.push(format!("{}.", places.join("; ")));
    }
    let values = |values: &[String]| values.iter().map(|value| text(value)).collect();
    let rows = component.rows.iter().map(|row| Row {
        field: text(&row.field),
        before: values(&row.before),
        after: values(&row.after),
        last: told.environments(&row.environments),
    });
    section.rows = rows.collect();
    let xml = component.xml.iter().filter(|(xml, _)| !xml.is_empty()).map(|(xml, some)| Xml {
        summary: match component.xml.len() {
            1 => "XML".to_owned(),
            _ => format!("XML ({})", told.environments(some)),
        },
        lines: text(xml).lines().map(xml_line).collect(),
    });
    section.xml = xml.collect();
}

fn xml_line(line: &str) -> XmlLine {
    let class = match line.as_bytes().first() {
        Some(b'+') => "added",
        Some(b'-') => "removed",
        Some(b'@') => "about",
        _ => "same",
    };
    XmlLine { class, text: line.to_owned() }
}

fn note(told: &Told<'_>, finding: &Finding, environments: &[Environment]) -> Note {
    let place = finding.place.as_ref();
    let whose = told.environments(environments);
    Note {
        severity: finding.severity.as_str(),
        code: finding.code.as_str(),
        place: place.map_or(String::new(), |at| text(&format!("{}:{}:{}", at.path, at.line, at.column))),
        message: text(&finding.message),
        help: text(finding.help.as_deref().unwrap_or_default()),
        whose: if whose == "all" { String::new() } else { whose },
    }
}

fn passes(told: &Told<'_>, first: &FirstDeploy) -> Passes {
    let whose = told.environments(&first.environments);
    let needs =
        (!first.needs.is_empty()).then(|| text(&format!("The org has to have {}.", first.needs.join(", "))));
    let obstacles = first.obstacles.iter().map(|obstacle| text(&format!("Cannot be sent: {obstacle}")));
    Passes {
        whose: if told.review.first_deploy.len() > 1 { whose } else { String::new() },
        before: needs.into_iter().chain(obstacles).collect(),
        passes: first.passes.iter().map(pass).collect(),
    }
}

fn pass(pass: &FirstPass) -> Pass {
    let mut notes = Vec::new();
    for send in &pass.sends {
        for one in &send.waiting {
            notes.push(super::plan::waits(&send.component, &one.field, &one.until.join(", "), one.predicted));
        }
        if send.only_if_mispredicted {
            notes.push(super::plan::maybe(&send.component));
        }
    }
    Pass {
        title: format!("Pass {}", pass.number),
        sends: pass.sends.iter().map(|send| text(&send.component)).collect(),
        notes,
    }
}
