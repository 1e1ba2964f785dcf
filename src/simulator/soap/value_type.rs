//! describeValueType: the fields of one metadata type, as its description has them.

use super::{Call, Fault};
use crate::component::{self, Enumeration, Field, Group, Kind, Type};
use crate::simulator::xml::{Element, METADATA, Node};

pub(super) fn describe_value_type(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    let asked = request.child("type").map(Element::trimmed).unwrap_or_default();
    // `{namespace}Name`; the other namespace there is, of the Tooling API, is not answered for here
    let name = asked.strip_prefix('{').and_then(|rest| rest.strip_prefix(METADATA)?.strip_prefix('}'));
    let kind = name
        .and_then(component::type_named)
        .filter(|kind| kind.since <= call.version)
        .ok_or_else(|| Fault::platform("INVALID_TYPE", &format!("Unknown type:{asked}")))?;
    Ok(vec![Node::group("result", told(kind, call.version))])
}

/// A DescribeValueTypeResult, in the WSDL's order. No type here has a parent in its name, so `parentField` is left out.
fn told(kind: &Type, version: u16) -> Vec<Node> {
    let is_one_of_many = kind.member.fixed.is_none(); // settings are there once, for ever
    let mut nodes = vec![
        Node::leaf("apiCreatable", is_one_of_many),
        Node::leaf("apiDeletable", is_one_of_many),
        Node::leaf("apiReadable", true),
        Node::leaf("apiUpdatable", true),
    ];
    nodes.push(full_name());
    nodes.extend(fields("valueTypeFields", &kind.fields, version));
    nodes
}

/// Every type has it, so no description lists it.
fn full_name() -> Node {
    let inside = vec![
        Node::leaf("isForeignKey", false),
        Node::leaf("isNameField", true),
        Node::leaf("minOccurs", 1),
        Node::leaf("name", "fullName"),
        Node::leaf("soapType", "string"),
        Node::leaf("valueRequired", true),
    ];
    Node::group("valueTypeFields", inside)
}

fn fields(element: &'static str, group: &Group, version: u16) -> Vec<Node> {
    let known = group.fields.iter().filter(|field| field.exists_at(version));
    known.map(|field| Node::group(element, one(field, version))).collect()
}

/// A ValueTypeField, in the WSDL's order.
fn one(field: &Field, version: u16) -> Vec<Node> {
    let required = field.is_required_at(version);
    let mut nodes = match &field.kind {
        Kind::Group(group) => fields("fields", group, version),
        _ => Vec::new(),
    };
    let named = field.names.as_deref().and_then(component::type_with_key);
    nodes.extend(named.map(|named| Node::leaf("foreignKeyDomain", &named.name)));
    nodes.push(Node::leaf("isForeignKey", named.is_some()));
    nodes.push(Node::leaf("isNameField", false));
    nodes.push(Node::leaf("minOccurs", u8::from(required)));
    nodes.push(Node::leaf("name", &field.name));
    if let Kind::Enumeration(enumeration) = &field.kind {
        nodes.extend(values(enumeration, field.default.as_deref(), version));
    }
    nodes.push(Node::leaf("soapType", soap_type(field)));
    nodes.push(Node::leaf("valueRequired", required));
    nodes
}

/// PicklistEntries. A value with a part that varies is none that could be picked.
fn values(enumeration: &Enumeration, default: Option<&str>, version: u16) -> Vec<Node> {
    let known = enumeration.values.iter().filter(|value| {
        value.since_perhaps.or(value.since).is_none_or(|first| first <= version)
            && value.until.is_none_or(|last| version <= last)
            && !value.name.contains('{')
    });
    let entry = known.map(|value| {
        let inside = vec![
            Node::leaf("active", true),
            Node::leaf("defaultValue", default == Some(value.name.as_str())),
            Node::leaf("label", &value.name),
            Node::leaf("value", &value.name),
        ];
        Node::group("picklistValues", inside)
    });
    entry.collect()
}

/// The name of the type in the WSDL.
fn soap_type(field: &Field) -> &str {
    match &field.kind {
        Kind::Text => "string",
        Kind::Flag => "boolean",
        Kind::Number => "int",
        Kind::Binary => "base64Binary",
        Kind::Enumeration(enumeration) => &enumeration.name,
        Kind::Group(group) => &group.name,
    }
}
