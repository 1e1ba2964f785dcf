//! Manual steps: announced, printed, asked for, said to be done, and opened again.

use insta::assert_snapshot;
use orgwire::simulator::Options;
use serde_json::{Value, json};

use crate::simulated::Org;
use crate::test::Test;

const STEP: &str = "named-credential.AxsyApexAPI";

fn steps(told: &Value) -> Vec<&str> {
    told["manual_steps"].as_array().unwrap().iter().map(|step| step["id"].as_str().unwrap()).collect()
}

#[test]
fn a_step_is_announced_printed_asked_for_and_said_to_be_done() {
    let test = Test::example("axsy");
    assert_eq!(steps(&test.run("plan --json").success().json()), [STEP]);
    assert!(
        test.run("plan").success().stdout.contains("By hand afterwards for named-credential.AxsyApexAPI: ")
    );
    assert!(
        test.run("plan --format markdown")
            .success()
            .stdout
            .contains("- [ ] `named-credential.AxsyApexAPI`: ")
    );
    assert!(
        test.run("plan --format html")
            .success()
            .stdout
            .contains("<h2 id=\"by-hand\">By hand afterwards</h2>")
    );
    assert_eq!(steps(&test.run("deploy --json").success().json()), [STEP]);
    // Nobody has done anything.
    assert!(
        test.run("deploy")
            .success()
            .stdout
            .contains("Still to do by hand for named-credential.AxsyApexAPI: ")
    );
    let open = test.run("verify --json").exits(6).json();
    let check = open["checks"].as_array().unwrap().iter().find(|check| check["verdict"] == "open").unwrap();
    assert!(
        check["help"]
            .as_str()
            .unwrap()
            .ends_with("done already? orgwire verify --done named-credential.AxsyApexAPI")
    );
    let done = test.run("verify --done named-credential.AxsyApexAPI --json").success().json();
    assert_eq!(done["summary"]["open"], 0);
    // It is known from now on.
    test.run("verify").success();
    assert_eq!(steps(&test.run("deploy --json").success().json()), Vec::<&str>::new());
    // NC-13: what was authenticated may be so no longer.
    test.edit(
        "manifests/main.toml",
        "oauth-scope = \"full refresh_token",
        "oauth-scope = \"full api refresh_token",
    );
    assert_eq!(steps(&test.run("plan --json").success().json()), [STEP]);
    test.run("deploy").success();
    test.run("verify").exits(6);
}

#[test]
fn what_a_project_says_to_do_by_hand_is_a_step_like_others() {
    let test = Test::example("cyclr");
    let told = test.run("plan --json").success().json();
    assert_eq!(
        told["manual_steps"],
        json!([{
            "id": "manual-step.cyclr-console",
            "component": "connected-app.Cyclr",
            "what": "enter the key as Client ID and the secret as Client Secret under Connector Library > Salesforce > Setup",
            "who": "whoever runs the Cyclr Console",
            "url": null,
        }])
    );
    test.run("deploy").success();
    assert_snapshot!(test.run("verify --wait 0").exits(6).result());
    test.run("verify --done manual-step.cyclr-console").success();
    // Of an app that is gone and made anew nothing is done.
    test.run("destroy --yes").success();
    test.run("deploy").success();
    test.run("verify").exits(6);
}

#[test]
fn what_an_org_tells_of_a_step_nobody_has_to_say() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("ampersand"));
    let flags = "--var callback=https://partner.example/cb --wait 0";
    test.run("deploy --yes --var callback=https://partner.example/cb").success();
    let said = test.run(&format!("verify {flags}")).exits(6);
    assert!(
        said.stdout.contains("is manual-step.ampersand-user done? nobody who is active has it"),
        "{}",
        said.stdout
    );
    // Saying so does not help against what the org tells.
    test.run(&format!("verify {flags} --done manual-step.ampersand-user")).exits(6);
    org.assign("Ampersand_User", &org.other("analyst"));
    test.run(&format!("verify {flags} --done manual-step.ampersand-provider-app")).success();
    // What was seen is in the ledger as well.
    let told = test.run("deploy --yes --json --var callback=https://partner.example/cb").success().json();
    assert_eq!(steps(&told), Vec::<&str>::new());
}

