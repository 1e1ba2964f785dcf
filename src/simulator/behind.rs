//! The org as its own process sees it: looked at without asking, and changed behind everybody's back, as somebody in Setup
//! would. For tests, and for rehearsals of what a deployment may find.

use super::{Error, Simulator, people, state};
use crate::component::{self, Fields, Scalar, Tree};

impl Simulator {
    /// Gives one of the org's people a permission set, as somebody in Setup would; false if there is no such person.
    pub fn assign(&self, permission_set: &str, username: &str) -> Result<bool, Error> {
        self.org.store.change(|state| {
            let people = people::of(&state.identity);
            let Some(person) = people.iter().find(|person| person.has_username(username)) else {
                return false;
            };
            let assigned = state.oauth.assigned.entry(permission_set.to_owned()).or_default();
            assigned.insert(person.id.clone());
            true
        })
    }

    /// The password of one of the org's people; the first one's is in [`Ready`].
    pub fn password(&self, username: &str) -> Option<String> {
        self.org.store.read(|state| {
            let people = people::of(&state.identity);
            let person = people.iter().find(|person| person.has_username(username))?;
            Some(people::password(&state.identity, person))
        })
    }

    /// The ids of the deployments that are kept, the oldest first.
    pub fn deployments(&self) -> Vec<String> {
        let ids =
            |state: &state::State| state.deployments.iter().map(|deployment| deployment.id.clone()).collect();
        self.org.store.read(ids)
    }

    /// The full names of the components of a type.
    pub fn names(&self, type_name: &str) -> Vec<String> {
        self.org
            .store
            .read(|state| state.holdings.of_type(type_name).map(|(name, _)| name.to_owned()).collect())
    }

    /// What the org holds of a component, secrets included; for tests.
    pub fn component(&self, type_name: &str, full_name: &str) -> Option<Fields<Scalar>> {
        let found =
            |state: &state::State| state.holdings.get(type_name, full_name).map(|found| found.fields.clone());
        self.org.store.read(found)
    }

    /// Sets one element behind everybody's back, as somebody in Setup would, or clears it with `None`. The path
    /// is API names joined by dots: `oauthConfig.callbackUrl`. No rule is checked.
    pub fn edit(
        &self,
        type_name: &str,
        full_name: &str,
        path: &str,
        value: Option<Tree<Scalar>>,
    ) -> Result<(), Error> {
        let now = self.org.now();
        let edited = self.org.store.change(|state| {
            let component = state.holdings.get_mut(type_name, full_name)?;
            component.modified = now;
            set(&mut component.fields, path, value);
            state.holdings.index();
            Some(())
        })?;
        edited.ok_or_else(|| Error::NoComponent(format!("{type_name} {full_name}")))
    }

    /// Removes a component behind everybody's back.
    pub fn remove(&self, type_name: &str, full_name: &str) -> Result<(), Error> {
        let burn = component::type_named(type_name).is_some_and(|kind| kind.member.burnt_after_deletion);
        let removed =
            self.org.store.change(|state| state.holdings.remove(type_name, full_name, burn).map(|_| ()))?;
        removed.ok_or_else(|| Error::NoComponent(format!("{type_name} {full_name}")))
    }
}

/// Puts a value at a path of element names, or takes it away.
pub(super) fn set(fields: &mut Fields<Scalar>, path: &str, value: Option<Tree<Scalar>>) {
    match path.split_once('.') {
        None => match value {
            Some(value) => drop(fields.insert(path.to_owned().into(), value)),
            None => drop(fields.remove(path)),
        },
        Some((first, rest)) => {
            let inner = fields.get_or_insert_with(first.to_owned().into(), || Tree::Group(Fields::new()));
            if let Tree::Group(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}
