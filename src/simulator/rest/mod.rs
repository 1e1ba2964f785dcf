//! REST: which resource a path names, who may ask, and how errors are told.

mod credentials;
mod data;
mod deploy_request;
mod identity;
mod named_credentials;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::server::{token, typed};
use super::session::{self, Asker, Door, Refusal};
use super::{Org, allowance, clock::Moment, permission};
use crate::component::{NEWEST_API_VERSION, OLDEST_API_VERSION};

/// An error of the REST API: `[{"message","errorCode"}]`.
pub(super) struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Failure {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Failure {
        Failure { status, code, message: message.into() }
    }

    fn bad_request(code: &'static str, message: impl Into<String>) -> Failure {
        Failure::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The exact text matters: sf takes it for "no source tracking" (protocol, rule 9).
    fn not_found() -> Failure {
        Failure::new(StatusCode::NOT_FOUND, "NOT_FOUND", "The requested resource does not exist")
    }

    fn method(method: &Method, allowed: &str) -> Failure {
        let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
        Failure::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
    }

    fn into_response(self) -> Response {
        with_json(self.status, &json!([{ "message": self.message, "errorCode": self.code }]))
    }
}

type Answer = Result<Response, Failure>;

fn with_json(status: StatusCode, value: &Value) -> Response {
    typed(status, "application/json;charset=UTF-8", value.to_string())
}

fn ok(value: &Value) -> Answer {
    Ok(with_json(StatusCode::OK, value))
}

/// What a resource needs to know about a request.
struct Call<'a> {
    org: &'a Arc<Org>,
    asker: &'a Asker,
    /// As in the path, `v62.0`.
    version: &'a str,
    method: Method,
    /// Below `/tooling`.
    tooling: bool,
}

impl Call<'_> {
    /// 62 of `v62.0`.
    fn version_number(&self) -> u16 {
        let digits = self.version.trim_start_matches('v').split('.').next();
        digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
    }

    fn reads(&self) -> Result<(), Failure> {
        match self.method {
            Method::GET | Method::HEAD => Ok(()),
            _ => Err(Failure::method(&self.method, "GET,HEAD")),
        }
    }
}

pub(super) async fn answer(org: &Arc<Org>, segments: &[&str], request: Request) -> Response {
    let answer = match segments {
        ["services", "data"] => match *request.method() {
            Method::GET | Method::HEAD => ok(&data::versions()),
            _ => Err(Failure::method(request.method(), "GET,HEAD")),
        },
        ["services", "data", version, rest @ ..] => resource(org, version, rest, request).await,
        ["services", "oauth2", "userinfo"] => return identity::user_info(org, &request),
        ["id", organization, user] => return identity::identity(org, organization, user, &request),
        _ => Err(Failure::not_found()),
    };
    answer.unwrap_or_else(Failure::into_response)
}

async fn resource(org: &Arc<Org>, version: &str, rest: &[&str], request: Request) -> Answer {
    if !is_version(version) {
        return Err(Failure::not_found());
    }
    let asker = authenticate(org, &request)?;
    // Looking at a deployment is free, as over SOAP (protocol, 5.4).
    let is_free = matches!(rest, ["metadata", "deployRequest", _]) && request.method() == Method::GET;
    if !is_free {
        let (code, message) = allowance::USED_UP;
        let refused = |allowance::UsedUp| Failure::new(StatusCode::FORBIDDEN, code, message);
        org.allowance.take(org.now()).map_err(refused)?;
    }
    let tooling = rest.first() == Some(&"tooling");
    let call = Call { org, asker: &asker, version, method: request.method().clone(), tooling };
    match rest {
        [] => data::resources(&call),
        ["limits"] => data::limits(&call),
        ["query"] | ["tooling", "query"] => data::query(&call, &request),
        ["query", locator] | ["tooling", "query", locator] => data::more(&call, locator),
        ["sobjects"] => data::objects(&call),
        ["sobjects", object, "describe"] | ["tooling", "sobjects", object, "describe"] => {
            data::describe(&call, object)
        }
        ["sobjects", object, id] => data::record(&call, object, id, &request),
        ["named-credentials", resource @ ..] => named_credentials::answer(&call, resource, request).await,
        ["apps", "oauth", resource @ ..] => credentials::answer(&call, resource, &request),
        ["metadata", ..]
            if !org.store.read(|state| permission::may_use_metadata_api(state, &asker.person)) =>
        {
            let (code, message) = permission::NO_METADATA_API;
            Err(Failure::new(StatusCode::FORBIDDEN, code, message))
        }
        ["metadata", "deployRequest"] => deploy_request::submit(&call, None, request).await,
        ["metadata", "deployRequest", id] => match call.method {
            Method::POST => deploy_request::submit(&call, Some(id), request).await,
            Method::PATCH => deploy_request::cancel(&call, id, request).await,
            _ => deploy_request::status(&call, id, &request),
        },
        _ => Err(Failure::not_found()),
    }
}

fn authenticate(org: &Org, request: &Request) -> Result<Asker, Failure> {
    let Ok(token) = token(request.headers()) else {
        return Err(Failure::new(StatusCode::UNAUTHORIZED, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"));
    };
    session::admit(org, token, Door::Rest, session::address_of(request)).map_err(failure_of)
}

fn failure_of(refusal: Refusal) -> Failure {
    let (status, code, message) = refusal.rest();
    Failure::new(status, code, message)
}

/// What somebody is told who may not pass.
pub(super) fn refused(refusal: Refusal) -> Response {
    failure_of(refusal).into_response()
}

/// For fuzzing: options as a client may send them.
pub(super) fn read_options_of(value: &Value) {
    let _ = deploy_request::read_options(value);
}

fn is_version(text: &str) -> bool {
    let major = text.strip_prefix('v').and_then(|text| text.strip_suffix(".0"));
    let number = major.filter(|major| !major.starts_with('0')).and_then(|major| major.parse::<u16>().ok());
    number.is_some_and(|number| (OLDEST_API_VERSION..=NEWEST_API_VERSION).contains(&number))
}

fn moment(moment: Option<Moment>) -> Value {
    moment.map_or(Value::Null, |moment| moment.json().into())
}
