//! Several local orgs beside each other, each of its kind, and what keeps a session out of one.

use std::time::Duration;

use orgwire::component::{Fields, Scalar, Tree};
use orgwire::simulator::{Act, Canned, Edition, FirstDay, Moment, Nature, Neighbours, OnRequest, Options};

use crate::login::{self, Programs};
use crate::oauth::Scene;
use crate::simulated::{Org, flag, text};
use crate::test::{Said, Test};

const APP: &str = r#"
    api-version = "62.0"
    [connected-app.Orders]
    label = "Orders"
    contact-email = "a@example.com"
    [connected-app.Orders.oauth-config]
    callback-url = "https://orders.example/callback"
    consumer-key = { env = "ORDERS_KEY" }
    scopes = ["Api", "RefreshToken"]
"#;
const KEY: &str = "OrdersKey0123456789abcdefghijklmnopqrstuvwxyz";

#[test]
fn several_orgs_are_served_by_one_process_and_found_by_name() {
    let test = Test::new().manifest(APP).variable("ORDERS_KEY", KEY);
    let mut serving =
        test.start("simulate --org uat:sandbox --org production:edition=enterprise,production=true");
    let uat: serde_json::Value = serde_json::from_str(&serving.until("\"uat\"")).unwrap();
    let production: serde_json::Value = serde_json::from_str(&serving.until("\"production\"")).unwrap();
    for what in ["instance_url", "access_token", "organization_id", "username"] {
        assert_ne!(uat[what], production[what], "{what}");
    }
    test.run("deploy --org uat --yes").success();
    // CA-14: the key is the other org's.
    let said = test.run("deploy --org production --yes --json").exits(4);
    assert_eq!(said.json()["diagnostics"][0]["org_code"], "consumer-key-taken");
    let other = test.variable("ORDERS_KEY", "AnotherKey0123456789abcdefghijklmnopqrstuvwxyz");
    other.run("deploy --org production --yes").success();
    other.run("plan --org uat --exit-code").success();
    serving.signal("INT");
    serving.end().success();
    // They stay what they were.
    assert!(other.path(".orgwire/production/org.json").exists());
}

const CREDENTIAL: &str = r#"
    [named-credential.Stock]
    label = "Stock"
    endpoint = "https://stock.example"
    protocol = "Password"
    principal-type = "NamedUser"
    username = "orgwire"
    password = { env = "STOCK_PASSWORD" }
"#;

#[test]
fn a_sandbox_is_copied_with_its_apps_and_their_keys() {
    let test = Test::new()
        .manifest(&format!("{APP}{CREDENTIAL}"))
        .variable("ORDERS_KEY", KEY)
        .variable("STOCK_PASSWORD", "canary");
    let mut serving = test.start("simulate --org production:edition=enterprise,production");
    serving.until("\"production\"");
    test.run("deploy --org production --yes").success();
    serving.signal("INT");
    serving.end().success();

    // The copy is asked for first, and has to wait.
    let words = "simulate --org uat --org production:edition=enterprise,production --org other \
                 --copy production:uat";
    let mut serving = test.start(words);
    let ready = ["uat", "production"].map(|name| serving.until(&format!("\"{name}\"")));
    let [uat, production] = ready.map(|line| serde_json::from_str::<serde_json::Value>(&line).unwrap());
    for what in ["instance_url", "access_token", "organization_id", "password"] {
        assert_ne!(uat[what], production[what], "{what}");
    }
    assert_eq!(uat["username"], format!("{}.uat", production["username"].as_str().unwrap()));
    // It has what the other has, and may change its own app, whose key two orgs have now.
    test.run("plan --org uat --exit-code").success();
    test.run("deploy --org uat --yes --resend connected-app.Orders").success();
    test.run("deploy --org production --yes --resend connected-app.Orders").success();
    // CA-14: for a third org the key is taken.
    let said = test.run("deploy --org other --yes --json").exits(4);
    assert_eq!(said.json()["diagnostics"][0]["org_code"], "consumer-key-taken");
    serving.signal("INT");
    serving.end().success();

    let mut serving = test.start(words);
    serving.until("\"other\"");
    serving.signal("INT");
    let said = serving.end().success();
    assert!(
        said.stderr.starts_with("`uat` is there already and stays as it is: no copy of `production`.\n"),
        "{}",
        said.stderr
    );
    assert!(said.stdout.contains(uat["organization_id"].as_str().unwrap()));
}

