//! One component of every described type goes to the local org and is found there again. A new type takes part by
//! itself: its component is made from what its description demands, and only what an org wants beyond that stands
//! here.

use std::fmt::Write as _;

use orgwire::component::{Enumeration, Field, Group, Kind, Type, type_with_key, types};

use crate::simulated::Org;
use crate::test::Test;

const API_VERSION: u16 = 66;
const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIBszCCARwCCQDJx\n-----END CERTIFICATE-----\n";

/// What descriptions do not say: values that an org takes, and elements that it wants though its schema does not.
const VALUES: &[(&str, &str, &str)] = &[
    ("AuthProvider", "providerType", "Salesforce"),
    ("Certificate", "content", PEM),
    ("ConnectedApp", "contactEmail", "ops@sample.example"),
    ("CspTrustedSite", "endpointUrl", "https://sample.example"),
    ("ExternalClientApplication", "contactEmail", "ops@sample.example"),
    ("NamedCredential", "endpoint", "https://sample.example"),
    ("NamedCredential", "principalType", "Anonymous"),
    ("NamedCredential", "protocol", "NoAuthentication"),
    ("ProfileSessionSetting", "profile", "MarketingProfile"),
    ("ProfileSessionSetting", "sessionTimeout", "30"),
    ("RemoteSiteSetting", "url", "https://sample.example"),
];

/// Different for each type: an external client app and a connected app cannot share one (EC-14).
fn name(kind: &Type) -> String {
    kind.member.fixed.clone().unwrap_or_else(|| format!("A_{}", kind.name).chars().take(30).collect())
}

fn special(kind: &Type, field: &Field) -> Option<&'static str> {
    VALUES.iter().find(|(name, element, _)| *name == kind.name && *element == field.name).map(|found| found.2)
}

fn value(field: &Field, given: Option<&str>) -> String {
    match &field.kind {
        Kind::Flag => (field.default.as_deref() != Some("true")).to_string(),
        Kind::Number => {
            let least = field.range.map_or(1, |(least, _)| least);
            given.map_or_else(|| least.to_string(), str::to_owned)
        }
        Kind::Enumeration(values) => format!("{:?}", given.unwrap_or_else(|| first(values))),
        _ => match field.names.as_deref().and_then(type_with_key) {
            Some(named) => format!("{:?}", name(named)),
            None => format!("{:?}", given.unwrap_or("Sample")),
        },
    }
}

/// A value of which nobody is unsure.
fn first(values: &Enumeration) -> &str {
    let known = values.values.iter().find(|value| {
        value.unsure.is_none()
            && value.since.is_none_or(|since| since <= API_VERSION)
            && value.until.is_none_or(|until| API_VERSION <= until)
    });
    &known.unwrap().name
}

/// What a group cannot do without, as lines of TOML.
fn needed(kind: &Type, group: &Group, at: &str, text: &mut String) {
    let mut inner = String::new();
    for field in group.fields.iter().filter(|field| field.exists_at(API_VERSION)) {
        let given = special(kind, field);
        if !field.is_required_at(API_VERSION) && given.is_none() {
            continue;
        }
        match &field.kind {
            Kind::Group(group) => {
                let at = format!("{at}.{}", field.key);
                let brackets = if field.repeated { ("[[", "]]") } else { ("[", "]") };
                writeln!(inner, "{}{at}{}", brackets.0, brackets.1).unwrap();
                needed(kind, group, &at, &mut inner);
            }
            _ if field.repeated => writeln!(text, "{} = [{}]", field.key, value(field, given)).unwrap(),
            _ => writeln!(text, "{} = {}", field.key, value(field, given)).unwrap(),
        }
    }
    text.push_str(&inner);
}

