//! The fields in which two components of one type differ.
//!
//! How an element is normalised says its description: lists without order, values that fold into others, defaults,
//! what an org makes up itself. Secrets compare by state, never by value.
//!
//! [`compare`] holds what a manifest asks for against what an org has: what the manifest does not mention is not
//! managed, so it is never a difference. [`differences`] holds two components of any origin against each other.

use std::collections::BTreeMap;

use super::leaf::{Filled, Held, Leaf, Look, Rules, SecretState, secret_state};
use super::normal::{Normal, normal, or_default};
use super::pattern::formulas_agree;

use crate::component::{Field, FieldPath, Fields, Group, Kind, Scalar, Tree};

/// One field that differs from what a manifest asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    pub path: FieldPath,
    /// What the org holds; `None` where it holds nothing or does not tell.
    pub before: Option<Tree<Scalar>>,
    pub after: Tree<Filled>,
}

/// The fields of `wanted` that an org with `existing` would have to change.
pub fn compare(
    group: &Group,
    api_version: u16,
    wanted: &Fields<Filled>,
    existing: &Fields<Scalar>,
) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let rules = Rules { api_version, with_org: true, is_plan: true };
    compare_group(group, rules, &FieldPath::root(), wanted, existing, &mut changes);
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
    rules: Rules,
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
            (Some(Field { kind: Kind::Group(inner), repeated: false, clears, .. }), Tree::Group(fields))
                if !(*clears && fields.is_empty()) =>
            {
                let empty = Fields::new();
                let existing = match before {
                    Some(Tree::Group(existing)) => existing,
                    _ => &empty,
                };
                compare_group(inner, rules, &path, fields, existing, changes);
            }
            _ if is_equal(field, rules, before, Some(wanted)) => {}
            _ => {
                let mut before = before.cloned();
                before.iter_mut().for_each(put_in_order);
                changes.push(FieldChange { path, before, after: wanted.clone() });
            }
        }
    }
    let left_out = group.fields.iter().filter(|field| field.gone_if_left_out);
    for field in left_out.filter(|field| !wanted.contains_key(field.name.as_str())) {
        if let Some(before) = existing.get(field.name.as_str()) {
            let after = Tree::Leaf(Filled::Known(Scalar::Nil));
            let path = at.element(field.name.clone());
            changes.push(FieldChange { path, before: Some(before.clone()), after });
        }
    }
}

/// Sorts the elements of each list, groups inside of them included.
pub fn put_in_order<L: std::fmt::Debug>(tree: &mut Tree<L>) {
    match tree {
        Tree::Leaf(_) => {}
        Tree::Group(fields) => fields.values_mut().for_each(put_in_order),
        Tree::List(items) => {
            items.iter_mut().for_each(put_in_order);
            items.sort_by_cached_key(|item| format!("{item:?}"));
        }
    }
}

/// One field that differs between two sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub path: FieldPath,
    pub before: Option<Tree<Held>>,
    pub after: Option<Tree<Held>>,
}

/// The fields in which two components of one type differ. Items of a list that its description can tell apart
/// are compared one by one.
pub fn differences(
    group: &Group,
    rules: Rules,
    before: &Fields<Held>,
    after: &Fields<Held>,
) -> Vec<Difference> {
    let mut found = Vec::new();
    differences_of(Some(group), rules, &FieldPath::root(), before, after, &mut found);
    found
}

fn differences_of(
    group: Option<&Group>,
    rules: Rules,
    at: &FieldPath,
    before: &Fields<Held>,
    after: &Fields<Held>,
    found: &mut Vec<Difference>,
) {
    let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let field = group.and_then(|group| group.field(name));
        let (before, after) = (before.get(name), after.get(name));
        let path = at.element(name.clone());
        if is_equal(field, rules, before, after) {
            continue;
        }
        let inner = match field.map(|field| &field.kind) {
            Some(Kind::Group(inner)) => Some(inner),
            _ => None,
        };
        let nothing = Fields::new();
        match (field, before, after) {
            (Some(field), before, after) if field.repeated && !field.identity.is_empty() => {
                by_identity(field, rules, &path, before, after, found);
            }
            (_, Some(Tree::Group(before)), Some(Tree::Group(after))) => {
                differences_of(inner, rules, &path, before, after, found);
            }
            (Some(_), None, Some(Tree::Group(after))) if inner.is_some() && !after.is_empty() => {
                differences_of(inner, rules, &path, &nothing, after, found);
            }
            (Some(_), Some(Tree::Group(before)), None) if inner.is_some() && !before.is_empty() => {
                differences_of(inner, rules, &path, before, &nothing, found);
            }
            _ => found.push(Difference { path, before: before.cloned(), after: after.cloned() }),
        }
    }
}

