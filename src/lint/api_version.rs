//! `field-too-new`, `field-retired`: a field, type or value that the API version of the package does not
//! know. An org refuses the whole file for it (CA-5).

use crate::component::{Enumerator, Field, Kind, Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
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
        if first {
            let named = format!("`{path}` of `{id}`");
            diagnostics.extend(field_at(field, version, &named, component.key_at(path)));
        }
        if let (
            Kind::Enumeration(values),
            Tree::Leaf(Leaf { wanted: Wanted::Known(Scalar::Text(text)), at }),
        ) = (&field.kind, value)
        {
            for one in field.split(text) {
                if let Some(found) = values.find(one) {
                    let said = value_at(found, one, version, &format!("`{path}` of `{id}`"), *at);
                    diagnostics.extend(said);
                }
            }
        }
    });
}

/// What is to be said of a field that is used at all.
fn field_at(field: &Field, version: u16, named: &str, at: Span) -> Option<Diagnostic> {
    if field.is_doubtful_at(version) {
        return Some(
            Diagnostic::warning(
                Code::DoubtfulVersion,
                format!("{named} may not exist in API version {version}.0"),
            )
            .label(at, "the documentation and the published schemas disagree")
            .help(format!("to be sure, use an API version of {}", sure_versions(field))),
        );
    }
    let label = format!("the package has {version}.0");
    if version < field.since {
        return Some(
            Diagnostic::error(
                Code::FieldTooNew,
                format!("{named} exists from API version {}.0 on", field.since),
            )
            .label(at, label)
            .help(format!("raise it: api-version = \"{}.0\", or remove the field", field.since)),
        );
    }
    let last = field.until.filter(|last| version > *last)?;
    Some(
        Diagnostic::error(Code::FieldRetired, format!("{named} exists up to API version {last}.0"))
            .label(at, label)
            .help("remove the field; its successor is in the metadata type's documentation"),
    )
}

/// What is to be said of one value of an enumeration.
fn value_at(value: &Enumerator, written: &str, version: u16, field: &str, at: Span) -> Option<Diagnostic> {
    let label = format!("the package has {version}.0");
    if let Some(since) = value.since.filter(|since| version < *since) {
        let doubtful = value.since_perhaps.is_some_and(|perhaps| perhaps <= version);
        let help = format!("raise it: api-version = \"{since}.0\"");
        return Some(if doubtful {
            Diagnostic::warning(
                Code::DoubtfulVersion,
                format!("{field} may not be able to be `{written}` in API version {version}.0"),
            )
            .label(at, "the documentation and the published schemas disagree")
            .help(help)
        } else {
            Diagnostic::error(
                Code::FieldTooNew,
                format!("{field} can be `{written}` from API version {since}.0 on"),
            )
            .label(at, label)
            .help(help)
        });
    }
    if let Some(last) = value.until.filter(|last| version > *last) {
        return Some(
            Diagnostic::error(
                Code::FieldRetired,
                format!("{field} can be `{written}` up to API version {last}.0"),
            )
            .label(at, label)
            .help("use another value"),
        );
    }
    let unsure = value.unsure.as_ref()?;
    Some(
        Diagnostic::warning(Code::DoubtfulValue, format!("{field} may not be able to be `{written}`"))
            .label(at, unsure.clone())
            .help("try it with `deploy --check-only` first"),
    )
}

fn sure_versions(field: &Field) -> String {
    match field.until {
        Some(last) => format!("{}.0 to {last}.0", field.since),
        None => format!("{}.0 or later", field.since),
    }
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
