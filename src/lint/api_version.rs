//! `field-too-new`, `field-retired`: a field, type or value that the API version of the package does not
//! know. An org refuses the whole file for it (CA-5).

use crate::component::{Kind, Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired, Leaf, Wanted};

pub fn check(desired: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let version = desired.api_version;
    let id = &component.id;
    if version < id.kind.since {
        diagnostics.push(
            Diagnostic::error(
                Code::FieldTooNew,
                format!("a {} exists from API version {}.0 on", id.kind.key, id.kind.since),
            )
            .label(component.at, format!("the package has {version}.0"))
            .help(format!("raise it: api-version = \"{}.0\"", id.kind.since)),
        );
        // Its fields are as new as the type.
        return;
    }
    component.each_value(&mut |path, field, value| {
        // A list is looked at once, by its first element.
        let first = !matches!(path.0.last(), Some(crate::component::Step::Index(index)) if *index > 0);
        let at = component.key_at(path);
        if version < field.since && first {
            diagnostics.push(
                Diagnostic::error(Code::FieldTooNew, format!("`{path}` of `{id}` exists from API version {}.0 on", field.since))
                    .label(at, format!("the package has {version}.0"))
                    .help(format!("raise it: api-version = \"{}.0\", or remove the field", field.since)),
            );
        }
        if let Some(last) = field.until
            && version > last
            && first
        {
            diagnostics.push(
                Diagnostic::error(Code::FieldRetired, format!("`{path}` of `{id}` exists up to API version {last}.0"))
                    .label(at, format!("the package has {version}.0"))
                    .help("remove the field; its successor is in the metadata type's documentation"),
            );
        }
        if let (Kind::Enumeration(values), Tree::Leaf(Leaf { wanted: Wanted::Known(Scalar::Text(text)), at })) = (&field.kind, value)
            && let Some(found) = values.find(text)
        {
            if let Some(since) = found.since.filter(|since| version < *since) {
                diagnostics.push(
                    Diagnostic::error(Code::FieldTooNew, format!("`{path}` of `{id}` can be `{text}` from API version {since}.0 on"))
                        .label(*at, format!("the package has {version}.0"))
                        .help(format!("raise it: api-version = \"{since}.0\"")),
                );
            }
            if let Some(last) = found.until.filter(|last| version > *last) {
                diagnostics.push(
                    Diagnostic::error(Code::FieldRetired, format!("`{path}` of `{id}` can be `{text}` up to API version {last}.0"))
                        .label(*at, format!("the package has {version}.0"))
                        .help("use another value"),
                );
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{app, findings};

    #[test]
    fn a_field_newer_than_the_package_is_found() {
        let old = app("callback-url = \"https://a.example/cb\"\nscopes = [\"Full\", \"RefreshToken\"]\nis-pkce-required = true", "")
            .replace("62.0", "58.0");
        assert_eq!(
            findings(&old),
            [
                "field-too-new: `oauth-config.is-pkce-required` of `connected-app.App` exists from API version 59.0 on"
            ]
        );
    }

    #[test]
    fn a_value_newer_than_the_package_is_found() {
        let new = app("callback-url = \"https://a.example/cb\"\nscopes = [\"MCP\", \"RefreshToken\"]", "");
        assert_eq!(
            findings(&new),
            [
                "field-too-new: `oauth-config.scopes[0]` of `connected-app.App` can be `MCP` from API version 66.0 on"
            ]
        );
    }
}
