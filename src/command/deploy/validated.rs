//! Whether a validation may stand for the first package of a plan.

use std::collections::BTreeSet;

use super::Problem;
use crate::command::target::Opened;
use crate::command::{Exit, Failure, Trouble};
use crate::org::Outcome;
use crate::package;
use crate::plan::Plan;

/// The validation succeeded, and was of the components that would be sent now. What their fields were then the org
/// does not tell; what it holds afterwards is read back and compared like after any deployment.
pub(super) async fn check(id: &str, plan: &Plan, opened: &Opened) -> Result<(), Failure> {
    let stale = |why: String| {
        let problem = Problem::StaleValidation { id: id.to_owned(), why };
        Failure::new(Trouble::StaleValidation, problem)
            .help("validate again with `deploy --check-only`, or deploy without --quick; nothing was sent")
            .exit(Exit::Stale)
    };
    let Some(first) = plan.passes.first() else {
        return Err(stale("nothing is left to send".to_owned()));
    };
    if first.packages > 1 {
        return Err(stale("the pass takes several packages".to_owned()));
    }
    let validation = opened.org.reader().deployment(id).await?;
    if !validation.check_only {
        return Err(stale("it is a deployment, not a validation".to_owned()));
    }
    if validation.outcome() != Outcome::Succeeded {
        return Err(stale(format!("the org says that it is {}", validation.status)));
    }
    let then: BTreeSet<_> = validation
        .rows
        .iter()
        .filter_map(|row| package::component_of(&row.file_name))
        .map(|(id, _)| id)
        .collect();
    let now: BTreeSet<_> = first.sends.iter().map(|send| send.id.clone()).collect();
    if let Some(more) = now.difference(&then).next() {
        return Err(stale(format!("{more} was not in it")));
    }
    if let Some(less) = then.difference(&now).next() {
        return Err(stale(format!("{less} was in it and is not to be sent")));
    }
    Ok(())
}
