//! From what was typed to what is desired: the stages that every command on a project begins with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml::value::Date;

use crate::cli;
use crate::command::{Exit, Failure};
use crate::component::ComponentId;
use crate::configuration::{self, Configuration, Lint};
use crate::diagnostic::{
    Code, Diagnostic, Diagnostics, Located, Severity, SourceId, Sources, Span, suggestion,
};
use crate::lint::{Policy, Waived};
use crate::manifest::Manifest;
use crate::project::{self, Project, Where};
use crate::render::{TemplateError, Templates};
use crate::resolve::{self, Desired, Inputs, Origins};
use crate::{lint, manifest};

/// A project that nothing is wrong with.
pub struct Loaded {
    pub sources: Sources,
    pub configuration: Configuration,
    pub desired: Desired,
    /// The org that the chosen environment goes to.
    pub environment_org: Option<Located<String>>,
    /// Names of all environments of the project.
    pub environments: BTreeSet<String>,
    /// Whether everything that was written could be understood, whatever an org or a rule would say to it.
    pub is_understood: bool,
    /// Warnings.
    pub diagnostics: Diagnostics,
    /// Findings that somebody has answered for.
    pub waived: Vec<Waived>,
    /// What waivers are judged by.
    pub today: Date,
    pub templates: Templates,
    /// As written, to tell where values came from.
    manifests: Vec<Manifest>,
}

impl Loaded {
    /// Where the values came from, of a project that was loaded with this choice.
    pub fn origins(&self, choice: &cli::Choice) -> Origins {
        let variables = variables(choice);
        let inputs = inputs(&self.manifests, &self.configuration, choice, &variables, Purpose::Comparing);
        let mut origins = resolve::origins(&inputs);
        for (there, written) in &self.desired.written_as {
            if let Some(traced) = origins.remove(written) {
                origins.insert(there.clone(), traced);
            }
        }
        origins.retain(|id, _| self.desired.components.contains_key(id));
        origins
    }

    /// By what later findings are judged.
    pub fn policy(&self) -> Policy<'_> {
        let environment = self.desired.environment.as_deref();
        Policy { lint: &self.configuration.lint, environment, today: self.today }
    }

    /// An empty list for later problems, which knows what must not be shown.
    pub fn nothing_found(&self) -> Diagnostics {
        let mut diagnostics = self.diagnostics.clone();
        diagnostics.retain(|_| false);
        diagnostics
    }
}

/// What a project is loaded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be sent: whatever an org would refuse is an error.
    Sending,
    /// To be looked at: whatever can be rendered will do, see [`Code::FOR_THE_ORG`].
    Reading,
    /// To be compared: values that are given later may be missing as well, and policies are not asked.
    Comparing,
    /// To be reviewed: values may be missing as well, and rules and policies say everything they have to say.
    Reviewing,
}

impl Purpose {
    fn keeps_unset(self) -> bool {
        matches!(self, Purpose::Comparing | Purpose::Reviewing)
    }
}

/// Reads, resolves and checks the project on disk. Every problem is found before the first is reported.
pub fn load(arguments: &cli::Project, purpose: Purpose) -> Result<Loaded, Failure> {
    load_from(arguments, &Where::Disk, purpose)
}

/// The same with a project that may lie elsewhere: manifests, orgwire.toml and templates of a git revision.
pub fn load_from(arguments: &cli::Project, from: &Where, purpose: Purpose) -> Result<Loaded, Failure> {
    let (loaded, denied) = check(arguments, from, purpose)?;
    if loaded.diagnostics.has_errors() {
        let exit = if denied { Exit::Policy } else { Exit::Error };
        return Err(Failure::diagnostics(loaded.sources, loaded.diagnostics).exit(exit));
    }
    Ok(loaded)
}

/// No project but what orgwire.toml says, for commands that look at something else.
pub fn bare() -> Result<Loaded, Failure> {
    let mut project = Project::default();
    let mut diagnostics = Diagnostics::default();
    let read = project::read_configuration(Path::new(""), &Where::Disk, &mut project, &mut diagnostics)?;
    let configuration = match read {
        Some(id) => configuration::read(id, project.sources.get(id), &mut diagnostics),
        None => Configuration::default(),
    };
    if diagnostics.has_errors() {
        return Err(Failure::diagnostics(project.sources, diagnostics));
    }
    let desired = resolve::resolve(&Inputs::new(&[], &configuration), &mut diagnostics);
    let sources = project.sources;
    let templates = Templates::built_in()?;
    Ok(Loaded {
        environments: environments(&[], &configuration),
        sources,
        configuration,
        desired,
        environment_org: None,
        is_understood: true,
        diagnostics,
        waived: Vec::new(),
        today: today(),
        templates,
        manifests: Vec::new(),
    })
}

