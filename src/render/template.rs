//! Renders one component through the tera template of its type. Which value an element has is decided before;
//! this module gives it to the template and has it escaped.
//!
//! A template sees the list `elements`: everything to be written below the root, in the order in which an org
//! writes it, each element with its `name` and one of `text`, `children`, `empty` or `nil`. The shared component
//! `elements` writes such a list. `has_nil` tells the root element whether it has to declare `xsi`.
//!
//! A template that a project brings may want to spell elements itself, so it also sees each described element
//! under its API name: text, a flag or a number, a group of such, or for elements that may repeat a list, which
//! is empty if there are none. An element without a value is not defined. In every group, `others` lists what
//! cannot be spelled: elements without description, and those whose value does not have the described shape.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::OnceLock;

use zeroize::Zeroizing;

use tera::{Context, ErrorKind, Map, Tera, Value};

use crate::component::{Field, Fields, Group, Kind, Scalar, Tree, Type, embedded, type_named};

const ELEMENTS: &str = "elements";
const OTHERS: &str = "others";
const HAS_NIL: &str = "has_nil";

/// A template that does not do its work, most likely one that a project brought.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("`{origin}` is a template for `{name}`, which is no metadata type")]
    UnknownType { name: String, origin: String },
    #[error("`{name}` has no template")]
    Missing { name: String },
    #[error("cannot read the template of `{name}` at {place}")]
    Unreadable { name: String, place: Place, source: Reason },
    #[error("cannot render the template of `{name}` at {place}")]
    Unrenderable { name: String, place: Place, source: Reason },
    #[error("`{element}` cannot be the name of an element in `{name}`")]
    ElementName { name: String, element: String },
}

/// What the template engine says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Reason(pub String);

/// Where in which template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub origin: String,
    /// Line and column, from 1; missing where tera does not tell.
    pub position: Option<(usize, usize)>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some((line, column)) => write!(f, "{}:{line}:{column}", self.origin),
            None => f.write_str(&self.origin),
        }
    }
}

/// The templates of all metadata types. Each is parsed when it is first needed, and only then.
pub struct Templates {
    by_type: BTreeMap<String, Template>,
}

impl Templates {
    /// The templates inside the binary.
    pub fn built_in() -> Result<Templates, TemplateError> {
        Templates::with_overrides([])
    }

    /// The templates inside the binary, some of them replaced. An override is the name of a metadata type,
    /// where the template was read from, and its text.
    pub fn with_overrides(
        overrides: impl IntoIterator<Item = (String, String, String)>,
    ) -> Result<Templates, TemplateError> {
        let mut by_type: BTreeMap<_, _> = embedded::TEMPLATES
            .iter()
            .filter(|(stem, _)| !is_shared(stem))
            .map(|(stem, text)| (stem.to_string(), Template::built_in(stem, text)))
            .collect();
        for (name, origin, text) in overrides {
            if type_named(&name).is_none() {
                return Err(TemplateError::UnknownType { name, origin });
            }
            by_type.insert(name, Template::brought(origin, text));
        }
        Ok(Templates { by_type })
    }

    /// Of the templates that a project brought; those inside the binary are told by its version.
    pub fn fingerprint(&self) -> crate::fingerprint::Fingerprint {
        let brought = self.by_type.iter().filter(|(_, template)| template.spells);
        let texts: Vec<(&String, &str)> =
            brought.map(|(name, template)| (name, template.text.as_ref())).collect();
        crate::fingerprint::of_text(&format!("{texts:?}"))
    }

    /// Whether the template of a type can be read. Templates inside the binary are read when they are needed.
    pub fn check(&self, name: &str) -> Result<(), TemplateError> {
        self.by_type.get(name).map_or(Ok(()), |template| template.parsed(name).map(|_| ()))
    }

