//! Finds and reads the files of a project: manifests, `orgwire.toml`, templates. Knows where files are, not
//! what they mean.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, Sources, Span};
use crate::setting::suspicious;

/// The file beside the manifests that names orgs, environments and lint levels.
pub const CONFIGURATION_FILE: &str = "orgwire.toml";
/// Where manifests are looked for when neither the command line nor the configuration says.
pub const DEFAULT_FOLDER: &str = "manifests";

/// Names standard input where a path is expected.
pub const STANDARD_INPUT: &str = "-";

/// Larger files are refused unread: a manifest of this size is a mistake, often the wrong file.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;
/// Deeper folders are not searched, which also ends a loop of symbolic links.
const MAX_DEPTH: usize = 16;

/// What was read from disk.
#[derive(Debug, Default)]
pub struct Project {
    pub sources: Sources,
    /// In the order of their paths, whatever order they were named in.
    pub manifests: Vec<SourceId>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
}

/// Reads `orgwire.toml` in `root`, if there is one.
pub fn read_configuration(
    root: &Path,
    project: &mut Project,
    diagnostics: &mut Diagnostics,
) -> Result<Option<SourceId>, Error> {
    let path = root.join(CONFIGURATION_FILE);
    if !path.is_file() {
        return Ok(None);
    }
    read_file(&path, &mut project.sources, diagnostics)
}

/// Reads the manifests that `paths` name: files, and all `.toml` files in folders and below. What is wrong
/// with a file's bytes becomes a diagnostic; what is wrong with the disk is an error.
pub fn read_manifests(
    paths: &[PathBuf],
    project: &mut Project,
    diagnostics: &mut Diagnostics,
) -> Result<(), Error> {
    let mut files = BTreeSet::new();
    for path in paths {
        collect(path, 0, &mut files)?;
    }
    let mut seen = BTreeSet::new();
    for path in &files {
        // The same file may be named directly and through its folder.
        let canonical =
            fs::canonicalize(path).map_err(|source| Error::Read { path: path.clone(), source })?;
        if seen.insert(canonical)
            && let Some(id) = read_file(path, &mut project.sources, diagnostics)?
        {
            project.manifests.push(id);
        }
    }
    if files.is_empty() {
        let looked: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
        diagnostics.push(
            Diagnostic::error(Code::EmptyProject, format!("no manifest found in {}", looked.join(", ")))
                .help(
                    "write a first one with `orgwire init --from axsy`, or name a file: `orgwire plan PATH`",
                ),
        );
    }
    Ok(())
}

/// Reads one text file. `None` where its bytes are not usable, which is then a diagnostic.
pub fn read_file(
    path: &Path,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Option<SourceId>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let shown = path.strip_prefix("./").unwrap_or(path).display().to_string();
    let mut file = fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    (&mut file).take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    Ok(text(shown, bytes, size, sources, diagnostics))
}

/// Reads a text from standard input, under the name that stands for it on the command line.
pub fn read_standard_input(
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Option<SourceId>, Error> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Read { path: PathBuf::from(STANDARD_INPUT), source })?;
    let size = bytes.len() as u64;
    Ok(text(STANDARD_INPUT.to_owned(), bytes, size, sources, diagnostics))
}

/// Adds the text of a file to the sources.
fn text(
    shown: String,
    bytes: Vec<u8>,
    size: u64,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<SourceId> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        diagnostics.push(
            Diagnostic::error(
                Code::FileTooLarge,
                format!("`{shown}` has {size} bytes, more than the {MAX_FILE_BYTES} a manifest may have"),
            )
            .help("name the manifest itself, or move large files out of the manifest folder"),
        );
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            Some(sources.add(shown, text))
        }
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let byte = bytes[valid];
            let before = String::from_utf8_lossy(&bytes[..valid]).into_owned();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let message =
                format!("`{shown}` is not UTF-8: byte 0x{byte:02X} at line {line}, column {column}");
            // The file is shown up to the bad byte only: what follows was never text. Nothing of it was read, so
            // nothing tells which texts are secrets.
            let hidden = suspicious(&before);
            let id = sources.add(shown, before + "\u{FFFD}");
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

fn collect(path: &Path, depth: usize, files: &mut BTreeSet<PathBuf>) -> Result<(), Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        files.insert(path.to_owned());
        return Ok(());
    }
    if depth >= MAX_DEPTH {
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let inner = entry.path();
        let is_manifest = name.ends_with(".toml") && name != CONFIGURATION_FILE;
        if !name.starts_with('.') && (is_manifest || inner.is_dir()) {
            collect(&inner, depth + 1, files)?;
        }
    }
    Ok(())
}