/// Whether there is anything of a project that was not given paths: its configuration may name some.
pub fn is_there(from: &Where) -> Result<bool, Failure> {
    let mut project = Project::default();
    // What is wrong with the configuration is said by whoever loads the project.
    let mut diagnostics = Diagnostics::default();
    let read = project::read_configuration(Path::new(""), from, &mut project, &mut diagnostics)?;
    let configuration = read.map(|id| configuration::read(id, project.sources.get(id), &mut diagnostics));
    if diagnostics.has_errors() {
        return Ok(true);
    }
    for path in paths(&[], &configuration.unwrap_or_default()) {
        if from.is_folder(&path)? || from.is_file(&path)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where manifests are: as typed, as configured, or where everybody has them.
fn paths(typed: &[PathBuf], configuration: &Configuration) -> Vec<PathBuf> {
    if !typed.is_empty() {
        typed.to_vec()
    } else if !configuration.manifests.is_empty() {
        configuration.manifests.clone()
    } else {
        vec![PathBuf::from(project::DEFAULT_FOLDER)]
    }
}

/// The same, problems included. The flag tells whether all errors are lints that the project denies.
pub fn check(arguments: &cli::Project, from: &Where, purpose: Purpose) -> Result<(Loaded, bool), Failure> {
    let mut project = Project::default();
    let mut diagnostics = Diagnostics::default();
    let root = Path::new("");
    let configuration = match project::read_configuration(root, from, &mut project, &mut diagnostics)? {
        Some(id) => configuration::read(id, project.sources.get(id), &mut diagnostics),
        None => Configuration::default(),
    };
    let paths = paths(&arguments.paths, &configuration);
    if arguments.paths.is_empty() && configuration.manifests.is_empty() && !from.is_folder(&paths[0])? {
        let there = match from {
            Where::Disk => "here".to_owned(),
            Where::Revision(revision) => format!("at `{}`", revision.name()),
        };
        diagnostics.push(
            Diagnostic::error(
                Code::EmptyProject,
                format!("there is no folder `{}` {there}, and no PATH was given", paths[0].display()),
            )
            .help(
                "write a first manifest with `orgwire init --from axsy`, or name a file: `orgwire plan PATH`",
            ),
        );
    } else {
        project::read_manifests(&paths, from, &mut project, &mut diagnostics)?;
    }
    let templates = templates(&configuration, from, &mut project, &mut diagnostics)?;
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
    let variables = variables(&arguments.choice);
    let inputs = inputs(&manifests, &configuration, &arguments.choice, &variables, purpose);
    let desired = resolve::resolve(&inputs, &mut diagnostics);
    let environment_org = resolve::environment_org(&inputs).cloned();
    let targets = addresses("--target", &arguments.choice.target, &desired, &mut diagnostics);
    // Policies are judged only where everything else could be understood.
    let broken = diagnostics.has_errors();
    let is_understood = !diagnostics
        .sorted()
        .iter()
        .any(|found| found.severity == Severity::Error && !Code::FOR_THE_ORG.contains(&found.code));
    let environments = environments(&manifests, &configuration);
    lint::lint(&desired, &mut diagnostics);
    if matches!(purpose, Purpose::Reading | Purpose::Comparing) {
        lint::spare_the_org(&mut diagnostics);
    }
    let today = today();
    let others =
        if broken || purpose == Purpose::Comparing { Vec::new() } else { resolve::elsewhere(&inputs) };
    lint::lint_beside(&desired, &others.iter().collect::<Vec<_>>(), &mut diagnostics);
    let (lint, environment) = match purpose {
        Purpose::Comparing => (&Lint::default(), None),
        _ => (&configuration.lint, desired.environment.as_deref()),
    };
    let policy = Policy { lint, environment, today };
    let mut judgement = lint::judge(&policy, &mut diagnostics);
    if !broken && !lint.waivers.is_empty() {
        lint::check_expiry(&policy, &mut judgement, &mut diagnostics);
        let reads_all = arguments.paths.is_empty();
        lint::check_use(&policy, &judgement, &desired, &others, reads_all, &mut diagnostics);
    }
    let all_denied = judgement.denied && !broken && !has_other_errors(&diagnostics);
    let desired = desired.select(&targets);
    let sources = project.sources;
    let loaded = Loaded {
        sources,
        configuration,
        desired,
        environment_org,
        environments,
        is_understood,
        diagnostics,
        waived: judgement.waived,
        today,
        templates,
        manifests,
    };
    Ok((loaded, all_denied))
}

fn variables(choice: &cli::Choice) -> BTreeMap<String, String> {
    choice.var.iter().cloned().collect()
}

fn inputs<'a>(
    manifests: &'a [Manifest],
    configuration: &'a Configuration,
    choice: &'a cli::Choice,
    variables: &'a BTreeMap<String, String>,
    purpose: Purpose,
) -> Inputs<'a> {
    Inputs {
        manifests,
        configuration,
        environment: choice.env.as_deref(),
        variables,
        process: &|name| std::env::var(name).ok(),
        unset: if purpose.keeps_unset() { resolve::Unset::Kept } else { resolve::Unset::Refused },
    }
}

