//! What a named credential holds once somebody has let it in, and what Setup tells of that. The tokens leave this org by
//! no page and by no API (NC-29).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::component::{Fields, Scalar};
use crate::simulator::people::{self, Person};
use crate::simulator::permission;
use crate::simulator::rules::text;
use crate::simulator::state::{Component, State};

/// Elements that a login was made with; changing one of them drops it (NC-13).
const DECISIVE: [&str; 5] =
    ["authProvider", "oauthScope", "principalType", "protocol", "namedCredentialType"];

/// By the id of the credential; a credential that is made anew has another.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::simulator) struct Authenticated {
    pub user_id: String,
    access_token: String,
    refresh_token: Option<String>,
    made_with: Vec<Option<String>>,
}

impl Authenticated {
    /// From the answer of a token endpoint.
    pub fn new(credential: &Component, user_id: &str, answer: &serde_json::Value) -> Authenticated {
        let token = |name: &str| answer[name].as_str().map(str::to_owned);
        Authenticated {
            user_id: user_id.to_owned(),
            access_token: token("access_token").unwrap_or_default(),
            refresh_token: token("refresh_token"),
            made_with: decisive(&credential.fields),
        }
    }
}

fn decisive(fields: &Fields<Scalar>) -> Vec<Option<String>> {
    DECISIVE.iter().map(|name| text(fields, name).map(str::to_owned)).collect()
}

/// "Authentication Status" of the credential's page.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::simulator) enum Status {
    /// Nobody logs in for it here.
    NotNeeded,
    /// Identity type Per User: in everybody's own settings.
    EachUser,
    /// NC-20
    Pending,
    /// NC-21
    AuthenticatedAs(String),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::NotNeeded => f.write_str("Not needed"),
            Status::EachUser => f.write_str("Each user in their own settings"),
            Status::Pending => f.write_str("Pending"),
            Status::AuthenticatedAs(username) => write!(f, "Authenticated as {username}"),
        }
    }
}

pub(in crate::simulator) fn status(state: &State, credential: &Component) -> Status {
    let fields = &credential.fields;
    if text(fields, "protocol") != Some("Oauth") {
        return Status::NotNeeded;
    }
    if text(fields, "principalType") == Some("PerUser") {
        return Status::EachUser;
    }
    let held = state.oauth.authenticated.get(&credential.id);
    match held.filter(|held| held.made_with == decisive(fields)) {
        Some(held) => Status::AuthenticatedAs(people::with_id(&state.identity, &held.user_id).username),
        None => Status::Pending,
    }
}

/// NC-14
pub(in crate::simulator) fn may_edit(state: &State, person: &Person) -> bool {
    ["CustomizeApplication", "ManageNamedCredentials"].iter().any(|name| permission::has(state, person, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::Tree;
    use serde_json::json;

    fn with(elements: &[(&'static str, &str)]) -> (State, Component) {
        let mut state = State::new().unwrap();
        let fields = elements
            .iter()
            .map(|(name, value)| ((*name).into(), Tree::Leaf(Scalar::Text((*value).to_owned()))));
        state.holdings.put("NamedCredential", "N", fields.collect());
        let credential = state.holdings.get("NamedCredential", "N").unwrap().clone();
        (state, credential)
    }

    #[test]
    fn a_login_counts_until_the_credential_is_another() {
        let (mut state, mut credential) = with(&[("protocol", "Oauth"), ("oauthScope", "api")]);
        assert_eq!(status(&state, &credential), Status::Pending);
        let user = state.identity.user_id();
        let held = Authenticated::new(&credential, &user, &json!({ "access_token": "x" }));
        state.oauth.authenticated.insert(credential.id.clone(), held);
        let username = state.identity.username.clone();
        assert_eq!(status(&state, &credential), Status::AuthenticatedAs(username));
        credential.fields.insert("oauthScope".into(), Tree::Leaf(Scalar::Text("full".to_owned())));
        assert_eq!(status(&state, &credential), Status::Pending);
    }

    #[test]
    fn only_a_named_principal_with_oauth_is_logged_in_here() {
        let (state, credential) = with(&[("protocol", "Password")]);
        assert_eq!(status(&state, &credential), Status::NotNeeded);
        let (state, credential) = with(&[("protocol", "Oauth"), ("principalType", "PerUser")]);
        assert_eq!(status(&state, &credential), Status::EachUser);
    }
}
