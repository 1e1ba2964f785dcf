//! Desired -> Diagnostics: everything wrong that can be known without an org. One file per rule.
//!
//! Most rules are errors: what they find cannot deploy, or would deploy and fail later. Those in
//! [`Code::FOR_THE_ORG`] are warnings where nothing is sent. The codes in [`Code::POLICIES`] are opinions about
//! security and good sense: rules find all there is, and [`judge`] decides by `[lint]` in orgwire.toml what becomes of it.

mod api_version;
mod app;
mod callback;
mod characters;
mod client_credentials;
mod contact;
mod external_client_app;
mod foreign_callback;
mod full_scope;
mod ignored_approvals;
mod infinite_refresh_token;
mod judge;
mod key;
mod legacy_credential;
mod length;
mod localhost_callback;
mod misnamed_callback;
mod name;
mod needs;
mod new_connected_app;
mod nobody_approved;
mod pkce_off;
mod range;
mod read_only;
mod refresh_token;
mod relaxed_ip;
mod required;
mod scopes;
mod self_authorized;
mod shared_key;
mod uncovered_scope;
mod vendor_guide;

pub use judge::{Judgement, Policy, Waived, check_expiry, check_use, judge};

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::plan::Plan;
use crate::resolve::{Component, Desired};

/// One rule: looks at one component.
type Rule = fn(&Desired, &Component, &mut Diagnostics);

const RULES: &[Rule] = &[
    api_version::check,
    callback::check,
    characters::check,
    client_credentials::check,
    contact::check,
    external_client_app::check,
    foreign_callback::check,
    full_scope::check,
    ignored_approvals::check,
    infinite_refresh_token::check,
    key::check,
    legacy_credential::check,
    length::check,
    localhost_callback::check,
    misnamed_callback::check,
    name::check,
    needs::check,
    nobody_approved::check,
    pkce_off::check,
    range::check,
    read_only::check,
    refresh_token::check,
    relaxed_ip::check,
    required::check,
    scopes::check,
    self_authorized::check,
    uncovered_scope::check,
];

/// Checks everything.
pub fn lint(desired: &Desired, diagnostics: &mut Diagnostics) {
    for component in desired.components.values() {
        let before = diagnostics.len();
        for rule in RULES {
            rule(desired, component, diagnostics);
        }
        diagnostics.note_about(&component.id, before);
    }
    vendor_guide::check(desired, diagnostics);
}

/// Checks what shows only beside the same project in its other environments.
pub fn lint_beside(desired: &Desired, others: &[&Desired], diagnostics: &mut Diagnostics) {
    shared_key::check(desired, others, diagnostics);
}

/// Checks what shows only in a plan.
pub fn lint_plan(desired: &Desired, plan: &Plan, diagnostics: &mut Diagnostics) {
    new_connected_app::check(desired, plan, diagnostics);
}

/// Makes warnings of what only an org minds, for commands that send nothing.
pub fn spare_the_org(diagnostics: &mut Diagnostics) {
    diagnostics.retain(|diagnostic| {
        if Code::FOR_THE_ORG.contains(&diagnostic.code) {
            diagnostic.severity = Severity::Warning;
        }
        true
    });
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::configuration::{Configuration, Level};
    use crate::diagnostic::{Diagnostic, Sources};
    use crate::resolve::Inputs;

    /// What `lint` finds in a manifest where nothing is configured: code and message, a line each.
    pub fn findings(manifest: &str) -> Vec<String> {
        let lint = Configuration::default().lint;
        let everywhere = |found: &Diagnostic| lint.level(found.code, None) != Level::Allow;
        all(manifest)
            .iter()
            .filter(|found| everywhere(found))
            .map(|found| format!("{}: {}", found.code, found.message))
            .collect()
    }

    /// What one policy finds, however it counts.
    pub fn found_by(code: Code, manifest: &str) -> Vec<String> {
        all(manifest).iter().filter(|found| found.code == code).map(|found| found.message.clone()).collect()
    }

    fn all(manifest: &str) -> Vec<Diagnostic> {
        let mut sources = Sources::default();
        let desired = desired(&mut sources, manifest);
        let mut diagnostics = Diagnostics::default();
        lint(&desired, &mut diagnostics);
        diagnostics.sorted().into_iter().cloned().collect()
    }

    /// A manifest by itself.
    pub fn desired(sources: &mut Sources, manifest: &str) -> Desired {
        in_environment(sources, manifest, &Configuration::default(), None)
    }

    pub fn in_environment(
        sources: &mut Sources,
        manifest: &str,
        configuration: &Configuration,
        environment: Option<&str>,
    ) -> Desired {
        let id = sources.add("manifest.toml", manifest);
        let mut diagnostics = Diagnostics::default();
        let manifest = crate::manifest::read(id, sources.get(id), &mut diagnostics);
        let inputs = Inputs { environment, ..Inputs::new(std::slice::from_ref(&manifest), configuration) };
        let desired = crate::resolve::resolve(&inputs, &mut diagnostics);
        assert!(!diagnostics.has_errors(), "{diagnostics:?}");
        desired
    }

    /// A connected app that nothing is wrong with, with more lines in its `oauth-config`.
    pub fn app(oauth_config: &str, others: &str) -> String {
        format!(
            "api-version = \"62.0\"\n[connected-app.App]\nlabel = \"App\"\ncontact-email = \"a@example.com\"\n\
             [connected-app.App.oauth-config]\n{oauth_config}\n{others}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{app, findings};

    #[test]
    fn a_good_component_has_no_findings() {
        let good = app("callback-url = \"https://a.example/cb\"\nscopes = [\"Full\", \"RefreshToken\"]", "");
        assert_eq!(findings(&good), Vec::<String>::new());
    }
}
