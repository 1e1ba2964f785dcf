//! Component files of a folder, a zip, a file or a revision, whatever layout they lie in.

use crate::collect::{self, Collected, Trouble as FileTrouble, TroubleKind};
use crate::command::Failure;
use crate::command::target::Opened;
use crate::companions::Companions;
use crate::component::Type;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::files::{Entry, Files, LeftOut};

/// The file that makes a folder an sfdx project.
const PROJECT: &str = "sfdx-project.json";

/// Reads every component file of a place, one at a time.
pub fn collect(mut files: Files) -> Result<Collected, Failure> {
    let mut collected = Collected::default();
    let is_named = files.is_one_file();
    let (mut entries, left_out) = files.list(|path| is_named || collect::is_wanted(path))?;
    for one in &left_out {
        collected.troubles.push(trouble(&files, one));
    }
    keep_packages(&mut files, &mut entries);
    for entry in &entries {
        let name = files.name(&entry.path);
        // Whoever names one of the two files of a certificate means both.
        let other = collect::other_half(&entry.path).and_then(|other| files.beside(&other));
        if let Some(other) = other
            && let Ok(bytes) = files.read(&other)
        {
            collected.add(&other.path, &other.path, &bytes);
        }
        match files.read(entry) {
            Ok(bytes) if is_named => collected.add_named(&entry.path, &name, &bytes),
            Ok(bytes) => collected.add(&entry.path, &name, &bytes),
            Err(left_out) => collected.troubles.push(trouble(&files, &left_out)),
        }
    }
    collected.finish();
    Ok(collected)
}

/// Reads everything that an org has of these types. What it could not give is in the notes.
pub async fn of_org(
    opened: &Opened,
    kinds: &[&'static Type],
    companions: &Companions,
    api_version: u16,
) -> Result<(Collected, Vec<String>), Failure> {
    let everything = opened.org.reader().everything(kinds, companions, api_version).await?;
    let mut collected = Collected::default();
    for file in &everything.files {
        // Retrieved files lie in folders of their own: unpackaged/connectedApps/...
        collected.add(&file.path, &file.path, &file.bytes);
    }
    collected.finish();
    let mut notes = everything.notes;
    if !everything.left_out.is_empty() {
        let count = everything.left_out.len();
        let names: Vec<String> =
            everything.left_out.iter().map(|one| format!("{} {}", one.type_name, one.full_name)).collect();
        notes.push(format!(
            "{count} of managed packages left out, which nobody else can deploy: {}",
            names.join(", ")
        ));
    }
    if !everything.unknown.is_empty() {
        notes.push(format!(
            "the org does not have, or not at API version {api_version}.0: {}",
            everything.unknown.join(", ")
        ));
    }
    Ok((collected, notes))
}

/// Of an sfdx project only the package directories: other folders hold copies, tests and drafts.
fn keep_packages(files: &mut Files, entries: &mut Vec<Entry>) {
    let Some(project) = entries.iter().find(|entry| entry.path == PROJECT).cloned() else { return };
    let Ok(bytes) = files.read(&project) else { return };
    let packages = collect::package_directories(&bytes);
    let is_inside = |path: &str| {
        packages.iter().any(|package| {
            package.is_empty()
                || path.strip_prefix(package.as_str()).is_some_and(|rest| rest.starts_with('/'))
        })
    };
    if entries.iter().any(|entry| is_inside(&entry.path)) {
        entries.retain(|entry| entry.path == PROJECT || is_inside(&entry.path));
    }
}

fn trouble(files: &Files, left_out: &LeftOut) -> FileTrouble {
    let what = format!("the file is left out: {}", left_out.why);
    FileTrouble { help: left_out.help(), ..FileTrouble::unreadable(&files.name(&left_out.path), what) }
}

/// Each trouble as a finding: a warning, because everything else is read all the same.
pub fn findings(collected: &Collected, severity: Severity) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    for trouble in &collected.troubles {
        let (code, help) = match trouble.kind {
            TroubleKind::Unreadable => (Code::UnreadableMetadata, "correct the file and try again"),
            TroubleKind::Duplicate => (Code::DuplicateMember, "keep one of the two files"),
            TroubleKind::Lost => (Code::LostContent, "add it by hand if it matters"),
        };
        let mut diagnostic =
            Diagnostic::warning(code, trouble.to_string()).help(trouble.help.unwrap_or(help));
        diagnostic.severity = severity;
        diagnostics.push(diagnostic);
    }
    diagnostics
}

/// Nothing was found where somebody looked for something.
pub fn nothing(source: &str, collected: &Collected) -> Diagnostic {
    let what = if collected.troubles.is_empty() {
        format!("`{source}` holds no metadata that orgwire knows")
    } else {
        format!("nothing in `{source}` could be read")
    };
    let kinds: Vec<&str> = crate::component::types().iter().map(|kind| kind.name.as_str()).collect();
    Diagnostic::error(Code::NoMetadata, what).help(format!("it knows {}", kinds.join(", ")))
}
