//! What no API can do, and a person has to.

use crate::component::ComponentId;
use crate::plan::{Action, Plan};
use crate::reference::Observed;
use crate::resolve::Desired;

/// Something that a person has to do in the org now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualStep {
    pub component: ComponentId,
    pub what: String,
    pub url: String,
}

/// What is left to do by hand for the components that were created.
pub fn manual_steps(desired: &Desired, plan: &Plan, observed: &Observed) -> Vec<ManualStep> {
    let mut steps = Vec::new();
    let created = plan.changes.iter().filter(|change| change.action == Action::Create);
    for component in created.filter_map(|change| desired.components.get(&change.id)) {
        for step in &component.id.kind.manual_steps {
            if !step.when.iter().all(|(field, value)| component.text(field) == Some(value)) {
                continue;
            }
            let record = observed.components.get(&component.id).and_then(|existing| existing.id.as_deref());
            let host = observed.org.as_ref().map_or("", |org| org.instance_url.as_str());
            let path = step.path.replace("{id}", record.unwrap_or_default());
            steps.push(ManualStep {
                component: component.id.clone(),
                what: step.what.clone(),
                url: format!("{host}{path}"),
            });
        }
    }
    steps
}
