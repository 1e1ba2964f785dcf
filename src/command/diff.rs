//! `diff`: what differs between two sets of components, wherever they come from. Reads only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli;
use crate::collect::{self, Collected};
use crate::command::load::{self, Loaded, Purpose};
use crate::command::notes::Notes;
use crate::command::{Exit, Failure, components, online, review, target};
use crate::companions::{self, Companions};
use crate::component::{ComponentId, NEWEST_API_VERSION, OLDEST_API_VERSION, Type, types};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Sources, suggestion};
use crate::diff::{self, Set};
use crate::files::{self, Files, Origin, Place, Revision};
use crate::project::Where;
use crate::report::{self, Format, Terminal};
use crate::review::{Finding, Review};
use crate::wire;
use crate::wiring::wiring;

/// What was typed, found: nothing but a name for what has to be asked for.
pub enum Found {
    Project {
        name: String,
        paths: Vec<PathBuf>,
        env: Option<String>,
        from: Where,
    },
    Files {
        name: String,
        files: Files,
    },
    Org(String),
    /// There was nothing yet, at a revision.
    Nothing(String),
}

/// A side of the comparison, read as far as that needs no org.
enum Side {
    Manifest { name: String, loaded: Box<Loaded> },
    Files { name: String, collected: Collected },
    Org(String),
    Nothing(String),
}

pub fn run(arguments: &cli::Diff, terminal: &Terminal) -> Result<Exit, Failure> {
    let notes = Notes::of(&arguments.notes)?;
    let (before, after) = (files::origin(&arguments.before), arguments.after.as_deref().map(files::origin));
    let env = &arguments.choice.env;
    let (before, after) =
        (find(env, Some(&before), after.as_ref())?, find(env, after.as_ref(), Some(&before))?);
    if (terminal.format != Format::Human || notes.are_wanted()) && are_projects([&before, &after]) {
        return reviewed(arguments, &before, &after, &notes, terminal);
    }
    let (before, after) = (open(arguments, before)?, open(arguments, after)?);
    let mut findings = Diagnostics::default();
    for side in [&before, &after] {
        if let Side::Files { collected, .. } = side {
            findings.merge(components::findings(collected, Severity::Warning));
        }
    }
    let sources = Sources::default();
    terminal.diagnostics(&sources, &findings);
    let templates = match (&before, &after) {
        (_, Side::Manifest { loaded, .. }) | (Side::Manifest { loaded, .. }, _) => &loaded.templates,
        _ => &crate::render::Templates::built_in()?,
    };
    let (mut before_set, mut after_set) = sets(&before, &after, terminal)?;
    select(&arguments.choice.target, &mut before_set, &mut after_set)?;
    let changes = diff::changes(&before_set, &after_set);
    let xml = if arguments.xml { report::diff::xml(&changes, templates)? } else { Vec::new() };
    match terminal.format {
        Format::Json => {
            let body = report::diff::json(&changes, &before_set, &after_set, &xml);
            terminal.result(&report::json::text(&Value::Object(body)))?;
        }
        Format::Markdown => {
            terminal.result(&report::diff::markdown(&changes, &before_set, &after_set, &xml))?;
        }
        Format::Html => {
            let wiring = |side: &Side| match side {
                Side::Manifest { loaded, .. } => Some(wiring(&loaded.desired)),
                _ => None,
            };
            let names = (before_set.name.clone(), after_set.name.clone());
            let review = Review::of_two(names, changes.clone(), wiring(&before), wiring(&after));
            let told = report::review::told(&review, templates)?;
            terminal.result(&report::html::review::page(&told)?)?;
        }
        _ => terminal.result(&report::diff::human(
            &changes,
            &before_set,
            &after_set,
            &xml,
            terminal.colour_out,
        ))?,
    }
    let findings: Vec<Finding> = match &after {
        Side::Manifest { loaded, .. } => {
            loaded.diagnostics.sorted().into_iter().map(|found| Finding::of(found, &loaded.sources)).collect()
        }
        _ => Vec::new(),
    };
    let markdown = || report::diff::markdown(&changes, &before_set, &after_set, &xml);
    notes.write(markdown, &findings.iter().collect::<Vec<_>>(), terminal)?;
    Ok(if arguments.exit_code && !changes.is_empty() { Exit::Changes } else { Exit::Done })
}

