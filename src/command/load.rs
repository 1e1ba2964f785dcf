//! From what was typed to what is desired: the stages that every command on a project begins with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::cli;
use crate::command::{Exit, Failure};
use crate::component::ComponentId;
use crate::configuration::{self, Configuration};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Located, SourceId, Sources, Span, suggestion};
use crate::manifest::Manifest;
use crate::project::{self, Project};
use crate::render::{TemplateError, Templates};
use crate::resolve::{self, Desired, Inputs};
use crate::{lint, manifest};

/// A project that nothing is wrong with.
pub struct Loaded {
    pub sources: Sources,
    pub configuration: Configuration,
    pub desired: Desired,
    /// The org that the chosen environment goes to.
    pub environment_org: Option<Located<String>>,
    /// Warnings.
    pub diagnostics: Diagnostics,
    pub templates: Templates,
}

impl Loaded {
    /// An empty list for later problems, which knows what must not be shown.
    pub fn nothing_found(&self) -> Diagnostics {
        let mut diagnostics = self.diagnostics.clone();
        diagnostics.retain(|_| false);
        diagnostics
    }
}

/// Reads, resolves and checks a project. Every problem is found before the first is reported.
pub fn load(arguments: &cli::Project) -> Result<Loaded, Failure> {
    let (loaded, denied) = check(arguments)?;
    if loaded.diagnostics.has_errors() {
        let exit = if denied { Exit::Policy } else { Exit::Error };
        return Err(Failure::diagnostics(loaded.sources, loaded.diagnostics).exit(exit));
    }
    Ok(loaded)
}

/// The same, problems included. The flag tells whether all errors are lints that the project denies.
pub fn check(arguments: &cli::Project) -> Result<(Loaded, bool), Failure> {
    let mut project = Project::default();
    let mut diagnostics = Diagnostics::default();
    let configuration = match project::read_configuration(Path::new(""), &mut project, &mut diagnostics)? {
        Some(id) => configuration::read(id, project.sources.get(id), &mut diagnostics),
        None => Configuration::default(),
    };
    let paths = if !arguments.paths.is_empty() {
        arguments.paths.clone()
    } else if !configuration.manifests.is_empty() {
        configuration.manifests.clone()
    } else {
        vec![PathBuf::from(project::DEFAULT_FOLDER)]
    };
    if arguments.paths.is_empty() && configuration.manifests.is_empty() && !paths[0].is_dir() {
        diagnostics.push(
            Diagnostic::error(
                Code::EmptyProject,
                format!("there is no folder `{}` here, and no PATH was given", paths[0].display()),
            )
            .help(
                "write a first manifest with `orgwire init --from axsy`, or name a file: `orgwire plan PATH`",
            ),
        );
    } else {
        project::read_manifests(&paths, &mut project, &mut diagnostics)?;
    }
    let templates = templates(&configuration, &mut project, &mut diagnostics)?;
    let manifests: Vec<Manifest> = project
        .manifests
        .iter()
        .map(|id| manifest::read(*id, project.sources.get(*id), &mut diagnostics))
        .collect();
    if !manifests.is_empty()
        && !diagnostics.has_errors()
        && manifests.iter().all(|manifest| manifest.components.is_empty())
    {
        diagnostics.push(
            Diagnostic::error(Code::EmptyProject, "the project declares no component").help(
                "declare one, for example [connected-app.My_App]; `orgwire init --from axsy` shows how",
            ),
        );
    }
    let variables: BTreeMap<String, String> = arguments.var.iter().cloned().collect();
    let inputs = Inputs {
        manifests: &manifests,
        configuration: &configuration,
        environment: arguments.env.as_deref(),
        variables: &variables,
        process: &|name| std::env::var(name).ok(),
    };
    let desired = resolve::resolve(&inputs, &mut diagnostics);
    let environment_org = resolve::environment_org(&inputs).cloned();
    let targets = addresses("--target", &arguments.target, &desired, &mut diagnostics);
    // Policies are judged only where everything else could be understood.
    let broken = diagnostics.has_errors();
    lint::lint(&desired, &mut diagnostics);
    let denied = lint::apply_levels(&configuration.lint, &mut diagnostics);
    let all_denied = denied && !broken && !has_other_errors(&configuration, &diagnostics);
    let desired = desired.select(&targets);
    let sources = project.sources;
    Ok((Loaded { sources, configuration, desired, environment_org, diagnostics, templates }, all_denied))
}

