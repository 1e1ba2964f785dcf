//! XML in and out, for packages, component files and SOAP: text to a tree with positions, and a tree to text.
//!
//! The reader is strict: no document type, no entities but the five of XML, no more than 64 levels. The
//! writer escapes quotes and apostrophes in text as well, because that is how an org writes its files.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

pub(super) const METADATA: &str = "http://soap.sforce.com/2006/04/metadata";
pub(super) const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

const DEEPEST: usize = 64;

/// An element that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    /// Without a prefix.
    pub name: String,
    pub namespace: String,
    pub children: Vec<Element>,
    /// All text directly inside, in one piece.
    pub text: String,
    /// `xsi:nil="true"`
    pub nil: bool,
    /// `xsi:type`, without a prefix.
    pub type_name: Option<String>,
    pub at: Position,
}

impl Element {
    /// The first child with this local name, whatever its namespace and the case of its letters.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name.eq_ignore_ascii_case(name))
    }

    /// Every child with this local name.
    pub fn children_named<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name.eq_ignore_ascii_case(name))
    }

    pub fn trimmed(&self) -> &str {
        self.text.trim()
    }

    /// `{namespace}name`, as the platform's messages write it.
    pub fn qualified(&self) -> String {
        format!("{{{}}}{}", self.namespace, self.name)
    }
}

/// Where something starts, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub line: u32,
    pub column: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub why: String,
    pub at: Position,
}

/// Positions of growing offsets, each found from the one before: one pass over the text in all.
struct Places<'a> {
    text: &'a str,
    offset: usize,
    at: Position,
}

impl Places<'_> {
    fn of(&mut self, offset: usize) -> Position {
        let end = offset.clamp(self.offset, self.text.len());
        for byte in &self.text.as_bytes()[self.offset..end] {
            if *byte == b'\n' {
                self.at = Position { line: self.at.line + 1, column: 1 };
            } else if byte & 0b1100_0000 != 0b1000_0000 {
                self.at.column += 1;
            }
        }
        self.offset = end;
        self.at
    }
}

/// More than any message or component of the largest package has. A small element takes more room in memory than in a
/// message, and it is read before anybody has said who they are.
const MOST_ELEMENTS: usize = 500_000;

pub(super) fn read(bytes: &[u8]) -> Result<Element, Unreadable> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = Position { line: 1, column: 1 };
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Unreadable { why: "content is not allowed: not UTF-8".to_owned(), at: start })?;
    let mut places = Places { text, offset: 0, at: start };
    let mut reader = NsReader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut elements = 0;
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let offset = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
                return Err(Unreadable { why: error.to_string(), at: places.of(offset) });
            }
        };
        let at = places.of(before);
        let failed = |why: &str| Unreadable { why: why.to_owned(), at };
        match event {
            Event::Start(ref tag) | Event::Empty(ref tag) => {
                if open.len() == DEEPEST {
                    return Err(failed("elements are nested too deeply"));
                }
                if root.is_some() {
                    return Err(failed("there is more than one root element"));
                }
                elements += 1;
                if elements > MOST_ELEMENTS {
                    return Err(failed("there are too many elements"));
                }
                let element = element(&reader, tag, at).map_err(|why| failed(&why))?;
                match event {
                    Event::Start(_) => open.push(element),
                    _ => close(&mut open, &mut root, element),
                }
            }
            Event::End(_) => match open.pop() {
                Some(element) => close(&mut open, &mut root, element),
                None => return Err(failed("an element is closed that was never opened")),
            },
            Event::Text(text) => add_text(&mut open, &text.xml10_content()).map_err(failed)?,
            Event::CData(text) => add_text(&mut open, &text.xml10_content()).map_err(failed)?,
            Event::GeneralRef(reference) => {
                let meant = match reference.resolve_char_ref() {
                    Ok(Some(letter)) => Some(letter.to_string()),
                    Ok(None) => {
                        quick_xml::escape::resolve_xml_entity(&reference.xml10_content()).map(str::to_owned)
                    }
                    Err(_) => None,
                };
                let Some(meant) = meant else { return Err(failed("a reference that is not defined")) };
                add_text(&mut open, &meant).map_err(failed)?;
            }
            Event::DocType(_) => return Err(failed("a document type is not allowed")),
            Event::Eof if !open.is_empty() => return Err(failed("the document ends inside an element")),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    root.ok_or(Unreadable { why: "there is no root element".to_owned(), at: start })
}

fn element(reader: &NsReader<&[u8]>, tag: &BytesStart, at: Position) -> Result<Element, String> {
    let (namespace, name) = reader.resolver().resolve_element(tag.name());
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => namespace.into_inner().to_owned(),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(prefix) => return Err(format!("the prefix {prefix} is not bound")),
    };
    let (mut nil, mut type_name) = (false, None);
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let (space, key) = reader.resolver().resolve_attribute(attribute.key);
        if !matches!(space, ResolveResult::Bound(bound) if bound.into_inner() == INSTANCE) {
            continue;
        }
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|error| error.to_string())?;
        match key.into_inner() {
            "nil" => nil = matches!(value.trim(), "true" | "1"),
            "type" => type_name = value.rsplit(':').next().map(str::to_owned),
            _ => {}
        }
    }
    let name = name.into_inner().to_owned();
    Ok(Element { name, namespace, children: Vec::new(), text: String::new(), nil, type_name, at })
}

fn close(open: &mut [Element], root: &mut Option<Element>, element: Element) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

/// XML 1.0 allows few control characters; surrogates cannot be in a `str`.
fn is_allowed(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r') || (letter >= ' ' && !matches!(letter, '\u{fffe}' | '\u{ffff}'))
}

