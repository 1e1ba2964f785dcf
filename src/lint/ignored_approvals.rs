//! `ignored-approvals`: profiles or permission sets that may use the app, while everybody may: they count only with
//! admin approval (CA-51).

use super::app::is_off;
use crate::component::{FieldPath, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    if component.id.kind.name != "ConnectedApp" || !is_off(component, "oauthConfig.isAdminApproved") {
        return;
    }
    // An app without OAuth may be a SAML one, where they count.
    if component.get(&FieldPath::of("oauthConfig")).is_none() || component.has(&FieldPath::of("samlConfig")) {
        return;
    }
    let named = ["profileName", "permissionSetName"]
        .map(FieldPath::of)
        .into_iter()
        .find(|field| matches!(component.get(field), Some(Tree::List(names)) if !names.is_empty()));
    if let Some(field) = named {
        diagnostics.push(
            Diagnostic::warning(
                Code::IgnoredApprovals,
                format!("`{}` names who may use it, and everybody may", component.id),
            )
            .label(component.key_at(&field), "counts only with admin approval")
            .help("is-admin-approved = true in oauth-config, or leave the names out"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::lint::testing::{app, found_by};

    #[test]
    fn names_without_approval_are_found() {
        let found = |more: &str| {
            let config = format!("callback-url = \"https://a.example/cb\"\nscopes = [\"Api\"]\n{more}");
            let manifest = app(&config, "")
                .replace("label = \"App\"", "label = \"App\"\npermission-set-name = [\"Orders\"]");
            found_by(Code::IgnoredApprovals, &manifest)
        };
        assert_eq!(found(""), ["`connected-app.App` names who may use it, and everybody may"]);
        assert!(found("is-admin-approved = true").is_empty());
    }
}
