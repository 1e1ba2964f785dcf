//! `[manual-step.NAME]`: steps of components that belong to the project.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::Resolver;
use super::merge::declared;
use super::{Component, Inputs, ManualStep};
use crate::component::ComponentId;
use crate::diagnostic::{Code, Diagnostic, Span, suggestion};
use crate::manifest;

/// Those whose component is there this time; others may be there another time.
pub(super) fn steps(
    inputs: &Inputs<'_>,
    components: &BTreeMap<ComponentId, Component>,
    resolver: &mut Resolver<'_>,
) -> Vec<ManualStep> {
    let declared = declared(inputs);
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    let mut steps: Vec<ManualStep> = Vec::new();
    for written in inputs.manifests.iter().flat_map(|manifest| &manifest.steps) {
        let what_it_is = format!("manual step `{}`", written.name);
        if let Some(at) = first.insert(&written.name, written.at) {
            resolver.report(
                Diagnostic::error(Code::DuplicateComponent, format!("{what_it_is} is declared twice"))
                    .label(written.at, "declared again here")
                    .label(at, "declared here")
                    .help("give one of them another name"),
            );
            continue;
        }
        let id = &written.component.value;
        if !declared.contains(id) {
            resolver.report(undeclared(written, &what_it_is, &declared));
            continue;
        }
        // Even where it does not count now, what is wrong with it is said.
        let what = resolver.prose(&written.what, &what_it_is);
        let link = written.link.as_ref().map(|link| resolver.prose(link, &what_it_is));
        let (Some(what), false) = (what, link == Some(None)) else { continue };
        if components.contains_key(id) {
            steps.push(ManualStep {
                name: written.name.clone(),
                component: id.clone(),
                what,
                who: written.who.clone(),
                link: link.flatten(),
                done_when: written.done_when,
            });
        }
    }
    steps.sort_by(|one, other| one.name.cmp(&other.name));
    steps
}

fn undeclared(
    written: &manifest::ManualStep,
    what_it_is: &str,
    declared: &BTreeSet<ComponentId>,
) -> Diagnostic {
    let address = written.component.value.to_string();
    let known: Vec<String> = declared.iter().map(ToString::to_string).collect();
    let diagnostic = Diagnostic::error(
        Code::UnknownComponent,
        format!("{what_it_is} is about `{address}`, which is not declared"),
    )
    .label(written.component.at, "no component has this name");
    match suggestion(&address, known.iter().map(String::as_str)) {
        Some(near) => diagnostic.help(format!("did you mean \"{near}\"?")),
        None => diagnostic.help(format!("declared: {}", known.join(", "))),
    }
}
