//! Settings of sessions that would end API calls (000-R8, 003-R4).

use super::told::Person;
use super::{About, Case, Finding, listed, profile};
use crate::component::{ComponentId, FieldPath, Scalar, Tree};
use crate::resolve::Wanted;

const LOCK: About = About("session-ip-lock", &["000-R8", "003-R4", "SE-1", "SE-40"]);
const LEVEL: About = About("session-level", &["000-R8", "000-R9", "SE-11", "SE-41", "NC-26"]);
const DRIFT: About = About("session-settings", &["003-R4", "SE-2", "SE-3"]);
const TIMEOUT: About = About("profile-timeout", &["003-R4", "SE-13"]);
const RANGES: About = About("ip-ranges-every-request", &["SE-4", "CA-42"]);

const SECURITY: &str = "SecuritySettings";
const LOCK_FIELD: &str = "sessionSettings.lockSessionsToIp";

pub fn findings(case: &Case<'_>) -> Vec<Finding> {
    if case.told.settings.is_none() {
        let told = LOCK.advice(&case.callers(), "the org's session settings could not be read");
        return vec![told.why("whether they end API calls is not known")];
    }
    let mut findings: Vec<Finding> =
        [lock(case), ranges(case), timeout(case)].into_iter().flatten().collect();
    findings.extend(drift(case));
    findings.extend(levels(case));
    findings
}

fn lock(case: &Case<'_>) -> Option<Finding> {
    let callers = case.callers();
    if callers.is_empty() {
        return None;
    }
    if case.told.switch(SECURITY, LOCK_FIELD) != Some(true) {
        return Some(LOCK.fine("sessions are not locked to the address they began at"));
    }
    if wanted(case, LOCK_FIELD) == Some(Scalar::Flag(true)) {
        let found =
            LOCK.advice(&callers, "sessions are locked to the address they began at, as the manifests want");
        return Some(found.why("callers whose address changes are refused with INVALID_SESSION_ID"));
    }
    let why = format!(
        "calls of {} that come from another address than their login are refused with INVALID_SESSION_ID",
        listed(&callers)
    );
    let found = LOCK.weakens(&callers, "sessions are locked to the address they began at");
    Some(found.why(why).mend(
        "[security-settings.Security.session-settings]\nlock-sessions-to-ip = false\n\
         (or Setup > Session Settings)",
    ))
}

/// CA-42: an app that relaxes addresses is still asked for one at every request.
fn ranges(case: &Case<'_>) -> Option<Finding> {
    let relaxed =
        |app: &&super::app::App| app.wanted.ip_relaxation().is_some_and(|it| it.starts_with("BYPASS"));
    let apps: Vec<ComponentId> = case.apps.iter().filter(relaxed).map(|app| app.id.clone()).collect();
    let on = case.told.switch(SECURITY, "sessionSettings.enforceIpRangesEveryRequest") == Some(true);
    if apps.is_empty() || !on {
        return None;
    }
    let found = RANGES.weakens(&apps, "login IP ranges are enforced on every request");
    Some(
        found
            .why(format!(
                "{} relaxes them at the login, and its calls are refused all the same",
                listed(&apps)
            ))
            .mend(
                "list the vendor's addresses in the login ranges of the profile, or:\n\
         [security-settings.Security.session-settings]\nenforce-ip-ranges-every-request = false",
            ),
    )
}

/// A value that the manifests want for a session setting of the org.
fn wanted(case: &Case<'_>, path: &'static str) -> Option<Scalar> {
    let mut all = case.desired.components.values().filter(|it| it.id.kind.name == SECURITY);
    match &all.next()?.get(&FieldPath::of(path))?.as_leaf()?.wanted {
        Wanted::Known(scalar) => Some(scalar.clone()),
        _ => None,
    }
}

/// What the manifests want of the org's sessions, and the org has otherwise.
fn drift(case: &Case<'_>) -> Vec<Finding> {
    const FIELDS: [(&str, &str); 3] = [
        ("sessionSettings.sessionTimeout", "timeout"),
        ("sessionSettings.forceLogoutOnSessionTimeout", "forced logout at the timeout"),
        (LOCK_FIELD, "lock to an address"),
    ];
    let security = case.of_types(&[SECURITY]);
    let mut found = Vec::new();
    for (path, name) in FIELDS {
        let Some(wanted) = wanted(case, path) else { continue };
        let mut all = case.told.settings_of(SECURITY);
        let held = all.next().and_then(|(_, fields)| fields.at(&FieldPath::of(path)));
        let held = held.and_then(Tree::as_leaf).cloned().unwrap_or(Scalar::Nil);
        found.push(if held == wanted {
            DRIFT.fine(format!("the {name} of sessions is {held}, as the manifests want"))
        } else {
            let why = "sessions end earlier than the guide behind the manifests allows for";
            let found = DRIFT.weakens(
                &security,
                format!("the {name} of sessions is {held}, and the manifests want {wanted}"),
            );
            found.why(why).mend("deploy it: orgwire deploy")
        });
    }
    found
}

/// SE-13: a profile's own timeout hides the org's.
fn timeout(case: &Case<'_>) -> Option<Finding> {
    wanted(case, "sessionSettings.sessionTimeout")?;
    let person = case.connecting()?;
    let minutes = profile::own_timeout(case.told, person)?;
    let what = format!(
        "the profile `{}` keeps sessions for {minutes} minutes, whatever the org says",
        person.profile
    );
    let found = TIMEOUT.weakens(&case.of_types(&[SECURITY]), what);
    let why = format!("the timeout that the manifests set does not reach {}", person.username);
    Some(
        found
            .why(why)
            .mend("set the session timeout of the profile itself: Setup > Profiles > Session Settings"),
    )
}

/// The users that matter, and whether somebody has named them.
fn levels(case: &Case<'_>) -> Vec<Finding> {
    let callers = case.callers();
    if callers.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut people: Vec<&Person> = case.told.everybody().collect();
    if case.user.is_none() {
        people.extend(&case.told.own);
    }
    people.sort_by(|one, other| one.id.cmp(&other.id));
    people.dedup_by(|one, other| one.id == other.id);
    for person in people {
        findings.extend(level(case, person, &callers));
    }
    findings
}

fn level(case: &Case<'_>, person: &Person, callers: &[ComponentId]) -> Option<Finding> {
    let why = format!(
        "a session of {} without a second factor is refused by the API with INVALID_SESSION_ID, and {} cannot give one",
        person.username,
        listed(callers)
    );
    if person.may("TwoFactorApi") == Some(true) {
        let found =
            LEVEL.blocks(callers, format!("{} needs a second factor for API logins", person.username));
        return Some(found.why(why).mend(
            "take `Multi-Factor Authentication for API Logins` from the user, or connect as another who has it not",
        ));
    }
    if !profile::wants_high_assurance(case.told, person)? {
        return Some(LEVEL.fine(format!("the profile of {} takes ordinary sessions", person.username)));
    }
    let what = format!("the profile `{}` wants High Assurance sessions at login", person.profile);
    Some(LEVEL.blocks(callers, what).why(why).mend(format!(
        "set the level to None under Setup > Profiles > {} > Session Settings, or connect as a user of another profile",
        person.profile
    )))
}
