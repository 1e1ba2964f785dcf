//! AgilePoint NX: an access token that AgilePoint keeps.

use super::{Breaches, Rule, Setup, full_and_refresh};

pub(super) const RULES: &[Rule] = &[
    Rule { id: "004-R1", check: callback },
    Rule { id: "004-R2", check: full_and_refresh },
    Rule { id: "004-R5", check: successor },
];

/// Which one it has to be, AgilePoint shows; that it was copied as a whole can be seen.
fn callback(setup: &Setup<'_>, breaches: &mut Breaches) {
    for (app, field) in setup.callbacks() {
        let is_one = |line: &str| line.starts_with("https://") && !line.contains(['<', '>', '{', '}']);
        if let Some(line) = app.list(field).into_iter().find(|line| !is_one(line)) {
            let what = format!("`{line}` is no https URL as AgilePoint shows it");
            breaches.about(app.id, field, what, "copy it from the access token screen, as it stands there");
        }
    }
}

/// An external client app assumes other things than the connected app of the guide (EC-7, EC-8).
fn successor(setup: &Setup<'_>, breaches: &mut Breaches) {
    for app in setup.of("ExtlClntAppGlobalOauthSettings") {
        if app.flag("isPkceRequired") != Some(false) {
            let what = "refuses a client that does not send a PKCE challenge";
            breaches.about(app.id, "isPkceRequired", what, "is-pkce-required = false");
        }
    }
    for policies in setup.of("ExtlClntAppOauthConfigurablePolicies") {
        if !policies.has("refreshTokenPolicyType") {
            let what = "is left out, and then refresh tokens end after a year";
            breaches.about(policies.id, "refreshTokenPolicyType", what, "state it: \"Infinite\"");
        }
    }
}
