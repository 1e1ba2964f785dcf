//! The API version: never newer than the org. An org that has it is asked nothing; one that does not have it is asked
//! for those it has, and the project is planned again in the newest of them.

use crate::command::Failure;
use crate::command::load::Loaded;
use crate::command::target::Opened;
use crate::diagnostic::{Code, Diagnostic};
use crate::lint;
use crate::org;

/// After this failure: goes down to the newest version of the org, if that is older, and says so. Whatever the older
/// version does not know is an error, as if the manifest had asked for it.
pub(super) async fn lower(
    failed: &org::Error,
    loaded: &mut Loaded,
    opened: &mut Opened,
) -> Result<bool, Failure> {
    if !failed.may_be_of_the_version() {
        return Ok(false);
    }
    let wanted = loaded.desired.api_version;
    let versions = opened.org.reader().versions().await?;
    let Some(newest) = versions.last().filter(|newest| newest.number < wanted) else { return Ok(false) };
    loaded.desired.api_version = newest.number;
    opened.org.speak(newest.number);
    let mut findings = loaded.nothing_found();
    lint::lint(&loaded.desired, &mut findings);
    findings.retain(|finding| {
        let has = format!(
            "the org has no newer version than {}.0: remove it, or wait for the org's next release",
            newest.number
        );
        finding.help = Some(has);
        finding.code == Code::FieldTooNew
    });
    if findings.has_errors() {
        return Err(Failure::diagnostics(loaded.sources.clone(), findings));
    }
    let label = if newest.label.is_empty() { String::new() } else { format!(" ({})", newest.label) };
    loaded.diagnostics.push(
        Diagnostic::warning(
            Code::ApiVersionLowered,
            format!(
                "the project asks for API version {wanted}.0, and the org has up to {}.0{label}",
                newest.number
            ),
        )
        .help(format!(
            "it is sent as {0}.0; write api-version = \"{0}.0\" to make that the rule",
            newest.number
        )),
    );
    Ok(true)
}
