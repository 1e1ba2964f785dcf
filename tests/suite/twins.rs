//! The five systems in the form that replaces connected apps: their whole life in an org that creates none.

use std::fs;
use std::path::Path;
use std::time::Duration;

use insta::assert_snapshot;
use orgwire::simulator::{Act, Canned, Fault, Moment, OnRequest, Options};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::simulated::{Org, ask, flag};
use crate::test::{Said, Test};
use crate::vendor::{let_in, payload, token};

/// Every twin, and what it has to be told.
const TWINS: [(&str, &str); 5] = [
    ("agilepoint", "--var callback=https://partner.example/cb"),
    ("ampersand", "--var callback=https://partner.example/cb"),
    ("axsy", ""),
    ("cyclr", ""),
    ("logik", "--var run-as-user=RUN_AS"),
];

/// An org that creates no connected apps (CA-70).
fn blocked() -> Org {
    Org::start(Options { spring_26_block: true, ..Options::default() })
}

fn flags(org: &Org, flags: &str) -> String {
    flags.replace("RUN_AS", org.username())
}

#[test]
fn every_system_has_a_twin() {
    let names = |folder: &str| -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<String> = files
            .filter(|path| path.is_file())
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("manifests/external-client-app"), TWINS.map(|(name, _)| name));
    let systems = names("manifests");
    assert!(TWINS.iter().all(|(name, _)| systems.contains(&(*name).to_owned())), "{systems:?}");
}

#[test]
fn every_twin_is_deployed_where_connected_apps_are_refused_and_changes_nothing_the_second_time() {
    for (name, words) in TWINS {
        let org = blocked();
        let words = flags(&org, words);
        let old = org.reached_by(Test::example(name));
        let said = old.run(&format!("deploy --yes {words}")).exits(4);
        assert!(
            said.stderr.contains(&format!("manifests/external-client-app/{name}.toml")),
            "{}",
            said.stderr
        );
        let test = org.reached_by(Test::twin(name));
        test.run(&format!("lint {words}")).success();
        test.run(&format!("deploy --yes {words}")).success();
        let again = test.run(&format!("plan --exit-code {words}")).success();
        assert!(again.stdout.starts_with("No changes"), "{}", again.stdout);
        // What a person has to do is open, and everything else works.
        let said = test.run(&format!("verify --wait 0 --json {words}"));
        let summary = &said.json()["summary"];
        assert_eq!((said.code, &summary["failed"]), (6, &json!(0)), "{name}");
    }
}

const APP: &str = "AxsyApexAPI";
const GLOBAL: &str = "ExtlClntAppGlobalOauthSettings";
const GLOBAL_NAME: &str = "AxsyApexAPI_glbloauth";

/// Axsy's twin in an org that creates no connected apps.
fn axsy() -> (Org, Test) {
    let org = blocked();
    let test = org.reached_by(Test::twin("axsy"));
    test.run("deploy --yes").success();
    (org, test)
}

