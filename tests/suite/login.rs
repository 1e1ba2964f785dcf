//! Ways into an org: what `orgwire.toml` says of them, what is sent, and what a user sees when they fail.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use insta::assert_snapshot;
use orgwire::simulator::Options;

use crate::front::{Front, Grant};
use crate::oauth::Scene;
use crate::simulated::Org;
use crate::test::{Said, Test, eventually};

/// Programs that stand in for others, and what they keep, outside of the project.
pub struct Programs(tempfile::TempDir);

impl Programs {
    pub fn new() -> Programs {
        Programs(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// A shell script under this name; each call is remembered.
    pub fn add(self, name: &str, script: &str) -> Programs {
        let path = self.path(name);
        let calls = self.path(&format!("{name}.calls"));
        fs::write(&path, format!("#!/bin/sh\necho \"$@\" >> '{calls}'\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// A keyring with room for one secret.
    fn with_keyring(self) -> Programs {
        let kept = self.path("kept");
        let script = format!(
            "case $1 in\n\
             store) /bin/cat > '{kept}' ;;\n\
             lookup) [ -f '{kept}' ] || exit 1; /bin/cat '{kept}' ;;\n\
             clear) /bin/rm -f '{kept}' ;;\n\
             esac"
        );
        self.add("secret-tool", &script)
    }

    fn calls(&self, name: &str) -> String {
        fs::read_to_string(self.path(&format!("{name}.calls"))).unwrap_or_default()
    }

    /// Nothing else is in PATH.
    pub fn used_by(&self, test: Test) -> Test {
        test.variable("PATH", &self.0.path().display().to_string())
    }
}

/// A project that goes to an org with this login.
fn project(org: &Front, login: &str) -> Test {
    let url = org.url();
    Test::example("axsy")
        .file("orgwire.toml", &format!("[org.uat]\ninstance-url = \"{url}\"\nlogin = {login}\n"))
        .variable("APP_SECRET", "canary_app_secret")
}

/// An org with its gate, and the sessions it grants.
fn gate(grants: impl IntoIterator<Item = Grant>) -> (Org, Front) {
    let org = Org::start(Options::default());
    let front = Front::before(org.instance_url(), org.token(), grants);
    (org, front)
}

fn session() -> Grant {
    Grant::Session(String::new())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Nothing secret is in what was said, nor in any file of the project but the key that the test put there.
#[track_caller]
fn assert_discreet(test: &Test, said: &Said, org: &Org) {
    let token = org.token();
    for text in [&said.stdout, &said.stderr] {
        assert!(!text.contains("canary") && !text.contains(token), "{text}");
    }
    for (name, bytes) in test.files() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("canary") && !text.contains(token), "{name}");
    }
}

const CLIENT_CREDENTIALS: &str =
    "{ client-credentials = { client-id = \"3MVG9app\", client-secret = { env = \"APP_SECRET\" } } }";

#[test]
fn client_credentials_deploy() {
    let (org, front) = gate([session()]);
    let test = project(&front, CLIENT_CREDENTIALS);
    let said = test.run("deploy --org uat --yes --json").success();
    let body = said.json();
    assert_eq!(body["org"]["name"], "uat");
    assert_eq!(body["org"]["simulated"], false);
    assert!(org.has("ConnectedApp", "AxsyApexAPI"));
    let form = "token grant_type=client_credentials&client_id=3MVG9app&client_secret=canary_app_secret";
    assert_eq!(front.forms(), [form]);
    assert_discreet(&test, &said, &org);
}

#[test]
fn a_jwt_is_signed_with_a_key_file_beside_orgwire_toml() {
    let (org, front) = gate([session()]);
    let login = "{ jwt = { client-id = { env = \"APP_ID\" }, username = \"ci@acme.com\", key-file = \"keys/ci.pem\" } }";
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys/rsa.pem");
    let test = project(&front, login)
        .variable("APP_ID", "3MVG9app")
        .file("keys/ci.pem", &fs::read_to_string(key).unwrap());
    let said = test.run("plan --org uat").success();
    let form = front.forms().remove(0);
    let assertion = form
        .strip_prefix("token grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=");
    assert_eq!(assertion.unwrap().split('.').count(), 3);
    assert!(!said.stderr.contains(assertion.unwrap()));
    org.stop();
}

#[test]
fn a_refresh_token_that_is_replaced_is_warned_of() {
    let (org, front) = gate([Grant::Session(r#","refresh_token":"5Aep.canary_next""#.to_owned())]);
    let test = project(
        &front,
        "{ refresh-token = { client-id = \"3MVG9app\", refresh-token = { env = \"REFRESH\" } } }",
    )
    .variable("REFRESH", "5Aep.canary_first\n");
    let said = test.run("plan --org uat --quiet").success();
    assert_eq!(
        front.forms(),
        ["token grant_type=refresh_token&client_id=3MVG9app&refresh_token=5Aep.canary_first"]
    );
    assert_snapshot!(said.stderr, @r#"
    warning: org `uat` has replaced the refresh token, as its app asks for (rotation), and orgwire cannot write the new one to where the old one came from: the next login will fail. Use a login that lasts: browser, jwt, client-credentials or sf
    "#);
    assert_discreet(&test, &said, &org);
}

#[test]
fn an_sfdx_url_needs_no_address() {
    let (org, front) = gate([session()]);
    let url = front.url().replace("http://", "force://PlatformCLI::5Aep.canary_first@");
    let test = Test::example("axsy")
        .file("orgwire.toml", "[org.uat]\nlogin = { sfdx-auth-url = { env = \"AUTH_URL\" } }\n")
        .variable("AUTH_URL", &url);
    let said = test.run("plan --org uat --json").success();
    assert_eq!(said.json()["org"]["name"], "uat");
    assert_eq!(
        front.forms(),
        ["token grant_type=refresh_token&client_id=PlatformCLI&refresh_token=5Aep.canary_first"]
    );
    assert_discreet(&test, &said, &org);
}

#[test]
fn an_access_token_comes_from_where_the_project_says() {
    let (org, front) = gate([session()]);
    let test = project(&front, "{ access-token = { file = \"token\" } }")
        .file("token", &format!("{}\n", org.token()));
    test.run("plan --org uat").success();
    assert!(front.forms().is_empty());
}

#[test]
fn a_session_that_ends_is_renewed_in_the_middle() {
    let (org, front) = gate([Grant::Dead, session()]);
    let test = project(&front, CLIENT_CREDENTIALS);
    let said = test.run("deploy --org uat --yes").success();
    assert_eq!(front.forms().len(), 2);
    assert!(org.has("NamedCredential", "AxsyApexAPI"));
    assert_discreet(&test, &said, &org);
}

#[test]
fn a_fresh_token_that_is_refused_too_is_explained() {
    let (org, front) = gate([Grant::Dead]);
    let test = project(&front, CLIENT_CREDENTIALS);
    let said = test.run("plan --org uat").exits(3);
    assert_snapshot!(said.talk(), @r#"
    login-expired

      × cannot log in to `http://127.0.0.1:PORT`
      ╰─▶ INVALID_SESSION_ID: Session expired or invalid
      help: most likely the user's profile asks for a High Assurance session, which no login without a person
            gives: use an integration user whose profile does not; if this machine's outgoing address changes,
            sessions may be locked to it instead (seen: the host serves the API of an org, its user info refuses
            the token as well, a token from a login a moment ago is refused as well)
    "#);
    assert_eq!(front.forms().len(), 2);
    assert_discreet(&test, &said, &org);
}

#[test]
fn a_refusal_is_told_in_the_words_of_the_org() {
    let (org, front) = gate([Grant::Refused("invalid_grant", "no client credentials user enabled")]);
    let test = project(&front, CLIENT_CREDENTIALS);
    let said = test.run("deploy --org uat --yes").exits(3);
    assert_snapshot!(said.talk(), @r#"
    login-failed

      × cannot log in to org `uat`
      ╰─▶ invalid_grant: no client credentials user enabled
      help: choose a user under Run As in the app's client credentials policy (more: orgwire explain
            oauth-no-run-as-user)
    "#);
    let said = test.run("plan --org uat --json").exits(3);
    assert_eq!(said.json()["error"]["code"], "login-failed");
    assert_discreet(&test, &said, &org);
}

#[test]
fn a_login_that_leads_to_another_org_goes_no_further() {
    let (org, front) = gate([Grant::Elsewhere("https://acme.my.salesforce.com".to_owned())]);
    let test = project(&front, CLIENT_CREDENTIALS);
    let said = test.run("deploy --org uat --yes").exits(3);
    assert_snapshot!(said.talk(), @r#"
    login-failed

      × cannot log in to org `uat`
      ╰─▶ the login leads to `https://acme.my.salesforce.com`, and this org is at `http://127.0.0.1:PORT`
      help: if `https://acme.my.salesforce.com` is the org that is meant, write that as its instance-url in
            orgwire.toml
    "#);
    assert_discreet(&test, &said, &org);
}

#[test]
fn process_variables_are_for_orgs_without_a_login() {
    let (_org, front) = gate([session()]);
    let test = project(&front, CLIENT_CREDENTIALS)
        .variable("ORGWIRE_INSTANCE_URL", "https://other.my.salesforce.com")
        .variable("ORGWIRE_ACCESS_TOKEN", "00D!canary");
    let said = test.run("plan --org uat --json").success();
    assert_eq!(said.json()["org"]["name"], "uat");
}

#[test]
fn what_a_login_lacks_is_told_before_anything_is_sent() {
    let (_org, front) = gate([session()]);
    let login = "{ jwt = { client-id = { env = \"APP_ID\" }, username = { command = [\"false\"] }, key-file = \"server.key\" } }";
    let said = project(&front, login).run("plan --org uat").exits(3);
    assert_snapshot!(said.talk(), @r#"
    unset-secret

      × `client-id` in the login of org `uat` cannot be read
       ╭─[orgwire.toml:3:31]
     2 │ instance-url = "http://127.0.0.1:PORT"
     3 │ login = { jwt = { client-id = { env = "APP_ID" }, username = { command = ["false"] }, key-file = "server.key" } }
       ·                               ─────────┬────────
       ·                                        ╰── the process variable APP_ID is not set
       ╰────
      help: set it where this command runs, for example: read -rs APP_ID && export APP_ID

    unset-secret

      × `username` in the login of org `uat` cannot be read
       ╭─[orgwire.toml:3:62]
     2 │ instance-url = "http://127.0.0.1:PORT"
     3 │ login = { jwt = { client-id = { env = "APP_ID" }, username = { command = ["false"] }, key-file = "server.key" } }
       ·                                                              ───────────┬───────────
       ·                                                                         ╰── the command false ended with exit status: 1
       ╰────
      help: run the command by itself to see what it says

    unset-secret

      × `key` in the login of org `uat` cannot be read
      ╰─▶ No such file or directory (os error 2)
       ╭─[orgwire.toml:3:98]
     2 │ instance-url = "http://127.0.0.1:PORT"
     3 │ login = { jwt = { client-id = { env = "APP_ID" }, username = { command = ["false"] }, key-file = "server.key" } }
       ·                                                                                                  ──────┬─────
       ·                                                                                                        ╰── cannot read the file server.key
       ╰────
      help: correct the path, which starts at the folder of orgwire.toml
    "#);
    let said = project(&front, "{ jwt = { client-id = \"a\", username = \"b\", key = { env = \"KEY\" } } }")
        .variable("KEY", "-----BEGIN ENCRYPTED PRIVATE KEY-----\ncanary\n")
        .run("plan --org uat")
        .exits(3);
    assert!(!said.stderr.contains("canary"));
    assert_snapshot!(said.talk(), @r#"
    unusable-secret

      × `key` in the login of org `uat` is encrypted with a passphrase
       ╭─[orgwire.toml:3:58]
     2 │ instance-url = "http://127.0.0.1:PORT"
     3 │ login = { jwt = { client-id = "a", username = "b", key = { env = "KEY" } } }
       ·                                                          ───────┬───────
       ·                                                                 ╰── read from the variable KEY
       ╰────
      help: write it without one: openssl pkey -in server.key -out plain.key
    "#);
    assert!(front.forms().is_empty());
}

#[test]
fn everything_wrong_with_logins_is_reported_at_once() {
    let test = Test::example("axsy").file(
        "orgwire.toml",
        r#"[org.a]
login = { jwt = { client-id = "3MVG9", usrname = "ci@acme.com", key-file = "a.key", key = { env = "KEY" } } }
[org.b]
login = { acces-token = "canary" }
[org.c]
login = { client-credentials = { client-id = "3MVG9", client-secret = "canary" }, sf = "prod" }
[org.d]
login = "canary"
[org.e]
login = { browser = { port = 123456 } }
[org.f]
login = { sf = "--json" }
[org.g]
login = { refresh-token = { client-id = "3MVG9", refresh-token = { evn = "canary" } } }
"#,
    );
    let said = test.run("lint").exits(1);
    assert!(!said.stderr.contains("canary") && !said.stdout.contains("canary"));
    assert_snapshot!("logins", said.talk());
}

const DISPLAY: &str =
    r#"printf %s '{"status":0,"result":{"accessToken":"TOKEN","instanceUrl":"URL/","id":"00D"}}'"#;

fn display(front: &Front, org: &Org) -> String {
    shown(org.token(), front.url())
}

/// A script that shows a session as the Salesforce CLI shows its own.
pub fn shown(token: &str, url: &str) -> String {
    DISPLAY.replace("TOKEN", token).replace("URL", url)
}

#[test]
fn the_salesforce_cli_is_asked_for_its_session() {
    let (org, front) = gate([]);
    let programs = Programs::new().add("sf", &display(&front, &org));
    let test = Test::example("axsy").file("orgwire.toml", "[org.uat]\nlogin = { sf = \"acme-uat\" }\n");
    let test = programs.used_by(test);
    let said = test.run("deploy --org uat --yes --json").success();
    assert_eq!(said.json()["org"]["instance_url"], front.url());
    assert_eq!(programs.calls("sf"), "org display --target-org acme-uat --json\n");
    assert_discreet(&test, &said, &org);
}

#[test]
fn a_cli_that_is_missing_or_does_not_know_the_org_is_told() {
    let project = || Test::example("axsy").file("orgwire.toml", "[org.uat]\nlogin = { sf = \"acme-uat\" }\n");
    let said = Programs::new().used_by(project()).run("plan --org uat").exits(3);
    assert_snapshot!(said.talk(), @r#"
    login-failed

      × cannot log in to org `uat`
      ├─▶ the Salesforce CLI `sf` is not in PATH
      ╰─▶ the Salesforce CLI `sf` is not in PATH
      help: install it (npm install --global @salesforce/cli), or choose another login
    "#);
    let refuses = r#"printf %s '{"name":"NamedOrgNotFoundError","message":"No authorization information found for acme-uat.","status":1}'; exit 1"#;
    let said = Programs::new().add("sf", refuses).used_by(project()).run("plan --org uat").exits(3);
    assert_snapshot!(said.talk(), @r#"
    login-failed

      × cannot log in to org `uat`
      ├─▶ NamedOrgNotFoundError: No authorization information found for acme-uat.
      ╰─▶ NamedOrgNotFoundError: No authorization information found for acme-uat.
      help: `sf org list` shows the orgs that the CLI knows; log in again with: sf org login web --alias
            acme-uat
    "#);
}

#[test]
fn an_interrupt_ends_a_cli_that_hangs() {
    let programs = Programs::new();
    let pid = programs.path("pid");
    let programs = programs.add("sf", &format!("echo $$ > '{pid}'; exec /bin/sleep 600"));
    for command in ["plan --org uat", "deploy --org uat --yes"] {
        let test = Test::example("axsy").file("orgwire.toml", "[org.uat]\nlogin = { sf = \"acme-uat\" }\n");
        let _ = fs::remove_file(&pid);
        let test = programs.used_by(test);
        let running = test.start(command);
        let written = || fs::read_to_string(&pid).ok().filter(|pid| pid.ends_with('\n'));
        eventually("the CLI starts", || written().is_some());
        let sf = written().unwrap().trim().to_owned();
        running.signal("INT");
        let said = running.end().exits(8);
        assert!(said.stderr.contains("interrupted while logging in"), "{}", said.stderr);
        // With nobody to collect it, it may stay as a zombie for a while.
        let stat = || fs::read_to_string(format!("/proc/{sf}/stat")).unwrap_or_default();
        eventually("the CLI ends", || {
            stat().rsplit_once(')').is_none_or(|(_, state)| state.trim_start().starts_with('Z'))
        });
    }
}

#[test]
fn an_org_that_another_process_simulates_is_found_by_its_name() {
    let test = Test::example("axsy");
    let mut serving = test.start("simulate --folder .orgwire/uat");
    serving.until("instance_url");
    let said = test.run("plan --org uat --json").success();
    assert_eq!(said.json()["org"]["name"], "uat");
    assert_eq!(said.json()["org"]["simulated"], true);
    test.run("plan --org ../uat").exits(1);
    test.run("plan --org production").exits(1);
}

/// The answer of a small request.
fn get(port: u16, target: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .write_all(
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
        )
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_else(|| panic!("{url} has no {name}")).to_owned()
}

fn browser(port: u16) -> String {
    format!("{{ browser = {{ client-id = \"3MVG9app\", port = {port} }} }}")
}

#[test]
fn a_browser_login_is_kept_in_the_keyring_until_logout() {
    let first = Grant::Session(r#","refresh_token":"5Aep.canary_first""#.to_owned());
    let next = Grant::Session(r#","refresh_token":"5Aep.canary_next""#.to_owned());
    let (org, front) = gate([first, next]);
    let opened = "exit 0";
    let programs = Programs::new().with_keyring().add("xdg-open", opened);
    let port = free_port();
    let test = programs.used_by(project(&front, &browser(port)));

    let said = test.run("plan --org uat").exits(3);
    assert_snapshot!(said.talk(), @r#"
    login-failed

      × cannot log in to org `uat`
      ╰─▶ the keyring has no refresh token for this org
      help: log in first, with: orgwire login --org uat
    "#);

    let mut running = test.start("login --org uat");
    let url = running.until("/services/oauth2/authorize?").trim().to_owned();
    assert!(url.starts_with(front.url()), "{url}");
    assert_eq!(parameter(&url, "response_type"), "code");
    assert_eq!(parameter(&url, "code_challenge_method"), "S256");
    assert_eq!(parameter(&url, "redirect_uri"), format!("http%3A%2F%2Flocalhost%3A{port}%2FOauthRedirect"));
    let state = parameter(&url, "state");
    let refused = get(port, "/OauthRedirect?code=canary_wrong&state=guessed");
    assert!(refused.starts_with("HTTP/1.1 400 ") && !refused.contains("canary"), "{refused}");
    assert!(front.forms().is_empty());
    let page = get(port, &format!("/OauthRedirect?code=canary_code&state={state}"));
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("You can close this page"), "{page}");
    let said = running.end().success();
    assert_snapshot!(said.result(), @r#"
    logged in to uat (http://127.0.0.1:PORT) as user 005ID; the keyring of this system keeps the refresh token
    "#);
    let sent = front.forms().remove(0);
    assert!(
        sent.starts_with("token grant_type=authorization_code&code=canary_code&client_id=3MVG9app&"),
        "{sent}"
    );
    assert_eq!(fs::read_to_string(programs.path("kept")).unwrap(), "5Aep.canary_first");
    assert_eq!(programs.calls("xdg-open").trim(), url);
    assert_discreet(&test, &said, &org);

    // The org replaces the token at its use, and the keyring follows.
    let said = test.run("plan --org uat").success();
    assert!(front.forms()[1].ends_with("&refresh_token=5Aep.canary_first"));
    assert_eq!(fs::read_to_string(programs.path("kept")).unwrap(), "5Aep.canary_next");
    assert_discreet(&test, &said, &org);

    let said = test.run("logout --org uat").success();
    assert_eq!(said.stdout, "logged out of uat; its refresh token is revoked and forgotten\n");
    assert_eq!(front.forms()[2], "revoke token=5Aep.canary_next");
    assert!(!Path::new(&programs.path("kept")).exists());
    assert!(!programs.calls("secret-tool").contains("canary"));
    assert_eq!(test.run("logout --org uat").success().stdout, "nothing is kept for uat\n");
    test.run("plan --org uat").exits(3);
}

#[test]
fn whoever_does_not_allow_the_app_is_not_logged_in() {
    let (_org, front) = gate([session()]);
    let programs = Programs::new().with_keyring();
    let port = free_port();
    let test = programs.used_by(project(&front, &browser(port)));
    let mut running = test.start("login --org uat --no-browser");
    let state = parameter(running.until("/services/oauth2/authorize?").trim(), "state");
    get(
        port,
        &format!(
            "/OauthRedirect?error=access_denied&error_description=end-user%20denied%20authorization&state={state}"
        ),
    );
    let said = running.end().exits(3);
    assert!(said.stderr.contains("access_denied: end-user denied authorization"), "{}", said.stderr);
    assert!(front.forms().is_empty());

    // Without a refresh token there is nothing to keep.
    let mut running = test.start("login --org uat --no-browser");
    let state = parameter(running.until("/services/oauth2/authorize?").trim(), "state");
    get(port, &format!("/OauthRedirect?code=canary_code&state={state}"));
    let said = running.end().exits(3);
    assert!(said.stderr.contains("the org grants no refresh token"), "{}", said.stderr);
    assert!(!Path::new(&programs.path("kept")).exists());
}

#[test]
fn waiting_for_the_browser_can_be_interrupted() {
    let (_org, front) = gate([session()]);
    let programs = Programs::new().with_keyring();
    let test = programs.used_by(project(&front, &browser(free_port())));
    let mut running = test.start("login --org uat --no-browser");
    running.until("/services/oauth2/authorize?");
    running.signal("INT");
    running.end().exits(8);
}

#[test]
fn without_a_keyring_nobody_is_sent_to_the_browser() {
    let (org, front) = gate([session()]);
    let test = Programs::new().used_by(project(&front, &browser(free_port())));
    let said = test.run("login --org uat --no-browser").exits(3);
    assert_snapshot!(said.talk(), @r#"
    login-failed

      × cannot log in to org `uat`
      ├─▶ there is no keyring: the program `secret-tool` is not in PATH
      ╰─▶ there is no keyring: the program `secret-tool` is not in PATH
      help: install it (Debian: libsecret-tools, with gnome-keyring or KWallet to keep the secrets); on a
            machine without a desktop use `jwt`, `client-credentials` or `sf` as login; nothing was kept
    "#);
    let broken = "echo 'secret-tool: Cannot autolaunch D-Bus without X11 $DISPLAY' >&2; exit 1";
    let test = Programs::new().add("secret-tool", broken).used_by(project(&front, &browser(free_port())));
    let said = test.run("login --org uat --no-browser").exits(3);
    assert_snapshot!(said.talk(), @r#"
    login-failed

      × cannot log in to org `uat`
      ├─▶ there is no keyring: the program `secret-tool` is not in PATH
      ╰─▶ there is no keyring: the program `secret-tool` is not in PATH
      help: install it (Debian: libsecret-tools, with gnome-keyring or KWallet to keep the secrets); on a
            machine without a desktop use `jwt`, `client-credentials` or `sf` as login; nothing was kept
    "#);
    assert!(front.forms().is_empty());
    assert_discreet(&test, &said, &org);
}

#[test]
fn other_logins_can_be_tried_out() {
    let (org, front) = gate([session()]);
    let test = project(&front, CLIENT_CREDENTIALS);
    let said = test.run("login --org uat").success();
    assert_snapshot!(said.result(), @r#"
    logged in to uat (http://127.0.0.1:PORT) as user 005ID; nothing is kept
    "#);
    let said = test.run("login --org uat --json").success();
    assert_eq!(said.json()["user_id"], "005xx000001X8UzAAK");
    assert_eq!(said.json()["kept_in"], serde_json::Value::Null);
    assert_discreet(&test, &said, &org);
    test.run("login --org nowhere").exits(1);
}

// ---- against the local org, which has written its half of OAuth by itself

const APP_SECRET: &str = "0123456789abcdefghijABCDEFGHIJ0123456789";

/// The local org with an app, and a project that logs in to it.
fn scene(config: &str, port: u16, login: &str) -> (Scene, Test) {
    let scene = Scene::new(&format!(
        "<contactEmail>a@b.example</contactEmail><label>Orders</label><oauthConfig><callbackUrl>\
         http://localhost:{port}/OauthRedirect</callbackUrl><consumerKey>OrdersKey</consumerKey><consumerSecret>\
         {APP_SECRET}</consumerSecret>{config}<scopes>Full</scopes><scopes>Api</scopes><scopes>RefreshToken</scopes></oauthConfig>"
    ));
    let url = scene.org.instance_url();
    let configuration = format!("[org.uat]\ninstance-url = \"{url}\"\nlogin = {login}\n");
    let test = Test::example("axsy").file("orgwire.toml", &configuration).variable("APP_SECRET", APP_SECRET);
    (scene, test)
}

/// The administrator says yes on the consent page that `login` has named. The org's answer to that, as a browser
/// would follow it.
fn allow(scene: &Scene, url: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    let (username, password) = (scene.org.username(), scene.org.password());
    let form = format!("{query}&username={username}&password={password}&decision=allow");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = scene.send("POST", "/services/oauth2/authorize", &headers, &form);
    let (code, state) = (answer.sent_back("code").unwrap(), answer.sent_back("state").unwrap());
    format!("/OauthRedirect?code={code}&state={state}")
}

#[test]
fn the_local_org_takes_a_signed_assertion() {
    let certificate = include_str!("../keys/rsa.crt");
    let certificate: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
    let login =
        "{ jwt = { client-id = \"OrdersKey\", username = { env = \"USERNAME\" }, key-file = \"ci.pem\" } }";
    let port = free_port();
    let (scene, test) = scene(&format!("<certificate>{certificate}</certificate>"), port, login);
    let test =
        test.variable("USERNAME", scene.org.username()).file("ci.pem", include_str!("../keys/rsa.pem"));
    let said = test.run("plan --org uat").exits(3);
    assert!(said.stderr.contains("invalid_grant: user hasn't approved this consumer"), "{}", said.stderr);
    // Approved by the user once, it works from then on.
    let redirect =
        format!("redirect_uri=http%3A%2F%2Flocalhost%3A{port}%2FOauthRedirect&client_id=OrdersKey");
    let back = allow(&scene, &format!("?response_type=code&state=x&{redirect}"));
    let code = parameter(&back, "code");
    let form = format!("grant_type=authorization_code&code={code}&client_secret={APP_SECRET}&{redirect}");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    scene.send("POST", "/services/oauth2/token", &headers, &form);
    let said = test.run("deploy --org uat --yes").success();
    assert!(scene.org.has("ConnectedApp", "AxsyApexAPI"));
    assert!(!said.stderr.contains(scene.org.token()));
}

#[test]
fn the_local_org_takes_client_credentials() {
    let login =
        "{ client-credentials = { client-id = \"OrdersKey\", client-secret = { env = \"APP_SECRET\" } } }";
    let (scene, test) = scene("<isClientCredentialEnabled>true</isClientCredentialEnabled>", 1717, login);
    let said = test.run("plan --org uat").exits(3);
    assert!(said.stderr.contains("no client credentials user enabled"), "{}", said.stderr);
    assert!(said.stderr.contains("choose a user under Run As"), "{}", said.stderr);
    scene.org.edit(
        "ConnectedApp",
        "Orders",
        "oauthConfig.oauthClientCredentialUser",
        Some(crate::simulated::text(scene.org.username())),
    );
    test.run("deploy --org uat --yes").success();
    // Without a scope for the API the login works, and nothing else.
    let chatter = orgwire::component::Tree::List(vec![crate::simulated::text("Chatter")]);
    scene.org.edit("ConnectedApp", "Orders", "oauthConfig.scopes", Some(chatter));
    let said = test.run("plan --org uat").exits(3);
    assert_snapshot!(said.talk(), @r#"
    login-expired

      × cannot log in to `http://127.0.0.1:PORT`
      ╰─▶ INVALID_SESSION_ID: This session is not valid for use with the REST API
      help: the token is good, and barred from the API: API access control does not allow this app, the user
            lacks `API Enabled`, or the app lacks the scope `Api` (seen: the host serves the API of an org, its
            user info takes the token, a token from a login a moment ago is refused as well)
    "#);
    let wrong = test.variable("APP_SECRET", "canary_wrong_secret");
    let said = wrong.run("plan --org uat").exits(3);
    assert!(said.stderr.contains("invalid_client: invalid client credentials"), "{}", said.stderr);
    assert!(!said.stderr.contains("canary"));
}

#[test]
fn the_local_org_lets_a_person_in_with_the_browser_and_rotates() {
    let port = free_port();
    let login = format!(
        "{{ browser = {{ client-id = \"OrdersKey\", client-secret = {{ env = \"APP_SECRET\" }}, port = {port} }} }}"
    );
    let config = "<isPkceRequired>true</isPkceRequired>\
                  <isRefreshTokenRotationEnabled>true</isRefreshTokenRotationEnabled>";
    let (scene, test) = scene(config, port, &login);
    let programs = Programs::new().with_keyring();
    let test = programs.used_by(test);
    let mut running = test.start("login --org uat --no-browser");
    let url = running.until("/services/oauth2/authorize?").trim().to_owned();
    get(port, &allow(&scene, &url));
    running.end().success();
    let kept = || fs::read_to_string(programs.path("kept")).unwrap();
    let first = kept();
    test.run("deploy --org uat --yes").success();
    assert_ne!(kept(), first, "a token that is used is replaced");
    test.run("plan --org uat").success();
    test.run("logout --org uat").success();
    test.run("plan --org uat").exits(3);
}
