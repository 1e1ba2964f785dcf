//! Reads `orgwire.toml`: where manifests are, what orgs are called, what an environment means everywhere,
//! and how strict the lints are. All of it is optional.

mod lint;
mod login;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeValue;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Located, Source, SourceId, Span, suggestion};
use crate::manifest::{self, Environment, Variable};
use crate::setting::Context;
pub use lint::{EnvironmentLint, Level, Lint, Waiver};
pub use login::{Login, Value, WAYS, Way};

/// What `orgwire.toml` says.
#[derive(Debug, Default)]
pub struct Configuration {
    pub api_version: Option<Located<u16>>,
    /// Files and folders, used when the command line names none.
    pub manifests: Vec<PathBuf>,
    pub variables: BTreeMap<String, Variable>,
    pub environments: BTreeMap<String, Environment>,
    pub orgs: BTreeMap<String, NamedOrg>,
    pub lint: Lint,
    /// Templates that replace built-in ones, by type name.
    pub templates: BTreeMap<String, Located<PathBuf>>,
}

/// `[org.NAME]`.
#[derive(Debug, Clone)]
pub struct NamedOrg {
    pub at: Span,
    pub instance_url: Option<Located<String>>,
    pub login: Option<Login>,
}

/// Reads the file. Everything wrong with it is reported; what could be read is returned.
pub fn read(source: SourceId, file: &Source, diagnostics: &mut Diagnostics) -> Configuration {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let mut context = Context { source, text: &file.text, folder, diagnostics };
    let mut configuration = Configuration::default();
    let Some(document) = manifest::parse(&mut context) else { return configuration };
    for (key, value) in document.get_ref() {
        let context = &mut context;
        match &**key.get_ref() {
            "api-version" => configuration.api_version = manifest::api_version(context, value),
            "manifests" => configuration.manifests = paths(context, value),
            "variables" => configuration.variables = manifest::variables(context, value),
            "environment" => {
                manifest::each_table(context, value, "`environment`", |context, name, at, table| {
                    let about_lint = lint::of_environment(context, name, table);
                    configuration.lint.environments.insert(name.to_owned(), about_lint);
                    let known = &lint::KEYS_OF_ENVIRONMENT;
                    let environment = manifest::environment(context, name, at, table, known);
                    if let Some(overlay) = environment.components.first() {
                        context.error(
                            Diagnostic::error(
                                Code::UnknownKey,
                                format!("`{}` cannot be overlaid in orgwire.toml", overlay.id),
                            )
                            .label(overlay.at, "an overlay belongs beside its component")
                            .help(format!("move it to the manifest: [environment.{name}.{}]", overlay.id)),
                        );
                    }
                    configuration.environments.insert(name.to_owned(), environment);
                })
            }
            "org" => manifest::each_table(context, value, "`org`", |context, name, at, table| {
                let mut org = NamedOrg { at, instance_url: None, login: None };
                for (key, value) in table {
                    match (&**key.get_ref(), value.get_ref()) {
                        ("instance-url", DeValue::String(url)) => {
                            let at = context.span(value);
                            org.instance_url = Some(Located::new(url.clone().into_owned(), at));
                        }
                        ("instance-url", _) => {
                            context.wrong_type(
                                &format!("`instance-url` of org `{name}`"),
                                value,
                                "a string",
                                None,
                            );
                        }
                        ("login", _) => {
                            let at = context.span(key);
                            org.login = login::read(context, name, at, value);
                        }
                        _ => {
                            let known = ["instance-url", "login"];
                            context.unknown_key(key, value, &format!("org `{name}`"), known);
                        }
                    }
                }
                configuration.orgs.insert(name.to_owned(), org);
            }),
            "lint" => lint::read(context, value, &mut configuration.lint),
            "templates" => configuration.templates = templates(context, value),
            _ => context.unknown_key(
                key,
                value,
                "orgwire.toml",
                ["api-version", "manifests", "variables", "environment", "org", "lint", "templates"],
            ),
        }
    }
    configuration
}

fn paths(context: &mut Context<'_>, value: &Spanned<DeValue<'_>>) -> Vec<PathBuf> {
    let DeValue::Array(items) = value.get_ref() else {
        context.wrong_type("`manifests`", value, "a list of paths", None);
        return Vec::new();
    };
    let mut paths = Vec::new();
    for item in items {
        match item.get_ref() {
            DeValue::String(path) => paths.push(context.folder.join(&**path)),
            _ => context.wrong_type("a path in `manifests`", item, "a string", None),
        }
    }
    paths
}

fn templates(context: &mut Context<'_>, value: &Spanned<DeValue<'_>>) -> BTreeMap<String, Located<PathBuf>> {
    let mut templates = BTreeMap::new();
    let DeValue::Table(table) = value.get_ref() else {
        context.wrong_type("`templates`", value, "a table of paths by type name", None);
        return templates;
    };
    for (key, value) in table {
        let name: &str = key.get_ref();
        if crate::component::type_named(name).is_none() {
            let names = || crate::component::types().iter().map(|kind| kind.name.as_str());
            let mut diagnostic =
                Diagnostic::error(Code::UnknownTemplate, format!("there is no template `{name}` to replace"))
                    .label(context.span(key), "not a metadata type")
                    .help(format!("types: {}", names().collect::<Vec<_>>().join(", ")));
            if let Some(near) = suggestion(name, names()) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            context.error(diagnostic);
            continue;
        }
        match value.get_ref() {
            DeValue::String(path) => {
                let at = context.span(value);
                templates.insert(name.to_owned(), Located::new(context.folder.join(&**path), at));
            }
            _ => context.wrong_type(&format!("the template of `{name}`"), value, "a path", None),
        }
    }
    templates
}
