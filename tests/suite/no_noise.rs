//! What an org gives back of what was deployed is no difference: for every manifest that comes with orgwire, and for every
//! case.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use orgwire::simulator::Options;

use crate::simulated::Org;
use crate::test::Test;

/// Everything that package.xml names, as files.
fn retrieve(org: &Org, package_xml: &str) -> Vec<u8> {
    let types = &package_xml[package_xml.find("<types>").unwrap()..package_xml.find("</Package>").unwrap()];
    // The version it was written for: newer elements come back of no older one.
    let (_, version) = package_xml.rsplit_once("<version>").unwrap();
    let version = version.split_once('<').unwrap().0;
    let answer = org.soap(&format!(
        "<retrieve xmlns=\"http://soap.sforce.com/2006/04/metadata\"><retrieveRequest><apiVersion>{version}</apiVersion>\
         <singlePackage>true</singlePackage><unpackaged>{types}</unpackaged></retrieveRequest></retrieve>"
    ));
    let between = |text: &str, tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>")).unwrap_or_else(|| panic!("no {tag} in {text}"));
        rest.split_once("</").unwrap().0.to_owned()
    };
    let id = between(&answer, "id");
    loop {
        let status = org.soap(&format!(
            "<checkRetrieveStatus xmlns=\"http://soap.sforce.com/2006/04/metadata\"><asyncProcessId>{id}</asyncProcessId>\
             <includeZip>true</includeZip></checkRetrieveStatus>"
        ));
        if between(&status, "done") == "true" {
            return base64::prelude::BASE64_STANDARD.decode(between(&status, "zipFile")).unwrap();
        }
    }
}

fn comes_back_as_it_was(manifest: &Path, flags: &str) {
    let org = Org::start(Options::default());
    // Somebody who is there.
    let flags = flags.replace("RUN_AS", org.username()).replace("integration@example.com", org.username());
    let text = fs::read_to_string(manifest).unwrap().replace("admin@example.com", org.username());
    let mut test = Test::new().manifest(&text);
    for variable in ["ORDERS_PASSWORD", "AWS_SECRET", "IDP_SECRET"] {
        test = test.variable(variable, "aB3dE5gH7jK9mN1pQ3sT5vW7yZ");
    }
    let configuration = manifest.with_file_name("orgwire.toml");
    if let Ok(text) = fs::read_to_string(configuration) {
        test = test.file("orgwire.toml", &text);
    }
    let test = org.reached_by(test);
    if let Some(named) = somebody_elses(manifest.parent().unwrap().file_name().unwrap().to_str().unwrap()) {
        test.write("others/main.toml", named);
        test.run("deploy others --yes").success();
    }
    test.run(&format!("deploy --yes {flags}")).success();
    test.run(&format!("render --output out {flags}")).success();
    test.write("retrieved.zip", retrieve(&org, &test.read("out/package.xml")));
    for sides in ["retrieved.zip manifests", "manifests retrieved.zip"] {
        let said = test.run(&format!("diff {sides} --exit-code {flags}"));
        assert_eq!(said.code, 0, "{}\n{}\n{}", manifest.display(), said.stdout, said.stderr);
    }
    test.run(&format!("plan --exit-code {flags}")).success();
}

/// What a case names and does not declare.
fn somebody_elses(case: &str) -> Option<&'static str> {
    match case {
        "legacy-credentials" => {
            Some("[auth-provider.Idp]\nfriendly-name = \"Idp\"\nprovider-type = \"Salesforce\"\n")
        }
        "secured-endpoint" => {
            Some("[external-credential.Orders]\nlabel = \"Orders\"\nauthentication-protocol = \"Custom\"\n")
        }
        _ => None,
    }
}

#[test]
fn every_manifest_comes_back_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests");
    let mut found: Vec<PathBuf> = [folder.clone(), folder.join("external-client-app")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    assert_eq!(found.len(), 11, "{found:?}");
    for manifest in found {
        let flags = match manifest.file_stem().unwrap().to_str().unwrap() {
            "agilepoint" | "ampersand" => "--var callback=https://partner.example/cb",
            "logik" => "--var run-as-user=RUN_AS",
            "logik-asset-token" => "--var certificate-id=0P1000000000001AAA --var audience=logik",
            _ => "",
        };
        comes_back_as_it_was(&manifest, flags);
    }
}

#[test]
fn every_case_comes_back_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    // Elements that nobody knows are passed through, and an org refuses them.
    cases.retain(|case| !case.ends_with("extra-elements"));
    for case in cases {
        let flags = fs::read_to_string(case.join("flags")).unwrap_or_default();
        comes_back_as_it_was(&case.join("manifest.toml"), flags.trim());
    }
}
