//! `legacy-credential`: a named credential of the old kind, which Salesforce calls deprecated (NC-3, NC-4). When it
//! will end nobody has said (NC-15), so this is no more than a hint.

use crate::component::FieldPath;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

const TYPE: &str = "namedCredentialType";

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    if component.id.kind.name != "NamedCredential" {
        return;
    }
    let is_legacy = match component.text(TYPE) {
        Some(kind) => kind == "Legacy",
        None => !component.has(&FieldPath::of(TYPE)),
    };
    if is_legacy {
        diagnostics.push(
            Diagnostic::warning(Code::LegacyCredential, format!("`{}` is of the legacy kind", component.id))
                .label(component.key_at(&FieldPath::of(TYPE)), "deprecated, with no end announced")
                .help("its successor is an external-credential with a named-credential of type SecuredEndpoint; keep it if a package needs this kind"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::lint::testing::found_by;

    #[test]
    fn what_is_not_of_the_new_kind_is_legacy() {
        let found = |more: &str| {
            found_by(Code::LegacyCredential, &format!("[named-credential.C]\nlabel = \"C\"\n{more}\n"))
        };
        assert_eq!(found("endpoint = \"https://a.example\""), ["`named-credential.C` is of the legacy kind"]);
        assert_eq!(found("named-credential-type = \"Legacy\"").len(), 1);
        assert!(found("named-credential-type = \"SecuredEndpoint\"").is_empty());
    }
}
