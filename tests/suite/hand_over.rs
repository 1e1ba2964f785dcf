//! Generated secrets on their way to a system outside the org.

use insta::assert_snapshot;
use orgwire::simulator::Options;

use crate::simulated::Org;
use crate::test::{Test, eventually};

fn secret_of(test: &Test, name: &str, field: &str) -> String {
    let mut found = String::new();
    Org::of(test, |org| found = org.text("ConnectedApp", name, &format!("oauthConfig.{field}")));
    found
}

#[test]
fn commands_get_what_they_ask_for_on_their_standard_input_and_nobody_sees_it() {
    let test = Test::example("cyclr").file(
        "keep.sh",
        "cat > \"$1\"; echo \"$ORGWIRE_COMPONENT $ORGWIRE_FIELD\" > \"$1.what\"; cat \"$1\"\n",
    );
    let said = test
        .run_words(&[
            "deploy",
            "-vv",
            "--secret-to-command",
            "sh keep.sh secret.txt",
            "--secret-to-command",
            "consumer-key=sh keep.sh 'the key.txt'",
        ])
        .success();
    let (secret, key) = (test.read("secret.txt"), test.read("the key.txt"));
    assert_eq!(secret, secret_of(&test, "Cyclr", "consumerSecret"));
    assert_eq!(key, secret_of(&test, "Cyclr", "consumerKey"));
    assert_eq!(test.read("secret.txt.what"), "connected-app.Cyclr consumer-secret\n");
    assert!(!said.stdout.contains(&secret) && !said.stderr.contains(&secret));
    assert!(
        said.stderr.contains("Gave consumer-secret of connected-app.Cyclr to `sh`.\n"),
        "{}",
        said.stderr
    );
    // Nothing is generated any more.
    let said = test.run_words(&["deploy", "--secret-to-command", "sh keep.sh again.txt"]).success();
    assert!(said.stderr.contains("none is handed over"), "{}", said.stderr);
    assert!(!test.path("again.txt").exists());
}

#[test]
fn a_validation_hands_nothing_over_and_a_refusal_says_what_was() {
    let test = Test::example("cyclr");
    let words = ["deploy", "--secret-to-command", "tee given.txt"];
    test.run_words(&[&words[..], &["--check-only", "--secret-out", "made.json"]].concat()).success();
    assert!(!test.path("given.txt").exists() && !test.path("made.json").exists());
    let said = test.run_words(&[&words[..], &["--spring-26-block"]].concat()).exits(4);
    assert!(
        said.stderr.contains("What `tee` was given is not in the org: the next deployment gives it another."),
        "{}",
        said.stderr
    );
    test.run_words(&words).success();
    assert_eq!(test.read("given.txt"), secret_of(&test, "Cyclr", "consumerSecret"));
}

#[test]
#[cfg(unix)]
fn a_command_that_takes_long_is_given_up_with_an_interrupt() {
    let org = Org::start(Options::default());
    // It lets go of its output, whose end is waited for below.
    let slow = "sh -c 'cat >given.txt; exec >ended.txt 2>&1; sleep 60; echo ended'";
    let test = org.reached_by(Test::example("cyclr"));
    let mut running =
        test.start_words(&["deploy", "--yes", "--secret-out", "made.json", "--secret-to-command", slow]);
    running.until("Wrote generated keys and secrets");
    eventually("the command takes what it is given", || test.path("ended.txt").exists());
    running.signal("INT");
    let said = running.end().exits(8);
    assert!(said.stderr.contains("interrupted while handing secrets over"), "{}", said.stderr);
    assert_ne!(test.read("given.txt"), "");
    assert_eq!(test.read("ended.txt"), "");
    assert!(!test.path("made.json").exists());
    assert!(!org.has("ConnectedApp", "Cyclr"));
    // A file that was there is not ours, however the command ends.
    test.write("made.json", "mine");
    test.run_words(&["deploy", "--yes", "--secret-out", "made.json", "--secret-to-command", "cat"]).exits(1);
    assert_eq!(test.read("made.json"), "mine");
}

#[test]
fn what_was_given_before_a_command_failed_is_told() {
    let test = Test::example("cyclr");
    let words = ["deploy", "--secret-to-command", "tee one.txt", "--secret-to-command", "false"];
    let said = test.run_words(&words).exits(1);
    assert!(said.stderr.contains("What `tee` was given is not in the org"), "{}", said.stderr);
    assert!(!said.stderr.contains("What `false` was given"), "{}", said.stderr);
}

#[test]
fn a_command_that_fails_stops_everything_before_anything_is_sent() {
    let test = Test::example("cyclr");
    let words = ["deploy", "--secret-out", "made.json", "--secret-to-command", "sh -c 'exit 3'"];
    let said = test.run_words(&words).exits(1);
    assert_snapshot!(said.talk());
    assert!(!test.path("made.json").exists());
    Org::of(&test, |org| assert!(!org.has("ConnectedApp", "Cyclr")));
    let said = test.run_words(&["deploy", "--secret-to-command", "no-such-program", "--json"]).exits(1);
    assert_eq!(said.json()["error"]["code"], "hand-over");
}

#[test]
fn secrets_are_shown_on_a_terminal_and_nowhere_else() {
    let test = Test::example("cyclr");
    let said = test.run("deploy --show-secrets").exits(1);
    assert_snapshot!(said.talk(), @"
    usage

      × --show-secrets needs a terminal to show them on
      help: for a job: --secret-out FILE, or --secret-to-command 'gh secret set NAME'; nothing was sent
    ");
    Org::of(&test, |org| assert!(!org.has("ConnectedApp", "Cyclr")));
    // `script` gives it one.
    let shown = test.run_script("script -qec \"$ORGWIRE deploy --show-secrets\" /dev/null").success().stdout;
    let secret = secret_of(&test, "Cyclr", "consumerSecret");
    assert!(shown.contains(&format!("consumer-secret of connected-app.Cyclr: {secret}")), "{shown}");
}
