//! Files -> components: which file is which component, whatever layout they lie in.
//!
//! Knows the two layouts of metadata (`Orders.connectedApp`, `Orders.connectedApp-meta.xml`), package.xml and
//! sfdx-project.json. One file is in memory at a time. A file that cannot be read never stops the others: it
//! becomes a [`Trouble`]. Where files come from is for `files`, what becomes of components for `import` and `diff`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use quick_xml::events::Event;

use crate::component::{
    ComponentId, Scalar, Tree, Type, is_forbidden, stays_in_its_folder, type_named, types,
};
use crate::retrieved::{self, Document, Sited};

const META: &str = "-meta.xml";
const PACKAGE: &str = "package.xml";
const PROJECT: &str = "sfdx-project.json";

/// Components by address, and everything about their files that somebody should know.
#[derive(Debug, Default)]
pub struct Collected {
    pub components: BTreeMap<ComponentId, Found>,
    /// What package.xml or sfdx-project.json says: the major number, and which file said it.
    pub api_version: Option<(u16, String)>,
    pub troubles: Vec<Trouble>,
    /// Files that are no component of a described type.
    pub others: usize,
    /// Content files that wait for their other half, by component.
    contents: BTreeMap<ComponentId, (String, Sited)>,
    /// Names in small letters, to find those that an org cannot tell apart.
    folded: BTreeMap<(&'static str, String), ComponentId>,
}

/// A component and where it was found.
#[derive(Debug)]
pub struct Found {
    pub path: String,
    pub document: Document,
}

/// Why something is not among the components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub path: String,
    /// Line and column, from 1.
    pub at: Option<(usize, usize)>,
    pub kind: TroubleKind,
    pub what: String,
    /// Something to do, where it is not the same for all of its kind.
    pub help: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TroubleKind {
    /// The file is not what its name says, or cannot be read.
    Unreadable,
    /// Another file holds the same component.
    Duplicate,
    /// A part of the file that cannot be kept.
    Lost,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.path, self.what),
            None => write!(f, "{}: {}", self.path, self.what),
        }
    }
}

impl Trouble {
    pub fn unreadable(path: &str, what: impl Into<String>) -> Self {
        Trouble {
            path: path.to_owned(),
            at: None,
            kind: TroubleKind::Unreadable,
            what: what.into(),
            help: None,
        }
    }
}

/// What a file is, by its name.
#[derive(Debug, Clone, Copy)]
enum Role<'a> {
    Package,
    Project,
    /// The elements of a component of one of the types with this ending.
    Elements {
        name: &'a str,
        suffix: &'a str,
    },
    /// The text of a component whose elements stand in another file.
    Content {
        name: &'a str,
        kind: &'static Type,
    },
    Other,
}

/// Whether a file may matter, by its path.
pub fn is_wanted(path: &str) -> bool {
    !matches!(role(path), Role::Other)
}

/// Whether a file, by its path from a folder on, says that the folder holds metadata.
pub fn marks_metadata(path: &str) -> bool {
    path == PACKAGE || path == PROJECT
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a file lies in the folder of its type.
fn is_in(path: &str, kind: &Type) -> bool {
    path.rsplit('/').nth(1) == Some(kind.directory.as_str())
}

/// What the other of the two files of a component is called, for a type that has two.
pub fn other_half(path: &str) -> Option<String> {
    let file = file_name(path);
    match role(path) {
        Role::Content { .. } => Some(format!("{file}{META}")),
        Role::Elements { suffix, .. } => {
            let has_two = types().iter().any(|kind| kind.suffix == suffix && kind.content_field().is_some());
            file.strip_suffix(META).filter(|_| has_two).map(str::to_owned)
        }
        _ => None,
    }
}

fn role(path: &str) -> Role<'_> {
    let file = file_name(path);
    match file {
        PACKAGE => return Role::Package,
        PROJECT => return Role::Project,
        _ => {}
    }
    let stem = file.strip_suffix(META);
    let Some((name, suffix)) = stem.unwrap_or(file).rsplit_once('.') else { return Role::Other };
    match types().iter().find(|kind| kind.suffix == suffix) {
        Some(kind) if kind.content_field().is_some() && stem.is_none() => Role::Content { name, kind },
        Some(_) => Role::Elements { name, suffix },
        None => Role::Other,
    }
}

