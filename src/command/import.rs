//! `import`: metadata that exists becomes a manifest. What could not be read or kept is said, and stops nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli;
use crate::collect::{self, Collected, Trouble as FileTrouble, TroubleKind};
use crate::command::file::write;
use crate::command::{Attempt, Exit, Failure, Trouble};
use crate::component::ComponentId;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Sources};
use crate::import::{self, Imported, NoteKind, Options};
use crate::report::{self, Format, Terminal};

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is already there")]
struct Exists(String);

pub fn run(arguments: &cli::Import, terminal: &Terminal) -> Result<Exit, Failure> {
    let output = match &arguments.into {
        Some(folder) => folder.join(&arguments.output),
        None => arguments.output.clone(),
    };
    let to_stdout = arguments.output == Path::new("-");
    // Found out first: nobody wants to wait for an org to hear this.
    if !to_stdout && !arguments.force && output.exists() {
        let failure = Failure::new(Trouble::FileExists, Exists(output.display().to_string()));
        return Err(failure.help("name another file, or write over it with --force"));
    }
    let mut collected = Collected::default();
    read(Path::new(&arguments.source), &mut collected)?;
    collected.finish();
    let mut diagnostics = troubles(&collected, arguments.strict);
    select(&arguments.target, &mut collected, &mut diagnostics);
    if collected.components.is_empty() {
        diagnostics.push(nothing(&arguments.source, &collected));
    }
    let sources = Sources::default();
    if collected.components.is_empty() {
        return Err(Failure::diagnostics(sources, diagnostics));
    }
    let options =
        Options { api_version: arguments.api_version, concise: arguments.concise, instance_url: None };
    let imported = import::import(&collected, &options);
    if to_stdout {
        terminal.diagnostics(&sources, &diagnostics);
        terminal.talk(&report::import::human(&imported, &collected, false));
        terminal.result(&imported.text)?;
    } else {
        write(&output, imported.text.as_bytes(), false)?;
        if let Some(path) = &arguments.observed {
            write(path, report::json::text(&observed(&imported)).as_bytes(), false)?;
        }
        terminal.diagnostics(&sources, &diagnostics);
        let shown = output.display().to_string();
        match terminal.format {
            Format::Json => {
                let mut body = report::import::json(&imported, &collected);
                body.insert("output".to_owned(), json!(shown));
                body.insert("observed".to_owned(), observed(&imported));
                body.insert("diagnostics".to_owned(), report::json::diagnostics(&sources, &diagnostics));
                terminal.result(&report::json::text(&Value::Object(body)))?;
            }
            _ => {
                terminal.result(&report::import::human(&imported, &collected, terminal.colour_out))?;
                terminal.result(&format!("wrote {shown}\n"))?;
                terminal.talk(&format!("next: orgwire plan {shown}\n"));
            }
        }
    }
    let not_kept = imported.notes.iter().any(|note| note.kind == NoteKind::NotKept);
    Ok(if arguments.strict && (not_kept || !diagnostics.is_empty()) { Exit::Error } else { Exit::Done })
}

/// What `render --observed` reads.
fn observed(imported: &Imported) -> Value {
    json!({ "values": imported.observed })
}

fn read(source: &Path, collected: &mut Collected) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        let attempt = Attempt::new(format!("cannot read `{}`", source.display()), error);
        Failure::new(Trouble::UnreadableFile, attempt).help("check the path and its permissions")
    };
    if source.is_dir() {
        let mut found = Vec::new();
        list(source, &mut found);
        for path in found {
            let shown = path.display().to_string();
            if collect::is_wanted(&shown) {
                match fs::read(&path) {
                    Ok(bytes) => collected.add(&shown, &bytes),
                    Err(error) => collected.troubles.push(FileTrouble::unreadable(&shown, error.to_string())),
                }
            }
        }
    } else {
        collected.add_named(&source.display().to_string(), &fs::read(source).map_err(failed)?);
    }
    Ok(())
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() { list(&path, found) } else { found.push(path) }
    }
}

/// Each trouble as a finding: a warning, because the rest is imported all the same.
pub fn troubles(collected: &Collected, strict: bool) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    for trouble in &collected.troubles {
        let (code, help) = match trouble.kind {
            TroubleKind::Unreadable => (Code::UnreadableMetadata, "correct the file and import it again"),
            TroubleKind::Duplicate => (Code::DuplicateMember, "keep one of the two files"),
            TroubleKind::Lost => (Code::LostContent, "add it by hand if it matters"),
        };
        let mut diagnostic = Diagnostic::warning(code, trouble.to_string()).help(help);
        if strict {
            diagnostic.severity = Severity::Error;
        }
        diagnostics.push(diagnostic);
    }
    diagnostics
}

fn nothing(source: &str, collected: &Collected) -> Diagnostic {
    let what = match collected.others {
        _ if !collected.troubles.is_empty() => format!("nothing in `{source}` could be read"),
        _ => format!("`{source}` holds no metadata that orgwire knows"),
    };
    let kinds: Vec<&str> = crate::component::types().iter().map(|kind| kind.name.as_str()).collect();
    Diagnostic::error(Code::NoMetadata, what).help(format!("it knows {}", kinds.join(", ")))
}

/// Keeps the components that were asked for.
fn select(targets: &[String], collected: &mut Collected, diagnostics: &mut Diagnostics) {
    if targets.is_empty() {
        return;
    }
    let mut wanted = Vec::new();
    for address in targets {
        match ComponentId::parse(address).filter(|id| collected.components.contains_key(id)) {
            Some(id) => wanted.push(id),
            None => {
                let known: Vec<String> = collected.components.keys().map(ToString::to_string).collect();
                let diagnostic = Diagnostic::error(
                    Code::UnknownComponent,
                    format!("--target names `{address}`, which was not found"),
                );
                let near = crate::diagnostic::suggestion(address, known.iter().map(String::as_str));
                diagnostics.push(match near {
                    Some(near) => diagnostic.help(format!("did you mean {near}?")),
                    None => diagnostic,
                });
            }
        }
    }
    collected.components.retain(|id, _| wanted.contains(id));
}
