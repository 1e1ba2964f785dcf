//! What an org has and the manifests do not say, without a word of passes: for a nightly look, not for a deployment.

use serde_json::{Value, json};

use super::{head, unmanaged};
use crate::command::Failure;
use crate::command::load::Loaded;
use crate::command::target::Opened;
use crate::plan::{Action, Plan};
use crate::reference::Observed;
use crate::report::{self, Format, Terminal};

/// Tells the drift, and whether there is any. A plan that cannot be applied has drifted as well.
pub(super) fn show(
    loaded: &Loaded,
    plan: &Plan,
    observed: &Observed,
    others: &[String],
    opened: &Opened,
    terminal: &Terminal,
) -> Result<bool, Failure> {
    let drifted = plan.changes.iter().any(|change| change.action != Action::Keep);
    let diagnostics = super::findings(loaded, plan);
    terminal.diagnostics(&loaded.sources, &diagnostics);
    match terminal.format {
        Format::Json => {
            let mut told = report::json::plan(plan);
            let changes = told.remove("changes").unwrap_or_default();
            let is_change = |change: &Value| change["action"] != "keep";
            let changes: Vec<Value> = changes
                .as_array()
                .into_iter()
                .flatten()
                .filter(|change| is_change(change))
                .cloned()
                .collect();
            let mut body = head(loaded, observed, opened);
            body.insert("drifted".to_owned(), json!(drifted));
            body.insert("drift".to_owned(), Value::Array(changes));
            body.insert("unmanaged".to_owned(), json!(others));
            body.insert("diagnostics".to_owned(), report::json::diagnostics(&loaded.sources, &diagnostics));
            terminal.result(&report::json::text(&Value::Object(body)))?;
        }
        Format::Markdown => terminal.result(&report::markdown::drift(plan, others, &opened.described()))?,
        _ => {
            terminal.result(&report::human::drift(plan, &opened.described(), terminal.colour_out))?;
            unmanaged::tell(others, terminal);
        }
    }
    Ok(drifted)
}
