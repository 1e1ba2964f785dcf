//! Does the trust work, asked over the wire; and what is told where it does not.

use insta::assert_snapshot;
use serde_json::Value;

use crate::simulated::{Org, text};
use crate::test::{Said, Test};

const SUCCESS_PAGE: &str = "https://login.salesforce.com/services/oauth2/success";

fn deployed(name: &str) -> Test {
    let test = Test::example(name);
    test.run("deploy --yes").success();
    test
}

/// Id and component of the checks that ended like this.
fn ended(said: &Said, verdict: &str) -> Vec<String> {
    let body = said.json();
    let checks = body["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == verdict);
    let word = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
    checks.map(|check| format!("{} {}", word(check, "id"), word(check, "component"))).collect()
}

#[test]
fn a_trust_that_works_leaves_only_what_a_person_has_to_look_at() {
    let test = deployed("axsy");
    let said = test.run("verify").exits(6);
    assert_snapshot!(said.result());
    let said = test.run("verify --json").exits(6);
    assert_eq!(ended(&said, "open"), ["credential-status named-credential.AxsyApexAPI"]);
    assert!(ended(&said, "failed").is_empty());
    assert_eq!(said.json()["summary"]["open"], 1);
    let said = test.run("verify --format junit").exits(6);
    assert_snapshot!(said.result());
}

#[test]
fn without_a_second_pass_logins_are_refused_and_both_addresses_are_told() {
    let test = deployed("axsy");
    Org::of(&test, |org| {
        org.edit("ConnectedApp", "AxsyApexAPI", "oauthConfig.callbackUrl", Some(text(SUCCESS_PAGE)));
    });
    let said = test.run("verify --wait 0 --json").exits(1);
    let app = "connected-app.AxsyApexAPI";
    let failed = ["callback-wired", "no-placeholder", "authorize-probe"].map(|id| format!("{id} {app}"));
    assert_eq!(ended(&said, "failed"), failed);
    let found = said.json();
    let probe = found["checks"].as_array().unwrap().iter().find(|check| check["id"] == "authorize-probe");
    let found = probe.unwrap()["found"].as_str().unwrap().to_owned();
    let url = found.strip_prefix("redirect refused: expected ").unwrap();
    assert!(url.contains("/services/authcallback/AxsyApexAPI, app has https://login."), "{url}");
    // Sending it again mends it.
    test.run("deploy --yes").success();
    test.run("verify --wait 0").exits(6);
}

#[test]
fn a_provider_with_another_key_is_found() {
    let test = deployed("axsy");
    Org::of(&test, |org| {
        org.edit("AuthProvider", "AxsyApexAPI", "consumerKey", Some(text("another")));
    });
    let said = test.run("verify --wait 0 --json").exits(1);
    assert_eq!(ended(&said, "failed"), ["provider-key auth-provider.AxsyApexAPI"]);
}

#[test]
fn what_was_not_deployed_does_not_work() {
    let test = Test::example("axsy");
    let said = test.run("verify --wait 0 --json").exits(1);
    assert_eq!(said.json()["summary"]["failed"], 3);
}

#[test]
fn a_new_app_is_waited_for_until_the_login_servers_know_it() {
    let test = Test::example("axsy");
    let mut serving = test.start("simulate --propagation 12s");
    serving.until("instance_url");
    test.run("deploy --yes").success();
    let said = test.run("verify --wait 0 --json").exits(1);
    assert_eq!(ended(&said, "failed"), ["authorize-probe connected-app.AxsyApexAPI"]);
    assert!(said.stdout.contains("unknown client id (invalid_client_id: client identifier invalid)"));
    let said = test.run("verify --wait 1").exits(6);
    assert!(said.stderr.contains("has not reached the login servers; asking again"), "{}", said.stderr);
}
