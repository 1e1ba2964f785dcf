//! Turns the text of one manifest into a [`Manifest`]: what was written, with positions. Knows the keys of
//! components from the type descriptions; does not know what a reference points at.

mod condition;
mod guide;
mod moves;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::component::{
    ComponentId, FieldPath, NEWEST_API_VERSION, OLDEST_API_VERSION, type_with_key, types,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Located, Source, SourceId, Span, suggestion};
use crate::setting::{Context, Piece, Settings, Text, looks_secret, suspicious, without_seams};

pub use condition::Condition;
pub use guide::Guide;
pub use moves::Move;
pub use steps::{DoneWhen, ManualStep};

/// The keys of a manifest that are no types.
const KEYS: [&str; 6] = ["api-version", "guide", "variables", "environment", "manual-step", "moved"];

/// One manifest as written.
#[derive(Debug)]
pub struct Manifest {
    pub source: SourceId,
    /// The major number: `62` for `"62.0"`.
    pub api_version: Option<Located<u16>>,
    /// Whose rules count for its components.
    pub guide: Option<Located<Guide>>,
    pub variables: BTreeMap<String, Variable>,
    pub environments: BTreeMap<String, Environment>,
    pub components: Vec<Declaration>,
    pub moved: Vec<Move>,
    pub steps: Vec<ManualStep>,
}

/// `[variables]`: a value, or a table that describes one. Without a default it has to be given.
#[derive(Debug, Clone)]
pub struct Variable {
    pub at: Span,
    pub default: Option<Located<Text>>,
    pub description: Option<String>,
}

/// `[environment.NAME]`: overlays and variables, and where they go to.
#[derive(Debug, Clone)]
pub struct Environment {
    pub at: Span,
    pub org: Option<Located<String>>,
    pub predict_callback: Option<bool>,
    pub variables: BTreeMap<String, Located<Text>>,
    pub components: Vec<Declaration>,
}

/// A component, or the overlay of one.
#[derive(Debug, Clone)]
pub struct Declaration {
    pub id: ComponentId,
    /// Where its name stands.
    pub at: Span,
    pub settings: Settings,
    /// While it belongs to the project; always, without one.
    pub only_if: Option<Condition>,
}

/// Reads one manifest. Everything wrong with it is reported; what could be read is returned.
pub fn read(source: SourceId, file: &Source, diagnostics: &mut Diagnostics) -> Manifest {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let mut context = Context { source, text: &file.text, folder, diagnostics };
    let mut manifest = Manifest {
        source,
        api_version: None,
        guide: None,
        variables: BTreeMap::new(),
        environments: BTreeMap::new(),
        components: Vec::new(),
        moved: Vec::new(),
        steps: Vec::new(),
    };
    let Some(document) = parse(&mut context) else { return manifest };
    for (key, value) in document.get_ref() {
        match &**key.get_ref() {
            "api-version" => manifest.api_version = api_version(&mut context, value),
            "guide" => manifest.guide = guide_of(&mut context, value),
            "variables" => manifest.variables = variables(&mut context, value),
            "environment" => {
                each_table(&mut context, value, "`environment`", |context, name, at, table| {
                    let environment = environment(context, name, at, table, &[]);
                    manifest.environments.insert(name.to_owned(), environment);
                });
            }
            "moved" => manifest.moved = moves::moved(&mut context, value),
            "manual-step" => manifest.steps = steps::read(&mut context, value),
            _ => components(&mut context, key, value, "a manifest", &KEYS, &mut manifest.components),
        }
    }
    manifest
}

/// Parses TOML. All syntax errors are reported at once, of each line the first; `None` if there were any, because what is left of
/// a broken file would only produce follow-up problems.
pub fn parse<'a>(context: &mut Context<'a>) -> Option<Spanned<DeTable<'a>>> {
    let text: &'a str = context.text;
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Some(document);
    }
    // Nothing tells which texts of such a file are secrets.
    for range in suspicious(context.text) {
        context.diagnostics.hide(Span::new(context.source, range));
    }
    let mut lines = BTreeSet::new();
    for error in errors {
        let range = error.span().unwrap_or(0..0);
        // Further errors of a line follow from its first.
        let before = text.get(..range.start).unwrap_or(text);
        if !lines.insert(before.matches('\n').count()) {
            continue;
        }
        let reason = error.message().lines().next().unwrap_or_default().to_owned();
        let at = Span::new(context.source, range);
        context.error(
            Diagnostic::error(Code::InvalidToml, "the file is not valid TOML")
                .label(at, reason)
                .help("strings need quotes, and each key may stand once per table; see https://toml.io"),
        );
    }
    None
}

