//! Lists the files of `templates/` and `docs/diagnostics/` as Rust arrays, so that adding a metadata type
//! or the story of a diagnostic needs no Rust.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut code = String::new();
    embed(&mut code, "DESCRIPTIONS", &root.join("templates"), "toml")?;
    embed(&mut code, "TEMPLATES", &root.join("templates"), "xml")?;
    embed(&mut code, "STORIES", &root.join("docs/diagnostics"), "md")?;
    embed(&mut code, "EXAMPLES", &root.join("manifests"), "toml")?;
    embed(&mut code, "TWINS", &root.join("manifests/external-client-app"), "toml")?;
    fs::write(out.join("embedded.rs"), code)
}

/// Writes `pub static NAME: &[(file stem, text)]`, sorted by stem.
fn embed(code: &mut String, name: &str, folder: &Path, extension: &str) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    writeln!(code, "pub static {name}: &[(&str, &str)] = &[").expect("a String takes all text");
    for path in files {
        println!("cargo::rerun-if-changed={}", path.display());
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        writeln!(code, "    ({stem:?}, include_str!({path:?})),").expect("a String takes all text");
    }
    writeln!(code, "];").expect("a String takes all text");
    Ok(())
}
