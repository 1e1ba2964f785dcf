//! Results for people: plans, deployments, files written.

use std::fmt::Write;

use crate::deploy::{Done, Finished};
use crate::diagnostic::Sources;
use crate::ledger::ManualStep;
use crate::lint::Waived;
use crate::plan::{Action, Plan};
use crate::report::values::{Shown, Tense, after, before, one_line, summary, visible};

/// Colours by meaning; nothing is told by colour alone.
#[derive(Debug, Clone, Copy)]
pub struct Paint(pub bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    pub fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }
}

/// What an org has and the manifests do not say. Ends with a line that can be searched for.
pub fn drift(plan: &Plan, org: &str, colour: bool) -> String {
    let drifted = plan.changes.iter().filter(|change| change.action != Action::Keep).count();
    let verdict = match drifted {
        0 => format!("No drift. {org} is what the manifests say."),
        1 => format!("Drift: 1 component of {org} is not what the manifests say."),
        count => format!("Drift: {count} components of {org} are not what the manifests say."),
    };
    format!("{}{verdict}\n", changes(plan, Tense::Found, Paint(colour)))
}

/// Findings that somebody has answered for, a line each.
pub fn waived(sources: &Sources, waived: &[Waived]) -> String {
    let mut text = String::new();
    for Waived { finding, reason, expires } in waived {
        let at =
            finding.labels.first().map_or(String::new(), |(at, _)| format!(" ({})", sources.position(*at)));
        let (message, reason) = (visible(&finding.message), visible(reason));
        let _ = writeln!(text, "waived until {expires}: {}: {message}{at}\n  {reason}", finding.code);
    }
    text
}

/// What will happen, component by component. Ends with a line that can be searched for.
pub fn plan(plan: &Plan, steps: &[ManualStep], org: &str, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = changes(plan, Tense::Planned, paint);
    if plan.is_empty() && plan.is_applyable() {
        let _ = writeln!(text, "No changes. {org} matches the manifest.");
    } else if !plan.is_applyable() {
        let _ = writeln!(text, "This plan cannot be applied to {org}.");
    }
    passes(plan, &mut text);
    for step in steps {
        text.push_str(&by_hand("By hand afterwards", step));
    }
    let _ = writeln!(text, "{}", summary(plan));
    text
}

/// Components that change, each with its fields.
fn changes(plan: &Plan, tense: Tense, paint: Paint) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        let Some(verb) = tense.verb(change.action) else { continue };
        let symbol = match change.action {
            Action::Create => paint.green("+"),
            Action::Update | Action::Keep => paint.yellow("~"),
            Action::Delete => paint.red("-"),
            Action::Cannot => paint.red("!"),
        };
        let passes = match change.passes.as_slice() {
            _ if tense == Tense::Found => String::new(),
            [] => String::new(),
            [one] => format!(" in pass {one}"),
            several => {
                let numbers: Vec<String> = several.iter().map(ToString::to_string).collect();
                format!(" in passes {}", numbers.join(" and "))
            }
        };
        let _ = writeln!(text, "{symbol} {} {verb}{passes}", paint.bold(&change.id.to_string()));
        let width = change.fields.iter().map(|field| field.path.to_string().len()).max().unwrap_or(0);
        for (field, reason) in change.fields.iter().zip(&change.reasons) {
            let (old, new) = (before(change, field), after(change, field));
            let name = format!("{:width$}", field.path.to_string());
            let new_text = match &new {
                Shown::State(state) => paint.dim(state),
                _ => one_line(&new),
            };
            let line = match (change.action, &old) {
                (Action::Create, _) | (_, Shown::Absent) => {
                    format!("    {} {name} = {new_text}", paint.green("+"))
                }
                _ => format!("    {} {name} = {} -> {new_text}", paint.yellow("~"), one_line(&old)),
            };
            let told = reason.told().map(|why| paint.dim(&format!("  ({why})"))).unwrap_or_default();
            let _ = writeln!(text, "{line}{told}");
        }
        for consequence in change.consequences.iter().filter(|_| tense == Tense::Planned) {
            let _ = writeln!(text, "    {} {consequence}", paint.yellow("!"));
        }
        text.push('\n');
    }
    text
}

