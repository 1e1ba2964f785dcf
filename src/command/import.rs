//! `import`: metadata that exists becomes a manifest. What could not be read or kept is said, and stops nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli;
use crate::collect::Collected;
use crate::command::file::{keep, write};
use crate::command::{Exit, Failure, Trouble, components, load, online, target};
use crate::companions::Companions;
use crate::component::{ComponentId, Type, types};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Sources};
use crate::files::{self, Files, Origin, Place};
use crate::import::{self, Imported, NoteKind, Options};
use crate::project::MAX_FILE_BYTES;
use crate::report::{self, Format, Terminal};

#[derive(Debug, thiserror::Error)]
#[error("environment `{0}` is made of manifests already")]
struct IsAProject(String);

pub fn run(arguments: &cli::Import, terminal: &Terminal) -> Result<Exit, Failure> {
    let output = match &arguments.into {
        Some(folder) => folder.join(&arguments.output),
        None => arguments.output.clone(),
    };
    let to_stdout = arguments.output == Path::new("-");
    let Read { mut collected, instance_url, notes } = read(arguments, terminal)?;
    let read_any = !collected.components.is_empty();
    collected.components.retain(|id, _| !is_without(arguments, id.kind));
    for note in &notes {
        terminal.talk(&format!("note: {note}\n"));
    }
    let severity = if arguments.strict { Severity::Error } else { Severity::Warning };
    let mut diagnostics = components::findings(&collected, severity);
    let sources = Sources::default();
    if collected.components.is_empty() {
        diagnostics.push(if read_any {
            let what = format!("--without leaves nothing of `{}`", arguments.source);
            Diagnostic::error(Code::NoMetadata, what).help("leave fewer types out")
        } else {
            components::nothing(&arguments.source, &collected)
        });
        return Err(Failure::diagnostics(sources, diagnostics));
    }
    // A manifest that lacks what was asked for by name is not what was asked for.
    if !select(&arguments.target, &mut collected, &mut diagnostics) {
        return Err(Failure::diagnostics(sources, diagnostics));
    }
    let options = Options { api_version: arguments.api_version, concise: arguments.concise, instance_url };
    let mut imported = import::import(&collected, &options);
    // The layout of `fmt`, so that the next run of it changes nothing.
    if let Ok(text) = crate::layout::format(&imported.text) {
        imported.text = text;
    }
    let length = imported.text.len() as u64;
    if length > MAX_FILE_BYTES {
        diagnostics.push(too_large(arguments, &imported.text));
        return Err(Failure::diagnostics(sources, diagnostics));
    }
    if !to_stdout {
        // Somebody may have worked on it since the last import.
        if !arguments.force && fs::read(&output).is_ok_and(|before| before != imported.text.as_bytes()) {
            let kept = keep(&output)?;
            terminal.talk(&format!("{} is kept as {}\n", output.display(), kept.display()));
        }
        write(&output, imported.text.as_bytes(), false)?;
    }
    if let Some(path) = &arguments.observed {
        write(path, report::json::text(&observed(&imported)).as_bytes(), false)?;
    }
    terminal.diagnostics(&sources, &diagnostics);
    let shown = output.display().to_string();
    match terminal.format {
        Format::Json => {
            let mut body = report::import::json(&imported, &collected);
            if to_stdout {
                body.insert("manifest".to_owned(), json!(imported.text));
            } else {
                body.insert("output".to_owned(), json!(shown));
            }
            body.insert("observed".to_owned(), observed(&imported));
            body.insert("diagnostics".to_owned(), report::json::diagnostics(&sources, &diagnostics));
            terminal.result(&report::json::text(&Value::Object(body)))?;
        }
        _ if to_stdout => {
            terminal.talk(&report::import::human(&imported, &collected, terminal.colour_err));
            terminal.result(&imported.text)?;
        }
        _ => {
            terminal.result(&report::import::human(&imported, &collected, terminal.colour_out))?;
            terminal.result(&format!("wrote {shown}\n"))?;
            terminal.talk(&format!("next: orgwire plan {shown}\n"));
        }
    }
    let not_kept = imported.notes.iter().any(|note| note.kind == NoteKind::NotKept);
    Ok(if arguments.strict && (not_kept || !diagnostics.is_empty()) { Exit::Error } else { Exit::Done })
}

/// What a source holds.
struct Read {
    collected: Collected,
    /// Of the org that it is.
    instance_url: Option<String>,
    notes: Vec<String>,
}

