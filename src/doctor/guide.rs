//! The rules of vendors' guides, asked of what the org holds: a manifest that keeps them says nothing of an org that has
//! drifted.

use super::{About, Case, Finding, Rank};
use crate::guide::{self, Breach};

const ID: &str = "guide";

/// What `others` have not told already.
pub fn findings(case: &Case<'_>, others: &[Finding]) -> Vec<Finding> {
    let is_told = |breach: &Breach| {
        let about = |finding: &&Finding| {
            finding.rank != Rank::Fine && finding.facts.iter().any(|fact| breach.rules.contains(fact))
        };
        others.iter().find(about).is_some()
    };
    let broken = guide::of_observed(case.desired, case.observed);
    broken.iter().filter(|breach| !is_told(breach)).map(finding).collect()
}

fn finding(breach: &Breach) -> Finding {
    let what = match &breach.field {
        Some(field) => format!("`{field}` of {} {}", breach.component, breach.what),
        None => format!("{} {}", breach.component, breach.what),
    };
    About(ID, breach.rules)
        .weakens(std::slice::from_ref(&breach.component), what)
        .why("the vendor's guide, which the manifest says to follow, has it otherwise")
        .mend(format!("{}, and orgwire deploy", breach.help))
}
