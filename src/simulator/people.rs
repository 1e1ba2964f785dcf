//! The users of the org: the one who logs in, and two more for whoever has to name somebody.

use super::ids::{self, prefix};
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

impl Person {
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// Usernames are compared without case.
    pub fn has_username(&self, username: &str) -> bool {
        self.username.eq_ignore_ascii_case(username.trim())
    }
}

/// The org's users. The first is the one whose token the org hands out.
pub(super) fn of(identity: &Identity) -> Vec<Person> {
    let domain = identity.username.split_once('@').map_or("", |(_, domain)| domain);
    let profile = |serial, name, license, license_serial| Profile {
        id: ids::record(prefix::PROFILE, &identity.pod, serial),
        name,
        license,
        license_id: ids::record(prefix::USER_LICENSE, &identity.pod, license_serial),
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
            id: ids::record(prefix::USER, &identity.pod, 2),
            username: format!("integration@{domain}"),
            first_name: "Ines",
            last_name: "Integration",
            alias: "iinteg",
            profile: profile(2, "Minimum Access - API Only Integrations", "Salesforce Integration", 2),
        },
        Person {
            id: ids::record(prefix::USER, &identity.pod, 3),
            username: format!("analyst@{domain}"),
            first_name: "Abel",
            last_name: "Analyst",
            alias: "aanaly",
            profile: profile(3, "Standard User", "Salesforce", 1),
        },
    ]
}
