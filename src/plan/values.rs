//! Values before and after the org has told them: known, secret, predicted, made up for the time being.

use std::borrow::Cow;

use crate::component::{AttributeSource, Fields, Generate, Scalar, Tree};
use crate::diff::Filled;
use crate::reference::{Observed, OrgAttribute, Reference};
use crate::resolve::{Component, Leaf, Wanted};
use crate::secret::SecretSource;

/// The value of a reference before the org has told it, where that can be foretold (AP-48).
pub fn predicted(reference: &Reference, observed: &Observed) -> Option<String> {
    let Reference::Attribute { of, attribute } = reference else { return None };
    let AttributeSource::Query { predicted: Some(pattern), .. } = &of.kind.attributes.get(attribute)?.source
    else {
        return None;
    };
    let host = observed.value(&Reference::Org(OrgAttribute::InstanceUrl))?;
    Some(pattern.replace("{instance-url}", host).replace("{name}", &of.name))
}

/// What stands in a field while the org has not told the value; `None` where nothing sensible can.
pub fn placeholder(reference: &Reference) -> Option<Cow<'static, str>> {
    match reference {
        Reference::Org(attribute) => Some(Cow::Borrowed(attribute.placeholder())),
        Reference::Attribute { of, attribute } => match &of.kind.attributes.get(attribute)?.source {
            AttributeSource::Query { placeholder, .. } => Some(Cow::Owned(placeholder.clone())),
            AttributeSource::Field(_) => None,
        },
        Reference::Unset(_) => None,
    }
}

/// A component's values, as far as the org has told what they depend on.
pub fn fill(component: &Component, observed: &Observed) -> Fields<Filled> {
    fill_fields(&component.fields, observed)
}

fn fill_fields(fields: &Fields<Leaf>, observed: &Observed) -> Fields<Filled> {
    fields.iter().map(|(name, tree)| (name.clone(), fill_tree(tree, observed))).collect()
}

fn fill_tree(tree: &Tree<Leaf>, observed: &Observed) -> Tree<Filled> {
    match tree {
        Tree::List(items) => Tree::List(items.iter().map(|item| fill_tree(item, observed)).collect()),
        Tree::Group(fields) => Tree::Group(fill_fields(fields, observed)),
        Tree::Leaf(leaf) => Tree::Leaf(match &leaf.wanted {
            Wanted::Known(scalar) => Filled::Known(scalar.clone()),
            Wanted::Formula(formula) => {
                match formula.fill(|reference| observed.value(reference).map(Cow::Borrowed)) {
                    Some(text) => Filled::Known(Scalar::Text(text)),
                    None => Filled::Pending(
                        formula
                            .references()
                            .filter(|reference| observed.value(reference).is_none())
                            .cloned()
                            .collect(),
                    ),
                }
            }
            Wanted::Secret(source) => match known_key(source, observed) {
                Some(key) => Filled::Known(Scalar::Text(key)),
                None => Filled::Secret(source.clone()),
            },
        }),
    }
}

/// The consumer key of an app that exists: a generated key is no secret once the org shows it (CA-10).
pub fn known_key(source: &SecretSource, observed: &Observed) -> Option<String> {
    let SecretSource::Generated(generated) = source else { return None };
    if generated.shape != Generate::ConsumerKey {
        return None;
    }
    let existing = observed.components.get(&generated.owner)?;
    existing.fields.text_at(&generated.field).map(str::to_owned)
}
