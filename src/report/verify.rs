//! What was verified, for people, for programs, and for systems that show tests.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::report::human::Paint;
use crate::report::values::visible;
use crate::verify::{Check, Verdict, count};

const VERDICTS: [Verdict; 4] = [Verdict::Passed, Verdict::Failed, Verdict::Open, Verdict::Skipped];

/// A line each, and what to do about it. Ends with a line that can be searched for.
pub fn human(checks: &[Check], org: &str, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = String::new();
    let mut last = None;
    for check in checks {
        if last.replace(&check.component) != Some(&check.component) {
            let _ = writeln!(text, "{}", paint.bold(&check.component.to_string()));
        }
        let word = format!("{:7}", check.verdict.name());
        let word = match check.verdict {
            Verdict::Passed => paint.green(&word),
            Verdict::Failed => paint.red(&word),
            Verdict::Open => paint.yellow(&word),
            Verdict::Skipped => paint.dim(&word),
        };
        let _ = writeln!(text, "  {word} {}: {} {}", check.id, visible(&check.asked), visible(&check.found));
        if let Some(help) = &check.help {
            let _ = writeln!(text, "          {}", visible(help));
        }
    }
    let _ = writeln!(text, "{}", summary(checks, org));
    text
}

/// `Verified: 7 passed, 0 failed, 1 open, 0 skipped in local.`
fn summary(checks: &[Check], org: &str) -> String {
    let counts = VERDICTS.map(|verdict| format!("{} {}", count(checks, verdict), verdict.name()));
    format!("Verified: {} in {org}.", counts.join(", "))
}

/// The keys of JSON that tell the same.
pub fn json(checks: &[Check]) -> Map<String, Value> {
    let one = |check: &Check| {
        json!({
            "id": check.id,
            "facts": check.facts,
            "component": check.component.to_string(),
            "asked": check.asked,
            "found": check.found,
            "verdict": check.verdict.name(),
            "help": check.help,
        })
    };
    let counts = VERDICTS.map(|verdict| (verdict.name().to_owned(), json!(count(checks, verdict))));
    Map::from_iter([
        ("checks".to_owned(), checks.iter().map(one).collect()),
        ("summary".to_owned(), Value::Object(Map::from_iter(counts))),
    ])
}

/// One test case a check: a failed one fails, and one that is open or was skipped is skipped, with its reason.
pub fn junit(checks: &[Check]) -> String {
    let failed = count(checks, Verdict::Failed);
    let skipped = count(checks, Verdict::Open) + count(checks, Verdict::Skipped);
    let tests = checks.len();
    let counts = format!("tests=\"{tests}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\"");
    let mut text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n");
    let _ = writeln!(text, "  <testsuite name=\"orgwire verify\" {counts}>");
    for check in checks {
        let (class, name) = (escaped(&check.component.to_string()), format!("{}: {}", check.id, check.asked));
        let _ = write!(text, "    <testcase classname=\"{class}\" name=\"{}\"", escaped(&name));
        let told = match &check.help {
            Some(help) => format!("{}; {help}", check.found),
            None => check.found.clone(),
        };
        let message = escaped(&told);
        let _ = match check.verdict {
            Verdict::Passed => writeln!(text, "/>"),
            Verdict::Failed => writeln!(text, "><failure message=\"{message}\"/></testcase>"),
            Verdict::Open => writeln!(text, "><skipped message=\"open: {message}\"/></testcase>"),
            Verdict::Skipped => writeln!(text, "><skipped message=\"{message}\"/></testcase>"),
        };
    }
    text += "  </testsuite>\n</testsuites>\n";
    text
}

/// For an attribute. What XML cannot hold at all is left out.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' | '\r' | '\t' => escaped.push(' '),
            letter if crate::component::is_forbidden(letter) => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}
