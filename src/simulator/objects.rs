//! The records a query can see: the org itself, its people, and what stands behind the components.

use serde_json::{Value, json};

use super::deploy::Deployment;
use super::ids::{self, prefix};
use super::oauth::memory::{Approval, Login};
use super::people::{self, Person};
use super::permission;
use super::rules::{flag, group, text};
use super::soql::{Column, Kind, Table};
use super::state::{Component, State};
use crate::component::{Fields, Scalar, Tree};

/// Every object there is, in alphabetical order.
pub(super) const OBJECTS: [&str; 13] = [
    "AuthProvider",
    "ConnectedApplication",
    "DeployRequest",
    "ExternalClientApplication",
    "LoginHistory",
    "NamedCredential",
    "OauthToken",
    "Organization",
    "PermissionSet",
    "PermissionSetAssignment",
    "Profile",
    "User",
    "UserPermissionAccess",
];

/// Objects that only the Tooling API has.
pub(super) const TOOLING: [&str; 1] = ["DeployRequest"];

/// All others.
pub(super) fn of_data_api() -> impl Iterator<Item = &'static str> {
    OBJECTS.into_iter().filter(|object| !TOOLING.contains(object))
}

/// The object with the rows that `asker` sees, whatever the case of its name.
pub(super) fn table(name: &str, state: &State, instance_url: &str, asker: &Person) -> Option<Table> {
    let people = people::of(&state.identity);
    let name = OBJECTS.into_iter().find(|object| object.eq_ignore_ascii_case(name))?;
    if !is_seen(name, state, asker) {
        return None;
    }
    let (columns, rows) = match name {
        "AuthProvider" => auth_providers(state, instance_url),
        "ConnectedApplication" => connected_applications(state),
        "ExternalClientApplication" => external_client_applications(state),
        "DeployRequest" => deploy_requests(state),
        "LoginHistory" => login_history(state, asker),
        "NamedCredential" => named_credentials(state),
        "OauthToken" => oauth_tokens(state, asker),
        "Organization" => organization(state),
        "PermissionSet" => permission_sets(state),
        "PermissionSetAssignment" => assignments(state, &people),
        "Profile" => profiles(&people),
        "User" => users(state, &people),
        _ => permissions(state, asker),
    };
    Some(Table { name, columns, rows })
}

/// Objects that are there for those only who may look at what they are about (AP-7, NC-14).
fn is_seen(object: &str, state: &State, asker: &Person) -> bool {
    let may = |name: &str| permission::has(state, asker, name);
    match object {
        "AuthProvider" => may("CustomizeApplication") && may("ManageAuthProviders"),
        "NamedCredential" => may("ViewSetup"),
        _ => true,
    }
}

type Contents = (Vec<Column>, Vec<Vec<Value>>);

/// Columns and one row, written side by side. The first row also tells the columns.
struct Record(Vec<(Column, Value)>);

impl Record {
    fn new() -> Record {
        Record(Vec::new())
    }

    fn add(mut self, name: &'static str, kind: Kind, value: Value) -> Record {
        self.0.push((Column { name, kind }, value));
        self
    }

    fn text(self, name: &'static str, value: Option<&str>) -> Record {
        self.add(name, Kind::Text, value.map_or(Value::Null, Value::from))
    }

    fn flag(self, name: &'static str, value: bool) -> Record {
        self.add(name, Kind::Flag, value.into())
    }

    fn id(self, name: &'static str, value: Option<&str>) -> Record {
        self.add(name, Kind::Id, value.map_or(Value::Null, Value::from))
    }
}

/// Rows with the same columns. `blank` tells the columns where there is no row.
fn contents(blank: Record, rows: Vec<Record>) -> Contents {
    let columns = blank.0.iter().map(|(column, _)| *column).collect();
    (columns, rows.into_iter().map(|row| row.0.into_iter().map(|(_, value)| value).collect()).collect())
}

/// A component's row, with the dates every record has.
fn of_component(component: Option<&Component>) -> Record {
    let moment =
        |moment: Option<super::clock::Moment>| moment.map_or(Value::Null, |moment| moment.json().into());
    Record::new()
        .id("Id", component.map(|component| component.id.as_str()))
        .add("CreatedDate", Kind::Moment, moment(component.map(|component| component.created)))
        .add("LastModifiedDate", Kind::Moment, moment(component.map(|component| component.modified)))
}

