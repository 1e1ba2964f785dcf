//! Which text a variable has: the one place that knows who comes first. What `--var` gives comes before all of this.
//!
//! A variable belongs to the file in which its reference stands: another manifest may have one of the same name.

use super::Inputs;
use crate::diagnostic::{Located, SourceId};
use crate::manifest::{Manifest, Variable};
use crate::setting::Text;

/// Who gave a variable its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Giver {
    /// `--var NAME=VALUE`
    CommandLine,
    /// `[environment.NAME.variables]`, of the manifest or of orgwire.toml.
    Environment,
    /// `[variables]`, of the manifest or of orgwire.toml.
    Default,
}

fn manifest_of<'a>(inputs: &Inputs<'a>, source: SourceId) -> Option<&'a Manifest> {
    inputs.manifests.iter().find(|manifest| manifest.source == source)
}

/// The declaration of a variable that is referred to in this file.
pub(super) fn declared<'a>(inputs: &Inputs<'a>, name: &str, source: SourceId) -> Option<&'a Variable> {
    manifest_of(inputs, source)
        .and_then(|manifest| manifest.variables.get(name))
        .or_else(|| inputs.configuration.variables.get(name))
}

/// What the manifest, the environment or orgwire.toml says of a variable, if `--var` does not.
pub(super) fn text<'a>(
    inputs: &Inputs<'a>,
    name: &str,
    source: SourceId,
) -> Option<(Giver, &'a Located<Text>)> {
    if inputs.variables.contains_key(name) {
        return None;
    }
    let here = manifest_of(inputs, source)
        .and_then(|manifest| manifest.environments.get(inputs.environment?))
        .and_then(|environment| environment.variables.get(name));
    let everywhere = || {
        let environment = inputs.configuration.environments.get(inputs.environment?)?;
        environment.variables.get(name)
    };
    let default = || declared(inputs, name, source)?.default.as_ref();
    match here.or_else(everywhere) {
        Some(text) => Some((Giver::Environment, text)),
        None => Some((Giver::Default, default()?)),
    }
}
