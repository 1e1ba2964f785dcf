//! A folder on disk with everything below it, or one file.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{Error, Handle, Listing, MOST_BYTES, MOST_DEPTH, Why, in_passed_over_folder, is_passed_over};

/// How far links are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// A link to a file inside the folder is that file; a link to a folder is left out.
    Inside,
    Anywhere,
}

pub(super) struct Folder {
    /// As it was named.
    path: PathBuf,
    pub links: Links,
}

/// A folder that is still to be looked at.
struct Below {
    path: PathBuf,
    /// From the place on; empty for the place itself.
    shown: String,
    depth: usize,
}

impl Folder {
    pub fn open(path: &Path) -> Result<Folder, Error> {
        // Asked now, so that a wrong path is named before anything else is done.
        fs::read_dir(named(path)).map_err(|source| Error::read(path, source))?;
        Ok(Folder { path: path.to_owned(), links: Links::Inside })
    }

    pub fn name(&self, path: &str) -> String {
        let name = self.path.join(path).display().to_string();
        name.strip_prefix("./").map(str::to_owned).unwrap_or(name)
    }

    pub fn list(&self, listing: &mut Listing<'_>) -> Result<(), Error> {
        let failed = |source| Error::read(&self.path, source);
        let root = fs::canonicalize(named(&self.path)).map_err(failed)?;
        let mut walk = Walk { root: &root, links: self.links, listing, seen: BTreeSet::new() };
        walk.seen.insert(root.clone());
        let mut folders = vec![Below { path: self.path.clone(), shown: String::new(), depth: 0 }];
        while let Some(folder) = folders.pop() {
            if walk.listing.is_full {
                break;
            }
            match walk.folder(&folder) {
                Ok(inner) => folders.extend(inner.into_iter().rev()),
                Err(error) if folder.depth == 0 => return Err(failed(error)),
                Err(error) => walk.listing.leave_out(folder.shown, Why::Unreadable(error.to_string())),
            }
        }
        Ok(())
    }
}

struct Walk<'a, 'b> {
    root: &'a Path,
    links: Links,
    listing: &'a mut Listing<'b>,
    /// Folders that were looked at, so that links that lead in circles come to an end.
    seen: BTreeSet<PathBuf>,
}

impl Walk<'_, '_> {
    /// Lists the files of one folder, and gives the folders in it.
    fn folder(&mut self, folder: &Below) -> std::io::Result<Vec<Below>> {
        let mut entries = fs::read_dir(named(&folder.path))?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut inner = Vec::new();
        for entry in entries {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let shown =
                if folder.shown.is_empty() { name.to_string() } else { format!("{}/{name}", folder.shown) };
            let path = folder.path.join(entry.file_name());
            let below = |path, shown| Below { path, shown, depth: folder.depth + 1 };
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(error) => {
                    self.listing.leave_out(shown, Why::Unreadable(error.to_string()));
                    continue;
                }
            };
            if kind.is_symlink() {
                inner.extend(self.link(&path, shown, &name).map(|shown| below(path, shown)));
            } else if kind.is_dir() {
                if self.enters(&shown, &name, folder.depth) && self.is_new(&path) {
                    inner.push(below(path, shown));
                }
            } else if self.listing.wants(&shown) {
                match entry.metadata() {
                    Ok(found) if found.is_file() => {
                        self.listing.add(shown, found.len(), Handle::Disk(path));
                    }
                    // To open a pipe is to wait for somebody who writes to it.
                    Ok(_) => self.listing.leave_out(shown, Why::NotAFile),
                    Err(error) => self.listing.leave_out(shown, Why::Unreadable(error.to_string())),
                }
            }
        }
        Ok(inner)
    }

    fn enters(&mut self, shown: &str, name: &str, depth: usize) -> bool {
        if is_passed_over(name) {
            return false;
        }
        if depth + 1 > MOST_DEPTH {
            self.listing.leave_out(shown.to_owned(), Why::TooDeep);
            return false;
        }
        true
    }

    /// Whether a folder was not looked at before. Without links to folders there is one way to each.
    fn is_new(&mut self, path: &Path) -> bool {
        match (self.links, fs::canonicalize(path)) {
            (Links::Anywhere, Ok(path)) => self.seen.insert(path),
            _ => true,
        }
    }

    /// Lists the file that a link leads to. A folder that is to be looked at is given back.
    fn link(&mut self, path: &Path, shown: String, name: &str) -> Option<String> {
        let target = match fs::canonicalize(path).and_then(|target| Ok((fs::metadata(&target)?, target))) {
            Ok((found, target)) if found.is_dir() => {
                if is_passed_over(name) {
                    return None;
                }
                if self.links == Links::Anywhere {
                    let depth = shown.matches('/').count();
                    return (self.enters(&shown, name, depth) && self.seen.insert(target)).then_some(shown);
                }
                self.listing.leave_out(shown, Why::Link);
                return None;
            }
            target => target,
        };
        if !self.listing.wants(&shown) {
            return None;
        }
        match target {
            Err(error) => self.listing.leave_out(shown, Why::Unreadable(error.to_string())),
            Ok((_, target)) if self.links == Links::Inside && !self.stays_inside(&target) => {
                self.listing.leave_out(shown, Why::EscapesFolder);
            }
            // The target is what is read later, whatever becomes of the link.
            Ok((found, target)) if found.is_file() => {
                self.listing.add(shown, found.len(), Handle::Disk(target));
            }
            Ok(_) => self.listing.leave_out(shown, Why::NotAFile),
        }
        None
    }

    fn stays_inside(&self, target: &Path) -> bool {
        target
            .strip_prefix(self.root)
            .is_ok_and(|inside| !in_passed_over_folder(&inside.to_string_lossy().replace('\\', "/")))
    }
}

