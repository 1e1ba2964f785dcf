//! The one place where requests are made: built, counted, timed, repeated where that is harmless, and their
//! failures put into words. What is asked, the callers know.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderValue, LOCATION};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde_json::Value;
use tracing::{debug, info};

use super::address::Address;
use super::answer::Answer;
use super::connection;
use super::deploy_call::Route;
use super::diagnosis::{self, Seen};
use super::error::{Context, Left, Misfit, Refusal, Trouble};
use super::login::{Destination, Login, Notice};
use super::request::{Payload, Request, Wanted};
use super::retry_after;
use super::soap::{self, Element, NoResult};
use super::token::Hidden;
use super::{AccessToken, Error, Pace, Target};

/// Silence in the middle of an answer.
const CONTINUE_WITHIN: Duration = Duration::from_secs(60);

/// A failed try.
pub(super) struct Failed {
    pub error: Error,
    /// The same request may succeed a little later.
    passing: bool,
}

/// The token in use, and what is known of it.
#[derive(Clone)]
struct Key {
    token: AccessToken,
    bearer: HeaderValue,
    /// How many there were before it: an org may hand out the same token again.
    number: u64,
}

impl Key {
    fn new(token: AccessToken, org: &str, number: u64) -> Result<Key, Error> {
        let problem = if token.is_empty() { "it is empty" } else { "it holds characters no token has" };
        match token.header() {
            Some(bearer) => Ok(Key { token, bearer, number }),
            None => Err(Error::Token { org: org.to_owned(), problem }),
        }
    }
}

/// What changes in the course of a conversation.
struct Conversation {
    key: Key,
    /// Tokens of this conversation, those included that have ended.
    hidden: Hidden,
    /// Some request with a token was successful.
    taken: bool,
    notices: Vec<Notice>,
}

/// A connection to one org.
pub(super) struct Client {
    http: reqwest::Client,
    address: Address,
    target: Target,
    conversation: Mutex<Conversation>,
    /// How to get another session. Locked while that is done, so that it is done once.
    login: tokio::sync::Mutex<Option<Login>>,
    pub version: u16,
    sent: AtomicU64,
    /// By how many seconds the org's clock is ahead of ours, as its last answer had it.
    ahead: AtomicI64,
    /// How deployments are sent.
    pub route: Route,
    /// Ask why a token is not taken.
    pub curious: bool,
    pub pace: Pace,
}

impl Client {
    pub fn new(target: Target, version: u16) -> Result<Client, Error> {
        let address = Address::parse(&target.instance_url)?;
        let key = Key::new(target.access_token.clone(), &target.name, 0)?;
        let http = connection::open(&address).map_err(|cause| {
            let context = Context {
                doing: format!("connect to org `{}`", target.name),
                instance_url: address.text.clone(),
                left: Left::NothingSent,
                jwt_over_soap: false,
                quick: false,
                diagnosis: None,
            };
            Error::network(context, Trouble::Setup(connection::innermost(&cause)))
        })?;
        let hidden = Hidden::from(&key.token);
        let conversation = Conversation { key, hidden, taken: false, notices: Vec::new() };
        Ok(Client {
            http,
            address,
            target,
            conversation: Mutex::new(conversation),
            login: tokio::sync::Mutex::new(None),
            version,
            sent: AtomicU64::new(0),
            ahead: AtomicI64::new(0),
            route: Route::default(),
            curious: false,
            pace: Pace::default(),
        })
    }

    pub fn renew_with(&mut self, login: Login, requests: u64) {
        *self.sent.get_mut() += requests;
        *self.login.get_mut() = login.is_renewable().then_some(login);
    }

    pub fn notices(&self) -> Vec<Notice> {
        std::mem::take(&mut self.conversation().notices)
    }

