//! The SOAP half of the Metadata API: writes envelopes, and reads answers as plain trees by local name. Knows
//! nothing of HTTP or of what the calls mean.

use std::io::Write as _;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use zeroize::Zeroizing;

use super::AccessToken;

const METADATA: &str = "http://soap.sforce.com/2006/04/metadata";
const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// Deeper than any answer of the Metadata API; keeps hostile ones from growing the tree without end.
const DEEPEST: usize = 32;
/// Far more than the rows of 10,000 files have; an element takes more room in memory than in an answer.
const MOST_ELEMENTS: usize = 2_000_000;

/// A body, or part of one, as it is being written.
pub(super) type Xml = Writer<Vec<u8>>;

/// `<name>...</name>` around what `content` writes.
pub(super) fn element(
    xml: &mut Xml,
    name: &str,
    content: impl FnOnce(&mut Xml) -> std::io::Result<()>,
) -> std::io::Result<()> {
    xml.write_event(Event::Start(BytesStart::new(name)))?;
    content(xml)?;
    xml.write_event(Event::End(BytesEnd::new(name)))
}

/// `<name>text</name>`, escaped.
pub(super) fn leaf(xml: &mut Xml, name: &str, text: &str) -> std::io::Result<()> {
    element(xml, name, |xml| xml.write_event(Event::Text(BytesText::new(text))))
}

/// The body of a call, to be put into an [`envelope`].
pub(super) fn body(content: impl FnOnce(&mut Xml) -> std::io::Result<()>) -> std::io::Result<Vec<u8>> {
    let mut xml = Writer::new(Vec::new());
    content(&mut xml)?;
    Ok(xml.into_inner())
}

/// A whole request. It holds the token, so it is wiped when dropped; and it is given its full size at once, because
/// a buffer that grows leaves copies behind that nobody wipes.
pub(super) fn envelope(token: &AccessToken, body: &[u8]) -> std::io::Result<Zeroizing<Vec<u8>>> {
    // Escaping makes a character six bytes at most.
    let size = 1024 + token.expose().len() * 6 + body.len();
    let mut buffer = Zeroizing::new(Vec::with_capacity(size));
    let mut xml = Writer::new(&mut *buffer);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let start = [("xmlns:soapenv", ENVELOPE), ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")];
    xml.write_event(Event::Start(BytesStart::new("soapenv:Envelope").with_attributes(start)))?;

    let of_metadata = [("xmlns", METADATA)];
    xml.write_event(Event::Start(BytesStart::new("soapenv:Header").with_attributes(of_metadata)))?;
    for (header, value, text) in
        [("SessionHeader", "sessionId", token.expose()), ("CallOptions", "client", "orgwire")]
    {
        xml.write_event(Event::Start(BytesStart::new(header)))?;
        xml.write_event(Event::Start(BytesStart::new(value)))?;
        xml.write_event(Event::Text(BytesText::new(text)))?;
        xml.write_event(Event::End(BytesEnd::new(value)))?;
        xml.write_event(Event::End(BytesEnd::new(header)))?;
    }
    xml.write_event(Event::End(BytesEnd::new("soapenv:Header")))?;

    xml.write_event(Event::Start(BytesStart::new("soapenv:Body").with_attributes(of_metadata)))?;
    xml.get_mut().write_all(body)?;
    xml.write_event(Event::End(BytesEnd::new("soapenv:Body")))?;
    xml.write_event(Event::End(BytesEnd::new("soapenv:Envelope")))?;
    Ok(buffer)
}

/// One element of an answer, without its prefix and its attributes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub name: String,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first `result` of a response; empty for a call that has none.
    pub fn into_result(self) -> Element {
        self.children.into_iter().find(|child| child.name == "result").unwrap_or_default()
    }

    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of a child, if it has any.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// Moves the text of a child out: for the one that holds a zip.
    pub fn take_text_of(&mut self, name: &str) -> Option<String> {
        let child = self.children.iter_mut().find(|child| child.name == name)?;
        Some(std::mem::take(&mut child.text)).filter(|text| !text.trim().is_empty())
    }

    pub fn is_true(&self, name: &str) -> bool {
        self.text_of(name).is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1")
    }
}

/// An answer that holds no result.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoResult {
    Fault { code: String, message: String },
    Truncated,
    Broken(String),
}

