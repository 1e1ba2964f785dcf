//! Two sets of components: what was added, removed and changed, field by field.
//!
//! Two components are equal when an org would treat them as equal (`fields`, with `normal` for single values
//! and `pattern` for texts that wait for an org). Where a set comes from (files, a manifest, an org) only matters
//! for what it leaves unsaid: a manifest mentions what it manages, an org never tells secrets.

mod fields;
mod leaf;
mod normal;
mod pattern;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::collect::Collected;
use crate::component::{ComponentId, FieldPath, Fields, Group, Kind, NEWEST_API_VERSION, Scalar, Step, Tree};
use crate::reference::Observed;
use crate::resolve::{self, Desired, Wanted};
use crate::retrieved::Sited;

pub use fields::{Difference, FieldChange, compare, differences, everything, put_in_order};
pub use leaf::{Filled, Held, Leaf, Look, Rules, SecretState, secret_state};

/// Components to compare, and what their origin means.
#[derive(Debug, Default)]
pub struct Set {
    /// For people: `manifests`, `git:main`, `org uat`.
    pub name: String,
    /// The major number.
    pub api_version: u16,
    pub origin: Origin,
    pub components: BTreeMap<ComponentId, Fields<Held>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// Files that hold components as a whole.
    #[default]
    Files,
    /// What a manifest does not mention it does not manage.
    Manifest,
    /// Has more than anybody asks for, and never tells secrets.
    Org,
}

impl Set {
    /// Components as files hold them.
    pub fn of_files(name: impl Into<String>, collected: &Collected) -> Set {
        let components = collected
            .components
            .iter()
            .map(|(id, found)| (id.clone(), in_order(held(&found.document.fields))));
        Set {
            name: name.into(),
            api_version: collected.api_version.as_ref().map_or(NEWEST_API_VERSION, |(version, _)| *version),
            origin: Origin::Files,
            components: components.collect(),
        }
    }

    /// Components as an org gave them back.
    pub fn of_org(
        name: impl Into<String>,
        api_version: u16,
        components: impl IntoIterator<Item = (ComponentId, Fields<Scalar>)>,
    ) -> Set {
        let held = |(id, fields): (ComponentId, Fields<Scalar>)| {
            (id, in_order(mapped(&fields, &|scalar: &Scalar| Held::Known(scalar.clone()))))
        };
        Set {
            name: name.into(),
            api_version,
            origin: Origin::Org,
            components: components.into_iter().map(held).collect(),
        }
    }

    /// Components as manifests ask for them; where an org was asked, with what it told.
    pub fn of_manifest(name: impl Into<String>, desired: &Desired, observed: Option<&Observed>) -> Set {
        let leaf = |leaf: &resolve::Leaf| match &leaf.wanted {
            Wanted::Known(scalar) => Held::Known(scalar.clone()),
            Wanted::Secret(source) => Held::Secret(source.clone()),
            Wanted::Formula(formula) => {
                let told = observed.and_then(|observed| {
                    formula.fill(|reference| observed.value(reference).map(Cow::Borrowed))
                });
                told.map_or_else(|| Held::Waits(formula.clone()), |text| Held::Known(Scalar::Text(text)))
            }
        };
        let components = desired.components.iter();
        Set {
            name: name.into(),
            api_version: desired.api_version,
            origin: Origin::Manifest,
            components: components
                .map(|(id, component)| (id.clone(), in_order(mapped(&component.fields, &leaf))))
                .collect(),
        }
    }
}

/// The order of elements of one name means nothing; here they get one, so that no report depends on where they stood.
fn in_order(mut fields: Fields<Held>) -> Fields<Held> {
    fields.values_mut().for_each(put_in_order);
    fields
}

fn held(fields: &Fields<Sited>) -> Fields<Held> {
    mapped(fields, &|sited: &Sited| Held::Known(sited.scalar.clone()))
}

/// The same tree with other leaves.
pub fn mapped<A, B>(fields: &Fields<A>, leaf: &dyn Fn(&A) -> B) -> Fields<B> {
    fn tree<A, B>(of: &Tree<A>, leaf: &dyn Fn(&A) -> B) -> Tree<B> {
        match of {
            Tree::Leaf(value) => Tree::Leaf(leaf(value)),
            Tree::List(items) => Tree::List(items.iter().map(|item| tree(item, leaf)).collect()),
            Tree::Group(fields) => Tree::Group(mapped(fields, leaf)),
        }
    }
    fields.iter().map(|(name, field)| (name.clone(), tree(field, leaf))).collect()
}

