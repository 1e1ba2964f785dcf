//! From a sandbox to production: what was proven, and nothing else.

use serde_json::{Value, json};

use crate::test::{Running, Test};

const CONFIGURATION: &str = "[environment.uat]\norg = \"uat\"\nvariables = { contact = \"uat@example.com\" }\n\
                             [environment.production]\norg = \"production\"\nvariables = { contact = \"release@example.com\" }\n";

/// A project with two orgs beside it, in one process.
fn two_orgs(test: &Test) -> (Running, Value, Value) {
    let mut serving =
        test.start("simulate --org uat:sandbox --org production:edition=enterprise,production=true");
    let uat = serde_json::from_str(&serving.until("\"uat\"")).unwrap();
    let production = serde_json::from_str(&serving.until("\"production\"")).unwrap();
    (serving, uat, production)
}

fn project() -> Test {
    Test::example("axsy").file("orgwire.toml", CONFIGURATION)
}

#[test]
fn what_a_sandbox_has_proven_is_carried_to_production() {
    let test = project();
    let (_serving, uat, production) = two_orgs(&test);
    let said = test.run("promote --from uat --to production --yes --json").exits(1);
    assert_eq!(said.json()["error"]["code"], "not-proven");
    assert!(said.stderr.contains("`connected-app.AxsyApexAPI` is not there"), "{}", said.stderr);
    test.run("deploy -e uat --yes").success();
    let said = test.run("promote --from uat --to production --dry-run").success();
    assert!(said.stdout.contains("release@example.com"), "{}", said.stdout);
    let said = test
        .run("promote --from uat --to production --no-key-reuse --yes --json --record promoted.json")
        .success();
    let record: Value = serde_json::from_str(&test.read("promoted.json")).unwrap();
    assert_eq!(said.json()["promotion"], record);
    assert_eq!(record["from"]["org"]["id"], uat["organization_id"]);
    assert_eq!(record["to"]["org"]["id"], production["organization_id"]);
    assert_eq!(record["promoted_by"], production["username"]);
    assert_eq!(record["deployments"].as_array().unwrap().len(), 2);
    assert_eq!(record["components"].as_array().unwrap().len(), 3);
    for digest in [&record["plan"], &record["manifest"]["from"], &record["manifest"]["to"]] {
        assert!(digest.as_str().unwrap().starts_with("sha256:"), "{digest}");
    }
    test.run("plan -e production --exit-code").success();
    test.run("plan -e uat --exit-code").success();
}

#[test]
fn a_sandbox_that_has_drifted_has_proven_nothing() {
    let test = project();
    let (_serving, ..) = two_orgs(&test);
    test.run("deploy -e uat --yes").success();
    test.edit("manifests/main.toml", "label = \"AxsyApexAPI\"", "label = \"Axsy\"");
    let said = test.run("promote --from uat --to production --yes").exits(1);
    assert!(said.stderr.contains("differs"), "{}", said.stderr);
    let said = test.run("promote --from uat --to uat --yes").exits(1);
    assert!(said.stderr.contains("cannot be promoted to itself"), "{}", said.stderr);
}

#[test]
fn a_key_that_two_environments_share_is_found() {
    let test = project().variable("KEY", "SharedKey0123456789abcdefghijklmnopqrstuvwxyz");
    test.edit(
        "manifests/main.toml",
        "consumer-key = { generate = true }",
        "consumer-key = { env = \"KEY\" }",
    );
    let (_serving, ..) = two_orgs(&test);
    test.run("deploy -e uat --yes").success();
    let said = test.run("promote --from uat --to production --no-key-reuse --yes --json").exits(1);
    assert_eq!(said.json()["error"]["code"], "key-reused");
    assert_eq!(said.json()["error"]["message"].as_str().unwrap().matches("connected-app").count(), 1);
    assert_eq!(json!(said.code), json!(1));
}

#[test]
fn what_is_as_the_manifests_say_and_leads_elsewhere_has_proven_nothing() {
    let test = Test::new()
        .manifest(
            r#"
            api-version = "62.0"
            [connected-app.Orders]
            label = "Orders"
            contact-email = "a@example.com"
            [connected-app.Orders.oauth-config]
            callback-url = "https://old.my.salesforce.com/services/authcallback/Orders"
            scopes = ["Api"]
            "#,
        )
        .file(
            "orgwire.toml",
            "[org.old]\ninstance-url = \"https://old.my.salesforce.com\"\n[environment.old]\norg = \"old\"\n\
             [environment.uat]\norg = \"uat\"\n[environment.production]\norg = \"production\"\n",
        );
    let (_serving, ..) = two_orgs(&test);
    test.run("deploy -e uat --yes").success();
    test.run("plan -e uat --exit-code").success();
    let said = test.run("promote --from uat --to production --yes --json").exits(1);
    assert_eq!(said.json()["error"]["code"], "not-proven");
    let message = said.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("fails host: callback-url leads to old.my.salesforce.com"), "{message}");
}
