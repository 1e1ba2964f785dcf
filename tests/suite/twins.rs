//! The five systems in the form that replaces connected apps: their whole life in an org that creates none.

use std::fs;
use std::path::Path;

use orgwire::simulator::Options;

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
