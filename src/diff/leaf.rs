//! What takes part in a comparison: values as wanted, as held and as an org tells them, and the rules between them.

use crate::component::Scalar;
use crate::reference::{Formula, Reference};
use crate::secret::{SecretSource, is_placeholder};

/// A wanted value, as far as the org has told what it depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filled {
    Known(Scalar),
    Secret(SecretSource),
    /// Waits for these.
    Pending(Vec<Reference>),
}

/// A value of a component, wherever the component came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    Known(Scalar),
    /// A manifest says where the secret lives.
    Secret(SecretSource),
    /// A text that waits for values of an org.
    Waits(Formula),
}

/// What can be said of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretState {
    /// There is a text.
    Set,
    /// There is a text that stands for a secret: an org's mask, or what a tool left.
    Placeholder,
    /// A manifest says where it lives.
    Sourced,
}

/// What takes part in a comparison.
pub trait Leaf {
    fn look(&self) -> Look<'_>;
}

/// A leaf, as a comparison sees it.
#[derive(Debug, Clone, Copy)]
pub enum Look<'a> {
    Known(&'a Scalar),
    Secret,
    Waits(&'a Formula),
    /// Not known, and equal to nothing.
    Pending,
}

impl Leaf for Scalar {
    fn look(&self) -> Look<'_> {
        Look::Known(self)
    }
}

impl Leaf for Filled {
    fn look(&self) -> Look<'_> {
        match self {
            Filled::Known(scalar) => Look::Known(scalar),
            Filled::Secret(_) => Look::Secret,
            Filled::Pending(_) => Look::Pending,
        }
    }
}

impl Leaf for Held {
    fn look(&self) -> Look<'_> {
        match self {
            Held::Known(scalar) => Look::Known(scalar),
            Held::Secret(_) => Look::Secret,
            Held::Waits(formula) => Look::Waits(formula),
        }
    }
}

/// The state of a secret field's value.
pub fn secret_state(look: Look<'_>) -> SecretState {
    match look {
        Look::Known(scalar) if is_placeholder(&scalar.to_string()) => SecretState::Placeholder,
        Look::Known(_) => SecretState::Set,
        Look::Secret | Look::Waits(_) | Look::Pending => SecretState::Sourced,
    }
}

/// What a comparison depends on besides the values.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The major number: defaults are those of the elements that it knows.
    pub api_version: u16,
    /// Whether one of the two sides is an org, which does not give write-only values back.
    pub with_org: bool,
    /// Whether the second side is what the first is to become.
    pub is_plan: bool,
}
