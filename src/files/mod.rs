//! Where files come from: a folder, a single file, a zip, or a revision of a git repository, behind one door.
//!
//! What is behind it was written by others and may mean harm: paths that lead elsewhere, links, archives that
//! unpack to more than a disk holds. So every file is either read, within bounds, or left out by name with the
//! reason; nothing is written, and one file at a time is in memory. Knows nothing of what the files mean.

mod archive;
mod folder;
mod origin;
mod revision;

use std::io;
use std::path::{Path, PathBuf};

use archive::Archive;
use folder::Folder;
use revision::Blobs;

pub use origin::{Origin, origin};
pub use revision::{Held, Revision};

/// No component, manifest or template comes near this size; what does is something else.
pub const MOST_BYTES: u64 = 64 << 20;
/// All files of a zip together, unpacked. What the platform hands out in one retrieve is less (MD-22).
pub const MOST_BYTES_OF_A_ZIP: u64 = 512 << 20;
/// Five times what one package of the platform can hold (MD-20).
pub const MOST_FILES: usize = 50_000;
/// Folders inside folders.
pub const MOST_DEPTH: usize = 32;

/// What can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// With everything below it.
    Folder(PathBuf),
    File(PathBuf),
    Zip(PathBuf),
    Revision {
        /// A folder in the repository; an empty path is the current one.
        repository: PathBuf,
        /// A branch, a tag, a commit: whatever git understands.
        revision: String,
        /// A file or folder, from `repository` on; empty for all of it.
        path: String,
    },
}

impl Place {
    /// What a path on disk is. A zip is told by its name or by its first bytes.
    pub fn on_disk(path: &Path) -> Result<Place, Error> {
        let found = std::fs::metadata(path).map_err(|source| Error::read(path, source))?;
        let path = path.to_owned();
        let is_zip = |path: &Path| {
            path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"))
                || (found.is_file() && archive::begins_like_one(path))
        };
        Ok(if found.is_dir() {
            Place::Folder(path)
        } else if is_zip(&path) {
            Place::Zip(path)
        } else {
            Place::File(path)
        })
    }
}

/// A file that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From the place on, with `/`: `unpackaged/connectedApps/Orders.connectedApp`.
    pub path: String,
    /// As far as it is known before reading.
    pub size: u64,
    handle: Handle,
}

/// How the place finds the file again.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Handle {
    Disk(PathBuf),
    /// The number of an entry in a zip.
    Packed(usize),
    /// The name of an object in a git repository.
    Object(String),
}

/// A file, or a folder with all of its files, that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// As in [`Entry`]; as it was written, where that is the trouble.
    pub path: String,
    pub why: Why,
}

impl LeftOut {
    /// Something to do, where there is something.
    pub fn help(&self) -> Option<&'static str> {
        match self.why {
            // A path in a zip, rather than a link.
            Why::EscapesFolder if self.path.split(['/', '\\']).any(|part| part == "..") => {
                Some("unpack the zip, look at what is in it, and name the folder")
            }
            Why::Link | Why::EscapesFolder => {
                Some("name the file or folder itself, or put a copy where the link is")
            }
            Why::Submodule => Some("name the folder of the submodule: it is a repository of its own"),
            Why::AbsolutePath | Why::Backslash | Why::SameName => {
                Some("unpack the zip, look at what is in it, and name the folder")
            }
            Why::UnclearPath => Some("give the file another name"),
            Why::Encrypted => Some("unpack the zip with its password, and name the folder"),
            Why::TooLarge { .. } | Why::TooMuch | Why::TooManyFiles | Why::TooDeep => {
                Some("name the folder that holds the files you mean")
            }
            Why::NotInClone => {
                Some("check the revision out once, or clone without --filter, so that its files are here")
            }
            Why::NotAFile | Why::Unreadable(_) => None,
        }
    }
}

