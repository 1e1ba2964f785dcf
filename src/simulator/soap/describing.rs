//! describeMetadata: which types the org knows.

use super::{Call, Fault};
use crate::component::{self, NEWEST_API_VERSION, OLDEST_API_VERSION};
use crate::simulator::xml::{Element, Node};

pub(super) fn describe_metadata(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    // asOfVersion, apiVersion, or nothing
    let asked = request.children.first().map(Element::trimmed);
    let version = asked
        .and_then(|text| text.strip_suffix(".0").unwrap_or(text).parse::<u16>().ok())
        .filter(|version| (OLDEST_API_VERSION..=NEWEST_API_VERSION).contains(version))
        .unwrap_or(call.version);
    let known = component::types().iter().filter(|kind| kind.since <= version);
    let mut nodes: Vec<Node> = known
        .map(|kind| {
            Node::group(
                "metadataObjects",
                vec![
                    Node::leaf("directoryName", &kind.directory),
                    Node::leaf("inFolder", false),
                    Node::leaf("metaFile", false),
                    Node::leaf("suffix", &kind.suffix),
                    Node::leaf("xmlName", &kind.name),
                ],
            )
        })
        .collect();
    nodes.push(Node::leaf("organizationNamespace", ""));
    nodes.push(Node::leaf("partialSaveAllowed", true));
    nodes.push(Node::leaf("testRequired", false));
    Ok(vec![Node::group("result", nodes)])
}
