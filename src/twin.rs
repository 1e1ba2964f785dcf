//! A connected app -> what takes its place in an org that creates none (CA-70): the manifest that comes with orgwire, or
//! an external client app that says the same, to be written (section 4.5 of what is known about orgs).

use std::fmt::Write as _;

use crate::component::embedded::{EXAMPLES, TWINS};
use crate::component::{FieldPath, Scalar, Tree};
use crate::layout::{quote, write_key};
use crate::resolve::{Component, Leaf, Wanted};

/// The system whose manifest declares the app under this name, if orgwire comes with its twin.
pub fn of_system(app: &str) -> Option<&'static str> {
    let header = format!("[connected-app.{app}]");
    let (stem, _) = EXAMPLES.iter().find(|(_, text)| text.lines().any(|line| line == header))?;
    TWINS.iter().any(|(twin, _)| twin == stem).then_some(*stem)
}

/// In a line: where the same trust is written in the successor's form, or what to write.
pub fn named(app: &Component) -> String {
    let name = &app.id.name;
    match of_system(name) {
        Some(system) => format!(
            "the same trust without a connected app is manifests/external-client-app/{system}.toml: orgwire init --from {system} \
             --external-client-app"
        ),
        None => format!(
            "the way out is an external client app: [external-client-application.{name}] with its settings and policies"
        ),
    }
}

/// The same with the components to write, where orgwire does not come with them.
pub fn in_full(app: &Component) -> String {
    match of_system(&app.id.name) {
        Some(_) => named(app),
        None => format!(
            "the way out is an external client app; in place of [{}] write\n{}and refer to \
             [extl-clnt-app-global-oauth-settings.{}_glbloauth] where its key or secret is used",
            app.id,
            written(app),
            app.id.name,
        ),
    }
}

/// The external client app, as far as it can be told from the connected app.
fn written(app: &Component) -> String {
    let name = &app.id.name;
    let mut text = format!("\n[external-client-application.{}]\n", write_key(name));
    let head = [
        ("label", "label"),
        ("contactEmail", "contact-email"),
        ("description", "description"),
        ("logoUrl", "logo-url"),
    ];
    copy(&mut text, app, &head);
    text.push_str("distribution-state = \"Local\"\n");
    if app.get(&FieldPath::of("oauthConfig")).is_some() {
        settings(&mut text, app);
        policies(&mut text, app);
    }
    text.push('\n');
    text
}

fn settings(text: &mut String, app: &Component) {
    satellite(text, app, "extl-clnt-app-global-oauth-settings", "glbloauth");
    copy(text, app, &[("oauthConfig.callbackUrl", "callback-url")]);
    text.push_str("consumer-key = { generate = true }\nconsumer-secret = { generate = true }\n");
    // What is off in connected apps unless it is turned on, and on here (EC-8).
    if app.get(&FieldPath::of("oauthConfig.isPkceRequired")).is_none() {
        text.push_str("is-pkce-required = false\n");
    }
    let switches = [
        ("oauthConfig.isPkceRequired", "is-pkce-required"),
        ("oauthConfig.isClientCredentialEnabled", "is-client-credentials-flow-enabled"),
        ("oauthConfig.isCodeCredentialEnabled", "is-code-cred-flow-enabled"),
        ("oauthConfig.isCodeCredentialPostOnly", "is-code-cred-post-only"),
        ("oauthConfig.isConsumerSecretOptional", "is-consumer-secret-optional"),
        ("oauthConfig.isIntrospectAllTokens", "is-introspect-all-tokens"),
        ("oauthConfig.isNamedUserJwtEnabled", "is-named-user-jwt-enabled"),
        ("oauthConfig.isRefreshTokenRotationEnabled", "is-refresh-token-rotation-enabled"),
        ("oauthConfig.isSecretRequiredForRefreshToken", "is-secret-required-for-refresh-token"),
        ("oauthConfig.isSecretRequiredForTokenExchange", "is-secret-required-for-token-exchange"),
        ("oauthConfig.isTokenExchangeEnabled", "is-token-exchange-enabled"),
    ];
    copy(text, app, &switches);
    satellite(text, app, "extl-clnt-app-oauth-settings", "oauth");
    copy(text, app, &[("oauthConfig.scopes", "comma-separated-oauth-scopes")]);
}