/// Whether both sides are states of a project, to be seen in every environment.
fn are_projects(sides: [&Found; 2]) -> bool {
    sides.iter().all(|side| matches!(side, Found::Project { env: None, .. } | Found::Nothing(_)))
        && sides.iter().any(|side| matches!(side, Found::Project { .. }))
}

/// What a pull request changes, as far as each side can be understood.
fn reviewed(
    arguments: &cli::Diff,
    before: &Found,
    after: &Found,
    notes: &Notes<'_>,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let variables = &arguments.choice.var;
    let before = review::read(before, variables, terminal)?;
    let after = review::read(after, variables, terminal)?;
    let templates = match after.templates.or(before.templates) {
        Some(templates) => templates,
        None => crate::render::Templates::built_in()?,
    };
    let (before, after) = (before.side, after.side);
    let targets = chosen(&arguments.choice.target, &review::known([&before, &after]))?;
    let review = crate::review::review(&before, &after, &targets);
    let told = report::review::told(&review, &templates)?;
    let base = review::base(&before, &after, &targets);
    let changes = base.as_ref().map(|[before, after]| diff::changes(before, after)).unwrap_or_default();
    let xml = if arguments.xml { report::diff::xml(&changes, &templates)? } else { Vec::new() };
    match (terminal.format, &base) {
        (Format::Json, base) => {
            let base = base.as_ref().map(|_| report::diff::json_changes(&changes, &xml));
            terminal.result(&report::json::text(&report::review::json::json(&told, base, arguments.xml)))?;
        }
        (Format::Human, Some([before, after])) => {
            terminal.result(&report::diff::human(&changes, before, after, &xml, terminal.colour_out))?;
        }
        (Format::Human, None) => terminal.result(&format!("{}\n", told.summary()))?,
        (Format::Html, _) => terminal.result(&report::html::review::page(&told)?)?,
        _ => terminal.result(&report::review::markdown::page(&told))?,
    }
    let problems = review.problems.iter().filter(|problem| problem.side == review.after);
    let findings = problems.map(|problem| &problem.finding);
    let findings: Vec<&Finding> =
        findings.chain(review.findings.iter().map(|found| &found.finding)).collect();
    notes.write(|| report::review::markdown::page(&told), &findings, terminal)?;
    Ok(match () {
        () if !review.is_whole() => Exit::Error,
        () if arguments.exit_code && review.has_changes() => Exit::Changes,
        () => Exit::Done,
    })
}

fn find(env: &Option<String>, origin: Option<&Origin>, other: Option<&Origin>) -> Result<Found, Failure> {
    let project = |paths: Vec<PathBuf>, from: Where, name: String| {
        Ok(Found::Project { name, paths, env: env.clone(), from })
    };
    match origin {
        None => project(Vec::new(), Where::Disk, "the project".to_owned()),
        Some(Origin::Environment(name)) => Ok(Found::Project {
            name: format!("environment {name}"),
            paths: Vec::new(),
            env: Some(name.clone()),
            from: Where::Disk,
        }),
        Some(Origin::Org(name)) => Ok(Found::Org(name.clone())),
        Some(Origin::Path(path)) => {
            let place = Place::on_disk(path)?;
            let name = path.display().to_string();
            let mut files = Files::open(&place)?;
            if !matches!(place, Place::Zip(_)) && holds_manifests(&mut files, path)? {
                return project(vec![path.clone()], Where::Disk, name);
            }
            Ok(Found::Files { name, files })
        }
        Some(Origin::Revision { revision, path }) => {
            let found = Revision::find(Path::new(""), revision)?;
            let named = PathBuf::from(path);
            let shown = |path: &Path| match path.display().to_string() {
                path if path.is_empty() => format!("git:{revision}"),
                path => format!("git:{revision}:{path}"),
            };
            // A revision alone stands for the same paths as the other side, where there may have been nothing yet;
            // but nobody keeps zips in a repository.
            let path = match other {
                Some(Origin::Path(other))
                    if path.is_empty() && !matches!(Place::on_disk(other), Ok(Place::Zip(_))) =>
                {
                    other
                }
                _ if path.is_empty() => {
                    let (shown, revision) = (shown(Path::new("")), Where::Revision(found));
                    if !load::is_there(&revision)? {
                        return Ok(Found::Nothing(shown));
                    }
                    return project(Vec::new(), revision, shown);
                }
                _ => &named,
            };
            let name = shown(path);
            if *path != named && found.held(path)?.is_none() && found.path_from_root(path)?.is_some() {
                return Ok(Found::Nothing(name));
            }
            let mut files = Files::at(&found, path)?;
            if holds_manifests(&mut files, path)? {
                return project(vec![path.clone()], Where::Revision(found), name);
            }
            Ok(Found::Files { name, files })
        }
    }
}

