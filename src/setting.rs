//! One field as written in a manifest: plain, `"${...}"`, or `{ env = "NAME" }`.
//!
//! Reads TOML values by the description of the field they are for, and keeps positions. What a reference
//! points at, and whether a value is a good one, is for later stages.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::component::{ComponentId, Field, FieldPath, Fields, Group, Kind, Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Located, SourceId, Span, suggestion};
use crate::secret::{Generated, SecretSource};

/// The key of a component that tells while it belongs to the project.
pub const ONLY_IF: &str = "only-if";

/// The fields of one table, by API name.
pub type Settings = BTreeMap<String, Entry>;

/// One field: its key's place and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: Span,
    pub setting: Located<Setting>,
}

#[derive(Debug, Clone)]
pub enum Setting {
    Text(Text),
    Flag(bool),
    Number(i64),
    Secret(SecretSource),
    List(Vec<Located<Setting>>),
    Group(Settings),
    /// An element we do not know, or a value, passed through by `extra`.
    Extra(Tree<Scalar>),
    /// `{ nil = true }`: the element is there, and marked as having no value.
    Nil,
    /// Written, and reported as unreadable; kept so that it is not reported as missing as well.
    Broken,
}

/// A string with references in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Literal(String),
    Reference(Located<Expression>),
    /// Reported as unreadable; the text has no value.
    Broken,
}

/// What stands between `${` and `}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// `var.NAME`
    Variable(String),
    /// `env.NAME`
    Environment(String),
    /// `org.ATTRIBUTE`
    Org(String),
    /// `TYPE.NAME.ATTRIBUTE`
    Attribute { component: String, attribute: String },
}

impl Text {
    pub fn literal(text: impl Into<String>) -> Self {
        Text { pieces: vec![Piece::Literal(text.into())] }
    }

    /// The text, where it has no references.
    pub fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The reference, where the text is nothing else.
    pub fn as_reference(&self) -> Option<&Located<Expression>> {
        match self.pieces.as_slice() {
            [Piece::Reference(reference)] => Some(reference),
            _ => None,
        }
    }
}

/// What the reading of one file needs to know.
pub struct Context<'a> {
    pub source: SourceId,
    pub text: &'a str,
    /// Where relative secret files start.
    pub folder: &'a Path,
    pub diagnostics: &'a mut Diagnostics,
}

