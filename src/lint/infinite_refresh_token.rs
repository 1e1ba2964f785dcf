//! `infinite-refresh-token`: refresh tokens that count until somebody revokes them, which is what connected apps start
//! with (CA-46); external client apps start with a year (EC-7). An org may have a limit of its own (CA-44, where it is
//! not known whether it is on by default), so this only says what the app asks for.

use super::app::{is_for_people, scopes};
use crate::component::FieldPath;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let (field, help) = match component.id.kind.name.as_str() {
        "ConnectedApp" if gives_refresh_tokens(component) => {
            ("oauthPolicy.refreshTokenPolicy", "refresh-token-policy = \"specific_inactivity:30:DAYS\"")
        }
        "ExtlClntAppOauthConfigurablePolicies" => (
            "refreshTokenPolicyType",
            "refresh-token-policy-type = \"SpecificInactivity\", with a period and its unit",
        ),
        _ => return,
    };
    let path = FieldPath::of(field);
    let endless = match component.text(field) {
        Some(policy) => policy.eq_ignore_ascii_case("infinite"),
        None => component.id.kind.name == "ConnectedApp" && !component.has(&path),
    };
    if endless {
        diagnostics.push(
            Diagnostic::warning(
                Code::InfiniteRefreshToken,
                format!("refresh tokens of `{}` count until they are revoked", component.id),
            )
            .label(component.key_at(&path), "no end, used or not")
            .help(format!("let unused ones end: {help}")),
        );
    }
}

fn gives_refresh_tokens(app: &Component) -> bool {
    let lasting =
        |scopes: Vec<&str>| scopes.iter().any(|scope| matches!(*scope, "RefreshToken" | "OfflineAccess"));
    is_for_people(app) && scopes(app).is_some_and(lasting)
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::lint::testing::{app, found_by};

    #[test]
    fn tokens_without_an_end_are_found_where_there_are_any() {
        let found = |scope: &str, policy: &str| {
            let config = format!("callback-url = \"https://a.example/cb\"\nscopes = [\"Api\", \"{scope}\"]");
            found_by(Code::InfiniteRefreshToken, &app(&config, policy))
        };
        let policy = |policy: &str| {
            format!(
                "[connected-app.App.oauth-policy]\nip-relaxation = \"ENFORCE\"\nrefresh-token-policy = \"{policy}\"\n"
            )
        };
        let message = "refresh tokens of `connected-app.App` count until they are revoked";
        assert_eq!(found("RefreshToken", ""), [message]);
        assert_eq!(found("RefreshToken", &policy("infinite")), [message]);
        assert!(found("RefreshToken", &policy("specific_inactivity:30:DAYS")).is_empty());
        assert!(found("RefreshToken", &policy("zero")).is_empty());
        assert!(found("Chatter", &policy("infinite")).is_empty());
    }
}