fn has_other_errors(configuration: &Configuration, diagnostics: &Diagnostics) -> bool {
    diagnostics.sorted().iter().any(|found| {
        found.severity == crate::diagnostic::Severity::Error
            && configuration.lint.get(&found.code) != Some(&configuration::Level::Deny)
    })
}

/// Reads addresses of desired components, as given to a flag.
pub fn addresses(
    flag: &str,
    written: &[String],
    desired: &Desired,
    diagnostics: &mut Diagnostics,
) -> Vec<ComponentId> {
    let mut found = BTreeSet::new();
    for address in written {
        match ComponentId::parse(address).filter(|id| desired.components.contains_key(id)) {
            Some(id) => {
                found.insert(id);
            }
            None => {
                let known: Vec<String> = desired.components.keys().map(ToString::to_string).collect();
                let mut diagnostic = Diagnostic::error(
                    Code::UnknownComponent,
                    format!("{flag} names `{address}`, which is not declared"),
                );
                diagnostic = match suggestion(address, known.iter().map(String::as_str)) {
                    Some(near) => diagnostic.help(format!("did you mean {near}?")),
                    None => diagnostic.help(format!("declared: {}", known.join(", "))),
                };
                diagnostics.push(diagnostic);
            }
        }
    }
    found.into_iter().collect()
}

fn unreadable(error: &TemplateError, template: SourceId, sources: &Sources) -> Diagnostic {
    let source = sources.get(template);
    let mut diagnostic =
        Diagnostic::error(Code::InvalidTemplate, format!("the template `{}` cannot be read", source.path))
            .help("correct it, or remove it from [templates] in orgwire.toml to use the built-in one");
    if let TemplateError::Unreadable { place, .. } = error
        && let Some((line, column)) = place.position
    {
        let at = offset(&source.text, line, column);
        diagnostic = diagnostic.label(Span::new(template, at..at), "the template engine stopped here");
    }
    if let Some(cause) = std::error::Error::source(error) {
        let said = cause.to_string();
        diagnostic = diagnostic.cause(said.strip_prefix("error: ").unwrap_or(&said).trim_end());
    }
    diagnostic
}

/// The byte at a line and column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = &text[start.min(text.len())..];
    start + rest.char_indices().nth(column - 1).map_or(rest.trim_end().len(), |(at, _)| at)
}

/// The built-in templates, with those that the project replaces.
fn templates(
    configuration: &Configuration,
    project: &mut Project,
    diagnostics: &mut Diagnostics,
) -> Result<Templates, Failure> {
    let mut overrides = Vec::new();
    let mut read = Vec::new();
    for (name, path) in &configuration.templates {
        if !path.value.is_file() {
            diagnostics.push(
                Diagnostic::error(
                    Code::UnknownTemplate,
                    format!("the template `{}` does not exist", path.value.display()),
                )
                .label(path.at, "no such file")
                .help("correct the path, which starts at the folder of orgwire.toml"),
            );
            continue;
        }
        if let Some(id) = project::read_file(&path.value, &mut project.sources, diagnostics)? {
            let source = project.sources.get(id);
            overrides.push((name.clone(), source.path.clone(), source.text.clone()));
            read.push((name, id));
        }
    }
    let templates =
        Templates::with_overrides(overrides).map_err(|error: TemplateError| Failure::from(error))?;
    for (name, id) in read {
        if let Err(error) = templates.check(name) {
            diagnostics.push(unreadable(&error, id, &project.sources));
        }
    }
    Ok(templates)
}
