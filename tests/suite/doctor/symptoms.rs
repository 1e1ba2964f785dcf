//! Symptoms: each cause is made alone, and told apart from all others.

use std::io::{Read, Write};
use std::net::TcpStream;

use insta::assert_snapshot;
use orgwire::component::Tree;
use orgwire::simulator::Options;

use super::{found, permission, ranges};
use crate::simulated::{Org, flag, text};
use crate::test::{Said, Test};

const SECRET: &str = "canary0123456789abcdefghijABCDEFGHIJ0123456789";
const LOGIK: &str = "Logik_Admin_API";

/// Logik's app, run as the integration user, with a secret that can be read.
fn logik(org: &Org) -> Test {
    let test = org.reached_by(Test::example("logik")).variable("LOGIK_SECRET", SECRET);
    let secret = "consumer-secret = { env = \"LOGIK_SECRET\" }";
    test.edit("manifests/main.toml", "consumer-secret = { generate = true }", secret);
    test.edit("manifests/main.toml", "${var.run-as-user}", &org.other("integration"));
    test
}

fn deployed() -> (Org, Test) {
    let org = Org::start(Options::default());
    let test = logik(&org);
    test.run("deploy --yes").success();
    (org, test)
}

/// From here on nobody here can ask for a token.
fn forget_the_secret(test: &Test) {
    test.edit("manifests/main.toml", "{ env = \"LOGIK_SECRET\" }", "{ env = \"NOT_HERE\" }");
}

fn asks(test: &Test, symptom: &str) -> Said {
    test.run_words(&["doctor", "--json", "--symptom", symptom]).exits(1)
}

#[track_caller]
fn is_caused_by(test: &Test, symptom: &str, cause: &str) -> Said {
    let said = asks(test, symptom);
    assert_eq!(said.json()["cause"]["id"], cause, "{}", said.stdout);
    for shown in [&said.stdout, &said.stderr] {
        assert!(!shown.contains("canary") && !shown.contains("eyJ"), "{shown}");
    }
    said
}

fn evidence(said: &Said) -> String {
    said.json()["cause"]["evidence"].to_string()
}

const TOKEN: &str = "400 on token";

#[test]
fn rule_001_r5_login_ranges_are_told_apart() {
    let (org, test) = deployed();
    org.edit("ConnectedApp", LOGIK, "oauthPolicy.ipRelaxation", Some(text("ENFORCE")));
    org.edit("Profile", "Minimum Access - API Only Integrations", "loginIpRanges", Some(ranges()));
    let said = is_caused_by(&test, TOKEN, "ip-restricted");
    assert!(evidence(&said).contains("invalid_grant: ip restricted"), "{}", said.stdout);
    // Without a secret it is known by the settings, and by what others were told before.
    forget_the_secret(&test);
    let said = is_caused_by(&test, TOKEN, "ip-restricted");
    assert!(evidence(&said).contains("as Restricted IP"), "{}", said.stdout);
    org.edit("ConnectedApp", LOGIK, "oauthPolicy.ipRelaxation", Some(text("BYPASS")));
    test.run("doctor").success();
}

#[test]
fn rule_001_r5_an_app_without_a_run_as_user_is_told_apart() {
    let (org, test) = deployed();
    org.edit("ConnectedApp", LOGIK, "oauthConfig.oauthClientCredentialUser", None);
    let said = is_caused_by(&test, TOKEN, "no-run-as-user");
    assert!(evidence(&said).contains("no client credentials user enabled"), "{}", said.stdout);
    forget_the_secret(&test);
    is_caused_by(&test, TOKEN, "no-run-as-user");
    assert!(found(&test.run("doctor --json").exits(1), "blocks")[0].starts_with("client-credentials "));
}

#[test]
fn rule_001_r5_an_app_on_its_way_to_the_login_servers_is_told_apart() {
    let org = Org::start(Options { propagation: std::time::Duration::from_secs(600), ..Options::default() });
    let test = logik(&org);
    test.run("deploy --yes").success();
    let said = is_caused_by(&test, TOKEN, "client-unknown");
    assert!(evidence(&said).contains("invalid_client_id: client identifier invalid"), "{}", said.stdout);
    is_caused_by(&test, "invalid_client_id", "spreading");
    org.advance(std::time::Duration::from_secs(600));
    is_caused_by(&test, "invalid_client_id", "other-key");
}

