//! Wanted values against those an org holds: the fields that differ.
//!
//! Two values are equal when an org would treat them as equal. What the manifest does not mention is not
//! managed, so it is never a difference. Secrets compare as "set" and "not set", never by value.

use std::collections::BTreeSet;

use crate::component::{Field, FieldPath, Fields, Group, Kind, Scalar, Tree};
use crate::reference::Reference;
use crate::secret::SecretSource;

/// A wanted value, as far as the org has told what it depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filled {
    Known(Scalar),
    Secret(SecretSource),
    /// Waits for these.
    Pending(Vec<Reference>),
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    pub path: FieldPath,
    /// What the org holds; `None` where it holds nothing or does not tell.
    pub before: Option<Tree<Scalar>>,
    pub after: Tree<Filled>,
}

/// The fields of `wanted` that an org with `existing` would have to change.
pub fn compare(group: &Group, wanted: &Fields<Filled>, existing: &Fields<Scalar>) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare_group(group, &FieldPath::root(), wanted, existing, &mut changes);
    changes
}

/// Every field of `wanted`, as for an org without the component.
pub fn everything(wanted: Fields<Filled>) -> Vec<FieldChange> {
    fn walk(at: &FieldPath, wanted: Fields<Filled>, changes: &mut Vec<FieldChange>) {
        for (name, value) in wanted {
            let path = at.element(name);
            match value {
                Tree::Group(fields) => walk(&path, fields, changes),
                value => changes.push(FieldChange { path, before: None, after: value }),
            }
        }
    }
    let mut changes = Vec::new();
    walk(&FieldPath::root(), wanted, &mut changes);
    changes
}

fn compare_group(
    group: &Group,
    at: &FieldPath,
    wanted: &Fields<Filled>,
    existing: &Fields<Scalar>,
    changes: &mut Vec<FieldChange>,
) {
    for (name, wanted) in wanted {
        let path = at.element(name.clone());
        let before = existing.get(name);
        let field = group.field(name);
        match (field, wanted) {
            (Some(Field { kind: Kind::Group(inner), repeated: false, .. }), Tree::Group(fields)) => {
                let empty = Fields::new();
                let existing = match before {
                    Some(Tree::Group(existing)) => existing,
                    _ => &empty,
                };
                compare_group(inner, &path, fields, existing, changes);
            }
            _ if is_equal(field, wanted, before) => {}
            _ => changes.push(FieldChange { path, before: before.cloned(), after: wanted.clone() }),
        }
    }
}

fn is_equal(field: Option<&Field>, wanted: &Tree<Filled>, before: Option<&Tree<Scalar>>) -> bool {
    match wanted {
        Tree::Leaf(Filled::Secret(_)) => match field {
            // Where an org shows that there is a secret, nothing shown means there is none (AP-22);
            // elsewhere it never tells (CA-81), and there is nothing to compare.
            Some(field) if field.write_only && field.masked.is_none() => true,
            _ => before.is_some(),
        },
        Tree::Leaf(Filled::Pending(_)) => false,
        wanted => {
            let mut complete = true;
            wanted.each_leaf(&mut |leaf| complete &= matches!(leaf, Filled::Known(_)));
            complete
                && normal(field, &known(wanted))
                    == before.map_or_else(|| absent(field), |before| normal(field, before))
        }
    }
}

/// The tree without the states of its leaves; only for trees of known leaves.
fn known(tree: &Tree<Filled>) -> Tree<Scalar> {
    match tree {
        Tree::Leaf(Filled::Known(scalar)) => Tree::Leaf(scalar.clone()),
        Tree::Leaf(_) => Tree::Leaf(Scalar::Nil),
        Tree::List(items) => Tree::List(items.iter().map(known).collect()),
        Tree::Group(fields) => {
            Tree::Group(fields.iter().map(|(name, field)| (name.clone(), known(field))).collect())
        }
    }
}

/// A value in the one form that all equal values share.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Normal {
    Nothing,
    Text(String),
    /// Elements of one name, whose order means nothing.
    Set(BTreeSet<Normal>),
    Group(Vec<(String, Normal)>),
}

fn normal(field: Option<&Field>, tree: &Tree<Scalar>) -> Normal {
    match tree {
        Tree::List(items) => Normal::Set(
            items.iter().map(|item| normal(field, item)).filter(|item| *item != Normal::Nothing).collect(),
        ),
        // One repeated element, as read from XML.
        single if field.is_some_and(|field| field.repeated) && !matches!(single, Tree::Group(_)) => {
            Normal::Set(BTreeSet::from([normal_one(field, single)]))
        }
        single => normal_one(field, single),
    }
}

