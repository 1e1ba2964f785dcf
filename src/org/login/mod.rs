//! The ways into an org: each turns what somebody has (a key, a secret, a refresh token, the Salesforce CLI) into a
//! [`Session`]. Nothing is printed and nobody is asked; where the secrets came from is not known here.

mod audience;
mod browser;
mod client_credentials;
mod endpoint;
mod jwt;
mod keyring;
mod refresh_token;
mod sf;
mod sfdx_auth_url;
#[cfg(test)]
mod tests;

pub use browser::{Authorization, DEFAULT_PORT};
pub use client_credentials::ClientCredentials;
pub use jwt::{Jwt, KeyProblem};
pub use keyring::{Entry, KeyringProblem};
pub use refresh_token::{Kept, RefreshToken, revoke};
pub use sf::{Sf, SfProblem};
pub use sfdx_auth_url::{NotAnAuthUrl, SfdxAuthUrl};

use super::address::Address;
use super::error::{Context, Left, NoSession};
use super::{AccessToken, Error, Pace};
use endpoint::{Endpoint, Granted};

/// How to get in. Plain data: nothing is sent before [`Login::session`].
#[derive(Debug, Clone)]
pub enum Login {
    AccessToken(AccessToken),
    Jwt(Jwt),
    ClientCredentials(ClientCredentials),
    RefreshToken(RefreshToken),
    SfdxAuthUrl(SfdxAuthUrl),
    Sf(Sf),
}

/// Where a login is to lead.
#[derive(Debug, Clone)]
pub struct Destination {
    /// What the user calls the org.
    pub org: String,
    /// Its address, where that is known before.
    pub instance_url: Option<String>,
    pub pace: Pace,
}

/// What a login brings.
#[derive(Debug)]
pub struct Session {
    pub instance_url: String,
    pub access_token: AccessToken,
    /// Told by the token endpoint, and not by every way in.
    pub user_id: Option<String>,
    pub organization_id: Option<String>,
    /// Names of the scopes that were granted, with blanks between; told by the token endpoint.
    pub scope: Option<String>,
    /// The same login can be made again when the session has ended.
    pub renewable: bool,
    /// HTTP requests that it took.
    pub requests: u64,
    pub notices: Vec<Notice>,
}

/// Something that the user should know, and that stops nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The org has replaced the refresh token, and the old one lives where we cannot write (CA-78).
    RefreshTokenReplaced,
    /// The same, and the keyring did not take the new one.
    RefreshTokenNotKept(String),
}

impl Login {
    pub fn is_renewable(&self) -> bool {
        !matches!(self, Login::AccessToken(_))
    }

    /// Gets in. Again and again, if need be: a refresh token that the org replaces is replaced here.
    pub async fn session(&mut self, destination: &Destination) -> Result<Session, Error> {
        let known = destination.instance_url.as_deref().map(Address::parse).transpose()?;
        let renewable = self.is_renewable();
        let mut requests = 0;
        let mut notices = Vec::new();
        let granted = match self {
            Login::AccessToken(token) => Granted::only(token.clone()),
            Login::Sf(sf) => sf.granted().await.map_err(|problem| destination.no_session(problem.into()))?,
            Login::Jwt(jwt) => {
                let at = match (&known, &jwt.audience) {
                    (Some(known), _) => known.clone(),
                    (None, Some(audience)) => Address::parse(audience)?,
                    (None, None) => return Err(destination.no_session(NoSession::NoAddress)),
                };
                let endpoint = Endpoint::open(&at, destination)?;
                let granted = jwt.granted(&endpoint).await;
                requests = endpoint.sent();
                granted?
            }
            Login::ClientCredentials(credentials) => {
                let endpoint = Endpoint::open(destination.needed(&known)?, destination)?;
                let granted = credentials.granted(&endpoint).await;
                requests = endpoint.sent();
                granted?
            }
            Login::RefreshToken(refresh) => {
                let endpoint = Endpoint::open(destination.needed(&known)?, destination)?;
                let granted = refresh.granted(&endpoint, &mut notices).await;
                requests = endpoint.sent();
                granted?
            }
            Login::SfdxAuthUrl(url) => {
                let at = Address::parse(&url.login_url)?;
                let endpoint = Endpoint::open(&at, destination)?;
                let granted = url.refresh.granted(&endpoint, &mut notices).await;
                requests = endpoint.sent();
                granted?
            }
        };
        let instance_url = destination.reached(known.as_ref(), granted.instance_url.as_deref())?;
        let (organization_id, user_id) = granted.ids();
        Ok(Session {
            instance_url,
            user_id,
            organization_id,
            scope: granted.scope,
            access_token: granted.access_token,
            renewable,
            requests,
            notices,
        })
    }
}

impl Destination {
    pub fn new(org: impl Into<String>, instance_url: Option<String>) -> Destination {
        Destination { org: org.into(), instance_url, pace: Pace::default() }
    }

    fn needed<'a>(&self, known: &'a Option<Address>) -> Result<&'a Address, Error> {
        known.as_ref().ok_or_else(|| self.no_session(NoSession::NoAddress))
    }

    fn context(&self) -> Context {
        Context {
            doing: format!("log in to org `{}`", self.org),
            instance_url: self.instance_url.clone().unwrap_or_default(),
            left: Left::Reading,
            jwt_over_soap: false,
            quick: false,
            diagnosis: None,
        }
    }

    /// The keyring has nothing for this org.
    pub fn not_logged_in(&self) -> Error {
        self.no_session(NoSession::NotLoggedIn { org: self.org.clone() })
    }

    /// The failure of this login.
    pub fn no_session(&self, why: NoSession) -> Error {
        Error::NoSession(Box::new(self.context()), why)
    }

    /// The address to talk to from now on. A token for another org than the one that is meant goes no further.
    fn reached(&self, known: Option<&Address>, answered: Option<&str>) -> Result<String, Error> {
        match (known, answered.map(Address::parse).transpose()?) {
            (Some(known), Some(answered)) if !known.is_same_place(&answered) => {
                Err(self.no_session(NoSession::AnotherOrg {
                    configured: known.text.clone(),
                    answered: answered.text,
                }))
            }
            (Some(known), _) => Ok(known.text.clone()),
            (None, Some(answered)) => Ok(answered.text),
            (None, None) => Err(self.no_session(NoSession::NoAddress)),
        }
    }
}
