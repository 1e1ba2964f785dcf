//! Component XML -> a value tree: what an org gives back, read by the description of its type.
//!
//! Streaming, without DTD or entities of a file's own, bounded in depth and size. Elements without a
//! description are kept, so that nothing an org told is lost.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::component::{Field, Fields, Group, Kind, Scalar, Tree, Type};

/// No component of an org nests deeper than a few levels.
const MAX_DEPTH: usize = 32;

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct Error {
    /// From 1.
    pub line: usize,
    /// In bytes, from 1.
    pub column: usize,
    pub reason: String,
}

/// Reads one component.
pub fn read(kind: &Type, xml: &str) -> Result<Fields<Scalar>, Error> {
    let xml = xml.strip_prefix('\u{feff}').unwrap_or(xml);
    let mut parser = Parser { reader: Reader::from_str(xml), xml };
    loop {
        match parser.next()? {
            Event::Start(start) => {
                let name = local_name(&start);
                if name != kind.name {
                    return Err(parser.error(format!("the root element is `{name}`, not `{}`", kind.name)));
                }
                return match parser.element(Some(&kind.fields), 1)? {
                    Tree::Group(fields) => Ok(fields),
                    Tree::Leaf(_) | Tree::List(_) => Ok(Fields::new()),
                };
            }
            Event::Empty(_) => return Ok(Fields::new()),
            Event::Eof => return Err(parser.error("there is no element".to_owned())),
            _ => {}
        }
    }
}

