//! Each rule, kept and broken.

use super::*;
use crate::diagnostic::Sources;
use crate::lint::testing::desired;

/// `rule: component.field what`, a line each.
fn broken(manifest: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let told = |breach: &Breach| {
        let field = breach.field.as_ref().map(|field| format!(".{field}")).unwrap_or_default();
        format!("{}: {}{field} {}", breach.rule(), breach.component.name, breach.what)
    };
    of_desired(&desired(&mut sources, manifest)).iter().map(told).collect()
}

/// A manifest of the project itself, with parts of it replaced.
fn with(guide: &str, variables: &[(&str, &str)], replaced: &[(&str, &str)]) -> Vec<String> {
    let (_, text) = crate::component::embedded::EXAMPLES.iter().find(|(stem, _)| *stem == guide).unwrap();
    let mut text = (*text).to_owned();
    for (name, value) in variables {
        let line = text.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap().to_owned();
        text = text.replacen(&line, &format!("{name} = {value}"), 1);
    }
    for (before, after) in replaced {
        assert!(text.contains(before), "{guide} lacks {before}");
        text = text.replacen(before, after, 1);
    }
    broken(&text)
}

const NONE: [&str; 0] = [];

fn axsy(replaced: &[(&str, &str)]) -> Vec<String> {
    with("axsy", &[], replaced)
}

#[test]
fn our_manifests_keep_the_rules_of_their_guides() {
    assert_eq!(axsy(&[]), NONE);
    assert_eq!(with("axsy", &[("resolution", "\"1\"")], &[]), NONE);
    assert_eq!(with("axsy", &[("resolution", "\"2\"")], &[]), NONE);
    assert_eq!(with("logik", &[("run-as-user", "\"a@example.com\"")], &[]), NONE);
    assert_eq!(with("ampersand", &[("callback", "\"https://a.example/cb\"")], &[]), NONE);
    assert_eq!(with("cyclr", &[("loosen-sessions", "\"true\"")], &[]), NONE);
    assert_eq!(with("agilepoint", &[("callback", "\"https://a.example/cb\"")], &[]), NONE);
}

#[test]
fn rule_000_r1_the_ways_out_are_alternatives() {
    let both = ("only-if = { value = \"${var.resolution}\", is = \"1\" }", "");
    assert_eq!(
        axsy(&[both]),
        [
            "000-R1: Security.session-settings.lock-sessions-to-ip loosens sessions, although the org can log in to itself"
        ]
    );
    let both = ("only-if = { value = \"${var.resolution}\", is = \"2\" }", "");
    assert_eq!(axsy(&[both]), ["000-R1: Publishers loosens sessions, although the org can log in to itself"]);
}

#[test]
fn rule_000_r2_the_package_knows_one_name() {
    assert_eq!(
        axsy(&[("[named-credential.AxsyApexAPI]", "[named-credential.Axsy]")]),
        ["000-R2: Axsy is called `Axsy`, and the package looks for `AxsyApexAPI`"]
    );
}

#[test]
fn rule_000_r3_all_three_agree_on_the_scopes() {
    assert_eq!(
        axsy(&[("scopes = [\"Full\", \"RefreshToken\"]", "scopes = [\"Api\", \"RefreshToken\"]")]),
        ["000-R3: AxsyApexAPI.oauth-config.scopes lacks the scope Full"]
    );
    assert_eq!(
        axsy(&[("default-scopes = \"full refresh_token offline_access\"", "default-scopes = \"api\"")]),
        [
            "000-R3: AxsyApexAPI.default-scopes does not ask for the scope full",
            "000-R3: AxsyApexAPI.default-scopes does not ask for the scope refresh_token",
        ]
    );
    assert_eq!(
        axsy(&[(
            "oauth-scope = \"full refresh_token offline_access\"",
            "oauth-scope = \"full offline_access\""
        )]),
        NONE
    );
}

#[test]
fn rule_000_r4_a_callback_that_was_left_is_found() {
    let left = ("\"${auth-provider.AxsyApexAPI.callback-url}\"", "\"https://placeholder.example\"");
    assert_eq!(
        axsy(&[left]),
        ["000-R4: AxsyApexAPI.oauth-config.callback-url does not lead back to the provider"]
    );
}

#[test]
fn rule_000_r5_the_provider_is_the_apps_client() {
    let other = (
        "consumer-secret = \"${connected-app.AxsyApexAPI.consumer-secret}\"",
        "consumer-secret = { env = \"S\" }",
    );
    assert_eq!(axsy(&[other]), ["000-R5: AxsyApexAPI.consumer-secret is not that of the app"]);
}

#[test]
fn rule_000_r6_the_credential_is_the_one_of_the_guide() {
    assert_eq!(
        axsy(&[("allow-merge-fields-in-body = true", "allow-merge-fields-in-body = false")]),
        ["000-R6: AxsyApexAPI.allow-merge-fields-in-body is not allowed"]
    );
    assert_eq!(
        axsy(&[("\"${org.instance-url}\"", "\"https://other.my.salesforce.com\"")]),
        ["000-R6: AxsyApexAPI.endpoint does not lead to this org itself"]
    );
    assert_eq!(
        axsy(&[("principal-type = \"NamedUser\"", "principal-type = \"PerUser\"")]),
        ["000-R6: AxsyApexAPI.principal-type is not NamedUser"]
    );
}

