//! Whether the login servers know an app and send answers where they should: what is asked of the authorize endpoint,
//! and what its answers mean. Nobody logs in.

use super::wired::listed;
use super::{Check, apps, beside, key_path, lines, wanted_text};
use crate::component::ComponentId;
use crate::reference::Observed;
use crate::resolve::Desired;

const ID: &str = "authorize-probe";
const FACTS: &[&str] = &["OA-2", "OA-20", "OA-22", "CA-90"];

/// One request to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub component: ComponentId,
    pub client_id: String,
    pub redirect_uri: String,
    /// The lines that the app has in the org.
    pub held: Vec<String>,
}

/// What the endpoint said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It wants somebody to log in.
    Login,
    Refused {
        error: String,
        description: String,
    },
    /// Neither of the two.
    Unclear(u16),
}

/// What to ask, and what cannot be asked with its reason.
pub fn asks(desired: &Desired, observed: &Observed) -> (Vec<Ask>, Vec<Check>) {
    let (mut asks, mut unasked) = (Vec::new(), Vec::new());
    for app in apps(desired, observed) {
        let id = &app.wanted.id;
        let Some(key) = app.key() else {
            let check = Check::new(ID, FACTS, id, "do the login servers know it?");
            unasked.push(check.skipped("the org does not tell its consumer key"));
            continue;
        };
        let held: Vec<String> = app.callbacks().into_iter().map(str::to_owned).collect();
        let callback = key_path(id).map(|key| beside(key, "callbackUrl"));
        let wanted = callback.and_then(|path| wanted_text(app.wanted, &path, observed)).unwrap_or_default();
        let mut uris: Vec<String> = lines(&wanted).into_iter().map(str::to_owned).collect();
        uris.extend(held.iter().filter(|line| !lines(&wanted).contains(&line.as_str())).cloned());
        asks.extend(uris.into_iter().map(|redirect_uri| Ask {
            component: id.clone(),
            client_id: key.to_owned(),
            redirect_uri,
            held: held.clone(),
        }));
    }
    (asks, unasked)
}

/// Errors that the endpoint shows on a page of its own, or sends along in an address (OA-2, section 6.3).
const ERRORS: [&str; 14] = [
    "invalid_client_id",
    "invalid_client",
    "redirect_uri_mismatch",
    "unsupported_response_type",
    "invalid_request",
    "invalid_scope",
    "invalid_grant",
    "invalid_app_access",
    "inactive_org",
    "rate_limit_exceeded",
    "server_error",
    "OAUTH_APP_BLOCKED",
    "OAUTH_APP_ACCESS_DENIED",
    "OAUTH_APPROVAL_ERROR_GENERIC",
];

/// Reads an answer: status, `Location` and page.
pub fn read(status: u16, location: Option<&str>, page: &str) -> Answer {
    for text in [location.unwrap_or_default(), page] {
        if let Some(refused) = refused(text) {
            return refused;
        }
    }
    match status {
        // A page to log in at, or the way to one: at the org, or wherever people of this org log in.
        200 => Answer::Login,
        300..400 if location.is_some() => Answer::Login,
        other => Answer::Unclear(other),
    }
}

fn refused(text: &str) -> Option<Answer> {
    let text = text.replace("&amp;", "&");
    let (_, after) = text.split_once("error=")?;
    let error = *ERRORS.iter().find(|error| {
        let rest = after.strip_prefix(**error);
        rest.is_some_and(|rest| {
            !rest.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_')
        })
    })?;
    let described = after.split_once("error_description=").map_or("", |(_, rest)| rest);
    let end = described.find(['&', '<', '"', '\'', '\n']).unwrap_or(described.len());
    let description = decoded(described[..end].trim());
    Some(Answer::Refused { error: error.to_owned(), description })
}

