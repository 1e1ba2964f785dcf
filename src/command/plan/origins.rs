//! `--explain-values`: the values of a plan's components, and where each came from.

use crate::cli;
use crate::command::Failure;
use crate::command::load::Loaded;
use crate::reference::Observed;
use crate::report::origins::{Values, human, markdown, values as told};
use crate::report::{Format, Terminal};

pub(super) fn values(arguments: &cli::Plan, loaded: &Loaded, observed: &Observed) -> Values {
    told(&loaded.desired, Some(observed), &loaded.origins(&arguments.project.choice), &loaded.sources)
}

/// Before the plan, whose last line people search for. JSON has its own place for it.
pub(super) fn tell(values: &Values, terminal: &Terminal) -> Result<(), Failure> {
    match terminal.format {
        Format::Json => {}
        Format::Markdown => terminal.result(&markdown(values))?,
        _ => terminal.result(&human(values, terminal.colour_out))?,
    }
    Ok(())
}
