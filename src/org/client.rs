//! The one place where requests are made: built, counted, timed, repeated where that is harmless, and their
//! failures put into words. What is asked, the callers know.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde_json::Value;
use tracing::debug;

use super::address::Address;
use super::answer::Answer;
use super::connection;
use super::error::{Context, Left, Misfit, Refusal, Trouble};
use super::request::{Payload, Request, Wanted};
use super::soap::{self, Element, NoResult};
use super::{Error, Pace, Target};

/// Silence in the middle of an answer.
const CONTINUE_WITHIN: Duration = Duration::from_secs(60);

/// A failed try.
struct Failed {
    error: Error,
    /// The same request may succeed a little later.
    passing: bool,
}

/// A connection to one org.
pub(super) struct Client {
    http: reqwest::Client,
    address: Address,
    target: Target,
    bearer: HeaderValue,
    version: u16,
    sent: AtomicU64,
    pub pace: Pace,
}

impl Client {
    pub fn new(target: Target, version: u16) -> Result<Client, Error> {
        let address = Address::parse(&target.instance_url)?;
        let problem =
            if target.access_token.is_empty() { "it is empty" } else { "it holds characters no token has" };
        let Some(bearer) = target.access_token.header() else {
            return Err(Error::Token { org: target.name, problem });
        };
        let http = connection::open(&address).map_err(|cause| {
            let context = Context {
                doing: format!("connect to org `{}`", target.name),
                instance_url: address.text.clone(),
                left: Left::NothingSent,
                jwt_over_soap: false,
            };
            Error::network(context, Trouble::Setup(connection::innermost(&cause)))
        })?;
        Ok(Client { http, address, target, bearer, version, sent: AtomicU64::new(0), pace: Pace::default() })
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    pub fn instance_url(&self) -> &str {
        &self.address.text
    }

    pub fn version(&self) -> String {
        format!("{}.0", self.version)
    }

    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    fn request(&self, method: Method, path: &str, doing: &str, payload: Payload, wanted: Wanted) -> Request {
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
        let path = format!("/services/data/v{}/{resource}", self.version());
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
    pub fn soap(&self, body: &[u8], doing: &str) -> Result<Request, Error> {
        let path = format!("/services/Soap/m/{}", self.version());
        // The token goes along in the envelope.
        let mut request =
            self.request(Method::POST, &path, doing, Payload::None, Wanted::Xml).without_token();
        let envelope = soap::envelope(&self.target.access_token, body).map_err(|cause| {
            self.unexpected(&request, &format!("the request cannot be written ({cause})"))
        })?;
        request.payload = Payload::Soap(Bytes::from_owner(envelope));
        Ok(request)
    }

    /// Sends, and reads the answer as JSON.
    pub async fn json(&self, request: &Request) -> Result<Value, Error> {
        let answer = self.send(request).await?;
        serde_json::from_slice(&answer.body).map_err(|cause| {
            let misfit = match cause.is_eof() && !answer.body.is_empty() {
                true => Misfit::Truncated,
                false => answer.misfit(Wanted::Json, &self.target.access_token),
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
                _ => answer.misfit(Wanted::Xml, &self.target.access_token),
            };
            Error::protocol(self.context(request, request.if_lost.clone()), misfit)
        })
    }

    /// Sends, as often as the request and the pace allow, until an answer is successful.
    pub async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let mut failed_tries = 0;
        loop {
            let failed = match self.once(request).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            failed_tries += 1;
            let wait = self.pace.before_retry(failed_tries, failed.error.retry_after());
            match wait {
                Some(wait) if request.again && failed.passing => tokio::time::sleep(wait).await,
                _ => return Err(failed.error),
            }
        }
    }

    async fn once(&self, request: &Request) -> Result<Answer, Failed> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let started = Instant::now();
        let outcome = self.exchange(request).await;
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
        self.judge(request, outcome?)
    }

    async fn exchange(&self, request: &Request) -> Result<Answer, Failed> {
        let sending = tokio::time::timeout(request.answer_within, self.build(request)?.send());
        let mut response = match sending.await {
            Ok(Ok(response)) => response,
            Ok(Err(cause)) => return Err(self.no_answer(request, &cause)),
            Err(_) => return Err(self.silent(request, request.answer_within)),
        };
        let header = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let mut answer = Answer {
            status: response.status(),
            html: header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")),
            // Only the form in seconds: the other one is a date by a clock that need not be ours.
            retry_after: header(RETRY_AFTER)
                .and_then(|text| text.trim().parse().ok())
                .map(Duration::from_secs),
            location: header(LOCATION).map(str::to_owned),
            body: Vec::new(),
        };
        self.read_body(request, &mut response, &mut answer.body).await?;
        Ok(answer)
    }

    fn build(&self, request: &Request) -> Result<RequestBuilder, Failed> {
        let mut builder = self
            .http
            .request(request.method.clone(), request.url.clone())
            .header(ACCEPT, request.wanted.media_type());
        if request.authorized {
            builder = builder.header(AUTHORIZATION, self.bearer.clone());
        }
        Ok(match request.payload.clone() {
            Payload::None => builder,
            Payload::Json(json) => builder.header(CONTENT_TYPE, "application/json").body(json),
            Payload::Soap(xml) => {
                builder.header(CONTENT_TYPE, "text/xml; charset=UTF-8").header("SOAPAction", "\"\"").body(xml)
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
        let token = &self.target.access_token;
        let lost = || request.if_lost.clone();
        let status = answer.status;
        if status.is_success() && answer.html {
            return Err(self.misfit(request, lost(), answer.misfit(request.wanted, token)));
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

        let refusal = answer.refusal(request.wanted, token);
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
            None => Error::protocol(context, answer.misfit(request.wanted, token)),
        };
        Err(Failed { error, passing: busy })
    }

    pub fn scrub(&self, text: &str) -> String {
        self.target.access_token.scrub(text)
    }

    pub fn context(&self, request: &Request, left: Left) -> Context {
        Context {
            doing: request.doing.clone(),
            instance_url: self.address.text.clone(),
            left,
            jwt_over_soap: request.wanted == Wanted::Xml && self.target.access_token.is_jwt(),
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
