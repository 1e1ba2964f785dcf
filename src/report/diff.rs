//! What differs between two sets of components: a list of fields first, then the XML for whoever wants it.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use similar::TextDiff;

use crate::component::{ComponentId, Field, FieldPath, Fields, Group, Kind, Scalar, Step, Tree};
use crate::diff::{ChangeKind, ComponentChange, Difference, Held, Leaf, SecretState, Set, secret_state};
use crate::render::{TemplateError, Templates};
use crate::report::human::Paint;
use crate::report::json::FORMAT_VERSION;
use crate::report::markdown::{code, codes, escape, fenced, folded};
use crate::report::values::{Shown, one_line, undescribed, visible};
use crate::resolve::described_field;
use crate::secret::looks_like_one;
use crate::setting::looks_secret;

/// The values of one difference, or its items where a list gained and lost some.
enum Told {
    Values(Shown, Shown),
    Items { gone: Vec<String>, new: Vec<String> },
}

fn told(id: &ComponentId, difference: &Difference) -> Told {
    let field = described_field(id, &difference.path);
    let value = |tree: Option<&Tree<Held>>| shown(field, &difference.path, tree);
    let (before, after) = (value(difference.before.as_ref()), value(difference.after.as_ref()));
    let is_list = field.is_some_and(|field| field.repeated || field.separator.is_some());
    if is_list && !matches!(difference.path.0.last(), Some(Step::Item(_) | Step::Index(_))) {
        let (old, new) = (texts(field, &before), texts(field, &after));
        let gone = old.iter().filter(|one| !new.contains(one)).cloned().collect::<Vec<_>>();
        let added = new.iter().filter(|one| !old.contains(one)).cloned().collect::<Vec<_>>();
        if !gone.is_empty() || !added.is_empty() {
            return Told::Items { gone, new: added };
        }
    }
    Told::Values(before, after)
}

/// Both sides of a difference for a table: each a value, or the items that it lost and gained.
pub(super) fn cells(id: &ComponentId, difference: &Difference) -> (Vec<String>, Vec<String>) {
    let all = |sign: char, items: Vec<String>| items.iter().map(|item| format!("{sign} {item}")).collect();
    match told(id, difference) {
        Told::Values(old, new) => (vec![one_line(&old)], vec![one_line(&new)]),
        Told::Items { gone, new } => (all('-', gone), all('+', new)),
    }
}

fn texts(field: Option<&Field>, shown: &Shown) -> Vec<String> {
    match shown {
        Shown::Value(Tree::List(items)) => {
            items.iter().map(|item| one_line(&Shown::Value(item.clone()))).collect()
        }
        Shown::Value(Tree::Leaf(Scalar::Text(text))) => match field {
            Some(field) => field.split(text).into_iter().map(|one| format!("{one:?}")).collect(),
            None => vec![format!("{text:?}")],
        },
        Shown::Value(tree) => vec![one_line(&Shown::Value(tree.clone()))],
        Shown::State(state) => vec![state.clone()],
        Shown::Absent => Vec::new(),
    }
}

pub(super) fn shown(field: Option<&Field>, path: &FieldPath, tree: Option<&Tree<Held>>) -> Shown {
    let Some(tree) = tree else {
        let is_secret = field.is_some_and(|field| field.secret);
        return if is_secret { Shown::State("not set".to_owned()) } else { Shown::Absent };
    };
    match tree {
        Tree::Leaf(leaf) if field.is_some_and(|field| field.secret) => Shown::State(state(leaf).to_owned()),
        Tree::Leaf(Held::Secret(source)) => Shown::State(format!("(from {source})")),
        tree => undescribed(field, path, Shown::Value(plain(field, tree))),
    }
}

fn state(leaf: &Held) -> &'static str {
    match secret_state(leaf.look()) {
        SecretState::Placeholder => "placeholder",
        SecretState::Set | SecretState::Sourced => "set",
    }
}

