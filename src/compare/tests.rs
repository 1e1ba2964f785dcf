use super::*;
use crate::configuration::Configuration;
use crate::diagnostic::{Diagnostics, Sources};
use crate::manifest::{self, Manifest};
use crate::resolve::{Inputs, origins as trace, resolve};

const MANIFEST: &str = r#"
[variables]
contact = "ops@example.com"

[connected-app.Orders]
label = "Orders"
contact-email = "${var.contact}"
start-url = "https://acme--uat.sandbox.my.salesforce.com/start"
info-url = "https://big-acme--uat.sandbox.my.salesforce.com"

[connected-app.Orders.oauth-config]
callback-url = "${org.instance-url}/back"
consumer-key = "OneKeyForEveryOrg"

[environment.uat]

[environment.production.variables]
contact = "release@example.com"

[environment.production.connected-app.Orders]
description = "Of the platform team"
"#;

/// `field: verdict`, a line each.
fn compared(text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let id = sources.add("main.toml", text);
    let mut diagnostics = Diagnostics::default();
    let manifests: Vec<Manifest> = vec![manifest::read(id, sources.get(id), &mut diagnostics)];
    let configuration = Configuration::default();
    let inputs = |name| Inputs { environment: Some(name), ..Inputs::new(&manifests, &configuration) };
    let (first, second) = (inputs("uat"), inputs("production"));
    let desired = (resolve(&first, &mut diagnostics), resolve(&second, &mut diagnostics));
    let origins = (trace(&first), trace(&second));
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    let side = |desired, origins, url| Side { desired, origins, instance_url: Some(url), org: None };
    let found = compare(
        &side(&desired.0, &origins.0, "https://acme--uat.sandbox.my.salesforce.com"),
        &side(&desired.1, &origins.1, "https://acme.my.salesforce.com/"),
    );
    let line = |one: &Compared| {
        let verdict = match &one.verdict {
            Verdict::Intended(Reason::Environment { before, after }) => {
                format!("environment, {} and {}", before.len(), after.len())
            }
            other => format!("{other:?}"),
        };
        format!("{}: {verdict}", one.path.as_ref().map(ToString::to_string).unwrap_or_default())
    };
    found.iter().map(line).collect()
}

#[test]
fn what_environments_say_and_orgs_make_is_meant_and_what_fits_one_org_is_not() {
    assert_eq!(
        compared(MANIFEST),
        [
            "contact-email: environment, 0 and 1",
            "description: environment, 0 and 1",
            "oauth-config.callback-url: Intended(MadeByOrg)",
            "oauth-config.consumer-key: Accidental(FitsOneOrg)",
            "start-url: Accidental(HostOfOne(First))",
        ]
    );
}

#[test]
fn an_address_that_an_environment_gives_is_meant() {
    let overlay = "[environment.production.connected-app.Orders]\n\
                   start-url = \"https://acme--uat.sandbox.my.salesforce.com/start\"";
    let text = MANIFEST.replace("[environment.production.connected-app.Orders]", overlay);
    assert!(!compared(&text).iter().any(|line| line.starts_with("start-url")), "{:?}", compared(&text));
}

#[test]
fn hosts_are_found_whole() {
    assert!(names("https://Acme.my.salesforce.com/x", "acme.my.salesforce.com"));
    assert!(!names("https://big-acme.my.salesforce.com", "acme.my.salesforce.com"));
    assert!(!names("https://acme.my.salesforce.com.example", "acme.my.salesforce.com"));
    assert_eq!(host("https://acme.my.salesforce.com/services?x"), "acme.my.salesforce.com");
    assert_eq!(host("http://127.0.0.1:8080"), "127.0.0.1:8080");
}
