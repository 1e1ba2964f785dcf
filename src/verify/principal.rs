//! Whether the identities of external credentials can be used: somebody has authenticated each (`principal-status`), and
//! somebody may take it (`principal-access`). The first an API tells, other than for legacy credentials (EC-45).

use super::{Check, Verdict};
use crate::component::{ComponentId, FieldPath, Fields, Scalar, Tree};
use crate::reference::Observed;
use crate::resolve::Desired;

const STATUS: &str = "principal-status";
const ACCESS: &str = "principal-access";
const PARAMETERS: &str = "externalCredentialParameters";
const ACCESSES: &str = "externalCredentialPrincipalAccesses";
/// One login for all; the others belong to one user each, or to a role of another system.
const FOR_ALL: &str = "NamedPrincipal";
const KINDS: [&str; 3] = [FOR_ALL, "PerUserPrincipal", "AwsStsPrincipal"];

/// An identity to ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub component: ComponentId,
    pub name: String,
    pub kind: String,
}

/// What the org said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// `authenticationStatus`, and where a person authenticates it, as far as the org tells.
    Status { status: String, page: Option<String> },
    /// The org has no such resource.
    NoResource,
    /// In its own words.
    Refused(String),
}

/// The principals that a browser authenticates, one for all users.
pub fn asks(desired: &Desired, observed: &Observed) -> Vec<Ask> {
    let logins = credentials(desired, observed).filter(|(_, fields)| logs_in_with_a_browser(fields));
    let named = logins.flat_map(|(id, fields)| principals(id, fields));
    named.filter(|ask| ask.kind == FOR_ALL).collect()
}

fn credentials<'a>(
    desired: &'a Desired,
    observed: &'a Observed,
) -> impl Iterator<Item = (&'a ComponentId, &'a Fields<Scalar>)> {
    let wanted = desired.components.keys().filter(|id| id.kind.name == "ExternalCredential");
    wanted.filter_map(|id| Some((id, &observed.components.get(id)?.fields)))
}