/// The tree without anything secret in it.
fn plain(field: Option<&Field>, tree: &Tree<Held>) -> Tree<Scalar> {
    match tree {
        Tree::Leaf(leaf) if field.is_some_and(|field| field.secret) => {
            Tree::Leaf(Scalar::Text(format!("({})", state(leaf))))
        }
        // Elements where a secret should stand hold it somewhere.
        Tree::Group(_) if field.is_some_and(|field| field.secret) => {
            Tree::Leaf(Scalar::Text("(set)".to_owned()))
        }
        Tree::Leaf(Held::Known(Scalar::Text(text)))
            if field.is_some_and(|field| field.sourced && looks_like_one(field, text)) =>
        {
            Tree::Leaf(Scalar::Text("(hidden)".to_owned()))
        }
        Tree::Leaf(Held::Known(scalar)) => Tree::Leaf(scalar.clone()),
        Tree::Leaf(Held::Secret(_)) => Tree::Leaf(Scalar::Text("(set)".to_owned())),
        Tree::Leaf(Held::Waits(formula)) => Tree::Leaf(Scalar::Text(formula.to_string())),
        Tree::List(items) => Tree::List(items.iter().map(|item| plain(field, item)).collect()),
        Tree::Group(fields) => Tree::Group(plain_fields(inner(field), fields)),
    }
}

fn plain_fields(group: Option<&Group>, fields: &Fields<Held>) -> Fields<Scalar> {
    let one = |(name, tree): (&crate::component::Name, &Tree<Held>)| {
        let field = group.and_then(|group| group.field(name));
        let tree = match field {
            // Nothing but its name tells whether an element without description is a secret.
            None if looks_secret(name) => hidden(tree),
            field => plain(field, tree),
        };
        (name.clone(), tree)
    };
    fields.iter().map(one).collect()
}

fn hidden(tree: &Tree<Held>) -> Tree<Scalar> {
    match tree {
        Tree::Leaf(Held::Known(scalar @ (Scalar::Flag(_) | Scalar::Nil))) => Tree::Leaf(scalar.clone()),
        Tree::Leaf(Held::Known(Scalar::Text(text))) if matches!(text.as_str(), "" | "true" | "false") => {
            Tree::Leaf(Scalar::Text(text.clone()))
        }
        _ => Tree::Leaf(Scalar::Text("(hidden)".to_owned())),
    }
}

fn inner(field: Option<&Field>) -> Option<&Group> {
    match field.map(|field| &field.kind) {
        Some(Kind::Group(group)) => Some(group),
        _ => None,
    }
}

/// The XML of both sides, line by line, for each component that differs.
pub fn xml(changes: &[ComponentChange], templates: &Templates) -> Result<Vec<String>, TemplateError> {
    let side = |change: &ComponentChange, fields: &Option<Fields<Held>>| match fields {
        None => Ok(String::new()),
        Some(fields) => {
            let kind = change.id.kind;
            templates.render(kind, &plain_fields(Some(&kind.fields), fields))
        }
    };
    let mut texts = Vec::with_capacity(changes.len());
    for change in changes {
        let (before, after) = (side(change, &change.before)?, side(change, &change.after)?);
        let path = change.id.kind.path(&change.id.name);
        let name = |prefix: &str, there: bool| {
            if there { format!("{prefix}/{path}") } else { "/dev/null".to_owned() }
        };
        let (old, new) = (name("a", change.before.is_some()), name("b", change.after.is_some()));
        let diff = TextDiff::from_lines(&before, &after);
        texts.push(diff.unified_diff().context_radius(3).header(&old, &new).to_string());
    }
    Ok(texts)
}

pub fn human(changes: &[ComponentChange], before: &Set, after: &Set, xml: &[String], colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = String::new();
    for change in changes {
        let symbol = match change.kind {
            ChangeKind::Added => paint.green("+"),
            ChangeKind::Removed => paint.red("-"),
            ChangeKind::Changed => paint.yellow("~"),
        };
        let _ = writeln!(text, "{symbol} {}", paint.bold(&visible(&change.id.to_string())));
        if change.kind != ChangeKind::Removed {
            fields(&mut text, change, paint);
        }
    }
    if !xml.is_empty() && !changes.is_empty() {
        text.push('\n');
        xml.iter().for_each(|one| text.push_str(&painted(&visible(one), paint)));
    }
    if changes.is_empty() {
        let _ = writeln!(text, "No differences between {} and {}.", before.name, after.name);
    } else {
        text.push('\n');
    }
    let _ = writeln!(text, "{}", summary(changes));
    text
}

