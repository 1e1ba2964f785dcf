//! What the platform checks when a component is saved, and what it fills in: first the rules that follow from
//! a type's description, then the rules of the type. A rule either lets pass, remarks, or refuses.
//!
//! Knows nothing of deployments: a component may come from a package or from a SOAP call.

mod auth_provider;
mod certificate;
mod connected_app;
mod consumer;
mod deletion;
mod external_client_app;
mod external_credential;
mod named_credential;
mod permissions;
mod profile_session;
mod references;
mod renaming;
mod rights;
mod settings;

use std::collections::BTreeSet;
use std::io;

use super::Org;
use super::ids;
use super::nature::Nature;
use super::people::{self, Person};
use super::schema::is_blank;
use super::state::{Component, Holdings, Identity};
use super::xml::Position;
use crate::component::{Field, Fields, Group, Kind, Name, Scalar, Tree, Type};
pub(super) use connected_app::CREATION_BLOCKED;
pub(super) use deletion::{Refusal, delete};
pub(super) use permissions::{ALONG, profile_along};
pub(super) use profile_session::{MINUTES as SESSION_MINUTES, name_for as session_setting_name};
pub(super) use references::{rank, same_free};
pub(super) use renaming::{Refusal as CannotRename, rename};
pub(super) use rights::check as check_rights;
pub(super) use settings::API_ACCESS_CONTROL;

/// Why a component is refused, or what to say about one that is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub severity: Severity,
    pub text: String,
    /// Where in the file; only the parser knows (MD-37).
    pub at: Option<Position>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Severity {
    Error,
    Warning,
    Info,
}

impl Problem {
    pub fn error(text: impl Into<String>) -> Problem {
        Problem { severity: Severity::Error, text: text.into(), at: None }
    }

    pub fn at(at: Position, text: impl Into<String>) -> Problem {
        Problem { severity: Severity::Error, text: text.into(), at: Some(at) }
    }
}

/// A component on its way into the org.
pub(super) struct Incoming<'a> {
    pub kind: &'static Type,
    pub name: &'a str,
    /// As it was sent.
    pub sent: &'a Fields<Scalar>,
    /// As the org has it; `None` when it is created.
    pub stored: Option<&'a Component>,
    /// What the org holds at this moment, earlier components of the same package included.
    pub holdings: &'a Holdings,
    pub org: &'a Circumstances,
    /// The API version whose schema it was read by.
    pub version: u16,
}

/// What is true of the org whatever it holds.
#[derive(Debug, Clone)]
pub(super) struct Circumstances {
    pub people: Vec<Person>,
    pub organization_id: String,
    /// Whether connected apps can be created (CA-70).
    pub creation_blocked: bool,
    pub nature: Nature,
    /// Consumer keys of other orgs (CA-14).
    pub taken_keys: BTreeSet<String>,
    /// Permissions of whoever sends the components (MD-15).
    pub rights: BTreeSet<&'static str>,
}

impl Circumstances {
    pub fn of(identity: &Identity, nature: Nature) -> Circumstances {
        Circumstances {
            people: people::of(identity),
            organization_id: identity.organization_id.clone(),
            creation_blocked: false,
            nature,
            taken_keys: BTreeSet::new(),
            rights: rights::all(),
        }
    }

    /// What is true of an org that serves requests, when the user with this id sends components.
    pub fn of_org(org: &Org, user_id: &str) -> Circumstances {
        let known = org.store.read(|state| Circumstances {
            rights: rights::of(state, &people::with_id(&state.identity, user_id)),
            ..Circumstances::of(&state.identity, org.nature)
        });
        Circumstances {
            creation_blocked: org.creation_blocked,
            taken_keys: org.neighbours.consumer_keys(org),
            ..known
        }
    }

    /// The id as it stands in values that belong to one org: 15 characters (EC-3, EC-4).
    fn short_id(&self) -> &str {
        ids::short(&self.organization_id)
    }
}

/// A component that may be saved.
#[derive(Debug)]
pub(super) struct Accepted {
    pub fields: Fields<Scalar>,
    /// Warnings and notes.
    pub remarks: Vec<Problem>,
}

