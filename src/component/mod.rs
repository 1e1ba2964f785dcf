//! What can exist in an org: the metadata types with their fields, the address of a component, and the
//! tree of values it holds.
//!
//! Types are data (`templates/*.toml`). This module reads the descriptions that are built into the binary;
//! it knows nothing of manifests, of XML or of any type in particular.

mod address;
mod description;
mod names;
mod tree;

use std::sync::LazyLock;

pub use address::{ComponentId, FieldPath, Step};
pub use description::{
    Attribute, AttributeSource, Enumeration, Enumerator, Field, Generate, Group, Kind, ManualStep, Member,
    Type,
};
pub use names::{is_forbidden, kebab, stays_in_its_folder};
pub use tree::{Fields, Name, Scalar, Tree};

/// Oldest API version a package may have: 21 to 30 are retired (MD-23).
pub const OLDEST_API_VERSION: u16 = 31;
/// Newest API version the descriptions are written for, Summer '26.
pub const NEWEST_API_VERSION: u16 = 67;

/// Embedded text files, as `(file stem, text)` pairs sorted by stem.
pub mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

static TYPES: LazyLock<Vec<Type>> = LazyLock::new(|| {
    embedded::DESCRIPTIONS
        .iter()
        .map(|(stem, text)| {
            Type::parse(text).unwrap_or_else(|problem| panic!("templates/{stem}.toml: {problem}"))
        })
        .collect()
});

/// Every described metadata type, sorted by name.
pub fn types() -> &'static [Type] {
    &TYPES
}

/// The type with this Metadata API name, e.g. `ConnectedApp`.
pub fn type_named(name: &str) -> Option<&'static Type> {
    types().iter().find(|candidate| candidate.name == name)
}

/// The type with this key in manifests and addresses, e.g. `connected-app`.
pub fn type_with_key(key: &str) -> Option<&'static Type> {
    types().iter().find(|candidate| candidate.key == key)
}

/// The types whose components live in this folder of a package, e.g. `connectedApps`. Settings share one.
pub fn types_in_directory(directory: &str) -> impl Iterator<Item = &'static Type> {
    types().iter().filter(move |candidate| candidate.directory == directory)
}

/// The type of a file in a package, by its folder and its name without ending: of several types in one folder
/// the one whose only member has this name.
pub fn type_of_file(directory: &str, name: &str) -> Option<&'static Type> {
    types_in_directory(directory).find(|kind| kind.member.fixed.as_deref().is_none_or(|fixed| fixed == name))
}

/// The type of a member of package.xml, by the name of its `<types>` and its own.
pub fn type_of_member(package_type: &str, member: &str) -> Option<&'static Type> {
    types()
        .iter()
        .filter(|candidate| candidate.package_type == package_type)
        .find(|kind| kind.member.fixed.as_deref().is_none_or(|fixed| fixed == member))
}
