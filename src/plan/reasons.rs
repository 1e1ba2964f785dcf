//! Why a field changes: because the manifest has changed since the last deployment, because somebody changed the org, or
//! because a value is wired in. Without a record of the last deployment nobody can tell the first two apart.

use std::collections::BTreeMap;

use super::{Action, Plan};
use crate::component::{ComponentId, Fields, Scalar, Tree};
use crate::diff::{FieldChange, Filled, put_in_order};
use crate::resolve::{Component, Leaf, Wanted};

/// Why a field changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The component is new.
    New,
    /// A value of another component, or of the org, goes here.
    Wiring,
    /// The org holds what was deployed last; the manifest asks for something else now.
    ManifestChanged,
    /// The org holds something else than what was deployed last.
    Drifted,
    /// Nobody knows what was deployed last.
    Differs,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::New => "new",
            Reason::Wiring => "wiring",
            Reason::ManifestChanged => "manifest-changed",
            Reason::Drifted => "org-drifted",
            Reason::Differs => "differs",
        }
    }

    /// For people, after the change itself; nothing where it goes without saying.
    pub fn told(self) -> Option<&'static str> {
        match self {
            Reason::New | Reason::Differs => None,
            Reason::Wiring => Some("wired"),
            Reason::ManifestChanged => Some("the manifest has changed"),
            Reason::Drifted => Some("changed in the org"),
        }
    }
}

/// Components as an org held them after the last deployment from here.
pub type LastDeployed = BTreeMap<ComponentId, Fields<Scalar>>;

pub(super) fn of(component: &Component, action: Action, fields: &[FieldChange]) -> Vec<Reason> {
    let one = |change: &FieldChange| {
        let is_wired =
            matches!(component.get(&change.path), Some(Tree::Leaf(Leaf { wanted: Wanted::Formula(_), .. })));
        match (is_wired, action) {
            (true, _) => Reason::Wiring,
            (false, Action::Create) => Reason::New,
            (false, _) => Reason::Differs,
        }
    };
    fields.iter().map(one).collect()
}

impl Plan {
    /// Tells drift from changes of the manifest, where it is known what was deployed last.
    pub fn explain(&mut self, last: &LastDeployed) {
        for change in &mut self.changes {
            let Some(then) = last.get(&change.id) else { continue };
            if change.action == Action::Create {
                // It was there.
                change.reasons.iter_mut().for_each(|reason| *reason = Reason::Drifted);
                continue;
            }
            for (field, reason) in change.fields.iter().zip(&mut change.reasons) {
                let mut then = then.at(&field.path).cloned();
                then.iter_mut().for_each(put_in_order);
                let is_untouched = field.before == then;
                match reason {
                    Reason::Differs if is_untouched => *reason = Reason::ManifestChanged,
                    // A secret is never told, so nobody knows whether it changed.
                    Reason::Differs if !matches!(field.after, Tree::Leaf(Filled::Secret(_))) => {
                        *reason = Reason::Drifted;
                    }
                    Reason::Wiring if !is_untouched => *reason = Reason::Drifted,
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{plan, testing::desired};
    use super::*;
    use crate::reference::{Existing, Observed};

    fn fields(xml: &str) -> Fields<Scalar> {
        let kind = crate::component::type_with_key("auth-provider").unwrap();
        crate::retrieved::read(kind, &format!("<AuthProvider>{xml}</AuthProvider>")).unwrap()
    }

    fn reasons(last: Option<&str>, now: Option<&str>) -> Vec<&'static str> {
        let desired =
            desired("[auth-provider.P]\nfriendly-name = \"wanted\"\nprovider-type = \"Salesforce\"\n");
        let id = ComponentId::parse("auth-provider.P").unwrap();
        let mut observed = Observed::default();
        if let Some(now) = now {
            observed.components.insert(id.clone(), Existing { id: None, fields: fields(now) });
        }
        let mut plan = plan(&desired, &observed);
        plan.explain(&last.map(|last| (id, fields(last))).into_iter().collect());
        plan.changes[0].reasons.iter().map(|reason| reason.as_str()).collect()
    }

    const WANTED: &str = "<friendlyName>wanted</friendlyName><providerType>Salesforce</providerType>";
    const OTHER: &str = "<friendlyName>other</friendlyName><providerType>Salesforce</providerType>";

    #[test]
    fn what_was_deployed_last_tells_drift_from_changes_of_the_manifest() {
        assert_eq!(reasons(None, Some(OTHER)), ["differs"]);
        assert_eq!(reasons(Some(OTHER), Some(OTHER)), ["manifest-changed"]);
        assert_eq!(reasons(Some(WANTED), Some(OTHER)), ["org-drifted"]);
        assert_eq!(reasons(None, None), ["new", "new"]);
        assert_eq!(reasons(Some(WANTED), None), ["org-drifted", "org-drifted"]);
    }
}
