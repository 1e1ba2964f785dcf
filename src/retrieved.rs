//! Component XML -> a value tree: what an org gives back, or somebody has in a file, read by the description of
//! its type.
//!
//! Streaming, without DTD or entities of a file's own, bounded in depth. Elements without a description are kept,
//! so that nothing an org told is lost; what no tree can hold (stray text, attributes) is listed. [`read`] is for
//! what comes from an org, [`document`] for files of people, with lines and comments.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, BytesText, Event};

use crate::component::{Field, FieldPath, Fields, Group, Kind, Name, Scalar, Step, Tree, Type, is_forbidden};

/// No component of an org nests deeper than a few levels.
const MAX_DEPTH: usize = 32;
/// Nor has a type of an org so many different elements in one.
const MAX_NAMES: usize = 2_000;
/// A merge that was not finished: no XML can hold this.
const CONFLICT: &str = "<<<<<<<";

const WRONG_ROOT: &str = "the root element is";

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct Error {
    /// From 1.
    pub line: usize,
    /// In bytes, from 1.
    pub column: usize,
    pub reason: String,
    /// Something to do, where it is not just to correct the file.
    pub help: Option<&'static str>,
}

/// A component file with everything that a person may want to see again.
#[derive(Debug)]
pub struct Document {
    pub kind: &'static Type,
    pub fields: Fields<Sited>,
    pub comments: Vec<Comment>,
    /// What a tree cannot hold, with its line.
    pub lost: Vec<(u32, String)>,
}

/// A value and the line on which its element begins, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sited {
    pub scalar: Scalar,
    pub line: u32,
}

/// A comment, and the element that it stands before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub text: String,
    pub line: u32,
    pub before: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Before or after the whole component.
    Component,
    Element(FieldPath),
    /// After the last element of its parent.
    End,
}

/// Reads one component that an org gave back.
pub fn read(kind: &'static Type, xml: &str) -> Result<Fields<Scalar>, Error> {
    let document =
        parse(xml, &|root| if root == kind.name { Ok(kind) } else { Err(wrong_root(root, &kind.name)) })?;
    Ok(plain(document.fields))
}

/// Reads one component file; `choose` finds the type by the name of the root element, or says why there is none.
pub fn document(
    bytes: &[u8],
    choose: &dyn Fn(&str) -> Result<&'static Type, String>,
) -> Result<Document, Error> {
    let text = decoded(bytes)?;
    if let Some(at) = text.find(CONFLICT) {
        let error = at_byte(text, at, "a merge conflict is not resolved here".to_owned());
        return Err(Error { help: Some("resolve the conflict and try again"), ..error });
    }
    parse(text, choose)
}

pub fn wrong_root(found: &str, wanted: &str) -> String {
    format!("{WRONG_ROOT} `{found}`, not `{wanted}`")
}

/// The values without their lines.
pub fn plain(fields: Fields<Sited>) -> Fields<Scalar> {
    fn without_line(tree: Tree<Sited>) -> Tree<Scalar> {
        match tree {
            Tree::Leaf(sited) => Tree::Leaf(sited.scalar),
            Tree::List(items) => Tree::List(items.into_iter().map(without_line).collect()),
            Tree::Group(fields) => Tree::Group(plain(fields)),
        }
    }
    fields.into_iter().map(|(name, field)| (name, without_line(field))).collect()
}

/// The text of a file: UTF-8, with or without byte order mark.
fn decoded(bytes: &[u8]) -> Result<&str, Error> {
    let utf16 = matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [b'<', 0, ..] | [0, b'<', ..]);
    if utf16 {
        let reason = "the file is UTF-16, and an org takes UTF-8 only".to_owned();
        let help = Some("convert it: iconv -f UTF-16 -t UTF-8 FILE");
        return Err(Error { line: 1, column: 1, reason, help });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let valid = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            let byte = bytes[error.valid_up_to()];
            let error = at_byte(valid, valid.len(), format!("byte 0x{byte:02X} is not UTF-8"));
            Err(Error { help: Some("convert it, for example: iconv -f WINDOWS-1252 -t UTF-8 FILE"), ..error })
        }
    }
}

