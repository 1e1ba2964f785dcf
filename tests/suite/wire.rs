//! What goes over the wire: how many requests, in which version, over which half of the API; and deployments that are
//! left, resumed, cancelled and validated.

use std::time::Duration;

use insta::assert_snapshot;
use orgwire::simulator::{Fault, Lock, Options, Pace};

use crate::link::Link;
use crate::simulated::Org;
use crate::test::Test;

fn example(link: &Link, org: &Org) -> Test {
    Test::example("axsy")
        .variable("ORGWIRE_INSTANCE_URL", link.url())
        .variable("ORGWIRE_ACCESS_TOKEN", org.token())
}

/// Every request of a first deployment in two passes, with looks run together.
#[test]
fn a_deployment_in_two_passes_asks_for_nothing_twice() {
    let org = Org::start(Options::default());
    let link = Link::to(org.instance_url());
    let test = example(&link, &org);
    let told = test.run("deploy --yes --json").success().json();
    let passed = link.passed();
    assert_eq!(told["requests"], passed.len());
    let mut lines: Vec<String> = passed.iter().map(|passed| without_id(&passed.line)).collect();
    // The first four go out together, and so do the last three.
    lines[..4].sort();
    let end = lines.len() - 3;
    lines[end..].sort();
    lines.dedup_by(|one, other| one == other && one.starts_with("GET") && one.contains("deployRequest"));
    assert_snapshot!(lines.join("\n"), @r#"
    GET /services/data/v62.0/query
    POST /services/Soap/m/62.0 readMetadata
    POST /services/Soap/m/62.0 readMetadata
    POST /services/Soap/m/62.0 readMetadata
    POST /services/data/v62.0/metadata/deployRequest
    GET /services/data/v62.0/metadata/deployRequest/ID
    GET /services/data/v62.0/query
    POST /services/data/v62.0/metadata/deployRequest
    GET /services/data/v62.0/metadata/deployRequest/ID
    POST /services/Soap/m/62.0 readMetadata
    POST /services/Soap/m/62.0 readMetadata
    POST /services/Soap/m/62.0 readMetadata
    "#);
}

/// Paths without ids and queries without their text.
fn without_id(line: &str) -> String {
    let line = line.split('?').next().unwrap();
    match line.find("/0Af") {
        Some(at) => format!("{}/ID", &line[..at]),
        None => line.to_owned(),
    }
}

#[test]
fn nothing_to_do_takes_four_questions() {
    let org = Org::start(Options::default());
    let link = Link::to(org.instance_url());
    let test = example(&link, &org);
    test.run("deploy --yes").success();
    let before = link.passed().len();
    test.run("deploy --yes").success();
    // One of them is for the callback URL, once it is known that the provider is there.
    assert_eq!(link.passed().len() - before, 5);
}

#[test]
fn a_project_is_sent_in_the_newest_version_that_an_older_org_has() {
    let org = Org::start(Options::default());
    let link = Link::to_older(org.instance_url(), 64);
    let test = example(&link, &org);
    test.edit("manifests/main.toml", "api-version = \"62.0\"", "api-version = \"66.0\"");
    let said = test.run("deploy --yes").success();
    let warning: Vec<&str> = said.stderr.lines().take(4).collect();
    assert_snapshot!("api_version_lowered", warning.join("\n"));
    assert!(link.passed().iter().all(|passed| !passed.line.contains("66.0")));
    test.run("plan --exit-code").success();
}

#[test]
fn what_an_older_org_does_not_know_is_an_error() {
    let org = Org::start(Options::default());
    let link = Link::to_older(org.instance_url(), 58);
    let test = example(&link, &org);
    test.edit("manifests/main.toml", "api-version = \"62.0\"", "api-version = \"66.0\"");
    test.edit("manifests/main.toml", "scopes = [", "is-pkce-required = true\nscopes = [");
    let said = test.run("plan").exits(1);
    assert_snapshot!(said.talk(), @r#"
    field-too-new

      × `oauth-config.is-pkce-required` of `connected-app.AxsyApexAPI` exists from API version 59.0 on
        ╭─[manifests/main.toml:35:1]
     34 │ consumer-secret = { generate = true } # lives in memory until both sides have it
     35 │ is-pkce-required = true
        · ────────┬───────
        ·         ╰── the package has 58.0
     36 │ scopes = ["Full", "RefreshToken"]
        ╰────
      help: the org has no newer version than 58.0: remove it, or wait for the org's next release
    "#);
}

#[test]
fn over_soap_the_same_comes_about() {
    let org = Org::start(Options::default());
    let link = Link::to(org.instance_url());
    let test = example(&link, &org);
    let told = test.run("deploy --yes --json --api soap").success().json();
    assert_eq!(told["passes"].as_array().unwrap().len(), 2);
    assert_eq!(told["wired"].as_array().unwrap().len(), 1);
    assert!(link.passed().iter().all(|passed| !passed.line.contains("deployRequest")));
    test.run("plan --exit-code").success();
}

fn slow() -> Options {
    let pace = Pace { pending: Duration::from_millis(400), in_progress: Duration::from_millis(400) };
    Options { pace, ..Options::default() }
}

#[test]
fn a_deployment_that_is_left_to_itself_is_resumed() {
    let org = Org::start(slow());
    let test = org.reached_by(Test::example("axsy"));
    let said = test.run("deploy --yes --async --json").exits(9);
    let told = said.json();
    assert_eq!(told["error"]["code"], "still-running");
    let id = told["passes"][0]["deploy_id"].as_str().unwrap().to_owned();
    let resumed = test.run("deploy --yes --resume --json").success().json();
    assert_eq!(resumed["resumed"][0]["deploy_id"], id.as_str());
    assert_eq!(resumed["resumed"][0]["status"], "Succeeded");
    // What was left is the second pass.
    assert_eq!(resumed["passes"].as_array().unwrap().len(), 1);
    assert_eq!(resumed["passes"][0]["components"][0], "connected-app.AxsyApexAPI");
    let said = test.run("deploy --yes --resume").exits(1);
    assert_snapshot!(said.talk(), @r#"
    nothing-in-flight

      × no deployment to 127.0.0.1:PORT (http://127.0.0.1:PORT) is in flight
      help: run `deploy` without --resume, or name the deployment: --resume=ID
    "#);
    // By its id it can be asked for from anywhere.
    test.run(&format!("deploy --yes --resume {id}")).success();
}

#[test]
fn an_org_that_ends_with_the_command_is_left_nothing() {
    let said = Test::example("axsy").run("deploy --async").exits(1);
    assert_snapshot!(said.talk(), @r#"
    usage

      × --async leaves a deployment to its org, and the local org ends with this command
      help: serve it first: orgwire simulate; nothing was sent
    "#);
}

#[test]
fn a_plain_deployment_waits_for_what_was_left() {
    let org = Org::start(slow());
    let test = org.reached_by(Test::example("axsy"));
    test.run("deploy --yes --async").exits(9);
    let said = test.run("deploy --yes").success();
    assert!(said.stderr.contains("of an earlier run ended as Succeeded"), "{}", said.stderr);
    test.run("plan --exit-code").success();
}

#[test]
fn a_lock_on_the_setup_is_waited_for() {
    for code in Lock::ALL {
        let org = Org::start(Options::default());
        let test = org.reached_by(Test::example("axsy"));
        org.inject(Fault::Lock { times: 1, code });
        let said = test.run("deploy --yes --json").success();
        assert!(
            said.stderr.contains("Another change holds the org's setup; sending again"),
            "{}",
            said.stderr
        );
        // What met the lock is none of the passes that were done.
        assert_eq!(said.json()["passes"].as_array().unwrap().len(), 2);
        test.run("plan --exit-code").success();
    }
}

#[test]
fn a_running_deployment_is_cancelled() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("axsy"));
    org.inject(Fault::Hold);
    let told = test.run("deploy --yes --async --json").exits(9).json();
    let id = told["passes"][0]["deploy_id"].as_str().unwrap();
    let said = test.run("plan").success();
    assert!(
        said.stderr.contains(&format!("the deployment {id} of an earlier run was left in flight")),
        "{}",
        said.stderr
    );
    let said = test.run("cancel").success();
    assert!(said.stdout.starts_with("Cancelled 0Af"), "{}", said.stdout);
    assert_eq!(org.deployment(id), "Canceled");
    assert!(!org.has("ConnectedApp", "AxsyApexAPI"));
    let said = test.run("cancel").exits(1);
    assert_snapshot!(said.talk(), @r#"
    nothing-in-flight

      × no deployment to 127.0.0.1:PORT (http://127.0.0.1:PORT) is in flight
      help: name the deployment: orgwire cancel ID
    "#);
    let said = test.run(&format!("cancel {id}")).success();
    assert!(said.stdout.starts_with("Cancelled 0Af"), "it is already\n{}", said.stdout);
}

#[test]
fn what_is_done_cannot_be_cancelled() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("axsy"));
    let told = test.run("deploy --yes --json").success().json();
    let id = told["passes"][0]["deploy_id"].as_str().unwrap();
    let said = test.run(&format!("cancel {id}")).exits(1);
    assert_snapshot!(said.talk(), @r#"
    too-late

      × the deployment 0AfID was not cancelled: it is Succeeded
      help: plan to see what the org holds now
    "#);
}

#[test]
fn a_validation_with_tests_is_deployed_as_it_was_seen() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("axsy"));
    let validate = "deploy --yes --json --check-only --test-level RunLocalTests";
    let told = test.run(validate).success().json();
    let id = told["passes"][0]["deploy_id"].as_str().unwrap().to_owned();
    assert!(!org.has("ConnectedApp", "AxsyApexAPI"));
    let told = test.run(&format!("deploy --yes --json --quick {id}")).success().json();
    assert_ne!(told["passes"][0]["deploy_id"], id.as_str());
    assert_eq!(told["passes"].as_array().unwrap().len(), 2);
    test.run("plan --exit-code").success();
    // Once it is there, the validation is of something else than would be sent.
    let said = test.run(&format!("deploy --yes --quick {id}")).exits(7);
    assert_snapshot!(said.talk(), @r#"
    stale-validation

      × the validation 0AfID cannot stand for this plan: nothing is left to send
      help: validate again with `deploy --check-only`, or deploy without --quick; nothing was sent
    "#);
}

/// Zips of validations are large, and only the last few are worth their room.
#[test]
fn only_the_last_validations_can_be_deployed() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("axsy"));
    let validate = || {
        let told = test.run("deploy --yes --json --check-only --test-level RunLocalTests").success().json();
        told["passes"][0]["deploy_id"].as_str().unwrap().to_owned()
    };
    let ids: Vec<String> = (0..6).map(|_| validate()).collect();
    let said = test.run(&format!("deploy --yes --json --quick {}", ids[0])).exits(4);
    assert_eq!(said.json()["error"]["org_code"], "validation-not-deployable");
    test.run(&format!("deploy --yes --quick {}", ids[1])).success();
}

#[test]
fn a_validation_of_other_components_does_not_stand_for_these() {
    let org = Org::start(Options::default());
    let test = org.reached_by(Test::example("axsy"));
    let validate = "deploy --yes --json --check-only --test-level RunLocalTests";
    let told = test.run(validate).success().json();
    let id = told["passes"][0]["deploy_id"].as_str().unwrap().to_owned();
    let more = "[remote-site-setting.More]\nis-active = true\ndisable-protocol-security = false\nurl = \"https://more.example\"\n\n[variables]";
    test.edit("manifests/main.toml", "[variables]", more);
    let said = test.run(&format!("deploy --yes --quick {id}")).exits(7);
    assert_snapshot!(said.talk(), @r#"
    stale-validation

      × the validation 0AfID cannot stand for this plan: remote-site-setting.More was not in it
      help: validate again with `deploy --check-only`, or deploy without --quick; nothing was sent
    "#);
    assert!(!org.has("ConnectedApp", "AxsyApexAPI"));
}