/// What each pass sends, and what waits for what.
fn passes(plan: &Plan, text: &mut String) {
    for pass in &plan.passes {
        let names: Vec<String> = pass.sends.iter().map(|send| send.id.to_string()).collect();
        if !names.is_empty() {
            let _ = writeln!(text, "Pass {} sends {}", pass.number, names.join(", "));
        }
        if !pass.removes.is_empty() {
            let names: Vec<String> = pass.removes.iter().map(ToString::to_string).collect();
            let _ = writeln!(text, "Pass {} removes {}", pass.number, names.join(", "));
        }
        if pass.packages > 1 {
            let _ = writeln!(
                text,
                "    in {} packages, one after the other: an org takes 10,000 files and 39 MB at a time",
                pass.packages
            );
        }
        for send in &pass.sends {
            for deferral in &send.deferred {
                let references: Vec<String> = deferral.waits_for.iter().map(ToString::to_string).collect();
                let stand_in = if deferral.predicted { "a predicted value" } else { "a placeholder" };
                let _ = writeln!(
                    text,
                    "    {} has {stand_in} in {} until {} is known",
                    send.id,
                    deferral.field,
                    references.join(", ")
                );
            }
            if send.only_if_mispredicted {
                let _ = writeln!(text, "    {} only if the predicted value was wrong", send.id);
            }
        }
    }
}

/// `To do by hand for named-credential.Orders, by an administrator: authenticate it`, and where.
pub fn by_hand(what_it_is: &str, step: &ManualStep) -> String {
    let who = step.who.as_ref().map(|who| format!(", by {who}")).unwrap_or_default();
    let url = step.url.as_ref().map(|url| format!("    {url}\n")).unwrap_or_default();
    format!("{what_it_is} for {}{who}: {}\n{url}", step.component, step.what)
}

/// What became of a deployment that an earlier run had left in flight.
pub fn finished(finished: &Finished) -> String {
    let pass = match (finished.pass, finished.of) {
        (Some(pass), Some(of)) => format!(" (pass {pass} of {of})"),
        _ => String::new(),
    };
    match &finished.result {
        Some(result) => {
            format!("Deployment {}{pass} of an earlier run ended as {}", result.id, result.status)
        }
        None => format!(
            "A deployment{pass} of an earlier run is not in the org: it never arrived, or was forgotten"
        ),
    }
}

/// What was done.
pub fn deployed(
    done: &Done,
    plan: &Plan,
    steps: &[ManualStep],
    org: &str,
    check_only: bool,
    requests: u64,
) -> String {
    let mut text = String::new();
    if done.passes.is_empty() {
        let _ = writeln!(text, "No changes. {org} matches the manifest; nothing was sent.");
        for step in steps {
            text.push_str(&by_hand("Still to do by hand", step));
        }
        return text;
    }
    for pass in &done.passes {
        let names: Vec<String> = pass.components.iter().map(ToString::to_string).collect();
        let _ =
            writeln!(text, "Pass {} {} ({}): {}", pass.number, pass.status, pass.deploy_id, names.join(", "));
        for remark in &pass.remarks {
            let _ = writeln!(text, "    the org remarked on {remark}");
        }
    }
    for wired in &done.wired {
        let _ = writeln!(
            text,
            "Wired {} of {} to {}",
            wired.field,
            wired.component,
            wired.value.replace('\n', " ")
        );
    }
    for step in steps {
        text.push_str(&by_hand("To do by hand", step));
    }
    let created = plan.count(Action::Create);
    let updated = plan.count(Action::Update);
    let removed = match plan.count(Action::Delete) {
        0 => String::new(),
        count => format!(", {count} removed"),
    };
    let _ = if check_only {
        let rest = if plan.passes.len() > 1 {
            "; later passes depend on values that only a deployment brings about"
        } else {
            ""
        };
        writeln!(text, "Validated pass 1 in {org}; nothing was saved{rest}.")
    } else {
        let count = done.passes.len();
        let passes = if count == 1 { "1 pass".to_owned() } else { format!("{count} passes") };
        writeln!(
            text,
            "Deployed to {org}: {created} created, {updated} updated{removed} in {passes}, {requests} requests."
        )
    };
    text
}
