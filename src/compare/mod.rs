//! Two environments of one project beside each other: what differs, and whether anybody meant it to.
//!
//! Without orgs, everything that differs is written somewhere: an overlay, a variable that an environment gives, a value
//! that each org makes. What nobody can have meant shows in what is *the same*: the address of one org in both. With
//! orgs, what they hold is compared, and a difference counts as meant only where both hold what the manifests ask for.

mod path;

use std::collections::BTreeMap;

use crate::component::{ComponentId, FieldPath, Scalar, Tree};
use crate::diff::{self, Held, Set};
use crate::plan::{Action, Plan};
use crate::reference::Observed;
use crate::resolve::{Desired, Origin, Origins, What, described_field};

use path::{are_related, leaves};

/// One environment.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    pub desired: &'a Desired,
    pub origins: &'a Origins,
    /// The address of its org, if somebody knows it.
    pub instance_url: Option<&'a str>,
    pub org: Option<OrgSide<'a>>,
}

/// What its org holds, and what would have to be deployed to it.
#[derive(Debug, Clone, Copy)]
pub struct OrgSide<'a> {
    pub observed: &'a Observed,
    pub plan: &'a Plan,
}

/// The first environment or the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    First,
    Second,
}

/// One thing that is not the same, or should not be.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    pub id: ComponentId,
    /// Nothing for the component as a whole.
    pub path: Option<FieldPath>,
    pub before: Option<Tree<Held>>,
    pub after: Option<Tree<Held>>,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Intended(Reason),
    Accidental(Fault),
}

/// Why two environments may differ here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// An overlay or a variable of an environment says so; the origins on either side that do.
    Environment { before: Vec<Origin>, after: Vec<Origin> },
    /// Each org makes or knows a value of its own: a key, a callback URL, its address.
    MadeByOrg,
    /// Both orgs hold what is asked for, which leaves them this much freedom.
    AsAsked,
}

/// Why nobody can have meant it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// These orgs do not hold what the manifests ask for.
    Drift(Vec<Which>),
    /// The orgs differ, and no manifest says a word about it.
    Unmanaged,
    /// The manifests ask for a difference, and the orgs hold the same.
    NotApart(Vec<Which>),
    /// The component is in one of the orgs only.
    Missing(Which),
    /// Both environments have the address of the org of this one.
    HostOfOne(Which),
    /// The value fits one org only, and both environments have it.
    FitsOneOrg,
}

impl Compared {
    pub fn is_accidental(&self) -> bool {
        matches!(self.verdict, Verdict::Accidental(_))
    }
}

/// Everything that differs, by component and field; of two environments of the same manifests.
pub fn compare(first: &Side<'_>, second: &Side<'_>) -> Vec<Compared> {
    let wanted = Sets::of_manifests(first, second);
    let mut found = match (first.org, second.org) {
        (Some(one), Some(other)) => Orgs { first, second, one, other }.compare(&wanted),
        _ => written(first, second, &wanted),
    };
    found.extend(too_much_alike(first, second, &wanted));
    found.sort_by(|one, other| (&one.id, &one.path).cmp(&(&other.id, &other.path)));
    found
}

/// What both sides have, as plain data.
struct Sets {
    first: Set,
    second: Set,
}

type Pair<'a> = (Option<&'a Tree<Held>>, Option<&'a Tree<Held>>);

impl Sets {
    fn of_manifests(first: &Side<'_>, second: &Side<'_>) -> Sets {
        let set = |side: &Side<'_>| Set::of_manifest("", side.desired, side.org.map(|org| org.observed));
        Sets { first: set(first), second: set(second) }
    }

    fn at(&self, id: &ComponentId, path: &FieldPath) -> Pair<'_> {
        fn value<'a>(set: &'a Set, id: &ComponentId, path: &FieldPath) -> Option<&'a Tree<Held>> {
            diff::value_at(set.components.get(id)?, path)
        }
        (value(&self.first, id, path), value(&self.second, id, path))
    }
}

/// The origins of a field, and of what is below or around it.
fn origins<'a>(side: &Side<'a>, id: &ComponentId, path: &FieldPath) -> impl Iterator<Item = &'a Origin> {
    let traced = side.origins.get(id).into_iter().flatten();
    traced.filter(|traced| are_related(&traced.path, path)).flat_map(|traced| &traced.from)
}