/// What a client is told that calls the login host of all orgs.
fn at_a_login_host(org: &Org, key: &str) -> String {
    let body = format!("grant_type=client_credentials&client_id={key}&client_secret={SECRET}");
    let address = org.instance_url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "POST /services/oauth2/token HTTP/1.1\r\nhost: login.salesforce.com\r\nconnection: close\r\n\
                content-type: application/x-www-form-urlencoded";
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn rule_001_r5_and_001_r4_a_call_at_a_login_host_is_told_apart() {
    let (org, test) = deployed();
    // Nothing is wrong in the org: what is left is the address.
    let said = is_caused_by(&test, TOKEN, "wrong-domain");
    assert!(evidence(&said).contains("got a token just now"), "{}", said.stdout);
    let answered = at_a_login_host(&org, &org.text("ConnectedApp", LOGIK, "oauthConfig.consumerKey"));
    assert!(answered.contains("request not supported on this domain"), "{answered}");
    let said = is_caused_by(&test, &answered, "wrong-domain");
    assert_eq!(said.json()["symptom"], "400 on token: request not supported on this domain");
    // What else was pasted is not repeated.
    is_caused_by(&test, &format!("{answered} client_secret={SECRET}"), "wrong-domain");
    let said = test.run_words(&["doctor", "--symptom", TOKEN]).exits(1);
    assert_snapshot!(said.result());
}

#[test]
fn rule_001_r5_and_001_r3_an_app_without_a_usable_scope_is_told_apart() {
    let (org, test) = deployed();
    org.edit(
        "ConnectedApp",
        LOGIK,
        "oauthConfig.scopes",
        Some(Tree::List(vec![text("Full"), text("RefreshToken")])),
    );
    let said = is_caused_by(&test, TOKEN, "no-usable-scope");
    assert!(evidence(&said).contains("invalid_grant: no valid scopes defined"), "{}", said.stdout);
    forget_the_secret(&test);
    is_caused_by(&test, TOKEN, "no-usable-scope");
}

#[test]
fn rule_001_r5_the_causes_that_the_guide_does_not_name_are_told_apart_too() {
    let (org, test) = deployed();
    let other = SECRET.replace("canary", "nobody");
    let test = test.variable("LOGIK_SECRET", &other);
    is_caused_by(&test, TOKEN, "client-secret");
    let test = test.variable("LOGIK_SECRET", SECRET);
    let inactive = format!(r#"{{"do": "deactivate-user", "username": "{}"}}"#, org.other("integration"));
    org.control("POST", "setup", &inactive);
    is_caused_by(&test, TOKEN, "run-as-inactive");
    assert!(found(&test.run("doctor --json").exits(1), "blocks")[0].starts_with("named-user "));
    org.control("POST", "setup", &inactive.replace("deactivate", "activate"));
    org.edit("ConnectedApp", LOGIK, "oauthConfig.isClientCredentialEnabled", Some(flag(false)));
    is_caused_by(&test, TOKEN, "flow-off");
    for (pasted, cause) in [
        ("invalid_request: scope parameter not supported", "scope-parameter"),
        (
            r#"{"error":"unsupported_grant_type","error_description":"grant type not supported"}"#,
            "grant-type",
        ),
        ("no client credentials user enabled", "no-run-as-user"),
        ("user hasn't approved this consumer", "oauth-not-approved"),
        ("rate_limit_exceeded", "oauth-too-many-logins"),
    ] {
        is_caused_by(&test, pasted, cause);
    }
}

#[test]
fn rule_001_r7_a_vendor_that_redirects_got_no_bearer_token() {
    let (org, test) = deployed();
    let said = is_caused_by(&test, "302 from vendor", "bearer-missing");
    assert!(said.json()["mend"].as_str().unwrap().contains("Authorization: Bearer"));
    org.edit("ConnectedApp", LOGIK, "oauthConfig.isNamedUserJwtEnabled", Some(flag(false)));
    is_caused_by(&test, "302 from vendor", "opaque-token");
}

#[test]
fn a_text_that_nobody_knows_is_answered_with_what_is_known() {
    let test = Test::example("cyclr");
    let said = test.run_words(&["doctor", "--symptom", "the coffee is cold"]).exits(2);
    assert_snapshot!(said.talk());
}

#[test]
fn rule_000_r8_the_settings_are_looked_at_in_their_order() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("axsy"));
    test.run("deploy --yes").success();
    let analyst = org.other("analyst");
    let cause = || {
        let words =
            ["doctor", "--json", "--symptom", "INVALID_SESSION_ID when publishing", "--user", &analyst];
        let said = test.run_words(&words).exits(1).json();
        let ids = |list: &str| -> Vec<String> {
            said[list].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
        };
        (said["cause"]["id"].as_str().unwrap().to_owned(), ids("also"))
    };
    let is = |cause: &str, also: &[&str]| {
        (cause.to_owned(), also.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
    };
    let profile = org.profile_session_setting("Standard");
    let high = |on: bool| {
        let level = on.then(|| text("HIGH_ASSURANCE"));
        org.edit("ProfileSessionSetting", &profile, "requiredSessionLevel", level);
    };
    let lock = |on: bool| {
        org.edit("SecuritySettings", "Security", "sessionSettings.lockSessionsToIp", Some(flag(on)));
    };
    // All four at once, and then one after the other mended.
    lock(true);
    high(true);
    assert_eq!(cause(), is("session-ip-lock", &["session-level", "view-setup", "credential-status"]));
    lock(false);
    assert_eq!(cause(), is("session-level", &["view-setup", "credential-status"]));
    high(false);
    assert_eq!(cause(), is("view-setup", &["credential-status"]));
    let may = Tree::List(vec![permission("ViewSetup", true)]);
    org.edit("Profile", "Standard", "userPermissions", Some(may));
    assert_eq!(cause(), is("credential-status", &[]));
}

#[test]
fn rule_000_r9_a_user_who_needs_a_second_factor_cannot_authenticate_a_credential() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("axsy"));
    test.run("deploy --yes").success();
    let doctor = || test.run_words(&["doctor", "--json", "--user", &org.other("analyst")]);
    assert!(found(&doctor().success(), "blocks").is_empty());
    let profile = org.profile_session_setting("Standard");
    org.edit("ProfileSessionSetting", &profile, "requiredSessionLevel", Some(text("HIGH_ASSURANCE")));
    let level = ["session-level connected-app.AxsyApexAPI named-credential.AxsyApexAPI"];
    assert_eq!(found(&doctor().exits(1), "blocks"), level);
    org.edit("ProfileSessionSetting", &profile, "requiredSessionLevel", None);
    let needs = Tree::List(vec![permission("TwoFactorApi", true)]);
    org.edit("Profile", "Standard", "userPermissions", Some(needs));
    assert_eq!(found(&doctor().exits(1), "blocks"), level);
}

