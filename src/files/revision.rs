//! A revision of a git repository, through the `git` command.
//!
//! The command and not a library: it is on every machine that has a clone, it understands every repository
//! that made it there (worktrees, alternates, SHA-256, packs of any age), it follows the user's own rules about
//! whose repositories are trusted, and a library would be the largest dependency of all. It works in server
//! hooks too, whose environment only git understands, so that environment is left as it is.
//!
//! Only objects are read: no checkout, no index, no work tree, no filters, no network. In a partial clone, what
//! is not there is left out rather than fetched, as comparing files must not need a connection.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::thread;

use super::{Error, Handle, Listing, MOST_BYTES, MOST_FILES, Said, Why, in_passed_over_folder};

/// No path of a sane repository is longer.
const MOST_BYTES_OF_A_RECORD: u64 = 64 << 10;
/// What git says when it fails; more of it helps nobody.
const MOST_BYTES_SAID: u64 = 4 << 10;

/// A commit of a repository, by the name that the user gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    repository: PathBuf,
    name: String,
    /// What the name stood for when it was looked up: a branch may move while it is read.
    commit: String,
    /// From the root of the repository to the folder that paths begin at: `` or `packages/trust/`.
    prefix: String,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    File,
    Folder,
    /// A link or a submodule.
    Other,
}

impl Revision {
    /// Looks a revision up in the repository that a folder lies in; an empty path is the current folder.
    pub fn find(repository: &Path, name: &str) -> Result<Revision, Error> {
        let refused = |source| Error::NoRepository {
            folder: if repository.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                repository.to_owned()
            },
            revision: name.to_owned(),
            source,
        };
        let prefix = run(repository, name, ["rev-parse", "--show-prefix"])?;
        if !prefix.status.success() {
            return Err(refused(said(&prefix.stderr)));
        }
        let unknown = || Error::UnknownRevision { revision: name.to_owned() };
        // `rev-parse` knows --end-of-options since git 2.30 only, so what looks like an option is refused here.
        if name.is_empty() || name.starts_with('-') || name.contains(char::is_control) {
            return Err(unknown());
        }
        let commit =
            run(repository, name, ["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")])?;
        let (is_found, commit) = (commit.status.success(), line(&commit.stdout));
        // `^main` is not one revision but all others, and is told with its `^`.
        if !is_found || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(unknown());
        }
        Ok(Revision {
            repository: repository.to_owned(),
            name: name.to_owned(),
            commit,
            prefix: line(&prefix.stdout),
        })
    }

    /// As the user named it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands at a path that begins at the folder the revision was looked up from.
    pub fn held(&self, path: &Path) -> Result<Option<Held>, Error> {
        Ok(self.item(path)?.map(|item| item.kind.held()))
    }

    /// The path from the root of the repository on; `None` if it leads out of it.
    pub fn path_from_root(&self, path: &Path) -> Result<Option<String>, Error> {
        let mut parts: Vec<&str> = self.prefix.split('/').filter(|part| !part.is_empty()).collect();
        let top;
        let mut path = path;
        if path.is_absolute() {
            let found = run(&self.repository, &self.name, ["rev-parse", "--show-toplevel"])?;
            top = PathBuf::from(line(&found.stdout));
            let Ok(inside) = path.strip_prefix(&top) else { return Ok(None) };
            (parts, path) = (Vec::new(), inside);
        }
        for part in path.components() {
            match part {
                Component::CurDir => {}
                Component::Normal(part) => match part.to_str() {
                    Some(part) => parts.push(part),
                    None => return Ok(None),
                },
                Component::ParentDir if parts.pop().is_some() => {}
                _ => return Ok(None),
            }
        }
        Ok(Some(parts.join("/")))
    }

    fn item(&self, path: &Path) -> Result<Option<Item>, Error> {
        let Some(path) = self.path_from_root(path)? else { return Ok(None) };
        if path.is_empty() {
            return Ok(Some(Item { kind: Kind::Folder, object: self.commit.clone(), size: None, path }));
        }
        let mut found = None;
        self.each_item(&["ls-tree", "-z", "--long", "--full-tree", &self.commit, "--", &path], |item| {
            found = Some(item);
            false
        })?;
        Ok(found)
    }

    /// Runs `ls-tree` and tells each item, until the answer is no.
    fn each_item(&self, words: &[&str], mut tell: impl FnMut(Item) -> bool) -> Result<(), Error> {
        let no_git = |source| Error::NoGit { revision: self.name.clone(), source };
        let failed = |source| Error::Listing { revision: self.name.clone(), source };
        let mut command = git(&self.repository, words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(no_git)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        // Read beside, as a full pipe would make git wait for us while we wait for it.
        let talk = thread::spawn(move || {
            let mut talk = Vec::new();
            if let Some(mut stderr) = stderr {
                let _ = (&mut stderr).take(MOST_BYTES_SAID).read_to_end(&mut talk);
                let _ = io::copy(&mut stderr, &mut io::sink());
            }
            talk
        });
        let mut ended_early = false;
        let mut unreadable = None;
        if let Some(stdout) = stdout {
            let mut records = BufReader::new(stdout);
            loop {
                let mut record = Vec::new();
                let read = (&mut records).take(MOST_BYTES_OF_A_RECORD).read_until(0, &mut record);
                if matches!(read, Ok(0)) {
                    break;
                }
                match read.ok().and_then(|_| Item::parse(record.strip_suffix(&[0])?)) {
                    Some(item) => ended_early = !tell(item),
                    None => unreadable = Some(Said("its answer has another form than expected".to_owned())),
                }
                if ended_early || unreadable.is_some() {
                    let _ = child.kill();
                    break;
                }
            }
        }
        let status = child.wait();
        let talk = talk.join().unwrap_or_default();
        match (unreadable, status) {
            (Some(why), _) => Err(failed(why)),
            (None, Ok(status)) if status.success() || ended_early => Ok(()),
            (None, Ok(_)) => Err(failed(said(&talk))),
            (None, Err(error)) => Err(failed(Said(error.to_string()))),
        }
    }
}