/// The value at a path, items of lists by number.
pub fn value_at<'a, L>(fields: &'a Fields<L>, path: &FieldPath) -> Option<&'a Tree<L>> {
    let mut steps = path.0.iter();
    let Some(Step::Element(first)) = steps.next() else { return None };
    let mut found = fields.get(first)?;
    for step in steps {
        found = match (found, step) {
            (Tree::Group(inner), Step::Element(name)) => inner.get(name)?,
            (Tree::List(items), Step::Index(index)) => items.get(*index)?,
            _ => return None,
        };
    }
    Some(found)
}

/// What became of a component from one set to the other.
#[derive(Debug, Clone)]
pub struct ComponentChange {
    pub id: ComponentId,
    pub kind: ChangeKind,
    pub differences: Vec<Difference>,
    /// Both sides, with the values of the first wherever the two are equal.
    pub before: Option<Fields<Held>>,
    pub after: Option<Fields<Held>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Removed,
    Changed,
}

impl ChangeKind {
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
            ChangeKind::Changed => "changed",
        }
    }
}

/// What differs from `before` to `after`, by address.
pub fn changes(before: &Set, after: &Set) -> Vec<ComponentChange> {
    let rules = Rules {
        api_version: before.api_version.max(after.api_version),
        with_org: before.origin == Origin::Org || after.origin == Origin::Org,
        is_plan: false,
    };
    let ids: BTreeSet<&ComponentId> = before.components.keys().chain(after.components.keys()).collect();
    let mut changes = Vec::new();
    for id in ids {
        let group = &id.kind.fields;
        match (before.components.get(id), after.components.get(id)) {
            (Some(one), Some(other)) => {
                let both_manage = before.origin == after.origin;
                let (one, other) = if both_manage {
                    (Cow::Borrowed(one), Cow::Borrowed(other))
                } else {
                    (managed(one, after, other), managed(other, before, one))
                };
                let differences = differences(group, rules, &one, &other);
                if !differences.is_empty() {
                    let after = aligned(Some(group), rules, &one, &other);
                    changes.push(ComponentChange {
                        id: id.clone(),
                        kind: ChangeKind::Changed,
                        differences,
                        before: Some(one.into_owned()),
                        after: Some(after),
                    });
                }
            }
            // An org has more than anybody asks for.
            (Some(_), None) if before.origin == Origin::Org && after.origin != Origin::Org => {}
            (None, Some(_)) if after.origin == Origin::Org && before.origin != Origin::Org => {}
            (before, after) => changes.push(ComponentChange {
                id: id.clone(),
                kind: if before.is_some() { ChangeKind::Removed } else { ChangeKind::Added },
                differences: differences(
                    group,
                    rules,
                    before.unwrap_or(&Fields::new()),
                    after.unwrap_or(&Fields::new()),
                ),
                before: before.cloned(),
                after: after.cloned(),
            }),
        }
    }
    changes
}

/// The fields of a component that the other side manages: all, unless it is a manifest.
fn managed<'a>(fields: &'a Fields<Held>, other_set: &Set, other: &Fields<Held>) -> Cow<'a, Fields<Held>> {
    if other_set.origin != Origin::Manifest {
        return Cow::Borrowed(fields);
    }
    Cow::Owned(mentioned(fields, other))
}

fn mentioned(fields: &Fields<Held>, by: &Fields<Held>) -> Fields<Held> {
    let of_both = fields.iter().filter_map(|(name, tree)| {
        let tree = match (tree, by.get(name)?) {
            (Tree::Group(fields), Tree::Group(by)) => Tree::Group(mentioned(fields, by)),
            (tree, _) => tree.clone(),
        };
        Some((name.clone(), tree))
    });
    of_both.collect()
}

