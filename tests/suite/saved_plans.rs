//! Plans in files: deployed as they were approved, or refused by the name of what moved.

use insta::assert_snapshot;
use orgwire::simulator::Options;
use serde_json::{Value, json};

use crate::simulated::{Org, text};
use crate::test::{Said, Test};

const APP: &str = "AxsyApexAPI";

fn project(org: &Org) -> Test {
    org.reached_by(Test::example("axsy"))
}

/// Refused with exit code 7 and this code, and nothing was sent.
fn refused(test: &Test, org: &Org, code: &str) -> Said {
    let before = org.deployments();
    let said = test.run("deploy plan.json --yes --json").exits(7);
    assert_eq!(said.json()["error"]["code"], code, "{}", said.stdout);
    assert_eq!(org.deployments(), before, "something was sent");
    said
}

#[test]
fn a_saved_plan_is_deployed_as_it_was_made() {
    let org = Org::start(Options::default());
    let test = project(&org);
    let said = test.run("plan --out plan.json").success();
    assert!(said.stderr.contains("deploy it with: orgwire deploy plan.json"), "{}", said.stderr);
    let plan: Value = serde_json::from_str(&test.read("plan.json")).unwrap();
    assert_eq!((&plan["kind"], &plan["format_version"]), (&json!("orgwire-plan"), &json!("1")));
    assert_eq!(plan["plan"]["summary"], json!({ "create": 3, "update": 0, "delete": 0, "keep": 0 }));
    let said = test.run("deploy plan.json --yes --json").success();
    assert_eq!(said.json()["passes"].as_array().unwrap().len(), 2);
    test.run("plan --exit-code").success();
    // It has been used: the org holds something else now.
    refused(&test, &org, "stale-plan");
}