/// An empty path is the current folder.
fn named(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// Lists a file that was named itself, which may be a pipe: `<(command)`.
pub(super) fn list_one(path: &Path, listing: &mut Listing<'_>) -> Result<(), Error> {
    let found = fs::metadata(path).map_err(|source| Error::read(path, source))?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    if !(listing.wanted)(&name) {
        return Ok(());
    }
    listing.add(name, found.len(), Handle::Disk(path.to_owned()));
    Ok(())
}

/// Reads a file, and not more of it than is allowed, whatever its size was said to be.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Why> {
    let failed = |error: std::io::Error| Why::Unreadable(error.to_string());
    let mut bytes = Vec::new();
    let mut file = fs::File::open(path).map_err(failed)?;
    (&mut file).take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    let size = bytes.len() as u64;
    if size > MOST_BYTES { Err(Why::TooLarge { size, limit: MOST_BYTES }) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{contents, pairs};
    use super::super::{Entry, Files, Place};
    use super::*;

    fn write(folder: &Path, path: &str, text: &str) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn open(folder: &Path) -> Files {
        Files::open(&Place::Folder(folder.to_owned())).unwrap()
    }

    #[test]
    fn files_come_in_the_order_of_their_paths_without_the_folders_of_tools() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["b/z", "a.x", "a/y", "a/.hidden/y", ".git/y", "node_modules/m/y", "b/.kept", "a-b/y"] {
            write(folder.path(), path, path);
        }
        let (read, left_out) = contents(&mut open(folder.path()), |_| true);
        assert_eq!(
            pairs(&read),
            [("a-b/y", "a-b/y"), ("a.x", "a.x"), ("a/y", "a/y"), ("b/.kept", "b/.kept"), ("b/z", "b/z")]
        );
        assert!(left_out.is_empty());
        let (read, _) = contents(&mut open(folder.path()), |path| path.ends_with('y'));
        assert_eq!(pairs(&read), [("a-b/y", "a-b/y"), ("a/y", "a/y")]);
    }

    #[test]
    fn a_folder_that_does_not_exist_is_named() {
        let place = Place::Folder("no/such/folder".into());
        let Err(error) = Files::open(&place) else { panic!("it was opened") };
        assert_eq!(error.to_string(), "cannot read `no/such/folder`");
        let Err(error) = Files::open(&Place::File("no/such/file".into())) else { panic!("it was opened") };
        assert_eq!(error.to_string(), "cannot read `no/such/file`");
    }

    #[test]
    fn a_single_file_is_listed_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a/b.toml", "text");
        let mut files = Files::open(&Place::File(folder.path().join("a/b.toml"))).unwrap();
        assert!(files.is_one_file());
        assert_eq!(pairs(&contents(&mut files, |_| true).0), [("b.toml", "text")]);
        assert!(contents(&mut files, |path| path == "other").0.is_empty());
    }

    #[test]
    fn too_large_a_file_is_left_out_unread_and_one_that_grows_later_is_too() {
        let folder = tempfile::tempdir().unwrap();
        let grow =
            |name: &str, size| fs::File::create(folder.path().join(name)).unwrap().set_len(size).unwrap();
        grow("large", MOST_BYTES + 1);
        grow("allowed", MOST_BYTES);
        grow("small", 1);
        let mut files = open(folder.path());
        let (entries, left_out) = files.list(|_| true).unwrap();
        let names: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(names, ["allowed", "small"]);
        let too_large = Why::TooLarge { size: MOST_BYTES + 1, limit: MOST_BYTES };
        assert_eq!((left_out[0].path.as_str(), &left_out[0].why), ("large", &too_large));
        assert_eq!(files.read(&entries[0]).unwrap().len() as u64, MOST_BYTES);
        grow("small", 10 * MOST_BYTES);
        assert_eq!(files.read(&entries[1]).unwrap_err().why, too_large);
    }

    #[test]
    fn folders_are_searched_to_a_depth_and_not_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let deep = |levels: usize| "d/".repeat(levels);
        write(folder.path(), &format!("{}file", deep(MOST_DEPTH + 1)), "hidden");
        write(folder.path(), &format!("{}file", deep(MOST_DEPTH)), "seen");
        let (read, left_out) = contents(&mut open(folder.path()), |_| true);
        assert_eq!(pairs(&read), [(format!("{}file", deep(MOST_DEPTH)).as_str(), "seen")]);
        let too_deep = deep(MOST_DEPTH + 1);
        assert_eq!(
            left_out,
            [format!("{}: it lies more than 32 folders deep", too_deep.trim_end_matches('/'))]
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_to_files_inside_and_nowhere_else() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        write(outside.path(), "secret.xml", "secret");
        write(outside.path(), "inner/also.xml", "also");
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "a/real.xml", "real");
        write(root, ".git/config.xml", "token");
        symlink("a/real.xml", root.join("link.xml")).unwrap();
        symlink(outside.path().join("secret.xml"), root.join("out.xml")).unwrap();
        symlink(outside.path().join("secret.xml"), root.join("unwanted")).unwrap();
        symlink(".git/config.xml", root.join("tool.xml")).unwrap();
        symlink("nowhere", root.join("broken.xml")).unwrap();
        symlink("circle.xml", root.join("circle.xml")).unwrap();
        symlink("a", root.join("inside")).unwrap();
        symlink("..", root.join("a/up")).unwrap();
        symlink(outside.path().join("inner"), root.join("outside")).unwrap();

        let wanted = |path: &str| path.ends_with(".xml");
        let (read, left_out) = contents(&mut open(root), wanted);
        assert_eq!(pairs(&read), [("a/real.xml", "real"), ("link.xml", "real")]);
        let left_out: Vec<&str> = left_out.iter().map(|one| one.split(" (os").next().unwrap()).collect();
        assert_eq!(
            left_out,
            [
                "a/up: it is a link",
                "broken.xml: No such file or directory",
                "circle.xml: Too many levels of symbolic links",
                "inside: it is a link",
                "out.xml: it leads out of the place that was named",
                "outside: it is a link",
                "tool.xml: it leads out of the place that was named",
            ]
        );

        // A folder of the user's own: everything once, however links lead in circles.
        let (read, _) = contents(&mut open(root).follow_links(), wanted);
        let names: Vec<&str> = read.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["a/real.xml", "link.xml", "out.xml", "outside/also.xml", "tool.xml"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_left_out_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap();
        assert!(made.success());
        let (_, left_out) = contents(&mut open(folder.path()), |_| true);
        assert_eq!(left_out, ["pipe: it is neither a file nor a folder"]);
    }

    #[test]
    fn a_file_that_is_gone_is_left_out_and_the_rest_is_read() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a", "1");
        write(folder.path(), "b", "2");
        let mut files = open(folder.path());
        let (entries, _) = files.list(|_| true).unwrap();
        fs::remove_file(folder.path().join("a")).unwrap();
        let read: Vec<_> = entries.iter().map(|entry: &Entry| files.read(entry)).collect();
        assert!(matches!(&read[0], Err(one) if one.path == "a" && matches!(one.why, Why::Unreadable(_))));
        assert_eq!(read[1].as_deref(), Ok(&b"2"[..]));
    }

    #[test]
    fn a_file_is_called_by_the_path_that_leads_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let files = open(folder.path());
        assert_eq!(files.name("a/b"), format!("{}/a/b", folder.path().display()));
        assert_eq!(open(Path::new("")).name("a"), "a");
        assert_eq!(open(Path::new("./src")).name("a"), "src/a");
    }
}
