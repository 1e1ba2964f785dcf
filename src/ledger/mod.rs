//! What no API can do, and a person has to: which steps the components of a project have, which of them a deployment
//! opens, and which are known to be done.
//!
//! A step is of a type of components (every legacy credential has to be authenticated, NC-20) or of a project
//! (`[manual-step.NAME]`: what a guide asks for besides). [`record`] keeps what people have said to be done.

pub mod record;

use crate::component::{self, ComponentId, FieldPath};
use crate::manifest::DoneWhen;
use crate::plan::{Action, Change, Plan};
use crate::reference::Observed;
use crate::resolve::{self, Desired};

pub use record::{Done, Ledger};

/// Something that a person has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualStep {
    /// `named-credential.AxsyApexAPI` where the type of the component asks for it, `manual-step.NAME` where the project
    /// does.
    pub id: String,
    pub component: ComponentId,
    pub what: String,
    /// Whose hands it needs.
    pub who: Option<String>,
    /// Where. As deep as the org's record ids are known.
    pub url: Option<String>,
    pub done_when: DoneWhen,
    /// The facts about the platform that it rests on.
    pub facts: Vec<String>,
}

/// The steps of all components, whether they exist or not, in the order of addresses and names.
pub fn steps(desired: &Desired, observed: &Observed) -> Vec<ManualStep> {
    let mut steps = Vec::new();
    for component in desired.components.values() {
        let written = component.id.kind.manual_steps.iter().filter(|step| asks(step, component));
        steps.extend(written.map(|step| of_type(component, step, observed)));
        let of_project = desired.steps.iter().filter(|step| step.component == component.id);
        steps.extend(of_project.map(|step| of_project_step(step, observed)));
    }
    steps
}

/// Those that this plan opens: of what it creates, and of what it changes so that it has to be done again.
pub fn opened(desired: &Desired, plan: &Plan, observed: &Observed) -> Vec<ManualStep> {
    let mut steps = steps(desired, observed);
    steps.retain(|step| plan.changes.iter().any(|change| change.id == step.component && opens(step, change)));
    steps
}

fn opens(step: &ManualStep, change: &Change) -> bool {
    match change.action {
        Action::Create => true,
        // NC-13: what was authenticated may be so no longer.
        Action::Update => change.id.kind.manual_steps.iter().any(|of_type| {
            let touched = |field: &String| {
                let path = FieldPath::of(field);
                change.fields.iter().any(|changed| changed.path.0.starts_with(&path.0))
            };
            step.id == change.id.to_string() && of_type.again_after.iter().any(touched)
        }),
        Action::Keep | Action::Delete | Action::Cannot => false,
    }
}

fn asks(step: &component::ManualStep, component: &resolve::Component) -> bool {
    step.when.iter().all(|(field, value)| component.text(field) == Some(value))
}

fn of_type(component: &resolve::Component, step: &component::ManualStep, observed: &Observed) -> ManualStep {
    let record = observed.components.get(&component.id).and_then(|existing| existing.id.as_deref());
    let path = match record {
        Some(record) => step.path.replace("{id}", record),
        // The list that the record is in.
        None => match step.path.split_once("/page?") {
            Some((list, _)) => format!("{list}/home"),
            None => step.path.clone(),
        },
    };
    ManualStep {
        id: component.id.to_string(),
        component: component.id.clone(),
        what: step.what.clone(),
        who: None,
        url: Some(address(&path, observed)),
        done_when: DoneWhen::Told,
        facts: step.facts.clone(),
    }
}

fn of_project_step(step: &resolve::ManualStep, observed: &Observed) -> ManualStep {
    let filled = |formula: &crate::reference::Formula| {
        let text = formula.fill(|reference| observed.value(reference).map(Into::into));
        text.unwrap_or_else(|| formula.to_string())
    };
    ManualStep {
        id: format!("manual-step.{}", step.name),
        component: step.component.clone(),
        what: filled(&step.what),
        who: step.who.clone(),
        url: step.link.as_ref().map(|link| address(&filled(link), observed)),
        done_when: step.done_when,
        facts: Vec::new(),
    }
}

/// A path is one of the org.
fn address(path: &str, observed: &Observed) -> String {
    match &observed.org {
        Some(org) if path.starts_with('/') => format!("{}{path}", org.instance_url),
        _ => path.to_owned(),
    }
}
