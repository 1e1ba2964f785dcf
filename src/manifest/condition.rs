//! `only-if`: while a component belongs to the project. For what a guide leaves to whoever follows it, such as one of
//! several ways out.

use toml::Spanned;
use toml::de::DeValue;

use crate::component::ComponentId;
use crate::diagnostic::{Located, Span};
use crate::setting::{Context, ONLY_IF, Text};

pub(super) const KEY: &str = ONLY_IF;

/// The component belongs to the project while `value` is one of `is`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub at: Span,
    pub value: Located<Text>,
    pub is: Vec<String>,
    /// Written as `"${var.NAME}"` alone, which has to be true or false.
    pub is_switch: bool,
}

/// `"${var.NAME}"`, or `{ value = "${var.NAME}", is = ["1", "2"] }`.
pub(super) fn read(
    context: &mut Context<'_>,
    of: &ComponentId,
    written: &Spanned<DeValue<'_>>,
) -> Option<Condition> {
    let at = context.span(written);
    if let DeValue::String(text) = written.get_ref() {
        let value = Located::new(context.text(text, at), at);
        return Some(Condition { at, value, is: vec!["true".to_owned()], is_switch: true });
    }
    let what = format!("`{KEY}` of `{of}`");
    let DeValue::Table(table) = written.get_ref() else {
        let help = format!(
            "write {KEY} = \"${{var.NAME}}\", or {KEY} = {{ value = \"${{var.NAME}}\", is = \"...\" }}"
        );
        context.wrong_type(&what, written, "a text or a table", Some(help));
        return None;
    };
    let (mut value, mut is) = (None, None);
    for (key, inner) in table {
        match (&**key.get_ref(), inner.get_ref()) {
            ("value", DeValue::String(text)) => {
                let at = context.span(inner);
                value = Some(Located::new(context.text(text, at), at));
            }
            ("is", DeValue::String(text)) => is = Some(vec![text.clone().into_owned()]),
            ("is", DeValue::Array(items)) => {
                let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
                is = texts.collect::<Option<Vec<_>>>();
                if is.is_none() {
                    context.wrong_type(&format!("`is` of {what}"), inner, "a text or a list of texts", None);
                    return None;
                }
            }
            ("value" | "is", _) => {
                context.wrong_type(&format!("`{}` of {what}", key.get_ref()), inner, "a text", None);
                return None;
            }
            _ => {
                context.unknown_key(key, inner, &what, ["value", "is"]);
                return None;
            }
        }
    }
    let (Some(value), Some(is)) = (value, is) else {
        context.wrong_type(&what, written, "a table with both `value` and `is`", None);
        return None;
    };
    Some(Condition { at, value, is, is_switch: false })
}
