//! A consumer key written as text: placeholders that tools leave, and what the platform refuses.
//!
//! Keys are no secrets, so they may stand in a manifest. Salesforce's own keys also hold `.` and `_`
//! (CA-12), so these are let through.

use crate::component::{Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired, Leaf, Wanted};
use crate::secret::is_placeholder;

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    component.each_value(&mut |path, field, value| {
        let Tree::Leaf(Leaf { wanted: Wanted::Known(Scalar::Text(text)), at }) = value else { return };
        if field.name != "consumerKey" {
            return;
        }
        let id = &component.id;
        if is_placeholder(text) {
            diagnostics.push(
                Diagnostic::error(Code::PlaceholderSecret, format!("`{path}` of `{id}` is a placeholder, not a key"))
                    .label(*at, "a tool left this where the key was")
                    .help("refer to the app that has it: \"${connected-app.NAME.consumer-key}\", or say where it lives: { env = \"NAME\" }"),
            );
        } else if field.create_only && id.kind.name == "ConnectedApp" {
            // Keys of external client apps were seen in base64 (EC-15).
            let bad = text.chars().find(|letter| !letter.is_ascii_alphanumeric() && !"._".contains(*letter));
            let length = text.chars().count();
            if let Some(bad) = bad {
                diagnostics.push(
                    Diagnostic::error(Code::ValueOutOfRange, format!("`{path}` of `{id}` has the character `{bad}`"))
                        .label(*at, "a key has letters and digits only")
                        .help("let it be made: { generate = true }"),
                );
            } else if !(8..=256).contains(&length) {
                diagnostics.push(
                    Diagnostic::error(Code::ValueOutOfRange, format!("`{path}` of `{id}` has {length} characters"))
                        .label(*at, "a key has 8 to 256 (CA-11)")
                        .help("let it be made: { generate = true }"),
                );
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{app, findings};

    #[test]
    fn a_placeholder_or_impossible_key_is_found() {
        let key = |key: &str| {
            findings(&app(
                &format!(
                    "callback-url = \"https://a.example/cb\"\nscopes = [\"Api\", \"RefreshToken\"]\nconsumer-key = \"{key}\""
                ),
                "",
            ))
        };
        let place = "`oauth-config.consumer-key` of `connected-app.App`";
        assert_eq!(key("REDACTED"), [format!("placeholder-secret: {place} is a placeholder, not a key")]);
        assert_eq!(key("abc-defgh"), [format!("value-out-of-range: {place} has the character `-`")]);
        assert_eq!(key("abc"), [format!("value-out-of-range: {place} has 3 characters")]);
        assert!(key("3MVG9abcdefgh._x").is_empty());
    }
}
