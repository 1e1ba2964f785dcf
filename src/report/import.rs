//! What an import did: counts, and everything that is not in the manifest as it was in the files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::collect::Collected;
use crate::import::{Imported, Note, NoteKind};
use crate::report::human::Paint;
use crate::report::json::FORMAT_VERSION;
use crate::report::values::visible;

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
        for note in notes {
            let _ = writeln!(text, "  {}", visible(&line(note)));
        }
    }
    text
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
