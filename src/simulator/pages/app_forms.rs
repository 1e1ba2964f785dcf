//! What is filled in about a connected app: New Connected App, Edit, and Manage with Edit Policies.

use axum::response::Response;

use super::apps::{CONNECTED_APP, PAGE};
use super::form::{Form, Input, Kind, api_name, choices};
use super::html::{self, Cell};
use super::saving::{Target, leaf};
use super::{Visited, action_of, door, new_of, page_of, profiles, with_id};
use crate::component::{self, Enumerator, Fields, Kind as FieldKind, Scalar};
use crate::simulator::rules::{CREATION_BLOCKED, flag, group, text};
use crate::simulator::setup::JWT_MINUTES;
use crate::simulator::state::{Component, State};

/// Scopes as Setup calls them (1.4); others go by the name in metadata and the one in OAuth.
const SCOPES: [(&str, &str); 17] = [
    ("Api", "Manage user data via APIs (api)"),
    ("Basic", "Access the identity URL service (id, profile, email, address, phone)"),
    ("Chatbot", "Access chatbot services (chatbot_api)"),
    ("Chatter", "Access Connect REST API resources (chatter_api)"),
    ("Content", "Access content resources (content)"),
    ("CustomApplications", "Access Visualforce applications (visualforce)"),
    ("CustomPermissions", "Access custom permissions (custom_permissions)"),
    ("Eclair", "Access Analytics Charts Geodata resources (eclair_api)"),
    ("EinsteinGPT", "Access Einstein GPT services (einstein_gpt_api)"),
    ("Full", "Full access (full)"),
    ("Lightning", "Access Lightning applications (lightning)"),
    ("OpenID", "Access unique user identifiers (openid)"),
    ("Pardot", "Manage Pardot services (pardot_api)"),
    ("RefreshToken", "Perform requests at any time (refresh_token, offline_access)"),
    ("SFAP", "Access the Salesforce API Platform (sfap_api)"),
    ("Wave", "Access Analytics REST API resources (wave_api)"),
    ("Web", "Manage user data via Web browsers (web)"),
];

const NAME: &str = "fullName";
const HAS_OAUTH: &str = "has-oauth";
const JWT_TIMEOUT: &str = "jwt-minutes";
const REFRESH: [&str; 3] = ["refresh-policy", "refresh-count", "refresh-unit"];
/// CA-53: naming these is more than changing the app.
const LISTS: [&str; 2] = ["profileName", "permissionSetName"];
const CREATE: &str = "New Connected App";

fn about_the_app() -> Vec<Input> {
    vec![
        Input::element("label", "Connected App Name", Kind::Text).required(),
        Input::element("contactEmail", "Contact Email", Kind::Text).required(),
        Input::element("description", "Description", Kind::Text),
    ]
}

fn about_oauth() -> Vec<Input> {
    let config = |name: &str| format!("oauthConfig.{name}");
    vec![
        Input::element(&config("callbackUrl"), "Callback URL", Kind::Lines).hint("One on each line."),
        Input::element(&config("scopes"), "Selected OAuth Scopes", Kind::Several(scopes())),
        Input::element(&config("isPkceRequired"), "Require Proof Key for Code Exchange (PKCE)", Kind::Switch),
        Input::element(&config("isClientCredentialEnabled"), "Enable Client Credentials Flow", Kind::Switch),
        Input::element(
            &config("isNamedUserJwtEnabled"),
            "Issue JSON Web Token (JWT)-based access tokens for named users",
            Kind::Switch,
        ),
    ]
}

fn scopes() -> Vec<(String, String)> {
    let described = component::type_named(CONNECTED_APP)
        .and_then(|kind| kind.fields.field("oauthConfig"))
        .and_then(|config| match &config.kind {
            FieldKind::Group(config) => config.field("scopes"),
            _ => None,
        });
    let Some(FieldKind::Enumeration(all)) = described.map(|scopes| &scopes.kind) else { return Vec::new() };
    let label = |scope: &Enumerator| match SCOPES.iter().find(|(name, _)| *name == scope.name) {
        Some((_, label)) => (*label).to_owned(),
        None => match scope.aliases.first() {
            Some(alias) => format!("{} ({alias})", scope.name),
            None => scope.name.clone(),
        },
    };
    let shown = all.values.iter().filter(|scope| scope.folds_into.is_none());
    shown.map(|scope| (scope.name.clone(), label(scope))).collect()
}