fn of_components(
    state: &State,
    type_name: &str,
    row: impl Fn(Option<(&str, &Component)>) -> Record,
) -> Contents {
    contents(row(None), state.holdings.of_type(type_name).map(|found| row(Some(found))).collect())
}

/// AP-50. The kickoff URLs are the only place where the org tells what AP-47 derives the callback from.
fn auth_providers(state: &State, instance_url: &str) -> Contents {
    of_components(state, "AuthProvider", |found| {
        let none = Fields::new();
        let (name, fields) = found.map_or(("", &none), |(name, component)| (name, &component.fields));
        let kickoff = |kind: &str| format!("{instance_url}/services/auth/{kind}/{name}"); // AP-44
        let (oauth, sso, link) = (kickoff("oauth"), kickoff("sso"), kickoff("link"));
        of_component(found.map(|(_, component)| component))
            .text("DeveloperName", Some(name))
            .text("FriendlyName", text(fields, "friendlyName"))
            .text("ProviderType", text(fields, "providerType"))
            .text("ConsumerKey", text(fields, "consumerKey"))
            .text("OauthKickoffUrl", Some(&oauth))
            .text("SsoKickoffUrl", Some(&sso))
            .text("LinkKickoffUrl", Some(&link))
            .text("AuthorizeUrl", text(fields, "authorizeUrl"))
            .text("TokenUrl", text(fields, "tokenUrl"))
            .text("UserInfoUrl", text(fields, "userInfoUrl"))
            .text("DefaultScopes", text(fields, "defaultScopes"))
            .text("ErrorUrl", text(fields, "errorUrl"))
            .text("LogoutUrl", text(fields, "logoutUrl"))
            .text("IconUrl", text(fields, "iconUrl"))
            .text("IdTokenIssuer", text(fields, "idTokenIssuer"))
            .flag("OptionsIncludeOrgIdInId", flag(fields, "includeOrgIdInIdentifier") == Some(true))
            .flag("OptionsIsPkceEnabled", flag(fields, "isPkceEnabled") == Some(true))
            .flag("OptionsRequireMfa", flag(fields, "requireMfa") == Some(true))
            .flag("OptionsSendAccessTokenInHeader", flag(fields, "sendAccessTokenInHeader") == Some(true))
            .flag(
                "OptionsSendClientCredentialsInHeader",
                flag(fields, "sendClientCredentialsInHeader") == Some(true),
            )
            .flag("OptionsSendSecretInApis", flag(fields, "sendSecretInApis") == Some(true))
    })
}

/// CA-84: no key, no callback, no scopes.
fn connected_applications(state: &State) -> Contents {
    of_components(state, "ConnectedApp", |found| {
        let none = Fields::new();
        let fields = found.map_or(&none, |(_, component)| &component.fields);
        let config = group(fields, "oauthConfig").unwrap_or(&none);
        let policy = group(fields, "oauthPolicy").and_then(|policy| text(policy, "refreshTokenPolicy"));
        let (period, unit) = match policy.map(|policy| policy.split(':').collect::<Vec<_>>()).as_deref() {
            Some([_, count, unit]) => (count.parse::<i64>().ok(), Some((*unit).to_owned())),
            _ => (None, None),
        };
        let timeout = match group(fields, "sessionPolicy").and_then(|policy| policy.get("sessionTimeout")) {
            Some(Tree::Leaf(Scalar::Number(minutes))) => json!(minutes),
            _ => Value::Null,
        };
        of_component(found.map(|(_, component)| component))
            .text("Name", text(fields, "label"))
            .text("StartUrl", text(fields, "startUrl"))
            .text("MobileStartUrl", text(fields, "mobileStartUrl"))
            .add("MobileSessionTimeout", Kind::Text, Value::Null)
            .add("PinLength", Kind::Text, Value::Null)
            .add("RefreshTokenValidityPeriod", Kind::Number, period.map_or(Value::Null, Value::from))
            .text("OptionsRefreshTokenValidityMetric", unit.as_deref())
            .flag("OptionsAllowAdminApprovedUsersOnly", flag(config, "isAdminApproved") == Some(true))
            .flag("OptionsHasSessionLevelPolicy", group(fields, "sessionPolicy").is_some())
            .flag("OptionsIsInternal", false)
            .flag("OptionsFullContentPushNotifications", false)
            .flag("OptionsCodeCredentialGuestEnabled", flag(config, "isCodeCredentialEnabled") == Some(true))
            .add("NamedUserUvidTimeout", Kind::Number, Value::Null)
            .add("UvidTimeout", Kind::Number, timeout)
    })
}

