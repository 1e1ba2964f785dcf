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
        "<AuthProvider><someToken>hunter2hunter2</someToken><someToken>hunter2hunter2</someToken></AuthProvider>",
    );
    assert_eq!(found.text, "api-version = \"67.0\"\n\n[auth-provider.A]\n");
    assert_eq!(notes(&found, NoteKind::NotKept), ["some-token", "some-token"]);
    assert_eq!(notes(&found, NoteKind::Extra), Vec::<String>::new());
}

#[test]
fn a_secret_that_is_not_one_text_never_goes_to_extra() {
    for inside in [
        "<consumerSecret>REDACTED</consumerSecret><consumerSecret/>",
        "<consumerSecret><a>x</a></consumerSecret>",
    ] {
        let found = imported("A.authprovider", &format!("<AuthProvider>{inside}</AuthProvider>"));
        assert_eq!(found.text, "api-version = \"67.0\"\n\n[auth-provider.A]\n");
        assert_eq!(notes(&found, NoteKind::NotKept), ["consumer-secret"]);
    }
}

#[test]
fn a_list_of_which_items_are_lost_is_not_taken_for_the_one_that_was_there() {
    let found = imported(
        "A.connectedApp",
        "<ConnectedApp><profileName>A</profileName><profileName><password>hunter2hunter2</password></profileName></ConnectedApp>",
    );
    assert!(!found.text.contains("profile"), "{}", found.text);
    assert!(notes(&found, NoteKind::NotKept).contains(&"profile-name".to_owned()));
}

#[test]
fn comments_find_their_elements_whatever_their_number() {
    let found = imported(
        "A.connectedApp",
        "<ConnectedApp><!-- label --><label>A</label><!-- config --><oauthConfig><!-- one --><scopes>Api</scopes>\
         <!-- two --><!-- too --><scopes>Full</scopes><!-- last of a group --></oauthConfig>\
         <!-- first --><ipRanges><start>1.1.1.1</start><!-- end --><end>1.1.1.1</end></ipRanges>\
         <!-- second --><ipRanges/><!-- last of all --></ConnectedApp><!-- head -->",
    );
    let comments: Vec<&str> = found.text.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(
        comments,
        [
            "# head",
            "# last of a group",
            "# last of all",
            "# label",
            "# first",
            "# end",
            "# second",
            "# config",
            "# one",
            "# two",
            "# too",
        ]
    );
    assert!(found.notes.is_empty(), "{:?}", found.notes);
}