/// Checks a component and works out what the org will hold.
pub(super) fn accept(incoming: &Incoming) -> Result<Accepted, Problem> {
    rights::check(incoming.org, incoming.kind)?;
    check_name(incoming.kind, incoming.name)?;
    check_sizes(&incoming.kind.fields, incoming.sent)?;
    let mut fields = incoming.stored.map(|stored| stored.fields.clone()).unwrap_or_default();
    match incoming.kind.member.fixed {
        Some(_) => merge(&incoming.kind.fields, &mut fields, &settings::without_nils(incoming.sent)),
        None => merge(&incoming.kind.fields, &mut fields, incoming.sent),
    }
    let mut accepted = Accepted { fields, remarks: Vec::new() };
    match incoming.kind.name.as_str() {
        "AuthProvider" => auth_provider::check(incoming, &mut accepted)?,
        "Certificate" => certificate::check(incoming, &mut accepted)?,
        "ConnectedApp" => connected_app::check(incoming, &mut accepted)?,
        "ExternalClientApplication" => external_client_app::check_header(incoming, &mut accepted)?,
        "ExternalCredential" => external_credential::check(incoming, &mut accepted)?,
        "ExtlClntAppConfigurablePolicies" => drop(external_client_app::check_only_one(incoming, &accepted)?),
        "ExtlClntAppGlobalOauthSettings" => external_client_app::check_global(incoming, &mut accepted)?,
        "ExtlClntAppOauthConfigurablePolicies" => {
            external_client_app::check_policies(incoming, &mut accepted)?;
        }
        "ExtlClntAppOauthSettings" => external_client_app::check_settings(incoming, &mut accepted)?,
        "NamedCredential" => named_credential::check(&mut accepted)?,
        "PermissionSet" => permissions::check_set(incoming, &mut accepted)?,
        "Profile" => permissions::check_profile(incoming, &mut accepted)?,
        "ProfileSessionSetting" => profile_session::check(incoming, &mut accepted)?,
        _ if incoming.kind.member.fixed.is_some() => settings::check(incoming, &mut accepted)?,
        _ => {}
    }
    fill_defaults(&incoming.kind.fields, &mut accepted.fields);
    if incoming.kind.name == "ExtlClntAppOauthConfigurablePolicies" {
        external_client_app::drop_idle_period(&mut accepted.fields, incoming.sent);
    }
    references::check(incoming, &incoming.kind.fields, &accepted.fields)?;
    Ok(accepted)
}

/// What saving a component did.
pub(super) struct Saved {
    pub id: String,
    /// Types and names of everything that was changed.
    pub touched: Vec<(String, String)>,
}

/// Saves a component that was accepted, with what the org does along with it.
pub(super) fn save(holdings: &mut Holdings, kind: &Type, name: &str, fields: Fields<Scalar>) -> Saved {
    holdings.consumer_keys.extend(consumer::key(&kind.name, &fields).map(str::to_owned)); // CA-14
    let mut touched = vec![(kind.name.clone(), name.to_owned())];
    touched.extend(external_client_app::make_room(holdings, kind, name, &fields));
    let id = holdings.put(&kind.name, name, fields);
    touched.extend(external_client_app::link(holdings, kind, name));
    Saved { id, touched }
}

/// Adds what the org makes by itself when all components of a request are saved; tells types and names.
pub(super) fn complete(holdings: &mut Holdings) -> Vec<(String, String)> {
    external_client_app::add_policies(holdings)
}

/// CA-6, NC-9, AP-3: letters, digits and single underscores, starting with a letter, not ending in an
/// underscore, and not too long. Names of profiles are free (SE-15), those of session settings are the org's own
/// (SE-14).
fn check_name(kind: &Type, name: &str) -> Result<(), Problem> {
    if kind.member.fixed.as_deref().is_some_and(|fixed| fixed != name) {
        return Err(Problem::error(format!(
            "{} is not a valid metadata object. Check the name and casing of the file.",
            kind.path(name)
        )));
    }
    let called = kind.member.called.as_deref().unwrap_or("API name");
    let is_free = kind.member.free || kind.member.generated.is_some();
    let legal = is_free && !name.trim().is_empty()
        || name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.ends_with('_')
            && !name.contains("__");
    if !legal {
        return Err(Problem::error(format!(
            "The {called} can only contain underscores and alphanumeric characters. It must be unique, begin \
             with a letter, not include spaces, not end with an underscore, and not contain two consecutive \
             underscores."
        )));
    }
    if name.chars().count() > kind.member.max_length {
        return Err(too_long(called, Some(name), kind.member.max_length));
    }
    Ok(())
}