/// Section 3.3: what a query tells, and not whether anybody is logged in.
fn named_credentials(state: &State) -> Contents {
    of_components(state, "NamedCredential", |found| {
        let none = Fields::new();
        let (name, fields) = found.map_or(("", &none), |(name, component)| (name, &component.fields));
        let provider = text(fields, "authProvider")
            .and_then(|provider| state.holdings.get("AuthProvider", provider))
            .map(|provider| provider.id.as_str());
        of_component(found.map(|(_, component)| component))
            .text("DeveloperName", Some(name))
            .text("MasterLabel", text(fields, "label"))
            .text("Endpoint", text(fields, "endpoint"))
            .text("PrincipalType", text(fields, "principalType"))
            .id("AuthProviderId", provider)
            .text("AuthProvider.DeveloperName", text(fields, "authProvider"))
            .flag(
                "CalloutOptionsGenerateAuthorizationHeader",
                flag(fields, "generateAuthorizationHeader") == Some(true),
            )
            .flag(
                "CalloutOptionsAllowMergeFieldsInHeader",
                flag(fields, "allowMergeFieldsInHeader") == Some(true),
            )
            .flag(
                "CalloutOptionsAllowMergeFieldsInBody",
                flag(fields, "allowMergeFieldsInBody") == Some(true),
            )
            .text("NamespacePrefix", None)
    })
}

/// EC-21 (unsure) tells of the object, but of no field: these are assumed.
fn external_client_applications(state: &State) -> Contents {
    of_components(state, "ExternalClientApplication", |found| {
        let none = Fields::new();
        let (name, fields) = found.map_or(("", &none), |(name, component)| (name, &component.fields));
        of_component(found.map(|(_, component)| component))
            .text("DeveloperName", Some(name))
            .text("MasterLabel", text(fields, "label"))
    })
}

/// Who logged in how (6.3). Administrators see everybody's rows, others their own.
fn login_history(state: &State, asker: &Person) -> Contents {
    let record = |login: Option<&Login>| {
        let text = |of: fn(&Login) -> &String| login.map(|login| of(login).as_str());
        Record::new()
            .id("Id", text(|login| &login.id))
            .id("UserId", text(|login| &login.user_id))
            .add("LoginTime", Kind::Moment, login.map_or(Value::Null, |login| login.at.json().into()))
            .text("LoginType", text(|login| &login.kind))
            .text("LoginSubType", text(|login| &login.sub_type))
            .text("Status", text(|login| &login.status))
            .text("SourceIp", text(|login| &login.ip))
            .text("Application", text(|login| &login.application))
    };
    let seen = state.oauth.logins.iter().filter(|login| sees(asker, &login.user_id));
    contents(record(None), seen.map(|login| record(Some(login))).collect())
}

/// Deployments of the last 30 days (MD-10), of everybody.
fn deploy_requests(state: &State) -> Contents {
    let record = |deployment: Option<&Deployment>| {
        let text = |of: fn(&Deployment) -> &str| deployment.map(of);
        let moment =
            |moment: Option<super::clock::Moment>| moment.map_or(Value::Null, |moment| moment.json().into());
        let number =
            |of: fn(&Deployment) -> usize| deployment.map_or(Value::Null, |deployment| of(deployment).into());
        let flag = |of: fn(&Deployment) -> bool| deployment.is_some_and(of);
        Record::new()
            .id("Id", text(|deployment| &deployment.id))
            .text("Status", text(|deployment| deployment.status.name()))
            .flag("CheckOnly", flag(|deployment| deployment.options.check_only))
            .flag("IgnoreWarnings", flag(|deployment| deployment.options.ignore_warnings))
            .flag("RollbackOnError", flag(|deployment| deployment.options.rollback_on_error))
            .text("TestLevel", deployment.and_then(|deployment| deployment.options.test_level.as_deref()))
            .id("CreatedById", text(|deployment| &deployment.created_by))
            .add("CreatedDate", Kind::Moment, moment(deployment.map(|deployment| deployment.created)))
            .add("StartDate", Kind::Moment, moment(deployment.and_then(|deployment| deployment.started)))
            .add(
                "CompletedDate",
                Kind::Moment,
                moment(deployment.and_then(|deployment| deployment.completed)),
            )
            .add("LastModifiedDate", Kind::Moment, moment(deployment.map(|deployment| deployment.modified)))
            .add("NumberComponentsTotal", Kind::Number, number(|deployment| deployment.total))
            .add("NumberComponentsDeployed", Kind::Number, number(|deployment| deployment.deployed))
            .add("NumberComponentErrors", Kind::Number, number(|deployment| deployment.errors))
            .text(
                "ErrorMessage",
                deployment.and_then(|found| found.failure.as_ref()).map(|(_, text)| text.as_str()),
            )
    };
    contents(record(None), state.deployments.iter().map(|deployment| record(Some(deployment))).collect())
}

