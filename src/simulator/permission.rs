//! What a person may do: all of it as an administrator, and otherwise what their profile and their permission sets
//! say.

use super::people::Person;
use super::rules::{flag, text};
use super::state::{Component, State};
use crate::component::Tree;

/// Whether a person has a permission, by its name in metadata (5.4).
pub(super) fn has(state: &State, person: &Person, permission: &str) -> bool {
    let holdings = &state.holdings;
    let profiles = holdings.of_type("Profile").filter(|(name, _)| person.profile.is_called(name));
    let sets =
        holdings.of_type("PermissionSet").filter(|(name, _)| state.oauth.is_assigned(name, &person.id));
    let of_profile: Vec<bool> = profiles.filter_map(|(_, profile)| told(profile, permission)).collect();
    person.is_administrator()
        || of_profile.contains(&true)
        || sets.into_iter().any(|(_, set)| told(set, permission) == Some(true))
        // Everybody who is in this org from the first day uses its API, until their profile says otherwise.
        || (permission == "ApiEnabled" && of_profile.is_empty())
}

/// MD-15
pub(super) fn may_use_metadata_api(state: &State, person: &Person) -> bool {
    has(state, person, "ModifyMetadata") || has(state, person, "ModifyAllData")
}

/// The words for whoever may not.
pub(super) const NO_METADATA_API: (&str, &str) = (
    "INSUFFICIENT_ACCESS",
    "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions",
);

/// Whether a profile or permission set switches a permission on or off, if it says so.
fn told(component: &Component, permission: &str) -> Option<bool> {
    let Some(Tree::List(listed)) = component.fields.get("userPermissions") else { return None };
    let mut listed = listed.iter().filter_map(|listed| match listed {
        Tree::Group(listed) if text(listed, "name") == Some(permission) => flag(listed, "enabled"),
        _ => None,
    });
    listed.next()
}