#[test]
fn a_copy_is_a_sandbox_of_its_sources_edition_without_what_went_on_there() {
    let neighbours = Neighbours::default();
    let production = Org::start(Options {
        name: Some("production".to_owned()),
        nature: Some(Nature { edition: Edition::Enterprise, production: true, sandbox: false }),
        neighbours: neighbours.clone(),
        ..Options::default()
    });
    let test = production.reached_by(
        Test::new()
            .manifest(&format!("{APP}{CREDENTIAL}"))
            .variable("ORDERS_KEY", KEY)
            .variable("STOCK_PASSWORD", "canary"),
    );
    let deployment = test.run("deploy --yes --json").success().json();
    let id = deployment["passes"][0]["deploy_id"].as_str().unwrap().to_owned();
    let session = production.login();
    let copy = Org::start(Options {
        name: Some("uat".to_owned()),
        copied_from: Some("production".to_owned()),
        neighbours,
        ..Options::default()
    });
    let told = copy.organization();
    assert_eq!((told.edition.as_deref(), told.is_sandbox), (Some("Enterprise Edition"), true));
    assert_eq!(told.name, "Uat org (a simulation)");
    for path in ["oauthConfig.consumerKey", "oauthConfig.consumerSecret"] {
        let of = |org: &Org| org.text("ConnectedApp", "Orders", path);
        assert_eq!(of(&copy), of(&production), "{path}");
    }
    // NC-29
    assert!(production.knows("NamedCredential", "Stock", "password"));
    assert!(!copy.knows("NamedCredential", "Stock", "password"));
    // Nobody is logged in, by whatever token, and no deployment is known.
    for token in [session.as_str(), production.token()] {
        assert_eq!(copy.status_from([127, 0, 0, 1], token), 401);
    }
    assert_eq!(copy.status_from([127, 0, 0, 1], copy.token()), 200);
    assert!(!copy.has_deployment(&id));
    copy.stop();
    production.stop();
}

#[test]
fn a_copy_that_cannot_be_is_refused_before_anything_is_served() {
    let test = Test::new();
    for (typed, told) in [
        ("--org uat --copy production:uat", "names the org `production`, which is not served"),
        ("--org uat --copy uat:uat", "cannot be a copy of itself"),
        (
            "--org production --org uat:production --copy production:uat",
            "`uat` is a copy, so it is a sandbox",
        ),
        ("--org production --copy production", "write SOURCE:NAME"),
        ("--copy production:uat", "--org"),
    ] {
        let said = test.run(&format!("simulate {typed}")).exits(1);
        assert!(said.stderr.contains(told), "{typed}: {}", said.stderr);
    }
    assert!(!test.path(".orgwire").exists());
}

#[test]
fn two_orgs_of_one_name_are_refused() {
    let said = Test::new().run("simulate --org uat --org UAT:sandbox").exits(1);
    assert!(said.stderr.contains("two orgs are called `UAT`"), "{}", said.stderr);
}

#[test]
fn an_interrupt_right_after_the_first_line_ends_every_org() {
    let test = Test::new();
    let mut serving = test.start("simulate --org uat --org production");
    serving.until("\"uat\"");
    serving.signal("INT");
    serving.end().success();
    for name in ["uat", "production"] {
        assert!(!test.path(&format!(".orgwire/{name}/running.json")).exists(), "{name} was not stopped");
    }
}

#[test]
fn an_org_says_which_one_it_is() {
    let org = Org::start(Options { name: Some("uat-2".to_owned()), ..Options::default() });
    let told = org.organization();
    assert_eq!(
        (told.name.as_str(), told.instance_name.as_deref(), told.id.as_str()),
        ("Uat-2 org (a simulation)", Some("UAT2"), org.organization_id())
    );
    org.stop();
}

