//! Desired + what an org has told -> [`Finding`]s, ranked: is this org, and this login, fit for what the manifests want?
//! And, for a symptom, which one cause it has. Nothing is asked here; others ask, and this judges.

pub mod app;
mod creation;
mod edition;
mod guide;
mod people;
mod policies;
pub mod profile;
pub mod rights;
mod sessions;
mod setup;
mod standing;
pub mod symptom;
#[cfg(test)]
mod tests;
pub mod told;

use std::collections::BTreeSet;

use crate::component::ComponentId;
use crate::reference::Observed;
use crate::resolve::Desired;

pub use people::users;
pub use told::Told;

/// How bad it is; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// What the manifest wants cannot work like this.
    Blocks,
    /// It works, or may, and not as the manifest or its guide means it.
    Weakens,
    /// Worth knowing.
    Advice,
    Fine,
}

impl Rank {
    pub const ALL: [Rank; 4] = [Rank::Blocks, Rank::Weakens, Rank::Advice, Rank::Fine];

    pub fn name(self) -> &'static str {
        match self {
            Rank::Blocks => "blocks",
            Rank::Weakens => "weakens",
            Rank::Advice => "advice",
            Rank::Fine => "fine",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable, for programs.
    pub id: &'static str,
    /// The facts and rules that it rests on.
    pub facts: &'static [&'static str],
    pub rank: Rank,
    /// What of the manifests it is about; nothing where it is about the org as a whole.
    pub components: Vec<ComponentId>,
    pub what: String,
    /// Why it matters to these manifests.
    pub why: String,
    /// A place in Setup, or lines for a manifest.
    pub mend: Option<String>,
    /// The page of Setup that it names.
    pub link: Option<String>,
}

/// What a check is called, and what it rests on.
#[derive(Clone, Copy)]
struct About(&'static str, &'static [&'static str]);

impl About {
    fn found(self, rank: Rank, components: &[ComponentId], what: impl Into<String>) -> Finding {
        let (id, facts, components) = (self.0, self.1, components.to_vec());
        Finding { id, facts, rank, components, what: what.into(), why: String::new(), mend: None, link: None }
    }

    fn blocks(self, components: &[ComponentId], what: impl Into<String>) -> Finding {
        self.found(Rank::Blocks, components, what)
    }

    fn weakens(self, components: &[ComponentId], what: impl Into<String>) -> Finding {
        self.found(Rank::Weakens, components, what)
    }

    fn advice(self, components: &[ComponentId], what: impl Into<String>) -> Finding {
        self.found(Rank::Advice, components, what)
    }

    fn fine(self, what: impl Into<String>) -> Finding {
        self.found(Rank::Fine, &[], what)
    }
}

impl Finding {
    fn why(self, why: impl Into<String>) -> Finding {
        Finding { why: why.into(), ..self }
    }

    fn mend(self, mend: impl Into<String>) -> Finding {
        Finding { mend: Some(mend.into()), ..self }
    }
}

/// All that is known.
pub struct Case<'a> {
    pub desired: &'a Desired,
    pub observed: &'a Observed,
    /// What a deployment would create or change; all of it where the org could not be read.
    pub planned: BTreeSet<ComponentId>,
    pub told: &'a Told,
    /// The one who is to connect, or to publish, by username.
    pub user: Option<&'a str>,
    pub apps: Vec<app::App>,
}

impl<'a> Case<'a> {
    pub fn new(
        desired: &'a Desired,
        observed: &'a Observed,
        planned: BTreeSet<ComponentId>,
        told: &'a Told,
        user: Option<&'a str>,
    ) -> Case<'a> {
        Case { desired, observed, planned, told, user, apps: app::apps(desired, observed) }
    }

    /// The components of these types.
    fn of_types(&self, types: &[&str]) -> Vec<ComponentId> {
        self.desired.components.keys().filter(|id| types.contains(&id.kind.name.as_str())).cloned().collect()
    }

    /// What logs in to this org: apps, and credentials that call it.
    fn callers(&self) -> Vec<ComponentId> {
        let apps = self.apps.iter().map(|app| app.id.clone());
        apps.chain(self.of_types(&["NamedCredential", "ExternalCredential"])).collect()
    }

    /// The user who connects: the one that was named, or the one of this login.
    pub fn connecting(&self) -> Option<&'a told::Person> {
        match self.user {
            Some(name) => self.told.people.get(name)?.as_ref(),
            None => self.told.own.as_ref(),
        }
    }
}

/// All findings, the worst first, and those of a rank in the order in which they would be met.
pub fn examine(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = edition::findings(case);
    findings.extend(rights::findings(case));
    findings.extend(creation::findings(case));
    findings.extend(sessions::findings(case));
    findings.extend(people::findings(case));
    findings.extend(policies::findings(case));
    findings.extend(standing::findings(case));
    findings.extend(guide::findings(case, &findings));
    for finding in &mut findings {
        finding.link = finding.mend.as_ref().and_then(|mend| setup::link(mend, &case.told.instance_url));
    }
    findings.sort_by_key(|finding| finding.rank);
    findings
}

/// How many findings have this rank.
pub fn count(findings: &[Finding], rank: Rank) -> usize {
    findings.iter().filter(|finding| finding.rank == rank).count()
}

/// `a`, `a and b`, `a, b and c`.
fn listed<T: std::fmt::Display>(items: &[T]) -> String {
    match items {
        [] => "none".to_owned(),
        [one] => one.to_string(),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(T::to_string).collect();
            format!("{} and {last}", first.join(", "))
        }
    }
}
