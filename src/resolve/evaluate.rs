//! Works out the value of each field: variables filled in, references followed as far as they go.

use std::collections::BTreeSet;

use super::merge::Merged;
use super::{Inputs, Keys, Leaf, Unset, Wanted, described_field, variables};
use crate::component::{
    AttributeSource, ComponentId, Enumeration, Field, FieldPath, Fields, Group, Kind, Name, Scalar, Step,
    Tree,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Located, SourceId, Span, suggestion};
use crate::manifest::Variable;
use crate::reference::{Formula, OrgAttribute, Part, Reference};
use crate::secret::SecretSource;
use crate::setting::{Entry, Expression, Piece, Setting, Settings, Text};

/// What is being worked out, to notice when it needs itself.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Open {
    Variable(SourceId, String),
    Field(ComponentId, FieldPath),
}

impl Open {
    fn describe(&self) -> String {
        match self {
            Open::Variable(_, name) => format!("var.{name}"),
            Open::Field(id, path) => format!("{id}.{path}"),
        }
    }
}

pub(super) struct Resolver<'a> {
    inputs: &'a Inputs<'a>,
    merged: &'a Merged<'a>,
    open: Vec<Open>,
    /// Variables already reported as unset: once is enough.
    unset: Vec<(SourceId, String)>,
    reported: BTreeSet<(Code, Option<Span>, String)>,
    diagnostics: &'a mut Diagnostics,
}

