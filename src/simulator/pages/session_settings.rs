//! Session Settings: those that guides of integrations speak of can be changed, and all can be read.

use axum::response::Response;

use super::Visited;
use super::form::{Form, Input, Kind, choices};
use super::html::{self, Cell};
use super::saving::Target;
use crate::component::{Fields, Scalar, Tree};
use crate::simulator::rules::group;

const TITLE: &str = "Session Settings";
const ADDRESS: &str = "/lightning/setup/SecuritySession/home";
const TYPE: &str = "SecuritySettings";
const NAME: &str = "Security";

/// SE-1 to SE-5
fn entries() -> [Input; 5] {
    let times = [
        ("FifteenMinutes", "15 minutes"),
        ("ThirtyMinutes", "30 minutes"),
        ("SixtyMinutes", "1 hour"),
        ("NinetyMinutes", "90 minutes"),
        ("TwoHours", "2 hours"),
        ("FourHours", "4 hours"),
        ("EightHours", "8 hours"),
        ("TwelveHours", "12 hours"),
        ("TwentyFourHours", "24 hours"),
    ];
    let switch =
        |name: &str, label: &str| Input::element(&format!("sessionSettings.{name}"), label, Kind::Switch);
    [
        Input::element("sessionSettings.sessionTimeout", "Timeout Value", Kind::Choice(choices(&times))),
        switch("forceLogoutOnSessionTimeout", "Force logout on session timeout"),
        switch("lockSessionsToIp", "Lock sessions to the IP address from which they originated"),
        switch("lockSessionsToDomain", "Lock sessions to the domain in which they were first used"),
        switch("enforceIpRangesEveryRequest", "Enforce login IP ranges on every request"),
    ]
}

pub(super) fn answer(visited: &Visited) -> Response {
    let may = visited.may_change(TYPE);
    let stored = || {
        visited.org.store.read(|state| {
            state.holdings.get(TYPE, NAME).map(|security| security.fields.clone()).unwrap_or_default()
        })
    };
    let all = entries();
    let Some(form) = visited.form else { return show(visited, may, &all, None, &stored(), None) };
    if !may {
        return visited.forbidden();
    }
    match visited.save(&Target::stored(TYPE, NAME), &all, form, |_, _| {}) {
        Ok(_) => html::redirect(ADDRESS),
        Err(refused) => show(visited, may, &all, Some(&refused), &stored(), Some(form)),
    }
}

fn show(
    visited: &Visited,
    may: bool,
    all: &[Input],
    complaint: Option<&str>,
    stored: &Fields<Scalar>,
    filled: Option<&Form>,
) -> Response {
    let form = match (may, filled) {
        (false, _) => String::new(),
        (true, Some(form)) => visited.form(ADDRESS, complaint, all, form, "Save"),
        (true, None) => visited.form(ADDRESS, complaint, all, &Form::of_component(all, stored), "Save"),
    };
    let told = |(name, value): (&_, &Tree<Scalar>)| {
        Some(vec![Cell::Text(words(name)), Cell::Text(value.as_leaf()?.to_string())])
    };
    let session = group(stored, "sessionSettings").into_iter().flatten();
    let rows: Vec<_> = session.filter_map(|(name, value)| told((name.as_ref(), value))).collect();
    visited.page(TITLE, &(form + &html::list(&["Setting", "Value"], &rows)))
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
