//! How values are shown: one wording for every format. Secrets have no text here, only a state.

use std::borrow::Cow;

use crate::component::{Field, FieldPath, Name, Scalar, Step, Tree};
use crate::diff::{FieldChange, Filled};
use crate::plan::{Action, Change, Plan};
use crate::resolve::described_field;
use crate::secret::SecretSource;
use crate::setting::looks_secret;

/// A value before or after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The org has nothing, or does not tell.
    Absent,
    Value(Tree<Scalar>),
    /// In words: `(secret)`, `(generated)`, `(known after pass 1)`.
    State(String),
}

pub fn before(change: &Change, field_change: &FieldChange) -> Shown {
    let field = described_field(&change.id, &field_change.path);
    match &field_change.before {
        None => Shown::Absent,
        Some(_) if field.is_some_and(|field| field.secret) => Shown::State("(secret)".to_owned()),
        Some(tree) => undescribed(field, &field_change.path, Shown::Value(tree.clone())),
    }
}

/// Nothing tells whether an element without description is a secret but its name.
pub(super) fn undescribed(field: Option<&Field>, path: &FieldPath, value: Shown) -> Shown {
    if field.is_some() {
        return value;
    }
    let named = path.0.iter().any(|step| matches!(step, Step::Element(name) if looks_secret(name)));
    match value {
        Shown::Value(_) if named => Shown::State("(hidden)".to_owned()),
        Shown::Value(tree) => Shown::Value(without_secrets(tree)),
        other => other,
    }
}

fn without_secrets(tree: Tree<Scalar>) -> Tree<Scalar> {
    let hidden = || Tree::Leaf(Scalar::Text("(hidden)".to_owned()));
    match tree {
        Tree::Leaf(scalar) => Tree::Leaf(scalar),
        Tree::List(items) => Tree::List(items.into_iter().map(without_secrets).collect()),
        Tree::Group(fields) => {
            let shown = |(name, field): (Name, Tree<Scalar>)| {
                let field = if looks_secret(&name) { hidden() } else { without_secrets(field) };
                (name, field)
            };
            Tree::Group(fields.into_iter().map(shown).collect())
        }
    }
}

pub fn after(change: &Change, field_change: &FieldChange) -> Shown {
    let field = described_field(&change.id, &field_change.path);
    // The last pass of a component is the one that its values are waited for.
    let known_after = change.passes.last().map_or(1, |last| last.saturating_sub(1).max(1));
    undescribed(field, &field_change.path, shown(field, &field_change.after, known_after))
}

fn shown(field: Option<&Field>, tree: &Tree<Filled>, known_after: usize) -> Shown {
    match tree {
        Tree::Leaf(Filled::Secret(SecretSource::Generated(_))) => Shown::State("(generated)".to_owned()),
        Tree::Leaf(Filled::Secret(source)) => Shown::State(format!("(secret from {source})")),
        Tree::Leaf(Filled::Pending(references)) => {
            let names: Vec<String> = references.iter().map(ToString::to_string).collect();
            Shown::State(format!("(known after pass {known_after}: {})", names.join(", ")))
        }
        Tree::Leaf(Filled::Known(_)) if field.is_some_and(|field| field.secret) => {
            Shown::State("(secret)".to_owned())
        }
        known => Shown::Value(values(known)),
    }
}

/// Leaves of lists and of elements without description can be nothing but known values.
fn values(tree: &Tree<Filled>) -> Tree<Scalar> {
    match tree {
        Tree::Leaf(Filled::Known(scalar)) => Tree::Leaf(scalar.clone()),
        Tree::Leaf(_) => Tree::Leaf(Scalar::Text("(secret)".to_owned())),
        Tree::List(items) => Tree::List(items.iter().map(values).collect()),
        Tree::Group(fields) => {
            Tree::Group(fields.iter().map(|(name, field)| (name.clone(), values(field))).collect())
        }
    }
}

/// Whether a letter does something to what is around it: to a terminal, or to the direction in which others are read.
pub(super) fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text that is what it looks like, and does nothing to a terminal: letters that act are spelled out, but for line breaks
/// and tabs.
pub fn visible(text: &str) -> Cow<'_, str> {
    let acts = |letter: char| acts(letter) && !matches!(letter, '\n' | '\t');
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let spelled = |letter: char| -> String {
        if acts(letter) { letter.escape_default().to_string() } else { letter.to_string() }
    };
    Cow::Owned(text.chars().map(spelled).collect())
}

/// A value on one line.
pub fn one_line(shown: &Shown) -> String {
    match shown {
        Shown::Absent => "(none)".to_owned(),
        Shown::State(state) => state.clone(),
        Shown::Value(tree) => tree_text(tree),
    }
}

fn tree_text(tree: &Tree<Scalar>) -> String {
    match tree {
        Tree::Leaf(Scalar::Text(text)) => format!("{text:?}"),
        Tree::Leaf(scalar) => scalar.to_string(),
        Tree::List(items) => format!("[{}]", items.iter().map(tree_text).collect::<Vec<_>>().join(", ")),
        Tree::Group(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, field)| format!("{} = {}", crate::component::kebab(name), tree_text(field)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

/// Whether a difference is told as what will be done or as what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tense {
    Planned,
    Found,
}

impl Tense {
    /// What follows the name of a component; nothing for what stays.
    pub fn verb(self, action: Action) -> Option<&'static str> {
        Some(match (self, action) {
            (_, Action::Keep) => return None,
            (Tense::Planned, Action::Create) => "will be created",
            (Tense::Planned, Action::Update) => "will be updated",
            (Tense::Planned, Action::Delete) => "will be removed",
            (Tense::Planned, Action::Cannot) => "cannot be deployed",
            (Tense::Found, Action::Create) => "is missing",
            (Tense::Found, Action::Update) => "differs",
            (Tense::Found, Action::Delete) => "is still there",
            (Tense::Found, Action::Cannot) => "differs, and cannot be deployed",
        })
    }
}

/// `Plan: 3 to create, 1 to update, 0 to delete; 2 passes.`
pub fn summary(plan: &Plan) -> String {
    let passes = match plan.passes.len() {
        1 => "1 pass".to_owned(),
        count => format!("{count} passes"),
    };
    format!(
        "Plan: {} to create, {} to update, {} to delete; {passes}.",
        plan.count(Action::Create),
        plan.count(Action::Update),
        plan.count(Action::Delete)
    )
}
