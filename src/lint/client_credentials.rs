//! `client-credentials-scope`: tokens of the client credentials flow never carry `full`, `web`,
//! `refresh_token` or `offline_access`, so an app that has nothing else gives no token at all (OA-4).

use crate::component::{FieldPath, Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired, Leaf, Wanted};

const UNUSABLE: [&str; 4] = ["Full", "Web", "RefreshToken", "OfflineAccess"];

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    if component.id.kind.name != "ConnectedApp"
        || component.flag("oauthConfig.isClientCredentialEnabled") != Some(true)
    {
        return;
    }
    let path = FieldPath::of("oauthConfig.scopes");
    let Some(Tree::List(scopes)) = component.get(&path) else { return };
    let usable = scopes.iter().any(|scope| {
        matches!(scope, Tree::Leaf(Leaf { wanted: Wanted::Known(Scalar::Text(scope)), .. }) if !UNUSABLE.contains(&scope.as_str()))
    });
    if !usable && !scopes.is_empty() {
        diagnostics.push(
            Diagnostic::warning(
                Code::ClientCredentialsScope,
                format!("`{}` has no scope that the client credentials flow can give", component.id),
            )
            .label(component.key_at(&path), "the flow leaves all of these out")
            .help("add \"Api\""),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{app, findings};

    #[test]
    fn full_and_refresh_token_alone_give_no_token() {
        let manifest = |scopes: &str| {
            app(
                &format!(
                    "callback-url = \"https://a.example/cb\"\nis-client-credential-enabled = true\n\
                     oauth-client-credential-user = \"a@b.c\"\nconsumer-key = {{ generate = true }}\nscopes = [{scopes}]"
                ),
                "",
            )
        };
        assert_eq!(
            findings(&manifest("\"Full\", \"RefreshToken\"")),
            [
                "client-credentials-scope: `connected-app.App` has no scope that the client credentials flow can give"
            ]
        );
        assert!(findings(&manifest("\"Full\", \"RefreshToken\", \"Api\"")).is_empty());
    }
}
