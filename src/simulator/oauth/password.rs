//! The username-password flow: on its way out of the platform, and off in young orgs (OA-6, SE-21).

use super::issue::{Issue, Presence, issue};
use super::{Ask, Granted, Refused};
use crate::simulator::people;
use crate::simulator::rules::flag;
use crate::simulator::state::State;

pub(super) fn run(state: &mut State, ask: &Ask) -> Result<Granted, Refused> {
    let client = ask.proven_client(state, |_| true)?;
    if client.is_external {
        return Err(Refused::grant_type()); // EC-17
    }
    let failed = || Refused::grant("authentication failure"); // OA-29
    let (username, password) =
        (ask.get("username").unwrap_or_default(), ask.get("password").unwrap_or_default());
    let known = people::of(&state.identity).into_iter().find(|person| person.has_username(username));
    let known = known.ok_or_else(failed)?;
    let settings = state.holdings.get("OauthOidcSettings", "OauthOidc");
    if settings.is_some_and(|settings| flag(&settings.fields, "blockOAuthUnPwFlow") == Some(true)) {
        return Err(failed().by(&known).noted_as("Username-Password Flow Disabled"));
    }
    let person = people::log_in(&state.identity, username, password)
        .ok_or_else(|| failed().by(&known).noted_as("Invalid Password"))?;
    if state.setup.is_inactive(&person) {
        return Err(failed().by(&person)); // OA-29
    }
    if !client.is_approved_for(state, &person) {
        return Err(not_approved().by(&person));
    }
    let scopes = client.grant(ask.get("scope")).ok_or_else(|| scope_not_allowed().by(&person))?;
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

/// OA-34
pub(super) fn not_approved() -> Refused {
    Refused::new("invalid_app_access", "user is not admin approved to access this app")
}

/// OA-39
pub(super) fn scope_not_allowed() -> Refused {
    Refused::new("invalid_scope", "the requested scope is not allowed")
}
