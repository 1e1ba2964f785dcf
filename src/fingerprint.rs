//! Fingerprints of what is desired and of what an org holds, to see later whether something has moved.
//!
//! Equal things have equal fingerprints on every machine: no position, no path of the machine and no order that means
//! nothing goes in. A secret is in one by its source alone.

use std::collections::BTreeMap;
use std::fmt::Write;

use ring::digest::{Context, SHA256};

use crate::component::{ComponentId, Fields, Scalar, Tree};
use crate::reference::Observed;
use crate::resolve::{Component, Desired, Leaf, Wanted};
use crate::secret::SecretSource;

/// What something looked like: `sha256:` and 64 digits.
pub type Fingerprint = String;

/// Of each desired component, by address.
pub fn of_desired(desired: &Desired) -> BTreeMap<String, Fingerprint> {
    let of =
        |(id, component): (&ComponentId, &Component)| (id.to_string(), of_fields(&component.fields, &wanted));
    desired.components.iter().map(of).collect()
}

/// Of each component that an org holds, and of each value that it has told, by address or reference.
pub fn of_observed(observed: &Observed) -> BTreeMap<String, Fingerprint> {
    let components =
        observed.components.iter().map(|(id, existing)| (id.to_string(), of_existing(&existing.fields)));
    let values =
        observed.values.iter().map(|(reference, value)| (format!("${{{reference}}}"), of_text(value)));
    components.chain(values).collect()
}

/// Of a component as an org holds it.
pub fn of_existing(fields: &Fields<Scalar>) -> Fingerprint {
    of_fields(fields, &scalar)
}

pub fn of_text(text: &str) -> Fingerprint {
    finish(text.as_bytes())
}

fn of_fields<L>(fields: &Fields<L>, leaf: &dyn Fn(&L) -> String) -> Fingerprint {
    let mut text = String::new();
    write_fields(fields, leaf, &mut text);
    finish(text.as_bytes())
}

fn finish(bytes: &[u8]) -> Fingerprint {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    let mut text = "sha256:".to_owned();
    for byte in context.finish().as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// In an own notation, in which lengths keep neighbours apart: no text can look like another tree.
fn write_fields<L>(fields: &Fields<L>, leaf: &dyn Fn(&L) -> String, text: &mut String) {
    let _ = write!(text, "{{{}", fields.len());
    for (name, tree) in fields {
        let _ = write!(text, "{}:{name}", name.len());
        write_tree(tree, leaf, text);
    }
    text.push('}');
}

fn write_tree<L>(tree: &Tree<L>, leaf: &dyn Fn(&L) -> String, text: &mut String) {
    match tree {
        Tree::Leaf(value) => {
            let value = leaf(value);
            let _ = write!(text, "={}:{value}", value.len());
        }
        Tree::Group(fields) => write_fields(fields, leaf, text),
        Tree::List(items) => {
            let told = items.iter().map(|item| {
                let mut text = String::new();
                write_tree(item, leaf, &mut text);
                text
            });
            // Orgs give elements of one name back in an order of their own.
            let mut told: Vec<String> = told.collect();
            told.sort_unstable();
            let _ = write!(text, "[{}{}]", told.len(), told.concat());
        }
    }
}

fn scalar(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Text(text) => format!("t{text}"),
        Scalar::Flag(flag) => format!("f{flag}"),
        Scalar::Number(number) => format!("n{number}"),
        Scalar::Nil => "nil".to_owned(),
    }
}

fn wanted(leaf: &Leaf) -> String {
    match &leaf.wanted {
        Wanted::Known(known) => scalar(known),
        Wanted::Formula(formula) => format!("${formula}"),
        Wanted::Secret(source) => match source {
            SecretSource::Environment(name) => format!("secret env {name}"),
            SecretSource::File(path) => format!("secret file {}", path.display()),
            SecretSource::Command(words) => format!("secret command {words:?}"),
            SecretSource::Generated(made) => format!("secret generated {} {}", made.owner, made.field),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Tree<Scalar> {
        Tree::Leaf(Scalar::Text(text.to_owned()))
    }

    fn of(fields: &[(&'static str, Tree<Scalar>)]) -> Fingerprint {
        let mut all = Fields::new();
        for (name, tree) in fields {
            all.insert((*name).into(), tree.clone());
        }
        of_existing(&all)
    }

    #[test]
    fn order_that_means_nothing_changes_nothing() {
        let list = |items: &[&str]| Tree::List(items.iter().map(|item| text(item)).collect());
        let one = of(&[("scopes", list(&["Api", "Full"])), ("label", text("A"))]);
        let other = of(&[("label", text("A")), ("scopes", list(&["Full", "Api"]))]);
        assert_eq!(one, other);
        assert_eq!(one.len(), "sha256:".len() + 64);
    }

    #[test]
    fn different_things_look_different() {
        let all = [
            of(&[]),
            of(&[("a", text("b"))]),
            of(&[("a", text("")), ("b", text(""))]),
            of(&[("a", Tree::Leaf(Scalar::Flag(true)))]),
            of(&[("a", text("true"))]),
            of(&[("a", Tree::Leaf(Scalar::Nil))]),
            of(&[("a", text("nil"))]),
            of(&[("a", Tree::List(vec![text("b")]))]),
            of(&[("a", Tree::List(vec![text("b"), text("b")]))]),
            of(&[("a", text("1:b=2:tc"))]),
        ];
        let different: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