/// Both kinds of apps spell the same policies differently, and start with different ones (EC-7).
fn policies(text: &mut String, app: &Component) {
    satellite(text, app, "extl-clnt-app-oauth-configurable-policies", "oauthPlcy");
    let permitted = match app.flag("oauthConfig.isAdminApproved") {
        Some(true) => "AdminApprovedPreAuthorized",
        _ => "AllSelfAuthorized",
    };
    let _ = writeln!(text, "permitted-users-policy-type = \"{permitted}\"");
    let people =
        [("profileName", "comma-separated-profile"), ("permissionSetName", "comma-separated-permission-set")];
    copy(text, app, &people);
    let relaxation = match app.text("oauthPolicy.ipRelaxation").unwrap_or("ENFORCE") {
        "BYPASS" => "Bypass",
        "BYPASS_2FACTOR" => "Bypass_2factor",
        "ENFORCE_RELAXREFRESH" => "Enforce_relaxrefresh",
        _ => "Enforce",
    };
    let _ = writeln!(text, "ip-relaxation-policy-type = \"{relaxation}\"");
    refresh_tokens(text, app.text("oauthPolicy.refreshTokenPolicy").unwrap_or("infinite"));
    // The second of two switches (EC-9).
    if app.flag("oauthConfig.isClientCredentialEnabled") == Some(true) {
        text.push_str("is-client-credentials-flow-enabled = true\n");
        copy(text, app, &[("oauthConfig.oauthClientCredentialUser", "client-credentials-flow-user")]);
    }
}

/// `specific_inactivity:30:DAYS` becomes a policy, a number and a unit.
fn refresh_tokens(text: &mut String, policy: &str) {
    let mut parts = policy.split(':');
    let kind = match parts.next().unwrap_or_default() {
        "zero" => "Zero",
        "specific_lifetime" => "SpecificLifetime",
        "specific_inactivity" => "SpecificInactivity",
        _ => "Infinite",
    };
    let _ = writeln!(text, "refresh-token-policy-type = \"{kind}\"");
    let (Some(period), Some(unit)) = (parts.next(), parts.next()) else { return };
    let unit = match unit {
        "HOURS" => "Hours",
        "MONTHS" => "Months",
        _ => "Days",
    };
    if let Ok(period) = period.parse::<u32>() {
        let _ = writeln!(
            text,
            "refresh-token-validity-period = {period}\nrefresh-token-validity-unit = \"{unit}\""
        );
    }
}

/// The head of a component that belongs to the app, named as orgs name them (EC-12).
fn satellite(text: &mut String, app: &Component, kind: &str, ending: &str) {
    let name = &app.id.name;
    let _ = write!(text, "\n[{kind}.{}]\n", write_key(&format!("{name}_{ending}")));
    let _ = writeln!(text, "label = {}", quote(&format!("{name}_{ending}")));
    let _ = writeln!(text, "external-client-application = {}", quote(name));
}

/// Fields that only have another name.
fn copy(text: &mut String, app: &Component, fields: &[(&str, &str)]) {
    for (from, to) in fields {
        if let Some(value) = app.get(&FieldPath::of(from)).and_then(literal) {
            let _ = writeln!(text, "{to} = {value}");
        }
    }
}

/// As TOML; `None` for a secret, which has to be said where it lives.
fn literal(tree: &Tree<Leaf>) -> Option<String> {
    match tree {
        Tree::Leaf(Leaf { wanted, .. }) => match wanted {
            Wanted::Known(Scalar::Text(text)) => Some(lines(text)),
            Wanted::Known(Scalar::Nil) | Wanted::Secret(_) => None,
            Wanted::Known(scalar) => Some(scalar.to_string()),
            Wanted::Formula(formula) => Some(lines(&formula.to_string())),
        },
        Tree::List(items) => {
            let items: Vec<String> = items.iter().filter_map(literal).collect();
            Some(format!("[{}]", items.join(", ")))
        }
        Tree::Group(_) => None,
    }
}

