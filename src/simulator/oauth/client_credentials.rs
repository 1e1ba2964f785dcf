//! Client credentials: the app itself logs in, and acts as its Run As user (OA-3, OA-4).

use super::issue::{Issue, Presence, issue};
use super::{Ask, Granted, Refused};
use crate::simulator::people;
use crate::simulator::state::State;

/// What a program without a person cannot have (OA-4).
const NOT_WITHOUT_A_PERSON: [&str; 4] = ["full", "web", "refresh_token", "offline_access"];

pub(super) fn run(state: &mut State, ask: &Ask) -> Result<Granted, Refused> {
    if ask.at_login_host {
        return Err(Refused::wrong_domain());
    }
    let client = ask.proven_client(state, |_| true)?;
    if !client.client_credentials {
        return Err(Refused::grant("client credentials flow not enabled")); // OA-25
    }
    if ask.get("scope").is_some() {
        return Err(Refused::new("invalid_request", "scope parameter not supported")); // OA-28
    }
    let nobody = || Refused::grant("no client credentials user enabled"); // OA-24
    let username = client.run_as.as_deref().ok_or_else(nobody)?;
    // CA-56: the list of permitted users does not count here
    let person = people::of(&state.identity).into_iter().find(|person| person.has_username(username));
    let person = person.ok_or_else(nobody)?;
    let scopes: Vec<String> = client
        .scopes
        .iter()
        .filter(|scope| !NOT_WITHOUT_A_PERSON.contains(&scope.as_str()))
        .cloned()
        .collect();
    if scopes.is_empty() {
        return Err(Refused::grant("no valid scopes defined").by(&person)); // OA-26, CA-37
    }
    let answer = issue(
        state,
        &Issue {
            client: &client,
            person: &person,
            scopes: &scopes,
            approval: None,
            refresh_token: None,
            nonce: None,
            presence: Presence::Absent,
            always_enforces_ip: false,
            refreshes: false,
            ip: ask.ip,
            base: ask.base,
            is_signed: true,
        },
    );
    let answer = answer.map_err(|refused| refused.by(&person))?;
    Ok(Granted { answer, user_id: person.id, app_name: client.name })
}
