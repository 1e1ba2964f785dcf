//! `plan --explain-values`: where each value came from, and who comes first.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::test::Test;

/// What follows the plan.
fn explained(test: &Test, words: &str) -> String {
    let said = test.run(&format!("plan --explain-values {words}")).success().result();
    let begin = said.find("Values of").unwrap();
    let end = said.find("Plan for").map_or(said.len(), |plan| plan.max(begin));
    said[begin..end].trim_end().to_owned()
}

/// One value of the JSON.
fn value(test: &Test, words: &str, component: &str, field: &str) -> Value {
    let told = test.run(&format!("plan --explain-values --json {words}")).success().json();
    let is_it = |one: &&Value| one["component"] == component && one["field"] == field;
    told["values"].as_array().unwrap().iter().find(is_it).unwrap().clone()
}

#[test]
fn every_value_says_its_line_its_overlay_its_variables_and_what_the_org_tells() {
    let test = Test::example("axsy");
    let plan = test.run("plan -e production").success().stdout;
    let both = test.run("plan -e production --explain-values").success().stdout;
    assert!(both.ends_with(&plan), "the plan itself has changed");
    assert_snapshot!(explained(&test, "-e production"), @r#"
    Values of auth-provider.AxsyApexAPI
        consumer-key    = (generated)                           <- manifests/main.toml:41; connected-app.AxsyApexAPI.consumer-key = manifests/main.toml:33; generated
        consumer-secret = (generated)                           <- manifests/main.toml:42; connected-app.AxsyApexAPI.consumer-secret = manifests/main.toml:34; generated
        default-scopes  = "full refresh_token offline_access"   <- manifests/main.toml:43
        friendly-name   = "AxsyApexAPI"                         <- manifests/main.toml:39
        provider-type   = "Salesforce"                          <- manifests/main.toml:40

    Values of connected-app.AxsyApexAPI
        contact-email                = "release@example.com"                         <- manifests/main.toml:29; contact = manifests/main.toml:66, environment production
        description                  = "Owned by the platform team"                  <- manifests/main.toml:69, overlay of production
        label                        = "AxsyApexAPI"                                 <- manifests/main.toml:28
        oauth-config.callback-url    = "${auth-provider.AxsyApexAPI.callback-url}"   <- manifests/main.toml:32; auth-provider.AxsyApexAPI.callback-url of the org
        oauth-config.consumer-key    = (generated)                                   <- manifests/main.toml:33; generated
        oauth-config.consumer-secret = (generated)                                   <- manifests/main.toml:34; generated
        oauth-config.scopes          = ["Full", "RefreshToken"]                      <- manifests/main.toml:35

    Values of named-credential.AxsyApexAPI
        allow-merge-fields-in-body = true                                  <- manifests/main.toml:53
        auth-provider              = "AxsyApexAPI"                         <- manifests/main.toml:51
        endpoint                   = "http://127.0.0.1:PORT"              <- manifests/main.toml:48; org.instance-url of the org
        label                      = "AxsyApexAPI"                         <- manifests/main.toml:47
        oauth-scope                = "full refresh_token offline_access"   <- manifests/main.toml:52
        principal-type             = "NamedUser"                           <- manifests/main.toml:50
        protocol                   = "Oauth"                               <- manifests/main.toml:49
    + auth-provider.AxsyApexAPI will be created in pass 1
        + consumer-key    = (generated)
        + consumer-secret = (generated)
        + default-scopes  = "full refresh_token offline_access"
        + friendly-name   = "AxsyApexAPI"
        + provider-type   = "Salesforce"

    + connected-app.AxsyApexAPI will be created in passes 1 and 2
        + contact-email                = "release@example.com"
        + description                  = "Owned by the platform team"
        + label                        = "AxsyApexAPI"
        + oauth-config.callback-url    = (known after pass 1: auth-provider.AxsyApexAPI.callback-url)  (wired)
        + oauth-config.consumer-key    = (generated)
        + oauth-config.consumer-secret = (generated)
        + oauth-config.scopes          = ["Full", "RefreshToken"]
        ! can be chosen only now: `oauth-config.consumer-key`, `oauth-config.consumer-secret`

    + named-credential.AxsyApexAPI will be created in pass 1
        + allow-merge-fields-in-body = true
        + auth-provider              = "AxsyApexAPI"
        + endpoint                   = "http://127.0.0.1:PORT"  (wired)
        + label                      = "AxsyApexAPI"
        + oauth-scope                = "full refresh_token offline_access"
        + principal-type             = "NamedUser"
        + protocol                   = "Oauth"

    Pass 1 sends auth-provider.AxsyApexAPI, connected-app.AxsyApexAPI, named-credential.AxsyApexAPI
        connected-app.AxsyApexAPI has a placeholder in oauth-config.callback-url until auth-provider.AxsyApexAPI.callback-url is known
    Pass 2 sends connected-app.AxsyApexAPI
    By hand afterwards for named-credential.AxsyApexAPI: authenticate the credential: tick "Start Authentication Flow on Save", save, log in on the org's My Domain and choose Allow; the page then shows "Authenticated as"
        http://127.0.0.1:PORT/lightning/setup/NamedCredential/home
    Plan: 3 to create, 0 to update, 0 to delete; 2 passes.
    "#);
    test.run("deploy").success();
    let words = "plan --explain-values -e production --format markdown --target connected-app.AxsyApexAPI";
    assert_snapshot!(test.run(words).success().result(), @r#"
    #### Values of `connected-app.AxsyApexAPI`

    | field | value | from |
    |---|---|---|
    | `contact-email` | `"release@example.com"` | manifests/main.toml:29; contact = manifests/main.toml:66, environment production |
    | `description` | `"Owned by the platform team"` | manifests/main.toml:69, overlay of production |
    | `label` | `"AxsyApexAPI"` | manifests/main.toml:28 |
    | `oauth-config.callback-url` | `"http://127.0.0.1:PORT/services/authcallback/AxsyApexAPI"` | manifests/main.toml:32; auth-provider.AxsyApexAPI.callback-url of the org |
    | `oauth-config.consumer-key` | `(generated)` | manifests/main.toml:33; generated |
    | `oauth-config.consumer-secret` | `(generated)` | manifests/main.toml:34; generated |
    | `oauth-config.scopes` | `["Full", "RefreshToken"]` | manifests/main.toml:35 |
    ### orgwire plan for local (the org inside orgwire, http://127.0.0.1:PORT)

    #### `connected-app.AxsyApexAPI` will be updated

    | field | before | after | why |
    |---|---|---|---|
    | `contact-email` | `"ops@example.com"` | `"release@example.com"` | the manifest has changed |
    | `description` | `(none)` | `"Owned by the platform team"` | the manifest has changed |

    - pass 1: `connected-app.AxsyApexAPI`

    **Plan: 0 to create, 1 to update, 0 to delete; 1 pass.**
    "#);
}

#[test]
fn each_giver_of_a_variable_comes_before_the_next() {
    let app = "connected-app.Orders";
    let test = Test::new()
        .manifest(
            r#"
            [variables]
            contact = "of-manifest@example.com"
            [connected-app.Orders]
            label = "Orders"
            contact-email = "${var.contact}"
            [environment.uat.variables]
            contact = "of-manifest-uat@example.com"
            "#,
        )
        .file(
            "orgwire.toml",
            "[variables]\ncontact = \"of-configuration@example.com\"\n\
             [environment.uat.variables]\ncontact = \"of-configuration-uat@example.com\"\n",
        );
    let found = |words: &str| {
        let told = value(&test, words, app, "contact-email");
        (told["value"].as_str().unwrap().to_owned(), told["from"][1].clone())
    };
    let giver = |kind: &str, place: Value| json!({ "kind": kind, "name": "contact", "place": place });
    let of_uat = |place: &str| json!({ "kind": "environment", "name": "contact", "place": place, "environment": "uat" });
    // First --var, whatever else there is.
    assert_eq!(
        found("-e uat --var contact=given@example.com"),
        ("given@example.com".to_owned(), giver("command-line", Value::Null))
    );
    // Then the environment in the manifest.
    assert_eq!(found("-e uat"), ("of-manifest-uat@example.com".to_owned(), of_uat("manifests/main.toml:7")));
    // Then the environment in orgwire.toml, although the manifest has a default.
    test.edit("manifests/main.toml", "contact = \"of-manifest-uat@example.com\"", "");
    assert_eq!(found("-e uat"), ("of-configuration-uat@example.com".to_owned(), of_uat("orgwire.toml:4")));
    // Then the default in the manifest.
    test.edit("orgwire.toml", "contact = \"of-configuration-uat@example.com\"", "");
    let default = giver("default", json!("manifests/main.toml:2"));
    assert_eq!(found("-e uat"), ("of-manifest@example.com".to_owned(), default.clone()));
    assert_eq!(found(""), ("of-manifest@example.com".to_owned(), default));
    // Last the default in orgwire.toml.
    test.edit("manifests/main.toml", "contact = \"of-manifest@example.com\"", "");
    assert_eq!(
        found("-e uat"),
        ("of-configuration@example.com".to_owned(), giver("default", json!("orgwire.toml:2")))
    );
}

#[test]
fn a_variable_that_is_only_described_does_not_get_a_default_from_elsewhere() {
    let test = Test::new()
        .manifest(
            r#"
            [variables]
            contact = { description = "whom to write to" }
            [connected-app.Orders]
            label = "Orders"
            contact-email = "${var.contact}"
            "#,
        )
        .file("orgwire.toml", "[variables]\ncontact = \"ops@example.com\"\n");
    assert_eq!(test.run("plan --json").exits(1).json()["diagnostics"][0]["code"], "unset-variable");
}

#[test]
fn an_overlay_comes_before_the_component_it_lies_over_and_before_variables() {
    let test = Test::new().manifest(
        r#"
        [variables]
        label = "Orders"
        [connected-app.Orders]
        label = "${var.label}"
        contact-email = "a@example.com"
        [environment.uat.connected-app.Orders]
        label = "Orders of ${env.TEAM}"
        "#,
    );
    let test = test.variable("TEAM", "Depot");
    assert_eq!(
        value(&test, "-e uat --var label=Given", "connected-app.Orders", "label"),
        json!({
            "component": "connected-app.Orders",
            "field": "label",
            "value": "Orders of Depot",
            "from": [
                { "kind": "overlay", "name": "uat", "place": "manifests/main.toml:7" },
                { "kind": "process", "name": "TEAM", "place": null },
            ],
        })
    );
}

#[test]
fn secrets_are_told_by_where_they_live_and_not_read() {
    let test = Test::new().manifest(
        r#"
        [auth-provider.Idp]
        friendly-name = "Idp"
        provider-type = "Google"
        consumer-key = "key"
        consumer-secret = { command = ["touch", "was-read"] }
        "#,
    );
    let told = value(&test, "", "auth-provider.Idp", "consumer-secret");
    assert_eq!(told["value"], json!({ "state": "(secret)" }));
    assert_eq!(
        told["from"][1],
        json!({ "kind": "secret", "name": "command touch", "place": "manifests/main.toml:5" })
    );
    assert!(!test.path("was-read").exists());
}
