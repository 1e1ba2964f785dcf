//! The values of a component: leaves, repeated elements and nested elements, in the API's names.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// The API's name of an element. Borrowed from the descriptions where it can be, which is almost always: a
/// project of thousands of components holds few names.
pub type Name = Cow<'static, str>;

/// Elements of one parent by API name. A `BTreeMap`, because byte order of the names is the order in which
/// an org writes them.
pub type Fields<L> = BTreeMap<Name, Tree<L>>;

/// A value with leaves of type `L`: as observed in an org (`Scalar`), or as wanted by a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree<L> {
    Leaf(L),
    List(Vec<Tree<L>>),
    Group(Fields<L>),
}

impl<L> Tree<L> {
    pub fn as_leaf(&self) -> Option<&L> {
        match self {
            Tree::Leaf(leaf) => Some(leaf),
            _ => None,
        }
    }

    /// Calls `visit` with every leaf, in order.
    pub fn each_leaf<'a>(&'a self, visit: &mut impl FnMut(&'a L)) {
        match self {
            Tree::Leaf(leaf) => visit(leaf),
            Tree::List(items) => items.iter().for_each(|item| item.each_leaf(visit)),
            Tree::Group(fields) => fields.values().for_each(|field| field.each_leaf(visit)),
        }
    }
}

/// What one element without children can hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scalar {
    Text(String),
    Flag(bool),
    Number(i64),
    /// `xsi:nil="true"`: there on purpose, and without a value. Not the same as empty text.
    Nil,
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Text(text) => f.write_str(text),
            Scalar::Flag(flag) => flag.fmt(f),
            Scalar::Number(number) => number.fmt(f),
            Scalar::Nil => f.write_str("nil"),
        }
    }
}