#[test]
fn the_head_of_an_app_goes_first_and_the_callback_is_wired_into_what_follows() {
    let org = blocked();
    let test = org.reached_by(Test::twin("axsy"));
    let done = test.run("deploy --yes --json").success().json();
    let sent = |pass: usize| -> Vec<String> {
        let components = done["passes"][pass]["components"].as_array().unwrap_or_else(|| panic!("{done}"));
        components.iter().map(|component| component.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(sent(0), ["external-client-application.AxsyApexAPI"]);
    // The two that share a secret are made in one package.
    assert_eq!(sent(1).len(), 7, "{done}");
    assert_eq!(sent(2), ["extl-clnt-app-global-oauth-settings.AxsyApexAPI_glbloauth"]);
    let callback = format!("{}/services/authcallback/AxsyApexAPI", org.instance_url());
    assert_eq!(org.text(GLOBAL, GLOBAL_NAME, "callbackUrl"), callback);
    halves_fit(&org);
}

/// Key and secret are the same on both sides.
fn halves_fit(org: &Org) {
    for element in ["consumerKey", "consumerSecret"] {
        assert_eq!(
            org.text(GLOBAL, GLOBAL_NAME, element),
            org.text("AuthProvider", APP, element),
            "{element}"
        );
    }
}

#[test]
fn what_stopped_between_the_passes_is_brought_to_its_end() {
    let org = blocked();
    let test = org.reached_by(Test::twin("axsy"));
    org.inject(Fault::Reject {
        component: format!("extl-clnt-app-global-oauth-settings.{GLOBAL_NAME}"),
        problem: "not today".to_owned(),
    });
    let said = test.run("deploy --yes").exits(4);
    assert!(said.stderr.contains("pass 1 stays in place"), "{}", said.stderr);
    org.calm();
    test.run("deploy --yes").success();
    halves_fit(&org);
    test.run("plan --exit-code").success();
}

#[test]
fn what_an_org_holds_of_a_twin_becomes_the_same_manifest_again() {
    for (name, words) in TWINS {
        let test = Test::twin(name);
        let mut known = String::new();
        Org::of(&test, |org| known = flags(org, words));
        test.run(&format!("deploy --yes --spring-26-block {known}")).success();
        let said = test.run(&format!("diff manifests org:local --exit-code {known}"));
        assert_eq!(said.code, 0, "{name}\n{}\n{}", said.stdout, said.stderr);
        test.run("import org:local --without profile --without profile-session-setting --output all.toml")
            .success();
        let imported = test.read("all.toml");
        assert!(imported.contains("[external-client-application."), "{imported}");
        let said = test.run("plan all.toml --exit-code");
        assert_eq!(said.code, 0, "{name}\n{}\n{}\n{imported}", said.stdout, said.stderr);
    }
}

#[test]
fn a_twin_is_removed_with_everything_that_belongs_to_it() {
    let (org, test) = axsy();
    let said = test.run("destroy --yes --json").success().json();
    assert_eq!(said["removed"].as_array().unwrap().len(), 8, "{said}");
    let kinds = [
        ("ExternalClientApplication", APP),
        (GLOBAL, GLOBAL_NAME),
        ("ExtlClntAppOauthConfigurablePolicies", "AxsyApexAPI_oauthPlcy"),
        ("AuthProvider", APP),
        ("ExternalCredential", APP),
        ("NamedCredential", APP),
        ("PermissionSet", "AxsyApexAPI_Access"),
    ];
    for (kind, name) in kinds {
        assert!(!org.has(kind, name), "{kind}");
    }
}

#[test]
fn a_twin_is_carried_from_a_sandbox_to_production() {
    let configuration = "[environment.uat]\norg = \"uat\"\nvariables = { contact = \"uat@example.com\" }\n\
                         [environment.production]\norg = \"production\"\n";
    let test = Test::twin("axsy").file("orgwire.toml", configuration);
    let mut serving = test.start(
        "simulate --org uat:sandbox --org production:edition=enterprise,production=true,spring-26-block=true",
    );
    serving.until("\"production\"");
    test.run("deploy -e uat --yes").success();
    test.run("promote --from uat --to production --no-key-reuse --yes").success();
    test.run("plan -e production --exit-code").success();
}

#[test]
fn what_an_api_version_does_not_know_of_a_twin_is_said_before_an_org_says_it() {
    // EC-20: which elements there are changes almost every release.
    let codes = |name: &str, words: &str, version: &str| -> Vec<String> {
        let test = Test::twin(name);
        test.edit("manifests/main.toml", "api-version = \"66.0\"", &format!("api-version = \"{version}\""));
        let said = test.run(&format!("lint --json {words}")).json();
        let found = said["diagnostics"].as_array().unwrap().iter();
        let errors = found.filter(|found| found["severity"] == "error");
        errors.map(|found| format!("{} {}", found["code"].as_str().unwrap(), found["message"])).collect()
    };
    let user = "--var run-as-user=integration@example.com";
    for version in ["65.0", "66.0", "67.0"] {
        for (name, words) in TWINS {
            let words = words.replace("RUN_AS", "integration@example.com");
            assert_eq!(codes(name, &words, version), Vec::<String>::new(), "{name} {version}");
        }
    }
    let old = codes("logik", user, "64.0");
    assert!(old.len() == 1 && old[0].contains("named-user-jwt-session-timeout-type"), "{old:?}");
    // The switch has moved from the policies to the settings.
    let test = Test::twin("logik");
    let policies = "named-user-jwt-timeout = 30";
    test.edit("manifests/main.toml", policies, &format!("is-named-user-jwt-enabled = true\n{policies}"));
    let said = test.run(&format!("lint {user}")).exits(1);
    assert!(said.stderr.contains("field-retired"), "{}", said.stderr);
}

/// Ids and verdicts of checks, with what to do about those that are open.
fn checks(said: &Said) -> Vec<(String, String, String)> {
    let told = said.json();
    let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    let checks = told["checks"].as_array().unwrap_or_else(|| panic!("{told}")).iter();
    checks.map(|check| (text(check, "id"), text(check, "verdict"), text(check, "help"))).collect()
}

fn verdict(checks: &[(String, String, String)], id: &str) -> Option<String> {
    let found = checks.iter().find(|(found, ..)| found == id);
    found.map(|(_, verdict, _)| verdict.clone())
}

#[test]
fn a_principal_is_authenticated_at_the_page_that_verify_names() {
    let (org, test) = axsy();
    let before = checks(&test.run("verify --wait 0 --json").exits(6));
    assert_eq!(verdict(&before, "principal-status").as_deref(), Some("open"));
    assert_eq!(verdict(&before, "principal-access").as_deref(), Some("open"));
    assert_eq!(verdict(&before, "credential-status"), None, "the API tells");
    let (.., help) = before.iter().find(|(id, ..)| id == "principal-status").unwrap();
    let url = help.rsplit_once(": ").unwrap().1;
    assert!(url.starts_with(org.instance_url()) && !url.contains("&amp;"), "{url}");

    let browser = Browser::of(&org);
    let consent = browser.log_in(&org, url);
    assert_eq!((consent.status, consent.heading()), (200, "Allow access?"));
    consent.says("AxsyApexAPI asks to use the local org in your name.").says("full, refresh_token");
    let filled = [("username", org.username()), ("password", &org.password()), ("decision", "allow")];
    let list = browser.send(&consent, &filled);
    assert_eq!((list.status, list.heading()), (200, "Named Credentials"));
    list.says("<td>Publisher</td>").says("<td>Configured</td>").hides("5Aep861").hides("!AQ");

    // EC-41: authenticated is not yet allowed.
    let halfway = checks(&test.run("verify --wait 0 --json").exits(6));
    assert_eq!(verdict(&halfway, "principal-status").as_deref(), Some("passed"));
    assert_eq!(verdict(&halfway, "principal-access").as_deref(), Some("open"));
    org.assign("AxsyApexAPI_Access", &org.other("analyst"));
    let said = test.run("verify --wait 0").success();
    assert_snapshot!(said.result());
    // EC-46: deploying it again changes nothing of that.
    test.edit(
        "manifests/main.toml",
        "parameter-value = \"full refresh",
        "parameter-value = \"api full refresh",
    );
    test.run("deploy --yes").success();
    test.run("verify --wait 0").success();
}

#[test]
fn the_list_of_credentials_leads_to_the_same_login() {
    let (org, _test) = axsy();
    let browser = Browser::of(&org);
    let list = browser.log_in(&org, "/lightning/setup/NamedCredential/home");
    list.says("<td>NotConfigured</td>");
    let consent = browser.open(&list.link("Authenticate"));
    assert_eq!(consent.heading(), "Allow access?");
    browser.send(&consent, &[("decision", "deny")]).says("ErrorCode=access_denied");
    browser.open("/lightning/setup/NamedCredential/home").says("<td>NotConfigured</td>");
}

#[test]
fn where_no_api_tells_of_principals_somebody_has_to_look() {
    let (org, test) = axsy();
    let missing = r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#;
    let act =
        Act::Answer(Moment::Request, Canned::new(404, missing).header("Content-Type", "application/json"));
    org.inject(OnRequest::to("/services/data/*/named-credentials", act));
    let found = checks(&test.run("verify --wait 0 --json").exits(6));
    assert_eq!(verdict(&found, "principal-status").as_deref(), Some("skipped"));
    assert_eq!(verdict(&found, "credential-status").as_deref(), Some("open"));
}

#[test]
fn the_api_tells_of_credentials_and_of_nothing_in_them() {
    let (org, _test) = axsy();
    let get = |resource: &str| {
        let url = format!("{}/services/data/v66.0/named-credentials/{resource}", org.instance_url());
        ask("GET", &url, org.token(), "")
    };
    let principal = json!({
        "authenticationStatus": "NotConfigured",
        "principalName": "Publisher",
        "principalType": "NamedPrincipal",
        "sequenceNumber": 1,
    });
    let (status, one) = get("external-credentials/AxsyApexAPI");
    assert_eq!(status, 200);
    assert_eq!(
        (&one["developerName"], &one["authenticationProtocol"], &one["principals"]),
        (&json!("AxsyApexAPI"), &json!("OAuth"), &json!([principal]))
    );
    assert_eq!(get("external-credentials").1, json!({ "externalCredentials": [one] }));
    let query =
        "credential?externalCredential=AxsyApexAPI&principalName=Publisher&principalType=NamedPrincipal";
    assert_eq!(
        get(query),
        (
            200,
            json!({
                "authenticationProtocol": "OAuth",
                "authenticationProtocolVariant": null,
                "authenticationStatus": "NotConfigured",
                "credentials": {},
                "externalCredential": "AxsyApexAPI",
                "principalName": "Publisher",
                "principalType": "NamedPrincipal",
            })
        )
    );
    assert_eq!(get("external-credentials/Nobody").0, 404);
    assert_eq!(get(&query.replace("Publisher", "Nobody")).0, 404);
    let post = |body: &str| {
        let url = format!(
            "{}/services/data/v66.0/named-credentials/credential/auth-url/o-auth",
            org.instance_url()
        );
        ask("POST", &url, org.token(), body)
    };
    let (status, told) = post(
        r#"{"externalCredential":"AxsyApexAPI","principalName":"Publisher","principalType":"NamedPrincipal"}"#,
    );
    assert_eq!((status, &told["principalName"]), (200, &json!("Publisher")));
    assert!(told["authenticationUrl"].as_str().unwrap().contains("&amp;"), "{told}");
    let (status, told) = post(r#"{"externalCredential":"AxsyApexAPI","principalType":"PerUser"}"#);
    assert_eq!((status, &told[0]["errorCode"]), (400, &json!("POST_BODY_PARSE_ERROR")));
    let old = format!("{}/services/data/v55.0/named-credentials/external-credentials", org.instance_url());
    assert_eq!(ask("GET", &old, org.token(), "").0, 404);
}

/// Key and secret that a twin was created with.
fn client(org: &Org, settings: &str) -> (String, String) {
    let text = |element: &str| org.text(GLOBAL, settings, element);
    (text("consumerKey"), text("consumerSecret"))
}

#[test]
fn rule_001_r9_the_token_of_logiks_twin_is_a_jwt_that_lives_as_long_as_it_says() {
    let org = blocked();
    for minutes in [30, 5, 720] {
        let test = org.reached_by(Test::twin("logik"));
        test.edit("manifests/main.toml", "timeout = 30", &format!("timeout = {minutes}"));
        test.run(&format!("deploy --yes --var run-as-user={}", org.username())).success();
        let (id, secret) = client(&org, "Logik_Admin_API_glbloauth");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", id.as_str()),
            ("client_secret", secret.as_str()),
        ];
        let told = token(&org, &form);
        let claims = payload(told["access_token"].as_str().unwrap_or_else(|| panic!("{told}")));
        let lives = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(lives, minutes * 60, "{claims}");
    }
}

#[test]
fn rule_001_r9_one_of_the_two_switches_alone_gives_no_token() {
    let org = blocked();
    let test = org.reached_by(Test::twin("logik"));
    test.run(&format!("deploy --yes --var run-as-user={}", org.username())).success();
    let (id, secret) = client(&org, "Logik_Admin_API_glbloauth");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
    ];
    let policies = ("ExtlClntAppOauthConfigurablePolicies", "Logik_Admin_API_oauthPlcy");
    for (kind, name) in [policies, (GLOBAL, "Logik_Admin_API_glbloauth")] {
        org.edit(kind, name, "isClientCredentialsFlowEnabled", Some(flag(false)));
        let told = token(&org, &form);
        assert!(told["access_token"].is_null(), "{told}");
        org.edit(kind, name, "isClientCredentialsFlowEnabled", Some(flag(true)));
    }
    assert!(token(&org, &form)["access_token"].is_string());
}

const CALLBACK: &str = "https://partner.example/cb";

#[test]
fn rule_004_r5_agilepoints_twin_takes_a_client_without_pkce_and_says_how_long_its_tokens_count() {
    let org = blocked();
    let test = org.reached_by(Test::twin("agilepoint"));
    test.run(&format!("deploy --yes --var callback={CALLBACK}")).success();
    let policy =
        |element: &str| org.text("ExtlClntAppOauthConfigurablePolicies", "AgilePoint_NX_oauthPlcy", element);
    assert_eq!(policy("refreshTokenPolicyType"), "Infinite");
    let (id, secret) = client(&org, "AgilePoint_NX_glbloauth");
    let told = let_in(&org, &id, &secret, CALLBACK).unwrap();
    let refresh = told["refresh_token"].as_str().unwrap_or_else(|| panic!("{told}"));
    // Two years later, where the policies that an org makes by itself would have ended it after one.
    org.advance(Duration::from_secs(2 * 365 * 24 * 3600));
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", &id),
        ("client_secret", &secret),
    ];
    assert!(token(&org, &form)["access_token"].is_string());
}