/// The items of a list.
fn items<L>(tree: Option<&Tree<L>>) -> &[Tree<L>] {
    match tree {
        None => &[],
        Some(Tree::List(items)) => items,
        Some(single) => std::slice::from_ref(single),
    }
}

/// Compares the items of two lists that have the same identity; those alone in theirs were added or removed.
fn by_identity(
    field: &Field,
    rules: Rules,
    at: &FieldPath,
    before: Option<&Tree<Held>>,
    after: Option<&Tree<Held>>,
    found: &mut Vec<Difference>,
) {
    type Pair<'a> = (Vec<&'a Tree<Held>>, Vec<&'a Tree<Held>>);
    let mut pairs: BTreeMap<String, Pair<'_>> = BTreeMap::new();
    for item in items(before) {
        pairs.entry(identity(field, item)).or_default().0.push(item);
    }
    for item in items(after) {
        pairs.entry(identity(field, item)).or_default().1.push(item);
    }
    let inner = match &field.kind {
        Kind::Group(inner) => Some(inner),
        _ => None,
    };
    for (name, (mut before, mut after)) in pairs {
        without_twins(field, rules, &mut before, &mut after);
        let path = at.item(name);
        for index in 0..before.len().max(after.len()) {
            match (before.get(index), after.get(index)) {
                (Some(Tree::Group(before)), Some(Tree::Group(after))) => {
                    differences_of(inner, rules, &path, before, after, found);
                }
                (before, after) => found.push(Difference {
                    path: path.clone(),
                    before: before.map(|tree| (*tree).clone()),
                    after: after.map(|tree| (*tree).clone()),
                }),
            }
        }
    }
}

/// Takes away what stands on both sides: it is no difference, whatever its place among items of the same identity.
fn without_twins<'t>(
    field: &'t Field,
    rules: Rules,
    before: &mut Vec<&'t Tree<Held>>,
    after: &mut Vec<&'t Tree<Held>>,
) {
    // What waits for an org has no value yet.
    let value = |item: &'t Tree<Held>| {
        let has_one = matches!(item, Tree::Group(_)) && !field.clears && !waits(Some(item));
        has_one.then(|| normal(Some(field), rules, item))
    };
    // By value, because thousands may have the same identity, and few what has none.
    let mut places: BTreeMap<Option<Normal<'_>>, Vec<usize>> = BTreeMap::new();
    for (place, item) in after.iter().enumerate() {
        places.entry(value(item)).or_default().push(place);
    }
    let without_value = places.remove(&None).unwrap_or_default();
    let mut taken = vec![false; after.len()];
    before.retain(|item| {
        let is_twin =
            |place: &usize| !taken[*place] && is_equal(Some(field), rules, Some(*item), Some(after[*place]));
        let value = value(item);
        let twin = if value.is_none() {
            (0..after.len()).find(is_twin)
        } else {
            let mut same =
                places.get_mut(&value).into_iter().flat_map(|same| std::iter::from_fn(|| same.pop()));
            same.find(|place| !taken[*place]).or_else(|| without_value.iter().copied().find(is_twin))
        };
        if let Some(place) = twin {
            taken[place] = true;
        }
        twin.is_none()
    });
    let mut taken = taken.into_iter();
    after.retain(|_| taken.next() == Some(false));
}