/// As in a query: `%20` and `+` are spaces.
fn decoded(text: &str) -> String {
    let pairs = format!("d={text}");
    form_urlencoded::parse(pairs.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

impl Ask {
    /// Why asking a little later may be answered otherwise: a new app is not known yet, or a line that the app has is
    /// not (CA-90), or nobody has time.
    pub fn may_change(&self, answer: &Answer) -> Option<&'static str> {
        const ON_ITS_WAY: &str = "has not reached the login servers";
        match answer {
            Answer::Login => None,
            Answer::Unclear(420 | 429 | 502..=504) => Some("is not answered: the login servers are busy"),
            Answer::Unclear(_) => None,
            Answer::Refused { error, .. } => match error.as_str() {
                "invalid_client_id" => Some(ON_ITS_WAY),
                "redirect_uri_mismatch" => self.held.contains(&self.redirect_uri).then_some(ON_ITS_WAY),
                _ => None,
            },
        }
    }

    pub fn judge(&self, answer: &Answer) -> Check {
        let asked = format!("do logins come back to {}?", self.redirect_uri);
        let check = Check::new(ID, FACTS, &self.component, &asked);
        let (error, description) = match answer {
            Answer::Login => return check.passed("the login servers know the app and ask for a login"),
            Answer::Unclear(status) => {
                let found = format!("status {status}, neither a login nor a refusal");
                return check.failed(found).help("look at the authorize endpoint with a browser");
            }
            Answer::Refused { error, description } => (error.as_str(), description),
        };
        let held: Vec<&str> = self.held.iter().map(String::as_str).collect();
        match error {
            "invalid_client_id" => check.failed(format!("unknown client id ({error}: {description})")).help(
                "the login servers learn of a new app within about ten minutes: orgwire verify --wait 10",
            ),
            "redirect_uri_mismatch" if held.contains(&self.redirect_uri.as_str()) => check
                .failed(format!("redirect refused ({error}), and the app has this line"))
                .help("the change is still on its way to the login servers: orgwire verify --wait 10"),
            "redirect_uri_mismatch" => check
                .failed(format!(
                    "redirect refused: expected {}, app has {}",
                    self.redirect_uri,
                    listed(&held)
                ))
                .help("the callback was not wired: orgwire deploy"),
            "OAUTH_APP_BLOCKED" | "OAUTH_APP_ACCESS_DENIED" => check
                .failed(format!("the app is blocked ({error}: {description})"))
                .help("Setup > Connected Apps OAuth Usage: unblock it"),
            _ => check
                .failed(format!("{error}: {description}"))
                .help(format!("orgwire explain --org-errors says more about {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_found_in_pages_and_in_addresses() {
        let refused = |error: &str, description: &str| Answer::Refused {
            error: error.to_owned(),
            description: description.to_owned(),
        };
        let page = "<p>error=invalid_client_id&amp;error_description=client identifier invalid</p>";
        assert_eq!(read(400, None, page), refused("invalid_client_id", "client identifier invalid"));
        let location =
            "https://a.example/?error=OAUTH_APP_BLOCKED&error_description=this+app%20is+blocked&state=x";
        assert_eq!(read(302, Some(location), ""), refused("OAUTH_APP_BLOCKED", "this app is blocked"));
        assert_eq!(read(302, Some("https://acme.my.salesforce.com/?ec=302"), ""), Answer::Login);
        assert_eq!(read(200, None, "<script>if (error=invalid) {}</script>"), Answer::Login);
        assert_eq!(read(503, None, ""), Answer::Unclear(503));
    }

    #[test]
    fn only_what_may_be_on_its_way_is_waited_for() {
        let wanted = ComponentId::new(crate::component::type_with_key("connected-app").unwrap(), "Orders");
        let ask = |held: &str| Ask {
            component: wanted.clone(),
            client_id: "key".to_owned(),
            redirect_uri: "https://a.example/cb".to_owned(),
            held: vec![held.to_owned()],
        };
        let refused = |error: &str| Answer::Refused { error: error.to_owned(), description: String::new() };
        let mismatch = refused("redirect_uri_mismatch");
        let (wired, unwired) = (ask("https://a.example/cb"), ask("https://b.example/cb"));
        assert!(wired.may_change(&mismatch).is_some() && unwired.may_change(&mismatch).is_none());
        assert!(unwired.may_change(&refused("invalid_client_id")).is_some());
        assert!(wired.may_change(&refused("OAUTH_APP_BLOCKED")).is_none());
        assert!(wired.may_change(&Answer::Login).is_none());
        let found = unwired.judge(&mismatch).found;
        assert_eq!(found, "redirect refused: expected https://a.example/cb, app has https://b.example/cb");
        assert_eq!(
            wired.judge(&refused("OAUTH_APP_BLOCKED")).found,
            "the app is blocked (OAUTH_APP_BLOCKED: )"
        );
    }
}
