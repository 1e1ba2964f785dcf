//! What can be seen from what the org holds: whether the halves of a trust have the same values, and whose they are.
//! Asks nothing over the wire.

use super::{Check, apps, each_text, lines, wanted_text};
use crate::component::{ComponentId, Tree};
use crate::plan;
use crate::reference::{Observed, OrgAttribute, Reference};
use crate::resolve::{Component, Desired, Leaf, Wanted};
use crate::secret::is_placeholder;
use crate::wiring::{Wiring, wiring};

/// All of them, in the order of the components.
pub fn checks(desired: &Desired, observed: &Observed) -> Vec<Check> {
    let wiring = wiring(desired);
    let mut checks = Vec::new();
    for component in desired.components.values() {
        let Some(held) = observed.components.get(&component.id) else {
            let check = Check::new("present", &[], &component.id, "is it there?");
            checks.push(check.failed("the org does not have it").help("deploy it: orgwire deploy"));
            continue;
        };
        checks.extend(callbacks(component, &wiring, observed));
        checks.extend(keys(component, &wiring, desired, observed));
        checks.extend(placeholders(component, observed));
        let mut texts = Vec::new();
        each_text(&component.id.kind.fields, &held.fields, &mut |key, text| texts.push((key, text)));
        checks.extend(hosts(component, &texts, desired, observed));
    }
    checks
}

/// An app lists the callback URL of each provider that it was wired to (OA-22).
fn callbacks(component: &Component, wiring: &Wiring, observed: &Observed) -> Vec<Check> {
    let incoming =
        wiring.edges.iter().filter(|edge| edge.to == component.id && edge.carries == "callback-url");
    let one = |edge: &crate::wiring::Edge| {
        let asked = format!("does it list the callback URL of {}?", edge.from);
        let check = Check::new("callback-wired", &["AP-40", "OA-22"], &component.id, &asked);
        let reference = Reference::Attribute { of: edge.from.clone(), attribute: "callback-url".to_owned() };
        let Some(told) = observed.value(&reference) else {
            return check.skipped("the org does not tell the callback URL of the provider");
        };
        let held = observed.components.get(&component.id).and_then(|held| held.fields.text_at(&edge.field));
        let held = held.map(lines).unwrap_or_default();
        if held.contains(&told) {
            return check.passed(format!("{told} is listed"));
        }
        check
            .failed(format!("expected {told}, app has {}", listed(&held)))
            .help("logins will end in redirect_uri_mismatch; wire it: orgwire deploy")
    };
    incoming.map(one).collect()
}

pub(super) fn listed(lines: &[&str]) -> String {
    if lines.is_empty() { "none".to_owned() } else { lines.join(", ") }
}

/// A provider presents the key of the app that its key comes from (OA-20).
fn keys(component: &Component, wiring: &Wiring, desired: &Desired, observed: &Observed) -> Vec<Check> {
    let is_key = |edge: &&crate::wiring::Edge| {
        edge.to == component.id
            && component.id.kind.name == "AuthProvider"
            && edge.carries.replace('-', "").eq_ignore_ascii_case("consumerkey")
    };
    let one = |edge: &crate::wiring::Edge| {
        let asked = format!("is its consumer key that of {}?", edge.from);
        let check = Check::new("provider-key", &["OA-20", "AP-25"], &component.id, &asked);
        let held = observed.components.get(&component.id).and_then(|held| held.fields.text_at(&edge.field));
        let app = apps(desired, observed).find(|app| app.wanted.id == edge.from).and_then(|app| app.key());
        match (held, app) {
            (Some(held), Some(app)) if held == app => check.passed("both are the same"),
            (Some(_), Some(_)) => check
                .failed("the provider has another key than the app")
                .help("logins will end in invalid_client_id; send it again: orgwire deploy"),
            (None, Some(_)) => check.failed("the provider has no key").help("send it again: orgwire deploy"),
            (_, None) => check.skipped("the org does not tell the key of the app"),
        }
    };
    wiring.edges.iter().filter(is_key).map(one).collect()
}

