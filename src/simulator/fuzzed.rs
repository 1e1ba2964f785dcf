//! Everything that clients send, read in every way in which the local org reads it. Only fuzz targets call this.

use std::sync::LazyLock;

use super::{clock, oauth, package, rest, schema, soql, xml};
use crate::component::types;

/// Something to ask for.
static PEOPLE: LazyLock<soql::Table> = LazyLock::new(|| soql::Table {
    name: "User",
    columns: vec![
        soql::Column { name: "Id", kind: soql::Kind::Id },
        soql::Column { name: "Name", kind: soql::Kind::Text },
        soql::Column { name: "IsActive", kind: soql::Kind::Flag },
        soql::Column { name: "CreatedDate", kind: soql::Kind::Moment },
    ],
    rows: vec![vec![
        "005000000000001AAA".into(),
        "Ada".into(),
        true.into(),
        "2026-01-01T08:00:00.000+0000".into(),
    ]],
});

/// Reads bytes as each kind of request, and panics where one is read wrongly.
pub fn read_anything(bytes: &[u8]) {
    if let Ok(envelope) = xml::read(bytes) {
        let _ = envelope.child("Body").and_then(|body| body.children.first()).map(|call| call.qualified());
    }
    for single in [true, false] {
        if let Ok(packages) = package::unpack(bytes, single) {
            for package in &packages {
                for (path, content) in &package.files {
                    assert!(!path.split('/').any(|part| part == ".."), "{path:?}");
                    let _ = package::Manifest::read(content);
                }
            }
        }
    }
    let text = String::from_utf8_lossy(bytes);
    if let Ok(query) = soql::parse(&text) {
        let _ = soql::run(&text, &query, &PEOPLE);
    }
    if let Some(moment) = clock::read(&text) {
        assert_eq!(clock::read(&moment.soap()), Some(moment));
    }
    if let Ok(value) = serde_json::from_slice(bytes) {
        rest::read_options_of(&value);
    }
    oauth::read_jwt(&text);
    for kind in types() {
        let _ = schema::read_file(kind, bytes, 62);
    }
}
