//! Components as found -> a manifest that a person would have liked to write.
//!
//! `draft` turns the values of one component into what a manifest says: secrets become sources, values of one
//! org become variables or references (`bindings`), what no key can say goes to `extra`. `version` chooses the
//! API version. [`write`] lays it out. Whatever could not be kept is in the notes; nothing is dropped silently.

mod bindings;
mod draft;
mod version;
mod write;

use std::collections::BTreeMap;

use crate::collect::{Collected, Found};
use crate::component::{ComponentId, FieldPath};
use crate::layout::is_bare;

use bindings::Bindings;
use draft::Drafter;

/// How to import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The major number; chosen by what the files hold if missing.
    pub api_version: Option<u16>,
    /// Leave out what an org assumes anyway.
    pub concise: bool,
    /// Address of the org that the components come from, if they come from one.
    pub instance_url: Option<String>,
}

/// A manifest, and what is to be said about it.
#[derive(Debug)]
pub struct Imported {
    pub text: String,
    /// The major number.
    pub api_version: u16,
    pub components: Vec<ComponentId>,
    pub notes: Vec<Note>,
    /// Values that the manifest only refers to, as the files had them, by reference.
    pub observed: BTreeMap<String, String>,
}

/// Something that is not in the manifest as it was in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub kind: NoteKind,
    pub component: ComponentId,
    pub field: Option<FieldPath>,
    /// File and line.
    pub place: (String, Option<u32>),
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteKind {
    /// A secret, or what stood for one, became a source.
    Secret,
    /// A value of one org became a variable.
    Variable,
    /// A value of another component, or of the org, became a reference.
    Reference,
    /// An element or value without description went to `extra`.
    Extra,
    /// The API version of the manifest does not know the element.
    Refused,
    /// The name fits one org only.
    Name,
    /// Not in the manifest at all.
    NotKept,
}

impl NoteKind {
    pub const ALL: [NoteKind; 7] = [
        NoteKind::NotKept,
        NoteKind::Refused,
        NoteKind::Extra,
        NoteKind::Secret,
        NoteKind::Variable,
        NoteKind::Reference,
        NoteKind::Name,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            NoteKind::Secret => "secret",
            NoteKind::Variable => "variable",
            NoteKind::Reference => "reference",
            NoteKind::Extra => "extra",
            NoteKind::Refused => "refused",
            NoteKind::Name => "name",
            NoteKind::NotKept => "not-kept",
        }
    }
}

/// Turns everything that was found into one manifest.
pub fn import(collected: &Collected, options: &Options) -> Imported {
    let mut notes = Vec::new();
    let api_version = version::choose(collected, options.api_version);
    for (id, found) in &collected.components {
        version::refusals(id, found, api_version, &mut notes);
        let mut names = |text: String| {
            notes.push(Note {
                kind: NoteKind::Name,
                component: id.clone(),
                field: None,
                place: (found.path.clone(), None),
                text,
            });
        };
        if let Some(why) = &id.kind.member.generated {
            names(format!("another org has another name for this: {why}"));
        }
        if !is_bare(&id.name) {
            names("its name is no bare key of TOML and stands in quotes".to_owned());
        }
    }
    let mut bindings = Bindings::new(collected, options.instance_url.as_deref());
    let mut components: Vec<(&ComponentId, &Found)> = collected.components.iter().collect();
    components.sort_by_key(|(id, _)| (id.kind.order, *id));
    let mut drafts = Vec::with_capacity(components.len());
    for (id, found) in &components {
        let mut drafter =
            Drafter::new(id, found, options.concise.then_some(api_version), &mut bindings, &mut notes);
        let mut comments = drafter.head();
        let entries = drafter.component();
        // What stood at the end of the file has no place of its own in a table; at its head it is read.
        comments.extend(drafter.others());
        drafts.push(write::Component { id, comments, entries });
    }
    let text = write::manifest(api_version, bindings.variables(), &drafts);
    notes.sort_by(|one, other| {
        (one.kind, &one.component, &one.field).cmp(&(other.kind, &other.component, &other.field))
    });
    Imported {
        text,
        api_version,
        components: components.into_iter().map(|(id, _)| id.clone()).collect(),
        notes,
        observed: bindings.observed(),
    }
}

#[cfg(test)]
mod tests;
