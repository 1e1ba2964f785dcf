//! renameMetadata: one component gets another name and keeps its id.

use super::retrieving::known;
use super::writing::{DUPLICATE, Saved, no_such, status_code, told};
use super::{Call, Fault};
use crate::simulator::package::percent_decoded;
use crate::simulator::rules::{self, CannotRename, Circumstances};
use crate::simulator::xml::{Element, Node};

pub(super) fn rename_metadata(call: &Call, request: &Element) -> Result<Vec<Node>, Fault> {
    let argument = |name: &str| request.child(name).map(Element::trimmed).unwrap_or_default();
    let kind = known(argument("type"))?;
    let (old, new) = (argument("oldFullName"), argument("newFullName"));
    let (old_name, new_name) = (percent_decoded(old), percent_decoded(new));
    let circumstances = Circumstances::of_org(call.org, &call.asker.person.id);
    let renamed = call.org.store.change(|state| {
        rules::check_rights(&circumstances, kind).map_err(CannotRename::Refused)?;
        rules::rename(&mut state.holdings, kind, &old_name, &new_name)?;
        if kind.name == "PermissionSet"
            && let Some(users) = state.oauth.assigned.remove(&old_name)
        {
            state.oauth.assigned.insert(new_name.clone(), users);
        }
        Ok(())
    });
    let renamed = renamed.map_err(|error| Fault::platform("UNKNOWN_EXCEPTION", &error.in_one_line()))?;
    let error = match renamed {
        Ok(()) => None,
        Err(CannotRename::Absent) => Some(("INVALID_CROSS_REFERENCE_KEY", no_such(kind, old))),
        Err(CannotRename::Taken) => Some(("DUPLICATE_DEVELOPER_NAME", DUPLICATE.to_owned())),
        Err(CannotRename::Refused(problem)) => Some((status_code(&problem.text), problem.text)),
    };
    let full_name = if error.is_none() { new } else { old };
    Ok(vec![told(Saved { full_name: full_name.to_owned(), created: false, error }, false)])
}
