//! Where each value came from: its line, the overlay over it, the variables in it, and who gave those.
//!
//! Follows the same references as `evaluate`, without a word about problems: those have been reported. Reads no secret;
//! of one it tells where it lives.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::find;
use super::merge::{Merged, merge};
use super::{Inputs, variables};
use crate::component::{AttributeSource, ComponentId, FieldPath, Group, Kind, Name};
use crate::diagnostic::{Diagnostics, Located, SourceId, Span};
use crate::secret::SecretSource;
use crate::setting::{Expression, Piece, Setting, Settings, Text};

use super::variables::Giver;

/// One thing that had a say in a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub what: What,
    /// Where it is written, if it is written in a file.
    pub at: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The component's own table.
    Manifest,
    /// What an environment lays over it.
    Overlay {
        environment: String,
    },
    Variable {
        name: String,
        by: Giver,
    },
    /// `${env.NAME}`: a variable of the process, not of the project.
    Process {
        name: String,
    },
    /// Where a secret lives; read when it is sent, never here.
    Secret(SecretSource),
    /// Made by us when the component is created.
    Generated,
    /// A field of another component: `connected-app.Orders.label`.
    Component {
        field: String,
    },
    /// What only the org can tell: `org.id`, `auth-provider.Orders.callback-url`.
    Org {
        attribute: String,
    },
    /// A variable that has no value yet.
    Unset {
        name: String,
    },
}

impl What {
    /// Whether another environment may well have another value because of this.
    pub fn is_of_environment(&self) -> bool {
        matches!(self, What::Overlay { .. } | What::Variable { by: Giver::Environment, .. })
    }
}

/// A field, and what had a say in its value: where it is written first, then in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    pub path: FieldPath,
    pub from: Vec<Origin>,
}

pub type Origins = BTreeMap<ComponentId, Vec<Traced>>;

/// Where the values of all components came from, in the order of their fields. A list is one value, unless its items have
/// fields of their own.
pub fn origins(inputs: &Inputs<'_>) -> Origins {
    // Whatever is wrong was said when the project was resolved.
    let merged = merge(inputs, &mut Diagnostics::default());
    let overlaid = overlaid(inputs);
    let tracer = Tracer { inputs, merged: &merged, overlaid };
    let trace = |(id, declaration): (&ComponentId, &std::borrow::Cow<'_, crate::manifest::Declaration>)| {
        let mut traced = Vec::new();
        tracer.fields(Some(&id.kind.fields), &FieldPath::root(), &declaration.settings, &mut traced);
        (id.clone(), traced)
    };
    merged.iter().map(trace).collect()
}

/// The places of all values that the chosen environment lays over others.
fn overlaid(inputs: &Inputs<'_>) -> BTreeSet<Span> {
    fn places(settings: &Settings, found: &mut BTreeSet<Span>) {
        for entry in settings.values() {
            found.insert(entry.setting.at);
            if let Setting::Group(inner) = &entry.setting.value {
                places(inner, found);
            }
        }
    }
    let mut found = BTreeSet::new();
    let chosen = |manifest| -> Option<_> {
        let manifest: &crate::manifest::Manifest = manifest;
        manifest.environments.get(inputs.environment?)
    };
    for environment in inputs.manifests.iter().filter_map(chosen) {
        environment.components.iter().for_each(|overlay| places(&overlay.settings, &mut found));
    }
    found
}

struct Tracer<'a> {
    inputs: &'a Inputs<'a>,
    merged: &'a Merged<'a>,
    overlaid: BTreeSet<Span>,
}

