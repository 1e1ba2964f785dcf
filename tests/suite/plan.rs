//! `plan`: reads only; drift; environments; the formats.

use insta::assert_snapshot;
use serde_json::json;

use crate::test::Test;

#[test]
fn a_first_plan_shows_every_field_and_what_waits() {
    let said = Test::example("axsy").run("plan").success();
    assert_snapshot!(said.result(), @r#"
    + auth-provider.AxsyApexAPI will be created in pass 1
        + consumer-key    = (generated)
        + consumer-secret = (generated)
        + default-scopes  = "full refresh_token offline_access"
        + friendly-name   = "AxsyApexAPI"
        + provider-type   = "Salesforce"

    + connected-app.AxsyApexAPI will be created in passes 1 and 2
        + contact-email                = "ops@example.com"
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
}

#[test]
fn a_plan_changes_nothing() {
    let test = Test::example("axsy");
    let first = test.run("plan").success().stdout;
    assert_eq!(test.run("plan").success().stdout, first);
}

#[test]
fn json_has_the_changes_the_passes_and_what_they_wait_for() {
    let told = Test::example("axsy").run("plan --json").success().json();
    assert_eq!(told["summary"], json!({ "create": 3, "update": 0, "delete": 0, "keep": 0 }));
    assert_eq!(told["applyable"], true);
    assert_eq!(
        told["passes"][0]["sends"][1],
        json!({
            "component": "connected-app.AxsyApexAPI",
            "deferred": [{
                "field": "oauth-config.callback-url",
                "waits_for": ["auth-provider.AxsyApexAPI.callback-url"],
                "predicted": false,
            }],
            "only_if_mispredicted": false,
        })
    );
}

#[test]
fn an_environment_overlays_fields_and_variables() {
    let test = Test::example("axsy");
    test.run("deploy").success();
    assert_eq!(
        test.run("plan").success().stdout.lines().last(),
        Some("Plan: 0 to create, 0 to update, 0 to delete; 0 passes.")
    );
    let said = test.run("plan --env production --exit-code").exits(2);
    assert_snapshot!(said.result(), @r#"
    ~ connected-app.AxsyApexAPI will be updated in pass 1
        ~ contact-email = "ops@example.com" -> "release@example.com"  (the manifest has changed)
        + description   = "Owned by the platform team"  (the manifest has changed)

    Pass 1 sends connected-app.AxsyApexAPI
    Plan: 0 to create, 1 to update, 0 to delete; 1 pass.
    "#);
}

#[test]
fn a_target_is_planned_alone() {
    let test = Test::example("axsy");
    test.run("deploy").success();
    test.edit("manifests/main.toml", "label = \"AxsyApexAPI\"", "label = \"Changed\"");
    let told = test.run("plan --json --target named-credential.AxsyApexAPI").success().json();
    assert_eq!(told["changes"].as_array().unwrap().len(), 1);
    assert_eq!(told["changes"][0]["component"], "named-credential.AxsyApexAPI");
}

#[test]
fn an_org_without_the_components_wins_over_nothing_in_the_environment() {
    // --org, then the environment's org, then the two variables, then local.
    let test = Test::example("axsy")
        .file(
            "orgwire.toml",
            "[org.uat]\ninstance-url = \"http://127.0.0.1:9\"\n[environment.uat]\norg = \"uat\"\n",
        )
        .variable("ORGWIRE_ACCESS_TOKEN", "00D000000000001!x")
        .variable("ORGWIRE_INSTANCE_URL", "http://127.0.0.1:9");
    for words in ["plan", "plan --env uat", "plan --org uat"] {
        let said = test.run(words).exits(1);
        assert!(said.stderr.contains("127.0.0.1"), "{}", said.stderr);
    }
    test.run("plan --org local --env uat").success();
}

#[test]
fn only_what_may_be_kept_with_secrets_can_come_from_where_they_live() {
    let key = "\"${connected-app.AxsyApexAPI.consumer-key}\"";
    let test = Test::example("axsy").variable("KEY", "3MVG9abcdefgh");
    test.edit("manifests/main.toml", key, "{ env = \"KEY\" }");
    test.run("lint").success();
    test.edit("manifests/main.toml", "friendly-name = \"AxsyApexAPI\"", "friendly-name = { env = \"KEY\" }");
    assert_snapshot!(test.run("lint").exits(1).stderr, @r#"
    wrong-type

      × `friendly-name` of `auth-provider.AxsyApexAPI` must be a string, not a table
        ╭─[manifests/main.toml:39:17]
     38 │ only-if = { value = "${var.resolution}", is = "3" }
     39 │ friendly-name = { env = (hidden) }
        ·                 ─────────┬────────
        ·                          ╰── this is a table
     40 │ provider-type = "Salesforce"
        ╰────
      help: it is no secret: write it as text, or take it from a process variable with "${env.NAME}"

    vendor-guide

      ⚠ `consumer-key` of `auth-provider.AxsyApexAPI` is not that of the app
        ╭─[manifests/main.toml:41:1]
     40 │ provider-type = "Salesforce"
     41 │ consumer-key = { env = "KEY" }
        · ──────┬─────
        ·       ╰── not as the guide has it (000-R5)
     42 │ consumer-secret = "${connected-app.AxsyApexAPI.consumer-secret}"
        ╰────
      help: refer to the app: "${connected-app.AxsyApexAPI.consumer-key}"
    "#);
}
