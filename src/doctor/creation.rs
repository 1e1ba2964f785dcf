//! Whether the org lets its connected apps be made and used: the block of Spring '26, and API access control.

use super::told::Creation;
use super::{About, Case, Finding, listed, rights};
use crate::component::ComponentId;

const CREATION: About = About("app-creation", &["CA-70", "CA-71", "CA-73", "CA-74", "EC-1"]);
const CONTROL: About = About("api-access-control", &["SE-22", "SE-43", "EC-18a"]);

/// The release that brought the block, Spring '26, by its API version.
const BLOCK_SINCE: u16 = 66;

pub fn findings(case: &Case<'_>) -> Vec<Finding> {
    [creation(case), control(case)].into_iter().flatten().collect()
}

/// The connected apps that are not there yet.
pub fn to_create(case: &Case<'_>) -> Vec<ComponentId> {
    let apps = case.of_types(&["ConnectedApp"]);
    apps.into_iter().filter(|id| case.planned.contains(id) && !case.observed.has(id)).collect()
}

fn creation(case: &Case<'_>) -> Option<Finding> {
    let apps = to_create(case);
    let said = match &case.told.creation {
        Creation::NotNeeded => return None,
        Creation::Allowed => return Some(CREATION.fine("the org lets connected apps be created")),
        Creation::Unasked(why) => {
            let found =
                CREATION.advice(&apps, format!("whether the org lets apps be created was not asked: {why}"));
            return Some(found.why(format!("a deployment tries to create {}", listed(&apps))));
        }
        Creation::Refused(said) => said,
    };
    let lacks = rights::lacking(case)
        .is_some_and(|lacking| lacking.values().flatten().any(|id| id.kind.name == "ConnectedApp"));
    let found =
        CREATION.blocks(&apps, format!("a check-only deployment of the bare app was refused: {said}"));
    let found = found.why(format!("{} cannot be created here", listed(&apps)));
    Some(if lacks {
        found.mend("give this login the permissions it lacks, and ask again")
    } else if case.told.newest_api.is_some_and(|newest| newest >= BLOCK_SINCE) {
        // CA-73: no text of the block is public, so that the release and the place tell it
        found.mend(
            "since Spring '26 orgs refuse new connected apps. Deploy the external client app instead, which is not \
             blocked: the manifests in `manifests/external-client-app/` have the same trust in that form. Or ask \
             Salesforce Support to allow the creation of connected apps",
        )
    } else {
        found.mend("what the org says tells more; orgwire plan --validate tries the whole app")
    })
}

/// Where only apps that an administrator has approved may use the API.
fn control(case: &Case<'_>) -> Option<Finding> {
    case.told.settings.as_ref()?;
    if case.told.switch("ConnectedAppSettings", "enableAdminApprovedAppsOnly") != Some(true) {
        return Some(CONTROL.fine("API access control does not limit which apps may use the API"));
    }
    let is_kept_out =
        |app: &&super::app::App| !app.is_external() && app.wanted.admin_approved() != Some(true);
    let out: Vec<ComponentId> = case.apps.iter().filter(is_kept_out).map(|app| app.id.clone()).collect();
    let Some(first) = out.first() else {
        return Some(CONTROL.fine("API access control is on, and lets every app of the manifests in"));
    };
    let anyway = case.connecting().and_then(|person| person.may("UseAnyApiAuth")) == Some(true);
    let what = "API access control lets only apps in that an administrator has approved";
    let found = match anyway {
        true => CONTROL.weakens(&out, format!("{what}, and the connecting user may use any")),
        false => CONTROL.blocks(&out, what),
    };
    Some(found.why(format!("sessions of {} are refused by the REST API", listed(&out))).mend(format!(
        "[connected-app.{0}]\nprofile-name = [\"PROFILE OF THE USERS\"]\n\n[connected-app.{0}.oauth-config]\n\
         is-admin-approved = true",
        first.name
    )))
}
