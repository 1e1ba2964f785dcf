//! The one place where requests are made: built, counted, timed, repeated where that is harmless, and their
//! failures put into words. Knows HTTP and how an org words a refusal; what is asked, the callers know.

use std::error::Error as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method, Response, StatusCode, Url};
use serde_json::Value;
use tracing::debug;

use super::address::Address;
use super::error::{Context, Left, Misfit, Refusal, Trouble};
use super::soap::{self, Element, NoResult};
use super::{Error, Pace, Target};

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
/// Silence in the middle of an answer.
const CONTINUE_WITHIN: Duration = Duration::from_secs(60);
/// A connection that has been idle for longer is not used again: the org may be closing it at that moment, and
/// then nobody could tell whether a deployment has arrived.
const IDLE_FOR: Duration = Duration::from_secs(20);
const LONGEST_ANSWER: usize = 64 << 20;
const EXCERPT: usize = 100;

/// What a request carries. `Bytes`, because a repeated request shares them, and because their owner wipes them.
#[derive(Clone)]
pub(super) enum Payload {
    None,
    Json(Bytes),
    Soap(Bytes),
    /// The two parts of a REST deployment (MD-1).
    Package {
        options: Bytes,
        zip: Bytes,
    },
}

/// What the answer should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Json,
    Xml,
}

impl Wanted {
    fn name(self) -> &'static str {
        match self {
            Wanted::Json => "JSON",
            Wanted::Xml => "XML",
        }
    }
}

/// One thing to ask of an org.
#[derive(Clone)]
pub(super) struct Request {
    method: Method,
    url: Url,
    payload: Payload,
    /// As in "deploy to org `uat`".
    doing: String,
    wanted: Wanted,
    anonymous: bool,
    again: bool,
    answer_within: Duration,
    longest_answer: usize,
    if_refused: Left,
    if_lost: Left,
}

impl Request {
    /// Not sent again by itself: the caller does that, or nobody may.
    pub fn only_once(mut self) -> Request {
        self.again = false;
        self
    }

    pub fn without_token(mut self) -> Request {
        self.anonymous = true;
        self
    }

    pub fn answer_within(mut self, time: Duration) -> Request {
        self.answer_within = self.answer_within.max(time);
        self
    }

    pub fn longest_answer(mut self, bytes: usize) -> Request {
        self.longest_answer = bytes;
        self
    }

    /// What a failure leaves behind: when the org says no, and when its answer is lost.
    pub fn leaving(mut self, if_refused: Left, if_lost: Left) -> Request {
        self.if_refused = if_refused;
        self.if_lost = if_lost;
        self
    }
}

