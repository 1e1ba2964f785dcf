//! Values in the one form that all equal values share.

use std::borrow::Cow;

use super::leaf::{Leaf, Look, Rules, SecretState, secret_state};
use crate::component::{Enumeration, Field, Kind, Scalar, Tree};

/// A value in the one form that all equal values share.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Normal<'a> {
    Nothing,
    Text(Cow<'a, str>),
    /// A secret, or what is not known: equal by state.
    State(Option<SecretState>),
    /// Elements of one name, sorted, because their order means nothing.
    List(Vec<Normal<'a>>),
    /// Elements that say something, by name.
    Group(Vec<(&'a str, Normal<'a>)>),
}

pub(super) fn normal<'a, L: Leaf>(field: Option<&'a Field>, rules: Rules, tree: &'a Tree<L>) -> Normal<'a> {
    match tree {
        Tree::List(items) => list(field, items.iter().map(|item| normal_one(field, rules, item)).collect()),
        // One repeated element, as read from XML.
        single if field.is_some_and(|field| field.repeated) => {
            list(field, vec![normal_one(field, rules, single)])
        }
        single => normal_one(field, rules, single),
    }
}

fn list<'a>(field: Option<&Field>, mut items: Vec<Normal<'a>>) -> Normal<'a> {
    items.retain(|item| *item != Normal::Nothing);
    if items.is_empty() {
        return Normal::Nothing;
    }
    items.sort_unstable();
    // An org has each value of an enumeration once, and several may fold into one (CA section 1.4).
    if matches!(field, Some(Field { kind: Kind::Enumeration(_), .. })) {
        items.dedup();
    }
    Normal::List(items)
}

fn normal_one<'a, L: Leaf>(field: Option<&'a Field>, rules: Rules, tree: &'a Tree<L>) -> Normal<'a> {
    match tree {
        Tree::Leaf(leaf) => match leaf.look() {
            look if field.is_some_and(|field| field.secret) => Normal::State(Some(secret_state(look))),
            Look::Known(Scalar::Nil) => Normal::Nothing,
            Look::Known(Scalar::Text(text)) => normal_text(field, Cow::Borrowed(text)),
            Look::Known(scalar) => normal_text(field, Cow::Owned(scalar.to_string())),
            Look::Secret | Look::Waits(_) | Look::Pending => Normal::State(None),
        },
        Tree::Group(fields) => {
            let group = match field.map(|field| &field.kind) {
                Some(Kind::Group(group)) => Some(group),
                _ => None,
            };
            let mut told: Vec<(&str, Normal<'_>)> = fields
                .iter()
                .filter_map(|(name, tree)| {
                    let field = group.and_then(|group| group.field(name));
                    if field.is_some_and(|field| field.read_only) {
                        return None;
                    }
                    let value = normal(field, rules, tree);
                    let says_nothing = value == Normal::Nothing || value == default(field, rules);
                    (!says_nothing).then_some((name.as_ref(), value))
                })
                .collect();
            told.sort_unstable();
            Normal::Group(told)
        }
        Tree::List(_) => normal(field, rules, tree),
    }
}

fn normal_text<'a>(field: Option<&'a Field>, text: Cow<'a, str>) -> Normal<'a> {
    if let Some(list_field) = field.filter(|field| field.separator.is_some()) {
        let one = |value: &str| match &list_field.kind {
            Kind::Enumeration(values) => folded(values, value),
            _ => value.to_owned(),
        };
        let mut values: Vec<Normal<'a>> =
            list_field.split(&text).into_iter().map(|value| Normal::Text(one(value).into())).collect();
        values.sort_unstable();
        values.dedup();
        return if values.is_empty() { Normal::Nothing } else { Normal::List(values) };
    }
    match field.map(|field| &field.kind) {
        _ if text.is_empty() => Normal::Nothing,
        Some(Kind::Enumeration(values)) => Normal::Text(folded(values, text.trim()).into()),
        Some(Kind::Flag) => Normal::Text(match text.trim() {
            "1" => "true".into(),
            "0" => "false".into(),
            other => other.to_owned().into(),
        }),
        Some(Kind::Number) => match text.trim().parse::<i64>() {
            Ok(number) => Normal::Text(number.to_string().into()),
            Err(_) => Normal::Text(text),
        },
        Some(Kind::Binary) => Normal::Text(without_blanks(&text).into()),
        _ if field.is_some_and(|field| field.pem) => Normal::Text(pem_body(&text).into()),
        _ if text.contains('\r') => Normal::Text(text.replace("\r\n", "\n").into()),
        _ => Normal::Text(text),
    }
}

/// The API's spelling of the value that an org gives back.
fn folded(values: &Enumeration, text: &str) -> String {
    match values.find(text) {
        Some(value) => match &value.folds_into {
            Some(folded) => folded.clone(),
            None if value.matches(text) => text.to_owned(),
            None => value.name.clone(),
        },
        None => text.to_owned(),
    }
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

/// What counts of a certificate: an org gives it back on one line without its first and last (CA section 1.1).
fn pem_body(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("-----"))
        .flat_map(str::split_whitespace)
        .collect()
}

/// What an org means by not showing an element.
fn default<'a>(field: Option<&'a Field>, rules: Rules) -> Normal<'a> {
    match field {
        Some(field @ Field { default: Some(default), .. }) if field.exists_at(rules.api_version) => {
            normal_text(Some(field), Cow::Borrowed(default))
        }
        _ => Normal::Nothing,
    }
}

/// What a value says, where nothing means the default, and a group of which every element is left out means
/// nothing.
pub(super) fn or_default<'a>(field: Option<&'a Field>, rules: Rules, value: Normal<'a>) -> Normal<'a> {
    match value {
        Normal::Nothing => default(field, rules),
        Normal::Group(elements) if elements.is_empty() => Normal::Nothing,
        value => value,
    }
}
