//! What the parts of an external client app need of each other, or of themselves: `missing-field` for the client
//! credentials flow, which has a switch in the global OAuth settings, another in the policies, and a user (EC-9);
//! `value-out-of-range` for minutes that no JWT lives (EC-10).

use crate::component::{FieldPath, Scalar, Tree};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::{Component, Desired, Leaf, Wanted};

const APP: &str = "externalClientApplication";
const SWITCH: &str = "isClientCredentialsFlowEnabled";
const USER: &str = "clientCredentialsFlowUser";
const GLOBAL: &str = "ExtlClntAppGlobalOauthSettings";
const POLICIES: &str = "ExtlClntAppOauthConfigurablePolicies";

/// With the API version that brought them.
const MINUTES: [(u16, &[i64]); 2] = [(61, &[1, 5, 10, 15, 30]), (65, &[60, 90, 120, 240, 480, 720])];

pub fn check(desired: &Desired, component: &Component, diagnostics: &mut Diagnostics) {
    match component.id.kind.name.as_str() {
        GLOBAL => second_switch(desired, component, diagnostics),
        POLICIES => {
            first_switch(desired, component, diagnostics);
            user(component, diagnostics);
            for name in ["namedUserJwtTimeout", "guestJwtTimeout"] {
                minutes(desired, component, name, diagnostics);
            }
        }
        _ => {}
    }
}

/// What belongs to the same app and is of this type, if the project has it.
fn beside<'a>(desired: &'a Desired, component: &Component, kind: &str) -> Option<&'a Component> {
    let app = component.text(APP)?;
    let mut found = desired
        .components
        .values()
        .filter(|other| other.id.kind.name == kind && other.text(APP) == Some(app));
    found.next()
}

fn is_on(component: &Component) -> bool {
    component.flag(SWITCH) == Some(true)
}

fn lacks(component: &Component, field: &str, because: &str, help: String) -> Diagnostic {
    let key = component.id.kind.fields.field(field).map_or(field, |field| field.key.as_str());
    Diagnostic::error(Code::MissingField, format!("`{}` needs `{key}`", component.id))
        .label(component.key_at(&FieldPath::of(field)), because)
        .help(help)
}

/// The settings allow the flow, and the policies of the same app do not.
fn second_switch(desired: &Desired, settings: &Component, diagnostics: &mut Diagnostics) {
    if !is_on(settings) {
        return;
    }
    match beside(desired, settings, POLICIES) {
        Some(policies) if !is_on(policies) => diagnostics.push(lacks(
            policies,
            SWITCH,
            "the settings allow the client credentials flow, and it has a second switch here",
            "is-client-credentials-flow-enabled = true".to_owned(),
        )),
        _ => {}
    }
}

/// The policies allow the flow, and the settings of the same app do not.
fn first_switch(desired: &Desired, policies: &Component, diagnostics: &mut Diagnostics) {
    if !is_on(policies) {
        return;
    }
    match beside(desired, policies, GLOBAL) {
        Some(settings) if !is_on(settings) => diagnostics.push(lacks(
            settings,
            SWITCH,
            "the policies allow the client credentials flow, and it has a first switch here",
            "is-client-credentials-flow-enabled = true".to_owned(),
        )),
        _ => {}
    }
}

fn user(policies: &Component, diagnostics: &mut Diagnostics) {
    if is_on(policies) && !policies.has(&FieldPath::of(USER)) {
        let help = "client-credentials-flow-user = \"integration@example.com\"".to_owned();
        diagnostics.push(lacks(policies, USER, "the client credentials flow stands for somebody", help));
    }
}

