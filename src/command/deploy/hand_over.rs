//! Generated keys and secrets for a system outside the org: written to a file that its owner alone reads, before
//! anything is sent, because a secret that cannot be written down afterwards would be lost.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::command::{Attempt, Failure, Trouble};
use crate::report::Terminal;
use crate::secret::Secrets;

/// Writes them to a new file, and tells whether there were any.
pub(super) fn hand_over(path: &Path, secrets: &Secrets, terminal: &Terminal) -> Result<bool, Failure> {
    let mut by_component: Map<String, Value> = Map::new();
    for (generated, _) in secrets.generated() {
        by_component.insert(generated.owner.to_string(), json!({}));
    }
    if by_component.is_empty() {
        terminal.talk(&format!(
            "No key or secret is generated in this deployment; `{}` is not written.\n",
            path.display()
        ));
        return Ok(false);
    }
    // Written by hand, so that no copy of a secret stays in a JSON value: keys and secrets have letters and
    // digits only.
    let mut text = Zeroizing::new(String::with_capacity(64 * 1024));
    text.push_str("{\n");
    for (at, component) in by_component.keys().enumerate() {
        let comma = if at == 0 { "" } else { ",\n" };
        text.push_str(&format!("{comma}  \"{component}\": {{"));
        let own = secrets.generated().filter(|(generated, _)| generated.owner.to_string() == *component);
        for (index, (generated, secret)) in own.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let path = generated.field.to_string();
            let key = path.rsplit('.').next().unwrap_or(&path);
            text.push_str(&format!("{comma}\n    \"{key}\": \""));
            text.push_str(secret.expose());
            text.push('"');
        }
        text.push_str("\n  }");
    }
    text.push_str("\n}\n");
    let failed = |error| {
        let what = format!("cannot write generated secrets to `{}`", path.display());
        Failure::new(Trouble::UnwritableFile, Attempt::new(what, error))
            .help("name a new file in a folder you can write to; nothing was sent")
    };
    let mut file = private(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        take_back(Some(path));
        failed(error)
    })?;
    terminal.talk(&format!(
        "Wrote generated keys and secrets to `{}` (readable by you alone).\n",
        path.display()
    ));
    Ok(true)
}

/// A file that did not exist and that only its owner can read.
pub fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes secrets that no org took.
pub(super) fn take_back(path: Option<&Path>) {
    if let Some(path) = path {
        // It was ours a moment ago; where it cannot be removed it does no harm but that of an unused secret.
        let _ = fs::remove_file(path);
    }
}
