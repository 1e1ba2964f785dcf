//! What faults do to a request and to its answer, in the order in which they could happen on a real line: before the
//! org hears of it, to what the org says, and to the bytes on their way back.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use tokio::time::{Sleep, sleep};

use super::{Act, Canned, Moment, Seen};
use crate::simulator::server::{LARGEST_BODY, token, typed};
use crate::simulator::session::{self, Refusal};
use crate::simulator::{Org, rest, soap};

/// The faults that one request meets.
pub(in crate::simulator) struct Strikes {
    acts: Vec<Act>,
    /// Which session the request came with.
    session: Option<String>,
}

/// Finds the faults of a request; the request is given back, because its body may have been looked into.
pub(in crate::simulator) async fn meet(org: &Org, path: &str, request: Request) -> (Strikes, Request) {
    let bearer = token(request.headers()).ok().flatten().map(str::to_owned);
    let method = request.method().to_string();
    let (call, session, request) = if org.faults.look_into_bodies() && path.starts_with("/services/Soap/") {
        let (parts, body) = request.into_parts();
        // A body that is too large is refused where everybody's is: with nothing of it left it is no call.
        let body = axum::body::to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
        let (call, session) = soap::call_and_session(&body);
        (call, session, Request::from_parts(parts, Body::from(body)))
    } else {
        (None, None, request)
    };
    let acts = org.faults.meet(Seen { method: &method, path, call: call.as_deref() });
    (Strikes { acts, session: session.or(bearer) }, request)
}

impl Strikes {
    /// What is answered without asking the org.
    pub async fn before(&self, org: &Org, segments: &[&str]) -> Option<Response> {
        for act in &self.acts {
            match act {
                Act::Delay(Moment::Request, by) => sleep(*by).await,
                // nothing: `sent` lets go of the line
                Act::Drop(Moment::Request) => return Some(Response::default()),
                Act::Answer(Moment::Request, canned) => return Some(told(canned)),
                Act::ExpireSession => {
                    if let Some(refused) = self.expire(org, segments) {
                        return Some(refused);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Ends the session. The one that the org prints never ends, so that nobody is locked out: its holder is told so for
    /// once.
    fn expire(&self, org: &Org, segments: &[&str]) -> Option<Response> {
        let token = self.session.as_deref()?;
        if !session::is_same(&org.ready.access_token, token) {
            org.store.change_unsaved(|state| state.sessions.close(token));
            return None;
        }
        Some(match segments {
            ["services", "Soap", ..] => soap::refused(Refusal::TimedOut),
            ["id", ..] | ["services", "oauth2", ..] => {
                typed(StatusCode::FORBIDDEN, "text/plain", Refusal::TimedOut.identity())
            }
            _ => rest::refused(Refusal::TimedOut),
        })
    }

    /// What the org is made to have said.
    pub async fn answered(&self, mut response: Response) -> Response {
        for act in &self.acts {
            match act {
                Act::Delay(Moment::Answer, by) => sleep(*by).await,
                Act::Answer(Moment::Answer, canned) => response = told(canned),
                Act::Retype(kind) => {
                    if let Ok(kind) = HeaderValue::try_from(kind) {
                        response.headers_mut().insert(CONTENT_TYPE, kind);
                    }
                }
                _ => {}
            }
        }
        response
    }

    /// What arrives of it.
    pub async fn sent(&self, mut response: Response) -> Response {
        if self.acts.iter().any(|act| matches!(act, Act::Drop(_))) {
            return dropped();
        }
        for act in &self.acts {
            let (bytes, pause, keep) = match act {
                Act::Truncate(keep) => (usize::MAX, Duration::ZERO, Some(*keep)),
                Act::Drip { bytes, pause } => (*bytes, *pause, None),
                _ => continue,
            };
            let (mut parts, body) = response.into_parts();
            let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else { return dropped() };
            // The whole length is promised, whatever comes.
            parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            let keep = keep.map(|keep| keep.unwrap_or(body.len() / 2).min(body.len()));
            let left = keep.map_or(body.clone(), |keep| body.slice(..keep));
            let breaks_off = keep.is_some_and(|keep| keep < body.len());
            let line = Line { left, bytes, pause, waiting: None, breaks_off };
            response = Response::from_parts(parts, Body::new(line));
        }
        response
    }
}

/// The connection ends before a byte was said.
fn dropped() -> Response {
    let line = Line {
        left: Bytes::new(),
        bytes: usize::MAX,
        pause: Duration::ZERO,
        waiting: None,
        breaks_off: true,
    };
    Response::new(Body::new(line))
}

/// A canned answer, typed by what it looks like unless it says: clients choose their parser by the type alone.
fn told(canned: &Canned) -> Response {
    let kind = match canned.body.trim_start().as_bytes().first() {
        Some(b'<') if canned.body.contains("Envelope") => "text/xml",
        Some(b'<') => "text/html",
        Some(b'[' | b'{') => "application/json",
        _ => "text/plain",
    };
    let status = StatusCode::from_u16(canned.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = typed(status, kind, canned.body.clone());
    for (name, value) in &canned.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A body that comes in pieces, and may break off: hyper then ends the connection.
struct Line {
    left: Bytes,
    /// In one piece.
    bytes: usize,
    pause: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    breaks_off: bool,
}

impl http_body::Body for Line {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        let line = self.get_mut();
        if let Some(waiting) = &mut line.waiting {
            std::task::ready!(Future::poll(waiting.as_mut(), context));
            line.waiting = None;
        }
        if line.left.is_empty() {
            let broken = || Err(std::io::Error::other("broken off on purpose"));
            return Poll::Ready(std::mem::take(&mut line.breaks_off).then(broken));
        }
        let piece = line.left.split_to(line.bytes.min(line.left.len()));
        if !line.pause.is_zero() {
            line.waiting = Some(Box::pin(sleep(line.pause)));
        }
        Poll::Ready(Some(Ok(http_body::Frame::data(piece))))
    }
}