/// A text worked out: its parts, or a secret if it is nothing but a reference to one.
enum Outcome {
    Parts(Vec<Part>),
    Secret(SecretSource, /* the field it comes from is a secret */ bool),
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        inputs: &'a Inputs<'a>,
        merged: &'a Merged<'a>,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Resolver {
            inputs,
            merged,
            open: Vec::new(),
            unset: Vec::new(),
            reported: BTreeSet::new(),
            diagnostics,
        }
    }

    /// A field is worked out for itself and again for each that refers to it; its problems are told once.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        let place = diagnostic.labels.first().map(|(at, _)| *at);
        if self.reported.insert((diagnostic.code, place, diagnostic.message.clone())) {
            self.diagnostics.push(diagnostic);
        }
    }

    pub(super) fn fields(
        &mut self,
        id: &ComponentId,
        group: &'static Group,
        path: &FieldPath,
        settings: &Settings,
        keys: &mut Keys,
    ) -> Fields<Leaf> {
        let mut fields = Fields::new();
        for (name, entry) in settings {
            let field = group.field(name);
            let name: Name = field.map_or_else(|| name.clone().into(), |field| field.name.as_str().into());
            let path = path.element(name.clone());
            keys.push(path.clone(), entry.key);
            let value = match field {
                Some(field) => self.value(id, field, &path, &entry.setting, keys),
                None => extra(&entry.setting),
            };
            if let Some(value) = value {
                fields.insert(name, value);
            }
        }
        fields
    }

    fn value(
        &mut self,
        id: &ComponentId,
        field: &'static Field,
        path: &FieldPath,
        setting: &Located<Setting>,
        keys: &mut Keys,
    ) -> Option<Tree<Leaf>> {
        let known = |scalar| Some(Tree::Leaf(Leaf { wanted: Wanted::Known(scalar), at: setting.at }));
        match &setting.value {
            Setting::Flag(flag) => known(Scalar::Flag(*flag)),
            Setting::Number(number) => known(Scalar::Number(*number)),
            Setting::Secret(source) => {
                Some(Tree::Leaf(Leaf { wanted: Wanted::Secret(source.clone()), at: setting.at }))
            }
            Setting::List(items) => {
                let items: Vec<Option<Tree<Leaf>>> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.value(id, field, &path.index(index), item, keys))
                    .collect();
                // Of a list that is not complete nothing else is to be said.
                items.into_iter().collect::<Option<_>>().map(Tree::List)
            }
            Setting::Group(inner) => {
                let Kind::Group(group) = &field.kind else { return None };
                Some(Tree::Group(self.fields(id, group, path, inner, keys)))
            }
            Setting::Extra(_) => extra(setting),
            Setting::Nil => known(Scalar::Nil),
            Setting::Broken => None,
            Setting::Text(text) => {
                let wanted = self.leaf(id, field, path, text, setting.at)?;
                Some(Tree::Leaf(Leaf { wanted, at: setting.at }))
            }
        }
    }

    fn leaf(
        &mut self,
        id: &ComponentId,
        field: &Field,
        path: &FieldPath,
        text: &Text,
        at: Span,
    ) -> Option<Wanted> {
        let place = Open::Field(id.clone(), path.clone());
        self.open.push(place);
        let is_lines = field.separator.as_deref() == Some("\n");
        let outcome = if is_lines { self.lines(text) } else { self.text(text) };
        self.open.pop();
        match outcome? {
            Outcome::Secret(source, from_secret) => {
                if from_secret && !field.secret {
                    self.report(
                        Diagnostic::error(
                            Code::MisplacedSecret,
                            format!("`{path}` of `{id}` would publish a secret"),
                        )
                        .label(at, "a secret must not be written to this field")
                        .help("only fields that hold a secret may refer to one"),
                    );
                    return None;
                }
                Some(Wanted::Secret(source))
            }
            Outcome::Parts(parts) if field.secret => {
                self.plain_secret(id, path, text, &parts, at);
                None
            }
            Outcome::Parts(parts) => self.typed(id, field, path, parts, at),
        }
    }

    fn plain_secret(&mut self, id: &ComponentId, path: &FieldPath, text: &Text, parts: &[Part], at: Span) {
        let name = path.to_string();
        let variable = format!("{}_{}", id.name, name.rsplit('.').next().unwrap_or(&name))
            .replace('-', "_")
            .to_uppercase();
        let key = name.rsplit('.').next().unwrap_or(&name);
        let source = format!("\n{key} = {{ env = \"{variable}\" }}");
        let written = self.written_at(text, at.source, 0);
        for place in &written {
            self.diagnostics.hide(*place);
        }
        let given = self.given(text);
        let from_process = text.pieces.iter().any(|piece| {
            matches!(piece, Piece::Reference(reference) if matches!(reference.value, Expression::Environment(_)))
        });
        let literal: String = parts
            .iter()
            .filter_map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                Part::Reference(_) => None,
            })
            .collect();
        let mut diagnostic = if crate::secret::is_placeholder(&literal) {
            Diagnostic::error(
                Code::PlaceholderSecret,
                format!("`{path}` of `{id}` is a placeholder, not a secret"),
            )
            .label(at, "a tool left this where the secret was")
            .help(format!("it would deploy and fail at the first login; say where the secret lives:{source}"))
        } else if from_process {
            Diagnostic::error(
                Code::PlainSecret,
                format!("`{path}` of `{id}` reads its secret with `${{env...}}`"),
            )
            .label(at, "this becomes text, which is shown in plans")
            .help(format!("let it be read as a secret:{source}"))
        } else if let Some(name) = given {
            Diagnostic::error(
                Code::PlainSecret,
                format!("`{path}` of `{id}` is given with `--var {name}=...`"),
            )
            .label(at, "every program on this machine can read arguments")
            .help(format!("let it be read as a secret:{source}"))
        } else {
            let label = if written.is_empty() {
                "committing this file would publish the secret"
            } else {
                "a variable is no place for a secret"
            };
            Diagnostic::error(Code::PlainSecret, format!("`{id}` has its `{key}` written in the manifest"))
                .label(at, label)
                .help(format!("say where the secret lives instead:{source}"))
        };
        for place in written {
            diagnostic = diagnostic.label(place, "written here");
        }
        self.report(diagnostic);
    }

    /// A text that has to be known without an org; `None` while it is not, or was reported.
    pub(super) fn known_text(&mut self, text: &Located<Text>, what: &str) -> Option<String> {
        let formula = self.prose(text, what)?;
        if let Some(reference) = formula.references().find(|one| !matches!(one, Reference::Unset(_))) {
            self.report(
                Diagnostic::error(Code::WrongType, format!("{what} cannot wait for `{reference}`"))
                    .label(text.at, "must be known before an org is asked")
                    .help("refer to a variable instead: ${var.NAME}"),
            );
            return None;
        }
        formula.fill(|_| None)
    }

    /// The lines of a text in which nothing but variables is referred to; `None` for every other.
    pub(super) fn lines_of_variables(&mut self, text: &Text) -> Option<Vec<String>> {
        let mut refers = false;
        for piece in &text.pieces {
            match piece {
                Piece::Literal(text) if !text.contains('\n') => {}
                Piece::Reference(Located { value: Expression::Variable(_), .. }) => refers = true,
                _ => return None,
            }
        }
        match if refers { self.text(text) } else { None }? {
            Outcome::Parts(parts) => {
                let text = Formula(parts).fill(|_| None)?;
                Some(text.lines().map(|line| line.trim().to_owned()).collect())
            }
            Outcome::Secret(..) => None,
        }
    }

    /// A text for people, which may name what only an org can tell.
    pub(super) fn prose(&mut self, text: &Located<Text>, what: &str) -> Option<Formula> {
        match self.text(&text.value)? {
            Outcome::Parts(parts) => Some(Formula(parts)),
            Outcome::Secret(..) => {
                self.report(
                    Diagnostic::error(Code::MisplacedSecret, format!("{what} would publish a secret"))
                        .label(text.at, "refers to a secret")
                        .help("only fields that hold a secret may refer to one"),
                );
                None
            }
        }
    }

    /// Where the variables in a text get their own text from.
    fn written_at(&self, text: &Text, source: SourceId, depth: usize) -> Vec<Span> {
        let mut found = Vec::new();
        for piece in &text.pieces {
            let Piece::Reference(Located { value: Expression::Variable(name), .. }) = piece else { continue };
            if let Some(text) = self.variable_text(name, source).filter(|_| depth < 16) {
                if text.value.pieces.iter().any(|piece| matches!(piece, Piece::Literal(_))) {
                    found.push(text.at);
                }
                found.extend(self.written_at(&text.value, text.at.source, depth + 1));
            }
        }
        found
    }

    /// The variable of a text whose value was given with --var.
    fn given<'t>(&self, text: &'t Text) -> Option<&'t str> {
        text.pieces.iter().find_map(|piece| match piece {
            Piece::Reference(Located { value: Expression::Variable(name), .. }) => {
                self.inputs.variables.contains_key(name).then_some(name.as_str())
            }
            _ => None,
        })
    }

    /// Makes a value of the field's type out of text.
    fn typed(
        &mut self,
        id: &ComponentId,
        field: &Field,
        path: &FieldPath,
        parts: Vec<Part>,
        at: Span,
    ) -> Option<Wanted> {
        if parts.iter().any(|part| matches!(part, Part::Reference(_))) {
            let is_unset = |part: &Part| matches!(part, Part::Reference(Reference::Unset(_)));
            if matches!(field.kind, Kind::Text | Kind::Binary) || parts.iter().any(is_unset) {
                let parts = parts.into_iter().map(|part| match part {
                    Part::Text(text) => Part::Text(normal_lines(&text)),
                    reference @ Part::Reference(_) => reference,
                });
                return Some(Wanted::Formula(Formula(parts.collect())));
            }
            self.report(
                Diagnostic::error(
                    Code::WrongType,
                    format!("`{path}` of `{id}` cannot wait for a value of the org"),
                )
                .label(at, "must be known before anything is sent")
                .help("refer to a variable instead: ${var.NAME}"),
            );
            return None;
        }
        let text: String = parts
            .into_iter()
            .map(|part| match part {
                Part::Text(text) => text,
                Part::Reference(_) => String::new(),
            })
            .collect();
        let wrong = |wanted: &str| {
            Diagnostic::error(Code::WrongType, format!("`{path}` of `{id}` must be {wanted}, not `{text}`"))
                .label(at, "has this value once its variables are filled in")
        };
        match &field.kind {
            Kind::Text | Kind::Binary => Some(Wanted::Known(Scalar::Text(normal_lines(&text)))),
            Kind::Flag => match text.as_str() {
                "true" => Some(Wanted::Known(Scalar::Flag(true))),
                "false" => Some(Wanted::Known(Scalar::Flag(false))),
                _ => {
                    self.report(wrong("true or false"));
                    None
                }
            },
            Kind::Number => match text.parse() {
                Ok(number) => Some(Wanted::Known(Scalar::Number(number))),
                Err(_) => {
                    self.report(wrong("a whole number"));
                    None
                }
            },
            // An empty element says that there is none of them.
            Kind::Enumeration(_) if text.is_empty() && field.repeated => {
                Some(Wanted::Known(Scalar::Text(text)))
            }
            Kind::Enumeration(values) => {
                let written = field.split(&text);
                let mut spelled = Vec::with_capacity(written.len());
                for one in &written {
                    match values.find(one) {
                        // A value with varying parts matches itself; an alias becomes the API's spelling.
                        Some(value) => {
                            spelled.push(if value.matches(one) { one } else { value.name.as_str() })
                        }
                        None => {
                            self.unknown_value(id, path, values, one, at);
                            return None;
                        }
                    }
                }
                let unchanged = spelled == written;
                let joined = spelled.join(field.separator.as_deref().unwrap_or_default());
                Some(Wanted::Known(Scalar::Text(if unchanged { text } else { joined })))
            }
            Kind::Group(_) => None,
        }
    }

    fn unknown_value(
        &mut self,
        id: &ComponentId,
        path: &FieldPath,
        values: &Enumeration,
        written: &str,
        at: Span,
    ) {
        let names = values.values.iter().flat_map(|value| {
            std::iter::once(value.name.as_str()).chain(value.aliases.iter().map(String::as_str))
        });
        let diagnostic =
            Diagnostic::error(Code::UnknownValue, format!("`{path}` of `{id}` cannot be `{written}`"))
                .label(at, format!("not a value of {}", values.name));
        self.report(match suggestion(written, names) {
            Some(near) => diagnostic.help(format!("did you mean \"{near}\"?")),
            None => {
                let all: Vec<&str> = values.values.iter().map(|value| value.name.as_str()).collect();
                diagnostic.help(format!("one of: {}", all.join(", ")))
            }
        });
    }

    fn text(&mut self, text: &Text) -> Option<Outcome> {
        if let Some(reference) = text.as_reference() {
            return self.expression(reference);
        }
        let mut parts = Vec::new();
        let mut complete = true;
        for piece in &text.pieces {
            match piece {
                Piece::Literal(literal) => parts.push(Part::Text(literal.clone())),
                Piece::Broken => complete = false,
                Piece::Reference(reference) => match self.expression(reference) {
                    Some(Outcome::Parts(inner)) => parts.extend(inner),
                    Some(Outcome::Secret(..)) => {
                        let place = match self.open.last() {
                            Some(Open::Field(id, path)) => format!("`{path}` of `{id}`"),
                            Some(Open::Variable(_, name)) => format!("variable `{name}`"),
                            None => "a text".to_owned(),
                        };
                        self.report(
                            Diagnostic::error(
                                Code::MisplacedSecret,
                                format!("{place} would hold a secret within a longer text"),
                            )
                            .label(reference.at, "refers to a secret")
                            .help("only a field for secrets may refer to one, and to nothing else beside it"),
                        );
                        complete = false;
                    }
                    None => complete = false,
                },
            }
        }
        complete.then_some(Outcome::Parts(parts))
    }

    /// A text of lines. A line that refers to a variable with several lines becomes a line for each of them.
    fn lines(&mut self, text: &Text) -> Option<Outcome> {
        if text.as_reference().is_some() {
            return self.text(text);
        }
        let mut lines: Vec<Vec<Part>> = vec![Vec::new()];
        // Where the line that is being put together begins: it is several once it has been multiplied.
        let mut first = 0;
        let mut complete = true;
        for piece in &text.pieces {
            match piece {
                Piece::Literal(literal) => {
                    for (at, part) in literal.split('\n').enumerate() {
                        if at > 0 {
                            first = lines.len();
                            lines.push(Vec::new());
                        }
                        let part = Part::Text(part.to_owned());
                        lines[first..].iter_mut().for_each(|line| line.push(part.clone()));
                    }
                }
                _ => match self.text(&Text { pieces: vec![Piece::Literal(String::new()), piece.clone()] }) {
                    Some(Outcome::Parts(parts)) => {
                        let begun = lines.split_off(first);
                        for way in several(&parts) {
                            lines.extend(begun.iter().map(|line| [line.as_slice(), &way].concat()));
                        }
                    }
                    Some(Outcome::Secret(..)) | None => complete = false,
                },
            }
        }
        let end = Part::Text("\n".to_owned());
        complete.then(|| Outcome::Parts(lines.join(&end)))
    }

    fn expression(&mut self, expression: &Located<Expression>) -> Option<Outcome> {
        let at = expression.at;
        match &expression.value {
            Expression::Variable(name) => self.variable(name, at),
            Expression::Environment(name) => match (self.inputs.process)(name) {
                Some(value) => Some(Outcome::Parts(vec![Part::Text(value)])),
                None if self.inputs.unset == Unset::Kept => Some(kept(&format!("env.{name}"))),
                None => {
                    self.report(
                        Diagnostic::error(
                            Code::UnsetVariable,
                            format!("the process variable `{name}` is not set"),
                        )
                        .label(at, "read from the environment of this command")
                        .help(format!("set it: export {name}=...")),
                    );
                    None
                }
            },
            Expression::Org(attribute) => {
                match OrgAttribute::ALL.into_iter().find(|known| known.key() == attribute) {
                    Some(attribute) => Some(Outcome::Parts(vec![Part::Reference(Reference::Org(attribute))])),
                    None => {
                        self.report(
                            Diagnostic::error(
                                Code::UnknownAttribute,
                                format!("an org has no attribute `{attribute}`"),
                            )
                            .label(at, "no such attribute")
                            .help("to refer to: ${org.id}, ${org.instance-url}"),
                        );
                        None
                    }
                }
            }
            Expression::Attribute { component, attribute } => self.attribute(component, attribute, at),
        }
    }

    fn variable(&mut self, name: &str, at: Span) -> Option<Outcome> {
        let open = Open::Variable(at.source, name.to_owned());
        if self.is_cycle(&open, at) {
            return None;
        }
        let Some(declared) = variables::declared(self.inputs, name, at.source) else {
            let manifest = self.inputs.manifests.iter().find(|manifest| manifest.source == at.source);
            let known = manifest.into_iter().flat_map(|manifest| manifest.variables.keys());
            let known = known.chain(self.inputs.configuration.variables.keys()).map(String::as_str);
            let mut diagnostic =
                Diagnostic::error(Code::UnknownVariable, format!("there is no variable `{name}`"))
                    .label(at, "not declared");
            diagnostic = match suggestion(name, known) {
                Some(near) => diagnostic.help(format!("did you mean `${{var.{near}}}`?")),
                None => diagnostic.help(format!("declare it:\n[variables]\n{name} = \"...\"")),
            };
            self.report(diagnostic);
            return None;
        };
        if let Some(value) = self.inputs.variables.get(name) {
            return Some(Outcome::Parts(vec![Part::Text(value.clone())]));
        }
        let Some(text) = self.variable_text(name, at.source) else {
            if self.inputs.unset == Unset::Kept {
                return Some(kept(&format!("var.{name}")));
            }
            self.unset(name, declared, at);
            return None;
        };
        self.open.push(open);
        let outcome = self.text(&text.value);
        self.open.pop();
        outcome
    }

    fn variable_text(&self, name: &str, source: SourceId) -> Option<&'a Located<Text>> {
        variables::text(self.inputs, name, source).map(|(_, text)| text)
    }

    fn unset(&mut self, name: &str, declared: &Variable, at: Span) {
        let key = (declared.at.source, name.to_owned());
        if self.unset.contains(&key) {
            return;
        }
        self.unset.push(key);
        let environment = self.inputs.environment.unwrap_or("NAME");
        let what = declared.description.as_deref().map_or(String::new(), |text| format!(" ({text})"));
        self.report(
            Diagnostic::error(Code::UnsetVariable, format!("the variable `{name}` has no value"))
                .label(at, "needed here")
                .label(declared.at, format!("has no default{what}"))
                .help(format!(
                    "give it with --var {name}=VALUE, under [environment.{environment}.variables], or as its default under [variables]"
                )),
        );
    }

    fn attribute(&mut self, component: &str, attribute: &str, at: Span) -> Option<Outcome> {
        let id = self.component(component, attribute, at)?;
        let Some(described) = id.kind.attributes.get(attribute) else {
            let known: Vec<&str> = id.kind.attributes.keys().map(String::as_str).collect();
            let references: Vec<String> = known.iter().map(|known| format!("${{{id}.{known}}}")).collect();
            let mut diagnostic = Diagnostic::error(
                Code::UnknownAttribute,
                format!("`{id}` has no attribute `{attribute}` to refer to"),
            )
            .label(at, "no such attribute");
            diagnostic = match (suggestion(attribute, known.iter().copied()), known.is_empty()) {
                (Some(near), _) => diagnostic.help(format!("did you mean `${{{id}.{near}}}`?")),
                (None, false) => diagnostic.help(format!("to refer to: {}", references.join(", "))),
                (None, true) => {
                    diagnostic.help(format!("no attribute of {} can be referred to", id.kind.key))
                }
            };
            self.report(diagnostic);
            return None;
        };
        let reference = Reference::Attribute { of: id.clone(), attribute: attribute.to_owned() };
        let AttributeSource::Field(path) = &described.source else {
            return Some(Outcome::Parts(vec![Part::Reference(reference)]));
        };
        let field = described_field(&id, path)?;
        let open = Open::Field(id.clone(), path.clone());
        if self.is_cycle(&open, at) {
            return None;
        }
        match find(&self.merged[&id].settings, path) {
            Some(Entry { setting: Located { value: Setting::Secret(source), .. }, .. }) => {
                Some(Outcome::Secret(source.clone(), field.secret))
            }
            Some(Entry { setting: Located { value: Setting::Text(text), .. }, .. }) => {
                self.open.push(open);
                let outcome = self.text(text);
                self.open.pop();
                // A secret written as text is reported where it stands; here it must not travel on.
                if field.secret && matches!(outcome, Some(Outcome::Parts(_))) { None } else { outcome }
            }
            Some(_) => None,
            None if field.write_only => {
                let key = &field.key;
                self.report(
                    Diagnostic::error(Code::UnknownReference, format!("`{id}` has no `{key}` to refer to"))
                        .label(at, "no org gives a secret back")
                        .help(format!("let it be made by us in `{id}`, or say there where it lives:\n{key} = {{ generate = true }}")),
                );
                None
            }
            None => Some(Outcome::Parts(vec![Part::Reference(reference)])),
        }
    }

    fn component(&mut self, address: &str, attribute: &str, at: Span) -> Option<ComponentId> {
        if let Some(id) = ComponentId::parse(address)
            && let Some((id, _)) = self.merged.get_key_value(&id)
        {
            return Some(id.clone());
        }
        let known: Vec<String> = self.merged.keys().map(ToString::to_string).collect();
        // Label the component's part of the reference, without its attribute.
        let end = at.end().saturating_sub(attribute.len() + 1).max(at.start());
        let from = match self.open.last() {
            Some(Open::Field(id, _)) => format!("`{id}`"),
            Some(Open::Variable(_, name)) => format!("variable `{name}`"),
            None => "the manifest".to_owned(),
        };
        let mut diagnostic = Diagnostic::error(
            Code::UnknownReference,
            format!("{from} refers to `{address}`, which is not declared"),
        )
        .label(Span::new(at.source, at.start()..end), "no component has this name");
        let same_name = known.iter().find(|other| other.eq_ignore_ascii_case(address));
        diagnostic = match (same_name, suggestion(address, known.iter().map(String::as_str))) {
            (Some(near), _) => {
                diagnostic.help(format!("names are case-sensitive; write `${{{near}.{attribute}}}`"))
            }
            (None, Some(near)) => diagnostic.help(format!("did you mean `${{{near}.{attribute}}}`?")),
            (None, None) => diagnostic.help(format!("declare it: [{address}]")),
        };
        self.report(diagnostic);
        None
    }

    fn is_cycle(&mut self, wanted: &Open, at: Span) -> bool {
        let Some(start) = self.open.iter().position(|open| open == wanted) else { return false };
        let mut names: Vec<String> = self.open[start..].iter().map(Open::describe).collect();
        names.push(wanted.describe());
        self.report(
            Diagnostic::error(
                Code::ReferenceCycle,
                format!("`{}` needs itself: {}", wanted.describe(), names.join(" -> ")),
            )
            .label(at, "closes the circle")
            .help("give one of them a value of its own"),
        );
        true
    }
}

