//! Deployments in flight, on disk: what was sent where, from before it is sent until it has been read back. Whatever
//! kills the process, the next run knows what to look for in the org. No value of a component is written, so no
//! secret either.
//!
//! An entry is a file of two lines: what is sent, then the id that the org gave it. A line is written as a whole and
//! reaches the disk before anything depends on it. Its process keeps the file locked; the system lets go of the lock
//! when the process ends, however it ends.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where the journal of a project lies.
pub const FOLDER: &str = ".orgwire/journal";

const FORMAT_VERSION: &str = "1";

/// One deployment in flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub format_version: String,
    /// What the user calls the org.
    pub org: String,
    pub instance_url: String,
    /// Just before it was sent, by the org's clock, in seconds since 1970.
    pub sent_at: i64,
    pub check_only: bool,
    /// From 1.
    pub pass: usize,
    pub of: usize,
    /// Addresses.
    pub components: Vec<String>,
    /// In the package, without `package.xml`.
    pub paths: Vec<String>,
    /// `None` while it is not known whether the org has taken it.
    #[serde(skip)]
    pub deploy_id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Taken {
    deploy_id: String,
}

impl Default for Entry {
    fn default() -> Entry {
        Entry {
            format_version: FORMAT_VERSION.to_owned(),
            org: String::new(),
            instance_url: String::new(),
            sent_at: 0,
            check_only: false,
            pass: 1,
            of: 1,
            components: Vec::new(),
            paths: Vec::new(),
            deploy_id: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {action} `{}`, the journal of deployments in flight", path.display())]
    Disk { action: &'static str, path: PathBuf, source: io::Error },
    #[error("`{}` is not an entry of the journal: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("another process is deploying to `{org}` from this project")]
    Busy { org: String, path: PathBuf },
}

impl Error {
    pub fn help(&self) -> String {
        match self {
            Error::Disk { .. } => {
                "without it an interrupted deployment could not be found again; nothing was sent".to_owned()
            }
            Error::Unreadable { path, .. } => format!(
                "look at Deployment Status in Setup whether something is running, then delete `{}`; nothing was sent",
                path.display()
            ),
            Error::Busy { .. } => "wait until it is done; nothing was sent".to_owned(),
        }
    }
}

/// The journal of a project.
#[derive(Debug, Clone)]
pub struct Journal {
    folder: PathBuf,
}

/// An entry that this process works on.
#[derive(Debug)]
pub struct Slip {
    path: PathBuf,
    /// Locked as long as it is open.
    file: File,
    pub entry: Entry,
}

impl Journal {
    pub fn new(folder: impl Into<PathBuf>) -> Journal {
        Journal { folder: folder.into() }
    }

    /// Writes down what is going to be sent. Only when this has returned may it be sent.
    pub fn begin(&self, entry: Entry) -> Result<Slip, Error> {
        let failed = |action, path: &Path| {
            let path = path.to_owned();
            move |source| Error::Disk { action, path, source }
        };
        make_folder(&self.folder).map_err(failed("create", &self.folder))?;
        let (path, mut file) = self.fresh(&entry).map_err(failed("write to", &self.folder))?;
        let written = file.try_lock().map_err(io::Error::from).and_then(|()| {
            line(&mut file, &entry)?;
            // The name has to survive as well.
            sync_folder(&self.folder)
        });
        if let Err(source) = written {
            let _ = fs::remove_file(&path);
            return Err(failed("write", &path)(source));
        }
        Ok(Slip { path, file, entry })
    }

    /// A file that nobody has.
    fn fresh(&self, entry: &Entry) -> io::Result<(PathBuf, File)> {
        for number in 0..1000 {
            let path = self.folder.join(format!("{}-{}-{number}.json", entry.sent_at, std::process::id()));
            match private().create_new(true).open(&path) {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("a thousand entries of this moment are there already"))
    }

    /// The deployments to this org that were left in flight, oldest first. They are this process's now.
    pub fn in_flight(&self, instance_url: &str) -> Result<Vec<Slip>, Error> {
        let failed = |action, path: &Path| {
            let path = path.to_owned();
            move |source| Error::Disk { action, path, source }
        };
        let files = match fs::read_dir(&self.folder) {
            Ok(files) => files,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed("read", &self.folder)(source)),
        };
        let mut slips = Vec::new();
        for file in files {
            let path = file.map_err(failed("read", &self.folder))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let mut file = match private().open(&path) {
                Ok(file) => file,
                // Its process has just been done with it.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(source) => return Err(failed("open", &path)(source)),
            };
            let is_locked = match file.try_lock() {
                Ok(()) => false,
                Err(TryLockError::WouldBlock) => true,
                Err(TryLockError::Error(source)) => return Err(failed("lock", &path)(source)),
            };
            let mut text = String::new();
            file.read_to_string(&mut text).map_err(failed("read", &path))?;
            match parse(&text).map_err(|reason| Error::Unreadable { path: path.clone(), reason })? {
                Some(entry) if entry.instance_url != instance_url => {}
                Some(entry) if is_locked => return Err(Error::Busy { org: entry.org, path }),
                Some(entry) => slips.push(Slip { path, file, entry }),
                // Its process ended before it had written what it was going to send, so nothing was sent.
                None if !is_locked => drop(fs::remove_file(&path)),
                None => {}
            }
        }
        slips.sort_by(|a, b| (a.entry.sent_at, &a.path).cmp(&(b.entry.sent_at, &b.path)));
        Ok(slips)
    }
}

impl Slip {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Notes the id that the org gave.
    pub fn taken(&mut self, deploy_id: &str) -> Result<(), Error> {
        let taken = Taken { deploy_id: deploy_id.to_owned() };
        let written = self.file.seek(SeekFrom::End(0)).and_then(|_| line(&mut self.file, &taken));
        written.map_err(|source| Error::Disk { action: "write", path: self.path.clone(), source })?;
        self.entry.deploy_id = Some(deploy_id.to_owned());
        Ok(())
    }

    /// It is not in flight any more.
    pub fn close(self) {
        // A leftover is looked into by the next run, which finds that it is done.
        let _ = fs::remove_file(&self.path);
    }
}

/// The entry; `None` if not even its first line was finished. An id that was not finished counts as unknown.
fn parse(text: &str) -> Result<Option<Entry>, String> {
    let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let Some(first) = lines.next() else { return Ok(None) };
    let mut entry: Entry = serde_json::from_str(first).map_err(|error| error.to_string())?;
    if entry.format_version != FORMAT_VERSION {
        return Err(format!("written by another version of orgwire (format {})", entry.format_version));
    }
    for line in lines {
        let taken: Taken = serde_json::from_str(line).map_err(|error| error.to_string())?;
        entry.deploy_id = Some(taken.deploy_id);
    }
    Ok(Some(entry))
}

fn line(file: &mut File, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    file.write_all(&text)?;
    file.sync_data()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // What lies beside it belongs to nobody's repository either.
    let around = folder.parent().filter(|parent| parent.file_name().is_some_and(|name| name == ".orgwire"));
    let ignore = around.unwrap_or(folder).join(".gitignore");
    if ignore.exists() { Ok(()) } else { fs::write(ignore, "*\n") }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file, and names are written at once.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://acme.my.salesforce.com";

    fn sending(at: i64) -> Entry {
        Entry {
            org: "uat".into(),
            instance_url: URL.into(),
            sent_at: at,
            pass: 1,
            of: 2,
            paths: vec!["connectedApps/A.connectedApp".into()],
            ..Entry::default()
        }
    }

    fn journal() -> (tempfile::TempDir, Journal) {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path().join(".orgwire/journal"));
        (folder, journal)
    }

    #[test]
    fn an_entry_is_found_by_the_next_process_until_it_is_closed() {
        let (folder, journal) = journal();
        let mut slip = journal.begin(sending(2)).unwrap();
        slip.taken("0AfA").unwrap();
        let first = journal.begin(sending(1)).unwrap();
        drop((slip, first)); // as when the process is killed
        let found = journal.in_flight(URL).unwrap();
        let ids: Vec<_> =
            found.iter().map(|slip| (slip.entry.sent_at, slip.entry.deploy_id.as_deref())).collect();
        assert_eq!(ids, [(1, None), (2, Some("0AfA"))]);
        assert!(journal.in_flight("https://other.my.salesforce.com").unwrap().is_empty());
        found.into_iter().for_each(Slip::close);
        assert!(journal.in_flight(URL).unwrap().is_empty());
        let ignored = fs::read_to_string(folder.path().join(".orgwire/.gitignore")).unwrap();
        assert_eq!(ignored, "*\n");
    }

    #[test]
    fn an_entry_of_a_living_process_is_left_alone() {
        let (_folder, journal) = journal();
        let slip = journal.begin(sending(1)).unwrap();
        assert!(matches!(journal.in_flight(URL), Err(Error::Busy { org, .. }) if org == "uat"));
        slip.close();
        assert!(journal.in_flight(URL).unwrap().is_empty());
    }

    #[test]
    fn every_torn_entry_says_as_much_as_was_written() {
        let (_folder, journal) = journal();
        let mut slip = journal.begin(sending(1)).unwrap();
        slip.taken("0AfA").unwrap();
        let (path, entry) = (slip.path.clone(), slip.entry.clone());
        drop(slip);
        let whole = fs::read_to_string(&path).unwrap();
        let first = whole.find('\n').unwrap() + 1;
        for length in 0..=whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let found = journal.in_flight(URL).unwrap();
            match found.as_slice() {
                [] => assert!(length < first && !path.exists()),
                [slip] if length < whole.len() => {
                    assert_eq!(slip.entry, Entry { deploy_id: None, ..entry.clone() });
                    assert!(length >= first);
                }
                [slip] => assert_eq!(slip.entry, entry),
                more => panic!("{more:?}"),
            }
        }
    }

    #[test]
    fn a_file_that_is_no_entry_is_named() {
        let (_folder, journal) = journal();
        journal.begin(sending(1)).unwrap().close();
        let path = journal.folder.join("x.json");
        fs::write(&path, "{\"format_version\":\"9\"}\n").unwrap();
        let error = journal.in_flight(URL).unwrap_err();
        assert!(error.help().contains(&path.display().to_string()), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, journal) = journal();
        let slip = journal.begin(sending(1)).unwrap();
        assert_eq!(fs::metadata(&slip.path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&journal.folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
