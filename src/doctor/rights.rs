//! The permissions that this login needs for what would be deployed, and only those (5.4).

use std::collections::BTreeMap;

use super::{About, Case, Finding, listed};
use crate::component::{ComponentId, FieldPath};
use crate::resolve::Component;

const RIGHTS: About = About("own-permissions", &["MD-15", "CA-91", "CA-53", "AP-7", "NC-14", "EC-22"]);

/// One of these is needed, by their names in metadata.
type AnyOf = &'static [&'static str];

/// Every permission that this, or any other check, wants to know of.
pub const ASKED_FOR: [&str; 14] = [
    "ApiEnabled",
    "CanApproveUninstalledApps",
    "CustomizeApplication",
    "ExternalClientAppAdmin",
    "ExternalClientAppDeveloper",
    "ManageAuthProviders",
    "ManageNamedCredentials",
    "ManageProfilesPermissionsets",
    "ManageRemoteAccess",
    "ModifyAllData",
    "ModifyMetadata",
    "TwoFactorApi",
    "UseAnyApiAuth",
    "ViewSetup",
];

/// Permissions of somebody that the checks of users want to know of.
pub const ASKED_OF_PEOPLE: [&str; 7] = [
    "ApiEnabled",
    "ApiUserOnly",
    "CanApproveUninstalledApps",
    "ModifyAllData",
    "TwoFactorApi",
    "UseAnyApiAuth",
    "ViewSetup",
];

/// As Setup calls them.
fn label(permission: &str) -> &str {
    match permission {
        "ApiEnabled" => "API Enabled",
        "CustomizeApplication" => "Customize Application",
        "ExternalClientAppAdmin" => "External client apps: edit policies",
        "ExternalClientAppDeveloper" => "External client apps: create, edit, delete",
        "ManageAuthProviders" => "Manage Auth. Providers",
        "ManageNamedCredentials" => "Manage Named Credentials",
        "ManageProfilesPermissionsets" => "Manage Profiles and Permission Sets",
        "ManageRemoteAccess" => "Manage Connected Apps",
        "ModifyAllData" => "Modify All Data",
        "ModifyMetadata" => "Modify Metadata Through Metadata API Functions",
        other => other,
    }
}

/// What a component needs of whoever deploys it, beside what every deployment needs.
fn needs(component: &Component) -> Vec<AnyOf> {
    let mut needs: Vec<AnyOf> = match component.id.kind.name.as_str() {
        // CA-91
        "ConnectedApp" => vec![&["CustomizeApplication"], &["ManageRemoteAccess", "ModifyAllData"]],
        // AP-7
        "AuthProvider" => vec![&["CustomizeApplication"], &["ManageAuthProviders"]],
        // NC-14
        "NamedCredential" | "ExternalCredential" => {
            vec![&["ManageNamedCredentials", "CustomizeApplication"]]
        }
        // EC-22
        "ExternalClientApplication" | "ExtlClntAppGlobalOauthSettings" | "ExtlClntAppOauthSettings" => {
            vec![&["ExternalClientAppDeveloper"]]
        }
        "ExtlClntAppConfigurablePolicies" | "ExtlClntAppOauthConfigurablePolicies" => {
            vec![&["ExternalClientAppDeveloper", "ExternalClientAppAdmin"]]
        }
        _ => Vec::new(),
    };
    // CA-53
    let lists = ["profileName", "permissionSetName"];
    if component.id.kind.name == "ConnectedApp" && lists.iter().any(|it| component.has(&FieldPath::of(it))) {
        needs.push(&["ManageProfilesPermissionsets"]);
    }
    needs
}

/// Each need with the components that have it.
fn needed(case: &Case<'_>) -> BTreeMap<AnyOf, Vec<ComponentId>> {
    let mut needed: BTreeMap<AnyOf, Vec<ComponentId>> = BTreeMap::new();
    let planned = case.desired.components.values().filter(|it| case.planned.contains(&it.id));
    for component in planned {
        // MD-15
        let of_every_deployment: [AnyOf; 2] = [&["ApiEnabled"], &["ModifyMetadata", "ModifyAllData"]];
        for need in needs(component).into_iter().chain(of_every_deployment) {
            needed.entry(need).or_default().push(component.id.clone());
        }
    }
    needed
}

/// Those that this login lacks. A permission that the org does not know cannot be lacked (5.4).
pub(super) fn lacking(case: &Case<'_>) -> Option<BTreeMap<AnyOf, Vec<ComponentId>>> {
    let rights = case.told.rights.as_ref()?;
    let mut needed = needed(case);
    needed.retain(|any_of, _| any_of.iter().all(|name| rights.get(*name) == Some(&false)));
    Some(needed)
}

pub fn findings(case: &Case<'_>) -> Vec<Finding> {
    let all: Vec<ComponentId> = case.planned.iter().cloned().collect();
    let Some(lacking) = lacking(case) else {
        let told = RIGHTS.advice(&all, "the org does not tell what this login may do");
        return vec![told.why("a deployment may end for want of a permission")];
    };
    if lacking.is_empty() {
        let refused = case.told.refused.as_ref().filter(|refused| refused.code == "INSUFFICIENT_ACCESS");
        return vec![match (refused, all.is_empty()) {
            (Some(refused), _) => {
                RIGHTS.blocks(&all, format!("this login may not read metadata ({refused})"))
            }
            (None, true) => RIGHTS.fine("nothing is to be deployed, and no permission is needed for it"),
            (None, false) => RIGHTS.fine("this login has every permission that the plan needs"),
        }];
    }
    let one = |(any_of, components): (&AnyOf, &Vec<ComponentId>)| {
        let labels: Vec<&str> = any_of.iter().map(|name| label(name)).collect();
        RIGHTS
            .blocks(components, format!("this login lacks the permission `{}`", labels.join("` or `")))
            .why(format!("the org would refuse {}", listed(components)))
            .mend(fragment(any_of.first().copied().unwrap_or_default()))
    };
    lacking.iter().map(one).collect()
}

/// Whoever may already can give it to this login by a manifest.
fn fragment(permission: &str) -> String {
    format!(
        "let somebody who may deploy this, and assign it to the user of this login:\n[permission-set.Orgwire_Deployer]\n\
         label = \"Orgwire Deployer\"\n\n[[permission-set.Orgwire_Deployer.user-permissions]]\nname = \"{permission}\"\n\
         enabled = true"
    )
}
