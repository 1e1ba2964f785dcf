//! Rules of permission sets and profiles: which permission needs which other, and principals that must be there.

use super::external_credential::has_principal;
use super::{Accepted, Incoming, Problem, flag, items, no_such, text};
use crate::component::{Field, Fields, Group, Kind, Scalar, Tree};
use crate::simulator::first_day;

/// A permission on an object, and those that it needs.
const NEEDS: [(&str, &[&str]); 5] = [
    ("allowCreate", &["allowRead"]),
    ("allowDelete", &["allowRead", "allowEdit"]),
    ("allowEdit", &["allowRead"]),
    ("modifyAllRecords", &["allowRead", "allowEdit", "allowDelete", "viewAllRecords"]),
    ("viewAllRecords", &["allowRead"]),
];

/// From this API version on, a deploy of a permission set takes away the user permissions that it does not list. Unsure:
/// the documentation of the type says so, and no fact of ours.
const LISTS_ALL_PERMISSIONS: u16 = 40;

pub(super) fn check_set(incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    let permissions = "userPermissions";
    if incoming.version >= LISTS_ALL_PERMISSIONS && !incoming.sent.contains_key(permissions) {
        accepted.fields.remove(permissions);
    }
    check_objects(&accepted.fields)?;
    for access in items(&accepted.fields, "externalCredentialPrincipalAccesses") {
        let field = "externalCredentialPrincipal";
        if let Some(principal) = text(access, field)
            && !has_principal(incoming.holdings, principal)
        {
            return Err(no_such(field, "ExternalCredentialPrincipal", principal)); // EC-41
        }
    }
    Ok(())
}

/// A deploy of a profile changes what it names and leaves the rest: lists grow by what is sent.
pub(super) fn check_profile(incoming: &Incoming, accepted: &mut Accepted) -> Result<(), Problem> {
    if let Some(stored) = incoming.stored {
        for field in &incoming.kind.fields.fields {
            keep_others(field, &stored.fields, incoming.sent, &mut accepted.fields);
        }
    }
    // The org knows which profiles are its own.
    let custom = !first_day::is_standard_profile(incoming.name);
    accepted.fields.insert("custom".into(), Tree::Leaf(Scalar::Flag(custom)));
    check_objects(&accepted.fields)
}

fn keep_others(field: &Field, stored: &Fields<Scalar>, sent: &Fields<Scalar>, accepted: &mut Fields<Scalar>) {
    let Kind::Group(_) = &field.kind else { return };
    // Login IP ranges are replaced as a whole, as those of the org are (SE-6).
    if !field.repeated || field.identity.is_empty() || field.name == "loginIpRanges" {
        return;
    }
    let identity = |item: &Fields<Scalar>| -> Vec<String> {
        let part = |name: &String| item.get(name).and_then(Tree::as_leaf).map(ToString::to_string);
        field.identity.iter().map(|name| part(name).unwrap_or_default()).collect()
    };
    let new: Vec<Vec<String>> = items(sent, &field.name).map(identity).collect();
    if new.is_empty() {
        return;
    }
    let mut list: Vec<Tree<Scalar>> = items(stored, &field.name)
        .filter(|item| !new.contains(&identity(item)))
        .chain(items(sent, &field.name))
        .map(|item| Tree::Group(item.clone()))
        .collect();
    list.sort_by_cached_key(|item| match item {
        Tree::Group(item) => identity(item),
        _ => Vec::new(),
    });
    accepted.insert(field.name.clone().into(), Tree::List(list));
}

fn check_objects(fields: &Fields<Scalar>) -> Result<(), Problem> {
    for permissions in items(fields, "objectPermissions") {
        let object = text(permissions, "object").unwrap_or_default();
        for (permission, needed) in NEEDS {
            let missing: Vec<&str> =
                needed.iter().copied().filter(|needed| flag(permissions, needed) != Some(true)).collect();
            if flag(permissions, permission) == Some(true) && !missing.is_empty() {
                return Err(Problem::error(format!(
                    "objectPermissions: {permission} on {object} depends on {} (rehearsal wording)",
                    missing.join(", ")
                )));
            }
        }
    }
    Ok(())
}

/// Lists of a profile that come back only for what is retrieved along with it: the element that names it, and its
/// type. Of a field or record type, `Object.Name`, the object counts. Unsure: from the documentation of the type, which
/// gives the rule by examples.
pub(in crate::simulator) const ALONG: [(&str, &str, &str); 11] = [
    ("applicationVisibilities", "application", "CustomApplication"),
    ("classAccesses", "apexClass", "ApexClass"),
    ("customPermissions", "name", "CustomPermission"),
    ("fieldPermissions", "field", "CustomObject"),
    ("flowAccesses", "flow", "Flow"),
    ("layoutAssignments", "layout", "Layout"),
    ("objectPermissions", "object", "CustomObject"),
    ("pageAccesses", "apexPage", "ApexPage"),
    ("recordTypeVisibilities", "recordType", "CustomObject"),
    ("tabVisibilities", "tab", "CustomTab"),
    ("externalDataSourceAccesses", "externalDataSource", "ExternalDataSource"),
];

