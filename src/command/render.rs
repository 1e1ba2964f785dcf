//! `render`: the XML that would be deployed, as a folder or a zip. Without secrets, unless asked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;
use similar::TextDiff;
use zeroize::Zeroizing;

use crate::cli::{self, Layout};
use crate::command::file::write;
use crate::command::load::{self, Loaded, Purpose};
use crate::command::{Attempt, Exit, Failure, Trouble, secrets};
use crate::component::ComponentId;
use crate::package::{self, Package};
use crate::plan::{self, NeededSecret};
use crate::reference::{Observed, OrgFacts, Reference};
use crate::render::{MetadataFiles, SecretText, render};
use crate::report::{self, Format, Terminal};
use crate::secret::{SecretSource, Secrets};

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{} of {total} files in `{folder}` are not what would be rendered", stale.len())]
    Stale { stale: Vec<String>, total: usize, folder: String },
    #[error("a zip file has the metadata layout only")]
    ZipOfSource,
    #[error("a zip file cannot be checked")]
    CheckOfZip,
    #[error("a zip file is for deploying, and the masks of an org must not be deployed")]
    ZipOfMasks,
    #[error("`{0}` is not a reference to a value of an org")]
    NotAReference(String),
}

/// Values that an org has told, as `--observed` reads them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ObservedFile {
    org: Option<ObservedOrg>,
    /// `auth-provider.AxsyApexAPI.callback-url` and the like.
    #[serde(default)]
    values: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct ObservedOrg {
    id: String,
    instance_url: String,
}

pub fn run(arguments: &cli::Render, terminal: &Terminal) -> Result<Exit, Failure> {
    let loaded = load::load(&arguments.project, Purpose::Reading)?;
    terminal.diagnostics(&loaded.sources, &loaded.diagnostics);
    let is_zip = arguments.output.extension().is_some_and(|extension| extension == "zip");
    if is_zip && arguments.format == Layout::Source {
        return Err(
            Failure::new(Trouble::Usage, Problem::ZipOfSource).help("leave --format out, or name a folder")
        );
    }
    if is_zip && arguments.check {
        return Err(
            Failure::new(Trouble::Usage, Problem::CheckOfZip).help("check the folder that it was made of")
        );
    }
    if is_zip && arguments.as_retrieved {
        return Err(Failure::new(Trouble::Usage, Problem::ZipOfMasks).help("name a folder"));
    }
    let observed = observed(arguments)?;
    let pass = plan::everything(&loaded.desired, &observed);
    let secrets = if arguments.with_secrets { Some(read_secrets(&loaded)?) } else { None };
    let without = if arguments.as_retrieved { SecretText::AsRetrieved } else { SecretText::Masked };
    let text = secrets.as_ref().map_or(without, SecretText::Given);
    let threads = arguments
        .threads
        .map_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get), usize::from);
    let files = render(&loaded.desired, &pass, &observed, text, &loaded.templates, threads)?;
    name_what_is_missing(&files, terminal);
    let version = loaded.desired.api_version;
    if is_zip {
        let package = Package::new(&files, version)?;
        write(&arguments.output, &package.zip, arguments.with_secrets)?;
        return tell(&[arguments.output.display().to_string()], &files, terminal);
    }
    let wanted = wanted(&files, version, arguments.format);
    if arguments.check {
        return check(&arguments.output, &wanted, arguments.format, terminal);
    }
    let mut written = Vec::new();
    for (path, content) in &wanted {
        let path = arguments.output.join(path);
        // A file that is the same keeps its time, so that what depends on it is not built again.
        if arguments.with_secrets || fs::read(&path).ok().as_deref() != Some(content.as_bytes()) {
            write(&path, content.as_bytes(), arguments.with_secrets)?;
        }
        written.push(path.display().to_string());
    }
    tell(&written, &files, terminal)
}

/// Files by their path below the output folder.
fn wanted(files: &MetadataFiles, version: u16, layout: Layout) -> BTreeMap<PathBuf, Zeroizing<String>> {
    let mut wanted = BTreeMap::new();
    for file in &files.files {
        let path = match layout {
            Layout::Metadata => file.path.clone(),
            // The content of a certificate is a file of its own in both layouts.
            Layout::Source if file.component.kind.content_field().is_some() => file.path.clone(),
            Layout::Source => format!("{}-meta.xml", file.path),
        };
        wanted.insert(PathBuf::from(path), file.content.clone());
    }
    // Source format has no manifest of its own: the project makes it.
    if layout == Layout::Metadata {
        wanted.insert(PathBuf::from("package.xml"), Zeroizing::new(package::package_xml(files, version)));
    }
    wanted
}

fn read_secrets(loaded: &Loaded) -> Result<Secrets, Failure> {
    let mut needed: Vec<NeededSecret> = Vec::new();
    for component in loaded.desired.components.values() {
        needed.extend(plan::secrets_of(component));
    }
    // Generated ones exist only from the deployment on that makes them.
    needed.retain(|one| !matches!(one.source, SecretSource::Generated(_)));
    let mut diagnostics = loaded.nothing_found();
    let secrets = secrets::read(&needed, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(Failure::diagnostics(loaded.sources.clone(), diagnostics));
    }
    Ok(secrets)
}

