//! What can go wrong between us and an org, in words: what was being done, what the org or the network said,
//! what state things are left in, and what to do about it.

use std::fmt;
use std::time::Duration;

use thiserror::Error as ThisError;

use crate::dictionary::{self, Entry, Place};

use super::diagnosis::Diagnosis;
use super::login::{KeyringProblem, SfProblem};

/// Coarse enough for an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The address or the token as written cannot be used.
    Settings,
    /// The org does not take the access token.
    Login,
    /// There is no access token to be had.
    NoSession,
    /// The org understood and said no.
    Rejected,
    /// No answer, or none from the org itself.
    Network,
    /// An answer that is not what an org says.
    Protocol,
    /// The user asked to stop.
    Interrupted,
}

/// What the failed request leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// It only asked; there is nothing to say.
    Reading,
    /// The request never left this machine.
    NothingSent,
    /// The org answered, and not with a deployment.
    NothingDeployed,
    /// It was sent, and the answer is lost.
    Unknown,
    /// This deployment goes on in the org.
    Running { id: String },
}

impl fmt::Display for Left {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Left::Reading => Ok(()),
            Left::NothingSent => formatter.write_str("nothing was sent"),
            Left::NothingDeployed => formatter.write_str("nothing was deployed"),
            Left::Unknown => formatter.write_str("the org may have accepted the deployment"),
            Left::Running { id } => write!(formatter, "deployment {id} may still be running in the org"),
        }
    }
}

/// The circumstances of a failure.
#[derive(Debug, Clone)]
pub struct Context {
    /// What was being attempted, as in "deploy to org `uat`".
    pub doing: String,
    pub instance_url: String,
    pub left: Left,
    /// The token was a JWT and the request SOAP, which do not go together (OA-12).
    pub jwt_over_soap: bool,
    /// The request was to deploy what a validation has found good.
    pub quick: bool,
    /// What was found out about a token that is not taken.
    pub diagnosis: Option<Diagnosis>,
}

/// An org's refusal, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("{code}: {message}")]
pub struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
}

/// Why no answer came. Texts in parentheses are those of the network library.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum Trouble {
    #[error("no address is known for `{host}` ({cause})")]
    Unresolved { host: String, cause: String },
    #[error("`{host}` refused the connection ({cause})")]
    Refused { host: String, cause: String },
    #[error("no secure connection to `{host}` ({cause})")]
    Tls { host: String, cause: String },
    #[error("no connection to `{host}` ({cause})")]
    Unreachable { host: String, cause: String },
    #[error("`{host}` ended the connection before the answer was complete ({cause})")]
    Dropped { host: String, cause: String },
    #[error("`{host}` did not answer within {seconds} seconds")]
    Silent { host: String, seconds: u64 },
    #[error("`{host}` is not available now: {said}")]
    Unavailable { host: String, said: String, retry_after: Option<Duration> },
    #[error("the HTTP client cannot be set up ({0})")]
    Setup(String),
}

