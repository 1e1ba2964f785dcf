//! What is filled in about an auth provider: New, and Edit.

use axum::response::Response;

use super::form::{Form, Input, Kind, api_name};
use super::html;
use super::providers::{PAGE, TYPE};
use super::saving::Target;
use super::{Visited, action_of, new_of, page_of, with_id};
use crate::component::{self, Kind as FieldKind};

const SUFFIX: &str = "fullName";
const KIND: &str = "providerType";

fn entries() -> Vec<Input> {
    vec![
        Input::element(KIND, "Provider Type", Kind::Choice(kinds())),
        Input::element("friendlyName", "Name", Kind::Text).required(),
        Input::element("consumerKey", "Consumer Key", Kind::Text),
        Input::element("consumerSecret", "Consumer Secret", Kind::Secret),
        Input::element("authorizeUrl", "Authorize Endpoint URL", Kind::Text)
            .hint("Left empty, it is the usual one of the provider."),
        Input::element("tokenUrl", "Token Endpoint URL", Kind::Text)
            .hint("Left empty, it is the usual one of the provider."),
        Input::element("defaultScopes", "Default Scopes", Kind::Text),
    ]
}

fn kinds() -> Vec<(String, String)> {
    let field = component::type_named(TYPE).and_then(|kind| kind.fields.field(KIND));
    let Some(FieldKind::Enumeration(all)) = field.map(|field| &field.kind) else { return Vec::new() };
    all.values.iter().map(|value| (value.name.clone(), value.name.clone())).collect()
}

pub(super) fn create(visited: &Visited) -> Response {
    if !visited.may_change(TYPE) {
        return visited.forbidden();
    }
    let mut all = entries();
    all.insert(
        2,
        Input::other(SUFFIX, "URL Suffix", Kind::Text).hint("Left empty, it follows from the name."),
    );
    let show = |complaint: Option<&str>, form: &Form| {
        visited.form_page("New Auth. Provider", &new_of(PAGE), "", complaint, &all, form)
    };
    let Some(form) = visited.form else { return show(None, &Form::default().with(KIND, "Salesforce")) };
    let name = match form.get(SUFFIX).trim() {
        "" => api_name(form.get("friendlyName")),
        name => name.to_owned(),
    };
    match visited.save(&Target::new(TYPE, &name), &all, form, |_, _| {}) {
        Ok(id) => html::redirect(&page_of(PAGE, &id)),
        Err(refused) => show(Some(&refused), form),
    }
}

pub(super) fn edit(visited: &Visited) -> Response {
    let found = visited.org.store.read(|state| {
        let (name, component) = with_id(state, TYPE, visited.id)?;
        Some((name.to_owned(), component.clone()))
    });
    let Some((name, component)) = found else { return visited.not_found() };
    if !visited.may_change(TYPE) {
        return visited.forbidden();
    }
    let all = entries();
    let show = |complaint: Option<&str>, form: &Form| {
        let action = action_of(PAGE, &component.id, "e");
        visited.form_page(&format!("Edit Auth. Provider: {name}"), &action, "", complaint, &all, form)
    };
    let Some(form) = visited.form else { return show(None, &Form::of_component(&all, &component.fields)) };
    match visited.save(&Target::stored(TYPE, &name), &all, form, |_, _| {}) {
        Ok(id) => html::redirect(&page_of(PAGE, &id)),
        Err(refused) => show(Some(&refused), form),
    }
}
