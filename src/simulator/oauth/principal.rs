//! Principals of external credentials: who has authenticated which, and the login that does it (EC-45). What a principal
//! holds is kept beside what legacy credentials hold, and leaves this org as little (EC-44).

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::memory::CredentialLogin;
use super::{Form, Refused, credential, provider};
use crate::component::{Fields, Scalar, Tree};
use crate::simulator::Org;
use crate::simulator::ids;
use crate::simulator::pages::{login, visit};
use crate::simulator::people::Person;
use crate::simulator::rules::{flag, text};
use crate::simulator::state::{Component, State};

const PARAMETERS: &str = "externalCredentialParameters";
/// EC-42
const SHARED: &str = "DefaultGroup";
/// Everybody who logs in for themselves has one of these; the two others are one for all.
pub(in crate::simulator) const PER_USER: &str = "PerUserPrincipal";
const KINDS: [&str; 3] = ["NamedPrincipal", PER_USER, "AwsStsPrincipal"];

/// Somebody that an external credential can be in the other system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) struct Principal {
    pub name: String,
    pub kind: String,
    pub sequence: Option<i64>,
}

/// What the API says of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum Standing {
    Configured,
    NotConfigured,
    Unknown,
}

impl Standing {
    pub fn word(self) -> &'static str {
        match self {
            Standing::Configured => "Configured",
            Standing::NotConfigured => "NotConfigured",
            Standing::Unknown => "Unknown",
        }
    }
}

/// Whose login it is to be, and where the browser goes afterwards.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::simulator) struct ForPrincipal {
    /// What the tokens are kept under.
    pub key: String,
    pub returns_to: String,
}

fn parameters(credential: &Component) -> impl Iterator<Item = &Fields<Scalar>> {
    let list = match credential.fields.get(PARAMETERS) {
        Some(Tree::List(list)) => list.as_slice(),
        _ => &[],
    };
    list.iter().filter_map(|parameter| match parameter {
        Tree::Group(fields) => Some(fields),
        _ => None,
    })
}

fn with_type<'a>(credential: &'a Component, kind: &'a str) -> impl Iterator<Item = &'a Fields<Scalar>> {
    parameters(credential).filter(move |parameter| text(parameter, "parameterType") == Some(kind))
}

/// In the order in which they count.
pub(in crate::simulator) fn of(credential: &Component) -> Vec<Principal> {
    let mut found: Vec<Principal> = parameters(credential)
        .filter_map(|parameter| {
            let kind = text(parameter, "parameterType").filter(|kind| KINDS.contains(kind))?;
            let sequence = match parameter.get("sequenceNumber") {
                Some(Tree::Leaf(Scalar::Number(number))) => Some(*number),
                _ => None,
            };
            let name = text(parameter, "parameterName")?.to_owned();
            Some(Principal { name, kind: kind.to_owned(), sequence })
        })
        .collect();
    found.sort_by(|one, other| (one.sequence, &one.name).cmp(&(other.sequence, &other.name)));
    found
}

/// The principal of this name and kind; the one per user needs no name.
pub(in crate::simulator) fn named(credential: &Component, name: &str, kind: &str) -> Option<Principal> {
    let is_meant =
        |one: &Principal| one.kind == kind && (one.name == name || kind == PER_USER && name.is_empty());
    of(credential).into_iter().find(is_meant)
}

/// The auth provider that its principals log in through.
pub(in crate::simulator) fn provider_of(credential: &Component) -> Option<&str> {
    with_type(credential, "AuthProvider").find_map(|parameter| text(parameter, "authProvider"))
}

/// The variant of the protocol, such as `JwtBearer`.
pub(in crate::simulator) fn variant(credential: &Component) -> Option<&str> {
    with_type(credential, "AuthProtocolVariant").find_map(|parameter| text(parameter, "parameterValue"))
}

