//! Addresses: `connected-app.AxsyApexAPI` names a component, `oauth-config.scopes[1]` a field in it.

use std::fmt;

use super::{Name, Type, type_with_key};

/// The address of a component. Ordered by type key, then by name.
#[derive(Clone)]
pub struct ComponentId {
    pub kind: &'static Type,
    /// The full name in the org, which is also the file name.
    pub name: String,
}

impl ComponentId {
    pub fn new(kind: &'static Type, name: impl Into<String>) -> Self {
        ComponentId { kind, name: name.into() }
    }

    /// Reads `connected-app.AxsyApexAPI`; `None` where the type is unknown or the name is missing.
    pub fn parse(address: &str) -> Option<Self> {
        let (key, name) = address.split_once('.')?;
        if name.is_empty() {
            return None;
        }
        Some(ComponentId::new(type_with_key(key)?, name))
    }

    fn sort_key(&self) -> (&str, &str) {
        (&self.kind.key, &self.name)
    }
}

impl fmt::Display for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind.key, self.name)
    }
}

impl fmt::Debug for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for ComponentId {
    fn eq(&self, other: &Self) -> bool {
        self.sort_key() == other.sort_key()
    }
}

impl Eq for ComponentId {}

impl PartialOrd for ComponentId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ComponentId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.sort_key().cmp(&other.sort_key())
    }
}

impl std::hash::Hash for ComponentId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.sort_key().hash(state);
    }
}

/// One step into a value tree: an element by API name, or one of several elements of the same name, by its
/// place or by what tells it from the others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    Element(Name),
    Index(usize),
    Item(String),
}

/// Where in a component a field is. Shown in the manifest's spelling: `oauth-config.callback-url`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FieldPath(pub Vec<Step>);

impl FieldPath {
    pub fn root() -> Self {
        FieldPath(Vec::new())
    }

    /// Reads API names joined by dots: `oauthConfig.callbackUrl`.
    pub fn of(api_names: &str) -> Self {
        FieldPath(api_names.split('.').map(|name| Step::Element(name.to_owned().into())).collect())
    }

    pub fn element(&self, name: impl Into<Name>) -> Self {
        self.then(Step::Element(name.into()))
    }

    pub fn index(&self, at: usize) -> Self {
        self.then(Step::Index(at))
    }

    pub fn item(&self, name: impl Into<String>) -> Self {
        self.then(Step::Item(name.into()))
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        FieldPath(steps)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Element(name) if at == 0 => f.write_str(&super::kebab(name))?,
                Step::Element(name) => write!(f, ".{}", super::kebab(name))?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Item(name) => write!(f, "[{name}]")?,
            }
        }
        Ok(())
    }
}
