//! Why a token is not taken. One code has five causes (SE-40 to SE-44), and the org's text does not tell them apart;
//! what else it answers does. Asks two questions, and only after a failure.

use std::fmt;

use super::client::Client;
use super::error::Refusal;

/// The likely cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The host is not where this token's org is (SE-44).
    WrongHost,
    /// The token is good, and may not use the API (SE-43).
    ApiBarred,
    /// The session is over (SE-42).
    Ended,
    /// The profile asks for a higher session level than a login gives (SE-41).
    SessionLevel,
    /// Sessions are locked to the address they began at (SE-40).
    AddressLock,
}

/// The likely cause, and what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub cause: Cause,
    pub evidence: Vec<&'static str>,
}

/// What the org has answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub code: String,
    /// The list of versions, which needs no login. `None`: no answer.
    pub serves_api: Option<bool>,
    /// The user info, which takes any living token.
    pub user_info: Option<bool>,
    /// The refused token is from a login a moment ago.
    pub fresh: bool,
    /// Some token was taken earlier in this conversation.
    pub taken: bool,
}

/// Asks the org what it thinks of the token.
pub(super) async fn look(client: &Client, refusal: &Refusal) -> Seen {
    let mut seen = Seen { code: refusal.code.clone(), ..Seen::default() };
    // Says by itself that this is a login host, and so does a user info that refuses.
    if seen.code == "URL_NOT_RESET" {
        return seen;
    }
    let versions = client.once_now(&client.unversioned("list the API versions of").only_once()).await;
    seen.serves_api = match versions {
        Ok(answer) => Some(serde_json::from_slice::<Vec<serde_json::Value>>(&answer.body).is_ok()),
        Err(error) => error.refusal().map(|_| false),
    };
    if seen.serves_api == Some(true) && !seen.code.ends_with("_OAuth_Token") {
        seen.user_info = match client.once_now(&client.user_info().only_once()).await {
            Ok(_) => Some(true),
            Err(error) => error.refusal().map(|_| false),
        };
    }
    seen
}

impl Seen {
    pub fn judged(&self) -> Diagnosis {
        let mut evidence = Vec::new();
        match self.serves_api {
            Some(true) => evidence.push("the host serves the API of an org"),
            Some(false) => evidence.push("the host serves no API"),
            None => {}
        }
        match self.user_info {
            Some(true) => evidence.push("its user info takes the token"),
            Some(false) => evidence.push("its user info refuses the token as well"),
            None => {}
        }
        if self.fresh {
            evidence.push("a token from a login a moment ago is refused as well");
        }
        if self.taken {
            evidence.push("an earlier request was taken");
        }
        let cause = if self.code == "URL_NOT_RESET" || self.serves_api == Some(false) {
            Cause::WrongHost
        } else if self.user_info == Some(true) {
            Cause::ApiBarred
        } else if !self.fresh {
            Cause::Ended
        } else if self.taken {
            // The level of a login is the same each time: it would never have been enough.
            Cause::AddressLock
        } else {
            Cause::SessionLevel
        };
        Diagnosis { cause, evidence }
    }
}

impl Cause {
    fn told(self) -> &'static str {
        match self {
            Cause::WrongHost => {
                "this is not the address of the token's org: use its own My Domain, not a login host"
            }
            Cause::ApiBarred => {
                "the token is good, and barred from the API: API access control does not allow this app, the user \
                 lacks `API Enabled`, or the app lacks the scope `Api`"
            }
            Cause::Ended => {
                "the session has most likely ended: log in again for a fresh token; if that one fails too, it may be \
                 for another org, or sessions are locked to the address they began at"
            }
            Cause::SessionLevel => {
                "most likely the user's profile asks for a High Assurance session, which no login without a person \
                 gives: use an integration user whose profile does not; if this machine's outgoing address \
                 changes, sessions may be locked to it instead"
            }
            Cause::AddressLock => {
                "most likely sessions are locked to the address they began at, and this machine's outgoing address \
                 changes: keep it the same, or switch `Lock sessions to the IP address from which they originated` off"
            }
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.cause.told())?;
        if !self.evidence.is_empty() {
            write!(formatter, " (seen: {})", self.evidence.join(", "))?;
        }
        Ok(())
    }
}
