//! Token exchange. On the platform an Apex handler decides about it, and this org runs no Apex; what needs none, the
//! asset token, it does (OA-8).

use super::keys::Jwt;
use super::{Ask, Granted, Refused, issue};
use crate::simulator::people;
use crate::simulator::state::State;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

pub(super) fn run(state: &mut State, ask: &Ask) -> Result<Granted, Refused> {
    let required = |name: &str| {
        ask.get(name)
            .ok_or_else(|| Refused::new("invalid_request", format!("missing required parameter: {name}")))
    };
    let (subject, kind) = (required("subject_token")?, required("subject_token_type")?);
    let now = state.holdings.clock.now();
    if kind == ACCESS_TOKEN {
        let session = state.sessions.get(subject).filter(|session| !session.is_over(now));
        let session = session.cloned().ok_or_else(|| Refused::grant("expired access/refresh token"))?;
        // The asset token flow names no client: the app is the one that the access token was issued to.
        let key = session.app.as_ref().map(|app| app.consumer_key.clone());
        let key = ask.client_id.clone().or(key).ok_or_else(Refused::unknown_client)?;
        let client = ask.unblocked(state, &key)?;
        if client.asset.is_some() {
            let person = people::with_id(&state.identity, &session.user_id);
            let about = ask.get("actor_token").and_then(Jwt::read).map(|actor| actor.claims);
            let about = about.unwrap_or_default();
            let answer = issue::asset_token(state, &client, &person, ask.base, &about)?;
            return Ok(Granted { answer, user_id: person.id, app_name: client.name });
        }
    }
    let client = ask.proven_client(state, |client| client.secret_for_exchange)?;
    if !client.token_exchange {
        return Err(Refused::grant_type());
    }
    Err(Refused::new(
        "invalid_request",
        "a token exchange needs an Apex handler, and the local org runs no Apex (rehearsal wording)",
    ))
}
