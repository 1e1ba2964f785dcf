//! Manifests + environment -> [`Desired`]: overlays applied, variables filled in, references checked.
//!
//! What only an org can tell stays a reference. Whether the values are good ones is for `lint`.

mod conditions;
mod desired;
mod evaluate;
mod merge;
mod moves;
mod origins;
mod spread;
mod steps;
mod variables;

use std::collections::{BTreeMap, BTreeSet};

use crate::component::{ComponentId, FieldPath, NEWEST_API_VERSION};
use crate::configuration::Configuration;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Located};
use crate::manifest::Manifest;

pub use desired::{Component, Desired, Follows, Keys, Leaf, ManualStep, Wanted, described_field};
pub use origins::{Origin, Origins, Traced, What, origins};
pub use variables::Giver;

use evaluate::Resolver;
use merge::{check_environments, check_variables, merge};

/// Everything `resolve` depends on.
pub struct Inputs<'a> {
    pub manifests: &'a [Manifest],
    pub configuration: &'a Configuration,
    pub environment: Option<&'a str>,
    /// `--var NAME=VALUE`.
    pub variables: &'a BTreeMap<String, String>,
    /// Looks up a process variable.
    pub process: &'a dyn Fn(&str) -> Option<String>,
    pub unset: Unset,
}

impl<'a> Inputs<'a> {
    /// Manifests by themselves: for no environment, and with no variables but their own.
    pub fn new(manifests: &'a [Manifest], configuration: &'a Configuration) -> Inputs<'a> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        Inputs {
            manifests,
            configuration,
            environment: None,
            variables: &NONE,
            process: &|_| None,
            unset: Unset::default(),
        }
    }
}

/// What becomes of a variable that has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unset {
    /// It is an error.
    #[default]
    Refused,
    /// Its reference stays in the text: enough to compare what was written.
    Kept,
}

/// Puts everything together. Problems are reported; what could be resolved is returned.
pub fn resolve(inputs: &Inputs<'_>, diagnostics: &mut Diagnostics) -> Desired {
    check_environments(inputs, diagnostics);
    check_variables(inputs, diagnostics);
    let merged = merge(inputs, diagnostics);
    let mut resolver = Resolver::new(inputs, &merged, diagnostics);
    let components: BTreeMap<ComponentId, Component> = merged
        .iter()
        .map(|(id, declaration)| {
            let mut keys = Keys::default();
            let fields =
                resolver.fields(id, &id.kind.fields, &FieldPath::root(), &declaration.settings, &mut keys);
            (id.clone(), Component { id: id.clone(), at: declaration.at, fields, keys })
        })
        .collect();
    let steps = steps::steps(inputs, &components, &mut resolver);
    let moves = moves::moves(inputs, &components, diagnostics);
    Desired {
        api_version: api_version(inputs, diagnostics),
        environment: inputs.environment.map(str::to_owned),
        predict_callback: predict_callback(inputs),
        components,
        foreign_hosts: foreign_hosts(inputs),
        resend: BTreeSet::new(),
        removals: moves.values().cloned().collect(),
        moves,
        steps,
        follows: follows(inputs),
        written_as: BTreeMap::new(),
    }
}

fn follows(inputs: &Inputs<'_>) -> Vec<Follows> {
    let of = |manifest: &Manifest| {
        let Located { value: guide, at } = manifest.guide.clone()?;
        let components = manifest.components.iter().map(|component| component.id.clone()).collect();
        Some(Follows { guide, at, components })
    };
    inputs.manifests.iter().filter_map(of).collect()
}

/// The same project in its other environments, as far as it can be resolved there. What is wrong in them is said when
/// they are chosen.
pub fn elsewhere(inputs: &Inputs<'_>) -> Vec<Desired> {
    let others = other_environments(inputs);
    let resolve_in = |name| {
        let inputs = Inputs { environment: Some(name), unset: Unset::Kept, ..*inputs };
        resolve(&inputs, &mut Diagnostics::default())
    };
    others.map(resolve_in).collect()
}

fn other_environments<'a>(inputs: &Inputs<'a>) -> impl Iterator<Item = &'a str> {
    let manifests = inputs.manifests.iter().flat_map(|manifest| manifest.environments.keys());
    let names: BTreeSet<&str> =
        manifests.chain(inputs.configuration.environments.keys()).map(String::as_str).collect();
    let chosen = inputs.environment;
    names.into_iter().filter(move |name| chosen != Some(name))
}

fn foreign_hosts(inputs: &Inputs<'_>) -> BTreeMap<String, String> {
    let host = |inputs: &Inputs<'_>| {
        let org = environment_org(inputs)?;
        let url = inputs.configuration.orgs.get(&org.value)?.instance_url.as_ref()?;
        let (_, rest) = url.value.split_once("://")?;
        rest.split(['/', ':']).next().map(str::to_ascii_lowercase)
    };
    if inputs.environment.is_none() {
        return BTreeMap::new();
    }
    let own = host(inputs);
    let others = other_environments(inputs)
        .filter_map(|name| Some((host(&Inputs { environment: Some(name), ..*inputs })?, name.to_owned())));
    others.filter(|(host, _)| own.as_ref() != Some(host)).collect()
}

/// The name of the org that the environment goes to, and where that is written.
pub fn environment_org<'a>(inputs: &Inputs<'a>) -> Option<&'a Located<String>> {
    environments(inputs).find_map(|environment| environment.org.as_ref())
}

fn environments<'a>(inputs: &Inputs<'a>) -> impl Iterator<Item = &'a crate::manifest::Environment> {
    let name = inputs.environment;
    let manifests = inputs.manifests.iter().map(|manifest| &manifest.environments);
    manifests
        .chain(std::iter::once(&inputs.configuration.environments))
        .filter_map(move |environments| environments.get(name?))
}

fn predict_callback(inputs: &Inputs<'_>) -> bool {
    environments(inputs).find_map(|environment| environment.predict_callback).unwrap_or(false)
}

fn api_version(inputs: &Inputs<'_>, diagnostics: &mut Diagnostics) -> u16 {
    let mut written = inputs.manifests.iter().filter_map(|manifest| manifest.api_version.as_ref());
    let Some(first) = written.next() else {
        return inputs.configuration.api_version.as_ref().map_or(NEWEST_API_VERSION, |version| version.value);
    };
    for other in written {
        if other.value != first.value {
            diagnostics.push(
                Diagnostic::error(
                    Code::MixedApiVersions,
                    "the manifests of one project have different API versions",
                )
                .label(other.at, format!("{}.0 here", other.value))
                .label(first.at, format!("{}.0 here", first.value))
                .help("a package has one API version: write the same in each, or once in orgwire.toml"),
            );
        }
    }
    first.value
}
