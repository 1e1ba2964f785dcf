//! retrieve, checkRetrieveStatus, checkStatus, listMetadata and readMetadata.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::time::sleep;

use super::{Call, Fault, is_true, optional};
use crate::component::{self, NEWEST_API_VERSION, OLDEST_API_VERSION, Type};
use crate::simulator::ids;
use crate::simulator::package::percent_decoded;
use crate::simulator::retrieve::{self, FileProperties, RetrieveRequest, Retrieved, Stage};
use crate::simulator::xml::{Element, Node};

/// Components in one CRUD call (protocol, 7.4).
pub(super) const MOST_COMPONENTS: usize = 10;
/// Queries in one listMetadata (protocol, 7.4).
const MOST_QUERIES: usize = 3;

pub(super) fn retrieve(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    // the WSDL calls the argument retrieveRequest, jsforce and sf call it request
    let asked = request.children.first().ok_or_else(|| Fault::client("retrieve has no argument"))?;
    let asked = read_request(asked, call.version);
    let org = call.org.clone();
    let id = org.retrievals.begin(&org.store.read(|state| state.identity.pod.clone()));
    let result = vec![Node::leaf("done", false), Node::leaf("id", &id), Node::leaf("state", "Queued")];
    tokio::spawn(async move {
        sleep(org.pace.pending).await;
        org.retrievals.set(&id, Stage::InProgress);
        sleep(org.pace.in_progress).await;
        let retrieved = org.store.read(|state| retrieve::retrieve(state, &asked));
        org.retrievals.set(&id, Stage::Succeeded(retrieved));
    });
    Ok(vec![Node::group("result", result)])
}

fn read_request(asked: &Element, version: u16) -> RetrieveRequest {
    let texts = |parent: &Element, name: &'static str| -> Vec<String> {
        parent
            .children_named(name)
            .map(|child| child.trimmed().to_owned())
            .filter(|text| !text.is_empty())
            .collect()
    };
    let unpackaged = asked.child("unpackaged");
    let types = unpackaged.into_iter().flat_map(|package| package.children_named("types"));
    let types = types.map(|types| {
        (types.child("name").map(Element::trimmed).unwrap_or_default().to_owned(), texts(types, "members"))
    });
    let number = |element: Option<&Element>| {
        let text = element?.trimmed();
        let number = text.strip_suffix(".0").unwrap_or(text).parse().ok()?;
        (OLDEST_API_VERSION..=NEWEST_API_VERSION).contains(&number).then_some(number)
    };
    RetrieveRequest {
        version: number(unpackaged.and_then(|package| package.child("version")))
            .or_else(|| number(asked.child("apiVersion")))
            .unwrap_or(version),
        single_package: asked.child("singlePackage").is_some_and(is_true),
        types: types.collect(),
        specific_files: texts(asked, "specificFiles"),
        package_names: texts(asked, "packageNames"),
    }
}

fn stage(call: &Call, request: &Element, take: bool) -> Result<(String, Stage), Fault> {
    let id = request.children.first().map(Element::trimmed).unwrap_or_default();
    call.org
        .retrievals
        .look(id, take)
        .ok_or_else(|| Fault::platform("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"))
}

pub(super) fn check_retrieve_status(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    // left out means true
    let include_zip = request.children.get(1).is_none_or(is_true);
    let (id, stage) = stage(call, request, include_zip)?;
    let nothing = Retrieved { zip: Vec::new(), files: Vec::new(), messages: Vec::new() };
    let (status, retrieved) = match stage {
        Stage::Pending => ("Pending", nothing),
        Stage::InProgress => ("InProgress", nothing),
        Stage::Succeeded(retrieved) => ("Succeeded", retrieved),
        Stage::Taken => {
            let text = "the zip of this retrieve was handed out already (rehearsal wording)";
            return Err(Fault::platform("INVALID_LOCATOR", text));
        }
    };
    let done = status == "Succeeded";
    let mut result = vec![Node::leaf("done", done)];
    result.extend(retrieved.files.iter().map(|file| properties("fileProperties", file)));
    result.push(Node::leaf("id", id));
    result.extend(retrieved.messages.iter().map(|(file, problem)| {
        Node::group("messages", vec![Node::leaf("fileName", file), Node::leaf("problem", problem)])
    }));
    result.push(Node::leaf("status", status));
    result.push(Node::leaf("success", done));
    optional(&mut result, "zipFile", (done && include_zip).then(|| STANDARD.encode(&retrieved.zip)));
    Ok(vec![Node::group("result", result)])
}

