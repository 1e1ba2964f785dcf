//! `full-scope`: tokens of the app may do whatever their user may (CA-35). Some vendors' guides ask for it, and where
//! people work somebody should have decided that.

use crate::component::{FieldPath, Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::resolve::{Component, Desired, Leaf, Wanted};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    if let Some(at) = full(component) {
        diagnostics.push(
            Diagnostic::warning(
                Code::FullScope,
                format!("tokens of `{}` may do whatever their user may", component.id),
            )
            .label(at, "every scope for data, now and in later releases")
            .help("name what the client needs, for example \"Api\"; if its guide asks for Full, waive it with that as the reason"),
        );
    }
}

/// Where `Full` stands among the scopes of a connected app or an external client app (EC-5).
fn full(component: &Component) -> Option<Span> {
    let path = match component.id.kind.name.as_str() {
        "ConnectedApp" => "oauthConfig.scopes",
        "ExtlClntAppOauthSettings" => "commaSeparatedOauthScopes",
        _ => return None,
    };
    match component.get(&FieldPath::of(path))? {
        Tree::List(scopes) => scopes.iter().filter_map(Tree::as_leaf).find_map(has_full),
        single => single.as_leaf().and_then(has_full),
    }
}

fn has_full(leaf: &Leaf) -> Option<Span> {
    let Wanted::Known(Scalar::Text(text)) = &leaf.wanted else { return None };
    text.split(',').any(|scope| scope.trim() == "Full").then_some(leaf.at)
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::lint::testing::{app, found_by};

    #[test]
    fn full_is_found_in_apps_of_both_kinds() {
        let connected = |scopes: &str| {
            let config = format!("callback-url = \"https://a.example/cb\"\nscopes = [{scopes}]");
            found_by(Code::FullScope, &app(&config, ""))
        };
        assert_eq!(
            connected("\"full\", \"RefreshToken\""),
            ["tokens of `connected-app.App` may do whatever their user may"]
        );
        assert!(connected("\"Api\", \"RefreshToken\"").is_empty());
        let external = |scopes: &str| {
            found_by(
                Code::FullScope,
                &format!(
                    "[extl-clnt-app-oauth-settings.S]\nlabel = \"S\"\nexternal-client-application = \"App\"\n\
                     comma-separated-oauth-scopes = \"{scopes}\"\n"
                ),
            )
        };
        assert_eq!(external("Api, Full").len(), 1);
        assert!(external("Api, RefreshToken").is_empty());
    }
}
