//! `shared-key`: a key or secret that is the same in another environment. A key of a connected app is unique among all
//! orgs, so the second one is refused (CA-14); one of another system lets whoever has the sandbox into production.
//!
//! Of secrets only the names of their places are known here, and a variable may hold another value elsewhere.

use super::app::app_of;
use crate::component::{ComponentId, FieldPath, Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::resolve::{Component, Desired, Leaf, Wanted};
use crate::secret::SecretSource;

/// Looks at all components at once, beside those of other environments.
pub fn check(desired: &Desired, others: &[&Desired], diagnostics: &mut Diagnostics) {
    // Without an environment, nothing is for one org more than for another.
    if desired.environment.is_none() {
        return;
    }
    for component in desired.components.values() {
        // A key that refers to an app of the project is told there.
        if app_of(desired, component).is_some() {
            continue;
        }
        let before = diagnostics.len();
        for (path, wanted, at) in keys(component) {
            let sharing: Vec<&str> = others
                .iter()
                .filter(|other| has(other, &component.id, &path, wanted))
                .filter_map(|other| other.environment.as_deref())
                .collect();
            if !sharing.is_empty() {
                diagnostics.push(shared(component, &path, wanted, at, &sharing.join("`, `")));
            }
        }
        diagnostics.note_about(&component.id, before);
    }
}

fn shared(component: &Component, path: &FieldPath, wanted: &Wanted, at: Span, others: &str) -> Diagnostic {
    let label = match wanted {
        Wanted::Secret(source) => format!("the {source} may hold the same there"),
        _ => "the same key".to_owned(),
    };
    Diagnostic::warning(Code::SharedKey, format!("`{path}` of `{}` is shared with `{others}`", component.id))
        .label(at, label)
        .help(format!("give each environment its own, in an overlay: [environment.NAME.{}]", component.id))
}

/// Keys and secrets that are not made anew for each org.
fn keys(component: &Component) -> Vec<(FieldPath, &Wanted, Span)> {
    let mut found = Vec::new();
    component.each_value(&mut |path, field, value| {
        let Tree::Leaf(Leaf { wanted, at }) = value else { return };
        let counts = match wanted {
            Wanted::Secret(SecretSource::Generated(_)) => false,
            Wanted::Secret(_) => true,
            Wanted::Known(Scalar::Text(text)) => field.name == "consumerKey" && !text.is_empty(),
            _ => false,
        };
        if counts {
            found.push((path.clone(), wanted, *at));
        }
    });
    found
}

fn has(other: &Desired, id: &ComponentId, path: &FieldPath, wanted: &Wanted) -> bool {
    let there = other.components.get(id).and_then(|component| component.get(path)).and_then(Tree::as_leaf);
    there.is_some_and(|leaf| leaf.wanted == *wanted)
}

#[cfg(test)]
mod tests {
    use crate::configuration::Configuration;
    use crate::diagnostic::{Diagnostics, Sources};
    use crate::lint::testing::{app, in_environment};

    fn found(manifest: &str) -> Vec<String> {
        let mut sources = Sources::default();
        let configuration = Configuration::default();
        let mut desired = |name| in_environment(&mut sources, manifest, &configuration, Some(name));
        let (production, uat) = (desired("production"), desired("uat"));
        let mut diagnostics = Diagnostics::default();
        super::check(&production, &[&uat], &mut diagnostics);
        diagnostics.sorted().into_iter().map(|found| found.message.clone()).collect()
    }

    #[test]
    fn a_literal_key_is_shared_unless_an_environment_has_its_own() {
        let manifest = |key: &str, overlay: &str| {
            let config =
                format!("callback-url = \"https://a.example/cb\"\nscopes = [\"Api\"]\nconsumer-key = {key}");
            app(&config, &format!("[environment.uat]\n[environment.production]\n{overlay}"))
        };
        assert_eq!(
            found(&manifest("\"abcdefgh1234\"", "")),
            ["`oauth-config.consumer-key` of `connected-app.App` is shared with `uat`"]
        );
        let overlay = "[environment.uat.connected-app.App.oauth-config]\nconsumer-key = \"ijklmnop5678\"\n";
        assert!(found(&manifest("\"abcdefgh1234\"", overlay)).is_empty());
        assert!(found(&manifest("{ generate = true }", "")).is_empty());
    }

    #[test]
    fn a_secret_is_shared_if_its_place_has_the_same_name() {
        let manifest = |secret: &str| {
            format!(
                "[auth-provider.P]\nfriendly-name = \"P\"\nprovider-type = \"Google\"\n\
                 consumer-key = \"${{var.key}}\"\nconsumer-secret = {secret}\n[variables]\nkey = \"one\"\n\
                 [environment.uat.auth-provider.P]\nconsumer-secret = {{ env = \"UAT_SECRET\" }}\n\
                 [environment.uat.variables]\nkey = \"two\"\n[environment.production]\n"
            )
        };
        assert_eq!(
            found(&manifest("{ env = \"UAT_SECRET\" }")),
            ["`consumer-secret` of `auth-provider.P` is shared with `uat`"]
        );
        assert!(found(&manifest("{ env = \"SECRET\" }")).is_empty());
    }
}