/// What tells an item from the others of its list, for people: `Account`, `Scope / AuthParameter`.
fn identity(field: &Field, item: &Tree<Held>) -> String {
    let Tree::Group(fields) = item else { return String::new() };
    // What an org makes up where it is missing tells nothing.
    let assigned = |name: &str| match &field.kind {
        Kind::Group(group) => group.field(name).is_some_and(|child| child.assigned),
        _ => false,
    };
    let told = field.identity.iter().filter(|name| !assigned(name));
    let parts = told.filter_map(|name| match fields.get(name)?.as_leaf()? {
        Held::Known(scalar) => Some(scalar.to_string()),
        Held::Secret(_) => None,
        Held::Waits(formula) => Some(formula.to_string()),
    });
    parts.collect::<Vec<_>>().join(" / ")
}

/// Whether an org would treat the two as equal.
pub(super) fn is_equal<B: Leaf, A: Leaf>(
    field: Option<&Field>,
    rules: Rules,
    before: Option<&Tree<B>>,
    after: Option<&Tree<A>>,
) -> bool {
    if field.is_some_and(|field| field.read_only) {
        return true;
    }
    if let Some(field) = field.filter(|field| field.secret) {
        return secrets_agree(field, rules, before, after);
    }
    let assigned = field.is_some_and(|field| field.assigned);
    match (is_there(before), is_there(after)) {
        (false, false) => return true,
        (true, false) if assigned => return true,
        // What is asked for has to be sent, whether or not the org makes one up.
        (false, true) if assigned && !rules.is_plan => return true,
        _ => {}
    }
    // A key that is read from somewhere, or made by us, is whatever the other side has.
    if is_sourced(before) || is_sourced(after) {
        return is_there(before) && is_there(after);
    }
    if waits(before) || waits(after) {
        return formulas_agree(field, before, after);
    }
    // An element marked as having no value reads as absent, but an empty one is there on purpose.
    if is_nil(before) && is_empty(after) || is_empty(before) && is_nil(after) {
        return false;
    }
    if field.is_some_and(|field| field.clears) && is_empty(before) != is_empty(after) {
        return false;
    }
    let normal_before = before.map_or(Normal::Nothing, |tree| normal(field, rules, tree));
    let normal_after = after.map_or(Normal::Nothing, |tree| normal(field, rules, tree));
    or_default(field, rules, normal_before) == or_default(field, rules, normal_after)
        || items_agree(field, rules, before, after)
}

/// Whether the items of two lists are equal in pairs, though an org made up values in some of them.
fn items_agree<B: Leaf, A: Leaf>(
    field: Option<&Field>,
    rules: Rules,
    before: Option<&Tree<B>>,
    after: Option<&Tree<A>>,
) -> bool {
    let Some(Field { kind: Kind::Group(group), repeated: true, .. }) = field else { return false };
    let (before, after) = (items(before), items(after));
    if before.len() != after.len() || !group.fields.iter().any(|field| field.assigned) {
        return false;
    }
    let mut left: Vec<&Tree<A>> = after.iter().collect();
    before.iter().all(|item| {
        let twin = left.iter().position(|other| match (item, other) {
            (Tree::Group(one), Tree::Group(other)) => groups_agree(group, rules, one, other),
            _ => false,
        });
        twin.map(|at| left.swap_remove(at)).is_some()
    })
}

fn groups_agree<B: Leaf, A: Leaf>(
    group: &Group,
    rules: Rules,
    before: &Fields<B>,
    after: &Fields<A>,
) -> bool {
    let missing_before = after.keys().filter(|name| !before.contains_key(name));
    before.keys().chain(missing_before).all(|name| {
        let field = group.field(name);
        is_equal(field, rules, before.get(name), after.get(name))
    })
}

/// Whether there is anything: neither left out nor marked as having no value.
fn is_there<L: Leaf>(tree: Option<&Tree<L>>) -> bool {
    tree.is_some() && !is_nil(tree)
}

fn is_nil<L: Leaf>(tree: Option<&Tree<L>>) -> bool {
    matches!(tree, Some(Tree::Leaf(leaf)) if matches!(leaf.look(), Look::Known(Scalar::Nil)))
}