fn open(arguments: &cli::Diff, found: Found) -> Result<Side, Failure> {
    match found {
        Found::Project { name, paths, env, from } => {
            let choice = cli::Choice { env, var: arguments.choice.var.clone(), target: Vec::new() };
            let project = cli::Project { paths, choice };
            let loaded = Box::new(load::load_from(&project, &from, Purpose::Comparing)?);
            Ok(Side::Manifest { name, loaded })
        }
        Found::Files { name, files } => files_side(files, name),
        Found::Org(name) => Ok(Side::Org(name)),
        Found::Nothing(name) => Ok(Side::Nothing(name)),
    }
}

/// Whether a file is a manifest, or a folder one of manifests: metadata lies in folders of its own, unless a file says
/// that the folder is a package or an sfdx project.
fn holds_manifests(files: &mut Files, path: &Path) -> Result<bool, Failure> {
    if files.is_one_file() {
        return Ok(path.extension().is_some_and(|ending| ending == "toml"));
    }
    let (entries, _) = files.list(|path| path.ends_with(".toml") || collect::is_wanted(path))?;
    let paths = || entries.iter().map(|entry| entry.path.strip_prefix("./").unwrap_or(&entry.path));
    if paths().any(collect::marks_metadata) {
        return Ok(false);
    }
    let is_manifest = |path: &str| path.ends_with(".toml") && path != crate::project::CONFIGURATION_FILE;
    // Manifests further down count where there is no metadata beside them.
    Ok(paths().any(|path| is_manifest(path) && !path.contains('/'))
        || paths().all(is_manifest) && !entries.is_empty())
}

fn files_side(files: Files, name: String) -> Result<Side, Failure> {
    let collected = components::collect(files)?;
    if collected.components.is_empty() {
        let mut diagnostics = components::findings(&collected, Severity::Warning);
        diagnostics.push(components::nothing(&name, &collected));
        return Err(Failure::diagnostics(Sources::default(), diagnostics));
    }
    Ok(Side::Files { name, collected })
}

/// Both sides as plain data. Only here an org is asked, for no more than the other side has.
fn sets(before: &Side, after: &Side, terminal: &Terminal) -> Result<(Set, Set), Failure> {
    let without_org = |side: &Side| match side {
        Side::Manifest { name, loaded } => Some(Set::of_manifest(name, &loaded.desired, None)),
        Side::Files { name, collected } => Some(Set::of_files(name, collected)),
        Side::Nothing(name) => Some(nothing(name)),
        Side::Org(_) => None,
    };
    if let (Some(before), Some(after)) = (without_org(before), without_org(after)) {
        return Ok((before, after));
    }
    let set = async |side: &Side, other: &Side| -> Result<Set, Failure> {
        match side {
            Side::Org(name) => of_org(name, other, terminal).await,
            Side::Files { name, collected } => Ok(Set::of_files(name, collected)),
            Side::Nothing(name) => Ok(nothing(name)),
            Side::Manifest { name, loaded } => {
                let Side::Org(org) = other else {
                    return Ok(Set::of_manifest(name, &loaded.desired, None));
                };
                let opened = target::open(Some(org), loaded, false, terminal).await?;
                let mut desired = loaded.desired.clone();
                let observed = wire::observe_named(&mut desired, &opened.org).await;
                opened.close().await;
                Ok(Set::of_manifest(name, &desired, Some(&observed?)))
            }
        }
    };
    online(async { Ok((set(before, after).await?, set(after, before).await?)) })
}

