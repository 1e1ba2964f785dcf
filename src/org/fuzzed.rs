//! Everything that comes over the wire, read in every way in which the client reads it. Only fuzz targets call this.

use reqwest::StatusCode;
use serde_json::Value;

use super::answer::Answer;
use super::deploy_call;
use super::deploy_result::DeployResult;
use super::request::Wanted;
use super::token::Hidden;
use super::{archive, soap};

/// A token that no answer may bring to a user's eyes.
const TOKEN: &str = "00Dxx0000001gPL!AQ4AQ.canary_session";
/// The secret part of it.
const SESSION: &str = "AQ4AQ.canary_session";

/// Reads bytes as each kind of answer, and panics where one is read wrongly.
pub fn read_anything(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(records) = soap::records(&text) {
        assert!(records.iter().flatten().all(|record| text.contains(record.as_str())));
    }
    if let Ok(value) = deploy_call::read_soap(&text) {
        told(DeployResult::read(&value));
    }
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        told(DeployResult::read(&value));
    }
    if let Ok(files) = archive::open(bytes) {
        for file in files {
            let harmless = |part: &str| !matches!(part, "" | "." | "..");
            assert!(file.path.split('/').all(harmless), "{:?}", file.path);
        }
    }
    let mut hidden = Hidden::default();
    hidden.add(TOKEN);
    for status in [200, 401, 404, 500, 503] {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        let mut body = bytes.to_vec();
        body.extend_from_slice(TOKEN.as_bytes());
        for body in [bytes.to_vec(), body] {
            let answer = Answer { status, html: false, retry_after: None, location: None, body };
            for wanted in [Wanted::Json, Wanted::Xml] {
                let said =
                    format!("{:?} {}", answer.refusal(wanted, &hidden), answer.misfit(wanted, &hidden));
                assert!(!said.contains(SESSION), "{said}");
            }
        }
    }
}

/// A deployment that is not done never counts as one that is.
fn told(result: Option<DeployResult>) {
    let Some(result) = result else { return };
    assert_eq!(result.done, result.outcome() != super::Outcome::StillRunning);
    let _ = result.problems().count();
}