/// Lengths and number ranges, from the description (CA-26, AP-3, NC-9).
fn check_sizes(group: &Group, sent: &Fields<Scalar>) -> Result<(), Problem> {
    for (name, value) in sent {
        let Some(field) = group.field(name) else { continue };
        let items = match value {
            Tree::List(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        for item in items {
            match (item, &field.kind) {
                (Tree::Group(inner), Kind::Group(group)) => check_sizes(group, inner)?,
                (Tree::Leaf(scalar), _) => check_size(field, scalar)?,
                _ => {}
            }
        }
    }
    Ok(())
}

fn check_size(field: &Field, scalar: &Scalar) -> Result<(), Problem> {
    match (scalar, field.max_length, field.range) {
        (Scalar::Text(text), Some(longest), _) if text.chars().count() > longest => {
            let shown = (!field.secret).then_some(text.as_str());
            Err(too_long(&field.name, shown, longest))
        }
        (Scalar::Number(number), _, Some((least, most))) if !(least..=most).contains(number) => {
            Err(Problem::error(format!(
                "{}: {number} is not between {least} and {most} (rehearsal wording, MD-36)",
                field.name
            )))
        }
        _ => Ok(()),
    }
}

/// STRING_TOO_LONG as the data APIs word it; what a deploy says is not public (MD-36). A secret is not shown.
fn too_long(field: &str, value: Option<&str>, longest: usize) -> Problem {
    let shown: String = value.unwrap_or_default().chars().take(40).collect();
    Problem::error(format!("STRING_TOO_LONG: {field}: data value too large: {shown} (max length={longest})"))
}

/// Puts what was sent over what is stored. What is absent stays (CA-82, and the same stance for the other
/// types), an empty or nil element clears, a list replaces the whole list (CA-30, CA-51), an empty group empties
/// what it holds where the description says so (SE-6), and what only the org may say is passed over (AP-45).
fn merge(group: &Group, stored: &mut Fields<Scalar>, sent: &Fields<Scalar>) {
    for (name, value) in sent {
        let Some(field) = group.field(name) else { continue };
        if field.read_only {
            continue;
        }
        match (value, &field.kind) {
            (blank, _) if is_blank(blank) => {
                stored.remove(name);
            }
            (Tree::Group(sent), Kind::Group(_)) if field.clears && sent.is_empty() => {
                stored.insert(name.clone(), Tree::Group(Fields::new()));
            }
            (Tree::Group(sent), Kind::Group(group)) => {
                let mut inner = match stored.remove(name) {
                    Some(Tree::Group(inner)) => inner,
                    _ => Fields::new(),
                };
                merge(group, &mut inner, sent);
                stored.insert(name.clone(), Tree::Group(inner));
            }
            (value, _) => {
                stored.insert(name.clone(), value.clone());
            }
        }
    }
}

/// What the org assumes for elements nobody gave, in every group that is there.
fn fill_defaults(group: &Group, fields: &mut Fields<Scalar>) {
    for field in &group.fields {
        match (&field.kind, fields.get_mut(field.name.as_str())) {
            (Kind::Group(group), Some(Tree::Group(inner))) => fill_defaults(group, inner),
            (Kind::Group(_), _) | (_, Some(_)) => {}
            (kind, None) => {
                let Some(default) = &field.default else { continue };
                fields.insert(field.name.clone().into(), Tree::Leaf(kind.scalar(default)));
            }
        }
    }
}

fn no_such(field: &str, type_name: &str, name: &str) -> Problem {
    Problem::error(format!("In field: {field} - no {type_name} named {name} found")) // MD-34
}

/// CA-63, AP-14: usernames are looked up in the org.
fn check_person(incoming: &Incoming, field: &str, fields: &Fields<Scalar>) -> Result<(), Problem> {
    match text(fields, field) {
        Some(username) if !incoming.org.people.iter().any(|person| person.has_username(username)) => {
            Err(no_such(field, "User", username))
        }
        _ => Ok(()),
    }
}

/// The text of an element that is there and not blank.
pub(super) fn text<'a>(fields: &'a Fields<Scalar>, name: &str) -> Option<&'a str> {
    match fields.get(name)? {
        Tree::Leaf(Scalar::Text(text)) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}

pub(super) fn flag(fields: &Fields<Scalar>, name: &str) -> Option<bool> {
    match fields.get(name)? {
        Tree::Leaf(Scalar::Flag(flag)) => Some(*flag),
        _ => None,
    }
}

/// The groups that stand in an element, once or many times.
pub(super) fn group_list<'a>(fields: &'a Fields<Scalar>, name: &str) -> Vec<&'a Fields<Scalar>> {
    let items = match fields.get(name) {
        Some(Tree::List(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    let groups = items.iter().filter_map(|item| match item {
        Tree::Group(group) => Some(group),
        _ => None,
    });
    groups.collect()
}

pub(super) fn group<'a>(fields: &'a Fields<Scalar>, name: &str) -> Option<&'a Fields<Scalar>> {
    match fields.get(name)? {
        Tree::Group(inner) => Some(inner),
        _ => None,
    }
}

fn group_mut<'a>(fields: &'a mut Fields<Scalar>, name: &str) -> Option<&'a mut Fields<Scalar>> {
    match fields.get_mut(name)? {
        Tree::Group(inner) => Some(inner),
        _ => None,
    }
}

