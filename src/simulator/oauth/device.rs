//! The device flow: a device without a browser shows a code, and a person enters it elsewhere.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::authorize::{denied, log_in};
use super::memory::{CODE_MINUTES, Device, DeviceAnswer};
use super::page::{self, Question};
use super::password::{not_approved, scope_not_allowed};
use super::{Ask, Client, Granted, Refused, changed, code};
use crate::simulator::people::{self, Person};
use crate::simulator::session::is_same;
use crate::simulator::state::State;
use crate::simulator::{Org, ids};

/// Seconds a device waits between two polls.
const INTERVAL: i64 = 5;

/// The device's first call.
pub(super) fn begin(state: &mut State, ask: &Ask) -> Result<Value, Refused> {
    let client = ask.unblocked(state, &ask.client(state)?.consumer_key)?;
    if !client.device_flow {
        return Err(Refused::grant_type());
    }
    let scopes = client.grant(ask.get("scope")).ok_or_else(scope_not_allowed)?;
    let now = state.holdings.clock.now();
    state.oauth.devices.retain(|device| device.made.days_after(1) > now);
    let random = |length| ids::letters_and_digits(length).map_err(|error| Refused::server(&error));
    let (device_code, user_code) = (random(80)?, random(8)?.to_ascii_uppercase());
    state.oauth.devices.push(Device {
        device_code: device_code.clone(),
        user_code: user_code.clone(),
        consumer_key: client.consumer_key,
        scopes,
        made: now,
        polled: None,
        answer: None,
    });
    Ok(json!({
        "device_code": device_code, "user_code": user_code, "interval": INTERVAL,
        "verification_uri": format!("{}/setup/connect", ask.base),
    }))
}

pub(super) fn poll(state: &mut State, ask: &Ask) -> Result<Granted, Refused> {
    let client = ask.unblocked(state, &ask.client(state)?.consumer_key)?;
    let now = state.holdings.clock.now();
    let given = ask.get("code").unwrap_or_default();
    let found = state
        .oauth
        .devices
        .iter_mut()
        .find(|device| device.consumer_key == client.consumer_key && is_same(&device.device_code, given));
    let invalid = || Refused::grant("invalid device code");
    let device = found.ok_or_else(invalid)?;
    if device.made.minutes_after(CODE_MINUTES) <= now {
        return Err(Refused::grant("expired device code"));
    }
    let last = device.polled.replace(now);
    let user_id = match &device.answer {
        None if last.is_some_and(|last| last.milliseconds_after(INTERVAL * 1000) > now) => {
            return Err(Refused::new("slow_down", "polling too quickly"));
        }
        None => {
            return Err(Refused::new("authorization_pending", "user has not authorized device"));
        }
        Some(DeviceAnswer::Denied) => return Err(denied()),
        Some(DeviceAnswer::Allowed(user_id)) => user_id.clone(),
    };
    let scopes = device.scopes.clone();
    let person = people::with_id(&state.identity, &user_id);
    let (answer, _) = code::enter(state, ask, &client, &person, &scopes, None)?;
    state.oauth.devices.retain(|device| !is_same(&device.device_code, given));
    Ok(Granted { answer, user_id, app_name: client.name })
}

/// Where the person goes.
pub(super) async fn connect(org: &Arc<Org>, request: Request) -> Response {
    let is_answer = request.method() == Method::POST;
    let ask = match super::read(org, request).await {
        Ok(ask) => ask,
        Err(refused) => return page::tell(StatusCode::BAD_REQUEST, "Connect a device", &refused.description),
    };
    let decision = ask.get("decision").filter(|_| is_answer);
    let Some(decision) = decision else { return question(org, None) };
    let person = org.store.read(|state| log_in(state, &ask));
    let Some(person) = person else {
        return question(org, Some("This password is not right. Please try again."));
    };
    let told = changed(org, |state| decide(state, &ask, decision == "allow", &person));
    match told {
        Ok(text) => page::tell(StatusCode::OK, "Connect a device", text),
        Err(refused) if refused.error == "invalid_request" => question(org, Some(&refused.description)),
        Err(refused) => page::tell(StatusCode::BAD_REQUEST, "Connect a device", &refused.description),
    }
}

fn question(org: &Org, complaint: Option<&str>) -> Response {
    page::ask(&Question {
        action: "/setup/connect",
        title: "Connect a device",
        text: vec!["Enter the code that the device shows.".to_owned()],
        fields: &[("user_code", "Code")],
        hidden: Vec::new(),
        people: org.store.read(|state| people::of(&state.identity)),
        complaint,
    })
}

fn decide(state: &mut State, ask: &Ask, allowed: bool, person: &Person) -> Result<&'static str, Refused> {
    let given = ask.get("user_code").unwrap_or_default().trim().to_ascii_uppercase();
    let now = state.holdings.clock.now();
    let is_meant = |device: &&Device| {
        device.answer.is_none()
            && device.made.minutes_after(CODE_MINUTES) > now
            && is_same(&device.user_code, &given)
    };
    let key = state.oauth.devices.iter().find(is_meant).map(|device| device.consumer_key.clone());
    let unknown = || Refused::new("invalid_request", "No device waits with this code.");
    let client = Client::find(state, &key.ok_or_else(unknown)?, ask.propagation);
    let client = client.ok_or_else(Refused::unknown_client)?;
    if allowed && !client.is_approved_for(state, person) {
        return Err(not_approved());
    }
    let answer = if allowed { DeviceAnswer::Allowed(person.id.clone()) } else { DeviceAnswer::Denied };
    if let Some(device) = state.oauth.devices.iter_mut().find(|device| is_meant(&&**device)) {
        device.answer = Some(answer);
    }
    Ok(if allowed { "The device is connected. You can close this page." } else { "The device was refused." })
}