fn read(arguments: &cli::Import, terminal: &Terminal) -> Result<Read, Failure> {
    let place = match files::origin(&arguments.source) {
        Origin::Path(path) => Place::on_disk(&path)?,
        Origin::Revision { revision, path } => Place::Revision { repository: PathBuf::new(), revision, path },
        Origin::Org(name) => return of_org(&name, arguments, terminal),
        Origin::Environment(name) => {
            return Err(Failure::new(Trouble::Usage, IsAProject(name)).help("import its org: org:NAME"));
        }
    };
    let collected = components::collect(Files::open(&place)?)?;
    Ok(Read { collected, instance_url: None, notes: Vec::new() })
}

fn of_org(name: &str, arguments: &cli::Import, terminal: &Terminal) -> Result<Read, Failure> {
    let mut loaded = load::bare()?;
    if let Some(version) = arguments.api_version {
        loaded.desired.api_version = version;
    }
    let version = loaded.desired.api_version;
    // Addresses say of which types something is wanted.
    let mut kinds: Vec<&'static Type> = types().iter().filter(|kind| !is_without(arguments, kind)).collect();
    if !arguments.target.is_empty() {
        let keys = arguments.target.iter().filter_map(|address| address.split_once('.'));
        let keys: Vec<&str> = keys.map(|(key, _)| key).collect();
        kinds.retain(|kind| keys.contains(&kind.key.as_str()));
    }
    online(async {
        let opened = target::open(Some(name), &loaded, false, terminal).await?;
        let instance_url = opened.org.instance_url().to_owned();
        let everything = components::of_org(&opened, &kinds, &Companions::new(), version).await;
        opened.close().await;
        let (mut collected, notes) = everything?;
        collected.api_version = Some((version, format!("org {name}")));
        Ok(Read { collected, instance_url: Some(instance_url), notes })
    })
}

fn is_without(arguments: &cli::Import, kind: &Type) -> bool {
    arguments.without.iter().any(|without| without.name == kind.name)
}

/// A manifest that no command would read. Most of it is what people do not review: profiles and permission sets
/// name every field of an org.
fn too_large(arguments: &cli::Import, text: &str) -> Diagnostic {
    let mut lengths: BTreeMap<&str, usize> = BTreeMap::new();
    let mut key = "";
    for line in text.lines() {
        if let Some(header) = line.strip_prefix('[') {
            key = header.trim_start_matches('[').split(['.', ']']).next().unwrap_or_default();
        }
        *lengths.entry(key).or_default() += line.len() + 1;
    }
    let mut largest: Vec<(&str, usize)> = lengths.into_iter().collect();
    largest.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    let mut rest = text.len();
    let mut flags = Vec::new();
    for (key, length) in largest {
        if rest as u64 <= MAX_FILE_BYTES {
            break;
        }
        rest -= length;
        flags.push(format!("--without {key}"));
    }
    let what = format!(
        "`{}` would have {} bytes, more than the {MAX_FILE_BYTES} a manifest may have; it was not written",
        arguments.output.display(),
        text.len()
    );
    Diagnostic::error(Code::FileTooLarge, what)
        .help(format!("{}, or --target with what you mean to keep", flags.join(" ")))
}

/// What `render --observed` reads.
fn observed(imported: &Imported) -> Value {
    json!({ "values": imported.observed })
}

/// Keeps the components that were asked for; false if one of them is not there.
fn select(targets: &[String], collected: &mut Collected, diagnostics: &mut Diagnostics) -> bool {
    if targets.is_empty() {
        return true;
    }
    let mut wanted = Vec::new();
    let mut all = true;
    for address in targets {
        match ComponentId::parse(address).filter(|id| collected.components.contains_key(id)) {
            Some(id) => wanted.push(id),
            None => {
                all = false;
                let known: Vec<String> = collected.components.keys().map(ToString::to_string).collect();
                let diagnostic = Diagnostic::error(
                    Code::UnknownComponent,
                    format!("--target names `{address}`, which was not found"),
                );
                let near = crate::diagnostic::suggestion(address, known.iter().map(String::as_str));
                diagnostics.push(match near {
                    Some(near) => diagnostic.help(format!("did you mean {near}?")),
                    None => diagnostic.help(format!("found: {}", known.join(", "))),
                });
            }
        }
    }
    collected.components.retain(|id, _| wanted.contains(id));
    all
}