/// One record of `ls-tree`.
struct Item {
    kind: Kind,
    object: String,
    /// Of a file, if it is in this clone.
    size: Option<u64>,
    path: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    Link,
    Submodule,
}

impl Kind {
    fn held(self) -> Held {
        match self {
            Kind::File => Held::File,
            Kind::Folder => Held::Folder,
            Kind::Link | Kind::Submodule => Held::Other,
        }
    }
}

impl Item {
    /// `100644 blob 5ca1ab1e...    1234<tab>path`.
    fn parse(record: &[u8]) -> Option<Item> {
        let tab = record.iter().position(|byte| *byte == b'\t')?;
        let head = std::str::from_utf8(&record[..tab]).ok()?;
        let mut words = head.split_ascii_whitespace();
        let (mode, _, object) = (words.next()?, words.next()?, words.next()?);
        let kind = match mode {
            "040000" => Kind::Folder,
            "120000" => Kind::Link,
            "160000" => Kind::Submodule,
            _ if mode.starts_with("100") => Kind::File,
            _ => return None,
        };
        let size = words.next().and_then(|size| size.parse().ok());
        let path = String::from_utf8_lossy(&record[tab + 1..]).into_owned();
        Some(Item { kind, object: object.to_owned(), size, path })
    }

    fn add_to(self, listing: &mut Listing<'_>) {
        if !listing.wants(&self.path) {
            return;
        }
        match (self.kind, self.size) {
            (Kind::File, Some(size)) => listing.add(self.path, size, Handle::Object(self.object)),
            (Kind::File, None) => listing.leave_out(self.path, Why::NotInClone),
            (Kind::Link, _) => listing.leave_out(self.path, Why::Link),
            (Kind::Submodule, _) => listing.leave_out(self.path, Why::Submodule),
            (Kind::Folder, _) => {}
        }
    }
}

/// The files below a path at a revision.
pub(super) struct Blobs {
    revision: Revision,
    /// As it was typed.
    path: PathBuf,
    item: Item,
    contents: Option<Conversation>,
}

impl Blobs {
    pub fn open(revision: &Revision, path: &Path) -> Result<Blobs, Error> {
        let item = revision.item(path)?.ok_or_else(|| Error::NoSuchPath {
            path: path.display().to_string(),
            revision: revision.name.clone(),
        })?;
        Ok(Blobs { revision: revision.clone(), path: path.to_owned(), item, contents: None })
    }

    pub fn is_folder(&self) -> bool {
        self.item.kind == Kind::Folder
    }

    pub fn name(&self, path: &str) -> String {
        let path = if self.is_folder() { self.path.join(path) } else { self.path.clone() };
        let path = path.strip_prefix(".").unwrap_or(&path).display();
        format!("{path} (at {})", self.revision.name)
    }

