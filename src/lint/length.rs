//! `value-too-long`: text longer than the org's column. Counted in characters, once references are filled
//! in as far as they are known.

use crate::component::{Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired, Leaf, Wanted};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    component.each_value(&mut |path, field, value| {
        let (Some(longest), Tree::Leaf(Leaf { wanted: Wanted::Known(Scalar::Text(text)), at })) =
            (field.max_length, value)
        else {
            return;
        };
        let length = text.chars().count();
        if length > longest {
            diagnostics.push(
                Diagnostic::error(
                    Code::ValueTooLong,
                    format!("`{path}` of `{}` has {length} characters", component.id),
                )
                .label(*at, format!("at most {longest} fit"))
                .help(format!("shorten it by {}", length - longest)),
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn length_counts_characters_and_not_bytes() {
        let provider = |name: &str| {
            findings(&format!("[auth-provider.P]\nprovider-type = \"Google\"\nfriendly-name = \"{name}\"\n"))
        };
        assert!(provider(&"ä".repeat(32)).is_empty());
        assert_eq!(
            provider(&"ä".repeat(33)),
            ["value-too-long: `friendly-name` of `auth-provider.P` has 33 characters"]
        );
    }
}