    /// The XML of a component. Elements that only the org writes are left out.
    ///
    /// The fields may hold secrets in the clear, and then so does the result.
    pub fn render(&self, kind: &Type, fields: &Fields<Scalar>) -> Result<String, TemplateError> {
        let name = &kind.name;
        let template = self.by_type.get(name).ok_or_else(|| TemplateError::Missing { name: name.clone() })?;
        let tera = template.parsed(name)?;
        let mut context = Context::new();
        let mut shape = Shape { type_name: name, has_nil: false };
        context.insert_value(ELEMENTS, shape.elements(&kind.fields, fields)?.into());
        if template.spells {
            for (element, value) in shape.group(&kind.fields, fields)? {
                context.insert_value(element, value);
            }
        }
        context.insert_value(HAS_NIL, shape.has_nil.into());
        tera.render(&file_name(name), &context).map_err(|error| {
            let (place, reason) = template.explain(&error);
            let reason = hide_secrets(reason, &kind.fields, fields);
            TemplateError::Unrenderable { name: name.clone(), place, source: Reason(reason) }
        })
    }
}

struct Template {
    origin: String,
    text: Cow<'static, str>,
    /// Whether it may spell elements by their names.
    spells: bool,
    /// An outcome, because a template that cannot be read is not read again for the next component.
    tera: OnceLock<Result<Tera, TemplateError>>,
}

impl Template {
    fn built_in(stem: &str, text: &'static str) -> Self {
        Template {
            origin: built_in_path(stem),
            text: Cow::Borrowed(text),
            spells: false,
            tera: OnceLock::new(),
        }
    }

    fn brought(origin: String, text: String) -> Self {
        Template { origin, text: Cow::Owned(text), spells: true, tera: OnceLock::new() }
    }

    fn parsed(&self, name: &str) -> Result<&Tera, TemplateError> {
        let outcome = self.tera.get_or_init(|| {
            let mut tera = Tera::new();
            tera.set_escape_fn(escape);
            let shared = embedded::TEMPLATES.iter().filter(|(stem, _)| is_shared(stem));
            let texts = shared.map(|(stem, text)| (file_name(stem), *text));
            let texts = texts.chain([(file_name(name), self.text.as_ref())]);
            tera.add_raw_templates(texts).map_err(|error| {
                let (place, reason) = self.explain(&error);
                TemplateError::Unreadable { name: name.to_owned(), place, source: Reason(reason) }
            })?;
            Ok(tera)
        });
        outcome.as_ref().map_err(Clone::clone)
    }

    /// Tera's own words, without the piece of the template that it would print below them.
    fn explain(&self, error: &tera::Error) -> (Place, String) {
        let (ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report)) = error.kind() else {
            return (Place { origin: self.origin.clone(), position: None }, error.to_string());
        };
        let stem = report.filename().trim_end_matches(".xml");
        let origin = if is_shared(stem) { built_in_path(stem) } else { self.origin.clone() };
        let span = report.span();
        // Tera counts columns from 0.
        let position = Some((span.start_line, span.start_col + 1));
        (Place { origin, position }, report.message().to_owned())
    }
}

/// Whether a file of `templates/` is a piece that templates share: its name is not that of a type, all of
/// which begin with a capital.
fn is_shared(stem: &str) -> bool {
    stem.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Tera escapes in templates whose name ends like this.
fn file_name(stem: &str) -> String {
    format!("{stem}.xml")
}

fn built_in_path(stem: &str) -> String {
    format!("templates/{stem}.xml (built in)")
}

/// Escapes as an org does. A carriage return would be read back as a line feed, or not at all.
/// A secret as it stands in XML, in a buffer that is wiped and never grew.
pub(super) fn escaped(secret: &str) -> Zeroizing<String> {
    const LONGEST_ESCAPE: usize = "&quot;".len();
    let mut bytes = Zeroizing::new(Vec::with_capacity(secret.len() * LONGEST_ESCAPE));
    escape(secret, &mut *bytes).expect("a Vec takes all bytes");
    Zeroizing::new(String::from_utf8(std::mem::take(&mut *bytes)).expect("escaping keeps UTF-8"))
}

fn escape(text: &str, output: &mut dyn Write) -> io::Result<()> {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'', '\r']) {
        output.write_all(&rest.as_bytes()[..at])?;
        output.write_all(match rest.as_bytes()[at] {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'"' => b"&quot;",
            b'\'' => b"&apos;",
            _ => b"&#xD;",
        })?;
        rest = &rest[at + 1..];
    }
    output.write_all(rest.as_bytes())
}