/// Nothing that stood in for a value is left.
fn placeholders(component: &Component, observed: &Observed) -> Option<Check> {
    let held = &observed.components.get(&component.id)?.fields;
    let check = Check::new("no-placeholder", &["AP-22"], &component.id, "is a placeholder left?");
    let mut left = Vec::new();
    component.each_value(&mut |path, _, value| {
        let Tree::Leaf(Leaf { wanted: Wanted::Formula(formula), .. }) = value else { return };
        let Some(text) = held.text_at(path) else { return };
        for reference in formula.references() {
            // A value that happens to be what stands in for others is none.
            let Some(placeholder) = plan::placeholder(reference) else { continue };
            let is_wanted =
                wanted_text(component, path, observed).is_some_and(|it| it.contains(&*placeholder));
            if text.contains(&*placeholder) && !is_wanted {
                left.push(format!("{path} still has {placeholder}"));
            }
        }
    });
    each_text(&component.id.kind.fields, held, &mut |key, text| {
        // What people call things is theirs.
        if is_placeholder(text) && !matches!(key, "label" | "description") {
            left.push(format!("{key} is a placeholder"));
        }
    });
    Some(match left.is_empty() {
        true => check.passed("none in anything that the org shows"),
        false => check.failed(left.join("; ")).help("send it again: orgwire deploy"),
    })
}

/// Addresses that should be this org's are (AP-40, AP-42).
fn hosts(
    component: &Component,
    texts: &[(&'static str, &str)],
    desired: &Desired,
    observed: &Observed,
) -> Option<Check> {
    let own = host(&observed.org.as_ref()?.instance_url)?;
    let check = Check::new("host", &["AP-40", "AP-42"], &component.id, "do its addresses lead to this org?");
    let (mut fine, mut wrong) = (0, Vec::new());
    for (key, line) in
        texts.iter().flat_map(|(key, text)| lines(text).into_iter().map(move |line| (key, line)))
    {
        let Some(host) = host(line) else { continue };
        if host == own {
            fine += 1;
        } else if let Some(environment) = desired.foreign_hosts.get(&host) {
            wrong.push(format!("{key} leads to {host}, the org of `{environment}`"));
        } else if line.contains("/services/authcallback/") && !is_told(line, observed) {
            wrong.push(format!("{key} leads to {host}, and this org is {own}"));
        }
    }
    wrong.extend(astray(component, &own, observed));
    match (wrong.is_empty(), fine) {
        (true, 0) => None,
        (true, 1) => Some(check.passed(format!("1 address leads to {own}"))),
        (true, _) => Some(check.passed(format!("{fine} addresses lead to {own}"))),
        (false, _) => Some(check.failed(wrong.join("; ")).help(
            "refer to the org at hand, \"${org.instance-url}/...\" or \"${auth-provider.NAME.callback-url}\", and \
             deploy",
        )),
    }
}

/// Fields that are to begin with the org's address and do not.
fn astray(component: &Component, own: &str, observed: &Observed) -> Vec<String> {
    let mut found = Vec::new();
    let Some(held) = observed.components.get(&component.id) else { return found };
    component.each_value(&mut |path, field, value| {
        let Tree::Leaf(Leaf { wanted: Wanted::Formula(formula), .. }) = value else { return };
        let refers = formula.references().any(|it| *it == Reference::Org(OrgAttribute::InstanceUrl));
        let Some(text) = held.fields.text_at(path).filter(|_| refers) else { return };
        if !lines(text).into_iter().any(|line| host(line).is_some_and(|host| host == own)) {
            found.push(format!("{} does not lead to {own}", field.key));
        }
    });
    found
}

/// The org itself says that this is a callback URL of its own: old orgs use the login host (AP-41).
fn is_told(line: &str, observed: &Observed) -> bool {
    observed.values.iter().any(|(reference, value)| is_callback(reference) && value == line)
}

fn is_callback(reference: &Reference) -> bool {
    matches!(reference, Reference::Attribute { attribute, .. } if attribute == "callback-url")
}

/// In lower case, with its port.
pub(super) fn host(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    Some(host.to_ascii_lowercase())
}

/// What has to be asked of the org for these checks: the callback URL of each provider that an app is wired to.
pub fn references(desired: &Desired) -> impl Iterator<Item = Reference> {
    let providers = desired.components.keys().filter(|id| id.kind.attributes.contains_key("callback-url"));
    let reference =
        |of: &ComponentId| Reference::Attribute { of: of.clone(), attribute: "callback-url".to_owned() };
    providers.map(reference).collect::<Vec<_>>().into_iter()
}