pub(super) fn create(visited: &Visited) -> Response {
    if !visited.may_change(CONNECTED_APP) {
        return visited.forbidden();
    }
    if visited.org.creation_blocked {
        return visited.page(CREATE, &html::complaint(CREATION_BLOCKED));
    }
    let mut all = about_the_app();
    all.insert(
        1,
        Input::other(NAME, "API Name", Kind::Text).hint("Left empty, it follows from the name of the app."),
    );
    all.push(Input::other(HAS_OAUTH, "Enable OAuth Settings", Kind::Switch));
    let without_oauth = all.len();
    all.extend(about_oauth());
    let show = |complaint: Option<&str>, form: &Form| {
        visited.form_page(CREATE, &new_of(PAGE), "", complaint, &all, form)
    };
    let Some(form) = visited.form else { return show(None, &Form::default()) };
    let name = match form.get(NAME).trim() {
        "" => api_name(form.get("label")),
        name => name.to_owned(),
    };
    let filled = if form.is_on(HAS_OAUTH) { &all[..] } else { &all[..without_oauth] };
    match visited.save(&Target::new(CONNECTED_APP, &name), filled, form, |_, _| {}) {
        Ok(id) => html::redirect(&page_of(PAGE, &id)),
        Err(refused) => show(Some(&refused), form),
    }
}

/// Pages about an app that exists, by what is to be done.
pub(super) fn one(visited: &Visited) -> Response {
    let found = visited.org.store.read(|state| {
        let (name, component) = with_id(state, CONNECTED_APP, visited.id)?;
        Some(App { name: name.to_owned(), component: component.clone() })
    });
    let Some(app) = found else { return visited.not_found() };
    if !visited.may_change(CONNECTED_APP) {
        return visited.forbidden();
    }
    match visited.action {
        "e" => edit(visited, &app),
        "manage" => manage(visited, &app),
        "policies" => edit_policies(visited, &app),
        _ => visited.not_found(),
    }
}

struct App {
    name: String,
    component: Component,
}

impl App {
    fn label(&self) -> &str {
        text(&self.component.fields, "label").unwrap_or(&self.name)
    }

    fn config(&self) -> Option<&Fields<Scalar>> {
        group(&self.component.fields, "oauthConfig")
    }

    fn is_on(&self, switch: &str) -> bool {
        self.config().and_then(|config| flag(config, switch)) == Some(true)
    }

    /// In its three parts: `specific_lifetime:60:DAYS`.
    fn refresh_policy(&self) -> [&str; 3] {
        let policy = group(&self.component.fields, "oauthPolicy");
        let policy = policy.and_then(|policy| text(policy, "refreshTokenPolicy")).unwrap_or("infinite");
        let mut parts = policy.split(':');
        [(); 3].map(|()| parts.next().unwrap_or_default())
    }
}

fn edit(visited: &Visited, app: &App) -> Response {
    let mut all = about_the_app();
    if app.config().is_some() {
        all.extend(about_oauth());
    }
    let (id, title) = (&app.component.id, format!("Edit App: {}", app.label()));
    let show = |complaint: Option<&str>, form: &Form| {
        visited.form_page(&title, &action_of(PAGE, id, "e"), "", complaint, &all, form)
    };
    let Some(form) = visited.form else {
        return show(None, &Form::of_component(&all, &app.component.fields));
    };
    match visited.save(&Target::stored(CONNECTED_APP, &app.name), &all, form, |_, _| {}) {
        Ok(id) => html::redirect(&page_of(PAGE, &id)),
        Err(refused) => show(Some(&refused), form),
    }
}

