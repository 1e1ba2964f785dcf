//! What a doctor has found, for people, for programs, and for systems that show tests.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::component::ComponentId;
use crate::doctor::symptom::{Diagnosis, Suspected};
use crate::doctor::{Finding, Rank, count};
use crate::report::human::Paint;
use crate::report::values::visible;
use crate::report::verify::escaped;

/// The worst first; what is fine takes a line each, with nothing below. Ends with a line that can be searched for.
pub fn human(findings: &[Finding], org: &str, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = String::new();
    for finding in findings {
        let word = format!("{:7}", finding.rank.name());
        let word = match finding.rank {
            Rank::Blocks => paint.red(&word),
            Rank::Weakens => paint.yellow(&word),
            Rank::Advice => paint.bold(&word),
            Rank::Fine => paint.green(&word),
        };
        let _ = writeln!(text, "{word} {}: {}", finding.id, visible(&finding.what));
        if !finding.why.is_empty() {
            let _ = writeln!(text, "        {}", visible(&finding.why));
        }
        mend(&mut text, finding.mend.as_deref(), finding.link.as_deref());
    }
    let counts = Rank::ALL.map(|rank| format!("{} {}", count(findings, rank), rank.name()));
    let _ = writeln!(text, "Examined: {} in {org}.", counts.join(", "));
    text
}

/// Lines for a manifest stay lines.
fn mend(text: &mut String, mend: Option<&str>, link: Option<&str>) {
    for (number, line) in mend.unwrap_or_default().lines().enumerate() {
        let before = if number == 0 { "mend: " } else { "      " };
        let _ = writeln!(text, "{}", format!("        {before}{}", visible(line)).trim_end());
    }
    if let Some(link) = link {
        let _ = writeln!(text, "        link: {}", visible(link));
    }
}

fn names(components: &[ComponentId]) -> Vec<String> {
    components.iter().map(ToString::to_string).collect()
}

/// The keys of JSON that tell the same.
pub fn json(findings: &[Finding]) -> Map<String, Value> {
    let one = |finding: &Finding| {
        json!({
            "id": finding.id,
            "facts": finding.facts,
            "rank": finding.rank.name(),
            "components": names(&finding.components),
            "what": finding.what,
            "why": finding.why,
            "mend": finding.mend,
            "link": finding.link,
        })
    };
    let counts = Rank::ALL.map(|rank| (rank.name().to_owned(), json!(count(findings, rank))));
    Map::from_iter([
        ("findings".to_owned(), findings.iter().map(one).collect()),
        ("summary".to_owned(), Value::Object(Map::from_iter(counts))),
    ])
}

/// One test case a finding: what blocks fails, and everything else passes; what it has to say goes along.
pub fn junit(findings: &[Finding]) -> String {
    let cases: Vec<Case> = findings
        .iter()
        .map(|finding| {
            let told =
                [finding.what.as_str(), finding.why.as_str(), finding.mend.as_deref().unwrap_or_default()];
            let told: Vec<&str> = told.into_iter().filter(|part| !part.is_empty()).collect();
            let class = names(&finding.components).join(" ");
            let class = if class.is_empty() { "org".to_owned() } else { class };
            Case {
                class,
                name: finding.id.to_owned(),
                told: told.join("; "),
                fails: finding.rank == Rank::Blocks,
            }
        })
        .collect();
    suite(&cases)
}

struct Case {
    class: String,
    name: String,
    told: String,
    fails: bool,
}

fn suite(cases: &[Case]) -> String {
    let (tests, failures) = (cases.len(), cases.iter().filter(|case| case.fails).count());
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\"");
    let mut text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n");
    let _ = writeln!(text, "  <testsuite name=\"orgwire doctor\" {counts}>");
    for case in cases {
        let (class, name, told) = (escaped(&case.class), escaped(&case.name), escaped(&case.told));
        let _ = write!(text, "    <testcase classname=\"{class}\" name=\"{name}\">");
        let _ = match case.fails {
            true => writeln!(text, "<failure message=\"{told}\"/></testcase>"),
            false => writeln!(text, "<system-out>{told}</system-out></testcase>"),
        };
    }
    text += "  </testsuite>\n</testsuites>\n";
    text
}

/// The one cause, with what speaks for it, and what was looked at besides.
pub fn diagnosis_human(diagnosis: &Diagnosis, org: &str, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = format!("{}\n", paint.bold(&visible(&diagnosis.symptom)));
    let cause = &diagnosis.cause;
    let _ = writeln!(text, "{} {}: {}", paint.red("cause  "), cause.id, visible(&cause.name));
    for line in &cause.evidence {
        let _ = writeln!(text, "        seen: {}", visible(line));
    }
    mend(&mut text, Some(&diagnosis.mend), diagnosis.link.as_deref());
    let others = |text: &mut String, word: &str, suspects: &[Suspected]| {
        for suspect in suspects {
            let why = suspect.evidence.join("; ");
            let _ = writeln!(text, "{word} {}: {}", suspect.id, visible(&why));
        }
    };
    others(&mut text, &paint.green("not    "), &diagnosis.ruled_out);
    others(&mut text, &paint.dim("unknown"), &diagnosis.unknown);
    others(&mut text, &paint.yellow("also   "), &diagnosis.also);
    let _ = writeln!(text, "Diagnosed: {} in {org}.", cause.id);
    text
}

/// The keys of JSON that tell the same.
pub fn diagnosis_json(diagnosis: &Diagnosis) -> Map<String, Value> {
    let one = |suspect: &Suspected| json!({ "id": suspect.id, "name": suspect.name, "facts": suspect.facts, "evidence": suspect.evidence });
    let all = |suspects: &[Suspected]| suspects.iter().map(one).collect::<Value>();
    Map::from_iter([
        ("symptom".to_owned(), json!(diagnosis.symptom)),
        ("cause".to_owned(), one(&diagnosis.cause)),
        ("mend".to_owned(), json!(diagnosis.mend)),
        ("link".to_owned(), json!(diagnosis.link)),
        ("ruled_out".to_owned(), all(&diagnosis.ruled_out)),
        ("unknown".to_owned(), all(&diagnosis.unknown)),
        ("also".to_owned(), all(&diagnosis.also)),
    ])
}

/// The cause fails; what was ruled out passes.
pub fn diagnosis_junit(diagnosis: &Diagnosis) -> String {
    let case = |suspect: &Suspected, fails: bool| Case {
        class: diagnosis.symptom.clone(),
        name: suspect.id.to_owned(),
        told: suspect.evidence.join("; "),
        fails,
    };
    let others = diagnosis.ruled_out.iter().map(|suspect| case(suspect, false));
    suite(&[case(&diagnosis.cause, true)].into_iter().chain(others).collect::<Vec<_>>())
}
