//! `uncovered-scope`: a provider or credential asks for a scope that its app does not have; the login ends with
//! `invalid_scope` (CA-36, NC-11). `Full` covers what is about data, and not the right to come back (CA-35).

use super::app::{app_of, scopes};
use crate::component::{ComponentId, FieldPath, Kind, type_with_key};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired, described_field};

pub fn check(desired: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let Some((field, app)) = asks(desired, component) else { return };
    let (Some(wanted), Some(had)) = (component.text(field), scopes(app)) else { return };
    if had.is_empty() {
        return;
    }
    let missing: Vec<(&str, String)> = wanted
        .split_whitespace()
        .filter_map(|word| Some((word, scope(&app.id, word)?)))
        .filter(|(_, scope)| !covers(&app.id, &had, scope))
        .collect();
    let Some((word, scope)) = missing.first() else { return };
    let words: Vec<String> = missing.iter().map(|(word, _)| format!("`{word}`")).collect();
    diagnostics.push(
        Diagnostic::warning(
            Code::UncoveredScope,
            format!("`{}` asks for {}, which `{}` does not give", component.id, words.join(" and "), app.id),
        )
        .label(component.key_at(&FieldPath::of(field)), "every login ends with `invalid_scope`")
        .label(app.key_at(&FieldPath::of("oauthConfig.scopes")), "all that the app gives")
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

/// A scope as orgs keep it; `None` where the word is none that we know.
fn scope(app: &ComponentId, word: &str) -> Option<String> {
    let field = described_field(app, &FieldPath::of("oauthConfig.scopes"))?;
    let Kind::Enumeration(scopes) = &field.kind else { return None };
    let scope = scopes.find(word)?;
    Some(scope.folds_into.clone().unwrap_or_else(|| scope.name.clone()))
}

fn covers(app: &ComponentId, had: &[&str], wanted: &str) -> bool {
    let has = |wanted: &str| had.iter().any(|had| scope(app, had).as_deref() == Some(wanted));
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
}