    pub fn list(&mut self, listing: &mut Listing<'_>) -> Result<(), Error> {
        let Item { kind, object, size, path } = &self.item;
        if *kind != Kind::Folder {
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            Item { kind: *kind, object: object.clone(), size: *size, path: name }.add_to(listing);
            return Ok(());
        }
        // Of the tree itself, so that paths begin there and none of them is taken for a pattern.
        let words = ["ls-tree", "-r", "-z", "--long", "--full-tree", object];
        let mut links = Vec::new();
        self.revision.each_item(&words, |item| {
            // These have no name of a file that could be wanted, but wanted files may lie in them.
            match item.kind {
                _ if listing.wants(&item.path) || in_passed_over_folder(&item.path) => item.add_to(listing),
                Kind::Submodule => listing.leave_out(item.path, Why::Submodule),
                Kind::Link => links.push(item.path),
                Kind::File | Kind::Folder => {}
            }
            !listing.is_full && links.len() < MOST_FILES
        })?;
        let failed = |error: io::Error| Error::Listing {
            revision: self.revision.name.clone(),
            source: Said(error.to_string()),
        };
        for link in self.links_to_folders(links).map_err(failed)? {
            listing.leave_out(link, Why::Link);
        }
        Ok(())
    }

    /// Those links that lead to a folder of the same revision.
    fn links_to_folders(&self, mut links: Vec<String>) -> io::Result<Vec<String>> {
        if links.is_empty() {
            return Ok(links);
        }
        let how = ["cat-file", "--batch-check", "--follow-symlinks"];
        let mut conversation = Conversation::start(&self.revision.repository, how)?;
        let above = if self.item.path.is_empty() { String::new() } else { format!("{}/", self.item.path) };
        let mut failure = None;
        links.retain(|link| {
            // One question is one line.
            if failure.is_some() || link.contains('\n') {
                return false;
            }
            let question = format!("{}:{above}{link}", self.revision.commit);
            conversation.leads_to_folder(&question).unwrap_or_else(|error| {
                failure = Some(error);
                false
            })
        });
        failure.map_or(Ok(links), Err)
    }

    pub fn read(&mut self, object: &str) -> Result<Vec<u8>, Why> {
        let failed = |error: io::Error| Why::Unreadable(format!("git does not give its content: {error}"));
        let contents = match &mut self.contents {
            Some(contents) => contents,
            none => {
                let how = ["cat-file", "--batch"];
                none.insert(Conversation::start(&self.revision.repository, how).map_err(failed)?)
            }
        };
        match contents.content(object) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(Why::NotInClone),
            Err(error) => {
                // Where the conversation stands is not known; the next question begins a new one.
                self.contents = None;
                Err(failed(error))
            }
        }
    }
}

/// A `git cat-file` that is asked for one object after the other.
struct Conversation {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Conversation {
    fn start<const N: usize>(repository: &Path, words: [&str; N]) -> io::Result<Conversation> {
        let mut child = git(repository, words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(questions), Some(stdout)) => {
                Ok(Conversation { child, questions, answers: BufReader::new(stdout) })
            }
            _ => Err(io::Error::other("it has no pipes")),
        }
    }

    /// The first line of the answer.
    fn ask(&mut self, question: &str) -> io::Result<String> {
        writeln!(self.questions, "{question}")?;
        self.questions.flush()?;
        let mut head = String::new();
        (&mut self.answers).take(MOST_BYTES_OF_A_RECORD).read_line(&mut head)?;
        Ok(head)
    }

    /// The rest of an answer that told its size.
    fn rest(&mut self, size: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        (&mut self.answers).take(size).read_to_end(&mut bytes)?;
        let mut end = [0];
        self.answers.read_exact(&mut end)?;
        Ok(bytes)
    }

    /// The bytes of a file; `None` if it is not in this clone.
    fn content(&mut self, object: &str) -> io::Result<Option<Vec<u8>>> {
        let head = self.ask(object)?;
        let words: Vec<&str> = head.split_ascii_whitespace().collect();
        match words.as_slice() {
            [_, "missing"] => Ok(None),
            [_, "blob", size] => match small(size) {
                Some(size) => self.rest(size).map(Some),
                None => Err(io::Error::other(format!("it has {size} bytes"))),
            },
            _ => Err(io::Error::other(format!("unexpected answer `{}`", head.trim_end()))),
        }
    }

