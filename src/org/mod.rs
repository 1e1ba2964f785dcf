//! The door to an org: everything that goes over the network to one, and what comes back as plain data. It reads
//! through [`Reader`] and changes through [`Writer`], so whoever is given a `Reader` cannot change anything.
//!
//! An answer that is lost is asked for again, except to the one request that changes an org: a deployment is sent
//! once. Tokens go to the host they were given for and nowhere else, and never into a text. [`login`] gets them; where
//! its secrets live, what orgs are called and which exit code follows is left to others.

mod address;
mod answer;
mod archive;
mod client;
mod connection;
mod deploy;
mod deploy_call;
mod deploy_result;
mod diagnosis;
mod error;
mod everything;
#[doc(hidden)]
pub mod fuzzed;
mod interrupt;
pub mod login;
mod lost;
mod organization;
mod pace;
mod principal;
mod probe;
mod query;
mod read;
#[cfg(test)]
mod renewal;
mod request;
mod retrieve;
mod retry_after;
#[cfg(test)]
mod script;
mod soap;
mod token;
#[cfg(test)]
mod troubles;

use std::fmt;

pub use deploy::{DeployEvent, DeployOptions};
pub use deploy_call::Api;
pub use deploy_result::{Cancel, ComponentRow, Count, DeployResult, Outcome, TestFailure};
pub use diagnosis::{Cause, Diagnosis};
pub use error::{Context, Error, ErrorKind, Left, Misfit, NoSession, Refusal, Trouble};
pub use everything::{Everything, LeftOut};
pub use interrupt::Interrupt;
pub use lost::Lost;
pub use organization::{ApiVersion, Organization, id18};
pub use pace::Pace;
pub use principal::Principal;
pub use probe::Page;
pub use query::{Record, soql_in, soql_text};
pub use read::READ_AT_ONCE;
pub use retrieve::{Missing, Retrieved, RetrievedFile};
pub use token::AccessToken;

use client::Client;
use login::{Login, Notice};

/// Which org to open, and with what.
#[derive(Debug, Clone)]
pub struct Target {
    /// What the user calls it.
    pub name: String,
    pub instance_url: String,
    pub access_token: AccessToken,
    /// It is the org inside this program, and no real one.
    pub simulated: bool,
}

/// An org that can be talked to.
pub struct Org {
    client: Client,
}

/// Ids come with 15 characters or 18, of which the last three only repeat something (protocol, section 2).
pub fn is_same_id(one: &str, other: &str) -> bool {
    one.get(..15).unwrap_or(one) == other.get(..15).unwrap_or(other)
}

impl Org {
    /// Checks the address and the token. Nothing is sent yet, so a token that is no longer valid is not noticed.
    pub fn connect(target: Target, api_version: u16) -> Result<Org, Error> {
        Ok(Org { client: Client::new(target, api_version)? })
    }

    /// Logs in again with this when the session ends. `requests` were sent for the first session.
    pub fn renewed_by(mut self, login: Login, requests: u64) -> Org {
        self.client.renew_with(login, requests);
        self
    }

    /// Asks the org why, when it does not take the token: two requests more, and the failure tells the likely cause.
    pub fn explaining(mut self) -> Org {
        self.client.curious = true;
        self
    }

    /// What the user should know about logins since this was asked last.
    pub fn notices(&self) -> Vec<Notice> {
        self.client.notices()
    }

    /// With other waits than the usual ones.
    pub fn at_pace(mut self, pace: Pace) -> Org {
        self.client.pace = pace;
        self
    }

    /// Deploys over this protocol and no other; otherwise over REST, and over SOAP where the org has no REST.
    pub fn deploy_over(&mut self, api: Api) -> Result<(), Error> {
        if api == Api::Soap && self.client.has_jwt() {
            let problem = "it is a JWT, and SOAP calls do not take those (OA-12)";
            return Err(Error::Token { org: self.name().to_owned(), problem });
        }
        self.client.route.asked = Some(api);
        Ok(())
    }

    /// Goes on in another API version.
    pub fn speak(&mut self, api_version: u16) {
        self.client.version = api_version;
    }

    pub fn pace(&self) -> &Pace {
        &self.client.pace
    }

    /// The time by the org's clock, in seconds since 1970.
    pub fn time(&self) -> i64 {
        self.client.org_time()
    }

    pub fn name(&self) -> &str {
        &self.client.target().name
    }

    /// Without a slash at the end.
    pub fn instance_url(&self) -> &str {
        self.client.instance_url()
    }

    pub fn simulated(&self) -> bool {
        self.client.target().simulated
    }

    /// HTTP requests sent so far, repeated ones included.
    pub fn requests(&self) -> u64 {
        self.client.sent()
    }

    pub fn reader(&self) -> Reader<'_> {
        Reader { client: &self.client }
    }

    /// The only thing that can change an org; given to the deploy loop and to nothing else.
    pub fn writer(&self) -> Writer<'_> {
        Writer { client: &self.client }
    }
}

impl fmt::Debug for Org {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Org({} at {})", self.name(), self.instance_url())
    }
}

/// Reads from an org.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    client: &'a Client,
}

/// Changes an org.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    client: &'a Client,
}