/// A template's filter may quote the value that it could not take.
fn hide_secrets(mut reason: String, group: &Group, fields: &Fields<Scalar>) -> String {
    for field in &group.fields {
        let Some(tree) = fields.get(field.name.as_str()) else { continue };
        if field.secret {
            tree.each_leaf(&mut |leaf| {
                let secret = leaf.to_string();
                if !secret.is_empty() {
                    reason = reason.replace(&secret, "(hidden)");
                }
            });
        } else if let Kind::Group(inner) = &field.kind {
            let items = if let Tree::List(items) = tree { items } else { std::slice::from_ref(tree) };
            for item in items {
                let Tree::Group(values) = item else { continue };
                reason = hide_secrets(reason, inner, values);
            }
        }
    }
    reason
}

/// Brings values into the shape that templates see.
struct Shape<'a> {
    type_name: &'a str,
    has_nil: bool,
}

impl Shape<'_> {
    /// Everything below one parent, as the component `elements` takes it.
    fn elements(&mut self, group: &Group, fields: &Fields<Scalar>) -> Result<Vec<Value>, TemplateError> {
        let mut elements = Vec::with_capacity(fields.len());
        for (name, tree) in fields {
            match group.field(name) {
                Some(field) if is_left_out(field) => {}
                field => self.element(name, field, tree, &mut elements)?,
            }
        }
        Ok(elements)
    }

    /// The elements of one name.
    fn element(
        &mut self,
        name: &str,
        field: Option<&Field>,
        tree: &Tree<Scalar>,
        elements: &mut Vec<Value>,
    ) -> Result<(), TemplateError> {
        if !is_element_name(name) {
            let (name, element) = (self.type_name.to_owned(), name.to_owned());
            return Err(TemplateError::ElementName { name, element });
        }
        let (key, value) = match tree {
            Tree::List(items) if field.is_some_and(|field| !field.repeated && field.separator.is_some()) => {
                ("text", Value::from(joined(field, items)))
            }
            Tree::List(items) => {
                return in_order(field, items)
                    .into_iter()
                    .try_for_each(|item| self.element(name, field, item, elements));
            }
            Tree::Leaf(Scalar::Nil) => {
                self.has_nil = true;
                ("nil", Value::from(true))
            }
            Tree::Group(fields) if fields.is_empty() => ("empty", Value::from(true)),
            Tree::Group(fields) => {
                let children = match field.map(|field| &field.kind) {
                    Some(Kind::Group(group)) => self.elements(group, fields)?,
                    _ => {
                        let mut children = Vec::with_capacity(fields.len());
                        for (child, tree) in fields {
                            self.element(child, None, tree, &mut children)?;
                        }
                        children
                    }
                };
                ("children", children.into())
            }
            leaf => ("text", Value::from(text(leaf))),
        };
        elements.push(map([("name".to_owned(), name.into()), (key.to_owned(), value)]));
        Ok(())
    }

    /// Values by name, for a template that spells elements itself.
    fn group(
        &mut self,
        group: &Group,
        fields: &Fields<Scalar>,
    ) -> Result<Vec<(String, Value)>, TemplateError> {
        let mut values = Vec::with_capacity(fields.len() + 4);
        for field in group.fields.iter().filter(|field| !is_left_out(field)) {
            let value = match fields.get(field.name.as_str()) {
                Some(tree) if fits(field, tree) => self.field(field, tree)?,
                _ if field.repeated => Value::from(Vec::<Value>::new()),
                _ => continue,
            };
            values.push((field.name.clone(), value));
        }
        let mut others = Vec::new();
        for (name, tree) in fields {
            match group.field(name) {
                Some(field) if is_left_out(field) || fits(field, tree) => {}
                field => self.element(name, field, tree, &mut others)?,
            }
        }
        values.push((OTHERS.to_owned(), others.into()));
        Ok(values)
    }

    fn field(&mut self, field: &Field, tree: &Tree<Scalar>) -> Result<Value, TemplateError> {
        if field.repeated {
            let items = if let Tree::List(items) = tree { items } else { std::slice::from_ref(tree) };
            let items = in_order(Some(field), items).into_iter().map(|item| self.once(field, item));
            return Ok(Value::from(items.collect::<Result<Vec<_>, _>>()?));
        }
        match tree {
            Tree::List(items) => Ok(Value::from(joined(Some(field), items))),
            one => self.once(field, one),
        }
    }

    fn once(&mut self, field: &Field, tree: &Tree<Scalar>) -> Result<Value, TemplateError> {
        match (&field.kind, tree) {
            (Kind::Group(group), Tree::Group(fields)) => Ok(map(self.group(group, fields)?)),
            (_, Tree::Leaf(Scalar::Flag(flag))) => Ok(Value::from(*flag)),
            (_, Tree::Leaf(Scalar::Number(number))) => Ok(Value::from(*number)),
            (_, leaf) => Ok(Value::from(text(leaf))),
        }
    }
}

