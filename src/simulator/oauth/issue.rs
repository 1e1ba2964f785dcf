//! Makes tokens: the last step of every flow, and the rules that all of them share.

use std::io;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::{Refused, foreign, keys};
use crate::component::{Fields, Scalar};
use crate::simulator::ids;
use crate::simulator::people::Person;
use crate::simulator::rules::text;
use crate::simulator::session::{self, Form, Lasts, Level, Session, SessionApp};
use crate::simulator::state::State;

/// Whether a person sits in front of it: only then can anybody be asked for more (CA-69).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Asked,
    Absent,
}

/// What a flow has found out.
pub(super) struct Issue<'a> {
    pub client: &'a Client,
    pub person: &'a Person,
    pub scopes: &'a [String],
    pub approval: Option<String>,
    pub refresh_token: Option<String>,
    pub nonce: Option<String>,
    pub presence: Presence,
    /// CA-42: JWT bearer enforces login ranges whatever the app says.
    pub always_enforces_ip: bool,
    pub refreshes: bool,
    pub ip: IpAddr,
    pub base: &'a str,
    /// OA-5: assertion flows answer without a signature.
    pub is_signed: bool,
}

/// Opens the session and words the answer (6.2).
pub(super) fn issue(state: &mut State, issue: &Issue) -> Result<Value, Refused> {
    if state.setup.is_inactive(issue.person) {
        return Err(Refused::inactive_user());
    }
    if !foreign::admits(state, issue.client, issue.person) {
        return Err(Refused::not_installed());
    }
    check_ip(state, issue)?;
    let level = check_level(state, issue)?;
    let now = state.holdings.clock.now();
    if !state.oauth.rates.take(&issue.person.id, now) {
        return Err(Refused::too_many_logins());
    }
    let client = issue.client;
    let idle = client.session_minutes.unwrap_or_else(|| session::idle_minutes(state, issue.person)); // OA-11
    let id = format!("{}/id/{}/{}", issue.base, state.identity.organization_id, issue.person.id);
    let (token, form, lasts) = if client.jwt_tokens {
        let minutes = client.jwt_minutes.unwrap_or(idle);
        let token = jwt_access_token(state, issue, minutes).map_err(|error| Refused::server(&error))?;
        (token, Form::Jwt, Lasts::Fixed(minutes))
    } else {
        let token =
            ids::access_token(&state.identity.organization_id).map_err(|error| Refused::server(&error))?;
        (token, Form::Opaque, Lasts::Idle(idle))
    };
    state.sessions.open(Session {
        token: token.clone(),
        user_id: issue.person.id.clone(),
        app: Some(SessionApp {
            id: client.id.clone(),
            consumer_key: client.consumer_key.clone(),
            approval: issue.approval.clone(),
            is_foreign: client.is_foreign,
        }),
        scopes: issue.scopes.to_vec(),
        opened: now,
        used: now,
        lasts,
        form,
        ip: issue.ip,
        level,
    });
    let issued_at = now.milliseconds().to_string();
    let mut answer = Map::new();
    answer.insert("access_token".to_owned(), token.into());
    if let Some(refresh_token) = &issue.refresh_token {
        answer.insert("refresh_token".to_owned(), refresh_token.clone().into());
    }
    if issue.is_signed {
        let key = hmac::Key::new(hmac::HMAC_SHA256, client.consumer_secret.as_bytes());
        let signature = hmac::sign(&key, format!("{id}{issued_at}").as_bytes());
        answer.insert("signature".to_owned(), STANDARD.encode(signature).into());
    }
    answer.insert("scope".to_owned(), issue.scopes.join(" ").into());
    if issue.scopes.iter().any(|scope| scope == "openid") {
        let token = id_token(state, issue, &id).map_err(|error| Refused::server(&error))?;
        answer.insert("id_token".to_owned(), token.into());
    }
    answer.insert("instance_url".to_owned(), issue.base.into());
    answer.insert("id".to_owned(), id.into());
    answer.insert("token_type".to_owned(), "Bearer".into());
    if issue.is_signed {
        answer.insert("issued_at".to_owned(), issued_at.into());
    }
    if form == Form::Jwt {
        answer.insert("token_format".to_owned(), "jwt".into());
        answer.insert("api_instance_url".to_owned(), "https://api.salesforce.com".into());
    }
    Ok(Value::Object(answer))
}