/// Gone from the WSDL, and still called by CumulusCI and ForceCLI while they wait for a retrieve.
pub(super) fn check_status(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    let id = request.children.first().map(Element::trimmed).unwrap_or_default();
    let (id, done, started) = match call.org.store.read(|state| {
        state.deployment(id).map(|found| (found.id.clone(), found.status.is_done(), found.started.is_some()))
    }) {
        Some(deployment) => deployment,
        None => {
            let (id, stage) = stage(call, request, false)?;
            (id, matches!(stage, Stage::Succeeded(_) | Stage::Taken), stage != Stage::Pending)
        }
    };
    let state = match (done, started) {
        (true, _) => "Completed",
        (false, true) => "InProgress",
        (false, false) => "Queued",
    };
    let result = vec![Node::leaf("done", done), Node::leaf("id", id), Node::leaf("state", state)];
    Ok(vec![Node::group("result", result)])
}

pub(super) fn list_metadata(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    let queries: Vec<&Element> = request.children_named("queries").collect();
    if queries.len() > MOST_QUERIES {
        return Err(Fault::platform(
            "EXCEEDED_ID_LIMIT",
            "at most 3 queries in one call (rehearsal wording)",
        ));
    }
    let mut nodes = Vec::new();
    for query in queries {
        let asked = query.child("type").map(Element::trimmed).unwrap_or_default();
        // All settings are listed by one name (MD-41).
        let mut kinds = component::types().iter().filter(|kind| kind.package_type == asked).peekable();
        if kinds.peek().is_none() {
            known(asked)?;
        }
        for kind in kinds {
            let files = call.org.store.read(|state| retrieve::list(state, kind));
            nodes.extend(files.iter().map(|file| properties("result", file)));
        }
    }
    Ok(nodes)
}

pub(super) fn read_metadata(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    let kind = known(request.child("type").map(Element::trimmed).unwrap_or_default())?;
    let names: Vec<&str> = request.children_named("fullNames").map(Element::trimmed).collect();
    if names.len() > MOST_COMPONENTS {
        return Err(Fault::platform(
            "EXCEEDED_ID_LIMIT",
            "record limit reached. cannot submit more than 10 records in this operation",
        ));
    }
    let records = call.org.store.read(|state| {
        let record = |name: &&str| match state.holdings.get(&kind.name, &percent_decoded(name)) {
            Some(component) => {
                let mut nodes = vec![Node::leaf("fullName", name)];
                // A call has no second file: its text is an element in base64, before the type's own.
                if let (Some(field), Some(text)) =
                    (kind.content_field(), retrieve::content(kind, &component.fields))
                {
                    nodes.push(Node::leaf(field.name.as_str(), STANDARD.encode(text)));
                }
                nodes.extend(retrieve::nodes(kind, &component.fields, call.version));
                Node::group("records", nodes).with("xsi:type", kind.name.as_str())
            }
            None => Node::leaf("records", "").with("xsi:nil", "true"),
        };
        names.iter().map(record).collect()
    });
    Ok(vec![Node::group("result", records)])
}

pub(super) fn known(type_name: &str) -> Result<&'static Type, Fault> {
    component::type_named(type_name)
        .ok_or_else(|| Fault::platform("INVALID_TYPE", &format!("Unknown type:{type_name}")))
}

fn properties(name: &'static str, file: &FileProperties) -> Node {
    Node::group(
        name,
        vec![
            Node::leaf("createdById", &file.by_id),
            Node::leaf("createdByName", &file.by_name),
            Node::leaf("createdDate", file.created.soap()),
            Node::leaf("fileName", &file.file_name),
            Node::leaf("fullName", &file.full_name),
            Node::leaf("id", &file.id),
            Node::leaf("lastModifiedById", &file.by_id),
            Node::leaf("lastModifiedByName", &file.by_name),
            Node::leaf("lastModifiedDate", file.modified.soap()),
            Node::leaf("manageableState", "unmanaged"),
            Node::leaf("type", &file.type_name),
        ],
    )
}

/// createdBy has 15 characters in deploy results, ids of files have 18 (protocol, 5.4).
pub(super) fn short(id: &str) -> String {
    ids::short(id).to_owned()
}
