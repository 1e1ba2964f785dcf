//! Finds and reads the files of a project: manifests, `orgwire.toml`, templates; from disk, or from a revision
//! of a git repository. Knows where files are, not what they mean.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, Sources, Span};
use crate::files::{self, Entry, Files, Held, LeftOut, Place, Revision, Why};
use crate::setting::suspicious;

/// The file beside the manifests that names orgs, environments and lint levels.
pub const CONFIGURATION_FILE: &str = "orgwire.toml";
/// Where manifests are looked for when neither the command line nor the configuration says.
pub const DEFAULT_FOLDER: &str = "manifests";

/// Names standard input where a path is expected.
pub const STANDARD_INPUT: &str = "-";

/// Larger files are refused unread: a manifest of this size is a mistake, often the wrong file.
pub const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// What was read.
#[derive(Debug, Default)]
pub struct Project {
    pub sources: Sources,
    /// In the order of their paths, whatever order they were named in.
    pub manifests: Vec<SourceId>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Files(#[from] files::Error),
    #[error("cannot read `{name}`")]
    LeftOut { name: String, source: Why, help: Option<&'static str> },
    #[error("cannot read standard input")]
    Input { source: io::Error },
}

impl Error {
    /// Something to do.
    pub fn help(&self) -> &'static str {
        match self {
            Error::Files(error) => error.help(),
            Error::LeftOut { help, .. } => help.unwrap_or("check the path and its permissions"),
            Error::Input { .. } => "check what writes into it, or name a file",
        }
    }
}

/// Where a project is read from. Paths mean the same in both: they begin where the command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    Disk,
    Revision(Revision),
}

impl Where {
    pub fn is_folder(&self, path: &Path) -> Result<bool, Error> {
        match self {
            Where::Disk => Ok(path.is_dir()),
            Where::Revision(revision) => Ok(revision.held(path)? == Some(Held::Folder)),
        }
    }

    /// Whether something stands there that is no folder. It may turn out to be unreadable.
    pub fn is_file(&self, path: &Path) -> Result<bool, Error> {
        match self {
            Where::Disk => Ok(path.is_file()),
            Where::Revision(revision) => Ok(matches!(revision.held(path)?, Some(Held::File | Held::Other))),
        }
    }

    /// How a message calls a path: `manifests/axsy.toml (at origin/main)`.
    pub fn name(&self, path: &Path) -> String {
        let path = shown(path);
        match self {
            Where::Disk => path,
            Where::Revision(revision) => format!("{path} (at {})", revision.name()),
        }
    }

    fn open(&self, path: &Path) -> Result<Files, files::Error> {
        match self {
            // A project belongs to whoever runs the command, and so do the links in it.
            Where::Disk if path.is_dir() => Ok(Files::open(&Place::Folder(path.to_owned()))?.follow_links()),
            Where::Disk => Files::open(&Place::File(path.to_owned())),
            Where::Revision(revision) => Files::at(revision, path),
        }
    }

    /// The same text for every path that leads to the same file.
    fn identity(&self, path: &Path) -> Result<PathBuf, Error> {
        Ok(match self {
            // A pipe has a path that leads nowhere else.
            Where::Disk => fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
            Where::Revision(revision) => {
                revision.path_from_root(path)?.map_or_else(|| path.to_owned(), PathBuf::from)
            }
        })
    }
}

/// Reads `orgwire.toml` in `root`, if there is one.
pub fn read_configuration(
    root: &Path,
    from: &Where,
    project: &mut Project,
    diagnostics: &mut Diagnostics,
) -> Result<Option<SourceId>, Error> {
    let path = root.join(CONFIGURATION_FILE);
    if !from.is_file(&path)? {
        return Ok(None);
    }
    read_file(&path, from, &mut project.sources, diagnostics)
}

/// Reads the manifests that `paths` name: files, and all `.toml` files in folders and below. What is wrong
/// with a file's bytes becomes a diagnostic; what is wrong with the disk or the repository is an error.
pub fn read_manifests(
    paths: &[PathBuf],
    from: &Where,
    project: &mut Project,
    diagnostics: &mut Diagnostics,
) -> Result<(), Error> {
    let mut places = Vec::new();
    let mut found = BTreeMap::new();
    for path in paths {
        let mut files = from.open(path)?;
        let is_one_file = files.is_one_file();
        let (entries, left_out) = files.list(|inner| is_one_file || is_manifest(inner))?;
        let joined = |inner: &str| if is_one_file { path.clone() } else { path.join(inner) };
        for one in left_out {
            let before = diagnostics.len();
            refuse(&one, &joined(&one.path), from, diagnostics)?;
            // What has been complained about is there, so nobody has to hear that there is nothing.
            if diagnostics.len() > before {
                found.entry(joined(&one.path)).or_insert(None);
            }
        }
        for entry in entries {
            found.insert(joined(&entry.path), Some((places.len(), entry)));
        }
        places.push(files);
    }
    let mut seen = BTreeSet::new();
    for (path, entry) in &found {
        // The same file may be named directly and through its folder.
        if let Some((place, entry)) = entry
            && seen.insert(from.identity(path)?)
            && let Some(id) =
                read_entry(&mut places[*place], entry, path, from, &mut project.sources, diagnostics)?
        {
            project.manifests.push(id);
        }
    }
    if found.is_empty() {
        let looked: Vec<String> = paths.iter().map(|path| format!("`{}`", from.name(path))).collect();
        diagnostics.push(
            Diagnostic::error(Code::EmptyProject, format!("no manifest found in {}", looked.join(", ")))
                .help(
                    "write a first one with `orgwire init --from axsy`, or name a file: `orgwire plan PATH`",
                ),
        );
    }
    Ok(())
}

