//! `invalid-name`: the API name of a component is its file name and part of URLs: letters, digits and single
//! underscores, a letter first, no underscore last (CA-6, NC-9), and not longer than its column.
//! `invalid-character`: a name that no file can have, or that would lead to another folder.

use crate::component::stays_in_its_folder;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    let name = component.id.name.as_str();
    let member = &component.id.kind.member;
    let length = name.chars().count();
    // Even commands that send nothing write files under this name, so this is never a warning.
    if !stays_in_its_folder(name, member.free) {
        diagnostics.push(
            Diagnostic::error(
                Code::InvalidCharacter,
                format!("{name:?} cannot be the name of a file, so no component can have it"),
            )
            .label(component.at, "leads to another folder, or has a character that no file can have")
            .help(format!(
                "for example [{}.{}]",
                component.id.kind.key,
                tidy(name, member.max_length)
            )),
        );
        return;
    }
    let why = if let Some(only) = member.fixed.as_deref().filter(|only| *only != name) {
        format!("an org has one of these, and it is called {only}")
    } else if member.free && !name.is_empty() && length <= member.max_length {
        return;
    } else if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        "must begin with a letter".to_owned()
    } else if let Some(bad) = name.chars().find(|letter| !letter.is_ascii_alphanumeric() && *letter != '_') {
        format!("`{bad}` is neither a letter nor a digit nor an underscore")
    } else if name.ends_with('_') {
        "must not end with an underscore".to_owned()
    } else if name.contains("__") {
        "must not have two underscores in a row".to_owned()
    } else if length > member.max_length {
        format!("has {length} characters, and at most {} fit", member.max_length)
    } else {
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
        for bad in ["2Orders", "Orders-Idp", "Orders_", "Or__ders", "Örders", &"a".repeat(33)] {
            assert_eq!(
                provider(bad),
                [format!("invalid-name: `{bad}` cannot be the URL Suffix of `auth-provider.{bad}`")]
            );
        }
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
