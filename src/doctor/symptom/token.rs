//! A token call that ends in status 400 (001-R5). The guide's one advice, to relax the IP restrictions, helps against one
//! cause of many; the description in the answer tells which it is.

use std::collections::BTreeSet;

use super::{Look, Suspect, Symptom};
use crate::doctor::app::{App, Side};
use crate::doctor::told::{LoginRow, Outcome, Person};
use crate::doctor::{Case, listed, policies, profile};
use crate::verify::authorize::Answer;

pub const SYMPTOM: Symptom = Symptom {
    title: "400 on token",
    words: &[&["400", "token"], &["400", "client"]],
    codes: &[],
    asks_for_tokens: true,
    suspects: &[
        Suspect {
            id: "client-unknown",
            name: "the login servers do not know the app's key (invalid_client_id)",
            facts: &["001-R5", "OA-20", "CA-90"],
            code: Some("oauth-client-unknown"),
            mend: "a new app takes up to ten minutes: orgwire verify --wait 10; after that, give the client the key \
                   that the app has",
            look: client_unknown,
        },
        Suspect {
            id: "client-secret",
            name: "the client sends another secret than the app has",
            facts: &["OA-21"],
            code: Some("oauth-client-secret"),
            mend: "give the client the app's secret again: Setup > App Manager > Manage Consumer Details",
            look: |case| given(case, "the secret known here is the app's"),
        },
        Suspect {
            id: "flow-off",
            name: "the client credentials flow of the app is off",
            facts: &["OA-25", "EC-9"],
            code: Some("oauth-client-credentials-off"),
            mend: "switch the flow on, for external client apps in settings and policies, and deploy it",
            look: flow_off,
        },
        Suspect {
            id: "no-run-as-user",
            name: "the app has no user to run as",
            facts: &["001-R1", "001-R5", "OA-24", "CA-61"],
            code: Some("oauth-no-run-as-user"),
            mend: policies::RUN_AS,
            look: no_run_as,
        },
        Suspect {
            id: "run-as-inactive",
            name: "the user that the app runs as is not active",
            facts: &["001-R1", "OA-40"],
            code: Some("oauth-user-inactive"),
            mend: "activate the user, or name another: Setup > Users",
            look: inactive,
        },
        Suspect {
            id: "no-usable-scope",
            name: "the app has no scope that this flow can use",
            facts: &["001-R3", "001-R5", "OA-4", "OA-26"],
            code: Some("oauth-no-scopes"),
            mend: "add \"Api\" to the app's scopes: Full and RefreshToken need a person, and do not count here",
            look: no_scope,
        },
        Suspect {
            id: "ip-restricted",
            name: "the caller's address is outside of the login ranges",
            facts: &["001-R5", "001-R6", "OA-23", "CA-41"],
            code: Some("oauth-ip-restricted"),
            mend: "add the caller's address to the login ranges of the profile of the user that the app runs as, or \
                   relax them for this app: ip-relaxation = \"BYPASS\" in its oauth-policy",
            look: ip_restricted,
        },
        Suspect {
            id: "session-level",
            name: "the profile or the app wants High Assurance, which no program can give",
            facts: &["CA-69", "SE-41"],
            code: None,
            mend: "name a user whose profile takes ordinary sessions, and take the level from the app's session policy",
            look: level,
        },
        Suspect {
            id: "scope-parameter",
            name: "the client sends a `scope` parameter, which this flow does not take",
            facts: &["OA-4", "OA-28"],
            code: Some("oauth-scope-parameter"),
            mend: "leave `scope` out of the request",
            look: |_| {
                Look::Unknown("only the caller's own request, or what it was answered, tells".to_owned())
            },
        },
        Suspect {
            id: "grant-type",
            name: "the request does not name a grant type as a form",
            facts: &["OA-37", "OA-2"],
            code: Some("oauth-grant-type"),
            mend: "send grant_type=client_credentials as application/x-www-form-urlencoded, not as JSON",
            look: |_| {
                Look::Unknown("only the caller's own request, or what it was answered, tells".to_owned())
            },
        },
        Suspect {
            id: "wrong-domain",
            name: "the client asks a login host, and not the org's My Domain",
            facts: &["001-R4", "001-R5", "OA-3", "OA-27"],
            code: Some("oauth-wrong-domain"),
            mend: "POST to /services/oauth2/token at the org's own address, not at login.salesforce.com or \
                   test.salesforce.com",
            look: wrong_domain,
        },
    ],
};

/// The apps that log in by themselves, or should.
fn flows<'a>(case: &'a Case<'_>) -> Vec<&'a App> {
    let has_flow = |app: &&App| {
        app.wanted.client_credentials() || app.held.as_ref().is_some_and(Side::client_credentials)
    };
    case.apps.iter().filter(has_flow).collect()
}

/// The first app of which something is true, or that it is of none.
fn first(case: &Case<'_>, none: &str, find: impl Fn(&App, &Side) -> Option<String>) -> Look {
    let apps = flows(case);
    if apps.is_empty() {
        return Look::Unknown("no app of the manifests has the client credentials flow".to_owned());
    }
    let found = apps.iter().find_map(|app| find(app, app.held.as_ref()?));
    found.map_or_else(|| Look::Innocent(none.to_owned()), Look::Guilty)
}

