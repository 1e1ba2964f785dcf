//! The five systems in the form that replaces connected apps: their whole life in an org that creates none.

use std::fs;
use std::path::Path;

use orgwire::simulator::{Fault, Options};

use crate::simulated::Org;
use crate::test::Test;

/// Every twin, and what it has to be told.
const TWINS: [(&str, &str); 5] = [
    ("agilepoint", "--var callback=https://partner.example/cb"),
    ("ampersand", "--var callback=https://partner.example/cb"),
    ("axsy", ""),
    ("cyclr", ""),
    ("logik", "--var run-as-user=RUN_AS"),
];

/// An org that creates no connected apps (CA-70).
fn blocked() -> Org {
    Org::start(Options { spring_26_block: true, ..Options::default() })
}

fn flags(org: &Org, flags: &str) -> String {
    flags.replace("RUN_AS", org.username())
}

#[test]
fn every_system_has_a_twin() {
    let names = |folder: &str| -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<String> = files
            .filter(|path| path.is_file())
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("manifests/external-client-app"), TWINS.map(|(name, _)| name));
    let systems = names("manifests");
    assert!(TWINS.iter().all(|(name, _)| systems.contains(&(*name).to_owned())), "{systems:?}");
}

#[test]
fn every_twin_is_deployed_where_connected_apps_are_refused_and_changes_nothing_the_second_time() {
    for (name, words) in TWINS {
        let org = blocked();
        let words = flags(&org, words);
        let old = org.reached_by(Test::example(name));
        let said = old.run(&format!("deploy --yes {words}")).exits(4);
        assert!(
            said.stderr.contains(&format!("manifests/external-client-app/{name}.toml")),
            "{}",
            said.stderr
        );
        let test = org.reached_by(Test::twin(name));
        test.run(&format!("lint {words}")).success();
        test.run(&format!("deploy --yes {words}")).success();
        let again = test.run(&format!("plan --exit-code {words}")).success();
        assert!(again.stdout.starts_with("No changes"), "{}", again.stdout);
    }
}

const APP: &str = "AxsyApexAPI";
const GLOBAL: &str = "ExtlClntAppGlobalOauthSettings";
const GLOBAL_NAME: &str = "AxsyApexAPI_glbloauth";

/// Axsy's twin in an org that creates no connected apps.
fn axsy() -> (Org, Test) {
    let org = blocked();
    let test = org.reached_by(Test::twin("axsy"));
    test.run("deploy --yes").success();
    (org, test)
}

