//! The client credentials flow, tried: which apps can be, and what a token has to be like. The token itself is looked at
//! here and kept by nobody.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{App, Check, apps, beside, family, key_path};
use crate::component::{ComponentId, FieldPath, Kind, Scalar, Tree, type_named};
use crate::reference::Observed;
use crate::resolve::{Desired, Wanted};
use crate::secret::SecretSource;

const ID: &str = "client-credentials-token";
const FACTS: &[&str] = &["OA-3", "OA-4"];
const ASKED: &str = "does it get a token?";

/// Scopes that nobody gets without a person (OA-4).
const NOT_WITHOUT_A_PERSON: [&str; 4] = ["full", "web", "refresh_token", "offline_access"];

/// An app that can ask for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    pub component: ComponentId,
    pub client_id: String,
    pub secret: SecretSource,
    /// It gets a JWT.
    pub is_jwt: bool,
    /// How long that is to live at most, where metadata says so.
    pub minutes: Option<i64>,
    /// OAuth names of the scopes that the token is to have, sorted.
    pub scopes: Vec<String>,
}

/// What to try, and what cannot be tried with its reason.
pub fn trials(desired: &Desired, observed: &Observed) -> (Vec<Trial>, Vec<Check>) {
    let (mut trials, mut untried) = (Vec::new(), Vec::new());
    // Connected apps and external client apps call it by different names (CA-60, EC-9).
    let has_flow =
        |app: &App<'_>| app.flag("isClientCredentialEnabled") || app.flag("isClientCredentialsFlowEnabled");
    for app in apps(desired, observed).filter(has_flow) {
        match trial(app, observed) {
            Ok(trial) => trials.push(trial),
            Err(why) => untried.push(Check::new(ID, FACTS, &app.wanted.id, ASKED).skipped(why)),
        }
    }
    (trials, untried)
}

fn trial(app: App<'_>, observed: &Observed) -> Result<Trial, &'static str> {
    let client_id = app.key().ok_or("the org does not tell its consumer key")?.to_owned();
    let path = key_path(&app.wanted.id).map(|key| beside(key, "consumerSecret"));
    let wanted = path.and_then(|path| app.wanted.get(&path)?.as_leaf()).map(|leaf| &leaf.wanted);
    let secret = match wanted {
        Some(Wanted::Secret(SecretSource::Generated(_))) => {
            return Err("its secret was generated, and nobody here knows it");
        }
        Some(Wanted::Secret(source)) => source.clone(),
        _ => return Err("the org made its secret, and nobody here knows it"),
    };
    let (component, is_jwt) = (app.wanted.id.clone(), app.flag("isNamedUserJwtEnabled"));
    let (scopes, minutes) = (scopes(app, observed), minutes(app, observed));
    Ok(Trial { component, client_id, secret, is_jwt, minutes, scopes })
}

/// What a token of the app gets without a person (OA-4).
fn scopes(app: App<'_>, observed: &Observed) -> Vec<String> {
    let beside_key = key_path(&app.wanted.id).map(|key| beside(key, "scopes"));
    let written: Vec<&str> = match beside_key.as_ref().and_then(|path| app.held.at(path)) {
        Some(Tree::List(items)) => items.iter().filter_map(text).collect(),
        Some(single) => text(single).into_iter().collect(),
        // One line with all of them (EC-5).
        None => {
            let line = FieldPath::of("commaSeparatedOauthScopes");
            let line = family(app, observed).find_map(|fields| fields.text_at(&line)).unwrap_or_default();
            line.split(',').map(str::trim).collect()
        }
    };
    let names = written.into_iter().filter_map(oauth_name);
    let mut names: Vec<String> =
        names.filter(|name| !NOT_WITHOUT_A_PERSON.contains(&name.as_str())).collect();
    names.sort_unstable();
    names
}

/// The life of its JWTs, if its policies say it (EC-10). Connected apps have no field for it (CA-64).
fn minutes(app: App<'_>, observed: &Observed) -> Option<i64> {
    let timeout = FieldPath::of("namedUserJwtTimeout");
    family(app, observed).find_map(|fields| match fields.at(&timeout)? {
        Tree::Leaf(Scalar::Number(minutes)) => Some(*minutes),
        _ => None,
    })
}

fn text(tree: &Tree<Scalar>) -> Option<&str> {
    match tree {
        Tree::Leaf(Scalar::Text(text)) => Some(text),
        _ => None,
    }
}

/// What OAuth calls a scope of metadata; both kinds of apps have the same (EC-5).
fn oauth_name(scope: &str) -> Option<String> {
    let group = &type_named("ConnectedApp")?.fields;
    let Kind::Group(config) = &group.field("oauthConfig")?.kind else { return None };
    let Kind::Enumeration(scopes) = &config.field("scopes")?.kind else { return None };
    scopes.find(scope)?.aliases.first().cloned()
}

/// What the token endpoint gave.
pub struct Given<'a> {
    pub token: &'a str,
    pub scope: Option<&'a str>,
    /// Of this org.
    pub instance_url: &'a str,
    /// By the org's clock, in seconds since 1970.
    pub now: i64,
    /// The session is over already.
    pub revoked: bool,
}