/// Scopes of the principal's own, or those that all share.
fn scope<'a>(credential: &'a Component, principal: &str) -> Option<&'a str> {
    let in_group = |group: &str| {
        let mut scopes = with_type(credential, "AuthParameter").filter(|parameter| {
            text(parameter, "parameterName") == Some("Scope")
                && text(parameter, "parameterGroup") == Some(group)
        });
        scopes.next().and_then(|parameter| text(parameter, "parameterValue"))
    };
    in_group(principal).or_else(|| in_group(SHARED))
}

/// EC-46: the same as long as the names are, whatever else is deployed.
fn key(credential: &Component, principal: &Principal, user_id: &str) -> String {
    let whose = if principal.kind == PER_USER { user_id } else { "" };
    format!("{}/{}/{whose}", credential.id, principal.name)
}

/// What a user sees of a principal.
pub(in crate::simulator) fn standing(
    state: &State,
    credential: &Component,
    principal: &Principal,
    user_id: &str,
) -> Standing {
    match text(&credential.fields, "authenticationProtocol") {
        Some("Custom" | "NoAuthentication") => Standing::Unknown,
        // Nobody logs in for it: the org signs by itself.
        Some("Oauth") if variant(credential) == Some("JwtBearer") => Standing::Configured,
        Some("Oauth") if state.oauth.authenticated.contains_key(&key(credential, principal, user_id)) => {
            Standing::Configured
        }
        _ => Standing::NotConfigured,
    }
}

/// EC-41: whether a permission set that the person has lets them be this principal.
pub(in crate::simulator) fn has_access(
    state: &State,
    person: &Person,
    credential: &str,
    principal: &str,
) -> bool {
    let wanted = format!("{credential}-{principal}");
    state.holdings.of_type("PermissionSet").any(|(name, set)| {
        let grants = |listed: &Tree<Scalar>| match listed {
            Tree::Group(listed) => {
                text(listed, "externalCredentialPrincipal") == Some(&wanted)
                    && flag(listed, "enabled") == Some(true)
            }
            _ => false,
        };
        let accesses = set.fields.get("externalCredentialPrincipalAccesses");
        state.oauth.is_assigned(name, &person.id)
            && matches!(accesses, Some(Tree::List(listed)) if listed.iter().any(grants))
    })
}

/// Whether a person may authenticate a principal: one for all takes the right to change credentials, one of their own
/// only access to it.
pub(in crate::simulator) fn may_authenticate(
    state: &State,
    person: &Person,
    credential: &str,
    principal: &Principal,
) -> bool {
    let own = principal.kind == PER_USER && has_access(state, person, credential, &principal.name);
    own || credential::may_edit(state, person)
}

/// Where a browser goes to authenticate a principal.
pub(in crate::simulator) fn address(
    base: &str,
    organization: &str,
    credential: (&str, &Component),
    principal: &Principal,
    returns_to: Option<&str>,
) -> Option<String> {
    let provider = provider_of(credential.1)?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("externalCredential", credential.0)
        .append_pair("principalName", &principal.name)
        .append_pair("principalType", &principal.kind);
    if let Some(target) = returns_to {
        query.append_pair("startURL", target);
    }
    let organization = ids::short(organization);
    Some(format!("{base}/services/auth/xds/{organization}/{provider}?{}", query.finish()))
}

/// A page of this org, whatever was asked for.
fn returns_to(asked: Option<&str>) -> String {
    const CREDENTIALS: &str = "/lightning/setup/NamedCredential/home";
    let path = asked.unwrap_or_default().trim_start_matches('/');
    let is_page = !path.is_empty() && !path.contains([':', '\\', '\r', '\n']);
    if is_page { format!("/{path}") } else { CREDENTIALS.to_owned() }
}