    /// Whether a path, with links followed, ends at a folder.
    fn leads_to_folder(&mut self, question: &str) -> io::Result<bool> {
        let head = self.ask(question)?;
        let words: Vec<&str> = head.split_ascii_whitespace().collect();
        match words.as_slice() {
            [_, "tree", _] => Ok(true),
            // What the link says comes on a line of its own.
            ["symlink" | "dangling" | "loop" | "notdir", size] => {
                self.rest(small(size).unwrap_or(0))?;
                Ok(false)
            }
            [] => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(false),
        }
    }
}

fn small(size: &str) -> Option<u64> {
    size.parse().ok().filter(|size| *size <= MOST_BYTES)
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // It only reads, so it may be stopped wherever it is.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A `git` that asks nobody, writes nothing and connects to nothing.
fn git<S: AsRef<OsStr>>(repository: &Path, words: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new("git");
    if !repository.as_os_str().is_empty() {
        command.arg("-C").arg(repository);
    }
    command
        .args(["--no-pager", "--literal-pathspecs"])
        .args(words)
        .stdin(Stdio::null())
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        // For versions before 2.45, which do not know the former: no protocol is allowed.
        .env("GIT_ALLOW_PROTOCOL", "")
        .env("LC_ALL", "C");
    command
}

fn run<const N: usize>(repository: &Path, revision: &str, words: [&str; N]) -> Result<Output, Error> {
    git(repository, words).output().map_err(|source| Error::NoGit { revision: revision.to_owned(), source })
}

fn said(bytes: &[u8]) -> Said {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    Said(if text.is_empty() { "git ended without a word".to_owned() } else { text.to_owned() })
}

fn line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.strip_suffix('\n').unwrap_or(&text).trim_end_matches('\r').to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::testing::{contents, pairs};
    use super::super::{Files, Place};
    use super::*;

    /// A repository with a commit or two.
    struct Repository {
        folder: tempfile::TempDir,
    }

    impl Repository {
        fn new() -> Repository {
            let repository = Repository { folder: tempfile::tempdir().unwrap() };
            repository.git(&["init", "--quiet", "--initial-branch=main"]);
            repository
        }

        fn path(&self, path: &str) -> PathBuf {
            self.folder.path().join(path)
        }

        fn git(&self, words: &[&str]) -> String {
            git_in(self.folder.path(), words)
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn commit(&self) {
            self.git(&["add", "--all", "--force"]);
            self.git(&["commit", "--quiet", "--message", "m"]);
        }

        fn open_from(&self, folder: &str, revision: &str, path: &str) -> Result<Files, Error> {
            Files::open(&Place::Revision {
                repository: self.path(folder),
                revision: revision.to_owned(),
                path: path.to_owned(),
            })
        }

        fn open(&self, revision: &str, path: &str) -> Result<Files, Error> {
            self.open_from("", revision, path)
        }
    }

    fn git_in(folder: &Path, words: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "core.autocrlf=false"])
            .args(["-c", "commit.gpgsign=false", "-c", "protocol.file.allow=always"])
            .args(words)
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        line(&output.stdout)
    }

    fn error(opened: Result<Files, Error>) -> String {
        opened.err().expect("it was opened").to_string()
    }

    fn all(files: &mut Files) -> Vec<(String, String)> {
        let (read, left_out) = contents(files, |_| true);
        assert!(left_out.is_empty(), "{left_out:?}");
        read
    }

    #[test]
    fn files_are_those_of_the_revision_whatever_is_in_the_work_tree() {
        let repository = Repository::new();
        repository.write("manifests/a.toml", "old");
        repository.write("manifests/deep/ä b.toml", "");
        repository.write("manifests/.sfdx/x.toml", "hidden");
        repository.write("manifests-too/c.toml", "another folder");
        repository.commit();
        repository.git(&["tag", "v1"]);
        repository.write("manifests/a.toml", "new");
        repository.commit();
        repository.write("manifests/a.toml", "not committed");
        repository.write("manifests/b.toml", "not committed");

        let mut old = repository.open("v1", "manifests").unwrap();
        assert_eq!(pairs(&all(&mut old)), [("a.toml", "old"), ("deep/ä b.toml", "")]);
        assert_eq!(old.name("a.toml"), "manifests/a.toml (at v1)");
        let mut new = repository.open("main", "manifests").unwrap();
        assert_eq!(pairs(&all(&mut new))[0], ("a.toml", "new"));
        let mut everything = repository.open("HEAD~1", "").unwrap();
        let names: Vec<String> = all(&mut everything).into_iter().map(|(path, _)| path).collect();
        assert_eq!(names, ["manifests-too/c.toml", "manifests/a.toml", "manifests/deep/ä b.toml"]);
        // Neither the files nor the index were touched.
        assert_eq!(fs::read_to_string(repository.path("manifests/a.toml")).unwrap(), "not committed");
        assert_eq!(repository.git(&["status", "--short"]), " M manifests/a.toml\n?? manifests/b.toml");
    }

    #[test]
    fn contents_come_byte_for_byte_and_in_any_order() {
        let repository = Repository::new();
        let binary: Vec<u8> = (0..=255).cycle().take(200_000).collect();
        fs::write(repository.path("a"), &binary).unwrap();
        repository.write("b", "line\r\nline\n");
        repository.write("c", "");
        repository.commit();
        let mut files = repository.open("HEAD", "").unwrap();
        let (entries, _) = files.list(|_| true).unwrap();
        assert_eq!(entries[0].size, 200_000);
        for _ in 0..2 {
            assert_eq!(files.read(&entries[2]).unwrap(), b"");
            assert_eq!(files.read(&entries[0]).unwrap(), binary);
            assert_eq!(files.read(&entries[1]).unwrap(), b"line\r\nline\n");
        }
    }

    #[test]
    fn paths_begin_at_the_folder_the_command_runs_in() {
        let repository = Repository::new();
        repository.write("packages/trust/manifests/a.toml", "a");
        repository.write("packages/other/b.toml", "b");
        repository.write("[x]*.toml", "no pattern");
        repository.commit();
        let from = |folder, path| repository.open_from(folder, "HEAD", path);
        let trust = "packages/trust";
        assert_eq!(pairs(&all(&mut from(trust, "manifests").unwrap())), [("a.toml", "a")]);
        assert_eq!(pairs(&all(&mut from(trust, "./manifests/").unwrap())), [("a.toml", "a")]);
        assert_eq!(pairs(&all(&mut from(trust, "").unwrap())), [("manifests/a.toml", "a")]);
        assert_eq!(pairs(&all(&mut from(trust, "../other").unwrap())), [("b.toml", "b")]);
        let top = PathBuf::from(repository.git(&["rev-parse", "--show-toplevel"]));
        let absolute = top.join("packages/other").display().to_string();
        assert_eq!(pairs(&all(&mut from(trust, &absolute).unwrap())), [("b.toml", "b")]);
        assert_eq!(pairs(&all(&mut from("", "[x]*.toml").unwrap())), [("[x]*.toml", "no pattern")]);
        assert_eq!(error(from("", "*.toml")), "there is no `*.toml` at revision `HEAD`");
        assert_eq!(error(from(trust, "../../../x")), "there is no `../../../x` at revision `HEAD`");
        assert_eq!(error(from(trust, "/etc")), "there is no `/etc` at revision `HEAD`");

        let mut file = from(trust, "manifests/a.toml").unwrap();
        assert!(file.is_one_file());
        assert_eq!(pairs(&all(&mut file)), [("a.toml", "a")]);
        assert_eq!(file.name("a.toml"), "manifests/a.toml (at HEAD)");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let repository = Repository::new();
        repository.write("a", "a");
        repository.commit();
        assert_eq!(
            error(repository.open("origin/nope", "")),
            "there is no revision `origin/nope` in this git repository"
        );
        assert_eq!(error(repository.open("HEAD", "b")), "there is no `b` at revision `HEAD`");
        assert_eq!(error(repository.open("HEAD", "a/b")), "there is no `a/b` at revision `HEAD`");
        // Options, ranges, objects of other kinds and nothing at all are no revisions.
        for name in ["--output=x", "-h", "HEAD..main", "^main", "main^{tree}", "", "a\nb", "HEAD:a"] {
            assert_eq!(
                error(repository.open(name, "")),
                format!("there is no revision `{name}` in this git repository")
            );
        }
        let nowhere = tempfile::tempdir().unwrap();
        let opened = Files::open(&Place::Revision {
            repository: nowhere.path().to_owned(),
            revision: "main".to_owned(),
            path: String::new(),
        });
        let Err(Error::NoRepository { source, .. }) = opened else { panic!("it was opened") };
        assert!(source.to_string().contains("not a git repository"), "{source}");
    }

    #[test]
    fn links_and_submodules_are_left_out() {
        let repository = Repository::new();
        repository.write("a.xml", "a");
        repository.commit();
        // Written into the tree directly, so that it works where links cannot be made.
        let commit = repository.git(&["rev-parse", "HEAD"]);
        let target = repository.git(&["hash-object", "-w", "a.xml"]);
        fs::write(repository.path("target"), "folder").unwrap();
        let to_folder = repository.git(&["hash-object", "-w", "target"]);
        fs::write(repository.path("target"), "../outside").unwrap();
        let outside = repository.git(&["hash-object", "-w", "target"]);
        for entry in [
            format!("120000,{target},link.xml"),
            format!("120000,{target},dangling"),
            format!("120000,{outside},outside"),
            format!("120000,{to_folder},linked folder"),
            format!("120000,{to_folder},.hidden/folder"),
            format!("100644,{target},folder/b.xml"),
            format!("160000,{commit},library"),
        ] {
            repository.git(&["update-index", "--add", "--cacheinfo", &entry]);
        }
        repository.git(&["commit", "--quiet", "--message", "m"]);
        let (read, left_out) =
            contents(&mut repository.open("HEAD", "").unwrap(), |path| path.ends_with(".xml"));
        assert_eq!(pairs(&read), [("a.xml", "a"), ("folder/b.xml", "a")]);
        // A link that is not wanted itself matters only if it leads to a folder.
        assert_eq!(
            left_out,
            ["library: it is a submodule", "link.xml: it is a link", "linked folder: it is a link"]
        );
        let mut link = repository.open("HEAD", "link.xml").unwrap();
        assert_eq!(contents(&mut link, |_| true).1, ["link.xml: it is a link"]);
        let revision = Revision::find(repository.folder.path(), "HEAD").unwrap();
        let held = |path: &str| revision.held(Path::new(path)).unwrap();
        assert_eq!(
            [held("a.xml"), held(""), held("link.xml"), held("nope")],
            [Some(Held::File), Some(Held::Folder), Some(Held::Other), None]
        );
    }

    #[test]
    fn too_large_a_file_is_left_out_by_the_size_that_git_tells() {
        let repository = Repository::new();
        fs::File::create(repository.path("large")).unwrap().set_len(MOST_BYTES + 1).unwrap();
        repository.write("small", "s");
        repository.commit();
        let (read, left_out) = contents(&mut repository.open("HEAD", "").unwrap(), |_| true);
        assert_eq!(pairs(&read), [("small", "s")]);
        assert_eq!(left_out, ["large: it has more than 64 MiB"]);
    }

    #[test]
    fn a_worktree_and_a_bare_repository_are_read_like_any_other() {
        let repository = Repository::new();
        repository.write("a/b", "text");
        repository.commit();
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name).display().to_string();
        repository.git(&["worktree", "add", "--quiet", "--detach", &path("tree")]);
        repository.git(&["clone", "--quiet", "--bare", ".", &path("bare")]);
        for name in ["tree", "bare"] {
            let mut files = Files::open(&Place::Revision {
                repository: place.path().join(name),
                revision: "main".to_owned(),
                path: "a".to_owned(),
            })
            .unwrap();
            assert_eq!(pairs(&all(&mut files)), [("b", "text")], "{name}");
        }
    }

    #[test]
    fn nothing_is_fetched_for_a_partial_clone() {
        let repository = Repository::new();
        repository.write("a", "text");
        repository.commit();
        repository.git(&["config", "uploadpack.allowFilter", "true"]);
        let place = tempfile::tempdir().unwrap();
        let clone = place.path().join("clone");
        let url = format!("file://{}", repository.folder.path().display());
        let clone_path = clone.display().to_string();
        repository.git(&["clone", "--quiet", "--no-checkout", "--filter=blob:none", &url, &clone_path]);
        let mut files = Files::open(&Place::Revision {
            repository: clone,
            revision: "main".to_owned(),
            path: String::new(),
        })
        .unwrap();
        let (read, left_out) = contents(&mut files, |_| true);
        assert!(read.is_empty());
        assert_eq!(left_out, ["a: it is not in this partial clone, and nothing is fetched"]);
    }

    #[test]
    fn a_branch_that_moves_does_not_change_what_is_read() {
        let repository = Repository::new();
        repository.write("a", "old");
        repository.commit();
        let revision = Revision::find(repository.folder.path(), "main").unwrap();
        repository.write("a", "new");
        repository.commit();
        assert_eq!(pairs(&all(&mut Files::at(&revision, Path::new("a")).unwrap())), [("a", "old")]);
        assert_eq!(revision.name(), "main");
    }
}
