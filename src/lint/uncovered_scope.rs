//! `uncovered-scope`: a provider or credential asks for a scope that its app does not have; the login ends with
//! `invalid_scope` (CA-36, NC-11). `Full` covers what is about data, and not the right to come back (CA-35).

use super::app::{app_of, scopes_of};
use crate::component::{ComponentId, Enumeration, FieldPath, Kind, type_with_key};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(desired: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let Some((field, app)) = asks(desired, component) else { return };
    let (Some(wanted), Some(had)) = (component.text(field), scopes_of(desired, app)) else { return };
    let Some(known) = known_scopes().filter(|_| !had.given.is_empty()) else { return };
    let missing: Vec<(&str, &str)> = wanted
        .split_whitespace()
        .filter_map(|word| Some((word, as_kept(known, word)?)))
        .filter(|(_, scope)| !covers(known, &had.given, scope))
        .collect();
    let Some((word, scope)) = missing.first() else { return };
    let words: Vec<String> = missing.iter().map(|(word, _)| format!("`{word}`")).collect();
    let app = &had.of.id;
    diagnostics.push(
        Diagnostic::warning(
            Code::UncoveredScope,
            format!("`{}` asks for {}, which `{app}` does not give", component.id, words.join(" and ")),
        )
        .label(component.key_at(&FieldPath::of(field)), "every login ends with `invalid_scope`")
        .label(had.of.key_at(&had.field), "all that the app gives")
        .help(format!("add \"{scope}\" to the scopes of the app, or do not ask for `{word}`")),
    );
}

/// The field in which a component asks for scopes, and the app of the project that it asks.
fn asks<'a>(desired: &'a Desired, component: &Component) -> Option<(&'static str, &'a Component)> {
    match component.id.kind.name.as_str() {
        "AuthProvider" => Some(("defaultScopes", app_of(desired, component)?)),
        "NamedCredential" => {
            let provider = ComponentId::new(type_with_key("auth-provider")?, component.text("authProvider")?);
            Some(("oauthScope", app_of(desired, desired.components.get(&provider)?)?))
        }
        _ => None,
    }
}

/// The scopes there are. Those of external client apps have the same names (EC-5).
fn known_scopes() -> Option<&'static Enumeration> {
    let Kind::Group(config) = &type_with_key("connected-app")?.fields.field("oauthConfig")?.kind else {
        return None;
    };
    match &config.field("scopes")?.kind {
        Kind::Enumeration(scopes) => Some(scopes),
        _ => None,
    }
}

/// A scope as orgs keep it; `None` where the word is none that we know.
fn as_kept<'a>(known: &'a Enumeration, word: &str) -> Option<&'a str> {
    let scope = known.find(word)?;
    Some(scope.folds_into.as_deref().unwrap_or(&scope.name))
}

fn covers(known: &Enumeration, had: &[&str], wanted: &str) -> bool {
    let has = |wanted: &str| had.iter().any(|had| as_kept(known, had) == Some(wanted));
    match wanted {
        // Whether the identity has to be registered is not known.
        "Basic" => true,
        "RefreshToken" => has("RefreshToken"),
        other => has("Full") || has(other),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::lint::testing::{app, found_by};

    fn found(had: &str, provider: &str, credential: &str) -> Vec<String> {
        let config = format!(
            "callback-url = \"https://a.example/cb\"\nscopes = [{had}]\nconsumer-key = {{ generate = true }}\n\
             consumer-secret = {{ generate = true }}"
        );
        let others = format!(
            "[auth-provider.P]\nfriendly-name = \"P\"\nprovider-type = \"Salesforce\"\n\
             consumer-key = \"${{connected-app.App.consumer-key}}\"\n\
             consumer-secret = \"${{connected-app.App.consumer-secret}}\"\ndefault-scopes = \"{provider}\"\n\
             [named-credential.C]\nlabel = \"C\"\nendpoint = \"https://a.example\"\nprotocol = \"Oauth\"\n\
             principal-type = \"NamedUser\"\nauth-provider = \"P\"\noauth-scope = \"{credential}\"\n"
        );
        found_by(Code::UncoveredScope, &app(&config, &others))
    }

    #[test]
    fn a_scope_that_the_app_does_not_give_is_found() {
        assert_eq!(
            found("\"Api\"", "api refresh_token", "web api id"),
            [
                "`auth-provider.P` asks for `refresh_token`, which `connected-app.App` does not give",
                "`named-credential.C` asks for `web`, which `connected-app.App` does not give",
            ]
        );
        assert_eq!(found("\"Full\"", "api", "full offline_access").len(), 1);
    }

    #[test]
    fn full_covers_data_and_either_word_for_coming_back_is_the_other() {
        let words = "full api refresh_token offline_access";
        assert!(found("\"Full\", \"RefreshToken\"", words, "api refresh_token").is_empty());
        assert!(found("\"Full\", \"OfflineAccess\"", "refresh_token", "something_of_ours api").is_empty());
    }

    #[test]
    fn the_scopes_of_an_external_client_app_stand_beside_its_key() {
        let found = |had: &str| {
            found_by(
                Code::UncoveredScope,
                &format!(
                    "[extl-clnt-app-oauth-settings.S]\nlabel = \"S\"\nexternal-client-application = \"App\"\n\
                     comma-separated-oauth-scopes = \"{had}\"\n\
                     [extl-clnt-app-global-oauth-settings.G]\nlabel = \"G\"\n\
                     external-client-application = \"App\"\ncallback-url = \"https://a.example/cb\"\n\
                     consumer-key = {{ generate = true }}\nconsumer-secret = {{ generate = true }}\n\
                     [auth-provider.P]\nfriendly-name = \"P\"\nprovider-type = \"Salesforce\"\n\
                     consumer-key = \"${{extl-clnt-app-global-oauth-settings.G.consumer-key}}\"\n\
                     consumer-secret = \"${{extl-clnt-app-global-oauth-settings.G.consumer-secret}}\"\n\
                     default-scopes = \"api refresh_token\"\n"
                ),
            )
        };
        assert_eq!(
            found("Api"),
            [
                "`auth-provider.P` asks for `refresh_token`, which `extl-clnt-app-oauth-settings.S` does not give"
            ]
        );
        assert!(found("Api, RefreshToken").is_empty());
    }
}