impl Context<'_> {
    pub fn span<T>(&self, spanned: &Spanned<T>) -> Span {
        Span::new(self.source, spanned.span())
    }

    pub fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports a key that has no meaning here, with the closest one that has.
    pub fn unknown_key<'k>(
        &mut self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        place: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let written: &str = key.get_ref();
        // A misspelt secret is still a secret.
        if looks_secret(written) || suggestion(written, known.iter().copied()).is_some_and(looks_secret) {
            self.hide_texts(value);
        }
        let mut diagnostic = Diagnostic::error(Code::UnknownKey, format!("{place} has no key `{written}`"))
            .label(self.span(key), "not known here");
        diagnostic = match suggestion(written, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None if known.len() <= 12 => diagnostic.help(format!("known: {}", known.join(", "))),
            None => diagnostic.help("see `orgwire schema` for all keys; an element that orgwire does not know yet goes under `extra`"),
        };
        self.error(diagnostic);
    }

    pub fn wrong_type(
        &mut self,
        what: &str,
        value: &Spanned<DeValue<'_>>,
        wanted: &str,
        help: Option<String>,
    ) {
        let found = value.get_ref().type_str();
        let mut diagnostic =
            Diagnostic::error(Code::WrongType, format!("{what} must be {wanted}, not {}", article(found)))
                .label(self.span(value), format!("this is {}", article(found)));
        diagnostic.help = help;
        self.error(diagnostic);
    }

    /// Keeps every text, number and date below this value out of all messages.
    pub fn hide_texts(&mut self, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Array(items) => items.iter().for_each(|item| self.hide_texts(item)),
            DeValue::Table(table) => table.values().for_each(|inner| self.hide_texts(inner)),
            DeValue::Boolean(_) => {}
            _ => self.diagnostics.hide(self.span(value)),
        }
    }

    /// The same for the value of a secret field, where what only says where the secret is may be seen.
    fn hide_secret(&mut self, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::String(text) if is_one_reference(text) => {}
            DeValue::Table(table) if table.len() == 1 => {
                for (key, value) in table {
                    let tells = match (&**key.get_ref(), value.get_ref()) {
                        ("env", DeValue::String(name)) => is_variable_name(name),
                        ("file", DeValue::String(_)) => true,
                        _ => false,
                    };
                    if !tells {
                        self.hide_texts(value);
                    }
                }
            }
            _ => self.hide_texts(value),
        }
    }

    /// Splits a string at its `${...}`. Problems are reported; the pieces that could be read are returned.
    pub fn text(&mut self, value: &str, at: Span) -> Text {
        // Positions inside the string are exact where the file holds it letter for letter.
        let raw = self.text.get(at.start()..at.end()).unwrap_or_default();
        let offset = raw.find(value).filter(|found| {
            let quotes = raw.len() - value.len();
            *found > 0 && quotes <= 7 && !value.is_empty()
        });
        let place = |from: usize, to: usize| match offset {
            Some(offset) => Span::new(at.source, at.start() + offset + from..at.start() + offset + to),
            None => at,
        };
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = 0;
        while let Some(found) = value[rest..].find("${") {
            let start = rest + found;
            // `$${` is a literal `${`.
            if value[rest..start].ends_with('$') {
                literal.push_str(&value[rest..start]);
                literal.push('{');
                rest = start + 2;
                continue;
            }
            literal.push_str(&value[rest..start]);
            let Some(length) = value[start..].find('}') else {
                self.error(
                    Diagnostic::error(Code::InvalidReference, "a reference is not closed")
                        .label(place(start, value.len()), "`${` without `}`")
                        .help("close it with `}`, or write `$${` for a literal `${`"),
                );
                pieces.push(Piece::Broken);
                rest = value.len();
                break;
            };
            let inner = &value[start + 2..start + length];
            let inner_at = place(start + 2, start + length);
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(match self.expression(inner, inner_at) {
                Some(expression) => Piece::Reference(Located::new(expression, inner_at)),
                None => Piece::Broken,
            });
            rest = start + length + 1;
        }
        literal.push_str(&value[rest..]);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Text { pieces }
    }

    fn expression(&mut self, inner: &str, at: Span) -> Option<Expression> {
        let words: Vec<&str> = inner.split('.').collect();
        let expression = match words.as_slice() {
            ["var", name] if !name.is_empty() => Some(Expression::Variable((*name).to_owned())),
            ["env", name] if !name.is_empty() => Some(Expression::Environment((*name).to_owned())),
            ["org", attribute] => Some(Expression::Org((*attribute).to_owned())),
            [kind, name, attribute]
                if *kind != "var" && *kind != "env" && *kind != "org" && !name.is_empty() =>
            {
                Some(Expression::Attribute {
                    component: format!("{kind}.{name}"),
                    attribute: (*attribute).to_owned(),
                })
            }
            _ => None,
        };
        if expression.is_none() {
            self.error(
                Diagnostic::error(Code::InvalidReference, format!("`${{{inner}}}` is not a reference"))
                    .label(at, "cannot be read")
                    .help(
                        "write ${var.NAME}, ${env.NAME}, ${org.instance-url}, ${org.id} or \
                         ${TYPE.NAME.ATTRIBUTE}; $${ is a literal ${",
                    ),
            );
        }
        expression
    }

    /// Reads the fields of one component or nested table.
    pub fn settings(
        &mut self,
        id: &ComponentId,
        group: &'static Group,
        path: &FieldPath,
        table: &DeTable<'_>,
    ) -> Settings {
        let mut settings = Settings::new();
        for (key, value) in table {
            if key.get_ref() == "extra" && group.field_with_key("extra").is_none() {
                self.extra(id, group, path, value, &mut settings);
                continue;
            }
            // Of the component as a whole, and read with it.
            if path.0.is_empty() && key.get_ref() == ONLY_IF {
                continue;
            }
            let Some(field) = group.field_with_key(key.get_ref()) else {
                let place = if path.0.is_empty() { format!("`{id}`") } else { format!("`{path}` of `{id}`") };
                self.unknown_key(key, value, &place, group.fields.iter().map(|field| field.key.as_str()));
                continue;
            };
            let path = path.element(field.name.as_str());
            let setting = self.field(id, field, &path, value).unwrap_or(Setting::Broken);
            let (key, at) = (self.span(key), self.span(value));
            settings.insert(field.name.clone(), Entry { key, setting: Located::new(setting, at) });
        }
        settings
    }

    fn field(
        &mut self,
        id: &ComponentId,
        field: &'static Field,
        path: &FieldPath,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Setting> {
        if field.secret {
            self.hide_secret(value);
        }
        match value.get_ref() {
            DeValue::Table(table) if is_nil(table) => Some(Setting::Nil),
            DeValue::Array(items) if field.repeated => {
                let items: Vec<Option<Located<Setting>>> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| {
                        let at = self.span(item);
                        Some(Located::new(self.one(id, field, &path.index(index), item)?, at))
                    })
                    .collect();
                // Of a list that is not complete nothing else is to be said.
                items.into_iter().collect::<Option<_>>().map(Setting::List)
            }
            DeValue::Array(items) if let Some(separator) = &field.separator => {
                self.joined(id, path, separator, items)
            }
            // One value may stand for a list of one.
            _ if field.repeated => {
                let at = self.span(value);
                Some(Setting::List(vec![Located::new(self.one(id, field, &path.index(0), value)?, at)]))
            }
            _ => self.one(id, field, path, value),
        }
    }

    fn one(
        &mut self,
        id: &ComponentId,
        field: &'static Field,
        path: &FieldPath,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Setting> {
        let what = format!("`{path}` of `{id}`");
        let at = self.span(value);
        match (&field.kind, value.get_ref()) {
            (Kind::Group(group), DeValue::Table(table)) => {
                Some(Setting::Group(self.settings(id, group, path, table)))
            }
            (Kind::Group(_), _) => {
                let help = format!("write it as a table: [{id}.{path}]");
                self.wrong_type(&what, value, "a table", Some(help));
                None
            }
            (Kind::Text, DeValue::Table(table)) if field.sourced => {
                self.secret_source(id, field, path, table, at).map(Setting::Secret)
            }
            (Kind::Text, DeValue::Table(_)) => {
                // Sourced like a secret it would be left out of everything that people can read.
                self.hide_texts(value);
                let help = "it is no secret: write it as text, or take it from a process variable with \"${env.NAME}\"";
                self.wrong_type(&what, value, "a string", Some(help.to_owned()));
                None
            }
            (Kind::Flag, DeValue::Boolean(flag)) => Some(Setting::Flag(*flag)),
            (Kind::Number, DeValue::Integer(number)) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Some(Setting::Number(number)),
                    Err(_) => {
                        self.wrong_type(&what, value, "a whole number of at most 64 bits", None);
                        None
                    }
                }
            }
            (Kind::Text, DeValue::String(text)) if field.secret && unfilled(text).is_some() => {
                let (name, key) = (unfilled(text).unwrap_or_default(), &field.key);
                self.error(
                    Diagnostic::error(
                        Code::PlaceholderSecret,
                        format!("{what} is a placeholder, not a secret"),
                    )
                    .label(at, "nothing fills this in")
                    .help(format!("let it be read from that variable:\n{key} = {{ env = \"{name}\" }}")),
                );
                None
            }
            (Kind::Text | Kind::Binary | Kind::Enumeration(_), DeValue::String(text)) => {
                Some(Setting::Text(self.text(text, at)))
            }
            // A flag or number may come from a variable: "${var.pkce}".
            (Kind::Flag | Kind::Number, DeValue::String(text)) if text.contains("${") => {
                Some(Setting::Text(self.text(text, at)))
            }
            (kind, _) => {
                let (wanted, help) = match kind {
                    Kind::Flag => {
                        ("true or false", quoted_help(value, |text| text == "true" || text == "false"))
                    }
                    Kind::Number => {
                        ("a whole number", quoted_help(value, |text| text.parse::<i64>().is_ok()))
                    }
                    _ if field.secret => {
                        ("the source of a secret", Some(format!("{} = {{ env = \"NAME\" }}", field.key)))
                    }
                    _ => ("a string", unquoted_help(value)),
                };
                self.wrong_type(&what, value, wanted, help);
                None
            }
        }
    }

    /// A list of lines becomes one text with line breaks, and so with every other separator.
    fn joined(
        &mut self,
        id: &ComponentId,
        path: &FieldPath,
        separator: &str,
        items: &[Spanned<DeValue<'_>>],
    ) -> Option<Setting> {
        let mut pieces: Vec<Piece> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let DeValue::String(line) = item.get_ref() else {
                self.wrong_type(&format!("`{}` of `{id}`", path.index(index)), item, "a string", None);
                return None;
            };
            if index > 0 {
                pieces.push(Piece::Literal(separator.to_owned()));
            }
            let at = self.span(item);
            pieces.extend(self.text(line, at).pieces);
        }
        Some(Setting::Text(Text { pieces: without_seams(pieces) }))
    }

    fn secret_source(
        &mut self,
        id: &ComponentId,
        field: &'static Field,
        path: &FieldPath,
        table: &DeTable<'_>,
        at: Span,
    ) -> Option<SecretSource> {
        let what = format!("`{path}` of `{id}`");
        let mut entries = table.iter();
        if let (Some((key, value)), None) = (entries.next(), entries.next())
            && &**key.get_ref() == "generate"
            && matches!(value.get_ref(), DeValue::Boolean(true))
        {
            let Some(shape) = field.generate else {
                self.error(
                    Diagnostic::error(Code::InvalidSecretSource, format!("{what} cannot be generated"))
                        .label(at, "somebody else decides this value")
                        .help(
                            "refer to the component that has it, or say where it lives: { env = \"NAME\" }",
                        ),
                );
                return None;
            };
            let generated = Generated { owner: id.clone(), field: path.clone(), shape };
            return Some(SecretSource::Generated(Box::new(generated)));
        }
        self.source(&what, table, at, &["env", "file", "command", "generate"])
    }

    /// Where a secret lives that somebody else has made. `known` are the sources that may be written here.
    pub fn source(
        &mut self,
        what: &str,
        table: &DeTable<'_>,
        at: Span,
        known: &[&str],
    ) -> Option<SecretSource> {
        let forms = known.iter().map(|source| match *source {
            "file" => "{ file = \"path\" }",
            "command" => "{ command = [\"program\", \"argument\"] }",
            "generate" => "{ generate = true }",
            _ => "{ env = \"NAME\" }",
        });
        let help = format!("write exactly one of:\n{}", forms.collect::<Vec<_>>().join("\n"));
        let invalid = |message: String| {
            Diagnostic::error(Code::InvalidSecretSource, message)
                .label(at, "should say where the secret lives")
                .help(help.as_str())
        };
        let mut entries = table.iter();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else {
            // Whatever the keys are called, their values are not for messages.
            table.iter().filter(|(key, _)| !known.contains(&&**key.get_ref())).for_each(|(_, value)| {
                self.hide_texts(value);
            });
            self.error(invalid(format!("{what} must have one source, and has {}", table.len())));
            return None;
        };
        match (&**key.get_ref(), value.get_ref()) {
            ("env", DeValue::String(name)) if is_variable_name(name) => {
                Some(SecretSource::Environment(name.clone().into_owned()))
            }
            ("file", DeValue::String(file)) if !file.is_empty() => {
                Some(SecretSource::File(self.folder.join(&**file)))
            }
            ("command", DeValue::Array(words)) if !words.is_empty() => {
                let words: Option<Vec<String>> =
                    words.iter().map(|word| word.get_ref().as_str().map(str::to_owned)).collect();
                if words.as_ref().is_none_or(|words| words[0].is_empty()) {
                    self.error(invalid(format!("the command of {what} must be a list of strings")));
                    return None;
                }
                words.map(SecretSource::Command)
            }
            (other, _) if known.contains(&other) => {
                self.error(invalid(format!("the source of {what} has a wrong value")));
                None
            }
            (other, _) => {
                let mut diagnostic = invalid(format!("{what} has an unknown source `{other}`"));
                if let Some(near) = suggestion(other, known.iter().copied()) {
                    diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                }
                self.hide_texts(value);
                self.error(diagnostic);
                None
            }
        }
    }

    /// `extra = { someNewField = "x" }`: elements by API name, passed through as they are.
    fn extra(
        &mut self,
        id: &ComponentId,
        group: &'static Group,
        path: &FieldPath,
        value: &Spanned<DeValue<'_>>,
        settings: &mut Settings,
    ) {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type(&format!("`extra` of `{id}`"), value, "a table of elements", None);
            return;
        };
        for (key, value) in table {
            let name: &str = key.get_ref();
            let key_at = self.span(key);
            if looks_secret(name) {
                self.hide_texts(value);
            }
            if let Some(field) = group.field(name).or_else(|| group.field_with_key(name))
                && (name != field.name || can_be_written(field, value.get_ref()))
            {
                let path = path.element(field.name.clone());
                self.error(
                    Diagnostic::error(Code::ExtraElement, format!("`{name}` of `{id}` is a known field"))
                        .label(key_at, "need not go through `extra`")
                        .help(format!("write it as `{path}`")),
                );
                continue;
            }
            if !is_element_name(name) {
                self.error(
                    Diagnostic::error(
                        Code::ExtraElement,
                        format!("`{name}` is not the name of an XML element"),
                    )
                    .label(key_at, "goes into the file as it is")
                    .help("use the Metadata API's own name, for example someNewField"),
                );
                continue;
            }
            let Some(tree) = self.extra_tree(id, value) else { continue };
            self.error(
                Diagnostic::warning(
                    Code::ExtraElement,
                    format!("`{name}` of `{id}` is passed through without a check"),
                )
                .label(key_at, "not known to this version of orgwire"),
            );
            let at = self.span(value);
            settings.insert(
                name.to_owned(),
                Entry { key: key_at, setting: Located::new(Setting::Extra(tree), at) },
            );
        }
    }

    fn extra_tree(&mut self, id: &ComponentId, value: &Spanned<DeValue<'_>>) -> Option<Tree<Scalar>> {
        Some(match value.get_ref() {
            DeValue::String(text) => Tree::Leaf(Scalar::Text(text.clone().into_owned())),
            DeValue::Boolean(flag) => Tree::Leaf(Scalar::Flag(*flag)),
            DeValue::Integer(number) => {
                Tree::Leaf(Scalar::Number(i64::from_str_radix(number.as_str(), number.radix()).ok()?))
            }
            DeValue::Array(items) => {
                Tree::List(items.iter().map(|item| self.extra_tree(id, item)).collect::<Option<_>>()?)
            }
            DeValue::Table(table) if is_nil(table) => Tree::Leaf(Scalar::Nil),
            DeValue::Table(table) => {
                let mut fields = Fields::new();
                for (key, inner) in table {
                    if looks_secret(key.get_ref()) {
                        self.hide_texts(inner);
                    }
                    if !is_element_name(key.get_ref()) {
                        let at = self.span(key);
                        self.error(
                            Diagnostic::error(
                                Code::ExtraElement,
                                format!("`{}` is not the name of an XML element", key.get_ref()),
                            )
                            .label(at, "goes into the file as it is"),
                        );
                        return None;
                    }
                    fields.insert(key.get_ref().clone().into_owned().into(), self.extra_tree(id, inner)?);
                }
                Tree::Group(fields)
            }
            DeValue::Float(_) | DeValue::Datetime(_) => {
                self.wrong_type(
                    &format!("`extra` of `{id}`"),
                    value,
                    "a string, number, flag, list or table",
                    None,
                );
                return None;
            }
        })
    }
}

