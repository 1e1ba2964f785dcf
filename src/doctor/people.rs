//! The users that matter: those that the manifests name, and the one who is to connect (001-R1, 002-R5, 004-R4).

use std::collections::BTreeMap;

use super::told::{Access, Person};
use super::{About, Case, Finding, listed};
use crate::component::{ComponentId, FieldPath, Scalar, Tree};
use crate::resolve::{Component, Desired, Leaf, Wanted};

const NAMED: About = About("named-user", &["001-R1", "CA-60", "CA-62", "CA-63", "OA-40"]);
const CONNECTING: About = About("connecting-user", &["002-R5", "004-R4", "SE-35", "OA-13"]);

/// A field that names a user, and whether an app logs in as that user.
const FIELDS: [(&str, &str, bool); 5] = [
    ("AuthProvider", "executionUser", false),
    ("ConnectedApp", "oauthConfig.oauthClientCredentialUser", true),
    ("ConnectedApp", "pluginExecutionUser", false),
    ("ExtlClntAppOauthConfigurablePolicies", "clientCredentialsFlowUser", true),
    ("ExtlClntAppOauthConfigurablePolicies", "executeHandlerAs", false),
];

/// Standard objects that the licence Salesforce Platform cannot be given (SE-35).
const NOT_ON_PLATFORM: [&str; 6] = ["Campaign", "Case", "Lead", "Opportunity", "Product2", "Quote"];

/// A user as a manifest names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub username: String,
    component: ComponentId,
    field: &'static str,
    logs_in: bool,
}

/// Every user that is named.
pub fn users(desired: &Desired) -> Vec<User> {
    let mut users = Vec::new();
    for component in desired.components.values() {
        for (type_name, field, logs_in) in FIELDS {
            if component.id.kind.name == type_name
                && let Some(username) = component.text(field).filter(|name| !name.is_empty())
            {
                let (username, component) = (username.to_owned(), component.id.clone());
                users.push(User { username, component, field, logs_in });
            }
        }
    }
    users
}

pub fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = users(case.desired).iter().flat_map(|user| named(case, user)).collect();
    findings.extend(connecting(case));
    findings
}

fn named(case: &Case<'_>, user: &User) -> Vec<Finding> {
    let component = std::slice::from_ref(&user.component);
    let field = user.field.rsplit('.').next().unwrap_or(user.field);
    let name = &user.username;
    let Some(person) = case.told.people.get(name) else {
        let found = NAMED.advice(component, format!("whether there is a user {name} could not be asked"));
        return vec![found.why(format!("{} names it in {field}", user.component))];
    };
    let Some(person) = person else {
        let found = NAMED.blocks(component, format!("nobody in the org has the username {name}"));
        let why = format!("the org refuses {}, which names it in {field}", user.component);
        return vec![
            found.why(why).mend("write a username of this org, not an e-mail address: Setup > Users"),
        ];
    };
    let mut findings = Vec::new();
    if !person.is_active {
        let found = NAMED.blocks(component, format!("{name} is not active"));
        let why = format!("nothing works that {} does as this user", user.component);
        findings.push(found.why(why).mend("activate the user, or name another: Setup > Users"));
    }
    if user.logs_in {
        findings.extend(logs_in(user, person));
    }
    if person.is_active && findings.iter().all(|found| found.rank == super::Rank::Advice) {
        findings.push(NAMED.fine(format!("{name}, {field} of {}, is there and active", user.component)));
    }
    findings
}

/// What an app needs of the user that it logs in as.
fn logs_in(user: &User, person: &Person) -> Vec<Finding> {
    let component = std::slice::from_ref(&user.component);
    let mut findings = Vec::new();
    if person.may("ApiEnabled") == Some(false) {
        let found = NAMED.blocks(component, format!("{} lacks `API Enabled`", person.username));
        let why = format!("tokens of {} are refused by every API", user.component);
        findings.push(found.why(why).mend("give it by a permission set: Setup > Users > Permission Sets"));
    }
    if person.may("ApiUserOnly") == Some(false) {
        let found = NAMED.advice(component, format!("{} lacks `API Only User`", person.username));
        let why =
            "the documentation asks for it on the user that an app logs in as; others were seen to work";
        findings.push(found.why(why).mend("use an integration user, whose licence brings it along"));
    }
    findings
}

