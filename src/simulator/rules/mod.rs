//! What the platform checks when a component is saved, and what it fills in: first the rules that follow from
//! a type's description, then the rules of the type. A rule either lets pass, remarks, or refuses.
//!
//! Knows nothing of deployments: a component may come from a package or from a SOAP call.

mod auth_provider;
mod connected_app;
mod named_credential;

use std::io;

use super::people::Person;
use super::schema::is_blank;
use super::state::{Component, Holdings};
use super::xml::Position;
use crate::component::{self, Field, Fields, Group, Kind, Scalar, Tree, Type};

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
    pub people: &'a [Person],
    /// Whether connected apps can be created (CA-70).
    pub creation_blocked: bool,
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
    check_name(incoming.kind, incoming.name)?;
    check_sizes(&incoming.kind.fields, incoming.sent)?;
    let mut fields = incoming.stored.map(|stored| stored.fields.clone()).unwrap_or_default();
    merge(&incoming.kind.fields, &mut fields, incoming.sent);
    let mut accepted = Accepted { fields, remarks: Vec::new() };
    match incoming.kind.name.as_str() {
        "ConnectedApp" => connected_app::check(incoming, &mut accepted)?,
        "AuthProvider" => auth_provider::check(incoming, &mut accepted)?,
        "NamedCredential" => named_credential::check(incoming, &mut accepted)?,
        _ => {}
    }
    fill_defaults(&incoming.kind.fields, &mut accepted.fields);
    check_references(incoming, &incoming.kind.fields, &accepted.fields)?;
    Ok(accepted)
}

/// Notes the keys that are taken from now on (CA-14).
pub(super) fn remember_keys(holdings: &mut Holdings, fields: &Fields<Scalar>) {
    // Only a connected app has an `oauthConfig`.
    if let Some(key) = group(fields, "oauthConfig").and_then(|config| text(config, "consumerKey")) {
        holdings.consumer_keys.insert(key.to_owned());
    }
}

/// Names of the components that refer to this one, so that it cannot be deleted (MD-40).
pub(super) fn referrers(holdings: &Holdings, kind: &Type, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for other in component::types() {
        let fields = other.fields.fields.iter().filter(|field| field.names.as_deref() == Some(&kind.key));
        for field in fields {
            let refers = |component: &Component| text(&component.fields, &field.name) == Some(name);
            found.extend(
                holdings
                    .of_type(&other.name)
                    .filter(|(_, component)| refers(component))
                    .map(|(full_name, _)| format!("{} {full_name}", other.name)),
            );
        }
    }
    found
}

/// CA-6, NC-9, AP-3: letters, digits and single underscores, starting with a letter, not ending in an
/// underscore, and not too long.
fn check_name(kind: &Type, name: &str) -> Result<(), Problem> {
    let called = kind.member.called.as_deref().unwrap_or("API name");
    let legal = name.starts_with(|first: char| first.is_ascii_alphabetic())
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
/// types), an empty or nil element clears, a list replaces the whole list (CA-30, CA-51), and what only the
/// org may say is passed over (AP-45).
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
                let scalar = match kind {
                    Kind::Flag => Scalar::Flag(default == "true"),
                    Kind::Number => default.parse().map_or(Scalar::Nil, Scalar::Number),
                    _ => Scalar::Text(default.clone()),
                };
                fields.insert(field.name.clone().into(), Tree::Leaf(scalar));
            }
        }
    }
}

/// MD-34, NC-12: a component that is named must be there, in the org or earlier in the package (MD-30).
fn check_references(incoming: &Incoming, group: &Group, fields: &Fields<Scalar>) -> Result<(), Problem> {
    for field in &group.fields {
        let Some(named) = field.names.as_deref().and_then(component::type_with_key) else { continue };
        let Some(name) = text(fields, &field.name) else { continue };
        if incoming.holdings.get(&named.name, name).is_none() {
            return Err(no_such(&field.name, &named.name, name));
        }
    }
    Ok(())
}

fn no_such(field: &str, type_name: &str, name: &str) -> Problem {
    Problem::error(format!("In field: {field} - no {type_name} named {name} found"))
}

/// CA-63, AP-14: usernames are looked up in the org.
fn check_person(incoming: &Incoming, field: &str, fields: &Fields<Scalar>) -> Result<(), Problem> {
    match text(fields, field) {
        Some(username) if !incoming.people.iter().any(|person| person.has_username(username)) => {
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

fn leaf(text: impl Into<String>) -> Tree<Scalar> {
    Tree::Leaf(Scalar::Text(text.into()))
}

/// The operating system gave no random numbers: the component cannot be saved, and nothing else is wrong.
fn no_randomness(error: &io::Error) -> Problem {
    Problem::error(format!("UNKNOWN_EXCEPTION: the local org could not make a key: {error}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::people;
    use super::super::schema::read_file;
    use super::super::state::State;
    use super::*;

    /// An org in a test: saves components from XML, one at a time.
    pub(in crate::simulator) struct Org {
        pub holdings: Holdings,
        people: Vec<Person>,
        pub creation_blocked: bool,
        version: u16,
    }

    impl Org {
        pub fn new() -> Org {
            let state = State::new().unwrap();
            let people = people::of(&state.identity);
            Org { holdings: state.holdings, people, creation_blocked: false, version: 66 }
        }

        pub fn username(&self) -> String {
            self.people[0].username.clone()
        }

        /// Saves; answers the remarks, or the problem.
        pub fn save(&mut self, type_name: &str, name: &str, inside: &str) -> Result<Vec<String>, String> {
            let kind = component::type_named(type_name).unwrap();
            let xml =
                format!("<{type_name} xmlns=\"{}\">{inside}</{type_name}>", super::super::xml::METADATA);
            let sent = read_file(kind, xml.as_bytes(), self.version).map_err(|problem| problem.text)?;
            let incoming = Incoming {
                kind,
                name,
                sent: &sent,
                stored: self.holdings.get(type_name, name),
                holdings: &self.holdings,
                people: &self.people,
                creation_blocked: self.creation_blocked,
            };
            let accepted = accept(&incoming).map_err(|problem| problem.text)?;
            remember_keys(&mut self.holdings, &accepted.fields);
            self.holdings.put(type_name, name, accepted.fields);
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

    #[test]
    fn an_auth_provider_in_use_has_referrers() {
        let mut org = Org::new();
        org.save(
            "AuthProvider",
            "P",
            "<friendlyName>P</friendlyName><providerType>Salesforce</providerType>",
        )
        .unwrap();
        let credential = "<authProvider>P</authProvider><endpoint>https://a.b</endpoint><label>N</label>\
                          <principalType>NamedUser</principalType><protocol>Oauth</protocol>";
        org.save("NamedCredential", "N", credential).unwrap();
        let kind = component::type_named("AuthProvider").unwrap();
        assert_eq!(referrers(&org.holdings, kind, "P"), ["NamedCredential N"]);
        assert!(referrers(&org.holdings, kind, "Q").is_empty());
    }
}