#[test]
fn a_step_that_is_none_is_refused_by_its_nearest_name() {
    let test = Test::example("axsy");
    test.run("deploy").success();
    let said = test.run("verify --done named-credential.AxsyApex").exits(1);
    assert_snapshot!(said.talk(), @"
    usage

      × there is no manual step `named-credential.AxsyApex`
      help: did you mean named-credential.AxsyApexAPI?
    ");
}

#[test]
fn a_damaged_ledger_opens_every_step_and_stops_nothing() {
    let test = Test::example("axsy");
    test.run("deploy").success();
    test.run("verify --done named-credential.AxsyApexAPI").success();
    let (ledger, _) =
        test.files().into_iter().find(|(path, _)| path.starts_with(".orgwire/ledger/")).unwrap();
    test.write(&ledger, "{");
    let said = test.run("deploy").success();
    assert!(said.stderr.contains("every step that no API tells of counts as open"), "{}", said.stderr);
    assert!(said.stdout.contains("Still to do by hand"));
    test.run("verify").exits(6);
    let said = test.run("verify --done named-credential.AxsyApexAPI --json").exits(1);
    assert_eq!(said.json()["error"]["code"], "ledger");
    assert_eq!(test.read(&ledger), "{");
}

#[test]
fn mistakes_in_steps_and_conditions_are_told_with_their_place() {
    let lint = |text: &str| {
        let app = "[connected-app.A]\nlabel = \"A\"\ncontact-email = \"a@example.com\"\n\
                   [connected-app.A.oauth-config]\ncallback-url = \"https://a.example\"\nscopes = [\"Api\", \"RefreshToken\"]\n";
        let said = Test::new().manifest(&format!("{app}{text}")).run("lint --json").exits(1).json();
        let found = said["diagnostics"].as_array().unwrap().iter();
        let told = |one: &Value| {
            let word = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            format!("{}: {}", word("code"), word("message"))
        };
        found.map(told).collect::<Vec<_>>()
    };
    assert_eq!(
        lint("[manual-step.s]\ncomponent = \"connected-app.B\"\nwhat = \"x\"\n"),
        ["unknown-component: manual step `s` is about `connected-app.B`, which is not declared"]
    );
    assert_eq!(
        lint("[manual-step.s]\ncomponent = \"connected-app.A\"\n"),
        ["missing-field: manual step `s` needs `what`"]
    );
    assert_eq!(
        lint("[manual-step.s]\ncomponent = \"connected-app.A\"\nwhat = \"x\"\ndone-when = \"soon\"\n"),
        ["unknown-value: `done-when` of manual step `s` cannot be `soon`"]
    );
    assert_eq!(
        lint("[manual-step.s]\ncomponent = \"connected-app.A\"\nwhat = \"x\"\nwhere = \"y\"\n"),
        ["unknown-key: manual step `s` has no key `where`"]
    );
    assert_eq!(
        lint(
            "[manual-step.s]\ncomponent = \"connected-app.A\"\nwhat = \"x\"\ndone-when = \"token-minutes\"\n"
        ),
        ["missing-field: manual step `s` needs `minutes`"]
    );
    assert_eq!(
        lint("[manual-step.s]\ncomponent = \"connected-app.A\"\nwhat = \"x\"\nminutes = 5\n"),
        ["missing-field: manual step `s` needs `done-when`"]
    );
    assert_eq!(
        lint("[environment.x.connected-app.A]\nonly-if = \"true\"\n"),
        ["unknown-key: an overlay of `connected-app.A` has no key `only-if`"]
    );
    assert_eq!(
        lint(
            "[auth-provider.P]\nonly-if = \"${var.x}\"\nfriendly-name = \"P\"\nprovider-type = \"Salesforce\"\n\
              [variables]\nx = \"maybe\"\n"
        ),
        ["wrong-type: `only-if` of `auth-provider.P` must be true or false, not `maybe`"]
    );
    assert_eq!(
        lint(
            "[auth-provider.P]\nonly-if = { value = \"${var.x}\", is = [\"1\", \"2\"] }\nfriendly-name = \"P\"\n\
              provider-type = \"Salesforce\"\n[variables]\nx = \"3\"\n"
        ),
        ["unknown-value: no component is there for `3`"]
    );
    assert_eq!(
        lint(
            "[auth-provider.P]\nonly-if = { value = \"${org.id}\", is = \"1\" }\nfriendly-name = \"P\"\n\
              provider-type = \"Salesforce\"\n"
        ),
        ["wrong-type: `only-if` of `auth-provider.P` cannot wait for `org.id`"]
    );
}
