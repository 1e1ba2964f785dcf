//! Cyclr's Salesforce connector.

use super::{Breaches, Rule, Setup, full_and_refresh};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "003-R1", check: callback },
    Rule { id: "003-R2", check: full_and_refresh },
    Rule { id: "003-R4", check: sessions },
    Rule { id: "003-R6", check: lasting },
    Rule { id: "003-R7", check: pkce },
];

/// Each line is a service domain of the customer.
fn callback(setup: &Setup<'_>, breaches: &mut Breaches) {
    for (app, field) in setup.callbacks() {
        let is_one = |line: &str| line.starts_with("https://") && line.ends_with("/connector/callback");
        if let Some(line) = app.list(field).into_iter().find(|line| !is_one(line)) {
            let help = "write \"https://SERVICE-DOMAIN/connector/callback\", a line for each domain";
            breaches.about(app.id, field, format!("`{line}` is no callback of a service domain"), help);
        }
    }
}

/// Of the org that the connector logs in to, if the manifest is about it; each of the three costs security.
fn sessions(setup: &Setup<'_>, breaches: &mut Breaches) {
    for settings in setup.of("SecuritySettings") {
        let timeout = "sessionSettings.sessionTimeout";
        if settings.text(timeout) != Some("TwentyFourHours") {
            let what = "is shorter than Cyclr's guide has it";
            breaches.about(settings.id, timeout, what, "the guide has \"TwentyFourHours\"");
        }
        for (name, what) in [
            ("forceLogoutOnSessionTimeout", "ends the connector's sessions at the timeout"),
            ("lockSessionsToIp", "ties sessions to one address, and Cyclr has several"),
        ] {
            let field = format!("sessionSettings.{name}");
            if settings.flag(&field) != Some(false) {
                breaches.about(settings.id, &field, what, "the guide has it off: false");
            }
        }
    }
}

fn lasting(setup: &Setup<'_>, breaches: &mut Breaches) {
    for app in setup.of("ConnectedApp") {
        if app.text("oauthPolicy.refreshTokenPolicy") == Some("zero") {
            let field = "oauthPolicy.refreshTokenPolicy";
            breaches.about(
                app.id,
                field,
                "ends refresh tokens at once",
                "\"infinite\", or a long inactivity",
            );
        }
        if app.has("sessionPolicy.sessionTimeout") {
            let what = "ends the connector's sessions before the org's timeout does";
            breaches.about(app.id, "sessionPolicy.sessionTimeout", what, "leave it out");
        }
    }
    for policies in setup.of("ExtlClntAppOauthConfigurablePolicies") {
        if policies.text("refreshTokenPolicyType") == Some("Zero") {
            let field = "refreshTokenPolicyType";
            breaches.about(
                policies.id,
                field,
                "ends refresh tokens at once",
                "\"Infinite\", or a long inactivity",
            );
        }
    }
}

/// Left out, it is off for connected apps and on for external client apps (CA-65, EC-8).
fn pkce(setup: &Setup<'_>, breaches: &mut Breaches) {
    let required =
        setup.of("ConnectedApp").filter(|app| app.flag("oauthConfig.isPkceRequired") == Some(true));
    for app in required {
        let field = "oauthConfig.isPkceRequired";
        breaches.about(
            app.id,
            field,
            "refuses a client that does not send it",
            "ask Cyclr before, or set false",
        );
    }
    for app in setup.of("ExtlClntAppGlobalOauthSettings") {
        if app.flag("isPkceRequired") != Some(false) {
            let what = "refuses a client that does not send it";
            breaches.about(app.id, "isPkceRequired", what, "ask Cyclr before, or set false");
        }
    }
}
