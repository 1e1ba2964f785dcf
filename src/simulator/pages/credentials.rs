//! Named Credentials: the lists, of external credentials as well, one credential with its authentication status, and the page where the login that no
//! deployment can start is started (NC-20, NC-21, NC-23).

use axum::response::Response;

use super::html::{self, Cell};
use super::{Visited, page_of, with_id};
use crate::simulator::ids;
use crate::simulator::oauth::credential::{self, Status};
use crate::simulator::oauth::principal;
use crate::simulator::rules::text;
use crate::simulator::state::{Component, State};

const PAGE: &str = "NamedCredential";

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
    let body = format!("{}{}", html::list(&columns, &rows), external(visited));
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
    let address = visited.address.trim_start_matches('/');
    let (id, edits) = match address.strip_suffix("/e") {
        Some(id) => (id, true),
        None => (address, false),
    };
    let found = visited.org.store.read(|state| {
        let (name, component) = with_id(state, PAGE, id)?;
        Some(Shown::of(state, name, component))
    });
    match (found, visited.form) {
        (None, _) => visited.not_found(),
        (Some(_), _) if edits && !may_edit(visited) => visited.forbidden(),
        (Some(shown), Some(form)) if edits => save(visited, &shown, form.get("start-authentication") == "on"),
        (Some(shown), _) if edits => edit(visited, &shown),
        (Some(shown), _) => view(visited, &shown),
    }
}

/// NC-14
fn may_edit(visited: &Visited) -> bool {
    visited.org.store.read(|state| credential::may_edit(state, &visited.visitor.person))
}

struct Shown {
    id: String,
    label: String,
    /// Name and id.
    provider: Option<(String, Option<String>)>,
    scope: Option<String>,
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
        ];
        rows.extend(
            named.iter().filter_map(|(title, field)| Some((*title, text(fields, field)?.to_owned()))),
        );
        Shown {
            id: component.id.clone(),
            label: label(name, component).to_owned(),
            provider,
            scope: text(fields, "oauthScope").map(str::to_owned),
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

fn label<'a>(name: &'a str, component: &'a Component) -> &'a str {
    text(&component.fields, "label").unwrap_or(name)
}

fn edit_address(id: &str) -> String {
    format!("{}%2Fe", page_of(PAGE, id))
}

fn view(visited: &Visited, shown: &Shown) -> Response {
    let edit = match may_edit(visited) {
        true => html::link(&edit_address(&shown.id), "Edit"),
        false => String::new(),
    };
    visited.page(&format!("Named Credential: {}", shown.label), &format!("{}{edit}", shown.details()))
}

fn edit(visited: &Visited, shown: &Shown) -> Response {
    let start = match shown.status {
        Status::Pending | Status::AuthenticatedAs(_) => {
            "<p><input type=\"checkbox\" id=\"start\" name=\"start-authentication\" value=\"on\">\n\
             <label for=\"start\">Start Authentication Flow on Save</label></p>\n"
        }
        Status::NotNeeded | Status::EachUser => "",
    };
    let body = format!(
        "{}{}<form method=\"post\" action=\"{}\">\n{}{start}<p><button>Save</button></p>\n</form>\n",
        shown.details(),
        html::paragraph("The local org changes fields by deployments only."),
        html::escaped(&edit_address(&shown.id)),
        visited.form_token(),
    );
    visited.page(&format!("Edit Named Credential: {}", shown.label), &body)
}

/// NC-24: the flow starts at the provider and remembers which credential it is for.
fn save(visited: &Visited, shown: &Shown, starts: bool) -> Response {
    let starts = starts && matches!(shown.status, Status::Pending | Status::AuthenticatedAs(_));
    let (true, Some((provider, _))) = (starts, &shown.provider) else {
        return html::redirect(&page_of(PAGE, &shown.id));
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("startURL", &format!("/{}", shown.id));
    if let Some(scope) = &shown.scope {
        query.append_pair("scope", scope);
    }
    let organization = ids::short(&visited.org.ready.organization_id);
    html::redirect(&format!("/services/auth/xds/{organization}/{provider}?{}", query.finish()))
}