/// The groups of a repeated element.
pub(super) fn items<'a>(fields: &'a Fields<Scalar>, name: &str) -> impl Iterator<Item = &'a Fields<Scalar>> {
    let items = match fields.get(name) {
        Some(Tree::List(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    items.iter().filter_map(|item| match item {
        Tree::Group(fields) => Some(fields),
        _ => None,
    })
}

/// Gives an element a value where it has none.
fn assume(fields: &mut Fields<Scalar>, name: &'static str, value: Scalar) {
    fields.get_or_insert_with(Name::Borrowed(name), || Tree::Leaf(value));
}

fn leaf(text: impl Into<String>) -> Tree<Scalar> {
    Tree::Leaf(Scalar::Text(text.into()))
}

/// The operating system gave no random numbers: the component cannot be saved, and nothing else is wrong.
fn no_randomness(error: &io::Error) -> Problem {
    Problem::error(format!("UNKNOWN_EXCEPTION: the local org could not make a key: {error}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::schema::{add_content, read_file};
    use super::super::state::State;
    use super::*;
    use crate::component;

    /// An org in a test: saves components from XML, one at a time.
    pub(in crate::simulator) struct Org {
        pub holdings: Holdings,
        pub circumstances: Circumstances,
        version: u16,
    }

    impl Org {
        pub fn new() -> Org {
            let state = State::new().unwrap();
            let circumstances = Circumstances::of(&state.identity, Nature::default());
            Org { holdings: state.holdings, circumstances, version: 66 }
        }

        pub fn username(&self) -> String {
            self.circumstances.people[0].username.clone()
        }

        /// The name of a component that the org made itself.
        pub fn name_of(&self, type_name: &str, start: &str) -> String {
            let mut names = self.holdings.of_type(type_name).map(|(name, _)| name);
            names.find(|name| name.starts_with(start)).unwrap().to_owned()
        }

        /// Saves; answers the remarks, or the problem.
        pub fn save(&mut self, type_name: &str, name: &str, inside: &str) -> Result<Vec<String>, String> {
            self.save_with(type_name, name, inside, None)
        }

        /// With the text of the second file.
        pub fn save_with(
            &mut self,
            type_name: &str,
            name: &str,
            inside: &str,
            content: Option<&str>,
        ) -> Result<Vec<String>, String> {
            let kind = component::type_named(type_name).unwrap();
            let xml =
                format!("<{type_name} xmlns=\"{}\">{inside}</{type_name}>", super::super::xml::METADATA);
            let mut sent = read_file(kind, xml.as_bytes(), self.version).map_err(|problem| problem.text)?;
            if let Some(content) = content {
                add_content(kind, content.as_bytes(), &mut sent).map_err(|problem| problem.text)?;
            }
            let incoming = Incoming {
                kind,
                name,
                sent: &sent,
                stored: self.holdings.get(type_name, name),
                holdings: &self.holdings,
                org: &self.circumstances,
                version: self.version,
            };
            let accepted = accept(&incoming).map_err(|problem| problem.text)?;
            save(&mut self.holdings, kind, name, accepted.fields);
            Ok(accepted
                .remarks
                .into_iter()
                .map(|remark| format!("{:?}: {}", remark.severity, remark.text))
                .collect())
        }

        pub fn fields(&self, type_name: &str, name: &str) -> &Fields<Scalar> {
            &self.holdings.get(type_name, name).unwrap().fields
        }
    }

    #[test]
    fn names_follow_the_rules_of_developer_names() {
        let kind = component::type_named("AuthProvider").unwrap();
        for name in ["A", "A_b9"] {
            assert_eq!(check_name(kind, name), Ok(()));
        }
        for name in ["", "9a", "a b", "a__b", "a_", "_a", "ä", "a-b"] {
            assert!(check_name(kind, name).is_err(), "{name}");
        }
        let long = check_name(kind, &"a".repeat(33)).unwrap_err().text;
        assert_eq!(
            long,
            format!("STRING_TOO_LONG: URL Suffix: data value too large: {} (max length=32)", "a".repeat(33))
        );
    }

    #[test]
    fn what_is_absent_stays_and_what_is_empty_goes() {
        let mut org = Org::new();
        let both = "<contactEmail>a@b.c</contactEmail><label>L</label>";
        org.save("ConnectedApp", "A", &format!("{both}<description>D</description><infoUrl>I</infoUrl>"))
            .unwrap();
        org.save("ConnectedApp", "A", &format!("{both}<infoUrl/>")).unwrap();
        let fields = org.fields("ConnectedApp", "A");
        assert_eq!((text(fields, "description"), text(fields, "infoUrl")), (Some("D"), None));
    }

    #[test]
    fn a_secret_that_is_too_long_is_not_repeated() {
        let kind = component::type_named("AuthProvider").unwrap();
        let sent = Fields::from([("consumerSecret".into(), leaf("s".repeat(101)))]);
        let problem = check_sizes(&kind.fields, &sent).unwrap_err();
        assert_eq!(problem.text, "STRING_TOO_LONG: consumerSecret: data value too large:  (max length=100)");
    }
}
