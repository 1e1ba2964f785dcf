//! What manifests ask for in one environment: components with every value as far as it is known without an
//! org.

use std::collections::{BTreeMap, BTreeSet};

use crate::component::{ComponentId, Field, FieldPath, Fields, Group, Kind, Scalar, Step, Tree};
use crate::diagnostic::Span;
use crate::manifest::{DoneWhen, Guide};
use crate::reference::{Formula, Reference};
use crate::secret::SecretSource;

/// What the manifests ask for in one environment.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The major number.
    pub api_version: u16,
    pub environment: Option<String>,
    /// Pass 1 uses the callback URL that a provider will most likely get.
    pub predict_callback: bool,
    pub components: BTreeMap<ComponentId, Component>,
    /// Hosts of the orgs that other environments go to, in lower case, with the name of the environment. None without
    /// an environment.
    pub foreign_hosts: BTreeMap<String, String>,
    /// Components to send even if they do not differ.
    pub resend: BTreeSet<ComponentId>,
    /// Components to remove from the org: asked for by name, never because a manifest does not have them.
    pub removals: BTreeSet<ComponentId>,
    /// What components were called before, by what they are called now.
    pub moves: BTreeMap<ComponentId, ComponentId>,
    /// What has to be done by hand for these components, as the project says; in the order of names.
    pub steps: Vec<ManualStep>,
    /// Guides that manifests follow.
    pub follows: Vec<Follows>,
    /// What manifests call components that an org calls otherwise, by the org's name.
    pub written_as: BTreeMap<ComponentId, ComponentId>,
}

/// `guide = "NAME"` of a manifest, and the components to which that guide's rules apply.
#[derive(Debug, Clone)]
pub struct Follows {
    pub guide: Guide,
    pub at: Span,
    pub components: BTreeSet<ComponentId>,
}

/// `[manual-step.NAME]` of a component that belongs to the project.
#[derive(Debug, Clone)]
pub struct ManualStep {
    pub name: String,
    pub component: ComponentId,
    pub what: Formula,
    pub who: Option<String>,
    pub link: Option<Formula>,
    pub done_when: DoneWhen,
}

/// One component, with every value as far as it is known without an org.
#[derive(Debug, Clone)]
pub struct Component {
    pub id: ComponentId,
    /// Where its name stands in the manifest.
    pub at: Span,
    pub fields: Fields<Leaf>,
    /// Where the key of each field stands, groups included.
    pub keys: Keys,
}

/// Where the keys of a component's fields stand, sorted by path.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<(FieldPath, Span)>);

impl Keys {
    /// Paths come in order: a group before its fields, fields by name.
    pub(super) fn push(&mut self, path: FieldPath, at: Span) {
        debug_assert!(self.0.last().is_none_or(|(last, _)| *last < path), "{path} comes too late");
        self.0.push((path, at));
    }

    pub fn get(&self, path: &FieldPath) -> Option<Span> {
        self.0.binary_search_by(|(known, _)| known.cmp(path)).ok().map(|found| self.0[found].1)
    }

    pub fn paths(&self) -> impl Iterator<Item = &FieldPath> {
        self.0.iter().map(|(path, _)| path)
    }
}

#[derive(Debug, Clone)]
pub struct Leaf {
    pub wanted: Wanted,
    pub at: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Known(Scalar),
    /// A text that waits for values of the org.
    Formula(Formula),
    Secret(SecretSource),
}

impl Component {
    /// The value at a path of element names.
    pub fn get(&self, path: &FieldPath) -> Option<&Tree<Leaf>> {
        self.fields.at(path)
    }

