//! Keeps the org's state, in memory and in a folder.
//!
//! The folder holds secrets, so it is the owner's alone. The file is replaced as a whole, by renaming, so that
//! it is never half written; and a lock says whether some process is serving the org right now.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::state::State;
use super::{Error, Ready, first_day};

const STATE: &str = "org.json";
const LOCK: &str = "lock";
const ANNOUNCEMENT: &str = "running.json";

pub(super) struct Store {
    state: Mutex<State>,
    folder: Option<Folder>,
}

impl Store {
    /// Opens the org of a folder, or the one that `make` makes.
    pub fn open(folder: Option<&Path>, make: impl FnOnce() -> Result<State, Error>) -> Result<Store, Error> {
        let folder = folder.map(Folder::open).transpose()?;
        let state = match folder.as_ref().map(Folder::read).transpose()?.flatten() {
            Some(state) => state,
            None => make()?,
        };
        Ok(Store { state: Mutex::new(state), folder })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the state if the changed state can be saved, and not at all otherwise.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> Result<T, Error> {
        self.change_then(change, |_| {})
    }

    /// Like [`Store::change`]; `then` happens when the change is saved and before anybody else can make another.
    pub fn change_then<T>(
        &self,
        change: impl FnOnce(&mut State) -> T,
        then: impl FnOnce(&T),
    ) -> Result<T, Error> {
        let mut state = self.lock();
        let mut changed = state.clone();
        let result = change(&mut changed);
        if let Some(folder) = &self.folder {
            folder.write(&changed)?;
        }
        *state = changed;
        then(&result);
        Ok(result)
    }

    /// Changes the state in memory, for what has to be told even when nothing can be saved any more.
    pub fn change_unsaved(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
    }

    pub fn announce(&self, ready: &Ready) -> Result<(), Error> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let text = serde_json::to_vec(ready).map_err(io::Error::from);
        let path = folder.path.join(ANNOUNCEMENT);
        let written = text.and_then(|text| replace(&path, &text));
        written.map_err(|source| Error::Folder { action: "write", path, source })
    }

    pub fn withdraw(&self) {
        if let Some(folder) = &self.folder {
            // The lock decides whether the org runs; a leftover announcement does no harm.
            let _ = fs::remove_file(folder.path.join(ANNOUNCEMENT));
        }
    }
}

struct Folder {
    path: PathBuf,
    /// Held as long as the org runs; the system lets go of it even when the process is killed.
    _lock: File,
}

impl Folder {
    fn open(path: &Path) -> Result<Folder, Error> {
        let failed = |action: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| Error::Folder { action, path, source }
        };
        make_folder(path).map_err(failed("create", path))?;
        let ignored = match path.parent() {
            Some(parent) if parent.file_name().is_some_and(|name| name == ".orgwire") => parent,
            _ => path,
        };
        let ignore = ignored.join(".gitignore");
        if !ignore.exists() {
            replace(&ignore, b"*\n").map_err(failed("write", &ignore))?;
        }
        let lock_path = path.join(LOCK);
        let lock =
            private().create(true).truncate(false).open(&lock_path).map_err(failed("open", &lock_path))?;
        take(&lock).map_err(|error| match error {
            TryLockError::WouldBlock => Error::AlreadyRunning { folder: path.to_owned() },
            TryLockError::Error(source) => failed("lock", &lock_path)(source),
        })?;
        let _ = fs::remove_file(path.join(ANNOUNCEMENT)); // of a process that was killed
        Ok(Folder { path: path.to_owned(), _lock: lock })
    }

    fn read(&self) -> Result<Option<State>, Error> {
        let path = self.path.join(STATE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Folder { action: "read", path, source }),
        };
        let corrupt =
            |reason: String| Error::Corrupt { path: path.clone(), folder: self.path.clone(), reason };
        let mut state: State = serde_json::from_slice(&text).map_err(|error| {
            // serde's own message could repeat a piece of the file, which holds secrets
            corrupt(format!(
                "not what the local org writes, at line {} column {}",
                error.line(),
                error.column()
            ))
        })?;
        if !state.is_readable() {
            return Err(corrupt(format!("written by another version of orgwire (format {})", state.format)));
        }
        state.holdings.index();
        // It may be from before the org knew a type.
        first_day::furnish(&mut state);
        Ok(Some(state))
    }

    fn write(&self, state: &State) -> Result<(), Error> {
        let path = self.path.join(STATE);
        let text = serde_json::to_vec(state).map_err(io::Error::from);
        let written = text.and_then(|text| replace(&path, &text));
        written.map_err(|source| Error::Folder { action: "write", path, source })
    }
}

/// The org that another process serves from this folder right now.
pub(super) fn announced(folder: &Path) -> Option<Ready> {
    let lock = OpenOptions::new().read(true).write(true).open(folder.join(LOCK)).ok()?;
    let patience = Instant::now() + Duration::from_secs(3);
    loop {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => {}
            Ok(()) | Err(TryLockError::Error(_)) => return None,
        }
        let text = fs::read(folder.join(ANNOUNCEMENT)).ok();
        if let Some(ready) = text.and_then(|text| serde_json::from_slice(&text).ok()) {
            return Some(ready);
        }
        // it holds the lock and has not said where it is: it is starting or stopping
        if Instant::now() > patience {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Tries a few times, because whoever asks whether the org runs holds the lock for a moment.
fn take(lock: &File) -> Result<(), TryLockError> {
    for _ in 0..4 {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(25)),
            other => return other,
        }
    }
    lock.try_lock()
}

fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    // it may be older than this rule
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Writes a file beside the old one and puts it in its place.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = private().create(true).truncate(true).open(&fresh)?;
    file.write_all(text)?;
    file.sync_data()?;
    drop(file);
    fs::rename(&fresh, path)
}
