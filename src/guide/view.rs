//! Components as rules see them: what a manifest wants, or what an org holds.

use std::collections::BTreeSet;

use crate::component::{ComponentId, FieldPath, Fields, Scalar, Tree};
use crate::reference::{Observed, OrgAttribute, Reference};
use crate::resolve::{Component, Desired, Wanted};
use crate::secret::SecretSource;

/// The components that follow one guide.
pub struct Setup<'a> {
    components: Vec<View<'a>>,
    /// Of the org, where one was asked.
    instance_url: Option<&'a str>,
}

/// One component.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub id: &'a ComponentId,
    fields: Seen<'a>,
}

#[derive(Clone, Copy)]
enum Seen<'a> {
    Wanted(&'a Component),
    Held(&'a Fields<Scalar>),
}

impl<'a> Setup<'a> {
    pub fn wanted(desired: &'a Desired, ids: &BTreeSet<ComponentId>) -> Setup<'a> {
        let of = desired.components.values().filter(|component| ids.contains(&component.id));
        let view = |component: &'a Component| View { id: &component.id, fields: Seen::Wanted(component) };
        Setup { components: of.map(view).collect(), instance_url: None }
    }

    pub fn held(observed: &'a Observed, ids: &BTreeSet<ComponentId>) -> Setup<'a> {
        let of = observed.components.iter().filter(|(id, _)| ids.contains(id));
        Setup {
            components: of.map(|(id, held)| View { id, fields: Seen::Held(&held.fields) }).collect(),
            instance_url: observed.org.as_ref().map(|org| org.instance_url.as_str()),
        }
    }

    /// Those of a type, by the API's name for it.
    pub fn of(&self, type_name: &str) -> impl Iterator<Item = View<'a>> {
        self.components.iter().copied().filter(move |view| view.id.kind.name == type_name)
    }

    /// What both kinds of apps have under different names: each component that has the first field of its kind.
    pub fn either(
        &self,
        connected: &'static str,
        (type_name, field): (&'static str, &'static str),
    ) -> impl Iterator<Item = (View<'a>, &'static str)> {
        let old = self.of("ConnectedApp").map(move |app| (app, connected));
        old.chain(self.of(type_name).map(move |app| (app, field)))
    }

    /// The components that hold the scopes of apps, and where.
    pub fn scopes(&self) -> impl Iterator<Item = (View<'a>, &'static str)> {
        self.either("oauthConfig.scopes", ("ExtlClntAppOauthSettings", "commaSeparatedOauthScopes"))
    }

    /// The components that hold the callback URLs of apps, and where.
    pub fn callbacks(&self) -> impl Iterator<Item = (View<'a>, &'static str)> {
        self.either("oauthConfig.callbackUrl", ("ExtlClntAppGlobalOauthSettings", "callbackUrl"))
    }

    /// Whether a URL leads to the org. A manifest says so by its reference, an org by its host.
    pub fn leads_home(&self, view: View<'_>, field: &str) -> bool {
        match view.fields {
            Seen::Wanted(_) => view
                .references(field)
                .any(|reference| matches!(reference, Reference::Org(OrgAttribute::InstanceUrl))),
            Seen::Held(_) => {
                let host = |url: &str| {
                    url.split("://")
                        .nth(1)
                        .and_then(|rest| rest.split('/').next())
                        .map(str::to_ascii_lowercase)
                };
                let url = view.text(field).and_then(host);
                url.is_some() && url == self.instance_url.and_then(host)
            }
        }
    }
}

impl<'a> View<'a> {
    /// A text that is known.
    pub fn text(self, field: &str) -> Option<&'a str> {
        match self.fields {
            Seen::Wanted(component) => component.text(field),
            Seen::Held(fields) => fields.text_at(&FieldPath::of(field)),
        }
    }

    pub fn flag(self, field: &str) -> Option<bool> {
        match self.fields {
            Seen::Wanted(component) => component.flag(field),
            Seen::Held(fields) => match fields.at(&FieldPath::of(field)) {
                Some(Tree::Leaf(Scalar::Flag(flag))) => Some(*flag),
                _ => None,
            },
        }
    }

    /// Whether the field has any value, known or not.
    pub fn has(self, field: &str) -> bool {
        let path = FieldPath::of(field);
        match self.fields {
            Seen::Wanted(component) => component.get(&path).is_some(),
            Seen::Held(fields) => fields.at(&path).is_some(),
        }
    }

    /// The values of a list, or of a text that is one: separated by commas, blanks or line breaks.
    pub fn list(self, field: &str) -> Vec<&'a str> {
        let path = FieldPath::of(field);
        let items: Vec<&'a str> = match self.fields {
            Seen::Wanted(component) => match component.get(&path) {
                Some(Tree::List(items)) => items
                    .iter()
                    .filter_map(|item| match &item.as_leaf()?.wanted {
                        Wanted::Known(Scalar::Text(text)) => Some(text.as_str()),
                        _ => None,
                    })
                    .collect(),
                _ => component.text(field).into_iter().collect(),
            },
            Seen::Held(fields) => match fields.at(&path) {
                Some(Tree::List(items)) => items
                    .iter()
                    .filter_map(|item| match item {
                        Tree::Leaf(Scalar::Text(text)) => Some(text.as_str()),
                        _ => None,
                    })
                    .collect(),
                _ => fields.text_at(&path).into_iter().collect(),
            },
        };
        let words = items.into_iter().flat_map(|text| text.split([',', ' ', '\n']));
        words.filter(|word| !word.is_empty()).collect()
    }

    /// What a text waits for: nothing, in what an org holds.
    fn references(self, field: &str) -> impl Iterator<Item = &'a Reference> {
        let formula = match self.fields {
            Seen::Wanted(component) => component.get(&FieldPath::of(field)).and_then(Tree::as_leaf),
            Seen::Held(_) => None,
        };
        formula.into_iter().flat_map(|leaf| {
            let references: Vec<&Reference> = match &leaf.wanted {
                Wanted::Formula(formula) => formula.references().collect(),
                _ => Vec::new(),
            };
            references
        })
    }

    /// Whether the value comes from a component of this type: by reference, or as what was generated for it.
    pub fn comes_from(self, field: &str, type_name: &str) -> bool {
        let of_type = |id: &ComponentId| id.kind.name == type_name;
        let by_reference = self
            .references(field)
            .any(|reference| matches!(reference, Reference::Attribute { of, .. } if of_type(of)));
        let leaf = match self.fields {
            Seen::Wanted(component) => component.get(&FieldPath::of(field)).and_then(Tree::as_leaf),
            Seen::Held(_) => None,
        };
        by_reference
            || leaf.is_some_and(|leaf| {
                matches!(&leaf.wanted, Wanted::Secret(SecretSource::Generated(made)) if of_type(&made.owner))
            })
    }

    /// Whether this is what a manifest wants; what an org holds has no references to look at.
    pub fn is_wanted(self) -> bool {
        matches!(self.fields, Seen::Wanted(_))
    }
}
