//! Files that commands write: whole or not at all.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::command::{Attempt, Failure, Trouble};

/// Writes a file, and the folders that it lies in. A private file is readable by its owner alone.
pub fn write(path: &Path, content: &[u8], private: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if private { 0o600 } else { 0o644 });
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder.and_then(|()| put(path, content, &mut options, None)).map_err(|error| unwritten(path, error))
}

/// Copies a file that is there to a name that nothing has, `orders.toml.~1~`, and tells it.
pub fn keep(path: &Path) -> Result<PathBuf, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let copies = (1..=u32::MAX).map(|number| path.with_file_name(format!("{name}.~{number}~")));
    for copy in copies {
        // Made here, so that no other process can have it as well.
        match OpenOptions::new().write(true).create_new(true).open(&copy) {
            Ok(_) => {
                let copied = fs::copy(path, &copy);
                return copied.map(|_| copy.clone()).map_err(|error| unwritten(&copy, error));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unwritten(&copy, error)),
        }
    }
    Err(unwritten(path, io::Error::from(io::ErrorKind::AlreadyExists)))
}

/// Writes over a file that is there: a link stays a link, and permissions stay what they were.
pub fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let real_file = || {
        let real = fs::canonicalize(path)?;
        let permissions = fs::metadata(&real)?.permissions();
        if permissions.readonly() {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        put(&real, text.as_bytes(), &mut OpenOptions::new(), Some(permissions))
    };
    real_file().map_err(|error| unwritten(path, error))
}

/// Writes beside the file and renames, so that a full disk leaves the old file whole.
fn put(
    path: &Path,
    content: &[u8],
    options: &mut OpenOptions,
    permissions: Option<Permissions>,
) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let outcome = options.write(true).create_new(true).open(&beside).and_then(|mut file| {
        file.write_all(content)?;
        permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions))?;
        file.sync_data()?;
        fs::rename(&beside, path)
    });
    if outcome.is_err() {
        let _ = fs::remove_file(&beside);
    }
    outcome
}

fn unwritten(path: &Path, error: io::Error) -> Failure {
    let attempt = Attempt::new(format!("cannot write `{}`", path.display()), error);
    Failure::new(Trouble::UnwritableFile, attempt)
        .help("check the folder's permissions and the space left; a file that was there is unchanged")
}
