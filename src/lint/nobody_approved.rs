//! `nobody-approved`: only approved users may use the app, and no profile or permission set is approved
//! (CA-55): it deploys, and every login fails.

use crate::component::{FieldPath, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    if component.id.kind.name != "ConnectedApp" || component.flag("oauthConfig.isAdminApproved") != Some(true)
    {
        return;
    }
    // The run-as user of client credentials needs no approval (CA-56).
    if component.flag("oauthConfig.isClientCredentialEnabled") == Some(true) {
        return;
    }
    let names_somebody = ["profileName", "permissionSetName"].iter().any(
        |field| matches!(component.get(&FieldPath::of(field)), Some(Tree::List(names)) if !names.is_empty()),
    );
    if !names_somebody {
        diagnostics.push(
            Diagnostic::warning(Code::NobodyApproved, format!("nobody may use `{}`", component.id))
                .label(component.key_at(&FieldPath::of("oauthConfig.isAdminApproved")), "only approved users may, and none is")
                .help("name who may: permission-set-name = [\"...\"] or profile-name = [\"System Administrator\"]"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{app, findings};

    #[test]
    fn an_approved_app_needs_somebody_approved() {
        let config = "callback-url = \"https://a.example/cb\"\nscopes = [\"Api\", \"RefreshToken\"]\nis-admin-approved = true";
        assert_eq!(findings(&app(config, "")), ["nobody-approved: nobody may use `connected-app.App`"]);
        let named =
            app(config, "").replace("label = \"App\"", "label = \"App\"\npermission-set-name = [\"Users\"]");
        assert!(findings(&named).is_empty());
    }
}
