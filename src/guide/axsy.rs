//! Axsy Mobile, from Autumn '24 on: the org logs in to itself, so that publishing a sync configuration works.

use super::{Breaches, Rule, Setup, full_and_refresh};

/// The package looks up the credential by this name.
const NAME: &str = "AxsyApexAPI";

pub(super) const RULES: &[Rule] = &[
    Rule { id: "000-R1", check: one_way_out },
    Rule { id: "000-R2", check: names },
    Rule { id: "000-R3", check: scopes },
    Rule { id: "000-R4", check: callback },
    Rule { id: "000-R5", check: same_client },
    Rule { id: "000-R6", check: credential },
];

/// Whoever has the credential need not loosen sessions.
fn one_way_out(setup: &Setup<'_>, breaches: &mut Breaches) {
    if setup.of("AuthProvider").next().is_none() || setup.of("NamedCredential").next().is_none() {
        return;
    }
    let what = "loosens sessions, although the org can log in to itself";
    let help = "leave it out: either way out is enough, and this one costs security";
    for settings in setup.of("SecuritySettings") {
        let field = "sessionSettings.lockSessionsToIp";
        // Most orgs have it like this anyway; what counts is that somebody asks for it.
        if settings.is_wanted() && settings.flag(field) == Some(false) {
            breaches.about(settings.id, field, what, help);
        }
    }
    for settings in setup.of("ProfileSessionSetting").filter(|settings| settings.is_wanted()) {
        breaches.about(settings.id, "", what, help);
    }
}

fn names(setup: &Setup<'_>, breaches: &mut Breaches) {
    for type_name in ["ConnectedApp", "ExternalClientApplication", "AuthProvider", "NamedCredential"] {
        for component in setup.of(type_name).filter(|component| component.id.name != NAME) {
            let what = format!("is called `{}`, and the package looks for `{NAME}`", component.id.name);
            breaches.about(component.id, "", what, format!("write [{}.{NAME}]", component.id.kind.key));
        }
    }
}

fn scopes(setup: &Setup<'_>, breaches: &mut Breaches) {
    full_and_refresh(setup, breaches);
    let asking = setup.of("AuthProvider").map(|one| (one, "defaultScopes"));
    for (component, field) in asking.chain(setup.of("NamedCredential").map(|one| (one, "oauthScope"))) {
        // A credential of the new type has its scopes in the external credential.
        if field == "oauthScope" && component.text("namedCredentialType").is_some_and(|kind| kind != "Legacy")
        {
            continue;
        }
        let has = component.list(field);
        let lacks = [
            (!has.contains(&"full")).then_some("full"),
            (!has.contains(&"refresh_token") && !has.contains(&"offline_access")).then_some("refresh_token"),
        ];
        for scope in lacks.into_iter().flatten() {
            let what = format!("does not ask for the scope {scope}");
            breaches.about(component.id, field, what, "the guide has \"full refresh_token offline_access\"");
        }
    }
}

fn callback(setup: &Setup<'_>, breaches: &mut Breaches) {
    let end = format!("/services/authcallback/{NAME}");
    for (app, field) in setup.callbacks() {
        let lines = app.list(field);
        let is_right = match app.is_wanted() {
            true => app.comes_from(field, "AuthProvider") || lines.iter().any(|line| line.ends_with(&end)),
            false => lines.iter().any(|line| line.ends_with(&end)),
        };
        if !is_right {
            let help = format!("write \"${{auth-provider.{NAME}.callback-url}}\"");
            breaches.about(app.id, field, "does not lead back to the provider", help);
        }
    }
}

/// What an org holds of a secret is not the secret, and whose key it has `verify` tells.
fn same_client(setup: &Setup<'_>, breaches: &mut Breaches) {
    for provider in setup.of("AuthProvider").filter(|provider| provider.is_wanted()) {
        for (field, attribute) in [("consumerKey", "consumer-key"), ("consumerSecret", "consumer-secret")] {
            let kinds = ["ConnectedApp", "ExtlClntAppGlobalOauthSettings"];
            if !kinds.iter().any(|kind| provider.comes_from(field, kind)) {
                let help = format!("refer to the app: \"${{connected-app.{NAME}.{attribute}}}\"");
                breaches.about(provider.id, field, "is not that of the app", help);
            }
        }
    }
}

fn credential(setup: &Setup<'_>, breaches: &mut Breaches) {
    for credential in setup.of("NamedCredential") {
        if credential.text("namedCredentialType").is_none_or(|kind| kind == "Legacy") {
            for (field, value) in [("principalType", "NamedUser"), ("protocol", "Oauth")] {
                if credential.text(field) != Some(value) {
                    let what = format!("is not {value}");
                    breaches.about(credential.id, field, what, format!("the guide has \"{value}\""));
                }
            }
            if credential.text("authProvider") != Some(NAME) {
                let what = "does not use the provider";
                breaches.about(credential.id, "authProvider", what, format!("the guide has \"{NAME}\""));
            }
            if !setup.leads_home(credential, "endpoint") {
                let what = "does not lead to this org itself";
                breaches.about(credential.id, "endpoint", what, "write \"${org.instance-url}\"");
            }
        }
        if credential.flag("allowMergeFieldsInBody") != Some(true) {
            let field = "allowMergeFieldsInBody";
            breaches.about(credential.id, field, "is not allowed", "the guide ticks it: true");
        }
    }
}
