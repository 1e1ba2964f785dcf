//! Everything that clients send, read in every way in which the local org reads it. Only fuzz targets call this.

use std::sync::LazyLock;

use super::{clock, oauth, package, rest, schema, soql, xml};
use crate::component::types;

/// Something to ask for.
static PEOPLE: LazyLock<soql::Table> = LazyLock::new(|| soql::Table {
    name: "User",
    columns: vec![
        soql::Column { name: "Id", kind: soql::Kind::Id },
        soql::Column { name: "Name", kind: soql::Kind::Text },
        soql::Column { name: "IsActive", kind: soql::Kind::Flag },
        soql::Column { name: "CreatedDate", kind: soql::Kind::Moment },
    ],
    rows: vec![vec![
        "005000000000001AAA".into(),
        "Ada".into(),
        true.into(),
        "2026-01-01T08:00:00.000+0000".into(),
    ]],
});

/// Reads bytes as each kind of request, and panics where one is read wrongly.
pub fn read_anything(bytes: &[u8]) {
    if let Ok(envelope) = xml::read(bytes) {
        let _ = envelope.child("Body").and_then(|body| body.children.first()).map(|call| call.qualified());
    }
    for single in [true, false] {
        if let Ok(packages) = package::unpack(bytes, single) {
            for package in &packages {
                for (path, content) in &package.files {
                    assert!(!path.split('/').any(|part| part == ".."), "{path:?}");
                    let _ = package::Manifest::read(content);
                }
            }
        }
    }
    let text = String::from_utf8_lossy(bytes);
    if let Ok(query) = soql::parse(&text) {
        let _ = soql::run(&text, &query, &PEOPLE);
    }
    if let Some(moment) = clock::read(&text) {
        assert_eq!(clock::read(&moment.soap()), Some(moment));
    }
    if let Ok(value) = serde_json::from_slice(bytes) {
        rest::read_options_of(&value);
    }
    oauth::read_jwt(&text);
    for kind in types() {
        let _ = schema::read_file(kind, bytes, 62);
    }
}

/// The org that answers whole requests; a fresh one every so often, because what clients send changes it.
pub struct Calls {
    runtime: tokio::runtime::Runtime,
    org: Option<(std::sync::Arc<super::Org>, usize)>,
}

/// So many requests to one org.
const CALLS_TO_AN_ORG: usize = 500;

impl Default for Calls {
    fn default() -> Calls {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Calls { runtime: runtime.unwrap_or_else(|error| panic!("no runtime: {error}")), org: None }
    }
}

impl Calls {
    /// Sends one request: its first line has the method, the path and the content type, the rest is the body. `TOKEN` in it
    /// stands for a token that opens the org. The answer has to be one that a client can read.
    pub fn send(&mut self, bytes: &[u8]) {
        let Calls { runtime, org } = self;
        if org.as_ref().is_none_or(|(_, calls)| *calls >= CALLS_TO_AN_ORG) {
            let (fresh, ..) = runtime
                .block_on(super::start::prepare(super::Options::default()))
                .unwrap_or_else(|error| panic!("no org: {error}"));
            *org = Some((fresh, 0));
        }
        let Some((org, calls)) = org else { return };
        *calls += 1;
        let Some(request) = request(bytes, &org.ready.access_token) else { return };
        let path = request.uri().path().to_owned();
        let answer = super::server::answer(axum::extract::State(org.clone()), request);
        runtime.block_on(async {
            let answer = answer.await;
            let (parts, body) = answer.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
            let kind =
                parts.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let is_fault = kind.starts_with("text/xml");
            assert!(parts.status.as_u16() < 500 || is_fault, "{path}: {}", parts.status);
            if is_fault {
                let text = String::from_utf8_lossy(&body);
                assert!(xml::read(&body).is_ok(), "{path}: {text}");
            }
            if kind.starts_with("application/json") && !body.is_empty() {
                let text = String::from_utf8_lossy(&body);
                assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok(), "{path}: {text}");
            }
        });
    }
}

fn request(bytes: &[u8], token: &str) -> Option<axum::extract::Request> {
    let at = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, body) = (std::str::from_utf8(&bytes[..at]).ok()?, &bytes[at + 1..]);
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let (method, path, kind) = (words.next()?, words.next()?, words.next().unwrap_or("application/json"));
    if !path.starts_with('/') || path.starts_with("/simulator") {
        return None;
    }
    let body = match std::str::from_utf8(body) {
        Ok(text) => text.replace("TOKEN", token).into_bytes(),
        Err(_) => body.to_vec(),
    };
    axum::http::Request::builder()
        .method(method)
        .uri(path.replace("TOKEN", token))
        .header("content-type", kind)
        .header("authorization", format!("Bearer {token}"))
        .body(axum::body::Body::from(body))
        .ok()
}
