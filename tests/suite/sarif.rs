//! `lint --format sarif`, judged by the rules of SARIF 2.1.0, and the same findings as JSON.

use serde_json::{Value, json};

use crate::test::Test;

/// Written by hand, because the official schema has no licence that fits ours.
const SCHEMA: &str = include_str!("../fixtures/sarif-2.1.0-reduced.schema.json");

/// What is wrong with a log, by the schema.
fn problem(log: &Value) -> Option<String> {
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("sarif.json", serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let mut schemas = boon::Schemas::new();
    let index = compiler.compile("sarif.json", &mut schemas).unwrap();
    schemas.validate(log, index).err().map(|error| format!("{error:#}"))
}

fn log(test: &Test, flags: &str) -> Value {
    let said = test.run(&format!("lint --format sarif {flags}"));
    let log: Value =
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}", said.stderr));
    assert_eq!(problem(&log), None, "{log:#}");
    log
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

const WAIVER: &str = "[[lint.waiver]]\nrule = \"full-scope\"\ncomponent = \"connected-app.AxsyApexAPI\"\n\
                      reason = \"the guide asks for Full\"\nexpires = 2999-12-31\n";

fn waived() -> Test {
    Test::example("axsy").file("orgwire.toml", WAIVER)
}

#[test]
fn logs_of_all_sorts_are_valid() {
    assert_eq!(results(&log(&Test::example("axsy"), "")).len(), 0);
    assert_eq!(results(&log(&Test::example("axsy"), "--env production")).len(), 5);
    assert_eq!(results(&log(&waived(), "--env production")).len(), 5);
    let expired = Test::example("axsy").file("orgwire.toml", &WAIVER.replace("2999", "2001"));
    assert_eq!(results(&log(&expired, "--env production")).len(), 6);
    // A finding without a place.
    assert_eq!(results(&log(&Test::new(), "")).len(), 1);
    let named = Test::new().file("manifests/söme [1].toml", "[connected-app.Orders]\nlable = 1\n");
    assert_eq!(
        results(&log(&named, ""))[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "manifests/s%C3%B6me%20%5B1%5D.toml"
    );
}

#[test]
fn a_log_that_is_wrong_would_be_noticed() {
    let good = log(&waived(), "--env production");
    for (pointer, wrong) in [
        ("/version", json!("2.0.0")),
        ("/runs/0/tool/driver/rules/0/helpUri", json!("docs/diagnostics/full-scope.md")),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0)),
        ("/runs/0/results/0/level", json!("deny")),
    ] {
        let mut bad = good.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        bad.pointer_mut(parent).unwrap()[key] = wrong;
        assert!(problem(&bad).is_some(), "{pointer}");
    }
}

#[test]
fn a_rule_tells_its_story_and_how_it_counts() {
    let log = log(&waived(), "--env production");
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let rule = &rules[0];
    assert_eq!(rule["id"], "full-scope");
    assert_eq!(
        rule["shortDescription"]["text"],
        "Tokens of the app may do whatever the user may in whose name they were given."
    );
    let full = rule["fullDescription"]["text"].as_str().unwrap();
    assert!(full.starts_with("`Full` stands for every scope for data"), "{full}");
    let story = rule["help"]["markdown"].as_str().unwrap();
    assert!(story.starts_with("# full-scope\n"), "{story}");
    assert_eq!(rule["defaultConfiguration"], json!({ "level": "warning" }));
    assert_eq!(rule["properties"], json!({ "documentation": "docs/diagnostics/full-scope.md" }));
    for result in results(&log) {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(result["ruleId"], rules[index]["id"]);
    }
}

#[test]
fn a_waived_finding_is_suppressed_for_its_reason() {
    let log = log(&waived(), "--env production");
    let (suppressed, others): (Vec<&Value>, Vec<&Value>) =
        results(&log).iter().partition(|result| result["suppressions"] != json!([]));
    assert_eq!(others.len(), 4);
    let [result] = suppressed.as_slice() else { panic!("{suppressed:?}") };
    assert_eq!(result["ruleId"], "full-scope");
    assert_eq!(
        result["suppressions"],
        json!([{
            "kind": "external",
            "status": "accepted",
            "justification": "the guide asks for Full (until 2999-12-31)",
        }])
    );
}

/// Fingerprints by rule, and the lines of the findings.
fn prints(log: &Value) -> (Vec<(String, String)>, Vec<u64>) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let prints = results(log)
        .iter()
        .map(|result| (text(&result["ruleId"]), text(&result["partialFingerprints"]["orgwireFinding/v1"])));
    let line =
        |result: &Value| result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap();
    (prints.collect(), results(log).iter().map(line).collect())
}

#[test]
fn a_finding_stays_the_same_when_its_lines_or_its_file_move() {
    let test = Test::example("axsy");
    let (before, lines) = prints(&log(&test, "--env production"));
    let mut different: Vec<&String> = before.iter().map(|(_, print)| print).collect();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 5);
    let moved = format!("# one line\n# and another\n{}", test.read("manifests/main.toml"));
    std::fs::remove_file(test.path("manifests/main.toml")).unwrap();
    test.write("manifests/team/axsy.toml", moved);
    let (after, moved) = prints(&log(&test, "--env production"));
    assert_eq!(after, before);
    assert_eq!(moved, lines.iter().map(|line| line + 2).collect::<Vec<_>>());
}

#[test]
fn findings_as_json_have_their_level_and_environment() {
    let orgwire = format!("{WAIVER}\n[environment.production.lint]\npkce-off = \"deny\"\n");
    let test = Test::example("axsy").file("orgwire.toml", &orgwire);
    let told = test.run("lint --json --env production").exits(5).json();
    assert_eq!(told["environment"], "production");
    let of = |list: &str, code: &str| {
        let found = told[list].as_array().unwrap().iter().find(|found| found["code"] == code).cloned();
        found.unwrap_or_else(|| panic!("{code} is not among {list}"))
    };
    let denied = of("diagnostics", "pkce-off");
    assert_eq!(
        (&denied["level"], &denied["severity"], &denied["component"], &denied["environment"]),
        (&json!("deny"), &json!("error"), &json!("connected-app.AxsyApexAPI"), &json!("production"))
    );
    assert_eq!(of("diagnostics", "legacy-credential")["level"], "warn");
    let waived = of("waived", "full-scope");
    assert_eq!(
        (&waived["reason"], &waived["expires"], &waived["level"]),
        (&json!("the guide asks for Full"), &json!("2999-12-31"), &json!("warn"))
    );
    assert_eq!(test.run("lint --json").success().json()["waived"], json!([]));
}

#[test]
fn waived_findings_are_counted_and_told_on_demand() {
    let test = waived();
    let said = test.run("lint --env production").success();
    assert_eq!(said.stdout, "3 components: 4 findings, 1 waived\n");
    assert!(!said.stderr.contains("the guide asks for Full"), "{}", said.stderr);
    let said = test.run("lint --env production -v").success();
    assert!(said.stderr.contains(
        "waived until 2999-12-31: full-scope: tokens of `connected-app.AxsyApexAPI` may do whatever their user may (manifests/main.toml:35:11)\n  the guide asks for Full\n"
    ), "{}", said.stderr);
    let said = test.run("lint --env production --format markdown").success();
    assert!(
        said.stdout.ends_with("| `full-scope` | 2999-12-31 | the guide asks for Full |\n"),
        "{}",
        said.stdout
    );
}
