//! Manifests -> declarations as they count in one environment: overlays applied, names checked.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::{Inputs, conditions, spread};
use crate::component::ComponentId;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, suggestion};
use crate::manifest::{Condition, Declaration};
use crate::setting::{Setting, Settings};

pub(super) fn check_environments(inputs: &Inputs<'_>, diagnostics: &mut Diagnostics) {
    let known = || {
        let manifests = inputs.manifests.iter().flat_map(|manifest| manifest.environments.keys());
        manifests.chain(inputs.configuration.environments.keys()).map(String::as_str)
    };
    if let Some(name) = inputs.environment
        && !known().any(|other| other == name)
    {
        let mut diagnostic =
            Diagnostic::error(Code::UnknownEnvironment, format!("there is no environment `{name}`"));
        let mut names: Vec<&str> = known().collect();
        names.sort_unstable();
        names.dedup();
        diagnostic = match suggestion(name, known()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None if names.is_empty() => {
                diagnostic.help(format!("declare it: [environment.{name}.variables]"))
            }
            None => diagnostic.help(format!("known environments: {}", names.join(", "))),
        };
        diagnostics.push(diagnostic);
    }
}

pub(super) fn check_variables(inputs: &Inputs<'_>, diagnostics: &mut Diagnostics) {
    let everywhere = &inputs.configuration.variables;
    let known = || {
        let manifests = inputs.manifests.iter().flat_map(|manifest| manifest.variables.keys());
        manifests.chain(everywhere.keys()).map(String::as_str)
    };
    for name in inputs.variables.keys() {
        if !known().any(|other| other == name) {
            let mut diagnostic = Diagnostic::error(
                Code::UnknownVariable,
                format!("no manifest declares the variable `{name}` given with --var"),
            );
            if let Some(near) = suggestion(name, known()) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            } else {
                diagnostic = diagnostic.help("declare it under [variables] of the manifest that uses it");
            }
            diagnostics.push(diagnostic);
        }
    }
    // Every environment is checked, not only the chosen one: its day will come.
    for manifest in inputs.manifests {
        for (environment_name, environment) in &manifest.environments {
            for (name, text) in &environment.variables {
                if !manifest.variables.contains_key(name) && !everywhere.contains_key(name) {
                    let mut diagnostic = Diagnostic::error(
                        Code::UnknownVariable,
                        format!("environment `{environment_name}` sets the variable `{name}`, which is not declared"),
                    )
                    .label(text.at, "nothing uses this value")
                    .help(format!("declare it:\n[variables]\n{name} = {{ description = \"...\" }}"));
                    if let Some(near) = suggestion(name, manifest.variables.keys().map(String::as_str)) {
                        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                    }
                    diagnostics.push(diagnostic);
                }
            }
        }
    }
}

/// Declarations as they count in the chosen environment; copied only where something lies over them.
pub(super) type Merged<'a> = BTreeMap<ComponentId, Cow<'a, Declaration>>;

/// All components with the overlays of the chosen environment.
pub(super) fn merge<'a>(inputs: &Inputs<'a>, diagnostics: &mut Diagnostics) -> Merged<'a> {
    let mut merged = Merged::new();
    let absent = conditions::absent(inputs, diagnostics);
    for declaration in inputs.manifests.iter().flat_map(|manifest| &manifest.components) {
        if absent.contains(&declaration.at) {
            continue;
        }
        if let Some(first) = merged.get(&declaration.id) {
            diagnostics.push(
                Diagnostic::error(
                    Code::DuplicateComponent,
                    format!("`{}` is declared twice", declaration.id),
                )
                .label(declaration.at, "declared again here")
                .label(first.at, "declared here")
                .help("keep one; differences between environments go into [environment.NAME...]"),
            );
            continue;
        }
        merged.insert(declaration.id.clone(), Cow::Borrowed(declaration));
    }
    for manifest in inputs.manifests {
        for (name, environment) in &manifest.environments {
            for overlay in &environment.components {
                if let Some(condition) = &overlay.only_if {
                    diagnostics.push(misplaced_condition(overlay, condition));
                }
                let Some(base) = merged.get_mut(&overlay.id) else {
                    if declared(inputs).contains(&overlay.id) {
                        continue;
                    }
                    let known: Vec<String> = merged.keys().map(ToString::to_string).collect();
                    let address = overlay.id.to_string();
                    let mut diagnostic = Diagnostic::error(
                        Code::UnknownComponent,
                        format!("environment `{name}` overlays `{address}`, which is not declared"),
                    )
                    .label(overlay.at, "no component has this name")
                    .help(format!("declare it first: [{address}]"));
                    if let Some(near) = suggestion(&address, known.iter().map(String::as_str)) {
                        diagnostic = diagnostic.help(format!("did you mean [environment.{name}.{near}]?"));
                    }
                    diagnostics.push(diagnostic);
                    continue;
                };
                if inputs.environment == Some(name) {
                    overlay_settings(&mut base.to_mut().settings, &overlay.settings);
                }
            }
        }
    }
    spread::apply(inputs, &mut merged);
    merged
}

/// Every component that there is for some values of variables.
pub(super) fn declared(inputs: &Inputs<'_>) -> BTreeSet<ComponentId> {
    let declarations = inputs.manifests.iter().flat_map(|manifest| &manifest.components);
    declarations.map(|declaration| declaration.id.clone()).collect()
}

fn misplaced_condition(overlay: &Declaration, condition: &Condition) -> Diagnostic {
    Diagnostic::error(Code::UnknownKey, format!("an overlay of `{}` has no key `only-if`", overlay.id))
        .label(condition.at, "not known here")
        .help("write it in the component's own table; the environment sets the variable in it")
}

/// Tables are merged key by key; every other value replaces.
fn overlay_settings(base: &mut Settings, overlay: &Settings) {
    for (name, entry) in overlay {
        match (base.get_mut(name).map(|base| &mut base.setting.value), &entry.setting.value) {
            (Some(Setting::Group(base)), Setting::Group(inner)) => overlay_settings(base, inner),
            _ => {
                base.insert(name.clone(), entry.clone());
            }
        }
    }
}