fn environments(manifests: &[Manifest], configuration: &Configuration) -> BTreeSet<String> {
    let written = manifests.iter().flat_map(|manifest| manifest.environments.keys());
    written.chain(configuration.environments.keys()).cloned().collect()
}

/// The day, where the sun stands highest over Greenwich: the same for everybody who works on a project.
fn today() -> Date {
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
    let read = now.parse::<toml::value::Datetime>().ok().and_then(|moment| moment.date);
    // A clock that is beyond the year 9999 lets no waiver count.
    read.unwrap_or(Date { year: 9999, month: 12, day: 31 })
}

fn has_other_errors(diagnostics: &Diagnostics) -> bool {
    diagnostics.sorted().iter().any(|found| {
        // Policies are errors only where they are denied.
        let is_policy = Code::POLICIES.contains(&found.code) || found.code == Code::ExpiredWaiver;
        found.severity == Severity::Error && !is_policy
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
        Diagnostic::error(Code::InvalidTemplate, format!("the template `{}` cannot be read", source.name))
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
    from: &Where,
    project: &mut Project,
    diagnostics: &mut Diagnostics,
) -> Result<Templates, Failure> {
    let mut overrides = Vec::new();
    let mut read = Vec::new();
    for (name, path) in &configuration.templates {
        if !from.is_file(&path.value)? {
            diagnostics.push(
                Diagnostic::error(
                    Code::UnknownTemplate,
                    format!("the template `{}` does not exist", from.name(&path.value)),
                )
                .label(path.at, "no such file")
                .help("correct the path, which starts at the folder of orgwire.toml"),
            );
            continue;
        }
        if let Some(id) = project::read_file(&path.value, from, &mut project.sources, diagnostics)? {
            let source = project.sources.get(id);
            overrides.push((name.clone(), source.name.clone(), source.text.clone()));
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;
    use crate::diagnostic::Severity;
    use crate::files::Revision;

    /// A project in a repository, with a tag on each of its states.
    struct Repository(tempfile::TempDir);

    impl Repository {
        fn new() -> Repository {
            let repository = Repository(tempfile::tempdir().unwrap());
            repository.git(&["init", "--quiet"]);
            repository
        }

        fn git(&self, words: &[&str]) {
            let output = Command::new("git")
                .arg("-C")
                .arg(self.0.path())
                .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
                .args(["-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false", "-c", "core.autocrlf=false"])
                .args(words)
                .output()
                .unwrap();
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        }

        fn write(&self, path: &str, text: &str) -> &Repository {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            self
        }

        fn tag(&self, name: &str) -> &Repository {
            self.git(&["add", "--all", "--force"]);
            self.git(&["commit", "--quiet", "--message", name]);
            self.git(&["tag", name]);
            self
        }

        fn at(&self, revision: &str) -> Where {
            Where::Revision(Revision::find(self.0.path(), revision).unwrap())
        }
    }

    fn project(paths: &[&str]) -> cli::Project {
        cli::Project { paths: paths.iter().map(PathBuf::from).collect(), choice: cli::Choice::default() }
    }

    fn app(label: &str) -> String {
        format!("[connected-app.Orders]\nlabel = \"{label}\"\ncontact-email = \"a@example.com\"\n")
    }

    /// The label that is desired, or what is wrong, a line each.
    fn label(paths: &[&str], from: &Where) -> String {
        let (loaded, _) = check(&project(paths), from, Purpose::Reading).unwrap();
        let found: Vec<String> = loaded
            .diagnostics
            .sorted()
            .iter()
            .filter(|found| found.severity == Severity::Error)
            .map(|found| {
                let place = found.labels.first().map(|(at, _)| loaded.sources.position(*at).to_string());
                format!("{} {}: {}", found.code, place.unwrap_or_default(), found.message)
            })
            .collect();
        if !found.is_empty() {
            return found.join("\n");
        }
        loaded.desired.components.values().filter_map(|component| component.text("label")).collect()
    }

    #[test]
    fn a_project_is_loaded_as_it_was_at_a_revision() {
        let repository = Repository::new();
        repository.write("manifests/a.toml", &app("old")).write("manifests/b/c.txt", "x").tag("v1");
        repository.write("manifests/a.toml", &app("new")).tag("v2");
        repository.write("manifests/a.toml", "broken = ");
        assert_eq!(label(&[], &repository.at("v1")), "old");
        assert_eq!(label(&[], &repository.at("v2")), "new");
        assert_eq!(label(&["manifests/a.toml", "./manifests"], &repository.at("v2")), "new");
    }

    #[test]
    fn its_configuration_and_templates_are_of_that_revision_too() {
        let repository = Repository::new();
        let configuration = "manifests = [\"trust\"]\n[variables]\nname = \"from then\"\n\
                             [templates]\nConnectedApp = \"xml/app.xml\"\n";
        repository
            .write("orgwire.toml", configuration)
            .write("trust/a.toml", &app("${var.name}"))
            .write("xml/app.xml", "<app>{{ label }}</app>\n")
            .tag("then");
        repository.git(&["rm", "--quiet", "-r", "xml"]);
        repository.tag("now");
        assert_eq!(label(&[], &repository.at("then")), "from then");
        assert_eq!(
            label(&[], &repository.at("now")),
            "unknown-template orgwire.toml (at now):5:16: \
             the template `xml/app.xml (at now)` does not exist"
        );
        repository.write("xml/app.xml", "<app>{{ label }</app>\n").tag("broken");
        assert!(
            label(&[], &repository.at("broken")).starts_with("invalid-template xml/app.xml (at broken):1:")
        );
    }

    #[test]
    fn findings_name_the_revision() {
        let repository = Repository::new();
        repository.write("manifests/a.toml", "[connected-app.Orders]\nlable = \"x\"\n").tag("v1");
        assert_eq!(
            label(&[], &repository.at("v1")),
            "unknown-key manifests/a.toml (at v1):2:1: `connected-app.Orders` has no key `lable`"
        );
        assert_eq!(
            label(&["."], &repository.at("HEAD")),
            "unknown-key manifests/a.toml (at HEAD):2:1: `connected-app.Orders` has no key `lable`"
        );
    }

    #[test]
    fn a_revision_without_a_project_says_so() {
        let repository = Repository::new();
        repository.write("notes/readme.txt", "x").tag("v1");
        assert_eq!(
            label(&[], &repository.at("v1")),
            "empty-project : there is no folder `manifests` at `v1`, and no PATH was given"
        );
        assert_eq!(
            label(&["notes"], &repository.at("v1")),
            "empty-project : no manifest found in `notes (at v1)`"
        );
        let error = project::read_manifests(
            &["nope".into()],
            &repository.at("v1"),
            &mut Project::default(),
            &mut Diagnostics::default(),
        );
        assert_eq!(error.unwrap_err().to_string(), "there is no `nope` at revision `v1`");
    }

    #[cfg(unix)]
    #[test]
    fn a_project_that_lacks_files_at_a_revision_is_not_taken_for_whole() {
        let repository = Repository::new();
        repository.write("manifests/a.toml", &app("x")).write("shared/b.toml", "");
        std::os::unix::fs::symlink("../shared", repository.0.path().join("manifests/shared")).unwrap();
        std::os::unix::fs::symlink("../readme", repository.0.path().join("manifests/readme")).unwrap();
        repository.tag("v1");
        let Err(error) = project::read_manifests(
            &["manifests".into()],
            &repository.at("v1"),
            &mut Project::default(),
            &mut Diagnostics::default(),
        ) else {
            panic!("it was read");
        };
        assert_eq!(error.to_string(), "cannot read `manifests/shared (at v1)`");
    }

    #[test]
    fn what_an_org_would_refuse_is_an_error_only_to_those_who_send() {
        let repository = Repository::new();
        repository.write("manifests/a.toml", &app("x").replace("a@example.com", "nobody")).tag("v1");
        let found = |purpose| check(&project(&[]), &repository.at("v1"), purpose).unwrap().0.diagnostics;
        assert!(found(Purpose::Sending).has_errors());
        assert!(!found(Purpose::Reading).has_errors());
        assert_eq!(found(Purpose::Reading).len(), found(Purpose::Sending).len());
    }
}