impl Collected {
    /// Adds one file by its path; `shown` is what people call it.
    pub fn add(&mut self, path: &str, shown: &str, bytes: &[u8]) {
        match role(path) {
            Role::Package => self.note_version(shown, package_version(bytes)),
            Role::Project => self.note_version(shown, project_version(bytes)),
            Role::Elements { name, suffix } => {
                let known = || types().iter().filter(|kind| kind.suffix == suffix);
                // Settings of all kinds end alike, and an org has a hundred of them.
                let share_the_ending = known().all(|kind| kind.member.fixed.is_some());
                let is_another = Cell::new(false);
                let document = retrieved::document(bytes, &|root| {
                    known().find(|kind| kind.name == root).ok_or_else(|| {
                        is_another.set(share_the_ending && root.ends_with("Settings"));
                        let names: Vec<&str> = known().map(|kind| kind.name.as_str()).collect();
                        retrieved::wrong_root(root, &names.join("` or `"))
                    })
                });
                match document {
                    Err(_) if is_another.get() => self.others += 1,
                    document => self.elements(shown, name, document),
                }
            }
            Role::Content { name, kind } => self.content(shown, name, kind, bytes),
            Role::Other => self.others += 1,
        }
    }

    /// Adds a file that somebody named: its root element alone says what it is.
    pub fn add_named(&mut self, path: &str, shown: &str, bytes: &[u8]) {
        let file = file_name(path);
        let name = match role(path) {
            Role::Elements { name, .. } => name,
            Role::Other => file.split('.').next().unwrap_or(file),
            _ => return self.add(path, shown, bytes),
        };
        let document = retrieved::document(bytes, &|root| {
            type_named(root).ok_or_else(|| format!("`{root}` is no metadata type that orgwire knows"))
        });
        self.elements(shown, name, document);
    }

    fn elements(&mut self, path: &str, name: &str, document: Result<Document, retrieved::Error>) {
        let document = match document {
            Ok(document) => document,
            Err(error) => {
                self.troubles.push(Trouble {
                    path: path.to_owned(),
                    at: Some((error.line, error.column)),
                    kind: TroubleKind::Unreadable,
                    what: error.reason,
                    help: error.help,
                });
                return;
            }
        };
        if !stays_in_its_folder(name) {
            let what = format!("{name:?} cannot be the name of a component");
            self.troubles.push(Trouble {
                help: Some("give the file another name"),
                ..Trouble::unreadable(path, what)
            });
            return;
        }
        let id = ComponentId::new(document.kind, name);
        if !self.is_new(&id, path) {
            return;
        }
        for (line, what) in &document.lost {
            self.troubles.push(Trouble {
                path: path.to_owned(),
                at: Some((usize::try_from(*line).unwrap_or(usize::MAX), 1)),
                kind: TroubleKind::Lost,
                what: format!("{what} is not kept"),
                help: None,
            });
        }
        self.components.insert(id, Found { path: path.to_owned(), document });
    }

    fn content(&mut self, path: &str, name: &str, kind: &'static Type, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains(is_forbidden) => {
                let content = Sited { scalar: Scalar::Text(text.to_owned()), line: 1 };
                self.contents.insert(ComponentId::new(kind, name), (path.to_owned(), content));
            }
            // Certificates lie in other folders for other reasons, and in other forms.
            _ if !is_in(path, kind) => self.others += 1,
            _ => {
                let help = Some("an org takes PEM text: openssl x509 -inform der -in FILE");
                self.troubles.push(Trouble { help, ..Trouble::unreadable(path, "the file is not text") });
            }
        }
    }

    /// Names that differ in letter case only are one component to an org.
    fn is_new(&mut self, id: &ComponentId, path: &str) -> bool {
        let folded = (id.kind.key.as_str(), id.name.to_lowercase());
        let Some(first) = self.folded.get(&folded) else {
            self.folded.insert(folded, id.clone());
            return true;
        };
        let other = self.components.get(first).map_or("another file", |found| found.path.as_str());
        let what = if first.name == id.name {
            format!("`{id}` is already there, from {other}; this file is left out")
        } else {
            format!(
                "`{id}` and `{first}` from {other} differ in letter case only, which an org cannot tell apart; \
                 this file is left out"
            )
        };
        self.troubles.push(Trouble { kind: TroubleKind::Duplicate, ..Trouble::unreadable(path, what) });
        false
    }

    fn note_version(&mut self, path: &str, version: Result<Option<u16>, Trouble>) {
        match version {
            Ok(Some(version)) if self.api_version.is_none() => {
                self.api_version = Some((version, path.to_owned()));
            }
            Ok(_) => {}
            Err(mut trouble) => {
                trouble.path = path.to_owned();
                self.troubles.push(trouble);
            }
        }
    }

    /// Puts the two files of each component together. Call it when all files were added.
    pub fn finish(&mut self) {
        for (id, (path, content)) in std::mem::take(&mut self.contents) {
            let field = id.kind.content_field().map(|field| field.name.as_str());
            match (self.components.get_mut(&id), field) {
                (Some(found), Some(field)) => {
                    found.document.fields.insert(field.into(), Tree::Leaf(content));
                }
                _ if !is_in(&path, id.kind) => self.others += 1,
                _ => {
                    let what = format!("its other half `{}{META}` is missing", file_name(&path));
                    let help = Some("put the other file beside it");
                    self.troubles.push(Trouble { help, ..Trouble::unreadable(&path, what) });
                }
            }
        }
        for (id, found) in &self.components {
            let Some(field) = id.kind.content_field() else { continue };
            if !found.document.fields.contains_key(field.name.as_str()) {
                let half = file_name(&found.path).strip_suffix(META).unwrap_or_default();
                self.troubles.push(Trouble {
                    kind: TroubleKind::Lost,
                    help: Some("put the other file beside it"),
                    ..Trouble::unreadable(&found.path, format!("its other half `{half}` is missing"))
                });
            }
        }
        self.troubles.sort_by(|one, other| (&one.path, one.at).cmp(&(&other.path, other.at)));
    }
}

