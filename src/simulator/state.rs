//! What the org remembers: who it is, the components it holds, the deployments it was sent.
//!
//! Plain data that turns into JSON and back. Where it is kept is `store`'s business.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Deserialize, Serialize};

use super::clock::{Clock, Moment};
use super::deploy::Deployment;
use super::first_day;
use super::ids::{self, prefix};
use super::nature::Nature;
use super::oauth::memory::Memory;
use super::rules::{group, text};
use super::session::Sessions;
use super::setup::Setup;
use crate::component::{Fields, Scalar, Tree};

/// Version of the file's shape. A file of another version is not read.
const FORMAT: u32 = 1;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct State {
    pub format: u32,
    /// What the org is called where it is served.
    #[serde(default = "local")]
    pub name: String,
    pub identity: Identity,
    /// The port the org answers on; kept, so that its instance URL stays the same.
    pub port: Option<u16>,
    #[serde(default)]
    pub nature: Nature,
    pub holdings: Holdings,
    pub deployments: Vec<Deployment>,
    #[serde(default)]
    pub sessions: Sessions,
    #[serde(default)]
    pub oauth: Memory,
    #[serde(default)]
    pub setup: Setup,
}

/// Made once, when the org is.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Identity {
    pub organization_id: String,
    pub username: String,
    pub password: String,
    pub access_token: String,
    /// In every id that this org makes.
    pub pod: String,
    /// In the ids of people and profiles, where they came from another org.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people_pod: Option<String>,
    pub created: Moment,
}

/// Everything a deployment can change. A deployment works on a copy, so that nothing has to be undone.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Holdings {
    /// By type name, then by full name.
    components: BTreeMap<String, BTreeMap<String, Component>>,
    /// Names that stay reserved, by type (AP-5).
    burnt: BTreeMap<String, BTreeSet<String>>,
    /// Every consumer key the org ever had, deleted apps included (CA-14).
    pub consumer_keys: BTreeSet<String>,
    /// The consumer secrets of all apps, to see at once whether one is taken (CA-15). Follows from the components.
    #[serde(skip)]
    consumer_secrets: BTreeSet<String>,
    pod: String,
    serial: u64,
    /// Tells when components change.
    #[serde(skip)]
    pub clock: Clock,
    /// Whether the org was given what an org has on its first day.
    #[serde(default)]
    pub furnished: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Component {
    pub id: String,
    #[serde(with = "super::tree_json")]
    pub fields: Fields<Scalar>,
    pub created: Moment,
    pub modified: Moment,
    /// Of an app whose callback URLs were changed: those it had before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_callbacks: Option<FormerCallbacks>,
}

/// Callback URLs that the login servers may still go by (CA-90).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FormerCallbacks {
    pub lines: String,
    pub until: Moment,
}

impl State {
    pub fn new() -> io::Result<State> {
        let pod = ids::pod()?;
        let organization_id = ids::record(prefix::ORGANIZATION, &pod, 1);
        let identity = Identity {
            access_token: ids::access_token(&organization_id)?,
            organization_id,
            username: format!("admin@{}.orgwire.example", pod.to_lowercase()),
            password: ids::letters_and_digits(24)?,
            pod: pod.clone(),
            people_pod: None,
            created: Moment::now(),
        };
        let holdings = Holdings { pod, serial: 1000, ..Holdings::default() };
        let mut state = State {
            format: FORMAT,
            name: local(),
            identity,
            port: None,
            nature: Nature::default(),
            holdings,
            deployments: Vec::new(),
            sessions: Sessions::default(),
            oauth: Memory::default(),
            setup: Setup::default(),
        };
        first_day::furnish(&mut state);
        Ok(state)
    }

