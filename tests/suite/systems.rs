//! The five systems as their guides have them: each rule has a test that is called after it, and each guide's promise is
//! kept by the org that its manifest makes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::test::Test;

mod agilepoint;
mod axsy;
mod cyclr;
mod logik;

/// Every Rust file below a folder of the project.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The rules that tests are called after: `000-R1` of `fn rule_000_r1_...`, and several with `_and_` between, where a
/// `#[test]` stands before it.
fn tested() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in ["src", "tests/suite"].into_iter().flat_map(sources) {
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2).filter(|pair| pair[0] == "#[test]") {
            let Some(rules) = pair[1].strip_prefix("fn rule_") else { continue };
            for (guide, rest) in rules.split("_and_").filter_map(|rule| rule.split_once("_r")) {
                let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
                found.insert(format!("{guide}-R{number}"));
            }
        }
    }
    found
}

#[test]
fn every_rule_has_a_test_that_is_called_after_it_and_a_line_in_the_table() {
    let table = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/systems.md")).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let listed: BTreeSet<String> = rows.filter(|first| first.contains("-R")).map(str::to_owned).collect();
    let all: BTreeSet<String> = [("000", 10), ("001", 9), ("002", 6), ("003", 7), ("004", 5)]
        .into_iter()
        .flat_map(|(guide, rules)| (1..=rules).map(move |number| format!("{guide}-R{number}")))
        .collect();
    assert_eq!(listed, all);
    assert_eq!(tested().intersection(&all).cloned().collect::<BTreeSet<_>>(), all);
}

#[test]
fn the_example_of_the_page_does_what_the_page_says() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/systems.md")).unwrap();
    let (_, rest) = page.split_once("```toml\n").unwrap();
    let test = Test::new().manifest(rest.split_once("```").unwrap().0);
    let told = test.run("plan --json").success().json();
    let step = &told["manual_steps"][0];
    assert_eq!(
        (&step["id"], &step["who"]),
        (&json!("manual-step.console"), &json!("whoever runs the console"))
    );
    assert_eq!(told["summary"]["create"], 2, "the session settings do not belong");
    let shown = test.run("plan").success().stdout;
    assert!(shown.contains("https://app-h.cyclr.com/connector/callback"), "{shown}");
    assert!(shown.contains("https://yourcompany.cyclr.uk/connector/callback"), "{shown}");
    assert!(shown.contains("object = \"Account\"") && shown.contains("object = \"Contact\""), "{shown}");
    assert!(
        test.run("plan --var way=all")
            .success()
            .stdout
            .contains("security-settings.Security will be updated")
    );
}