/// What somebody decides who lets people use the app.
fn policies(state: &State, app: &App, may_name: bool) -> Vec<Input> {
    let same = |name: &str| (name.to_owned(), name.to_owned());
    // CA-52: profiles go by their labels here.
    let profiles = state.holdings.of_type("Profile").map(|(name, _)| same(profiles::label(name)));
    let sets = state.holdings.of_type("PermissionSet").map(|(name, _)| same(name));
    let mut all = vec![
        Input::element(
            "oauthConfig.isAdminApproved",
            "Permitted Users",
            Kind::Choice(choices(&[
                ("false", "All users may self-authorize"),
                ("true", "Admin approved users are pre-authorized"),
            ])),
        ),
        Input::element(LISTS[0], "Profiles", Kind::Several(profiles.collect()))
            .hint("Of users who are pre-authorized."),
        Input::element(LISTS[1], "Permission Sets", Kind::Several(sets.collect()))
            .hint("Of users who are pre-authorized."),
        Input::element(
            "oauthPolicy.ipRelaxation",
            "IP Relaxation",
            Kind::Choice(choices(&[
                ("ENFORCE", "Enforce IP restrictions"),
                ("ENFORCE_RELAXREFRESH", "Enforce IP restrictions, but relax for refresh tokens"),
                ("BYPASS_2FACTOR", "Relax IP restrictions for activated devices"),
                ("BYPASS", "Relax IP restrictions"),
            ])),
        ),
        Input::other(
            REFRESH[0],
            "Refresh Token Policy",
            Kind::Choice(choices(&[
                ("infinite", "Refresh token is valid until revoked"),
                ("zero", "Immediately expire refresh token"),
                ("specific_inactivity", "Expire refresh token if not used for"),
                ("specific_lifetime", "Expire refresh token after"),
            ])),
        ),
        Input::other(REFRESH[1], "Refresh Token Policy: how many", Kind::Text),
        Input::other(
            REFRESH[2],
            "Refresh Token Policy: of what",
            Kind::Choice(choices(&[("HOURS", "Hours"), ("DAYS", "Days"), ("MONTHS", "Months")])),
        ),
    ];
    if !may_name {
        all.retain(|input| !LISTS.contains(&input.name.as_str()));
    }
    if app.config().is_none() {
        all.remove(0); // what it would change is not there
    }
    if app.is_on("isClientCredentialEnabled") {
        all.push(
            Input::element("oauthConfig.oauthClientCredentialUser", "Run As", Kind::Text)
                .hint("Username that the client credentials flow acts as."),
        );
    }
    if app.is_on("isNamedUserJwtEnabled") {
        let minutes = JWT_MINUTES.map(|minutes| (minutes.to_string(), format!("{minutes} minutes")));
        let all_minutes = [(String::new(), "--None--".to_owned())].into_iter().chain(minutes).collect();
        all.push(
            Input::other(JWT_TIMEOUT, "JWT-Based Access Token Timeout", Kind::Choice(all_minutes))
                .hint("No metadata tells it."),
        );
    }
    all
}

/// What they decided so far.
fn decided(state: &State, app: &App, all: &[Input]) -> Form {
    let minutes = state.setup.jwt_minutes(&app.component.id).map(|minutes| minutes.to_string());
    let form = Form::of_component(all, &app.component.fields);
    let form =
        REFRESH.iter().zip(app.refresh_policy()).fold(form, |form, (name, part)| form.with(name, part));
    form.with(JWT_TIMEOUT, minutes.unwrap_or_default())
}

fn manage(visited: &Visited, app: &App) -> Response {
    let rows = visited.org.store.read(|state| {
        let all = policies(state, app, true);
        let form = decided(state, app, &all);
        let shown = all.iter().map(|input| {
            let told = |value: &String| match &input.kind {
                Kind::Choice(values) => {
                    values.iter().find(|(known, _)| known == value).map_or(value, |(_, label)| label).clone()
                }
                _ => value.clone(),
            };
            (input.label.clone(), form.all(&input.name).iter().map(told).collect::<Vec<_>>())
        });
        shown.collect::<Vec<_>>()
    });
    let rows: Vec<_> =
        rows.iter().map(|(label, values)| (label.as_str(), Cell::Lines(values.clone()))).collect();
    let id = &app.component.id;
    let doors = door(true, &action_of(PAGE, id, "policies"), "Edit Policies")
        + &door(true, &page_of(PAGE, id), "View the app");
    visited.page(&format!("Manage App: {}", app.label()), &(doors + &html::details(&rows)))
}

fn edit_policies(visited: &Visited, app: &App) -> Response {
    let may_name = visited.may("ManageProfilesPermissionsets");
    let (all, decided) = visited.org.store.read(|state| {
        let all = policies(state, app, may_name);
        let decided = decided(state, app, &all);
        (all, decided)
    });
    let (id, title) = (&app.component.id, format!("Edit Policies: {}", app.label()));
    let show = |complaint: Option<&str>, form: &Form| {
        visited.form_page(&title, &action_of(PAGE, id, "policies"), "", complaint, &all, form)
    };
    let Some(form) = visited.form else { return show(None, &decided) };
    let refresh = match form.get(REFRESH[0]) {
        kind @ ("specific_inactivity" | "specific_lifetime") => {
            format!("{kind}:{}:{}", form.get(REFRESH[1]).trim(), form.get(REFRESH[2]))
        }
        kind => kind.to_owned(),
    };
    let target =
        Target::stored(CONNECTED_APP, &app.name).with("oauthPolicy.refreshTokenPolicy", leaf(&refresh));
    let minutes = form.get(JWT_TIMEOUT).parse().ok();
    let has_timeout = all.iter().any(|input| input.name == JWT_TIMEOUT);
    let saved = visited.save(&target, &all, form, |state, id| {
        if has_timeout {
            state.setup.choose_jwt_minutes(id, minutes);
        }
    });
    match saved {
        Ok(id) => html::redirect(&action_of(PAGE, &id, "manage")),
        Err(refused) => show(Some(&refused), form),
    }
}
