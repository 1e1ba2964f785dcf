//! Is an org fit for what the manifests want? Each rule of the guides is broken alone, and named.

use orgwire::component::{Fields, Scalar, Tree};
use orgwire::simulator::Options;
use serde_json::Value;

use crate::oauth::{Scene, app};
use crate::simulated::{Org, flag, text};
use crate::test::{Said, Test};

mod ampersand;
mod symptoms;

const APP: &str = "Ampersand";

/// Id and components of the findings of a rank, in the order in which they are told.
pub fn found(said: &Said, rank: &str) -> Vec<String> {
    let body = said.json();
    let findings = body["findings"].as_array().unwrap().iter().filter(|finding| finding["rank"] == rank);
    let line = |finding: &Value| {
        let components = finding["components"].as_array().unwrap().iter().filter_map(Value::as_str);
        let words: Vec<&str> = [finding["id"].as_str().unwrap()].into_iter().chain(components).collect();
        words.join(" ")
    };
    findings.map(line).collect()
}

/// What is said of a finding.
fn told(said: &Said, id: &str, name: &str) -> String {
    let body = said.json();
    let finding = body["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == id);
    finding.unwrap_or_else(|| panic!("no {id}: {}", said.stdout))[name]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

const NOTHING: [&str; 0] = [];

/// What is not fine, by rank.
#[track_caller]
fn finds(said: &Said, blocks: &[&str], weakens: &[&str], advice: &[&str]) {
    let found = ["blocks", "weakens", "advice"].map(|rank| found(said, rank));
    assert_eq!(found, [blocks, weakens, advice].map(<[_]>::to_vec), "{}", said.stdout);
}

/// One permission, as a profile or a permission set lists it.
pub fn permission(name: &str, enabled: bool) -> Tree<Scalar> {
    Tree::Group(Fields::from([("enabled".into(), flag(enabled)), ("name".into(), text(name))]))
}

/// Login ranges that nobody on this machine is in.
pub fn ranges() -> Tree<Scalar> {
    let range = [("endAddress".into(), text("10.0.0.9")), ("startAddress".into(), text("10.0.0.1"))];
    Tree::List(vec![Tree::Group(Fields::from(range))])
}

fn ampersand() -> Test {
    let test = Test::example("ampersand");
    test.edit(
        "manifests/main.toml",
        "{ description = \"redirect URL of your Ampersand project, from the settings of its Salesforce provider app\" }",
        "\"https://ampersand.example/callback\"",
    );
    test
}

/// An org that has the app.
fn deployed() -> (Org, Test) {
    let org = Org::start(Options::default());
    let test = org.reached_by(ampersand());
    test.run("deploy --yes").success();
    org.assign("Ampersand_User", &org.other("analyst"));
    (org, test)
}

fn edit(org: &Org, path: &str, value: Tree<Scalar>) {
    org.edit("ConnectedApp", APP, path, Some(value));
}

#[test]
fn rule_003_r4_sessions_that_end_too_early_are_named() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("cyclr"));
    let more = "\n[security-settings.Security.session-settings]\nsession-timeout = \"TwentyFourHours\"\n\
                force-logout-on-session-timeout = false\nlock-sessions-to-ip = false\n";
    test.write("manifests/settings.toml", format!("api-version = \"62.0\"\n{more}"));
    let said = test.run("doctor --json").success();
    let drift = "session-settings security-settings.Security";
    // The administrator's profile has a timeout of its own.
    let timeout = "profile-timeout security-settings.Security";
    finds(&said, &NOTHING, &[timeout, drift, drift], &NOTHING);
    test.run("deploy --yes").success();
    finds(&test.run("doctor --json").success(), &NOTHING, &[timeout], &NOTHING);
    org.edit("SecuritySettings", "Security", "sessionSettings.lockSessionsToIp", Some(flag(true)));
    let said = test.run("doctor --json").success();
    let lock = "session-ip-lock connected-app.Cyclr";
    finds(&said, &NOTHING, &[lock, timeout, drift], &NOTHING);
    assert!(told(&said, "session-ip-lock", "mend").contains("lock-sessions-to-ip = false"));
}

