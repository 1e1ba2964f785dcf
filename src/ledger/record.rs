//! Which manual steps are known to be done in an org: a small file for each org, which people may commit. Nothing but the
//! announcing of steps depends on it; without it every step that no API tells of is open.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::journal;

/// Where the ledgers of a project lie.
pub const FOLDER: &str = ".orgwire/ledger";

const FORMAT_VERSION: &str = "1";

/// When somebody said that a step is done, or the org did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// In UTC, as RFC 3339 has it.
    pub at: String,
    /// `told` by a person, or `seen` in the org.
    pub how: String,
}

/// The done steps, by id.
pub type Known = BTreeMap<String, Done>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format_version: String,
    done: Known,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {action} `{}`, the ledger of manual steps", path.display())]
    Disk { action: &'static str, path: PathBuf, source: io::Error },
    #[error("`{}` is not a ledger of manual steps: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
}

/// The ledger of one org.
#[derive(Debug, Clone)]
pub struct Ledger {
    path: PathBuf,
}

impl Ledger {
    /// `org_id` has 18 letters and digits.
    pub fn new(folder: impl AsRef<Path>, org_id: &str) -> Ledger {
        Ledger { path: folder.as_ref().join(format!("{org_id}.json")) }
    }

    pub fn known(&self) -> Result<Known, Error> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Known::new()),
            Err(source) => return Err(self.failed("read")(source)),
        };
        let unreadable = |reason: String| Error::Unreadable { path: self.path.clone(), reason };
        let written: Written = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        if written.format_version != FORMAT_VERSION {
            let version = written.format_version;
            return Err(unreadable(format!("written by another version of orgwire (format {version})")));
        }
        Ok(written.done)
    }

    /// Notes steps as done, unless they are known to be.
    pub fn note<'a>(&self, ids: impl IntoIterator<Item = &'a str>, done: &Done) -> Result<(), Error> {
        let mut ids = ids.into_iter().peekable();
        if ids.peek().is_none() {
            return Ok(());
        }
        let before = self.known()?;
        let mut after = before.clone();
        for id in ids {
            after.entry(id.to_owned()).or_insert_with(|| done.clone());
        }
        if after == before { Ok(()) } else { self.write(after) }
    }

    /// They have to be done again.
    pub fn reopen<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Result<(), Error> {
        let before = self.known()?;
        let mut after = before.clone();
        for id in ids {
            after.remove(id);
        }
        if after == before { Ok(()) } else { self.write(after) }
    }

    /// Beside the file and then in its place, so that it is never half written.
    fn write(&self, done: Known) -> Result<(), Error> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        journal::make_folder(folder).map_err(self.failed("make the folder of"))?;
        let beside = self.path.with_extension(format!("{}.fresh", std::process::id()));
        let written = Written { format_version: FORMAT_VERSION.to_owned(), done };
        let mut text =
            serde_json::to_vec_pretty(&written).map_err(|error| self.failed("write")(error.into()))?;
        text.push(b'\n');
        let put = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&beside)?;
            file.write_all(&text)?;
            fs::rename(&beside, &self.path)
        };
        put().map_err(|source| {
            let _ = fs::remove_file(&beside);
            self.failed("write")(source)
        })
    }

    fn failed(&self, action: &'static str) -> impl Fn(io::Error) -> Error + '_ {
        move |source| Error::Disk { action, path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(at: &str) -> Done {
        Done { at: at.to_owned(), how: "told".to_owned() }
    }

    #[test]
    fn what_was_said_stays_until_it_has_to_be_done_again() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(folder.path().join("ledger"), "00D000000000001AAA");
        assert_eq!(ledger.known().unwrap(), Known::new());
        ledger.reopen(["a"]).unwrap();
        assert!(!folder.path().join("ledger").exists(), "nothing is written where nothing is new");
        ledger.note(["a", "b"], &done("first")).unwrap();
        ledger.note(["a"], &done("second")).unwrap();
        ledger.reopen(["b"]).unwrap();
        assert_eq!(ledger.known().unwrap(), Known::from([("a".to_owned(), done("first"))]));
        let other = Ledger::new(folder.path().join("ledger"), "00D000000000002AAA");
        assert_eq!(other.known().unwrap(), Known::new());
    }

    #[test]
    fn a_damaged_ledger_is_told_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(folder.path(), "00D");
        let path = folder.path().join("00D.json");
        for damaged in ["{", "{\"format_version\": \"9\", \"done\": {}}"] {
            fs::write(&path, damaged).unwrap();
            assert!(matches!(ledger.note(["a"], &done("now")), Err(Error::Unreadable { .. })));
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }
}