/// The `<version>` of a package.xml, which may also stand for nothing.
fn package_version(bytes: &[u8]) -> Result<Option<u16>, Trouble> {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = quick_xml::Reader::from_str(&text);
    let mut in_version = false;
    let trouble = |at: u64, what: String| {
        let at = retrieved::line_and_column(&text, usize::try_from(at).unwrap_or(usize::MAX));
        Trouble { at: Some(at), ..Trouble::unreadable("", what) }
    };
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => in_version = start.local_name().as_ref() == "version",
            Ok(Event::Text(text)) if in_version => return Ok(major(&text.xml10_content())),
            Ok(Event::DocType(_)) => {
                return Err(trouble(
                    reader.buffer_position(),
                    "a document type is not allowed here".to_owned(),
                ));
            }
            Ok(Event::Eof) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(trouble(reader.error_position(), error.to_string())),
        }
    }
}

fn project_version(bytes: &[u8]) -> Result<Option<u16>, Trouble> {
    let project: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| Trouble {
        at: Some((error.line(), error.column().max(1))),
        ..Trouble::unreadable("", "this is not JSON")
    })?;
    Ok(project.get("sourceApiVersion").and_then(|version| version.as_str()).and_then(major))
}

/// The folders of an sfdx project that hold metadata, from the project's folder on; none if the file cannot be read.
pub fn package_directories(project: &[u8]) -> Vec<String> {
    let project: serde_json::Value = serde_json::from_slice(project).unwrap_or_default();
    let directories = project.get("packageDirectories").and_then(|list| list.as_array());
    let path = |one: &serde_json::Value| {
        let path = one.get("path")?.as_str()?.trim_start_matches("./").trim_matches('/');
        Some(if path == "." { String::new() } else { path.to_owned() })
    };
    directories.into_iter().flatten().filter_map(path).collect()
}