/// The lines that a value has; one, if it waits for an org.
fn several(parts: &[Part]) -> Vec<Vec<Part>> {
    let texts: Option<String> = parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Reference(_) => None,
        })
        .collect();
    match texts {
        Some(text) if text.contains('\n') => {
            text.lines().map(|line| vec![Part::Text(line.trim().to_owned())]).collect()
        }
        _ => vec![parts.to_vec()],
    }
}

/// A reference to a value that nobody gave.
fn kept(name: &str) -> Outcome {
    Outcome::Parts(vec![Part::Reference(Reference::Unset(name.to_owned()))])
}

/// What is written at a path of element names.
pub(super) fn find<'s>(settings: &'s Settings, path: &FieldPath) -> Option<&'s Entry> {
    let mut settings = settings;
    let mut found = None;
    for step in &path.0 {
        let Step::Element(name) = step else { return None };
        let entry = settings.get(name.as_ref())?;
        if let Setting::Group(inner) = &entry.setting.value {
            settings = inner;
        }
        found = Some(entry);
    }
    found
}

fn extra(setting: &Located<Setting>) -> Option<Tree<Leaf>> {
    let Setting::Extra(tree) = &setting.value else { return None };
    Some(with_place(tree, setting.at))
}

fn with_place(tree: &Tree<Scalar>, at: Span) -> Tree<Leaf> {
    match tree {
        Tree::Leaf(scalar) => {
            let scalar = match scalar {
                Scalar::Text(text) => Scalar::Text(normal_lines(text)),
                other => other.clone(),
            };
            Tree::Leaf(Leaf { wanted: Wanted::Known(scalar), at })
        }
        Tree::List(items) => Tree::List(items.iter().map(|item| with_place(item, at)).collect()),
        Tree::Group(fields) => {
            Tree::Group(fields.iter().map(|(name, field)| (name.clone(), with_place(field, at))).collect())
        }
    }
}

/// XML readers turn CRLF into LF, so an org never sees the difference; neither should a plan.
fn normal_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}
