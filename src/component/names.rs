//! How the Metadata API's names are written in manifests.

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

#[cfg(test)]
mod tests {
    use super::kebab;

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
