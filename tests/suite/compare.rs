//! `compare`: two environments, offline and with their orgs; what was meant apart from what was not.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::test::{Running, Said, Test};

const CONFIGURATION: &str = "[environment.uat]\norg = \"uat\"\nvariables = { contact = \"uat@example.com\" }\n\
                             [environment.production]\norg = \"production\"\n";

fn project() -> Test {
    Test::example("axsy").file("orgwire.toml", CONFIGURATION)
}

/// Two orgs beside the project, in one process.
fn two_orgs(test: &Test) -> Running {
    let mut serving = test.start("simulate --org uat:sandbox --org production:production=true");
    serving.until("\"production\"");
    serving
}

/// `component field reason environments`, of what nobody meant.
fn accidental(said: &Said) -> Vec<String> {
    let told = said.json();
    let line = |one: &Value| {
        let word = |key: &str| one[key].as_str().unwrap_or("-").to_owned();
        let which: Vec<&str> =
            one["environments"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        format!("{} {} {} {}", word("component"), word("field"), word("reason"), which.join(","))
    };
    let found = told["differences"].as_array().unwrap().iter().filter(|one| one["intended"] == json!(false));
    found.map(line).collect()
}

/// Keys are made anew for every org.
fn without_keys(text: &str) -> String {
    let is_key = |word: &str| word.len() > 70 && word.chars().all(|letter| letter.is_ascii_alphanumeric());
    let words = text.split('"').map(|word| if is_key(word) { "KEY" } else { word });
    words.collect::<Vec<_>>().join("\"")
}

#[test]
fn offline_every_difference_names_the_line_that_asks_for_it() {
    let test = project();
    assert_snapshot!(test.run("compare uat production --exit-code").success().result(), @r#"
    Intended: uat | production
      ~ auth-provider.AxsyApexAPI
          consumer-key    = (generated)   (made by each org)
          consumer-secret = (generated)   (made by each org)
      ~ connected-app.AxsyApexAPI
          contact-email                = "uat@example.com" | "release@example.com"   (contact = orgwire.toml:3, environment uat; contact = manifests/main.toml:66, environment production)
          description                  = (none) | "Owned by the platform team"   (manifests/main.toml:69, overlay of production)
          oauth-config.callback-url    = "${auth-provider.AxsyApexAPI.callback-url}"   (made by each org)
          oauth-config.consumer-key    = (generated)   (made by each org)
          oauth-config.consumer-secret = (generated)   (made by each org)
      ~ named-credential.AxsyApexAPI
          endpoint = "${org.instance-url}"   (made by each org)

    0 accidental and 8 intended differences between uat and production.
    "#);
    assert_snapshot!(test.run("compare uat production --format markdown").success().result(), @r#"
    ### orgwire compare: uat and production

    #### Intended

    | component | field | uat | production | why |
    |---|---|---|---|---|
    | `auth-provider.AxsyApexAPI` | `consumer-key` | `(generated)` | `(generated)` | made by each org |
    | `auth-provider.AxsyApexAPI` | `consumer-secret` | `(generated)` | `(generated)` | made by each org |
    | `connected-app.AxsyApexAPI` | `contact-email` | `"uat@example.com"` | `"release@example.com"` | contact = orgwire.toml:3, environment uat; contact = manifests/main.toml:66, environment production |
    | `connected-app.AxsyApexAPI` | `description` | `(none)` | `"Owned by the platform team"` | manifests/main.toml:69, overlay of production |
    | `connected-app.AxsyApexAPI` | `oauth-config.callback-url` | `"${auth-provider.AxsyApexAPI.callback-url}"` | `"${auth-provider.AxsyApexAPI.callback-url}"` | made by each org |
    | `connected-app.AxsyApexAPI` | `oauth-config.consumer-key` | `(generated)` | `(generated)` | made by each org |
    | `connected-app.AxsyApexAPI` | `oauth-config.consumer-secret` | `(generated)` | `(generated)` | made by each org |
    | `named-credential.AxsyApexAPI` | `endpoint` | `"${org.instance-url}"` | `"${org.instance-url}"` | made by each org |

    **0 accidental and 8 intended differences between uat and production.**
    "#);
    let told = test.run("compare uat production --json").success().json();
    assert_eq!(told["summary"], json!({ "accidental": 0, "intended": 8 }));
    assert_eq!(
        told["differences"][2],
        json!({
            "component": "connected-app.AxsyApexAPI",
            "field": "contact-email",
            "first": "uat@example.com",
            "second": "release@example.com",
            "intended": true,
            "reason": "environment",
            "from": [
                { "kind": "environment", "name": "contact", "place": "orgwire.toml:3", "environment": "uat" },
                { "kind": "environment", "name": "contact", "place": "manifests/main.toml:66", "environment": "production" },
            ],
            "environments": [],
        })
    );
    assert_eq!(test.run("compare uat uat --json").success().json()["summary"]["accidental"], json!(0));
}

#[test]
fn the_address_of_one_org_in_both_environments_is_no_intention() {
    let test = project().file(
        "orgwire.toml",
        "[org.uat]\ninstance-url = \"https://acme--uat.sandbox.my.salesforce.com\"\n\
         [org.production]\ninstance-url = \"https://acme.my.salesforce.com\"\n\
         [environment.uat]\norg = \"uat\"\n[environment.production]\norg = \"production\"\n",
    );
    test.edit("manifests/main.toml", "${org.instance-url}", "https://acme--uat.sandbox.my.salesforce.com");
    let said = test.run("compare uat production --exit-code --json").exits(2);
    assert_eq!(accidental(&said), ["named-credential.AxsyApexAPI endpoint host-of-one uat"]);
}

#[test]
fn with_their_orgs_drift_is_found_apart_from_what_was_meant() {
    let test = project();
    let _serving = two_orgs(&test);
    let said = test.run("compare uat production --orgs --exit-code --json").success();
    assert_eq!(accidental(&said), [""; 0], "what is in neither org does not differ");
    test.run("deploy -e uat --yes").success();
    let said = test.run("compare uat production --orgs --exit-code --json").exits(2);
    assert_eq!(
        accidental(&said),
        [
            "auth-provider.AxsyApexAPI - missing production",
            "connected-app.AxsyApexAPI - missing production",
            "named-credential.AxsyApexAPI - missing production",
        ]
    );
    test.run("deploy -e production --yes").success();
    let said = test.run("compare uat production --orgs --exit-code").success();
    assert_snapshot!(without_keys(&said.result()), @r#"
    Intended: uat | production
      ~ auth-provider.AxsyApexAPI
          consumer-key = "KEY" | "KEY"   (made by each org)
      ~ connected-app.AxsyApexAPI
          contact-email             = "uat@example.com" | "release@example.com"   (contact = orgwire.toml:3, environment uat; contact = manifests/main.toml:66, environment production)
          description               = (none) | "Owned by the platform team"   (manifests/main.toml:69, overlay of production)
          oauth-config.callback-url = "http://127.0.0.1:PORT/services/authcallback/AxsyApexAPI" | "http://127.0.0.1:PORT/services/authcallback/AxsyApexAPI"   (made by each org)
          oauth-config.consumer-key = "KEY" | "KEY"   (made by each org)
      ~ named-credential.AxsyApexAPI
          endpoint = "http://127.0.0.1:PORT" | "http://127.0.0.1:PORT"   (made by each org)

    0 accidental and 6 intended differences between uat and production.
    "#);
    // One of the orgs gets another name, and the manifests do not.
    test.edit("manifests/main.toml", "friendly-name = \"AxsyApexAPI\"", "friendly-name = \"Axsy\"");
    test.run("deploy -e uat --yes").success();
    test.edit("manifests/main.toml", "friendly-name = \"Axsy\"", "friendly-name = \"AxsyApexAPI\"");
    let said = test.run("compare uat production --orgs --exit-code --json").exits(2);
    assert_eq!(accidental(&said), ["auth-provider.AxsyApexAPI friendly-name drift uat"]);
    let said = test.run("compare uat production --orgs").success();
    assert!(said.stdout.contains("(uat is not what the manifests say)"), "{}", said.stdout);
}

#[test]
fn a_field_that_no_manifest_manages_and_a_difference_that_is_missing_are_found() {
    let test = project();
    let _serving = two_orgs(&test);
    let main = test.read("manifests/main.toml");
    // The description is managed for a moment, and in one of the orgs.
    test.edit(
        "manifests/main.toml",
        "friendly-name =",
        "icon-url = \"https://example.com/x.png\"\nfriendly-name =",
    );
    test.run("deploy -e uat --yes").success();
    test.write("manifests/main.toml", main);
    test.run("deploy -e production --yes").success();
    let said = test.run("compare uat production --orgs --exit-code --json").exits(2);
    assert_eq!(accidental(&said), ["auth-provider.AxsyApexAPI icon-url unmanaged "]);
    // From now on the two are to differ, and do not.
    test.edit(
        "manifests/main.toml",
        "description = \"Owned by the platform team\"",
        "description = \"Owned by the platform team\"\n\
         [environment.production.named-credential.AxsyApexAPI]\nlabel = \"Axsy\"",
    );
    let said = test
        .run(
            "compare uat production --orgs --target named-credential.AxsyApexAPI --target \
                         auth-provider.AxsyApexAPI --target connected-app.AxsyApexAPI --json",
        )
        .success();
    assert_eq!(
        accidental(&said),
        [
            "auth-provider.AxsyApexAPI icon-url unmanaged ",
            "named-credential.AxsyApexAPI label not-apart production",
        ]
    );
}

#[test]
fn two_environments_of_one_org_cannot_be_compared_by_their_orgs() {
    let test = project().file("orgwire.toml", "[environment.uat]\n[environment.production]\n");
    let said = test.run("compare uat production --orgs --json").exits(1);
    assert!(said.stderr.contains("lead to the same org"), "{}", said.stderr);
    let said = test.run("compare uat prodction").exits(1);
    assert!(said.stderr.contains("did you mean `production`?"), "{}", said.stderr);
}
