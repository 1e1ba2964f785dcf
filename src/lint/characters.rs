//! `invalid-character`: control characters, which XML 1.0 cannot hold in any form, and noncharacters.

use crate::component::{Scalar, is_forbidden};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired, Leaf, Wanted};

pub fn check(_: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    component.each_leaf(&mut |leaf: &Leaf| {
        let text = match &leaf.wanted {
            Wanted::Known(Scalar::Text(text)) => text.clone(),
            Wanted::Formula(formula) => formula.fill(|_| Some("".into())).unwrap_or_default(),
            _ => return,
        };
        if let Some(bad) = text.chars().find(|letter| is_forbidden(*letter)) {
            diagnostics.push(
                Diagnostic::error(
                    Code::InvalidCharacter,
                    format!(
                        "a value of `{}` has the character U+{:04X}, which XML cannot hold",
                        component.id, bad as u32
                    ),
                )
                .label(leaf.at, "in here")
                .help("remove it; it often comes from copying out of a terminal or a PDF"),
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{app, findings};

    #[test]
    fn control_characters_are_found_and_line_breaks_are_not() {
        let manifest =
            app("callback-url = \"https://a.example/cb\"\nscopes = [\"RefreshToken\", \"Api\"]", "")
                .replace("label = \"App\"", "label = \"App\"\ndescription = \"a\\tb\\nc\\u0007\"");
        assert_eq!(
            findings(&manifest),
            [
                "invalid-character: a value of `connected-app.App` has the character U+0007, which XML cannot hold"
            ]
        );
    }
}
