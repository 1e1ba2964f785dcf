//! Metadata SOAP: envelopes, sessions and faults. The calls themselves are in the modules below.
//!
//! Requests are matched by local name and, where clients disagree about names, by position (protocol, 5.2).
//! Answers have a prefixed envelope around an unprefixed payload, which is the only form that all clients read.

mod deploying;
mod describing;
pub(super) mod partner;
mod renaming;
mod retrieving;
mod value_type;
mod writing;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::server::{LARGEST_BODY, token, typed};
use super::session::{self, Asker, Door, Refusal};
use super::xml::{self, Element, INSTANCE, METADATA, Node};
use super::{Org, allowance, permission};
use crate::component::{NEWEST_API_VERSION, OLDEST_API_VERSION};

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// A fault: HTTP 500 with the code in exactly the form that clients search for.
struct Fault {
    code: String,
    text: String,
}

impl Fault {
    /// One of the platform's codes; the text repeats it.
    fn platform(code: &str, text: &str) -> Fault {
        Fault { code: format!("sf:{code}"), text: format!("{code}: {text}") }
    }

    fn refused(refusal: Refusal) -> Fault {
        let (code, text) = refusal.soap();
        Fault::platform(code, text)
    }

    /// Takes one of the day's requests.
    fn count(org: &Org) -> Result<(), Fault> {
        let (code, text) = allowance::USED_UP;
        org.allowance.take(org.now()).map_err(|allowance::UsedUp| Fault::platform(code, text))
    }

    fn client(text: impl Into<String>) -> Fault {
        Fault { code: "soapenv:Client".to_owned(), text: text.into() }
    }
}

/// What a call needs to know besides its arguments.
struct Call<'a> {
    org: &'a Arc<Org>,
    asker: &'a Asker,
    version: u16,
    /// `AllOrNoneHeader/allOrNone`
    all_or_none: bool,
}

/// Takes the call's element, gives what is inside the response's.
type Handler = fn(&Call, &Element) -> Result<Vec<Node>, Fault>;

/// Every call there is.
fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "deploy" => deploying::deploy,
        "checkDeployStatus" => deploying::check_deploy_status,
        "cancelDeploy" => deploying::cancel_deploy,
        "deployRecentValidation" => deploying::deploy_recent_validation,
        "retrieve" => retrieving::retrieve,
        "checkRetrieveStatus" => retrieving::check_retrieve_status,
        "checkStatus" => retrieving::check_status,
        "listMetadata" => retrieving::list_metadata,
        "readMetadata" => retrieving::read_metadata,
        "describeMetadata" => describing::describe_metadata,
        "describeValueType" => value_type::describe_value_type,
        "createMetadata" => writing::create_metadata,
        "updateMetadata" => writing::update_metadata,
        "upsertMetadata" => writing::upsert_metadata,
        "deleteMetadata" => writing::delete_metadata,
        "renameMetadata" => renaming::rename_metadata,
        _ => return None,
    })
}

pub(super) async fn answer(org: &Arc<Org>, version: &str, request: Request) -> Response {
    if request.method() != Method::POST {
        let mut response = typed(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "Only POST is allowed");
        response.headers_mut().insert("allow", axum::http::HeaderValue::from_static("POST"));
        return response;
    }
    let ip = session::address_of(&request);
    let bearer = token(request.headers()).ok().flatten().map(str::to_owned);
    let body = axum::body::to_bytes(request.into_body(), LARGEST_BODY).await;
    let answer = match body {
        Ok(body) => call(org, version, bearer.as_deref(), ip, &body),
        // MD-21
        Err(_) => Err(Fault::platform(
            "LIMIT_EXCEEDED",
            "Maximum size of request reached. Maximum size of request is 52428800 bytes.",
        )),
    };
    match answer {
        Ok(payload) => typed(StatusCode::OK, "text/xml;charset=UTF-8", envelope(payload, METADATA)),
        Err(fault) => told(fault),
    }
}