fn client_unknown(case: &Case<'_>) -> Look {
    let apps = flows(case);
    if let Some(absent) = apps.iter().find(|app| app.held.is_none()) {
        return Look::Guilty(format!("the org does not have {}", absent.id));
    }
    let is_unknown =
        |answer: &Answer| matches!(answer, Answer::Refused { error, .. } if error == "invalid_client_id");
    let of_flow =
        |app: &App| case.told.probes.iter().filter(|(ask, _)| ask.component == app.id).collect::<Vec<_>>();
    for app in &apps {
        let answers = of_flow(app);
        if answers.iter().any(|(_, answer)| is_unknown(answer)) {
            return Look::Guilty(format!("the authorize endpoint does not know the key of {}", app.id));
        }
        if answers.is_empty() {
            return Look::Unknown(format!("the org does not tell the key of {}", app.id));
        }
    }
    Look::Innocent("the authorize endpoint knows the key".to_owned())
}

/// A token that was given proves what came before it.
fn given(case: &Case<'_>, proven: &str) -> Look {
    let mut why = "no app was tried".to_owned();
    for tried in &case.told.tokens {
        match &tried.outcome {
            Outcome::Given { .. } => return Look::Innocent(proven.to_owned()),
            Outcome::Refused(said) => why = format!("{} was told {said}", tried.component),
            Outcome::Untried(reason) => why = format!("{} was not tried: {reason}", tried.component),
        }
    }
    Look::Unknown(why)
}

fn flow_off(case: &Case<'_>) -> Look {
    first(case, "the flow is on", |app, held| {
        (!held.client_credentials()).then(|| format!("the org has the flow of {} switched off", app.id))
    })
}

fn no_run_as(case: &Case<'_>) -> Look {
    first(case, "the app names a user to run as", |app, held| match held.run_as() {
        None => Some(format!("the org has nobody for {} to run as", app.id)),
        Some(name) if case.told.people.get(&name) == Some(&None) => {
            Some(format!("{} runs as {name}, and nobody is called so", app.id))
        }
        Some(_) => None,
    })
}

/// The user that an app runs as, if it is one that was asked for.
fn run_as<'a>(case: &'a Case<'_>, held: &Side) -> Option<&'a Person> {
    case.told.people.get(&held.run_as()?)?.as_ref()
}

fn inactive(case: &Case<'_>) -> Look {
    first(case, "the user it runs as is active", |app, held| {
        let person = run_as(case, held).filter(|person| !person.is_active)?;
        Some(format!("{} runs as {}, who is not active", app.id, person.username))
    })
}

fn no_scope(case: &Case<'_>) -> Look {
    first(case, "the app has a scope that the flow can use", |app, held| {
        let scopes = held.scopes();
        let usable = scopes.iter().any(|it| !matches!(it.as_str(), "Full" | "Web" | "RefreshToken"));
        (!usable).then(|| format!("the org has {} with the scopes {}", app.id, listed(&scopes)))
    })
}

fn ip_restricted(case: &Case<'_>) -> Look {
    first(case, "no login ranges keep callers out, or the app relaxes them", |app, held| {
        let every_request = "sessionSettings.enforceIpRangesEveryRequest";
        // CA-42: what the app relaxes may be enforced all the same.
        let enforces = held.ip_relaxation().is_none_or(|it| it.starts_with("ENFORCE"))
            || case.told.switch("SecuritySettings", every_request) == Some(true);
        if !enforces {
            return None;
        }
        if let Some(row) = last_of_each_address(case, app).find(|row| row.status.contains("Restricted IP")) {
            let (label, time, source, status) = (&app.label, &row.time, &row.source, &row.status);
            return Some(format!("the login history has {label} at {time} from {source} as {status}"));
        }
        let person = run_as(case, held)?;
        let ranges = profile::login_ranges(case.told, person).filter(|ranges| !ranges.is_empty())?;
        let profile = &person.profile;
        Some(format!("{} enforces the login ranges of the profile `{profile}`: {}", app.id, listed(&ranges)))
    })
}

/// The newest row of the login history from each address that used the app: older ones may be of a time before somebody
/// mended something.
fn last_of_each_address<'a>(case: &'a Case<'_>, app: &'a App) -> impl Iterator<Item = &'a LoginRow> {
    let mut seen = BTreeSet::new();
    let rows = case.told.logins.iter().flatten().filter(|row| row.application == app.label);
    rows.filter(move |row| seen.insert(row.source.as_str()))
}

fn level(case: &Case<'_>) -> Look {
    first(case, "ordinary sessions do", |app, held| {
        if held.high_assurance() {
            return Some(format!("the session policy of {} wants High Assurance", app.id));
        }
        let person = run_as(case, held)?;
        let wants = profile::wants_high_assurance(case.told, person) == Some(true);
        wants.then(|| format!("the profile `{}` of {} wants High Assurance", person.profile, person.username))
    })
}

/// By elimination: the same call at the right place works.
fn wrong_domain(case: &Case<'_>) -> Look {
    match given(case, "") {
        Look::Innocent(_) => {
            Look::Guilty(format!("the same call to {} got a token just now", case.told.instance_url))
        }
        Look::Unknown(why) | Look::Guilty(why) => {
            Look::Unknown(format!("only the address that the client calls tells ({why})"))
        }
    }
}