struct Parser<'a> {
    reader: Reader<&'a [u8]>,
    xml: &'a str,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Result<Event<'a>, Error> {
        match self.reader.read_event() {
            Ok(Event::DocType(_)) => Err(self.error("a document type is not allowed here".to_owned())),
            Ok(event) => Ok(event),
            Err(error) => Err(self.error(error.to_string())),
        }
    }

    fn error(&self, reason: String) -> Error {
        let at = usize::try_from(self.reader.error_position().max(1)).unwrap_or(usize::MAX);
        let position = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
        let before = &self.xml.as_bytes()[..at.max(position).min(self.xml.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Error { line, column: before.len() - line_start + 1, reason }
    }

    /// The content of the element whose start was just read, up to and including its end.
    fn element(&mut self, group: Option<&Group>, depth: usize) -> Result<Tree<Scalar>, Error> {
        if depth > MAX_DEPTH {
            return Err(self.error(format!("elements are nested deeper than {MAX_DEPTH} levels")));
        }
        let mut fields = Fields::new();
        let mut text = String::new();
        let mut has_children = false;
        loop {
            match self.next()? {
                Event::Start(start) => {
                    has_children = true;
                    let (name, nil) = (local_name(&start), is_nil(&start));
                    let field = group.and_then(|group| group.field(&name));
                    let inner = match field.map(|field| &field.kind) {
                        Some(Kind::Group(inner)) => Some(inner),
                        _ => None,
                    };
                    let value = self.element(inner, depth + 1)?;
                    add(
                        &mut fields,
                        name,
                        field,
                        if nil { Tree::Leaf(Scalar::Nil) } else { typed(field, value) },
                    );
                }
                Event::Empty(start) => {
                    has_children = true;
                    let (name, nil) = (local_name(&start), is_nil(&start));
                    let field = group.and_then(|group| group.field(&name));
                    let value = match field.map(|field| &field.kind) {
                        _ if nil => Tree::Leaf(Scalar::Nil),
                        Some(Kind::Group(_)) => Tree::Group(Fields::new()),
                        _ => Tree::Leaf(Scalar::Text(String::new())),
                    };
                    add(&mut fields, name, field, value);
                }
                Event::Text(piece) => {
                    text.push_str(&piece.xml10_content());
                }
                Event::CData(piece) => {
                    text.push_str(&piece.xml10_content());
                }
                Event::GeneralRef(reference) => {
                    let resolved = match reference
                        .resolve_char_ref()
                        .map_err(|error| self.error(error.to_string()))?
                    {
                        Some(letter) => Some(letter.to_string()),
                        None => quick_xml::escape::resolve_predefined_entity(&reference).map(str::to_owned),
                    };
                    match resolved {
                        Some(resolved) => text.push_str(&resolved),
                        None => {
                            return Err(
                                self.error("only the five entities of XML itself are read".to_owned())
                            );
                        }
                    }
                }
                Event::End(_) => {
                    return Ok(if has_children || (group.is_some() && text.trim().is_empty()) {
                        Tree::Group(fields)
                    } else {
                        Tree::Leaf(Scalar::Text(text))
                    });
                }
                Event::Eof => return Err(self.error("the file ends in the middle of an element".to_owned())),
                _ => {}
            }
        }
    }
}

fn local_name(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_owned()
}

fn is_nil(start: &BytesStart<'_>) -> bool {
    start.attributes().flatten().any(|attribute| {
        attribute.key.local_name().as_ref() == "nil" && matches!(attribute.value.as_ref(), "true" | "1")
    })
}

/// Elements of one name become a list if they may repeat, or if they do.
fn add(fields: &mut Fields<Scalar>, name: String, field: Option<&Field>, value: Tree<Scalar>) {
    match fields.get_mut(name.as_str()) {
        Some(Tree::List(items)) => items.push(value),
        Some(single) => {
            let first = std::mem::replace(single, Tree::List(Vec::new()));
            *single = Tree::List(vec![first, value]);
        }
        None if field.is_some_and(|field| field.repeated) => {
            fields.insert(name.into(), Tree::List(vec![value]));
        }
        None => {
            fields.insert(name.into(), value);
        }
    }
}

/// Text that reads as the field's type becomes that; other text stays what it is.
fn typed(field: Option<&Field>, value: Tree<Scalar>) -> Tree<Scalar> {
    let (Some(field), Tree::Leaf(Scalar::Text(text))) = (field, &value) else { return value };
    let trimmed = text.trim();
    let scalar = match &field.kind {
        Kind::Flag => match trimmed {
            "true" | "1" => Some(Scalar::Flag(true)),
            "false" | "0" => Some(Scalar::Flag(false)),
            _ => None,
        },
        Kind::Number => trimmed.parse().ok().map(Scalar::Number),
        Kind::Enumeration(_) => Some(Scalar::Text(trimmed.to_owned())),
        _ => None,
    };
    scalar.map_or(value, Tree::Leaf)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::type_named;

    fn app(body: &str) -> Result<Fields<Scalar>, Error> {
        read(
            type_named("ConnectedApp").unwrap(),
            &format!(
                "<?xml version=\"1.0\"?>\n<ConnectedApp xmlns=\"http://soap.sforce.com/2006/04/metadata\">{body}</ConnectedApp>"
            ),
        )
    }

    fn text(text: &str) -> Tree<Scalar> {
        Tree::Leaf(Scalar::Text(text.to_owned()))
    }

    #[test]
    fn elements_get_the_type_of_their_field() {
        let fields = app(
            "<label\n  >A &amp; B &#x41;</label\n><oauthConfig><callbackUrl>https://a\nhttps://b</callbackUrl>\
             <isPkceRequired> true </isPkceRequired><scopes>Api</scopes><unknown/></oauthConfig><!-- x -->",
        )
        .unwrap();
        assert_eq!(fields["label"], text("A & B A"));
        let Tree::Group(config) = &fields["oauthConfig"] else { panic!("not a group") };
        assert_eq!(config["callbackUrl"], text("https://a\nhttps://b"));
        assert_eq!(config["isPkceRequired"], Tree::Leaf(Scalar::Flag(true)));
        assert_eq!(config["scopes"], Tree::List(vec![text("Api")]));
        assert_eq!(config["unknown"], text(""));
    }

    #[test]
    fn what_is_no_plain_component_is_refused_with_its_position() {
        let error = |body: &str| app(body).unwrap_err().to_string();
        assert!(error("<label>&evil;</label>").contains("only the five entities of XML itself are read"));
        assert!(error("<label>").starts_with("line 2"));
        let deep = "<a>".repeat(40);
        assert!(error(&deep).contains("nested deeper than 32 levels"));
        let doctype =
            read(type_named("ConnectedApp").unwrap(), "<!DOCTYPE x [<!ENTITY a \"b\">]><ConnectedApp/>");
        assert!(doctype.unwrap_err().reason.contains("document type"));
        let other = read(type_named("ConnectedApp").unwrap(), "<AuthProvider></AuthProvider>");
        assert_eq!(other.unwrap_err().reason, "the root element is `AuthProvider`, not `ConnectedApp`");
    }

    #[test]
    fn nil_is_not_empty_text() {
        let fields = app("<description xsi:nil=\"true\"/><label></label>").unwrap();
        assert_eq!(fields["description"], Tree::Leaf(Scalar::Nil));
        assert_eq!(fields["label"], text(""));
    }
}
