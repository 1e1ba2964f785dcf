//! `expired access/refresh token` (003-R5): what ends a connection that worked.

use super::{Look, Suspect, Symptom};
use crate::doctor::Case;
use crate::doctor::app::{App, Side};
use crate::doctor::standing::{MOST_APPROVALS, most_approvals};

pub const SYMPTOM: Symptom = Symptom {
    title: "expired access/refresh token",
    words: &[&["expired", "token"]],
    codes: &["oauth-token-ended"],
    asks_for_tokens: false,
    suspects: &[
        Suspect {
            id: "five-approvals",
            name: "one approval more than five of one user has revoked the oldest",
            facts: &["003-R5", "OA-9", "OA-10"],
            code: None,
            mend: "connect again, and give each system a user of its own; revoke what is not used: Setup > Connected Apps \
                   OAuth Usage",
            look: approvals,
        },
        Suspect {
            id: "refresh-policy",
            name: "the app's refresh token policy has ended it",
            facts: &["002-R2", "003-R6", "CA-43"],
            code: None,
            mend: "refresh-token-policy = \"infinite\" in the oauth-policy of the app, deploy it, and connect again",
            look: policy,
        },
        Suspect {
            id: "user-inactive",
            name: "the user who connected is not active any more",
            facts: &["002-R5", "OA-13"],
            code: None,
            mend: "activate the user, or connect as another",
            look: inactive,
        },
        Suspect {
            id: "rotation",
            name: "the app rotates refresh tokens, and the client has kept an old one",
            facts: &["CA-66", "CA-78"],
            code: None,
            mend: "connect again, and have the client keep each new refresh token; or is-refresh-token-rotation-enabled = \
                   false where the rules for partners allow it",
            look: rotation,
        },
        Suspect {
            id: "app-gone",
            name: "the app that the token is of is gone",
            facts: &["OA-30", "CA-21"],
            code: None,
            mend: "deploy the app, and connect again",
            look: gone,
        },
        Suspect {
            id: "revoked",
            name: "somebody has revoked it, the user's password was changed, or it was idle for too long",
            facts: &["OA-13", "OA-30", "CA-44"],
            code: None,
            mend: "connect again; who revoked it tells Setup > View Setup Audit Trail, and an idle limit Setup > App Manager",
            look: |_| {
                Look::Unknown(
                    "no API tells a revocation, a change of the password or the idle limit".to_owned(),
                )
            },
        },
    ],
};

/// The first app of which something is true.
fn first(case: &Case<'_>, none: &str, find: impl Fn(&App, &Side) -> Option<String>) -> Look {
    let found = case.apps.iter().find_map(|app| find(app, app.held.as_ref()?));
    found.map_or_else(|| Look::Innocent(none.to_owned()), Look::Guilty)
}

fn approvals(case: &Case<'_>) -> Look {
    if case.told.approvals.is_none() {
        return Look::Unknown("this login may not see approvals (OauthToken)".to_owned());
    }
    first(case, "nobody has five approvals of the app", |app, _| {
        let (user, count) = most_approvals(case.told, app)?;
        (count >= MOST_APPROVALS).then(|| format!("{user} has {count} live approvals of {}", app.id))
    })
}

fn policy(case: &Case<'_>) -> Look {
    first(case, "refresh tokens count until they are revoked", |app, held| {
        let policy = held.refresh_policy().filter(|policy| policy != "infinite")?;
        Some(format!("the org has the refresh token policy of {} as {policy}", app.id))
    })
}

fn inactive(case: &Case<'_>) -> Look {
    match (case.user, case.connecting()) {
        (Some(_), Some(person)) if !person.is_active => {
            Look::Guilty(format!("{} is not active", person.username))
        }
        (Some(_), Some(person)) => Look::Innocent(format!("{} is active", person.username)),
        (Some(name), None) => Look::Guilty(format!("nobody is called {name}")),
        (None, _) => Look::Unknown("who connected is not known; name them with --user".to_owned()),
    }
}

fn rotation(case: &Case<'_>) -> Look {
    first(case, "the app does not rotate refresh tokens", |app, held| {
        held.rotates().then(|| format!("the org has rotation of {} switched on", app.id))
    })
}

fn gone(case: &Case<'_>) -> Look {
    match case.apps.iter().find(|app| app.held.is_none()) {
        Some(app) => Look::Guilty(format!("the org does not have {}", app.id)),
        None => Look::Innocent("the org has the app".to_owned()),
    }
}