fn groups<'a>(fields: &'a Fields<Scalar>, name: &str) -> impl Iterator<Item = &'a Fields<Scalar>> {
    let items = match fields.get(name) {
        Some(Tree::List(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    items.iter().filter_map(|item| match item {
        Tree::Group(group) => Some(group),
        _ => None,
    })
}

fn text<'a>(group: &'a Fields<Scalar>, name: &'static str) -> Option<&'a str> {
    group.text_at(&FieldPath::of(name))
}

/// JWTs are signed by the org itself, and client credentials are entered, not logged in with (EC-43, EC-47).
fn logs_in_with_a_browser(fields: &Fields<Scalar>) -> bool {
    let has = |kind: &str| groups(fields, PARAMETERS).any(|one| text(one, "parameterType") == Some(kind));
    text(fields, "authenticationProtocol") == Some("Oauth")
        && (has("AuthProvider") || has("ExternalAuthIdentityProvider"))
        && !has("AuthProtocolVariant")
}

fn principals(id: &ComponentId, fields: &Fields<Scalar>) -> Vec<Ask> {
    let named = groups(fields, PARAMETERS).filter_map(|one| {
        let kind = text(one, "parameterType").filter(|kind| KINDS.contains(kind))?;
        let name = text(one, "parameterName")?.to_owned();
        Some(Ask { component: id.clone(), name, kind: kind.to_owned() })
    });
    named.collect()
}

impl Ask {
    pub fn judge(&self, answer: &Answer) -> Check {
        let asked = format!("has somebody authenticated {}?", self.name);
        let check = Check::new(STATUS, &["EC-45"], &self.component, &asked);
        let (status, page) = match answer {
            Answer::NoResource => {
                return check.skipped("the org does not know the API that tells (named-credentials, API 56)");
            }
            Answer::Refused(words) => return check.skipped(format!("the org does not tell: {words}")),
            Answer::Status { status, page } => (status.as_str(), page),
        };
        match (status, page) {
            ("Configured", _) => check.passed(status),
            ("NotConfigured", Some(page)) => check
                .open(status)
                .help(format!("log in there on the org's My Domain and choose Allow: {page}")),
            ("NotConfigured", None) => check.open(status).help(
                "Setup > Named Credentials > External Credentials: open it and authenticate the principal",
            ),
            _ => check.skipped(format!("the org says {status}")),
        }
    }

    /// As permission sets write it (EC-41).
    fn in_permission_sets(&self) -> String {
        format!("{}-{}", self.component.name, self.name)
    }
}

/// Who has which permission set: its API name, and a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    pub permission_set: String,
    pub username: String,
}

/// Permission sets that the org has and that let their users take a principal, with the principal as they write it.
fn grants(observed: &Observed) -> impl Iterator<Item = (&str, &str)> {
    let sets = observed.components.iter().filter(|(id, _)| id.kind.name == "PermissionSet");
    sets.flat_map(|(id, held)| {
        let enabled = |one: &&Fields<Scalar>| one.get("enabled") == Some(&Tree::Leaf(Scalar::Flag(true)));
        let granted = groups(&held.fields, ACCESSES).filter(enabled);
        granted.filter_map(|one| Some((id.name.as_str(), text(one, "externalCredentialPrincipal")?)))
    })
}

/// The permission sets whose users have to be asked for.
pub fn permission_sets(desired: &Desired, observed: &Observed) -> Vec<String> {
    let wanted: Vec<String> = all_principals(desired, observed).iter().map(Ask::in_permission_sets).collect();
    let mut names: Vec<String> = grants(observed)
        .filter(|(_, principal)| wanted.iter().any(|wanted| wanted == principal))
        .map(|(set, _)| set.to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

fn all_principals(desired: &Desired, observed: &Observed) -> Vec<Ask> {
    credentials(desired, observed).flat_map(|(id, fields)| principals(id, fields)).collect()
}

/// Whether somebody may take each principal (EC-41). `None` where the org does not tell who has what.
pub fn access(desired: &Desired, observed: &Observed, given: Option<&[Assignment]>) -> Vec<Check> {
    let one = |ask: &Ask| {
        let asked = format!("may somebody take {}?", ask.name);
        let check = Check::new(ACCESS, &["EC-41", "EC-48"], &ask.component, &asked);
        let written = ask.in_permission_sets();
        let sets: Vec<&str> =
            grants(observed).filter(|(_, principal)| *principal == written).map(|(set, _)| set).collect();
        if sets.is_empty() {
            return check.open("no permission set of this project grants it").help(format!(
                "calls fail without: external-credential-principal-accesses with \
                 external-credential-principal = \"{written}\" and enabled = true in a permission-set"
            ));
        }
        let Some(given) = given else {
            return check
                .skipped("this login may not see who has a permission set (PermissionSetAssignment)");
        };
        let mut users: Vec<&str> = given
            .iter()
            .filter(|one| sets.contains(&one.permission_set.as_str()))
            .map(|one| one.username.as_str())
            .collect();
        users.sort_unstable();
        users.dedup();
        match users.len() {
            0 => check.open(format!("granted by {}, and no active user has it", sets.join(", "))).help(
                "give it to the people who call: Setup > Permission Sets > Manage Assignments, or sf org assign permset",
            ),
            1 => check.passed(format!("1 user has {}", sets.join(", "))),
            count => check.passed(format!("{count} users have {}", sets.join(", "))),
        }
    };
    all_principals(desired, observed).iter().map(one).collect()
}

/// Whether a check says how an identity stands.
pub fn is_status(check: &Check) -> bool {
    check.id == STATUS
}

/// Whether the org has told how a component stands, so that nobody has to look.
pub fn is_told(checks: &[Check], component: &ComponentId) -> bool {
    checks
        .iter()
        .any(|check| check.id == STATUS && check.component == *component && check.verdict != Verdict::Skipped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::type_with_key;

    fn ask() -> Ask {
        let component = ComponentId::new(type_with_key("external-credential").unwrap(), "Orders");
        Ask { component, name: "Sync".to_owned(), kind: FOR_ALL.to_owned() }
    }

    #[test]
    fn what_the_org_says_of_a_principal_is_passed_open_or_not_asked() {
        let ended = |answer: &Answer| {
            let check = ask().judge(answer);
            (check.verdict, check.help.is_some_and(|help| help.contains("https://acme.example/")))
        };
        let status = |status: &str| Answer::Status {
            status: status.to_owned(),
            page: Some("https://acme.example/x".to_owned()),
        };
        assert_eq!(ended(&status("Configured")), (Verdict::Passed, false));
        assert_eq!(ended(&status("NotConfigured")), (Verdict::Open, true));
        assert_eq!(ended(&status("Unknown")), (Verdict::Skipped, false));
        assert_eq!(ended(&Answer::NoResource), (Verdict::Skipped, false));
        assert_eq!(ended(&Answer::Refused("no".to_owned())), (Verdict::Skipped, false));
    }
}