fn major(version: &str) -> Option<u16> {
    version.trim().split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &[u8] = b"<Certificate><masterLabel>A</masterLabel></Certificate>";

    fn collected(files: &[(&str, &[u8])]) -> Collected {
        let mut collected = Collected::default();
        files.iter().for_each(|(path, bytes)| collected.add(path, path, bytes));
        collected.finish();
        collected
    }

    fn told(collected: &Collected) -> Vec<String> {
        collected.troubles.iter().map(|trouble| format!("{:?} {trouble}", trouble.kind)).collect()
    }

    #[test]
    fn both_layouts_name_a_component_in_the_same_way() {
        for path in ["A.connectedApp", "x/y/A.connectedApp", "A.connectedApp-meta.xml"] {
            let found = collected(&[(path, b"<ConnectedApp/>")]);
            let names: Vec<String> = found.components.keys().map(ToString::to_string).collect();
            assert_eq!(names, ["connected-app.A"], "{path}");
        }
        // A name may have dots; an ending counts in its own letter case.
        let found =
            collected(&[("A.b.connectedApp", b"<ConnectedApp/>"), ("C.connectedapp", b"<ConnectedApp/>")]);
        let names: Vec<String> = found.components.keys().map(ToString::to_string).collect();
        assert_eq!((names.len(), found.others), (1, 1));
        assert_eq!(names, ["connected-app.A.b"]);
    }

    #[test]
    fn settings_of_other_kinds_are_passed_over() {
        let found = collected(&[
            ("settings/Case.settings", b"<CaseSettings><x>true</x></CaseSettings>"),
            ("settings/OauthOidc.settings-meta.xml", b"<OauthOidcSettings/>"),
            ("settings/Security.settings", b"<ConnectedApp/>"),
        ]);
        assert_eq!((found.components.len(), found.others), (1, 1));
        assert_eq!(found.troubles.len(), 1);
        assert_eq!(found.troubles[0].path, "settings/Security.settings");
    }

    #[test]
    fn the_two_files_of_a_certificate_are_put_together() {
        let both = collected(&[("certs/A.crt", b"PEM"), ("certs/A.crt-meta.xml", META)]);
        assert!(both.troubles.is_empty());
        let fields = &both.components.values().next().unwrap().document.fields;
        assert_eq!(fields["content"].as_leaf().unwrap().scalar, Scalar::Text("PEM".to_owned()));
        let halves = collected(&[("certs/A.crt", b"PEM"), ("certs/B.crt-meta.xml", META)]);
        assert_eq!(
            told(&halves),
            [
                "Unreadable certs/A.crt: its other half `A.crt-meta.xml` is missing",
                "Lost certs/B.crt-meta.xml: its other half `B.crt` is missing",
            ]
        );
        assert_eq!(other_half("certs/A.crt").as_deref(), Some("A.crt-meta.xml"));
        assert_eq!(other_half("certs/A.crt-meta.xml").as_deref(), Some("A.crt"));
        assert_eq!(other_half("A.connectedApp-meta.xml"), None);
        // Elsewhere such files are something else.
        let elsewhere = collected(&[("tls/a.crt", b"PEM"), ("tls/b.crt", b"\xff\x00")]);
        assert!(elsewhere.troubles.is_empty());
        assert_eq!(elsewhere.others, 2);
    }

    #[test]
    fn the_first_that_tells_a_version_is_believed() {
        let version = |files: &[(&str, &[u8])]| collected(files).api_version;
        let package: (&str, &[u8]) = ("a/package.xml", b"<Package><version>60.0</version></Package>");
        assert_eq!(
            version(&[package, ("b/package.xml", b"<Package><version>61.0</version></Package>")]),
            Some((60, "a/package.xml".to_owned()))
        );
        assert_eq!(
            version(&[("package.xml", b"<Package/>"), package]),
            Some((60, "a/package.xml".to_owned()))
        );
        let project: (&str, &[u8]) = ("sfdx-project.json", b"{\"sourceApiVersion\": \"62.0\"}");
        assert_eq!(version(&[project]), Some((62, "sfdx-project.json".to_owned())));
        assert_eq!(version(&[("sfdx-project.json", b"{\"sourceApiVersion\": 62}")]), None);
        assert_eq!(
            told(&collected(&[("package.xml", b"<Package>\n<!DOCTYPE x>"), ("sfdx-project.json", b"{\n")])),
            [
                "Unreadable package.xml:2:13: a document type is not allowed here",
                "Unreadable sfdx-project.json:2:1: this is not JSON",
            ]
        );
    }

    #[test]
    fn package_directories_are_paths_from_the_project_on() {
        let of = |text: &str| package_directories(text.as_bytes());
        assert_eq!(of(r#"{"packageDirectories": [{"path": "./a/"}, {"path": "b/c"}, {}]}"#), ["a", "b/c"]);
        assert_eq!(of(r#"{"packageDirectories": [{"path": "."}]}"#), [""]);
        assert!(of("{}").is_empty() && of("x").is_empty());
    }

    #[test]
    fn what_no_component_can_be_called_or_hold_is_said() {
        let mut collected = Collected::default();
        for path in ["a\\b.authprovider", "a\u{fdd0}.authprovider", "good.authprovider"] {
            collected.add(path, path, b"<AuthProvider/>");
        }
        collected.add("certs/A.crt", "certs/A.crt", b"-----BEGIN CERTIFICATE-----\x00");
        collected.finish();
        let told: Vec<&str> = collected.troubles.iter().map(|trouble| trouble.what.as_str()).collect();
        assert_eq!(
            told,
            [
                "\"a\\\\b\" cannot be the name of a component",
                "\"a\\u{fdd0}\" cannot be the name of a component",
                "the file is not text",
            ]
        );
        assert_eq!(collected.components.len(), 1);
    }
}
