//! HTTP: what every request has in common. Slashes are collapsed, faults happen, a session is looked for, and
//! the path decides which protocol answers.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use tokio::net::TcpListener;

use super::bounds::{self, Bounded, MOST_CONNECTIONS, Peer};
use super::{Org, control, fault, gzip, oauth, pages, rest, soap};

/// MD-21: 50 MB, the largest message the platform takes.
pub(super) const LARGEST_BODY: usize = 52_428_800;

pub(super) async fn serve(
    org: Arc<Org>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let router = Router::new().fallback(answer).layer(DefaultBodyLimit::max(LARGEST_BODY)).with_state(org);
    let listener = Bounded::new(listener, MOST_CONNECTIONS);
    // Accepting goes on through errors; the future ends when it is told to stop.
    let service = router.into_make_service_with_connect_info::<Peer>();
    let _ = axum::serve(listener, service).with_graceful_shutdown(stop).await;
}

pub(super) async fn answer(State(org): State<Arc<Org>>, request: Request) -> Response {
    if !org.rate.allows(Instant::now()) {
        return bounds::too_many();
    }
    // sf stores an instance URL that ends in a slash and then asks for //services/... (protocol, rule 1)
    let segments: Vec<String> =
        request.uri().path().split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
    let path = format!("/{}", segments.join("/"));
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if !is_host_of_ours(request.headers()) {
        let text = "this org is on this machine only, and has no other name";
        return typed(StatusCode::MISDIRECTED_REQUEST, "text/plain", text);
    }
    if let ["simulator", resource] = segments.as_slice() {
        return control::answer(&org, resource, request).await;
    }
    let wants_gzip = gzip::is_wanted(request.headers());
    let request = match gzip::unpacked(request).await {
        Ok(request) => request,
        Err(refused) => return refused,
    };
    let (strikes, request) = fault::meet(&org, &path, request).await;
    let mut response = match strikes.before(&org, &segments).await {
        Some(struck) => struck,
        None => strikes.answered(route(&org, &segments, request).await).await,
    };
    let usage = format!("api-usage={}/{}", org.allowance.used(org.now()), org.allowance.most());
    if let Ok(value) = HeaderValue::from_str(&usage) {
        response.headers_mut().insert("sforce-limit-info", value);
    }
    let response = if wants_gzip { gzip::packed(response).await } else { response };
    strikes.sent(response).await
}

async fn route(org: &Arc<Org>, segments: &[&str], request: Request) -> Response {
    match segments {
        ["services", "Soap", "m", version, ..] => soap::answer(org, version, request).await,
        ["services", "Soap", service @ ("u" | "c"), version, ..] => {
            soap::partner::answer(org, service, version, request).await
        }
        ["services", "oauth2", "token" | "authorize" | "introspect" | "revoke"]
        | ["services", "auth", _, _]
        | ["services", "auth", "xds", _, _]
        | ["services", "authcallback", _]
        | ["setup", "connect"]
        | [".well-known", "openid-configuration"]
        | ["id", "keys"] => oauth::answer(org, segments, request).await,
        page if pages::is_one(page) => pages::answer(org, segments, request).await,
        _ => rest::answer(org, segments, request).await,
    }
}

/// A page in a browser may have a name that leads to this machine, and must not talk to the org by it. The login hosts are
/// names that clients may have for it (OA-1).
fn is_host_of_ours(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    matches!(name, "localhost" | "login.salesforce.com" | "test.salesforce.com")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Hosts where everybody can log in, whichever org is theirs (OA-1); the local org is reached by these names too.
pub(super) fn is_login_host(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    ["login.", "test."].iter().any(|name| host.starts_with(name))
}

pub(super) fn typed(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// The token in `Authorization: Bearer` or `OAuth`; an error for another scheme.
pub(super) fn token(headers: &HeaderMap) -> Result<Option<&str>, ()> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let (scheme, token) = value.to_str().map_err(|_| ())?.split_once(' ').ok_or(())?;
    let known = scheme.eq_ignore_ascii_case("Bearer") || scheme.eq_ignore_ascii_case("OAuth");
    if known { Ok(Some(token.trim())) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_lead_here() {
        let is_ours = |host: &'static str| {
            is_host_of_ours(&HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]))
        };
        for host in ["127.0.0.1:8931", "localhost:1", "localhost", "[::1]:8931", "login.salesforce.com"] {
            assert!(is_ours(host), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:8931", "10.0.0.7:80", "localhost.evil.example"] {
            assert!(!is_ours(host), "{host}");
        }
        assert!(is_host_of_ours(&HeaderMap::new()));
    }
}
