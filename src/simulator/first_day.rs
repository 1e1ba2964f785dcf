//! What an org has before anybody has deployed anything: its settings, a few profiles, and the session settings of
//! some of them. An org that is older than one of these types gets it when it is opened.

use super::clock::Moment;
use super::ids::{self, prefix};
use super::rules::API_ACCESS_CONTROL;
use super::state::{Component, Holdings, State};
use crate::component::{self, Fields, Group, Kind, Scalar, Tree, Type};

/// Values of settings that are not simply off, as public files of young orgs have them; session timeouts
/// and networks are those of SE-1 to SE-6.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("SecuritySettings", "canUsersGrantLoginAccess", "true"),
    ("SecuritySettings", "enableAuraSecureEvalPref", "true"),
    ("SecuritySettings", "enableRequireHttpsConnection", "true"),
    ("SecuritySettings", "networkAccess", ""),
    ("SecuritySettings", "passwordPolicies.complexity", "AlphaNumeric"),
    ("SecuritySettings", "passwordPolicies.expiration", "NinetyDays"),
    ("SecuritySettings", "passwordPolicies.historyRestriction", "3"),
    ("SecuritySettings", "passwordPolicies.lockoutInterval", "FifteenMinutes"),
    ("SecuritySettings", "passwordPolicies.maxLoginAttempts", "TenAttempts"),
    ("SecuritySettings", "passwordPolicies.minimumPasswordLength", "8"),
    ("SecuritySettings", "passwordPolicies.questionRestriction", "DoesNotContainPassword"),
    ("SecuritySettings", "sessionSettings.canConfirmIdentityBySmsOnly", "true"),
    ("SecuritySettings", "sessionSettings.enableCSPOnEmail", "true"),
    ("SecuritySettings", "sessionSettings.enableCSRFOnGet", "true"),
    ("SecuritySettings", "sessionSettings.enableCSRFOnPost", "true"),
    ("SecuritySettings", "sessionSettings.enableCacheAndAutocomplete", "true"),
    ("SecuritySettings", "sessionSettings.enableClickjackNonsetupSFDC", "true"),
    ("SecuritySettings", "sessionSettings.enableClickjackSetup", "true"),
    ("SecuritySettings", "sessionSettings.enableContentSniffingProtection", "true"),
    ("SecuritySettings", "sessionSettings.enableLightningLogin", "true"),
    ("SecuritySettings", "sessionSettings.enableSMSIdentity", "true"),
    ("SecuritySettings", "sessionSettings.forceLogoutOnSessionTimeout", "true"),
    ("SecuritySettings", "sessionSettings.forceRelogin", "true"),
    ("SecuritySettings", "sessionSettings.hasUserSwitching", "true"),
    ("SecuritySettings", "sessionSettings.hstsOnForcecomSites", "true"),
    ("SecuritySettings", "sessionSettings.identityConfirmationOnTwoFactorRegistrationEnabled", "true"),
    ("SecuritySettings", "sessionSettings.lockSessionsToDomain", "true"),
    ("SecuritySettings", "sessionSettings.redirectionWarning", "true"),
    ("SecuritySettings", "sessionSettings.referrerPolicy", "true"),
    ("SecuritySettings", "sessionSettings.referrerPolicyDirective", "strict-origin-when-cross-origin"),
    ("SecuritySettings", "sessionSettings.sessionTimeout", "TwoHours"),
    ("SecuritySettings", "singleSignOnSettings.enableMultipleSamlConfigs", "true"),
    // SE-21: blocked where an org was made in Summer '23 or later.
    ("OauthOidcSettings", "blockOAuthUnPwFlow", "true"),
];

/// Profiles that come with an org, by their names in metadata, with their licence. The first three are those of
/// its people, in their order.
const PROFILES: [(&str, &str); 5] = [
    ("Admin", "Salesforce"),
    ("Minimum Access - API Only Integrations", "Salesforce Integration"),
    ("Standard", "Salesforce"),
    ("MarketingProfile", "Salesforce"),
    ("StandardAul", "Salesforce Platform"),
];

/// SE-14: the names begin with a code of the org's own, or with `null` where the profile is gone (SE-15).
const SESSIONS: [(&str, Option<&str>); 3] =
    [("PT1", Some("Admin")), ("PT2", Some("Standard")), ("null", None)];