/// Whether a value can be written under the field's own key, without `extra`.
fn can_be_written(field: &Field, value: &DeValue<'_>) -> bool {
    match (&field.kind, value) {
        (_, DeValue::Array(items)) => {
            let is_value = |item: &DeValue<'_>| !matches!(item, DeValue::Table(table) if is_nil(table));
            let can_stand = |item: &DeValue<'_>| is_value(item) && can_be_written(field, item);
            field.repeated && items.iter().all(|item| can_stand(item.get_ref()))
        }
        (Kind::Text | Kind::Binary, DeValue::String(_))
        | (Kind::Flag, DeValue::Boolean(_))
        | (Kind::Number, DeValue::Integer(_))
        | (Kind::Group(_), DeValue::Table(_)) => true,
        (Kind::Enumeration(values), DeValue::String(text)) => {
            // Other spellings than the API's would become the API's, and whoever imports a file wants its own.
            let all = field.split(text);
            !all.is_empty() && all.iter().all(|one| values.values.iter().any(|value| value.matches(one)))
        }
        _ => false,
    }
}

/// `{ nil = true }`
fn is_nil(table: &DeTable<'_>) -> bool {
    let mut entries = table.iter();
    matches!(
        (entries.next(), entries.next()),
        (Some((key, value)), None) if key.get_ref() == "nil" && matches!(value.get_ref(), DeValue::Boolean(true))
    )
}

