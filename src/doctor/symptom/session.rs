//! INVALID_SESSION_ID, or 401, when something is published (000-R8). Five causes share the words (section 5.6): the settings
//! are looked at, in the order of the rule.

use super::{Look, Suspect, Symptom};
use crate::doctor::app::App;
use crate::doctor::{Case, profile};

pub const SYMPTOM: Symptom = Symptom {
    title: "INVALID_SESSION_ID when publishing",
    words: &[&["invalid_session_id"], &["401", "publish"], &["session expired or invalid"]],
    codes: &["session-invalid", "session-not-for-rest"],
    asks_for_tokens: false,
    suspects: &[
        Suspect {
            id: "session-ip-lock",
            name: "sessions are locked to the address they began at",
            facts: &["000-R8", "SE-1", "SE-40"],
            code: None,
            mend: "[security-settings.Security.session-settings]\nlock-sessions-to-ip = false\n(or Setup > Session \
                   Settings; or let the org log in to itself, as manifests/axsy.toml does)",
            look: lock,
        },
        Suspect {
            id: "session-level",
            name: "the profile of the user wants High Assurance sessions",
            facts: &["000-R8", "SE-11", "SE-41", "NC-26"],
            code: None,
            mend: "Setup > Profiles > Session Settings: Session Security Level Required at Login = None, or publish as a \
                   user of another profile",
            look: level,
        },
        Suspect {
            id: "view-setup",
            name: "the user lacks `View Setup and Configuration`",
            facts: &["000-R8"],
            code: None,
            mend: "give the user `View Setup and Configuration`: Setup > Users > Permission Sets",
            look: view_setup,
        },
        Suspect {
            id: "credential-status",
            name: "the named credential is missing, or nobody has authenticated it",
            facts: &["000-R7", "000-R8", "NC-20", "NC-21", "NC-28"],
            code: None,
            mend: "deploy it where it is missing; then Setup > Named Credentials > Edit: tick Start Authentication Flow on Save, save, log in on the org's own \
                   My Domain, and Allow",
            look: credential,
        },
        Suspect {
            id: "api-access-control",
            name: "API access control does not let the app in",
            facts: &["SE-22", "SE-43"],
            code: None,
            mend: "approve the app: is-admin-approved = true with the profiles of its users, and deploy it",
            look: control,
        },
        Suspect {
            id: "session-ended",
            name: "the session had ended by then",
            facts: &["SE-42", "OA-11"],
            code: None,
            mend: "log in again, and publish; a longer timeout: Setup > Session Settings",
            look: |_| Look::Unknown("a session that has ended leaves no trace that an API tells".to_owned()),
        },
    ],
};

fn lock(case: &Case<'_>) -> Look {
    if case.told.settings.is_none() {
        return Look::Unknown("the org's settings could not be read".to_owned());
    }
    match case.told.switch("SecuritySettings", "sessionSettings.lockSessionsToIp") {
        Some(true) => Look::Guilty("lockSessionsToIp is on".to_owned()),
        _ => Look::Innocent("lockSessionsToIp is off".to_owned()),
    }
}

fn level(case: &Case<'_>) -> Look {
    let Some(person) = case.connecting() else { return nobody(case) };
    if person.may("TwoFactorApi") == Some(true) {
        return Look::Guilty(format!("{} needs a second factor for API logins", person.username));
    }
    match profile::wants_high_assurance(case.told, person) {
        Some(true) => Look::Guilty(format!(
            "the profile `{}` of {} wants HIGH_ASSURANCE",
            person.profile, person.username
        )),
        Some(false) => {
            Look::Innocent(format!("the profile `{}` of {} wants no level", person.profile, person.username))
        }
        None => Look::Unknown("the session settings of profiles could not be read".to_owned()),
    }
}

/// Who publishes is not known.
fn nobody(case: &Case<'_>) -> Look {
    Look::Unknown(match case.user {
        Some(name) => format!("no user {name} was found"),
        None => {
            "the org does not tell whose login this is; name the one who publishes with --user".to_owned()
        }
    })
}

fn view_setup(case: &Case<'_>) -> Look {
    let Some(person) = case.connecting() else { return nobody(case) };
    let own = || case.told.rights.as_ref().filter(|_| case.user.is_none())?.get("ViewSetup").copied();
    match person.may("ViewSetup").or_else(own) {
        Some(false) => Look::Guilty(format!("{} may not view Setup", person.username)),
        Some(true) => Look::Innocent(format!("{} may view Setup", person.username)),
        None => Look::Unknown(format!("the org does not tell what {} may do", person.username)),
    }
}

/// No API tells the status of a legacy credential (NC-28); an app that nobody has approved has let nobody in.
fn credential(case: &Case<'_>) -> Look {
    let credentials = case.of_types(&["NamedCredential"]);
    let Some(credential) = credentials.first() else {
        return Look::Innocent("the manifests have no named credential".to_owned());
    };
    if !case.observed.has(credential) {
        return Look::Guilty(format!("the org does not have {credential}"));
    }
    let Some(approvals) = &case.told.approvals else {
        return Look::Unknown(
            "no API tells the status of a credential, and approvals are not seen by this login".to_owned(),
        );
    };
    let is_approved = |app: &&App| approvals.iter().any(|approval| approval.app == app.label);
    match case.apps.iter().find(is_approved) {
        Some(app) => {
            Look::Innocent(format!("somebody has approved {}, which {credential} logs in with", app.id))
        }
        None => Look::Guilty(format!("nobody has approved the app that {credential} logs in with")),
    }
}

fn control(case: &Case<'_>) -> Look {
    if case.told.switch("ConnectedAppSettings", "enableAdminApprovedAppsOnly") != Some(true) {
        return Look::Innocent("API access control is off".to_owned());
    }
    let is_out = |app: &&App| {
        !app.is_external()
            && app.held.as_ref().and_then(super::super::app::Side::admin_approved) != Some(true)
    };
    match case.apps.iter().find(is_out) {
        Some(app) => Look::Guilty(format!("API access control is on, and {} is not approved", app.id)),
        None => Look::Innocent("API access control is on, and the app is approved".to_owned()),
    }
}
