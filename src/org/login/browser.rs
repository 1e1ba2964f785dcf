//! The browser: a person logs in and allows the app, and the org sends a code to a port of this machine
//! (authorization code with PKCE). Nobody else can use the code: it is worth nothing without the verifier, and an
//! answer without our `state` is not ours.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::endpoint::{Endpoint, Form};
use super::{Address, Destination, Error, NoSession, Session};
use crate::org::error::Refusal;

/// What the Salesforce CLI listens on as well, so most apps have it as a callback already.
pub const DEFAULT_PORT: u16 = 1717;
const PATH: &str = "/OauthRedirect";
/// Bytes of randomness in `state` and in the PKCE verifier.
const RANDOM: usize = 32;

/// An authorization that a person is to give. It listens from the moment it exists.
pub struct Authorization {
    client_id: String,
    client_secret: Option<SecretString>,
    redirect_uri: String,
    state: String,
    verifier: SecretString,
    /// `localhost` is either of them, as the browser likes.
    listeners: Vec<TcpListener>,
    destination: Destination,
    address: Address,
}

impl fmt::Debug for Authorization {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Authorization({} for {})", self.redirect_uri, self.address.text)
    }
}

/// What comes back in the query of the redirect.
#[derive(Deserialize)]
struct Redirected {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

type Answer = Result<SecretString, Refusal>;

impl Authorization {
    /// Listens at the port that the app has as its callback.
    pub async fn prepare(
        client_id: String,
        client_secret: Option<SecretString>,
        port: Option<u16>,
        destination: Destination,
    ) -> Result<Authorization, Error> {
        let known = destination.instance_url.as_deref().map(Address::parse).transpose()?;
        let address = destination.needed(&known)?.clone();
        let port = port.unwrap_or(DEFAULT_PORT);
        let taken =
            |cause: io::Error| destination.no_session(NoSession::Port { port, cause: cause.to_string() });
        let mut listeners = vec![TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(taken)?];
        // A machine may have no IPv6.
        listeners.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok());
        let random = || random().ok_or_else(|| destination.no_session(NoSession::Unsigned));
        let (state, verifier) = (random()?, SecretString::from(random()?));
        let redirect_uri = format!("http://localhost:{port}{PATH}");
        Ok(Authorization {
            client_id,
            client_secret,
            redirect_uri,
            state,
            verifier,
            listeners,
            address,
            destination,
        })
    }

    /// What the person is to open. Asks for no scope in particular, so for all that the app has.
    pub fn url(&self) -> String {
        let challenge = digest(&SHA256, self.verifier.expose_secret().as_bytes());
        let mut url = self.address.base.clone();
        url.set_path("/services/oauth2/authorize");
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", &self.state)
            .append_pair("code_challenge", &BASE64_URL_SAFE_NO_PAD.encode(challenge))
            .append_pair("code_challenge_method", "S256");
        url.into()
    }

    /// Waits for the person, and gets the first session with the refresh token for all others.
    pub async fn session(self, within: Duration) -> Result<(Session, SecretString), Error> {
        let Authorization { client_id, client_secret, redirect_uri, state, verifier, listeners, .. } = self;
        let destination = &self.destination;
        let (send, mut answers) = mpsc::channel(1);
        // Stops listening when dropped.
        let mut servers = tokio::task::JoinSet::new();
        for listener in listeners {
            let expected = Expected { state: state.clone(), answers: send.clone() };
            let router = Router::new().route(PATH, get(redirected)).with_state(expected);
            servers.spawn(async move { axum::serve(listener, router).await });
        }
        drop(send);
        let code = match tokio::time::timeout(within, answers.recv()).await {
            Ok(Some(Ok(code))) => code,
            Ok(Some(Err(refusal))) => return Err(destination.no_session(NoSession::Refused(refusal))),
            Ok(None) => return Err(destination.no_session(NoSession::NobodyCame { seconds: 0 })),
            Err(_) => {
                return Err(destination.no_session(NoSession::NobodyCame { seconds: within.as_secs() }));
            }
        };
        let endpoint = Endpoint::open(&self.address, destination)?;
        let form = Form::new("authorization_code")
            .secret("code", code.expose_secret())
            .with("client_id", &client_id)
            .secret_if("client_secret", client_secret.as_ref().map(ExposeSecret::expose_secret))
            .with("redirect_uri", &redirect_uri)
            .secret("code_verifier", verifier.expose_secret());
        let mut granted = endpoint.grant(form).await?;
        let instance_url = destination.reached(Some(&self.address), granted.instance_url.as_deref())?;
        let Some(refresh_token) = granted.refresh_token.take() else {
            return Err(destination.no_session(NoSession::NoRefreshToken));
        };
        let (organization_id, user_id) = granted.ids();
        let session = Session {
            instance_url,
            access_token: granted.access_token,
            user_id,
            organization_id,
            scope: granted.scope,
            renewable: true,
            requests: endpoint.sent(),
            notices: Vec::new(),
        };
        Ok((session, SecretString::from(refresh_token.expose())))
    }
}

#[derive(Clone)]
struct Expected {
    state: String,
    answers: mpsc::Sender<Answer>,
}

/// Answers the browser. An answer that is not to our question changes nothing: any page can ask this port.
async fn redirected(State(expected): State<Expected>, Query(told): Query<Redirected>) -> impl IntoResponse {
    if told.state.as_deref() != Some(&expected.state) {
        let text =
            "This answer does not belong to the login that orgwire waits for. Nothing was done with it.";
        return page(StatusCode::BAD_REQUEST, "Not taken", text);
    }
    let (answer, page) = match (told.code, told.error) {
        (Some(code), None) => (
            Ok(SecretString::from(code)),
            page(
                StatusCode::OK,
                "Done",
                "orgwire has the answer of the org. You can close this page and go back.",
            ),
        ),
        (_, Some(code)) => {
            let message = told.error_description.unwrap_or_else(|| "(no message)".to_owned());
            let shown = |text: String| text.chars().filter(|c| !c.is_control()).take(200).collect();
            let refusal = Refusal { status: 302, code: shown(code), message: shown(message) };
            (
                Err(refusal),
                page(
                    StatusCode::OK,
                    "Not allowed",
                    "The org refused. orgwire tells why where it was started.",
                ),
            )
        }
        (None, None) => {
            return page(StatusCode::BAD_REQUEST, "Not taken", "The answer holds no code.");
        }
    };
    // A second answer to the same question is one too many.
    let _ = expected.answers.try_send(answer);
    page
}

/// A page of our own words only: nothing that came in the query is repeated.
fn page(
    status: StatusCode,
    title: &str,
    text: &str,
) -> (StatusCode, [(axum::http::HeaderName, &'static str); 2], String) {
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>orgwire</title>\
         <body style=\"font-family: sans-serif; margin: 4em\"><h1>{title}</h1><p>{text}</p></body></html>\n"
    );
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-store")], body)
}

/// A word that nobody can guess.
fn random() -> Option<String> {
    let mut bytes = Zeroizing::new([0; RANDOM]);
    getrandom::fill(&mut *bytes).ok()?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(*bytes))
}