    fn conversation(&self) -> MutexGuard<'_, Conversation> {
        self.conversation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self) -> Key {
        self.conversation().key.clone()
    }

    fn hidden(&self) -> Hidden {
        self.conversation().hidden.clone()
    }

    /// JWT access tokens open REST only (OA-12).
    pub fn has_jwt(&self) -> bool {
        self.key().token.is_jwt()
    }

    /// The time by the org's clock, in seconds since 1970; by ours until it has answered.
    pub fn org_time(&self) -> i64 {
        seconds(SystemTime::now()) + self.ahead.load(Ordering::Relaxed)
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    pub fn instance_url(&self) -> &str {
        &self.address.text
    }

    pub fn version_text(&self) -> String {
        format!("{}.0", self.version)
    }

    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub fn request(
        &self,
        method: Method,
        path: &str,
        doing: &str,
        payload: Payload,
        wanted: Wanted,
    ) -> Request {
        let mut url = self.address.base.clone();
        url.set_path(path);
        let doing = format!("{doing} org `{}`", self.target.name);
        Request::new(method, url, doing, payload, wanted)
    }

    /// A REST resource below `/services/data/vNN.0/`, with a query that is encoded here.
    pub fn rest(
        &self,
        method: Method,
        resource: &str,
        query: &[(&str, &str)],
        payload: Payload,
        doing: &str,
    ) -> Request {
        let path = format!("/services/data/v{}/{resource}", self.version_text());
        let mut request = self.request(method, &path, doing, payload, Wanted::Json);
        if !query.is_empty() {
            request.url.query_pairs_mut().extend_pairs(query);
            // A space as `+` is a habit of forms, not of URLs; this way everybody reads it. A real plus is `%2B`.
            let spaced = request.url.query().unwrap_or_default().replace('+', "%20");
            request.url.set_query(Some(&spaced));
        }
        request
    }

    /// The list of versions, which needs no login.
    pub fn unversioned(&self, doing: &str) -> Request {
        self.request(Method::GET, "/services/data", doing, Payload::None, Wanted::Json).without_token()
    }

    /// A path that the org itself has named. Somewhere else than at this org, it is not asked for at all.
    pub fn named_by_org(&self, path: &str, doing: &str) -> Result<Request, Error> {
        let mut request = self.request(Method::GET, "/", doing, Payload::None, Wanted::Json);
        match self.address.base.join(path) {
            Ok(url)
                if url.origin() == self.address.base.origin()
                    && url.path().starts_with("/services/data/") =>
            {
                request.url = url;
                Ok(request)
            }
            _ => {
                Err(self.unexpected(&request, "the answer goes on at another place than this org's REST API"))
            }
        }
    }

    /// A Metadata SOAP call with this body.
    pub fn soap(&self, body: Bytes, doing: &str) -> Request {
        let path = format!("/services/Soap/m/{}", self.version_text());
        // The token goes along in the envelope.
        self.request(Method::POST, &path, doing, Payload::Soap(body), Wanted::Xml).without_token()
    }

    /// Sends, and reads the answer as JSON.
    pub async fn json(&self, request: &Request) -> Result<Value, Error> {
        let answer = self.send(request).await?;
        serde_json::from_slice(&answer.body).map_err(|cause| {
            let misfit = match cause.is_eof() && !answer.body.is_empty() {
                true => Misfit::Truncated,
                false => answer.misfit(Wanted::Json, &self.hidden()),
            };
            Error::protocol(self.context(request, request.if_lost.clone()), misfit)
        })
    }

    /// Sends a SOAP call, and reads the `result` of its answer.
    pub async fn result(&self, request: &Request) -> Result<Element, Error> {
        Ok(self.response(request).await?.into_result())
    }

    /// Sends a SOAP call, and reads its answer: for calls that may have many results.
    pub async fn response(&self, request: &Request) -> Result<Element, Error> {
        self.answer(request, soap::response).await
    }

    /// Sends a SOAP call, and reads its answer in a way of the caller's.
    pub async fn answer<T>(
        &self,
        request: &Request,
        read: impl FnOnce(&str) -> Result<T, NoResult>,
    ) -> Result<T, Error> {
        let answer = self.send(request).await?;
        let text = String::from_utf8_lossy(&answer.body);
        read(&text).map_err(|problem| {
            let misfit = match problem {
                NoResult::Fault { code, message } => {
                    let status = answer.status.as_u16();
                    let refusal = Refusal { status, code, message: self.scrub(&message) };
                    return Error::refused(self.context(request, request.if_refused.clone()), refusal);
                }
                NoResult::Truncated if !answer.body.is_empty() => Misfit::Truncated,
                NoResult::Broken(problem) if text.trim_start().starts_with('<') => {
                    Misfit::Unexpected(problem)
                }
                _ => answer.misfit(Wanted::Xml, &self.hidden()),
            };
            Error::protocol(self.context(request, request.if_lost.clone()), misfit)
        })
    }

    /// Sends, as often as the request and the pace allow, until an answer is successful. A session that has ended
    /// is renewed once, and the refused request sent again: what was refused has done nothing, a deployment either.
    pub async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let mut failed_tries = 0;
        let mut renewed = false;
        loop {
            let key = self.key();
            let failed = match self.once(request, &key).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if request.carries_token() && matches!(failed.error, Error::Login(..)) {
                if failed.error.is_session_ended() && !renewed && self.renew(&key, request).await? {
                    renewed = true;
                    continue;
                }
                return Err(self.diagnosed(failed.error, renewed).await);
            }
            failed_tries += 1;
            let wait = self.pace.before_retry(failed_tries, failed.error.retry_after());
            match wait {
                Some(wait) if request.again && failed.passing => tokio::time::sleep(wait).await,
                _ => return Err(failed.error),
            }
        }
    }

    /// Gets another session in place of the one of `ended`, unless that has been done meanwhile. Tells whether
    /// there is one.
    async fn renew(&self, ended: &Key, request: &Request) -> Result<bool, Error> {
        let mut login = self.login.lock().await;
        let Some(login) = login.as_mut() else { return Ok(false) };
        if self.key().number != ended.number {
            return Ok(true);
        }
        info!(org = self.target.name, "the session has ended; logging in again");
        let destination = Destination {
            org: self.target.name.clone(),
            instance_url: Some(self.address.text.clone()),
            pace: self.pace.clone(),
        };
        let renewed = login.session(&destination).await.and_then(|session| {
            self.sent.fetch_add(session.requests, Ordering::Relaxed);
            Ok((Key::new(session.access_token, &self.target.name, ended.number + 1)?, session.notices))
        });
        let (key, notices) = renewed.map_err(|mut error| {
            error.leave(request.if_refused.clone());
            error
        })?;
        let mut conversation = self.conversation();
        conversation.hidden.add(key.token.expose());
        conversation.key = key;
        conversation.notices.extend(notices);
        Ok(true)
    }

    /// The failure, with what the org tells about its cause.
    async fn diagnosed(&self, mut error: Error, fresh: bool) -> Error {
        if self.curious
            && let Some(refusal) = error.puzzle()
        {
            let taken = self.conversation().taken;
            let seen = Seen { fresh, taken, ..diagnosis::look(self, &refusal).await };
            error.explain(seen.judged());
        }
        error
    }

    /// One try, with the token in use, of a request that nobody but a diagnosis makes.
    pub async fn once_now(&self, request: &Request) -> Result<Answer, Error> {
        self.once(request, &self.key()).await.map_err(|failed| failed.error)
    }

    /// An answer whatever it is, for the caller to judge. A connection that was lost is made again.
    pub async fn unjudged(&self, request: &Request) -> Result<Answer, Error> {
        let mut failed_tries = 0;
        loop {
            self.sent.fetch_add(1, Ordering::Relaxed);
            let failed = match self.exchange(request, &self.key()).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            failed_tries += 1;
            match self.pace.before_retry(failed_tries, None) {
                Some(wait) if request.again && failed.passing => tokio::time::sleep(wait).await,
                _ => return Err(failed.error),
            }
        }
    }

    pub fn user_info(&self) -> Request {
        self.request(Method::GET, "/services/oauth2/userinfo", "identify", Payload::None, Wanted::Json)
    }

    async fn once(&self, request: &Request, key: &Key) -> Result<Answer, Failed> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let started = Instant::now();
        let outcome = self.exchange(request, key).await;
        let status = outcome.as_ref().map_or(0, |answer| answer.status.as_u16());
        // The query stays out: it holds SOQL, and what is looked for may be a secret.
        debug!(
            number,
            method = %request.method,
            path = request.url.path(),
            status,
            elapsed_ms = started.elapsed().as_millis() as u64,
            "request"
        );
        let judged = self.judge(request, outcome?);
        if judged.is_ok() && request.carries_token() {
            self.conversation().taken = true;
        }
        judged
    }

    async fn exchange(&self, request: &Request, key: &Key) -> Result<Answer, Failed> {
        let sending = tokio::time::timeout(request.answer_within, self.build(request, key)?.send());
        let mut response = match sending.await {
            Ok(Ok(response)) => response,
            Ok(Err(cause)) => return Err(self.no_answer(request, &cause)),
            Err(_) => return Err(self.silent(request, request.answer_within)),
        };
        let header = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        if let Some(time) = header(DATE).and_then(|text| httpdate::parse_http_date(text).ok()) {
            self.ahead.store(seconds(time) - seconds(SystemTime::now()), Ordering::Relaxed);
        }
        let mut answer = Answer {
            status: response.status(),
            html: header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")),
            retry_after: retry_after::pause(response.headers(), SystemTime::now()),
            location: header(LOCATION).map(str::to_owned),
            body: Vec::new(),
        };
        self.read_body(request, &mut response, &mut answer.body).await?;
        Ok(answer)
    }

    fn build(&self, request: &Request, key: &Key) -> Result<RequestBuilder, Failed> {
        let mut builder = self
            .http
            .request(request.method.clone(), request.url.clone())
            .header(ACCEPT, request.wanted.media_type());
        if request.authorized {
            builder = builder.header(AUTHORIZATION, key.bearer.clone());
        }
        Ok(match request.payload.clone() {
            Payload::None => builder,
            Payload::Json(json) => builder.header(CONTENT_TYPE, "application/json").body(json),
            Payload::Soap(body) => {
                let envelope = soap::envelope(&key.token, &body).map_err(|cause| {
                    let problem = format!("the request cannot be written ({cause})");
                    Failed { error: self.unexpected(request, &problem), passing: false }
                })?;
                let builder =
                    builder.header(CONTENT_TYPE, "text/xml; charset=UTF-8").header("SOAPAction", "\"\"");
                match connection::packed(&envelope) {
                    Some(packed) => builder.header(CONTENT_ENCODING, "gzip").body(packed),
                    None => builder.body(Bytes::from_owner(envelope)),
                }
            }
            Payload::Package { options, zip } => {
                let form = connection::package_form(options, zip);
                builder.multipart(form.map_err(|cause| self.no_answer(request, &cause))?)
            }
        })
    }

    async fn read_body(
        &self,
        request: &Request,
        response: &mut Response,
        body: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        loop {
            match tokio::time::timeout(CONTINUE_WITHIN, response.chunk()).await {
                Ok(Ok(Some(chunk))) if body.len() + chunk.len() > request.longest_answer => {
                    let misfit = Misfit::TooLong { limit: request.longest_answer };
                    return Err(self.misfit(request, request.if_lost.clone(), misfit));
                }
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(cause)) => return Err(self.no_answer(request, &cause)),
                Err(_) => return Err(self.silent(request, CONTINUE_WITHIN)),
            }
        }
    }

    /// Lets a successful answer pass, and says what was meant by any other.
    fn judge(&self, request: &Request, answer: Answer) -> Result<Answer, Failed> {
        let hidden = &self.hidden();
        let lost = || request.if_lost.clone();
        let status = answer.status;
        if status.is_success() && answer.html {
            return Err(self.misfit(request, lost(), answer.misfit(request.wanted, hidden)));
        }
        if status.is_success() {
            return Ok(answer);
        }
        if status.is_redirection() {
            let to = answer.location.as_deref().and_then(|to| self.address.base.join(to).ok());
            // The host is all that is told: what follows may hold a token.
            let to = to.as_ref().and_then(Url::host_str).unwrap_or("an unnamed place").to_owned();
            let misfit = Misfit::Redirect { from: self.address.host().to_owned(), to };
            return Err(self.misfit(request, request.if_refused.clone(), misfit));
        }

        let refusal = answer.refusal(request.wanted, hidden);
        let said_code = |code: &str| refusal.as_ref().is_some_and(|refusal| refusal.code == code);
        // A gateway does not know what the org behind it has done, and a failing org does not either.
        let knows = match status.as_u16() {
            502..=504 => false,
            500.. => refusal.is_some() && !said_code("UNKNOWN_EXCEPTION"),
            _ => true,
        };
        let context = self.context(request, if knows { request.if_refused.clone() } else { lost() });
        // A day's requests are used up: no pause of ours is long enough.
        let used_up = said_code("REQUEST_LIMIT_EXCEEDED");
        let busy = answer.is_busy() && !used_up;
        let error = match refusal {
            said if busy => {
                let said =
                    said.map_or_else(|| format!("status {}", status.as_u16()), |said| said.to_string());
                let host = self.address.host().to_owned();
                Error::network(context, Trouble::Unavailable { host, said, retry_after: answer.retry_after })
            }
            Some(refusal) => Error::refused(context, refusal),
            None => Error::protocol(context, answer.misfit(request.wanted, hidden)),
        };
        Err(Failed { error, passing: busy })
    }

    pub fn scrub(&self, text: &str) -> String {
        self.hidden().scrub(text)
    }

    pub fn context(&self, request: &Request, left: Left) -> Context {
        Context {
            doing: request.doing.clone(),
            instance_url: self.address.text.clone(),
            left,
            jwt_over_soap: request.wanted == Wanted::Xml && self.key().token.is_jwt(),
            quick: false,
            diagnosis: None,
        }
    }

    /// An answer that can be read and makes no sense.
    pub fn unexpected(&self, request: &Request, problem: &str) -> Error {
        let misfit = Misfit::Unexpected(self.scrub(problem));
        Error::protocol(self.context(request, request.if_lost.clone()), misfit)
    }

    /// Stopped by the user while this was going on.
    pub fn interrupted(&self, request: &Request, left: Left) -> Error {
        Error::Interrupted(Box::new(self.context(request, left)))
    }

    fn misfit(&self, request: &Request, left: Left, misfit: Misfit) -> Failed {
        Failed { error: Error::protocol(self.context(request, left), misfit), passing: false }
    }

    fn silent(&self, request: &Request, within: Duration) -> Failed {
        let trouble = Trouble::Silent { host: self.address.host().to_owned(), seconds: within.as_secs() };
        let context = self.context(request, request.if_lost.clone());
        Failed { error: Error::network(context, trouble), passing: false }
    }

    fn no_answer(&self, request: &Request, cause: &reqwest::Error) -> Failed {
        let (trouble, before_sending) = connection::trouble(cause, &self.address);
        let left = match (&request.if_lost, before_sending) {
            (Left::Unknown, true) => Left::NothingSent,
            (left, _) => left.clone(),
        };
        let passing = matches!(trouble, Trouble::Dropped { .. });
        Failed { error: Error::network(self.context(request, left), trouble), passing }
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
