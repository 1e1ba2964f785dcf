//! Who is asking: the OpenID Connect user info and the identity URL.

use std::collections::HashMap;

use axum::extract::{Query, Request};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::with_json;
use crate::simulator::people::Person;
use crate::simulator::server::{token, typed};
use crate::simulator::session::{self, Asker, Door, Refusal};
use crate::simulator::{Org, ids};

pub(super) fn user_info(org: &Org, request: &Request) -> Response {
    match asker(org, request) {
        Err(refusal) => refused(refusal.identity()),
        Ok(asker) => with_json(StatusCode::OK, &about(org, &asker.person, true)),
    }
}

pub(super) fn identity(org: &Org, organization: &str, user: &str, request: &Request) -> Response {
    let asker = match asker(org, request) {
        Err(refusal) => return refused(refusal.identity()),
        Ok(asker) => asker,
    };
    let known = ids::same(organization, &org.ready.organization_id) && ids::same(user, &asker.person.id);
    if known { with_json(StatusCode::OK, &about(org, &asker.person, false)) } else { refused("Wrong_Org") }
}

fn asker(org: &Org, request: &Request) -> Result<Asker, Refusal> {
    let parameters = Query::<HashMap<String, String>>::try_from_uri(request.uri());
    let parameter = parameters.ok().and_then(|Query(mut parameters)| parameters.remove("oauth_token"));
    let token = token(request.headers()).ok().flatten().or(parameter.as_deref());
    session::admit(org, token, Door::Identity, session::address_of(request))
}

fn refused(why: &'static str) -> Response {
    typed(StatusCode::FORBIDDEN, "text/html;charset=UTF-8", why)
}

fn about(org: &Org, person: &Person, open_id: bool) -> Value {
    let (organization, created) =
        org.store.read(|state| (state.identity.organization_id.clone(), state.identity.created));
    let base = &org.ready.instance_url;
    let id = format!("{base}/id/{organization}/{}", person.id);
    let url = |path: &str| format!("{base}{path}");
    // `{version}` stays in these: the client fills it in
    let urls = json!({
        "enterprise": url("/services/Soap/c/{version}/") + ids::short(&organization),
        "metadata": url("/services/Soap/m/{version}/") + ids::short(&organization),
        "partner": url("/services/Soap/u/{version}/") + ids::short(&organization),
        "rest": url("/services/data/v{version}/"),
        "sobjects": url("/services/data/v{version}/sobjects/"),
        "query": url("/services/data/v{version}/query/"),
        "profile": format!("{base}/{}", person.id),
        "custom_domain": base,
    });
    let photos = json!({ "picture": url("/profilephoto/005/F"), "thumbnail": url("/profilephoto/005/T") });
    let (name, email) = (person.full_name(), &person.username);
    if open_id {
        return json!({
            "sub": id, "user_id": person.id, "organization_id": organization, "preferred_username": person.username,
            "nickname": person.alias, "name": name, "email": email, "email_verified": true,
            "given_name": person.first_name, "family_name": person.last_name, "zoneinfo": "GMT", "photos": photos,
            "profile": format!("{base}/{}", person.id), "picture": url("/profilephoto/005/F"), "address": {},
            "is_salesforce_integration_user": false, "urls": urls, "active": true, "user_type": "STANDARD",
            "language": "en_US", "locale": "en_US", "utcOffset": 0, "updated_at": created.soap(),
        });
    }
    json!({
        "id": id, "asserted_user": true, "user_id": person.id, "organization_id": organization,
        "username": person.username, "nick_name": person.alias, "display_name": name, "email": email,
        "email_verified": true, "first_name": person.first_name, "last_name": person.last_name, "timezone": "GMT",
        "photos": photos, "active": true, "user_type": "STANDARD", "language": "en_US", "locale": "en_US",
        "utcOffset": 0, "last_modified_date": created.soap(), "urls": urls,
    })
}
