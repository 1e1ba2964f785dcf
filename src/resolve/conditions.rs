//! `only-if`: which declared components belong to the project this time.

use std::collections::{BTreeMap, BTreeSet};

use super::Inputs;
use super::evaluate::Resolver;
use super::merge::Merged;
use crate::component::ComponentId;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::manifest::Condition;
use crate::setting::{Expression, Piece, Text};

/// Several components, of which a value chooses.
struct Choice {
    at: Span,
    known: BTreeSet<String>,
    is_met: bool,
}

impl Choice {
    fn at(at: Span) -> Choice {
        Choice { at, known: BTreeSet::new(), is_met: false }
    }
}

/// Where the declarations stand that do not belong.
pub(super) fn absent(inputs: &Inputs<'_>, diagnostics: &mut Diagnostics) -> BTreeSet<Span> {
    let declarations = || inputs.manifests.iter().flat_map(|manifest| &manifest.components);
    let mut absent = BTreeSet::new();
    if declarations().all(|declaration| declaration.only_if.is_none()) {
        return absent;
    }
    // By the value that several conditions look at: what they ask for.
    let mut choices: BTreeMap<(String, String), Choice> = BTreeMap::new();
    let mut found: Vec<Diagnostic> = Vec::new();
    // No component has to be known for values that are known without an org.
    let nothing = Merged::new();
    let mut resolver = Resolver::new(inputs, &nothing, diagnostics);
    for declaration in declarations() {
        let (id, Some(condition)) = (&declaration.id, &declaration.only_if) else { continue };
        // A value that is given later may be any.
        let Some(value) = resolver.known_text(&condition.value, &format!("`only-if` of `{id}`")) else {
            continue;
        };
        if !condition.is.contains(&value) {
            absent.insert(declaration.at);
        }
        if condition.is_switch {
            found.extend(not_a_switch(id, condition, &value));
            continue;
        }
        let from = format!("{:?}", expressions(&condition.value.value));
        let choice = choices.entry((from, value.clone())).or_insert(Choice::at(condition.at));
        choice.known.extend(condition.is.iter().cloned());
        choice.is_met |= condition.is.contains(&value);
    }
    for ((_, value), choice) in choices {
        // One value that is asked for is a condition like any other; where several are, one of them is meant.
        if !choice.is_met && choice.known.len() > 1 {
            let known: Vec<&str> = choice.known.iter().map(String::as_str).collect();
            found.push(
                Diagnostic::error(Code::UnknownValue, format!("no component is there for `{value}`"))
                    .label(choice.at, "asks for another value, and so do the others")
                    .help(format!("one of: {}", known.join(", "))),
            );
        }
    }
    found.into_iter().for_each(|diagnostic| diagnostics.push(diagnostic));
    absent
}

/// What a text refers to, wherever it stands.
fn expressions(text: &Text) -> Vec<&Expression> {
    text.pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Reference(reference) => Some(&reference.value),
            _ => None,
        })
        .collect()
}

fn not_a_switch(id: &ComponentId, condition: &Condition, value: &str) -> Option<Diagnostic> {
    let is_one = matches!(value, "true" | "false");
    (!is_one).then(|| {
        Diagnostic::error(
            Code::WrongType,
            format!("`only-if` of `{id}` must be true or false, not `{value}`"),
        )
        .label(condition.value.at, "has this value once its variables are filled in")
        .help("to ask for another value: only-if = { value = \"${var.NAME}\", is = \"...\" }")
    })
}
