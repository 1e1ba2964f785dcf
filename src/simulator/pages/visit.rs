//! Who looks at the pages: a visit begins at the login page and is known by a cookie. It is no session of the API: what
//! a browser holds opens pages and nothing else. Visits are kept in memory, so they end with the process.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use crate::simulator::clock::Moment;
use crate::simulator::people::{self, Person};
use crate::simulator::session::{self, is_same};
use crate::simulator::{Org, ids};

/// One more ends the oldest.
const MOST_VISITS: usize = 200;
const TOKEN_LENGTH: usize = 40;

#[derive(Default)]
pub(in crate::simulator) struct Visits(Mutex<Vec<Visit>>);

struct Visit {
    token: String,
    /// Stands in every form, so that no other site can send one (CSRF).
    form_token: String,
    user_id: String,
    ip: IpAddr,
    used: Moment,
}

/// The person behind a request.
pub(in crate::simulator) struct Visitor {
    pub person: Person,
    pub form_token: String,
}

impl Visits {
    /// Begins a visit and returns what its cookie holds.
    pub fn begin(&self, person: &Person, ip: IpAddr, now: Moment) -> std::io::Result<String> {
        let (token, form_token) =
            (ids::letters_and_digits(TOKEN_LENGTH)?, ids::letters_and_digits(TOKEN_LENGTH)?);
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if visits.len() >= MOST_VISITS {
            visits.remove(0);
        }
        visits.push(Visit { token: token.clone(), form_token, user_id: person.id.clone(), ip, used: now });
        Ok(token)
    }

    pub fn end(&self, token: &str) {
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        visits.retain(|visit| !is_same(&visit.token, token));
    }
}

/// Who visits, if somebody does whose login still counts.
pub(in crate::simulator) fn visitor(org: &Org, headers: &HeaderMap) -> Option<Visitor> {
    let token = cookie(headers, &name(org))?;
    let now = org.now();
    org.store.read(|state| {
        let mut visits = org.visits.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = visits.iter().position(|visit| is_same(&visit.token, token))?;
        let visit = &mut visits[at];
        let person = people::of(&state.identity).into_iter().find(|person| person.id == visit.user_id)?;
        let ends = visit.used.minutes_after(session::idle_minutes(state, &person)); // OA-11
        let counts = ends > now
            && !state.setup.is_inactive(&person)
            && !state.setup.is_locked()
            && session::is_in_login_ranges(state, &person, visit.ip);
        if !counts {
            visits.remove(at);
            return None;
        }
        visit.used = now;
        Some(Visitor { person, form_token: visit.form_token.clone() })
    })
}

/// The cookie of a visit. Browsers do not tell ports apart, and so it has a name of its own in each org.
pub(super) fn name(org: &Org) -> String {
    format!("sid_{}", ids::short(&org.ready.organization_id))
}

/// The cookie that a login form is compared with, from before anybody is known.
pub(super) fn name_before(org: &Org) -> String {
    format!("login_{}", ids::short(&org.ready.organization_id))
}

pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(found, _)| *found == name)?;
    is_token(value).then_some(value)
}

fn is_token(value: &str) -> bool {
    value.len() == TOKEN_LENGTH && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

pub(super) fn fresh_token() -> std::io::Result<String> {
    ids::letters_and_digits(TOKEN_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_cookie_is_found_among_others_and_has_to_look_like_one_of_ours() {
        let token = "a".repeat(TOKEN_LENGTH);
        let text = format!("sid_A=short; other=1; sid_B={token}");
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&text).unwrap())]);
        assert_eq!(cookie(&headers, "sid_B"), Some(token.as_str()));
        assert_eq!((cookie(&headers, "sid_A"), cookie(&headers, "sid_C")), (None, None));
    }
}
