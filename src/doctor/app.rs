//! An app as one side has it: what the manifests want, and what the org holds. Connected apps and external client apps
//! say the same in other words and places (4.5); the differences end here.

use crate::component::{ComponentId, FieldPath, Fields, Kind, Scalar, Tree, type_named};
use crate::reference::Observed;
use crate::resolve::{Component, Desired, Leaf, Wanted};

const APP: &str = "externalClientApplication";
const GLOBAL: &str = "ExtlClntAppGlobalOauthSettings";
const OAUTH: &str = "ExtlClntAppOauthSettings";
const POLICIES: &str = "ExtlClntAppOauthConfigurablePolicies";

/// An app that the manifests describe.
pub struct App {
    /// The component that holds the key.
    pub id: ComponentId,
    /// What approvals and the login history call it.
    pub label: String,
    pub wanted: Side,
    /// `None` where the org does not have it.
    pub held: Option<Side>,
}

/// The components of an app, by type.
pub struct Side(Vec<(&'static str, Fields<Scalar>)>);

/// Every app with OAuth.
pub fn apps(desired: &Desired, observed: &Observed) -> Vec<App> {
    let one = |component: &Component| {
        let id = component.id.clone();
        match id.kind.name.as_str() {
            "ConnectedApp" if component.get(&FieldPath::of("oauthConfig")).is_some() => {
                let wanted = Side(vec![("ConnectedApp", known(component, observed))]);
                let held = observed.components.get(&id);
                let held = held.map(|held| Side(vec![("ConnectedApp", held.fields.clone())]));
                let label = component.text("label").unwrap_or(&id.name).to_owned();
                Some(App { id, label, wanted, held })
            }
            GLOBAL => {
                let name = component.text(APP)?.to_owned();
                let family = |other: &&Component| {
                    other.text(APP) == Some(&name)
                        || other.id.kind.name == "ExternalClientApplication" && other.id.name == name
                };
                let members: Vec<&Component> = desired.components.values().filter(family).collect();
                let wanted =
                    members.iter().map(|it| (it.id.kind.name.as_str(), known(it, observed))).collect();
                let held = observed.has(&id).then(|| Side(held_family(&name, observed)));
                let label = members.iter().find(|it| it.id.kind.name == "ExternalClientApplication");
                let label = label.and_then(|it| it.text("label")).unwrap_or(&name).to_owned();
                Some(App { id, label, wanted: Side(wanted), held })
            }
            _ => None,
        }
    };
    desired.components.values().filter_map(one).collect()
}

fn held_family(name: &str, observed: &Observed) -> Vec<(&'static str, Fields<Scalar>)> {
    let belongs = |id: &ComponentId, fields: &Fields<Scalar>| {
        fields.text_at(&FieldPath::of(APP)) == Some(name)
            || id.kind.name == "ExternalClientApplication" && id.name == name
    };
    let all = observed.components.iter().filter(|(id, held)| belongs(id, &held.fields));
    all.map(|(id, held)| (id.kind.name.as_str(), held.fields.clone())).collect()
}

/// What is known of a component before anything is sent. Secrets are left out.
fn known(component: &Component, observed: &Observed) -> Fields<Scalar> {
    known_fields(&component.fields, observed)
}

fn known_fields(fields: &Fields<Leaf>, observed: &Observed) -> Fields<Scalar> {
    let mut found = Fields::new();
    for (name, tree) in fields {
        if let Some(tree) = known_tree(tree, observed) {
            found.insert(name.clone(), tree);
        }
    }
    found
}

fn known_tree(tree: &Tree<Leaf>, observed: &Observed) -> Option<Tree<Scalar>> {
    Some(match tree {
        Tree::Leaf(leaf) => Tree::Leaf(match &leaf.wanted {
            Wanted::Known(scalar) => scalar.clone(),
            Wanted::Formula(formula) => {
                Scalar::Text(formula.fill(|reference| observed.value(reference).map(Into::into))?)
            }
            Wanted::Secret(_) => return None,
        }),
        Tree::List(items) => Tree::List(items.iter().filter_map(|item| known_tree(item, observed)).collect()),
        Tree::Group(fields) => Tree::Group(known_fields(fields, observed)),
    })
}

impl App {
    pub fn is_external(&self) -> bool {
        self.id.kind.name == GLOBAL
    }
}

impl Side {
    fn tree(&self, type_name: &str, path: &'static str) -> Option<&Tree<Scalar>> {
        let path = FieldPath::of(path);
        self.0.iter().filter(|(name, _)| *name == type_name).find_map(|(_, fields)| fields.at(&path))
    }

    fn text(&self, type_name: &str, path: &'static str) -> Option<String> {
        match self.tree(type_name, path)?.as_leaf()? {
            Scalar::Text(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => None,
        }
    }

    fn flag(&self, type_name: &str, path: &'static str) -> Option<bool> {
        match self.tree(type_name, path)?.as_leaf()? {
            Scalar::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    fn number(&self, type_name: &str, path: &'static str) -> Option<i64> {
        match self.tree(type_name, path)?.as_leaf()? {
            Scalar::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn list(&self, type_name: &str, path: &'static str) -> Vec<String> {
        let items = match self.tree(type_name, path) {
            Some(Tree::List(items)) => items.as_slice(),
            Some(single) => std::slice::from_ref(single),
            None => &[],
        };
        let leaves = items.iter().filter_map(Tree::as_leaf).map(ToString::to_string);
        leaves.filter(|text| !text.is_empty()).collect()
    }

    /// One line with all of them (EC-5, EC-6).
    fn split(&self, type_name: &str, path: &'static str) -> Vec<String> {
        let line = self.text(type_name, path).unwrap_or_default();
        line.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// As connected apps write it, in small letters: `infinite`, `specific_inactivity:30:days`.
    pub fn refresh_policy(&self) -> Option<String> {
        if let Some(policy) = self.text("ConnectedApp", "oauthPolicy.refreshTokenPolicy") {
            return Some(policy.to_lowercase());
        }
        let period = self.number(POLICIES, "refreshTokenValidityPeriod").unwrap_or(365);
        let unit = self.text(POLICIES, "refreshTokenValidityUnit").unwrap_or_else(|| "days".to_owned());
        Some(match self.text(POLICIES, "refreshTokenPolicyType")?.as_str() {
            "SpecificInactivity" => format!("specific_inactivity:{period}:{}", unit.to_lowercase()),
            "SpecificLifetime" => format!("specific_lifetime:{period}:{}", unit.to_lowercase()),
            other => other.to_lowercase(),
        })
    }

    /// In capitals, as connected apps write it (1.5).
    pub fn ip_relaxation(&self) -> Option<String> {
        let connected = self.text("ConnectedApp", "oauthPolicy.ipRelaxation");
        let external = || self.text(POLICIES, "ipRelaxationPolicyType");
        connected.or_else(external).map(|text| text.to_uppercase())
    }

    pub fn admin_approved(&self) -> Option<bool> {
        let external = || {
            let policy = self.text(POLICIES, "permittedUsersPolicyType")?;
            Some(policy == "AdminApprovedPreAuthorized")
        };
        self.flag("ConnectedApp", "oauthConfig.isAdminApproved").or_else(external)
    }

    /// Labels of profiles.
    pub fn profiles(&self) -> Vec<String> {
        [self.list("ConnectedApp", "profileName"), self.split(POLICIES, "commaSeparatedProfile")].concat()
    }

    /// Names of permission sets; those of external client apps are ids (EC-6).
    pub fn permission_sets(&self) -> Vec<String> {
        let external = self.split(POLICIES, "commaSeparatedPermissionSet");
        [self.list("ConnectedApp", "permissionSetName"), external].concat()
    }

    /// By their names in metadata, with aliases folded (section 1.4).
    pub fn scopes(&self) -> Vec<String> {
        let written =
            [self.list("ConnectedApp", "oauthConfig.scopes"), self.split(OAUTH, "commaSeparatedOauthScopes")];
        let mut scopes: Vec<String> = written.concat().iter().map(|scope| folded(scope)).collect();
        scopes.sort();
        scopes.dedup();
        scopes
    }

    pub fn callbacks(&self) -> Vec<String> {
        let text = self.text("ConnectedApp", "oauthConfig.callbackUrl");
        let text = text.or_else(|| self.text(GLOBAL, "callbackUrl")).unwrap_or_default();
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    pub fn pkce_required(&self) -> Option<bool> {
        self.flag("ConnectedApp", "oauthConfig.isPkceRequired")
            .or_else(|| self.flag(GLOBAL, "isPkceRequired"))
    }

    pub fn rotates(&self) -> bool {
        self.flag("ConnectedApp", "oauthConfig.isRefreshTokenRotationEnabled") == Some(true)
            || self.flag(GLOBAL, "isRefreshTokenRotationEnabled") == Some(true)
    }

    pub fn jwt_tokens(&self) -> bool {
        self.flag("ConnectedApp", "oauthConfig.isNamedUserJwtEnabled") == Some(true)
            || self.flag(GLOBAL, "isNamedUserJwtEnabled") == Some(true)
    }

    /// Both switches of an external client app have to be on (EC-9).
    pub fn client_credentials(&self) -> bool {
        self.flag("ConnectedApp", "oauthConfig.isClientCredentialEnabled") == Some(true)
            || self.flag(GLOBAL, "isClientCredentialsFlowEnabled") == Some(true)
                && self.flag(POLICIES, "isClientCredentialsFlowEnabled") == Some(true)
    }

    pub fn run_as(&self) -> Option<String> {
        self.text("ConnectedApp", "oauthConfig.oauthClientCredentialUser")
            .or_else(|| self.text(POLICIES, "clientCredentialsFlowUser"))
    }

    /// The app wants High Assurance sessions (CA-69).
    pub fn high_assurance(&self) -> bool {
        self.text("ConnectedApp", "sessionPolicy.sessionLevel").as_deref() == Some("HIGH_ASSURANCE")
            || self.text(POLICIES, "requiredSessionLevel").as_deref() == Some("HIGH_ASSURANCE")
    }

    /// The minutes that the app keeps sessions, where it says so.
    pub fn session_minutes(&self) -> Option<i64> {
        self.number("ConnectedApp", "sessionPolicy.sessionTimeout")
            .or_else(|| self.number(POLICIES, "sessionTimeoutInMinutes"))
    }
}

/// Orgs give back one value for several that may be written (1.4).
fn folded(scope: &str) -> String {
    let group = type_named("ConnectedApp").map(|kind| &kind.fields);
    let name = group.and_then(|group| {
        let Kind::Group(config) = &group.field("oauthConfig")?.kind else { return None };
        let Kind::Enumeration(scopes) = &config.field("scopes")?.kind else { return None };
        Some(scopes.find(scope)?.name.clone())
    });
    match name.as_deref().unwrap_or(scope) {
        "OfflineAccess" => "RefreshToken".to_owned(),
        "Profile" | "Email" | "Address" | "Phone" => "Basic".to_owned(),
        other => other.to_owned(),
    }
}