#[test]
fn what_an_org_cannot_be_is_told_with_what_it_can() {
    let test = Test::new();
    for (typed, hint) in [
        ("uat:edition=entreprise", "did you mean edition=enterprise?"),
        ("uat:sandbx=true", "did you mean sandbox?"),
        ("uat:lock-session-to-ip", "did you mean lock-sessions-to-ip?"),
        ("uat:production=yes", "production is true or false"),
        ("uat:sandbox,production", "not both"),
        ("../uat", "letters, digits"),
    ] {
        let said = test.run(&format!("simulate --org {typed}")).exits(1);
        assert!(said.stderr.contains(hint), "{typed}: {}", said.stderr);
    }
}

#[test]
fn assumptions_are_listed() {
    let said = Test::new().run("simulate --list-assumptions").success();
    assert!(said.stdout.lines().any(|line| line.starts_with("CA-73 ")), "{}", said.stdout);
    let told = Test::new().run("simulate --list-assumptions --json").success().json();
    assert_eq!(told["assumptions"].as_array().unwrap().len(), said.stdout.lines().count());
}

fn org(nature: Nature) -> Org {
    Org::start(Options { nature: Some(nature), ..Options::default() })
}

#[test]
fn an_edition_without_an_api_lets_nobody_in() {
    let org = org(Nature { edition: Edition::Group, ..Nature::default() });
    let test = org.reached_by(Test::example("axsy"));
    let said = test.run("plan --json").exits(4).json();
    assert_eq!(said["error"]["org_code"], "api-not-in-edition");
    org.stop();
}

#[test]
fn production_takes_no_deployment_without_tests() {
    let org = org(Nature { production: true, edition: Edition::Enterprise, ..Nature::default() });
    let test = org.reached_by(Test::example("axsy"));
    let said = test.run("deploy --yes --json --test-level NoTestRun").exits(4).json();
    assert_eq!(said["error"]["org_code"], "operation-refused");
    test.run("deploy --yes").success();
    org.stop();
}

/// A session of a user who has logged in, at an org with one more setting.
fn session(org: &Org) -> String {
    let token = org.login();
    assert_ne!(token, org.token());
    token
}

#[test]
fn settings_that_keep_sessions_out_all_sound_the_same() {
    let org = Org::start(Options::default());
    let token = session(&org);
    let plan = |token: &str| {
        let test = Test::example("axsy")
            .variable("ORGWIRE_INSTANCE_URL", org.instance_url())
            .variable("ORGWIRE_ACCESS_TOKEN", token);
        test.run("plan --json")
    };
    plan(&token).success();
    // SE-41; the administrator's profile has such a setting from the first day.
    let admin = org.profile_session_setting("Admin");
    org.edit("ProfileSessionSetting", &admin, "requiredSessionLevel", Some(text("HIGH_ASSURANCE")));
    let said = plan(&token).exits(3).json();
    assert_eq!(said["error"]["org_code"], "session-invalid");
    // The token that the org prints is not locked out.
    plan(org.token()).success();
    org.edit("ProfileSessionSetting", &admin, "requiredSessionLevel", None);
    plan(&token).success();
    // SE-40: all requests come from one address here, so nobody is locked out.
    let lock = Fields::from([("lockSessionsToIp".into(), Tree::Leaf(Scalar::Flag(true)))]);
    org.edit("SecuritySettings", "Security", "sessionSettings", Some(Tree::Group(lock)));
    plan(&token).success();
    assert_eq!(org.status_from([127, 0, 0, 2], &token), 401);
    assert_eq!(org.status_from([127, 0, 0, 1], &token), 200);
    org.stop();
}

/// What a plan says that goes to an org with a token: the exit code, what the org's words are, and the help.
fn refused(org: &Org, token: &str, help: &str) -> (i32, String) {
    let test = Test::example("axsy")
        .variable("ORGWIRE_INSTANCE_URL", org.instance_url())
        .variable("ORGWIRE_ACCESS_TOKEN", token);
    told(test.run("plan --json"), help)
}

fn told(said: Said, help: &str) -> (i32, String) {
    let error = said.json()["error"].take();
    assert!(error["help"].as_str().is_some_and(|told| told.contains(help)), "{help}: {error:#}");
    (said.code, error["org_code"].as_str().unwrap().to_owned())
}

fn outcome(code: i32, org_code: &str) -> (i32, String) {
    (code, org_code.to_owned())
}