#[test]
fn what_has_moved_is_named() {
    let org = Org::start(Options::default());
    let test = project(&org);
    test.run("deploy --yes").success();
    test.edit("manifests/main.toml", "label = \"AxsyApexAPI\"", "label = \"Axsy\"");
    test.run("plan --out plan.json").success();
    org.edit("ConnectedApp", APP, "description", Some(text("changed by hand")));
    assert_snapshot!(refused(&test, &org, "stale-plan").talk(), @r#"
    stale-plan

      × the plan in `plan.json` is stale
      ╰─▶ `connected-app.AxsyApexAPI` has changed in the org
      help: make it again with `orgwire plan --out`, and have it approved again; nothing was sent
    "#);
    let said = test.run("deploy plan.json --yes --json").exits(7);
    assert_eq!(said.json()["moved"], json!(["`connected-app.AxsyApexAPI` has changed in the org"]));
    test.run("plan --out plan.json").success();
    test.edit("manifests/main.toml", "friendly-name = \"AxsyApexAPI\"", "friendly-name = \"Axsy\"");
    let said = refused(&test, &org, "stale-plan");
    assert_eq!(said.json()["moved"], json!(["`auth-provider.AxsyApexAPI` has changed in the manifest"]));
    // Comments and the order of lines are nobody's business.
    test.run("plan --out plan.json").success();
    let manifest = test.read("manifests/main.toml");
    test.write("manifests/main.toml", format!("# reviewed\n{manifest}"));
    test.run("deploy plan.json --yes").success();
}

#[test]
fn a_plan_that_somebody_edited_is_refused() {
    let org = Org::start(Options::default());
    let test = project(&org);
    test.run("plan --out plan.json").success();
    let whole = test.read("plan.json");
    test.write("plan.json", whole.replace("\"update\": 0", "\"update\": 1"));
    assert_snapshot!(refused(&test, &org, "altered-plan").talk(), @r#"
    altered-plan

      × cannot deploy the plan in `plan.json`
      ╰─▶ it was changed after it was saved
      help: make it again with `orgwire plan --out`; nothing was sent
    "#);
    // With a fingerprint that fits it is still not what its inputs make.
    let mut plan: Value = serde_json::from_str(&whole).unwrap();
    plan["plan"]["changes"][0]["fields"][0]["after"] = json!("evil");
    plan["digest"] = json!("");
    let digest = orgwire::fingerprint::of_text(&plan.to_string());
    plan["digest"] = json!(digest);
    test.write("plan.json", plan.to_string());
    assert_snapshot!(refused(&test, &org, "altered-plan").talk(), @r#"
    altered-plan

      × the plan in `plan.json` is not what its manifests and its org make
      help: somebody has edited it: make it again with `orgwire plan --out`, and have it approved again; nothing
            was sent
    "#);
    test.write("plan.json", whole.replace("\"format_version\": \"1\"", "\"format_version\": \"0\""));
    assert_snapshot!(refused(&test, &org, "plan-format").talk(), @r#"
    plan-format

      × cannot deploy the plan in `plan.json`
      ╰─▶ it is a plan of format 0, and this orgwire reads format 1
      help: make it again with `orgwire plan --out`; nothing was sent
    "#);
    test.write("plan.json", "{\"changes\": []}");
    refused(&test, &org, "plan-format");
}

#[test]
fn a_plan_for_another_org_is_refused() {
    let (org, other) = (Org::start(Options::default()), Org::start(Options::default()));
    let test = project(&org);
    test.run("plan --out plan.json").success();
    let test = other.reached_by(Test::example("axsy").file("plan.json", &test.read("plan.json")));
    let said = refused(&test, &other, "plan-of-another-org");
    assert!(said.stderr.contains(org.organization_id()), "{}", said.stderr);
    assert!(said.stderr.contains(other.organization_id()), "{}", said.stderr);
}

#[test]
fn a_plan_says_itself_what_is_deployed() {
    let org = Org::start(Options::default());
    let test = project(&org);
    test.run("plan --out plan.json --var contact=team@example.com").success();
    for flags in ["--env x", "--var contact=x", "--target connected-app.AxsyApexAPI"] {
        let said = test.run(&format!("deploy plan.json --yes {flags}")).exits(1);
        assert!(said.stderr.contains("has no meaning beside it"), "{}", said.stderr);
    }
    test.run("deploy plan.json --yes").success();
    assert_eq!(org.text("ConnectedApp", APP, "contactEmail"), "team@example.com");
}

#[test]
fn a_validated_plan_is_deployed_without_validating_it_again() {
    let org = Org::start(Options::default());
    let test = project(&org);
    let said = test.run("plan --out plan.json --validate --test-level RunLocalTests --json").success();
    let validation = said.json()["validation"].as_str().unwrap().to_owned();
    assert!(!org.has("ConnectedApp", APP));
    assert_eq!(org.deployments(), std::slice::from_ref(&validation));
    let said = test.run("deploy plan.json --yes --json").success();
    assert_ne!(said.json()["passes"][0]["deploy_id"], json!(validation));
    assert!(!said.stderr.contains("deploying without it"), "{}", said.stderr);
    test.run("plan --exit-code").success();

    // A validation without tests cannot stand for a deployment (MD-12): it is deployed the usual way.
    let org = Org::start(Options::default());
    let test = project(&org);
    test.run("plan --out plan.json --validate").success();
    let said = test.run("deploy plan.json --yes").success();
    assert!(said.stderr.contains("deploying without it"), "{}", said.stderr);
    test.run("plan --exit-code").success();
}

#[test]
fn no_secret_is_in_a_saved_plan() {
    const CANARY: &str = "Canary7Canary7Canary7Canary7Canary7Canary7";
    let org = Org::start(Options::default());
    let manifest = "[auth-provider.P]\nfriendly-name = \"P\"\nprovider-type = \"Salesforce\"\nconsumer-key = \"abcdefgh\"\n\
                    consumer-secret = { env = \"S\" }\n";
    let test = org.reached_by(Test::new().manifest(manifest)).variable("S", CANARY);
    test.run("plan --out plan.json --validate").success();
    assert!(!test.read("plan.json").contains(CANARY));
    test.run("deploy plan.json --yes").success();
    for (path, bytes) in test.files() {
        assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "{path}");
    }
}
