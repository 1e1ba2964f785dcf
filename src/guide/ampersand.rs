//! Ampersand: an application reads and writes a customer's org.

use super::{Breaches, Rule, Setup};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "002-R2", check: refresh_tokens },
    Rule { id: "002-R3", check: addresses },
    Rule { id: "002-R4", check: users },
    Rule { id: "002-R6", check: scopes },
];

const POLICIES: &str = "ExtlClntAppOauthConfigurablePolicies";

fn refresh_tokens(setup: &Setup<'_>, breaches: &mut Breaches) {
    for app in setup.of("ConnectedApp") {
        // Left out, it is `infinite` (CA-46).
        let field = "oauthPolicy.refreshTokenPolicy";
        if let Some(policy) = app.text(field).filter(|policy| *policy != "infinite") {
            let what = format!("lets refresh tokens end ({policy}), and Ampersand keeps one for good");
            breaches.about(app.id, field, what, "the guide has valid until revoked: \"infinite\"");
        }
    }
    for policies in setup.of(POLICIES) {
        // Left out, it is a year (EC-7).
        let field = "refreshTokenPolicyType";
        if policies.text(field) != Some("Infinite") {
            let what = "lets refresh tokens end, and Ampersand keeps one for good";
            breaches.about(policies.id, field, what, "the guide has valid until revoked: \"Infinite\"");
        }
    }
}

fn addresses(setup: &Setup<'_>, breaches: &mut Breaches) {
    let relaxed = [
        ("ConnectedApp", "oauthPolicy.ipRelaxation", "BYPASS"),
        (POLICIES, "ipRelaxationPolicyType", "Bypass"),
    ];
    for (type_name, field, value) in relaxed {
        for app in setup.of(type_name).filter(|app| app.text(field) != Some(value)) {
            let what = "keeps to login IP ranges, and Ampersand calls from changing addresses";
            breaches.about(app.id, field, what, format!("the guide relaxes them: \"{value}\""));
        }
    }
}

/// Either value will do, as long as somebody gets in.
fn users(setup: &Setup<'_>, breaches: &mut Breaches) {
    for app in setup.of("ConnectedApp") {
        let field = "oauthConfig.isAdminApproved";
        if app.flag(field) == Some(true) && !app.has("permissionSetName") && !app.has("profileName") {
            let help = "name a profile or a permission set of the connecting user";
            breaches.about(app.id, field, "lets only approved users in, and nobody is", help);
        }
    }
    for policies in setup.of(POLICIES) {
        let field = "permittedUsersPolicyType";
        let nobody = !policies.has("commaSeparatedPermissionSet") && !policies.has("commaSeparatedProfile");
        if policies.text(field) == Some("AdminApprovedPreAuthorized") && nobody {
            let help = "name a profile or a permission set of the connecting user";
            breaches.about(policies.id, field, "lets only approved users in, and nobody is", help);
        }
    }
}

fn scopes(setup: &Setup<'_>, breaches: &mut Breaches) {
    for (app, field) in setup.scopes().filter(|(app, field)| !app.list(field).contains(&"RefreshToken")) {
        breaches.about(app.id, field, "gives no refresh tokens", "add \"RefreshToken\"");
    }
}
