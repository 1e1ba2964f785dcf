//! The token endpoint: posts a form, and reads what it grants or why it does not. Only a connection that could not
//! be made is tried again: whatever has been sent may have spent a code or a refresh token.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use tracing::debug;
use zeroize::Zeroizing;

use super::super::answer::Answer;
use super::super::connection;
use super::super::error::{Misfit, NoSession, Trouble};
use super::super::request::Wanted;
use super::super::token::Hidden;
use super::{AccessToken, Address, Destination, Error};

const TOKEN: &str = "/services/oauth2/token";
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
const LONGEST_ANSWER: usize = 1 << 20;

/// What the endpoint grants.
pub(super) struct Granted {
    pub access_token: AccessToken,
    pub instance_url: Option<String>,
    /// The identity URL, which ends in the ids of org and user.
    pub id: Option<String>,
    pub scope: Option<String>,
    pub refresh_token: Option<AccessToken>,
}

impl Granted {
    pub fn only(access_token: AccessToken) -> Granted {
        Granted { access_token, instance_url: None, id: None, scope: None, refresh_token: None }
    }

    /// The ids of org and user.
    pub fn ids(&self) -> (Option<String>, Option<String>) {
        let mut segments = self.id.as_deref().unwrap_or_default().rsplit('/');
        let mut id = |prefix: &str| {
            segments.next().filter(|segment| segment.starts_with(prefix)).map(super::super::id18)
        };
        let user = id("005");
        (id("00D"), user)
    }
}

/// As it comes over the wire.
#[derive(Deserialize)]
struct Wire {
    access_token: String,
    instance_url: Option<String>,
    id: Option<String>,
    scope: Option<String>,
    refresh_token: Option<String>,
}

/// Names and values, encoded; wiped when dropped.
pub(super) struct Form {
    text: Zeroizing<Vec<u8>>,
    hidden: Hidden,
}

impl Form {
    pub fn new(grant_type: &str) -> Form {
        // Room for most forms at once: a buffer that grows leaves copies behind.
        let form = Form { text: Zeroizing::new(Vec::with_capacity(8192)), hidden: Hidden::default() };
        form.with("grant_type", grant_type)
    }

    pub fn empty() -> Form {
        Form { text: Zeroizing::new(Vec::with_capacity(8192)), hidden: Hidden::default() }
    }

    pub fn with(mut self, name: &str, value: &str) -> Form {
        if !self.text.is_empty() {
            self.text.push(b'&');
        }
        self.text.extend_from_slice(name.as_bytes());
        self.text.push(b'=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                self.text.push(byte);
            } else {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
                self.text.extend_from_slice(&[b'%', DIGITS[high], DIGITS[low]]);
            }
        }
        self
    }

    /// A value that must not come back in a message.
    pub fn secret(mut self, name: &str, value: &str) -> Form {
        self.hidden.add(value);
        self.with(name, value)
    }

    pub fn secret_if(self, name: &str, value: Option<&str>) -> Form {
        match value {
            Some(value) => self.secret(name, value),
            None => self,
        }
    }
}

/// The token endpoint of one host.
pub(super) struct Endpoint<'a> {
    http: reqwest::Client,
    pub address: Address,
    destination: &'a Destination,
    sent: AtomicU64,
}

impl fmt::Debug for Endpoint<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Endpoint({})", self.address.text)
    }
}

