//! Connected Apps OAuth Usage: who let which app in, and what administrators decide about apps that nobody deployed:
//! whether one is blocked (OA-45), and whether another org's app is installed (SE-24, CA-75).

use std::collections::{BTreeMap, BTreeSet};

use axum::response::Response;

use super::apps::{CONNECTED_APP, PAGE};
use super::html::{self, Cell};
use super::{Visited, action_of};
use crate::simulator::oauth::foreign;
use crate::simulator::people;
use crate::simulator::rules::{group, text};
use crate::simulator::setup::Step;
use crate::simulator::state::State;

const ADDRESS: &str = "/lightning/setup/ConnectedAppsUsage/home";

struct Used {
    /// Of a connected app of this org.
    id: Option<String>,
    name: String,
    key: String,
    is_foreign: bool,
    users: Vec<String>,
    uses: u64,
}

pub(super) fn answer(visited: &Visited) -> Response {
    let may = visited.may_change(CONNECTED_APP);
    let Some(form) = visited.form else { return show(visited, may, None) };
    if !may {
        return visited.forbidden();
    }
    let key = form.get("app").to_owned();
    let step = match form.get("do") {
        "block" => Step::BlockApp { app: key },
        "unblock" => Step::UnblockApp { app: key },
        "install" => Step::InstallApp { consumer_key: key },
        "uninstall" => Step::UninstallApp { consumer_key: key },
        _ => return visited.not_found(),
    };
    match step.take(visited.org) {
        Ok(()) => html::redirect(ADDRESS),
        Err(refused) => show(visited, may, Some(&refused)),
    }
}

fn show(visited: &Visited, may: bool, complaint: Option<&str>) -> Response {
    let foreign = foreign::all(visited.org);
    let rows = visited.org.store.read(|state| {
        let row = |app: Used| {
            let (blocked, installed) = (state.setup.is_blocked(&app.key), state.setup.is_installed(&app.key));
            let told = match (blocked, app.is_foreign, installed) {
                (true, _, _) => "Blocked",
                (_, true, true) => "Installed",
                (_, true, false) => "Not installed",
                (_, false, _) => "",
            };
            let steps: &[(&str, &str)] = match (app.is_foreign, installed, blocked) {
                (true, false, _) => &[("install", "Install")],
                (true, true, _) => &[("uninstall", "Uninstall")],
                (false, _, true) => &[("unblock", "Unblock")],
                (false, _, false) => &[("block", "Block")],
            };
            let buttons = steps.iter().map(|step| button(visited, &app, step)).collect::<String>();
            vec![
                Cell::text(app.name.clone()),
                Cell::Lines(app.users.clone()),
                Cell::text(app.uses.to_string()),
                Cell::text(told),
                Cell::Html(if may { buttons + &policies(&app) } else { String::new() }),
            ]
        };
        used(state, &foreign).into_iter().map(row).collect::<Vec<_>>()
    });
    let columns = ["Connected App", "Users", "Uses", "State", "Actions"];
    let complaint = complaint.map(html::complaint).unwrap_or_default();
    visited.page("Connected Apps OAuth Usage", &(complaint + &html::list(&columns, &rows)))
}

fn policies(app: &Used) -> String {
    let Some(id) = &app.id else { return String::new() };
    let to = html::escaped(&action_of(PAGE, id, "manage"));
    format!(
        "<a href=\"{to}\" aria-label=\"Manage App Policies {}\">Manage App Policies</a>\n",
        html::escaped(&app.name)
    )
}

/// Says of which app it is, for whoever hears the page.
fn button(visited: &Visited, app: &Used, (step, label): &(&str, &str)) -> String {
    format!(
        "<form method=\"post\" action=\"{ADDRESS}\">\n{}{}{}<button aria-label=\"{label} {}\">{label}</button>\n</form>\n",
        visited.form_token(),
        html::hidden("app", &app.key),
        html::hidden("do", step),
        html::escaped(&app.name),
    )
}

/// Apps that somebody let in, apps of this org, and those of other orgs, by name.
fn used(state: &State, foreign: &[(String, String)]) -> Vec<Used> {
    let mut all: BTreeMap<(&str, &str), (BTreeSet<&str>, u64)> = BTreeMap::new();
    for approval in &state.oauth.approvals {
        let used = all.entry((&approval.app_name, &approval.consumer_key)).or_default();
        used.0.insert(&approval.user_id);
        used.1 += approval.uses;
    }
    let own = state.holdings.of_type(CONNECTED_APP).filter_map(|(name, app)| {
        let key = text(group(&app.fields, "oauthConfig")?, "consumerKey")?;
        Some((text(&app.fields, "label").unwrap_or(name), key, app.id.as_str()))
    });
    let own: Vec<_> = own.collect();
    let others: Vec<_> =
        foreign.iter().filter(|(_, key)| !own.iter().any(|(_, own, _)| own == key)).collect();
    let strangers = others.iter().map(|(name, key)| (name.as_str(), key.as_str()));
    for app in own.iter().map(|(name, key, _)| (*name, *key)).chain(strangers) {
        if !all.keys().any(|(_, known)| *known == app.1) {
            all.entry(app).or_default();
        }
    }
    let row = |((name, key), (users, uses)): ((&str, &str), (BTreeSet<&str>, u64))| Used {
        id: own.iter().find(|(_, own, _)| *own == key).map(|(_, _, id)| (*id).to_owned()),
        name: name.to_owned(),
        key: key.to_owned(),
        is_foreign: others.iter().any(|(_, other)| other == key),
        users: users.iter().map(|id| people::with_id(&state.identity, id).username).collect(),
        uses,
    };
    all.into_iter().map(row).collect()
}