/// What is no element of the file: values that only the org writes, and the text of a file beside it.
fn is_left_out(field: &Field) -> bool {
    field.read_only || field.content
}

/// Values of an enumeration in its own order, in which an org lists them, if all of them are known.
fn in_order<'t>(field: Option<&Field>, items: &'t [Tree<Scalar>]) -> Vec<&'t Tree<Scalar>> {
    let mut items: Vec<&Tree<Scalar>> = items.iter().collect();
    if let Some(Field { kind: Kind::Enumeration(values), .. }) = field
        && items.iter().all(|item| values.find(&text(item)).is_some())
    {
        items.sort_by_cached_key(|item| values.position(&text(item)));
    }
    items
}

fn joined(field: Option<&Field>, items: &[Tree<Scalar>]) -> String {
    let separator = field.and_then(|field| field.separator.as_deref()).unwrap_or("\n");
    items.iter().map(text).collect::<Vec<_>>().join(separator)
}

fn map(values: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::from(values.into_iter().map(|(key, value)| (key.into(), value)).collect::<Map>())
}

/// The text of a leaf; empty for what has none.
fn text(tree: &Tree<Scalar>) -> String {
    tree.as_leaf().filter(|leaf| **leaf != Scalar::Nil).map(Scalar::to_string).unwrap_or_default()
}

/// Whether a template can spell the value under the field's name. Otherwise it is one of the `others`, and
/// not lost: the org is a better judge of it than we are.
fn fits(field: &Field, tree: &Tree<Scalar>) -> bool {
    let fits_once = |tree: &Tree<Scalar>| match tree {
        Tree::Group(_) => matches!(field.kind, Kind::Group(_)),
        // The nil sign is an attribute, which would make every line of a template hard to read.
        Tree::Leaf(leaf) => !matches!(field.kind, Kind::Group(_)) && *leaf != Scalar::Nil,
        Tree::List(_) => false,
    };
    match tree {
        Tree::List(items) => (field.repeated || field.separator.is_some()) && items.iter().all(fits_once),
        one => fits_once(one),
    }
}

