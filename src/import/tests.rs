//! What fuzzing found: `docs/fuzzing.md`.

use crate::collect::Collected;

use super::{Imported, NoteKind, Options, import};

fn imported(path: &str, xml: &str) -> Imported {
    let mut collected = Collected::default();
    collected.add(path, path, xml.as_bytes());
    collected.finish();
    assert!(collected.troubles.is_empty(), "{:?}", collected.troubles);
    import(&collected, &Options::default())
}

fn notes(imported: &Imported, kind: NoteKind) -> Vec<String> {
    let field = |note: &super::Note| note.field.as_ref().map(ToString::to_string).unwrap_or_default();
    imported.notes.iter().filter(|note| note.kind == kind).map(field).collect()
}

#[test]
fn of_an_element_that_holds_nothing_but_secrets_nothing_is_left() {
    let found = imported(
        "A.authprovider",
        "<AuthProvider><consumerSecret><a>hunter2hunter2</a></consumerSecret>\
         <someToken>hunter2hunter2</someToken><someToken>hunter2hunter2</someToken></AuthProvider>",
    );
    assert_eq!(found.text, "api-version = \"67.0\"\n\n[auth-provider.A]\n");
    assert_eq!(notes(&found, NoteKind::NotKept), ["consumer-secret.a", "some-token", "some-token"]);
    assert_eq!(notes(&found, NoteKind::Extra), Vec::<String>::new());
}
