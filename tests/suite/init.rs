//! `init`: a first manifest that works, and nothing overwritten.

use insta::assert_snapshot;

use crate::test::Test;

#[test]
fn every_start_gives_a_manifest_that_can_be_checked() {
    for (from, flags) in [
        ("axsy", ""),
        ("logik", "--var run-as-user=integration@example.com"),
        ("ampersand", "--var callback=https://partner.example/cb"),
        ("cyclr", ""),
        ("agilepoint", "--var callback=https://partner.example/cb"),
        ("blank", ""),
    ] {
        for form in ["", "--external-client-app"] {
            let test = Test::new();
            test.run(&format!("init --from {from} {form}")).success();
            test.run(&format!("lint {flags}")).success();
        }
    }
}

#[test]
fn what_was_written_is_said_and_what_is_there_is_kept() {
    let test = Test::new();
    let said = test.run("init --from axsy").success();
    assert_snapshot!(said.stdout, @r"
    wrote manifests/axsy.toml
    wrote orgwire.toml
    wrote .gitignore
    ");
    assert_snapshot!(said.stderr, @"next: orgwire plan manifests/axsy.toml, then orgwire deploy manifests/axsy.toml; both use the local org");
    test.write("manifests/axsy.toml", "mine");
    let said = test.run("init --from axsy").exits(1);
    assert_snapshot!(said.stderr, @r"
    file-exists

      × `manifests/axsy.toml` is already there
      help: remove or rename it first, or start in another folder: orgwire init FOLDER
    ");
    assert_eq!(test.read("manifests/axsy.toml"), "mine");
    assert_eq!(test.run("init --from cyclr").success().stdout, "wrote manifests/cyclr.toml\n");
}

#[test]
fn a_system_comes_as_an_external_client_app_if_asked_for() {
    let test = Test::new();
    let said = test.run("init --from axsy --external-client-app").success();
    assert_eq!(said.stdout, "wrote manifests/axsy.toml\nwrote orgwire.toml\nwrote .gitignore\n");
    let written = test.read("manifests/axsy.toml");
    assert!(written.contains("[external-client-application.AxsyApexAPI]"), "{written}");
    assert!(!written.contains("[connected-app."), "{written}");
    // Both forms have the same names, so a project has one of them.
    let said = test.run("init --from axsy").exits(1);
    assert!(said.stderr.contains("`manifests/axsy.toml` is already there"), "{}", said.stderr);
}
