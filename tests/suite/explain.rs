//! `explain` and `schema`: what users can look up.

use insta::assert_snapshot;

use crate::test::Test;

#[test]
fn a_field_is_explained_from_its_description() {
    let said = Test::new().run("explain connected-app.oauth-config.consumer-key").success();
    assert_snapshot!(said.stdout, @r"
    # connected-app.oauth-config.consumer-key

    The OAuth client id, 8 to 256 letters and digits that no other app in any org
    has; can be chosen at creation only.

    - Text.
    - At most 256 characters.
    - Left out, the org makes one up and keeps it.
    - Fits one org only: give each environment its own.
    - orgwire can make it: `{ generate = true }`.
    - Counts only when the component is created, and is not sent afterwards.
    - In the Metadata API: `oauthConfig.consumerKey` of `ConnectedApp`. Rests on
      CA-10, CA-11, CA-12, CA-14, CA-16, CA-17, CA-18.
    ");
}

#[test]
fn an_unknown_topic_gets_a_suggestion() {
    let said = Test::new().run("explain unset-secrt").exits(1);
    assert_snapshot!(said.stderr, @r"
    unknown-topic

      × nothing is known of `unset-secrt`
      help: did you mean `unset-secret`?
    ");
}

#[test]
fn the_schema_is_json_and_always_the_same() {
    let test = Test::new();
    let first = test.run("schema").success();
    assert_eq!(first.json()["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(test.run("schema").success().stdout, first.stdout);
    assert_eq!(test.run("schema configuration").success().json()["type"], "object");
}

#[test]
fn the_reference_is_one_page() {
    let test = Test::new();
    let said = test.run("explain --all").success();
    assert!(said.stdout.starts_with("# Reference\n") && said.stdout.contains("\n## connected-app\n"));
    assert_eq!(test.run("explain --all --json").success().json()["text"], said.stdout);
    assert!(test.run("explain --all connected-app").exits(1).stderr.contains("cannot be used with"));
}
