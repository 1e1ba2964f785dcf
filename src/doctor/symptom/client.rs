//! A login that does not begin: the redirect is refused, or the client is not known, or it is another org's.

use super::{Look, Suspect, Symptom};
use crate::doctor::app::Side;
use crate::doctor::{Case, listed};
use crate::verify::authorize::{Answer, Ask};
use crate::verify::{Check, Verdict, wired};

pub const REDIRECT: Symptom = Symptom {
    title: "redirect_uri_mismatch",
    words: &[&["redirect_uri"]],
    codes: &["oauth-redirect-uri-mismatch"],
    asks_for_tokens: false,
    suspects: &[
        Suspect {
            id: "callback-not-wired",
            name: "the app does not list the address that logins come back to",
            facts: &["000-R4", "OA-22", "CA-29"],
            code: None,
            mend: "wire it: orgwire deploy",
            look: not_wired,
        },
        Suspect {
            id: "spreading",
            name: "the change of the callback has not reached the login servers",
            facts: &["004-R3", "CA-90"],
            code: None,
            mend: "wait up to ten minutes: orgwire verify --wait 10",
            look: callback_spreading,
        },
        Suspect {
            id: "other-redirect",
            name: "the client sends another address than the app lists",
            facts: &["003-R1", "004-R1", "CA-29"],
            code: None,
            mend: "make them the same letter by letter, a slash at the end included: callback-url in the manifest, or the \
                   client's settings",
            look: other_redirect,
        },
    ],
};

pub const UNKNOWN: Symptom = Symptom {
    title: "invalid_client_id",
    words: &[&["client identifier"]],
    codes: &["oauth-client-unknown"],
    asks_for_tokens: false,
    suspects: &[
        Suspect {
            id: "app-gone",
            name: "the org does not have the app",
            facts: &["OA-20", "CA-21"],
            code: None,
            mend: "deploy it: orgwire deploy",
            look: gone,
        },
        Suspect {
            id: "provider-key",
            name: "the auth provider has another key than the app",
            facts: &["000-R5", "MD-32"],
            code: None,
            mend: "send it again: orgwire deploy",
            look: provider_key,
        },
        Suspect {
            id: "spreading",
            name: "the new app has not reached the login servers",
            facts: &["000-R7", "004-R3", "CA-90"],
            code: None,
            mend: "wait up to ten minutes: orgwire verify --wait 10",
            look: app_spreading,
        },
        Suspect {
            id: "other-key",
            name: "the client has another key than the app",
            facts: &["OA-20"],
            code: None,
            mend: "give the client the app's key: Setup > App Manager > Manage Consumer Details",
            look: other_key,
        },
    ],
};

pub const NOT_INSTALLED: Symptom = Symptom {
    title: "app must be installed into org",
    words: &[&["must be installed"], &["uninstalled"]],
    codes: &["oauth-app-not-installed", "oauth-approval-error"],
    asks_for_tokens: false,
    suspects: &[Suspect {
        id: "foreign-app",
        name: "the key is of an app of another org, which is not installed in this one",
        facts: &["003-R3", "002-R4", "CA-75", "CA-76", "OA-36"],
        code: None,
        mend: "let an administrator install it: Setup > Connected Apps OAuth Usage > Install; or connect as a user with \
               `Approve Uninstalled Connected Apps`; or use the key of the app that this org has",
        look: foreign,
    }],
};

/// Checks of `verify` that failed.
fn failed(case: &Case<'_>, id: &str) -> Option<Check> {
    let mut checks = wired::checks(case.desired, case.observed).into_iter();
    checks.find(|check| check.id == id && check.verdict == Verdict::Failed)
}

/// The first app that was refused with this error, where more is true of what was asked.
fn refused<'a>(case: &'a Case<'_>, wanted: &str, is_so: impl Fn(&Ask) -> bool) -> Option<&'a Ask> {
    let is_wanted = |answer: &Answer| matches!(answer, Answer::Refused { error, .. } if error == wanted);
    let found = case.told.probes.iter().find(|(ask, answer)| is_wanted(answer) && is_so(ask));
    found.map(|(ask, _)| ask)
}

fn not_wired(case: &Case<'_>) -> Look {
    if let Some(check) = failed(case, "callback-wired") {
        return Look::Guilty(format!("{}: {}", check.component, check.found));
    }
    match refused(case, "redirect_uri_mismatch", |ask| !ask.held.contains(&ask.redirect_uri)) {
        Some(ask) => Look::Guilty(format!(
            "{} is to have {}, and has {}",
            ask.component,
            ask.redirect_uri,
            listed(&ask.held)
        )),
        None => Look::Innocent("the app lists every callback that the manifests want".to_owned()),
    }
}

fn callback_spreading(case: &Case<'_>) -> Look {
    match refused(case, "redirect_uri_mismatch", |ask| ask.held.contains(&ask.redirect_uri)) {
        Some(ask) => Look::Guilty(format!(
            "{} lists {}, and the authorize endpoint refuses it still",
            ask.component, ask.redirect_uri
        )),
        None => Look::Innocent("the authorize endpoint takes every callback that the app lists".to_owned()),
    }
}

fn other_redirect(case: &Case<'_>) -> Look {
    let lines: Vec<String> =
        case.apps.iter().filter_map(|app| app.held.as_ref()).flat_map(Side::callbacks).collect();
    Look::Unknown(format!(
        "the org takes {}; what the client sends stands in the address it opens",
        listed(&lines)
    ))
}

fn gone(case: &Case<'_>) -> Look {
    match case.apps.iter().find(|app| app.held.is_none()) {
        Some(app) => Look::Guilty(format!("{} is not there", app.id)),
        None => Look::Innocent("the org has the app".to_owned()),
    }
}

fn provider_key(case: &Case<'_>) -> Look {
    match failed(case, "provider-key") {
        Some(check) => Look::Guilty(format!("{}: {}", check.component, check.found)),
        None => Look::Innocent("no auth provider has another key than its app".to_owned()),
    }
}

fn app_spreading(case: &Case<'_>) -> Look {
    match refused(case, "invalid_client_id", |_| true) {
        Some(ask) => {
            Look::Guilty(format!("the authorize endpoint does not know the key that {} has", ask.component))
        }
        None => Look::Innocent("the authorize endpoint knows the app's key".to_owned()),
    }
}

fn other_key(_: &Case<'_>) -> Look {
    Look::Unknown("the key that the client sends stands in the address it opens".to_owned())
}

fn foreign(case: &Case<'_>) -> Look {
    let own: Vec<_> = case.apps.iter().filter(|app| app.held.is_some()).map(|app| app.id.clone()).collect();
    let may = |name: &str| case.connecting().and_then(|person| person.may(name)) == Some(true);
    let exempt = may("CanApproveUninstalledApps") || may("UseAnyApiAuth");
    let who = match case.connecting() {
        Some(person) if exempt => format!("; {} could let it in all the same", person.username),
        Some(person) => format!("; {} may not let it in", person.username),
        None => String::new(),
    };
    Look::Guilty(match own.is_empty() {
        true => format!("this org has no app of the manifests{who}"),
        false => format!(
            "{} of this org needs no installation, so that the client has another key{who}",
            listed(&own)
        ),
    })
}
