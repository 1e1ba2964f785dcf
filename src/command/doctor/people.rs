//! Who somebody is and what they may do, as queries tell.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::command::asked::text;
use crate::doctor::rights::ASKED_OF_PEOPLE;
use crate::doctor::told::{Access, Person};
use crate::org::{Reader, Record, soql_in};

/// Rows with those of the columns that the org has. One that it does not have fails the whole query with INVALID_FIELD, and
/// which permissions there are depends on the edition (5.4). `None`: the org does not answer at all.
pub async fn rows(
    reader: Reader<'_>,
    always: &[&str],
    perhaps: &[String],
    from: &str,
) -> Option<Vec<Record>> {
    let select = |columns: &[&str]| {
        let all: Vec<&str> = always.iter().chain(columns).copied().collect();
        format!("SELECT {} {from}", all.join(", "))
    };
    let all: Vec<&str> = perhaps.iter().map(String::as_str).collect();
    match reader.query(&select(&all)).await {
        Ok(rows) => return Some(rows),
        Err(error) if error.refusal().is_some_and(|refusal| refusal.code == "INVALID_FIELD") => {}
        Err(_) => return None,
    }
    let mut known = Vec::new();
    for column in all {
        if reader.query(&select(&[column])).await.is_ok() {
            known.push(column);
        }
    }
    match known.is_empty() && always.is_empty() {
        true => None,
        false => reader.query(&select(&known)).await.ok(),
    }
}

/// The users with these names: nobody where there is none, and no entry where the org did not answer.
pub async fn named(reader: Reader<'_>, names: &BTreeSet<String>) -> BTreeMap<String, Option<Person>> {
    let columns =
        "SELECT Id, Username, IsActive, Profile.Name, Profile.UserLicense.Name FROM User WHERE Username";
    let mut found: Vec<Person> = Vec::new();
    for soql in soql_in(columns, names, "") {
        let Ok(rows) = reader.query(&soql).await else { return BTreeMap::new() };
        found.extend(rows.iter().filter_map(person));
    }
    let sets = assigned(reader, &mut found).await;
    objects(reader, &mut found, &sets).await;
    let with_name = |name: &String| found.iter().find(|it| it.username.eq_ignore_ascii_case(name)).cloned();
    names.iter().map(|name| (name.clone(), with_name(name))).collect()
}

fn person(row: &Record) -> Option<Person> {
    let profile = row.get("Profile").and_then(Value::as_object);
    let license = profile.and_then(|profile| profile.get("UserLicense")).and_then(Value::as_object);
    let name = |row: Option<&Record>| row.and_then(|row| text(row, "Name")).unwrap_or_default();
    Some(Person {
        id: text(row, "Id")?,
        username: text(row, "Username")?,
        is_active: row.get("IsActive").and_then(Value::as_bool).unwrap_or_default(),
        profile: name(profile),
        license: name(license),
        ..Person::default()
    })
}

/// Permission sets with the ids of those who have them; the profile of each is one of them.
type Sets = BTreeMap<String, BTreeSet<String>>;

/// Asks for the permission sets of these people, and what those allow.
async fn assigned(reader: Reader<'_>, people: &mut [Person]) -> Sets {
    let mut sets = Sets::new();
    let columns: Vec<String> =
        ASKED_OF_PEOPLE.iter().map(|name| format!("PermissionSet.Permissions{name}")).collect();
    let always = ["AssigneeId", "PermissionSetId", "PermissionSet.Name", "PermissionSet.Label"];
    let ids: Vec<String> = people.iter().map(|person| person.id.clone()).collect();
    for from in soql_in("FROM PermissionSetAssignment WHERE AssigneeId", &ids, "") {
        let Some(rows) = rows(reader, &always, &columns, &from).await else { return sets };
        for row in &rows {
            let (Some(of), Some(id)) = (text(row, "AssigneeId"), text(row, "PermissionSetId")) else {
                continue;
            };
            let Some(person) = people.iter_mut().find(|person| person.id == of) else { continue };
            let set = row.get("PermissionSet").and_then(Value::as_object);
            let permissions = person.permissions.get_or_insert_default();
            for (column, value) in set.into_iter().flatten() {
                if let Some(name) = column.strip_prefix("Permissions")
                    && value == &Value::Bool(true)
                {
                    permissions.insert(name.to_owned());
                }
            }
            let named = ["Name", "Label"].iter().filter_map(|name| text(set?, name));
            person.sets.extend(named.chain([id.clone()]));
            sets.entry(id).or_default().insert(of);
        }
    }
    sets
}

/// Asks what these permission sets allow with records.
async fn objects(reader: Reader<'_>, people: &mut [Person], sets: &Sets) {
    let select = "SELECT ParentId, SobjectType, PermissionsRead, PermissionsCreate, PermissionsEdit FROM \
                  ObjectPermissions WHERE ParentId";
    let mut all = Vec::new();
    for soql in soql_in(select, sets.keys(), "") {
        let Ok(rows) = reader.query(&soql).await else { return };
        all.extend(rows);
    }
    people.iter_mut().for_each(|person| person.objects = Some(BTreeMap::new()));
    for row in &all {
        let (Some(set), Some(object)) = (text(row, "ParentId"), text(row, "SobjectType")) else { continue };
        let may = |name: &str| row.get(name) == Some(&Value::Bool(true));
        let holders = sets.get(&set);
        for person in people.iter_mut().filter(|it| holders.is_some_and(|ids| ids.contains(&it.id))) {
            let access: &mut Access =
                person.objects.get_or_insert_default().entry(object.clone()).or_default();
            access.read |= may("PermissionsRead");
            access.create |= may("PermissionsCreate");
            access.edit |= may("PermissionsEdit");
        }
    }
}
