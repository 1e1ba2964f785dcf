//! What no simulated org can be made to tell.

use std::collections::BTreeSet;

use super::told::{Refused, Told};
use super::{Case, Rank, examine};
use crate::configuration::Configuration;
use crate::diagnostic::{Diagnostics, Sources};
use crate::reference::Observed;
use crate::resolve::{Inputs, resolve};

const AXSY: &str = "[auth-provider.A]\nfriendly-name = \"A\"\nprovider-type = \"Salesforce\"\n";

/// Id and rank of what an org of this edition is found to be.
fn found(told: &Told) -> Vec<(&'static str, Rank)> {
    let mut sources = Sources::default();
    let id = sources.add("manifest.toml", AXSY);
    let mut diagnostics = Diagnostics::default();
    let manifest = crate::manifest::read(id, sources.get(id), &mut diagnostics);
    let desired = resolve(&Inputs::new(&[manifest], &Configuration::default()), &mut diagnostics);
    let observed = Observed::default();
    let case = Case::new(&desired, &observed, BTreeSet::new(), told, None);
    let of_edition = ["edition", "api-access", "auth-providers"];
    let findings = examine(&case).into_iter().filter(|finding| of_edition.contains(&finding.id));
    findings.map(|finding| (finding.id, finding.rank)).collect()
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
