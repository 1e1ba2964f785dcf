//! The org's refusal of a deployment -> Diagnostics, each at the manifest line it belongs to, in the org's
//! own words.

use crate::component::{ComponentId, FieldPath, Step, type_named, type_of_member};
use crate::deploy::{Reason, Stopped};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::dictionary::{self, Place};
use crate::org::{ComponentRow, DeployResult};
use crate::package;
use crate::plan::{Action, Change, Plan};
use crate::resolve::{Component, Desired};
use crate::twin;

/// What the org said about each component, and about the deployment as a whole.
pub fn diagnostics(result: &DeployResult, stopped: &Stopped, desired: &Desired, plan: &Plan) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let pass = format!("in pass {} of {}", stopped.pass, stopped.of);
    let state = state(stopped);
    for row in result.problems() {
        let is_warning = row.problem_type.as_deref() == Some("Warning") && row.success;
        let problem = row.problem.as_deref().unwrap_or("the org gave no reason");
        let component = component(row).and_then(|id| desired.components.get(&id));
        let name = component.map_or_else(|| row.full_name.clone(), |component| component.id.to_string());
        let message = format!("the org rejected `{name}` {pass}");
        let new = if is_warning { Diagnostic::warning } else { Diagnostic::error };
        let mut diagnostic = new(Code::RejectedByOrg, message).cause(words(row, problem));
        let mut help = state.clone();
        if let Some(component) = component {
            let at = field(component, problem).map_or(component.at, |path| component.key_at(&path));
            diagnostic = diagnostic.label(at, "deployed from here");
        }
        let entry = dictionary::find(Place::Deploy, "", problem);
        if let Some(entry) = entry {
            help = format!("{}; {state}", entry.advice());
            diagnostic = diagnostic.org_code(&entry.code);
        }
        // Words about rights may be those of a blocked creation as well.
        let known = entry.map(|entry| entry.code.as_str());
        if let Some(component) = component
            && known.is_none_or(|code| code == NO_RIGHT || code == CREATION_BLOCKED)
            && is_creation_refused(component, problem, plan)
        {
            let perhaps =
                if known == Some(CREATION_BLOCKED) { String::new() } else { format!("{BLOCKED}; ") };
            help = format!("{perhaps}{help}; {}", twin::in_full(component));
        }
        diagnostics.push(diagnostic.help(help));
    }
    for failure in &result.test_failures {
        diagnostics.push(
            Diagnostic::error(
                Code::RejectedByOrg,
                format!("the test {}.{} failed {pass}", failure.class, failure.method),
            )
            .cause(failure.message.clone())
            .help(state.clone()),
        );
    }
    if let Some(message) = &result.error_message {
        let code = result.error_status_code.as_deref().map_or(String::new(), |code| format!("{code}: "));
        let mut diagnostic =
            Diagnostic::error(Code::RejectedByOrg, format!("the org ended the deployment {pass}"))
                .cause(format!("{code}{message}"));
        let status = result.error_status_code.as_deref().unwrap_or_default();
        let mut help = state.clone();
        if let Some(entry) = dictionary::find(Place::Deploy, status, message) {
            help = format!("{}; {state}", entry.advice());
            diagnostic = diagnostic.org_code(&entry.code);
        }
        diagnostics.push(diagnostic.help(help));
    }
    if diagnostics.is_empty() {
        diagnostics.push(
            Diagnostic::error(
                Code::RejectedByOrg,
                format!("the org ended the deployment {pass} as {}", result.status),
            )
            .cause(format!("deployment {} gave no reason", result.id))
            .help(format!("look at Deployment Status in Setup; {state}")),
        );
    }
    diagnostics
}

/// What is in the org now.
pub fn state(stopped: &Stopped) -> String {
    let saved = stopped.done.passes.iter().filter(|pass| pass.saved).count();
    let what = match stopped.pass {
        _ if saved == 0 => return "nothing was changed in the org".to_owned(),
        0 | 1 if saved == 1 => "1 package of pass 1 stays in place".to_owned(),
        0 | 1 => format!("{saved} packages of pass 1 stay in place"),
        pass => format!("pass {} stays in place", pass - 1),
    };
    match stopped.reason {
        Reason::Cancelled(_) => format!("{what}; run `deploy` again to send the rest"),
        _ => format!("{what}; correct the cause and run `deploy` again"),
    }
}