impl<'a> Endpoint<'a> {
    pub fn open(address: &Address, destination: &'a Destination) -> Result<Endpoint<'a>, Error> {
        let http = connection::open(address).map_err(|cause| {
            Error::network(destination.context(), Trouble::Setup(connection::innermost(&cause)))
        })?;
        Ok(Endpoint { http, address: address.clone(), destination, sent: AtomicU64::new(0) })
    }

    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Asks for a token.
    pub async fn grant(&self, form: Form) -> Result<Granted, Error> {
        let (answer, hidden) = self.post(TOKEN, form).await?;
        let granted: Wire = serde_json::from_slice(&answer.body).map_err(|cause| {
            let misfit = match answer.misfit(Wanted::Json, &hidden) {
                // Without an excerpt: it may hold the token that was granted.
                Misfit::Other { .. } if cause.is_eof() => Misfit::Truncated,
                Misfit::Other { .. } => {
                    Misfit::Unexpected("the token endpoint answers without a token".to_owned())
                }
                misfit => misfit,
            };
            Error::protocol(self.destination.context(), misfit)
        })?;
        Ok(Granted {
            access_token: AccessToken::new(granted.access_token),
            instance_url: granted.instance_url,
            id: granted.id,
            scope: granted.scope,
            refresh_token: granted.refresh_token.map(AccessToken::new),
        })
    }

    /// Posts a form, and returns a successful answer with what must not be shown of it.
    pub async fn post(&self, path: &str, form: Form) -> Result<(Answer, Hidden), Error> {
        let Form { text, hidden } = form;
        let body = Bytes::from_owner(text);
        let mut url = self.address.base.clone();
        url.set_path(path);
        let mut failed_tries = 0;
        let answer = loop {
            match self.once(&url, body.clone()).await {
                Ok(answer) => break answer,
                Err((error, before_sending)) => {
                    failed_tries += 1;
                    match self.destination.pace.before_retry(failed_tries, None) {
                        Some(wait) if before_sending => tokio::time::sleep(wait).await,
                        _ => return Err(error),
                    }
                }
            }
        };
        if answer.status.is_success() {
            return Ok((answer, hidden));
        }
        if answer.status.is_redirection() {
            let to = answer.location.as_deref().and_then(|to| self.address.base.join(to).ok());
            let to = to.as_ref().and_then(Url::host_str).unwrap_or("an unnamed place").to_owned();
            let from = self.address.host().to_owned();
            return Err(Error::protocol(self.destination.context(), Misfit::Redirect { from, to }));
        }
        let refusal = answer.refusal(Wanted::Json, &hidden);
        // Busy, and not with an answer of its own: the refusals of the endpoint are 400 and 401 (OA-2).
        if answer.is_busy() {
            let status = answer.status.as_u16();
            let said = refusal.map_or_else(|| format!("status {status}"), |refusal| refusal.to_string());
            let host = self.address.host().to_owned();
            let trouble = Trouble::Unavailable { host, said, retry_after: answer.retry_after };
            return Err(Error::network(self.destination.context(), trouble));
        }
        Err(match refusal {
            Some(refusal) => self.destination.no_session(NoSession::Refused(refusal)),
            None => Error::protocol(self.destination.context(), answer.misfit(Wanted::Json, &hidden)),
        })
    }

    /// The flag tells that nothing has been sent.
    async fn once(&self, url: &Url, body: Bytes) -> Result<Answer, (Error, bool)> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let answer = match tokio::time::timeout(ANSWER_WITHIN, self.exchange(url, body)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(Broken::TooLong)) => {
                let misfit = Misfit::TooLong { limit: LONGEST_ANSWER };
                return Err((Error::protocol(self.destination.context(), misfit), false));
            }
            Ok(Err(Broken::Transport(cause))) => {
                let (trouble, before_sending) = connection::trouble(&cause, &self.address);
                // What the resolver or the certificates say will not be another thing in a second.
                let again = matches!(trouble, Trouble::Refused { .. } | Trouble::Unreachable { .. })
                    && before_sending;
                return Err((Error::network(self.destination.context(), trouble), again));
            }
            Err(_) => {
                let host = self.address.host().to_owned();
                let trouble = Trouble::Silent { host, seconds: ANSWER_WITHIN.as_secs() };
                return Err((Error::network(self.destination.context(), trouble), false));
            }
        };
        debug!(path = url.path(), status = answer.status.as_u16(), "login request");
        Ok(answer)
    }

    async fn exchange(&self, url: &Url, body: Bytes) -> Result<Answer, Broken> {
        let sending = self
            .http
            .post(url.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        let mut response = sending.send().await.map_err(Broken::Transport)?;
        let header = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let status: StatusCode = response.status();
        let html = header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"));
        let location = header(LOCATION).map(str::to_owned);
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(Broken::Transport)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(Broken::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, html, retry_after: None, location, body: std::mem::take(&mut *body) })
    }
}

/// An answer that did not come, or not whole.
enum Broken {
    Transport(reqwest::Error),
    TooLong,
}

impl Endpoint<'_> {
    /// Ends what a refresh token opens. The org has nothing to say to that.
    pub async fn revoke(&self, token: &str) -> Result<(), Error> {
        self.post("/services/oauth2/revoke", Form::empty().secret("token", token)).await.map(|_| ())
    }

    pub fn no_session(&self, why: NoSession) -> Error {
        self.destination.no_session(why)
    }
}