impl Given<'_> {
    /// How long the token counts from when it was issued, if it tells.
    pub fn minutes(&self) -> Option<i64> {
        claims(self).ok()
    }
}

impl Trial {
    fn check(&self) -> Check {
        Check::new(ID, FACTS, &self.component, ASKED)
    }

    /// The secret cannot be had.
    pub fn without_secret(&self, why: &str) -> Check {
        let check = self.check().skipped(format!("its secret cannot be read: {why}"));
        check.help("set it where this command runs")
    }

    /// The endpoint gave none, and said this.
    pub fn refused(&self, why: &str) -> Check {
        self.check().failed(why).help("orgwire explain --org-errors says more about what the org said")
    }

    /// The token is there and leads to this org.
    pub fn judge(&self, given: &Given<'_>) -> Vec<Check> {
        let check = self.check();
        let mut checks = vec![match given.revoked {
            true => check.passed("a token of this org, revoked again"),
            false => check
                .passed("a token of this org")
                .help("the org did not revoke it; it ends when the app's session policy says"),
        }];
        if self.is_jwt {
            checks.push(self.shape(given));
        }
        checks.extend(self.scope(given));
        checks
    }

    /// OA-12 and section 6.2: three parts, `tty`, audience, lifetime.
    fn shape(&self, given: &Given<'_>) -> Check {
        let check = Check::new("jwt-shape", &["OA-12", "CA-64"], &self.component, "is it a JWT of this org?");
        match claims(given) {
            Ok(minutes) if self.minutes.is_some_and(|most| minutes > most) => check
                .failed(format!(
                    "it lives for {minutes} minutes, and the manifest says {}",
                    self.minutes.unwrap_or(0)
                ))
                .help("deploy the policies again: orgwire deploy"),
            Ok(minutes) => check.passed(format!("for this org, and for {minutes} minutes")),
            Err(problem) => check.failed(problem).help("look at the app's policies in Setup"),
        }
    }

    fn scope(&self, given: &Given<'_>) -> Option<Check> {
        let facts: &[&str] = &["OA-4", "CA-36"];
        let check = Check::new("scopes-granted", facts, &self.component, "has it the app's scopes?");
        let mut granted: Vec<&str> = given.scope?.split_whitespace().collect();
        granted.sort_unstable();
        let missing: Vec<&str> =
            self.scopes.iter().map(String::as_str).filter(|scope| !granted.contains(scope)).collect();
        Some(match missing.is_empty() {
            true => check.passed(granted.join(" ")),
            false => check
                .failed(format!("granted {}, without {}", granted.join(" "), missing.join(" ")))
                .help("changed scopes need about ten minutes to reach the login servers (CA-90)"),
        })
    }
}

/// The minutes that a JWT lives, or what is wrong with it; nothing of it is repeated.
fn claims(given: &Given<'_>) -> Result<i64, String> {
    let parts: Vec<&str> = given.token.split('.').collect();
    let [header, payload, _] = parts.as_slice() else {
        return Err(format!("the token has {} dots, and a JWT has two", parts.len() - 1));
    };
    let read =
        |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let (Some(header), Some(payload)) = (read(header), read(payload)) else {
        return Err("the parts of the token cannot be read".to_owned());
    };
    if header["tty"] != "sfdc-core-token" {
        return Err("its header has no tty `sfdc-core-token`".to_owned());
    }
    let is_here =
        |value: &Value| value.as_str().is_some_and(|url| url.trim_end_matches('/') == given.instance_url);
    let audience = &payload["aud"];
    if !is_here(audience) && !audience.as_array().is_some_and(|all| all.iter().any(is_here)) {
        return Err(format!("it is not for {}", given.instance_url));
    }
    let (Some(from), Some(to)) = (payload["iat"].as_i64(), payload["exp"].as_i64()) else {
        return Err("it does not say how long it lives".to_owned());
    };
    // What Setup offers ends at twelve hours (CA-64).
    if to <= given.now || to - from > 12 * 3600 {
        return Err(format!("it lives for {} s, of which {} s are left", to - from, to - given.now));
    }
    Ok((to - from) / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(header: &str, payload: &str) -> Result<i64, String> {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let token = format!("{}.{}.c2ln", part(header), part(payload));
        let instance_url = "https://acme.my.salesforce.com";
        claims(&Given { token: &token, scope: None, instance_url, now: 1000, revoked: true })
    }

    #[test]
    fn a_jwt_is_for_this_org_and_for_a_while() {
        let header = r#"{"tty":"sfdc-core-token","alg":"RS256"}"#;
        let payload = r#"{"aud":["https://acme.my.salesforce.com"],"iat":900,"exp":2700}"#;
        assert_eq!(judged(header, payload), Ok(30));
        let error = |header: &str, payload: &str| judged(header, payload).unwrap_err();
        assert_eq!(error("{}", payload), "its header has no tty `sfdc-core-token`");
        assert_eq!(
            error(header, r#"{"aud":"https://other.example","iat":900,"exp":2700}"#),
            "it is not for https://acme.my.salesforce.com"
        );
        assert_eq!(
            error(header, &payload.replace("2700", "950")),
            "it lives for 50 s, of which -50 s are left"
        );
        assert_eq!(
            error(header, &payload.replace("\"exp\":2700", "\"x\":1")),
            "it does not say how long it lives"
        );
    }
}