#[test]
fn rule_000_r10_an_edition_without_auth_providers_is_named() {
    use orgwire::simulator::{Edition, Nature};
    let nature = Nature { edition: Edition::Professional, ..Nature::default() };
    let org = Org::start(Options { nature: Some(nature), ..Options::default() });
    let said = org.reached_by(Test::example("axsy")).run("doctor --json").exits(1);
    let blocks = found(&said, "blocks");
    assert_eq!(blocks.len(), 2, "{blocks:?}");
    assert_eq!(blocks[1], "auth-providers auth-provider.AxsyApexAPI");
}

#[test]
fn a_callback_that_was_not_wired_and_one_on_its_way_are_told_apart() {
    let org = Org::start(Options { propagation: std::time::Duration::from_secs(600), ..Options::default() });
    let test = org.reached_by(Test::example("axsy"));
    test.run("deploy --yes").success();
    org.advance(std::time::Duration::from_secs(600));
    is_caused_by(&test, "redirect_uri_mismatch", "other-redirect");
    let wired = org.text("ConnectedApp", "AxsyApexAPI", "oauthConfig.callbackUrl");
    let path = "oauthConfig.callbackUrl";
    org.edit(
        "ConnectedApp",
        "AxsyApexAPI",
        path,
        Some(text("https://login.salesforce.com/services/oauth2/success")),
    );
    is_caused_by(&test, "redirect_uri_mismatch", "callback-not-wired");
    test.run("deploy --yes").success();
    assert_eq!(org.text("ConnectedApp", "AxsyApexAPI", path), wired);
    is_caused_by(&test, "redirect_uri_mismatch", "spreading");
    // A provider with another key than the app.
    org.edit("AuthProvider", "AxsyApexAPI", "consumerKey", Some(text("another")));
    is_caused_by(&test, "client identifier invalid", "provider-key");
}

#[test]
fn rule_003_r3_an_app_of_another_org_has_to_be_installed() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("cyclr"));
    test.run("deploy --yes").success();
    let words = ["doctor", "--json", "--symptom", "invalid_client: app must be installed into org", "--user"];
    let said = test.run_words(&[words.as_slice(), &[org.other("analyst").as_str()]].concat()).exits(1);
    assert_eq!(said.json()["cause"]["id"], "foreign-app");
    assert!(evidence(&said).contains("may not let it in"), "{}", said.stdout);
}

#[test]
fn what_has_ended_a_connection_is_told_apart() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("cyclr"));
    test.run("deploy --yes").success();
    let symptom = "invalid_grant: expired access/refresh token";
    is_caused_by(&test, symptom, "revoked");
    org.edit("ConnectedApp", "Cyclr", "oauthConfig.isRefreshTokenRotationEnabled", Some(flag(true)));
    is_caused_by(&test, symptom, "rotation");
    let analyst = org.other("analyst");
    org.control("POST", "setup", &format!(r#"{{"do": "deactivate-user", "username": "{analyst}"}}"#));
    let said = test.run_words(&["doctor", "--json", "--symptom", symptom, "--user", &analyst]).exits(1);
    assert_eq!(said.json()["cause"]["id"], "user-inactive");
    org.edit(
        "ConnectedApp",
        "Cyclr",
        "oauthPolicy.refreshTokenPolicy",
        Some(text("specific_inactivity:1:HOURS")),
    );
    is_caused_by(&test, symptom, "refresh-policy");
}
