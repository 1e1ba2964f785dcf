//! Which API version a manifest gets, and which of its elements that version refuses.

use crate::collect::{Collected, Found};
use crate::component::{
    ComponentId, FieldPath, Fields, Group, Kind, NEWEST_API_VERSION, OLDEST_API_VERSION, Scalar, Tree,
};
use crate::retrieved::Sited;

use super::{Note, NoteKind};

/// What was asked for; else what the files say themselves; else the newest version that knows the most of what
/// they hold. Always one that orgwire knows.
pub(super) fn choose(collected: &Collected, asked: Option<u16>) -> u16 {
    let told = asked.or(collected.api_version.as_ref().map(|(version, _)| *version));
    if let Some(version) = told {
        return version.clamp(OLDEST_API_VERSION, NEWEST_API_VERSION);
    }
    let versions = usize::from(NEWEST_API_VERSION - OLDEST_API_VERSION) + 1;
    // How many elements more or fewer each version refuses than the one before.
    let mut steps = vec![0_i64; versions + 1];
    let mut refuse = |from: u16, to: u16| {
        let from = from.max(OLDEST_API_VERSION);
        if from <= to.min(NEWEST_API_VERSION) {
            steps[usize::from(from - OLDEST_API_VERSION)] += 1;
            steps[usize::from(to.min(NEWEST_API_VERSION) - OLDEST_API_VERSION) + 1] -= 1;
        }
    };
    for (id, found) in &collected.components {
        let mut count = |since: u16, until: Option<u16>| {
            refuse(0, since.saturating_sub(1));
            if let Some(last) = until {
                refuse(last + 1, NEWEST_API_VERSION);
            }
        };
        count(id.kind.since, None);
        each_element(&id.kind.fields, &FieldPath::root(), &found.document.fields, &mut |element| {
            count(element.since, element.until);
        });
    }
    let mut best = (i64::MAX, NEWEST_API_VERSION);
    let mut refused = 0;
    for (version, step) in (OLDEST_API_VERSION..=NEWEST_API_VERSION).zip(steps) {
        refused += step;
        if refused <= best.0 {
            best = (refused, version);
        }
    }
    best.1
}

/// Notes every element that this version refuses.
pub(super) fn refusals(id: &ComponentId, found: &Found, version: u16, notes: &mut Vec<Note>) {
    let mut refused = |field: Option<FieldPath>, line: Option<u32>, text: String| {
        notes.push(Note {
            kind: NoteKind::Refused,
            component: id.clone(),
            field,
            place: (found.path.clone(), line),
            text,
        });
    };
    if version < id.kind.since {
        let text =
            format!("its type exists from API version {}.0 on, and {version}.0 refuses it", id.kind.since);
        refused(None, None, text);
        return;
    }
    each_element(&id.kind.fields, &FieldPath::root(), &found.document.fields, &mut |element| {
        let what = || element.value.map_or("it".to_owned(), |value| format!("`{value}`"));
        if version < element.since {
            let text = format!(
                "{} exists from API version {}.0 on, and {version}.0 refuses it",
                what(),
                element.since
            );
            refused(Some(element.path.clone()), element.line, text);
        } else if let Some(last) = element.until.filter(|last| version > *last) {
            let text = format!("{} exists up to API version {last}.0, and {version}.0 refuses it", what());
            refused(Some(element.path.clone()), element.line, text);
        }
    });
}

/// Something that some API versions do not know.
struct Element<'a> {
    path: &'a FieldPath,
    line: Option<u32>,
    since: u16,
    until: Option<u16>,
    /// The value, where it is the value that is not known.
    value: Option<&'a str>,
}

fn each_element(
    group: &'static Group,
    at: &FieldPath,
    fields: &Fields<Sited>,
    visit: &mut dyn FnMut(&Element<'_>),
) {
    for (name, tree) in fields {
        let Some(field) = group.field(name) else { continue };
        if field.content || field.read_only {
            continue;
        }
        let path = at.element(field.name.as_str());
        let items = if let Tree::List(items) = tree { items } else { std::slice::from_ref(tree) };
        let mut line = None;
        if let Some(Tree::Leaf(sited)) = items.first() {
            line = Some(sited.line);
        }
        visit(&Element {
            path: &path,
            line,
            since: field.since_perhaps.unwrap_or(field.since),
            until: field.until_perhaps.or(field.until),
            value: None,
        });
        for item in items {
            match (&field.kind, item) {
                (Kind::Group(inner), Tree::Group(fields)) => each_element(inner, &path, fields, visit),
                (Kind::Enumeration(values), Tree::Leaf(Sited { scalar: Scalar::Text(text), line })) => {
                    for one in field.split(text) {
                        let Some(value) = values.find(one) else { continue };
                        let since = value.since_perhaps.or(value.since);
                        if since.is_some() || value.until.is_some() {
                            visit(&Element {
                                path: &path,
                                line: Some(*line),
                                since: since.unwrap_or(0),
                                until: value.until,
                                value: Some(one),
                            });
                        }
                    }
                }
                _ => {}
            }
        }
    }
}
