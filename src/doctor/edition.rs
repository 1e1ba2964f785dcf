//! Whether the org has an API at all, auth providers, and an address of its own.

use super::{About, Case, Finding, listed};
use crate::component::{ComponentId, FieldPath};
use crate::resolve::Component;

const API: About = About("api-access", &["002-R1", "SE-30", "SE-31", "SE-33"]);
const EDITION: About = About("edition", &["002-R1", "SE-30", "SE-32"]);
const PROVIDERS: About = About("auth-providers", &["000-R10", "AP-6"]);
const POLICY: About = About("login-policy", &["SE-23", "OA-1", "AP-40"]);
const DOMAIN: About = About("my-domain", &["SE-23", "OA-3", "001-R4"]);

/// Editions that come with API access and with auth providers (SE-30, AP-6).
const WITH_API: [&str; 4] =
    ["Enterprise Edition", "Performance Edition", "Unlimited Edition", "Developer Edition"];
/// Editions that cannot have it (SE-30).
const WITHOUT_API: [&str; 7] = [
    "Team Edition",
    "Group Edition",
    "Contact Manager Edition",
    "Personal Edition",
    "Base Edition",
    "Essentials Edition",
    "Starter Edition",
];

pub fn findings(case: &Case<'_>) -> Vec<Finding> {
    let api = api(case);
    let providers = providers(case);
    [Some(api), edition(case), providers, domain(case), policy(case)].into_iter().flatten().collect()
}

fn api(case: &Case<'_>) -> Finding {
    let all: Vec<_> = case.desired.components.keys().cloned().collect();
    let Some(refused) = &case.told.refused else {
        return API.fine("the org answers over its API");
    };
    let why = format!("nothing of {} can be deployed, and nothing can connect", listed(&all));
    match refused.code.as_str() {
        "API_DISABLED_FOR_ORG" => API
            .blocks(&all, format!("the org refuses its API ({refused})"))
            .why(why)
            .mend(
                "Group, Contact Manager, Essentials and Starter have none, and Professional sells it apart: ask \
                 Salesforce. Where the edition has it, the user of this login lacks `API Enabled`: Setup > Users > \
                 Permission Sets",
            ),
        "API_CURRENTLY_DISABLED" => API
            .blocks(&all, format!("the org refuses its API to this user ({refused})"))
            .why(why)
            .mend("give the user `API Enabled`: Setup > Users > Permission Sets"),
        // What it lacks is told with the other permissions.
        "INSUFFICIENT_ACCESS" => API.fine("the org answers over its API"),
        _ => API
            .blocks(&all, format!("the org did not let its components be read ({refused})"))
            .why("what it holds is not known, and a deployment would meet the same"),
    }
}

fn edition(case: &Case<'_>) -> Option<Finding> {
    let edition = case.told.edition.as_deref()?;
    let all: Vec<_> = case.desired.components.keys().cloned().collect();
    Some(if WITH_API.contains(&edition) {
        EDITION.fine(format!("{edition} comes with API access"))
    } else if WITHOUT_API.contains(&edition) {
        EDITION
            .blocks(&all, format!("{edition} comes without API access"))
            .why(format!("{} cannot be used here", listed(&all)))
            .mend("use an org of Enterprise, Performance, Unlimited or Developer Edition")
    } else if edition == "Professional Edition" {
        EDITION
            .advice(&all, "Professional Edition has API access only where it was bought, and here it answers")
            .why("the org has to keep that option for as long as anything connects")
    } else {
        EDITION
            .advice(&all, format!("the edition `{edition}` is none that is known"))
            .why("its API answers; whether it stays is for Salesforce to say")
    })
}

fn providers(case: &Case<'_>) -> Option<Finding> {
    let providers = case.of_types(&["AuthProvider"]);
    if providers.is_empty() {
        return None;
    }
    let has_no_api = case.told.refused.as_ref().is_some_and(|refused| refused.code == "API_DISABLED_FOR_ORG");
    let edition = match case.told.edition.as_deref() {
        Some(edition) if WITH_API.contains(&edition) => {
            return Some(PROVIDERS.fine(format!("{edition} has auth providers")));
        }
        Some(edition) => format!("{edition} has no auth providers"),
        // The same four editions have both.
        None if has_no_api => "an org without API access has no auth providers either".to_owned(),
        None => return None,
    };
    let why = format!("{} cannot exist here, and no credential can use it", listed(&providers));
    let found = PROVIDERS.blocks(&providers, edition).why(why);
    Some(found.mend("use an org of Enterprise, Performance, Unlimited or Developer Edition"))
}

/// Whether the address is a login host.
fn domain(case: &Case<'_>) -> Option<Finding> {
    let url = case.told.instance_url.to_ascii_lowercase();
    let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or(host);
    if !matches!(host, "login.salesforce.com" | "test.salesforce.com") {
        return Some(DOMAIN.fine("the org is reached at an address of its own"));
    }
    let callers = case.callers();
    let found = DOMAIN.blocks(&callers, format!("`{host}` is a login host, and not the address of an org"));
    let why = "the client credentials flow is refused there, and so are REST calls; a policy of My Domain may refuse \
               the rest";
    Some(found.why(why).mend("write the org's My Domain as its instance-url: Setup > My Domain"))
}

/// Whether login hosts are closed (SE-23), and something of the manifests uses one.
fn policy(case: &Case<'_>) -> Option<Finding> {
    let policy = case.told.my_domain?;
    let callers = case.callers();
    if !policy.only_own_pages && !policy.only_own_tokens {
        return Some(POLICY.fine("logins are possible at the login hosts too"));
    }
    let who = match (policy.only_own_pages, policy.only_own_tokens) {
        (true, true) => "people and programs",
        (true, false) => "people",
        (false, _) => "programs",
    };
    let what = format!("{who} log in at the org's own address only");
    let at_login_hosts: Vec<ComponentId> =
        case.desired.components.values().filter(|it| uses_a_login_host(it)).map(|it| it.id.clone()).collect();
    let Some(first) = at_login_hosts.first() else {
        let found = POLICY.advice(&callers, what);
        return Some(
            found.why("a client that is set to login.salesforce.com or test.salesforce.com is refused there"),
        );
    };
    let why = format!("{} would send them to a login host, which refuses", listed(&at_login_hosts));
    let found = match policy.only_own_tokens {
        true => POLICY.blocks(&at_login_hosts, what),
        false => POLICY.weakens(&at_login_hosts, what),
    };
    Some(found.why(why).mend(format!(
        "[auth-provider.{}]\nauthorize-url = \"${{org.instance-url}}/services/oauth2/authorize\"\ntoken-url = \
         \"${{org.instance-url}}/services/oauth2/token\"",
        first.name
    )))
}

/// A provider for Salesforce goes to a login host unless it says otherwise (section 2.2).
fn uses_a_login_host(component: &Component) -> bool {
    let is_salesforce =
        component.id.kind.name == "AuthProvider" && component.text("providerType") == Some("Salesforce");
    let login_host = |field: &str| match component.text(field) {
        Some(url) => url.contains("//login.salesforce.com") || url.contains("//test.salesforce.com"),
        None => component.get(&FieldPath::of(field)).is_none(),
    };
    is_salesforce && ["authorizeUrl", "tokenUrl"].iter().any(|field| login_host(field))
}
