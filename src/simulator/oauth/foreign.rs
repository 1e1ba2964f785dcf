//! Apps of other orgs of the same world, which this org does not hold. A connected app's key leads here from anywhere,
//! and counts for whoever may let in apps that are not installed (CA-75); an external client app's does not (EC-19).

use super::client::Client;
use super::{Ask, Refused, keys};
use crate::simulator::Org;
use crate::simulator::people::Person;
use crate::simulator::permission;
use crate::simulator::rules::{group, text};
use crate::simulator::state::State;

/// What permissions make up for an app that is not installed (CA-75).
const EXEMPT: [&str; 2] = ["CanApproveUninstalledApps", "UseAnyApiAuth"];

#[derive(Clone)]
pub(in crate::simulator) struct Foreign {
    client: Client,
    /// Made to be installed elsewhere; of external client apps.
    packaged: bool,
    /// CA-76
    of_sandbox: bool,
}

/// The app with this key in another org. Locks one org after the other, so nobody may call it who holds one.
pub(in crate::simulator) fn find(org: &Org, key: &str) -> Option<Foreign> {
    if org.store.read(|state| Client::find(state, key, org.propagation).is_some()) {
        return None;
    }
    org.neighbours.others(org).iter().find_map(|other| {
        other.store.read(|state| {
            let client = Client::find(state, key, other.propagation)?;
            let packaged = client.is_external && is_packaged(state, key);
            Some(Foreign { client: client.into_foreign(), packaged, of_sandbox: other.nature.sandbox })
        })
    })
}

/// The connected apps of other orgs by their names and keys, which a person with the right may install here.
pub(in crate::simulator) fn all(org: &Org) -> Vec<(String, String)> {
    let of_org = |other: &std::sync::Arc<Org>| {
        other.store.read(|state| {
            let apps = state.holdings.of_type("ConnectedApp").filter_map(|(name, app)| {
                let key = text(group(&app.fields, "oauthConfig")?, "consumerKey")?;
                Some((text(&app.fields, "label").unwrap_or(name).to_owned(), key.to_owned()))
            });
            apps.collect::<Vec<_>>()
        })
    };
    org.neighbours.others(org).iter().flat_map(of_org).collect()
}

fn is_packaged(state: &State, key: &str) -> bool {
    let mut settings = state.holdings.of_type("ExtlClntAppGlobalOauthSettings");
    let own = settings.find(|(_, settings)| text(&settings.fields, "consumerKey") == Some(key));
    let app = own.and_then(|(_, settings)| text(&settings.fields, "externalClientApplication"));
    let header = app.and_then(|app| state.holdings.get("ExternalClientApplication", app));
    header.is_some_and(|header| text(&header.fields, "distributionState") == Some("Packaged"))
}

/// What the app is that a request names, by its parameter or in what it has signed.
pub(super) fn of(org: &Org, ask: &Ask) -> Option<Foreign> {
    let signed = || keys::Jwt::read(ask.get("assertion")?)?.claim("iss").map(str::to_owned);
    find(org, &ask.client_id.clone().or_else(signed)?)
}

impl Foreign {
    pub fn has_key(&self, key: &str) -> bool {
        self.client.consumer_key == key
    }

    /// The app, if it is one that can be used outside of its org.
    pub(super) fn client(&self) -> Result<&Client, Refused> {
        match (self.client.is_external, self.packaged) {
            (false, _) => Ok(&self.client),
            (true, false) => Err(Refused::new(
                "invalid_client",
                "Cross-org OAuth flows are not supported for this external client app",
            )),
            (true, true) => Err(Refused::new(
                "OAUTH_EC_APP_NOT_FOUND",
                "External client app is not installed in this org",
            )),
        }
    }

    /// CA-76: whether the app can be installed in this org, on the OAuth Usage page.
    pub fn can_be_installed(&self, org: &Org) -> Result<(), String> {
        self.client().map_err(|refused| refused.description)?;
        if self.of_sandbox && !org.nature.sandbox {
            return Err("You cannot install a sandbox app outside a non-sandbox organization.".to_owned());
        }
        Ok(())
    }
}

/// CA-75, OA-36: whether this person can let in the app, if it is another org's.
pub(super) fn admits(state: &State, client: &Client, person: &Person) -> bool {
    !client.is_foreign
        || state.setup.is_installed(&client.consumer_key)
        || EXEMPT.iter().any(|name| permission::has(state, person, name))
}
