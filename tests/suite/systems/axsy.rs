//! Axsy's three ways out.

use std::time::Duration;

use orgwire::simulator::Options;

use crate::simulated::{Org, flag, text};
use crate::test::Test;

#[test]
fn the_first_way_out_unlocks_sessions_and_touches_nothing_else() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("axsy"));
    org.edit("SecuritySettings", "Security", "sessionSettings.lockSessionsToIp", Some(flag(true)));
    let timeout = org.text("SecuritySettings", "Security", "sessionSettings.sessionTimeout");
    let said = test.run("deploy --yes --var resolution=1").success();
    assert!(said.stdout.contains("0 created, 1 updated"), "{}", said.stdout);
    assert_eq!(org.text("SecuritySettings", "Security", "sessionSettings.lockSessionsToIp"), "false");
    assert_eq!(org.text("SecuritySettings", "Security", "sessionSettings.sessionTimeout"), timeout);
    assert!(!org.has("ConnectedApp", "AxsyApexAPI"));
}

#[test]
fn the_second_way_out_finds_the_setting_that_the_org_has_for_the_profile() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("axsy"));
    let name = org.profile_session_setting("Admin");
    org.edit("ProfileSessionSetting", &name, "requiredSessionLevel", Some(text("HIGH_ASSURANCE")));
    org.edit("ProfileSessionSetting", &name, "forceLogout", Some(flag(true)));
    let plan = test.run("plan --var resolution=2").success();
    assert!(
        plan.stdout.contains(&format!("~ profile-session-setting.{name} will be updated")),
        "{}",
        plan.stdout
    );
    assert!(plan.stdout.contains("required-session-level = \"HIGH_ASSURANCE\" -> "), "{}", plan.stdout);
    test.run("deploy --yes --var resolution=2").success();
    // SE-12 by its stance: left out is none. What else the setting holds stays as it was.
    assert!(!org.knows("ProfileSessionSetting", &name, "requiredSessionLevel"));
    assert_eq!(org.text("ProfileSessionSetting", &name, "forceLogout"), "true");
    assert_eq!(org.profile_session_setting("Admin"), name);
    test.run("plan --exit-code --var resolution=2").success();
    // A profile that nobody touched yet has none, and gets one.
    let other = "--var resolution=2 --var publishing-profile=MarketingProfile";
    test.run(&format!("deploy --yes {other}")).success();
    test.run(&format!("plan --exit-code {other}")).success();
}

#[test]
fn a_setting_that_each_org_names_otherwise_is_one_in_comparisons_and_values() {
    let (uat, live) = (Org::start(Options::default()), Org::start(Options::default()));
    let test = Test::example("axsy");
    let orgs: String = [("uat", &uat), ("live", &live)]
        .map(|(name, org)| {
            format!(
                "[org.{name}]\ninstance-url = \"{}\"\nlogin = {{ access-token = {{ env = \"{}_TOKEN\" }} }}\n\
                 [environment.{name}]\norg = \"{name}\"\n",
                org.instance_url(),
                name.to_uppercase()
            )
        })
        .concat();
    test.write("orgwire.toml", orgs);
    let test = test.variable("UAT_TOKEN", uat.token()).variable("LIVE_TOKEN", live.token());
    let name = uat.profile_session_setting("Admin");
    let flags = "--var resolution=2";
    let told = test.run(&format!("plan -e uat --explain-values {flags}")).success().stdout;
    assert!(told.contains(&format!("Values of profile-session-setting.{name}")), "{told}");
    let compared = test.run(&format!("compare uat live --orgs --exit-code {flags}")).success().stdout;
    assert!(!compared.contains(&name), "{compared}");
}

#[test]
fn rule_000_r7_the_credential_is_a_step_and_verify_waits_for_the_app_before_it() {
    let org = Org::start(Options { propagation: Duration::from_secs(300), ..Options::default() });
    let test = org.reached_by(Test::example("axsy"));
    let told = test.run("deploy --yes --json").success().json();
    assert_eq!(told["manual_steps"][0]["id"], "named-credential.AxsyApexAPI");
    // Too early: the login servers do not know the app, whoever follows the link.
    let said = test.run("verify --wait 0").exits(1);
    assert!(said.stdout.contains("invalid_client_id"), "{}", said.stdout);
    org.advance(Duration::from_secs(301));
    let said = test.run("verify --wait 0 --json").exits(6).json();
    let open = said["checks"].as_array().unwrap().iter().find(|check| check["verdict"] == "open").unwrap();
    let help = open["help"].as_str().unwrap();
    assert!(help.contains("/lightning/setup/NamedCredential/page?address=%2F0XA"), "{help}");
}