/// `/services/auth/xds/ORG/X?externalCredential=...&principalName=...&principalType=...`
pub(super) fn begin(org: &Org, name: &str, request: &Request, asked: &Form) -> Response {
    let Some(visitor) = visit::visitor(org, request.headers()) else {
        return login::first(request.uri().path_and_query().map_or("/", |target| target.as_str()));
    };
    let asked: BTreeMap<&str, &str> = ["externalCredential", "principalName", "principalType", "startURL"]
        .into_iter()
        .filter_map(|name| Some((name, asked.get(name)?)))
        .collect();
    let part = |name: &str| asked.get(name).copied().unwrap_or_default();
    provider::to_authorize(org, |state| {
        let no = |why: &str| Refused::new("invalid_request", why);
        let credential = state.holdings.get("ExternalCredential", part("externalCredential"));
        let credential = credential.ok_or_else(|| no("the external credential has been deleted"))?;
        let principal = named(credential, part("principalName"), part("principalType"))
            .ok_or_else(|| no("the external credential has no such principal"))?;
        if provider_of(credential) != Some(name) {
            return Err(no("the external credential has another auth provider"));
        }
        if !may_authenticate(state, &visitor.person, part("externalCredential"), &principal) {
            return Err(no("the user may not authenticate this principal"));
        }
        let scope = scope(credential, &principal.name).map(str::to_owned);
        let whose = CredentialLogin {
            id: credential.id.clone(),
            begun_by: visitor.person.id.clone(),
            principal: Some(ForPrincipal {
                key: key(credential, &principal, &visitor.person.id),
                returns_to: returns_to(asked.get("startURL").copied()),
            }),
        };
        provider::start(state, &org.ready.instance_url, name, scope.as_deref(), Some(whose))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(pairs: &[(&'static str, &str)]) -> Tree<Scalar> {
        let leaf = |text: &str| Tree::Leaf(Scalar::Text(text.to_owned()));
        Tree::Group(pairs.iter().map(|(name, value)| ((*name).into(), leaf(value))).collect())
    }

    fn principal(name: &str, kind: &str) -> Tree<Scalar> {
        parameter(&[("parameterName", name), ("parameterType", kind), ("parameterGroup", name)])
    }

    fn scopes(group: &str, value: &str) -> Tree<Scalar> {
        let named = [("parameterName", "Scope"), ("parameterType", "AuthParameter")];
        parameter(&[&named[..], &[("parameterGroup", group), ("parameterValue", value)]].concat())
    }

    #[test]
    fn a_principal_has_scopes_of_its_own_or_those_that_all_share() {
        let mut state = State::new().unwrap();
        let list = vec![
            principal("One", "NamedPrincipal"),
            principal("Other", "NamedPrincipal"),
            principal("Me", PER_USER),
            scopes(SHARED, "api"),
            scopes("Other", "full"),
        ];
        let fields = Fields::from([
            (PARAMETERS.into(), Tree::List(list)),
            ("authenticationProtocol".into(), Tree::Leaf(Scalar::Text("Oauth".to_owned()))),
        ]);
        state.holdings.put("ExternalCredential", "E", fields);
        let credential = state.holdings.get("ExternalCredential", "E").unwrap();
        assert_eq!(scope(credential, "One"), Some("api"));
        assert_eq!(scope(credential, "Other"), Some("full"));
        assert_eq!(named(credential, "One", PER_USER), None);
        let me = named(credential, "", PER_USER).unwrap();
        assert_eq!(me.name, "Me");
        let one = named(credential, "One", "NamedPrincipal").unwrap();
        assert_eq!(key(credential, &one, "005A"), key(credential, &one, "005B"));
        assert_ne!(key(credential, &me, "005A"), key(credential, &me, "005B"));
        assert_eq!(standing(&state, credential, &one, "005A"), Standing::NotConfigured);
    }

    #[test]
    fn nobody_is_sent_to_another_place_afterwards() {
        let home = "/lightning/setup/NamedCredential/home";
        assert_eq!(returns_to(None), home);
        assert_eq!(
            returns_to(Some("lightning/setup/SetupOneHome/home")),
            "/lightning/setup/SetupOneHome/home"
        );
        for elsewhere in ["https://elsewhere.example", "//", "/\\elsewhere.example"] {
            assert_eq!(returns_to(Some(elsewhere)), home, "{elsewhere}");
        }
        assert_eq!(returns_to(Some("//elsewhere.example")), "/elsewhere.example");
    }
}
