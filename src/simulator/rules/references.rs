//! What a component names must be there, in the org or earlier in the package (MD-30, MD-34). From the same
//! references follows which types come first.

use super::{Incoming, Problem, no_such};
use crate::component::{self, Field, Fields, Group, Kind, Scalar, Tree, Type};
use crate::simulator::package::percent_decoded;
use crate::simulator::state::Holdings;

/// Types that come after others without naming them in one field, from an API version on: what they say is part of
/// a name, or follows from what the others hold.
const AFTER: [(&str, &str, u16); 4] = [
    ("ExtlClntAppOauthConfigurablePolicies", "ExtlClntAppGlobalOauthSettings", 0),
    ("ExtlClntAppOauthSettings", "ExtlClntAppGlobalOauthSettings", 0),
    // Up to 57 it was the other way round (EC-41).
    ("PermissionSet", "ExternalCredential", 58),
    ("ProfileSessionSetting", "Profile", 0),
];
/// No chain of types is longer; keeps two that name each other from going round for ever.
const DEEPEST: usize = 8;

/// How many types have to be there before this one at an API version (MD-31: the platform orders by itself).
pub(in crate::simulator) fn rank(kind: &Type, version: u16) -> usize {
    fn below(kind: &Type, version: u16, depth: usize) -> usize {
        if depth == DEEPEST {
            return 0;
        }
        let mut before: Vec<&Type> = Vec::new();
        kind.fields.each_field(&mut |_, field| {
            let named = field.names.as_deref().filter(|_| field.exists_at(version));
            before.extend(named.and_then(component::type_with_key));
        });
        let implied = AFTER.iter().filter(|(after, _, since)| *after == kind.name && *since <= version);
        before.extend(implied.filter_map(|(_, first, _)| component::type_named(first)));
        before.retain(|named| named.name != kind.name);
        before.into_iter().map(|named| below(named, version, depth + 1) + 1).max().unwrap_or(0)
    }
    below(kind, version, 0)
}

/// Calls `visit` with every name that a component's fields hold, and the field that holds it.
pub(super) fn each_name<'a>(
    group: &'a Group,
    fields: &'a Fields<Scalar>,
    visit: &mut impl FnMut(&'a Field, &'static Type, &'a str),
) {
    for (name, value) in fields {
        let Some(field) = group.field(name) else { continue };
        let items = match value {
            Tree::List(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        let named = field.names.as_deref().and_then(component::type_with_key);
        for item in items {
            match (item, &field.kind, named) {
                (Tree::Group(inner), Kind::Group(group), _) => each_name(group, inner, visit),
                (Tree::Leaf(Scalar::Text(text)), _, Some(named)) => {
                    for name in field.split(text).into_iter().filter(|name| !name.trim().is_empty()) {
                        visit(field, named, name);
                    }
                }
                _ => {}
            }
        }
    }
}

pub(super) fn check(incoming: &Incoming, group: &Group, fields: &Fields<Scalar>) -> Result<(), Problem> {
    let mut missing = None;
    each_name(group, fields, &mut |field, named, name| {
        if missing.is_none() && !exists(incoming.holdings, &named.name, name) {
            missing = Some(no_such(&field.name, &named.name, name));
        }
    });
    missing.map_or(Ok(()), Err)
}

/// Whether there is such a component. Types that nobody described have none, and nothing to check.
pub(super) fn exists(holdings: &Holdings, type_name: &str, name: &str) -> bool {
    let Some(kind) = component::type_named(type_name) else { return true };
    holdings.get(type_name, name).is_some()
        || kind.member.free && holdings.of_type(type_name).any(|(other, _)| same_free(other, name))
}

/// SE-15: profiles are named with percent signs, and in other case, in some places.
pub(in crate::simulator) fn same_free(one: &str, other: &str) -> bool {
    percent_decoded(one).to_lowercase() == percent_decoded(other).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::type_named;

    #[test]
    fn what_is_named_comes_first() {
        let rank = |name: &str| rank(type_named(name).unwrap(), 66);
        let order = [
            ("AuthProvider", "NamedCredential"),
            ("AuthProvider", "ExternalCredential"),
            ("ExternalCredential", "PermissionSet"),
            ("ExternalClientApplication", "ExtlClntAppGlobalOauthSettings"),
            ("ExtlClntAppGlobalOauthSettings", "ExtlClntAppOauthSettings"),
        ];
        for (first, second) in order {
            assert!(rank(first) < rank(second), "{first} before {second}");
        }
        let deepest = crate::component::types().iter().map(|kind| super::rank(kind, 66)).max();
        assert!(deepest < Some(DEEPEST), "types that name each other have no order");
    }

    #[test]
    fn free_names_are_the_same_encoded_or_not() {
        assert!(same_free("Custom%3A Support Profile", "custom: support profile"));
        assert!(!same_free("Admin", "Standard"));
    }
}
