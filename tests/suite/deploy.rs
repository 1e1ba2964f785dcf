//! `deploy`: two passes, then none; drift; secrets; refusals.

use insta::assert_snapshot;

use crate::simulated::{Org, text};
use crate::test::Test;

const APP: &str = "connected-app.AxsyApexAPI";

#[test]
fn the_first_deploy_takes_two_passes_and_wires_the_callback() {
    let test = Test::example("axsy");
    let told = test.run("deploy --json").success().json();
    let passes: Vec<_> =
        told["passes"].as_array().unwrap().iter().map(|pass| pass["components"].clone()).collect();
    assert_eq!(
        passes,
        [
            serde_json::json!(["auth-provider.AxsyApexAPI", APP, "named-credential.AxsyApexAPI"]),
            serde_json::json!([APP]),
        ]
    );
    let url = told["org"]["instance_url"].as_str().unwrap();
    assert_eq!(
        told["wired"],
        serde_json::json!([{
            "component": APP,
            "field": "oauth-config.callback-url",
            "value": format!("{url}/services/authcallback/AxsyApexAPI"),
        }])
    );
    let keys: Vec<&String> = told.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["format_version", "org", "passes", "wired", "manual_steps", "requests"]);
}

#[test]
fn the_second_deploy_sends_nothing_and_says_so() {
    let test = Test::example("axsy");
    test.run("deploy").success();
    let again = test.run("deploy").success();
    assert_snapshot!(again.result(), @r#"
    No changes. local (the org inside orgwire, http://127.0.0.1:PORT) matches the manifest; nothing was sent.
    Still to do by hand for named-credential.AxsyApexAPI: authenticate the credential: tick "Start Authentication Flow on Save", save, log in on the org's My Domain and choose Allow; the page then shows "Authenticated as"
        http://127.0.0.1:PORT/lightning/setup/NamedCredential/home
    "#);
    assert_eq!(test.run("deploy --json").success().json()["passes"], serde_json::json!([]));
}

#[test]
fn a_changed_field_is_one_pass_with_its_component() {
    let test = Test::example("axsy");
    test.run("deploy").success();
    test.edit("manifests/main.toml", "label = \"AxsyApexAPI\"\ncontact", "label = \"Axsy\"\ncontact");
    let plan = test.run("plan --exit-code").exits(2);
    assert_snapshot!(plan.result(), @r#"
    ~ connected-app.AxsyApexAPI will be updated in pass 1
        ~ label = "AxsyApexAPI" -> "Axsy"  (the manifest has changed)

    Pass 1 sends connected-app.AxsyApexAPI
    Plan: 0 to create, 1 to update, 0 to delete; 1 pass.
    "#);
    let told = test.run("deploy --json").success().json();
    assert_eq!(told["passes"].as_array().unwrap().len(), 1);
    assert_eq!(told["passes"][0]["components"], serde_json::json!([APP]));
    test.run("plan --exit-code").success();
}

#[test]
fn a_key_that_the_org_makes_takes_a_third_pass() {
    let test = Test::example("axsy").variable("SECRET", &"a1B2".repeat(10));
    let generated = "consumer-key = { generate = true } # made once, at creation, by us\n\
                     consumer-secret = { generate = true } # lives in memory until both sides have it\n";
    test.edit("manifests/main.toml", generated, "");
    test.edit(
        "manifests/main.toml",
        "\"${connected-app.AxsyApexAPI.consumer-secret}\"",
        "{ env = \"SECRET\" }",
    );
    let told = test.run("deploy --json").success().json();
    let passes: Vec<_> =
        told["passes"].as_array().unwrap().iter().map(|pass| pass["components"].to_string()).collect();
    assert_eq!(
        passes,
        [
            "[\"connected-app.AxsyApexAPI\"]",
            "[\"auth-provider.AxsyApexAPI\",\"named-credential.AxsyApexAPI\"]",
            "[\"connected-app.AxsyApexAPI\"]",
        ]
    );
    test.run("plan --exit-code").success();
}

#[test]
fn a_predicted_callback_that_comes_true_needs_one_pass() {
    let test = Test::example("axsy");
    test.write("orgwire.toml", "[environment.quick]\npredict-callback = true\n");
    let told = test.run("deploy --env quick --json").success().json();
    assert_eq!(told["passes"].as_array().unwrap().len(), 1);
    assert_eq!(told["wired"][0]["field"], "oauth-config.callback-url");
    test.run("plan --exit-code").success();
}

#[test]
fn other_callback_lines_survive_the_wiring() {
    let test = Test::example("axsy");
    let wired = "callback-url = \"${auth-provider.AxsyApexAPI.callback-url}\" ";
    let both =
        "callback-url = [\"https://other.example/cb\", \"${auth-provider.AxsyApexAPI.callback-url}\"] ";
    test.edit("manifests/main.toml", wired, both);
    let told = test.run("deploy --json").success().json();
    let url = told["org"]["instance_url"].as_str().unwrap();
    let lines = format!("https://other.example/cb\n{url}/services/authcallback/AxsyApexAPI");
    assert_eq!(told["wired"][0]["value"], serde_json::json!(lines));
    test.run("plan --exit-code").success();
}

#[test]
fn a_validation_changes_nothing() {
    let test = Test::example("axsy");
    let told = test.run("deploy --check-only --json").success().json();
    assert_eq!(told["check_only"], true);
    assert_eq!(told["passes"].as_array().unwrap().len(), 1);
    let plan = test.run("plan --json").success().json();
    assert_eq!(plan["summary"]["create"], 3);
}

#[test]
fn a_callback_changed_behind_our_back_is_shown_and_repaired() {
    let test = Test::example("axsy");
    let url = test.run("deploy --json").success().json()["org"]["instance_url"].as_str().unwrap().to_owned();
    Org::of(&test, |org| {
        org.edit(
            "ConnectedApp",
            "AxsyApexAPI",
            "oauthConfig.callbackUrl",
            Some(text("https://elsewhere.example/cb")),
        );
    });
    let plan = test.run("plan --exit-code").exits(2);
    assert_snapshot!(plan.result(), @r#"
    ~ connected-app.AxsyApexAPI will be updated in pass 1
        ~ oauth-config.callback-url = "https://elsewhere.example/cb" -> "http://127.0.0.1:PORT/services/authcallback/AxsyApexAPI"  (changed in the org)

    Pass 1 sends connected-app.AxsyApexAPI
    Plan: 0 to create, 1 to update, 0 to delete; 1 pass.
    "#);
    test.run("deploy").success();
    Org::of(&test, |org| {
        let wired = format!("{url}/services/authcallback/AxsyApexAPI");
        assert_eq!(org.text("ConnectedApp", "AxsyApexAPI", "oauthConfig.callbackUrl"), wired);
        // The provider has what the app has, and what nobody has seen.
        let app = |path: &str| org.text("ConnectedApp", "AxsyApexAPI", path);
        let provider = |path: &str| org.text("AuthProvider", "AxsyApexAPI", path);
        assert_eq!(app("oauthConfig.consumerKey"), provider("consumerKey"));
        assert_eq!(app("oauthConfig.consumerSecret"), provider("consumerSecret"));
    });
}

#[test]
fn an_app_with_a_run_as_user_can_be_updated() {
    let test = Test::example("logik");
    test.run("plan --var run-as-user=x@example.com").success();
    let mut user = String::new();
    Org::of(&test, |org| user = org.username().replacen("admin@", "integration@", 1));
    let flag = format!("--var=run-as-user={user}");
    test.run_words(&["deploy", &flag]).success();
    test.edit("manifests/main.toml", "label = \"Logik Admin API\"", "label = \"Logik\"");
    let told = test.run_words(&["deploy", "--json", &flag]).success().json();
    assert_eq!(told["passes"].as_array().unwrap().len(), 1);
}