/// Why a file is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("it leads out of the place that was named")]
    EscapesFolder,
    #[error("its path begins at the root of a disk")]
    AbsolutePath,
    #[error("its path has a backslash, which means a folder on some systems only")]
    Backslash,
    #[error("its path has an empty part, a `.` or a control character")]
    UnclearPath,
    #[error("it is a link")]
    Link,
    #[error("it is a submodule")]
    Submodule,
    #[error("it is neither a file nor a folder")]
    NotAFile,
    /// `size` is as far as was counted.
    #[error("it has more than {} MiB", .limit >> 20)]
    TooLarge { size: u64, limit: u64 },
    #[error("what was read of the zip is more than {} MiB together", MOST_BYTES_OF_A_ZIP >> 20)]
    TooMuch,
    #[error("it and what comes after it are more than {MOST_FILES} files")]
    TooManyFiles,
    #[error("it lies more than {MOST_DEPTH} folders deep")]
    TooDeep,
    #[error("it is encrypted")]
    Encrypted,
    #[error("more than one file in the zip has this name")]
    SameName,
    #[error("it is not in this partial clone, and nothing is fetched")]
    NotInClone,
    /// The words of the system, of the zip library, or of git.
    #[error("{0}")]
    Unreadable(String),
}

/// The place itself cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` is not a zip file that can be opened", path.display())]
    NotAZip { path: PathBuf, source: zip::result::ZipError },
    #[error("`{}` has more than {} MiB", path.display(), MOST_BYTES_OF_A_ZIP >> 20)]
    HugeZip { path: PathBuf },
    #[error("cannot run `git` to read revision `{revision}`")]
    NoGit { revision: String, source: io::Error },
    #[error("cannot read revision `{revision}`: `{}` is not in a git repository that can be used", folder.display())]
    NoRepository { folder: PathBuf, revision: String, source: Said },
    #[error("there is no revision `{revision}` in this git repository")]
    UnknownRevision { revision: String },
    #[error("there is no `{path}` at revision `{revision}`")]
    NoSuchPath { path: String, revision: String },
    #[error("git cannot list the files at revision `{revision}`")]
    Listing { revision: String, source: Said },
}

impl Error {
    fn read(path: &Path, source: io::Error) -> Error {
        Error::Read { path: path.to_owned(), source }
    }

    /// Something to do.
    pub fn help(&self) -> &'static str {
        match self {
            Error::Read { .. } => "check the path and its permissions",
            Error::NotAZip { .. } => "check that it was transferred whole; a folder can be named as well",
            Error::HugeZip { .. } => "unpack it, and name the folder that holds the files you mean",
            Error::NoGit { .. } => "install git, or check the revision out and name its folder",
            Error::NoRepository { .. } => "run the command in a clone of the repository",
            Error::UnknownRevision { revision } if revision.starts_with('-') => {
                "a revision cannot begin with `-`"
            }
            Error::UnknownRevision { .. } => {
                "`git fetch origin` may bring it; a clone made by CI is often shallow: ask for all of it \
                 (fetch-depth: 0)"
            }
            Error::NoSuchPath { .. } => {
                "paths begin at the current folder, as they were spelled at that revision: \
                 `git ls-tree -r --name-only REVISION` lists them"
            }
            Error::Listing { .. } => "`git fsck` tells whether the repository is whole",
        }
    }
}

/// What a program said when it failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Said(String);

/// An open place.
pub struct Files {
    inside: Inside,
}

enum Inside {
    Folder(Folder),
    File(PathBuf),
    Archive(Archive),
    Blobs(Blobs),
}

impl Files {
    pub fn open(place: &Place) -> Result<Files, Error> {
        let inside = match place {
            Place::Folder(path) => Inside::Folder(Folder::open(path)?),
            Place::File(path) => {
                let found = std::fs::metadata(path).map_err(|source| Error::read(path, source))?;
                if found.is_dir() {
                    return Err(Error::read(path, io::ErrorKind::IsADirectory.into()));
                }
                Inside::File(path.clone())
            }
            Place::Zip(path) => Inside::Archive(Archive::open(path)?),
            Place::Revision { repository, revision, path } => {
                return Files::at(&Revision::find(repository, revision)?, Path::new(path));
            }
        };
        Ok(Files { inside })
    }

    /// A file or folder at a revision that was found before, so that all that is read of it is of one commit.
    pub fn at(revision: &Revision, path: &Path) -> Result<Files, Error> {
        Ok(Files { inside: Inside::Blobs(Blobs::open(revision, path)?) })
    }

    /// Follows links wherever they lead: for a folder that belongs to the user as the command line does.
    #[must_use]
    pub fn follow_links(mut self) -> Files {
        if let Inside::Folder(folder) = &mut self.inside {
            folder.links = folder::Links::Anywhere;
        }
        self
    }