fn is_empty<L: Leaf>(tree: Option<&Tree<L>>) -> bool {
    match tree {
        Some(Tree::Leaf(leaf)) => matches!(leaf.look(), Look::Known(Scalar::Text(text)) if text.is_empty()),
        Some(Tree::Group(fields)) => fields.is_empty(),
        Some(Tree::List(items)) => items.iter().all(|item| is_empty(Some(item))),
        None => false,
    }
}

fn is_sourced<L: Leaf>(tree: Option<&Tree<L>>) -> bool {
    matches!(tree, Some(Tree::Leaf(leaf)) if matches!(leaf.look(), Look::Secret))
}

fn waits<L: Leaf>(tree: Option<&Tree<L>>) -> bool {
    let mut waits = false;
    if let Some(tree) = tree {
        tree.each_leaf(&mut |leaf| waits |= matches!(leaf.look(), Look::Waits(_) | Look::Pending));
    }
    waits
}

fn secrets_agree<B: Leaf, A: Leaf>(
    field: &Field,
    rules: Rules,
    before: Option<&Tree<B>>,
    after: Option<&Tree<A>>,
) -> bool {
    fn state<L: Leaf>(tree: Option<&Tree<L>>) -> Option<SecretState> {
        let look = tree?.as_leaf()?.look();
        match look {
            Look::Known(Scalar::Nil) => None,
            Look::Known(Scalar::Text(text)) if text.trim().is_empty() => None,
            _ => Some(secret_state(look)),
        }
    }
    // Where an org shows that there is a secret, nothing shown means there is none (AP-22); elsewhere it never
    // tells (CA-81), and there is nothing to compare. Files of an org's are like that as well.
    let untold = field.write_only && field.masked.is_none();
    match (state(before), state(after)) {
        (Some(SecretState::Sourced), Some(_)) | (Some(_), Some(SecretState::Sourced)) => true,
        (Some(SecretState::Sourced), None) | (None, Some(SecretState::Sourced)) => untold,
        (Some(before), Some(after)) => before == after,
        (Some(_), None) | (None, Some(_)) => untold && rules.with_org,
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::{ComponentId, type_named};
    use crate::reference::{Formula, OrgAttribute, Part, Reference};
    use crate::secret::SecretSource;

    const RULES: Rules = Rules { api_version: 62, with_org: false, is_plan: false };

    fn text(text: &str) -> Scalar {
        Scalar::Text(text.to_owned())
    }

    fn known(text: &str) -> Tree<Held> {
        Tree::Leaf(Held::Known(Scalar::Text(text.to_owned())))
    }

    fn described<'k>(kind: &str, path: &'k str) -> (&'static Group, &'k str) {
        let kind = type_named(kind).unwrap();
        match path.split_once('.') {
            Some((outer, name)) => match &kind.fields.field(outer).unwrap().kind {
                Kind::Group(group) => (group, name),
                _ => panic!("{outer} is no group"),
            },
            None => (&kind.fields, path),
        }
    }

    /// Whether an org that has this would have to change to become that.
    fn differs(kind: &str, path: &str, wanted: Tree<Filled>, existing: Option<Tree<Scalar>>) -> bool {
        let (group, name) = described(kind, path);
        let wanted = Fields::from([(name.to_owned().into(), wanted)]);
        let existing = existing.map(|tree| (name.to_owned().into(), tree)).into_iter().collect();
        !compare(group, 62, &wanted, &existing).is_empty()
    }

    /// The paths at which two files differ in one field.
    fn between(kind: &str, path: &str, before: Option<Tree<Held>>, after: Option<Tree<Held>>) -> Vec<String> {
        let (group, name) = described(kind, path);
        let fields = |tree: Option<Tree<Held>>| {
            tree.map(|tree| (name.to_owned().into(), tree)).into_iter().collect::<Fields<Held>>()
        };
        let found = differences(group, RULES, &fields(before), &fields(after));
        found.iter().map(|difference| difference.path.to_string()).collect()
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
        let policy = Fields::from([
            ("ipRelaxation".into(), known("ENFORCE")),
            ("refreshTokenPolicy".into(), known("infinite")),
        ]);
        assert!(between("ConnectedApp", "oauthPolicy", Some(Tree::Group(policy)), None).is_empty());
    }

    #[test]
    fn a_default_counts_where_the_api_version_knows_the_element() {
        let kind = type_named("ConnectedApp").unwrap();
        let Kind::Group(config) = &kind.fields.field("oauthConfig").unwrap().kind else { panic!("no group") };
        let pkce: Fields<Held> =
            Fields::from([("isPkceRequired".into(), Tree::Leaf(Held::Known(Scalar::Flag(false))))]);
        let at = |api_version| {
            let rules = Rules { api_version, with_org: false, is_plan: false };
            differences(config, rules, &pkce, &Fields::new()).len()
        };
        assert_eq!((at(62), at(50)), (0, 1));
    }

    #[test]
    fn no_value_reads_as_absent_and_is_not_empty_text() {
        let nil = || Some(Tree::Leaf(Held::Known(Scalar::Nil)));
        let at = |before, after| between("ConnectedApp", "description", before, after);
        assert!(at(nil(), None).is_empty());
        assert_eq!(at(nil(), Some(known(""))), ["description"]);
        assert_eq!(at(nil(), Some(known("x"))), ["description"]);
        assert!(at(None, Some(known(""))).is_empty());
    }

    #[test]
    fn numbers_flags_and_certificates_compare_by_what_they_mean() {
        let same = |path: &str, before: &str, after: &str| {
            between("ConnectedApp", path, Some(known(before)), Some(known(after))).is_empty()
        };
        assert!(same("oauthConfig.isAdminApproved", "1", "true"));
        assert!(!same("oauthConfig.isAdminApproved", "0", "true"));
        assert!(same("sessionPolicy.sessionTimeout", "0120", "120"));
        assert!(same("description", "a\r\nb", "a\nb"));
        assert!(!same("description", "a b", "a  b"));
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

    #[test]
    fn secrets_of_files_compare_by_state_and_never_by_value() {
        let at = |before: Option<Tree<Held>>, after| {
            !between("AuthProvider", "consumerSecret", before, after).is_empty()
        };
        let sourced = || Some(Tree::Leaf(Held::Secret(SecretSource::Environment("X".to_owned()))));
        assert!(!at(Some(known("one secret")), Some(known("another"))));
        assert!(at(Some(known("one secret")), Some(known("Placeholder_Value"))));
        assert!(at(Some(known("one secret")), None));
        assert!(!at(sourced(), Some(known("Placeholder_Value"))));
        assert!(at(sourced(), None));
    }

    #[test]
    fn what_an_org_makes_up_is_no_difference_until_both_sides_have_it() {
        let at = |before: Option<Tree<Held>>, after| {
            between("ConnectedApp", "oauthConfig.consumerKey", before, after).len()
        };
        assert_eq!(at(Some(known("3MVG9a")), None), 0);
        assert_eq!(at(Some(known("3MVG9a")), Some(known("3MVG9b"))), 1);
    }

    #[test]
    fn items_are_matched_by_what_tells_them_apart() {
        let item = |fields: &[(&str, &str)]| {
            Tree::Group(
                fields.iter().map(|(name, value)| ((*name).to_owned().into(), known(value))).collect(),
            )
        };
        let before = Tree::List(vec![
            item(&[("key", "a"), ("formula", "1")]),
            item(&[("key", "b"), ("formula", "2")]),
        ]);
        let after = Tree::List(vec![
            item(&[("key", "c"), ("formula", "4")]),
            item(&[("key", "b"), ("formula", "3")]),
        ]);
        assert_eq!(
            between("ConnectedApp", "attributes", Some(before), Some(after)),
            ["attributes[a]", "attributes[b].formula", "attributes[c]"]
        );
    }

    #[test]
    fn what_an_org_makes_up_in_an_item_is_no_difference() {
        let item = |group: Option<&str>, value: &str| {
            let named = [
                ("parameterName", Some("Scope")),
                ("parameterGroup", group),
                ("parameterValue", Some(value)),
            ];
            let fields = named.into_iter().filter_map(|(name, text)| Some((name.into(), known(text?))));
            Tree::Group(fields.collect())
        };
        let at = |before: Vec<Tree<Held>>, after: Vec<Tree<Held>>| {
            let (before, after) = (Some(Tree::List(before)), Some(Tree::List(after)));
            between("ExternalCredential", "externalCredentialParameters", before, after)
        };
        let (given, made_up) = (item(None, "api"), item(Some("DefaultGroup"), "api"));
        assert!(
            at(vec![given.clone(), item(Some("Ann"), "id")], vec![item(Some("Ann"), "id"), made_up])
                .is_empty()
        );
        assert_eq!(
            at(vec![given], vec![item(Some("DefaultGroup"), "full")]),
            ["external-credential-parameters[Scope].parameter-value"]
        );
    }

    #[test]
    fn items_of_one_identity_are_matched_by_what_they_say() {
        let item = |formula: Tree<Held>| {
            Tree::Group(Fields::from([("formula".into(), formula), ("key".into(), known("a"))]))
        };
        let list =
            |formulas: &mut dyn Iterator<Item = Tree<Held>>| Some(Tree::List(formulas.map(item).collect()));
        let between = |before, after| between("ConnectedApp", "attributes", before, after);
        let number = |number: usize| known(&number.to_string());
        let (before, after) = (list(&mut (0..3_000).map(number)), list(&mut (1..3_001).rev().map(number)));
        assert_eq!(between(before, after), ["attributes[a].formula"]);
        let url = Tree::Leaf(Held::Waits(Formula(vec![
            Part::Reference(Reference::Org(OrgAttribute::InstanceUrl)),
            Part::Text("/x".to_owned()),
        ])));
        let told = known("https://acme.my.salesforce.com/x");
        let before = || list(&mut [url.clone(), number(1)].into_iter());
        let after = || list(&mut [number(1), number(2), told.clone()].into_iter());
        assert_eq!(between(before(), after()), ["attributes[a]"]);
        assert_eq!(between(after(), before()), ["attributes[a]"]);
    }

    #[test]
    fn equal_items_count_as_often_as_they_stand_there() {
        let values = |values: &[&str]| Some(Tree::List(values.iter().map(|value| known(value)).collect()));
        let at = |before, after| between("ConnectedApp", "profileName", before, after).len();
        assert_eq!(at(values(&["a", "a", "b"]), values(&["a", "b", "a"])), 0);
        assert_eq!(at(values(&["a", "a", "b"]), values(&["b", "a", "b"])), 1);
    }

    #[test]
    fn a_text_that_waits_for_the_org_equals_what_it_may_become() {
        let provider = ComponentId::new(type_named("AuthProvider").unwrap(), "Orders");
        let callback = Reference::Attribute { of: provider, attribute: "callback-url".to_owned() };
        let waits = |parts: Vec<Part>| Some(Tree::Leaf(Held::Waits(Formula(parts))));
        let lines =
            || waits(vec![Part::Reference(callback.clone()), Part::Text("\nhttps://b.example".to_owned())]);
        let at = |before, after| between("ConnectedApp", "oauthConfig.callbackUrl", before, after).len();
        let real = "https://b.example\nhttps://acme.my.salesforce.com/services/authcallback/Orders";
        assert_eq!(at(lines(), Some(known(real))), 0);
        assert_eq!(at(Some(known(real)), lines()), 0);
        assert_eq!(at(lines(), Some(known(&real.replace("Orders", "Invoices")))), 1);
        assert_eq!(at(lines(), lines()), 0);
        let url = |path: &str| {
            waits(vec![
                Part::Reference(Reference::Org(OrgAttribute::InstanceUrl)),
                Part::Text(path.to_owned()),
            ])
        };
        assert_eq!(at(url("/a"), url("/b")), 1);
        assert_eq!(at(url("/a"), Some(known("https://acme.my.salesforce.com/a"))), 0);
    }

    #[test]
    fn elements_without_description_compare_as_they_are() {
        let at = |before: &str, after: &str| {
            between("ConnectedApp", "aNewField", Some(known(before)), Some(known(after))).len()
        };
        assert_eq!((at("x", "x"), at("x", "y")), (0, 1));
    }
}