/// `"62.0"`. Also used for `orgwire.toml`.
pub fn api_version(context: &mut Context<'_>, value: &Spanned<DeValue<'_>>) -> Option<Located<u16>> {
    let at = context.span(value);
    let Some(text) = value.get_ref().as_str() else {
        let help = match value.get_ref() {
            DeValue::Float(number) => format!("put it in quotes: \"{}\"", number.as_str()),
            _ => format!("for example \"{NEWEST_API_VERSION}.0\""),
        };
        context.wrong_type("`api-version`", value, "a string", Some(help));
        return None;
    };
    let major = text.strip_suffix(".0").and_then(|major| major.parse::<u16>().ok());
    match major {
        Some(major) if (OLDEST_API_VERSION..=NEWEST_API_VERSION).contains(&major) => {
            Some(Located::new(major, at))
        }
        _ => {
            let known = OLDEST_API_VERSION..=NEWEST_API_VERSION;
            let help = match text.parse::<u16>() {
                Ok(major) if known.contains(&major) => format!("write it with its zero: \"{major}.0\""),
                _ => format!("from \"{OLDEST_API_VERSION}.0\" to \"{NEWEST_API_VERSION}.0\""),
            };
            context.error(
                Diagnostic::error(
                    Code::InvalidApiVersion,
                    format!("`{text}` is not an API version orgwire knows"),
                )
                .label(at, "not a known version")
                .help(help),
            );
            None
        }
    }
}

fn guide_of(context: &mut Context<'_>, value: &Spanned<DeValue<'_>>) -> Option<Located<Guide>> {
    let at = context.span(value);
    let known = Guide::ALL.map(Guide::key);
    let Some(text) = value.get_ref().as_str() else {
        context.wrong_type("`guide`", value, "a string", Some(format!("one of: {}", known.join(", "))));
        return None;
    };
    let found = Guide::find(text);
    if found.is_none() {
        let diagnostic = Diagnostic::error(Code::UnknownValue, format!("orgwire knows no guide `{text}`"))
            .label(at, "not known");
        context.error(match suggestion(text, known) {
            Some(near) => diagnostic.help(format!("did you mean \"{near}\"?")),
            None => diagnostic.help(format!("one of: {}", known.join(", "))),
        });
    }
    Some(Located::new(found?, at))
}

/// `[variables]` of a manifest or of `orgwire.toml`.
pub fn variables(context: &mut Context<'_>, value: &Spanned<DeValue<'_>>) -> BTreeMap<String, Variable> {
    let mut variables = BTreeMap::new();
    let DeValue::Table(table) = value.get_ref() else {
        context.wrong_type("`variables`", value, "a table", None);
        return variables;
    };
    for (key, value) in table {
        let name: &str = key.get_ref();
        if looks_secret(name) {
            context.hide_texts(value);
        }
        let mut variable = Variable { at: context.span(key), default: None, description: None };
        match value.get_ref() {
            DeValue::String(_) | DeValue::Array(_) => variable.default = value_of(context, name, value),
            DeValue::Table(parts) => {
                for (part, value) in parts {
                    match (&**part.get_ref(), value.get_ref()) {
                        ("default", DeValue::String(_) | DeValue::Array(_)) => {
                            variable.default = value_of(context, name, value);
                        }
                        ("description", DeValue::String(text)) => {
                            variable.description = Some(text.clone().into_owned());
                        }
                        ("default" | "description", _) => {
                            context.wrong_type(
                                &format!("`{}` of variable `{name}`", part.get_ref()),
                                value,
                                "a string",
                                None,
                            );
                        }
                        _ => context.unknown_key(
                            part,
                            value,
                            &format!("variable `{name}`"),
                            ["default", "description"],
                        ),
                    }
                }
            }
            _ => context.wrong_type(
                &format!("variable `{name}`"),
                value,
                "a string, a list of strings, or a table with `default` and `description`",
                None,
            ),
        }
        variables.insert(name.to_owned(), variable);
    }
    variables
}

