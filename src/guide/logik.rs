//! Logik.io's admin APIs: a server asks the org for JWTs by itself. That they live for minutes that an org offers (001-R9) no
//! org takes otherwise, so that is an error for everybody: `lint::external_client_app`.

use super::{Breaches, Rule, Setup};

/// Scopes that this flow does not give (OA-4).
const NOT_WITHOUT_A_PERSON: [&str; 4] = ["Full", "Web", "RefreshToken", "OfflineAccess"];

pub(super) const RULES: &[Rule] = &[
    Rule { id: "001-R1", check: run_as },
    Rule { id: "001-R2", check: jwt },
    Rule { id: "001-R3", check: scopes },
    Rule { id: "001-R8", check: asset_tokens },
];

/// Whether the app is of the way that Logik has left.
fn has_asset_tokens(setup: &Setup<'_>) -> bool {
    setup.of("ConnectedApp").any(|app| app.has("oauthConfig.assetTokenConfig"))
}

/// Whether the user is one that works, an org has to tell.
fn run_as(setup: &Setup<'_>, breaches: &mut Breaches) {
    if has_asset_tokens(setup) {
        return;
    }
    let user = (
        "oauthConfig.oauthClientCredentialUser",
        ("ExtlClntAppOauthConfigurablePolicies", "clientCredentialsFlowUser"),
    );
    for (app, field) in setup.either(user.0, user.1).filter(|(app, field)| !app.has(field)) {
        breaches.about(app.id, field, "names no user to run as", "name the integration user by username");
    }
}

fn jwt(setup: &Setup<'_>, breaches: &mut Breaches) {
    if has_asset_tokens(setup) {
        return;
    }
    let flag =
        ("oauthConfig.isNamedUserJwtEnabled", ("ExtlClntAppGlobalOauthSettings", "isNamedUserJwtEnabled"));
    for (app, field) in setup.either(flag.0, flag.1).filter(|(app, field)| app.flag(field) != Some(true)) {
        breaches.about(app.id, field, "hands out opaque tokens, which Logik does not take", "set it to true");
    }
}

fn scopes(setup: &Setup<'_>, breaches: &mut Breaches) {
    for (app, field) in setup.scopes() {
        let has = app.list(field);
        if has.iter().all(|scope| NOT_WITHOUT_A_PERSON.contains(scope)) {
            breaches.about(app.id, field, "has no scope that this flow gives", "add \"Api\"");
        }
    }
}

fn asset_tokens(setup: &Setup<'_>, breaches: &mut Breaches) {
    let whole = [
        "assetAudiences",
        "assetIncludeAttributes",
        "assetIncludeCustomPerms",
        "assetSigningCertId",
        "assetValidityPeriod",
    ];
    for app in setup.of("ConnectedApp").filter(|app| app.has("oauthConfig.assetTokenConfig")) {
        let group = "oauthConfig.assetTokenConfig";
        let what = "is the way that Logik deprecated in February 2025";
        breaches.about(app.id, group, what, "move to the client credentials flow: orgwire init --from logik");
        for field in whole.map(|name| format!("{group}.{name}")) {
            if !app.has(&field) {
                breaches.about(
                    app.id,
                    &field,
                    "is missing, and asset tokens need all five",
                    "give it a value",
                );
            }
        }
    }
}