/// Whether the org brought this profile along.
pub(super) fn is_standard_profile(name: &str) -> bool {
    PROFILES.iter().any(|(standard, _)| *standard == name)
}

/// Settings that a new org has from its first day, in place of those that most orgs have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FirstDay {
    /// Only apps that administrators approve may use the API (SE-22).
    pub api_access_control: Option<bool>,
    /// A session counts only where it began (SE-40).
    pub lock_sessions_to_ip: Option<bool>,
}

impl FirstDay {
    pub(super) fn arrange(self, holdings: &mut Holdings) {
        let settings = [
            (self.api_access_control, "ConnectedAppSettings", "ConnectedApp", API_ACCESS_CONTROL[0]),
            (self.lock_sessions_to_ip, "SecuritySettings", "Security", "sessionSettings.lockSessionsToIp"),
        ];
        for (value, type_name, name, path) in settings {
            if let (Some(value), Some(component)) = (value, holdings.get_mut(type_name, name)) {
                super::behind::set(&mut component.fields, path, Some(Tree::Leaf(Scalar::Flag(value))));
            }
        }
    }
}

/// Adds what is missing.
pub(super) fn furnish(state: &mut State) {
    let created = state.identity.created;
    let mut rooms = Rooms { holdings: &mut state.holdings, pod: &state.identity.pod, created };
    for (serial, kind) in (100..).zip(component::types()) {
        if let Some(name) = &kind.member.fixed {
            rooms.settings(kind, name, serial);
        }
    }
    if !rooms.holdings.furnished {
        rooms.profiles();
        rooms.sessions();
        rooms.holdings.furnished = true;
    }
}

struct Rooms<'a> {
    holdings: &'a mut Holdings,
    pod: &'a str,
    created: Moment,
}

impl Rooms<'_> {
    fn put(&mut self, type_name: &str, name: &str, serial: u64, fields: Fields<Scalar>) {
        let id = match self.holdings.get(type_name, name) {
            Some(there) => there.id.clone(),
            None => ids::record(prefix::of_type(type_name), self.pod, serial),
        };
        let component =
            Component { id, fields, created: self.created, modified: self.created, former_callbacks: None };
        self.holdings.insert(type_name, name, component);
    }

    /// Every switch of settings has a value.
    fn settings(&mut self, kind: &Type, name: &str, serial: u64) {
        let there = self.holdings.get(&kind.name, name);
        let mut fields = there.map(|component| component.fields.clone()).unwrap_or_default();
        let before = fields.clone();
        for (type_name, path, value) in SETTINGS {
            if *type_name == kind.name {
                set(&kind.fields, &mut fields, path, value);
            }
        }
        switch_off(&kind.fields, &mut fields);
        if there.is_none() || fields != before {
            self.put(&kind.name, name, serial, fields);
        }
    }

    fn profiles(&mut self) {
        if component::type_named("Profile").is_none() {
            return;
        }
        // From 1, so that the first three have the ids of the profiles of the org's people.
        for (serial, (name, license)) in (1..).zip(PROFILES) {
            let fields = [
                ("custom".into(), Tree::Leaf(Scalar::Flag(false))),
                ("userLicense".into(), Tree::Leaf(Scalar::Text(license.to_owned()))),
            ];
            self.put("Profile", name, serial, Fields::from(fields));
        }
    }

    fn sessions(&mut self) {
        let Some(kind) = component::type_named("ProfileSessionSetting") else { return };
        for (serial, (code, profile)) in (1..).zip(SESSIONS) {
            let name = format!("{code}_profileSessionSetting{:013}", self.created.milliseconds());
            let mut fields = Fields::new();
            switch_off(&kind.fields, &mut fields);
            let profile = profile.map_or(Scalar::Nil, |profile| Scalar::Text(profile.to_owned()));
            fields.insert("profile".into(), Tree::Leaf(profile));
            fields.insert("sessionTimeout".into(), Tree::Leaf(Scalar::Number(0))); // SE-13
            self.put(&kind.name, &name, serial, fields);
        }
    }
}