/// CA-85: one row for each approval that lives.
fn oauth_tokens(state: &State, asker: &Person) -> Contents {
    let record = |approval: Option<&Approval>| {
        let text = |of: fn(&Approval) -> &String| approval.map(|approval| of(approval).as_str());
        let moment = |of: fn(&Approval) -> super::clock::Moment| {
            approval.map_or(Value::Null, |approval| of(approval).json().into())
        };
        Record::new()
            .id("Id", text(|approval| &approval.id))
            .text("AppName", text(|approval| &approval.app_name))
            .id("AppMenuItemId", None)
            .id("UserId", text(|approval| &approval.user_id))
            .add("CreatedDate", Kind::Moment, moment(|approval| approval.created))
            .add("LastUsedDate", Kind::Moment, moment(|approval| approval.used))
            .add("UseCount", Kind::Number, approval.map_or(Value::Null, |approval| approval.uses.into()))
            .text("DeleteToken", text(|approval| &approval.delete_token))
    };
    let seen = state.oauth.approvals.iter().filter(|approval| sees(asker, &approval.user_id));
    contents(record(None), seen.map(|approval| record(Some(approval))).collect())
}

fn sees(asker: &Person, user_id: &str) -> bool {
    asker.is_administrator() || asker.id == user_id
}

fn permission_sets(state: &State) -> Contents {
    of_components(state, "PermissionSet", |found| {
        let none = Fields::new();
        let (name, fields) = found.map_or(("", &none), |(name, component)| (name, &component.fields));
        of_component(found.map(|(_, component)| component))
            .text("Name", Some(name))
            .text("Label", text(fields, "label"))
            .flag("IsOwnedByProfile", false)
    })
}

/// Who has which permission set. What profiles give is not among it here.
fn assignments(state: &State, people: &[Person]) -> Contents {
    let record = |serial: u64, set: Option<(&str, &Component)>, person: Option<&Person>| {
        let id = set.map(|_| ids::record("0Pa", &state.identity.pod, serial));
        let label = set.and_then(|(name, set)| text(&set.fields, "label").or(Some(name)));
        Record::new()
            .id("Id", id.as_deref())
            .id("AssigneeId", person.map(|person| person.id.as_str()))
            .text("Assignee.Username", person.map(|person| person.username.as_str()))
            .flag("Assignee.IsActive", person.is_some_and(|person| !state.setup.is_inactive(person)))
            .id("PermissionSetId", set.map(|(_, set)| set.id.as_str()))
            .text("PermissionSet.Name", set.map(|(name, _)| name))
            .text("PermissionSet.Label", label)
    };
    let mut rows = Vec::new();
    for (name, users) in &state.oauth.assigned {
        let Some(set) = state.holdings.get("PermissionSet", name) else { continue };
        for person in people.iter().filter(|person| users.contains(&person.id)) {
            let serial = u64::try_from(rows.len()).unwrap_or_default() + 1;
            rows.push(record(serial, Some((name, set)), Some(person)));
        }
    }
    contents(record(0, None, None), rows)
}

fn organization(state: &State) -> Contents {
    let record = || {
        Record::new()
            .id("Id", Some(&state.identity.organization_id))
            .text("Name", Some(&state.organization_name()))
            .text("OrganizationType", Some(state.nature.edition.organization_type()))
            .flag("IsSandbox", state.nature.sandbox)
            .text("InstanceName", Some(&state.instance_name()))
            .text("NamespacePrefix", None)
            .add("TrialExpirationDate", Kind::Moment, Value::Null)
            .text("LanguageLocaleKey", Some("en_US"))
            .text("DefaultLocaleSidKey", Some("en_US"))
            .text("TimeZoneSidKey", Some("GMT"))
            .text("PrimaryContact", None)
            .text("Country", None)
            .add("CreatedDate", Kind::Moment, state.identity.created.json().into())
    };
    contents(record(), vec![record()])
}

