//! `simulate`: one line of JSON, then an org that other clients and other commands find.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::test::Test;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn simulate(test: &Test, words: &[&str]) -> (Running, serde_json::Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_orgwire"))
        .current_dir(test.path("."))
        .arg("simulate")
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Running(child), serde_json::from_str(&line).unwrap())
}

#[test]
fn the_line_has_what_a_client_needs() {
    let test = Test::new();
    let (_running, ready) = simulate(&test, &["--in-memory"]);
    let keys: Vec<&String> = ready.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["org", "instance_url", "access_token", "username", "password", "organization_id"]);
    assert!(ready["access_token"].as_str().unwrap().starts_with("00D"));
    assert!(!test.path(".orgwire").exists());
}

#[test]
fn other_commands_find_the_org_that_is_served() {
    let test = Test::example("axsy");
    let (running, ready) = simulate(&test, &[]);
    let told = test.run("deploy --json").success().json();
    assert_eq!(told["org"]["instance_url"], ready["instance_url"]);
    assert_eq!(told["org"]["id"], ready["organization_id"]);
    // By its address and token it is an org like any other: nothing is to be done there, so nobody is asked.
    let variables = [("ORGWIRE_INSTANCE_URL", "instance_url"), ("ORGWIRE_ACCESS_TOKEN", "access_token")];
    let mut command = test.command(&["deploy", "--json", "--no-input"]);
    command.envs(variables.map(|(name, key)| (name, ready[key].as_str().unwrap())));
    let output = command.output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["passes"], serde_json::json!([]));
    assert_eq!(told["org"]["simulated"], false);
    // A switch that another process decides about is refused, not ignored.
    let said = test.run("deploy --spring-26-block").exits(1);
    assert!(said.stderr.contains("another process serves the local org"), "{}", said.stderr);
    drop(running);
    // The org comes back where it was.
    let told = test.run("deploy --json").success().json();
    assert_eq!(
        (&told["org"]["instance_url"], &told["passes"]),
        (&ready["instance_url"], &serde_json::json!([]))
    );
}