/// Whether a key's name suggests that its value must not be shown, even if it is misspelt.
pub fn looks_secret(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    let known = ["secr", "passw", "token", "private", "ec-key", "eckey", "credential", "certificate"];
    if known.iter().any(|word| lower.contains(word)) {
        return true;
    }
    let mut words = key.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.any(|word| {
        // consumerSecert
        let last = word.rfind(|letter: char| letter.is_ascii_uppercase()).map_or(word, |at| &word[at..]);
        ["secret", "password"]
            .iter()
            .any(|known| strsim::jaro_winkler(&last.to_ascii_lowercase(), known) > 0.9)
    })
}

/// Pieces of a text that may be secrets, where it cannot be read as TOML: everything behind a key that suggests
/// one, up to the next key, table or empty line, and to the end of a string of several lines.
pub fn suspicious(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut open: Option<&str> = None;
    let mut continues = false;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let mut from = None;
        if let Some(quotes) = open {
            from = Some(0);
            if content.contains(quotes) {
                open = None;
            }
        } else if looks_secret(content) && !content.trim_start().starts_with('[') {
            from = Some(content.find(['=', ':', '"', '\'']).map_or(content.len(), |at| at + 1));
            open = ["\"\"\"", "'''"].into_iter().find(|quotes| content.matches(quotes).count() == 1);
            continues = true;
        } else if continues && !is_statement(content) {
            from = Some(0);
        } else {
            continues = false;
        }
        if let Some(from) = from.filter(|from| *from < content.len()) {
            found.push(start + from..start + content.len());
        }
        start += line.len();
    }
    found
}

