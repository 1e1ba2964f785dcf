//! Files that commands write: whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::command::{Attempt, Failure, Trouble};

/// Writes beside the file and renames, so that a full disk leaves the old file whole.
pub fn write(path: &Path, content: &[u8], private: bool) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::new(
            Trouble::UnwritableFile,
            Attempt::new(format!("cannot write `{}`", path.display()), error),
        )
        .help("check the folder's permissions and the space left; a file that was there is unchanged")
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if private { 0o600 } else { 0o644 });
    let outcome = options.open(&beside).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_data()?;
        fs::rename(&beside, path)
    });
    if outcome.is_err() {
        let _ = fs::remove_file(&beside);
    }
    outcome.map_err(failed)
}
