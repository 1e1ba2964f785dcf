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
    // Everybody who is in this org from the first day uses its API.
    person.is_administrator()
        || permission == "ApiEnabled"
        || profiles.chain(sets).any(|(_, component)| grants(component, permission))
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

fn grants(component: &Component, permission: &str) -> bool {
    let Some(Tree::List(granted)) = component.fields.get("userPermissions") else { return false };
    granted.iter().any(|granted| {
        let Tree::Group(granted) = granted else { return false };
        text(granted, "name") == Some(permission) && flag(granted, "enabled") == Some(true)
    })
}