/// Whether a line begins something new: a table, a comment, `key = value`, or nothing.
fn is_statement(line: &str) -> bool {
    let line = line.trim();
    let assigns = || {
        // Base64 may end in `=`, and has nothing behind it.
        line.split_once('=').is_some_and(|(key, value)| {
            let word = |letter: char| letter.is_ascii_alphanumeric() || "-_. \"'".contains(letter);
            !key.trim().is_empty() && key.chars().all(word) && !value.trim_matches(['=', ' ']).is_empty()
        })
    };
    line.is_empty() || line.starts_with(['#', '[']) && line.len() > 1 || assigns()
}

/// Whether a text is one reference and nothing else.
fn is_one_reference(text: &str) -> bool {
    text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(|inner| {
        inner.contains('.')
            && inner.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter))
    })
}

/// The name in `${NAME}`, which shells and other tools fill in and we do not.
fn unfilled(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix("${")?.strip_suffix('}')?;
    is_variable_name(name).then_some(name)
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_element_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Joins neighbouring literals, so that a text without references is one piece.
pub fn without_seams(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Literal(before)), Piece::Literal(text)) => before.push_str(&text),
            (_, piece) => joined.push(piece),
        }
    }
    joined
}

fn article(kind: &str) -> String {
    match kind {
        "array" => "an array".to_owned(),
        "integer" => "an integer".to_owned(),
        other => format!("a {other}"),
    }
}

fn quoted_help(value: &Spanned<DeValue<'_>>, fits: impl Fn(&str) -> bool) -> Option<String> {
    let text = value.get_ref().as_str()?;
    fits(text).then(|| format!("write it without quotes: {text}"))
}

fn unquoted_help(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::Boolean(flag) => Some(format!("put it in quotes: \"{flag}\"")),
        DeValue::Integer(number) => Some(format!("put it in quotes: \"{}\"", number.as_str())),
        _ => None,
    }
}