/// A profile as a retrieve shows it, which asks for other things along with it.
pub(in crate::simulator) fn profile_along(
    described: &Group,
    fields: &Fields<Scalar>,
    asked: impl Fn(&str, &str) -> bool,
) -> Fields<Scalar> {
    let mut shown = fields.clone();
    for (list, element, type_name) in ALONG {
        let is_asked = |item: &Fields<Scalar>| {
            let name = text(item, element).unwrap_or_default();
            let name =
                if type_name == "CustomObject" { name.split('.').next().unwrap_or(name) } else { name };
            asked(type_name, name)
        };
        // Unsure, from one source: an object without the right to read it is not listed, from API 28 on.
        let is_shown = |item: &&Fields<Scalar>| {
            is_asked(item) && (list != "objectPermissions" || flag(item, "allowRead") == Some(true))
        };
        if described.field(list).is_some() && fields.contains_key(list) {
            let kept: Vec<_> =
                items(fields, list).filter(is_shown).map(|item| Tree::Group(item.clone())).collect();
            shown.remove(list);
            if !kept.is_empty() {
                shown.insert(list.into(), Tree::List(kept));
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::super::external_credential::tests::{PRINCIPAL, credential};
    use super::super::tests::Org;
    use super::*;
    use crate::component::type_named;

    fn object(name: &str, granted: &[&str]) -> String {
        let flags = ["allowCreate", "allowDelete", "allowEdit", "allowRead", "modifyAllRecords"];
        let flag = |name: &&str| format!("<{name}>{}</{name}>", granted.contains(name));
        let flags: String = flags.iter().map(flag).collect();
        let all = format!("<viewAllRecords>{}</viewAllRecords>", granted.contains(&"viewAllRecords"));
        format!("<objectPermissions>{flags}<object>{name}</object>{all}</objectPermissions>")
    }

    fn set(inside: &str) -> String {
        format!("<label>L</label>{inside}")
    }

    #[test]
    fn permissions_need_others() {
        let mut org = Org::new();
        let mut save = |granted: &[&str]| org.save("PermissionSet", "S", &set(&object("Account", granted)));
        assert_eq!(save(&["allowRead", "allowEdit"]), Ok(vec![]));
        assert_eq!(
            save(&["allowEdit"]),
            Err("objectPermissions: allowEdit on Account depends on allowRead (rehearsal wording)".to_owned())
        );
        let error = save(&["allowRead", "modifyAllRecords"]).unwrap_err();
        assert!(error.contains("depends on allowEdit, allowDelete, viewAllRecords"), "{error}");
    }

    #[test]
    fn user_permissions_that_a_set_does_not_list_are_taken_away() {
        let mut org = Org::new();
        let api = "<userPermissions><enabled>true</enabled><name>ApiEnabled</name></userPermissions>";
        org.save("PermissionSet", "S", &set(api)).unwrap();
        org.save("PermissionSet", "S", &set(&object("Account", &["allowRead"]))).unwrap();
        let fields = org.fields("PermissionSet", "S");
        assert!(!fields.contains_key("userPermissions") && fields.contains_key("objectPermissions"));
    }

    #[test]
    fn principals_must_be_there() {
        let mut org = Org::new();
        let access = "<externalCredentialPrincipalAccesses><enabled>true</enabled><externalCredentialPrincipal>\
                      Orders-Sync User</externalCredentialPrincipal></externalCredentialPrincipalAccesses>";
        let error = org.save("PermissionSet", "S", &set(access)).unwrap_err();
        assert_eq!(
            error,
            "In field: externalCredentialPrincipal - no ExternalCredentialPrincipal named Orders-Sync User found"
        );
        org.save("ExternalCredential", "Orders", &credential(PRINCIPAL)).unwrap();
        assert_eq!(org.save("PermissionSet", "S", &set(access)), Ok(vec![]));
    }

    #[test]
    fn a_deploy_of_a_profile_leaves_what_it_does_not_name() {
        let mut org = Org::new();
        let permission = |name: &str, on: bool| {
            format!("<userPermissions><enabled>{on}</enabled><name>{name}</name></userPermissions>")
        };
        org.save("Profile", "Sales", &permission("ApiEnabled", true)).unwrap();
        let both = permission("ApiEnabled", false) + &permission("ViewSetup", true);
        org.save("Profile", "Sales", &permission("ViewSetup", true)).unwrap();
        let count = |org: &Org| items(org.fields("Profile", "Sales"), "userPermissions").count();
        assert_eq!(count(&org), 2);
        org.save("Profile", "Sales", &both).unwrap();
        assert_eq!(count(&org), 2);
        assert_eq!(flag(org.fields("Profile", "Sales"), "custom"), Some(true));
        org.save("Profile", "Admin", &both).unwrap();
        assert_eq!(flag(org.fields("Profile", "Admin"), "custom"), Some(false));
    }

    #[test]
    fn a_profile_shows_the_objects_that_are_asked_for_along_with_it() {
        let mut org = Org::new();
        let objects =
            object("Account", &["allowRead"]) + &object("Lead", &["allowRead"]) + &object("Case", &[]);
        org.save("Profile", "Sales", &objects).unwrap();
        let described = &type_named("Profile").unwrap().fields;
        let shown = |asked: &[&str]| -> Vec<String> {
            let asked = |type_name: &str, name: &str| type_name == "CustomObject" && asked.contains(&name);
            let shown = profile_along(described, org.fields("Profile", "Sales"), asked);
            items(&shown, "objectPermissions")
                .filter_map(|item| text(item, "object").map(str::to_owned))
                .collect()
        };
        assert_eq!(shown(&["Account", "Case"]), ["Account"]);
        assert!(shown(&[]).is_empty());
    }
}
