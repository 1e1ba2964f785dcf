//! Cyclr: sessions that last, a callback for each service domain, and five logins of one user.

use orgwire::simulator::Options;
use serde_json::Value;

use crate::simulated::Org;
use crate::test::Test;
use crate::vendor::{let_in, token};

const CALLBACK: &str = "https://app-h.cyclr.com/connector/callback";

fn check<'a>(told: &'a Value, id: &str) -> &'a Value {
    told["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap()
}

#[test]
fn session_settings_are_deployed_where_asked_for_and_read_back() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("cyclr"));
    let of = |element: &str| org.text("SecuritySettings", "Security", &format!("sessionSettings.{element}"));
    let before = ["sessionTimeout", "forceLogoutOnSessionTimeout", "enforceIpRangesEveryRequest"].map(of);
    test.run("deploy --yes").success();
    assert_eq!(
        before,
        ["sessionTimeout", "forceLogoutOnSessionTimeout", "enforceIpRangesEveryRequest"].map(of)
    );
    let loosen = "--var loosen-sessions=true";
    let plan = test.run(&format!("plan {loosen}")).success();
    assert!(plan.stdout.contains("session-timeout"), "{}", plan.stdout);
    test.run(&format!("deploy --yes {loosen}")).success();
    let after = ["sessionTimeout", "forceLogoutOnSessionTimeout", "lockSessionsToIp"].map(of);
    assert_eq!(after, ["TwentyFourHours", "false", "false"]);
    // What the manifest does not mention stays, and nothing is left to do.
    assert_eq!(of("enforceIpRangesEveryRequest"), before[2]);
    test.run(&format!("plan --exit-code {loosen}")).success();
}

#[test]
fn several_service_domains_are_several_lines() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("cyclr"));
    test.edit(
        "manifests/main.toml",
        "default = \"app-h.cyclr.com\"",
        "default = [\"app-h.cyclr.com\", \"yourcompany.cyclr.uk\"]",
    );
    test.run("deploy --yes").success();
    let both = "https://app-h.cyclr.com/connector/callback\nhttps://yourcompany.cyclr.uk/connector/callback";
    assert_eq!(org.text("ConnectedApp", "Cyclr", "oauthConfig.callbackUrl"), both);
    test.run("plan --exit-code").success();
    // Each of them is probed.
    let told = test.run("verify --wait 0 --json").exits(6).json();
    let probes = told["checks"].as_array().unwrap().iter().filter(|check| check["id"] == "authorize-probe");
    assert_eq!(probes.count(), 2);
}

#[test]
fn rule_003_r5_a_sixth_login_ends_the_first_and_verify_warns_before() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("cyclr"));
    test.run("deploy --yes --secret-out keys.json").success();
    let keys: Value = serde_json::from_str(&test.read("keys.json")).unwrap();
    let of = |name: &str| keys["connected-app.Cyclr"][name].as_str().unwrap().to_owned();
    let (key, secret) = (of("consumer-key"), of("consumer-secret"));
    let let_in =
        || let_in(&org, &key, &secret, CALLBACK).unwrap()["refresh_token"].as_str().unwrap().to_owned();
    let refresh = |refresh_token: &str| {
        token(
            &org,
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh_token),
                ("client_id", &key),
                ("client_secret", &secret),
            ],
        )
    };
    let approvals = || check(&test.run("verify --wait 0 --json").exits(6).json(), "approvals").clone();
    let first = let_in();
    let_in();
    let_in();
    assert!(approvals()["help"].is_null(), "three are no reason to worry");
    let_in();
    assert!(approvals()["help"].as_str().unwrap().starts_with("close to the limit"));
    let_in();
    assert!(refresh(&first)["access_token"].is_string(), "five count");
    let sixth = let_in();
    assert_eq!(refresh(&first)["error_description"], "expired access/refresh token");
    assert!(refresh(&sixth)["access_token"].is_string());
    // And the symptom leads there.
    let said = test.run_words(&["doctor", "--symptom", "expired access/refresh token"]);
    assert!(said.stdout.contains("003-R5") || said.stdout.contains("approval"), "{}", said.stdout);
}
