//! Pages of Setup, as far as the guides of integrations and our own manual steps lead there: enough to see what a
//! deployment did, to follow a guide by hand in its place, and to do what no deployment can. Everybody has to log in,
//! and whoever has logged in may see what View Setup lets them see. What a form changes goes through the rules of a
//! deployment (`saving`).

mod app_forms;
mod apps;
mod credential_forms;
mod credentials;
mod form;
pub(super) mod html;
pub(super) mod login;
mod permission_sets;
mod profiles;
mod provider_forms;
mod providers;
mod saving;
mod session_settings;
mod usage;
mod users;
pub(super) mod visit;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::permission;
use super::session::is_same;
use super::state::{Component, State};
use super::{Org, ids};
use form::Form;
use html::{hidden, paragraph};
use visit::Visitor;

const HOME: &str = "/lightning/setup/SetupOneHome/home";

/// Name of the page in its address, and what people call it.
const PAGES: [(&str, &str); 8] = [
    ("NamedCredential", "Named Credentials"),
    ("AuthProviders", "Auth. Providers"),
    ("NavigationMenus", "App Manager"),
    ("ConnectedAppsUsage", "Connected Apps OAuth Usage"),
    ("SecuritySession", "Session Settings"),
    ("Profiles", "Profiles"),
    ("PermSets", "Permission Sets"),
    ("ManageUsers", "Users"),
];

pub(super) fn is_one(segments: &[&str]) -> bool {
    matches!(segments, [] | ["login" | "logout"] | ["lightning", "setup", _, "home" | "page" | "new"])
}

/// Somebody who may be here asks for a page, or sends its form.
struct Visited<'a> {
    org: &'a Org,
    visitor: &'a Visitor,
    /// The id of the record that a page is about, and what is to be done with it: nothing to look at it, `e` to change
    /// it. Both stand in the address, as `/0XA...` and `/0XA.../e`.
    id: &'a str,
    action: &'a str,
    form: Option<&'a Form>,
}

impl Visited<'_> {
    fn page(&self, title: &str, body: &str) -> Response {
        self.page_with(StatusCode::OK, title, body)
    }

    fn page_with(&self, status: StatusCode, title: &str, body: &str) -> Response {
        html::framed(status, title, &navigation(self.visitor), body)
    }

    fn not_found(&self) -> Response {
        let text = "The record you were trying to open has been deleted, or there never was one.";
        self.page_with(StatusCode::NOT_FOUND, "Not found", &paragraph(text))
    }

    fn forbidden(&self) -> Response {
        let text = "You do not have the level of access necessary to perform the operation you requested.";
        self.page_with(StatusCode::FORBIDDEN, "Insufficient Privileges", &paragraph(text))
    }

    fn may(&self, permission: &str) -> bool {
        self.org.store.read(|state| permission::has(state, &self.visitor.person, permission))
    }

    /// The first thing in each form.
    fn form_token(&self) -> String {
        hidden("csrf", &self.visitor.form_token)
    }
}

pub(super) async fn answer(org: &Arc<Org>, segments: &[&str], request: Request) -> Response {
    if segments == ["login"] {
        return login::answer(org, request).await;
    }
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let Some(visitor) = visit::visitor(org, &headers) else {
        return login::first(uri.path_and_query().map_or(HOME, |target| target.as_str()));
    };
    let query = Form::of_query(&uri);
    let form = match *request.method() == Method::POST {
        true => Some(Form::of_body(request).await.unwrap_or_default()),
        false => None,
    };
    let address = query.get("address").trim_start_matches('/');
    let (id, action) = address.split_once('/').unwrap_or((address, ""));
    let visited = Visited { org, visitor: &visitor, id, action, form: form.as_ref() };
    if form.as_ref().is_some_and(|form| !is_same(&visitor.form_token, form.get("csrf"))) {
        let text =
            "This form is not one that this org gave you, or it is from an earlier login. Nothing was done.";
        return visited.page_with(StatusCode::FORBIDDEN, "Not accepted", &paragraph(text));
    }
    if segments == ["logout"] && visited.form.is_some() {
        return login::leave(org, &headers, &visitor);
    }
    if !visited.may("ViewSetup") {
        return visited.forbidden();
    }
    match segments {
        [] | ["lightning", "setup", "SetupOneHome", "home"] => home(&visited),
        ["lightning", "setup", page, place] => match (*page, *place) {
            ("NamedCredential", "home") => credentials::all(&visited),
            ("NamedCredential", "page") => credentials::one(&visited),
            ("NamedCredential", "new") => credential_forms::create(&visited),
            ("AuthProviders", "home") => providers::all(&visited),
            ("AuthProviders", "page") => providers::one(&visited),
            ("AuthProviders", "new") => provider_forms::create(&visited),
            ("NavigationMenus", "home") => apps::all(&visited),
            ("NavigationMenus", "page") => apps::one(&visited),
            ("NavigationMenus", "new") => app_forms::create(&visited),
            ("ConnectedAppsUsage", "home") => usage::answer(&visited),
            ("SecuritySession", "home") => session_settings::answer(&visited),
            ("Profiles", "home") => profiles::all(&visited),
            ("Profiles", "page") => profiles::one(&visited),
            ("PermSets", "home") => permission_sets::all(&visited),
            ("PermSets", "page") => permission_sets::one(&visited),
            ("PermSets", "new") => permission_sets::create(&visited),
            ("ManageUsers", "home") => users::all(&visited),
            ("ManageUsers", "page") => users::one(&visited),
            _ => visited.not_found(),
        },
        _ => visited.not_found(),
    }
}

fn home(visited: &Visited) -> Response {
    let name = visited.org.store.read(State::organization_name);
    let links: String = PAGES
        .iter()
        .map(|(page, title)| html::link(&format!("/lightning/setup/{page}/home"), title))
        .collect();
    visited.page("Setup", &format!("{}{links}", paragraph(&name)))
}

fn navigation(visitor: &Visitor) -> String {
    let mut all = format!("<nav aria-label=\"Setup\"><a href=\"{HOME}\">Setup</a>\n");
    for (page, title) in PAGES {
        all += &format!("<a href=\"/lightning/setup/{page}/home\">{title}</a>\n");
    }
    all + &format!(
        "<form method=\"post\" action=\"/logout\">{}<button>Log Out {}</button></form></nav>\n",
        hidden("csrf", &visitor.form_token),
        html::escaped(&visitor.person.username)
    )
}

/// Where the record with this id is shown.
pub(super) fn page_of(page: &str, id: &str) -> String {
    format!("/lightning/setup/{page}/page?address=%2F{id}")
}

/// Where something is done with it: `e` to change it.
fn action_of(page: &str, id: &str, action: &str) -> String {
    format!("{}%2F{action}", page_of(page, id))
}

/// Where another of its kind is made.
fn new_of(page: &str) -> String {
    format!("/lightning/setup/{page}/new")
}

/// The link to a form, for those who may send it.
fn door(may: bool, to: &str, text: &str) -> String {
    if may { html::link(to, text) } else { String::new() }
}

/// The component that an address such as `/0XA...` leads to.
fn with_id<'a>(state: &'a State, type_name: &str, id: &str) -> Option<(&'a str, &'a Component)> {
    state.holdings.of_type(type_name).find(|(_, component)| ids::same(&component.id, id))
}

fn server_error(error: &dyn std::error::Error) -> Response {
    html::page(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", &paragraph(&error.to_string()))
}
