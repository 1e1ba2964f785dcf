//! Hybrid apps, which show the org's own pages: codes and refresh tokens as everywhere, and beside the tokens a web
//! session for each kind of page that the scopes allow (protocol, 3.2).
//!
//! Those sessions are for browsers. This org has no such pages, so nothing opens with them.

use serde_json::Value;

use super::{Ask, Granted, Refused, code, refresh};
use crate::simulator::ids;
use crate::simulator::state::State;

/// Kinds of pages, each with the scopes that allow it.
const PAGES: [(&str, &[&str]); 3] =
    [("content", &["content"]), ("lightning", &["lightning"]), ("visualforce", &["visualforce", "web"])];

pub(super) fn redeem(state: &mut State, ask: &Ask) -> Result<Granted, Refused> {
    let granted = code::redeem(state, ask)?;
    with_pages(state, ask, granted)
}

pub(super) fn renew(state: &mut State, ask: &Ask) -> Result<Granted, Refused> {
    let granted = refresh::run(state, ask)?;
    with_pages(state, ask, granted)
}

fn with_pages(state: &State, ask: &Ask, mut granted: Granted) -> Result<Granted, Refused> {
    let Value::Object(answer) = &mut granted.answer else { return Ok(granted) };
    let scopes = answer.get("scope").and_then(Value::as_str).unwrap_or_default().to_owned();
    let has = |wanted: &str| scopes.split(' ').any(|scope| scope == wanted || scope == "full");
    let domain = ask.base.split_once("://").map_or(ask.base, |(_, domain)| domain);
    for (pages, wanted) in PAGES {
        if wanted.iter().any(|scope| has(scope)) {
            let session = ids::access_token(&state.identity.organization_id);
            let session = session.map_err(|error| Refused::server(&error))?;
            answer.insert(format!("{pages}_domain"), domain.into());
            answer.insert(format!("{pages}_sid"), session.into());
        }
    }
    let token = ids::letters_and_digits(40).map_err(|error| Refused::server(&error))?;
    answer.insert("csrf_token".to_owned(), token.into());
    Ok(granted)
}
