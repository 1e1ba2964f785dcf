//! The records that tell who may do what (5.4): what the one who asks may do, which permission sets everybody has, with
//! the one that stands for their profile, and what those allow with records.

use serde_json::Value;

use super::ids::{self, prefix};
use super::objects::{Contents, Record, contents};
use super::people::Person;
use super::permission;
use super::rules::{flag, group_list, text};
use super::soql::Kind;
use super::state::{Component, State};
use crate::component::{Fields, Scalar};

/// Permissions by their columns, with the path to them from an assignment.
const PERMISSIONS: [(&str, &str); 24] = [
    ("PermissionsApiEnabled", "PermissionSet.PermissionsApiEnabled"),
    ("PermissionsApiUserOnly", "PermissionSet.PermissionsApiUserOnly"),
    ("PermissionsCanApproveUninstalledApps", "PermissionSet.PermissionsCanApproveUninstalledApps"),
    ("PermissionsClientSecretRotation", "PermissionSet.PermissionsClientSecretRotation"),
    ("PermissionsCustomizeApplication", "PermissionSet.PermissionsCustomizeApplication"),
    ("PermissionsExternalClientAppAdmin", "PermissionSet.PermissionsExternalClientAppAdmin"),
    ("PermissionsExternalClientAppDeveloper", "PermissionSet.PermissionsExternalClientAppDeveloper"),
    ("PermissionsExternalClientAppViewer", "PermissionSet.PermissionsExternalClientAppViewer"),
    ("PermissionsForceTwoFactor", "PermissionSet.PermissionsForceTwoFactor"),
    ("PermissionsManageAuthProviders", "PermissionSet.PermissionsManageAuthProviders"),
    ("PermissionsManageCertificates", "PermissionSet.PermissionsManageCertificates"),
    ("PermissionsManageInternalUsers", "PermissionSet.PermissionsManageInternalUsers"),
    ("PermissionsManageIpAddresses", "PermissionSet.PermissionsManageIpAddresses"),
    ("PermissionsManageNamedCredentials", "PermissionSet.PermissionsManageNamedCredentials"),
    ("PermissionsManageProfilesPermissionsets", "PermissionSet.PermissionsManageProfilesPermissionsets"),
    ("PermissionsManageRemoteAccess", "PermissionSet.PermissionsManageRemoteAccess"),
    ("PermissionsManageUsers", "PermissionSet.PermissionsManageUsers"),
    ("PermissionsModifyAllData", "PermissionSet.PermissionsModifyAllData"),
    ("PermissionsModifyMetadata", "PermissionSet.PermissionsModifyMetadata"),
    ("PermissionsTwoFactorApi", "PermissionSet.PermissionsTwoFactorApi"),
    ("PermissionsUseAnyApiAuth", "PermissionSet.PermissionsUseAnyApiAuth"),
    ("PermissionsViewAllData", "PermissionSet.PermissionsViewAllData"),
    ("PermissionsViewClientSecret", "PermissionSet.PermissionsViewClientSecret"),
    ("PermissionsViewSetup", "PermissionSet.PermissionsViewSetup"),
];

fn name_of(column: &str) -> &str {
    column.strip_prefix("Permissions").unwrap_or(column)
}

/// One row about the user who asks.
pub(super) fn of_asker(state: &State, asker: &Person) -> Contents {
    let record = || {
        let id = ids::record("0PZ", "00", 1);
        PERMISSIONS.iter().fold(Record::new().id("Id", Some(&id)), |record, (column, _)| {
            record.flag(column, permission::has(state, asker, name_of(column)))
        })
    };
    contents(record(), vec![record()])
}

/// Every person has the permission set that stands for their profile, and those that somebody gave them.
pub(super) fn assignments(state: &State, people: &[Person]) -> Contents {
    let blank = || row("", None, "", &Holder::Nothing, state);
    let mut rows = Vec::new();
    for (serial, person) in (1_u64..).zip(people) {
        let id = |number: u64| ids::record("0Pa", &state.identity.pod, serial * 1000 + number);
        rows.push(row(&id(0), Some(person), &of_profile(state, person), &Holder::Profile(person), state));
        let sets = state.holdings.of_type("PermissionSet");
        let mine = sets.filter(|(name, _)| state.oauth.is_assigned(name, &person.id));
        for (number, (name, set)) in (1..).zip(mine) {
            rows.push(row(&id(number), Some(person), &set.id, &Holder::Set(name, set), state));
        }
    }
    contents(blank(), rows)
}

/// Whose permissions a row has.
enum Holder<'a> {
    Nothing,
    Profile(&'a Person),
    Set(&'a str, &'a Component),
}

fn row(id: &str, person: Option<&Person>, set: &str, holder: &Holder<'_>, state: &State) -> Record {
    let (name, label, profile) = match holder {
        Holder::Nothing => ("", None, None),
        // The platform gives these sets a name that says nothing.
        Holder::Profile(person) => (set, Some(person.profile.name), Some(person.profile.name)),
        Holder::Set(name, set) => (*name, text(&set.fields, "label"), None),
    };
    let may = |permission: &str| match holder {
        Holder::Nothing => false,
        Holder::Profile(person) => permission::by_profile(state, person, permission),
        Holder::Set(_, set) => permission::told(set, permission) == Some(true),
    };
    let record = Record::new()
        .id("Id", Some(id))
        .id("AssigneeId", Some(person.map_or("", |person| &person.id)))
        .text("Assignee.Username", person.map(|person| person.username.as_str()))
        .flag("Assignee.IsActive", person.is_some_and(|person| !state.setup.is_inactive(person)))
        .id("PermissionSetId", Some(set))
        .text("PermissionSet.Name", Some(name))
        .text("PermissionSet.Label", label)
        .flag("PermissionSet.IsOwnedByProfile", profile.is_some())
        .text("PermissionSet.Profile.Name", profile);
    PERMISSIONS.iter().fold(record, |record, (column, path)| record.flag(path, may(name_of(column))))
}

