//! `[[moved]]`: components that have another name now.

use toml::Spanned;
use toml::de::DeValue;

use crate::component::ComponentId;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::setting::Context;

/// `[[moved]]`: a component that has another name now.
#[derive(Debug, Clone)]
pub struct Move {
    pub at: Span,
    pub from: ComponentId,
    pub to: ComponentId,
}

pub(super) fn moved(context: &mut Context<'_>, value: &Spanned<DeValue<'_>>) -> Vec<Move> {
    let DeValue::Array(items) = value.get_ref() else {
        let help = "write [[moved]], and below it from and to".to_owned();
        context.wrong_type("`moved`", value, "a list of tables", Some(help));
        return Vec::new();
    };
    let mut moves = Vec::new();
    for item in items {
        let DeValue::Table(table) = item.get_ref() else {
            context.wrong_type("an item of `moved`", item, "a table with `from` and `to`", None);
            continue;
        };
        let (mut from, mut to, mut is_whole) = (None, None, true);
        for (key, value) in table {
            match (&**key.get_ref(), value.get_ref()) {
                ("from", DeValue::String(address)) => from = address_of(context, address, value),
                ("to", DeValue::String(address)) => to = address_of(context, address, value),
                ("from" | "to", _) => {
                    let what = format!("`{}` of `moved`", key.get_ref());
                    context.wrong_type(&what, value, "an address such as \"auth-provider.Orders\"", None);
                }
                _ => context.unknown_key(key, value, "`moved`", ["from", "to"]),
            }
            is_whole &= matches!(&**key.get_ref(), "from" | "to");
        }
        // The table of [[moved]] begins at its header; an inline one where it stands.
        let at = context.span(item);
        match (from, to) {
            (Some(from), Some(to)) => moves.push(Move { at, from, to }),
            _ if is_whole && table.len() < 2 => context.error(
                Diagnostic::error(Code::MissingField, "`moved` needs `from` and `to`")
                    .label(at, "says only one of the two")
                    .help("for example from = \"auth-provider.Orders\", to = \"auth-provider.OrdersLogin\""),
            ),
            _ => {}
        }
    }
    moves
}

pub(super) fn address_of(
    context: &mut Context<'_>,
    address: &str,
    value: &Spanned<DeValue<'_>>,
) -> Option<ComponentId> {
    let id = ComponentId::parse(address);
    if id.is_none() {
        let at = context.span(value);
        context.error(
            Diagnostic::error(Code::UnknownComponent, format!("`{address}` is no address of a component"))
                .label(at, "not TYPE.NAME")
                .help("write it as in plans, for example \"auth-provider.Orders\""),
        );
    }
    id
}
