//! createMetadata, updateMetadata, upsertMetadata and deleteMetadata: single components, saved at once.

use super::retrieving::{MOST_COMPONENTS, known};
use super::{Call, Fault};
use crate::component::Type;
use crate::simulator::package::percent_decoded;
use crate::simulator::rules::{self, Circumstances, Incoming, Refusal};
use crate::simulator::schema;
use crate::simulator::state::{Holdings, State};
use crate::simulator::xml::{Element, Node};

/// MD-15
const NO_RIGHTS: &str = "insufficient access rights";

/// Which components a call is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Create,
    Update,
    Upsert,
}

/// CA-7, MD-36
pub(super) const DUPLICATE: &str =
    "duplicate value found: <unknown> duplicates value on record with id: <unknown>";

/// What became of one component.
pub(super) struct Saved {
    /// As the call wrote it, like the names that are read.
    pub full_name: String,
    pub created: bool,
    /// Status code and message.
    pub error: Option<(&'static str, String)>,
}

pub(super) fn create_metadata(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    save(call, request, Mode::Create)
}

pub(super) fn update_metadata(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    save(call, request, Mode::Update)
}

pub(super) fn upsert_metadata(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    save(call, request, Mode::Upsert)
}

fn save(call: &Call, request: &Element, mode: Mode) -> Result<Vec<Node>, Fault> {
    let components: Vec<(&'static Type, &Element)> = request
        .children_named("metadata")
        .map(|element| Ok((known(element.type_name.as_deref().unwrap_or_default())?, element)))
        .collect::<Result<_, Fault>>()?;
    check_count(components.len())?;
    let circumstances = Circumstances::of_org(call.org, &call.asker.person.id);
    let saved = write(call, |state| {
        let mut holdings = state.holdings.clone();
        let save = |(kind, element): &(&'static Type, &Element)| {
            save_one(call, &circumstances, &mut holdings, kind, element, mode)
        };
        let saved: Vec<Saved> = components.iter().map(save).collect();
        rules::complete(&mut holdings);
        (saved, holdings)
    })?;
    Ok(saved.into_iter().map(|saved| told(saved, mode == Mode::Upsert)).collect())
}

pub(super) fn delete_metadata(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    let kind = known(request.child("type").map(Element::trimmed).unwrap_or_default())?;
    let names: Vec<&str> = request.children_named("fullNames").map(Element::trimmed).collect();
    check_count(names.len())?;
    let circumstances = Circumstances::of_org(call.org, &call.asker.person.id);
    let saved = write(call, |state| {
        let mut holdings = state.holdings.clone();
        let saved = names.iter().map(|name| delete_one(&circumstances, &mut holdings, kind, name)).collect();
        (saved, holdings)
    })?;
    Ok(saved.into_iter().map(|saved| told(saved, false)).collect())
}

fn check_count(count: usize) -> Result<(), Fault> {
    if count <= MOST_COMPONENTS {
        return Ok(());
    }
    let text = "record limit reached. cannot submit more than 10 records in this operation";
    Err(Fault::platform("EXCEEDED_ID_LIMIT", text))
}

/// Keeps what worked; with AllOrNone, keeps nothing unless everything did.
fn write(call: &Call, work: impl FnOnce(&State) -> (Vec<Saved>, Holdings)) -> Result<Vec<Saved>, Fault> {
    let written = call.org.store.change(|state| {
        let (mut saved, holdings) = work(state);
        if call.all_or_none && saved.iter().any(|saved| saved.error.is_some()) {
            for saved in saved.iter_mut().filter(|saved| saved.error.is_none()) {
                let message = "Record rolled back because not all records were valid and the request was using \
                               AllOrNone header";
                saved.error = Some(("ALL_OR_NONE_OPERATION_ROLLED_BACK", message.to_owned()));
            }
        } else {
            state.holdings = holdings;
        }
        saved
    });
    written.map_err(|error| Fault::platform("UNKNOWN_EXCEPTION", &error.in_one_line()))
}

fn save_one(
    call: &Call,
    circumstances: &Circumstances,
    holdings: &mut Holdings,
    kind: &'static Type,
    element: &Element,
    mode: Mode,
) -> Saved {
    let written = element.child("fullName").map(Element::trimmed).unwrap_or_default();
    let full_name = percent_decoded(written);
    let exists = holdings.get(&kind.name, &full_name).is_some();
    let failed =
        |code, message| Saved { full_name: written.to_owned(), created: false, error: Some((code, message)) };
    match (mode, exists) {
        (Mode::Create, true) => return failed("DUPLICATE_DEVELOPER_NAME", DUPLICATE.to_owned()),
        (Mode::Update, false) => return failed("INVALID_CROSS_REFERENCE_KEY", no_such(kind, &full_name)),
        _ => {}
    }
    let accepted = schema::read_component(kind, element, call.version).and_then(|sent| {
        rules::accept(&Incoming {
            kind,
            name: &full_name,
            sent: &sent,
            stored: holdings.get(&kind.name, &full_name),
            holdings,
            org: circumstances,
            version: call.version,
        })
    });
    match accepted {
        Err(problem) => failed(status_code(&problem.text), problem.text),
        Ok(accepted) => {
            rules::save(holdings, kind, &full_name, accepted.fields);
            Saved { full_name: written.to_owned(), created: !exists, error: None }
        }
    }
}

fn delete_one(circumstances: &Circumstances, holdings: &mut Holdings, kind: &Type, name: &str) -> Saved {
    let deleted = match rules::check_rights(circumstances, kind) {
        Ok(()) => rules::delete(holdings, kind, &percent_decoded(name)),
        Err(problem) => Err(Refusal::Refused(problem)),
    };
    let error = match deleted {
        Ok(_) => None,
        Err(Refusal::Absent) => Some(("INVALID_CROSS_REFERENCE_KEY", no_such(kind, name))),
        Err(Refusal::InUse(referrers)) => {
            let used = referrers.join(", ");
            let text = format!("{name} is referenced elsewhere: {used} (rehearsal wording, MD-40)");
            Some(("DELETE_FAILED", text))
        }
        Err(Refusal::Refused(problem)) if problem.text.starts_with(NO_RIGHTS) => {
            Some(("INSUFFICIENT_ACCESS", problem.text))
        }
        Err(Refusal::Refused(problem)) => Some(("DELETE_FAILED", problem.text)),
    };
    Saved { full_name: name.to_owned(), created: false, error }
}

pub(super) fn no_such(kind: &Type, name: &str) -> String {
    format!("no {} named {name} found", kind.name)
}

/// The code that goes with a problem's text (MD-36); which one each of these types gives is not public.
pub(super) fn status_code(text: &str) -> &'static str {
    match text {
        _ if text.starts_with("Required field") || text == "You must enter a value" => {
            "REQUIRED_FIELD_MISSING"
        }
        _ if text.starts_with("STRING_TOO_LONG") => "STRING_TOO_LONG",
        _ if text.starts_with("In field: ") => "INVALID_CROSS_REFERENCE_KEY",
        _ if text.starts_with(NO_RIGHTS) => "INSUFFICIENT_ACCESS",
        _ if text.contains("already") => "DUPLICATE_VALUE",
        _ => "FIELD_INTEGRITY_EXCEPTION",
    }
}

pub(super) fn told(saved: Saved, with_created: bool) -> Node {
    let mut nodes = Vec::new();
    if with_created {
        nodes.push(Node::leaf("created", saved.created));
    }
    let success = saved.error.is_none();
    nodes.extend(saved.error.map(|(code, message)| {
        Node::group("errors", vec![Node::leaf("message", message), Node::leaf("statusCode", code)])
    }));
    nodes.push(Node::leaf("fullName", saved.full_name));
    nodes.push(Node::leaf("success", success));
    Node::group("result", nodes)
}
