//! A refresh token, which opens sessions until it is revoked. An app with rotation replaces it at each use, and
//! whoever keeps the first one loses the connection (CA-78).

use secrecy::{ExposeSecret, SecretString};

use super::endpoint::{Endpoint, Form, Granted};
use super::keyring::Entry;
use super::{Address, Destination, Error, Notice};

#[derive(Debug, Clone)]
pub struct RefreshToken {
    pub client_id: String,
    /// Apps that do not ask for one in the refresh flow have none.
    pub client_secret: Option<SecretString>,
    pub refresh_token: SecretString,
    pub kept: Kept,
}

/// Where the refresh token is kept between two runs.
#[derive(Debug, Clone)]
pub enum Kept {
    /// Somewhere that only the user can write to.
    Elsewhere,
    Keyring(Entry),
}

impl RefreshToken {
    pub(super) async fn granted(
        &mut self,
        endpoint: &Endpoint<'_>,
        notices: &mut Vec<Notice>,
    ) -> Result<Granted, Error> {
        let form = Form::new("refresh_token")
            .with("client_id", &self.client_id)
            .secret_if("client_secret", self.client_secret.as_ref().map(ExposeSecret::expose_secret))
            .secret("refresh_token", self.refresh_token.expose_secret());
        let granted = endpoint.grant(form).await?;
        if let Some(replaced) = &granted.refresh_token
            && replaced.expose() != self.refresh_token.expose_secret()
        {
            self.refresh_token = SecretString::from(replaced.expose());
            match &self.kept {
                Kept::Elsewhere => notices.push(Notice::RefreshTokenReplaced),
                Kept::Keyring(entry) => {
                    if let Err(problem) = entry.write(&self.refresh_token).await {
                        notices.push(Notice::RefreshTokenNotKept(problem.to_string()));
                    }
                }
            }
        }
        Ok(granted)
    }
}

/// Ends what a refresh token opens, in the org.
pub async fn revoke(refresh_token: &SecretString, destination: &Destination) -> Result<(), Error> {
    let address = destination.instance_url.as_deref().map(Address::parse).transpose()?;
    let endpoint = Endpoint::open(destination.needed(&address)?, destination)?;
    endpoint.revoke(refresh_token.expose_secret()).await
}