/// A plain XML name; namespaces are not for components.
fn is_element_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use quick_xml::Reader;
    use quick_xml::escape::resolve_predefined_entity;
    use quick_xml::events::Event;

    use super::*;
    use crate::component::types;

    fn text_leaf(text: &str) -> Tree<Scalar> {
        Tree::Leaf(Scalar::Text(text.to_owned()))
    }

    fn group<const N: usize>(fields: [(&str, Tree<Scalar>); N]) -> Tree<Scalar> {
        Tree::Group(fields_of(fields))
    }

    fn fields_of<const N: usize>(fields: [(&str, Tree<Scalar>); N]) -> Fields<Scalar> {
        fields.map(|(name, tree)| (name.to_owned().into(), tree)).into()
    }

    fn render(kind: &str, fields: &Fields<Scalar>) -> String {
        Templates::built_in().unwrap().render(type_named(kind).unwrap(), fields).unwrap()
    }

    /// A value for every element, so that each text is found once in the whole component.
    fn full(described: &Group, prefix: &str) -> Fields<Scalar> {
        let value = |field: &Field, at: &str| match &field.kind {
            Kind::Group(inner) => Tree::Group(full(inner, at)),
            Kind::Flag => Tree::Leaf(Scalar::Flag(true)),
            Kind::Number => Tree::Leaf(Scalar::Number(-7)),
            Kind::Enumeration(values) => text_leaf(&values.values[usize::from(at.ends_with("[1]"))].name),
            Kind::Text | Kind::Binary => text_leaf(at),
        };
        let fields = described.fields.iter().map(|field| {
            let at = format!("{prefix}/{}", field.name);
            let tree = if field.repeated {
                Tree::List(vec![value(field, &format!("{at}[0]")), value(field, &format!("{at}[1]"))])
            } else {
                value(field, &at)
            };
            (field.name.clone().into(), tree)
        });
        fields.collect()
    }

    /// Path and text of every element that has no elements in it, in the order of the tree.
    fn leaves_of(fields: &Fields<Scalar>, prefix: &str) -> Vec<(String, String)> {
        let mut leaves = Vec::new();
        for (name, tree) in fields {
            let at = format!("{prefix}/{name}");
            let items = if let Tree::List(items) = tree { items } else { std::slice::from_ref(tree) };
            for item in items {
                match item {
                    Tree::Group(fields) => leaves.extend(leaves_of(fields, &at)),
                    leaf => leaves.push((at.clone(), text(leaf))),
                }
            }
        }
        leaves
    }

    /// Path and text of every element, in the order of the file; refuses what is not well-formed.
    fn read(xml: &str) -> Vec<(String, String)> {
        let mut reader = Reader::from_str(xml);
        let mut elements: Vec<(String, String)> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let add = |open: &[usize], elements: &mut Vec<(String, String)>, name: &str| {
            let parent = open.last().map_or("", |at| elements[*at].0.as_str());
            let path = format!("{parent}/{name}");
            elements.push((path, String::new()));
        };
        loop {
            let more = match reader.read_event().unwrap() {
                Event::Start(start) => {
                    add(&open, &mut elements, start.name().as_ref());
                    open.push(elements.len() - 1);
                    continue;
                }
                Event::Empty(start) => {
                    add(&open, &mut elements, start.name().as_ref());
                    continue;
                }
                Event::End(_) => {
                    open.pop().unwrap();
                    continue;
                }
                Event::Text(text) => text.xml10_content().into_owned(),
                Event::GeneralRef(entity) => match entity.resolve_char_ref().unwrap() {
                    Some(character) => character.to_string(),
                    None => resolve_predefined_entity(&entity).unwrap().to_owned(),
                },
                Event::Eof => break,
                _ => continue,
            };
            match open.last() {
                Some(at) => elements[*at].1.push_str(&more),
                None => assert_eq!(more.trim(), ""),
            }
        }
        assert!(open.is_empty());
        elements
    }

    /// The elements without elements in them, below the root.
    fn leaves_in(xml: &str) -> Vec<(String, String)> {
        let elements = read(xml);
        let root = format!("{}/", elements[0].0);
        let is_leaf = |at: usize| {
            let inside = format!("{}/", elements[at].0);
            elements.get(at + 1).is_none_or(|next| !next.0.starts_with(&inside))
        };
        (1..elements.len())
            .filter(|at| is_leaf(*at))
            .map(|at| {
                let (path, text) = &elements[at];
                (format!("/{}", path.strip_prefix(&root).unwrap()), text.clone())
            })
            .collect()
    }

    /// Every element that is sent, by path: `ConnectedApp/oauthConfig/scopes`.
    fn described(kind: &Type) -> BTreeSet<String> {
        fn walk(group: &Group, at: &str, paths: &mut BTreeSet<String>) {
            for field in group.fields.iter().filter(|field| !is_left_out(field)) {
                let path = format!("{at}/{}", field.name);
                if let Kind::Group(inner) = &field.kind {
                    walk(inner, &path, paths);
                }
                paths.insert(path);
            }
        }
        let root = format!("/{}", kind.name);
        let mut paths = BTreeSet::from([root.clone()]);
        walk(&kind.fields, &root, &mut paths);
        paths
    }

    /// For each leaf that is described, a component that holds nothing else.
    fn lone(described: &Group, field: &Field) -> Vec<(String, Fields<Scalar>)> {
        let Kind::Group(inner) = &field.kind else {
            let mut fields = full(described, "");
            fields.retain(|name, _| *name == field.name);
            return vec![(format!("/{}", field.name), fields)];
        };
        let inside = inner.fields.iter().filter(|field| !is_left_out(field));
        inside
            .flat_map(|deeper| lone(inner, deeper))
            .map(|(path, fields)| {
                let tree = Tree::Group(fields);
                (format!("/{}{path}", field.name), fields_of([(&field.name, tree)]))
            })
            .collect()
    }

    #[test]
    fn a_component_becomes_the_file_that_an_org_would_give_back() {
        let fields = fields_of([
            ("contactEmail", text_leaf("ops@example.com")),
            ("label", text_leaf("Logik \"Admin\" API's")),
            (
                "oauthConfig",
                group([
                    ("callbackUrl", Tree::List(vec![text_leaf("https://a.example"), text_leaf("b://c")])),
                    ("isAdminApproved", Tree::Leaf(Scalar::Flag(false))),
                    ("scopes", Tree::List(vec![text_leaf("RefreshToken"), text_leaf("Api")])),
                ]),
            ),
        ]);
        assert_eq!(
            render("ConnectedApp", &fields),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<ConnectedApp xmlns="http://soap.sforce.com/2006/04/metadata">
    <contactEmail>ops@example.com</contactEmail>
    <label>Logik &quot;Admin&quot; API&apos;s</label>
    <oauthConfig>
        <callbackUrl>https://a.example
b://c</callbackUrl>
        <isAdminApproved>false</isAdminApproved>
        <scopes>Api</scopes>
        <scopes>RefreshToken</scopes>
    </oauthConfig>
</ConnectedApp>
"#
        );
    }

    #[test]
    fn every_type_has_a_template_and_every_template_a_type() {
        let templates: BTreeSet<&str> =
            embedded::TEMPLATES.iter().map(|(stem, _)| *stem).filter(|stem| !is_shared(stem)).collect();
        assert_eq!(templates, types().iter().map(|kind| kind.name.as_str()).collect());
    }

    #[test]
    fn every_described_element_is_rendered_and_no_other() {
        for kind in types() {
            let xml = render(&kind.name, &full(&kind.fields, ""));
            let found: BTreeSet<String> = read(&xml).into_iter().map(|(path, _)| path).collect();
            assert_eq!(found, described(kind));
        }
    }

    #[test]
    fn every_value_is_in_the_element_that_it_belongs_to() {
        for kind in types() {
            let mut fields = full(&kind.fields, "");
            let xml = render(&kind.name, &fields);
            // No type has such an element further down.
            fields.retain(|name, _| !is_left_out(kind.fields.field(name).unwrap()));
            assert_eq!(leaves_in(&xml), leaves_of(&fields, ""), "{}", kind.name);
        }
    }

    #[test]
    fn elements_come_in_ascii_order_indented_by_four_spaces_without_blank_lines() {
        for kind in types() {
            let xml = render(&kind.name, &full(&kind.fields, ""));
            let mut last_at = vec![String::new(); 9];
            for line in xml.lines().skip(1) {
                let inside = line.trim_start_matches(' ');
                let depth = (line.len() - inside.len()) / 4;
                assert_eq!(line.len() - inside.len(), depth * 4, "{line}");
                assert!(inside.starts_with('<') && !inside.ends_with(' '), "{line}");
                if inside.starts_with("</") {
                    last_at[depth + 1].clear();
                    continue;
                }
                let name = inside[1..inside.find([' ', '>']).unwrap()].to_owned();
                assert!(last_at[depth] <= name, "{}: {} before {name}", kind.name, last_at[depth]);
                last_at[depth] = name;
            }
            assert!(xml.ends_with(&format!("\n</{}>\n", kind.name)) && !xml.contains('\r'), "{}", kind.name);
        }
    }

    #[test]
    fn a_component_with_one_field_renders_just_that() {
        let templates = Templates::built_in().unwrap();
        for kind in types() {
            for field in kind.fields.fields.iter().filter(|field| !is_left_out(field)) {
                for (path, fields) in lone(&kind.fields, field) {
                    let xml = templates.render(kind, &fields).unwrap();
                    let leaves = leaves_in(&xml);
                    assert!(!leaves.is_empty(), "{}{path} is not rendered", kind.name);
                    assert_eq!(leaves, leaves_of(&fields, ""), "{}{path}", kind.name);
                }
            }
            let empty = templates.render(kind, &Fields::new()).unwrap();
            assert_eq!(empty.lines().count(), 3, "{empty}");
        }
    }

    #[test]
    fn awkward_text_survives_rendering_and_reading() {
        for awkward in [
            "a & b < c > d \" e ' f / g",
            "&amp; ]]> <!-- {{ label }} {% if x %} {# y #}",
            "  two spaces, a tab\t, a line\nand\n\nmore  ",
            "carriage\rreturn\r\n",
            "äöü 日本語 🚀 \u{a0}",
            "",
        ] {
            let xml = render("NamedCredential", &fields_of([("label", text_leaf(awkward))]));
            assert_eq!(leaves_in(&xml), [("/label".to_owned(), awkward.to_owned())]);
        }
    }

    #[test]
    fn only_six_characters_are_escaped() {
        let xml = render("NamedCredential", &fields_of([("label", text_leaf("&<>\"'\r/`=\n\t"))]));
        assert!(xml.contains("<label>&amp;&lt;&gt;&quot;&apos;&#xD;/`=\n\t</label>"), "{xml}");
    }

    #[test]
    fn undescribed_elements_stand_in_their_place() {
        let fields = fields_of([
            ("aNewField", text_leaf("<new>")),
            ("label", text_leaf("A")),
            (
                "namedCredentialParameters",
                Tree::List(vec![group([
                    ("aNewList", Tree::List(vec![Tree::Leaf(Scalar::Number(1)), text_leaf("2")])),
                    ("parameterName", text_leaf("Url")),
                ])]),
            ),
            (
                "newGroup",
                group([("deep", group([("flag", Tree::Leaf(Scalar::Flag(true)))])), ("x", group([]))]),
            ),
        ]);
        assert_eq!(
            render("NamedCredential", &fields),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<NamedCredential xmlns="http://soap.sforce.com/2006/04/metadata">
    <aNewField>&lt;new&gt;</aNewField>
    <label>A</label>
    <namedCredentialParameters>
        <aNewList>1</aNewList>
        <aNewList>2</aNewList>
        <parameterName>Url</parameterName>
    </namedCredentialParameters>
    <newGroup>
        <deep>
            <flag>true</flag>
        </deep>
        <x/>
    </newGroup>
</NamedCredential>
"#
        );
    }

    #[test]
    fn every_group_takes_undescribed_elements() {
        fn add(fields: &mut Fields<Scalar>) {
            for tree in fields.values_mut() {
                let items = if let Tree::List(items) = tree { items } else { std::slice::from_mut(tree) };
                for item in items {
                    if let Tree::Group(inner) = item {
                        add(inner);
                    }
                }
            }
            fields.insert("zOther".into(), text_leaf("z"));
        }
        for kind in types() {
            let mut fields = full(&kind.fields, "");
            fields.retain(|name, _| !is_left_out(kind.fields.field(name).unwrap()));
            add(&mut fields);
            let xml = render(&kind.name, &fields);
            assert_eq!(leaves_in(&xml), leaves_of(&fields, ""), "{}", kind.name);
            let mut depth = 0;
            for line in xml.lines().skip(1) {
                let inside = line.trim_start();
                depth -= usize::from(inside.starts_with("</"));
                assert_eq!(line.len() - inside.len(), depth * 4, "{}: {line}", kind.name);
                depth += usize::from(!inside.contains("</") && !inside.contains("/>"));
            }
        }
    }

    #[test]
    fn values_of_another_shape_and_nil_are_kept() {
        let fields = fields_of([
            ("description", Tree::Leaf(Scalar::Nil)),
            ("endpoint", Tree::List(vec![text_leaf("a"), text_leaf("b")])),
            ("label", text_leaf("A")),
            ("namedCredentialParameters", group([("parameterName", text_leaf("Url"))])),
        ]);
        assert_eq!(
            render("NamedCredential", &fields),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<NamedCredential xmlns="http://soap.sforce.com/2006/04/metadata" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
    <description xsi:nil="true"/>
    <endpoint>a</endpoint>
    <endpoint>b</endpoint>
    <label>A</label>
    <namedCredentialParameters>
        <parameterName>Url</parameterName>
    </namedCredentialParameters>
</NamedCredential>
"#
        );
    }

    #[test]
    fn what_only_the_org_writes_is_not_rendered() {
        let fields = fields_of([("oauthKickoffUrl", text_leaf("https://x")), ("portal", text_leaf("p"))]);
        assert_eq!(leaves_in(&render("AuthProvider", &fields)), [("/portal".to_owned(), "p".to_owned())]);
    }

    #[test]
    fn an_element_name_cannot_bring_xml_along() {
        let fields = fields_of([("x/><label>", text_leaf("y"))]);
        let error = Templates::built_in().unwrap().render(&types()[0], &fields).unwrap_err();
        assert_eq!(error.to_string(), "`x/><label>` cannot be the name of an element in `AuthProvider`");
    }

    fn overridden(text: &str) -> Templates {
        let named = ["NamedCredential", "my/NamedCredential.xml", text].map(str::to_owned).into();
        Templates::with_overrides([named]).unwrap()
    }

    #[test]
    fn a_project_may_replace_a_template() {
        let templates =
            overridden("<NamedCredential>{{ label }}{{ <elements of={others} /> }}</NamedCredential>\n");
        let fields = fields_of([("label", text_leaf("<A>")), ("new", text_leaf("x"))]);
        assert_eq!(
            templates.render(type_named("NamedCredential").unwrap(), &fields).unwrap(),
            "<NamedCredential>&lt;A&gt;\n    <new>x</new></NamedCredential>\n"
        );
        let fields = fields_of([("consumerKey", text_leaf("k"))]);
        let untouched = templates.render(type_named("AuthProvider").unwrap(), &fields).unwrap();
        assert_eq!(untouched, render("AuthProvider", &fields));
    }

    /// The headline and its cause.
    fn told(error: &TemplateError) -> String {
        let cause = std::error::Error::source(error).map_or(String::new(), |cause| format!(": {cause}"));
        format!("{error}{cause}")
    }

    #[test]
    fn a_template_that_cannot_be_read_says_where() {
        let templates = overridden("<NamedCredential>\n  {% if label %}\n</NamedCredential>\n");
        let kind = type_named("NamedCredential").unwrap();
        for _ in 0..2 {
            let error = templates.render(kind, &Fields::new()).unwrap_err();
            assert_eq!(
                told(&error),
                "cannot read the template of `NamedCredential` at my/NamedCredential.xml:4:1: \
                 Unexpected end of input"
            );
        }
    }

    #[test]
    fn a_template_that_cannot_be_rendered_says_where_and_keeps_secrets() {
        let kind = type_named("NamedCredential").unwrap();
        let error = overridden("<x>\n{{ endpoint }}</x>").render(kind, &Fields::new()).unwrap_err();
        let expected = "cannot render the template of `NamedCredential` at my/NamedCredential.xml:2:4: \
                        Variable `endpoint` is not defined.";
        assert!(told(&error).starts_with(expected), "{error}");
        let fields = fields_of([("password", text_leaf("hunter2"))]);
        let error = overridden("{{ password | int }}").render(kind, &fields).unwrap_err();
        assert_eq!(
            told(&error),
            "cannot render the template of `NamedCredential` at my/NamedCredential.xml:1:15: \
             The string `(hidden)` cannot be converted to an int in base 10"
        );
    }

    #[test]
    fn a_template_for_an_unknown_type_is_refused() {
        for name in ["Connectedapp", "elements"] {
            let unknown = [name, "my/templates/x.xml", ""].map(str::to_owned).into();
            let error = Templates::with_overrides([unknown]).err().unwrap();
            assert_eq!(
                told(&error),
                format!("`my/templates/x.xml` is a template for `{name}`, which is no metadata type")
            );
        }
    }

    #[test]
    fn several_threads_may_render_at_once() {
        let templates = Templates::built_in().unwrap();
        let once: Vec<String> =
            types().iter().map(|kind| render(&kind.name, &full(&kind.fields, ""))).collect();
        std::thread::scope(|scope| {
            let work = || types().iter().map(|kind| templates.render(kind, &full(&kind.fields, "")).unwrap());
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(move || work().collect::<Vec<_>>())).collect();
            for thread in threads {
                assert_eq!(thread.join().unwrap(), once);
            }
        });
    }
}
