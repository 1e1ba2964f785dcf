//! Ampersand's checks of a customer's org (002-R1 to R6): nothing is said of a good org, and each that is broken alone is
//! named.

use insta::assert_snapshot;
use orgwire::component::Tree;
use orgwire::simulator::{Edition, Nature, Options};

use super::{APP, NOTHING, ampersand, deployed, edit, finds, found, permission, ranges, told};
use crate::simulated::{Org, flag, text};

const BOTH_WITHOUT_API: &str = "api-access connected-app.Ampersand permission-set.Ampersand_User";

#[test]
fn a_good_org_is_fit_before_the_app_is_there_and_afterwards() {
    let org = Org::start(Options::default());
    let test = org.reached_by(ampersand());
    let said = test.run("doctor --json").success();
    finds(&said, &NOTHING, &NOTHING, &NOTHING);
    assert!(found(&said, "fine").contains(&"app-creation".to_owned()));
    assert!(!org.has("ConnectedApp", APP), "it only asks");
    test.run("deploy --yes").success();
    org.assign("Ampersand_User", &org.other("analyst"));
    let said = test.run_words(&["doctor", "--json", "--user", &org.other("analyst")]).success();
    finds(&said, &NOTHING, &NOTHING, &NOTHING);
    assert_snapshot!(test.run("doctor").success().result().replace(org.username(), "ADMIN"));
    let said = test.run("doctor --format junit").success();
    assert!(
        said.stdout.contains("<testsuite name=\"orgwire doctor\" tests=\"17\" failures=\"0\""),
        "{}",
        said.stdout
    );
}

#[test]
fn rule_002_r1_an_org_or_a_user_without_api_access_is_named() {
    for edition in [Edition::Group, Edition::Professional] {
        let org = Org::start(Options {
            nature: Some(Nature { edition, ..Nature::default() }),
            ..Options::default()
        });
        let said = org.reached_by(ampersand()).run("doctor --json").exits(1);
        finds(
            &said,
            &[BOTH_WITHOUT_API],
            &NOTHING,
            &[
                "own-permissions connected-app.Ampersand permission-set.Ampersand_User",
                "session-ip-lock connected-app.Ampersand",
                "limits",
            ],
        );
        assert!(told(&said, "api-access", "what").contains("API_DISABLED_FOR_ORG"));
    }
    let org = Org::start(Options::default());
    let token = org.login_from([127, 0, 0, 1], &org.other("analyst"));
    org.edit(
        "Profile",
        "Standard",
        "userPermissions",
        Some(Tree::List(vec![permission("ApiEnabled", false)])),
    );
    let test = org.reached_by(ampersand()).variable("ORGWIRE_ACCESS_TOKEN", &token);
    let said = test.run("doctor --json").exits(1);
    assert_eq!(found(&said, "blocks"), [BOTH_WITHOUT_API]);
    assert!(told(&said, "api-access", "what").contains("API_CURRENTLY_DISABLED"), "{}", said.stdout);
}

#[test]
fn rule_002_r2_and_003_r6_a_refresh_token_policy_that_ends_connections_is_named() {
    let (org, test) = deployed();
    edit(&org, "oauthPolicy.refreshTokenPolicy", text("specific_lifetime:3:DAYS"));
    let said = test.run("doctor --json").success();
    finds(&said, &NOTHING, &["refresh-policy connected-app.Ampersand"], &NOTHING);
    edit(&org, "oauthPolicy.refreshTokenPolicy", text("zero"));
    let said = test.run("doctor --json").exits(1);
    finds(&said, &["refresh-policy connected-app.Ampersand"], &NOTHING, &NOTHING);
    assert!(told(&said, "refresh-policy", "mend").contains("refresh-token-policy = \"infinite\""));
    test.run("deploy --yes").success();
    test.run("doctor").success();
}

#[test]
fn rule_002_r3_ip_restrictions_are_named_and_block_where_there_are_ranges() {
    let (org, test) = deployed();
    edit(&org, "oauthPolicy.ipRelaxation", text("ENFORCE"));
    let said = test.run("doctor --json").success();
    finds(&said, &NOTHING, &["ip-relaxation connected-app.Ampersand"], &NOTHING);
    org.edit("Profile", "Standard", "loginIpRanges", Some(ranges()));
    let said = test.run_words(&["doctor", "--json", "--user", &org.other("analyst")]).exits(1);
    finds(&said, &["ip-relaxation connected-app.Ampersand"], &NOTHING, &NOTHING);
    assert!(told(&said, "ip-relaxation", "why").contains("10.0.0.1 to 10.0.0.9"));
}

