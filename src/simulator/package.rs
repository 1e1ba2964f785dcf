//! A zip file to packages: which files are in it, and what its manifests name.
//!
//! Reads no component. Everything is bounded while it is unpacked, whatever the zip says about itself.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::xml::{self, Element, METADATA, Position};

/// MD-20
const MOST_FILES: usize = 10_000;
/// MD-22: 600 MB, unpacked
const MOST_BYTES: u64 = 629_145_600;

/// One package of a zip: the whole of it, or one of its top folders.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Package {
    /// What stands before each path of the package inside the zip: empty, or `folder/`.
    pub folder: String,
    /// By path inside the package.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// The zip as a whole cannot be deployed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unpackable {
    pub status_code: &'static str,
    pub message: String,
}

impl Unpackable {
    fn new(status_code: &'static str, message: impl Into<String>) -> Unpackable {
        Unpackable { status_code, message: message.into() }
    }
}

/// The packages of a zip. MD-6: with `single`, package.xml is at the root or in the only top folder; without,
/// each top folder is a package.
pub(super) fn unpack(zip: &[u8], single: bool) -> Result<Vec<Package>, Unpackable> {
    let files = unzip(zip, MOST_FILES, MOST_BYTES)?;
    let mut folders: BTreeMap<String, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
    if single {
        let folder = match only_folder(&files) {
            Some(folder) if !files.contains_key("package.xml") => folder,
            _ => String::new(),
        };
        let inside =
            files.into_iter().map(|(path, bytes)| (path[folder.len()..].to_owned(), bytes)).collect();
        return Ok(vec![Package { folder, files: inside }]);
    }
    for (path, bytes) in files {
        // files beside the folders belong to no package
        if let Some((folder, rest)) = path.split_once('/') {
            folders.entry(format!("{folder}/")).or_default().insert(rest.to_owned(), bytes);
        }
    }
    if folders.is_empty() {
        folders.insert(String::new(), BTreeMap::new());
    }
    Ok(folders.into_iter().map(|(folder, files)| Package { folder, files }).collect())
}

fn only_folder(files: &BTreeMap<String, Vec<u8>>) -> Option<String> {
    let mut folders = files.keys().map(|path| path.split_once('/').map(|(folder, _)| folder));
    let first = folders.next()??;
    folders.all(|folder| folder == Some(first)).then(|| format!("{first}/"))
}

fn unzip(zip: &[u8], most_files: usize, most_bytes: u64) -> Result<BTreeMap<String, Vec<u8>>, Unpackable> {
    let broken = |_| Unpackable::new("UNKNOWN_EXCEPTION", "the zip file can't be read (rehearsal wording)");
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(broken)?;
    let mut files = BTreeMap::new();
    let mut left = most_bytes;
    // folders do not count as files, but millions of them would still be looked at
    if archive.len() > most_files.saturating_mul(4) {
        return Err(Unpackable::new("INVALID_OPERATION", "Too many files in zip")); // MD-20
    }
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(broken)?;
        if entry.is_dir() {
            continue;
        }
        if files.len() == most_files {
            return Err(Unpackable::new("INVALID_OPERATION", "Too many files in zip")); // MD-20
        }
        let path = entry.name().map_err(broken)?.into_owned();
        if !is_inside(&path) || entry.is_symlink() {
            let message = format!("a path of the zip file leads out of it: {path} (rehearsal wording)");
            return Err(Unpackable::new("INVALID_OPERATION", message));
        }
        // the declared size is not to be trusted: count what really comes out
        let mut bytes = Vec::new();
        let read = entry.by_ref().take(left + 1).read_to_end(&mut bytes).map_err(|_| {
            Unpackable::new(
                "UNKNOWN_EXCEPTION",
                format!("{path} is damaged in the zip file (rehearsal wording)"),
            )
        })?;
        left = left.checked_sub(read as u64).ok_or_else(|| {
            let message =
                "the zip file holds more than 629145600 bytes when unpacked (rehearsal wording, MD-22)";
            Unpackable::new("LIMIT_EXCEEDED", message)
        })?;
        files.insert(path, bytes);
    }
    Ok(files)
}