/// EC-10, 001-R9: not every number between the first and the last is one.
fn minutes(desired: &Desired, policies: &Component, name: &str, diagnostics: &mut Diagnostics) {
    let path = FieldPath::of(name);
    let Some(Tree::Leaf(Leaf { wanted: Wanted::Known(Scalar::Number(minutes)), at })) = policies.get(&path)
    else {
        return;
    };
    let known = |version: u16| MINUTES.iter().filter(move |(since, _)| *since <= version);
    let all: Vec<i64> = known(desired.api_version).flat_map(|(_, minutes)| *minutes).copied().collect();
    // Outside of all of them the range has been complained about.
    if all.contains(minutes) || !(1..=720).contains(minutes) || all.is_empty() {
        return;
    }
    let later = known(u16::MAX).find(|(_, later)| later.contains(minutes));
    let help = match later {
        Some((since, _)) => format!("{minutes} takes API version {since}.0 or later"),
        None => {
            let nearest = all.iter().min_by_key(|known| (*known - minutes).abs()).copied().unwrap_or(1);
            format!("write {nearest}")
        }
    };
    let listed: Vec<String> = all.iter().map(ToString::to_string).collect();
    let field = policies.id.kind.fields.field(name).map_or(name, |field| field.key.as_str());
    diagnostics.push(
        Diagnostic::error(Code::ValueOutOfRange, format!("`{field}` of `{}` is {minutes}", policies.id))
            .label(*at, format!("an org offers {}", listed.join(", ")))
            .help(help),
    );
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    fn app(version: &str, settings: &str, policies: &str) -> Vec<String> {
        let mut found = findings(&format!(
            "api-version = \"{version}\"\n\
             [external-client-application.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\n\
             [extl-clnt-app-global-oauth-settings.G]\nexternal-client-application = \"A\"\n\
             callback-url = \"https://a.example/cb\"\n{settings}\n\
             [extl-clnt-app-oauth-settings.S]\nexternal-client-application = \"A\"\n\
             comma-separated-oauth-scopes = [\"Api\"]\n\
             [extl-clnt-app-oauth-configurable-policies.P]\nexternal-client-application = \"A\"\n{policies}\n"
        ));
        found.retain(|found| found.starts_with("missing-field") || found.starts_with("value-out-of-range"));
        found
    }

    #[test]
    fn client_credentials_take_two_switches_and_a_user() {
        let (on, off) = ("is-client-credentials-flow-enabled = true", "");
        let user = "client-credentials-flow-user = \"a@example.com\"";
        let both = format!("{on}\n{user}");
        assert!(app("66.0", on, &both).is_empty());
        assert!(app("66.0", off, off).is_empty());
        let needs =
            |what: &str| vec![format!("missing-field: {what} needs `is-client-credentials-flow-enabled`")];
        assert_eq!(app("66.0", on, off), needs("`extl-clnt-app-oauth-configurable-policies.P`"));
        assert_eq!(app("66.0", off, &both), needs("`extl-clnt-app-global-oauth-settings.G`"));
        let nobody = "missing-field: `extl-clnt-app-oauth-configurable-policies.P` needs `client-credentials-flow-user`";
        assert_eq!(app("66.0", on, on), [nobody]);
    }

    #[test]
    fn rule_001_r9_minutes_of_jwts_are_those_that_an_org_offers() {
        let minutes =
            |version: &str, minutes: u32| app(version, "", &format!("named-user-jwt-timeout = {minutes}"));
        for offered in [1, 5, 10, 15, 30] {
            assert!(minutes("61.0", offered).is_empty(), "{offered}");
        }
        for offered in [1, 5, 10, 15, 30, 60, 90, 120, 240, 480, 720] {
            assert!(minutes("66.0", offered).is_empty(), "{offered}");
        }
        let found = |minutes: &str| {
            let policies = "`extl-clnt-app-oauth-configurable-policies.P`";
            vec![format!("value-out-of-range: `named-user-jwt-timeout` of {policies} is {minutes}")]
        };
        assert_eq!(minutes("66.0", 20), found("20"));
        assert_eq!(minutes("64.0", 60), found("60"));
        assert_eq!(minutes("66.0", 721), found("721"));
    }
}
