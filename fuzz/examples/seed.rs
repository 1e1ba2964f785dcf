//! Writes the seeds of every target into `corpus/<target>/`, where cargo-fuzz looks for them.
//!
//! `ORGWIRE_CORPUS` names a folder of further metadata files, in whatever layout; they are read from there and
//! copied nowhere else.

use std::error::Error;
use std::fs;
use std::path::Path;

use orgwire_fuzz::seeds::{Seeds, folders};

fn main() -> Result<(), Box<dyn Error>> {
    for (target, inputs) in Seeds::of(&folders())?.inputs {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (number, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:04}")), input)?;
        }
        println!("{target}: {} seeds", inputs.len());
    }
    Ok(())
}
