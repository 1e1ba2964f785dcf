//! Does the trust work, asked over the wire; and what is told where it does not.

use insta::assert_snapshot;
use orgwire::simulator::Options;
use serde_json::Value;

use crate::simulated::{Org, text};
use crate::test::{Said, Test};

/// Whatever people do by hand for Logik, they have done.
const DONE: &str = "verify --wait 0 --done manual-step.logik-server --done manual-step.logik-token-lifetime";

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

/// With a word in place of when somebody said that a step is done.
fn without_time(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        if let Some(at) = line.find("told to be done at ") {
            line.truncate(at);
            line.push_str("told to be done at TIME");
        }
    }
    lines.join("\n")
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

const SECRET: &str = "canary0123456789abcdefghijABCDEFGHIJ0123456789";

/// Logik's app with a secret that can be read, and a Run As user.
fn logik(org: &Org) -> Test {
    let test = org.reached_by(Test::example("logik")).variable("LOGIK_SECRET", SECRET);
    test.edit(
        "manifests/main.toml",
        "consumer-secret = { generate = true }",
        "consumer-secret = { env = \"LOGIK_SECRET\" }",
    );
    test.edit("manifests/main.toml", "${var.run-as-user}", org.username());
    test
}

#[test]
fn an_app_that_can_log_in_by_itself_does_and_its_token_is_looked_at() {
    let org = Org::start(Options::default());
    let test = logik(&org);
    test.run("deploy --yes").success();
    org.assign("Logik_Integration", org.username());
    test.run(DONE).success();
    let said = test.run("verify --wait 0").success();
    assert_snapshot!(without_time(&said.result()));
    for shown in [&said.stdout, &said.stderr] {
        assert!(!shown.contains("canary") && !shown.contains("eyJ"), "{shown}");
    }
    let said = test.run("verify --wait 0 -vv").success();
    assert!(!said.stderr.contains("canary") && !said.stderr.contains("eyJ"), "{}", said.stderr);
}

#[test]
fn what_keeps_an_app_from_its_token_is_told_in_the_words_of_the_org() {
    let org = Org::start(Options::default());
    let test = logik(&org);
    test.run("deploy --yes").success();
    org.assign("Logik_Integration", org.username());
    test.run(DONE).success();
    let other = SECRET.replace("canary", "nobody");
    let test = test.variable("LOGIK_SECRET", &other);
    let said = test.run("verify --wait 0 --json").exits(1);
    assert_eq!(ended(&said, "failed"), ["client-credentials-token connected-app.Logik_Admin_API"]);
    assert!(said.stdout.contains("invalid_client: invalid client credentials"), "{}", said.stdout);
    // A secret that this machine does not have is no failure of the trust.
    test.edit("manifests/main.toml", "{ env = \"LOGIK_SECRET\" }", "{ env = \"NOT_HERE\" }");
    let said = test.run("verify --wait 0 --json").success();
    assert_eq!(ended(&said, "skipped"), ["client-credentials-token connected-app.Logik_Admin_API"]);
}

#[test]
fn a_secret_that_was_generated_is_known_to_nobody() {
    let test = Test::example("logik");
    let mut username = String::new();
    Org::of(&test, |org| username = org.username().to_owned());
    test.edit("manifests/main.toml", "${var.run-as-user}", &username);
    test.run("deploy --yes").success();
    Org::of(&test, |org| org.assign("Logik_Integration", &username));
    test.run(DONE).success();
    let said = test.run("verify --wait 0 --json").success();
    assert_eq!(ended(&said, "skipped"), ["client-credentials-token connected-app.Logik_Admin_API"]);
    assert!(said.stdout.contains("its secret was generated, and nobody here knows it"));
}

#[test]
fn an_external_client_app_is_verified_with_what_belongs_to_it() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::new()).variable("ORDERS_SECRET", SECRET);
    let test = test.manifest(&format!(
        r#"
        api-version = "66.0"

        [external-client-application.Orders]
        label = "Orders"
        contact-email = "ops@orders.example"

        [extl-clnt-app-global-oauth-settings.Orders_glbloauth]
        external-client-application = "Orders"
        callback-url = "https://orders.example/callback"
        consumer-key = {{ generate = true }}
        consumer-secret = {{ env = "ORDERS_SECRET" }}
        is-client-credentials-flow-enabled = true
        is-named-user-jwt-enabled = true

        [extl-clnt-app-oauth-settings.Orders_oauth]
        external-client-application = "Orders"
        comma-separated-oauth-scopes = ["RefreshToken", "Api"]

        [extl-clnt-app-oauth-configurable-policies.Orders_oauthPlcy]
        external-client-application = "Orders"
        is-client-credentials-flow-enabled = true
        client-credentials-flow-user = "{}"
        named-user-jwt-session-timeout-type = "Custom"
        named-user-jwt-timeout = 15
        "#,
        org.username()
    ));
    test.run("deploy --yes").success();
    let said = test.run("verify --wait 0").success();
    assert_snapshot!(said.result());
}
