//! Faults from a file and from outside, met by the real client: what it survives, and that a run can be repeated.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use orgwire::simulator::{Options, Script};
use serde_json::{Value, json};

use crate::simulated::Org;
use crate::test::Test;

const APP: &str = "AxsyApexAPI";

fn org(faults: &str) -> Org {
    Org::start(Options { faults: Script::read(faults, "local").unwrap(), ..Options::default() })
}

/// Deploys until it is done, and no more often than there is a reason to.
fn deploy_until_done(test: &Test) -> u32 {
    for run in 1..=12 {
        let said = test.run("deploy --yes --json");
        match said.code {
            0 => return run,
            1 | 4 | 8 | 9 => {}
            code => panic!("exit code {code}\n{}\n{}", said.stdout, said.stderr),
        }
    }
    panic!("it never came to an end");
}

/// Everything exists, was created by one deployment, and is wired. Tells how often faults have struck until then.
fn is_as_the_manifest_says(test: &Test, org: &Org) -> u64 {
    let struck = org.struck();
    org.calm();
    test.run("plan --exit-code").success();
    let mut created: BTreeMap<String, usize> = BTreeMap::new();
    for id in org.deployments() {
        let result = org.deployment_result(&id);
        assert!(result.done, "{id} is {}", result.status);
        for row in result.rows.iter().filter(|row| row.created && result.success) {
            *created.entry(row.component_type.clone()).or_default() += 1;
        }
    }
    let once = ["AuthProvider", "ConnectedApp", "NamedCredential"].map(|kind| (kind.to_owned(), 1));
    assert_eq!(created, BTreeMap::from(once));
    let callback = org.text("ConnectedApp", APP, "oauthConfig.callbackUrl");
    assert!(callback.ends_with("/services/authcallback/AxsyApexAPI"), "{callback}");
    struck
}

/// A line on which a quarter of all requests meets something.
fn whatever_strikes(seed: u32) {
    let org = org(&format!(
        r#"
        seed = {seed}
        [[fault]]
        do = "drop"
        times = "always"
        chance = 0.04
        [[fault]]
        do = "drop"
        moment = "answer"
        times = "always"
        chance = 0.06
        [[fault]]
        do = "answer"
        times = "always"
        chance = 0.06
        headers = {{ Retry-After = "0" }}
        [[fault]]
        do = "truncate"
        times = "always"
        chance = 0.05
        [[fault]]
        do = "retype"
        content-type = "text/html"
        times = "always"
        chance = 0.03
        "#
    ));
    let test = org.reached_by(Test::example("axsy"));
    deploy_until_done(&test);
    assert!(is_as_the_manifest_says(&test, &org) > 0, "seed {seed} struck nothing");
}

