//! Where fuzzing begins: inputs for each target, made of files that are there.
//!
//! Those are our manifests and test cases, the files in `seeds/`, and whatever metadata lies in a folder that somebody
//! names. Which byte stands for which type is decided here, so that files can be kept as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use orgwire::component::{Type, types};

use crate::{component, differences};

pub const TARGETS: [&str; 7] =
    ["answers", "archive", "calls", "component", "differences", "manifest", "requests"];

/// Larger files make slow runs, and show nothing that smaller ones do not.
const MOST_BYTES: u64 = 32 << 10;

/// Inputs by target.
#[derive(Default)]
pub struct Seeds {
    pub inputs: BTreeMap<&'static str, Vec<Vec<u8>>>,
    /// Component files by the name of their type.
    components: BTreeMap<&'static str, Vec<Vec<u8>>>,
    /// Read already: some places hold copies of others.
    seen: BTreeSet<Vec<u8>>,
}

impl Seeds {
    /// Everything below these folders.
    pub fn of(folders: &[PathBuf]) -> io::Result<Seeds> {
        let mut seeds = Seeds::default();
        for folder in folders {
            seeds.folder(folder)?;
        }
        seeds.pairs();
        Ok(seeds)
    }

    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        let mut paths =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        for path in paths {
            if path.is_dir() {
                self.folder(&path)?;
            } else if fs::metadata(&path)?.len() <= MOST_BYTES {
                self.file(&path, fs::read(&path)?);
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, bytes: Vec<u8>) {
        if !self.seen.insert(bytes.clone()) {
            return;
        }
        // What goes over the wire is kept by who reads it.
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        if let Some(target) = ["answers", "calls", "requests"].into_iter().find(|target| folder == *target) {
            self.add(target, bytes);
            return;
        }
        let ending = path.extension().unwrap_or_default();
        if ending == "toml" {
            self.add("manifest", bytes);
        } else if ending == "zip" {
            self.add("answers", bytes.clone());
            self.add("requests", bytes.clone());
            self.add("archive", bytes);
        } else if let Some(kind) = kind_of(&bytes) {
            self.add("component", component::input(kind, &bytes));
            self.add("requests", bytes.clone());
            self.components.entry(&kind.name).or_default().push(bytes);
        }
    }

    /// Each component with itself, and with the next of its type.
    fn pairs(&mut self) {
        for (name, files) in std::mem::take(&mut self.components) {
            let Some(kind) = types().iter().find(|kind| kind.name == name) else { continue };
            for (one, other) in files.iter().zip(files.iter().cycle().skip(1)) {
                self.add("differences", differences::input(kind, one, one));
                self.add("differences", differences::input(kind, one, other));
            }
        }
    }

    fn add(&mut self, target: &'static str, input: Vec<u8>) {
        self.inputs.entry(target).or_default().push(input);
    }
}

/// The type of a component file, by the first element that has the name of one.
fn kind_of(bytes: &[u8]) -> Option<&'static Type> {
    let text = String::from_utf8_lossy(bytes);
    let root = text.split('<').skip(1).find(|piece| !piece.starts_with(['?', '!']))?;
    let name = root.split(|letter: char| !letter.is_ascii_alphanumeric()).next()?;
    types().iter().find(|kind| kind.name == name)
}

/// The folders of this repository that hold seeds, and the one that `ORGWIRE_CORPUS` names.
pub fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["seeds", "../manifests", "../tests/cases", "../tests/fixtures"]
        .iter()
        .map(|folder| root.join(folder))
        .filter(|folder| folder.is_dir())
        .chain(std::env::var_os("ORGWIRE_CORPUS").map(PathBuf::from))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answers, archive, calls, manifest, requests};

    #[test]
    fn every_seed_passes_its_target() {
        let seeds = Seeds::of(&folders()).unwrap();
        for target in TARGETS {
            let check = match target {
                "answers" => answers::check,
                "calls" => calls::check,
                "requests" => requests::check,
                "archive" => archive::check,
                "component" => component::check,
                "differences" => differences::check,
                _ => manifest::check,
            };
            let inputs = &seeds.inputs[target];
            assert!(!inputs.is_empty(), "{target} has no seed");
            inputs.iter().for_each(|input| check(input));
        }
    }
}
