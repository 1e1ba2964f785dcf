//! What somebody has typed or pasted: a symptom by its words, or an error in an org's own words.

use super::{ALL, Complaint, Symptom};
use crate::dictionary::{self, Entry, Place};

/// Understands a text; `None` if nothing in it is known.
pub fn find(text: &str) -> Option<Complaint> {
    let entry = entry(text);
    // What a code means as a whole goes before what it means among the causes of something else.
    let is_symptom = |symptom: &&&Symptom, code: &str| symptom.codes.contains(&code);
    let is_cause =
        |symptom: &&&Symptom, code: &str| symptom.suspects.iter().any(|suspect| suspect.code == Some(code));
    let lower = text.to_lowercase();
    let by_words =
        |symptom: &&&Symptom| symptom.words.iter().any(|words| words.iter().all(|word| lower.contains(word)));
    let of_entry = entry.and_then(|entry| {
        let by_itself = ALL.iter().find(|symptom| is_symptom(symptom, &entry.code));
        by_itself.or_else(|| ALL.iter().find(|symptom| is_cause(symptom, &entry.code)))
    });
    let symptom = match entry {
        Some(_) => of_entry,
        None => ALL.iter().find(by_words),
    };
    (symptom.is_some() || entry.is_some()).then(|| Complaint { symptom: symptom.copied(), entry })
}

/// What the dictionary knows of a text, which may be a line, a JSON object or the end of an address.
fn entry(text: &str) -> Option<&'static Entry> {
    let text = decoded(text);
    // A description tells more than a code: many causes share one.
    let places = [Place::OAuth, Place::Api, Place::Deploy];
    let by_text = places.iter().find_map(|place| {
        dictionary::find(*place, "", &text).filter(|entry| entry.says.iter().any(|says| !is_short(says)))
    });
    let words = || text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let by_code = || {
        let codes = words().filter(|word| word.len() > 3 && !word.is_empty());
        codes
            .flat_map(|code| places.map(|place| (place, code)))
            .find_map(|(place, code)| dictionary::find(place, code, ""))
    };
    by_text.or_else(by_code)
}

/// A few letters are in every other sentence.
fn is_short(says: &str) -> bool {
    says.len() < 8
}

/// `%20` and `+` as in the query of an address that somebody was sent to.
fn decoded(text: &str) -> String {
    if !text.contains("error_description=") {
        return text.to_owned();
    }
    let pairs = format!("d={}", text.replace(['&', '='], " "));
    form_urlencoded::parse(pairs.as_bytes())
        .next()
        .map_or_else(|| text.to_owned(), |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Title of the symptom, and code of the entry.
    fn found(text: &str) -> (Option<&'static str>, Option<&'static str>) {
        let complaint = find(text);
        complaint.map_or((None, None), |it| {
            (it.symptom.map(|symptom| symptom.title), it.entry.map(|entry| entry.code.as_str()))
        })
    }

    #[test]
    fn a_symptom_is_found_by_its_title() {
        for symptom in ALL {
            assert_eq!(found(symptom.title).0, Some(symptom.title));
        }
        assert_eq!(found("we get a 400 when we ask for the Token").0, Some("400 on token"));
        assert_eq!(found("the coffee is cold"), (None, None));
        assert_eq!(found(""), (None, None));
    }

    #[test]
    fn an_error_is_found_however_it_was_pasted() {
        let token = (Some("400 on token"), Some("oauth-ip-restricted"));
        assert_eq!(found("ip restricted"), token);
        assert_eq!(found("invalid_grant: ip restricted"), token);
        assert_eq!(found(r#"{"error":"invalid_grant","error_description":"ip restricted"}"#), token);
        assert_eq!(found("https://a.example/?error=invalid_grant&error_description=ip+restricted"), token);
        let redirect = (Some("redirect_uri_mismatch"), Some("oauth-redirect-uri-mismatch"));
        assert_eq!(found("error=redirect_uri_mismatch"), redirect);
        assert_eq!(found("inactive_org"), (None, Some("oauth-org-inactive")));
        let user = found("user is not admin approved to access this app");
        assert_eq!(user, (None, Some("oauth-not-admin-approved")));
    }
}
