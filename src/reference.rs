//! References, and [`Observed`]: the values that only an org can tell.

use std::collections::BTreeMap;
use std::fmt;

use crate::component::{ComponentId, Fields, Scalar};

/// A value that is not in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    Org(OrgAttribute),
    Attribute {
        of: ComponentId,
        attribute: String,
    },
    /// A value that has to be given and was not, such as `var.callback`; only where nothing is to be sent.
    Unset(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrgAttribute {
    Id,
    InstanceUrl,
}

impl OrgAttribute {
    pub const ALL: [OrgAttribute; 2] = [OrgAttribute::Id, OrgAttribute::InstanceUrl];

    pub fn key(self) -> &'static str {
        match self {
            OrgAttribute::Id => "id",
            OrgAttribute::InstanceUrl => "instance-url",
        }
    }

    /// Stands in a file that is rendered without an org. Reads as what it is, and is no real host.
    pub fn placeholder(self) -> &'static str {
        match self {
            OrgAttribute::Id => "00D000000000000EAA",
            OrgAttribute::InstanceUrl => "https://MyDomainName.my.salesforce.com",
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Org(attribute) => write!(f, "org.{}", attribute.key()),
            Reference::Attribute { of, attribute } => write!(f, "{of}.{attribute}"),
            Reference::Unset(name) => f.write_str(name),
        }
    }
}

/// A text with references in it, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula(pub Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Reference(Reference),
}

impl fmt::Display for Formula {
    /// As a manifest writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&text.replace("${", "$${")),
            Part::Reference(reference) => write!(f, "${{{reference}}}"),
        })
    }
}

impl Formula {
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.0.iter().filter_map(|part| match part {
            Part::Reference(reference) => Some(reference),
            Part::Text(_) => None,
        })
    }

    /// The text, with `value` in place of each reference; `None` if one has no value.
    pub fn fill<'a>(
        &self,
        mut value: impl FnMut(&Reference) -> Option<std::borrow::Cow<'a, str>>,
    ) -> Option<String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Reference(reference) => text.push_str(&value(reference)?),
            }
        }
        Some(text)
    }
}

/// The org, as far as manifests can refer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgFacts {
    /// 18 characters.
    pub id: String,
    /// Without a slash at the end.
    pub instance_url: String,
}

/// A component as an org holds it. Secrets are masked or absent: an org never tells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// The record id, where the org told it.
    pub id: Option<String>,
    pub fields: Fields<Scalar>,
}

/// What an org has told so far. Plain data; only `wire` fills it from an org.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    pub org: Option<OrgFacts>,
    pub components: BTreeMap<ComponentId, Existing>,
    /// Values of attributes, by reference.
    pub values: BTreeMap<Reference, String>,
}

impl Observed {
    /// The value of a reference, if the org has told it.
    pub fn value(&self, reference: &Reference) -> Option<&str> {
        match reference {
            Reference::Org(OrgAttribute::Id) => self.org.as_ref().map(|org| org.id.as_str()),
            Reference::Org(OrgAttribute::InstanceUrl) => {
                self.org.as_ref().map(|org| org.instance_url.as_str())
            }
            Reference::Attribute { .. } | Reference::Unset(_) => {
                self.values.get(reference).map(String::as_str)
            }
        }
    }

    pub fn has(&self, id: &ComponentId) -> bool {
        self.components.contains_key(id)
    }
}