fn told(fault: Fault) -> Response {
    let detail = vec![Node::leaf("faultcode", fault.code), Node::leaf("faultstring", fault.text)];
    let text = fault_envelope(Node::group("soapenv:Fault", detail));
    typed(StatusCode::INTERNAL_SERVER_ERROR, "text/xml;charset=UTF-8", text)
}

/// What somebody is told who may not pass.
pub(super) fn refused(refusal: Refusal) -> Response {
    told(Fault::refused(refusal))
}

/// The call in a body and the session in its header, for faults that are aimed at them.
pub(super) fn call_and_session(body: &[u8]) -> (Option<String>, Option<String>) {
    let Ok(envelope) = xml::read(body) else { return (None, None) };
    let call = request_of(&envelope).ok().map(|request| request.name.clone());
    let header = envelope.child("Header").and_then(|header| header.child("SessionHeader"));
    let session = header.and_then(|header| header.child("sessionId"));
    (call, session.map(|session| session.trimmed().to_owned()))
}

fn call(org: &Arc<Org>, version: &str, bearer: Option<&str>, ip: IpAddr, body: &[u8]) -> Result<Node, Fault> {
    let version = read_version(version)?;
    let envelope = xml::read(body).map_err(|unreadable| Fault::client(unreadable.why))?;
    let request = request_of(&envelope)?;
    let header = envelope.child("Header");
    let in_header = |group: &str, name: &str| header.and_then(|header| header.child(group)?.child(name));
    let session = in_header("SessionHeader", "sessionId").map(Element::trimmed).or(bearer);
    let handler = handler(&request.name).ok_or_else(|| {
        Fault::client(format!(
            "No operation available for request {}, please check the WSDL for the service.",
            request.qualified()
        ))
    })?;
    let asker = session::admit(org, session, Door::Soap, ip).map_err(Fault::refused)?;
    // Looking at a deployment does not count (protocol, 5.4).
    if request.name != "checkDeployStatus" {
        Fault::count(org)?;
    }
    if !org.store.read(|state| permission::may_use_metadata_api(state, &asker.person)) {
        let (code, text) = permission::NO_METADATA_API;
        return Err(Fault::platform(code, text));
    }
    let all_or_none = in_header("AllOrNoneHeader", "allOrNone").is_some_and(is_true);
    let payload = handler(&Call { org, asker: &asker, version, all_or_none }, request)?;
    Ok(Node::group(format!("{}Response", request.name), payload))
}

fn read_version(text: &str) -> Result<u16, Fault> {
    text.strip_suffix(".0")
        .and_then(|major| major.parse().ok())
        .filter(|version| (OLDEST_API_VERSION..=NEWEST_API_VERSION).contains(version))
        .ok_or_else(|| Fault::platform("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL"))
}

/// The call inside an envelope.
fn request_of(envelope: &Element) -> Result<&Element, Fault> {
    envelope
        .child("Body")
        .filter(|_| envelope.name == "Envelope")
        .and_then(|body| body.children.first())
        .ok_or_else(|| Fault::client("there is no call inside a SOAP body"))
}

fn envelope(payload: Node, namespace: &str) -> String {
    let body = Node::group("soapenv:Body", vec![payload]);
    Node::group("soapenv:Envelope", vec![body])
        .with("xmlns:soapenv", ENVELOPE)
        .with("xmlns:xsi", INSTANCE)
        .with("xmlns", namespace)
        .to_message()
}

fn fault_envelope(fault: Node) -> String {
    let body = Node::group("soapenv:Body", vec![fault]);
    Node::group("soapenv:Envelope", vec![body])
        .with("xmlns:soapenv", ENVELOPE)
        .with("xmlns:sf", METADATA)
        .to_message()
}

/// simple-salesforce writes booleans as Python does.
fn is_true(element: &Element) -> bool {
    let text = element.trimmed();
    text.eq_ignore_ascii_case("true") || text == "1"
}

/// Name and text, if there is one: an empty optional element makes clients stumble (protocol, rule 6).
fn optional(nodes: &mut Vec<Node>, name: &'static str, text: Option<impl ToString>) {
    nodes.extend(text.map(|text| Node::leaf(name, text)));
}
