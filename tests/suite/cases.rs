//! `tests/cases/<name>/`: a manifest beside every file it becomes. Adding a directory adds a test.
//!
//! `orgwire.toml`, `observed.json` and `flags` (words for the command line) may stand beside the manifest.
//! `ORGWIRE_UPDATE_CASES=1 cargo test cases` writes what the manifests become; read the difference before
//! you commit it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::test::Test;

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(folder: &Path, root: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                walk(&path, root, files);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(folder, folder, &mut files);
    files
}

fn render(case: &Path, threads: usize) -> (Test, BTreeMap<PathBuf, Vec<u8>>) {
    let mut test = Test::new();
    for name in ["manifest.toml", "orgwire.toml", "observed.json"] {
        if let Ok(text) = fs::read_to_string(case.join(name)) {
            test = test.file(name, &text);
        }
    }
    let flags = fs::read_to_string(case.join("flags")).unwrap_or_default();
    let observed = if case.join("observed.json").exists() { "--observed observed.json" } else { "" };
    test.run(&format!("render manifest.toml --output out --threads {threads} {observed} {flags}")).success();
    let files = files(&test.path("out"));
    (test, files)
}

#[test]
fn every_case_becomes_its_files() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let update = std::env::var_os("ORGWIRE_UPDATE_CASES").is_some();
    let mut names: Vec<PathBuf> = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() > 10, "{names:?}");
    for case in names {
        let (_test, rendered) = render(&case, 1);
        let expected = case.join("expected");
        if update {
            let _ = fs::remove_dir_all(&expected);
            for (path, content) in &rendered {
                let path = expected.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
        }
        let expected = files(&expected);
        let paths = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(paths(&rendered), paths(&expected), "{}", case.display());
        for (path, content) in &rendered {
            let (is, should) = (String::from_utf8_lossy(content), String::from_utf8_lossy(&expected[path]));
            assert_eq!(is, should, "{} of {}", path.display(), case.display());
        }
        // As many threads as it likes, the same files.
        assert_eq!(render(&case, 8).1, rendered, "{}", case.display());
    }
}
