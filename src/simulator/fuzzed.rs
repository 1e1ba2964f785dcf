//! Everything that clients send, read in every way in which the local org reads it. Only fuzz targets call this.

use super::{clock, oauth, package, rest, schema, soql, xml};
use crate::component::types;

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
    let _ = soql::parse(&text);
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