fn add_text(open: &mut [Element], text: &str) -> Result<(), &'static str> {
    if !text.chars().all(is_allowed) {
        return Err("a character that XML does not allow");
    }
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("content is not allowed outside the root element"),
    }
    Ok(())
}

/// An element to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    name: String,
    attributes: Vec<(&'static str, String)>,
    inside: Inside,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Inside {
    Text(String),
    Nodes(Vec<Node>),
}

impl Node {
    pub fn leaf(name: impl Into<String>, text: impl ToString) -> Node {
        Node { name: name.into(), attributes: Vec::new(), inside: Inside::Text(text.to_string()) }
    }

    pub fn group(name: impl Into<String>, nodes: Vec<Node>) -> Node {
        Node { name: name.into(), attributes: Vec::new(), inside: Inside::Nodes(nodes) }
    }

    /// What XML cannot hold is shown as what it is: something that could not be told. Names of clients come back in faults.
    fn allowed(text: &str) -> String {
        text.chars().map(|letter| if is_allowed(letter) { letter } else { '\u{fffd}' }).collect()
    }

    pub fn with(mut self, attribute: &'static str, value: impl Into<String>) -> Node {
        self.attributes.push((attribute, value.into()));
        self
    }

    /// With the declaration; no line breaks.
    pub fn to_message(&self) -> String {
        self.write(Writer::new(Vec::new()), "")
    }

    /// As an org writes a component's file: four spaces, and a line break at the end.
    pub fn to_file(&self) -> String {
        self.write(Writer::new_with_indent(Vec::new(), b' ', 4), "\n")
    }

    fn write(&self, mut writer: Writer<Vec<u8>>, end: &str) -> String {
        // A `Vec` takes every byte, so the results say nothing.
        let _ = writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        self.write_into(&mut writer);
        let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
        text.push_str(end);
        text
    }

    fn write_into(&self, writer: &mut Writer<Vec<u8>>) {
        let mut start = BytesStart::new(self.name.as_str());
        for (name, value) in &self.attributes {
            start.push_attribute((*name, value.as_str()));
        }
        match &self.inside {
            Inside::Text(text) if text.is_empty() => {
                let _ = writer.write_event(Event::Empty(start));
            }
            Inside::Text(text) => {
                let _ = writer.write_event(Event::Start(start));
                let text = Node::allowed(text);
                let escaped = quick_xml::escape::escape(text.as_str());
                let _ = writer.write_event(Event::Text(BytesText::from_escaped(escaped.into_owned())));
                let _ = writer.write_event(Event::End(BytesEnd::new(self.name.as_str())));
            }
            Inside::Nodes(nodes) if nodes.is_empty() => {
                let _ = writer.write_event(Event::Empty(start));
            }
            Inside::Nodes(nodes) => {
                let _ = writer.write_event(Event::Start(start));
                nodes.iter().for_each(|node| node.write_into(writer));
                let _ = writer.write_event(Event::End(BytesEnd::new(self.name.as_str())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        read(text.as_bytes()).unwrap_err().why
    }

    #[test]
    fn a_message_of_nothing_but_elements_is_refused() {
        let many = format!("<a>{}</a>", "<b/>".repeat(MOST_ELEMENTS));
        assert_eq!(read(many.as_bytes()).unwrap_err().why, "there are too many elements");
    }

    #[test]
    fn elements_are_read_with_namespace_text_and_position() {
        let root = read(
            b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- x -->\n<a:Root xmlns:a=\"urn:a\" \
              xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">\n  <b i:nil=\"true\"/><c \
              i:type=\"a:T\">1 &lt; 2 &#x41;<![CDATA[<]]></c>\n</a:Root>",
        )
        .unwrap();
        assert_eq!((root.qualified().as_str(), root.at), ("{urn:a}Root", Position { line: 3, column: 1 }));
        assert_eq!((root.children[0].nil, root.children[0].at), (true, Position { line: 4, column: 3 }));
        assert_eq!(root.child("C").unwrap().text, "1 < 2 A<");
        assert_eq!(root.children[1].type_name.as_deref(), Some("T"));
    }

    #[test]
    fn what_could_hide_something_is_refused() {
        assert_eq!(refused("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"), "a document type is not allowed");
        assert_eq!(refused("<a>&b;</a>"), "a reference that is not defined");
        assert_eq!(refused("<a>&#1;</a>"), "a character that XML does not allow");
        assert_eq!(refused(&"<a>".repeat(100)), "elements are nested too deeply");
        assert_eq!(refused("<a/><b/>"), "there is more than one root element");
        assert_eq!(refused("<a>"), "the document ends inside an element");
        assert_eq!(refused("<x:a/>"), "the prefix x is not bound");
        assert_eq!(refused(""), "there is no root element");
        assert!(read(b"<a></b>").is_err());
        assert!(read(b"<a x='1' x='2'/>").is_err());
    }

    #[test]
    fn files_are_written_as_an_org_writes_them() {
        let node = Node::group(
            "A",
            vec![
                Node::leaf("b", "it's \"<&>\""),
                Node::leaf("c", ""),
                Node::group("d", vec![Node::leaf("e", 1)]),
            ],
        )
        .with("xmlns", "urn:a");
        assert_eq!(
            node.to_file(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<A xmlns=\"urn:a\">\n    \
             <b>it&apos;s &quot;&lt;&amp;&gt;&quot;</b>\n    <c/>\n    <d>\n        <e>1</e>\n    </d>\n</A>\n"
        );
        assert!(Node::leaf("a", "\u{1}b\u{ffff}").to_message().ends_with("<a>\u{fffd}b\u{fffd}</a>"));
        assert_eq!(
            Node::leaf("a", true).to_message(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>true</a>"
        );
    }
}