macro_rules! seeds {
    ($($name:ident: $seed:expr;)*) => {
        mod whatever_strikes_the_org_comes_to_what_the_manifest_says {
            $(#[test] fn $name() { super::whatever_strikes($seed); })*
        }
    };
}

seeds! { one: 1; two: 2; three: 3; four: 4; five: 5; six: 6; }

/// The answer to the second look is a page, to the third nothing; the deployment goes on meanwhile.
#[test]
fn a_slow_and_broken_line_is_waited_for_in_one_run() {
    let org = org(r#"
        [[fault]]
        do = "drip"
        bytes = 200
        by = "2ms"
        times = "always"
        [[fault]]
        do = "retype"
        method = "GET"
        path = "/services/data/*/metadata/deployRequest"
        content-type = "text/html"
        skip = 1
        [[fault]]
        do = "truncate"
        method = "GET"
        path = "/services/data/*/metadata/deployRequest"
        keep = 0
        [[fault]]
        do = "delay"
        by = "300ms"
        call = "readMetadata"
        times = "always"
        "#);
    let test = org.reached_by(Test::example("axsy"));
    test.run("deploy --yes").success();
    assert!(is_as_the_manifest_says(&test, &org) > 6);
}

/// The org takes the deployment and then says that it is too busy: sending it again would send it twice.
#[test]
fn a_deployment_that_was_taken_and_refused_is_found() {
    let org = org(r#"
        [[fault]]
        do = "answer"
        method = "POST"
        path = "/services/data/*/metadata/deployRequest"
        moment = "answer"
        status = 502
        body = "<html>Bad gateway</html>"
        "#);
    let test = org.reached_by(Test::example("axsy"));
    let said = test.run("deploy --yes").success();
    assert!(said.stderr.contains("asking the org whether it has arrived"), "{}", said.stderr);
    is_as_the_manifest_says(&test, &org);
}

/// Every session ends with its fifth request, and none of the requests is lost or sent twice.
#[test]
fn a_session_that_ends_again_and_again_is_renewed() {
    let org = org("");
    let key = "PeersKey0123456789abcdefghijklmnopqrstuvwxyz";
    let secret = "PeersSecret0123456789abcdefghijklmnopqrstuvwxyz";
    let app = Test::new()
        .manifest(&format!(
            "api-version = \"62.0\"\n[connected-app.Peers]\nlabel = \"Peers\"\ncontact-email = \"a@example.com\"\n\
             [connected-app.Peers.oauth-config]\ncallback-url = \"https://peers.example/callback\"\n\
             consumer-key = {{ env = \"KEY\" }}\nconsumer-secret = {{ env = \"SECRET\" }}\n\
             is-client-credential-enabled = true\noauth-client-credential-user = \"{}\"\nscopes = [\"Api\"]\n",
            org.username()
        ))
        .variable("KEY", key)
        .variable("SECRET", secret);
    org.reached_by(app).run("deploy --yes").success();
    org.control("POST", "faults", "[[fault]]\ndo = \"expire-session\"\nskip = 4\npath = \"/services\"");
    let login =
        "{ client-credentials = { client-id = { env = \"KEY\" }, client-secret = { env = \"SECRET\" } } }";
    let test = Test::example("axsy")
        .file(
            "orgwire.toml",
            &format!("[org.uat]\ninstance-url = \"{}\"\nlogin = {login}\n", org.instance_url()),
        )
        .variable("KEY", key)
        .variable("SECRET", secret);
    test.run("deploy --yes --org uat").success();
    assert_eq!(org.struck(), 1);
    test.run("plan --org uat --exit-code").success();
}

#[test]
fn a_file_of_faults_is_checked_before_anything_is_served() {
    let test = Test::new().file("faults.toml", "seed = 1\n\n[[fault]]\ndo = \"delay\"\n");
    assert_snapshot!(test.run("simulate --faults faults.toml").exits(1).talk(), @r#"
    usage

      × cannot use the faults in `faults.toml`
      ╰─▶ line 3: delay needs a time: by = "2s"
      help: docs/faults.md says what the file of --faults may hold
    "#);
    assert_snapshot!(test.run("simulate --faults fault.toml").exits(1).talk(), @r#"
    unreadable-file

      × cannot read faults from `fault.toml`
      ╰─▶ No such file or directory (os error 2)
      help: docs/faults.md says what the file of --faults may hold
    "#);
}

#[test]
fn a_rehearsal_is_arranged_from_outside() {
    let test = Test::example("axsy").file(
        "faults.toml",
        "[[fault]]\ndo = \"drop\"\npath = \"/services/data\"\n[[fault]]\ndo = \"hold\"\norg = \"another\"\n",
    );
    let mut serving = test.start("simulate --faults faults.toml");
    let ready: Value = serde_json::from_str(&serving.until("instance_url")).unwrap();
    let url = ready["instance_url"].as_str().unwrap();
    let token = ready["access_token"].as_str().unwrap();
    let ask = |method: &str, resource: &str, body: &str| -> (u16, Value) {
        crate::simulated::ask(method, &format!("{url}/simulator/{resource}"), token, body)
    };
    let drop = json!({ "do": "drop", "on": "/services/data", "met": 0, "struck": 0, "left": 1 });
    assert_eq!(ask("GET", "faults", ""), (200, json!([drop])));
    test.run("deploy --yes").success();
    let (_, told) = ask("GET", "faults", "");
    assert_eq!((&told[0]["struck"], &told[0]["left"]), (&json!(1), &json!(0)));
    let (status, told) = ask("POST", "faults", "[[fault]]\ndo = \"reject\"\ncomponent = \"x\"");
    assert_eq!(
        (status, told),
        (400, json!({ "error": "line 1: reject needs problem = \"what the org says\"" }))
    );
    assert_eq!(ask("DELETE", "faults", ""), (200, json!([])));

    let (_, before) = ask("GET", "clock", "");
    let (status, after) = ask("POST", "clock", "{\"advance\": \"2days\"}");
    assert_eq!(status, 200);
    assert!(after["now"].as_str() > before["now"].as_str());
    assert_eq!(ask("POST", "clock", "{\"advance\": \"soon\"}").0, 400);
    assert_eq!(ask("PUT", "clock", "").0, 405);
    assert_eq!(ask("GET", "queue", "").0, 404);
    let stranger = crate::simulated::ask("GET", &format!("{url}/simulator/faults"), "00D!x", "");
    assert_eq!(stranger.0, 401);
}