/// One text, or a list of lines.
fn lines(text: &str) -> String {
    if !text.contains('\n') {
        return quote(text);
    }
    let lines: Vec<String> = text.lines().map(quote).collect();
    format!("[{}]", lines.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::diagnostic::{Diagnostics, Sources};
    use crate::lint::lint;
    use crate::resolve::{Desired, Inputs, resolve};

    fn desired(text: &str) -> Desired {
        let mut sources = Sources::default();
        let id = sources.add("manifest.toml", text);
        let mut diagnostics = Diagnostics::default();
        let manifest = crate::manifest::read(id, sources.get(id), &mut diagnostics);
        let desired = resolve(&Inputs::new(&[manifest], &Configuration::default()), &mut diagnostics);
        lint(&desired, &mut diagnostics);
        assert!(!diagnostics.has_errors(), "{diagnostics:?}\n{text}");
        desired
    }

    const APP: &str = r#"
        [auth-provider.P]
        friendly-name = "P"
        provider-type = "Salesforce"
        [connected-app.Orders]
        label = "Orders \"north\""
        contact-email = "ops@example.com"
        [connected-app.Orders.oauth-config]
        callback-url = ["${auth-provider.P.callback-url}", "https://orders.example/cb"]
        consumer-key = { generate = true }
        consumer-secret = { generate = true }
        is-client-credential-enabled = true
        is-secret-required-for-refresh-token = false
        oauth-client-credential-user = "ops@example.com"
        scopes = ["Api", "RefreshToken"]
        [connected-app.Orders.oauth-policy]
        ip-relaxation = "BYPASS"
        refresh-token-policy = "specific_inactivity:30:DAYS"
    "#;

    #[test]
    fn what_a_connected_app_says_an_external_client_app_can_say() {
        let desired_app = desired(&format!("api-version = \"66.0\"\n{APP}"));
        let app = desired_app.components.values().find(|found| found.id.name == "Orders").unwrap();
        let text = written(app);
        let expected = r#"
[external-client-application.Orders]
label = 'Orders "north"'
contact-email = "ops@example.com"
distribution-state = "Local"

[extl-clnt-app-global-oauth-settings.Orders_glbloauth]
label = "Orders_glbloauth"
external-client-application = "Orders"
callback-url = ["${auth-provider.P.callback-url}", "https://orders.example/cb"]
consumer-key = { generate = true }
consumer-secret = { generate = true }
is-pkce-required = false
is-client-credentials-flow-enabled = true
is-secret-required-for-refresh-token = false

[extl-clnt-app-oauth-settings.Orders_oauth]
label = "Orders_oauth"
external-client-application = "Orders"
comma-separated-oauth-scopes = ["Api", "RefreshToken"]

[extl-clnt-app-oauth-configurable-policies.Orders_oauthPlcy]
label = "Orders_oauthPlcy"
external-client-application = "Orders"
permitted-users-policy-type = "AllSelfAuthorized"
ip-relaxation-policy-type = "Bypass"
refresh-token-policy-type = "SpecificInactivity"
refresh-token-validity-period = 30
refresh-token-validity-unit = "Days"
is-client-credentials-flow-enabled = true
client-credentials-flow-user = "ops@example.com"

"#;
        assert_eq!(text, expected);
        let provider = "[auth-provider.P]\nfriendly-name = \"P\"\nprovider-type = \"Salesforce\"\n";
        assert_eq!(desired(&format!("api-version = \"66.0\"\n{provider}{text}")).components.len(), 5);
    }

    #[test]
    fn systems_are_known_by_their_app() {
        let systems =
            ["AxsyApexAPI", "Logik_Admin_API", "Ampersand", "Cyclr", "AgilePoint_NX"].map(of_system);
        assert_eq!(systems.map(Option::unwrap), ["axsy", "logik", "ampersand", "cyclr", "agilepoint"]);
        assert_eq!(of_system("Orders"), None);
    }
}