fn of_environment(side: &Side<'_>, id: &ComponentId, path: &FieldPath) -> Vec<Origin> {
    let mut found: Vec<Origin> = Vec::new();
    for origin in origins(side, id, path).filter(|origin| origin.what.is_of_environment()) {
        if !found.contains(origin) {
            found.push(origin.clone());
        }
    }
    found
}

/// What an environment of either side says of a field, if one does.
fn environment(first: &Side<'_>, second: &Side<'_>, id: &ComponentId, path: &FieldPath) -> Option<Reason> {
    let (before, after) = (of_environment(first, id, path), of_environment(second, id, path));
    (!before.is_empty() || !after.is_empty()).then_some(Reason::Environment { before, after })
}

/// Whether a value comes from the org, or is made anew for each.
fn is_made_by_org(side: &Side<'_>, id: &ComponentId, path: &FieldPath) -> bool {
    origins(side, id, path).any(|origin| matches!(origin.what, What::Org { .. } | What::Generated))
}

/// Without orgs: what is written differently, and what each org will make for itself.
fn written(first: &Side<'_>, second: &Side<'_>, wanted: &Sets) -> Vec<Compared> {
    let mut found = Vec::new();
    for change in diff::changes(&wanted.first, &wanted.second) {
        for difference in change.differences {
            // Nothing but the environment is different between the two, whatever way its word took.
            let reason = environment(first, second, &change.id, &difference.path).unwrap_or(Reason::AsAsked);
            found.push(Compared {
                id: change.id.clone(),
                path: Some(difference.path),
                before: difference.before,
                after: difference.after,
                verdict: Verdict::Intended(reason),
            });
        }
    }
    let told = |found: &[Compared], id: &ComponentId, path: &FieldPath| {
        found
            .iter()
            .any(|one| one.id == *id && one.path.as_ref().is_some_and(|known| are_related(known, path)))
    };
    for (id, traced) in first.origins {
        for one in traced {
            if is_made_by_org(first, id, &one.path) && !told(&found, id, &one.path) {
                let (before, after) = wanted.at(id, &one.path);
                found.push(Compared {
                    id: id.clone(),
                    path: Some(one.path.clone()),
                    before: before.cloned(),
                    after: after.cloned(),
                    verdict: Verdict::Intended(Reason::MadeByOrg),
                });
            }
        }
    }
    found
}

/// Values that both environments have and only one of them can mean.
fn too_much_alike(first: &Side<'_>, second: &Side<'_>, wanted: &Sets) -> Vec<Compared> {
    let hosts = (first.instance_url.map(host), second.instance_url.map(host));
    let host_of_one = |text: &str| match hosts {
        (Some(one), Some(other)) if one != other => match (names(text, one), names(text, other)) {
            (true, false) => Some(Which::First),
            (false, true) => Some(Which::Second),
            _ => None,
        },
        _ => None,
    };
    let mut found = Vec::new();
    for (id, fields) in &wanted.first.components {
        let Some(others) = wanted.second.components.get(id) else { continue };
        for (path, held) in leaves(fields) {
            let Held::Known(Scalar::Text(text)) = held else { continue };
            let is_same = matches!(diff::value_at(others, &path), Some(Tree::Leaf(other)) if other == held);
            // Whoever writes it for an environment, or has it from the org, means it.
            let is_meant =
                environment(first, second, id, &path).is_some() || is_made_by_org(first, id, &path);
            if text.is_empty() || !is_same || is_meant {
                continue;
            }
            let is_bound = described_field(id, &path).is_some_and(|field| field.org_bound);
            let fault = match host_of_one(text) {
                Some(which) => Fault::HostOfOne(which),
                None if is_bound => Fault::FitsOneOrg,
                None => continue,
            };
            let value = Some(Tree::Leaf(held.clone()));
            found.push(Compared {
                id: id.clone(),
                path: Some(path),
                before: value.clone(),
                after: value,
                verdict: Verdict::Accidental(fault),
            });
        }
    }
    found
}

/// `acme.my.salesforce.com` of `https://acme.my.salesforce.com/`
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// Whether a text has this host in it, and not one that only ends or begins like it.
fn names(text: &str, host: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    let text = text.to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    !host.is_empty()
        && text
            .match_indices(&host)
            .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + host.len()..].starts_with(is_part))
}

/// Both orgs, with what the manifests ask of them.
struct Orgs<'a> {
    first: &'a Side<'a>,
    second: &'a Side<'a>,
    one: OrgSide<'a>,
    other: OrgSide<'a>,
}

