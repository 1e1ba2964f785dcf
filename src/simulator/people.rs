//! The users of the org: the one who logs in, and two more for whoever has to name somebody.

use ring::hmac;

use super::ids::{self, prefix};
use super::session::is_same;
use super::state::Identity;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub id: String,
    pub username: String,
    pub first_name: &'static str,
    pub last_name: &'static str,
    pub alias: &'static str,
    pub profile: Profile,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    pub id: String,
    /// As people see it; metadata may call it otherwise.
    pub name: &'static str,
    pub license: &'static str,
    pub license_id: String,
}

impl Profile {
    /// By the label people see or by the name in metadata (CA-52, SE-15), whatever the case.
    pub fn is_called(&self, name: &str) -> bool {
        let metadata_name = match self.name {
            "System Administrator" => "Admin",
            "Standard User" => "Standard",
            name => name,
        };
        name.eq_ignore_ascii_case(self.name) || name.eq_ignore_ascii_case(metadata_name)
    }
}

impl Profile {
    /// The standard profile of integrations lets nobody into the pages.
    pub fn is_for_api_only(&self) -> bool {
        self.name == "Minimum Access - API Only Integrations"
    }
}

impl Person {
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    pub fn is_administrator(&self) -> bool {
        self.profile.name == "System Administrator"
    }

    /// Usernames are compared without case.
    pub fn has_username(&self, username: &str) -> bool {
        self.username.eq_ignore_ascii_case(username.trim())
    }
}

/// The person with this id, or the first where nobody was noted.
pub(super) fn with_id(identity: &Identity, id: &str) -> Person {
    let mut all = of(identity);
    let at = all.iter().position(|person| person.id == id).unwrap_or(0);
    all.swap_remove(at)
}

/// The person with this username and password. Every person has a password; the org prints the first one's, and
/// the others follow from it.
pub(super) fn log_in(identity: &Identity, username: &str, password: &str) -> Option<Person> {
    let person = of(identity).into_iter().find(|person| person.has_username(username))?;
    is_same(&self::password(identity, &person), password).then_some(person)
}

pub(super) fn password(identity: &Identity, person: &Person) -> String {
    if person.id == identity.user_id() {
        return identity.password.clone();
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, identity.password.as_bytes());
    let tag = hmac::sign(&key, person.username.as_bytes());
    tag.as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// The org's users. The first is the one whose token the org hands out.
pub(super) fn of(identity: &Identity) -> Vec<Person> {
    let pod = identity.people_pod();
    let domain = identity.username.split_once('@').map_or("", |(_, domain)| domain);
    let profile = |serial, name, license, license_serial| Profile {
        id: ids::record(prefix::PROFILE, pod, serial),
        name,
        license,
        license_id: ids::record(prefix::USER_LICENSE, pod, license_serial),
    };
    vec![
        Person {
            id: identity.user_id(),
            username: identity.username.clone(),
            first_name: "Ada",
            last_name: "Admin",
            alias: "aadmin",
            profile: profile(1, "System Administrator", "Salesforce", 1),
        },
        Person {
            id: ids::record(prefix::USER, pod, 2),
            username: format!("integration@{domain}"),
            first_name: "Ines",
            last_name: "Integration",
            alias: "iinteg",
            profile: profile(2, "Minimum Access - API Only Integrations", "Salesforce Integration", 2),
        },
        Person {
            id: ids::record(prefix::USER, pod, 3),
            username: format!("analyst@{domain}"),
            first_name: "Abel",
            last_name: "Analyst",
            alias: "aanaly",
            profile: profile(3, "Standard User", "Salesforce", 1),
        },
    ]
}
