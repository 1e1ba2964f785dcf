//! `refresh-token-missing`: `full` does not include the right to come back without a person (CA-35), so a
//! connection without `refresh_token` ends with its first session (AP-13, unconfirmed; NC-11).

use crate::component::{FieldPath, Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired, Leaf, Wanted};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let (path, missing) = match component.id.kind.name.as_str() {
        // Flows without a person need no refresh token.
        "ConnectedApp" if component.flag("oauthConfig.isClientCredentialEnabled") == Some(true) => return,
        "ConnectedApp" => {
            let path = FieldPath::of("oauthConfig.scopes");
            let Some(Tree::List(scopes)) = component.get(&path) else { return };
            let lasting = scopes.iter().any(|scope| {
                matches!(scope, Tree::Leaf(Leaf { wanted: Wanted::Known(Scalar::Text(scope)), .. })
                    if scope == "RefreshToken" || scope == "OfflineAccess")
            });
            (path, !lasting && !scopes.is_empty())
        }
        "AuthProvider" if component.text("providerType") == Some("Salesforce") => {
            in_text(component, "defaultScopes")
        }
        "NamedCredential" if component.text("protocol") == Some("Oauth") => in_text(component, "oauthScope"),
        _ => return,
    };
    if missing {
        let added =
            if component.id.kind.name == "ConnectedApp" { "\"RefreshToken\"" } else { "refresh_token" };
        diagnostics.push(
            Diagnostic::warning(
                Code::RefreshTokenMissing,
                format!("connections through `{}` will end with their first session", component.id),
            )
            .label(component.key_at(&path), "does not ask for a refresh token")
            .help(format!("add {added}")),
        );
    }
}

/// Space-separated scopes. A credential of a system other than Salesforce may not need one, so only scopes
/// that are Salesforce's own are judged.
fn in_text(component: &Component, field: &str) -> (FieldPath, bool) {
    let path = FieldPath::of(field);
    let Some(text) = component.text(field) else { return (path, false) };
    let scopes: Vec<&str> = text.split_whitespace().collect();
    let salesforce = scopes.iter().any(|scope| ["full", "api", "web"].contains(scope));
    let lasting = scopes.iter().any(|scope| ["refresh_token", "offline_access"].contains(scope));
    (path, salesforce && !lasting)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{app, findings};

    #[test]
    fn full_alone_does_not_last() {
        assert_eq!(
            findings(&app("callback-url = \"https://a.example/cb\"\nscopes = [\"Full\"]", "")),
            [
                "refresh-token-missing: connections through `connected-app.App` will end with their first session"
            ]
        );
    }

    #[test]
    fn scopes_of_other_systems_are_not_judged() {
        let credential = |scope: &str| {
            findings(&format!(
                "[named-credential.C]\nlabel = \"C\"\nendpoint = \"https://a.example\"\nprincipal-type = \"NamedUser\"\n\
                 protocol = \"Oauth\"\nauth-provider = \"P\"\noauth-scope = \"{scope}\"\n"
            ))
        };
        assert!(credential("openid email").is_empty());
        assert!(credential("full refresh_token").is_empty());
        assert_eq!(credential("full").len(), 1);
    }
}
