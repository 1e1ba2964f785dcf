//! `/apps/oauth`: keys and secrets of external client apps, for those who may see them (section 4.3). Staged rotation
//! is not among it: Metadata can rotate (EC-24).

use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::data::parameters;
use super::{Answer, Call, Failure, ok};
use crate::simulator::rules::{flag, text};
use crate::simulator::state::{Component, State};
use crate::simulator::{ids, permission};

const HEADER: &str = "ExternalClientApplication";
const CONSUMER: &str = "ExtlClntAppGlobalOauthSettings";

pub(super) fn answer(call: &Call, resource: &[&str], request: &Request) -> Answer {
    call.reads()?;
    let part = parameters(request).remove("part");
    let found = call.org.store.read(|state| {
        if !is_enabled(state, call) {
            return Err(not_enabled());
        }
        let found = match resource {
            ["usage"] => Some(usage(state)),
            ["credentials", app] => consumers(state, app),
            ["credentials", app, consumer] => secrets(state, app, consumer, part.as_deref()),
            _ => None,
        };
        found.ok_or_else(Failure::not_found)
    });
    ok(&found?)
}

/// EC-16, EC-25: the org has to allow it, and then the user's permissions.
fn is_enabled(state: &State, call: &Call) -> bool {
    let settings = state.holdings.get("ExternalClientAppSettings", "ExternalClientApp");
    let allows = |settings: &Component| flag(&settings.fields, "enableClientSecretInRestApiAccess");
    settings.and_then(allows) == Some(true) && permission::has(state, &call.asker.person, "ViewClientSecret")
}

fn not_enabled() -> Failure {
    let message = "This feature is not currently enabled for this user.";
    Failure::new(StatusCode::FORBIDDEN, "FUNCTIONALITY_NOT_ENABLED", message)
}

/// Apps that have a key, by the id that the other resources know them by.
fn usage(state: &State) -> Value {
    let apps = state.holdings.of_type(HEADER).filter(|(name, _)| consumer_of(state, name).is_some());
    let apps = apps.map(|(name, header)| {
        json!({
            "developerName": name, "identifier": header.id,
            "label": text(&header.fields, "label").unwrap_or(name),
        })
    });
    json!({ "apps": apps.collect::<Vec<_>>(), "nextPageUrl": null })
}

fn consumers(state: &State, app: &str) -> Option<Value> {
    let (name, consumer) = with_id(state, app)?;
    let key = text(&consumer.fields, "consumerKey");
    Some(json!({ "consumers": [{ "id": consumer.id, "key": key, "name": name }] }))
}

fn secrets(state: &State, app: &str, id: &str, part: Option<&str>) -> Option<Value> {
    let (_, consumer) = with_id(state, app)?;
    if !ids::same(&consumer.id, id) {
        return None;
    }
    let (key, secret) = (text(&consumer.fields, "consumerKey"), text(&consumer.fields, "consumerSecret"));
    Some(match part {
        Some("key") => json!({ "key": key }),
        Some("secret") => json!({ "secret": secret }),
        _ => json!({ "key": key, "secret": secret }),
    })
}

/// Name and consumer of the app with this id.
fn with_id<'a>(state: &'a State, id: &str) -> Option<(&'a str, &'a Component)> {
    let (name, _) = state.holdings.of_type(HEADER).find(|(_, header)| ids::same(&header.id, id))?;
    Some((name, consumer_of(state, name)?))
}

fn consumer_of<'a>(state: &'a State, app: &str) -> Option<&'a Component> {
    let mut all = state.holdings.of_type(CONSUMER).map(|(_, consumer)| consumer);
    all.find(|consumer| text(&consumer.fields, "externalClientApplication") == Some(app))
}