/// OA-23, CA-41: the login ranges of the profile, unless the app relaxes them.
fn check_ip(state: &State, issue: &Issue) -> Result<(), Refused> {
    let relaxed = issue.client.relaxes_ip || issue.refreshes && issue.client.relaxes_ip_for_refresh;
    if relaxed && !issue.always_enforces_ip {
        return Ok(());
    }
    if session::is_in_login_ranges(state, issue.person, issue.ip) {
        Ok(())
    } else {
        Err(Refused::grant("ip restricted").noted_as("Restricted IP"))
    }
}

/// CA-69, SE-41: where High Assurance is required, only a flow with a person in front of it can go on.
fn check_level(state: &State, issue: &Issue) -> Result<Level, Refused> {
    let mut settings = state.holdings.of_type("ProfileSessionSetting").map(|(_, setting)| &setting.fields);
    let of_person = |fields: &&Fields<Scalar>| {
        text(fields, "profile").is_some_and(|name| issue.person.profile.is_called(name))
    };
    let by_profile = settings.find(of_person).and_then(|fields| text(fields, "requiredSessionLevel"))
        == Some("HIGH_ASSURANCE");
    let by_app = issue.client.high_assurance;
    if !by_profile && !by_app {
        return Ok(Level::Standard);
    }
    if issue.presence == Presence::Absent || by_app && issue.client.blocks {
        return Err(Refused::grant("session security level is too low (rehearsal wording, CA-69)"));
    }
    Ok(Level::HighAssurance)
}

fn signing_key(state: &State) -> io::Result<&str> {
    state.oauth.signing_key.as_deref().ok_or_else(|| io::Error::other("the org has no key yet"))
}

/// 6.2; the values of `tnk`, `sfi` and `hsc` follow published samples.
fn jwt_access_token(state: &State, issue: &Issue, minutes: i64) -> io::Result<String> {
    let now = state.holdings.clock.now().milliseconds() / 1000;
    let organization = &state.identity.organization_id;
    let header = json!({
        "tnk": format!("core/prod/{organization}"), "ver": "1.0", "kid": key_id(state), "tty": "sfdc-core-token",
        "typ": "JWT", "alg": "RS256",
    });
    let claims = json!({
        "scp": issue.scopes.join(" "), "aud": [issue.base], "sub": format!("uid:{}", issue.person.id),
        "nbf": now, "mty": "oauth", "sfi": ids::letters_and_digits(32)?, "roles": [], "iss": issue.base,
        "hsc": false, "exp": now + minutes * 60, "iat": now, "client_id": issue.client.consumer_key,
    });
    keys::sign(signing_key(state)?, &header, &claims)
}

/// The name of the org's key, in tokens and where it is published.
pub(super) fn key_id(state: &State) -> String {
    let organization = ids::short(&state.identity.organization_id);
    format!("CORE_ATJWT.{organization}.{}", state.identity.created.milliseconds())
}

fn id_token(state: &State, issue: &Issue, subject: &str) -> io::Result<String> {
    let now = state.holdings.clock.now().milliseconds() / 1000;
    let mut claims = json!({
        "iss": issue.base, "sub": subject, "aud": issue.client.consumer_key, "iat": now,
        "exp": now + issue.client.id_token_minutes * 60,
    });
    if let Some(nonce) = &issue.nonce {
        claims["nonce"] = nonce.as_str().into();
    }
    keys::sign(signing_key(state)?, &json!({ "kid": key_id(state), "typ": "JWT", "alg": "RS256" }), &claims)
}

/// OA-8: a token about an asset, which no door of the org opens to.
pub(super) fn asset_token(
    state: &State,
    client: &Client,
    person: &Person,
    base: &str,
    about: &Value,
) -> Result<Value, Refused> {
    let Some((seconds, audiences)) = &client.asset else {
        return Err(Refused::new(
            "invalid_request",
            "no asset token is set up for this app (rehearsal wording, CA-68)",
        ));
    };
    let now = state.holdings.clock.now().milliseconds() / 1000;
    let claims = json!({
        "iss": base, "sub": format!("uid:{}", person.id), "aud": audiences.split([',', ' ']).collect::<Vec<_>>(),
        "iat": now, "exp": now + seconds, "did": about.get("did"), "Name": about.get("Name"),
    });
    let header = json!({ "kid": key_id(state), "typ": "JWT", "alg": "RS256" });
    let token = signing_key(state)
        .and_then(|key| keys::sign(key, &header, &claims))
        .map_err(|error| Refused::server(&error))?;
    Ok(json!({
        "access_token": token, "issued_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_type": "Bearer",
        "expires_in": seconds,
    }))
}
