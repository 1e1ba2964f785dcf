//! What is filled in about a named credential: New Legacy, and Edit, where the login that no deployment can start is
//! started (NC-20, NC-21, NC-23).

use axum::response::Response;

use super::credentials::{PAGE, label};
use super::form::{Form, Input, Kind, ON, api_name, choices};
use super::html::{self, Cell};
use super::saving::Target;
use super::{Visited, action_of, new_of, page_of, with_id};
use crate::component::{Fields, Scalar};
use crate::simulator::ids;
use crate::simulator::oauth::credential::{self, Status};
use crate::simulator::rules::text;
use crate::simulator::state::{Component, State};

const NAME: &str = "fullName";
const START: &str = "start-authentication";

/// Of a legacy credential; one of the newer model has its address and login elsewhere (NC-4).
fn entries(state: &State, is_legacy: bool) -> Vec<Input> {
    let mut all = vec![Input::element("label", "Label", Kind::Text).required()];
    if is_legacy {
        all.push(Input::element("endpoint", "URL", Kind::Text).required());
        all.extend(about_login(state));
    }
    all.extend([
        Input::element("generateAuthorizationHeader", "Generate Authorization Header", Kind::Switch),
        Input::element("allowMergeFieldsInHeader", "Allow Merge Fields in HTTP Header", Kind::Switch),
        Input::element("allowMergeFieldsInBody", "Allow Merge Fields in HTTP Body", Kind::Switch),
    ]);
    all
}

fn about_login(state: &State) -> [Input; 4] {
    let provider = |(name, component): (&str, &Component)| {
        (name.to_owned(), text(&component.fields, "friendlyName").unwrap_or(name).to_owned())
    };
    let none = [(String::new(), "--None--".to_owned())];
    let providers = none.into_iter().chain(state.holdings.of_type("AuthProvider").map(provider));
    let protocols = [
        ("NoAuthentication", "No Authentication"),
        ("Password", "Password Authentication"),
        ("Oauth", "OAuth 2.0"),
        ("Jwt", "JWT"),
        ("JwtExchange", "JWT Token Exchange"),
        ("AwsSv4", "AWS Signature Version 4"),
    ];
    [
        Input::element(
            "principalType",
            "Identity Type",
            Kind::Choice(choices(&[
                ("Anonymous", "Anonymous"),
                ("PerUser", "Per User"),
                ("NamedUser", "Named Principal"),
            ])),
        ),
        Input::element("protocol", "Authentication Protocol", Kind::Choice(choices(&protocols))),
        Input::element("authProvider", "Authentication Provider", Kind::Choice(providers.collect())),
        Input::element("oauthScope", "Scope", Kind::Text),
    ]
}

fn start() -> Input {
    Input::other(START, "Start Authentication Flow on Save", Kind::Switch)
}

pub(super) fn create(visited: &Visited) -> Response {
    if !visited.may_change(PAGE) {
        return visited.forbidden();
    }
    let mut all = visited.org.store.read(|state| entries(state, true));
    all.insert(1, Input::other(NAME, "Name", Kind::Text).hint("Left empty, it follows from the label."));
    all.push(start());
    let show = |complaint: Option<&str>, form: &Form| {
        visited.form_page("New Legacy Named Credential", &new_of(PAGE), "", complaint, &all, form)
    };
    // NC-8, and what Setup begins with
    let first = [
        ("generateAuthorizationHeader", ON),
        ("principalType", "Anonymous"),
        ("protocol", "NoAuthentication"),
    ];
    let first = || first.iter().fold(Form::default(), |form, (name, value)| form.with(name, *value));
    let Some(form) = visited.form else { return show(None, &first()) };
    let name = match form.get(NAME).trim() {
        "" => api_name(form.get("label")),
        name => name.to_owned(),
    };
    match visited.save(&Target::new(PAGE, &name), &all, form, |_, _| {}) {
        Ok(id) => saved(visited, &id, form.is_on(START)),
        Err(refused) => show(Some(&refused), form),
    }
}

pub(super) fn edit(visited: &Visited) -> Response {
    let found = visited.org.store.read(|state| {
        let (name, component) = with_id(state, PAGE, visited.id)?;
        let mut all = entries(state, is_legacy(&component.fields));
        let status = credential::status(state, component);
        if can_start(&status) {
            all.push(start());
        }
        Some((name.to_owned(), component.clone(), status, all))
    });
    let Some((name, component, status, all)) = found else { return visited.not_found() };
    if !visited.may_change(PAGE) {
        return visited.forbidden();
    }
    let show = |complaint: Option<&str>, form: &Form| {
        let above = html::details(&[
            ("Name", Cell::text(&name)),
            ("Authentication Status", Cell::text(status.to_string())),
        ]);
        let title = format!("Edit Named Credential: {}", label(&name, &component));
        visited.form_page(&title, &action_of(PAGE, &component.id, "e"), &above, complaint, &all, form)
    };
    let Some(form) = visited.form else { return show(None, &Form::of_component(&all, &component.fields)) };
    match visited.save(&Target::stored(PAGE, &name), &all, form, |_, _| {}) {
        Ok(id) => saved(visited, &id, form.is_on(START)),
        Err(refused) => show(Some(&refused), form),
    }
}

fn is_legacy(fields: &Fields<Scalar>) -> bool {
    text(fields, "namedCredentialType").is_none_or(|kind| kind == "Legacy")
}

fn can_start(status: &Status) -> bool {
    matches!(status, Status::Pending | Status::AuthenticatedAs(_))
}

/// NC-24: the flow starts at the provider and remembers which credential it is for.
fn saved(visited: &Visited, id: &str, starts: bool) -> Response {
    let found = visited.org.store.read(|state| {
        let (_, component) = with_id(state, PAGE, id).filter(|_| starts)?;
        let provider = text(&component.fields, "authProvider")?.to_owned();
        let scope = text(&component.fields, "oauthScope").map(str::to_owned);
        can_start(&credential::status(state, component)).then_some((provider, scope))
    });
    let Some((provider, scope)) = found else { return html::redirect(&page_of(PAGE, id)) };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("startURL", &format!("/{id}"));
    if let Some(scope) = &scope {
        query.append_pair("scope", scope);
    }
    let organization = ids::short(&visited.org.ready.organization_id);
    html::redirect(&format!("/services/auth/xds/{organization}/{provider}?{}", query.finish()))
}
