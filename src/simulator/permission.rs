//! What a person may do: all of it as an administrator, and otherwise what their profile and their permission sets
//! say.

use super::people::Person;
use super::rules::{flag, text};
use super::state::{Component, State};
use crate::component::Tree;

/// Permissions that take something away: an administrator has them only where somebody says so (SE-25).
const RESTRICTIONS: [&str; 3] = ["ApiUserOnly", "ForceTwoFactor", "TwoFactorApi"];

/// Whether a person has a permission, by its name in metadata (5.4).
pub(super) fn has(state: &State, person: &Person, permission: &str) -> bool {
    let mut sets =
        state.holdings.of_type("PermissionSet").filter(|(name, _)| state.oauth.is_assigned(name, &person.id));
    by_profile(state, person, permission) || sets.any(|(_, set)| told(set, permission) == Some(true))
}

/// The same without what their permission sets add.
pub(super) fn by_profile(state: &State, person: &Person, permission: &str) -> bool {
    let profiles = state.holdings.of_type("Profile").filter(|(name, _)| person.profile.is_called(name));
    let told: Vec<bool> = profiles.filter_map(|(_, profile)| told(profile, permission)).collect();
    if RESTRICTIONS.contains(&permission) {
        let from_the_first_day = permission == "ApiUserOnly" && person.profile.is_for_api_only();
        return told.contains(&true) || told.is_empty() && from_the_first_day;
    }
    person.is_administrator()
        || told.contains(&true)
        // Everybody who is in this org from the first day uses its API, until their profile says otherwise.
        || (permission == "ApiEnabled" && told.is_empty())
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
pub(super) fn told(component: &Component, permission: &str) -> Option<bool> {
    let Some(Tree::List(listed)) = component.fields.get("userPermissions") else { return None };
    let mut listed = listed.iter().filter_map(|listed| match listed {
        Tree::Group(listed) if text(listed, "name") == Some(permission) => flag(listed, "enabled"),
        _ => None,
    });
    listed.next()
}
