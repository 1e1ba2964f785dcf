//! `[manual-step.NAME]`: steps of components that belong to the project.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::Resolver;
use super::merge::declared;
use super::{Component, Inputs, ManualStep};
use crate::component::ComponentId;
use crate::diagnostic::{Code, Diagnostic, Span, suggestion};
use crate::manifest::{self, DoneWhen};

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
        let done_when = done_when(written, &what_it_is, resolver);
        let (Some(what), Some(done_when), false) = (what, done_when, link == Some(None)) else { continue };
        if components.contains_key(id) {
            steps.push(ManualStep {
                name: written.name.clone(),
                component: id.clone(),
                what,
                who: written.who.clone(),
                link: link.flatten(),
                done_when,
            });
        }
    }
    steps.sort_by(|one, other| one.name.cmp(&other.name));
    steps
}

fn done_when(
    written: &manifest::ManualStep,
    what_it_is: &str,
    resolver: &mut Resolver<'_>,
) -> Option<DoneWhen> {
    let minutes = match &written.done_when {
        DoneWhen::Told => return Some(DoneWhen::Told),
        DoneWhen::Approved => return Some(DoneWhen::Approved),
        DoneWhen::Assigned => return Some(DoneWhen::Assigned),
        DoneWhen::TokenMinutes(minutes) => minutes,
    };
    let what = format!("`minutes` of {what_it_is}");
    let text = resolver.known_text(minutes, &what)?;
    match text.parse::<i64>() {
        Ok(number) if number > 0 => Some(DoneWhen::TokenMinutes(number)),
        _ => {
            resolver.report(
                Diagnostic::error(Code::WrongType, format!("{what} must be a number above 0, not `{text}`"))
                    .label(minutes.at, "has this value once its variables are filled in")
                    .help("minutes = 30"),
            );
            None
        }
    }
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
