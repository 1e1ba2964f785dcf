//! `fmt`: one layout, nothing lost, and only what changes is written.

use std::fs;

use insta::assert_snapshot;

use crate::test::Test;

const UNTIDY: &str = r#"
    # What orders need.

    [connected-app.Orders]
    contact-email="ops@example.com"   # a team
    label = 'Orders'
    oauth-config.scopes = ["Api"]
    [variables]
    contact = "ops@example.com"
"#;

#[test]
fn a_manifest_is_laid_out_and_its_comments_stay() {
    let test = Test::new().manifest(UNTIDY);
    let said = test.run("fmt").success();
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("formatted manifests/main.toml\n", ""));
    assert_snapshot!(test.read("manifests/main.toml"), @r#"
    # What orders need.

    [variables]
    contact = "ops@example.com"

    [connected-app.Orders]
    label = "Orders"
    contact-email = "ops@example.com" # a team

    [connected-app.Orders.oauth-config]
    scopes = ["Api"]
    "#);
    let before = fs::metadata(test.path("manifests/main.toml")).unwrap().modified().unwrap();
    let said = test.run("fmt").success();
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
    assert_eq!(fs::metadata(test.path("manifests/main.toml")).unwrap().modified().unwrap(), before);
}

#[test]
fn what_a_component_depends_on_comes_first_in_it_and_steps_after_all_of_them() {
    let test = Test::new().manifest(
        r#"
        guide = "cyclr"
        [environment.uat.variables]
        on = "true"
        [manual-step.console]
        what = "enter the key"
        component = "auth-provider.Orders"
        [auth-provider.Orders]
        friendly-name = "Orders"
        provider-type = "Salesforce"
        only-if = "${var.on}"
        [variables]
        on = "false"
    "#,
    );
    test.run("fmt").success();
    assert_snapshot!(test.read("manifests/main.toml"), @r#"
    guide = "cyclr"

    [variables]
    on = "false"

    [auth-provider.Orders]
    only-if = "${var.on}"
    friendly-name = "Orders"
    provider-type = "Salesforce"

    [manual-step.console]
    what = "enter the key"
    component = "auth-provider.Orders"

    [environment.uat.variables]
    on = "true"
    "#);
    // What the editor's schema takes is what is read.
    test.run("plan").success();
    test.run("plan -e uat").success();
}

#[test]
fn a_check_shows_the_difference_and_writes_nothing() {
    let test = Test::new().manifest(UNTIDY).file("manifests/tidy.toml", "api-version = \"62.0\"\n");
    let before = test.files();
    let said = test.run("fmt --check").exits(1);
    assert_snapshot!(said.stdout);
    assert_snapshot!(said.stderr, @r"
    unformatted-files

      × 1 of 2 files are not laid out as `fmt` does
      help: lay them out: orgwire fmt manifests/main.toml
    ");
    assert_eq!(test.files(), before);
    test.run("fmt").success();
    let said = test.run("fmt --check").success();
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
}

#[test]
fn json_names_the_files() {
    let test = Test::new().manifest(UNTIDY).file("manifests/tidy.toml", "api-version = \"62.0\"\n");
    let said = test.run("fmt --check --json").exits(1);
    assert_eq!(said.json()["unformatted"], serde_json::json!(["manifests/main.toml"]));
    let said = test.run("fmt --json").success();
    assert_snapshot!(said.stdout, @r#"
    {
      "format_version": "1",
      "formatted": [
        "manifests/main.toml"
      ],
      "unchanged": [
        "manifests/tidy.toml"
      ]
    }
    "#);
}

#[test]
fn the_configuration_is_laid_out_with_the_manifests_it_names() {
    let test = Test::new()
        .file("ours/a.toml", "[variables]\na='1'\n")
        .file("orgwire.toml", "lint.relaxed-ip='deny'\nmanifests=['ours']\n");
    let said = test.run("fmt").success();
    assert_eq!(said.stdout, "formatted ours/a.toml\nformatted orgwire.toml\n");
    assert_eq!(test.read("orgwire.toml"), "manifests = [\"ours\"]\n\n[lint]\nrelaxed-ip = \"deny\"\n");
    Test::new().run("fmt").exits(1);
}

#[test]
fn nothing_is_written_while_one_file_is_no_toml() {
    let test = Test::new().manifest(UNTIDY).file("manifests/broken.toml", "[connected-app.A]\nlabel = A\n");
    let before = test.files();
    let said = test.run("fmt").exits(1);
    assert_eq!(test.files(), before);
    assert!(
        said.stderr.contains("invalid-toml") && said.stderr.contains("broken.toml:2:9"),
        "{}",
        said.stderr
    );
    // `lint` says the same.
    assert_eq!(test.run("lint manifests/broken.toml").exits(1).stderr, said.stderr);
}

#[test]
fn an_editor_pipes_its_text_through() {
    let test = Test::new();
    let said = test.run_script("printf '[variables]\\na=1' | $ORGWIRE fmt -").success();
    assert_eq!(said.stdout, "[variables]\na = 1\n");
    let said = test.run_script("printf 'a = ' | $ORGWIRE fmt -").exits(1);
    assert_eq!(said.stdout, "");
    let said = test.run_script("printf 'a=1' | $ORGWIRE fmt --check -").exits(1);
    assert!(said.stdout.contains("+a = 1\n"), "{}", said.stdout);
    let said = test.run("fmt - manifests").exits(1);
    assert!(said.stderr.contains("`-` stands alone"), "{}", said.stderr);
}

#[test]
#[cfg(unix)]
fn permissions_and_links_stay_and_nothing_else_is_left() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let test = Test::new().manifest(UNTIDY);
    let real = test.path("manifests/main.toml");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, test.path("link.toml")).unwrap();
    test.run("fmt link.toml").success();
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(test.path("link.toml")).unwrap().is_symlink());
    assert_eq!(fs::read_dir(test.path("manifests")).unwrap().count(), 1);
}

#[test]
fn the_manifests_that_come_with_orgwire_are_laid_out() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/manifests");
    Test::new().run(&format!("fmt --check {folder}")).success();
    for start in ["blank", "axsy"] {
        let test = Test::new();
        test.run(&format!("init --from {start}")).success();
        test.run("fmt --check").success();
    }
}
