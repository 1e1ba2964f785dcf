//! Refresh: a session again, as long as the approval lives and the app's policy lets its token be used.

use super::client::{Client, RefreshPolicy};
use super::issue::{Issue, Presence, issue};
use super::memory::{self, Approval};
use super::{Ask, Granted, Refused, code};
use crate::simulator::clock::Moment;
use crate::simulator::people;
use crate::simulator::session::is_same;
use crate::simulator::state::State;

/// Voided tokens that are remembered of an approval, the newest.
const MOST_VOIDED: usize = 100;
/// CA-44
const IDLE_LIMIT: i64 = 30 * 24 * 3_600_000;

pub(super) fn run(state: &mut State, ask: &Ask) -> Result<Granted, Refused> {
    let client = ask.proven_client(state, |client| client.secret_for_refresh)?; // CA-67
    let given = ask.get("refresh_token").unwrap_or_default();
    let expired = || Refused::grant("expired access/refresh token"); // OA-30
    let reused = state.oauth.approvals.iter().find(|approval| {
        approval.consumer_key == client.consumer_key
            && approval.voided.iter().any(|voided| is_same(voided, given))
    });
    if let Some(id) = reused.map(|approval| approval.id.clone()) {
        memory::revoke(state, &id); // CA-66: somebody has a copy
        return Err(expired());
    }
    let found = state.oauth.approvals.iter().find(|approval| {
        approval.consumer_key == client.consumer_key
            && approval.refresh_token.as_deref().is_some_and(|token| is_same(token, given))
    });
    let approval = found.cloned().ok_or_else(expired)?;
    let person = people::with_id(&state.identity, &approval.user_id);
    let now = state.holdings.clock.now();
    if is_expired(&client, &approval, now) {
        return Err(expired().by(&person));
    }
    if !client.is_approved_for(state, &person) {
        return Err(super::password::not_approved().by(&person));
    }
    let scopes = match ask.get("scope") {
        Some(asked) if asked.split_whitespace().all(|one| approval.scopes.iter().any(|had| had == one)) => {
            asked.split_whitespace().map(str::to_owned).collect()
        }
        Some(_) => return Err(super::password::scope_not_allowed().by(&person)),
        None => approval.scopes.clone(),
    };
    let fresh = client.rotates.then(code::refresh_token).transpose();
    let fresh = fresh.map_err(|error| Refused::server(&error))?;
    let answer = issue(
        state,
        &Issue {
            client: &client,
            person: &person,
            scopes: &scopes,
            approval: Some(approval.id.clone()),
            refresh_token: fresh.clone(),
            nonce: None,
            presence: Presence::Absent,
            always_enforces_ip: false,
            refreshes: true,
            ip: ask.ip,
            base: ask.base,
            is_signed: true,
        },
    );
    let answer = answer.map_err(|refused| refused.by(&person))?;
    if let Some(approval) = state.oauth.approvals.iter_mut().find(|other| other.id == approval.id) {
        approval.used = now;
        approval.uses += 1;
        if fresh.is_some() {
            let voided = std::mem::replace(&mut approval.refresh_token, fresh);
            approval.voided.extend(voided);
            let surplus = approval.voided.len().saturating_sub(MOST_VOIDED);
            approval.voided.drain(..surplus);
        }
    }
    Ok(Granted { answer, user_id: person.id, app_name: client.name })
}

/// CA-43
fn is_expired(client: &Client, approval: &Approval, now: Moment) -> bool {
    let by_policy = match client.refresh {
        RefreshPolicy::Infinite => false,
        RefreshPolicy::Zero => true,
        RefreshPolicy::Inactivity(span) => approval.used.milliseconds_after(span) <= now,
        RefreshPolicy::Lifetime(span) => approval.created.milliseconds_after(span) <= now,
    };
    by_policy || client.idle_limit && approval.used.milliseconds_after(IDLE_LIMIT) <= now
}