impl Orgs<'_> {
    fn compare(&self, wanted: &Sets) -> Vec<Compared> {
        let set = |side: &Side<'_>, org: OrgSide<'_>| {
            let existing = org.observed.components.iter();
            let existing = existing.map(|(id, existing)| (id.clone(), existing.fields.clone()));
            Set::of_org("", side.desired.api_version, existing)
        };
        let held = Sets { first: set(self.first, self.one), second: set(self.second, self.other) };
        let mut found = Vec::new();
        for change in diff::changes(&held.first, &held.second) {
            if let Some(which) = missing(&change) {
                let verdict = Verdict::Accidental(Fault::Missing(which));
                found.push(Compared { id: change.id, path: None, before: None, after: None, verdict });
                continue;
            }
            for difference in change.differences {
                let verdict = self.verdict(&change.id, &difference.path);
                found.push(Compared {
                    id: change.id.clone(),
                    path: Some(difference.path),
                    before: difference.before,
                    after: difference.after,
                    verdict,
                });
            }
        }
        let not_apart = self.not_apart(wanted, &held, &found);
        found.extend(not_apart);
        found
    }

    fn verdict(&self, id: &ComponentId, path: &FieldPath) -> Verdict {
        let drifted = self.drifted(id, path);
        if !drifted.is_empty() {
            return Verdict::Accidental(Fault::Drift(drifted));
        }
        if let Some(reason) = environment(self.first, self.second, id, path) {
            return Verdict::Intended(reason);
        }
        let is_made = is_made_by_org(self.first, id, path)
            || is_made_by_org(self.second, id, path)
            || described_field(id, path).is_some_and(|field| field.org_bound || field.read_only);
        if is_made {
            return Verdict::Intended(Reason::MadeByOrg);
        }
        let is_managed =
            [self.first, self.second].into_iter().any(|side| origins(side, id, path).next().is_some());
        if is_managed { Verdict::Intended(Reason::AsAsked) } else { Verdict::Accidental(Fault::Unmanaged) }
    }

    /// The orgs that a deployment would change here.
    fn drifted(&self, id: &ComponentId, path: &FieldPath) -> Vec<Which> {
        let changes = |plan: &Plan| {
            let mut of_this = plan.changes.iter().filter(|change| change.id == *id);
            of_this.any(|change| {
                change.action != Action::Keep
                    && change.fields.iter().any(|field| are_related(&field.path, path))
            })
        };
        let sides = [(Which::First, self.one.plan), (Which::Second, self.other.plan)];
        sides.into_iter().filter(|(_, plan)| changes(plan)).map(|(which, _)| which).collect()
    }

    /// What is asked for differently, and held alike.
    fn not_apart(&self, wanted: &Sets, held: &Sets, found: &[Compared]) -> Vec<Compared> {
        let mut told: BTreeMap<&ComponentId, Vec<Option<&FieldPath>>> = BTreeMap::new();
        for one in found {
            told.entry(&one.id).or_default().push(one.path.as_ref());
        }
        let is_told = |id: &ComponentId, path: &FieldPath| {
            let known = told.get(id).into_iter().flatten();
            known.into_iter().any(|known| known.is_none_or(|known| are_related(known, path)))
        };
        let in_both = |id: &ComponentId| self.one.observed.has(id) && self.other.observed.has(id);
        let mut alike = Vec::new();
        for change in diff::changes(&wanted.first, &wanted.second) {
            for difference in change.differences {
                let drifted = self.drifted(&change.id, &difference.path);
                if !in_both(&change.id) || drifted.is_empty() || is_told(&change.id, &difference.path) {
                    continue;
                }
                let (before, after) = held.at(&change.id, &difference.path);
                alike.push(Compared {
                    id: change.id.clone(),
                    before: before.cloned(),
                    after: after.cloned(),
                    path: Some(difference.path),
                    verdict: Verdict::Accidental(Fault::NotApart(drifted)),
                });
            }
        }
        alike
    }
}

fn missing(change: &diff::ComponentChange) -> Option<Which> {
    match change.kind {
        diff::ChangeKind::Added => Some(Which::First),
        diff::ChangeKind::Removed => Some(Which::Second),
        diff::ChangeKind::Changed => None,
    }
}

#[cfg(test)]
mod tests;