/// An answer as it came.
struct Answer {
    status: StatusCode,
    html: bool,
    retry_after: Option<Duration>,
    location: Option<String>,
    body: Vec<u8>,
}

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
        let http = http(&address).map_err(|cause| {
            let context = Context {
                doing: format!("connect to org `{}`", target.name),
                instance_url: address.text.clone(),
                left: Left::NothingSent,
                jwt_over_soap: false,
            };
            Error::network(context, Trouble::Setup(innermost(&cause)))
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
        Request {
            method,
            url,
            payload,
            doing: format!("{doing} org `{}`", self.target.name),
            wanted,
            anonymous: false,
            again: true,
            answer_within: ANSWER_WITHIN,
            longest_answer: LONGEST_ANSWER,
            if_refused: Left::Reading,
            if_lost: Left::Reading,
        }
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
                let problem = "the answer goes on at another place than this org's REST API";
                Err(Error::protocol(
                    self.context(&request, Left::Reading),
                    Misfit::Unexpected(problem.into()),
                ))
            }
        }
    }

    /// A Metadata SOAP call with this body.
    pub fn soap(&self, body: &[u8], doing: &str) -> Result<Request, Error> {
        let path = format!("/services/Soap/m/{}", self.version());
        let mut request = self.request(Method::POST, &path, doing, Payload::None, Wanted::Xml);
        let envelope = soap::envelope(&self.target.access_token, body).map_err(|cause| {
            self.unexpected(&request, &format!("the request cannot be written ({cause})"))
        })?;
        request.payload = Payload::Soap(Bytes::from_owner(envelope));
        Ok(request)
    }

    /// Sends, and reads the answer as JSON. `Null` where a successful answer is empty and may be.
    pub async fn json(&self, request: &Request) -> Result<Value, Error> {
        let body = self.send(request).await?;
        serde_json::from_slice(&body).map_err(|cause| {
            let misfit = if cause.is_eof() && !body.is_empty() {
                Misfit::Truncated
            } else {
                self.not_as_wanted(StatusCode::OK, false, &body, Wanted::Json)
            };
            Error::protocol(self.context(request, request.if_lost.clone()), misfit)
        })
    }

    /// Sends a SOAP call, and reads the `result` of its answer.
    pub async fn result(&self, request: &Request) -> Result<Element, Error> {
        let body = self.send(request).await?;
        let text = String::from_utf8_lossy(&body);
        soap::result(&text).map_err(|problem| {
            let lost = self.context(request, request.if_lost.clone());
            match problem {
                NoResult::Fault { code, message } => {
                    let refusal = Refusal { status: 200, code, message: self.scrub(&message) };
                    Error::refused(self.context(request, request.if_refused.clone()), refusal)
                }
                NoResult::Truncated => Error::protocol(lost, Misfit::Truncated),
                NoResult::Broken(_) if !text.trim_start().starts_with('<') => {
                    Error::protocol(lost, self.not_as_wanted(StatusCode::OK, false, &body, Wanted::Xml))
                }
                NoResult::Broken(problem) => Error::protocol(lost, Misfit::Unexpected(problem)),
            }
        })
    }

    /// Sends, as often as the request and the pace allow, and gives the body of a successful answer.
    pub async fn send(&self, request: &Request) -> Result<Vec<u8>, Error> {
        let mut failed_tries = 0;
        loop {
            let failed = match self.once(request).await {
                Ok(body) => return Ok(body),
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

    async fn once(&self, request: &Request) -> Result<Vec<u8>, Failed> {
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
        let accept = match request.wanted {
            Wanted::Json => "application/json",
            Wanted::Xml => "text/xml",
        };
        let mut builder =
            self.http.request(request.method.clone(), request.url.clone()).header(ACCEPT, accept);
        // A SOAP call carries its token in the envelope.
        if !request.anonymous && request.wanted == Wanted::Json {
            builder = builder.header(AUTHORIZATION, self.bearer.clone());
        }
        builder = match request.payload.clone() {
            Payload::None => builder,
            Payload::Json(json) => builder.header(CONTENT_TYPE, "application/json").body(json),
            Payload::Soap(xml) => {
                builder.header(CONTENT_TYPE, "text/xml; charset=UTF-8").header("SOAPAction", "\"\"").body(xml)
            }
            Payload::Package { options, zip } => {
                let form = package_form(options, zip)
                    .map_err(|cause| self.troubled(request, Trouble::Setup(innermost(&cause)), true))?;
                builder.multipart(form)
            }
        };
        let mut response = match tokio::time::timeout(request.answer_within, builder.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(cause)) => return Err(self.no_answer(request, cause)),
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
                    return Err(self.misfit(request, misfit));
                }
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(cause)) => return Err(self.no_answer(request, cause)),
                Err(_) => return Err(self.silent(request, CONTINUE_WITHIN)),
            }
        }
    }

    /// A successful answer's body, or what the org meant by the unsuccessful one.
    fn judge(&self, request: &Request, answer: Answer) -> Result<Vec<u8>, Failed> {
        let status = answer.status;
        if status.is_success() {
            return if answer.html {
                let misfit = self.not_as_wanted(status, true, &answer.body, request.wanted);
                Err(self.misfit(request, misfit))
            } else {
                Ok(answer.body)
            };
        }
        if status.is_redirection() {
            let to = answer.location.as_deref().and_then(|to| self.address.base.join(to).ok());
            // The host is all that is told: what follows may hold a token.
            let to = to.as_ref().and_then(Url::host_str).unwrap_or("an unnamed place").to_owned();
            return Err(self.misfit(request, Misfit::Redirect { from: self.host(), to }));
        }

        let busy = matches!(status.as_u16(), 420 | 429 | 502..=504);
        let said = self.words(&answer, request.wanted);
        // A gateway does not know what the org behind it has done; nor does an org that failed.
        let left = match status.as_u16() {
            420 | 429 => &request.if_refused,
            500.. if said.as_ref().is_none_or(|said| said.code == "UNKNOWN_EXCEPTION") || busy => {
                &request.if_lost
            }
            _ => &request.if_refused,
        };
        let context = self.context(request, left.clone());
        let error = match said {
            // A day's requests are used up: no pause of ours is long enough.
            Some(said) if said.code == "REQUEST_LIMIT_EXCEEDED" => {
                return Err(Failed { error: Error::refused(context, said), passing: false });
            }
            said if busy => {
                let said =
                    said.map_or_else(|| format!("status {}", status.as_u16()), |said| said.to_string());
                let retry_after = answer.retry_after;
                Error::network(context, Trouble::Unavailable { host: self.host(), said, retry_after })
            }
            Some(said) => Error::refused(context, said),
            None if status == StatusCode::UNAUTHORIZED => {
                let message = self.excerpt(&answer.body);
                Error::refused(context, Refusal { status: 401, code: "HTTP 401".into(), message })
            }
            None => Error::protocol(
                context,
                self.not_as_wanted(status, answer.html, &answer.body, request.wanted),
            ),
        };
        Err(Failed { error, passing: busy })
    }

    /// The code and message of a refusal, in any of the forms that orgs use.
    fn words(&self, answer: &Answer, wanted: Wanted) -> Option<Refusal> {
        let status = answer.status.as_u16();
        let refusal = |code: &str, message: &str| {
            Some(Refusal { status, code: self.scrub(code), message: self.scrub(message) })
        };
        let text = std::str::from_utf8(&answer.body).ok()?.trim();
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            let first = if let Value::Array(all) = &value { all.first()? } else { &value };
            let part = |name: &str| first.get(name).and_then(Value::as_str);
            return match (part("errorCode").or(part("error")), part("message").or(part("error_description")))
            {
                (Some(code), message) => refusal(code, message.unwrap_or("(no message)")),
                (None, Some(message)) => refusal(&format!("HTTP {status}"), message),
                (None, None) => None,
            };
        }
        if wanted == Wanted::Xml
            && let Err(NoResult::Fault { code, message }) = soap::result(text)
        {
            return refusal(&code, &message);
        }
        // The one refusal that is a bare word.
        if text.ends_with("_OAuth_Token") && text.len() < 40 {
            return refusal(text, "the token is not taken here");
        }
        None
    }

    fn not_as_wanted(&self, status: StatusCode, html: bool, body: &[u8], wanted: Wanted) -> Misfit {
        let status = status.as_u16();
        let excerpt = self.excerpt(body);
        let start = excerpt.get(..15).unwrap_or(&excerpt).to_ascii_lowercase();
        if excerpt.is_empty() {
            Misfit::Empty { status, wanted: wanted.name() }
        } else if html || start.starts_with("<!doctype html") || start.starts_with("<html") {
            Misfit::Page { status, excerpt }
        } else {
            Misfit::Other { status, wanted: wanted.name(), excerpt }
        }
    }

    /// The first characters of a body, in one line. The token is taken out first, so that no half of it stays.
    fn excerpt(&self, body: &[u8]) -> String {
        let start = &body[..body.len().min(16 << 10)];
        let text = self.scrub(&String::from_utf8_lossy(start));
        let line = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let line = line.collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(EXCERPT) {
            Some((end, _)) => format!("{}...", &line[..end]),
            None => line,
        }
    }

    pub fn scrub(&self, text: &str) -> String {
        self.target.access_token.scrub(text)
    }

    fn host(&self) -> String {
        self.address.host().to_owned()
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

    fn misfit(&self, request: &Request, misfit: Misfit) -> Failed {
        let left = match misfit {
            Misfit::Redirect { .. } => request.if_refused.clone(),
            _ => request.if_lost.clone(),
        };
        Failed { error: Error::protocol(self.context(request, left), misfit), passing: false }
    }

    fn silent(&self, request: &Request, within: Duration) -> Failed {
        let trouble = Trouble::Silent { host: self.host(), seconds: within.as_secs() };
        Failed { passing: false, ..self.troubled(request, trouble, false) }
    }

    fn troubled(&self, request: &Request, trouble: Trouble, before_sending: bool) -> Failed {
        let left = match (&request.if_lost, before_sending) {
            (Left::Unknown, true) => Left::NothingSent,
            (left, _) => left.clone(),
        };
        let passing = matches!(trouble, Trouble::Dropped { .. });
        Failed { error: Error::network(self.context(request, left), trouble), passing }
    }

    /// The other side hung up when secure talk was proposed to it; a plain server or a proxy does that.
    fn is_handshake_cut(&self, error: &reqwest::Error) -> bool {
        !self.address.is_plain()
            && error.is_connect()
            && io_kind(error) == Some(std::io::ErrorKind::UnexpectedEof)
    }

    /// Sorts what the HTTP library says. A failure to connect is known to have sent nothing; after that, only the
    /// org knows what has arrived.
    fn no_answer(&self, request: &Request, cause: reqwest::Error) -> Failed {
        // The library's texts name the whole URL, query and all.
        let error = cause.without_url();
        let cause = self.scrub(&innermost(&error));
        let host = self.host();
        let trouble = if error.is_dns() {
            Trouble::Unresolved { host, cause }
        } else if is_tls(&error) || self.is_handshake_cut(&error) {
            Trouble::Tls { host, cause }
        } else if error.is_connect() && io_kind(&error) == Some(std::io::ErrorKind::ConnectionRefused) {
            Trouble::Refused { host, cause }
        } else if error.is_connect() {
            Trouble::Unreachable { host, cause }
        } else if error.is_builder() {
            Trouble::Setup(cause)
        } else {
            Trouble::Dropped { host, cause }
        };
        let before_sending = error.is_connect() || error.is_builder() || error.is_dns();
        self.troubled(request, trouble, before_sending)
    }
}

