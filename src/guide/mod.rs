//! What a vendor's guide asks for, as rules: `guide = "axsy"` in a manifest has them checked. The same rules look at what a
//! manifest wants and at what an org holds, so that a linted manifest and an org that has drifted are judged alike.
//!
//! One file per guide. Rules that only an org can answer are in `verify` and `doctor`; docs/systems.md has them all.

mod agilepoint;
mod ampersand;
mod axsy;
mod cyclr;
mod logik;
mod view;

#[cfg(test)]
mod tests;

use crate::component::{ComponentId, FieldPath};
use crate::manifest::Guide;
use crate::reference::Observed;
use crate::resolve::Desired;

pub use view::{Setup, View};

fn rules_of(guide: Guide) -> &'static [Rule] {
    match guide {
        Guide::Axsy => axsy::RULES,
        Guide::Logik => logik::RULES,
        Guide::Ampersand => ampersand::RULES,
        Guide::Cyclr => cyclr::RULES,
        Guide::Agilepoint => agilepoint::RULES,
    }
}

impl Breach {
    /// `000-R2`
    pub fn rule(&self) -> &'static str {
        self.rules.first().copied().unwrap_or_default()
    }
}

/// One rule of a guide.
struct Rule {
    /// Its number, such as `000-R2`.
    id: &'static str,
    check: fn(&Setup<'_>, &mut Breaches),
}

/// Something that is not as a guide has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// One, as facts are told.
    pub rules: &'static [&'static str],
    pub component: ComponentId,
    /// The field that it is about; the component as a whole without one.
    pub field: Option<FieldPath>,
    pub what: String,
    /// How to mend it, for a manifest.
    pub help: String,
}

/// Collects what one rule finds.
pub struct Breaches {
    rules: &'static [&'static str],
    found: Vec<Breach>,
}

impl Breaches {
    fn about(&mut self, id: &ComponentId, field: &str, what: impl Into<String>, help: impl Into<String>) {
        let field = (!field.is_empty()).then(|| FieldPath::of(field));
        let (what, help, component) = (what.into(), help.into(), id.clone());
        self.found.push(Breach { rules: self.rules, component, field, what, help });
    }
}

/// Three guides want both of every app.
fn full_and_refresh(setup: &Setup<'_>, breaches: &mut Breaches) {
    for (app, field) in setup.scopes() {
        let has = app.list(field);
        for scope in ["Full", "RefreshToken"].into_iter().filter(|scope| !has.contains(scope)) {
            breaches.about(app.id, field, format!("lacks the scope {scope}"), format!("add \"{scope}\""));
        }
    }
}

/// What is not as the guide has it, in the order of its rules.
pub fn breaches(guide: Guide, setup: &Setup<'_>) -> Vec<Breach> {
    let mut breaches = Breaches { rules: &[], found: Vec::new() };
    for rule in rules_of(guide) {
        breaches.rules = std::slice::from_ref(&rule.id);
        (rule.check)(setup, &mut breaches);
    }
    breaches.found
}

/// What the manifests want and their guides do not.
pub fn of_desired(desired: &Desired) -> Vec<Breach> {
    let of = |follows: &crate::resolve::Follows| {
        breaches(follows.guide, &Setup::wanted(desired, &follows.components))
    };
    let mut found: Vec<Breach> = desired.follows.iter().flat_map(of).collect();
    found.retain(|breach| !is_broken(desired, breach));
    found
}

/// Of a value that could not be read something else has been said.
fn is_broken(desired: &Desired, breach: &Breach) -> bool {
    let (Some(component), Some(field)) = (desired.components.get(&breach.component), &breach.field) else {
        return false;
    };
    component.has(field) && component.get(field).is_none()
}

/// What the org has and the guides do not, of components that the manifests declare.
pub fn of_observed(desired: &Desired, observed: &Observed) -> Vec<Breach> {
    let of = |follows: &crate::resolve::Follows| {
        breaches(follows.guide, &Setup::held(observed, &follows.components))
    };
    desired.follows.iter().flat_map(of).collect()
}
