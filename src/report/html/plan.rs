//! A plan as a page.

use std::collections::BTreeSet;

use super::{ByHand, Note, Page, Pass, Passes, Row, Section, drawing, script_hash, sections, text};
use crate::diagnostic::{Diagnostics, Sources};
use crate::ledger::ManualStep;
use crate::plan::{Action, Change, Plan};
use crate::report::picture::{Component, Mark, Picture, picture};
use crate::report::values::{after, before, one_line, summary};
use crate::review::Finding;
use crate::wiring::Wiring;

/// The wiring is that of the project; what is done with each component says the plan.
pub fn page(
    plan: &Plan,
    steps: &[ManualStep],
    org: &str,
    wiring: &Wiring,
    sources: &Sources,
    findings: &Diagnostics,
) -> Result<String, super::Error> {
    let picture = marked(plan, wiring);
    let mut sections = sections(&picture);
    for change in plan.changes.iter().filter(|change| change.action != Action::Keep) {
        let address = text(&change.id.to_string());
        if let Some(section) = sections.iter_mut().find(|section| section.address == address) {
            fill(change, section);
        }
    }
    let (changed, unchanged) = sections.into_iter().partition(|section| !section.verb.is_empty());
    let mut about = Vec::new();
    if !plan.is_applyable() {
        about.push("This plan cannot be applied.".to_owned());
    } else if plan.is_empty() {
        about.push("No changes. The org matches the manifest.".to_owned());
    }
    let findings = findings.sorted().into_iter().map(|found| note(&Finding::of(found, sources)));
    let passes: Vec<Pass> = plan.passes.iter().map(pass).collect();
    let page = Page {
        kind: "Plan",
        title: text(org),
        summary: summary(plan),
        about,
        problems: Vec::new(),
        drawing: drawing::drawing(&picture),
        last_column: Some("Why"),
        changed,
        without_changes: "No changes.",
        unchanged,
        new_findings: findings.collect(),
        known_findings: Vec::new(),
        passes_title: "Passes",
        passes: if passes.is_empty() {
            Vec::new()
        } else {
            vec![Passes { whose: String::new(), before: Vec::new(), passes }]
        },
        by_hand: steps.iter().map(by_hand).collect(),
        style: super::STYLE,
        script: super::SCRIPT,
        script_hash: script_hash(),
    };
    page.render()
}

fn by_hand(step: &ManualStep) -> ByHand {
    ByHand {
        component: text(&step.component.to_string()),
        what: text(&step.what),
        who: text(step.who.as_deref().unwrap_or_default()),
        url: text(step.url.as_deref().unwrap_or_default()),
    }
}

/// What the plan does to each box; an arrow waits only where the plan has it wait.
fn marked(plan: &Plan, wiring: &Wiring) -> Picture {
    let mut picture = picture(None, wiring, &BTreeSet::new());
    for change in &plan.changes {
        let mark = match change.action {
            Action::Create => Mark::Added,
            Action::Update => Mark::Changed,
            Action::Delete => Mark::Removed,
            Action::Keep | Action::Cannot => Mark::Same,
        };
        match picture.boxes.iter_mut().find(|one| one.id == change.id) {
            Some(found) => found.mark = mark,
            None => picture.boxes.push(Component { id: change.id.clone(), declared: true, mark }),
        }
    }
    let sends = plan.passes.iter().flat_map(|pass| &pass.sends);
    let waits: BTreeSet<(String, String)> = sends
        .flat_map(|send| send.deferred.iter().map(|one| (send.id.to_string(), one.field.to_string())))
        .collect();
    for arrow in &mut picture.arrows {
        let to = picture.boxes[arrow.to].id.to_string();
        arrow.deferred &= arrow.fields.iter().any(|field| waits.contains(&(to.clone(), field.clone())));
    }
    picture
}

fn fill(change: &Change, section: &mut Section) {
    let verb = match change.action {
        Action::Create => "will be created",
        Action::Update => "will be updated",
        Action::Delete => "will be removed",
        Action::Cannot => "cannot be deployed",
        Action::Keep => "stays",
    };
    let numbers: Vec<String> = change.passes.iter().map(ToString::to_string).collect();
    section.verb = match numbers.as_slice() {
        [] => verb.to_owned(),
        [one] => format!("{verb} in pass {one}"),
        several => format!("{verb} in passes {}", several.join(" and ")),
    };
    if change.action == Action::Cannot {
        section.mark = Mark::Removed.as_str();
    }
    let rows = change.fields.iter().zip(&change.reasons).map(|(field, reason)| Row {
        field: text(&field.path.to_string()),
        before: vec![text(&one_line(&before(change, field)))],
        after: vec![text(&one_line(&after(change, field)))],
        last: reason.told().unwrap_or_default().to_string(),
    });
    section.rows = rows.collect();
    section.notes = change.consequences.iter().map(|one| text(one)).collect();
}

fn note(finding: &Finding) -> Note {
    let place = finding.place.as_ref();
    Note {
        severity: finding.severity.as_str(),
        code: finding.code.as_str(),
        place: place.map_or(String::new(), |at| text(&format!("{}:{}:{}", at.path, at.line, at.column))),
        message: text(&finding.message),
        help: text(finding.help.as_deref().unwrap_or_default()),
        whose: String::new(),
    }
}

fn pass(pass: &crate::plan::Pass) -> Pass {
    let mut notes = Vec::new();
    for send in &pass.sends {
        let name = send.id.to_string();
        for one in &send.deferred {
            let until: Vec<String> = one.waits_for.iter().map(ToString::to_string).collect();
            notes.push(waits(&name, &one.field.to_string(), &until.join(", "), one.predicted));
        }
        if send.only_if_mispredicted {
            notes.push(maybe(&name));
        }
    }
    let sends = pass.sends.iter().map(|send| text(&send.id.to_string()));
    let removes = pass.removes.iter().map(|id| text(&format!("removal of {id}")));
    Pass { title: format!("Pass {}", pass.number), sends: sends.chain(removes).collect(), notes }
}

pub(super) fn waits(component: &str, field: &str, until: &str, predicted: bool) -> String {
    let stand_in = if predicted { "a predicted value" } else { "a placeholder" };
    text(&format!("{component} has {stand_in} in {field} until {until} is known"))
}

pub(super) fn maybe(component: &str) -> String {
    text(&format!("{component} only if the predicted value was wrong"))
}
