//! `relaxed-ip`: an app that may be used from any address although the org restricts addresses. Some vendors
//! ask for it (001-R6, 002-R3); without login ranges it changes nothing (CA-41). A project that does not
//! want it sets `relaxed-ip = "deny"`.

use crate::component::FieldPath;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

/// Where both kinds of apps have it, and how they spell it (CA-40).
const RELAXED: [(&str, &str, &str); 2] =
    [("oauthPolicy.ipRelaxation", "BYPASS", "ENFORCE"), ("ipRelaxationPolicyType", "Bypass", "Enforce")];

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    for (field, relaxed, strict) in RELAXED {
        if component.text(field) != Some(relaxed) {
            continue;
        }
        diagnostics.push(
            Diagnostic::warning(Code::RelaxedIp, format!("`{}` may be used from any address", component.id))
                .label(component.key_at(&FieldPath::of(field)), "sets the org's login ranges aside for this app")
                .help(format!("keep it if the vendor's guide asks for it; stricter: \"{strict}\" with the vendor's addresses as login ranges")),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::lint::testing::{app, found_by};

    #[test]
    fn rule_001_r6_relaxed_apps_of_both_kinds_are_found() {
        let connected = |relaxation: &str| {
            let policy = format!(
                "[connected-app.App.oauth-policy]\nip-relaxation = \"{relaxation}\"\nrefresh-token-policy = \"zero\"\n"
            );
            let config = "callback-url = \"https://a.example/cb\"\nscopes = [\"Api\"]";
            found_by(Code::RelaxedIp, &app(config, &policy))
        };
        assert_eq!(connected("BYPASS"), ["`connected-app.App` may be used from any address"]);
        assert!(connected("ENFORCE_RELAXREFRESH").is_empty());
        let external = |relaxation: &str| {
            found_by(
                Code::RelaxedIp,
                &format!(
                    "[extl-clnt-app-oauth-configurable-policies.P]\nlabel = \"P\"\n\
                     external-client-application = \"App\"\nip-relaxation-policy-type = \"{relaxation}\"\n"
                ),
            )
        };
        assert_eq!(external("Bypass").len(), 1);
        assert!(external("Enforce").is_empty());
    }
}
