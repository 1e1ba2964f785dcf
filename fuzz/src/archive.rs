//! A zip that means harm: whatever it says of itself, what is read has a harmless path and stays within bounds.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use orgwire::collect::{Collected, is_wanted};
use orgwire::files::{Files, MOST_BYTES, MOST_BYTES_OF_A_ZIP, MOST_FILES, Place};
use tempfile::TempDir;

/// One file for all inputs of a process.
static ZIP: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = folder.path().join("fuzzed.zip");
    (folder, path)
});

pub fn check(input: &[u8]) {
    let path = &ZIP.1;
    fs::write(path, input).expect("there is room for a file");
    let Ok(mut files) = Files::open(&Place::Zip(path.clone())) else { return };
    let Ok((entries, left_out)) = files.list(|_| true) else { return };
    assert!(entries.len() <= MOST_FILES);
    assert!(entries.is_sorted_by(|one, other| one.path < other.path), "two files have one path");
    for one in &left_out {
        // What a message says.
        let _ = (one.help(), one.why.to_string(), files.name(&one.path));
    }
    let mut together = 0;
    let mut collected = Collected::default();
    for entry in &entries {
        let harmless = |part: &str| !matches!(part, "" | "." | "..");
        assert!(entry.path.split('/').all(harmless), "{:?}", entry.path);
        assert!(
            !entry.path.contains(|letter: char| letter == '\\' || letter.is_control()),
            "{:?}",
            entry.path
        );
        let Ok(bytes) = files.read(entry) else { continue };
        let size = bytes.len() as u64;
        together += size;
        assert!(size <= MOST_BYTES && together <= MOST_BYTES_OF_A_ZIP);
        if is_wanted(&entry.path) {
            collected.add(&entry.path, &files.name(&entry.path), &bytes);
        }
    }
    collected.finish();
}