/// Gives an element a value where it has none and the description knows it.
fn set(group: &Group, fields: &mut Fields<Scalar>, path: &str, value: &str) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(field) = group.field(first) else { return };
    match (&field.kind, rest) {
        (Kind::Group(inner), rest) => {
            let there = fields.get_or_insert_with(first.to_owned().into(), || Tree::Group(Fields::new()));
            if let (Tree::Group(fields), Some(rest)) = (there, rest) {
                set(inner, fields, rest, value);
            }
        }
        (_, Some(_)) => {}
        (_, None) => {
            fields.get_or_insert_with(first.to_owned().into(), || Tree::Leaf(field.kind.scalar(value)));
        }
    }
}

/// Switches that nothing was said of have their documented default, or are off.
fn switch_off(group: &Group, fields: &mut Fields<Scalar>) {
    for field in group
        .fields
        .iter()
        .filter(|field| !field.repeated && !API_ACCESS_CONTROL.contains(&field.name.as_str()))
    {
        match &field.kind {
            Kind::Flag => {
                let on = field.default.as_deref() == Some("true");
                fields.get_or_insert_with(field.name.clone().into(), || Tree::Leaf(Scalar::Flag(on)));
            }
            Kind::Group(inner) => {
                if let Some(Tree::Group(nested)) = fields.get_mut(&field.name) {
                    switch_off(inner, nested);
                    continue;
                }
                let mut nested = Fields::new();
                switch_off(inner, &mut nested);
                if !nested.is_empty() {
                    fields.insert(field.name.clone().into(), Tree::Group(nested));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::{flag, group, text};
    use super::*;

    #[test]
    fn an_org_is_born_with_its_settings() {
        let state = State::new().unwrap();
        for kind in component::types() {
            let Some(name) = &kind.member.fixed else { continue };
            assert!(state.holdings.get(&kind.name, name).is_some(), "{}", kind.name);
        }
        let security = &state.holdings.get("SecuritySettings", "Security").unwrap().fields;
        let session = group(security, "sessionSettings").unwrap();
        assert_eq!(text(session, "sessionTimeout"), Some("TwoHours"));
        assert_eq!(flag(session, "lockSessionsToIp"), Some(false));
        assert_eq!(group(security, "networkAccess"), Some(&Fields::new()));
        let apps = &state.holdings.get("ConnectedAppSettings", "ConnectedApp").unwrap().fields;
        assert_eq!(flag(apps, "enableAdminApprovedAppsOnly"), None, "SE-22");
    }

    #[test]
    fn settings_that_are_missing_are_added_and_others_stay() {
        let mut state = State::new().unwrap();
        let holdings = &mut state.holdings;
        let security = holdings.get_mut("SecuritySettings", "Security").unwrap();
        let Some(Tree::Group(session)) = security.fields.get_mut("sessionSettings") else {
            panic!("no group")
        };
        session.insert("lockSessionsToIp".into(), Tree::Leaf(Scalar::Flag(true)));
        session.remove("forceRelogin");
        holdings.remove("OauthOidcSettings", "OauthOidc", false);
        holdings.remove("Profile", "Admin", false);
        let id = holdings.get("SecuritySettings", "Security").unwrap().id.clone();
        furnish(&mut state);
        let security = state.holdings.get("SecuritySettings", "Security").unwrap();
        let session = group(&security.fields, "sessionSettings").unwrap();
        assert_eq!(
            (flag(session, "lockSessionsToIp"), flag(session, "forceRelogin")),
            (Some(true), Some(true))
        );
        assert_eq!(security.id, id);
        assert!(state.holdings.get("OauthOidcSettings", "OauthOidc").is_some());
        assert!(state.holdings.get("Profile", "Admin").is_none(), "profiles are given once");
    }

    #[test]
    fn session_settings_have_names_of_the_orgs_own_and_one_has_lost_its_profile() {
        let state = State::new().unwrap();
        let found: Vec<_> = state.holdings.of_type("ProfileSessionSetting").collect();
        assert_eq!(found.len(), 3);
        let (name, orphan) = found[2];
        assert!(name.starts_with("null_profileSessionSetting") && name.len() == 39, "{name}");
        assert_eq!(orphan.fields["profile"], Tree::Leaf(Scalar::Nil));
    }
}
