//! `self-authorized-users`: every user may let the app in by themselves, which is what apps start with (CA-50, EC-6).

use super::app::{is_for_people, is_off};
use crate::component::FieldPath;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let (switch, help) = match component.id.kind.name.as_str() {
        "ConnectedApp" if is_for_people(component) => (
            "oauthConfig.isAdminApproved",
            "is-admin-approved = true, and permission-set-name = [\"...\"] for those who may",
        ),
        "ExtlClntAppOauthConfigurablePolicies" => (
            "permittedUsersPolicyType",
            "permitted-users-policy-type = \"AdminApprovedPreAuthorized\", with profiles or permission sets",
        ),
        _ => return,
    };
    let path = FieldPath::of(switch);
    let is_open = match component.text(switch) {
        Some(policy) => policy == "AllSelfAuthorized",
        None => is_off(component, switch),
    };
    if is_open {
        diagnostics.push(
            Diagnostic::warning(
                Code::SelfAuthorizedUsers,
                format!("every user may let `{}` in by themselves", component.id),
            )
            .label(component.key_at(&path), "nobody has to be approved")
            .help(help),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::lint::testing::{app, found_by};

    #[test]
    fn an_app_that_needs_no_approval_is_found() {
        let found = |more: &str| {
            let config = format!("callback-url = \"https://a.example/cb\"\nscopes = [\"Api\"]\n{more}");
            found_by(Code::SelfAuthorizedUsers, &app(&config, ""))
        };
        let message = "every user may let `connected-app.App` in by themselves";
        assert_eq!(found(""), [message]);
        assert_eq!(found("is-admin-approved = false"), [message]);
        assert!(found("is-admin-approved = true").is_empty());
        assert!(found("is-client-credential-enabled = true").is_empty());
    }

    #[test]
    fn an_external_client_app_has_a_policy_for_it() {
        let found = |policy: &str| {
            found_by(
                Code::SelfAuthorizedUsers,
                &format!(
                    "[extl-clnt-app-oauth-configurable-policies.P]\nlabel = \"P\"\n\
                     external-client-application = \"App\"\n{policy}\n"
                ),
            )
        };
        assert_eq!(found("").len(), 1);
        assert_eq!(found("permitted-users-policy-type = \"AllSelfAuthorized\"").len(), 1);
        assert!(found("permitted-users-policy-type = \"AdminApprovedPreAuthorized\"").is_empty());
    }
}
