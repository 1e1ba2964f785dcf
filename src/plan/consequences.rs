//! What cannot be undone once a change is made, and what is lost with it, in words.

use super::Action;
use crate::component::{ComponentId, Scalar, Tree};
use crate::diff::{FieldChange, Filled};
use crate::resolve::described_field;

pub(super) fn of(id: &ComponentId, action: Action, fields: &[FieldChange]) -> Vec<String> {
    let mut told = Vec::new();
    match action {
        Action::Delete => {
            if id.kind.member.burnt_after_deletion {
                told.push(format!("the name `{}` stays reserved: nothing can ever have it again", id.name));
            }
            told.extend(id.kind.member.lost_with_it.clone());
        }
        Action::Create | Action::Update => {
            let chosen = |change: &&FieldChange| {
                action == Action::Create
                    && described_field(id, &change.path).is_some_and(|field| field.create_only)
            };
            let names: Vec<String> =
                fields.iter().filter(chosen).map(|change| format!("`{}`", change.path)).collect();
            if !names.is_empty() {
                told.push(format!("can be chosen only now: {}", names.join(", ")));
            }
            for change in fields {
                let locked =
                    described_field(id, &change.path).and_then(|field| field.irreversible.as_deref());
                if let (Some(locked), Some(after)) = (locked, known(&change.after))
                    && after.to_string() == locked
                {
                    told.push(format!("`{}` can never be changed back once it is {locked}", change.path));
                }
            }
        }
        Action::Keep | Action::Cannot => {}
    }
    told
}

fn known(tree: &Tree<Filled>) -> Option<&Scalar> {
    match tree {
        Tree::Leaf(Filled::Known(scalar)) => Some(scalar),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{plan, testing::desired};
    use super::*;
    use crate::reference::{Existing, Observed};

    #[test]
    fn what_is_chosen_once_is_told_at_creation() {
        let desired = desired(
            "api-version = \"62.0\"\n[connected-app.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\n\
             [connected-app.A.oauth-config]\ncallback-url = \"https://a.example\"\nconsumer-key = \"Key0123456789\"\n",
        );
        let plan = plan(&desired, &Observed::default());
        assert_eq!(plan.changes[0].consequences, ["can be chosen only now: `oauth-config.consumer-key`"]);
    }

    #[test]
    fn what_is_lost_with_a_component_is_told_before_it_is_removed() {
        let mut desired = crate::resolve::Desired::empty(62);
        let mut observed = Observed::default();
        for address in ["auth-provider.P", "named-credential.C"] {
            let id = ComponentId::parse(address).unwrap();
            desired.removals.insert(id.clone());
            observed.components.insert(id, Existing { id: None, fields: crate::component::Fields::new() });
        }
        let plan = plan(&desired, &observed);
        let told: Vec<&str> =
            plan.changes.iter().flat_map(|change| &change.consequences).map(String::as_str).collect();
        assert!(told[0].starts_with("the name `P` stays reserved"), "{told:?}");
        assert!(told.iter().any(|text| text.contains("authenticate again")), "{told:?}");
        assert_eq!(plan.passes.len(), 1);
        assert_eq!(plan.passes[0].removes.len(), 2);
        assert!(plan.is_applyable());
    }
}
