//! Paths that are about the same thing, though one says more than the other.

use crate::component::{FieldPath, Fields, Step, Tree};

/// Whether one is the other, or lies within it. Items of lists have numbers here and names there, so that all items of one
/// list are related.
pub(super) fn are_related(one: &FieldPath, other: &FieldPath) -> bool {
    for pair in one.0.iter().zip(&other.0) {
        match pair {
            (Step::Element(one), Step::Element(other)) if one == other => {}
            (Step::Element(_), Step::Element(_)) => return false,
            _ => return true,
        }
    }
    true
}

/// Every leaf, with its path.
pub(super) fn leaves<L>(fields: &Fields<L>) -> Vec<(FieldPath, &L)> {
    fn walk<'a, L>(path: FieldPath, tree: &'a Tree<L>, found: &mut Vec<(FieldPath, &'a L)>) {
        match tree {
            Tree::Leaf(leaf) => found.push((path, leaf)),
            Tree::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(path.index(index), item, found);
                }
            }
            Tree::Group(fields) => {
                for (name, field) in fields {
                    walk(path.element(name.clone()), field, found);
                }
            }
        }
    }
    let mut found = Vec::new();
    for (name, field) in fields {
        walk(FieldPath::root().element(name.clone()), field, &mut found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_related_to_itself_and_to_what_it_holds() {
        let related = |one: &str, other: &str| are_related(&FieldPath::of(one), &FieldPath::of(other));
        assert!(related("oauthConfig.callbackUrl", "oauthConfig.callbackUrl"));
        assert!(related("oauthConfig", "oauthConfig.callbackUrl"));
        assert!(!related("oauthConfig.callbackUrl", "oauthConfig.scopes"));
        assert!(!related("label", "logoUrl"));
        let item = FieldPath::of("attributes").index(0).element("key");
        let named = FieldPath(vec![Step::Element("attributes".into()), Step::Item("k".to_owned())]);
        assert!(are_related(&item, &named));
    }
}
