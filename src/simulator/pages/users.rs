//! Users: the list, and one with the permission sets that they have, which can be given and taken.

use axum::response::Response;

use super::form::{Input, Kind};
use super::html::{self, Cell};
use super::permission_sets::{self, TYPE};
use super::{Visited, page_of};
use crate::simulator::ids;
use crate::simulator::people::{self, Person};
use crate::simulator::state::State;

const PAGE: &str = "ManageUsers";
const SETS: &str = "permission-sets";

pub(super) fn all(visited: &Visited) -> Response {
    let rows = visited.org.store.read(|state| {
        let row = |person: Person| {
            let active = if state.setup.is_inactive(&person) { "Inactive" } else { "Active" };
            vec![
                Cell::link(page_of(PAGE, &person.id), person.full_name()),
                Cell::text(person.username.clone()),
                Cell::text(person.profile.name),
                Cell::text(active),
            ]
        };
        people::of(&state.identity).into_iter().map(row).collect::<Vec<_>>()
    });
    visited.page("Users", &html::list(&["Full Name", "Username", "Profile", "State"], &rows))
}

pub(super) fn one(visited: &Visited) -> Response {
    let found = visited.org.store.read(|state| {
        let person =
            people::of(&state.identity).into_iter().find(|person| ids::same(&person.id, visited.id))?;
        Some((sets(state), assigned(state, &person), person))
    });
    let Some((sets, assigned, person)) = found.filter(|_| visited.action.is_empty()) else {
        return visited.not_found();
    };
    let may = visited.may("ManageUsers") || visited.may("ManageInternalUsers");
    let Some(form) = visited.form else { return show(visited, &person, sets, &assigned, may) };
    if !may {
        return visited.forbidden();
    }
    let chosen = form.all(SETS);
    let saved = visited.org.store.change(|state| {
        for (name, _) in &sets {
            let users = state.oauth.assigned.entry(name.clone()).or_default();
            if chosen.contains(name) {
                users.insert(person.id.clone())
            } else {
                users.remove(&person.id)
            };
        }
        state.oauth.assigned.retain(|_, users| !users.is_empty());
    });
    match saved {
        Ok(()) => html::redirect(&page_of(PAGE, &person.id)),
        Err(error) => super::server_error(&error),
    }
}

/// Every permission set by its name, with its label.
fn sets(state: &State) -> Vec<(String, String)> {
    let all = state.holdings.of_type(TYPE);
    all.map(|(name, set)| (name.to_owned(), permission_sets::label(name, set).to_owned())).collect()
}

fn assigned(state: &State, person: &Person) -> Vec<String> {
    let all = state.holdings.of_type(TYPE).map(|(name, _)| name);
    all.filter(|name| state.oauth.is_assigned(name, &person.id)).map(str::to_owned).collect()
}

fn show(
    visited: &Visited,
    person: &Person,
    sets: Vec<(String, String)>,
    assigned: &[String],
    may: bool,
) -> Response {
    let details = html::details(&[
        ("Username", Cell::text(person.username.clone())),
        ("Profile", Cell::text(person.profile.name)),
        ("User License", Cell::text(person.profile.license)),
        ("Permission Sets", Cell::Lines(assigned.to_vec())),
    ]);
    let form = if may {
        let input = Input::other(SETS, "Permission Set Assignments", Kind::Several(sets));
        let chosen = super::Form::default().with_all(SETS, assigned);
        visited.form(&page_of(PAGE, &person.id), None, &[input], &chosen, "Save")
    } else {
        String::new()
    };
    visited.page(&format!("User: {}", person.full_name()), &(details + &form))
}
