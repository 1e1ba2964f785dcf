//! Two environments beside each other, what was meant apart from what was not.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::compare::{Compared, Fault, Reason, Verdict, Which};
use crate::component::Tree;
use crate::diagnostic::Sources;
use crate::diff::Held;
use crate::report::diff::shown;
use crate::report::human::Paint;
use crate::report::json::{FORMAT_VERSION, shown as shown_as_json};
use crate::report::markdown::{code, escape};
use crate::report::origins::{Said, said};
use crate::report::values::{Shown, one_line, visible};
use crate::resolve::{Origin, described_field};
use crate::secret::SecretSource;

/// An environment, for people.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    pub environment: &'a str,
    /// Its org with its address, if it was read.
    pub org: Option<&'a str>,
    pub sources: &'a Sources,
}

/// What was compared.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    pub first: Named<'a>,
    pub second: Named<'a>,
    pub found: &'a [Compared],
}

impl Report<'_> {
    fn name(&self, which: Which) -> &str {
        match which {
            Which::First => self.first.environment,
            Which::Second => self.second.environment,
        }
    }

    fn names(&self, which: &[Which]) -> String {
        let names: Vec<&str> = which.iter().map(|which| self.name(*which)).collect();
        names.join(" and ")
    }

    fn count(&self, accidental: bool) -> usize {
        self.found.iter().filter(|one| one.is_accidental() == accidental).count()
    }

    fn origins(&self, before: &[Origin], after: &[Origin]) -> Vec<Said> {
        let all = |named: &Named<'_>, origins: &[Origin]| {
            let one = |origin| said(origin, Some(named.environment), named.sources);
            origins.iter().map(one).collect::<Vec<_>>()
        };
        let mut told = all(&self.first, before);
        told.extend(all(&self.second, after));
        told
    }

    /// In words, why it is so.
    fn why(&self, verdict: &Verdict) -> String {
        match verdict {
            Verdict::Intended(Reason::Environment { before, after }) => {
                let words = self.origins(before, after);
                words.iter().map(Said::in_words).collect::<Vec<_>>().join("; ")
            }
            Verdict::Intended(Reason::MadeByOrg) => "made by each org".to_owned(),
            Verdict::Intended(Reason::AsAsked) => "both are what the manifests ask for".to_owned(),
            Verdict::Accidental(Fault::Drift(which)) => {
                format!("{} is not what the manifests say", self.names(which))
            }
            Verdict::Accidental(Fault::Unmanaged) => "no manifest says anything about it".to_owned(),
            Verdict::Accidental(Fault::NotApart(which)) => {
                format!("the manifests ask for a difference, and {} is not what they say", self.names(which))
            }
            Verdict::Accidental(Fault::Missing(which)) => format!("is not in {}", self.name(*which)),
            Verdict::Accidental(Fault::HostOfOne(which)) => {
                format!("the address of {} in both; ${{org.instance-url}} is that of each", self.name(*which))
            }
            Verdict::Accidental(Fault::FitsOneOrg) => "fits one org only, and both have it".to_owned(),
        }
    }

    /// `1 accidental and 3 intended differences between uat and production.`
    fn summary(&self) -> String {
        let (accidental, intended) = (self.count(true), self.count(false));
        let word = if accidental + intended == 1 { "difference" } else { "differences" };
        format!(
            "{accidental} accidental and {intended} intended {word} between {} and {}.",
            self.first.environment, self.second.environment
        )
    }
}

fn reason(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Intended(Reason::Environment { .. }) => "environment",
        Verdict::Intended(Reason::MadeByOrg) => "made-by-org",
        Verdict::Intended(Reason::AsAsked) => "as-asked",
        Verdict::Accidental(Fault::Drift(_)) => "drift",
        Verdict::Accidental(Fault::Unmanaged) => "unmanaged",
        Verdict::Accidental(Fault::NotApart(_)) => "not-apart",
        Verdict::Accidental(Fault::Missing(_)) => "missing",
        Verdict::Accidental(Fault::HostOfOne(_)) => "host-of-one",
        Verdict::Accidental(Fault::FitsOneOrg) => "fits-one-org",
    }
}

fn values(one: &Compared) -> (Shown, Shown) {
    let Some(path) = &one.path else { return (Shown::Absent, Shown::Absent) };
    let field = described_field(&one.id, path);
    let value = |tree: &Option<Tree<Held>>| match tree {
        Some(Tree::Leaf(Held::Secret(SecretSource::Generated(_)))) => Shown::State("(generated)".to_owned()),
        tree => shown(field, path, tree.as_ref()),
    };
    (value(&one.before), value(&one.after))
}

