//! A sandbox as it is on its first day: a copy of another org that is an org of its own.
//!
//! What people have set up comes along, with the ids it has there; who was logged in and what was on its way does not.
//! The apps keep their consumer keys: only so can two orgs have the same one (CA-14).

use std::io;

use super::clock::Moment;
use super::ids::{self, prefix};
use super::nature::Nature;
use super::oauth::memory::Memory;
use super::session::Sessions;
use super::state::{Component, Holdings, Identity, State};
use crate::component::{self, Fields, Group, Kind, Scalar, Tree};

/// The sandbox `name` of the org whose state this is.
pub(super) fn copied(source: &State, name: &str) -> io::Result<State> {
    let identity = identity(&source.identity, name)?;
    let mut holdings = source.holdings.copied(&identity.pod);
    settle(&mut holdings, &source.identity.organization_id, &identity.organization_id);
    Ok(State {
        format: source.format,
        name: name.to_owned(),
        port: None,
        // SE-32
        nature: Nature { edition: source.nature.edition, production: false, sandbox: true },
        holdings,
        deployments: Vec::new(),
        sessions: Sessions::default(),
        oauth: Memory { assigned: source.oauth.assigned.clone(), ..Memory::default() },
        setup: source.setup.copied(),
        identity,
    })
}

/// The same people under other names: a username is one user's in the whole world.
fn identity(source: &Identity, name: &str) -> io::Result<Identity> {
    let pod = ids::pod()?;
    let organization_id = ids::record(prefix::ORGANIZATION, &pod, 1);
    Ok(Identity {
        access_token: ids::access_token(&organization_id)?,
        organization_id,
        username: format!("{}.{}", source.username, name.to_ascii_lowercase()),
        password: ids::letters_and_digits(24)?,
        people_pod: Some(source.people_pod().to_owned()),
        pod,
        created: Moment::now(),
    })
}

/// Mends what cannot be as it was in the other org.
fn settle(holdings: &mut Holdings, from: &str, to: &str) {
    for (type_name, component) in holdings.all_mut() {
        component.former_callbacks = None;
        if type_name == "NamedCredential" {
            forget_secrets(component);
        }
        component.fields.values_mut().for_each(|value| move_over(value, ids::short(from), ids::short(to)));
    }
    holdings.index();
}

/// NC-29: what credentials log in with stays behind. Apps and providers keep theirs, so that they go on working.
fn forget_secrets(credential: &mut Component) {
    fn forget(group: &Group, fields: &mut Fields<Scalar>) {
        fields.retain(|name, value| {
            let Some(field) = group.field(name) else { return true };
            if let (Kind::Group(inner), Tree::Group(nested)) = (&field.kind, value) {
                forget(inner, nested);
            }
            !field.secret
        });
    }
    if let Some(kind) = component::type_named("NamedCredential") {
        forget(&kind.fields, &mut credential.fields);
    }
}

/// Links that begin with the org's id, such as `orgScopedExternalApp`, lead to the copy's own apps (EC-3, EC-4).
fn move_over(value: &mut Tree<Scalar>, from: &str, to: &str) {
    match value {
        Tree::Leaf(Scalar::Text(text)) => {
            if let Some(rest) = text.strip_prefix(from).filter(|rest| rest.starts_with(':')) {
                *text = format!("{to}{rest}");
            }
        }
        Tree::Leaf(_) => {}
        Tree::Group(fields) => fields.values_mut().for_each(|value| move_over(value, from, to)),
        Tree::List(items) => items.iter_mut().for_each(|value| move_over(value, from, to)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::people;
    use super::super::rules::text;
    use super::*;

    fn fields(values: &[(&str, &str)]) -> Fields<Scalar> {
        let leaf = |(name, value): &(&str, &str)| {
            ((*name).to_owned().into(), Tree::Leaf(Scalar::Text((*value).to_owned())))
        };
        values.iter().map(leaf).collect()
    }

    #[test]
    fn a_copy_is_another_org_with_the_same_people_under_other_names() {
        let source = State::new().unwrap();
        let copy = copied(&source, "UAT").unwrap();
        let (before, after) = (people::of(&source.identity), people::of(&copy.identity));
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(after.username, format!("{}.uat", before.username));
            assert_eq!((&after.id, &after.profile), (&before.id, &before.profile));
        }
        assert_ne!(copy.identity.organization_id, source.identity.organization_id);
        assert_ne!(copy.identity.access_token, source.identity.access_token);
        let twice = copied(&copy, "dev").unwrap();
        assert_eq!(twice.identity.user_id(), source.identity.user_id());
    }

    #[test]
    fn credentials_lose_their_secrets_and_links_lead_to_the_copy() {
        let mut source = State::new().unwrap();
        let link = |state: &State| format!("{}:Orders", ids::short(&state.identity.organization_id));
        let own = link(&source);
        source.holdings.put("NamedCredential", "N", fields(&[("password", "p"), ("username", "u")]));
        source.holdings.put("AuthProvider", "P", fields(&[("consumerSecret", "s")]));
        source.holdings.put("ExternalClientApplication", "E", fields(&[("orgScopedExternalApp", &own)]));
        let copy = copied(&source, "uat").unwrap();
        let of = |type_name: &str, name: &str| &copy.holdings.get(type_name, name).unwrap().fields;
        assert_eq!(*of("NamedCredential", "N"), fields(&[("username", "u")]));
        assert_eq!(*of("AuthProvider", "P"), fields(&[("consumerSecret", "s")]));
        let header = of("ExternalClientApplication", "E");
        assert_eq!(text(header, "orgScopedExternalApp"), Some(link(&copy).as_str()));
    }
}
