//! What somebody needs besides the Metadata API to change components of a type: the right to the feature (MD-15).

use std::collections::BTreeSet;

use super::{Circumstances, Incoming, Problem};
use crate::component::Type;
use crate::simulator::people::Person;
use crate::simulator::permission;
use crate::simulator::state::State;

/// All permissions that are asked for below.
const ASKED_FOR: [&str; 8] = [
    "CustomizeApplication",
    "ExternalClientAppAdmin",
    "ExternalClientAppDeveloper",
    "ManageAuthProviders",
    "ManageNamedCredentials",
    "ManageProfilesPermissionsets",
    "ManageRemoteAccess",
    "ModifyAllData",
];

/// Those of them that a person has.
pub(in crate::simulator) fn of(state: &State, person: &Person) -> BTreeSet<&'static str> {
    ASKED_FOR.into_iter().filter(|name| permission::has(state, person, name)).collect()
}

/// Whoever changes or deletes a component has the rights that its type needs.
pub(in crate::simulator) fn check(org: &Circumstances, kind: &Type) -> Result<(), Problem> {
    let may = |name: &str| org.rights.contains(name);
    let is_allowed = match kind.name.as_str() {
        // CA-91
        "ConnectedApp" => may("CustomizeApplication") && (may("ModifyAllData") || may("ManageRemoteAccess")),
        "AuthProvider" => may("CustomizeApplication") && may("ManageAuthProviders"), // AP-7
        // NC-14
        "NamedCredential" | "ExternalCredential" => {
            may("CustomizeApplication") || may("ManageNamedCredentials")
        }
        // EC-22
        "ExternalClientApplication" | "ExtlClntAppGlobalOauthSettings" | "ExtlClntAppOauthSettings" => {
            may("ExternalClientAppDeveloper")
        }
        "ExtlClntAppConfigurablePolicies" | "ExtlClntAppOauthConfigurablePolicies" => {
            may("ExternalClientAppDeveloper") || may("ExternalClientAppAdmin")
        }
        _ => true,
    };
    if is_allowed { Ok(()) } else { Err(refused()) }
}

/// CA-53: naming profiles and permission sets is more than changing the app.
pub(super) fn check_lists(incoming: &Incoming) -> Result<(), Problem> {
    let lists = ["profileName", "permissionSetName"];
    let names_some = lists.iter().any(|list| incoming.sent.contains_key(list));
    if names_some && !incoming.org.rights.contains("ManageProfilesPermissionsets") {
        return Err(refused());
    }
    Ok(())
}

/// Of the texts that MD-15 knows, the one that is not about the org.
fn refused() -> Problem {
    Problem::error("insufficient access rights on cross-reference id")
}

/// Of somebody who may do all of it.
pub(super) fn all() -> BTreeSet<&'static str> {
    BTreeSet::from(ASKED_FOR)
}

#[cfg(test)]
mod tests {
    use super::super::tests::Org;

    const CREDENTIAL: &str = "<endpoint>https://a.b</endpoint><label>L</label>";
    const APP: &str = "<contactEmail>a@b.example</contactEmail><label>L</label>";

    fn save(rights: &[&'static str], type_name: &str, inside: &str) -> Result<Vec<String>, String> {
        let mut org = Org::new();
        org.circumstances.rights = rights.iter().copied().collect();
        org.save(type_name, "N", inside)
    }

    #[test]
    fn each_type_needs_the_right_to_its_feature() {
        let refused = Err("insufficient access rights on cross-reference id".to_owned());
        let header = "ExternalClientApplication";
        for (type_name, inside) in [("ConnectedApp", APP), ("NamedCredential", CREDENTIAL), (header, APP)] {
            assert_eq!(save(&[], type_name, inside), refused, "{type_name}");
        }
        assert_eq!(save(&["CustomizeApplication"], "NamedCredential", CREDENTIAL), Ok(vec![]));
        assert_eq!(save(&["ManageNamedCredentials"], "NamedCredential", CREDENTIAL), Ok(vec![]));
        assert_eq!(save(&["CustomizeApplication"], "ConnectedApp", APP), refused);
        assert_eq!(save(&["CustomizeApplication", "ManageRemoteAccess"], "ConnectedApp", APP), Ok(vec![]));
        assert_eq!(save(&["ExternalClientAppDeveloper"], header, APP), Ok(vec![]));
        assert_eq!(save(&[], "CspTrustedSite", ""), Org::new().save("CspTrustedSite", "N", ""));
    }

    #[test]
    fn naming_profiles_needs_one_more() {
        let app = format!("{APP}<profileName>Standard User</profileName>");
        let rights = ["CustomizeApplication", "ModifyAllData"];
        assert!(save(&rights, "ConnectedApp", &app).is_err());
        let all = ["CustomizeApplication", "ModifyAllData", "ManageProfilesPermissionsets"];
        assert_eq!(save(&all, "ConnectedApp", &app), Ok(vec![]));
    }
}
