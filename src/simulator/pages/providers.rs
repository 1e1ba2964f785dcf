//! Auth. Providers: the list, and one with the addresses that no API tells all of (AP-40, AP-44, AP-45).

use axum::response::Response;

use super::html::{self, Cell};
use super::{Visited, action_of, door, new_of, page_of, provider_forms, with_id};
use crate::simulator::rules::text;
use crate::simulator::state::Component;

pub(super) const PAGE: &str = "AuthProviders";
pub(super) const TYPE: &str = "AuthProvider";

pub(super) fn all(visited: &Visited) -> Response {
    let rows = visited.org.store.read(|state| {
        let row = |(name, component): (&str, &Component)| {
            let field = |name: &str| text(&component.fields, name).unwrap_or_default().to_owned();
            vec![
                Cell::link(page_of(PAGE, &component.id), field("friendlyName")),
                Cell::text(name),
                Cell::Text(field("providerType")),
            ]
        };
        state.holdings.of_type(TYPE).map(row).collect::<Vec<_>>()
    });
    let new = door(visited.may_change(TYPE), &new_of(PAGE), "New");
    let list = html::list(&["Name", "URL Suffix", "Provider Type"], &rows);
    visited.page("Auth. Providers", &(new + &list))
}

pub(super) fn one(visited: &Visited) -> Response {
    match visited.action {
        "" => show(visited),
        "e" => provider_forms::edit(visited),
        _ => visited.not_found(),
    }
}

fn show(visited: &Visited) -> Response {
    let found = visited.org.store.read(|state| {
        let (name, component) = with_id(state, TYPE, visited.id)?;
        Some((name.to_owned(), component.fields.clone()))
    });
    let Some((name, fields)) = found else { return visited.not_found() };
    let base = &visited.org.ready.instance_url;
    let field = |name: &str| text(&fields, name).unwrap_or_default().to_owned();
    // AP-22: that there is a secret is all that is told of it
    let secret = if text(&fields, "consumerSecret").is_some() { "set, and not shown" } else { "not set" };
    let address = |path: &str| format!("{base}/services/{path}/{name}");
    let (test, oauth) = (address("auth/test"), address("auth/oauth"));
    let friendly = field("friendlyName");
    let body = html::details(&[
        ("Name", Cell::Text(friendly.clone())),
        ("URL Suffix", Cell::text(name.clone())),
        ("Provider Type", Cell::Text(field("providerType"))),
        ("Consumer Key", Cell::Text(field("consumerKey"))),
        ("Consumer Secret", Cell::text(secret)),
        ("Authorize Endpoint URL", Cell::Text(field("authorizeUrl"))),
        ("Token Endpoint URL", Cell::Text(field("tokenUrl"))),
        ("Default Scopes", Cell::Text(field("defaultScopes"))),
        ("Test-Only Initialization URL", Cell::link(test.clone(), test)),
        ("OAuth-Only Initialization URL", Cell::link(oauth.clone(), oauth)),
        ("Callback URL", Cell::Text(address("authcallback"))),
    ]);
    let edit = door(visited.may_change(TYPE), &action_of(PAGE, visited.id, "e"), "Edit");
    visited.page(&format!("Auth. Provider: {friendly}"), &(edit + &body))
}
