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

    /// `text` without the token: pages of gateways like to repeat what they were sent.
    pub(super) fn scrub(&self, text: &str) -> String {
        let token = self.expose();
        let mut text = text.to_owned();
        let session = token.split_once('!').map_or("", |(_, session)| session);
        for piece in [token, session] {
            if piece.len() >= SHORTEST_PIECE {
                text = text.replace(piece, "[access token]");
            }
        }
        text
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
        let token = AccessToken::new(TOKEN);
        let said = format!("bad token {TOKEN}, session AQ4AQ.verysecret_text");
        assert_eq!(token.scrub(&said), "bad token [access token], session [access token]");
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
