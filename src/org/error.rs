//! What can go wrong between us and an org, in words: what was being done, what the org or the network said,
//! what state things are left in, and what to do about it.

use std::fmt;
use std::time::Duration;

use thiserror::Error as ThisError;

/// Coarse enough for an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The address or the token as written cannot be used.
    Settings,
    /// The org does not take the access token.
    Login,
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
            | Error::Rejected(context, _)
            | Error::Network(context, _)
            | Error::Protocol(context, _)
            | Error::Interrupted(context) => Some(context),
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
            Error::Login(_, refusal) | Error::Rejected(_, refusal) => Some(refusal),
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
            Error::Login(_, refusal) => login_remedy(refusal),
            Error::Rejected(_, refusal) => rejected_remedy(refusal),
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

fn rejected_remedy(refusal: &Refusal) -> String {
    match refusal.code.as_str() {
        "INSUFFICIENT_ACCESS" | "INSUFFICIENT_ACCESS_OR_READONLY" => {
            "give the user `Modify Metadata Through Metadata API Functions` or `Modify All Data`".into()
        }
        "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED" => {
            "the edition of this org, or the user's profile, has no API access".into()
        }
        "REQUEST_LIMIT_EXCEEDED" => "the org's daily API requests are used up; wait or ask for more".into(),
        "UNSUPPORTED_API_VERSION" => "choose an api-version that this org has".into(),
        "NOT_FOUND" if refusal.message.starts_with("The requested resource") => {
            "the org may not have this API version; choose an older api-version".into()
        }
        "ALREADY_IN_PROCESS" | "UNABLE_TO_LOCK_ROW" => {
            "another change holds the org's setup; run this again when it is done".into()
        }
        "LIMIT_EXCEEDED" | "EXCEEDED_ID_LIMIT" => "send less at once".into(),
        "INVALID_LOCATOR" | "INVALID_CROSS_REFERENCE_KEY" => {
            "the org does not know this id: it belongs to another org, or is more than 30 days old".into()
        }
        _ => String::new(),
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
