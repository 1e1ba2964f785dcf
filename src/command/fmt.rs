//! `fmt`: lays manifests and orgwire.toml out. Writes only what changes, and nothing if one file is no TOML.

use std::path::{Path, PathBuf};

use serde_json::json;
use similar::TextDiff;

use crate::cli;
use crate::command::file::replace;
use crate::command::{Attempt, Exit, Failure, Trouble};
use crate::configuration::{self, Configuration};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, SourceId, Sources};
use crate::project::{self, Project, STANDARD_INPUT, Where};
use crate::report::{self, Format, Terminal};
use crate::setting::Context;
use crate::{layout, manifest};

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{} of {total} {} not laid out as `fmt` does", .unformatted.len(), if *total == 1 { "file is" } else { "files are" })]
    Unformatted { unformatted: Vec<String>, total: usize },
    #[error("`-` stands alone")]
    NotAlone,
}

/// A file and what it should be.
struct File {
    path: String,
    before: String,
    after: String,
}

impl File {
    fn changes(&self) -> bool {
        self.before != self.after
    }
}

pub fn run(arguments: &cli::Fmt, terminal: &Terminal) -> Result<Exit, Failure> {
    let is_stream = arguments.paths.iter().any(|path| path == Path::new(STANDARD_INPUT));
    if is_stream && arguments.paths.len() > 1 {
        return Err(Failure::new(Trouble::Usage, Problem::NotAlone)
            .help("leave the other paths out, or name the file instead of `-`"));
    }
    let mut diagnostics = Diagnostics::default();
    let (sources, ids) = read(arguments, is_stream, &mut diagnostics)?;
    for id in &ids {
        let source = sources.get(*id);
        manifest::parse(&mut Context {
            source: *id,
            text: &source.text,
            folder: Path::new(""),
            diagnostics: &mut diagnostics,
        });
    }
    if diagnostics.has_errors() {
        return Err(Failure::diagnostics(sources, diagnostics));
    }
    let mut files = Vec::new();
    for id in ids {
        let source = sources.get(id);
        let after = layout::format(&source.text).map_err(|error| {
            Failure::new(
                Trouble::Layout,
                Attempt::new(format!("`{}` cannot be laid out; it stays as it is", source.path), error),
            )
            .help("this is a mistake of orgwire: please report it")
        })?;
        files.push(File { path: source.path.clone(), before: source.text.clone(), after });
    }
    match files.first() {
        _ if arguments.check => check(&files, terminal),
        Some(file) if is_stream => stream(file, terminal),
        _ => write(&files, terminal),
    }
}

/// Every file to look at, once.
fn read(
    arguments: &cli::Fmt,
    is_stream: bool,
    diagnostics: &mut Diagnostics,
) -> Result<(Sources, Vec<SourceId>), Failure> {
    let mut project = Project::default();
    if is_stream {
        let id = project::read_standard_input(&mut project.sources, diagnostics)?;
        return Ok((project.sources, id.into_iter().collect()));
    }
    if !arguments.paths.is_empty() {
        project::read_manifests(&arguments.paths, &Where::Disk, &mut project, diagnostics)?;
        return Ok((project.sources, project.manifests));
    }
    let configuration_id =
        project::read_configuration(Path::new(""), &Where::Disk, &mut project, diagnostics)?;
    // What it says is judged by `lint`; here it only has to be TOML.
    let configuration = match configuration_id {
        Some(id) => configuration::read(id, project.sources.get(id), &mut Diagnostics::default()),
        None => Configuration::default(),
    };
    let paths = if configuration.manifests.is_empty() {
        vec![PathBuf::from(project::DEFAULT_FOLDER)]
    } else {
        configuration.manifests
    };
    if paths.iter().any(|path| path.exists()) {
        project::read_manifests(&paths, &Where::Disk, &mut project, diagnostics)?;
    } else if configuration_id.is_none() {
        diagnostics.push(
            Diagnostic::error(
                Code::EmptyProject,
                format!("there is no folder `{}` here, and no PATH was given", project::DEFAULT_FOLDER),
            )
            .help("name a file or a folder: `orgwire fmt PATH`"),
        );
    }
    let ids = project.manifests.into_iter().chain(configuration_id).collect();
    Ok((project.sources, ids))
}

fn stream(file: &File, terminal: &Terminal) -> Result<Exit, Failure> {
    match terminal.format {
        Format::Json => {
            let body = json!({ "format_version": report::json::FORMAT_VERSION, "text": file.after });
            terminal.result(&report::json::text(&body))?;
        }
        _ => terminal.result(&file.after)?,
    }
    Ok(Exit::Done)
}

fn write(files: &[File], terminal: &Terminal) -> Result<Exit, Failure> {
    let mut formatted = Vec::new();
    for file in files.iter().filter(|file| file.changes()) {
        replace(Path::new(&file.path), &file.after)?;
        formatted.push(file.path.as_str());
    }
    match terminal.format {
        Format::Json => {
            let body = json!({
                "format_version": report::json::FORMAT_VERSION,
                "formatted": formatted,
                "unchanged": unchanged(files),
            });
            terminal.result(&report::json::text(&body))?;
        }
        _ => {
            let list: String = formatted.iter().map(|path| format!("formatted {path}\n")).collect();
            terminal.result(&list)?;
        }
    }
    Ok(Exit::Done)
}

fn unchanged(files: &[File]) -> Vec<&str> {
    files.iter().filter(|file| !file.changes()).map(|file| file.path.as_str()).collect()
}

fn check(files: &[File], terminal: &Terminal) -> Result<Exit, Failure> {
    let mut unformatted = Vec::new();
    let mut text = String::new();
    for file in files.iter().filter(|file| file.changes()) {
        let diff = TextDiff::from_lines(&file.before, &file.after);
        text.push_str(&diff.unified_diff().context_radius(2).header(&file.path, &file.path).to_string());
        unformatted.push(file.path.clone());
    }
    if terminal.format == Format::Json {
        let body = json!({
            "format_version": report::json::FORMAT_VERSION,
            "unformatted": unformatted,
            "unchanged": unchanged(files),
        });
        terminal.result(&report::json::text(&body))?;
    } else {
        terminal.result(&text)?;
    }
    if unformatted.is_empty() {
        return Ok(Exit::Done);
    }
    let help = format!("lay them out: orgwire fmt {}", unformatted.join(" "));
    let problem = Problem::Unformatted { total: files.len(), unformatted };
    if terminal.format == Format::Json {
        terminal.talk(&format!("{problem}; {help}\n"));
        return Err(Failure::said(Exit::Error));
    }
    Err(Failure::new(Trouble::UnformattedFiles, problem).help(help))
}
