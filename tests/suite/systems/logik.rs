//! Logik.io: a server gets JWTs by itself; and the way with asset tokens, which was left.

use orgwire::simulator::Options;
use serde_json::Value;

use crate::browser::Browser;
use crate::simulated::Org;
use crate::test::Test;
use crate::vendor::{payload, token};

fn keys(test: &Test, app: &str) -> (String, String) {
    let keys: Value = serde_json::from_str(&test.read("keys.json")).unwrap();
    let of = |name: &str| keys[app][name].as_str().unwrap().to_owned();
    (of("consumer-key"), of("consumer-secret"))
}

#[test]
fn a_server_gets_a_jwt_with_the_claims_of_this_org() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("logik"));
    let user = org.other("integration");
    let flags = format!("--var run-as-user={user}");
    test.run(&format!("deploy --yes {flags} --secret-out keys.json")).success();
    let (key, secret) = keys(&test, "connected-app.Logik_Admin_API");
    let told =
        token(&org, &[("grant_type", "client_credentials"), ("client_id", &key), ("client_secret", &secret)]);
    let claims = payload(told["access_token"].as_str().unwrap_or_else(|| panic!("{told}")));
    assert_eq!(claims["aud"][0], org.instance_url());
    assert_eq!((&claims["iss"], &claims["client_id"]), (&org.instance_url().into(), &key.as_str().into()));
    assert_eq!(claims["scp"], "api");
    // verify gets one as well, where it knows the secret, and ends it.
    test.edit(
        "manifests/main.toml",
        "consumer-secret = { generate = true }",
        "consumer-secret = { env = \"LOGIK_SECRET\" }",
    );
    let test = test.variable("LOGIK_SECRET", &secret);
    let said = test.run(&format!("verify --wait 0 {flags} --json")).exits(6);
    let told = said.json();
    let passed: Vec<&str> = told["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["verdict"] == "passed")
        .map(|check| check["id"].as_str().unwrap())
        .collect();
    for id in ["client-credentials-token", "jwt-shape", "scopes-granted"] {
        assert!(passed.contains(&id), "{id}: {}", said.stdout);
    }
    assert!(!said.stdout.contains(&secret) && !said.stdout.contains("eyJ"));
}

#[test]
fn rule_001_r4_verify_asks_for_tokens_where_the_org_itself_is() {
    let org = Org::start(Options::default());
    let test =
        org.reached_by(Test::example("logik")).variable("LOGIK_SECRET", "aB3dE5gH7jK9mN1pQ3sT5vW7yZaB3dE5gH");
    test.edit(
        "manifests/main.toml",
        "consumer-secret = { generate = true }",
        "consumer-secret = { env = \"LOGIK_SECRET\" }",
    );
    let flags = format!("--var run-as-user={}", org.username());
    test.run(&format!("deploy --yes {flags}")).success();
    // A login host would have refused it (OA-27), as the local org does where it plays one.
    let told = test.run(&format!("verify --wait 0 {flags} --json")).exits(6).json();
    let check =
        told["checks"].as_array().unwrap().iter().find(|check| check["id"] == "client-credentials-token");
    assert_eq!(check.unwrap()["verdict"], "passed");
}

#[test]
fn the_asset_token_exchange_of_the_older_way_works_on_its_manifest() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("logik-asset-token"));
    let flags = "--var certificate-id=0P1000000000001AAA --var audience=https://api.logik.io";
    let said = test.run(&format!("deploy --yes {flags} --secret-out keys.json")).success();
    assert!(said.stderr.contains("not as the guide has it (001-R8)"), "{}", said.stderr);
    let (key, secret) = keys(&test, "connected-app.Logik_Asset_Token");
    // The guide's first call, for which newer orgs have to be opened (SE-21).
    org.edit("OauthOidcSettings", "OauthOidc", "blockOAuthUnPwFlow", Some(crate::simulated::flag(false)));
    let password = org.password();
    let first = token(
        &org,
        &[
            ("grant_type", "password"),
            ("client_id", &key),
            ("client_secret", &secret),
            ("username", org.username()),
            ("password", &password),
        ],
    );
    let access = first["access_token"].as_str().unwrap_or_else(|| panic!("{first}"));
    let second = token(
        &org,
        &[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", access),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ],
    );
    assert_eq!(second["issued_token_type"], "urn:ietf:params:oauth:token-type:jwt", "{second}");
    assert_eq!(second["token_type"], "Bearer");
    let claims = payload(second["access_token"].as_str().unwrap());
    assert!(claims["aud"].to_string().contains("https://api.logik.io"), "{claims}");
}

#[test]
fn how_long_tokens_count_is_a_step_that_the_org_tells_of() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("logik"));
    let flags = format!("--var run-as-user={}", org.username());
    test.run(&format!("deploy --yes {flags}")).success();
    let step = |flags: &str| {
        let told = test.run(&format!("verify --wait 0 --json {flags}")).exits(6).json();
        let checks = told["checks"].as_array().unwrap().iter();
        let is_it = |check: &&Value| check["asked"] == "is manual-step.logik-token-lifetime done?";
        let check = checks.clone().find(is_it).unwrap();
        format!("{}: {}", check["verdict"].as_str().unwrap(), check["found"].as_str().unwrap())
    };
    // Nobody knows the secret that was generated, so that no token tells either.
    assert_eq!(step(&flags), "open: no token could be had that would tell");
    let browser = Browser::logged_in(&org);
    let app = browser.click(&browser.setup("NavigationMenus"), "Logik Admin API");
    let policies = browser.click(&browser.click(&app, "Manage"), "Edit Policies");
    let form = policies.form_with("Save").choose("JWT-Based Access Token Timeout", &["10 minutes"]);
    browser.submit(&form);
    assert_eq!(step(&flags), "open: tokens count 10 minutes, not 30");
    assert_eq!(step(&format!("{flags} --var token-minutes=10")), "passed: tokens count 10 minutes");
    // CA-64, EC-10: minutes are a number.
    let said = test.run(&format!("lint {flags} --var token-minutes=soon")).exits(1);
    assert!(
        said.stderr
            .contains("`minutes` of manual step `logik-token-lifetime` must be a number above 0, not `soon`")
    );
}