/// Files and folders whose names begin with a dot are nobody's manifests.
fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(".toml") && name != CONFIGURATION_FILE && !name.starts_with('.')
}

/// Reads one text file. `None` where its bytes are not usable, which is then a diagnostic.
pub fn read_file(
    path: &Path,
    from: &Where,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Option<SourceId>, Error> {
    let mut files = from.open(path)?;
    let is_one_file = files.is_one_file();
    let (entries, left_out) = files.list(|_| is_one_file)?;
    for one in left_out {
        refuse(&one, path, from, diagnostics)?;
    }
    match entries.first() {
        Some(entry) => read_entry(&mut files, entry, path, from, sources, diagnostics),
        None => Ok(None),
    }
}

/// Reads a text from standard input, under the name that stands for it on the command line.
pub fn read_standard_input(
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Option<SourceId>, Error> {
    let mut bytes = Vec::new();
    let failed = |source| Error::Input { source };
    io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        diagnostics.push(too_large(STANDARD_INPUT, bytes.len() as u64));
        return Ok(None);
    }
    Ok(text(bytes, STANDARD_INPUT, STANDARD_INPUT, sources, diagnostics))
}

fn read_entry(
    files: &mut Files,
    entry: &Entry,
    path: &Path,
    from: &Where,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Option<SourceId>, Error> {
    if entry.size > MAX_FILE_BYTES {
        diagnostics.push(too_large(&from.name(path), entry.size));
        return Ok(None);
    }
    match files.read(entry) {
        // It may have grown, or be a pipe.
        Ok(bytes) if bytes.len() as u64 > MAX_FILE_BYTES => {
            diagnostics.push(too_large(&from.name(path), bytes.len() as u64));
            Ok(None)
        }
        Ok(bytes) => Ok(text(bytes, &shown(path), &from.name(path), sources, diagnostics)),
        Err(one) => refuse(&one, path, from, diagnostics).map(|()| None),
    }
}

/// A project that lacks one of its files is another project, so nothing is left out in silence.
fn refuse(one: &LeftOut, path: &Path, from: &Where, diagnostics: &mut Diagnostics) -> Result<(), Error> {
    match one.why {
        Why::TooLarge { size, .. } => {
            diagnostics.push(too_large(&from.name(path), size));
            Ok(())
        }
        // Nobody keeps manifests there; it is some other tool's folder.
        Why::TooDeep => Ok(()),
        _ => Err(Error::LeftOut { name: from.name(path), source: one.why.clone(), help: one.help() }),
    }
}

fn too_large(name: &str, size: u64) -> Diagnostic {
    Diagnostic::error(
        Code::FileTooLarge,
        format!("`{name}` has {size} bytes, more than the {MAX_FILE_BYTES} a manifest may have"),
    )
    .help("name the manifest itself, or move large files out of the manifest folder")
}

/// Takes bytes for text, or says where they are not.
fn text(
    bytes: Vec<u8>,
    shown: &str,
    name: &str,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<SourceId> {
    match String::from_utf8(bytes) {
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            Some(sources.add_named(shown, name, text))
        }
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let byte = bytes[valid];
            let before = String::from_utf8_lossy(&bytes[..valid]).into_owned();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let message = format!("`{name}` is not UTF-8: byte 0x{byte:02X} at line {line}, column {column}");
            // The file is shown up to the bad byte only: what follows was never text. Nothing of it was read, so
            // nothing tells which texts are secrets.
            let hidden = suspicious(&before);
            let id = sources.add_named(shown, name, before + "\u{FFFD}");
            hidden.into_iter().for_each(|range| diagnostics.hide(Span::new(id, range)));
            diagnostics.push(
                Diagnostic::error(Code::NotUtf8, message)
                    .label(Span::new(id, valid..valid + '\u{FFFD}'.len_utf8()), "not text from here on")
                    .help("save the file as UTF-8, for example: iconv -f WINDOWS-1252 -t UTF-8 FILE"),
            );
            None
        }
    }
}

fn shown(path: &Path) -> String {
    path.strip_prefix("./").unwrap_or(path).display().to_string()
}