fn observed(arguments: &cli::Render) -> Result<Observed, Failure> {
    let mut observed = Observed::default();
    let Some(path) = &arguments.observed else { return Ok(observed) };
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Failure::new(
            Trouble::UnreadableFile,
            Attempt::new(format!("cannot read observed values from `{}`", path.display()), error),
        )
        .help(
            "it must be JSON like {\"org\": {\"id\": \"00D...\", \"instance_url\": \"https://...\"}, \
             \"values\": {\"auth-provider.NAME.callback-url\": \"https://...\"}}",
        )
    };
    let text = fs::read_to_string(path).map_err(|error| failed(error.into()))?;
    let file: ObservedFile = serde_json::from_str(&text).map_err(|error| failed(error.into()))?;
    observed.org = file
        .org
        .map(|org| OrgFacts { id: org.id, instance_url: org.instance_url.trim_end_matches('/').to_owned() });
    for (name, value) in file.values {
        let reference = name.rsplit_once('.').and_then(|(address, attribute)| {
            let of = ComponentId::parse(address)?;
            of.kind
                .attributes
                .contains_key(attribute)
                .then(|| Reference::Attribute { of, attribute: attribute.to_owned() })
        });
        let reference = reference.ok_or_else(|| failed(Problem::NotAReference(name.clone()).into()))?;
        observed.values.insert(reference, value);
    }
    Ok(observed)
}

fn name_what_is_missing(files: &MetadataFiles, terminal: &Terminal) {
    for (id, field) in &files.masked {
        terminal.talk(&format!("left out: {field} of {id} (a secret)\n"));
    }
    for (id, field, reference) in &files.placeholders {
        terminal.talk(&format!("placeholder: {field} of {id} (only the org knows {reference})\n"));
    }
}

fn tell(written: &[String], files: &MetadataFiles, terminal: &Terminal) -> Result<Exit, Failure> {
    match terminal.format {
        Format::Json => {
            let masked: Vec<_> = files
                .masked
                .iter()
                .map(|(id, field)| json!({ "component": id.to_string(), "field": field.to_string() }))
                .collect();
            let placeholders: Vec<_> = files
                .placeholders
                .iter()
                .map(|(id, field, reference)| {
                    json!({ "component": id.to_string(), "field": field.to_string(), "waits_for": reference.to_string() })
                })
                .collect();
            let body = json!({
                "format_version": report::json::FORMAT_VERSION,
                "files": written,
                "left_out": masked,
                "placeholders": placeholders,
            });
            terminal.result(&report::json::text(&body))?;
        }
        _ => {
            let list: String = written.iter().map(|path| format!("{path}\n")).collect();
            terminal.result(&list)?;
        }
    }
    Ok(Exit::Done)
}

/// Compares without writing.
fn check(
    folder: &Path,
    wanted: &BTreeMap<PathBuf, Zeroizing<String>>,
    layout: Layout,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let mut stale = Vec::new();
    let mut text = String::new();
    for (path, content) in wanted {
        let shown = folder.join(path).display().to_string();
        let found = fs::read(folder.join(path)).ok();
        let found = found.as_deref().map(String::from_utf8_lossy);
        if found.as_deref() == Some(content.as_str()) {
            continue;
        }
        let before = found.as_deref().unwrap_or_default();
        let diff = TextDiff::from_lines(before, content.as_str());
        let name = if found.is_some() { shown.as_str() } else { "/dev/null" };
        text.push_str(&diff.unified_diff().context_radius(2).header(name, &shown).to_string());
        stale.push(shown);
    }
    // A folder in metadata format is ours alone: a file that nothing renders would be deployed all the same.
    if layout == Layout::Metadata {
        let mut found = Vec::new();
        list(folder, &mut found);
        for path in found {
            if let Ok(relative) = path.strip_prefix(folder)
                && !wanted.contains_key(relative)
            {
                text.push_str(&format!("{}: no component renders this file\n", path.display()));
                stale.push(path.display().to_string());
            }
        }
    }
    if terminal.format == Format::Json {
        let body = json!({ "format_version": report::json::FORMAT_VERSION, "stale": stale });
        terminal.result(&report::json::text(&body))?;
    } else {
        terminal.result(&text)?;
    }
    if stale.is_empty() {
        return Ok(Exit::Done);
    }
    let folder = folder.display().to_string();
    let help = format!("write them again: orgwire render --output {folder}");
    let problem = Problem::Stale { total: wanted.len(), folder, stale };
    if terminal.format == Format::Json {
        terminal.talk(&format!("{problem}; {help}\n"));
        return Err(Failure::said(Exit::Error));
    }
    Err(Failure::new(Trouble::StaleFiles, problem).help(help))
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() { list(&path, found) } else { found.push(path) }
    }
}