    /// Whether the place is one file, rather than something with files in it.
    pub fn is_one_file(&self) -> bool {
        match &self.inside {
            Inside::File(_) => true,
            Inside::Blobs(blobs) => !blobs.is_folder(),
            Inside::Folder(_) | Inside::Archive(_) => false,
        }
    }

    /// The files whose paths are wanted, sorted by path, and those of them that cannot be had. Folders whose
    /// names begin with a dot and `node_modules` are passed over without a word.
    pub fn list(&mut self, wanted: impl Fn(&str) -> bool) -> Result<(Vec<Entry>, Vec<LeftOut>), Error> {
        let mut listing =
            Listing { wanted: &wanted, entries: Vec::new(), left_out: Vec::new(), is_full: false };
        match &mut self.inside {
            Inside::Folder(folder) => folder.list(&mut listing)?,
            Inside::File(path) => folder::list_one(path, &mut listing)?,
            Inside::Archive(archive) => archive.list(&mut listing)?,
            Inside::Blobs(blobs) => blobs.list(&mut listing)?,
        }
        let Listing { mut entries, mut left_out, .. } = listing;
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        left_out.sort_by(|one, other| one.path.cmp(&other.path));
        Ok((entries, left_out))
    }

    /// The content of a file that this place has listed.
    pub fn read(&mut self, entry: &Entry) -> Result<Vec<u8>, LeftOut> {
        let read = match (&mut self.inside, &entry.handle) {
            (Inside::Folder(_) | Inside::File(_), Handle::Disk(path)) => folder::read(path),
            (Inside::Archive(archive), Handle::Packed(index)) => archive.read(*index),
            (Inside::Blobs(blobs), Handle::Object(object)) => blobs.read(object),
            _ => Err(Why::Unreadable("it was listed somewhere else".to_owned())),
        };
        read.map_err(|why| LeftOut { path: entry.path.clone(), why })
    }

    /// The file of this name in the folder of a file that is the place, if there is one.
    pub fn beside(&self, name: &str) -> Option<Entry> {
        let Inside::File(file) = &self.inside else { return None };
        let path = file.with_file_name(name);
        let found = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
        (found.len() <= MOST_BYTES).then(|| Entry {
            path: path.display().to_string(),
            size: found.len(),
            handle: Handle::Disk(path),
        })
    }

    /// How a message calls a file of this place: `retrieved/a.xml`, `a.xml (in old.zip)`, `a.xml (at v1.2)`.
    pub fn name(&self, path: &str) -> String {
        match &self.inside {
            Inside::Folder(folder) => folder.name(path),
            Inside::File(file) => file.display().to_string(),
            Inside::Archive(archive) => archive.name(path),
            Inside::Blobs(blobs) => blobs.name(path),
        }
    }
}

/// A list of files as it grows, bounded.
struct Listing<'a> {
    wanted: &'a dyn Fn(&str) -> bool,
    entries: Vec<Entry>,
    left_out: Vec<LeftOut>,
    /// Nothing more is taken.
    is_full: bool,
}

impl Listing<'_> {
    fn wants(&self, path: &str) -> bool {
        !in_passed_over_folder(path) && (self.wanted)(path)
    }

    /// A file that is wanted; left out if its path or size says that it should be.
    fn add(&mut self, path: String, size: u64, handle: Handle) {
        if let Some(why) = trouble_with(&path) {
            self.leave_out(path, why);
        } else if size > MOST_BYTES {
            self.leave_out(path, Why::TooLarge { size, limit: MOST_BYTES });
        } else if self.has_room(&path) {
            self.entries.push(Entry { path, size, handle });
        }
    }

    fn leave_out(&mut self, path: String, why: Why) {
        if self.has_room(&path) {
            self.left_out.push(LeftOut { path, why });
        }
    }

    fn has_room(&mut self, path: &str) -> bool {
        if !self.is_full && self.entries.len() + self.left_out.len() >= MOST_FILES {
            self.is_full = true;
            self.left_out.push(LeftOut { path: path.to_owned(), why: Why::TooManyFiles });
        }
        !self.is_full
    }
}

/// Folders that tools keep for themselves: `.git`, `.sfdx`, `.orgwire`, `node_modules`.
fn is_passed_over(folder: &str) -> bool {
    (folder.starts_with('.') && folder != "." && folder != "..") || folder == "node_modules"
}