#[test]
fn rule_002_r4_users_who_are_not_permitted_and_a_blocked_app_are_named() {
    let (org, test) = deployed();
    edit(&org, "oauthConfig.isAdminApproved", flag(true));
    let said = test.run("doctor --json").exits(1);
    let users = "permitted-users connected-app.Ampersand";
    finds(&said, &[users], &[users], &NOTHING);
    edit(&org, "oauthConfig.isAdminApproved", flag(false));
    org.control("POST", "setup", r#"{"do": "block-app", "app": "Ampersand"}"#);
    let said = test.run("doctor --json").exits(1);
    finds(&said, &["app-blocked connected-app.Ampersand"], &NOTHING, &NOTHING);
    org.control("POST", "setup", r#"{"do": "unblock-app", "app": "Ampersand"}"#);
    test.run("doctor").success();
}

#[test]
fn rule_002_r4_and_004_r4_the_connecting_user_is_permitted_by_profile_or_permission_set() {
    let org = Org::start(Options::default());
    let test = org.reached_by(ampersand());
    test.edit("manifests/main.toml", "is-admin-approved = false", "is-admin-approved = true");
    test.edit(
        "manifests/main.toml",
        "label = \"Ampersand\"",
        "label = \"Ampersand\"\nprofile-name = [\"Standard User\"]\npermission-set-name = [\"Ampersand_User\"]",
    );
    test.edit("manifests/main.toml", "default = [\"Account\", \"Contact\"]", "default = []");
    test.run("deploy --yes").success();
    let doctor = |name: &str| test.run_words(&["doctor", "--json", "--user", &org.other(name)]);
    finds(&doctor("analyst").success(), &NOTHING, &NOTHING, &NOTHING);
    let said = doctor("integration").exits(1);
    finds(&said, &["permitted-users connected-app.Ampersand"], &NOTHING, &NOTHING);
    org.assign("Ampersand_User", &org.other("integration"));
    finds(&doctor("integration").success(), &NOTHING, &NOTHING, &NOTHING);
}

#[test]
fn rule_002_r5_and_004_r4_the_connecting_user_is_there_active_and_may_use_the_api() {
    let org = Org::start(Options::default());
    let test = org.reached_by(ampersand());
    // Without objects, and without the permission set, which would let the user in.
    test.edit("manifests/main.toml", "default = [\"Account\", \"Contact\"]", "default = []");
    test.run("deploy --yes").success();
    let analyst = org.other("analyst");
    let doctor = |name: &str| test.run_words(&["doctor", "--json", "--user", name]).exits(1);
    let connecting = ["connecting-user connected-app.Ampersand"];
    assert_eq!(found(&doctor("nobody@example.com"), "blocks"), connecting);
    org.edit(
        "Profile",
        "Standard",
        "userPermissions",
        Some(Tree::List(vec![permission("ApiEnabled", false)])),
    );
    let said = doctor(&analyst);
    assert_eq!(found(&said, "blocks"), connecting);
    assert!(told(&said, "connecting-user", "what").contains("API Enabled"));
    org.edit("Profile", "Standard", "userPermissions", None);
    org.control("POST", "setup", &format!(r#"{{"do": "deactivate-user", "username": "{analyst}"}}"#));
    let said = doctor(&analyst);
    assert_eq!(found(&said, "blocks"), connecting);
    assert!(told(&said, "connecting-user", "what").contains("is not active"));
    assert_eq!(
        told(&said, "connecting-user", "link"),
        format!("{}/lightning/setup/ManageUsers/home", org.instance_url())
    );
}

#[test]
fn rule_002_r5_the_connecting_user_may_read_and_write_what_the_permission_sets_name() {
    let org = Org::start(Options::default());
    let test = org.reached_by(ampersand());
    test.edit("manifests/main.toml", "default = [\"Account\", \"Contact\"]", "default = [\"Lead\"]");
    test.run("deploy --yes").success();
    let doctor = |name: &str| test.run_words(&["doctor", "--json", "--user", name]);
    let said = doctor(&org.other("analyst")).exits(1);
    finds(&said, &["connecting-user permission-set.Ampersand_User"], &NOTHING, &NOTHING);
    let what = told(&said, "connecting-user", "what");
    assert!(what.ends_with("may not read, create and edit records of Lead"), "{what}");
    org.assign("Ampersand_User", &org.other("analyst"));
    finds(&doctor(&org.other("analyst")).success(), &NOTHING, &NOTHING, &NOTHING);
    // Whoever may modify all data needs no permission set; another licence is for Setup to judge.
    finds(&doctor(org.username()).success(), &NOTHING, &NOTHING, &NOTHING);
    org.assign("Ampersand_User", &org.other("integration"));
    let said = doctor(&org.other("integration")).success();
    finds(&said, &NOTHING, &["connecting-user connected-app.Ampersand"], &NOTHING);
}

#[test]
fn rule_002_r6_a_missing_scope_for_refresh_tokens_is_named() {
    let (org, test) = deployed();
    edit(&org, "oauthConfig.scopes", Tree::List(vec![text("Api")]));
    let said = test.run("doctor --json").exits(1);
    finds(&said, &["scopes connected-app.Ampersand"], &NOTHING, &NOTHING);
    edit(&org, "oauthConfig.scopes", Tree::List(vec![text("RefreshToken")]));
    finds(&test.run("doctor --json").success(), &NOTHING, &["scopes connected-app.Ampersand"], &NOTHING);
}
