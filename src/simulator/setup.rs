//! What administrators do in Setup that no metadata tells of: deactivate a user, block an app, and what Salesforce
//! itself does to an org. Rehearsals do it through `/simulator/setup`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Org;
use super::oauth::{foreign, memory};
use super::people::{self, Person};
use super::rules::{group, text};
use super::state::State;

/// What was done so far.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Setup {
    /// Ids of users (OA-40).
    inactive: BTreeSet<String>,
    /// Consumer keys (OA-45).
    blocked: BTreeSet<String>,
    /// Consumer keys of other orgs' apps (CA-75).
    installed: BTreeSet<String>,
    /// The org is locked, closed or suspended (OA-41).
    locked: bool,
    my_domain: MyDomain,
    /// Minutes that JWTs of a connected app count, by the app's id (CA-64).
    jwt_minutes: BTreeMap<String, i64>,
}

/// CA-64: the timeouts of JWTs that Setup offers.
pub(super) const JWT_MINUTES: [i64; 11] = [1, 5, 10, 15, 30, 60, 90, 120, 240, 480, 720];

/// What the login hosts may still be used for (SE-23). Metadata that this org does not know has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MyDomain {
    pub can_only_login_with_my_domain_url: bool,
    pub does_api_login_require_org_domain: bool,
}

impl Setup {
    /// As a sandbox has it that is a copy of the org.
    pub fn copied(&self) -> Setup {
        Setup { locked: false, ..self.clone() }
    }

    pub fn is_inactive(&self, person: &Person) -> bool {
        self.inactive.contains(&person.id)
    }

    pub fn is_blocked(&self, consumer_key: &str) -> bool {
        self.blocked.contains(consumer_key)
    }

    pub fn is_installed(&self, consumer_key: &str) -> bool {
        self.installed.contains(consumer_key)
    }

    /// The timeout that somebody chose for the JWTs of a connected app.
    pub fn jwt_minutes(&self, app_id: &str) -> Option<i64> {
        self.jwt_minutes.get(app_id).copied()
    }

    /// Anything but what Setup offers takes the choice back.
    pub fn choose_jwt_minutes(&mut self, app_id: &str, minutes: Option<i64>) {
        match minutes.filter(|minutes| JWT_MINUTES.contains(minutes)) {
            Some(minutes) => drop(self.jwt_minutes.insert(app_id.to_owned(), minutes)),
            None => drop(self.jwt_minutes.remove(app_id)),
        }
    }

    pub fn my_domain(&self) -> MyDomain {
        self.my_domain
    }

