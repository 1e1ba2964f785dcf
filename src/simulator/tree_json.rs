//! Trees of values as JSON: text, flag, number and null for leaves, arrays for lists, objects for groups.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::component::{Fields, Scalar, Tree};

pub(super) fn serialize<S: Serializer>(fields: &Fields<Scalar>, serializer: S) -> Result<S::Ok, S::Error> {
    of_fields(fields).serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fields<Scalar>, D::Error> {
    let object: Map<String, Value> = Map::deserialize(deserializer)?;
    to_fields(object).map_err(D::Error::custom)
}

fn of_fields(fields: &Fields<Scalar>) -> Value {
    Value::Object(fields.iter().map(|(name, tree)| (name.to_string(), of_tree(tree))).collect())
}

fn of_tree(tree: &Tree<Scalar>) -> Value {
    match tree {
        Tree::Leaf(Scalar::Text(text)) => Value::from(text.as_str()),
        Tree::Leaf(Scalar::Flag(flag)) => Value::from(*flag),
        Tree::Leaf(Scalar::Number(number)) => Value::from(*number),
        Tree::Leaf(Scalar::Nil) => Value::Null,
        Tree::List(items) => items.iter().map(of_tree).collect(),
        Tree::Group(fields) => of_fields(fields),
    }
}

fn to_fields(object: Map<String, Value>) -> Result<Fields<Scalar>, &'static str> {
    object.into_iter().map(|(name, value)| Ok((name.into(), to_tree(value)?))).collect()
}

fn to_tree(value: Value) -> Result<Tree<Scalar>, &'static str> {
    Ok(match value {
        Value::Null => Tree::Leaf(Scalar::Nil),
        Value::Bool(flag) => Tree::Leaf(Scalar::Flag(flag)),
        Value::Number(number) => Tree::Leaf(Scalar::Number(number.as_i64().ok_or("not a whole number")?)),
        Value::String(text) => Tree::Leaf(Scalar::Text(text)),
        Value::Array(items) => Tree::List(items.into_iter().map(to_tree).collect::<Result<_, _>>()?),
        Value::Object(object) => Tree::Group(to_fields(object)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_survives_the_way_there_and_back() {
        let leaf = Tree::Leaf;
        let fields = Fields::from([
            ("flag".into(), leaf(Scalar::Flag(true))),
            ("group".into(), Tree::Group(Fields::from([("n".into(), leaf(Scalar::Number(-1)))]))),
            ("list".into(), Tree::List(vec![leaf(Scalar::Text("true".to_owned())), leaf(Scalar::Nil)])),
        ]);
        let Value::Object(object) = of_fields(&fields) else { panic!("not an object") };
        assert_eq!(
            Value::Object(object.clone()).to_string(),
            "{\"flag\":true,\"group\":{\"n\":-1},\"list\":[\"true\",null]}"
        );
        assert_eq!(to_fields(object), Ok(fields));
    }
}