fn is_inside(path: &str) -> bool {
    !path.contains(['\\', ':', '\0']) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// File names are full names with `%XX` for what file systems dislike.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        // One by one: a number may have a sign, and a code has none.
        let digit = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let code = digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The other way: letters, digits, underscores, hyphens and blanks stay (SE-15), as in `Force%2Ecom - Free`.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_alphanumeric() || matches!(letter, '_' | '-' | ' ') {
            encoded.push(letter);
        } else {
            let mut bytes = [0; 4];
            for byte in letter.encode_utf8(&mut bytes).bytes() {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    encoded
}

/// package.xml, or one of the destructive manifests.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    pub version: Option<String>,
    pub types: Vec<Members>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Members {
    pub type_name: String,
    pub members: Vec<String>,
    pub at: Position,
}

/// What else the schema lets stand in a manifest.
const ALSO_ALLOWED: [&str; 10] = [
    "apiAccessLevel",
    "description",
    "fullName",
    "namespacePrefix",
    "objectPermissions",
    "packageType",
    "postInstallClass",
    "setupWeblink",
    "uninstallClass",
    "label",
];

impl Manifest {
    pub fn read(bytes: &[u8]) -> Result<Manifest, (String, Position)> {
        let root = xml::read(bytes)
            .map_err(|unreadable| (format!("Error parsing file: {}", unreadable.why), unreadable.at))?;
        let invalid = |element: &Element, parent: &str| {
            let text = format!(
                "Error parsing file: Element {} invalid at this location in type {parent}",
                element.qualified()
            );
            (text, element.at)
        };
        if root.name != "Package" || root.namespace != METADATA {
            return Err(invalid(&root, "Package"));
        }
        let mut manifest = Manifest { version: None, types: Vec::new() };
        for child in &root.children {
            match child.name.as_str() {
                _ if child.namespace != METADATA => return Err(invalid(child, "Package")),
                "version" => manifest.version = Some(child.trimmed().to_owned()),
                "types" => {
                    if let Some(stranger) = child
                        .children
                        .iter()
                        .find(|inner| !["members", "name"].contains(&inner.name.as_str()))
                    {
                        return Err(invalid(stranger, "PackageTypeMembers"));
                    }
                    let type_name = child.child("name").map(Element::trimmed).unwrap_or_default().to_owned();
                    let members = child.children_named("members").map(|member| member.trimmed().to_owned());
                    manifest.types.push(Members { type_name, members: members.collect(), at: child.at });
                }
                other if ALSO_ALLOWED.contains(&other) => {}
                _ => return Err(invalid(child, "Package")),
            }
        }
        Ok(manifest)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    pub(in crate::simulator) fn zip(files: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, text) in files {
            writer.start_file(*path, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn folders(files: &[(&str, &str)], single: bool) -> Vec<(String, Vec<String>)> {
        let packages = unpack(&zip(files), single).unwrap();
        packages.into_iter().map(|package| (package.folder, package.files.into_keys().collect())).collect()
    }

    #[test]
    fn a_single_package_is_at_the_root_or_in_the_only_folder() {
        assert_eq!(
            folders(&[("package.xml", ""), ("a/b", "")], true),
            [(String::new(), vec!["a/b".to_owned(), "package.xml".to_owned()])]
        );
        assert_eq!(
            folders(&[("zip/package.xml", ""), ("zip/a/b", "")], true),
            [("zip/".to_owned(), vec!["a/b".to_owned(), "package.xml".to_owned()])]
        );
    }

    #[test]
    fn otherwise_each_top_folder_is_a_package() {
        assert_eq!(
            folders(&[("one/package.xml", ""), ("two/a/b", ""), ("beside", "")], false),
            [
                ("one/".to_owned(), vec!["package.xml".to_owned()]),
                ("two/".to_owned(), vec!["a/b".to_owned()])
            ]
        );
    }

    #[test]
    fn bombs_and_crowds_are_refused_while_unpacking() {
        let big = zip(&[("a", &"0".repeat(10_000))]);
        assert_eq!(unzip(&big, 10, 9_999).unwrap_err().status_code, "LIMIT_EXCEEDED");
        assert_eq!(unzip(&big, 10, 10_000).unwrap().len(), 1);
        let many = zip(&[("a", ""), ("b", "")]);
        assert_eq!(unzip(&many, 1, 10).unwrap_err().message, "Too many files in zip");
        assert_eq!(unzip(b"not a zip", 1, 1).unwrap_err().status_code, "UNKNOWN_EXCEPTION");
    }

    #[test]
    fn paths_stay_inside() {
        for path in ["../a", "/a", "a/../b", "a\\b", "c:a", "a//b"] {
            assert!(!is_inside(path), "{path}");
        }
        assert!(is_inside("a/b.c-d"));
    }

    #[test]
    fn names_are_encoded_and_decoded() {
        assert_eq!(percent_decoded("A%20b%2"), "A b%2");
        for (name, encoded) in [
            ("Force.com - Free", "Force%2Ecom - Free"),
            ("Custom: Support Profile", "Custom%3A Support Profile"),
            ("Grüße_1", "Grüße_1"),
        ] {
            assert_eq!(percent_encoded(name), encoded);
            assert_eq!(percent_decoded(encoded), name);
        }
    }

    #[test]
    fn a_manifest_lists_members_by_type() {
        let text = format!(
            "<Package xmlns=\"{METADATA}\"><types><members>A</members><members>*</members><name>T</name></types>\
             <version>62.0</version></Package>"
        );
        let manifest = Manifest::read(text.as_bytes()).unwrap();
        assert_eq!(manifest.version.as_deref(), Some("62.0"));
        assert_eq!(manifest.types[0].type_name, "T");
        assert_eq!(manifest.types[0].members, ["A", "*"]);
        let wrong = format!("<Package xmlns=\"{METADATA}\"><type/></Package>");
        assert!(
            Manifest::read(wrong.as_bytes())
                .unwrap_err()
                .0
                .ends_with("}type invalid at this location in type Package")
        );
    }
}
