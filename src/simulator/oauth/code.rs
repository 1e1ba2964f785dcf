//! The second half of the web server flow: an authorization code becomes an approval and a session.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;

use super::client::{Client, wants_refresh};
use super::issue::{Issue, Presence, issue};
use super::memory::{self, Approval, CODE_MINUTES};
use super::{Ask, Granted, Refused};
use crate::simulator::ids;
use crate::simulator::people::{self, Person};
use crate::simulator::session::is_same;
use crate::simulator::state::State;

pub(super) fn redeem(state: &mut State, ask: &Ask) -> Result<Granted, Refused> {
    let client = ask.proven_client(state, |client| !client.secret_optional)?; // CA-67
    let given = ask.get("code").unwrap_or_default();
    let now = state.holdings.clock.now();
    let found = state
        .oauth
        .codes
        .iter()
        .find(|code| code.consumer_key == client.consumer_key && is_same(&code.code, given));
    let code = found.cloned().ok_or_else(|| Refused::grant("invalid authorization code"))?; // OA-31
    let person = people::with_id(&state.identity, &code.user_id);
    if let Some(approval) = &code.spent {
        memory::revoke(state, approval); // RFC 6749, 4.1.2: somebody has a copy
        return Err(Refused::grant("invalid authorization code").by(&person));
    }
    if code.made.minutes_after(CODE_MINUTES) <= now {
        return Err(Refused::grant("expired authorization code").by(&person));
    }
    // OA-22
    if ask.get("redirect_uri") != Some(code.redirect_uri.as_str()) {
        let mismatch = Refused::new("redirect_uri_mismatch", "redirect_uri must match configuration");
        return Err(mismatch.by(&person));
    }
    if let Some(challenge) = &code.challenge {
        let hash = digest::digest(&digest::SHA256, ask.get("code_verifier").unwrap_or_default().as_bytes());
        if !is_same(challenge.trim_end_matches('='), &URL_SAFE_NO_PAD.encode(hash)) {
            return Err(Refused::grant("invalid code verifier").by(&person)); // OA-42
        }
    }
    let (answer, approval) = enter(state, ask, &client, &person, &code.scopes, code.nonce.clone())?;
    if let Some(code) = state.oauth.codes.iter_mut().find(|other| is_same(&other.code, given)) {
        code.spent = Some(approval);
    }
    Ok(Granted { answer, user_id: person.id, app_name: client.name })
}

/// The person has let the app in: an approval, and a session that rests on it.
pub(super) fn enter(
    state: &mut State,
    ask: &Ask,
    client: &Client,
    person: &Person,
    scopes: &[String],
    nonce: Option<String>,
) -> Result<(serde_json::Value, String), Refused> {
    let server = |error: io::Error| Refused::server(&error);
    let refresh_token = wants_refresh(scopes).then(refresh_token).transpose().map_err(server)?;
    let now = state.holdings.clock.now();
    let id = memory::new_id(state, "0CQ");
    let approval = Approval {
        id: id.clone(),
        consumer_key: client.consumer_key.clone(),
        app_name: client.name.clone(),
        user_id: person.id.clone(),
        scopes: scopes.to_vec(),
        refresh_token: refresh_token.clone(),
        voided: Vec::new(),
        delete_token: ids::letters_and_digits(40).map_err(server)?,
        created: now,
        used: now,
        uses: 1,
    };
    let answer = issue(
        state,
        &Issue {
            client,
            person,
            scopes,
            approval: Some(id.clone()),
            refresh_token,
            nonce,
            presence: Presence::Asked,
            always_enforces_ip: false,
            refreshes: false,
            ip: ask.ip,
            base: ask.base,
            is_signed: true,
        },
    );
    let answer = answer.map_err(|refused| refused.by(person))?;
    memory::approve(state, approval);
    Ok((answer, id))
}

/// A refresh token as the platform makes them: `5Aep861` and some eighty characters.
pub(super) fn refresh_token() -> io::Result<String> {
    Ok(format!("5Aep861{}", ids::letters_and_digits(80)?))
}
