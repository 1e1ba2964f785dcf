//! In which order things stand, and which of them are tables below a header: what the layout takes from the
//! type descriptions.

use toml_edit::Value;

use crate::component::{Group, Kind, Type, type_with_key};
use crate::setting::ONLY_IF;

/// Where a type stands among others.
pub type TypeRank = (u8, String);

/// Where a field stands among others of its table: those that lead, the others by key, `extra` last.
pub type FieldRank = (usize, String);

/// Ranks the key of a type; without a description it comes after all types.
pub fn type_order(key: &str) -> TypeRank {
    (type_with_key(key).map_or(u8::MAX, |kind| kind.order), key.to_owned())
}

/// Ranks the keys of a table. `lead` has API names: those of a type for a component, and for an item of a
/// list those that tell it from others.
pub fn field_order<'a>(group: &'a Group, lead: &'a [String]) -> impl Fn(&str) -> FieldRank + 'a {
    move |key| {
        let place = group
            .field_with_key(key)
            .map(|field| lead.iter().position(|name| *name == field.name).unwrap_or(lead.len()));
        match place {
            Some(place) => (place + 1, key.to_owned()),
            // It decides about all the others.
            None if key == ONLY_IF => (0, String::new()),
            None if key == "extra" => (usize::MAX, key.to_owned()),
            None => (lead.len() + 1, key.to_owned()),
        }
    }
}

/// What a table is, by where it stands.
#[derive(Clone, Copy)]
pub enum Shape {
    File,
    /// All components of a type.
    Components(&'static Type),
    /// A component, or a table inside one, with what leads in it.
    Fields(&'static Group, &'static [String]),
    Environments,
    Environment,
    /// `[org]`
    Named,
    /// A table whose keys the author chose, such as `[variables]`.
    Own,
    /// A value that happens to be a table, such as `{ env = "NAME" }`.
    Value,
    /// Neither described nor refused here: stays as it was written.
    Unknown,
}

/// Sorts the keys of a table.
pub type Rank = (usize, FieldRank);

impl Shape {
    pub fn inside(self, key: &str) -> Shape {
        match self {
            Shape::File | Shape::Environment => match key {
                "variables" => Shape::Own,
                "environment" | "org" | "templates" if matches!(self, Shape::Environment) => Shape::Unknown,
                "environment" => Shape::Environments,
                "org" | "manual-step" => Shape::Named,
                "lint" | "templates" => Shape::Own,
                _ => type_with_key(key).map_or(Shape::Unknown, Shape::Components),
            },
            Shape::Components(kind) => Shape::Fields(&kind.fields, &kind.lead),
            Shape::Fields(group, _) => match group.field_with_key(key) {
                Some(field) => match &field.kind {
                    Kind::Group(inner) => Shape::Fields(inner, &field.identity),
                    _ => Shape::Value,
                },
                None => Shape::Unknown,
            },
            Shape::Environments => Shape::Environment,
            Shape::Named => Shape::Own,
            Shape::Own | Shape::Value | Shape::Unknown => Shape::Unknown,
        }
    }

    /// Whether an inline table with this shape moves below a header.
    pub fn needs_header(self, value: &Value) -> bool {
        !matches!(self, Shape::Value | Shape::Unknown) && !is_nil(value)
    }

    pub fn rank(self, key: &str) -> Option<Rank> {
        let by_type = |first: usize| {
            let (order, key) = type_order(key);
            (first, (usize::from(order), key))
        };
        match self {
            Shape::File => Some(match key {
                "api-version" => (0, (0, String::new())),
                "manifests" | "guide" => (0, (1, String::new())),
                "variables" => (1, (0, String::new())),
                "org" => (3, (0, String::new())),
                "manual-step" => (4, (0, String::new())),
                "environment" => (5, (0, String::new())),
                "lint" => (6, (0, String::new())),
                "templates" => (7, (0, String::new())),
                "moved" => (8, (0, String::new())),
                _ => by_type(2),
            }),
            Shape::Environment => Some(match key {
                "org" => (0, (0, String::new())),
                "production" => (0, (1, String::new())),
                "predict-callback" => (0, (2, String::new())),
                "variables" => (1, (0, String::new())),
                "lint" => (3, (0, String::new())),
                _ => by_type(2),
            }),
            Shape::Fields(group, lead) => Some((0, field_order(group, lead)(key))),
            _ => None,
        }
    }
}

/// `{ nil = true }`: no table, though written like one.
fn is_nil(value: &Value) -> bool {
    value.as_inline_table().is_some_and(|table| {
        table.len() == 1 && table.get("nil").and_then(Value::as_bool).is_some_and(|flag| flag)
    })
}