#[test]
fn a_user_without_the_api_is_told_apart_from_an_edition_without_one() {
    let org = Org::start(Options::default());
    let analyst = org.login_from([127, 0, 0, 1], &org.other("analyst"));
    assert_eq!(org.status_from([127, 0, 0, 1], &analyst), 200);
    let denied = Fields::from([
        ("enabled".into(), Tree::Leaf(Scalar::Flag(false))),
        ("name".into(), text("ApiEnabled")),
    ]);
    org.edit("Profile", "Standard", "userPermissions", Some(Tree::List(vec![Tree::Group(denied)])));
    let help = "give the user API Enabled by a permission set";
    assert_eq!(refused(&org, &analyst, help), outcome(4, "api-not-for-user"));
    // Others are not concerned.
    assert_eq!(org.status_from([127, 0, 0, 1], &org.login()), 200);
    org.stop();
    for edition in [Edition::Group, Edition::Professional] {
        let org = self::org(Nature { edition, ..Nature::default() });
        let help = "check the edition";
        assert_eq!(refused(&org, &org.login(), help), outcome(4, "api-not-in-edition"), "{edition}");
        org.stop();
    }
}

#[test]
fn sessions_are_locked_to_their_address_from_the_first_day_where_asked() {
    let first_day = FirstDay { lock_sessions_to_ip: Some(true), ..FirstDay::default() };
    let org = Org::start(Options { first_day, ..Options::default() });
    let elsewhere = org.login_from([127, 0, 0, 2], org.username());
    assert_eq!(org.status_from([127, 0, 0, 2], &elsewhere), 200);
    // SE-40: the user info refuses as well, so nothing but the place where it began is wrong with it.
    let help = "sessions are locked to the address they began at (seen: the host serves the API of an org, its \
                user info refuses the token as well)";
    assert_eq!(refused(&org, &elsewhere, help), outcome(3, "session-invalid"));
    assert_eq!(org.status_from([127, 0, 0, 1], &org.login()), 200);
    org.stop();
}

#[test]
fn keys_of_the_first_day_are_for_the_first_day() {
    let test = Test::new();
    let serve = |keys: &str| {
        let mut serving = test.start(&format!("simulate --org uat:{keys}"));
        serving.until("\"uat\"");
        test.run("import org:uat --output uat.toml --force --target security-settings.Security").success();
        let imported = std::fs::read_to_string(test.path("uat.toml")).unwrap();
        assert!(imported.contains("lock-sessions-to-ip = true"), "{imported}");
        serving.signal("INT");
        serving.end().success().stderr
    };
    assert!(!serve("lock-sessions-to-ip").contains("already"));
    let told = "`uat` is there already and keeps its settings: api-access-control and lock-sessions-to-ip are for its \
                first day.\n";
    let said = serve("lock-sessions-to-ip=false");
    assert!(said.starts_with(told), "{said}");
}

#[test]
fn a_session_that_is_over_or_of_another_org_sounds_the_same() {
    let org = Org::start(Options::default());
    let token = org.login();
    let other = Org::start(Options::default());
    let help = "log in again for a fresh token; if that one fails too, it may be for another org";
    assert_eq!(refused(&other, &token, help), outcome(3, "session-invalid")); // SE-44
    org.advance(Duration::from_secs(3 * 60 * 60));
    assert_eq!(refused(&org, &token, help), outcome(3, "session-invalid")); // SE-42
    other.stop();
    org.stop();
}

/// An app that logs in by itself, as a user who may deploy and no more, and a project that uses it.
fn served_by_an_app(first_day: FirstDay) -> (Scene, Test) {
    let org = Org::start(Options { first_day, ..Options::default() });
    let scene = Scene { org };
    let user = scene.org.other("integration");
    let may = "<userPermissions><enabled>true</enabled><name>ModifyMetadata</name></userPermissions>";
    scene.save("PermissionSet", "Deployer", &format!("<label>Deployer</label>{may}"));
    scene.org.assign("Deployer", &user);
    scene.save(
        "ConnectedApp",
        "Orders",
        &format!(
            "<contactEmail>a@b.example</contactEmail><label>Orders</label><oauthConfig><callbackUrl>https://a.example\
             </callbackUrl><consumerKey>OrdersKey</consumerKey><consumerSecret>{KEY}</consumerSecret>\
             <isClientCredentialEnabled>true</isClientCredentialEnabled><oauthClientCredentialUser>{user}\
             </oauthClientCredentialUser><scopes>Api</scopes></oauthConfig>"
        ),
    );
    let login =
        "{ client-credentials = { client-id = \"OrdersKey\", client-secret = { env = \"APP_SECRET\" } } }";
    let url = scene.org.instance_url();
    let configuration = format!("[org.uat]\ninstance-url = \"{url}\"\nlogin = {login}\n");
    let test = Test::example("axsy").file("orgwire.toml", &configuration).variable("APP_SECRET", KEY);
    (scene, test)
}

