//! What an import did: counts, and everything that is not in the manifest as it was in the files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::collect::Collected;
use crate::component::{FieldPath, Step};
use crate::import::{Imported, Note, NoteKind};
use crate::report::human::Paint;
use crate::report::json::FORMAT_VERSION;
use crate::report::values::visible;

/// Notes that say the same of more components or items than this share a line; JSON has them all.
const MOST_ALIKE: usize = 3;

pub fn human(imported: &Imported, collected: &Collected, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = String::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for id in &imported.components {
        *counts.entry(id.kind.key.as_str()).or_default() += 1;
    }
    let version = match &collected.api_version {
        Some((told, origin)) if *told == imported.api_version => format!("{told}.0, see {origin}"),
        Some((told, origin)) => format!("{}.0; {origin} says {told}.0", imported.api_version),
        None => format!("{}.0", imported.api_version),
    };
    let _ = writeln!(text, "{} imported (API version {version})", components(imported.components.len()));
    for (key, count) in counts {
        let _ = writeln!(text, "  {count:>5} {key}");
    }
    for kind in NoteKind::ALL {
        let notes: Vec<&Note> = imported.notes.iter().filter(|note| note.kind == kind).collect();
        if notes.is_empty() {
            continue;
        }
        // What may have to be done by hand stands out.
        let heading = match kind {
            NoteKind::NotKept | NoteKind::Refused => paint.yellow(heading(kind)),
            _ => paint.bold(heading(kind)),
        };
        let _ = writeln!(text, "\n{heading}");
        for alike in gathered(&notes) {
            if alike.len() > MOST_ALIKE {
                let _ = writeln!(text, "  {}", visible(&line_of_many(&alike)));
            } else {
                for note in alike {
                    let _ = writeln!(text, "  {}", visible(&line(note)));
                }
            }
        }
    }
    text
}

/// Notes that say the same of the same element of components of one type, in the order of the first of each.
fn gathered<'a>(notes: &[&'a Note]) -> Vec<Vec<&'a Note>> {
    let mut places: BTreeMap<(&str, Option<String>, &str), usize> = BTreeMap::new();
    let mut gathered: Vec<Vec<&Note>> = Vec::new();
    for note in notes {
        let field = note.field.as_ref().map(element);
        let at = *places.entry((&note.component.kind.key, field, &note.text)).or_insert(gathered.len());
        match gathered.get_mut(at) {
            Some(alike) => alike.push(note),
            None => gathered.push(vec![note]),
        }
    }
    gathered
}

/// The path of a field, whichever item of a list it is in.
fn element(path: &FieldPath) -> String {
    let steps = path.0.iter().filter(|step| matches!(step, Step::Element(_))).cloned();
    FieldPath(steps.collect()).to_string()
}

fn line_of_many(alike: &[&Note]) -> String {
    let Some(first) = alike.first() else { return String::new() };
    let key = &first.component.kind.key;
    let (path, count) = (&first.place.0, alike.len());
    match &first.field {
        Some(field) => {
            format!("{} of {key}, {count} times: {} (first in {path})", element(field), first.text)
        }
        None => format!("{count} of {key}: {} (first in {path})", first.text),
    }
}

fn components(count: usize) -> String {
    if count == 1 { "1 component".to_owned() } else { format!("{count} components") }
}

fn heading(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::NotKept => "Not in the manifest:",
        NoteKind::Refused => "Refused by this API version:",
        NoteKind::Extra => "Not known to orgwire, passed through:",
        NoteKind::Secret => "Secrets, to be read when they are needed:",
        NoteKind::Variable => "Values of one org, now variables:",
        NoteKind::Reference => "Values of others, now references:",
        NoteKind::Name => "Names to look at:",
    }
}

fn line(note: &Note) -> String {
    let (path, line) = &note.place;
    let place = line.map_or_else(|| path.clone(), |line| format!("{path}:{line}"));
    match &note.field {
        Some(field) => format!("{field} of {}: {} ({place})", note.component, note.text),
        None => format!("{}: {} ({place})", note.component, note.text),
    }
}

pub fn json(imported: &Imported, collected: &Collected) -> Map<String, Value> {
    let notes: Vec<Value> = imported
        .notes
        .iter()
        .map(|note| {
            json!({
                "kind": note.kind.as_str(),
                "component": note.component.to_string(),
                "field": note.field.as_ref().map(ToString::to_string),
                "file": note.place.0,
                "line": note.place.1,
                "text": note.text,
            })
        })
        .collect();
    let components: Vec<Value> = imported
        .components
        .iter()
        .map(|id| json!({ "component": id.to_string(), "file": collected.components.get(id).map(|found| &found.path) }))
        .collect();
    Map::from_iter([
        ("format_version".to_owned(), json!(FORMAT_VERSION)),
        ("api_version".to_owned(), json!(format!("{}.0", imported.api_version))),
        ("components".to_owned(), json!(components)),
        ("notes".to_owned(), json!(notes)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::ComponentId;

    #[test]
    fn what_is_said_of_many_is_said_once() {
        let note = |name: &str, index: usize, text: &str| Note {
            kind: NoteKind::Refused,
            component: ComponentId::parse(&format!("profile.{name}")).unwrap(),
            field: FieldPath::root().element("fieldPermissions").index(index).element("hidden").into(),
            place: (format!("{name}.profile"), Some(1)),
            text: text.to_owned(),
        };
        let notes = [note("A", 0, "old"), note("A", 1, "old"), note("B", 0, "new"), note("B", 7, "old")];
        let all: Vec<&Note> = notes.iter().collect();
        let counts: Vec<usize> = gathered(&all).iter().map(Vec::len).collect();
        assert_eq!(counts, [3, 1]);
        assert_eq!(
            line_of_many(&gathered(&all)[0]),
            "field-permissions.hidden of profile, 3 times: old (first in A.profile)"
        );
    }
}
