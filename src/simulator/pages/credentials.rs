//! Named Credentials: the lists, of external credentials as well, and one credential with its authentication status
//! (NC-20, NC-21).

use axum::response::Response;

use super::html::{self, Cell};
use super::{Visited, action_of, credential_forms, door, new_of, page_of, with_id};
use crate::simulator::oauth::credential::{self, Status};
use crate::simulator::oauth::principal;
use crate::simulator::rules::text;
use crate::simulator::state::{Component, State};

pub(super) const PAGE: &str = "NamedCredential";

pub(super) fn all(visited: &Visited) -> Response {
    let rows = visited.org.store.read(|state| {
        let row = |(name, component): (&str, &Component)| {
            vec![
                Cell::link(page_of(PAGE, &component.id), label(name, component)),
                Cell::text(name),
                Cell::text(text(&component.fields, "endpoint").unwrap_or_default()),
                Cell::text(credential::status(state, component).to_string()),
            ]
        };
        state.holdings.of_type(PAGE).map(row).collect::<Vec<_>>()
    });
    let columns = ["Label", "Name", "URL", "Authentication Status"];
    let new = door(visited.may_change(PAGE), &new_of(PAGE), "New Legacy");
    let body = format!("{new}{}{}", html::list(&columns, &rows), external(visited));
    visited.page("Named Credentials", &body)
}

/// The external credentials with their principals, and where somebody authenticates one (EC-45).
fn external(visited: &Visited) -> String {
    let rows = visited.org.store.read(|state| {
        let mut rows = Vec::new();
        for (name, component) in state.holdings.of_type("ExternalCredential") {
            for one in principal::of(component) {
                rows.push(principal_row(visited, state, (name, component), &one));
            }
        }
        rows
    });
    let columns = ["External Credential", "Principal", "Identity Type", "Authentication Status", "Action"];
    format!("<h2>External Credentials</h2>\n{}", html::list(&columns, &rows))
}

fn principal_row(
    visited: &Visited,
    state: &State,
    credential: (&str, &Component),
    one: &principal::Principal,
) -> Vec<Cell> {
    let (name, component) = credential;
    let person = &visited.visitor.person;
    let ready = &visited.org.ready;
    let start = principal::address("", &ready.organization_id, credential, one, None)
        .filter(|_| principal::may_authenticate(state, person, name, one));
    vec![
        Cell::text(label(name, component)),
        Cell::text(one.name.clone()),
        Cell::text(one.kind.clone()),
        Cell::text(principal::standing(state, component, one, &person.id).word()),
        start.map_or_else(|| Cell::text(""), |start| Cell::link(start, "Authenticate")),
    ]
}

pub(super) fn one(visited: &Visited) -> Response {
    let found = visited.org.store.read(|state| {
        let (name, component) = with_id(state, PAGE, visited.id)?;
        Some(Shown::of(state, name, component))
    });
    match (found, visited.action) {
        (None, _) => visited.not_found(),
        (Some(shown), "") => view(visited, &shown),
        (Some(_), "e") => credential_forms::edit(visited),
        (Some(_), _) => visited.not_found(),
    }
}

struct Shown {
    id: String,
    label: String,
    /// Name and id.
    provider: Option<(String, Option<String>)>,
    rows: Vec<(&'static str, String)>,
    status: Status,
}

impl Shown {
    fn of(state: &State, name: &str, component: &Component) -> Shown {
        let fields = &component.fields;
        let provider = text(fields, "authProvider").map(|provider| {
            let id = state.holdings.get("AuthProvider", provider).map(|found| found.id.clone());
            (provider.to_owned(), id)
        });
        let mut rows = vec![("Name", name.to_owned())];
        let named = [
            ("URL", "endpoint"),
            ("Identity Type", "principalType"),
            ("Authentication Protocol", "protocol"),
            ("Scope", "oauthScope"),
            ("Generate Authorization Header", "generateAuthorizationHeader"),
            ("Allow Merge Fields in HTTP Header", "allowMergeFieldsInHeader"),
            ("Allow Merge Fields in HTTP Body", "allowMergeFieldsInBody"),
        ];
        rows.extend(
            named
                .iter()
                .filter_map(|(title, field)| Some((*title, fields.get(field)?.as_leaf()?.to_string()))),
        );
        Shown {
            id: component.id.clone(),
            label: label(name, component).to_owned(),
            provider,
            rows,
            status: credential::status(state, component),
        }
    }

    fn details(&self) -> String {
        let mut rows = vec![("Label", Cell::text(self.label.clone()))];
        rows.extend(self.rows.iter().map(|(title, value)| (*title, Cell::text(value.clone()))));
        match &self.provider {
            Some((name, Some(id))) => {
                rows.push((
                    "Authentication Provider",
                    Cell::link(page_of("AuthProviders", id), name.clone()),
                ));
            }
            Some((name, None)) => {
                rows.push((
                    "Authentication Provider",
                    Cell::text(format!("{name} (there is none of this name)")),
                ));
            }
            None => {}
        }
        rows.push(("Authentication Status", Cell::text(self.status.to_string())));
        html::details(&rows)
    }
}

pub(super) fn label<'a>(name: &'a str, component: &'a Component) -> &'a str {
    text(&component.fields, "label").unwrap_or(name)
}

fn view(visited: &Visited, shown: &Shown) -> Response {
    let edit = door(visited.may_change(PAGE), &action_of(PAGE, &shown.id, "e"), "Edit");
    visited.page(&format!("Named Credential: {}", shown.label), &format!("{}{edit}", shown.details()))
}
