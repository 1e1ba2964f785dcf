//! The stages between the text of a manifest and files, as the commands put them together.

use std::sync::LazyLock;

use orgwire::collect::Collected;
use orgwire::component::Type;
use orgwire::configuration::Configuration;
use orgwire::diagnostic::{Diagnostics, Sources};
use orgwire::lint::{lint, spare_the_org};
use orgwire::manifest;
use orgwire::plan;
use orgwire::reference::Observed;
use orgwire::render::{MetadataFiles, SecretText, Templates, render};
use orgwire::report;
use orgwire::resolve::{Desired, Inputs, resolve};

static TEMPLATES: LazyLock<Templates> =
    LazyLock::new(|| Templates::built_in().expect("the built-in templates can be read"));

/// A manifest that was read.
pub struct Read {
    pub sources: Sources,
    pub desired: Desired,
    /// Without those of `lint`.
    pub diagnostics: Diagnostics,
    /// What only `lint` says, as `render` takes it.
    pub findings: Diagnostics,
}

pub fn read(text: &str) -> Read {
    let mut sources = Sources::default();
    let id = sources.add("manifest.toml", text);
    let mut diagnostics = Diagnostics::default();
    let manifest = manifest::read(id, sources.get(id), &mut diagnostics);
    let configuration = Configuration::default();
    let inputs = Inputs {
        environment: manifest.environments.keys().next().map(String::as_str),
        ..Inputs::new(std::slice::from_ref(&manifest), &configuration)
    };
    let desired = resolve(&inputs, &mut diagnostics);
    let mut findings = Diagnostics::default();
    lint(&desired, &mut findings);
    spare_the_org(&mut findings);
    Read { sources, desired, diagnostics, findings }
}

/// Everything that is said of a manifest, in the words of one report.
pub fn told(read: &Read) -> String {
    let mut all = read.diagnostics.clone();
    all.merge(read.findings.clone());
    report::json::text(&report::json::diagnostics(&read.sources, &all))
}

pub fn rendered(desired: &Desired) -> MetadataFiles {
    let observed = Observed::default();
    let pass = plan::everything(desired, &observed);
    render(desired, &pass, &observed, SecretText::Masked, &TEMPLATES, 1)
        .unwrap_or_else(|error| panic!("a template fails: {error}"))
}

/// A component as files hold it, under this name.
pub fn collected(kind: &Type, name: &str, xml: &[u8], content: &[u8]) -> Collected {
    let mut collected = Collected::default();
    collected.add(&kind.path(name), "fuzzed.xml", xml);
    if let Some(path) = kind.content_path(name) {
        collected.add(&path, &path, content);
    }
    collected.finish();
    collected
}

/// The name of a component where an input says nothing of it.
pub fn name_of(kind: &Type) -> &str {
    kind.member.fixed.as_deref().unwrap_or("Fuzzed")
}
