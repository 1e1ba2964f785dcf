//! How the Metadata API's names are written in manifests, and what nothing can be called or hold.

/// `isPkceRequired` is `is-pkce-required`, `samlIdpSLOBindingEnum` is `saml-idp-slo-binding-enum`: a word
/// starts at a capital that follows a small letter or digit, and at the last capital of a run that is
/// followed by a small letter.
pub fn kebab(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut key = String::with_capacity(name.len() + 8);
    for (at, letter) in letters.iter().enumerate() {
        let previous = at.checked_sub(1).map(|before| letters[before]);
        let next = letters.get(at + 1);
        if letter.is_ascii_uppercase() {
            let after_small = previous.is_some_and(|p| p.is_ascii_lowercase() || p.is_ascii_digit());
            let ends_run = previous.is_some_and(|p| p.is_ascii_uppercase())
                && next.is_some_and(|n| n.is_ascii_lowercase());
            if after_small || ends_run {
                key.push('-');
            }
        }
        key.extend(letter.to_lowercase());
    }
    key
}

/// Whether XML can hold a character in no form: control characters, and noncharacters, which mean nothing outside of
/// one program.
pub fn is_forbidden(letter: char) -> bool {
    let code = letter as u32;
    (code < 0x20 && !matches!(letter, '\t' | '\n' | '\r'))
        || (0xFDD0..=0xFDEF).contains(&code)
        || code & 0xFFFE == 0xFFFE
}

/// Whether the file of a component with this name lies in the folder of its type. Names that may have any character
/// hold a slash as `%2F` (SE-15).
pub fn stays_in_its_folder(name: &str) -> bool {
    !matches!(name, "." | "..")
        && !name.contains(|letter: char| matches!(letter, '/' | '\\') || is_forbidden(letter))
}

#[cfg(test)]
mod tests {
    use super::{kebab, stays_in_its_folder};

    #[test]
    fn a_name_never_leads_out_of_the_folder_of_its_type() {
        for bad in ["..", ".", "../a", "a/../b", "/a", "a/", "a/b", "a\\b", "a\u{7}b"] {
            assert!(!stays_in_its_folder(bad), "{bad:?}");
        }
        for good in ["a%2Fb", "..a", "Örders, all", ""] {
            assert!(stays_in_its_folder(good), "{good:?}");
        }
    }

    #[test]
    fn api_names_become_keys() {
        for (name, key) in [
            ("label", "label"),
            ("isPkceRequired", "is-pkce-required"),
            ("ConnectedApp", "connected-app"),
            ("samlIdpSLOBindingEnum", "saml-idp-slo-binding-enum"),
            ("iconUrl", "icon-url"),
            ("allowMergeFieldsInBody", "allow-merge-fields-in-body"),
            ("enableCSPOnEmail", "enable-csp-on-email"),
        ] {
            assert_eq!(kebab(name), key);
        }
    }
}
