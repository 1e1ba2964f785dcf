//! Consumer keys and secrets of apps of either kind: chosen or made at creation, unique, and kept from then on.

use super::{Incoming, Problem, Severity, group, leaf, no_randomness, text};
use crate::component::{Fields, Scalar};
use crate::simulator::ids;

/// What a key that somebody chose may hold besides letters and digits.
#[derive(Clone, Copy)]
pub(super) enum KeyLetters {
    /// CA-11 documents letters and digits; CA-12 saw `.` and `_` accepted as well.
    OfConnectedApps,
    /// EC-15: a key in base64 was seen.
    OfExternalClientApps,
}

impl KeyLetters {
    fn others(self) -> &'static [u8] {
        match self {
            KeyLetters::OfConnectedApps => b"._",
            KeyLetters::OfExternalClientApps => b"._+/=",
        }
    }
}

/// The consumer key of a component, if it is one that has such a key of its own.
pub(super) fn key<'a>(type_name: &str, fields: &'a Fields<Scalar>) -> Option<&'a str> {
    match type_name {
        "ConnectedApp" => text(group(fields, "oauthConfig")?, "consumerKey"),
        "ExtlClntAppGlobalOauthSettings" => text(fields, "consumerKey"),
        _ => None,
    }
}

/// CA-10 to CA-15: at creation the org takes the key and secret it is given, or makes them.
pub(super) fn give(
    incoming: &Incoming,
    sent: &Fields<Scalar>,
    config: &mut Fields<Scalar>,
    letters: KeyLetters,
) -> Result<(), Problem> {
    match text(sent, "consumerKey") {
        Some(key) => {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || letters.others().contains(&byte);
            if key.len() < 8 || !key.bytes().all(legal) {
                return Err(Problem::error(
                    "The consumer key must be 8 to 256 letters and digits (rehearsal wording, CA-11)",
                ));
            }
            if incoming.holdings.consumer_keys.contains(key) || incoming.org.taken_keys.contains(key) {
                return Err(Problem::error("The consumer key is already taken.")); // CA-14
            }
        }
        None => {
            let key = ids::consumer_key().map_err(|error| no_randomness(&error))?;
            config.insert("consumerKey".into(), leaf(key));
        }
    }
    match text(sent, "consumerSecret") {
        Some(secret) => {
            // CA-13: since Spring '19 the reported minimum is 32, whatever the reference says
            if secret.len() < 32 || !secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(Problem::error(
                    "The consumer secret must be 32 to 256 letters and digits (rehearsal wording, CA-13)",
                ));
            }
            if incoming.holdings.has_consumer_secret(secret) {
                return Err(Problem::error(
                    "The consumer secret is already used by another app of this org (rehearsal wording, CA-15)",
                ));
            }
        }
        None => {
            let secret = ids::consumer_secret().map_err(|error| no_randomness(&error))?;
            config.insert("consumerSecret".into(), leaf(secret));
        }
    }
    Ok(())
}

/// CA-16 to CA-19: an app that exists keeps its key and secret.
pub(super) fn keep(
    sent: &Fields<Scalar>,
    stored: &Fields<Scalar>,
    config: &mut Fields<Scalar>,
) -> Result<Vec<Problem>, Problem> {
    let mut remarks = Vec::new();
    match text(sent, "consumerKey") {
        Some(key) if text(stored, "consumerKey") == Some(key) => remarks.push(Problem {
            severity: Severity::Info,
            text: "The consumer key is the one the app has; an org may refuse even that, so leave it out \
                   (rehearsal note, CA-17)"
                .to_owned(),
            at: None,
        }),
        Some(_) => return Err(Problem::error("You cannot provide a Consumer Key")), // CA-16
        None => {}
    }
    if text(sent, "consumerSecret").is_some() {
        remarks.push(Problem {
            severity: Severity::Warning,
            text: "The consumer secret of an app that exists can't be changed; the one sent is ignored \
                   (rehearsal wording, CA-19)"
                .to_owned(),
            at: None,
        });
    }
    for name in ["consumerKey", "consumerSecret"] {
        if let Some(kept) = stored.get(name) {
            config.insert(name.to_owned().into(), kept.clone());
        }
    }
    Ok(remarks)
}
