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

use std::fmt;

use crate::component::{ComponentId, FieldPath};
use crate::reference::Observed;
use crate::resolve::Desired;

pub use view::{Setup, View};

/// A guide that orgwire knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guide {
    Axsy,
    Logik,
    Ampersand,
    Cyclr,
    Agilepoint,
}

impl Guide {
    pub const ALL: [Guide; 5] =
        [Guide::Axsy, Guide::Logik, Guide::Ampersand, Guide::Cyclr, Guide::Agilepoint];

    /// As manifests spell it.
    pub fn key(self) -> &'static str {
        match self {
            Guide::Axsy => "axsy",
            Guide::Logik => "logik",
            Guide::Ampersand => "ampersand",
            Guide::Cyclr => "cyclr",
            Guide::Agilepoint => "agilepoint",
        }
    }

    pub fn find(key: &str) -> Option<Guide> {
        Guide::ALL.into_iter().find(|guide| guide.key() == key)
    }

    fn rules(self) -> &'static [Rule] {
        match self {
            Guide::Axsy => axsy::RULES,
            Guide::Logik => logik::RULES,
            Guide::Ampersand => ampersand::RULES,
            Guide::Cyclr => cyclr::RULES,
            Guide::Agilepoint => agilepoint::RULES,
        }
    }
}

impl fmt::Display for Guide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
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
    pub rule: &'static str,
    pub component: ComponentId,
    /// The field that it is about; the component as a whole without one.
    pub field: Option<FieldPath>,
    pub what: String,
    /// How to mend it, for a manifest.
    pub help: String,
}

/// Collects what one rule finds.
pub struct Breaches {
    rule: &'static str,
    found: Vec<Breach>,
}

impl Breaches {
    fn about(&mut self, id: &ComponentId, field: &str, what: impl Into<String>, help: impl Into<String>) {
        let field = (!field.is_empty()).then(|| FieldPath::of(field));
        let (what, help, component) = (what.into(), help.into(), id.clone());
        self.found.push(Breach { rule: self.rule, component, field, what, help });
    }
}

/// What is not as the guide has it, in the order of its rules.
pub fn breaches(guide: Guide, setup: &Setup<'_>) -> Vec<Breach> {
    let mut breaches = Breaches { rule: "", found: Vec::new() };
    for rule in guide.rules() {
        breaches.rule = rule.id;
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