impl Tracer<'_> {
    fn fields(
        &self,
        group: Option<&'static Group>,
        at: &FieldPath,
        settings: &Settings,
        traced: &mut Vec<Traced>,
    ) {
        for (name, entry) in settings {
            let field = group.and_then(|group| group.field(name));
            let name: Name = field.map_or_else(|| name.clone().into(), |field| field.name.as_str().into());
            let inner = field.and_then(|field| match &field.kind {
                Kind::Group(inner) => Some(inner),
                _ => None,
            });
            let is_overlaid = self.overlaid.contains(&entry.setting.at);
            self.field(inner, &at.element(name), &entry.setting, is_overlaid, traced);
        }
    }

    fn field(
        &self,
        inner: Option<&'static Group>,
        path: &FieldPath,
        setting: &Located<Setting>,
        is_overlaid: bool,
        traced: &mut Vec<Traced>,
    ) {
        let is_group = |item: &Located<Setting>| matches!(item.value, Setting::Group(_));
        match &setting.value {
            Setting::Group(settings) => self.fields(inner, path, settings, traced),
            Setting::List(items) if items.iter().any(is_group) => {
                for (index, item) in items.iter().enumerate() {
                    self.field(inner, &path.index(index), item, is_overlaid, traced);
                }
            }
            _ => {
                let mut from = vec![self.written(setting.at, is_overlaid)];
                self.setting(setting, &mut from);
                traced.push(Traced { path: path.clone(), from });
            }
        }
    }

    fn written(&self, at: Span, is_overlaid: bool) -> Origin {
        let what = match self.inputs.environment {
            Some(environment) if is_overlaid => What::Overlay { environment: environment.to_owned() },
            _ => What::Manifest,
        };
        Origin { what, at: Some(at) }
    }

    fn setting(&self, setting: &Located<Setting>, from: &mut Vec<Origin>) {
        match &setting.value {
            Setting::Text(text) => self.text(text, setting.at.source, from),
            Setting::Secret(SecretSource::Generated(_)) => {
                add(from, What::Generated, Some(setting.at));
            }
            Setting::Secret(source) => {
                add(from, What::Secret(source.clone()), Some(setting.at));
            }
            Setting::List(items) => items.iter().for_each(|item| self.setting(item, from)),
            _ => {}
        }
    }

    fn text(&self, text: &Text, source: SourceId, from: &mut Vec<Origin>) {
        for piece in &text.pieces {
            let Piece::Reference(reference) = piece else { continue };
            match &reference.value {
                Expression::Variable(name) => self.variable(name, source, from),
                Expression::Environment(name) => {
                    add(from, What::Process { name: name.clone() }, None);
                }
                Expression::Org(attribute) => {
                    add(from, What::Org { attribute: format!("org.{attribute}") }, None);
                }
                Expression::Attribute { component, attribute } => {
                    self.attribute(component, attribute, from);
                }
            }
        }
    }

    fn variable(&self, name: &str, source: SourceId, from: &mut Vec<Origin>) {
        let variable = |by| What::Variable { name: name.to_owned(), by };
        if self.inputs.variables.contains_key(name) {
            add(from, variable(Giver::CommandLine), None);
        } else if let Some((by, text)) = variables::text(self.inputs, name, source) {
            if add(from, variable(by), Some(text.at)) {
                self.text(&text.value, text.at.source, from);
            }
        } else {
            add(from, What::Unset { name: format!("var.{name}") }, None);
        }
    }

    /// A field of another component if a manifest has it, and else a word of the org.
    fn attribute(&self, component: &str, attribute: &str, from: &mut Vec<Origin>) {
        let name = format!("{component}.{attribute}");
        let written = ComponentId::parse(component).and_then(|id| {
            let AttributeSource::Field(path) = &id.kind.attributes.get(attribute)?.source else {
                return None;
            };
            find(&self.merged.get(&id)?.settings, path)
        });
        match written {
            Some(entry) => {
                if !add(from, What::Component { field: name }, Some(entry.setting.at)) {
                    return;
                }
                if self.overlaid.contains(&entry.setting.at) {
                    let origin = self.written(entry.setting.at, true);
                    add(from, origin.what, origin.at);
                }
                self.setting(&entry.setting, from);
            }
            None => {
                add(from, What::Org { attribute: name }, None);
            }
        }
    }
}