/// The id of the permission set that stands for a person's profile.
fn of_profile(state: &State, person: &Person) -> String {
    let serial = state.holdings.of_type("Profile").position(|(name, _)| person.profile.is_called(name));
    ids::record(
        prefix::of_type("PermissionSet"),
        &state.identity.pod,
        900 + u64::try_from(serial.unwrap_or(99)).unwrap_or(99),
    )
}

/// What permission sets and profiles allow with the records of an object.
pub(super) fn object_permissions(state: &State, people: &[Person]) -> Contents {
    let mut owners: Vec<(String, &Component)> =
        state.holdings.of_type("PermissionSet").map(|(_, set)| (set.id.clone(), set)).collect();
    for person in people {
        let mut profiles = state.holdings.of_type("Profile");
        if let Some((_, profile)) = profiles.find(|(name, _)| person.profile.is_called(name)) {
            owners.push((of_profile(state, person), profile));
        }
    }
    let record = |id: &str, owner: &str, listed: Option<&Fields<Scalar>>| {
        let may = |name: &str| listed.is_some_and(|listed| flag(listed, name) == Some(true));
        Record::new()
            .id("Id", Some(id))
            .id("ParentId", Some(owner))
            .add(
                "SobjectType",
                Kind::Text,
                listed.and_then(|it| text(it, "object")).map_or(Value::Null, Into::into),
            )
            .flag("PermissionsCreate", may("allowCreate"))
            .flag("PermissionsDelete", may("allowDelete"))
            .flag("PermissionsEdit", may("allowEdit"))
            .flag("PermissionsRead", may("allowRead"))
            .flag("PermissionsModifyAllRecords", may("modifyAllRecords"))
            .flag("PermissionsViewAllRecords", may("viewAllRecords"))
    };
    let (mut rows, mut serial) = (Vec::new(), 0);
    for (owner, component) in &owners {
        for listed in group_list(&component.fields, "objectPermissions") {
            serial += 1;
            let id = ids::record("110", &state.identity.pod, serial);
            rows.push(record(&id, owner, Some(listed)));
        }
    }
    contents(record("", "", None), rows)
}

#[cfg(test)]
mod tests {
    use super::super::people;
    use super::super::soql::{parse, run};
    use super::*;
    use crate::component::Tree;

    /// What a query answers, a row each with its values.
    fn asked(state: &State, asker: usize, query: &str) -> Vec<Vec<Value>> {
        let asker = people::of(&state.identity).swap_remove(asker);
        let parsed = parse(query).unwrap();
        let table = super::super::objects::table(&parsed.object.text, state, "http://h", &asker).unwrap();
        let records = run(query, &parsed, &table).unwrap();
        let row = |row: &usize| records.columns.iter().map(|at| table.rows[*row][*at].clone()).collect();
        records.rows.iter().map(row).collect()
    }

    fn listed(element: &str, items: &[(&'static str, Scalar)]) -> Fields<Scalar> {
        let item = items.iter().map(|(name, value)| ((*name).into(), Tree::Leaf(value.clone())));
        Fields::from([(element.to_owned().into(), Tree::List(vec![Tree::Group(item.collect())]))])
    }

    #[test]
    fn an_administrator_may_everything_and_is_restricted_by_nothing() {
        let mut state = State::new().unwrap();
        let query = "SELECT PermissionsModifyAllData, PermissionsApiUserOnly, PermissionsTwoFactorApi FROM \
                     UserPermissionAccess";
        let flags = |flags: [bool; 3]| vec![flags.map(Value::from).to_vec()];
        assert_eq!(asked(&state, 0, query), flags([true, false, false]));
        assert_eq!(asked(&state, 1, query), flags([false, true, false]), "a profile for the API only");
        let needs = [("enabled", Scalar::Flag(true)), ("name", Scalar::Text("TwoFactorApi".to_owned()))];
        state.holdings.put("Profile", "Admin", listed("userPermissions", &needs));
        assert_eq!(asked(&state, 0, query), flags([true, false, true]));
    }

    #[test]
    fn everybody_has_the_set_of_their_profile_and_those_that_were_assigned() {
        let mut state = State::new().unwrap();
        let lead = [
            ("allowEdit", Scalar::Flag(false)),
            ("allowRead", Scalar::Flag(true)),
            ("object", Scalar::Text("Lead".to_owned())),
        ];
        let set = state.holdings.put("PermissionSet", "Readers", listed("objectPermissions", &lead));
        let analyst = people::of(&state.identity).swap_remove(2).id;
        state.oauth.assigned.entry("Readers".to_owned()).or_default().insert(analyst.clone());
        let query = format!(
            "SELECT PermissionSet.Name, PermissionSet.Profile.Name, PermissionSet.PermissionsApiEnabled FROM \
             PermissionSetAssignment WHERE AssigneeId = '{analyst}' AND PermissionSet.IsOwnedByProfile = true"
        );
        let of_profile = asked(&state, 0, &query);
        assert_eq!(of_profile[0][1..], ["Standard User".into(), Value::from(true)]);
        let query = query.replace("true", "false");
        assert_eq!(asked(&state, 0, &query), [["Readers".into(), Value::Null, Value::from(false)]]);
        let query = format!(
            "SELECT SobjectType, PermissionsRead, PermissionsEdit FROM ObjectPermissions WHERE ParentId = '{set}'"
        );
        assert_eq!(asked(&state, 0, &query), [["Lead".into(), Value::from(true), Value::from(false)]]);
    }
}