fn logik(replaced: &[(&str, &str)]) -> Vec<String> {
    with("logik", &[("run-as-user", "\"a@example.com\"")], replaced)
}

#[test]
fn rule_001_r1_tokens_stand_for_somebody() {
    // Without the user an app with the flow is wrong anyway; without the flow it is the guide that misses it.
    let neither = [
        ("is-client-credential-enabled = true", ""),
        ("oauth-client-credential-user = \"${var.run-as-user}\"", ""),
    ];
    assert_eq!(
        logik(&neither),
        ["001-R1: Logik_Admin_API.oauth-config.oauth-client-credential-user names no user to run as"]
    );
}

#[test]
fn rule_001_r2_opaque_tokens_will_not_do() {
    assert_eq!(
        logik(&[("is-named-user-jwt-enabled = true", "is-named-user-jwt-enabled = false")]),
        [
            "001-R2: Logik_Admin_API.oauth-config.is-named-user-jwt-enabled hands out opaque tokens, which Logik does not take"
        ]
    );
}

#[test]
fn rule_001_r3_a_scope_is_left_without_a_person() {
    assert_eq!(
        logik(&[("scopes = [\"Api\"]", "scopes = [\"Full\", \"RefreshToken\"]")]),
        ["001-R3: Logik_Admin_API.oauth-config.scopes has no scope that this flow gives"]
    );
}

#[test]
fn rule_001_r8_asset_tokens_are_the_way_that_was_left() {
    let variables = [("certificate-id", "\"0P1000000000001AAA\""), ("audience", "\"logik\"")];
    let deprecated = "001-R8: Logik_Asset_Token.oauth-config.asset-token-config is the way that Logik deprecated in \
                      February 2025";
    assert_eq!(with("logik-asset-token", &variables, &[]), [deprecated]);
    assert_eq!(
        with("logik-asset-token", &variables, &[("asset-validity-period = 60", "")]),
        [
            deprecated,
            "001-R8: Logik_Asset_Token.oauth-config.asset-token-config.asset-validity-period is missing, and asset \
             tokens need all five",
        ]
    );
}

fn ampersand(replaced: &[(&str, &str)]) -> Vec<String> {
    with("ampersand", &[("callback", "\"https://a.example/cb\"")], replaced)
}

#[test]
fn rule_002_r2_refresh_tokens_count_until_they_are_revoked() {
    let found = ampersand(&[("refresh-token-policy = \"infinite\"", "refresh-token-policy = \"zero\"")]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with(
            "002-R2: Ampersand.oauth-policy.refresh-token-policy lets refresh tokens end (zero)"
        )
    );
}

#[test]
fn rule_002_r3_callers_come_from_anywhere() {
    let found = ampersand(&[("ip-relaxation = \"BYPASS\"", "ip-relaxation = \"ENFORCE\"")]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("002-R3: Ampersand.oauth-policy.ip-relaxation keeps to login IP ranges"));
}

#[test]
fn rule_002_r4_somebody_gets_in() {
    let approved = ("is-admin-approved = false", "is-admin-approved = true");
    assert_eq!(
        ampersand(&[approved]),
        ["002-R4: Ampersand.oauth-config.is-admin-approved lets only approved users in, and nobody is"]
    );
    let listed =
        ("label = \"Ampersand\"\n", "label = \"Ampersand\"\npermission-set-name = [\"Ampersand_User\"]\n");
    assert_eq!(ampersand(&[approved, listed]), NONE);
}

#[test]
fn rule_002_r6_there_are_refresh_tokens() {
    assert_eq!(
        ampersand(&[("scopes = [\"Api\", \"RefreshToken\"]", "scopes = [\"Api\"]")]),
        ["002-R6: Ampersand.oauth-config.scopes gives no refresh tokens"]
    );
}

fn cyclr(replaced: &[(&str, &str)]) -> Vec<String> {
    with("cyclr", &[("loosen-sessions", "\"true\"")], replaced)
}

#[test]
fn rule_003_r1_each_service_domain_has_its_callback() {
    let domains = [("service-domain", "[\"a.example\", \"b.example\"]")];
    assert_eq!(with("cyclr", &domains, &[]), NONE);
    assert_eq!(
        with("cyclr", &domains, &[("/connector/callback", "/callback")]),
        [
            "003-R1: Cyclr.oauth-config.callback-url `https://a.example/callback` is no callback of a service domain"
        ]
    );
}

#[test]
fn rule_003_r2_full_access_and_refresh_tokens() {
    assert_eq!(
        cyclr(&[("scopes = [\"Full\", \"RefreshToken\"]", "scopes = [\"Api\"]")]),
        [
            "003-R2: Cyclr.oauth-config.scopes lacks the scope Full",
            "003-R2: Cyclr.oauth-config.scopes lacks the scope RefreshToken",
        ]
    );
}

