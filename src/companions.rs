//! What has to be asked for along with a component, so that an org tells all of it. A retrieved profile holds only
//! what concerns the other components of the same retrieve (Metadata API guide, Profile). Knows names; asking is
//! left to others.

use std::collections::{BTreeMap, BTreeSet};

use crate::component::{ComponentId, Fields, Scalar, Tree};

/// Type name to full names.
pub type Companions = BTreeMap<String, BTreeSet<String>>;

/// Lists of a profile: the element that names something else, and the type of that. Of `Object.Name` the object
/// counts.
const OF_PROFILES: [(&str, &str, &str); 13] = [
    ("applicationVisibilities", "application", "CustomApplication"),
    ("classAccesses", "apexClass", "ApexClass"),
    ("customMetadataTypeAccesses", "name", OBJECT),
    ("customPermissions", "name", "CustomPermission"),
    ("customSettingAccesses", "name", OBJECT),
    ("externalDataSourceAccesses", "externalDataSource", "ExternalDataSource"),
    ("fieldPermissions", "field", OBJECT),
    ("flowAccesses", "flow", "Flow"),
    ("layoutAssignments", "layout", "Layout"),
    ("objectPermissions", "object", OBJECT),
    ("pageAccesses", "apexPage", "ApexPage"),
    ("recordTypeVisibilities", "recordType", OBJECT),
    ("tabVisibilities", "tab", "CustomTab"),
];

const OBJECT: &str = "CustomObject";

/// Adds what a component wants beside it. `known` gives the value of a leaf that has one.
pub fn add<'a, L: 'a>(
    companions: &mut Companions,
    id: &ComponentId,
    fields: &'a Fields<L>,
    known: impl Fn(&'a L) -> Option<&'a Scalar>,
) {
    if id.kind.name != "Profile" {
        return;
    }
    for (list, element, type_name) in OF_PROFILES {
        let items = match fields.get(list) {
            Some(Tree::List(items)) => items.as_slice(),
            Some(single) => std::slice::from_ref(single),
            None => continue,
        };
        for item in items {
            let Tree::Group(item) = item else { continue };
            let leaf = item.get(element).and_then(Tree::as_leaf);
            let Some(Scalar::Text(name)) = leaf.and_then(&known) else { continue };
            let name = if type_name == OBJECT { name.split('.').next().unwrap_or(name) } else { name };
            companions.entry(type_name.to_owned()).or_default().insert(name.to_owned());
        }
    }
}

/// Asks for them as well.
pub fn join(members: &mut BTreeMap<String, Vec<String>>, companions: &Companions) {
    for (type_name, names) in companions {
        let members = members.entry(type_name.clone()).or_default();
        let new: Vec<String> = names.iter().filter(|name| !members.contains(name)).cloned().collect();
        members.extend(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::type_named;

    fn companions(type_name: &str, lists: &[(&str, &str, &str)]) -> Companions {
        let mut fields: Fields<Scalar> = Fields::new();
        for (list, element, name) in lists {
            let leaf = Tree::Leaf(Scalar::Text((*name).to_owned()));
            let item = Tree::Group(Fields::from([((*element).to_owned().into(), leaf)]));
            let list = fields.get_or_insert_with((*list).to_owned().into(), || Tree::List(Vec::new()));
            if let Tree::List(items) = list {
                items.push(item);
            }
        }
        let mut companions = Companions::new();
        let id = ComponentId::new(type_named(type_name).unwrap(), "A");
        add(&mut companions, &id, &fields, Some);
        companions
    }

    #[test]
    fn a_profile_wants_what_its_permissions_are_about() {
        let companions = companions(
            "Profile",
            &[
                ("objectPermissions", "object", "Account"),
                ("fieldPermissions", "field", "Account.Phone"),
                ("fieldPermissions", "field", "Lead.Email"),
                ("classAccesses", "apexClass", "Orders"),
                ("userPermissions", "name", "ApiEnabled"),
            ],
        );
        let mut members = BTreeMap::from([("ApexClass".to_owned(), vec!["Orders".to_owned()])]);
        join(&mut members, &companions);
        let shown: Vec<_> = members.iter().map(|(name, names)| (name.as_str(), names.join(" "))).collect();
        assert_eq!(shown, [("ApexClass", "Orders".to_owned()), ("CustomObject", "Account Lead".to_owned())]);
    }

    #[test]
    fn a_permission_set_comes_whole() {
        assert!(companions("PermissionSet", &[("objectPermissions", "object", "Account")]).is_empty());
    }

    #[test]
    fn the_lists_are_those_of_the_description() {
        let profile = type_named("Profile").unwrap();
        for (list, element, _) in OF_PROFILES {
            let field = profile.fields.field(list);
            let crate::component::Kind::Group(group) = &field.unwrap().kind else { panic!("{list}") };
            assert!(group.field(element).is_some(), "{list}.{element}");
        }
    }
}
