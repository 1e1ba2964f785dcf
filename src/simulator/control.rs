//! What no real org has: resources below `/simulator` that arrange faults, put the clock forward and do what
//! administrators do in Setup, for rehearsals from other programs. Only who holds the token that the org prints may use them, and no fault strikes here.

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::{Act, Aim, Count, Fault, OnRequest, Script};
use super::server::{token, typed};
use super::{Org, session, setup};

/// More than any script needs.
const LARGEST_BODY: usize = 1 << 20;

pub(super) async fn answer(org: &Org, resource: &str, request: Request) -> Response {
    let holder = token(request.headers()).ok().flatten();
    if !holder.is_some_and(|holder| session::is_same(&org.ready.access_token, holder)) {
        return refused(
            StatusCode::UNAUTHORIZED,
            "needs the access token that the org prints when it is ready",
        );
    }
    let method = request.method().clone();
    let Ok(body) = axum::body::to_bytes(request.into_body(), LARGEST_BODY).await else {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 1 MiB");
    };
    match (resource, method) {
        ("faults", Method::GET) => told(&faults(org)),
        ("faults", Method::POST) => {
            let text = String::from_utf8_lossy(&body);
            match Script::read(&text, &org.ready.org) {
                Ok(script) => {
                    org.faults.add(script);
                    told(&faults(org))
                }
                Err(unreadable) => refused(StatusCode::BAD_REQUEST, &unreadable.to_string()),
            }
        }
        ("faults", Method::DELETE) => {
            org.faults.clear();
            told(&faults(org))
        }
        ("clock", Method::GET) => told(&clock(org)),
        ("clock", Method::POST) => match advance(&body) {
            Ok(by) => {
                org.clock.advance(by);
                told(&clock(org))
            }
            Err(why) => refused(StatusCode::BAD_REQUEST, &why),
        },
        ("setup", Method::GET) => told(&org.store.read(setup::told)),
        ("setup", Method::POST) => match set_up(org, &body) {
            Ok(()) => told(&org.store.read(setup::told)),
            Err(why) => refused(StatusCode::BAD_REQUEST, &why),
        },
        ("faults" | "clock" | "setup", _) => refused(StatusCode::METHOD_NOT_ALLOWED, "not with this method"),
        _ => refused(
            StatusCode::NOT_FOUND,
            "there are /simulator/faults, /simulator/clock and /simulator/setup",
        ),
    }
}

fn told(value: &Value) -> Response {
    typed(StatusCode::OK, "application/json", value.to_string())
}

fn refused(status: StatusCode, why: &str) -> Response {
    typed(status, "application/json", json!({ "error": why }).to_string())
}

fn clock(org: &Org) -> Value {
    json!({ "now": org.now().json() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance: String,
}

fn advance(body: &[u8]) -> Result<std::time::Duration, String> {
    let wanted: Advance =
        serde_json::from_slice(body).map_err(|error| format!("{error}; write {{\"advance\": \"15m\"}}"))?;
    humantime::parse_duration(&wanted.advance).map_err(|error| format!("`{}`: {error}", wanted.advance))
}

fn set_up(org: &Org, body: &[u8]) -> Result<(), String> {
    let step: setup::Step = serde_json::from_slice(body).map_err(|error| {
        format!("{error}; write {{\"do\": \"deactivate-user\", \"username\": \"USER\"}} or the like")
    })?;
    step.take(org)
}

fn faults(org: &Org) -> Value {
    org.faults.all().iter().map(|(fault, count)| described(fault, *count)).collect()
}

/// A fault, and how often it met what it is aimed at.
fn described(fault: &Fault, count: Count) -> Value {
    let left = |times: Option<u32>| times.map(|times| times - count.struck.min(times));
    let (what, on, left) = match fault {
        Fault::Reject { component, .. } => ("reject", Some(component.clone()), None),
        Fault::Lock { times, .. } => ("lock", None, left(Some(*times))),
        Fault::Hold => ("hold", None, left(Some(1))),
        Fault::Request(OnRequest { aim, times, act, .. }) => (name(act), aimed(aim), left(*times)),
    };
    json!({ "do": what, "on": on, "met": count.met, "struck": count.struck, "left": left })
}

fn name(act: &Act) -> &'static str {
    match act {
        Act::Drop(_) => "drop",
        Act::Answer(..) => "answer",
        Act::Delay(..) => "delay",
        Act::Truncate(_) => "truncate",
        Act::Retype(_) => "retype",
        Act::Drip { .. } => "drip",
        Act::ExpireSession => "expire-session",
    }
}

fn aimed(aim: &Aim) -> Option<String> {
    let parts = [&aim.method, &aim.path, &aim.call];
    let told: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    (!told.is_empty()).then(|| told.join(" "))
}
