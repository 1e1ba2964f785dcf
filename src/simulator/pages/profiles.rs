//! Profiles: the list, and one with its session settings, which can be changed. The org makes up the name of what it
//! keeps them in when somebody touches them for the first time (SE-14, SE-16).

use axum::response::Response;

use super::form::{Form, Input, Kind, choices};
use super::html::{self, Cell};
use super::saving::{Target, leaf};
use super::{Visited, action_of, door, page_of, with_id};
use crate::component::{Fields, Scalar};
use crate::simulator::rules::{SESSION_MINUTES, same_free, session_setting_name, text};
use crate::simulator::state::{Component, State};

const PAGE: &str = "Profiles";
const TYPE: &str = "Profile";
const SETTING: &str = "ProfileSessionSetting";

/// What people call profiles that come with an org; others go by their own name.
const LABELS: [(&str, &str); 4] = [
    ("Admin", "System Administrator"),
    ("MarketingProfile", "Marketing User"),
    ("Standard", "Standard User"),
    ("StandardAul", "Standard Platform User"),
];

pub(super) fn label(name: &str) -> &str {
    LABELS.iter().find(|(known, _)| *known == name).map_or(name, |(_, label)| label)
}

fn license(component: &Component) -> String {
    text(&component.fields, "userLicense").unwrap_or_default().to_owned()
}

/// The session settings of a profile with the name they have.
fn setting<'a>(state: &'a State, profile: &str) -> Option<(&'a str, &'a Component)> {
    state
        .holdings
        .of_type(SETTING)
        .find(|(_, setting)| text(&setting.fields, "profile").is_some_and(|of| same_free(of, profile)))
}

/// SE-10, SE-11, SE-13
fn entries() -> [Input; 6] {
    let level = [("", "--None--"), ("STANDARD", "Standard"), ("HIGH_ASSURANCE", "High Assurance")];
    let minutes = SESSION_MINUTES.map(|minutes| {
        let label = match minutes {
            0 => "2 hours, as nothing else is said".to_owned(),
            minutes => format!("{minutes} minutes"),
        };
        (minutes.to_string(), label)
    });
    [
        Input::element("sessionTimeout", "Session Times Out After", Kind::Choice(minutes.into())),
        Input::element(
            "requiredSessionLevel",
            "Session Security Level Required at Login",
            Kind::Choice(choices(&level)),
        ),
        Input::element("forceLogout", "Force logout on session timeout", Kind::Switch),
        Input::element("sessionTimeoutWarning", "Warn users before their session times out", Kind::Switch),
        Input::element(
            "sessionPersistence",
            "Keep users of sites logged in when they close the browser",
            Kind::Switch,
        ),
        Input::element(
            "externalCommunityUserIdentityVerif",
            "Verify the identity of users of sites who come from somewhere new",
            Kind::Switch,
        ),
    ]
}

pub(super) fn all(visited: &Visited) -> Response {
    let rows = visited.org.store.read(|state| {
        let row = |(name, component): (&str, &Component)| {
            vec![
                Cell::link(page_of(PAGE, &component.id), label(name)),
                Cell::text(name),
                Cell::Text(license(component)),
            ]
        };
        state.holdings.of_type(TYPE).map(row).collect::<Vec<_>>()
    });
    visited.page("Profiles", &html::list(&["Profile Name", "Name in Metadata", "User License"], &rows))
}

pub(super) fn one(visited: &Visited) -> Response {
    let found = visited.org.store.read(|state| {
        let (name, component) = with_id(state, TYPE, visited.id)?;
        let setting =
            setting(state, name).map(|(setting, component)| (setting.to_owned(), component.fields.clone()));
        Some((name.to_owned(), component.clone(), setting))
    });
    let Some((name, component, setting)) = found else { return visited.not_found() };
    match visited.action {
        "" => show(visited, &name, &component, setting.as_ref().map(|(_, fields)| fields)),
        "e" if !visited.may_change(SETTING) => visited.forbidden(),
        "e" => edit(visited, &name, &component, setting),
        _ => visited.not_found(),
    }
}

fn show(visited: &Visited, name: &str, profile: &Component, setting: Option<&Fields<Scalar>>) -> Response {
    let told = |field: &str| {
        let value = setting.and_then(|setting| setting.get(field)?.as_leaf().map(ToString::to_string));
        Cell::Text(value.unwrap_or_default())
    };
    let body = html::details(&[
        ("Name in Metadata", Cell::text(name)),
        ("User License", Cell::Text(license(profile))),
        ("Session Times Out After (minutes)", told("sessionTimeout")),
        ("Session Security Level Required at Login", told("requiredSessionLevel")),
    ]);
    let edit = door(visited.may_change(SETTING), &action_of(PAGE, &profile.id, "e"), "Edit Session Settings");
    visited.page(&format!("Profile: {}", label(name)), &(edit + &body))
}

fn edit(
    visited: &Visited,
    name: &str,
    profile: &Component,
    setting: Option<(String, Fields<Scalar>)>,
) -> Response {
    let all = entries();
    let show = |complaint: Option<&str>, form: &Form| {
        let action = action_of(PAGE, &profile.id, "e");
        visited.form_page(&format!("Session Settings: {}", label(name)), &action, "", complaint, &all, form)
    };
    let stored = match &setting {
        Some((_, fields)) => Form::of_component(&all, fields),
        None => Form::default().with("sessionTimeout", "0"),
    };
    let Some(form) = visited.form else { return show(None, &stored) };
    let made = session_setting_name(name, visited.org.now().milliseconds());
    let target = match &setting {
        Some((setting, _)) => Target::stored(SETTING, setting),
        None => Target::new(SETTING, &made).with("profile", leaf(name)),
    };
    match visited.save(&target, &all, form, |_, _| {}) {
        Ok(_) => html::redirect(&page_of(PAGE, &profile.id)),
        Err(refused) => show(Some(&refused), form),
    }
}