fn in_passed_over_folder(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(is_passed_over))
}

/// Why a path is not safe to be used on every system. Nothing here writes, but who reads may do so later.
fn trouble_with(path: &str) -> Option<Why> {
    let mut letters = path.chars();
    let has_drive = letters.next().is_some_and(|letter| letter.is_ascii_alphabetic())
        && letters.next().is_some_and(|letter| letter == ':');
    if path.starts_with('/') || path.starts_with("\\\\") || has_drive {
        Some(Why::AbsolutePath)
    } else if path.split(['/', '\\']).any(|part| part == "..") {
        Some(Why::EscapesFolder)
    } else if path.contains('\\') {
        Some(Why::Backslash)
    } else if path.chars().any(char::is_control) || path.split('/').any(|part| matches!(part, "" | ".")) {
        Some(Why::UnclearPath)
    } else {
        None
    }
}

#[cfg(test)]
mod testing {
    use super::*;

    /// Everything in a place, as text: what can be read, and what is left out and why.
    pub fn contents(
        files: &mut Files,
        wanted: impl Fn(&str) -> bool,
    ) -> (Vec<(String, String)>, Vec<String>) {
        let (entries, mut left_out) = files.list(wanted).unwrap();
        let mut read = Vec::new();
        for entry in entries {
            match files.read(&entry) {
                Ok(bytes) => read.push((entry.path, String::from_utf8(bytes).unwrap())),
                Err(one) => left_out.push(one),
            }
        }
        (read, left_out.iter().map(|one| format!("{}: {}", one.path, one.why)).collect())
    }

    pub fn pairs(read: &[(String, String)]) -> Vec<(&str, &str)> {
        read.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_elsewhere_on_any_system_are_told_from_those_that_stay() {
        for good in ["a", "unpackaged/a.b/c", "..a/b..", "ab:c/d", "ä/ö", ".forceignore"] {
            assert_eq!(trouble_with(good), None, "{good}");
        }
        for (bad, why) in [
            ("../a", Why::EscapesFolder),
            ("a/../../b", Why::EscapesFolder),
            ("a/..", Why::EscapesFolder),
            ("a\\..\\b", Why::EscapesFolder),
            ("/etc/passwd", Why::AbsolutePath),
            ("C:\\a", Why::AbsolutePath),
            ("c:/a", Why::AbsolutePath),
            ("c:a", Why::AbsolutePath),
            ("\\\\host\\share", Why::AbsolutePath),
            ("a\\b", Why::Backslash),
            ("a//b", Why::UnclearPath),
            ("./a", Why::UnclearPath),
            ("a/", Why::UnclearPath),
            ("", Why::UnclearPath),
            ("a\0b", Why::UnclearPath),
            ("a\nb", Why::UnclearPath),
        ] {
            assert_eq!(trouble_with(bad), Some(why), "{bad:?}");
        }
    }

    #[test]
    fn folders_of_tools_are_passed_over_at_every_level() {
        for over in [".git/config", "a/.sfdx/b", "node_modules/a/b", "a/node_modules/b"] {
            assert!(in_passed_over_folder(over), "{over}");
        }
        for kept in ["a/.forceignore", "../a", "./a", "node_modules", "a/b.git/c"] {
            assert!(!in_passed_over_folder(kept), "{kept}");
        }
    }

    #[test]
    fn what_stands_at_a_path_is_told_by_its_name_and_its_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("a.toml"), "x").unwrap();
        std::fs::write(path("b.ZIP"), "x").unwrap();
        std::fs::write(path("c"), b"PK\x03\x04...").unwrap();
        std::fs::write(path("d"), "P").unwrap();
        let at = |name: &str| Place::on_disk(&path(name)).unwrap();
        assert_eq!(at(""), Place::Folder(path("")));
        assert_eq!(at("a.toml"), Place::File(path("a.toml")));
        assert_eq!(at("b.ZIP"), Place::Zip(path("b.ZIP")));
        assert_eq!(at("c"), Place::Zip(path("c")));
        assert_eq!(at("d"), Place::File(path("d")));
        let missing = Place::on_disk(&path("nope")).unwrap_err();
        assert_eq!(missing.to_string(), format!("cannot read `{}`", path("nope").display()));
    }
}