/// The response of an answer: what is inside of its body, with no, one or many `result`s in it.
pub(super) fn response(answer: &str) -> Result<Element, NoResult> {
    let envelope = tree(answer)?;
    if envelope.name != "Envelope" {
        return Err(NoResult::Broken(format!("the answer is <{}> and not a SOAP envelope", envelope.name)));
    }
    let response = envelope.children.into_iter().find(|child| child.name == "Body");
    let Some(response) = response.and_then(|body| body.children.into_iter().next()) else {
        return Err(NoResult::Broken("the answer has no SOAP body".into()));
    };
    if response.name == "Fault" {
        let code = response.text_of("faultcode").unwrap_or("FAULT");
        let code = code.rsplit_once(':').map_or(code, |(_, code)| code).to_owned();
        let text = response.text_of("faultstring").unwrap_or("(no text)");
        // The text begins with the code again.
        let text = text.strip_prefix(&code).and_then(|rest| rest.strip_prefix(':')).unwrap_or(text);
        return Err(NoResult::Fault { message: text.trim().to_owned(), code });
    }
    Ok(response)
}

/// The `records` of a readMetadata answer, each as the text between its tags, in the order asked for; `None` where
/// the org has no such component and says `xsi:nil`. The text is that of the answer, so prefixes and entities are
/// for whoever reads it as a component.
pub(super) fn records(answer: &str) -> Result<Vec<Option<String>>, NoResult> {
    response(answer)?;
    let broken = |cause: &dyn std::fmt::Display| NoResult::Broken(format!("the answer is not XML: {cause}"));
    let mut reader = Reader::from_str(answer);
    let mut records = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut start = 0;
    loop {
        let before = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|cause| broken(&cause))?;
        // Envelope, Body, the response, its result: below them lie the records.
        let is_record = |name: &str, depth: usize| depth == 4 && name == "records";
        match event {
            Event::Start(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                if is_record(&name, path.len()) {
                    start = reader.buffer_position() as usize;
                    records.push((!is_nil(&tag)).then(String::new));
                }
                path.push(name);
            }
            Event::Empty(tag) if is_record(tag.local_name().as_ref(), path.len()) => {
                records.push((!is_nil(&tag)).then(String::new));
            }
            Event::End(_) => {
                let closed = path.pop().unwrap_or_default();
                if is_record(&closed, path.len())
                    && let Some(Some(record)) = records.last_mut()
                {
                    answer.get(start..before).unwrap_or_default().clone_into(record);
                }
            }
            Event::Eof => return Ok(records),
            _ => {}
        }
    }
}

fn is_nil(tag: &BytesStart<'_>) -> bool {
    tag.attributes().flatten().any(|attribute| {
        attribute.key.local_name().as_ref() == "nil" && matches!(&*attribute.value, "true" | "1")
    })
}

/// The first `result` of an answer; empty for a call that has none.
#[cfg(test)]
pub(super) fn result(answer: &str) -> Result<Element, NoResult> {
    response(answer).map(Element::into_result)
}