/// A project without a component.
fn nothing(name: &str) -> Set {
    Set { name: name.to_owned(), origin: diff::Origin::Manifest, ..Set::default() }
}

async fn of_org(name: &str, other: &Side, terminal: &Terminal) -> Result<Set, Failure> {
    let shown = format!("org {name}");
    if let Side::Manifest { loaded, .. } = other {
        let opened = target::open(Some(name), loaded, false, terminal).await?;
        let observed = wire::observe_named(&mut loaded.desired.clone(), &opened.org).await;
        opened.close().await;
        let existing = observed?.components.into_iter().map(|(id, existing)| (id, existing.fields));
        return Ok(Set::of_org(shown, loaded.desired.api_version, existing));
    }
    let mut loaded = load::bare()?;
    let mut companions = Companions::new();
    let kinds: Vec<&'static Type> = match other {
        Side::Files { collected, .. } => {
            // At another version than theirs the org has elements that the files cannot have, and lacks others.
            let theirs = collected.api_version.as_ref().map(|(version, _)| *version);
            let is_known = |version: &u16| (OLDEST_API_VERSION..=NEWEST_API_VERSION).contains(version);
            if let Some(version) = theirs.filter(is_known) {
                loaded.desired.api_version = version;
            }
            for (id, found) in &collected.components {
                companions::add(&mut companions, id, &found.document.fields, |sited| Some(&sited.scalar));
            }
            let mut kinds: Vec<&'static Type> = collected.components.keys().map(|id| id.kind).collect();
            kinds.dedup_by_key(|kind| &kind.name);
            kinds
        }
        _ => types().iter().collect(),
    };
    let opened = target::open(Some(name), &loaded, false, terminal).await?;
    let version = loaded.desired.api_version;
    let everything = components::of_org(&opened, &kinds, &companions, version).await;
    opened.close().await;
    let (mut collected, _) = everything?;
    collected.api_version = Some((version, shown.clone()));
    Ok(Set { origin: diff::Origin::Org, ..Set::of_files(shown, &collected) })
}

/// Keeps the components that were asked for.
fn select(targets: &[String], before: &mut Set, after: &mut Set) -> Result<(), Failure> {
    if targets.is_empty() {
        return Ok(());
    }
    let wanted = chosen(targets, &before.components.keys().chain(after.components.keys()).collect())?;
    before.components.retain(|id, _| wanted.contains(id));
    after.components.retain(|id, _| wanted.contains(id));
    Ok(())
}

/// Reads addresses of components that one of the sides has.
fn chosen(targets: &[String], known: &BTreeSet<&ComponentId>) -> Result<Vec<ComponentId>, Failure> {
    let mut diagnostics = Diagnostics::default();
    let mut wanted = Vec::new();
    for address in targets {
        match ComponentId::parse(address).filter(|id| known.contains(id)) {
            Some(id) => wanted.push(id),
            None => {
                let names: Vec<String> = known.iter().map(ToString::to_string).collect();
                let diagnostic = Diagnostic::error(
                    Code::UnknownComponent,
                    format!("--target names `{address}`, which neither side has"),
                );
                diagnostics.push(match suggestion(address, names.iter().map(String::as_str)) {
                    Some(near) => diagnostic.help(format!("did you mean {near}?")),
                    None => diagnostic,
                });
            }
        }
    }
    if diagnostics.has_errors() {
        return Err(Failure::diagnostics(Sources::default(), diagnostics));
    }
    Ok(wanted)
}