#[test]
fn rule_003_r5_approvals_that_are_nearly_used_up_are_named() {
    let scene = Scene::new(&app(""));
    let test = scene.org.reached_by(Test::new()).manifest(
        r#"
        [connected-app.Orders]
        label = "Orders"
        contact-email = "a@b.example"

        [connected-app.Orders.oauth-config]
        callback-url = ["https://orders.example/callback", "myapp://second"]
        scopes = ["Api", "RefreshToken"]
        "#,
    );
    let approvals = ["approvals connected-app.Orders"];
    (0..3).for_each(|_| drop(scene.enter()));
    finds(&test.run("doctor --json").success(), &NOTHING, &NOTHING, &NOTHING);
    scene.enter();
    finds(&test.run("doctor --json").success(), &NOTHING, &NOTHING, &approvals);
    scene.enter();
    finds(&test.run("doctor --json").success(), &NOTHING, &approvals, &NOTHING);
    let said = test.run_words(&["doctor", "--json", "--symptom", "expired access/refresh token"]).exits(1);
    assert_eq!(said.json()["cause"]["id"], "five-approvals", "{}", said.stdout);
}

#[test]
fn rule_003_r6_a_session_policy_that_defeats_the_purpose_is_named() {
    let (org, test) = deployed();
    edit(&org, "sessionPolicy.sessionTimeout", Tree::Leaf(Scalar::Number(15)));
    finds(
        &test.run("doctor --json").success(),
        &NOTHING,
        &["session-policy connected-app.Ampersand"],
        &NOTHING,
    );
    edit(&org, "sessionPolicy.sessionLevel", text("HIGH_ASSURANCE"));
    assert_eq!(
        found(&test.run("doctor --json").exits(1), "blocks"),
        ["session-policy connected-app.Ampersand"]
    );
}

#[test]
fn rule_003_r7_and_004_r5_required_pkce_is_named() {
    let (org, test) = deployed();
    let pkce = ["pkce connected-app.Ampersand"];
    edit(&org, "oauthConfig.isPkceRequired", flag(true));
    finds(&test.run("doctor --json").success(), &NOTHING, &pkce, &NOTHING);
    edit(&org, "oauthConfig.isPkceRequired", flag(false));
    org.edit("OauthOidcSettings", "OauthOidc", "isPkceRequired", Some(flag(true)));
    finds(&test.run("doctor --json").success(), &NOTHING, &pkce, &NOTHING);
}

#[test]
fn an_org_that_blocks_creation_is_named_with_the_way_out() {
    let org = Org::start(Options { spring_26_block: true, ..Options::default() });
    let test = org.reached_by(ampersand());
    let said = test.run("doctor --json").exits(1);
    finds(&said, &["app-creation connected-app.Ampersand"], &NOTHING, &NOTHING);
    assert!(told(&said, "app-creation", "mend").contains("manifests/external-client-app/"));
}

#[test]
fn api_access_control_is_named_with_the_lines_that_let_the_app_in() {
    let (org, test) = deployed();
    org.edit("ConnectedAppSettings", "ConnectedApp", "enableAdminApprovedAppsOnly", Some(flag(true)));
    let said = test.run_words(&["doctor", "--json", "--user", &org.other("analyst")]).exits(1);
    finds(&said, &["api-access-control connected-app.Ampersand"], &NOTHING, &NOTHING);
    assert!(told(&said, "api-access-control", "mend").contains("is-admin-approved = true"));
    // An administrator may use any app.
    let said = test.run("doctor --json").success();
    finds(&said, &NOTHING, &["api-access-control connected-app.Ampersand"], &NOTHING);
}

