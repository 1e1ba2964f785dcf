//! A review of a pull request in every format: what agrees in several environments is told once.

pub mod json;
pub mod markdown;

use std::collections::BTreeMap;

use crate::component::ComponentId;
use crate::diff::ChangeKind;
use crate::render::{TemplateError, Templates};
use crate::report::diff;
use crate::report::picture::{self, Picture};
use crate::report::values::visible;
use crate::review::{Compared, Environment, Review};

/// What all formats show.
#[derive(Debug)]
pub struct Told<'a> {
    pub review: &'a Review,
    /// In the order of addresses.
    pub components: Vec<Component>,
    /// The XML of each change, for each environment.
    pub xml: Vec<Vec<String>>,
    pub wiring: Picture,
}

/// A component that differs somewhere.
#[derive(Debug, PartialEq, Eq)]
pub struct Component {
    pub id: ComponentId,
    /// What became of it, and where.
    pub kinds: Vec<(ChangeKind, Vec<Environment>)>,
    pub rows: Vec<Row>,
    /// Differences of its XML, each with the environments that agree on it.
    pub xml: Vec<(String, Vec<Environment>)>,
}

/// A field that differs in the same way in some environments.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    pub field: String,
    pub before: Vec<String>,
    pub after: Vec<String>,
    pub environments: Vec<Environment>,
}

impl Component {
    /// One word for all environments.
    pub fn kind(&self) -> ChangeKind {
        match self.kinds.as_slice() {
            [(kind, _)] => *kind,
            _ => ChangeKind::Changed,
        }
    }
}

pub fn told<'a>(review: &'a Review, templates: &Templates) -> Result<Told<'a>, TemplateError> {
    let mut components: BTreeMap<&ComponentId, Component> = BTreeMap::new();
    let mut all_xml = Vec::with_capacity(review.environments.len());
    for Compared { name, changes, .. } in &review.environments {
        let changes = changes.as_deref().unwrap_or_default();
        let xml = diff::xml(changes, templates)?;
        for (change, xml) in changes.iter().zip(&xml) {
            let component = components.entry(&change.id).or_insert_with(|| Component {
                id: change.id.clone(),
                kinds: Vec::new(),
                rows: Vec::new(),
                xml: Vec::new(),
            });
            agree(&mut component.kinds, change.kind, name);
            agree(&mut component.xml, xml.clone(), name);
            if change.kind == ChangeKind::Removed {
                continue;
            }
            for difference in &change.differences {
                let (before, after) = diff::cells(&change.id, difference);
                add(&mut component.rows, difference.path.to_string(), before, after, name);
            }
        }
        all_xml.push(xml);
    }
    let wiring = picture::picture(review.wiring_before.as_ref(), &review.wiring_after, &review.changed());
    Ok(Told { review, components: components.into_values().collect(), xml: all_xml, wiring })
}

fn agree<T: PartialEq>(found: &mut Vec<(T, Vec<Environment>)>, what: T, name: &Environment) {
    match found.iter_mut().find(|(other, _)| *other == what) {
        Some((_, environments)) => environments.push(name.clone()),
        None => found.push((what, vec![name.clone()])),
    }
}

/// Rows of one field stand together.
fn add(rows: &mut Vec<Row>, field: String, before: Vec<String>, after: Vec<String>, name: &Environment) {
    let same = rows.iter_mut().find(|row| (&row.field, &row.before, &row.after) == (&field, &before, &after));
    if let Some(row) = same {
        row.environments.push(name.clone());
        return;
    }
    let at = rows.iter().rposition(|row| row.field == field).map_or(rows.len(), |at| at + 1);
    rows.insert(at, Row { field, before, after, environments: vec![name.clone()] });
}

impl Told<'_> {
    pub fn has_environments(&self) -> bool {
        self.review.environments.iter().any(|one| one.name.is_some())
    }

    /// `all`, or names.
    pub fn environments(&self, some: &[Environment]) -> String {
        if some.len() >= self.review.environments.len() {
            return "all".to_owned();
        }
        let names: Vec<_> = some.iter().flatten().map(|name| visible(name)).collect();
        names.join(", ")
    }

    /// `Diff: 1 added, 0 removed, 2 changed.`
    pub fn summary(&self) -> String {
        if self.review.environments.iter().all(|one| one.changes.is_none()) {
            return "Diff: none, because a side could not be understood.".to_owned();
        }
        let count = |kind| self.components.iter().filter(|one| one.kind() == kind).count();
        format!(
            "Diff: {} added, {} removed, {} changed.",
            count(ChangeKind::Added),
            count(ChangeKind::Removed),
            count(ChangeKind::Changed)
        )
    }

    /// What the header says about the environments, if there are any.
    pub fn about_environments(&self) -> Vec<String> {
        let environments = &self.review.environments;
        let mut lines = Vec::new();
        let names: Vec<_> = environments.iter().filter_map(|one| one.name.as_deref()).map(visible).collect();
        match names.as_slice() {
            [] => {}
            [one] => lines.push(format!("Compared for the environment {one}.")),
            names => lines.push(format!("Compared for {} environments: {}.", names.len(), names.join(", "))),
        }
        for one in environments.iter().filter(|one| one.is_new) {
            let name = visible(one.name.as_deref().unwrap_or_default());
            lines.push(format!(
                "The environment {name} is new; it is compared with the project without an environment."
            ));
        }
        for name in &self.review.gone {
            lines.push(format!("The environment {} is gone.", visible(name)));
        }
        lines
    }
}
