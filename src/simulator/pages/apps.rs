//! App Manager: apps of both kinds with what a vendor's side needs of them. A consumer secret is told to those only who
//! may change the app and give their password once more, which stands for the code that Salesforce sends by mail.

use axum::response::Response;

use super::html::{self, Cell};
use super::{Visited, action_of, app_forms, door, new_of, page_of};
use crate::component::{Fields, Scalar, Tree};
use crate::simulator::ids;
use crate::simulator::people;
use crate::simulator::rules::{group, text};
use crate::simulator::state::State;

pub(super) const PAGE: &str = "NavigationMenus";
pub(super) const CONNECTED_APP: &str = "ConnectedApp";

const KINDS: [&str; 2] = ["Connected App", "External Client App"];

#[derive(Default)]
struct App {
    id: String,
    name: String,
    label: String,
    kind: &'static str,
    key: String,
    secret: String,
    callbacks: Vec<String>,
    scopes: Vec<String>,
}

pub(super) fn all(visited: &Visited) -> Response {
    let row = |app: App| {
        vec![
            Cell::link(page_of(PAGE, &app.id), app.label),
            Cell::Text(app.name),
            Cell::text(app.kind),
            Cell::Text(app.key),
        ]
    };
    let rows: Vec<_> = visited.org.store.read(apps).into_iter().map(row).collect();
    let new = door(visited.may_change(CONNECTED_APP), &new_of(PAGE), "New Connected App");
    let list = html::list(&["App Name", "Developer Name", "App Type", "Consumer Key"], &rows);
    visited.page("App Manager", &(new + &list))
}

pub(super) fn one(visited: &Visited) -> Response {
    if !visited.action.is_empty() {
        return app_forms::one(visited);
    }
    let app = visited.org.store.read(apps).into_iter().find(|app| ids::same(&app.id, visited.id));
    let Some(app) = app else { return visited.not_found() };
    let mut rows = vec![
        ("Developer Name", Cell::Text(app.name)),
        ("App Type", Cell::text(app.kind)),
        ("Consumer Key", Cell::Text(app.key)),
        ("Callback URL", Cell::Lines(app.callbacks)),
        ("Selected OAuth Scopes", Cell::Lines(app.scopes)),
    ];
    let may = visited.may_change(CONNECTED_APP);
    let may_edit = may && app.kind == KINDS[0];
    let doors = door(may_edit, &action_of(PAGE, &app.id, "e"), "Edit")
        + &door(may_edit, &action_of(PAGE, &app.id, "manage"), "Manage");
    let mut below = String::new();
    match visited.form {
        Some(_) if !may => return visited.forbidden(),
        Some(form) if knows_password(visited, form.get("password")) => {
            rows.push(("Consumer Secret", Cell::Text(app.secret)));
        }
        Some(_) => below = html::complaint("This password is not right.") + &manage(visited, &app.id),
        None if may && !app.secret.is_empty() => below = manage(visited, &app.id),
        None => {}
    }
    visited.page(&format!("App: {}", app.label), &(doors + &html::details(&rows) + &below))
}

fn knows_password(visited: &Visited, password: &str) -> bool {
    let username = &visited.visitor.person.username;
    visited.org.store.read(|state| people::log_in(&state.identity, username, password).is_some())
}

fn manage(visited: &Visited, id: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{}\">\n{}<p><label for=\"password\">Your password, once more</label><br>\n\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required></p>\n\
         <p><button>Manage Consumer Details</button></p>\n</form>\n",
        html::escaped(&page_of(PAGE, id)),
        visited.form_token()
    )
}

/// Of both kinds, by name.
fn apps(state: &State) -> Vec<App> {
    let connected = state.holdings.of_type("ConnectedApp").map(|(name, component)| {
        let none = Fields::new();
        let config = group(&component.fields, "oauthConfig").unwrap_or(&none);
        let scopes = match config.get("scopes") {
            Some(Tree::List(scopes)) => {
                scopes.iter().filter_map(|scope| Some(scope.as_leaf()?.to_string())).collect()
            }
            _ => Vec::new(),
        };
        App { kind: KINDS[0], scopes, ..app(&component.id, name, &component.fields, config) }
    });
    let mut all: Vec<App> = connected.collect();
    all.extend(state.holdings.of_type("ExternalClientApplication").map(|(name, component)| {
        let none = Fields::new();
        let satellite = |type_name: &str| {
            let mut found = state.holdings.of_type(type_name);
            let found = found.find(|(_, it)| text(&it.fields, "externalClientApplication") == Some(name));
            found.map(|(_, found)| &found.fields)
        };
        let global = satellite("ExtlClntAppGlobalOauthSettings").unwrap_or(&none);
        let settings = satellite("ExtlClntAppOauthSettings").unwrap_or(&none);
        let scopes = text(settings, "commaSeparatedOauthScopes").unwrap_or_default().split(',');
        let scopes = scopes.map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect();
        App { kind: KINDS[1], scopes, ..app(&component.id, name, &component.fields, global) }
    }));
    all
}

fn app(id: &str, name: &str, fields: &Fields<Scalar>, oauth: &Fields<Scalar>) -> App {
    let field = |name: &str| text(oauth, name).unwrap_or_default().to_owned();
    App {
        id: id.to_owned(),
        name: name.to_owned(),
        label: text(fields, "label").unwrap_or(name).to_owned(),
        key: field("consumerKey"),
        secret: field("consumerSecret"),
        callbacks: field("callbackUrl").lines().map(|line| line.trim().to_owned()).collect(),
        ..App::default()
    }
}