/// The one who connects, if one was named.
fn connecting(case: &Case<'_>) -> Vec<Finding> {
    let Some(name) = case.user else { return Vec::new() };
    let callers = case.callers();
    let Some(person) = case.told.people.get(name) else {
        let found = CONNECTING.advice(&callers, format!("whether there is a user {name} could not be asked"));
        return vec![found.why("whether that user may connect is not known")];
    };
    let Some(person) = person else {
        let found = CONNECTING.blocks(&callers, format!("nobody in the org has the username {name}"));
        return vec![found.why("nobody can connect as that user").mend("look it up under Setup > Users")];
    };
    let mut findings = Vec::new();
    if !person.is_active {
        let found = CONNECTING.blocks(&callers, format!("{name} is not active"));
        let why = format!("no login of {} works, and what the user has allowed has ended", listed(&callers));
        findings.push(found.why(why).mend("activate the user, and connect again: Setup > Users"));
    }
    if person.may("ApiEnabled") == Some(false) {
        let found = CONNECTING.blocks(&callers, format!("{name} lacks `API Enabled`"));
        let why = format!("what {} reads and writes goes through the API", listed(&callers));
        findings.push(found.why(why).mend("give it by a permission set: Setup > Users > Permission Sets"));
    }
    findings.extend(objects(case, person, &callers));
    if findings.is_empty() {
        findings.push(
            CONNECTING
                .fine(format!("{name} is active, has the licence {}, and may use the API", person.license)),
        );
    }
    findings
}

/// Licence and rights to the records of objects that the manifests name.
fn objects(case: &Case<'_>, person: &Person, callers: &[ComponentId]) -> Vec<Finding> {
    let wanted = wanted_objects(case.desired);
    let mut findings = Vec::new();
    let barred: Vec<&str> =
        wanted.keys().map(String::as_str).filter(|object| NOT_ON_PLATFORM.contains(object)).collect();
    if person.license == "Salesforce Platform" {
        let what = format!("{} has the licence Salesforce Platform", person.username);
        let (found, why) = match barred.is_empty() {
            true => (
                CONNECTING.weakens(callers, what),
                "standard objects such as Lead and Opportunity cannot be given to it".to_owned(),
            ),
            false => (CONNECTING.blocks(callers, what), format!("it cannot be given {}", listed(&barred))),
        };
        findings.push(
            found
                .why(why)
                .mend("connect as a user with the licence Salesforce, with a clone of Standard User"),
        );
    } else if person.license != "Salesforce" && !barred.is_empty() {
        let what = format!("{} has the licence {}", person.username, person.license);
        let found = CONNECTING.weakens(callers, what);
        findings.push(found.why(format!("whether it covers {} is for Setup to say", listed(&barred))));
    }
    let all_data = person.may("ModifyAllData") == Some(true);
    let Some(held) = person.objects.as_ref().filter(|_| !all_data) else { return findings };
    for (object, (needed, owner)) in &wanted {
        let has = held.get(object).copied().unwrap_or_default();
        let words = [
            ("read", needed.read, has.read),
            ("create", needed.create, has.create),
            ("edit", needed.edit, has.edit),
        ];
        let lacking: Vec<&str> =
            words.iter().filter(|(_, needed, has)| *needed && !has).map(|(word, _, _)| *word).collect();
        if !lacking.is_empty() {
            let what = format!("{} may not {} records of {object}", person.username, listed(&lacking));
            let found = CONNECTING.blocks(std::slice::from_ref(owner), what);
            findings.push(found.why(format!("{owner} says that it is needed")).mend(
                match owner.kind.name.as_str() {
                    "PermissionSet" => {
                        format!("assign the permission set {}: Setup > Users > Permission Sets", owner.name)
                    }
                    _ => format!("give the user the profile {}: Setup > Users", owner.name),
                },
            ));
        }
    }
    findings
}

/// Objects of the permission sets and profiles of the manifests, with what is needed and by which of them.
pub fn wanted_objects(desired: &Desired) -> BTreeMap<String, (Access, ComponentId)> {
    let mut wanted: BTreeMap<String, (Access, ComponentId)> = BTreeMap::new();
    let holders = desired.components.values();
    for component in holders.filter(|it| matches!(it.id.kind.name.as_str(), "PermissionSet" | "Profile")) {
        for (object, access) in object_permissions(component) {
            let all = wanted.entry(object).or_insert_with(|| (Access::default(), component.id.clone()));
            all.0.read |= access.read;
            all.0.create |= access.create;
            all.0.edit |= access.edit;
        }
    }
    wanted
}

fn object_permissions(component: &Component) -> Vec<(String, Access)> {
    let listed = match component.get(&FieldPath::of("objectPermissions")) {
        Some(Tree::List(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    let one = |item: &Tree<Leaf>| {
        let Tree::Group(fields) = item else { return None };
        let value = |name: &str| match &fields.get(name)?.as_leaf()?.wanted {
            Wanted::Known(scalar) => Some(scalar),
            _ => None,
        };
        let flag = |name: &str| value(name) == Some(&Scalar::Flag(true));
        let Some(Scalar::Text(object)) = value("object") else { return None };
        let access = Access { read: flag("allowRead"), create: flag("allowCreate"), edit: flag("allowEdit") };
        Some((object.clone(), access))
    };
    listed.iter().filter_map(one).collect()
}
