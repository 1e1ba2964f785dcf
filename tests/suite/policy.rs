//! Policies as `docs/policy.md` tells of them.

use std::fs;
use std::path::Path;

use orgwire::configuration::{Level, Lint};
use orgwire::diagnostic::Code;
use serde_json::json;

use crate::test::Test;

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md")).unwrap()
}

/// The `orgwire.toml` of the page.
fn example() -> String {
    let page = page();
    let (_, rest) = page.split_once("```toml\n").unwrap();
    rest.split_once("```\n").unwrap().0.to_owned()
}

#[test]
fn the_page_lists_every_rule_and_how_it_counts_unless_set() {
    let lint = Lint::default();
    let expected: Vec<(String, &str)> = Code::POLICIES
        .iter()
        .map(|code| match (lint.level(*code, None), lint.level(*code, Some("production"))) {
            (Level::Warn, Level::Warn) => (format!("`{code}`"), "warns"),
            (Level::Allow, Level::Warn) => (format!("`{code}`"), "warns in production"),
            other => panic!("{code}: {other:?}"),
        })
        .collect();
    let page = page();
    let (_, table) = page.split_once("| rule | finds | unless set |\n|---|---|---|\n").unwrap();
    let listed: Vec<(String, &str)> = table
        .lines()
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (cells[1].to_owned(), cells[3])
        })
        .collect();
    assert_eq!(listed, expected);
}

#[test]
fn the_example_does_what_the_page_says() {
    // By the time that somebody runs this test its waiver may have expired.
    let orgwire = example().replace("2027", "2999");
    let test = Test::example("axsy").file("orgwire.toml", &orgwire);
    let told = test.run("lint --env live --json").exits(5).json();
    let codes = |list: &str| -> Vec<String> {
        let found = told[list].as_array().unwrap().iter();
        found
            .map(|found| format!("{} {}", found["level"].as_str().unwrap(), found["code"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(
        codes("diagnostics"),
        ["warn self-authorized-users", "deny pkce-off", "warn infinite-refresh-token"]
    );
    assert_eq!(codes("waived"), ["deny full-scope"]);
    // Elsewhere nothing is denied, and the waiver is of no concern.
    assert_eq!(test.run("lint --env production --json").success().json()["waived"], json!([]));
    assert_eq!(test.run("lint").success().stdout, "3 components: nothing found\n");
}

#[test]
fn the_example_is_laid_out_as_fmt_would() {
    let test = Test::example("axsy").file("orgwire.toml", &example());
    test.run("fmt").success();
    assert_eq!(test.read("orgwire.toml"), example());
}

#[test]
fn a_waiver_of_what_only_a_plan_finds_counts_there() {
    let orgwire = "[environment.production.lint]\nnew-connected-app = \"deny\"\n";
    let test = Test::example("axsy").file("orgwire.toml", orgwire);
    let said = test.run("plan --env production").exits(5);
    assert!(said.stderr.contains("\nnew-connected-app\n\n  ×"), "{}", said.stderr);
    let waiver = "\n[[lint.waiver]]\nrule = \"new-connected-app\"\ncomponent = \"connected-app.AxsyApexAPI\"\n\
                  reason = \"Support has allowed it\"\nexpires = 2999-12-31\n";
    test.write("orgwire.toml", orgwire.to_owned() + waiver);
    let told = test.run("plan --env production --json").success().json();
    assert_eq!(told["waived"][0]["code"], "new-connected-app");
    assert_eq!(told["waived"][0]["reason"], "Support has allowed it");
    let said = test.run("lint --env production").success();
    assert!(!said.stderr.contains("waiver"), "{}", said.stderr);
    let told = test.run("deploy --env production --json").success().json();
    assert_eq!(told["waived"][0]["code"], "new-connected-app");
    // An app that exists is none that is created.
    test.write("orgwire.toml", orgwire);
    test.run("plan --env production").success();
}

#[test]
fn a_comparison_asks_no_policies() {
    let test = Test::example("axsy").file("orgwire.toml", &example().replace("2027", "2001"));
    for words in ["diff manifests/main.toml env:production", "diff env:live env:production"] {
        let said = test.run(words);
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{words}");
    }
}