/// Whole text to tree. No entity but the five of XML is known, so none can grow.
fn tree(text: &str) -> Result<Element, NoResult> {
    let broken = |cause: &dyn std::fmt::Display| NoResult::Broken(format!("the answer is not XML: {cause}"));
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut elements = 0;
    loop {
        let event = reader.read_event();
        elements += usize::from(matches!(event, Ok(Event::Start(_) | Event::Empty(_))));
        if elements > MOST_ELEMENTS {
            return Err(NoResult::Broken("the answer has too many elements".into()));
        }
        match event {
            Ok(Event::Start(start)) => {
                if open.len() >= DEEPEST {
                    return Err(NoResult::Broken("the answer is nested too deeply".into()));
                }
                open.push(Element { name: start.local_name().as_ref().to_owned(), ..Element::default() });
            }
            Ok(Event::Empty(start)) => {
                let empty = Element { name: start.local_name().as_ref().to_owned(), ..Element::default() };
                match open.last_mut() {
                    Some(parent) => parent.children.push(empty),
                    None => return Ok(empty),
                }
            }
            Ok(Event::End(_)) => {
                let Some(closed) = open.pop() else { return Err(broken(&"an end without a start")) };
                match open.last_mut() {
                    Some(parent) => parent.children.push(closed),
                    None => return Ok(closed),
                }
            }
            Ok(Event::Text(text)) => {
                if let Some(inner) = open.last_mut() {
                    inner.text.push_str(&text.xml10_content());
                } else if !text.trim().is_empty() {
                    return Err(broken(&"text outside of any element"));
                }
            }
            Ok(Event::CData(text)) => {
                if let Some(inner) = open.last_mut() {
                    inner.text.push_str(&text.xml10_content());
                }
            }
            Ok(Event::GeneralRef(reference)) => {
                let Some(inner) = open.last_mut() else { return Err(broken(&"text outside of any element")) };
                match reference.resolve_char_ref() {
                    Ok(Some(character)) => inner.text.push(character),
                    Ok(None) => match resolve_predefined_entity(&reference) {
                        Some(text) => inner.text.push_str(text),
                        None => return Err(broken(&"an unknown entity")),
                    },
                    Err(cause) => return Err(broken(&cause)),
                }
            }
            Ok(Event::DocType(_)) => return Err(broken(&"it declares a document type")),
            Ok(Event::Decl(_) | Event::PI(_) | Event::Comment(_)) => {}
            Ok(Event::Eof) => return Err(NoResult::Truncated),
            Err(quick_xml::Error::Syntax(_)) if !open.is_empty() => return Err(NoResult::Truncated),
            Err(cause) => return Err(broken(&cause)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_escaped_and_holds_the_session() {
        let body = body(|xml| element(xml, "retrieve", |xml| leaf(xml, "members", "A & <B>"))).unwrap();
        let token = AccessToken::new("00D!A<B");
        let text = String::from_utf8(envelope(&token, &body).unwrap().to_vec()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"<?xml version="1.0" encoding="UTF-8"?>"#,
                r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" "#,
                r#"xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">"#,
                r#"<soapenv:Header xmlns="http://soap.sforce.com/2006/04/metadata"><SessionHeader>"#,
                r#"<sessionId>00D!A&lt;B</sessionId></SessionHeader>"#,
                r#"<CallOptions><client>orgwire</client></CallOptions></soapenv:Header>"#,
                r#"<soapenv:Body xmlns="http://soap.sforce.com/2006/04/metadata">"#,
                r#"<retrieve><members>A &amp; &lt;B&gt;</members></retrieve></soapenv:Body></soapenv:Envelope>"#,
            )
        );
    }

    #[test]
    fn the_envelope_never_outgrows_its_buffer() {
        let token = AccessToken::new("<".repeat(300));
        let body = vec![b'x'; 5000];
        let size = 1024 + 300 * 6 + 5000;
        let written = envelope(&token, &body).unwrap();
        assert!(written.len() <= size && written.capacity() == size);
    }

    fn wrapped(body: &str) -> String {
        format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>"#
        )
    }

    #[test]
    fn a_result_is_found_whatever_the_prefixes_are() {
        for text in [
            "<retrieveResponse><result><id>09S1</id><x/></result></retrieveResponse>",
            "<m:retrieveResponse xmlns:m='m'><m:result><m:id>09S1</m:id><m:x/></m:result></m:retrieveResponse>",
        ] {
            let result = result(&wrapped(text)).unwrap();
            assert_eq!(result.text_of("id"), Some("09S1"));
            assert_eq!(result.text_of("x"), None);
        }
    }

    #[test]
    fn entities_and_cdata_are_read() {
        let text = wrapped("<r><result><m>&lt;a&gt; &amp; &#233;<![CDATA[<b>]]></m></result></r>");
        assert_eq!(result(&text).unwrap().text_of("m"), Some("<a> & \u{e9}<b>"));
    }

    #[test]
    fn a_fault_keeps_its_code_and_text() {
        let text = wrapped(
            "<s:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode>\
             <faultstring>INVALID_SESSION_ID: Invalid Session ID found in SessionHeader</faultstring></s:Fault>",
        );
        let message = "Invalid Session ID found in SessionHeader".to_owned();
        assert_eq!(result(&text), Err(NoResult::Fault { code: "INVALID_SESSION_ID".into(), message }));
    }

    #[test]
    fn half_an_answer_is_told_from_nonsense() {
        let whole = wrapped("<r><result><id>1</id></result></r>");
        assert_eq!(result(&whole[..whole.len() - 20]), Err(NoResult::Truncated));
        assert_eq!(result(&whole[..90]), Err(NoResult::Truncated));
        assert!(matches!(result("Service unavailable"), Err(NoResult::Broken(_))));
        assert!(matches!(result("<html></html>"), Err(NoResult::Broken(_))));
    }

    #[test]
    fn records_keep_the_text_of_a_component_and_say_which_is_absent() {
        let text = wrapped(
            "<readMetadataResponse><result><records xsi:type='A'><fullName>X</fullName><label>a &amp; b</label></records>\
             <records xsi:nil='true'/><m:records xsi:nil=\"1\"></m:records><records><records>n</records></records>\
             </result></readMetadataResponse>",
        );
        let expected = [
            Some("<fullName>X</fullName><label>a &amp; b</label>".to_owned()),
            None,
            None,
            Some("<records>n</records>".to_owned()),
        ];
        assert_eq!(records(&text).unwrap(), expected);
        assert_eq!(records(&text[..text.len() - 30]), Err(NoResult::Truncated));
    }

    #[test]
    fn entities_cannot_grow_and_trees_cannot_be_deep() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>";
        assert!(matches!(result(bomb), Err(NoResult::Broken(_))));
        assert!(matches!(result(&wrapped(&"<a>".repeat(100))), Err(NoResult::Broken(_))));
    }
}
