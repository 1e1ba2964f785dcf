//! A component file becomes a manifest, and that becomes a component file again: what is imported can be read, and
//! says what the file said.
//!
//! An input is the byte of a type and a file; or that byte, a name, [`crate::BETWEEN`] and a file.

use orgwire::collect::Collected;
use orgwire::component::{ComponentId, Type};
use orgwire::diagnostic::Severity;
use orgwire::diff::{Set, changes};
use orgwire::import::{Imported, NoteKind, Options, import};
use orgwire::layout;

use crate::stages::{collected, name_of, read, rendered, told};
use crate::{BETWEEN, byte_of, parts, typed};

/// What makes a difference that was meant, and that the user is told of.
const MEANT: [NoteKind; 2] = [NoteKind::Secret, NoteKind::NotKept];

pub fn check(input: &[u8]) {
    let Some((kind, rest)) = typed(input) else { return };
    let (name, xml) = match parts(rest) {
        (name, Some(xml)) => match std::str::from_utf8(name) {
            // Names of files end at a slash, and no place lists one with a control character.
            Ok(name) if !name.contains(|letter: char| letter == '/' || letter.is_control()) => (name, xml),
            _ => return,
        },
        (xml, None) => (name_of(kind), xml),
    };
    let before = collected(kind, name, xml, b"content");
    let Some(id) = before.components.keys().next().cloned() else { return };
    for concise in [false, true] {
        let (imported, text) = manifest_of(&before, concise);
        let files = files_of(&text);
        let [xml, ..] = files.as_slice() else { panic!("nothing was rendered of\n{text}") };
        let after = again(&id, &files);
        if !concise
            && before.troubles.is_empty()
            && !imported.notes.iter().any(|note| MEANT.contains(&note.kind))
        {
            let (one, other) = (set(&before, &imported), set(&after, &imported));
            let found = changes(&one, &other);
            assert!(found.is_empty(), "{found:?}\n{text}\n{}", xml.1);
        }
        let (_, second) = manifest_of(&after, concise);
        let twice = files_of(&second);
        assert_eq!(files, twice, "{text}\n{second}");
    }
}

/// Imports as the command does, and lays the text out.
fn manifest_of(collected: &Collected, concise: bool) -> (Imported, String) {
    let imported = import(collected, &Options { concise, ..Options::default() });
    let text = layout::format(&imported.text)
        .unwrap_or_else(|error| panic!("what import writes has no layout: {error}\n{}", imported.text));
    assert_eq!(layout::format(&text).as_ref(), Ok(&text), "laying out twice changes more");
    (imported, text)
}

/// The XML of a manifest by path; the file with the elements comes first.
fn files_of(manifest: &str) -> Vec<(String, String)> {
    let read = read(manifest);
    assert!(!read.diagnostics.has_errors(), "{}\n{manifest}", told(&read));
    let refused = read.findings.sorted().iter().any(|finding| finding.severity == Severity::Error);
    assert!(!refused, "{}\n{manifest}", told(&read));
    let mut files: Vec<(String, String)> =
        rendered(&read.desired).files.into_iter().map(|file| (file.path, file.content.to_string())).collect();
    files.sort_by_key(|(path, _)| !path.ends_with("-meta.xml"));
    files
}

/// The component as it was rendered.
fn again(id: &ComponentId, files: &[(String, String)]) -> Collected {
    let content = files.get(1).map_or("", |(_, content)| content.as_str());
    let collected = collected(id.kind, &id.name, files[0].1.as_bytes(), content.as_bytes());
    assert!(collected.troubles.is_empty(), "{:?}\n{}", collected.troubles, files[0].1);
    collected
}

fn set(collected: &Collected, imported: &Imported) -> Set {
    Set { api_version: imported.api_version, ..Set::of_files("files", collected) }
}

/// The input for a file that somebody has.
pub fn input(kind: &Type, xml: &[u8]) -> Vec<u8> {
    [&[byte_of(kind)], name_of(kind).as_bytes(), &[BETWEEN], xml].concat()
}