fn manifest() -> String {
    let mut text = format!("api-version = \"{API_VERSION}.0\"\n");
    for kind in types().iter().filter(|kind| kind.since <= API_VERSION) {
        let at = format!("{}.{}", kind.key, name(kind));
        let mut fields = String::new();
        needed(kind, &kind.fields, &at, &mut fields);
        if fields.is_empty() {
            // Of what may be left out one element, so that there is something to send.
            let mut known = kind.fields.fields.iter().filter(|field| field.exists_at(API_VERSION));
            let switch = known.rfind(|field| matches!(field.kind, Kind::Flag) && !field.read_only);
            if let Some(field) = switch {
                writeln!(fields, "{} = {}", field.key, value(field, None)).unwrap();
            }
        }
        writeln!(text, "\n[{at}]\n{fields}").unwrap();
    }
    text
}

#[test]
fn one_component_of_every_type_is_deployed_and_found_again() {
    let test = Test::new().manifest(&manifest());
    let plan = test.run("plan --json").success().json();
    let told = test.run("deploy --json").success().json();
    assert!(told["passes"].as_array().is_some_and(|passes| !passes.is_empty()), "{plan}");
    let again = test.run("plan --exit-code").exits(0);
    assert!(again.stdout.starts_with("No changes"), "{}", again.stdout);
    // All that the org has, what it brought along included, becomes a manifest that changes nothing.
    test.run("import org:local --output all.toml").success();
    for brought in ["[profile.Admin", "[security-settings.Security", "_profileSessionSetting"] {
        assert!(test.read("all.toml").contains(brought), "{brought} was not read");
    }
    let again = test.run("plan all.toml --exit-code").exits(0);
    assert!(again.stdout.starts_with("No changes"), "{}", again.stdout);
    Org::of(&test, |org| {
        for kind in types() {
            assert!(org.has(&kind.name, &name(kind)), "{} is not there", kind.name);
        }
    });
}

/// What replaces a connected app and a legacy named credential, with everything that has to be there for it.
const SUCCESSORS: &str = r#"
    api-version = "66.0"

    [external-client-application.Orders]
    label = "Orders"
    contact-email = "ops@orders.example"

    [extl-clnt-app-global-oauth-settings.Orders_glbloauth]
    external-client-application = "Orders"
    callback-url = ["${auth-provider.OrdersIdp.callback-url}", "https://orders.example/callback"]
    consumer-key = { generate = true }
    consumer-secret = { generate = true }
    is-pkce-required = false

    [extl-clnt-app-oauth-settings.Orders_oauth]
    external-client-application = "Orders"
    comma-separated-oauth-scopes = ["RefreshToken", "Api"]

    [extl-clnt-app-oauth-configurable-policies.Orders_oauthPlcy]
    external-client-application = "Orders"
    ip-relaxation-policy-type = "Bypass"
    refresh-token-policy-type = "Infinite"

    [extl-clnt-app-configurable-policies.Orders_plcy]
    external-client-application = "Orders"
    is-enabled = true

    [auth-provider.OrdersIdp]
    friendly-name = "Orders"
    provider-type = "Salesforce"
    consumer-key = "${extl-clnt-app-global-oauth-settings.Orders_glbloauth.consumer-key}"
    consumer-secret = "${extl-clnt-app-global-oauth-settings.Orders_glbloauth.consumer-secret}"

    [external-credential.Orders]
    label = "Orders"
    authentication-protocol = "Oauth"

    [[external-credential.Orders.external-credential-parameters]]
    parameter-name = "AuthProvider"
    parameter-type = "AuthProvider"
    parameter-group = "DefaultGroup"
    auth-provider = "OrdersIdp"

    [[external-credential.Orders.external-credential-parameters]]
    parameter-name = "Sync User"
    parameter-type = "NamedPrincipal"
    parameter-group = "Sync User"
    sequence-number = 1

    [named-credential.Orders]
    label = "Orders"
    named-credential-type = "SecuredEndpoint"

    [[named-credential.Orders.named-credential-parameters]]
    parameter-name = "Url"
    parameter-type = "Url"
    parameter-value = "https://orders.example"

    [[named-credential.Orders.named-credential-parameters]]
    parameter-name = "ExternalCredential"
    parameter-type = "Authentication"
    external-credential = "Orders"

    [permission-set.Orders_Sync]
    label = "Orders sync"

    [[permission-set.Orders_Sync.external-credential-principal-accesses]]
    external-credential-principal = "Orders-Sync User"
    enabled = true

    [[permission-set.Orders_Sync.object-permissions]]
    object = "UserExternalCredential"
    allow-create = true
    allow-delete = true
    allow-edit = true
    allow-read = true
    modify-all-records = false
    view-all-records = false

    [profile."Orders%3A Integration"]
    user-license = "Salesforce"

    [[profile."Orders%3A Integration".object-permissions]]
    object = "Account"
    allow-read = true

    [[profile."Orders%3A Integration".user-permissions]]
    name = "ApiEnabled"
    enabled = true

    [security-settings.Security.session-settings]
    lock-sessions-to-ip = true

    [[security-settings.Security.network-access.ip-ranges]]
    start = "10.0.0.1"
    end = "10.0.0.9"
