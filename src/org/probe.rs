//! Asks the authorize endpoint as an app would, without a login: no token goes along, and wherever the answer leads,
//! nobody follows. What it means is for the caller.

use reqwest::Method;

use super::request::{Payload, Wanted};
use super::{Error, Reader};

/// RFC 7636, appendix B: no code is ever asked for, so nobody needs the verifier (OA-42).
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const LONGEST_PAGE: usize = 1 << 20;

/// An answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub status: u16,
    pub location: Option<String>,
    pub text: String,
}

impl Reader<'_> {
    /// What the endpoint answers to this client with this redirect.
    pub async fn authorize(&self, client_id: &str, redirect_uri: &str) -> Result<Page, Error> {
        let mut request = self.client.request(
            Method::GET,
            "/services/oauth2/authorize",
            "ask the authorize endpoint of",
            Payload::None,
            Wanted::Page,
        );
        request.url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "orgwire-verify"),
        ]);
        let request = request.without_token().longest_answer(LONGEST_PAGE);
        let answer = self.client.unjudged(&request).await?;
        Ok(Page {
            status: answer.status.as_u16(),
            location: answer.location,
            text: String::from_utf8_lossy(&answer.body).into_owned(),
        })
    }
}