fn at_byte(text: &str, at: usize, reason: String) -> Error {
    let (line, column) = line_and_column(text, at);
    Error { line, column, reason, help: None }
}

/// From 1, the column in bytes.
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    (line, before.len() - line_start + 1)
}

fn parse(xml: &str, choose: &dyn Fn(&str) -> Result<&'static Type, String>) -> Result<Document, Error> {
    let xml = xml.strip_prefix('\u{feff}').unwrap_or(xml);
    if let Some((at, letter)) = xml.char_indices().find(|(_, letter)| is_forbidden(*letter)) {
        return Err(at_byte(xml, at, no_xml_holds(letter)));
    }
    let mut parser = Parser {
        reader: Reader::from_str(xml),
        xml,
        counted: (0, 1),
        path: Vec::new(),
        comments: Vec::new(),
        lost: Vec::new(),
    };
    let mut found: Option<(&'static Type, Fields<Sited>)> = None;
    loop {
        match parser.next()? {
            Event::Start(start) | Event::Empty(start) if found.is_some() => {
                let name = local_name(&start);
                return Err(parser.error(format!("`{name}` is a second root element")));
            }
            Event::Start(start) => {
                let kind = choose(&local_name(&start)).map_err(|reason| parser.wrong_root(reason))?;
                parser.attributes(&start, "the root element");
                let fields = match parser.element(Some(&kind.fields), 1)? {
                    Tree::Group(fields) => fields,
                    Tree::Leaf(_) | Tree::List(_) => Fields::new(),
                };
                found = Some((kind, fields));
            }
            Event::Empty(start) => {
                let kind = choose(&local_name(&start)).map_err(|reason| parser.wrong_root(reason))?;
                parser.attributes(&start, "the root element");
                found = Some((kind, Fields::new()));
            }
            Event::Comment(comment) => parser.comment(&comment, Place::Component),
            Event::Text(text) if !text.xml10_content().trim().is_empty() => {
                return Err(parser.error("there is text outside of the root element".to_owned()));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let Some((kind, fields)) = found else {
        return Err(parser.error("there is no element".to_owned()));
    };
    Ok(Document { kind, fields, comments: parser.comments, lost: parser.lost })
}

fn no_xml_holds(letter: char) -> String {
    format!("the character U+{:04X} cannot stand in XML", u32::from(letter))
}

struct Parser<'a> {
    reader: Reader<&'a [u8]>,
    xml: &'a str,
    /// Bytes whose lines are counted, and the line after them.
    counted: (usize, u32),
    /// Where the element being read is.
    path: Vec<Step>,
    comments: Vec<Comment>,
    lost: Vec<(u32, String)>,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Result<Event<'a>, Error> {
        match self.reader.read_event() {
            Ok(Event::DocType(_)) => Err(Error {
                help: Some(
                    "remove it: no metadata file needs one, and it can make a small file grow without end",
                ),
                ..self.error("a document type is not allowed here".to_owned())
            }),
            Ok(event) => Ok(event),
            Err(error) => Err(self.error(error.to_string())),
        }
    }

    fn error(&self, reason: String) -> Error {
        let at = usize::try_from(self.reader.error_position().max(1)).unwrap_or(usize::MAX);
        at_byte(self.xml, at.max(self.position()), reason)
    }

    fn wrong_root(&self, reason: String) -> Error {
        // Where a file was named alone, its name does not count.
        let help = reason.starts_with(WRONG_ROOT);
        Error {
            help: help.then_some("rename the file, or name it alone: then its content counts"),
            ..self.error(reason)
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX).min(self.xml.len())
    }

    /// The line on which what was just read ends.
    fn line(&mut self) -> u32 {
        let (from, line) = self.counted;
        let to = self.position();
        let breaks = self.xml.as_bytes()[from..to].iter().filter(|byte| **byte == b'\n').count();
        self.counted = (to, line + u32::try_from(breaks).unwrap_or(u32::MAX));
        self.counted.1
    }

    fn comment(&mut self, comment: &BytesText<'_>, before: Place) {
        // Lines are counted as they are written, before line breaks of other systems become ours.
        let breaks = u32::try_from(comment.matches('\n').count()).unwrap_or(0);
        let line = self.line() - breaks;
        self.comments.push(Comment { text: comment.xml10_content().into_owned(), line, before });
    }

    /// Lists the attributes that mean something and cannot be kept.
    fn attributes(&mut self, start: &BytesStart<'_>, what: &str) {
        for attribute in start.attributes().flatten() {
            let name: &str = attribute.key.as_ref();
            let local = attribute.key.local_name();
            let local: &str = local.as_ref();
            // Types say nothing that descriptions do not.
            if name == "xmlns" || name.starts_with("xmlns:") || local == "nil" || local == "type" {
                continue;
            }
            let line = self.line();
            self.lost.push((line, format!("attribute `{name}` of {what}")));
        }
    }

    /// The content of the element whose start was just read, up to and including its end.
    fn element(&mut self, group: Option<&'static Group>, depth: usize) -> Result<Tree<Sited>, Error> {
        if depth > MAX_DEPTH {
            return Err(self.error(format!("elements are nested deeper than {MAX_DEPTH} levels")));
        }
        let line = self.line();
        let mut fields = Fields::new();
        let mut text = String::new();
        let mut has_children = false;
        // Comments that stand before the next element.
        let mut waiting = self.comments.len();
        loop {
            match self.next()? {
                Event::Start(start) => {
                    has_children = true;
                    let value = self.child(&start, group, &fields, waiting, depth, true)?;
                    self.add(&mut fields, value)?;
                    waiting = self.comments.len();
                }
                Event::Empty(start) => {
                    has_children = true;
                    let value = self.child(&start, group, &fields, waiting, depth, false)?;
                    self.add(&mut fields, value)?;
                    waiting = self.comments.len();
                }
                Event::Text(piece) => text.push_str(&piece.xml10_content()),
                Event::CData(piece) => text.push_str(&piece.xml10_content()),
                Event::Comment(piece) => self.comment(&piece, Place::End),
                Event::GeneralRef(reference) => {
                    let resolved = match reference
                        .resolve_char_ref()
                        .map_err(|error| self.error(error.to_string()))?
                    {
                        Some(letter) if is_forbidden(letter) => return Err(self.error(no_xml_holds(letter))),
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
                Event::PI(_) => {
                    let line = self.line();
                    self.lost.push((line, "a processing instruction".to_owned()));
                }
                Event::End(_) => {
                    let blank = text.trim().is_empty();
                    if has_children && !blank {
                        let line = self.line();
                        let place = match self.path.as_slice() {
                            [] => "the root element".to_owned(),
                            path => format!("`{}`", FieldPath(path.to_vec())),
                        };
                        self.lost.push((line, format!("text between the elements of {place}")));
                    }
                    return Ok(if has_children || (group.is_some() && blank) {
                        Tree::Group(fields)
                    } else {
                        Tree::Leaf(Sited { scalar: Scalar::Text(text), line })
                    });
                }
                Event::Eof => return Err(self.error("the file ends in the middle of an element".to_owned())),
                _ => {}
            }
        }
    }

    /// An element inside another, with or without content.
    fn child(
        &mut self,
        start: &BytesStart<'_>,
        group: Option<&'static Group>,
        siblings: &Fields<Sited>,
        waiting: usize,
        depth: usize,
        has_content: bool,
    ) -> Result<Child, Error> {
        let written = start.local_name();
        let written: &str = written.as_ref();
        let field = group.and_then(|group| group.field(written));
        let name: Name = field.map_or_else(|| written.to_owned().into(), |field| field.name.as_str().into());
        let inner = match field.map(|field| &field.kind) {
            Some(Kind::Group(inner)) => Some(inner),
            _ => None,
        };
        let steps = self.path.len();
        self.path.push(Step::Element(name.clone()));
        match siblings.get(&name) {
            Some(Tree::List(items)) => self.path.push(Step::Index(items.len())),
            Some(_) => self.path.push(Step::Index(1)),
            None if field.is_some_and(|field| field.repeated) => self.path.push(Step::Index(0)),
            None => {}
        }
        for comment in &mut self.comments[waiting..] {
            comment.before = Place::Element(FieldPath(self.path.clone()));
        }
        let nil = is_nil(start);
        if start.attributes().next().is_some() {
            let what = format!("`{}`", FieldPath(self.path.clone()));
            self.attributes(start, &what);
        }
        let line = self.line();
        let value = if has_content {
            self.element(inner, depth + 1)?
        } else if inner.is_some() {
            Tree::Group(Fields::new())
        } else {
            Tree::Leaf(Sited { scalar: Scalar::Text(String::new()), line })
        };
        self.path.truncate(steps);
        let value = if nil { Tree::Leaf(Sited { scalar: Scalar::Nil, line }) } else { typed(field, value) };
        Ok(Child { name, field, value })
    }

    /// Elements of one name become a list if they may repeat, or if they do.
    fn add(&self, fields: &mut Fields<Sited>, Child { name, field, value }: Child) -> Result<(), Error> {
        let is_full = fields.len() == MAX_NAMES;
        match fields.get_mut(&name) {
            Some(Tree::List(items)) => items.push(value),
            Some(single) => {
                let first = std::mem::replace(single, Tree::List(Vec::new()));
                *single = Tree::List(vec![first, value]);
            }
            None if is_full => {
                return Err(self.error(format!("an element has more than {MAX_NAMES} different ones inside")));
            }
            None if field.is_some_and(|field| field.repeated) => {
                fields.insert(name, Tree::List(vec![value]));
            }
            None => {
                fields.insert(name, value);
            }
        }
        Ok(())
    }
}

/// An element that was read.
struct Child {
    name: Name,
    field: Option<&'static Field>,
    value: Tree<Sited>,
}

fn local_name(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_owned()
}

fn is_nil(start: &BytesStart<'_>) -> bool {
    start.attributes().flatten().any(|attribute| {
        attribute.key.local_name().as_ref() == "nil" && matches!(attribute.value.as_ref(), "true" | "1")
    })
}

/// Text that reads as the field's type becomes that; other text stays what it is.
fn typed(field: Option<&Field>, value: Tree<Sited>) -> Tree<Sited> {
    let (Some(field), Tree::Leaf(Sited { scalar: Scalar::Text(text), line })) = (field, &value) else {
        return value;
    };
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
    match scalar {
        Some(scalar) => Tree::Leaf(Sited { scalar, line: *line }),
        None => value,
    }
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
        assert!(error("</ConnectedApp><ConnectedApp>").contains("`ConnectedApp` is a second root element"));
        assert!(error("</ConnectedApp>text<!--").contains("line 2"));
        let deep = "<a>".repeat(40);
        assert!(error(&deep).contains("nested deeper than 32 levels"));
        let many: String = (0..MAX_NAMES).map(|number| format!("<a{number}/>")).collect();
        assert!(app(&format!("{many}<a7/>")).is_ok());
        assert!(error(&format!("{many}<b/>")).contains("more than 2000 different ones inside"));
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

    fn app_file(body: &str) -> Result<Document, Error> {
        let xml = format!("<?xml version=\"1.0\"?>\n{body}");
        document(xml.as_bytes(), &|root| {
            type_named(root).ok_or_else(|| format!("`{root}` is no metadata type"))
        })
    }

    #[test]
    fn lines_and_comments_are_kept() {
        let found = app_file(
            "<!-- head\n of it -->\n<ConnectedApp>\n  <!-- who -->\n  <label>\n A</label>\n  <oauthConfig>\n    \
             <scopes>Api</scopes>\n    <!--all-->\n    <scopes>Full</scopes>\n    <!--last-->\n  </oauthConfig>\n</ConnectedApp>\n",
        )
        .unwrap();
        let told: Vec<String> = found
            .comments
            .iter()
            .map(|comment| format!("{} {:?} {:?}", comment.line, comment.text.trim(), comment.before))
            .collect();
        assert_eq!(
            told,
            [
                "2 \"head\\n of it\" Component",
                "5 \"who\" Element(FieldPath([Element(\"label\")]))",
                "10 \"all\" Element(FieldPath([Element(\"oauthConfig\"), Element(\"scopes\"), Index(1)]))",
                "12 \"last\" End",
            ]
        );
        let Tree::Leaf(label) = &found.fields["label"] else { panic!("not a leaf") };
        assert_eq!((label.line, &label.scalar), (6, &Scalar::Text("\n A".to_owned())));
    }

    #[test]
    fn lines_of_comments_are_counted_as_they_are_written() {
        let found = app_file("<ConnectedApp>\r<!-- a\rb -->\r\n<!-- c\r\nd --></ConnectedApp>").unwrap();
        let told: Vec<_> = found.comments.iter().map(|one| (one.line, one.text.trim())).collect();
        assert_eq!(told, [(2, "a\nb"), (3, "c\nd")]);
    }

    #[test]
    fn what_a_tree_cannot_hold_is_listed() {
        let found = app_file(
            "<ConnectedApp xmlns=\"u\" fqn=\"x\"><label xsi:type=\"xsd:string\" lang=\"en\">A</label>\n\
             <oauthConfig>stray<callbackUrl/></oauthConfig><?x y?></ConnectedApp>",
        )
        .unwrap();
        let lost: Vec<String> = found.lost.iter().map(|(line, what)| format!("{line} {what}")).collect();
        assert_eq!(
            lost,
            [
                "2 attribute `fqn` of the root element",
                "2 attribute `lang` of `label`",
                "3 text between the elements of `oauth-config`",
                "3 a processing instruction",
            ]
        );
    }

    #[test]
    fn files_of_people_come_in_all_encodings_and_states() {
        let choose = |root: &str| type_named(root).ok_or_else(|| format!("`{root}` is no metadata type"));
        let error = |bytes: &[u8]| document(bytes, &choose).unwrap_err().to_string();
        assert!(document(b"\xEF\xBB\xBF<ConnectedApp/>", &choose).is_ok());
        assert!(document(b"<ConnectedApp>\r\n<label>A</label>\n</ConnectedApp>\r\n", &choose).is_ok());
        assert!(error(b"\xFF\xFE<\0C\0").contains("UTF-16"));
        assert!(error(b"<ConnectedApp>\n<label>\xE4</label>").starts_with("line 2, column 8: byte 0xE4"));
        let conflict = b"<ConnectedApp>\n<<<<<<< HEAD\n<label>A</label>\n=======\n";
        assert_eq!(error(conflict), "line 2, column 1: a merge conflict is not resolved here");
        let control = b"<ConnectedApp>\n<label>A\x07</label>";
        assert_eq!(error(control), "line 2, column 9: the character U+0007 cannot stand in XML");
        let reference = b"<ConnectedApp><label>&#xFFFE;</label></ConnectedApp>";
        assert!(error(reference).contains("the character U+FFFE cannot stand in XML"));
        assert!(error(b"<Flow/>").contains("`Flow` is no metadata type"));
        assert!(error(b"").contains("there is no element"));
        assert!(error(b"<ConnectedApp><label>A</labe></ConnectedApp>").starts_with("line 1"));
    }
}