/// `"a" | "b"`, or the one value that both have.
fn beside(one: &Compared, mark: &dyn Fn(&str) -> String) -> String {
    let (before, after) = values(one);
    let both = mark(&one_line(&before));
    if before == after { both } else { format!("{both} | {}", mark(&one_line(&after))) }
}

pub fn human(report: &Report<'_>, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = String::new();
    for (accidental, title) in [(false, "Intended"), (true, "Accidental")] {
        if report.count(accidental) == 0 {
            continue;
        }
        let (first, second) = (report.first.environment, report.second.environment);
        let _ = writeln!(text, "{title}: {first} | {second}");
        let of_kind: Vec<&Compared> =
            report.found.iter().filter(|one| one.is_accidental() == accidental).collect();
        for of_one in of_kind.chunk_by(|one, other| one.id == other.id) {
            let symbol = if accidental { paint.red("!") } else { paint.yellow("~") };
            let id = of_one.first().map(|one| one.id.to_string()).unwrap_or_default();
            let _ = writeln!(text, "  {symbol} {}", paint.bold(&id));
            let name = |one: &Compared| one.path.as_ref().map(ToString::to_string);
            let width = of_one.iter().filter_map(|one| name(one)).map(|name| name.len()).max().unwrap_or(0);
            for one in of_one {
                let why = visible(&report.why(&one.verdict)).into_owned();
                let _ = match name(one) {
                    Some(name) => {
                        let values = beside(one, &str::to_owned);
                        writeln!(text, "      {name:width$} = {values}   {}", paint.dim(&format!("({why})")))
                    }
                    None => writeln!(text, "      {why}"),
                };
            }
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{}", report.summary());
    text
}

pub fn markdown(report: &Report<'_>) -> String {
    let (first, second) = (escape(report.first.environment), escape(report.second.environment));
    let mut text = format!("### orgwire compare: {first} and {second}\n\n");
    for (accidental, title) in [(true, "Accidental"), (false, "Intended")] {
        if report.count(accidental) == 0 {
            continue;
        }
        let _ = writeln!(
            text,
            "#### {title}\n\n| component | field | {first} | {second} | why |\n|---|---|---|---|---|"
        );
        for one in report.found.iter().filter(|one| one.is_accidental() == accidental) {
            let (before, after) = values(one);
            let name = one.path.as_ref().map(|path| code(&path.to_string())).unwrap_or_default();
            let value = |value: &Shown| match one.path {
                Some(_) => code(&one_line(value)),
                None => String::new(),
            };
            let (id, why) = (code(&one.id.to_string()), escape(&report.why(&one.verdict)));
            let _ = writeln!(text, "| {id} | {name} | {} | {} | {why} |", value(&before), value(&after));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "**{}**", report.summary());
    text
}

pub fn json(report: &Report<'_>) -> Map<String, Value> {
    let side = |named: &Named<'_>| json!({ "environment": named.environment, "org": named.org });
    let one = |one: &Compared| {
        let (before, after) = values(one);
        let because: Vec<Value> = match &one.verdict {
            Verdict::Intended(Reason::Environment { before, after }) => {
                report.origins(before, after).iter().map(Said::json).collect()
            }
            _ => Vec::new(),
        };
        let which: Vec<&str> = match &one.verdict {
            Verdict::Accidental(Fault::Drift(which) | Fault::NotApart(which)) => {
                which.iter().map(|which| report.name(*which)).collect()
            }
            Verdict::Accidental(Fault::Missing(which) | Fault::HostOfOne(which)) => vec![report.name(*which)],
            _ => Vec::new(),
        };
        json!({
            "component": one.id.to_string(),
            "field": one.path.as_ref().map(ToString::to_string),
            "first": shown_as_json(&before),
            "second": shown_as_json(&after),
            "intended": !one.is_accidental(),
            "reason": reason(&one.verdict),
            "from": because,
            "environments": which,
        })
    };
    Map::from_iter([
        ("format_version".to_owned(), json!(FORMAT_VERSION)),
        ("first".to_owned(), side(&report.first)),
        ("second".to_owned(), side(&report.second)),
        ("differences".to_owned(), report.found.iter().map(one).collect()),
        ("summary".to_owned(), json!({ "accidental": report.count(true), "intended": report.count(false) })),
    ])
}
