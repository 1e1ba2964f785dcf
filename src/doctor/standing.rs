//! What is used up little by little: approvals of an app by one user, and the limits of the org.

use std::collections::BTreeMap;

use super::app::App;
use super::told::Told;
use super::{About, Case, Finding};

const APPROVALS: About = About("approvals", &["003-R5", "OA-9", "OA-10", "CA-85"]);
const LIMITS: About = About("limits", &["SE-34"]);

/// Live approvals of one user and one app; one more revokes the oldest (OA-9).
pub const MOST_APPROVALS: usize = 5;
/// Of a limit, less than this is little.
const LITTLE: u64 = 5;
/// Limits that an integration uses up. Others of the org are not ours.
const OURS: [&str; 6] = [
    "DailyApiRequests",
    "DailyBulkApiBatches",
    "DailyBulkV2QueryJobs",
    "DailyAsyncApexExecutions",
    "DataStorageMB",
    "FileStorageMB",
];

pub fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = case.apps.iter().filter_map(|app| approvals(case, app)).collect();
    findings.extend(limits(case));
    findings
}

/// The most approvals that one user has given an app, and whose they are.
pub fn most_approvals(told: &Told, app: &App) -> Option<(String, usize)> {
    let mut of_user: BTreeMap<&str, usize> = BTreeMap::new();
    for approval in told.approvals.as_ref()?.iter().filter(|approval| approval.app == app.label) {
        *of_user.entry(&approval.user_id).or_default() += 1;
    }
    let (user, count) = of_user.into_iter().max_by_key(|(_, count)| *count).unwrap_or_default();
    let known = told.everybody().chain(&told.own).find(|person| person.id == user);
    Some((known.map_or_else(|| user.to_owned(), |person| person.username.clone()), count))
}

fn approvals(case: &Case<'_>, app: &App) -> Option<Finding> {
    app.held.as_ref()?;
    let apps = std::slice::from_ref(&app.id);
    let Some((user, count)) = most_approvals(case.told, app) else {
        let found = APPROVALS.advice(apps, "this login may not see approvals (OauthToken)");
        return Some(found.why("the sixth approval of one user revokes the oldest"));
    };
    let what = format!("{user} has {count} of {MOST_APPROVALS} approvals of {}", app.id);
    let mend = "revoke those that are not used, or give each system a user of its own: Setup > Connected Apps OAuth Usage";
    let why = "one more than five revokes the oldest, and its system gets `expired access/refresh token`";
    Some(match count {
        0 => APPROVALS.fine(format!("nobody has approved {} yet", app.id)),
        count if count >= MOST_APPROVALS => APPROVALS.weakens(apps, what).why(why).mend(mend),
        count if count + 1 == MOST_APPROVALS => APPROVALS.advice(apps, what).why(why).mend(mend),
        _ => APPROVALS.fine(what),
    })
}

fn limits(case: &Case<'_>) -> Vec<Finding> {
    let Some(limits) = &case.told.limits else {
        let found = LIMITS.advice(&[], "the org does not tell its limits to this login");
        return vec![found.why("calls may be used up").mend("it takes `View Setup and Configuration`")];
    };
    let all: Vec<_> = case.desired.components.keys().cloned().collect();
    let mut findings = Vec::new();
    for limit in limits.iter().filter(|limit| OURS.contains(&limit.name.as_str()) && limit.most > 0) {
        let what = format!("{} of {} {} are left", limit.left, limit.most, limit.name);
        let why = "deployments and integrations share them with everybody else in the org";
        let mend = "wait until tomorrow, or find out who uses them: Setup > System Overview";
        if limit.left == 0 && limit.name == "DailyApiRequests" {
            findings.push(LIMITS.blocks(&all, what).why(why).mend(mend));
        } else if limit.left.saturating_mul(100) < limit.most.saturating_mul(LITTLE) {
            findings.push(LIMITS.weakens(&all, what).why(why).mend(mend));
        }
    }
    if findings.is_empty() {
        findings.push(LIMITS.fine("of every limit that an integration uses, a twentieth or more is left"));
    }
    findings
}
