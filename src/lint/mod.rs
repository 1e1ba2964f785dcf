//! Desired -> Diagnostics: everything wrong that can be known without an org. One file per rule.
//!
//! Most rules are errors: what they find cannot deploy, or would deploy and fail later. Those in
//! [`Code::FOR_THE_ORG`] are warnings where nothing is sent. The codes in [`Code::POLICIES`] are opinions about security and good sense; `[lint]` in orgwire.toml sets how strict they are.

mod api_version;
mod callback;
mod characters;
mod client_credentials;
mod contact;
mod key;
mod length;
mod name;
mod needs;
mod nobody_approved;
mod range;
mod read_only;
mod refresh_token;
mod relaxed_ip;
mod required;
mod scopes;

use std::collections::BTreeMap;

use crate::configuration::Level;
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::resolve::{Component, Desired};

/// One rule: looks at one component.
type Rule = fn(&Desired, &Component, &mut Diagnostics);

const RULES: &[Rule] = &[
    api_version::check,
    callback::check,
    characters::check,
    client_credentials::check,
    contact::check,
    key::check,
    length::check,
    name::check,
    needs::check,
    nobody_approved::check,
    range::check,
    read_only::check,
    refresh_token::check,
    relaxed_ip::check,
    required::check,
    scopes::check,
];

/// Checks everything.
pub fn lint(desired: &Desired, diagnostics: &mut Diagnostics) {
    for component in desired.components.values() {
        for rule in RULES {
            rule(desired, component, diagnostics);
        }
    }
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

/// Applies the levels a project set: drops what is allowed, makes errors of what is denied. Returns whether
/// something is denied.
pub fn apply_levels(levels: &BTreeMap<Code, Level>, diagnostics: &mut Diagnostics) -> bool {
    let mut denied = false;
    diagnostics.retain(|diagnostic| match levels.get(&diagnostic.code) {
        Some(Level::Allow) => false,
        Some(Level::Deny) => {
            diagnostic.severity = Severity::Error;
            denied = true;
            true
        }
        Some(Level::Warn) | None => true,
    });
    denied
}

#[cfg(test)]
mod testing {
    use super::*;
    use crate::configuration::Configuration;
    use crate::diagnostic::Sources;

    /// What `lint` finds in a manifest: code and message, a line each.
    pub fn findings(manifest: &str) -> Vec<String> {
        let mut sources = Sources::default();
        let id = sources.add("manifest.toml", manifest);
        let mut diagnostics = Diagnostics::default();
        let manifest = crate::manifest::read(id, sources.get(id), &mut diagnostics);
        let desired = crate::resolve::resolve(
            &crate::resolve::Inputs::new(&[manifest], &Configuration::default()),
            &mut diagnostics,
        );
        assert!(!diagnostics.has_errors(), "{diagnostics:?}");
        let mut diagnostics = Diagnostics::default();
        lint(&desired, &mut diagnostics);
        diagnostics.sorted().iter().map(|found| format!("{}: {}", found.code, found.message)).collect()
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
