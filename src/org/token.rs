//! The access token: a text that cannot be printed, and that is taken out of whatever an org says back.

use std::fmt;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// What opens an org: an opaque session (`00D...!AQ...`) or a JWT. Wiped when dropped; `Debug` hides it.
#[derive(Clone)]
pub struct AccessToken(SecretString);

/// A shorter piece than this is too likely to be an ordinary word to be worth hiding.
const SHORTEST_PIECE: usize = 8;

impl AccessToken {
    /// White space around the token is dropped: a token from a file or a command ends with a newline.
    pub fn new(token: impl Into<String>) -> AccessToken {
        let token = Zeroizing::new(token.into());
        AccessToken(SecretString::from(token.trim()))
    }

    /// The token itself, for the few places that put it on the wire.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// JWT access tokens open REST only, not the SOAP half of the Metadata API (OA-12).
    pub fn is_jwt(&self) -> bool {
        let token = self.expose();
        !token.contains('!') && token.starts_with("ey") && token.split('.').count() == 3
    }

    /// The header that carries it, marked so that nothing below prints it. `None` if a header cannot hold it.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        if self.is_empty() || !self.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let text = Zeroizing::new(format!("Bearer {}", self.expose()));
        let mut header = HeaderValue::from_str(&text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// What must not be shown of an answer: tokens of this conversation, old ones too, and what a login has sent.
#[derive(Default, Clone)]
pub(super) struct Hidden(Vec<SecretString>);

impl Hidden {
    pub fn add(&mut self, secret: &str) {
        // Of a session, the part behind the org's id is the secret one.
        let session = secret.split_once('!').map_or("", |(_, session)| session);
        for piece in [secret, session] {
            let known = || self.0.iter().any(|other| other.expose_secret() == piece);
            if piece.len() >= SHORTEST_PIECE && !known() {
                self.0.push(SecretString::from(piece));
            }
        }
    }

    /// `text` without any of it: pages of gateways like to repeat what they were sent.
    pub fn scrub(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for piece in &self.0 {
            text = text.replace(piece.expose_secret(), "[hidden]");
        }
        text
    }
}

impl From<&AccessToken> for Hidden {
    fn from(token: &AccessToken) -> Hidden {
        let mut hidden = Hidden::default();
        hidden.add(token.expose());
        hidden
    }
}

impl From<SecretString> for AccessToken {
    fn from(token: SecretString) -> AccessToken {
        AccessToken::new(token.expose_secret())
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessToken(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "00Dxx0000001gPL!AQ4AQ.verysecret_text";

    #[test]
    fn a_token_cannot_be_printed() {
        let token = AccessToken::new(format!("{TOKEN}\n"));
        assert_eq!(token.expose(), TOKEN);
        assert_eq!(format!("{token:?}"), "AccessToken(hidden)");
        assert_eq!(format!("{:?}", token.header().unwrap()), "Sensitive");
    }

    #[test]
    fn what_an_org_repeats_is_scrubbed() {
        let mut hidden = Hidden::from(&AccessToken::new(TOKEN));
        hidden.add("the next one");
        let said = format!("bad token {TOKEN}, session AQ4AQ.verysecret_text, then the next one");
        assert_eq!(hidden.scrub(&said), "bad token [hidden], session [hidden], then [hidden]");
    }

    #[test]
    fn a_jwt_is_told_from_a_session() {
        assert!(AccessToken::new("eyJ0.eyJz.c2ln").is_jwt());
        assert!(!AccessToken::new(TOKEN).is_jwt());
    }

    #[test]
    fn a_token_that_no_header_can_hold_is_refused() {
        for text in ["", "a b", "line\nbreak", "caf\u{e9}"] {
            assert!(AccessToken::new(text).header().is_none(), "{text:?}");
        }
    }
}
