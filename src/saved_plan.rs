//! Plans that are kept in a file: made in a pull request, approved there, and deployed as they were approved.
//!
//! A file says what the plan was made of (manifests, org, what the org held) by fingerprints, and the plan itself as
//! `plan --json` tells it. Whoever deploys it makes the plan again and holds the two against each other: what moved is
//! told by name, and a file that somebody has edited says something else than its own inputs do. There is no secret in it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fingerprint::{self, Fingerprint};
use crate::reference::Observed;
use crate::resolve::Desired;

/// The version of the file's shape.
pub const FORMAT_VERSION: &str = "1";
const KIND: &str = "orgwire-plan";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    kind: String,
    format_version: String,
    /// The version of orgwire that made it.
    pub orgwire: String,
    /// In UTC, as RFC 3339 has it.
    pub made_at: String,
    pub org: PlannedOrg,
    pub project: PlannedProject,
    /// What the manifests asked for, by address; and how.
    manifest: BTreeMap<String, Fingerprint>,
    /// What the org held, by address, and what it had told.
    observed: BTreeMap<String, Fingerprint>,
    /// As `plan --json` tells it.
    pub plan: Map<String, Value>,
    /// The id of a check-only deployment that found the first pass good.
    pub validation: Option<String>,
    /// Of everything above.
    digest: Fingerprint,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedOrg {
    pub name: String,
    pub id: String,
    pub instance_url: String,
}

/// The project as it was named, to find it again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedProject {
    pub paths: Vec<PathBuf>,
    pub environment: Option<String>,
    pub variables: BTreeMap<String, String>,
    pub targets: Vec<String>,
    pub resend: Vec<String>,
}

/// What a plan is made of.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub desired: &'a Desired,
    pub observed: &'a Observed,
    /// Of the templates that the project brings.
    pub templates: &'a Fingerprint,
}

/// Why a file is not taken for a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("it is not a plan that orgwire has saved: {0}")]
    NotAPlan(String),
    #[error("it is a plan of format {0}, and this orgwire reads format {FORMAT_VERSION}")]
    OtherFormat(String),
    #[error("it was changed after it was saved")]
    Altered,
}

impl SavedPlan {
    pub fn new(
        org: PlannedOrg,
        project: PlannedProject,
        inputs: Inputs<'_>,
        plan: Map<String, Value>,
        made_at: String,
        validation: Option<String>,
    ) -> SavedPlan {
        let mut saved = SavedPlan {
            kind: KIND.to_owned(),
            format_version: FORMAT_VERSION.to_owned(),
            orgwire: env!("CARGO_PKG_VERSION").to_owned(),
            made_at,
            org,
            project,
            manifest: manifest(inputs.desired, inputs.templates),
            observed: fingerprint::of_observed(inputs.observed),
            plan,
            validation,
            digest: String::new(),
        };
        saved.digest = saved.digest_of_the_rest();
        saved
    }

    /// Reads a file. It is whole, or it is not taken.
    pub fn read(text: &str) -> Result<SavedPlan, Unusable> {
        let not_a_plan = |error: serde_json::Error| {
            Unusable::NotAPlan(format!("line {}, column {}", error.line(), error.column()))
        };
        let head: Map<String, Value> = serde_json::from_str(text).map_err(not_a_plan)?;
        if head.get("kind").and_then(Value::as_str) != Some(KIND) {
            return Err(Unusable::NotAPlan(format!("its kind is not {KIND}")));
        }
        match head.get("format_version").and_then(Value::as_str) {
            Some(FORMAT_VERSION) => {}
            Some(other) => return Err(Unusable::OtherFormat(other.to_owned())),
            None => return Err(Unusable::NotAPlan("it has no format_version".to_owned())),
        }
        let saved: SavedPlan = serde_json::from_str(text).map_err(not_a_plan)?;
        if saved.digest != saved.digest_of_the_rest() {
            return Err(Unusable::Altered);
        }
        Ok(saved)
    }

    /// As it is written.
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Of the whole file; what a record of a promotion names.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    fn digest_of_the_rest(&self) -> Fingerprint {
        let rest = SavedPlan { digest: String::new(), ..self.clone() };
        fingerprint::of_text(&serde_json::to_string(&rest).unwrap_or_default())
    }