    /// The text at a path such as `oauthConfig.callbackUrl`, if it is known without an org.
    pub fn text(&self, path: &str) -> Option<&str> {
        match &self.get(&FieldPath::of(path))?.as_leaf()?.wanted {
            Wanted::Known(Scalar::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn flag(&self, path: &str) -> Option<bool> {
        match &self.get(&FieldPath::of(path))?.as_leaf()?.wanted {
            Wanted::Known(Scalar::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// Whether a field is written, readable or not.
    pub fn has(&self, path: &FieldPath) -> bool {
        self.keys.get(path).is_some()
    }

    /// Where a field's key stands; the component's name if the field is not written.
    pub fn key_at(&self, path: &FieldPath) -> Span {
        self.keys.get(path).unwrap_or(self.at)
    }

    /// Gives fields that nobody wrote and the schema demands what an org has in them.
    pub fn carry(&mut self, held: &Fields<Scalar>) {
        let kind = self.id.kind;
        for field in kind.fields.fields.iter().filter(|field| field.required) {
            if self.has(&FieldPath::of(&field.name)) {
                continue;
            }
            if let Some(Tree::Leaf(scalar)) = held.get(&field.name) {
                let leaf = Leaf { wanted: Wanted::Known(scalar.clone()), at: self.at };
                self.fields.insert(field.name.as_str().into(), Tree::Leaf(leaf));
            }
        }
    }

    /// Components that fields of this one name, in the project or not.
    pub fn named(&self) -> Vec<ComponentId> {
        let mut found = Vec::new();
        self.each_value(&mut |_, field, value| {
            if let Tree::Leaf(Leaf { wanted: Wanted::Known(Scalar::Text(text)), .. }) = value {
                found.extend(field.named(text));
            }
        });
        found
    }

    /// Whether a field of this one names the other, or takes a value from it.
    pub fn depends_on(&self, id: &ComponentId) -> bool {
        let mut found = self.named().contains(id);
        self.each_leaf(&mut |leaf| {
            found |= match &leaf.wanted {
                Wanted::Formula(formula) => formula
                    .references()
                    .any(|reference| matches!(reference, Reference::Attribute { of, .. } if of == id)),
                Wanted::Secret(SecretSource::Generated(made)) => made.owner == *id && self.id != *id,
                _ => false,
            };
        });
        found
    }

    pub fn each_leaf<'a>(&'a self, visit: &mut impl FnMut(&'a Leaf)) {
        self.fields.values().for_each(|field| field.each_leaf(visit));
    }

    /// Calls `visit` with every value and its description, groups and list items included, in order.
    pub fn each_value<'a>(&'a self, visit: &mut dyn FnMut(&FieldPath, &'static Field, &'a Tree<Leaf>)) {
        walk(&self.id.kind.fields, &mut FieldPath::root(), &self.fields, visit);
    }
}

fn walk<'a>(
    group: &'static Group,
    at: &mut FieldPath,
    fields: &'a Fields<Leaf>,
    visit: &mut dyn FnMut(&FieldPath, &'static Field, &'a Tree<Leaf>),
) {
    for (name, value) in fields {
        // Elements passed through by `extra` have no description.
        let Some(field) = group.field(name) else { continue };
        at.0.push(Step::Element(field.name.as_str().into()));
        match value {
            Tree::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    at.0.push(Step::Index(index));
                    walk_one(field, at, item, visit);
                    at.0.pop();
                }
            }
            single => walk_one(field, at, single, visit),
        }
        at.0.pop();
    }
}

fn walk_one<'a>(
    field: &'static Field,
    at: &mut FieldPath,
    item: &'a Tree<Leaf>,
    visit: &mut dyn FnMut(&FieldPath, &'static Field, &'a Tree<Leaf>),
) {
    visit(at, field, item);
    if let (Kind::Group(inner), Tree::Group(fields)) = (&field.kind, item) {
        walk(inner, at, fields, visit);
    }
}

impl Desired {
    /// Nothing, at this API version.
    pub fn empty(api_version: u16) -> Desired {
        Desired {
            api_version,
            environment: None,
            predict_callback: false,
            components: BTreeMap::new(),
            resend: BTreeSet::new(),
            removals: BTreeSet::new(),
            moves: BTreeMap::new(),
            steps: Vec::new(),
            follows: Vec::new(),
            written_as: BTreeMap::new(),
            foreign_hosts: Default::default(),
        }
    }

    /// Calls a component by another name.
    pub fn rename(&mut self, from: &ComponentId, to: &ComponentId) {
        if let Some(mut component) = self.components.remove(from) {
            component.id = to.clone();
            self.components.insert(to.clone(), component);
            let written = self.written_as.remove(from).unwrap_or_else(|| from.clone());
            if written != *to {
                self.written_as.insert(to.clone(), written);
            }
        }
        let renamed = |id: &ComponentId| if id == from { to.clone() } else { id.clone() };
        self.resend = self.resend.iter().map(renamed).collect();
        self.steps.iter_mut().for_each(|step| step.component = renamed(&step.component));
        for follows in &mut self.follows {
            follows.components = follows.components.iter().map(renamed).collect();
        }
    }

    /// Only these components; all of them if none is named.
    pub fn select(mut self, targets: &[ComponentId]) -> Desired {
        if !targets.is_empty() {
            self.components.retain(|id, _| targets.contains(id));
            self.moves.retain(|to, _| targets.contains(to));
            self.steps.retain(|step| targets.contains(&step.component));
            self.removals.retain(|id| self.moves.values().any(|from| from == id));
        }
        self
    }
}

/// The description of the field at a path of element names.
pub fn described_field(id: &ComponentId, path: &FieldPath) -> Option<&'static Field> {
    let mut group = &id.kind.fields;
    let mut found = None;
    for step in &path.0 {
        let Step::Element(name) = step else { continue };
        let field = group.field(name)?;
        if let Kind::Group(inner) = &field.kind {
            group = inner;
        }
        found = Some(field);
    }
    found
}
