//! What OAuth remembers: approvals with their refresh tokens, codes under way, and who logged in how.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::credential::Authenticated;
use super::principal::ForPrincipal;
use super::rate::Rates;
use crate::simulator::clock::Moment;
use crate::simulator::session::is_same;
use crate::simulator::state::State;

/// Approvals that one user and one app may have; one more revokes the oldest (OA-9).
const MOST_APPROVALS: usize = 5;
/// Rows of the login history that are kept.
const MOST_LOGINS: usize = 1000;
/// Minutes that a code counts (OA-31).
pub(super) const CODE_MINUTES: i64 = 15;

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::simulator) struct Memory {
    pub approvals: Vec<Approval>,
    pub codes: Vec<Code>,
    pub devices: Vec<Device>,
    pub provider_logins: Vec<ProviderLogin>,
    /// By the id of the named credential, or by the principal of an external one.
    pub authenticated: BTreeMap<String, Authenticated>,
    pub logins: Vec<Login>,
    pub rates: Rates,
    /// PKCS#1 in base64; made with the first JWT.
    pub signing_key: Option<String>,
    /// Users by permission set.
    pub assigned: BTreeMap<String, BTreeSet<String>>,
    pub serial: u64,
}

/// A user lets an app in; what `OauthToken` shows (CA-85).
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::simulator) struct Approval {
    pub id: String,
    pub consumer_key: String,
    pub app_name: String,
    pub user_id: String,
    pub scopes: Vec<String>,
    pub refresh_token: Option<String>,
    /// Refresh tokens that rotation voided (CA-66).
    pub voided: Vec<String>,
    /// Ends it at /revoke, as its refresh token does.
    pub delete_token: String,
    pub created: Moment,
    pub used: Moment,
    pub uses: u64,
}

/// An authorization code that was handed out.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::simulator) struct Code {
    pub code: String,
    pub consumer_key: String,
    pub user_id: String,
    pub scopes: Vec<String>,
    pub redirect_uri: String,
    pub challenge: Option<String>,
    pub nonce: Option<String>,
    pub made: Moment,
    /// The approval it became; using it again ends that.
    pub spent: Option<String>,
}

/// A device that waits for somebody to enter its user code.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::simulator) struct Device {
    pub device_code: String,
    pub user_code: String,
    pub consumer_key: String,
    pub scopes: Vec<String>,
    pub made: Moment,
    pub polled: Option<Moment>,
    pub answer: Option<DeviceAnswer>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::simulator) enum DeviceAnswer {
    Allowed(String),
    Denied,
}

/// A login through an auth provider that was begun.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::simulator) struct ProviderLogin {
    /// Comes back as `state`.
    pub token: String,
    pub provider: String,
    pub verifier: Option<String>,
    pub begun: Moment,
    /// None for one that only tries the provider out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_credential: Option<CredentialLogin>,
}

/// Whose tokens a login is to bring.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::simulator) struct CredentialLogin {
    /// Id of the named credential, or of the external one.
    pub id: String,
    /// Id of the user who began it in Setup; only their browser may end it.
    pub begun_by: String,
    /// The principal of an external credential; none for a legacy credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<ForPrincipal>,
}

/// A row of the login history.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::simulator) struct Login {
    pub id: String,
    pub user_id: String,
    pub at: Moment,
    pub kind: String,
    pub sub_type: String,
    pub status: String,
    pub application: String,
    pub ip: String,
}

impl Memory {
    pub fn is_assigned(&self, permission_set: &str, user_id: &str) -> bool {
        self.assigned.get(permission_set).is_some_and(|users| users.contains(user_id))
    }

    pub fn approval_of(&self, consumer_key: &str, user_id: &str) -> Option<&Approval> {
        self.approvals
            .iter()
            .find(|approval| approval.consumer_key == consumer_key && approval.user_id == user_id)
    }

    fn remember(&mut self, login: Login) {
        if self.logins.len() >= MOST_LOGINS {
            self.logins.remove(0);
        }
        self.logins.push(login);
    }
}

/// Adds an approval; the sixth of a user and an app pushes the oldest out (OA-9, the stance).
pub(super) fn approve(state: &mut State, approval: Approval) {
    let is_like =
        |other: &&Approval| other.consumer_key == approval.consumer_key && other.user_id == approval.user_id;
    let alike: Vec<String> =
        state.oauth.approvals.iter().filter(is_like).map(|other| other.id.clone()).collect();
    state.oauth.approvals.push(approval);
    if alike.len() >= MOST_APPROVALS {
        revoke(state, &alike[0]);
    }
}

/// Ends an approval and the sessions that rest on it.
pub(in crate::simulator) fn revoke(state: &mut State, id: &str) {
    state.oauth.approvals.retain(|approval| approval.id != id);
    state.sessions.end(|session| session.app.as_ref().is_some_and(|app| app.approval.as_deref() == Some(id)));
}

/// The approval that this refresh token, or token to delete, belongs to.
pub(super) fn by_token<'a>(state: &'a State, token: &str) -> Option<&'a Approval> {
    state.oauth.approvals.iter().find(|approval| {
        is_same(&approval.delete_token, token)
            || approval.refresh_token.as_ref().is_some_and(|refresh| is_same(refresh, token))
    })
}

/// Notes that somebody logged in, or tried.
pub(in crate::simulator) fn note(
    state: &mut State,
    user_id: &str,
    kind: &str,
    sub_type: &str,
    status: &str,
    application: &str,
    ip: std::net::IpAddr,
) {
    let id = new_id(state, "0Ya");
    let at = state.holdings.clock.now();
    state.oauth.remember(Login {
        id,
        user_id: user_id.to_owned(),
        at,
        kind: kind.to_owned(),
        sub_type: sub_type.to_owned(),
        status: status.to_owned(),
        application: application.to_owned(),
        ip: ip.to_string(),
    });
}

/// Ids of these records are counted apart from those of components, which deployments count on their own copies.
pub(super) fn new_id(state: &mut State, prefix: &str) -> String {
    state.oauth.serial += 1;
    crate::simulator::ids::record(prefix, &state.identity.pod, state.oauth.serial)
}
