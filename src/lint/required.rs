//! `missing-field`: the schema demands the element, at the API version of the package.

use crate::component::{FieldPath, Fields, Group, Kind, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired, Leaf};

pub fn check(desired: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let group = &component.id.kind.fields;
    check_group(desired, component, group, &FieldPath::root(), &component.fields, diagnostics);
}

fn check_group(
    desired: &Desired,
    component: &Component,
    group: &Group,
    at: &FieldPath,
    fields: &Fields<Leaf>,
    diagnostics: &mut Diagnostics,
) {
    for field in &group.fields {
        let path = at.element(field.name.clone());
        match fields.get(field.name.as_str()) {
            None if component.has(&path) => {}
            // Sent as the org has it.
            None if component.id.kind.member.matched_on.is_some() && field.default.is_some() => {}
            None if field.is_required_at(desired.api_version) && field.exists_at(desired.api_version) => {
                let place = component.keys.get(at).unwrap_or(component.at);
                diagnostics.push(
                    Diagnostic::error(Code::MissingField, format!("`{}` needs `{path}`", component.id))
                        .label(place, "not complete")
                        .help(format!("{} = {}", field.key, example(&field.kind, &field.doc))),
                );
            }
            Some(value) => {
                let Kind::Group(inner) = &field.kind else { continue };
                let items: &[Tree<Leaf>] = match value {
                    Tree::List(items) => items,
                    single => std::slice::from_ref(single),
                };
                for (index, item) in items.iter().enumerate() {
                    let path = if field.repeated { path.index(index) } else { path.clone() };
                    if let Tree::Group(fields) = item {
                        check_group(desired, component, inner, &path, fields, diagnostics);
                    }
                }
            }
            None => {}
        }
    }
}

fn example(kind: &Kind, doc: &str) -> String {
    match kind {
        Kind::Flag => format!("false    # {doc}"),
        Kind::Number => format!("1    # {doc}"),
        Kind::Enumeration(values) => {
            let first = values.values.first().map_or("", |value| value.name.as_str());
            format!("\"{first}\"    # {doc}")
        }
        Kind::Group(_) => format!("{{ ... }}    # {doc}"),
        Kind::Text | Kind::Binary => format!("\"...\"    # {doc}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn missing_fields_are_found_at_every_level() {
        assert_eq!(
            findings(
                "[connected-app.App]\nlabel = \"App\"\n[connected-app.App.oauth-policy]\nip-relaxation = \"ENFORCE\"\n"
            ),
            [
                "missing-field: `connected-app.App` needs `contact-email`",
                "missing-field: `connected-app.App` needs `oauth-policy.refresh-token-policy`",
            ]
        );
    }

    #[test]
    fn what_the_schema_demanded_up_to_a_version_is_needed_up_to_that_version() {
        let credential = |version: &str| {
            findings(&format!(
                "api-version = \"{version}\"\n[named-credential.C]\nlabel = \"C\"\nendpoint = \"https://a.example\"\n"
            ))
        };
        assert_eq!(credential("53.0").len(), 2);
        assert!(credential("54.0").is_empty());
    }
}
