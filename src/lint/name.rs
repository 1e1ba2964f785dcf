//! `invalid-name`: the API name of a component is its file name and part of URLs: letters, digits and single
//! underscores, a letter first, no underscore last (CA-6, NC-9), and not longer than its column. Two underscores end
//! the namespace of a managed package: files that somebody retrieved have such names, and an org may take them back.
//! `invalid-character`: a name that no file can have, or that would lead to another folder.

use crate::component::stays_in_its_folder;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let name = component.id.name.as_str();
    let member = &component.id.kind.member;
    let (namespace, own) = match namespace(name) {
        Some((namespace, own)) if !member.free => (Some(namespace), own),
        _ => (None, name),
    };
    let length = own.chars().count();
    // Even commands that send nothing write files under this name, so this is never a warning.
    if !stays_in_its_folder(name) {
        diagnostics.push(
            Diagnostic::error(
                Code::InvalidCharacter,
                format!("{name:?} cannot be the name of a file, so no component can have it"),
            )
            .label(component.at, "leads to another folder, or has a character that no file can have")
            .help(match member.free && name.contains('/') {
                true => "a slash is written %2F".to_owned(),
                false => format!("for example [{}.{}]", component.id.kind.key, tidy(name, member.max_length)),
            }),
        );
        return;
    }
    let why = if let Some(only) = member.fixed.as_deref().filter(|only| *only != name) {
        format!("an org has one of these, and it is called {only}")
    } else if member.free && !name.is_empty() && length <= member.max_length {
        return;
    } else if !own.starts_with(|first: char| first.is_ascii_alphabetic()) {
        "must begin with a letter".to_owned()
    } else if let Some(bad) = own.chars().find(|letter| !letter.is_ascii_alphanumeric() && *letter != '_') {
        format!("`{bad}` is neither a letter nor a digit nor an underscore")
    } else if own.ends_with('_') {
        "must not end with an underscore".to_owned()
    } else if own.contains("__") {
        "must not have two underscores in a row".to_owned()
    } else if length > member.max_length {
        format!("has {length} characters, and at most {} fit", member.max_length)
    } else {
        if let Some(namespace) = namespace {
            diagnostics.push(
                Diagnostic::warning(
                    Code::InvalidName,
                    format!("`{}` has the name of a part of a managed package", component.id),
                )
                .label(component.at, format!("nobody but the package `{namespace}` can create it"))
                .help(format!(
                    "keep it if the org has that package; otherwise one underscore: [{}.{}]",
                    component.id.kind.key,
                    tidy(name, member.max_length)
                )),
            );
        }
        return;
    };
    let example = member.fixed.clone().unwrap_or_else(|| tidy(name, member.max_length));
    let called = member.called.as_deref().unwrap_or("API name");
    diagnostics.push(
        Diagnostic::error(
            Code::InvalidName,
            format!("`{name}` cannot be the {called} of `{}`", component.id),
        )
        .label(component.at, why)
        .help(format!("for example [{}.{}]", component.id.kind.key, example)),
    );
}

/// The namespace in `acme__Sync`, and the name within it. That a namespace has at most 15 characters is general
/// knowledge of the platform and of no numbered fact; a longer one makes an invalid name, which is only a warning where
/// nothing is sent.
fn namespace(name: &str) -> Option<(&str, &str)> {
    let (namespace, own) = name.split_once("__")?;
    let is_one = namespace.len() <= 15
        && namespace.starts_with(|first: char| first.is_ascii_alphabetic())
        && namespace.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_one.then_some((namespace, own))
}

/// A valid name close to the invalid one.
fn tidy(name: &str, longest: usize) -> String {
    let words: Vec<&str> =
        name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut tidy = words.join("_");
    if !tidy.starts_with(|first: char| first.is_ascii_alphabetic()) {
        tidy.insert(0, 'X');
    }
    tidy.truncate(longest);
    tidy.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::findings;

    #[test]
    fn names_follow_the_platforms_rules() {
        let provider = |name: &str| {
            findings(&format!(
                "[auth-provider.\"{name}\"]\nprovider-type = \"Google\"\nfriendly-name = \"P\"\n"
            ))
        };
        assert!(provider("Orders_Idp2").is_empty());
        for bad in ["2Orders", "Orders-Idp", "Orders_", "Or__ders__", "Or___ders", "Örders", &"a".repeat(33)]
        {
            assert_eq!(
                provider(bad),
                [format!("invalid-name: `{bad}` cannot be the URL Suffix of `auth-provider.{bad}`")]
            );
        }
    }

    #[test]
    fn a_name_in_the_namespace_of_a_package_is_left_to_the_package() {
        assert_eq!(
            findings("[auth-provider.acme__Sync]\nprovider-type = \"Google\"\nfriendly-name = \"P\"\n"),
            ["invalid-name: `auth-provider.acme__Sync` has the name of a part of a managed package"]
        );
        assert_eq!(namespace("acme__Sync"), Some(("acme", "Sync")));
        assert_eq!(namespace("a_name_of_20_letters__Sync"), None);
        assert_eq!(namespace("Sync"), None);
    }

    #[test]
    fn no_component_is_called_what_no_file_can_be() {
        assert_eq!(
            findings("[auth-provider.\"../../x\"]\nprovider-type = \"Google\"\nfriendly-name = \"P\"\n"),
            ["invalid-character: \"../../x\" cannot be the name of a file, so no component can have it"]
        );
    }

    #[test]
    fn a_valid_name_is_proposed() {
        assert_eq!(tidy("Orders-Idp", 32), "Orders_Idp");
        assert_eq!(tidy("2__Orders_", 32), "X2_Orders");
        assert_eq!(tidy("", 32), "X");
    }
}