    /// What has moved in the manifests since then, a line each.
    pub fn moved_in_manifest(&self, desired: &Desired, templates: &Fingerprint) -> Vec<String> {
        moved(&self.manifest, &manifest(desired, templates), "the manifest")
    }

    /// What has moved in the org since then, a line each.
    pub fn moved_in_org(&self, observed: &Observed) -> Vec<String> {
        moved(&self.observed, &fingerprint::of_observed(observed), "the org")
    }
}

/// Everything that decides what is sent, by name. Addresses have a dot in them and the others have none.
fn manifest(desired: &Desired, templates: &Fingerprint) -> BTreeMap<String, Fingerprint> {
    let mut all = fingerprint::of_desired(desired);
    all.insert("api-version".to_owned(), format!("{}.0", desired.api_version));
    all.insert("predict-callback".to_owned(), desired.predict_callback.to_string());
    all.insert("templates".to_owned(), templates.clone());
    all
}

fn moved(
    then: &BTreeMap<String, Fingerprint>,
    now: &BTreeMap<String, Fingerprint>,
    place: &str,
) -> Vec<String> {
    let mut names: Vec<&String> = then.keys().chain(now.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let told = names.into_iter().filter_map(|name| match (then.get(name), now.get(name)) {
        (Some(then), Some(now)) if then == now => None,
        (Some(_), Some(_)) => Some(format!("`{name}` has changed in {place}")),
        (Some(_), None) => Some(format!("`{name}` is gone from {place}")),
        (None, _) => Some(format!("`{name}` is new in {place}")),
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{Existing, OrgFacts};

    fn saved() -> SavedPlan {
        let facts = OrgFacts { id: "00D1".to_owned(), instance_url: "https://a.example".to_owned() };
        let observed = Observed { org: Some(facts), ..Observed::default() };
        let org = PlannedOrg {
            name: "uat".to_owned(),
            id: "00D1".to_owned(),
            instance_url: "https://a.example".to_owned(),
        };
        let templates = String::new();
        let inputs = Inputs {
            desired: &crate::resolve::Desired::empty(62),
            observed: &observed,
            templates: &templates,
        };
        let plan = Map::from_iter([("applyable".to_owned(), Value::Bool(true))]);
        let at = "2026-01-01T00:00:00Z".to_owned();
        SavedPlan::new(org, PlannedProject::default(), inputs, plan, at, None)
    }

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        assert_eq!(SavedPlan::read(&saved().text()).unwrap(), saved());
    }

    #[test]
    fn what_is_no_plan_of_this_format_is_refused_by_name() {
        let refused = |text: &str| SavedPlan::read(text).unwrap_err().to_string();
        assert_eq!(refused("[connected-app.A]"), "it is not a plan that orgwire has saved: line 1, column 0");
        assert_eq!(refused("{}"), "it is not a plan that orgwire has saved: its kind is not orgwire-plan");
        let old = saved().text().replace("\"format_version\": \"1\"", "\"format_version\": \"0\"");
        assert_eq!(refused(&old), "it is a plan of format 0, and this orgwire reads format 1");
        let altered = saved().text().replace("\"applyable\": true", "\"applyable\": false");
        assert_eq!(refused(&altered), "it was changed after it was saved");
        let longer = saved().text().replace("\"validation\"", "\"more\": 1, \"validation\"");
        assert!(refused(&longer).starts_with("it is not a plan"));
    }

    #[test]
    fn what_has_moved_is_named() {
        let saved = saved();
        let mut desired = Desired::empty(63);
        assert_eq!(
            saved.moved_in_manifest(&desired, &String::new()),
            ["`api-version` has changed in the manifest"]
        );
        desired.api_version = 62;
        assert!(saved.moved_in_manifest(&desired, &String::new()).is_empty());
        let mut observed = Observed::default();
        let id = crate::component::ComponentId::parse("connected-app.A").unwrap();
        observed.components.insert(id, Existing { id: None, fields: crate::component::Fields::new() });
        assert_eq!(saved.moved_in_org(&observed), ["`connected-app.A` is new in the org"]);
    }
}