fn fields(text: &mut String, change: &ComponentChange, paint: Paint) {
    let names: Vec<String> =
        change.differences.iter().map(|one| visible(&one.path.to_string()).into_owned()).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(60);
    for (difference, name) in change.differences.iter().zip(&names) {
        let line = match told(&change.id, difference) {
            Told::Values(Shown::Absent, new) => format!("{name:width$} = {}", one_line(&new)),
            Told::Values(old, Shown::Absent) => format!("{name:width$} = {} -> (none)", one_line(&old)),
            Told::Values(old, new) => format!("{name:width$} = {} -> {}", one_line(&old), one_line(&new)),
            Told::Items { gone, new } => {
                let gone = gone.iter().map(|item| paint.red(&format!("- {item}")));
                let new = new.iter().map(|item| paint.green(&format!("+ {item}")));
                format!("{name:width$}   {}", gone.chain(new).collect::<Vec<_>>().join("  "))
            }
        };
        let _ = writeln!(text, "    {line}");
    }
}

fn painted(xml: &str, paint: Paint) -> String {
    let line = |line: &str| {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        let painted = match body.as_bytes().first() {
            Some(b'+') => paint.green(body),
            Some(b'-') => paint.red(body),
            Some(b'@') => paint.dim(body),
            _ => body.to_owned(),
        };
        painted + end
    };
    xml.split_inclusive('\n').map(line).collect()
}

/// `Diff: 1 added, 0 removed, 2 changed.`
pub fn summary(changes: &[ComponentChange]) -> String {
    let count = |kind: ChangeKind| changes.iter().filter(|change| change.kind == kind).count();
    format!(
        "Diff: {} added, {} removed, {} changed.",
        count(ChangeKind::Added),
        count(ChangeKind::Removed),
        count(ChangeKind::Changed)
    )
}

pub fn json(changes: &[ComponentChange], before: &Set, after: &Set, xml: &[String]) -> Map<String, Value> {
    let mut body = Map::from_iter([
        ("format_version".to_owned(), json!(FORMAT_VERSION)),
        ("before".to_owned(), json!(before.name)),
        ("after".to_owned(), json!(after.name)),
    ]);
    body.extend(json_changes(changes, xml));
    body
}

/// The keys `equal`, `changes` and `summary`.
pub fn json_changes(changes: &[ComponentChange], xml: &[String]) -> Map<String, Value> {
    let components: Vec<Value> = changes
        .iter()
        .enumerate()
        .map(|(index, change)| {
            let fields: Vec<Value> = change
                .differences
                .iter()
                .map(|difference| {
                    let field = described_field(&change.id, &difference.path);
                    let side = |tree: Option<&Tree<Held>>| {
                        crate::report::json::shown(&shown(field, &difference.path, tree))
                    };
                    json!({
                        "field": difference.path.to_string(),
                        "before": side(difference.before.as_ref()),
                        "after": side(difference.after.as_ref()),
                    })
                })
                .collect();
            let mut told = json!({
                "component": change.id.to_string(),
                "action": change.kind.as_str(),
                "fields": fields,
            });
            if let Some(xml) = xml.get(index) {
                told["xml"] = json!(xml);
            }
            told
        })
        .collect();
    let count = |kind: ChangeKind| changes.iter().filter(|change| change.kind == kind).count();
    Map::from_iter([
        ("equal".to_owned(), json!(changes.is_empty())),
        ("changes".to_owned(), json!(components)),
        (
            "summary".to_owned(),
            json!({
                "added": count(ChangeKind::Added),
                "removed": count(ChangeKind::Removed),
                "changed": count(ChangeKind::Changed),
            }),
        ),
    ])
}

pub fn markdown(changes: &[ComponentChange], before: &Set, after: &Set, xml: &[String]) -> String {
    let mut text = format!("### orgwire diff: {} to {}\n\n", escape(&before.name), escape(&after.name));
    for (index, change) in changes.iter().enumerate() {
        let _ = writeln!(text, "#### {} {}\n", change.kind.as_str(), code(&change.id.to_string()));
        if change.kind != ChangeKind::Removed && !change.differences.is_empty() {
            text.push_str("| field | before | after |\n|---|---|---|\n");
            for difference in &change.differences {
                let (old, new) = cells(&change.id, difference);
                let (old, new) = (codes(&old), codes(&new));
                let _ = writeln!(text, "| {} | {old} | {new} |", code(&difference.path.to_string()));
            }
            text.push('\n');
        }
        if let Some(xml) = xml.get(index) {
            text.push_str(&folded("XML", &fenced("diff", xml)));
        }
    }
    if changes.is_empty() {
        text.push_str("No differences.\n\n");
    }
    let _ = writeln!(text, "**{}**", summary(changes));
    text
}
