//! Pages of Setup, as far as the guides of integrations and our own manual steps lead there: enough to see what a
//! deployment did, and to do by hand what no deployment can. Everybody has to log in, and whoever has logged in may
//! see what View Setup lets them see.

mod apps;
mod credentials;
pub(super) mod html;
pub(super) mod login;
mod providers;
mod session_settings;
pub(super) mod visit;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;

use super::permission;
use super::session::is_same;
use super::state::{Component, State};
use super::{Org, ids};
use html::{hidden, paragraph};
use visit::Visitor;

/// No form here is longer.
const LARGEST_FORM: usize = 1 << 16;

const HOME: &str = "/lightning/setup/SetupOneHome/home";

/// Name of the page in its address, and what people call it.
const PAGES: [(&str, &str); 5] = [
    ("NamedCredential", "Named Credentials"),
    ("AuthProviders", "Auth. Providers"),
    ("NavigationMenus", "App Manager"),
    ("ConnectedAppsUsage", "Connected Apps OAuth Usage"),
    ("SecuritySession", "Session Settings"),
];

pub(super) fn is_one(segments: &[&str]) -> bool {
    matches!(segments, [] | ["login" | "logout"] | ["lightning", "setup", _, "home" | "page"])
}

/// Names and values, each name once.
#[derive(Default)]
struct Form(HashMap<String, String>);

impl Form {
    fn read(bytes: &[u8]) -> Form {
        Form(form_urlencoded::parse(bytes).into_owned().collect())
    }

    fn of_query(uri: &Uri) -> Form {
        Form::read(uri.query().unwrap_or_default().as_bytes())
    }

    async fn of_body(request: Request) -> Option<Form> {
        let bytes = axum::body::to_bytes(request.into_body(), LARGEST_FORM).await.ok()?;
        Some(Form::read(&bytes))
    }

    /// Empty for what is not there.
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// Somebody who may be here asks for a page, or sends its form.
struct Visited<'a> {
    org: &'a Org,
    visitor: &'a Visitor,
    /// The address of the record that a page is about: `/0XA...`, or `/0XA.../e` to change it.
    address: &'a str,
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
    let visited = Visited { org, visitor: &visitor, address: query.get("address"), form: form.as_ref() };
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
            ("AuthProviders", "home") => providers::all(&visited),
            ("AuthProviders", "page") => providers::one(&visited),
            ("NavigationMenus", "home") => apps::all(&visited),
            ("NavigationMenus", "page") => apps::one(&visited),
            ("ConnectedAppsUsage", "home") => apps::usage(&visited),
            ("SecuritySession", "home") => session_settings::show(&visited),
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

/// The component that an address such as `/0XA...` leads to.
fn with_id<'a>(state: &'a State, type_name: &str, id: &str) -> Option<(&'a str, &'a Component)> {
    state.holdings.of_type(type_name).find(|(_, component)| ids::same(&component.id, id))
}

fn server_error(error: &dyn std::error::Error) -> Response {
    html::page(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", &paragraph(&error.to_string()))
}