fn normal_one(field: Option<&Field>, tree: &Tree<Scalar>) -> Normal {
    match tree {
        Tree::Leaf(scalar) => {
            let text = scalar.to_string();
            match field {
                Some(field) if field.separator.is_some() => Normal::Set(
                    field.split(&text).into_iter().map(|one| Normal::Text(one.to_owned())).collect(),
                ),
                Some(Field { kind: Kind::Enumeration(values), .. }) => {
                    let folded = values.find(&text).map(|value| match &value.folds_into {
                        Some(folded) => folded.clone(),
                        None if value.matches(&text) => text.clone(),
                        None => value.name.clone(),
                    });
                    Normal::Text(folded.unwrap_or(text))
                }
                _ if text.is_empty() => Normal::Nothing,
                _ => Normal::Text(text.replace("\r\n", "\n")),
            }
        }
        Tree::Group(fields) => {
            let group = match field.map(|field| &field.kind) {
                Some(Kind::Group(group)) => Some(group),
                _ => None,
            };
            let inner = |name: &str| group.and_then(|group| group.field(name));
            Normal::Group(
                fields.iter().map(|(name, tree)| (name.to_string(), normal(inner(name), tree))).collect(),
            )
        }
        Tree::List(_) => normal(field, tree),
    }
}

/// What an org means by not showing an element.
fn absent(field: Option<&Field>) -> Normal {
    match field {
        Some(field) if field.repeated || field.separator.is_some() => Normal::Set(BTreeSet::new()),
        Some(Field { default: Some(default), .. }) => Normal::Text(default.clone()),
        _ => Normal::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::type_named;

    fn text(text: &str) -> Scalar {
        Scalar::Text(text.to_owned())
    }

    fn differs(kind: &str, path: &str, wanted: Tree<Filled>, existing: Option<Tree<Scalar>>) -> bool {
        let kind = type_named(kind).unwrap();
        let (group, name) = match path.split_once('.') {
            Some((outer, name)) => match &kind.fields.field(outer).unwrap().kind {
                Kind::Group(group) => (group, name),
                _ => panic!("{outer} is no group"),
            },
            None => (&kind.fields, path),
        };
        let wanted = Fields::from([(name.to_owned().into(), wanted)]);
        let existing = existing.map(|tree| (name.to_owned().into(), tree)).into_iter().collect();
        !compare(group, &wanted, &existing).is_empty()
    }

    fn list(values: &[&str]) -> Tree<Scalar> {
        Tree::List(values.iter().map(|value| Tree::Leaf(text(value))).collect())
    }

    fn wanted(tree: &Tree<Scalar>) -> Tree<Filled> {
        match tree {
            Tree::Leaf(scalar) => Tree::Leaf(Filled::Known(scalar.clone())),
            Tree::List(items) => Tree::List(items.iter().map(wanted).collect()),
            Tree::Group(fields) => {
                Tree::Group(fields.iter().map(|(name, field)| (name.clone(), wanted(field))).collect())
            }
        }
    }

    #[test]
    fn scopes_compare_as_a_set_with_aliases_folded() {
        let scopes = |mine: &[&str], theirs: &[&str]| {
            differs("ConnectedApp", "oauthConfig.scopes", wanted(&list(mine)), Some(list(theirs)))
        };
        assert!(!scopes(&["RefreshToken", "Full"], &["Full", "RefreshToken"]));
        assert!(!scopes(&["OfflineAccess", "Email", "Basic"], &["Basic", "RefreshToken"]));
        assert!(scopes(&["Full"], &["Full", "RefreshToken"]));
    }

    #[test]
    fn callback_lines_compare_without_order_and_white_space() {
        let lines = |mine: &str, theirs: &str| {
            let mine = Tree::Leaf(Filled::Known(text(mine)));
            differs("ConnectedApp", "oauthConfig.callbackUrl", mine, Some(Tree::Leaf(text(theirs))))
        };
        assert!(!lines("https://a/1\nhttps://b/2", "https://b/2\r\n  https://a/1"));
        assert!(lines("https://a/1", "https://a/1\nhttps://b/2"));
    }

    #[test]
    fn an_absent_element_equals_its_default_and_empty_text() {
        let flag = |flag| Tree::Leaf(Filled::Known(Scalar::Flag(flag)));
        assert!(!differs("ConnectedApp", "oauthConfig.isPkceRequired", flag(false), None));
        assert!(differs("ConnectedApp", "oauthConfig.isPkceRequired", flag(true), None));
        assert!(!differs("ConnectedApp", "description", Tree::Leaf(Filled::Known(text(""))), None));
    }

    #[test]
    fn a_secret_is_set_or_not_set() {
        let secret = || Tree::Leaf(Filled::Secret(SecretSource::Environment("X".to_owned())));
        let masked = Some(Tree::Leaf(text("Placeholder_Value")));
        assert!(!differs("AuthProvider", "consumerSecret", secret(), masked));
        assert!(differs("AuthProvider", "consumerSecret", secret(), None));
        // An app's secret is never given back, set or not (CA-81).
        assert!(!differs("ConnectedApp", "oauthConfig.consumerSecret", secret(), None));
    }
}