#[test]
fn a_policy_of_my_domain_that_closes_the_login_hosts_is_named() {
    let org = Org::start(Options::default());
    let (axsy, ampersand) = (org.reached_by(Test::example("axsy")), org.reached_by(ampersand()));
    let policy = |switch: &str| {
        org.control("POST", "setup", &format!(r#"{{"do": "my-domain-policy", "{switch}": true}}"#));
    };
    policy("canOnlyLoginWithMyDomainUrl");
    finds(
        &axsy.run("doctor --json").success(),
        &NOTHING,
        &["login-policy auth-provider.AxsyApexAPI"],
        &NOTHING,
    );
    policy("doesApiLoginRequireOrgDomain");
    let said = axsy.run("doctor --json").exits(1);
    finds(&said, &["login-policy auth-provider.AxsyApexAPI"], &NOTHING, &NOTHING);
    // The lines that it tells mend it.
    let mend = told(&said, "login-policy", "mend").replace("[auth-provider.AxsyApexAPI]", "");
    axsy.edit(
        "manifests/main.toml",
        "friendly-name = \"AxsyApexAPI\"",
        &format!("friendly-name = \"AxsyApexAPI\"{mend}"),
    );
    finds(
        &axsy.run("doctor --json").success(),
        &NOTHING,
        &NOTHING,
        &["login-policy connected-app.AxsyApexAPI named-credential.AxsyApexAPI"],
    );
    axsy.run("deploy --yes").success();
    finds(
        &ampersand.run("doctor --json").success(),
        &NOTHING,
        &NOTHING,
        &["login-policy connected-app.Ampersand"],
    );
}

#[test]
fn only_the_permissions_that_the_plan_needs_are_asked_for() {
    let org = Org::start(Options::default());
    let token = org.login_from([127, 0, 0, 1], &org.other("analyst"));
    let axsy = org.reached_by(Test::example("axsy")).variable("ORGWIRE_ACCESS_TOKEN", &token);
    let lacks = |test: &Test| {
        let said = test.run("doctor --json").exits(1);
        let body = said.json();
        let findings = body["findings"].as_array().unwrap().iter().filter(|it| it["id"] == "own-permissions");
        findings
            .map(|it| it["what"].as_str().unwrap().replace("this login lacks the permission ", ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        lacks(&axsy),
        [
            "`Customize Application`",
            "`Manage Auth. Providers`",
            "`Manage Named Credentials` or `Customize Application`",
            "`Manage Connected Apps` or `Modify All Data`",
            "`Modify Metadata Through Metadata API Functions` or `Modify All Data`",
        ]
    );
    let all = ["ModifyMetadata", "ManageNamedCredentials", "CustomizeApplication", "ManageRemoteAccess"];
    let may = Tree::List(all.iter().map(|name| permission(name, true)).collect());
    org.edit("Profile", "Standard", "userPermissions", Some(may));
    assert_eq!(lacks(&axsy), ["`Manage Auth. Providers`"]);
    let test = org.reached_by(ampersand()).variable("ORGWIRE_ACCESS_TOKEN", &token);
    assert!(found(&test.run("doctor --json").success(), "blocks").is_empty());
}

#[test]
fn an_external_client_app_is_examined_with_what_belongs_to_it() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::new()).manifest(&format!(
        r#"
        api-version = "66.0"

        [external-client-application.Orders]
        label = "Orders"
        contact-email = "ops@orders.example"

        [extl-clnt-app-global-oauth-settings.Orders_glbloauth]
        external-client-application = "Orders"
        callback-url = "https://orders.example/callback"
        consumer-key = {{ generate = true }}
        consumer-secret = {{ generate = true }}
        is-client-credentials-flow-enabled = true
        is-pkce-required = false

        [extl-clnt-app-oauth-settings.Orders_oauth]
        external-client-application = "Orders"
        comma-separated-oauth-scopes = ["RefreshToken", "Api"]

        [extl-clnt-app-oauth-configurable-policies.Orders_oauthPlcy]
        external-client-application = "Orders"
        is-client-credentials-flow-enabled = true
        client-credentials-flow-user = "{}"
        ip-relaxation-policy-type = "Bypass"
        permitted-users-policy-type = "AllSelfAuthorized"
        refresh-token-policy-type = "Infinite"
        "#,
        org.other("integration")
    ));
    test.run("deploy --yes").success();
    finds(&test.run("doctor --json").success(), &NOTHING, &NOTHING, &NOTHING);
    let policies = |path: &str, value: Tree<Scalar>| {
        org.edit("ExtlClntAppOauthConfigurablePolicies", "Orders_oauthPlcy", path, Some(value));
    };
    policies("refreshTokenPolicyType", text("SpecificLifetime"));
    policies("ipRelaxationPolicyType", text("Enforce"));
    policies("isClientCredentialsFlowEnabled", flag(false));
    org.edit("ExtlClntAppGlobalOauthSettings", "Orders_glbloauth", "isPkceRequired", Some(flag(true)));
    org.edit("ExtlClntAppOauthSettings", "Orders_oauth", "commaSeparatedOauthScopes", Some(text("Api")));
    let app = |id: &str| format!("{id} extl-clnt-app-global-oauth-settings.Orders_glbloauth");
    let (blocks, weakens) =
        (["scopes", "client-credentials"].map(app), ["refresh-policy", "ip-relaxation", "pkce"].map(app));
    let said = test.run("doctor --json").exits(1);
    assert_eq!((found(&said, "blocks"), found(&said, "weakens")), (blocks.to_vec(), weakens.to_vec()));
}
