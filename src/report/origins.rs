//! Where values came from: `field = value   <- file:line, overlay of production; contact = --var`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::component::{ComponentId, FieldPath, Fields, Tree};
use crate::diagnostic::{Sources, Span};
use crate::diff::{Held, Set, value_at};
use crate::reference::Observed;
use crate::report::human::Paint;
use crate::report::json::shown as shown_as_json;
use crate::report::markdown::{code, escape};
use crate::report::values::{Shown, one_line, visible};
use crate::resolve::{Desired, Giver, Origin, Origins, What, described_field};
use crate::secret::SecretSource;

/// The values of all components, in the order of addresses and fields.
pub type Values = Vec<Told>;

/// One value, with its origins in words.
#[derive(Debug)]
pub struct Told {
    component: ComponentId,
    path: FieldPath,
    value: Shown,
    from: Vec<Said>,
}

/// One origin in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub kind: &'static str,
    /// The environment, the variable, the program, the attribute; nothing for the manifest itself.
    pub name: Option<String>,
    /// `manifests/axsy.toml:12`
    pub place: Option<String>,
    /// The environment that gave a variable its value.
    pub environment: Option<String>,
}

/// Every value, with what the org has told filled in.
pub fn values(
    desired: &Desired,
    observed: Option<&Observed>,
    origins: &Origins,
    sources: &Sources,
) -> Values {
    let set = Set::of_manifest("", desired, observed);
    let environment = desired.environment.as_deref();
    let mut told = Vec::new();
    for (id, traced) in origins {
        let Some(fields) = set.components.get(id) else { continue };
        for one in traced {
            told.push(Told {
                component: id.clone(),
                path: one.path.clone(),
                value: value(id, &one.path, fields),
                from: one.from.iter().map(|origin| said(origin, environment, sources)).collect(),
            });
        }
    }
    told
}

fn value(id: &ComponentId, path: &FieldPath, fields: &Fields<Held>) -> Shown {
    let state = |text: &str| Shown::State(text.to_owned());
    let field = described_field(id, path);
    match value_at(fields, path) {
        Some(Tree::Leaf(Held::Secret(SecretSource::Generated(_)))) => state("(generated)"),
        Some(Tree::Leaf(Held::Secret(_))) => state("(secret)"),
        Some(_) if field.is_some_and(|field| field.secret) => state("(secret)"),
        tree => super::diff::shown(field, path, tree),
    }
}

/// An origin in words; `environment` is the one that was chosen.
pub fn said(origin: &Origin, environment: Option<&str>, sources: &Sources) -> Said {
    let place = origin.at.map(|at| place(at, sources));
    let said = |kind, name: Option<&str>| Said {
        kind,
        name: name.map(str::to_owned),
        place: place.clone(),
        environment: None,
    };
    match &origin.what {
        What::Manifest => said("manifest", None),
        What::Overlay { environment } => said("overlay", Some(environment)),
        What::Variable { name, by: Giver::CommandLine } => said("command-line", Some(name)),
        What::Variable { name, by: Giver::Default } => said("default", Some(name)),
        What::Variable { name, by: Giver::Environment } => {
            Said { environment: environment.map(str::to_owned), ..said("environment", Some(name)) }
        }
        What::Process { name } => said("process", Some(name)),
        What::Secret(source) => said("secret", Some(&source.to_string())),
        What::Generated => said("generated", None),
        What::Component { field } => said("component", Some(field)),
        What::Org { attribute } => said("org", Some(attribute)),
        What::Unset { name } => said("unset", Some(name)),
    }
}

/// `manifests/axsy.toml:12`
fn place(at: Span, sources: &Sources) -> String {
    let position = sources.position(at);
    format!("{}:{}", position.path, position.line)
}

impl Said {
    /// For people.
    pub fn in_words(&self) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        let place = self.place.as_deref().unwrap_or_default();
        match self.kind {
            "manifest" => place.to_owned(),
            "overlay" => format!("{place}, overlay of {name}"),
            "command-line" => format!("{name} = --var"),
            "environment" => {
                format!("{name} = {place}, environment {}", self.environment.as_deref().unwrap_or_default())
            }
            "default" => format!("{name} = {place}, default"),
            "process" => format!("env.{name} of the process"),
            "secret" => format!("secret from {name}"),
            "generated" => "generated".to_owned(),
            "component" => format!("{name} = {place}"),
            "org" => format!("{name} of the org"),
            _ => format!("{name} has no value yet"),
        }
    }

    pub fn json(&self) -> Value {
        let mut told = json!({ "kind": self.kind, "name": self.name, "place": self.place });
        if let Some(environment) = &self.environment {
            told["environment"] = json!(environment);
        }
        told
    }
}

fn from(told: &Told) -> String {
    let words: Vec<String> = told.from.iter().map(Said::in_words).collect();
    visible(&words.join("; ")).into_owned()
}

pub fn human(values: &Values, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = String::new();
    for of_one in values.chunk_by(|one, other| one.component == other.component) {
        let Some(first) = of_one.first() else { continue };
        let _ = writeln!(text, "\nValues of {}", paint.bold(&first.component.to_string()));
        let names: Vec<String> = of_one.iter().map(|told| told.path.to_string()).collect();
        let lines: Vec<String> = of_one.iter().map(|told| one_line(&told.value)).collect();
        let width =
            |texts: &[String]| texts.iter().map(|text| text.chars().count()).max().unwrap_or(0).min(48);
        let (name_width, value_width) = (width(&names), width(&lines));
        for ((told, name), line) in of_one.iter().zip(&names).zip(&lines) {
            let arrow = paint.dim(&format!("<- {}", from(told)));
            let _ = writeln!(text, "    {name:name_width$} = {line:value_width$}   {arrow}");
        }
    }
    text
}

pub fn markdown(values: &Values) -> String {
    let mut text = String::new();
    for of_one in values.chunk_by(|one, other| one.component == other.component) {
        let Some(first) = of_one.first() else { continue };
        let _ = writeln!(text, "\n#### Values of `{}`\n", first.component);
        text.push_str("| field | value | from |\n|---|---|---|\n");
        for told in of_one {
            let (name, value) = (code(&told.path.to_string()), code(&one_line(&told.value)));
            let _ = writeln!(text, "| {name} | {value} | {} |", escape(&from(told)));
        }
    }
    text
}

pub fn json(values: &Values) -> Value {
    let one = |told: &Told| {
        json!({
            "component": told.component.to_string(),
            "field": told.path.to_string(),
            "value": shown_as_json(&told.value),
            "from": told.from.iter().map(Said::json).collect::<Vec<_>>(),
        })
    };
    values.iter().map(one).collect()
}