/// An answer that makes no sense. Excerpts are short, and without the token.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum Misfit {
    #[error("status {status} with a page for people instead of data: {excerpt}")]
    Page { status: u16, excerpt: String },
    #[error("status {status} with something else than {wanted}: {excerpt}")]
    Other { status: u16, wanted: &'static str, excerpt: String },
    #[error("status {status} with an empty body instead of {wanted}")]
    Empty { status: u16, wanted: &'static str },
    #[error("the answer breaks off in the middle")]
    Truncated,
    #[error("the answer is longer than {limit} bytes")]
    TooLong { limit: usize },
    #[error("`{from}` sends on to `{to}`, and a token is not carried to another place")]
    Redirect { from: String, to: String },
    #[error("{0}")]
    Unexpected(String),
    #[error("the retrieved zip {0}")]
    Zip(String),
}

/// Why a login brought no session.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum NoSession {
    /// The OAuth pair of the org, as it stands.
    #[error("{0}")]
    Refused(Refusal),
    #[error("the login leads to `{answered}`, and this org is at `{configured}`")]
    AnotherOrg { configured: String, answered: String },
    #[error("nothing tells where the org is")]
    NoAddress,
    #[error("the operating system gave no random bytes")]
    Unsigned,
    #[error("the org grants no refresh token")]
    NoRefreshToken,
    #[error("the keyring has no refresh token for this org")]
    NotLoggedIn { org: String },
    #[error("nobody allowed it in the browser within {seconds} seconds")]
    NobodyCame { seconds: u64 },
    #[error("cannot listen on port {port} of this machine ({cause})")]
    Port { port: u16, cause: String },
    #[error("{0}")]
    Sf(#[from] SfProblem),
    #[error("{0}")]
    Keyring(#[from] KeyringProblem),
}

/// Everything that this door can fail with. The headline says what was attempted, `source()` what was the matter.
#[derive(Debug, ThisError)]
pub enum Error {
    #[error("`{address}` cannot be used as the address of an org: {problem}")]
    Address { address: String, problem: String, remedy: String },
    #[error("the access token for org `{org}` cannot be used: {problem}")]
    Token { org: String, problem: &'static str },
    #[error("cannot log in to `{}`", .0.instance_url)]
    Login(Box<Context>, #[source] Refusal),
    #[error("cannot {}", .0.doing)]
    NoSession(Box<Context>, #[source] NoSession),
    #[error("cannot {}", .0.doing)]
    Rejected(Box<Context>, #[source] Refusal),
    #[error("cannot {}", .0.doing)]
    Network(Box<Context>, #[source] Trouble),
    #[error("cannot {}", .0.doing)]
    Protocol(Box<Context>, #[source] Misfit),
    #[error("stopped before the end: {}", .0.doing)]
    Interrupted(Box<Context>),
}

/// Codes that mean "who are you": the first is by far the most common, and has five causes (SE-40 to SE-44).
const LOGIN_CODES: [&str; 6] = [
    "INVALID_SESSION_ID",
    "INVALID_AUTH_HEADER",
    "URL_NOT_RESET",
    "INVALID_LOGIN",
    "Bad_OAuth_Token",
    "Missing_OAuth_Token",
];

/// Codes by which an org says that it is busy or ill, whatever was asked.
const PASSING_CODES: [&str; 3] = ["SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "UNABLE_TO_LOCK_ROW"];

impl Error {
    /// The org's refusal, sorted into login trouble and everything else.
    pub(super) fn refused(context: Context, refusal: Refusal) -> Error {
        if refusal.status == 401 || LOGIN_CODES.contains(&refusal.code.as_str()) {
            Error::Login(Box::new(context), refusal)
        } else {
            Error::Rejected(Box::new(context), refusal)
        }
    }

    pub(super) fn network(context: Context, trouble: Trouble) -> Error {
        Error::Network(Box::new(context), trouble)
    }

    pub(super) fn protocol(context: Context, misfit: Misfit) -> Error {
        Error::Protocol(Box::new(context), misfit)
    }

    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Address { .. } | Error::Token { .. } => ErrorKind::Settings,
            Error::Login(..) => ErrorKind::Login,
            Error::NoSession(..) => ErrorKind::NoSession,
            Error::Rejected(..) => ErrorKind::Rejected,
            Error::Network(..) => ErrorKind::Network,
            Error::Protocol(..) => ErrorKind::Protocol,
            Error::Interrupted(..) => ErrorKind::Interrupted,
        }
    }

    fn context(&self) -> Option<&Context> {
        match self {
            Error::Address { .. } | Error::Token { .. } => None,
            Error::Login(context, _)
            | Error::NoSession(context, _)
            | Error::Rejected(context, _)
            | Error::Network(context, _)
            | Error::Protocol(context, _)
            | Error::Interrupted(context) => Some(context),
        }
    }

    fn context_mut(&mut self) -> Option<&mut Context> {
        match self {
            Error::Address { .. } | Error::Token { .. } => None,
            Error::Login(context, _)
            | Error::NoSession(context, _)
            | Error::Rejected(context, _)
            | Error::Network(context, _)
            | Error::Protocol(context, _)
            | Error::Interrupted(context) => Some(context),
        }
    }

    /// Tells another state that things are left in.
    pub fn leave(&mut self, left: Left) {
        if let Some(context) = self.context_mut() {
            context.left = left;
        }
    }

    /// Adds what was found out about a token that is not taken.
    pub(super) fn explain(&mut self, diagnosis: Diagnosis) {
        if let Some(context) = self.context_mut() {
            context.diagnosis = Some(diagnosis);
        }
    }

    /// The org says of the token that its session is over, or never was. A fresh one may be taken.
    pub(super) fn is_session_ended(&self) -> bool {
        self.puzzle()
            .is_some_and(|refusal| !matches!(refusal.code.as_str(), "URL_NOT_RESET" | "INVALID_LOGIN"))
    }

    /// A refusal of the token whose cause is not plain.
    pub(super) fn puzzle(&self) -> Option<Refusal> {
        match self {
            Error::Login(context, refusal)
                if !context.jwt_over_soap && refusal.code != "INVALID_AUTH_HEADER" =>
            {
                Some(refusal.clone())
            }
            _ => None,
        }
    }

    /// What state things are in.
    pub fn left(&self) -> &Left {
        self.context().map_or(&Left::NothingSent, |context| &context.left)
    }

    /// The deployment that goes on without us, if there is one.
    pub fn deployment(&self) -> Option<&str> {
        match self.left() {
            Left::Running { id } => Some(id),
            _ => None,
        }
    }

    /// The org's own words, if it was the org that said no.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Login(_, refusal)
            | Error::NoSession(_, NoSession::Refused(refusal))
            | Error::Rejected(_, refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether looking again may bring a better answer while something runs in the org.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Error::Network(_, trouble) => !matches!(trouble, Trouble::Tls { .. } | Trouble::Setup(_)),
            Error::Protocol(_, misfit) => !matches!(misfit, Misfit::Redirect { .. } | Misfit::TooLong { .. }),
            Error::Rejected(_, refusal) => PASSING_CODES.contains(&refusal.code.as_str()),
            _ => false,
        }
    }

    /// The org may not have the API version that was spoken: REST then has no resource, SOAP says it.
    pub fn may_be_of_the_version(&self) -> bool {
        match self {
            Error::Rejected(_, refusal) => {
                refusal.code == "UNSUPPORTED_API_VERSION"
                    || (refusal.code == "NOT_FOUND" && refusal.message.starts_with("The requested resource"))
            }
            _ => false,
        }
    }

    /// What the org's words are to us.
    pub fn entry(&self) -> Option<&'static Entry> {
        match self {
            // Not found is the validation, not the address (MD-2).
            Error::Rejected(context, said)
                if context.quick && (said.status == 404 || said.code == "INVALID_ID_FIELD") =>
            {
                dictionary::entry("validation-not-deployable")
            }
            Error::NoSession(_, NoSession::Refused(refusal)) => {
                dictionary::find(Place::OAuth, &refusal.code, &refusal.message)
            }
            _ => self.refusal().and_then(|said| dictionary::find(Place::Api, &said.code, &said.message)),
        }
    }

    /// An error of a request to deploy what a validation has found good.
    pub(super) fn of_a_quick_deployment(mut self) -> Error {
        if let Error::Rejected(context, _) = &mut self {
            context.quick = true;
        }
        self
    }

    /// The org knows no deployment by this id, or not any more.
    pub fn is_unknown_id(&self) -> bool {
        match self {
            Error::Rejected(_, refusal) => {
                refusal.status == 404 || refusal.code == "INVALID_CROSS_REFERENCE_KEY"
            }
            _ => false,
        }
    }

    /// Whether an attempt to change something has certainly changed nothing, and may do better a little later.
    pub(super) fn is_untaken(&self) -> bool {
        let left = matches!(self.left(), Left::NothingSent | Left::NothingDeployed);
        let passing = match self {
            Error::Network(_, trouble) => !matches!(trouble, Trouble::Tls { .. } | Trouble::Setup(_)),
            _ => false,
        };
        left && passing
    }

    /// How long the org asks to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Network(_, Trouble::Unavailable { retry_after, .. }) => *retry_after,
            _ => None,
        }
    }

    /// Something to do, then the state that things are left in.
    pub fn help(&self) -> String {
        let remedy = self.remedy();
        let left = match self {
            // No request has been made yet, and nobody would think so.
            Error::Address { .. } | Error::Token { .. } => String::new(),
            _ => self.left().to_string(),
        };
        match (remedy.is_empty(), left.is_empty()) {
            (_, true) => remedy,
            (true, false) => left,
            (false, false) => format!("{remedy}; {left}"),
        }
    }

    fn remedy(&self) -> String {
        match self {
            Error::Address { remedy, .. } => remedy.clone(),
            Error::Token { .. } => "get a fresh token and pass it on as it is, without quotes or `Bearer`".into(),
            Error::Login(context, _) if context.jwt_over_soap => {
                "this app hands out JWT access tokens, which open REST and not the SOAP calls that retrieving \
                 needs: switch JWT tokens off for the app, or log in another way"
                    .into()
            }
            Error::Login(context, refusal) => match &context.diagnosis {
                Some(diagnosis) => diagnosis.to_string(),
                None => login_remedy(refusal),
            },
            Error::NoSession(_, why) => no_session_remedy(why),
            Error::Rejected(..) => self.entry().map(Entry::advice).unwrap_or_default(),
            Error::Network(context, trouble) => network_remedy(trouble, &context.left),
            Error::Protocol(context, misfit) => protocol_remedy(misfit, &context.left),
            Error::Interrupted(context) => match context.left {
                Left::Unknown => "look at Deployment Status in Setup before deploying again".into(),
                _ => String::new(),
            },
        }
    }
}

fn login_remedy(refusal: &Refusal) -> String {
    match refusal.code.as_str() {
        "URL_NOT_RESET" => "use the org's own My Domain address, not a login host".into(),
        "INVALID_AUTH_HEADER" => "pass the token as it is, without quotes or `Bearer`".into(),
        _ => "log in again for a fresh token; if a fresh one fails too, the org may lock sessions to the address \
              they began at, ask for a higher session level, or block this app"
            .into(),
    }
}

fn no_session_remedy(why: &NoSession) -> String {
    match why {
        NoSession::Refused(refusal) => match dictionary::find(Place::OAuth, &refusal.code, &refusal.message) {
            Some(entry) => entry.advice(),
            None => "check the login in orgwire.toml against the app's settings in the org".to_owned(),
        },
        NoSession::AnotherOrg { answered, .. } => {
            format!("if `{answered}` is the org that is meant, write that as its instance-url in orgwire.toml")
        }
        NoSession::NoAddress => "write instance-url beside the login in orgwire.toml".into(),
        NoSession::Unsigned => "run this again".into(),
        NoSession::NoRefreshToken => {
            "add the scope `RefreshToken` to the app, allow it again, and wait some minutes for the change to spread"
                .into()
        }
        NoSession::NotLoggedIn { org } => format!("log in first, with: orgwire login --org {org}"),
        NoSession::NobodyCame { .. } => "run this again, and open the address that it prints".into(),
        NoSession::Port { port, .. } => format!(
            "end what uses port {port}, or give the app another callback, such as \
             http://localhost:8717/OauthRedirect, and write port = 8717 beside its client-id"
        ),
        NoSession::Sf(problem) => problem.help(),
        NoSession::Keyring(problem) => problem.help().into(),
    }
}

fn network_remedy(trouble: &Trouble, left: &Left) -> String {
    match trouble {
        Trouble::Unresolved { .. } => "check the spelling of the address and the network, then run this again".into(),
        Trouble::Refused { .. } => "check the address and port, and that the org (or `orgwire simulate`) is up".into(),
        Trouble::Tls { .. } => {
            "check the address and this machine's clock; behind an inspecting proxy, add its certificate to the \
             system's"
                .into()
        }
        Trouble::Unreachable { .. } => "check the network and the proxy settings (HTTPS_PROXY, NO_PROXY)".into(),
        Trouble::Unavailable { .. } if *left != Left::Unknown => {
            "wait some minutes and run this again; https://status.salesforce.com tells of maintenance".into()
        }
        Trouble::Dropped { .. } | Trouble::Silent { .. } | Trouble::Unavailable { .. } => match left {
            Left::Unknown => "look at Deployment Status in Setup before deploying again".into(),
            Left::Running { .. } => "resume it when the network is back".into(),
            _ => "run this again".into(),
        },
        Trouble::Setup(_) => "check the proxy settings and the system's certificates".into(),
    }
}

fn protocol_remedy(misfit: &Misfit, left: &Left) -> String {
    match misfit {
        Misfit::Redirect { from, to } if from == to => {
            "the API of an org answers by itself; check that no proxy or login page stands before it".into()
        }
        Misfit::Redirect { to, .. } => {
            format!("was My Domain renamed? if `{to}` is this org, write that as its address")
        }
        _ if *left == Left::Unknown => "look at Deployment Status in Setup before deploying again".into(),
        Misfit::Page { .. } | Misfit::Other { .. } | Misfit::Empty { .. } => {
            "check that the address is that of the org itself, and that no proxy answers in its place".into()
        }
        Misfit::Truncated | Misfit::Unexpected(_) | Misfit::TooLong { .. } | Misfit::Zip(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(left: Left) -> Context {
        Context {
            doing: "deploy to org `uat`".into(),
            instance_url: "https://acme.my.salesforce.com".into(),
            left,
            jwt_over_soap: false,
            quick: false,
            diagnosis: None,
        }
    }

    fn refusal(status: u16, code: &str, message: &str) -> Refusal {
        Refusal { status, code: code.into(), message: message.into() }
    }

    #[test]
    fn a_login_failure_keeps_the_words_of_the_org() {
        let said = refusal(401, "INVALID_SESSION_ID", "Session expired or invalid");
        let error = Error::refused(context(Left::NothingDeployed), said);
        assert_eq!(error.kind(), ErrorKind::Login);
        assert_eq!(error.to_string(), "cannot log in to `https://acme.my.salesforce.com`");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(cause, "INVALID_SESSION_ID: Session expired or invalid");
        assert!(error.help().ends_with("; nothing was deployed"), "{}", error.help());
    }

    #[test]
    fn a_code_decides_where_the_status_does_not() {
        let fault = refusal(500, "INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader");
        assert_eq!(Error::refused(context(Left::Reading), fault).kind(), ErrorKind::Login);
        let fault = refusal(500, "INSUFFICIENT_ACCESS", "use of the Metadata API requires ...");
        assert_eq!(Error::refused(context(Left::Reading), fault).kind(), ErrorKind::Rejected);
    }

    #[test]
    fn a_lost_answer_is_not_called_a_failure_of_the_deployment() {
        let trouble = Trouble::Dropped { host: "acme".into(), cause: "reset".into() };
        let error = Error::network(context(Left::Unknown), trouble);
        assert_eq!(
            error.help(),
            "look at Deployment Status in Setup before deploying again; the org may have accepted the deployment"
        );
    }
}
