//! Client credentials: the app itself logs in, as its run-as user. Works at the org's own host only (OA-3), and
//! takes no scope (OA-4).

use secrecy::{ExposeSecret, SecretString};

use super::Error;
use super::endpoint::{Endpoint, Form, Granted};

#[derive(Debug, Clone)]
pub struct ClientCredentials {
    pub client_id: String,
    pub client_secret: SecretString,
}

impl ClientCredentials {
    pub(super) async fn granted(&self, endpoint: &Endpoint<'_>) -> Result<Granted, Error> {
        let form = Form::new("client_credentials")
            .with("client_id", &self.client_id)
            .secret("client_secret", self.client_secret.expose_secret());
        endpoint.grant(form).await
    }
}
