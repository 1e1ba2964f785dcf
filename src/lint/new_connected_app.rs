//! `new-connected-app`: a plan creates a connected app. Since Spring '26 orgs refuse that unless Salesforce Support has
//! allowed it (CA-70, CA-72), nothing tells beforehand whether it has (CA-74), and apps that exist go on as before
//! (CA-71). So this is the one policy that needs a plan to be found.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Action, Plan};
use crate::resolve::Desired;
use crate::twin;

/// Looks at what a plan creates.
pub fn check(desired: &Desired, plan: &Plan, diagnostics: &mut Diagnostics) {
    let created = plan.changes.iter().filter(|change| change.action == Action::Create);
    for app in created.filter_map(|change| desired.components.get(&change.id)) {
        if app.id.kind.name != "ConnectedApp" {
            continue;
        }
        let before = diagnostics.len();
        diagnostics.push(
            Diagnostic::warning(Code::NewConnectedApp, format!("the org may refuse to create `{}`", app.id))
                .label(app.at, "does not exist there")
                .help(format!(
                    "since Spring '26 it takes Salesforce Support to allow new connected apps, and `deploy --check-only` tells whether it has; {}",
                    twin::named(app)
                )),
        );
        diagnostics.note_about(&app.id, before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;
    use crate::lint::testing::{app, desired};
    use crate::reference::Observed;

    #[test]
    fn an_app_that_a_plan_creates_is_found_and_others_are_not() {
        let found = |manifest: &str| {
            let desired = desired(&mut Sources::default(), manifest);
            let plan = crate::plan::plan(&desired, &Observed::default());
            let mut diagnostics = Diagnostics::default();
            check(&desired, &plan, &mut diagnostics);
            check(&desired, &Plan::default(), &mut diagnostics);
            diagnostics.sorted().into_iter().map(|found| found.message.clone()).collect::<Vec<_>>()
        };
        let manifest = app("callback-url = \"https://a.example/cb\"\nscopes = [\"Api\"]", "");
        assert_eq!(found(&manifest), ["the org may refuse to create `connected-app.App`"]);
        let external = "[external-client-application.App]\nlabel = \"App\"\ncontact-email = \"a@example.com\"\n\
                        distribution-state = \"Local\"\n";
        assert!(found(external).is_empty());
    }
}
