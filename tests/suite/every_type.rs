//! One component of every described type goes to the local org and is found there again. A new type takes part by
//! itself: its component is made from what its description demands, and only what an org wants beyond that stands
//! here.

use std::fmt::Write as _;

use orgwire::component::{Enumeration, Field, Group, Kind, Type, types};

use crate::simulated::Org;
use crate::test::Test;

const API_VERSION: u16 = 66;
/// The name of every component that may have any.
const NAME: &str = "Sample";

const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIBszCCARwCCQDJx\n-----END CERTIFICATE-----\n";

/// What descriptions do not say: values that an org takes, and elements that it wants though its schema does not.
const VALUES: &[(&str, &str, &str)] = &[
    ("AuthProvider", "providerType", "Salesforce"),
    ("Certificate", "content", PEM),
    ("ConnectedApp", "contactEmail", "ops@sample.example"),
    ("CspTrustedSite", "endpointUrl", "https://sample.example"),
    ("ExternalClientApplication", "contactEmail", "ops@sample.example"),
    ("NamedCredential", "endpoint", "https://sample.example"),
    ("NamedCredential", "principalType", "Anonymous"),
    ("NamedCredential", "protocol", "NoAuthentication"),
    ("ProfileSessionSetting", "profile", "MarketingProfile"),
    ("ProfileSessionSetting", "sessionTimeout", "30"),
    ("RemoteSiteSetting", "url", "https://sample.example"),
];

fn special(kind: &Type, field: &Field) -> Option<&'static str> {
    VALUES.iter().find(|(name, element, _)| *name == kind.name && *element == field.name).map(|found| found.2)
}

fn value(field: &Field, given: Option<&str>) -> String {
    match &field.kind {
        Kind::Flag => (field.default.as_deref() != Some("true")).to_string(),
        Kind::Number => {
            let least = field.range.map_or(1, |(least, _)| least);
            given.map_or_else(|| least.to_string(), str::to_owned)
        }
        Kind::Enumeration(values) => format!("{:?}", given.unwrap_or_else(|| first(values))),
        _ => format!("{:?}", given.unwrap_or(NAME)),
    }
}

/// A value of which nobody is unsure.
fn first(values: &Enumeration) -> &str {
    let known = values.values.iter().find(|value| {
        value.unsure.is_none()
            && value.since.is_none_or(|since| since <= API_VERSION)
            && value.until.is_none_or(|until| API_VERSION <= until)
    });
    &known.unwrap().name
}

/// What a group cannot do without, as lines of TOML.
fn needed(kind: &Type, group: &Group, at: &str, text: &mut String) {
    let mut inner = String::new();
    for field in group.fields.iter().filter(|field| field.exists_at(API_VERSION)) {
        let given = special(kind, field);
        if !field.is_required_at(API_VERSION) && given.is_none() {
            continue;
        }
        match &field.kind {
            Kind::Group(group) => {
                let at = format!("{at}.{}", field.key);
                let brackets = if field.repeated { ("[[", "]]") } else { ("[", "]") };
                writeln!(inner, "{}{at}{}", brackets.0, brackets.1).unwrap();
                needed(kind, group, &at, &mut inner);
            }
            _ if field.repeated => writeln!(text, "{} = [{}]", field.key, value(field, given)).unwrap(),
            _ => writeln!(text, "{} = {}", field.key, value(field, given)).unwrap(),
        }
    }
    text.push_str(&inner);
}

fn manifest() -> String {
    let mut text = format!("api-version = \"{API_VERSION}.0\"\n");
    for kind in types().iter().filter(|kind| kind.since <= API_VERSION) {
        let at = format!("{}.{}", kind.key, kind.member.fixed.as_deref().unwrap_or(NAME));
        let mut fields = String::new();
        needed(kind, &kind.fields, &at, &mut fields);
        if fields.is_empty() {
            // Of what may be left out one element, so that there is something to send.
            let mut known = kind.fields.fields.iter().filter(|field| field.exists_at(API_VERSION));
            let switch = known.rfind(|field| matches!(field.kind, Kind::Flag) && !field.read_only);
            if let Some(field) = switch {
                writeln!(fields, "{} = {}", field.key, value(field, None)).unwrap();
            }
        }
        writeln!(text, "\n[{at}]\n{fields}").unwrap();
    }
    text
}

#[test]
fn one_component_of_every_type_is_deployed_and_found_again() {
    let test = Test::new().manifest(&manifest());
    let plan = test.run("plan --json").success().json();
    let told = test.run("deploy --json").success().json();
    assert!(told["passes"].as_array().is_some_and(|passes| !passes.is_empty()), "{plan}");
    let again = test.run("plan --exit-code").exits(0);
    assert!(again.stdout.starts_with("No changes"), "{}", again.stdout);
    Org::of(&test, |org| {
        for kind in types() {
            let name = kind.member.fixed.as_deref().unwrap_or(NAME);
            assert!(org.has(&kind.name, name), "{} is not there", kind.name);
        }
    });
}