#[test]
fn rule_003_r7_pkce_shuts_a_client_out_that_does_not_send_it_until_it_is_turned_off() {
    let callback = "https://app-h.cyclr.com/connector/callback";
    let org = blocked();
    let test = org.reached_by(Test::twin("cyclr"));
    test.run("deploy --yes").success();
    let (id, secret) = client(&org, "Cyclr_glbloauth");
    assert!(let_in(&org, &id, &secret, callback).unwrap()["refresh_token"].is_string());
    // Approvals are told by the label of the app, not by those of its settings.
    let said = test.run("verify --wait 0").exits(6);
    assert!(said.stdout.contains("at most 1 of 5"), "{}", said.stdout);
    // What an org assumes that is told nothing (EC-8).
    test.edit("manifests/main.toml", "is-pkce-required = false", "is-pkce-required = true");
    test.run("deploy --yes").success();
    let told = let_in(&org, &id, &secret, callback).unwrap_err();
    assert!(told.contains("missing+required+code+challenge"), "{told}");
}

#[test]
fn what_a_refused_deployment_shows_can_be_deployed_instead() {
    let org = blocked();
    let manifest = r#"
        api-version = "66.0"

        [connected-app.Orders]
        label = "Orders"
        contact-email = "ops@orders.example"

        [connected-app.Orders.oauth-config]
        callback-url = ["${auth-provider.Orders.callback-url}", "https://orders.example/callback"]
        consumer-key = { generate = true }
        consumer-secret = { generate = true }
        scopes = ["Api", "RefreshToken"]
    "#;
    let provider = |app: &str| {
        format!(
            "[auth-provider.Orders]\nfriendly-name = \"Orders\"\nprovider-type = \"Salesforce\"\n\
             consumer-key = \"${{{app}.consumer-key}}\"\nconsumer-secret = \"${{{app}.consumer-secret}}\"\n"
        )
    };
    let test = org.reached_by(Test::new().manifest(manifest));
    test.write("manifests/provider.toml", provider("connected-app.Orders"));
    let told = test.run("deploy --yes --json").exits(4).json();
    let refused = told["diagnostics"].as_array().unwrap_or_else(|| panic!("{told}")).iter();
    let help =
        refused.filter_map(|found| found["help"].as_str()).find(|help| help.contains("in place of")).unwrap();
    let (_, rest) = help.split_once("in place of [connected-app.Orders] write\n").unwrap();
    let (fragment, rest) = rest.split_once("\n\nand refer to ").unwrap();
    let settings = "extl-clnt-app-global-oauth-settings.Orders_glbloauth";
    assert_eq!(rest, format!("[{settings}] where its key or secret is used"));

    test.write("manifests/main.toml", format!("api-version = \"66.0\"\n{fragment}\n"));
    test.write("manifests/provider.toml", provider(settings));
    test.run("deploy --yes").success();
    let said = test.run("verify --wait 0").success();
    assert!(said.stdout.contains("provider-key"), "{}", said.stdout);
}

#[test]
fn permission_sets_are_given_and_taken_as_in_setup() {
    let (org, test) = axsy();
    let analyst = org.other("analyst");
    let step =
        |what: &str, set: &str| json!({ "do": what, "permission-set": set, "username": analyst }).to_string();
    let access = || verdict(&checks(&test.run("verify --wait 0 --json")), "principal-access").unwrap();
    assert_eq!(access(), "open");
    org.control("POST", "setup", &step("assign-permission-set", "AxsyApexAPI_Access"));
    assert_eq!(access(), "passed");
    // Whoever is gone calls nothing any more.
    org.control("POST", "setup", &json!({ "do": "deactivate-user", "username": analyst }).to_string());
    assert_eq!(access(), "open");
    org.control("POST", "setup", &json!({ "do": "activate-user", "username": analyst }).to_string());
    org.control("POST", "setup", &step("unassign-permission-set", "AxsyApexAPI_Access"));
    assert_eq!(access(), "open");
}
