//! The URL in which the Salesforce CLI puts a refresh token with all that belongs to it:
//! `force://CLIENT_ID:CLIENT_SECRET:REFRESH_TOKEN@HOST`. The secret may be empty.

use secrecy::SecretString;

use super::{Address, Kept, RefreshToken};

/// The client of URLs that name none.
const DEFAULT_CLIENT: &str = "PlatformCLI";

#[derive(Debug, Clone)]
pub struct SfdxAuthUrl {
    pub(super) refresh: RefreshToken,
    pub(super) login_url: String,
}

/// A text that is no such URL. Says nothing of what it holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAuthUrl {
    #[error("does not begin with `force://`")]
    Scheme,
    #[error("names no host behind `@`")]
    Host,
    #[error("is not CLIENT_ID:CLIENT_SECRET:REFRESH_TOKEN before `@`")]
    Parts,
    #[error("is a notice of the Salesforce CLI that it hides the URL")]
    Hidden,
}

impl SfdxAuthUrl {
    pub fn parse(text: &str) -> Result<SfdxAuthUrl, NotAnAuthUrl> {
        let text = text.trim();
        if text.starts_with("[REDACTED]") {
            return Err(NotAnAuthUrl::Hidden);
        }
        let rest = text.strip_prefix("force://").ok_or(NotAnAuthUrl::Scheme)?;
        let (who, host) = rest.rsplit_once('@').ok_or(NotAnAuthUrl::Host)?;
        let parts: Vec<&str> = who.split(':').collect();
        let (client_id, client_secret, refresh_token) = match parts.as_slice() {
            [client_id, client_secret, refresh_token] => (*client_id, *client_secret, *refresh_token),
            [refresh_token] => (DEFAULT_CLIENT, "", *refresh_token),
            _ => return Err(NotAnAuthUrl::Parts),
        };
        if client_id.is_empty() || refresh_token.is_empty() {
            return Err(NotAnAuthUrl::Parts);
        }
        // The CLI always means https; an org on this machine has none.
        let secure = format!("https://{}", host.trim_end_matches('/'));
        let address = Address::parse(&secure).map_err(|_| NotAnAuthUrl::Host)?;
        let login_url = if address.loopback { secure.replacen("https", "http", 1) } else { address.text };
        Ok(SfdxAuthUrl {
            refresh: RefreshToken {
                client_id: client_id.to_owned(),
                client_secret: (!client_secret.is_empty()).then(|| SecretString::from(client_secret)),
                refresh_token: SecretString::from(refresh_token),
                kept: Kept::Elsewhere,
            },
            login_url,
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn parts(text: &str) -> (String, Option<String>, String, String) {
        let url = SfdxAuthUrl::parse(text).unwrap();
        let secret = url.refresh.client_secret.map(|secret| secret.expose_secret().to_owned());
        (url.refresh.client_id, secret, url.refresh.refresh_token.expose_secret().to_owned(), url.login_url)
    }

    #[test]
    fn every_form_is_taken_apart() {
        let at = |secret: Option<&str>, host: &str| {
            ("PlatformCLI".to_owned(), secret.map(str::to_owned), "5Aep_x.y".to_owned(), host.to_owned())
        };
        let acme = "https://acme.my.salesforce.com";
        assert_eq!(parts("force://PlatformCLI::5Aep_x.y@acme.my.salesforce.com\n"), at(None, acme));
        assert_eq!(
            parts("force://PlatformCLI:s3cret:5Aep_x.y@acme.my.salesforce.com"),
            at(Some("s3cret"), acme)
        );
        assert_eq!(parts("force://5Aep_x.y@acme.my.salesforce.com/"), at(None, acme));
        assert_eq!(parts("force://PlatformCLI::5Aep_x.y@127.0.0.1:8931"), at(None, "http://127.0.0.1:8931"));
    }

    #[test]
    fn anything_else_is_refused_without_being_shown() {
        for (text, problem) in [
            ("", NotAnAuthUrl::Scheme),
            ("https://a:b:canary@acme.my.salesforce.com", NotAnAuthUrl::Scheme),
            ("force://a:b:canary", NotAnAuthUrl::Host),
            ("force://a:b:canary@", NotAnAuthUrl::Host),
            ("force://a:b:canary@acme.my.salesforce.com/path", NotAnAuthUrl::Host),
            ("force://a:canary@acme.my.salesforce.com", NotAnAuthUrl::Parts),
            ("force://a:b:@acme.my.salesforce.com", NotAnAuthUrl::Parts),
            ("[REDACTED] Use 'sf org auth show-sfdx-auth-url' to view", NotAnAuthUrl::Hidden),
        ] {
            let error = SfdxAuthUrl::parse(text).unwrap_err();
            assert_eq!(error, problem, "{text}");
            assert!(!error.to_string().contains("canary"));
        }
    }
}
