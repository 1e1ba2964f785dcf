//! What an org, or something in its place, has answered: finds the words of a refusal in it, and describes what is
//! no answer at all.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use super::error::{Misfit, Refusal};
use super::request::Wanted;
use super::soap::{self, NoResult};
use super::token::Hidden;

/// Characters of a body that are shown.
const EXCERPT: usize = 100;

/// An answer as it came.
pub(super) struct Answer {
    pub status: StatusCode,
    pub html: bool,
    pub retry_after: Option<Duration>,
    pub location: Option<String>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Something between us and the org is overloaded, or the org is away for a while.
    pub fn is_busy(&self) -> bool {
        matches!(self.status.as_u16(), 420 | 429 | 502..=504)
    }

    /// The code and message of a refusal, in any of the forms that orgs use.
    pub fn refusal(&self, wanted: Wanted, hidden: &Hidden) -> Option<Refusal> {
        let status = self.status.as_u16();
        let refusal = |code: &str, message: &str| {
            Some(Refusal { status, code: hidden.scrub(code), message: hidden.scrub(message) })
        };
        let text = std::str::from_utf8(&self.body).ok()?.trim();
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            let first = if let Value::Array(all) = &value { all.first()? } else { &value };
            let part = |name: &str| first.get(name).and_then(Value::as_str);
            return match (part("errorCode").or(part("error")), part("message").or(part("error_description")))
            {
                (Some(code), message) => refusal(code, message.unwrap_or("(no message)")),
                (None, Some(message)) => refusal(&format!("HTTP {status}"), message),
                (None, None) => None,
            };
        }
        if wanted == Wanted::Xml
            && let Err(NoResult::Fault { code, message }) = soap::response(text)
        {
            return refusal(&code, &message);
        }
        // The one refusal that is a bare word.
        if text.ends_with("_OAuth_Token") && text.len() < 40 {
            return refusal(text, "the token is not taken here");
        }
        if self.status == StatusCode::UNAUTHORIZED {
            return refusal("HTTP 401", &excerpt(&self.body, hidden));
        }
        None
    }

    /// Says what came instead of what was wanted.
    pub fn misfit(&self, wanted: Wanted, hidden: &Hidden) -> Misfit {
        let status = self.status.as_u16();
        let excerpt = excerpt(&self.body, hidden);
        let start = excerpt.to_ascii_lowercase();
        if excerpt.is_empty() {
            Misfit::Empty { status, wanted: wanted.name() }
        } else if self.html || start.starts_with("<!doctype html") || start.starts_with("<html") {
            Misfit::Page { status, excerpt }
        } else {
            Misfit::Other { status, wanted: wanted.name(), excerpt }
        }
    }
}

/// The first characters of a body, in one line. Secrets are taken out first, so that no half of one stays.
fn excerpt(body: &[u8], hidden: &Hidden) -> String {
    let start = &body[..body.len().min(16 << 10)];
    let text = hidden.scrub(&String::from_utf8_lossy(start));
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
