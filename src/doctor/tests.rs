//! What no simulated org can be made to tell.

use std::collections::BTreeSet;

use super::told::{Limit, Refused, Told};
use super::{Case, Rank, examine};
use crate::configuration::Configuration;
use crate::diagnostic::{Diagnostics, Sources};
use crate::reference::Observed;
use crate::resolve::{Inputs, resolve};

const AXSY: &str = "[auth-provider.A]\nfriendly-name = \"A\"\nprovider-type = \"Salesforce\"\n";

/// Id and rank of what is found of the checks with these ids.
fn found_of(told: &Told, ids: &[&str]) -> Vec<(&'static str, Rank)> {
    let mut sources = Sources::default();
    let id = sources.add("manifest.toml", AXSY);
    let mut diagnostics = Diagnostics::default();
    let manifest = crate::manifest::read(id, sources.get(id), &mut diagnostics);
    let desired = resolve(&Inputs::new(&[manifest], &Configuration::default()), &mut diagnostics);
    let observed = Observed::default();
    let case = Case::new(&desired, &observed, BTreeSet::new(), told, None);
    let findings = examine(&case).into_iter().filter(|finding| ids.contains(&finding.id));
    findings.map(|finding| (finding.id, finding.rank)).collect()
}

/// The same of what depends on the edition.
fn found(told: &Told) -> Vec<(&'static str, Rank)> {
    found_of(told, &["edition", "api-access", "auth-providers"])
}

fn of(edition: &str) -> Vec<(&'static str, Rank)> {
    found(&Told { edition: Some(edition.to_owned()), ..Told::default() })
}

#[test]
fn rule_002_r1_and_000_r10_editions_are_told_apart() {
    use Rank::{Advice, Blocks, Fine};
    let good = [("api-access", Fine), ("edition", Fine), ("auth-providers", Fine)];
    for edition in ["Enterprise Edition", "Performance Edition", "Unlimited Edition", "Developer Edition"] {
        assert_eq!(of(edition), good, "{edition}");
    }
    // It answers, so that somebody has bought the API; auth providers cannot be bought.
    let professional = [("auth-providers", Blocks), ("edition", Advice), ("api-access", Fine)];
    assert_eq!(of("Professional Edition"), professional);
    for edition in ["Team Edition", "Contact Manager Edition", "Base Edition"] {
        assert_eq!(
            of(edition),
            [("edition", Blocks), ("auth-providers", Blocks), ("api-access", Fine)],
            "{edition}"
        );
    }
    let refused = Refused { code: "API_DISABLED_FOR_ORG".to_owned(), message: "no".to_owned() };
    let refusing = Told { refused: Some(refused), ..Told::default() };
    assert_eq!(found(&refusing), [("api-access", Blocks), ("auth-providers", Blocks)]);
}

#[test]
fn limits_that_are_nearly_used_up_are_told() {
    let left = |name: &str, left: u64| {
        let limit = Limit { name: name.to_owned(), most: 1000, left };
        found_of(&Told { limits: Some(vec![limit]), ..Told::default() }, &["limits"])
    };
    assert_eq!(left("DailyApiRequests", 50), [("limits", Rank::Fine)]);
    assert_eq!(left("DailyApiRequests", 49), [("limits", Rank::Weakens)]);
    assert_eq!(left("DailyApiRequests", 0), [("limits", Rank::Blocks)]);
    // Storage that is full stops nobody from connecting, and what others use up is not ours.
    assert_eq!(left("DataStorageMB", 0), [("limits", Rank::Weakens)]);
    assert_eq!(left("MassEmail", 0), [("limits", Rank::Fine)]);
    assert_eq!(found_of(&Told::default(), &["limits"]), [("limits", Rank::Advice)]);
}

#[test]
fn a_login_host_is_not_the_address_of_an_org() {
    let at = |url: &str| {
        let told = Told { instance_url: url.to_owned(), ..Told::default() };
        found_of(&told, &["my-domain"])
    };
    assert_eq!(at("https://login.salesforce.com"), [("my-domain", Rank::Blocks)]);
    assert_eq!(at("https://TEST.salesforce.com/"), [("my-domain", Rank::Blocks)]);
    assert_eq!(at("https://acme.my.salesforce.com"), [("my-domain", Rank::Fine)]);
}
