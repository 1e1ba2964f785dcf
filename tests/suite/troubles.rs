//! The world fails: disk, port, org, and the user who changes their mind.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use insta::assert_snapshot;
use orgwire::simulator::{Act, Fault, Moment, OnRequest, Options, Pace};

use crate::simulated::Org;
use crate::test::{Said, Test};

const MANIFEST: &str = r#"
    [connected-app.Orders]
    label = "Orders"
    contact-email = "ops@example.com"

    [connected-app.Orders.oauth-config]
    callback-url = "https://orders.example/callback"
    scopes = ["Api", "RefreshToken"]
"#;

fn project() -> Test {
    Test::new().manifest(MANIFEST)
}

// ---- disk

#[test]
fn a_file_where_the_local_orgs_folder_belongs_is_named() {
    let test = project().file(".orgwire", "");
    let said = test.run("deploy").exits(1);
    assert_snapshot!(said.talk(), @r#"
    local-org

      × cannot create `.orgwire/local`, where the local org is kept
      ╰─▶ Not a directory (os error 20)
    "#);
}

#[test]
#[cfg(unix)]
fn a_folder_that_cannot_be_written_to_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let test = project();
    fs::set_permissions(test.path(""), fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write everywhere; then there is nothing to see.
    if fs::write(test.path("probe"), "").is_ok() {
        return;
    }
    let said = test.run("deploy").exits(1);
    fs::set_permissions(test.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(said.stderr.contains("Permission denied"), "{}", said.stderr);
}

#[test]
fn a_damaged_local_org_is_not_repaired_by_guessing() {
    let test = project();
    test.run("deploy").success();
    let whole = test.read(".orgwire/local/org.json");
    test.write(".orgwire/local/org.json", &whole[..whole.len() / 2]);
    let said = test.run("plan").exits(1);
    assert!(said.stderr.contains("delete the folder"), "{}", said.stderr);
    assert_eq!(test.read(".orgwire/local/org.json"), whole[..whole.len() / 2]);
    test.write(".orgwire/local/org.json", "");
    assert_snapshot!(test.run("plan").exits(1).talk(), @r#"
    local-org

      × cannot read the local org in `.orgwire/local/org.json`: not what the local org writes, at line 1 column
      │ 0
      help: delete the folder `.orgwire/local` to start afresh
    "#);
    fs::remove_dir_all(test.path(".orgwire/local")).unwrap();
    test.run("plan").success();
}

#[test]
fn an_output_folder_that_is_a_file_is_named() {
    let test = project().file("out", "mine");
    let said = test.run("render --output out").exits(1);
    assert_snapshot!(said.talk(), @r#"
    unwritable-file

      × cannot write `out/connectedApps/Orders.connectedApp`
      ╰─▶ Not a directory (os error 20)
      help: check the folder's permissions and the space left; a file that was there is unchanged
    "#);
    assert_eq!(test.read("out"), "mine");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_under_standard_output_is_not_a_success() {
    let test = project();
    let said = test.run_script("exec \"$ORGWIRE\" render --output out > /dev/full").exits(1);
    assert_snapshot!(said.talk(), @r#"
    output

      × cannot write to standard output
      ╰─▶ No space left on device (os error 28)
    "#);
    test.run_script("exec \"$ORGWIRE\" schema > /dev/full").exits(1);
}

/// A limit on the size of files stands in for a disk that is full: a write fails in the same place.
#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_fills_up_leaves_no_half_a_file() {
    let test = project();
    test.run("render --output out").success();
    let before = test.files();
    test.edit("manifests/main.toml", "label = \"Orders\"", "label = \"Changed\"");
    let script = "trap '' XFSZ && ulimit -f 0 && exec \"$ORGWIRE\" render --output out";
    let said = test.run_script(script).exits(1);
    assert_snapshot!(said.talk(), @r#"
    unwritable-file

      × cannot write `out/connectedApps/Orders.connectedApp`
      ╰─▶ File too large (os error 27)
      help: check the folder's permissions and the space left; a file that was there is unchanged
    "#);
    let rendered = |files: Vec<(String, Vec<u8>)>| -> Vec<_> {
        files.into_iter().filter(|(path, _)| path.starts_with("out/")).collect()
    };
    assert_eq!(rendered(test.files()), rendered(before));
}

#[test]
#[cfg(target_os = "linux")]
fn a_local_org_that_cannot_be_saved_refuses_the_deployment() {
    let test = project();
    test.run("plan").success();
    let script = "trap '' XFSZ && ulimit -f 0 && exec \"$ORGWIRE\" deploy";
    let said = test.run_script(script);
    assert_ne!(said.code, 0, "{}", said.stdout);
    Org::of(&test, |org| assert!(!org.has("ConnectedApp", "Orders")));
}

// ---- the local org in several processes

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = project().run(&format!("simulate --port {port}")).exits(1);
    assert_snapshot!(said.talk().replace(&port, "PORT"), @r#"
    local-org

      × port PORT, where the local org is to answer, is taken by another program
      help: free the port, or move the org to another: orgwire simulate --port N
    "#);
}

#[test]
#[cfg(unix)]
fn commands_use_the_org_that_another_process_serves() {
    let test = project();
    let mut serving = test.start("simulate");
    let ready: serde_json::Value = serde_json::from_str(&serving.until("instance_url")).unwrap();
    let told = test.run("deploy --json").success().json();
    assert_eq!(told["org"]["instance_url"], ready["instance_url"]);
    assert_eq!(test.run("plan --exit-code").success().code, 0);
    // One folder has one org.
    let second = test.run("simulate").exits(1);
    assert_snapshot!(second.talk(), @r#"
    local-org

      × the local org in `.orgwire/local` is already running in another process
      help: other commands find it there and use it
    "#);
    serving.signal("INT");
    serving.end().success();
    // It was kept.
    test.run("plan --exit-code").success();
}

// ---- an org elsewhere

#[test]
#[cfg(unix)]
fn an_interrupt_cancels_the_deployment_in_the_org() {
    let said = ["INT", "TERM"].map(|signal| {
        let org = Org::start(Options::default());
        org.inject(Fault::Hold);
        let test = org.reached_by(project());
        let mut running = test.start("deploy --yes --json");
        running.until("InProgress");
        running.signal(signal);
        let said = running.end().exits(8);
        let told = said.json();
        let id = told["passes"][0]["deploy_id"].as_str().unwrap();
        assert_eq!(org.deployment(id), "Canceled");
        assert_eq!(told["passes"][0]["status"], "Canceled");
        assert!(!org.has("ConnectedApp", "Orders"));
        org.stop();
        without_progress(&said)
    });
    assert_snapshot!(said[0], @r#"
    Asked the org to cancel; interrupt again to stop waiting for it
    cancelled

      × the deployment 0AfID was cancelled in pass 1 of 1
      help: nothing was changed in the org
    "#);
    assert_eq!(said[0], said[1]);
}

/// Deployments wait long enough for the fault to be there when the second one starts.
#[test]
#[cfg(unix)]
fn an_interrupt_in_the_second_pass_says_that_the_first_stays() {
    let pace = Pace { pending: Duration::from_secs(1), ..Pace::default() };
    let org = Org::start(Options { pace, ..Options::default() });
    let test = org.reached_by(Test::example("axsy"));
    let mut running = test.start("deploy --yes");
    running.until("Pass 2 of 2: sending");
    org.inject(Fault::Hold);
    running.until("Pass 2 of 2: InProgress");
    running.signal("INT");
    let said = running.end().exits(8);
    assert_snapshot!(without_progress(&said), @r#"
    Asked the org to cancel; interrupt again to stop waiting for it
    cancelled

      × the deployment 0AfID was cancelled in pass 2 of 2
      help: pass 1 stays in place; run `deploy` again to send the rest
    "#);
    // What is in place has the placeholder still, and the next deployment mends just that.
    let callback = || org.text("ConnectedApp", "AxsyApexAPI", "oauthConfig.callbackUrl");
    assert_eq!(callback(), "https://login.salesforce.com/services/oauth2/success");
    let told = test.run("deploy --yes --json").success().json();
    assert_eq!(told["passes"].as_array().unwrap().len(), 1);
    assert!(callback().ends_with("/services/authcallback/AxsyApexAPI"), "{}", callback());
    org.stop();
}

/// How often the state of a deployment is seen depends on the machine.
fn without_progress(said: &Said) -> String {
    let talk = said.talk();
    let lines: Vec<&str> = talk.lines().filter(|line| !line.starts_with("Pass ")).collect();
    lines.join("\n")
}

#[test]
fn nobody_to_ask_and_no_yes_sends_nothing() {
    let org = Org::start(Options::default());
    let test = org.reached_by(project());
    let said = test.run("deploy").exits(1);
    assert_snapshot!(said.talk(), @r#"
    confirmation-needed

      × deploying to 127.0.0.1:PORT (http://127.0.0.1:PORT) needs a confirmation, and nobody can be asked
      help: look at the plan with `orgwire plan`, then deploy with --yes; nothing was sent
    "#);
    assert_eq!(test.run("deploy --no-input").exits(1).stderr, said.stderr);
    assert_eq!(test.run("deploy --json").exits(1).json()["error"]["code"], "confirmation-needed");
    assert!(!org.has("ConnectedApp", "Orders"));
    test.run("deploy --check-only").success();
    assert!(!org.has("ConnectedApp", "Orders"));
    test.run("deploy --yes").success();
    assert!(org.has("ConnectedApp", "Orders"));
    org.stop();
}

#[test]
fn a_token_that_is_not_taken_is_a_matter_of_login() {
    let org = Org::start(Options::default());
    let token = "00DxxCanary!wrong";
    let test = org.reached_by(project()).variable("ORGWIRE_ACCESS_TOKEN", token);
    for words in ["plan -vv", "deploy --yes"] {
        let said = test.run(words).exits(3);
        assert!(!said.stderr.contains(token) && !said.stdout.contains(token), "{}", said.stderr);
    }
    assert_snapshot!(test.run("plan").exits(3).talk(), @r#"
    login-expired

      × cannot log in to `http://127.0.0.1:PORT`
      ╰─▶ INVALID_SESSION_ID: Session expired or invalid
      help: the session has most likely ended: log in again for a fresh token; if that one fails too, it may be
            for another org, or sessions are locked to the address they began at (seen: the host serves the API
            of an org, its user info refuses the token as well)
    "#);
    assert_eq!(test.run("plan --json").exits(3).json()["error"]["code"], "login-expired");
    org.stop();
}

#[test]
fn an_org_that_is_not_there_is_named() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let test = project().variable("ORGWIRE_INSTANCE_URL", &url).variable("ORGWIRE_ACCESS_TOKEN", "00Dx!y");
    let said = test.run("plan").exits(1);
    assert_snapshot!(said.talk(), @r#"
    no-answer

      × cannot query org `127.0.0.1:PORT`
      ╰─▶ `127.0.0.1` refused the connection (Connection refused (os error 111))
      help: check the address and port, and that the org (or `orgwire simulate`) is up
    "#);
}

#[test]
fn a_deployment_that_did_not_arrive_is_told_and_sent_by_the_next_run() {
    let org = Org::start(Options::default());
    org.inject(OnRequest::to("/services/data/v67.0/metadata/deployRequest", Act::Drop(Moment::Request)));
    let test = org.reached_by(project());
    let said = test.run("deploy --yes").exits(1);
    assert_snapshot!(without_progress(&said), @r#"
    The answer to the deployment was lost; asking the org whether it has arrived
    not-arrived

      × the deployment did not arrive (`127.0.0.1` ended the connection before the answer was complete
      │ (connection closed before message completed))
      help: the org was asked for it and has not got it: run `deploy` again; nothing was changed in the org
    "#);
    test.run("deploy --yes").success();
    org.stop();
}

#[test]
fn half_an_address_is_refused() {
    let url = project().variable("ORGWIRE_INSTANCE_URL", "https://acme.my.salesforce.com");
    let token = project().variable("ORGWIRE_ACCESS_TOKEN", "00Dx!Canary");
    let said = url.run("plan").exits(1);
    assert_snapshot!(said.talk(), @r#"
    unreachable-org

      × only one of ORGWIRE_INSTANCE_URL and ORGWIRE_ACCESS_TOKEN is set
      help: set both to reach that org, or unset both (or pass --org local) for the local one
    "#);
    assert_eq!(token.run("plan").exits(1).stderr, said.stderr);
    // The local org needs neither.
    token.run("plan --org local").success();
}

#[test]
fn orgs_by_name_need_an_address_and_a_login() {
    let named = |configuration: &str| project().file("orgwire.toml", configuration);
    let no_address = named("[org.uat]\n");
    assert_snapshot!(no_address.run("plan --org uat").exits(1).talk(), @r#"
    unreachable-org

      × org `uat` has no address
      help: add it in orgwire.toml:
            [org.uat]
            instance-url = "https://..."
    "#);
    let uat = "[org.uat]\ninstance-url = \"https://acme--uat.sandbox.my.salesforce.com\"\n";
    assert_snapshot!(named(uat).run("plan --org uat").exits(3).talk(), @r#"
    unreachable-org

      × there is no login for org `uat`
      help: write one beside its address in orgwire.toml, such as login = { sf = "ALIAS" }, or set
            ORGWIRE_ACCESS_TOKEN
    "#);
    let elsewhere = named(uat).variable("ORGWIRE_INSTANCE_URL", "https://acme.my.salesforce.com");
    let elsewhere = elsewhere.variable("ORGWIRE_ACCESS_TOKEN", "00Dx!Canary");
    assert_snapshot!(elsewhere.run("deploy --org uat --yes").exits(1).talk(), @r#"
    unreachable-org

      × org `uat` is at https://acme--uat.sandbox.my.salesforce.com, and ORGWIRE_INSTANCE_URL says
      │ https://acme.my.salesforce.com
      help: unset ORGWIRE_INSTANCE_URL, or correct one of the two
    "#);
    let plain = project().variable("ORGWIRE_INSTANCE_URL", "http://acme.my.salesforce.com");
    let plain = plain.variable("ORGWIRE_ACCESS_TOKEN", "00Dx!Canary");
    assert_snapshot!(plain.run("plan").exits(1).talk(), @r#"
    invalid-org

      × `http://acme.my.salesforce.com` cannot be used as the address of an org: over plain http anyone on the
      │ way could read the access token
      help: write `https://acme.my.salesforce.com`
    "#);
}

#[test]
fn a_day_whose_requests_are_used_up_is_told_as_that_and_not_waited_for() {
    // The first request is over REST, the second over SOAP, the third would deploy, the fourth reads back.
    let told = |limit: u64| {
        let org = Org::start(Options { daily_limit: Some(limit), ..Options::default() });
        let said = org.reached_by(project()).run("deploy --yes").exits(4).talk();
        org.stop();
        said[said.find("refused-by-org").unwrap()..].to_owned()
    };
    assert_snapshot!(told(0), @r#"
    refused-by-org

      × cannot query org `127.0.0.1:PORT`
      ╰─▶ REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.
      help: wait, or ask Salesforce for more; `Sforce-Limit-Info` counts them (more: orgwire explain
            requests-used-up)
    "#);
    assert_snapshot!(told(1), @r#"
    refused-by-org

      × cannot read components of org `127.0.0.1:PORT`
      ╰─▶ REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.
      help: wait, or ask Salesforce for more; `Sforce-Limit-Info` counts them (more: orgwire explain
            requests-used-up)
    "#);
    assert_snapshot!(told(2), @r#"
    refused-by-org

      × cannot deploy to org `127.0.0.1:PORT`
      ╰─▶ REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.
      help: wait, or ask Salesforce for more; `Sforce-Limit-Info` counts them (more: orgwire explain
            requests-used-up); nothing was deployed
    "#);
    assert_snapshot!(told(3), @r#"
    refused-by-org

      × cannot read components of org `127.0.0.1:PORT`
      ╰─▶ REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.
      help: wait, or ask Salesforce for more; `Sforce-Limit-Info` counts them (more: orgwire explain
            requests-used-up); pass 1 stays in place; correct the cause and run `deploy` again
    "#);
}

/// What an org says about a blocked creation is not public (CA-73).
#[test]
fn an_app_that_is_refused_in_unknown_words_may_be_blocked() {
    let org = Org::start(Options::default());
    org.inject(Fault::Reject {
        component: "connected-app.Orders".to_owned(),
        problem: "Something new".to_owned(),
    });
    let said = org.reached_by(project()).run("deploy --yes").exits(4).talk();
    let (_, help) = said.split_once("help: ").unwrap();
    // What follows is shown to be deployable elsewhere.
    let (help, fragment) = help.split_once("[external-client-application.Orders]").unwrap();
    assert!(fragment.contains("[extl-clnt-app-oauth-configurable-policies.Orders_oauthPlcy]"), "{fragment}");
    assert_snapshot!(help, @r"
    since Spring '26 most orgs refuse to create connected apps unless Salesforce Support allows it
            (CA-70); if that is the reason, ask Support or use an external client app (more: orgwire explain
            app-creation-blocked); nothing was changed in the org; the way out is an external client app; in
            place of [connected-app.Orders] write

            
    ");
}