#[test]
fn the_head_of_an_app_goes_first_and_the_callback_is_wired_into_what_follows() {
    let org = blocked();
    let test = org.reached_by(Test::twin("axsy"));
    let done = test.run("deploy --yes --json").success().json();
    let sent = |pass: usize| -> Vec<String> {
        let components = done["passes"][pass]["components"].as_array().unwrap_or_else(|| panic!("{done}"));
        components.iter().map(|component| component.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(sent(0), ["external-client-application.AxsyApexAPI"]);
    // The two that share a secret are made in one package.
    assert_eq!(sent(1).len(), 7, "{done}");
    assert_eq!(sent(2), ["extl-clnt-app-global-oauth-settings.AxsyApexAPI_glbloauth"]);
    let callback = format!("{}/services/authcallback/AxsyApexAPI", org.instance_url());
    assert_eq!(org.text(GLOBAL, GLOBAL_NAME, "callbackUrl"), callback);
    halves_fit(&org);
}

/// Key and secret are the same on both sides.
fn halves_fit(org: &Org) {
    for element in ["consumerKey", "consumerSecret"] {
        assert_eq!(
            org.text(GLOBAL, GLOBAL_NAME, element),
            org.text("AuthProvider", APP, element),
            "{element}"
        );
    }
}

#[test]
fn what_stopped_between_the_passes_is_brought_to_its_end() {
    let org = blocked();
    let test = org.reached_by(Test::twin("axsy"));
    org.inject(Fault::Reject {
        component: format!("extl-clnt-app-global-oauth-settings.{GLOBAL_NAME}"),
        problem: "not today".to_owned(),
    });
    let said = test.run("deploy --yes").exits(4);
    assert!(said.stderr.contains("pass 1 stays in place"), "{}", said.stderr);
    org.calm();
    test.run("deploy --yes").success();
    halves_fit(&org);
    test.run("plan --exit-code").success();
}

#[test]
fn what_an_org_holds_of_a_twin_becomes_the_same_manifest_again() {
    for (name, words) in TWINS {
        let test = Test::twin(name);
        let mut known = String::new();
        Org::of(&test, |org| known = flags(org, words));
        test.run(&format!("deploy --yes --spring-26-block {known}")).success();
        let said = test.run(&format!("diff manifests org:local --exit-code {known}"));
        assert_eq!(said.code, 0, "{name}\n{}\n{}", said.stdout, said.stderr);
        test.run("import org:local --without profile --without profile-session-setting --output all.toml")
            .success();
        let imported = test.read("all.toml");
        assert!(imported.contains("[external-client-application."), "{imported}");
        let said = test.run("plan all.toml --exit-code");
        assert_eq!(said.code, 0, "{name}\n{}\n{}\n{imported}", said.stdout, said.stderr);
    }
}

#[test]
fn a_twin_is_removed_with_everything_that_belongs_to_it() {
    let (org, test) = axsy();
    let said = test.run("destroy --yes --json").success().json();
    assert_eq!(said["removed"].as_array().unwrap().len(), 8, "{said}");
    let kinds = [
        ("ExternalClientApplication", APP),
        (GLOBAL, GLOBAL_NAME),
        ("ExtlClntAppOauthConfigurablePolicies", "AxsyApexAPI_oauthPlcy"),
        ("AuthProvider", APP),
        ("ExternalCredential", APP),
        ("NamedCredential", APP),
        ("PermissionSet", "AxsyApexAPI_Access"),
    ];
    for (kind, name) in kinds {
        assert!(!org.has(kind, name), "{kind}");
    }
}

#[test]
fn a_twin_is_carried_from_a_sandbox_to_production() {
    let configuration = "[environment.uat]\norg = \"uat\"\nvariables = { contact = \"uat@example.com\" }\n\
                         [environment.production]\norg = \"production\"\n";
    let test = Test::twin("axsy").file("orgwire.toml", configuration);
    let mut serving = test.start(
        "simulate --org uat:sandbox --org production:edition=enterprise,production=true,spring-26-block=true",
    );
    serving.until("\"production\"");
    test.run("deploy -e uat --yes").success();
    test.run("promote --from uat --to production --no-key-reuse --yes").success();
    test.run("plan -e production --exit-code").success();
}

#[test]
fn what_an_api_version_does_not_know_of_a_twin_is_said_before_an_org_says_it() {
    // EC-20: which elements there are changes almost every release.
    let codes = |name: &str, words: &str, version: &str| -> Vec<String> {
        let test = Test::twin(name);
        test.edit("manifests/main.toml", "api-version = \"66.0\"", &format!("api-version = \"{version}\""));
        let said = test.run(&format!("lint --json {words}")).json();
        let found = said["diagnostics"].as_array().unwrap().iter();
        let errors = found.filter(|found| found["severity"] == "error");
        errors.map(|found| format!("{} {}", found["code"].as_str().unwrap(), found["message"])).collect()
    };
    let user = "--var run-as-user=integration@example.com";
    for version in ["65.0", "66.0", "67.0"] {
        for (name, words) in TWINS {
            let words = words.replace("RUN_AS", "integration@example.com");
            assert_eq!(codes(name, &words, version), Vec::<String>::new(), "{name} {version}");
        }
    }
    let old = codes("logik", user, "64.0");
    assert!(old.len() == 1 && old[0].contains("named-user-jwt-session-timeout-type"), "{old:?}");
    // The switch has moved from the policies to the settings.
    let test = Test::twin("logik");
    let policies = "named-user-jwt-timeout = 30";
    test.edit("manifests/main.toml", policies, &format!("is-named-user-jwt-enabled = true\n{policies}"));
    let said = test.run(&format!("lint {user}")).exits(1);
    assert!(said.stderr.contains("field-retired"), "{}", said.stderr);
}
