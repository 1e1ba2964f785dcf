//! Whatever goes wrong at whatever moment of a deployment, the next `deploy` brings the org to what the manifest says:
//! nothing is created twice, nothing sent twice, and nothing was said that was not so. Every cell is a test.

use std::collections::BTreeMap;

use orgwire::simulator::Options;

use crate::link::{Fault, Link, Moment};
use crate::simulated::Org;
use crate::test::{Said, Test};

const APP: &str = "AxsyApexAPI";
const CREATED: [(&str, &str); 3] = [("ConnectedApp", APP), ("AuthProvider", APP), ("NamedCredential", APP)];

fn cell(moment: Moment, fault: Fault) {
    let org = Org::start(Options::default());
    let link = Link::to(org.instance_url());
    let test = Test::example("axsy")
        .variable("ORGWIRE_INSTANCE_URL", link.url())
        .variable("ORGWIRE_ACCESS_TOKEN", org.token());
    link.strike(moment, fault);
    let running = test.start("deploy --yes --json");
    link.watch(running.id());
    let first = running.end();
    assert!(link.has_struck(), "the moment never came\n{}\n{}", first.stdout, first.stderr);
    first_says_what_is(&first, &org);

    let second = test.run("deploy --yes --json").success();
    test.run("plan --exit-code").success();
    let journal =
        test.files().into_iter().filter(|(path, _)| path.contains("journal/") && path.ends_with(".json"));
    assert_eq!(journal.count(), 0);

    // Whatever the org took was created once, by one deployment of each pass.
    let mut created: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut succeeded = 0;
    for id in link.deployments() {
        let result = org.deployment_result(&id);
        assert!(result.done, "{id} is {}", result.status);
        if result.success {
            succeeded += 1;
            for row in result.rows.iter().filter(|row| row.created) {
                *created.entry((row.component_type.clone(), row.full_name.clone())).or_default() += 1;
            }
        } else {
            assert_eq!((fault, result.status.as_str()), (Fault::Interrupt, "Canceled"), "{id}");
        }
    }
    let once = CREATED.iter().map(|(kind, name)| (((*kind).to_owned(), (*name).to_owned()), 1));
    assert_eq!(created, once.collect(), "\n{}\n{}", second.stdout, second.stderr);
    assert_eq!(succeeded, 2, "{:?}", link.deployments());
    assert!(
        org.text("ConnectedApp", APP, "oauthConfig.callbackUrl")
            .ends_with("/services/authcallback/AxsyApexAPI")
    );
    org.stop();
}

/// What the first run said about the org is what the org holds.
fn first_says_what_is(said: &Said, org: &Org) {
    let exists = org.has("ConnectedApp", APP);
    let wired = exists && org.text("ConnectedApp", APP, "oauthConfig.callbackUrl").ends_with(APP);
    let told = &said.stderr;
    match said.code {
        0 => assert!(wired, "it said that all is done\n{told}"),
        // It was killed, and has said nothing.
        -1 => {}
        _ => {
            for words in ["nothing was deployed", "nothing was sent", "nothing was changed in the org"] {
                assert!(!(told.contains(words) && exists), "{words}, and the app exists\n{told}");
            }
            for (words, is_wired) in [("pass 1 stays in place", false), ("pass 2 stays in place", true)] {
                assert!(!told.contains(words) || (exists && wired == is_wired), "{told}");
            }
        }
    }
}

macro_rules! matrix {
    ($($name:ident: $moment:expr;)*) => {
        $(mod $name {
            use super::*;

            #[test] fn kill() { cell($moment, Fault::Kill); }
            #[test] fn interrupt() { cell($moment, Fault::Interrupt); }
            #[test] fn drop() { cell($moment, Fault::Drop); }
            #[test] fn delay() { cell($moment, Fault::Delay); }
            #[test] fn unavailable() { cell($moment, Fault::Unavailable); }
            #[test] fn truncated() { cell($moment, Fault::Truncated); }
            #[test] fn page() { cell($moment, Fault::Page); }
            #[test] fn expired() { cell($moment, Fault::Expired); }
        })*
    };
}

matrix! {
    before_the_post: Moment::Post(1);
    answer_of_the_post_lost: Moment::PostAnswer(1);
    between_polls: Moment::Poll(1);
    between_passes: Moment::BetweenPasses;
    before_the_second_post: Moment::Post(2);
    answer_of_the_second_post_lost: Moment::PostAnswer(2);
    between_polls_of_the_second_pass: Moment::Poll(2);
    during_read_back: Moment::ReadBack;
}
