//! Whether the org lets a connected app be created, which no API tells (CA-74): a check-only deployment of the first that
//! is not there yet, with nothing but its name, so that nothing but the creation itself can be refused, and no secret is
//! sent.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::command::load::Loaded;
use crate::command::target::Opened;
use crate::component::ComponentId;
use crate::deploy::{self, Means, Reason};
use crate::doctor::told::Creation;
use crate::journal::{self, Journal};
use crate::org::{DeployOptions, Interrupt};
use crate::plan::{self, Limits};
use crate::reference::Observed;
use crate::resolve::Desired;
use crate::secret::Secrets;

/// Such a deployment is done in seconds; an org with a long queue is not waited for.
const WITHIN: Duration = Duration::from_secs(5 * 60);

/// What an app cannot do without (CA-2).
const BARE: [&str; 2] = ["contactEmail", "label"];

pub async fn ask(
    loaded: &Loaded,
    opened: &Opened,
    observed: &Observed,
    planned: &BTreeSet<ComponentId>,
) -> Creation {
    let is_new = |id: &&ComponentId| id.kind.name == "ConnectedApp" && !observed.has(id);
    let Some(app) = planned.iter().find(is_new) else { return Creation::NotNeeded };
    let bare = bare(&loaded.desired, app);
    let nothing = Observed { org: observed.org.clone(), ..Observed::default() };
    let plan = plan::plan(&bare, &nothing);
    let (secrets, interrupt, journal) =
        (Secrets::default(), Interrupt::on_signals(), Journal::new(journal::FOLDER));
    let means = Means {
        org: &opened.org,
        templates: &loaded.templates,
        secrets: &secrets,
        interrupt: &interrupt,
        journal: &journal,
        options: DeployOptions { check_only: true, wait: Some(WITHIN), ..DeployOptions::default() },
        limits: Limits::default(),
        validated: None,
    };
    match deploy::deploy(&bare, &plan, nothing, &means, &mut |_| {}).await {
        Ok(_) => Creation::Allowed,
        Err(stopped) => judged(stopped.reason),
    }
}

/// The app with nothing but what it cannot do without.
fn bare(desired: &Desired, app: &ComponentId) -> Desired {
    let mut bare = Desired::empty(desired.api_version);
    if let Some(component) = desired.components.get(app) {
        let mut component = component.clone();
        component.fields.retain(|name, _| BARE.contains(&name.as_ref()));
        bare.components.insert(app.clone(), component);
    }
    bare
}

fn judged(reason: Reason) -> Creation {
    match reason {
        Reason::Rejected(result) => {
            let mut rows = result.rows.iter();
            let refused =
                rows.find(|row| row.component_type == "ConnectedApp" && !row.created && !row.success);
            match (refused.and_then(|row| row.problem.clone()), &result.error_message) {
                (Some(problem), _) => Creation::Refused(problem),
                (None, Some(message)) => Creation::Unasked(message.clone()),
                (None, None) => {
                    Creation::Unasked("the check-only deployment failed without a reason".to_owned())
                }
            }
        }
        Reason::Org(error) => match error.refusal() {
            Some(refusal) => Creation::Unasked(refusal.to_string()),
            None => Creation::Unasked(error.to_string()),
        },
        Reason::Cancelled(_) => Creation::Unasked("the check-only deployment was canceled".to_owned()),
        Reason::StillRunning(_) => {
            Creation::Unasked("the check-only deployment is still in the queue".to_owned())
        }
        Reason::Render(error) => Creation::Unasked(error.to_string()),
        Reason::Journal(error) => Creation::Unasked(error.to_string()),
        _ => Creation::Unasked("the check-only deployment did not come to its end".to_owned()),
    }
}