/// Whether it had no say yet. What stands twice in a text is told, and followed, once; so a circle ends too.
fn add(from: &mut Vec<Origin>, what: What, at: Option<Span>) -> bool {
    let origin = Origin { what, at };
    let is_new = !from.contains(&origin);
    if is_new {
        from.push(origin);
    }
    is_new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::diagnostic::Sources;
    use crate::manifest::{self, Manifest};

    /// `address field: what, what`, a line each.
    fn traced(text: &str, environment: Option<&str>) -> Vec<String> {
        let mut sources = Sources::default();
        let id = sources.add("main.toml", text);
        let mut diagnostics = Diagnostics::default();
        let manifests: Vec<Manifest> = vec![manifest::read(id, sources.get(id), &mut diagnostics)];
        assert!(!diagnostics.has_errors(), "{diagnostics:?}");
        let configuration = Configuration::default();
        let inputs = Inputs { environment, ..Inputs::new(&manifests, &configuration) };
        let mut lines = Vec::new();
        for (id, fields) in origins(&inputs) {
            for one in fields {
                let word = |origin: &Origin| {
                    let line = origin.at.map_or(0, |at| sources.position(at).line);
                    let what = match &origin.what {
                        What::Manifest => "manifest".to_owned(),
                        What::Overlay { .. } => "overlay".to_owned(),
                        What::Variable { name, by } => format!("{name} by {by:?}"),
                        What::Component { field } => field.clone(),
                        other => format!("{other:?}"),
                    };
                    format!("{what} {line}")
                };
                let words: Vec<String> = one.from.iter().map(word).collect();
                lines.push(format!("{} {}: {}", id.name, one.path, words.join(", ")));
            }
        }
        lines
    }

    #[test]
    fn variables_are_followed_and_each_is_told_once() {
        let text = "[variables]\na = \"${var.b}${var.b}\"\nb = \"x${var.c}\"\nc = \"y\"\n\
                    [connected-app.A]\nlabel = \"${var.a}${var.c}\"\n";
        assert_eq!(
            traced(text, None),
            ["A label: manifest 6, a by Default 2, b by Default 3, c by Default 4"]
        );
    }

    #[test]
    fn a_circle_ends() {
        let text = "[variables]\na = \"${var.b}\"\nb = \"${var.a}${var.b}\"\n\
                    [connected-app.A]\nlabel = \"${var.a}\"\n";
        assert_eq!(traced(text, None), ["A label: manifest 5, a by Default 2, b by Default 3"]);
    }

    #[test]
    fn a_field_of_another_component_brings_its_overlay_and_its_variables_along() {
        let text = "[variables]\nkey = \"k\"\n\
                    [connected-app.A.oauth-config]\nconsumer-key = \"${var.key}\"\nscopes = [\"Api\", \"${var.key}\"]\n\
                    [auth-provider.B]\nconsumer-key = \"${connected-app.A.consumer-key}\"\n\
                    [environment.uat.variables]\nkey = \"u\"\n\
                    [environment.uat.connected-app.A.oauth-config]\nconsumer-key = \"o${var.key}\"\n";
        assert_eq!(
            traced(text, None),
            [
                "B consumer-key: manifest 7, connected-app.A.consumer-key 4, key by Default 2",
                "A oauth-config.consumer-key: manifest 4, key by Default 2",
                "A oauth-config.scopes: manifest 5, key by Default 2",
            ]
        );
        assert_eq!(
            traced(text, Some("uat")),
            [
                "B consumer-key: manifest 7, connected-app.A.consumer-key 11, overlay 11, key by Environment 9",
                "A oauth-config.consumer-key: overlay 11, key by Environment 9",
                "A oauth-config.scopes: manifest 5, key by Environment 9",
            ]
        );
    }

    #[test]
    fn items_with_fields_of_their_own_are_told_one_by_one() {
        let text = "[[connected-app.A.attributes]]\nkey = \"a\"\nformula = \"1\"\n\
                    [[connected-app.A.attributes]]\nkey = \"b\"\nformula = \"2\"\n";
        assert_eq!(
            traced(text, None),
            [
                "A attributes[0].formula: manifest 3",
                "A attributes[0].key: manifest 2",
                "A attributes[1].formula: manifest 6",
                "A attributes[1].key: manifest 5",
            ]
        );
    }
}