    /// `Organization.Name`: the org's own, so that nobody takes one org for another.
    pub fn organization_name(&self) -> String {
        let mut letters = self.name.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).chain(" org (a simulation)".chars()).collect()
    }

    /// `Organization.InstanceName`, in capitals as those of Salesforce are.
    pub fn instance_name(&self) -> String {
        self.name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
    }

    pub fn is_readable(&self) -> bool {
        self.format == FORMAT
    }

    pub fn deployment(&self, id: &str) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| ids::same(&deployment.id, id))
    }

    pub fn deployment_mut(&mut self, id: &str) -> Option<&mut Deployment> {
        self.deployments.iter_mut().find(|deployment| ids::same(&deployment.id, id))
    }
}

/// The name of an org that was given none.
pub(super) fn local() -> String {
    super::USUAL_NAME.to_owned()
}

fn callbacks<'a>(type_name: &str, fields: &'a Fields<Scalar>) -> Option<&'a str> {
    match type_name {
        "ConnectedApp" => text(group(fields, "oauthConfig")?, "callbackUrl"),
        "ExtlClntAppGlobalOauthSettings" => text(fields, "callbackUrl"),
        _ => None,
    }
}

impl Component {
    /// Of an app of either kind; an auth provider's secret is another thing.
    fn consumer_secret(&self, type_name: &str) -> Option<&str> {
        let fields = match type_name {
            "ConnectedApp" => match self.fields.get("oauthConfig")? {
                Tree::Group(config) => config,
                _ => return None,
            },
            "ExtlClntAppGlobalOauthSettings" => &self.fields,
            _ => return None,
        };
        match fields.get("consumerSecret")? {
            Tree::Leaf(Scalar::Text(secret)) => Some(secret),
            _ => None,
        }
    }
}

impl Identity {
    pub fn user_id(&self) -> String {
        ids::record(prefix::USER, self.people_pod(), 1)
    }

    pub fn people_pod(&self) -> &str {
        self.people_pod.as_deref().unwrap_or(&self.pod)
    }
}

impl Holdings {
    pub fn new_id(&mut self, prefix: &str) -> String {
        self.serial += 1;
        ids::record(prefix, &self.pod, self.serial)
    }

    /// The same in another org: new ids are that org's, and time passes there by itself.
    pub fn copied(&self, pod: &str) -> Holdings {
        Holdings { pod: pod.to_owned(), clock: Clock::default(), ..self.clone() }
    }

    /// Every component with the name of its type. Whoever changes consumer secrets calls [`Holdings::index`].
    pub fn all_mut(&mut self) -> impl Iterator<Item = (&str, &mut Component)> {
        self.components.iter_mut().flat_map(|(type_name, components)| {
            components.values_mut().map(move |component| (type_name.as_str(), component))
        })
    }

    pub fn get(&self, type_name: &str, name: &str) -> Option<&Component> {
        self.components.get(type_name)?.get(name)
    }

    pub fn get_mut(&mut self, type_name: &str, name: &str) -> Option<&mut Component> {
        self.components.get_mut(type_name)?.get_mut(name)
    }

    /// The components of a type with their full names, by name.
    pub fn of_type(&self, type_name: &str) -> impl Iterator<Item = (&str, &Component)> {
        self.components
            .get(type_name)
            .into_iter()
            .flatten()
            .map(|(name, component)| (name.as_str(), component))
    }

    /// Saves a component, new or changed, and returns its id.
    pub fn put(&mut self, type_name: &str, name: &str, fields: Fields<Scalar>) -> String {
        let now = self.clock.now();
        let (id, created, former_callbacks) = match self.get(type_name, name) {
            Some(component) => {
                let (before, after) =
                    (callbacks(type_name, &component.fields), callbacks(type_name, &fields));
                let former = match before {
                    Some(lines) if before != after => {
                        Some(FormerCallbacks { lines: lines.to_owned(), until: now })
                    }
                    _ => component.former_callbacks.clone(),
                };
                (component.id.clone(), component.created, former)
            }
            None => (self.new_id(prefix::of_type(type_name)), now, None),
        };
        let component = Component { id: id.clone(), fields, created, modified: now, former_callbacks };
        self.insert(type_name, name, component);
        id
    }

