//! Session Settings, to be read: what they are is what was deployed.

use axum::response::Response;

use super::Visited;
use super::html::{self, Cell};
use crate::component::{Scalar, Tree};
use crate::simulator::rules::group;

pub(super) fn show(visited: &Visited) -> Response {
    let rows = visited.org.store.read(|state| {
        let security = state.holdings.get("SecuritySettings", "Security");
        let session = security.and_then(|security| group(&security.fields, "sessionSettings"));
        let told = |(name, value): (&str, &Tree<Scalar>)| Some((words(name), value.as_leaf()?.to_string()));
        session.into_iter().flatten().filter_map(|(name, value)| told((name, value))).collect::<Vec<_>>()
    });
    let rows: Vec<_> =
        rows.into_iter().map(|(name, value)| vec![Cell::Text(name), Cell::Text(value)]).collect();
    visited.page("Session Settings", &html::list(&["Setting", "Value"], &rows))
}

/// `lockSessionsToIp` as people read it.
fn words(name: &str) -> String {
    let mut text = String::new();
    for (at, letter) in name.chars().enumerate() {
        if at == 0 {
            text.push(letter.to_ascii_uppercase());
            continue;
        }
        if letter.is_ascii_uppercase() {
            text.push(' ');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_settings_read_as_words() {
        assert_eq!(words("lockSessionsToIp"), "Lock sessions to ip");
    }
}