#[test]
fn apps_that_nobody_approved_are_kept_from_the_api_from_the_first_day_where_asked() {
    let controlled = FirstDay { api_access_control: Some(true), ..FirstDay::default() };
    let (scene, test) = served_by_an_app(controlled);
    let help = "the token is good, and barred from the API: API access control does not allow this app";
    let said = test.run("plan --org uat --json");
    assert_eq!(told(said, help), outcome(3, "session-not-for-rest")); // SE-43
    scene.org.edit("ConnectedApp", "Orders", "oauthConfig.isAdminApproved", Some(flag(true)));
    test.run("plan --org uat").success();
    scene.org.stop();
}

#[test]
fn a_profile_that_asks_for_high_assurance_says_so_before_there_is_a_session() {
    let (scene, test) = served_by_an_app(FirstDay::default());
    test.run("plan --org uat").success();
    let setting = scene.org.profile_session_setting("Standard");
    let set = |path: &str, value: &str| {
        scene.org.edit("ProfileSessionSetting", &setting, path, Some(text(value)));
    };
    set("profile", "Minimum Access - API Only Integrations");
    set("requiredSessionLevel", "HIGH_ASSURANCE");
    // SE-41: no login without a person is enough here.
    let said = test.run("plan --org uat --json").exits(3);
    assert_eq!(said.json()["error"]["code"], "login-failed", "{}", said.stdout);
    scene.org.stop();
}

/// A project that gets its sessions from a Salesforce CLI, which has these one after the other.
fn with_sessions(org: &Org, first: &str, then: &str) -> (Programs, Test) {
    let programs = Programs::new();
    let mark = programs.path("asked");
    let [first, then] = [first, then].map(|token| login::shown(token, org.instance_url()));
    let script = format!("if [ -f '{mark}' ]; then\n{then}\nelse : > '{mark}'\n{first}\nfi");
    let programs = programs.add("sf", &script);
    let test = Test::example("axsy").file("orgwire.toml", "[org.uat]\nlogin = { sf = \"acme-uat\" }\n");
    let test = programs.used_by(test);
    (programs, test)
}

#[test]
fn a_fresh_session_tells_a_level_that_is_too_low_from_an_address_that_changes() {
    let first_day = FirstDay { lock_sessions_to_ip: Some(true), ..FirstDay::default() };
    let org = Org::start(Options { first_day, ..Options::default() });
    // SE-40: the first session was taken and ends in the middle; the next is from an address that this machine has
    // no more.
    let (here, elsewhere) = (org.login(), org.login_from([127, 0, 0, 2], org.username()));
    let (_programs, test) = with_sessions(&org, &here, &elsewhere);
    let body = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><e:Fault><faultcode>\
                sf:INVALID_SESSION_ID</faultcode><faultstring>INVALID_SESSION_ID: Invalid Session ID found in \
                SessionHeader</faultstring></e:Fault></e:Body></e:Envelope>";
    let ended = Act::Answer(Moment::Request, Canned::new(500, body));
    org.inject(OnRequest::to("/services/Soap/m/", ended));
    let help = "most likely sessions are locked to the address they began at";
    assert_eq!(told(test.run("plan --org uat --json"), help), outcome(3, "session-invalid"));
    // SE-41: no session was ever taken.
    let admin = org.profile_session_setting("Admin");
    org.edit("ProfileSessionSetting", &admin, "requiredSessionLevel", Some(text("HIGH_ASSURANCE")));
    let (_programs, test) = with_sessions(&org, &org.login(), &org.login());
    let help = "most likely the user's profile asks for a High Assurance session";
    assert_eq!(told(test.run("plan --org uat --json"), help), outcome(3, "session-invalid"));
    org.stop();
}