#[test]
fn rule_003_r4_sessions_last() {
    assert_eq!(
        cyclr(&[("lock-sessions-to-ip = false", ""), ("\"TwentyFourHours\"", "\"TwoHours\"")]),
        [
            "003-R4: Security.session-settings.session-timeout is shorter than Cyclr's guide has it",
            "003-R4: Security.session-settings.lock-sessions-to-ip ties sessions to one address, and Cyclr has several",
        ]
    );
}

#[test]
fn rule_003_r6_nothing_ends_a_login_early() {
    let policy = "[connected-app.Cyclr.oauth-policy]\nip-relaxation = \"ENFORCE\"\nrefresh-token-policy = \"zero\"\n\n\
                  [security-settings.Security]";
    assert_eq!(
        cyclr(&[("[security-settings.Security]", policy)]),
        ["003-R6: Cyclr.oauth-policy.refresh-token-policy ends refresh tokens at once"]
    );
}

#[test]
fn rule_003_r7_pkce_shuts_a_client_out_that_does_not_know_it() {
    assert_eq!(
        cyclr(&[(
            "scopes = [\"Full\", \"RefreshToken\"]",
            "scopes = [\"Full\", \"RefreshToken\"]\nis-pkce-required = true"
        )]),
        ["003-R7: Cyclr.oauth-config.is-pkce-required refuses a client that does not send it"]
    );
    let twin = "guide = \"cyclr\"\n[extl-clnt-app-global-oauth-settings.G]\nlabel = \"G\"\n\
                external-client-application = \"App\"\ncallback-url = \"https://a.example/connector/callback\"\n";
    assert_eq!(broken(twin), ["003-R7: G.is-pkce-required refuses a client that does not send it"]);
    assert_eq!(broken(&format!("{twin}is-pkce-required = false\n")), NONE);
}

fn agilepoint(replaced: &[(&str, &str)]) -> Vec<String> {
    with("agilepoint", &[("callback", "\"https://a.example/cb\"")], replaced)
}

#[test]
fn rule_004_r1_the_callback_is_the_one_that_agilepoint_shows() {
    assert_eq!(
        with("agilepoint", &[("callback", "\"<your callback URL>\"")], &[])[0],
        "004-R1: AgilePoint_NX.oauth-config.callback-url `<your` is no https URL as AgilePoint shows it"
    );
}

#[test]
fn rule_004_r2_full_access_and_refresh_tokens() {
    assert_eq!(
        agilepoint(&[("scopes = [\"Full\", \"RefreshToken\"]", "scopes = [\"Full\"]")]),
        ["004-R2: AgilePoint_NX.oauth-config.scopes lacks the scope RefreshToken"]
    );
}

#[test]
fn rule_004_r5_a_successor_states_what_it_would_assume() {
    let policies = "guide = \"agilepoint\"\n[extl-clnt-app-oauth-configurable-policies.P]\nlabel = \"P\"\n\
                    external-client-application = \"App\"\n";
    assert_eq!(
        broken(policies),
        ["004-R5: P.refresh-token-policy-type is left out, and then refresh tokens end after a year"]
    );
    assert_eq!(broken(&format!("{policies}refresh-token-policy-type = \"Infinite\"\n")), NONE);
}

#[test]
fn what_an_org_holds_is_judged_by_the_same_rules() {
    let mut sources = Sources::default();
    let (_, text) = crate::component::embedded::EXAMPLES.iter().find(|(stem, _)| *stem == "axsy").unwrap();
    let desired = desired(&mut sources, text);
    let mut observed = Observed {
        org: Some(crate::reference::OrgFacts {
            id: "00D000000000001AAA".to_owned(),
            instance_url: "https://acme.my.salesforce.com".to_owned(),
        }),
        ..Observed::default()
    };
    let mut hold = |address: &str, xml: &str| {
        let id = ComponentId::parse(address).unwrap();
        let fields = crate::retrieved::read(id.kind, &format!("<{0}>{xml}</{0}>", id.kind.name)).unwrap();
        observed.components.insert(id, crate::reference::Existing { id: None, fields });
    };
    hold(
        "named-credential.AxsyApexAPI",
        "<allowMergeFieldsInBody>true</allowMergeFieldsInBody><authProvider>AxsyApexAPI</authProvider>\
         <endpoint>https://other.my.salesforce.com</endpoint><label>AxsyApexAPI</label>\
         <oauthScope>full refresh_token</oauthScope><principalType>NamedUser</principalType><protocol>Oauth</protocol>",
    );
    hold(
        "connected-app.AxsyApexAPI",
        "<contactEmail>a@example.com</contactEmail><label>AxsyApexAPI</label><oauthConfig>\
         <callbackUrl>https://acme.my.salesforce.com/services/authcallback/AxsyApexAPI</callbackUrl>\
         <scopes>Full</scopes></oauthConfig>",
    );
    let found: Vec<(&str, String)> =
        of_observed(&desired, &observed).into_iter().map(|breach| (breach.rule(), breach.what)).collect();
    assert_eq!(
        found,
        [
            ("000-R3", "lacks the scope RefreshToken".to_owned()),
            ("000-R6", "does not lead to this org itself".to_owned()),
        ]
    );
}
