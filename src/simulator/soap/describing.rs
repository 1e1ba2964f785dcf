//! describeMetadata: which types the org knows.

use std::collections::BTreeMap;

use super::{Call, Fault};
use crate::component::{self, NEWEST_API_VERSION, OLDEST_API_VERSION, Type};
use crate::simulator::xml::{Element, Node};

pub(super) fn describe_metadata(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    // asOfVersion, apiVersion, or nothing
    let asked = request.children.first().map(Element::trimmed);
    let version = asked
        .and_then(|text| text.strip_suffix(".0").unwrap_or(text).parse::<u16>().ok())
        .filter(|version| (OLDEST_API_VERSION..=NEWEST_API_VERSION).contains(version))
        .unwrap_or(call.version);
    let known = component::types().iter().filter(|kind| kind.since <= version);
    // Settings are many types here and one for clients.
    let by_name: BTreeMap<&str, &Type> = known.map(|kind| (kind.package_type.as_str(), kind)).collect();
    let mut nodes: Vec<Node> = by_name
        .into_iter()
        .map(|(name, kind)| {
            Node::group(
                "metadataObjects",
                vec![
                    Node::leaf("directoryName", &kind.directory),
                    Node::leaf("inFolder", false),
                    Node::leaf("metaFile", kind.content_field().is_some()),
                    Node::leaf("suffix", &kind.suffix),
                    Node::leaf("xmlName", name),
                ],
            )
        })
        .collect();
    nodes.push(Node::leaf("organizationNamespace", ""));
    nodes.push(Node::leaf("partialSaveAllowed", true));
    nodes.push(Node::leaf("testRequired", false));
    Ok(vec![Node::group("result", nodes)])
}