fn users(state: &State, people: &[Person]) -> Contents {
    let record = |person: &Person| {
        Record::new()
            .id("Id", Some(&person.id))
            .text("Username", Some(&person.username))
            .text("Name", Some(&person.full_name()))
            .text("FirstName", Some(person.first_name))
            .text("LastName", Some(person.last_name))
            .text("Email", Some(&person.username))
            .text("Alias", Some(person.alias))
            .flag("IsActive", !state.setup.is_inactive(person))
            .text("UserType", Some("Standard"))
            .text("LanguageLocaleKey", Some("en_US"))
            .text("LocaleSidKey", Some("en_US"))
            .text("TimeZoneSidKey", Some("GMT"))
            .id("ProfileId", Some(&person.profile.id))
            .id("Profile.Id", Some(&person.profile.id))
            .text("Profile.Name", Some(person.profile.name))
            .text("Profile.UserLicense.Name", Some(person.profile.license))
    };
    contents(record(&people[0]), people.iter().map(record).collect())
}

fn profiles(people: &[Person]) -> Contents {
    let record = |person: &Person| {
        Record::new()
            .id("Id", Some(&person.profile.id))
            .text("Name", Some(person.profile.name))
            .id("UserLicenseId", Some(&person.profile.license_id))
            .text("UserLicense.Name", Some(person.profile.license))
            .text("UserType", Some("Standard"))
    };
    contents(record(&people[0]), people.iter().map(record).collect())
}

/// One row about the user who asks.
fn permissions(state: &State, asker: &Person) -> Contents {
    const ALL: [&str; 12] = [
        "PermissionsApiEnabled",
        "PermissionsCanApproveUninstalledApps",
        "PermissionsClientSecretRotation",
        "PermissionsCustomizeApplication",
        "PermissionsManageAuthProviders",
        "PermissionsManageNamedCredentials",
        "PermissionsManageRemoteAccess",
        "PermissionsManageUsers",
        "PermissionsModifyAllData",
        "PermissionsModifyMetadata",
        "PermissionsUseAnyApiAuth",
        "PermissionsViewSetup",
    ];
    let record = || {
        let id = ids::record("0PZ", "00", 1);
        let may = |name: &str| {
            name.strip_prefix("Permissions").is_some_and(|name| permission::has(state, asker, name))
        };
        ALL.iter().fold(Record::new().id("Id", Some(&id)), |record, name| record.flag(name, may(name)))
    };
    contents(record(), vec![record()])
}

/// The prefix of an object's ids, for describes.
pub(super) fn key_prefix(object: &str) -> &'static str {
    match object {
        "AuthProvider" => prefix::of_type("AuthProvider"),
        "ConnectedApplication" => prefix::of_type("ConnectedApp"),
        "ExternalClientApplication" | "PermissionSet" => prefix::of_type(object),
        "NamedCredential" => prefix::of_type("NamedCredential"),
        "DeployRequest" => prefix::DEPLOY,
        "LoginHistory" => "0Ya",
        "PermissionSetAssignment" => "0Pa",
        "OauthToken" => "0CQ",
        "Organization" => prefix::ORGANIZATION,
        "Profile" => prefix::PROFILE,
        "User" => prefix::USER,
        _ => "0PZ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_columns_and_rows_that_fit() {
        let mut state = State::new().unwrap();
        for type_name in
            ["AuthProvider", "ConnectedApp", "ExternalClientApplication", "NamedCredential", "PermissionSet"]
        {
            state.holdings.put(type_name, "A", Fields::new());
        }
        let asker = people::of(&state.identity).swap_remove(0);
        for object in OBJECTS {
            let table = table(&object.to_lowercase(), &state, "http://h", &asker).unwrap();
            let starts_empty =
                ["DeployRequest", "LoginHistory", "OauthToken", "PermissionSetAssignment"].contains(&object);
            assert_eq!(table.rows.is_empty(), starts_empty, "{object}");
            assert!(table.rows.iter().all(|row| row.len() == table.columns.len()), "{object}");
        }
        assert!(table("ScratchOrgInfo", &state, "", &asker).is_none());
    }

    #[test]
    fn a_provider_tells_its_kickoff_urls() {
        let mut state = State::new().unwrap();
        state.holdings.put("AuthProvider", "Orders", Fields::new());
        let asker = people::of(&state.identity).swap_remove(0);
        let table = table("AuthProvider", &state, "http://127.0.0.1:8931", &asker).unwrap();
        let at = table.columns.iter().position(|column| column.name == "OauthKickoffUrl").unwrap();
        assert_eq!(table.rows[0][at], "http://127.0.0.1:8931/services/auth/oauth/Orders");
    }
}