"#;

#[test]
fn the_successors_of_apps_and_credentials_are_deployed_and_found_again() {
    let test = Test::new().manifest(SUCCESSORS);
    let told = test.run("deploy --json").success().json();
    assert_eq!(told["passes"].as_array().unwrap().len(), 3, "the head, what belongs to it, and the callback");
    let again = test.run("plan --exit-code").exits(0);
    assert!(again.stdout.starts_with("No changes"), "{}", again.stdout);
    Org::of(&test, |org| {
        let secret = |kind: &str, name: &str| org.text(kind, name, "consumerSecret");
        assert_eq!(
            secret("ExtlClntAppGlobalOauthSettings", "Orders_glbloauth"),
            secret("AuthProvider", "OrdersIdp")
        );
        assert!(org.text("ExtlClntAppOauthSettings", "Orders_oauth", "oauthLink").contains(":888"));
        assert!(org.has("Profile", "Orders: Integration"));
        // Others are left as they were.
        assert_eq!(org.text("SecuritySettings", "Security", "sessionSettings.sessionTimeout"), "TwoHours");
    });
}

/// A retrieved profile holds only what else is asked for.
#[test]
fn a_profile_comes_back_with_every_permission_that_it_was_given() {
    let manifest = r#"
        api-version = "62.0"

        [profile."Orders%3A Integration"]
        user-license = "Salesforce"

        [[profile."Orders%3A Integration".class-accesses]]
        apex-class = "Orders"
        enabled = true

        [[profile."Orders%3A Integration".field-permissions]]
        field = "Account.Phone"
        editable = false
        readable = true

        [[profile."Orders%3A Integration".tab-visibilities]]
        tab = "Orders__c"
        visibility = "DefaultOn"
    "#;
    let test = Test::new().manifest(manifest);
    test.run("deploy --yes").success();
    let again = test.run("plan --exit-code").exits(0);
    assert!(again.stdout.starts_with("No changes"), "{}", again.stdout);
    // A folder is compared as a manifest is.
    test.run("render --output metadata").success();
    let compared = test.run("diff metadata org:local").success();
    assert!(!compared.stdout.contains("(none)"), "{}", compared.stdout);
}

#[test]
fn an_org_is_compared_with_files_at_the_version_of_the_files() {
    let test = Test::new().manifest(
        r#"
        api-version = "55.0"

        [named-credential.Orders]
        label = "Orders"
        endpoint = "https://orders.example"
        principal-type = "Anonymous"
        protocol = "NoAuthentication"
        "#,
    );
    test.run("deploy --yes").success();
    // API 59 brought calloutStatus, which files of API 55 cannot have.
    let described = type_with_key("named-credential").unwrap().fields.field("calloutStatus").unwrap();
    assert!(!described.exists_at(55));
    test.run("render --output metadata").success();
    let compared = test.run("diff metadata org:local").success();
    assert!(!compared.stdout.contains("callout-status"), "{}", compared.stdout);
}