/// The HTTP client for one org. For an org on this machine neither proxies nor certificates are looked up: a token
/// must not travel to a proxy, and reading the system's certificates takes longer than the request.
fn http(address: &Address) -> reqwest::Result<reqwest::Client> {
    // An error says that the program has chosen its provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("orgwire/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_WITHIN)
        .pool_idle_timeout(IDLE_FOR);
    if address.loopback {
        // Whatever a resolver says, this name is this machine.
        let here = [([127, 0, 0, 1], 0).into(), ([0, 0, 0, 0, 0, 0, 0, 1u16], 0).into()];
        builder = builder.no_proxy().resolve_to_addrs("localhost", &here);
    }
    if address.is_plain() {
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

/// Options first, then the zip, both of known length: so the whole has a length, and goes out unchunked.
fn package_form(options: Bytes, zip: Bytes) -> reqwest::Result<Form> {
    let part = |bytes: Bytes| {
        let length = bytes.len() as u64;
        Part::stream_with_length(Body::from(bytes), length)
    };
    let options = part(options).mime_str("application/json")?;
    let zip = part(zip).file_name("deploy.zip").mime_str("application/zip")?;
    Ok(Form::new().part("json", options).part("file", zip))
}

/// The cause of the cause of the cause: the only one of these texts that says something.
fn innermost(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// All that went wrong on the way down, including what an I/O error wraps: it shows that one's source as its own,
/// and not the one itself.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| {
        match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        }
    })
}

fn io_kind(error: &reqwest::Error) -> Option<std::io::ErrorKind> {
    causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>()).last().map(std::io::Error::kind)
}

fn is_tls(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.is::<rustls::Error>())
}