    /// Puts a component where it is, as it is.
    pub fn insert(&mut self, type_name: &str, name: &str, component: Component) {
        self.forget_secret(type_name, name);
        self.consumer_secrets.extend(component.consumer_secret(type_name).map(str::to_owned));
        self.components.entry(type_name.to_owned()).or_default().insert(name.to_owned(), component);
    }

    fn forget_secret(&mut self, type_name: &str, name: &str) {
        let secret = self.get(type_name, name).and_then(|component| component.consumer_secret(type_name));
        if let Some(secret) = secret.map(str::to_owned) {
            self.consumer_secrets.remove(&secret);
        }
    }

    /// Works out what is not written down.
    pub fn index(&mut self) {
        let all = self.components.iter().flat_map(|(type_name, components)| {
            components.values().filter_map(|component| component.consumer_secret(type_name))
        });
        self.consumer_secrets = all.map(str::to_owned).collect();
    }

    pub fn has_consumer_secret(&self, secret: &str) -> bool {
        self.consumer_secrets.contains(secret)
    }

    /// Removes a component; its name stays reserved where `burn` says so.
    pub fn remove(&mut self, type_name: &str, name: &str, burn: bool) -> Option<Component> {
        self.forget_secret(type_name, name);
        let removed = self.components.get_mut(type_name)?.remove(name)?;
        if burn {
            self.burnt.entry(type_name.to_owned()).or_default().insert(name.to_owned());
        }
        Some(removed)
    }

    pub fn is_burnt(&self, type_name: &str, name: &str) -> bool {
        self.burnt.get(type_name).is_some_and(|names| names.contains(name))
    }

    /// Takes over what `other`, a copy that went its own way, did to one component.
    pub fn take_from(&mut self, other: &Holdings, type_name: &str, name: &str) {
        match other.get(type_name, name) {
            Some(component) => self.insert(type_name, name, component.clone()),
            None => {
                let burn = other.is_burnt(type_name, name);
                self.remove(type_name, name, burn);
            }
        }
        self.serial = self.serial.max(other.serial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_name_is_burnt_only_where_asked() {
        let mut holdings = State::new().unwrap().holdings;
        holdings.put("AuthProvider", "A", Fields::new());
        holdings.put("NamedCredential", "N", Fields::new());
        holdings.remove("AuthProvider", "A", true);
        holdings.remove("NamedCredential", "N", false);
        assert!(holdings.is_burnt("AuthProvider", "A") && !holdings.is_burnt("NamedCredential", "N"));
    }

    #[test]
    fn a_component_keeps_its_id_when_it_changes() {
        let mut holdings = State::new().unwrap().holdings;
        let id = holdings.put("ConnectedApp", "A", Fields::new());
        assert!(id.starts_with("0H4") && id.len() == 18);
        assert_eq!(holdings.put("ConnectedApp", "A", Fields::new()), id);
        assert_ne!(holdings.put("ConnectedApp", "B", Fields::new()), id);
    }

    #[test]
    fn state_survives_being_written_and_read() {
        let mut state = State::new().unwrap();
        state.holdings.put(
            "ConnectedApp",
            "A",
            Fields::from([("label".into(), Tree::Leaf(Scalar::Text("L".to_owned())))]),
        );
        let text = serde_json::to_string(&state).unwrap();
        let read: State = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn a_file_of_an_earlier_version_is_read() {
        let mut state = State::new().unwrap();
        state.identity.pod = "Ws".to_owned();
        let mut written = serde_json::to_value(&state).unwrap();
        written.as_object_mut().unwrap().remove("name");
        let read: State = serde_json::from_value(written).unwrap();
        assert_eq!((read.name.as_str(), read.identity.user_id().len()), ("local", 18));
    }
}