/// A text, or a list of texts: a line each.
fn value_of(context: &mut Context<'_>, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Located<Text>> {
    let at = context.span(value);
    let items = match value.get_ref() {
        DeValue::Array(items) => items.iter().collect(),
        _ => vec![value],
    };
    let mut pieces = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let DeValue::String(text) = item.get_ref() else {
            context.wrong_type(&format!("an item of variable `{name}`"), item, "a string", None);
            return None;
        };
        if index > 0 {
            pieces.push(Piece::Literal("\n".to_owned()));
        }
        let at = context.span(item);
        pieces.extend(context.text(text, at).pieces);
    }
    Some(Located::new(Text { pieces: without_seams(pieces) }, at))
}

/// `[environment.NAME]` of a manifest or of `orgwire.toml`. The keys in `read_elsewhere` are passed over.
pub fn environment(
    context: &mut Context<'_>,
    name: &str,
    at: Span,
    table: &DeTable<'_>,
    read_elsewhere: &[&'static str],
) -> Environment {
    let mut keys = vec!["org", "predict-callback", "variables"];
    keys.extend(read_elsewhere);
    let mut environment = Environment {
        at,
        org: None,
        predict_callback: None,
        variables: BTreeMap::new(),
        components: Vec::new(),
    };
    for (key, value) in table {
        let value_at = context.span(value);
        match (&**key.get_ref(), value.get_ref()) {
            ("org", DeValue::String(org)) => {
                environment.org = Some(Located::new(org.clone().into_owned(), value_at));
            }
            ("org", _) => {
                context.wrong_type(&format!("`org` of environment `{name}`"), value, "a string", None)
            }
            ("predict-callback", DeValue::Boolean(flag)) => environment.predict_callback = Some(*flag),
            ("predict-callback", _) => {
                context.wrong_type(
                    &format!("`predict-callback` of environment `{name}`"),
                    value,
                    "true or false",
                    None,
                );
            }
            ("variables", DeValue::Table(variables)) => {
                for (key, value) in variables {
                    if looks_secret(key.get_ref()) {
                        context.hide_texts(value);
                    }
                    match value.get_ref() {
                        DeValue::String(_) | DeValue::Array(_) => {
                            let text = value_of(context, key.get_ref(), value);
                            let named = text.map(|text| (key.get_ref().clone().into_owned(), text));
                            environment.variables.extend(named);
                        }
                        _ => context.wrong_type(
                            &format!("variable `{}`", key.get_ref()),
                            value,
                            "a string",
                            None,
                        ),
                    }
                }
            }
            ("variables", _) => {
                context.wrong_type(&format!("`variables` of environment `{name}`"), value, "a table", None);
            }
            (key, _) if read_elsewhere.contains(&key) => {}
            _ => components(
                context,
                key,
                value,
                &format!("environment `{name}`"),
                &keys,
                &mut environment.components,
            ),
        }
    }
    environment
}

/// `[TYPE.NAME]` tables.
fn components(
    context: &mut Context<'_>,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
    place: &str,
    others: &[&'static str],
    components: &mut Vec<Declaration>,
) {
    let Some(kind) = type_with_key(key.get_ref()) else {
        // The name may be missing: [AxsyApexAPI] for [connected-app.AxsyApexAPI].
        let known = types().iter().map(|kind| kind.key.as_str()).chain(others.iter().copied());
        context.unknown_key(key, value, place, known);
        return;
    };
    let what = format!("`{}`", kind.key);
    each_table(context, value, &what, |context, name, at, table| {
        let id = ComponentId::new(kind, name);
        let settings = context.settings(&id, &kind.fields, &FieldPath::root(), table);
        let only_if = table.get(condition::KEY).and_then(|value| condition::read(context, &id, value));
        components.push(Declaration { id, at, settings, only_if });
    });
}

/// Calls `read` with each `name = table` of a table of tables, and reports what is none.
pub fn each_table(
    context: &mut Context<'_>,
    value: &Spanned<DeValue<'_>>,
    what: &str,
    mut read: impl FnMut(&mut Context<'_>, &str, Span, &DeTable<'_>),
) {
    let DeValue::Table(tables) = value.get_ref() else {
        context.wrong_type(what, value, "a table of named tables", None);
        return;
    };
    for (name, value) in tables {
        match value.get_ref() {
            DeValue::Table(table) => {
                let at = context.span(name);
                read(context, name.get_ref(), at, table);
            }
            _ => {
                let table = what.trim_matches('`');
                let help = match type_with_key(table) {
                    Some(_) => format!("the name is missing: write [{table}.NAME]"),
                    None => format!("write a table: [{table}.{}]", name.get_ref()),
                };
                context.wrong_type(&format!("`{}` in {what}", name.get_ref()), value, "a table", Some(help));
            }
        }
    }
}
