//! The vendor's own API answers 302 with an empty body (001-R7, OA-47). Nothing of it is in the org, but what kind of token
//! the org hands out.

use super::{Look, Suspect, Symptom};
use crate::doctor::Case;
use crate::doctor::app::{App, Side};
use crate::doctor::told::Outcome;

pub const SYMPTOM: Symptom = Symptom {
    title: "302 from vendor",
    words: &[&["302"], &["vendor", "redirect"]],
    codes: &["vendor-redirects"],
    asks_for_tokens: false,
    suspects: &[
        Suspect {
            id: "opaque-token",
            name: "the org hands out opaque tokens, and the vendor reads JWTs",
            facts: &["001-R2", "CA-64"],
            code: None,
            mend: "is-named-user-jwt-enabled = true on the app, and deploy it",
            look: opaque,
        },
        Suspect {
            id: "bearer-missing",
            name: "the Authorization header does not begin with `Bearer `",
            facts: &["001-R7", "OA-47"],
            code: None,
            mend: "send `Authorization: Bearer TOKEN`, with a blank between the two",
            look: bearer,
        },
    ],
};

fn opaque(case: &Case<'_>) -> Look {
    for tried in &case.told.tokens {
        match &tried.outcome {
            Outcome::Given { is_jwt: true } => {
                return Look::Innocent(format!("{} was given a JWT just now", tried.component));
            }
            Outcome::Given { is_jwt: false } => {
                return Look::Guilty(format!("{} was given an opaque token just now", tried.component));
            }
            _ => {}
        }
    }
    let is_meant = |app: &&App| app.wanted.jwt_tokens();
    let held = |app: &App| app.held.as_ref().map(Side::jwt_tokens);
    let mut meant = case.apps.iter().filter(is_meant).peekable();
    if meant.peek().is_none() {
        return Look::Unknown("no app of the manifests hands out JWTs".to_owned());
    }
    match meant.find(|app| held(app) != Some(true)) {
        Some(app) => Look::Guilty(format!("the org has the JWTs of {} switched off", app.id)),
        None => Look::Innocent("the org has the JWTs of the app switched on".to_owned()),
    }
}

fn bearer(_: &Case<'_>) -> Look {
    Look::Unknown(
        "a vendor that finds no bearer token sends on to its login page; only the caller's request shows it"
            .to_owned(),
    )
}