/// The second component with the values of the first wherever the two are equal, so that a comparison of their
/// texts shows what changed and nothing else.
fn aligned(group: Option<&Group>, rules: Rules, before: &Fields<Held>, after: &Fields<Held>) -> Fields<Held> {
    let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut fields = Fields::new();
    for name in names {
        let field = group.and_then(|group| group.field(name));
        let (one, other) = (before.get(name), after.get(name));
        let kept = if fields::is_equal(field, rules, one, other) {
            one.cloned()
        } else {
            match (one, other) {
                (Some(Tree::Group(one)), Some(Tree::Group(other))) => {
                    let inner = match field.map(|field| &field.kind) {
                        Some(Kind::Group(inner)) => Some(inner),
                        _ => None,
                    };
                    Some(Tree::Group(aligned(inner, rules, one, other)))
                }
                _ => other.cloned(),
            }
        };
        if let Some(tree) = kept {
            fields.insert(name.clone(), tree);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> Set {
        let mut collected = Collected::default();
        for (path, body) in files {
            let suffix = path.rsplit('.').next().unwrap();
            let root = crate::component::types().iter().find(|kind| kind.suffix == suffix).unwrap();
            let xml =
                format!("<{0} xmlns=\"http://soap.sforce.com/2006/04/metadata\">{body}</{0}>", root.name);
            collected.add(path, path, xml.as_bytes());
        }
        collected.finish();
        assert!(collected.troubles.is_empty(), "{:?}", collected.troubles);
        Set::of_files("files", &collected)
    }

    fn told(before: &Set, after: &Set) -> Vec<String> {
        let changes = changes(before, after);
        let fields = |change: &ComponentChange| {
            change.differences.iter().map(|one| one.path.to_string()).collect::<Vec<_>>().join(" ")
        };
        changes.iter().map(|one| format!("{} {}: {}", one.kind.as_str(), one.id, fields(one))).collect()
    }

    #[test]
    fn components_are_added_removed_and_changed() {
        let before = files(&[("A.authprovider", "<friendlyName>A</friendlyName>"), ("B.authprovider", "")]);
        let after = files(&[("A.authprovider", "<friendlyName>Z</friendlyName>"), ("C.authprovider", "")]);
        assert_eq!(
            told(&before, &after),
            [
                "changed auth-provider.A: friendlyName".replace("friendlyName", "friendly-name"),
                "removed auth-provider.B: ".to_owned(),
                "added auth-provider.C: ".to_owned(),
            ]
        );
        assert!(told(&before, &before).is_empty());
    }

    #[test]
    fn what_a_manifest_does_not_mention_is_no_difference() {
        let body = "<friendlyName>A</friendlyName><iconUrl>https://a.example</iconUrl>";
        let retrieved = files(&[("A.authprovider", body)]);
        let mut manifest = files(&[("A.authprovider", "<friendlyName>A</friendlyName>")]);
        assert_eq!(told(&manifest, &retrieved), ["changed auth-provider.A: icon-url"]);
        manifest.origin = Origin::Manifest;
        assert!(told(&manifest, &retrieved).is_empty());
        assert!(told(&retrieved, &manifest).is_empty());
        let two = Set { components: manifest.components.clone(), origin: Origin::Manifest, ..Set::default() };
        manifest.components.values_mut().for_each(|fields| drop(fields.remove("friendlyName")));
        assert_eq!(told(&two, &manifest), ["changed auth-provider.A: friendly-name"]);
    }

    #[test]
    fn an_org_has_more_than_anybody_asks_for() {
        let asked = files(&[("A.authprovider", "")]);
        let mut org = files(&[("A.authprovider", ""), ("B.authprovider", "")]);
        org.origin = Origin::Org;
        assert!(told(&asked, &org).is_empty());
        assert!(told(&org, &asked).is_empty());
        let nothing = Set { origin: Origin::Org, ..Set::default() };
        assert_eq!(told(&asked, &nothing), ["removed auth-provider.A: "]);
    }

    #[test]
    fn the_second_side_keeps_the_spelling_of_the_first_where_nothing_differs() {
        let app = |label: &str, scopes: &[&str]| {
            let scopes: String = scopes.iter().map(|scope| format!("<scopes>{scope}</scopes>")).collect();
            files(&[(
                "A.connectedApp",
                &format!("<label>{label}</label><oauthConfig>{scopes}</oauthConfig>"),
            )])
        };
        let (before, after) = (app("A", &["OfflineAccess", "Api"]), app("B", &["Api", "RefreshToken"]));
        let found = changes(&before, &after);
        let (one, other) = (found[0].before.as_ref().unwrap(), found[0].after.as_ref().unwrap());
        assert_eq!(one["oauthConfig"], other["oauthConfig"]);
        assert_ne!(one["label"], other["label"]);
    }
}
