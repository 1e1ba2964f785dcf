//! Partner and enterprise SOAP, as far as clients log in with it: login, getUserInfo and logout.
//!
//! We offer it to other people's clients only; the platform is giving it up (protocol, 3.1).

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Fault, envelope, fault_envelope, read_version, request_of};
use crate::simulator::oauth::memory;
use crate::simulator::people::{self, Person};
use crate::simulator::server::{LARGEST_BODY, is_login_host, typed};
use crate::simulator::session::{self, Door};
use crate::simulator::xml::{self, Element, INSTANCE, Node};
use crate::simulator::{Error, Org, ids};

/// Where a request came from, and by which name of the org.
#[derive(Clone, Copy)]
struct Caller {
    ip: IpAddr,
    login_host: bool,
}

/// From this version on, login() does not exist.
const FIRST_WITHOUT_LOGIN: u16 = 65;

pub(in crate::simulator) async fn answer(
    org: &Arc<Org>,
    service: &str,
    version: &str,
    request: Request,
) -> Response {
    let from = Caller { ip: session::address_of(&request), login_host: is_login_host(request.headers()) };
    let body = axum::body::to_bytes(request.into_body(), LARGEST_BODY).await;
    let answer = match body {
        Ok(body) => call(org, service, version, from, &body),
        Err(_) => Err(Fault::client("the message is too large")),
    };
    let kind = if service == "c" { "enterprise" } else { "partner" };
    let (status, text) = match answer {
        Ok(payload) => (StatusCode::OK, envelope(payload, &format!("urn:{kind}.soap.sforce.com"))),
        Err(fault) => (StatusCode::INTERNAL_SERVER_ERROR, told(&fault, kind)),
    };
    typed(status, "text/xml;charset=UTF-8", text)
}

/// Partner faults repeat code and text in a detail, under names that simple-salesforce looks for literally.
fn told(fault: &Fault, kind: &str) -> String {
    let code = fault.code.trim_start_matches("sf:");
    let text = fault.text.strip_prefix(code).and_then(|text| text.strip_prefix(": ")).unwrap_or(&fault.text);
    let name = if code == "INVALID_LOGIN" { "sf:LoginFault" } else { "sf:UnexpectedErrorFault" };
    let inner = vec![Node::leaf("sf:exceptionCode", code), Node::leaf("sf:exceptionMessage", text)];
    let detail = Node::group(name, inner)
        .with("xsi:type", name)
        .with("xmlns:sf", format!("urn:fault.{kind}.soap.sforce.com"))
        .with("xmlns:xsi", INSTANCE);
    fault_envelope(Node::group(
        "soapenv:Fault",
        vec![
            Node::leaf("faultcode", &fault.code),
            Node::leaf("faultstring", &fault.text),
            Node::group("detail", vec![detail]),
        ],
    ))
}

fn call(org: &Org, service: &str, version: &str, from: Caller, body: &[u8]) -> Result<Node, Fault> {
    let number = read_version(version)?;
    let envelope = xml::read(body).map_err(|unreadable| Fault::client(unreadable.why))?;
    let request = request_of(&envelope)?;
    if request.name == "login" {
        if number >= FIRST_WITHOUT_LOGIN {
            let text = "login() is not available in this API version (rehearsal wording)";
            return Err(Fault::platform("UNSUPPORTED_API_VERSION", text));
        }
        return login(org, service, version, from, request);
    }
    let session =
        envelope.child("Header").and_then(|header| header.child("SessionHeader")?.child("sessionId"));
    let session = session.map(Element::trimmed);
    let asker = session::admit(org, session, Door::Soap, from.ip).map_err(Fault::refused)?;
    match request.name.as_str() {
        "getUserInfo" => {
            Fault::count(org)?;
            let result = Node::group("result", user_info(org, &asker.person));
            Ok(Node::group("getUserInfoResponse", vec![result]))
        }
        "logout" => {
            org.store.change(|state| state.sessions.close(&asker.session.token)).map_err(unsaved)?;
            Ok(Node::group("logoutResponse", Vec::new()))
        }
        _ => Err(Fault::client(format!(
            "No operation available for request {}, please check the WSDL for the service.",
            request.qualified()
        ))),
    }
}

fn unsaved(error: Error) -> Fault {
    Fault::platform("UNKNOWN_EXCEPTION", &error.in_one_line())
}

fn login(org: &Org, service: &str, version: &str, from: Caller, request: &Element) -> Result<Node, Fault> {
    let given = |name: &str| request.child(name).map(Element::trimmed).unwrap_or_default();
    let ready = &org.ready;
    if org.store.read(|state| state.setup.is_locked()) {
        return Err(Fault::platform("ORG_LOCKED", "the organization is locked (rehearsal wording, OA-41)"));
    }
    // the org has no security token, so nothing follows the password
    let known = org.store.read(|state| {
        // SE-23
        let elsewhere = from.login_host && state.setup.my_domain().does_api_login_require_org_domain;
        people::log_in(&state.identity, given("username"), given("password"))
            .filter(|person| !elsewhere && !state.setup.is_inactive(person))
    });
    let Some(person) = known else {
        let text = "Invalid username, password, security token; or user locked out.";
        return Err(Fault::platform("INVALID_LOGIN", text));
    };
    let opened = org.store.change(|state| {
        if !state.oauth.rates.take(&person.id, org.now()) {
            return None;
        }
        memory::note(state, &person.id, "Other Apex API", "", "Success", "", from.ip);
        Some(session::open_by_login(state, &person, from.ip))
    });
    let opened = opened.map_err(unsaved)?.ok_or_else(|| {
        Fault::platform("LOGIN_RATE_EXCEEDED", "login rate exceeded (rehearsal wording, OA-14)")
    })?;
    let token = opened.map_err(|source| unsaved(Error::Random { source }))?;
    let organization = ids::short(&ready.organization_id);
    let url =
        |service: &str| format!("{}/services/Soap/{service}/{version}/{organization}", ready.instance_url);
    let result = vec![
        Node::leaf("metadataServerUrl", url("m")),
        Node::leaf("passwordExpired", false),
        Node::leaf("sandbox", org.nature.sandbox),
        Node::leaf("serverUrl", url(service)),
        Node::leaf("sessionId", token),
        Node::leaf("userId", &person.id),
        Node::group("userInfo", user_info(org, &person)),
    ];
    Ok(Node::group("loginResponse", vec![Node::group("result", result)]))
}

fn user_info(org: &Org, person: &Person) -> Vec<Node> {
    let (seconds, name) =
        org.store.read(|state| (session::idle_minutes(state, person) * 60, state.organization_name()));
    vec![
        Node::leaf("organizationId", &org.ready.organization_id),
        Node::leaf("organizationMultiCurrency", false),
        Node::leaf("organizationName", name),
        Node::leaf("profileId", &person.profile.id),
        Node::leaf("sessionSecondsValid", seconds),
        Node::leaf("userEmail", &person.username),
        Node::leaf("userFullName", person.full_name()),
        Node::leaf("userId", &person.id),
        Node::leaf("userLanguage", "en_US"),
        Node::leaf("userLocale", "en_US"),
        Node::leaf("userName", &person.username),
        Node::leaf("userTimeZone", "GMT"),
        Node::leaf("userType", "Standard"),
    ]
}