    pub fn is_locked(&self) -> bool {
        self.locked
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub(super) enum Step {
    DeactivateUser {
        username: String,
    },
    ActivateUser {
        username: String,
    },
    AssignPermissionSet {
        permission_set: String,
        username: String,
    },
    UnassignPermissionSet {
        permission_set: String,
        username: String,
    },
    /// An app goes by the name of its component, or by its consumer key.
    BlockApp {
        app: String,
    },
    UnblockApp {
        app: String,
    },
    InstallApp {
        consumer_key: String,
    },
    UninstallApp {
        consumer_key: String,
    },
    /// Under the names that the two switches have in metadata; what is left out is switched off.
    #[serde(rename_all = "camelCase")]
    MyDomainPolicy {
        #[serde(default)]
        can_only_login_with_my_domain_url: bool,
        #[serde(default)]
        does_api_login_require_org_domain: bool,
    },
    LockOrg {},
    UnlockOrg {},
}

impl Step {
    /// The error says why it cannot be done.
    pub fn take(&self, org: &Org) -> Result<(), String> {
        if let Step::InstallApp { consumer_key } = self {
            let app = foreign::find(org, consumer_key);
            app.ok_or_else(|| format!("no other org has an app `{consumer_key}`"))?.can_be_installed(org)?;
        }
        org.store.change(|state| self.change(state)).map_err(|error| error.in_one_line())?
    }

    fn change(&self, state: &mut State) -> Result<(), String> {
        match self {
            Step::DeactivateUser { username } => deactivate(state, &person(state, username)?)?,
            Step::ActivateUser { username } => {
                let person = person(state, username)?;
                state.setup.inactive.remove(&person.id);
            }
            Step::AssignPermissionSet { permission_set, username } => {
                let person = person(state, username)?;
                if state.holdings.get("PermissionSet", permission_set).is_none() {
                    return Err(format!("no permission set `{permission_set}`"));
                }
                state.oauth.assigned.entry(permission_set.clone()).or_default().insert(person.id);
            }
            Step::UnassignPermissionSet { permission_set, username } => {
                let person = person(state, username)?;
                if let Some(users) = state.oauth.assigned.get_mut(permission_set) {
                    users.remove(&person.id);
                }
            }
            Step::BlockApp { app } => {
                let key = consumer_key(state, app)?;
                // What its people approved counts again when the app is unblocked.
                end_sessions(state, &key);
                state.setup.blocked.insert(key);
            }
            Step::UnblockApp { app } => {
                let key = consumer_key(state, app)?;
                state.setup.blocked.remove(&key);
            }
            Step::InstallApp { consumer_key } => {
                state.setup.installed.insert(consumer_key.clone());
            }
            Step::UninstallApp { consumer_key } => {
                state.setup.installed.remove(consumer_key);
                end_sessions(state, consumer_key);
            }
            Step::MyDomainPolicy { can_only_login_with_my_domain_url, does_api_login_require_org_domain } => {
                state.setup.my_domain = MyDomain {
                    can_only_login_with_my_domain_url: *can_only_login_with_my_domain_url,
                    does_api_login_require_org_domain: *does_api_login_require_org_domain,
                };
            }
            Step::LockOrg {} => state.setup.locked = true,
            Step::UnlockOrg {} => state.setup.locked = false,
        }
        Ok(())
    }
}

/// OA-13: what the user approved ends, and every session.
fn deactivate(state: &mut State, person: &Person) -> Result<(), String> {
    if person.id == state.identity.user_id() {
        return Err(format!("{}: the token that the org prints is of this user", person.username));
    }
    let approvals = state.oauth.approvals.iter().filter(|approval| approval.user_id == person.id);
    for id in approvals.map(|approval| approval.id.clone()).collect::<Vec<_>>() {
        memory::revoke(state, &id);
    }
    state.sessions.end(|session| session.user_id == person.id);
    state.setup.inactive.insert(person.id.clone());
    Ok(())
}

fn end_sessions(state: &mut State, consumer_key: &str) {
    state.sessions.end(|session| session.app.as_ref().is_some_and(|app| app.consumer_key == consumer_key));
}

fn person(state: &State, username: &str) -> Result<Person, String> {
    let mut people = people::of(&state.identity).into_iter();
    people.find(|person| person.has_username(username)).ok_or_else(|| format!("no user `{username}`"))
}

fn consumer_key(state: &State, app: &str) -> Result<String, String> {
    let connected = state.holdings.of_type("ConnectedApp").filter_map(|(name, component)| {
        Some((name, text(group(&component.fields, "oauthConfig")?, "consumerKey")?))
    });
    let external = state.holdings.of_type("ExtlClntAppGlobalOauthSettings").filter_map(|(_, component)| {
        let fields = &component.fields;
        Some((text(fields, "externalClientApplication")?, text(fields, "consumerKey")?))
    });
    let mut found = connected.chain(external).filter(|(name, key)| *name == app || *key == app);
    found.next().map(|(_, key)| key.to_owned()).ok_or_else(|| format!("no app `{app}` with OAuth"))
}

/// How things stand, for whoever rehearses.
pub(super) fn told(state: &State) -> Value {
    let people = people::of(&state.identity);
    let inactive = people.iter().filter(|person| state.setup.is_inactive(person));
    json!({
        "inactive-users": inactive.map(|person| person.username.as_str()).collect::<Vec<_>>(),
        "blocked-apps": state.setup.blocked,
        "installed-apps": state.setup.installed,
        "locked": state.setup.locked,
        "my-domain": state.setup.my_domain,
    })
}
