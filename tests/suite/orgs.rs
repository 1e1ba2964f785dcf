//! Several local orgs beside each other, each of its kind, and what keeps a session out of one.

use orgwire::component::{Fields, Scalar, Tree};
use orgwire::simulator::{Edition, Nature, Neighbours, Options};

use crate::simulated::{Org, text};
use crate::test::Test;

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