fn words(row: &ComponentRow, problem: &str) -> String {
    match (row.file_name.as_str(), row.line) {
        ("" | "package.xml", _) => problem.to_owned(),
        (file, Some(line)) => format!("{problem} ({file}, line {line})"),
        (file, None) => format!("{problem} ({file})"),
    }
}

fn component(row: &ComponentRow) -> Option<ComponentId> {
    // The file tells most: rows about files that could not be read may have no type, or a path for a name.
    if let Some((id, _)) = package::component_of(&row.file_name) {
        return Some(id);
    }
    let kind =
        type_named(&row.component_type).or_else(|| type_of_member(&row.component_type, &row.full_name))?;
    Some(ComponentId::new(kind, row.full_name.as_str()))
}

/// The field that a problem names, if the manifest has it.
fn field(component: &Component, problem: &str) -> Option<FieldPath> {
    let named = [
        between(problem, "In field: ", " "),
        between(problem, "Element {http://soap.sforce.com/2006/04/metadata}", " "),
        between(problem, "Required fields are missing: [", "]"),
        between(problem, "Required field is missing: ", " "),
        between(problem, "Field:", ","),
        problem.split_once(':').map(|(first, _)| first).filter(|first| is_element(first)),
        problem.contains("Consumer Key").then_some("consumerKey"),
        problem.contains("consumer key").then_some("consumerKey"),
        problem.contains("Callback URL").then_some("callbackUrl"),
    ];
    let name = named.into_iter().flatten().next()?;
    let mut paths = component.keys.paths();
    paths
        .find(|path| matches!(path.0.last(), Some(Step::Element(last)) if last.eq_ignore_ascii_case(name)))
        .cloned()
}

fn is_element(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let start = text.find(before)? + before.len();
    let rest = &text[start..];
    Some(
        rest[..rest.find(after).unwrap_or(rest.len())]
            .trim_matches(|letter: char| !letter.is_ascii_alphanumeric()),
    )
}

const NO_RIGHT: &str = "no-right-to-deploy-this";
const CREATION_BLOCKED: &str = "app-creation-blocked";
const BLOCKED: &str = "since Spring '26 most orgs refuse to create connected apps unless Salesforce Support allows it \
                       (CA-70); if that is the reason, ask Support or use an external client app (more: orgwire \
                       explain app-creation-blocked)";

/// The wording of a blocked creation is not public, so it is recognised by what it is about (CA-73).
fn is_creation_refused(component: &Component, problem: &str, plan: &Plan) -> bool {
    let created = |change: &Change| change.id == component.id && change.action == Action::Create;
    component.id.kind.name == "ConnectedApp"
        && plan.changes.iter().any(created)
        && !problem.contains("Error parsing file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(component_type: &str, full_name: &str, file_name: &str) -> Option<String> {
        let text = str::to_owned;
        let row = ComponentRow {
            component_type: text(component_type),
            full_name: text(full_name),
            file_name: text(file_name),
            ..ComponentRow::default()
        };
        component(&row).map(|id| id.to_string())
    }

    #[test]
    fn a_row_leads_to_its_component_whatever_the_org_calls_it() {
        for (kind, name, file, expected) in [
            ("ConnectedApp", "A", "connectedApps/A.connectedApp", "connected-app.A"),
            ("", "A", "zip/connectedApps/A.connectedApp", "connected-app.A"),
            ("ConnectedApp", "A", "package.xml", "connected-app.A"),
            ("SecuritySettings", "Security", "settings/Security.settings", "security-settings.Security"),
            ("Settings", "Security", "package.xml", "security-settings.Security"),
            ("", "settings/Security.settings", "settings/Security.settings", "security-settings.Security"),
            ("Certificate", "A", "certs/A.crt", "certificate.A"),
            ("Certificate", "A", "certs/A.crt-meta.xml", "certificate.A"),
        ] {
            assert_eq!(named(kind, name, file).as_deref(), Some(expected), "{kind} {name} {file}");
        }
        assert_eq!(named("", "package.xml", "package.xml"), None);
        assert_eq!(named("ApexClass", "A", "classes/A.cls"), None);
    }
}
