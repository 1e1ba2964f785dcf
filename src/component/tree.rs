//! The values of a component: leaves, repeated elements and nested elements, in the API's names.

use std::borrow::Cow;
use std::fmt;

use super::{FieldPath, Step};

/// The API's name of an element. Borrowed from the descriptions where it can be, which is almost always: a
/// project of thousands of components holds few names.
pub type Name = Cow<'static, str>;

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

/// Elements of one parent by API name, sorted: byte order of the names is the order in which an org writes
/// them.
///
/// A sorted vector rather than a `BTreeMap`: most parents have a handful of elements, a map's node has room
/// for eleven, and projects of thousands of components are slow by the memory they touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields<L>(Vec<(Name, Tree<L>)>);

impl<L> Fields<L> {
    pub fn new() -> Self {
        Fields(Vec::new())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_ref().cmp(name))
    }

    pub fn get(&self, name: &str) -> Option<&Tree<L>> {
        self.find(name).ok().map(|at| &self.0[at].1)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Tree<L>> {
        self.find(name).ok().map(|at| &mut self.0[at].1)
    }

    pub fn contains_key(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// The element at a path of names and of places in lists.
    pub fn at(&self, path: &FieldPath) -> Option<&Tree<L>> {
        let (first, rest) = path.0.split_first()?;
        let Step::Element(name) = first else { return None };
        rest.iter().try_fold(self.get(name)?, |tree, step| match (step, tree) {
            (Step::Element(name), Tree::Group(fields)) => fields.get(name),
            (Step::Index(index), Tree::List(items)) => items.get(*index),
            _ => None,
        })
    }

    /// Replaces the element of this name, if there is one, and returns what it was.
    pub fn insert(&mut self, name: Name, tree: Tree<L>) -> Option<Tree<L>> {
        match self.find(&name) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, tree)),
            Err(at) => {
                self.0.insert(at, (name, tree));
                None
            }
        }
    }

    pub fn remove(&mut self, name: &str) -> Option<Tree<L>> {
        self.find(name).ok().map(|at| self.0.remove(at).1)
    }

    /// The element of this name, made first if there is none.
    pub fn get_or_insert_with(&mut self, name: Name, make: impl FnOnce() -> Tree<L>) -> &mut Tree<L> {
        let at = match self.find(&name) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (name, make()));
                at
            }
        };
        &mut self.0[at].1
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Tree<L>)> {
        self.0.iter().map(|(name, tree)| (name, tree))
    }

    pub fn keys(&self) -> impl Iterator<Item = &Name> {
        self.0.iter().map(|(name, _)| name)
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&Name, &mut Tree<L>) -> bool) {
        self.0.retain_mut(|(name, tree)| keep(name, tree));
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Tree<L>> {
        self.0.iter_mut().map(|(_, tree)| tree)
    }

    pub fn values(&self) -> impl Iterator<Item = &Tree<L>> {
        self.0.iter().map(|(_, tree)| tree)
    }
}

impl Fields<Scalar> {
    /// The text at a path, if there is any.
    pub fn text_at(&self, path: &FieldPath) -> Option<&str> {
        match self.at(path)?.as_leaf()? {
            Scalar::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }
}

impl<L> Default for Fields<L> {
    fn default() -> Self {
        Fields::new()
    }
}

impl<L> std::ops::Index<&str> for Fields<L> {
    type Output = Tree<L>;

    fn index(&self, name: &str) -> &Tree<L> {
        self.get(name).expect("the element is there")
    }
}

impl<L> IntoIterator for Fields<L> {
    type Item = (Name, Tree<L>);
    type IntoIter = std::vec::IntoIter<(Name, Tree<L>)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, L> IntoIterator for &'a Fields<L> {
    type Item = (&'a Name, &'a Tree<L>);
    type IntoIter =
        std::iter::Map<std::slice::Iter<'a, (Name, Tree<L>)>, fn(&'a (Name, Tree<L>)) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(name, tree)| (name, tree))
    }
}

impl<L> FromIterator<(Name, Tree<L>)> for Fields<L> {
    fn from_iter<I: IntoIterator<Item = (Name, Tree<L>)>>(elements: I) -> Self {
        let mut fields = Fields::new();
        // In order already, almost always, and then each lands at the end.
        elements.into_iter().for_each(|(name, tree)| drop(fields.insert(name, tree)));
        fields
    }
}

impl<L, const N: usize> From<[(Name, Tree<L>); N]> for Fields<L> {
    fn from(elements: [(Name, Tree<L>); N]) -> Self {
        elements.into_iter().collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_kept_in_the_order_of_their_names() {
        let mut fields: Fields<u8> = Fields::from([("b".into(), Tree::Leaf(2)), ("a".into(), Tree::Leaf(1))]);
        assert_eq!(fields.insert("B".into(), Tree::Leaf(0)), None);
        assert_eq!(fields.insert("a".into(), Tree::Leaf(3)), Some(Tree::Leaf(1)));
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["B", "a", "b"]);
        assert_eq!(fields.remove("B"), Some(Tree::Leaf(0)));
        assert_eq!((fields.get("a"), fields.get("c")), (Some(&Tree::Leaf(3)), None));
        *fields.get_or_insert_with("c".into(), || Tree::Leaf(9)) = Tree::Leaf(4);
        assert_eq!(fields["c"], Tree::Leaf(4));
    }
}
