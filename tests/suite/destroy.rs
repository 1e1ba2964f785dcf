//! Removing, moving and bringing back.

use insta::assert_snapshot;
use orgwire::simulator::Options;
use serde_json::json;

use crate::simulated::{Org, text};
use crate::test::Test;

const APP: &str = "AxsyApexAPI";

fn deployed() -> (Org, Test) {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("axsy"));
    test.run("deploy --yes").success();
    (org, test)
}

#[test]
fn everything_of_a_project_is_removed_after_a_plan() {
    let (org, test) = deployed();
    let said = test.run("destroy --dry-run").success();
    assert_snapshot!(said.result(), @r#"
    - auth-provider.AxsyApexAPI will be removed in pass 1
        ! the name `AxsyApexAPI` stays reserved: nothing can ever have it again

    - connected-app.AxsyApexAPI will be removed in pass 1
        ! its consumer key can never be used again, in this org or any other
        ! every token that was issued for it stops working

    - named-credential.AxsyApexAPI will be removed in pass 1
        ! everybody who uses it has to authenticate again with its successor

    Pass 1 removes auth-provider.AxsyApexAPI, connected-app.AxsyApexAPI, named-credential.AxsyApexAPI
    Plan: 0 to create, 0 to update, 3 to delete; 1 pass.
    "#);
    assert!(org.has("ConnectedApp", APP));
    let said = test.run("destroy").exits(1);
    assert!(said.stderr.contains("needs a confirmation"), "{}", said.stderr);
    let said = test.run("destroy --yes --json").success();
    assert_eq!(
        said.json()["removed"],
        json!(["auth-provider.AxsyApexAPI", "connected-app.AxsyApexAPI", "named-credential.AxsyApexAPI"])
    );
    for kind in ["ConnectedApp", "AuthProvider", "NamedCredential"] {
        assert!(!org.has(kind, APP), "{kind}");
    }
    let said = test.run("destroy --yes").success();
    assert!(said.stderr.contains("Nothing of this is in"), "{}", said.stderr);
}

#[test]
fn what_is_still_used_stays() {
    let (org, test) = deployed();
    let said = test.run("destroy auth-provider.AxsyApexAPI --yes").exits(1);
    assert_snapshot!(said.talk(), @r#"
    still-used

      × `auth-provider.AxsyApexAPI` is to be removed, and `connected-app.AxsyApexAPI` uses it
        ╭─[manifests/main.toml:26:16]
     25 │ 
     26 │ [connected-app.AxsyApexAPI]
        ·                ─────┬─────
        ·                     ╰── uses it
     27 │ only-if = { value = "${var.resolution}", is = "3" }
        ╰────
      help: remove `connected-app.AxsyApexAPI` as well, or let it use something else first

    still-used

      × `auth-provider.AxsyApexAPI` is to be removed, and `named-credential.AxsyApexAPI` uses it
        ╭─[manifests/main.toml:45:19]
     44 │ 
     45 │ [named-credential.AxsyApexAPI]
        ·                   ─────┬─────
        ·                        ╰── uses it
     46 │ only-if = { value = "${var.resolution}", is = "3" }
        ╰────
      help: remove `named-credential.AxsyApexAPI` as well, or let it use something else first
    "#);
    assert!(org.has("AuthProvider", APP));
    test.run("destroy named-credential.AxsyApexAPI --yes").success();
    assert!(!org.has("NamedCredential", APP) && org.has("AuthProvider", APP));
    let said = test.run("destroy manifests/main.toml --dry-run").success();
    assert!(said.stdout.contains("2 to delete"), "{}", said.stdout);
    let said = test.run("destroy named-credental.X").exits(1);
    assert!(said.stderr.contains("is no address of a component"), "{}", said.stderr);
}

/// The org decides in the end, and its words are told.
#[test]
fn what_the_org_does_not_let_go_is_told() {
    let (org, test) = deployed();
    test.write(
        "manifests/main.toml",
        "[remote-site-setting.A]\nis-active = true\nurl = \"https://a.example\"\n",
    );
    let said = test.run("destroy auth-provider.AxsyApexAPI --yes").exits(4);
    assert_snapshot!(said.talk().lines().filter(|line| !line.starts_with("Pass ")).collect::<Vec<_>>().join("\n"), @r#"
    missing-field

      ⚠ `remote-site-setting.A` needs `disable-protocol-security`
       ╭─[manifests/main.toml:1:22]
     1 │ [remote-site-setting.A]
       ·                      ┬
       ·                      ╰── not complete
     2 │ is-active = true
       ╰────
      help: disable-protocol-security = false    # `true` lets code that runs under https call this address by
            plain http.

    rejected-by-org

      × the org rejected `AxsyApexAPI` in pass 1 of 1
      ╰─▶ AuthProvider AxsyApexAPI is referenced elsewhere. Remove the usage and try again: NamedCredential
          AxsyApexAPI (rehearsal wording, MD-40) (destructiveChangesPost.xml)
      help: nothing was changed in the org
    "#);
    assert!(org.has("AuthProvider", APP));
}

#[test]
fn a_moved_component_is_created_used_and_then_the_old_one_removed() {
    let (org, test) = deployed();
    let manifest = test.read("manifests/main.toml");
    let renamed = manifest
        .replace("[auth-provider.AxsyApexAPI]", "[auth-provider.AxsyLogin]")
        .replace("${auth-provider.AxsyApexAPI.callback-url}", "${auth-provider.AxsyLogin.callback-url}")
        .replace("auth-provider = \"AxsyApexAPI\"", "auth-provider = \"AxsyLogin\"")
        .replace(
            "consumer-secret = \"${connected-app.AxsyApexAPI.consumer-secret}\"",
            "consumer-secret = { env = \"S\" }",
        );
    let moved = "\n[[moved]]\nfrom = \"auth-provider.AxsyApexAPI\"\nto = \"auth-provider.AxsyLogin\"\n";
    test.write("manifests/main.toml", format!("{renamed}{moved}"));
    let test = test.variable("S", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ");
    let told = test.run("plan").success().result();
    let key = org.text("ConnectedApp", APP, "oauthConfig.consumerKey");
    assert_snapshot!(told.replace(&key, "KEY"), @r#"
    - auth-provider.AxsyApexAPI will be removed in pass 2
        ! the name `AxsyApexAPI` stays reserved: nothing can ever have it again

    + auth-provider.AxsyLogin will be created in pass 1
        + consumer-key    = "KEY"
        + consumer-secret = (secret from variable S)
        + default-scopes  = "full refresh_token offline_access"
        + friendly-name   = "AxsyApexAPI"
        + provider-type   = "Salesforce"
        ! takes the place of `auth-provider.AxsyApexAPI`, which is removed at the end

    ~ connected-app.AxsyApexAPI will be updated in pass 2
        ~ oauth-config.callback-url = "http://127.0.0.1:PORT/services/authcallback/AxsyApexAPI" -> (known after pass 1: auth-provider.AxsyLogin.callback-url)  (wired)

    ~ named-credential.AxsyApexAPI will be updated in pass 1
        ~ auth-provider = "AxsyApexAPI" -> "AxsyLogin"  (the manifest has changed)

    Pass 1 sends auth-provider.AxsyLogin, named-credential.AxsyApexAPI
    Pass 2 sends connected-app.AxsyApexAPI
    Pass 2 removes auth-provider.AxsyApexAPI
    By hand afterwards for named-credential.AxsyApexAPI: authenticate the credential: tick "Start Authentication Flow on Save", save, log in on the org's My Domain and choose Allow; the page then shows "Authenticated as"
        http://127.0.0.1:PORT/lightning/setup/NamedCredential/home
    Plan: 1 to create, 2 to update, 1 to delete; 2 passes.
    "#);
    test.run("deploy --yes").success();
    assert!(org.has("AuthProvider", "AxsyLogin") && !org.has("AuthProvider", APP));
    assert_eq!(org.text("NamedCredential", APP, "authProvider"), "AxsyLogin");
    assert!(org.text("ConnectedApp", APP, "oauthConfig.callbackUrl").ends_with("/AxsyLogin"));
    test.run("plan --exit-code").success();
    test.run("fmt --check").success();
}

#[test]
fn a_deployment_is_rolled_back_to_what_it_has_found() {
    let (org, test) = deployed();
    let label = || org.text("ConnectedApp", APP, "label");
    test.edit("manifests/main.toml", "label = \"AxsyApexAPI\"", "label = \"Axsy\"");
    let id = test.run("deploy --yes --json").success().json()["passes"][0]["deploy_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(label(), "Axsy");
    let said = test.run("rollback --list --json").success().json();
    assert_eq!(said["records"].as_array().unwrap().len(), 2);
    assert_snapshot!(test.run("rollback --dry-run").success().result(), @r#"
    ~ connected-app.AxsyApexAPI will be updated in pass 1
        ~ label = "Axsy" -> "AxsyApexAPI"

    ~ named-credential.AxsyApexAPI will be updated in pass 1
        ~ label = "Axsy" -> "AxsyApexAPI"

    Pass 1 sends connected-app.AxsyApexAPI, named-credential.AxsyApexAPI
    Plan: 0 to create, 2 to update, 0 to delete; 1 pass.
    "#);
    assert_eq!(label(), "Axsy");
    test.run(&format!("rollback {id} --yes")).success();
    assert_eq!(label(), "AxsyApexAPI");
    // The first deployment created everything; before it there was nothing.
    let first = said["records"][0]["id"].as_str().unwrap();
    test.run(&format!("rollback {first} --yes")).success();
    assert!(!org.has("ConnectedApp", APP) && !org.has("NamedCredential", APP));
    // What is gone has taken its secret with it.
    let second = said["records"][1]["id"].as_str().unwrap();
    let said = test.run(&format!("rollback {second} --yes")).exits(1);
    assert_snapshot!(said.talk().replace(second, "RECORD"), @r#"
    missing-component

      × `auth-provider` of `named-credential.AxsyApexAPI` names `auth-provider.AxsyApexAPI`, which is neither
      │ declared nor in the org
       ╭─[.orgwire/history/RECORD.json:1:1]
     1 │ {
       · ▲
       · ╰── no such component
     2 │   "format_version": "1",
       ╰────
      help: declare it: [auth-provider.AxsyApexAPI]

    not-restorable

      × `connected-app.AxsyApexAPI` is gone, and its secrets cannot be brought back
       ╭─[.orgwire/history/RECORD.json:1:1]
     1 │ {
       · ▲
       · ╰── as it was
     2 │   "format_version": "1",
       ╰────
      help: deploy the manifest of that time, which says where they live
    "#);
    let said = Test::new().run("rollback").exits(1);
    assert!(said.stderr.contains("nothing was deployed from here"), "{}", said.stderr);
    let said = test.run("rollback 0Af000000000000AAA").exits(1);
    assert!(said.stderr.contains("no record and no deployment"), "{}", said.stderr);
}

#[test]
fn what_somebody_else_changed_is_told_apart_from_the_manifest() {
    let (org, test) = deployed();
    test.run("plan --drift-only").success();
    org.edit("ConnectedApp", APP, "label", Some(text("By hand")));
    test.edit("manifests/main.toml", "friendly-name = \"AxsyApexAPI\"", "friendly-name = \"Axsy\"");
    let said = test.run("plan --drift-only --json").exits(2).json();
    let reasons: Vec<&str> = said["drift"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["fields"][0]["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["manifest-changed", "org-drifted"]);
    assert_snapshot!(test.run("plan --drift-only").exits(2).result(), @r#"
    ~ auth-provider.AxsyApexAPI differs
        ~ friendly-name = "AxsyApexAPI" -> "Axsy"  (the manifest has changed)

    ~ connected-app.AxsyApexAPI differs
        ~ label = "By hand" -> "AxsyApexAPI"  (changed in the org)

    Drift: 2 components of 127.0.0.1:PORT (http://127.0.0.1:PORT) are not what the manifests say.
    "#);
    assert_snapshot!(test.run("plan --drift-only --format markdown").exits(2).result(), @r#"
    ### orgwire drift of 127.0.0.1:PORT (http://127.0.0.1:PORT)

    #### `auth-provider.AxsyApexAPI` differs

    | field | before | after | why |
    |---|---|---|---|
    | `friendly-name` | `"AxsyApexAPI"` | `"Axsy"` | the manifest has changed |

    #### `connected-app.AxsyApexAPI` differs

    | field | before | after | why |
    |---|---|---|---|
    | `label` | `"By hand"` | `"AxsyApexAPI"` | changed in the org |
    "#);
    let told = test.run("plan --json").success().json();
    assert_eq!(told["drift"], json!(["connected-app.AxsyApexAPI"]));
    assert_eq!(org.deployments().len(), 2, "reads only");
}

/// The history is no condition of a plan, and the only way back.
#[test]
fn a_damaged_history_stops_the_way_back_and_nothing_else() {
    let (org, test) = deployed();
    test.write(".orgwire/history/20200101T000000Z-1.json", "{");
    org.edit("ConnectedApp", APP, "label", Some(text("By hand")));
    let said = test.run("deploy --yes").success();
    assert!(said.stderr.contains("who has changed what since is not known"), "{}", said.stderr);
    assert_eq!(org.text("ConnectedApp", APP, "label"), APP);
    let said = test.run("rollback --yes --json").exits(1);
    assert_eq!(said.json()["error"]["code"], "history");
}

#[test]
fn components_that_no_manifest_has_are_named() {
    let (_org, test) = deployed();
    let other = test.read("manifests/main.toml").replace("AxsyApexAPI", "AxsyApexAPI_Old");
    test.write("other/main.toml", other);
    test.run("deploy other --yes").success();
    let said = test.run("plan --unmanaged --json").success().json();
    let names = json!([
        "auth-provider.AxsyApexAPI_Old",
        "connected-app.AxsyApexAPI_Old",
        "named-credential.AxsyApexAPI_Old"
    ]);
    assert_eq!(said["unmanaged"], names);
    let said = test.run("plan --unmanaged=Nobody").success();
    assert!(!said.stderr.contains("in no manifest"), "{}", said.stderr);
}
