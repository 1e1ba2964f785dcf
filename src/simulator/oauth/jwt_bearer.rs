//! JWT bearer: a program signs for a user, with the key whose certificate the app holds (OA-5).

use serde_json::Value;

use super::issue::{Issue, Presence, issue};
use super::keys::Jwt;
use super::password::{not_approved, scope_not_allowed};
use super::{Ask, Granted, Refused, foreign};
use crate::simulator::clock::Moment;
use crate::simulator::nature::Nature;
use crate::simulator::people;
use crate::simulator::state::State;

/// How far a client's clock may be behind (protocol, 3.2: clients send odd times, and orgs take them).
const SLACK: i64 = 5 * 60;

pub(super) fn run(state: &mut State, ask: &Ask) -> Result<Granted, Refused> {
    let invalid = || Refused::grant("invalid assertion");
    let assertion = ask.get("assertion").and_then(Jwt::read).ok_or_else(invalid)?;
    let issuer = assertion.claim("iss").ok_or_else(invalid)?;
    let client = ask.unblocked(state, issuer)?;
    let certificate = client.certificate.as_deref().ok_or_else(invalid)?;
    if !assertion.is_signed_by(certificate) {
        return Err(invalid());
    }
    if !is_audience(assertion.claims.get("aud"), ask.base, login_host(state.nature)) {
        return Err(Refused::grant("audience is invalid")); // OA-33
    }
    if !assertion.claims.get("exp").and_then(seconds).is_some_and(|end| {
        // what a client signs goes by real time, wherever the org's clock stands
        end + SLACK > Moment::now().milliseconds() / 1000
    }) {
        return Err(invalid());
    }
    let unapproved = || Refused::grant("user hasn't approved this consumer"); // OA-32
    let username = assertion.claim("sub").or_else(|| assertion.claim("prn")).ok_or_else(unapproved)?;
    let person = people::of(&state.identity).into_iter().find(|person| person.has_username(username));
    let person = person.ok_or_else(unapproved)?;
    if state.setup.is_inactive(&person) {
        return Err(Refused::inactive_user().by(&person)); // before approvals, which ended with the user
    }
    if !foreign::admits(state, &client, &person) {
        return Err(Refused::not_installed().by(&person)); // before approvals, which nobody can give
    }
    if client.admin_approved && !client.is_approved_for(state, &person) {
        return Err(not_approved().by(&person));
    }
    let approval = state.oauth.approval_of(&client.consumer_key, &person.id);
    if !client.admin_approved && approval.is_none() {
        return Err(unapproved().by(&person));
    }
    let approval = approval.map(|approval| approval.id.clone());
    let scopes = client.grant(ask.get("scope")).ok_or_else(|| scope_not_allowed().by(&person))?;
    let answer = issue(
        state,
        &Issue {
            client: &client,
            person: &person,
            scopes: &scopes,
            approval,
            refresh_token: None,
            nonce: None,
            presence: Presence::Absent,
            always_enforces_ip: true,
            refreshes: false,
            ip: ask.ip,
            base: ask.base,
            is_signed: false,
        },
    );
    let answer = answer.map_err(|refused| refused.by(&person))?;
    Ok(Granted { answer, user_id: person.id, app_name: client.name })
}

/// Sandboxes have one of their own (OA-5, OA-33).
fn login_host(nature: Nature) -> &'static str {
    if nature.sandbox { "https://test.salesforce.com" } else { "https://login.salesforce.com" }
}

/// The login host of such orgs, or this org under any name of this machine; with the token endpoint's path, as
/// ForceCLI has it, or without.
fn is_audience(audience: Option<&Value>, base: &str, login_host: &str) -> bool {
    let port = base.rsplit(':').next().unwrap_or_default();
    let local = ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{port}"));
    let matches = |audience: &str| {
        let audience = audience.trim_end_matches('/').trim_end_matches("/services/oauth2/token");
        let audience = audience.trim_end_matches('/');
        audience == login_host || audience == base || local.iter().any(|local| local == audience)
    };
    match audience {
        Some(Value::String(text)) => matches(text),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).any(matches),
        _ => false,
    }
}

/// A time in seconds: sf writes milliseconds, simple-salesforce a string.
fn seconds(value: &Value) -> Option<i64> {
    const MILLISECONDS_FROM: f64 = 1e11;
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    let number = if number >= MILLISECONDS_FROM { number / 1000.0 } else { number };
    number.is_finite().then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn audiences_are_the_login_host_and_this_org() {
        let base = "http://127.0.0.1:8931";
        let production = login_host(Nature { production: true, ..Nature::default() });
        for good in [
            "https://login.salesforce.com",
            "https://login.salesforce.com/",
            "https://login.salesforce.com/services/oauth2/token",
            "http://127.0.0.1:8931",
            "http://localhost:8931/",
        ] {
            assert!(is_audience(Some(&json!(good)), base, production), "{good}");
        }
        for bad in ["https://test.salesforce.com", "http://127.0.0.1:1", ""] {
            assert!(!is_audience(Some(&json!(bad)), base, production), "{bad}");
        }
        assert!(!is_audience(None, base, production));
    }

    #[test]
    fn sandboxes_have_a_login_host_of_their_own() {
        let sandbox = login_host(Nature { sandbox: true, ..Nature::default() });
        let base = "http://127.0.0.1:8931";
        let is_meant = |audience: &str| is_audience(Some(&json!(audience)), base, sandbox);
        assert!(is_meant("https://test.salesforce.com/services/oauth2/token") && is_meant(base));
        assert!(!is_meant("https://login.salesforce.com"));
    }

    #[test]
    fn times_come_as_clients_write_them() {
        assert_eq!(seconds(&json!(1_767_225_600)), Some(1_767_225_600));
        assert_eq!(seconds(&json!(1_767_225_600_000_i64)), Some(1_767_225_600));
        assert_eq!(seconds(&json!("1767225600")), Some(1_767_225_600));
        assert_eq!(seconds(&json!("soon")), None);
    }
}
