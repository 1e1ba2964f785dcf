//! Texts that wait for values of an org, held against texts that they may become.

use super::leaf::{Leaf, Look};
use crate::component::{AttributeSource, Field, Scalar, Tree};
use crate::reference::{Part, Reference};

/// Where a text waits for values of an org, it equals another that waits for the same, and a text that it may
/// become.
pub(super) fn formulas_agree<B: Leaf, A: Leaf>(
    field: Option<&Field>,
    before: Option<&Tree<B>>,
    after: Option<&Tree<A>>,
) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    let (Some(mut before), Some(mut after)) = (patterns(field, before), patterns(field, after)) else {
        return false;
    };
    before.retain(|one| {
        let twin = after.iter().position(|other| one == other);
        twin.map(|at| after.remove(at)).is_none()
    });
    before.retain(|one| {
        let match_ = after.iter().position(|other| may_be(one, other) || may_be(other, one));
        match_.map(|at| after.remove(at)).is_none()
    });
    before.is_empty() && after.is_empty()
}

/// A text with gaps that an org fills.
type Pattern = Vec<Part>;

/// The texts in a tree of leaves, split where the field is a list in one text; `None` where a leaf has none.
fn patterns<L: Leaf>(field: Option<&Field>, tree: &Tree<L>) -> Option<Vec<Pattern>> {
    let separator = field.and_then(|field| field.separator.as_deref());
    let mut patterns = Vec::new();
    let mut complete = true;
    tree.each_leaf(&mut |leaf| {
        let parts = match leaf.look() {
            Look::Known(Scalar::Nil) | Look::Secret | Look::Pending => {
                complete = false;
                return;
            }
            Look::Known(scalar) => vec![Part::Text(scalar.to_string())],
            Look::Waits(formula) => formula.0.clone(),
        };
        let Some(separator) = separator else {
            patterns.push(parts);
            return;
        };
        let mut line: Pattern = Vec::new();
        for part in parts {
            let Part::Text(text) = part else {
                line.push(part);
                continue;
            };
            for (index, piece) in text.split(separator.trim_matches(' ')).enumerate() {
                if index > 0 {
                    patterns.push(std::mem::take(&mut line));
                }
                if !piece.trim().is_empty() {
                    line.push(Part::Text(piece.trim().to_owned()));
                }
            }
        }
        patterns.push(line);
    });
    patterns.retain(|pattern| !pattern.is_empty());
    complete.then_some(patterns)
}

/// Whether a text without gaps is one that a pattern may become.
fn may_be(pattern: &Pattern, text: &Pattern) -> bool {
    let [Part::Text(text)] = text.as_slice() else { return false };
    let mut rest = text.as_str();
    let mut anchored = true;
    let mut parts = pattern.iter().flat_map(possible).peekable();
    while let Some(part) = parts.next() {
        match part {
            Part::Reference(_) => anchored = false,
            Part::Text(literal) if anchored => match rest.strip_prefix(literal.as_str()) {
                Some(behind) => rest = behind,
                None => return false,
            },
            Part::Text(literal) if parts.peek().is_none() => return rest.ends_with(literal.as_str()),
            Part::Text(literal) => match rest.find(literal.as_str()) {
                Some(at) => {
                    rest = &rest[at + literal.len()..];
                    anchored = true;
                }
                None => return false,
            },
        }
    }
    !anchored || rest.is_empty()
}

/// A reference as far as its value can be told in advance: `${auth-provider.X.callback-url}` is some address of an
/// org with `/services/authcallback/X` behind it.
fn possible(part: &Part) -> Vec<Part> {
    let Part::Reference(reference @ Reference::Attribute { of, attribute }) = part else {
        return vec![part.clone()];
    };
    let predicted = of.kind.attributes.get(attribute).and_then(|attribute| match &attribute.source {
        AttributeSource::Query { predicted, .. } => predicted.as_deref(),
        AttributeSource::Field(_) => None,
    });
    let gap = Part::Reference(reference.clone());
    match predicted.map(|text| text.replace("{name}", &of.name)) {
        None => vec![gap],
        Some(text) => {
            let mut parts = Vec::new();
            for (index, literal) in text.split("{instance-url}").enumerate() {
                if index > 0 {
                    parts.push(gap.clone());
                }
                if !literal.is_empty() {
                    parts.push(Part::Text(literal.to_owned()));
                }
            }
            parts
        }
    }
}
