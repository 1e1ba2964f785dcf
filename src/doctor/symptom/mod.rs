//! From what somebody has seen to the one cause it has. A symptom has suspects, in the order in which they are worth looking
//! at; each looks at what the org has told. What the org says in so many words goes before what its settings suggest: the
//! text that was pasted first, then what an app was told just now. What is left at the end is said to be left.

mod client;
mod find;
mod refresh;
mod session;
mod token;
mod vendor;

use super::{Case, Rank, examine, setup};
use crate::dictionary::{self, Entry, Place};
use crate::doctor::told::Outcome;

pub use find::find;

/// Every symptom with suspects of its own.
pub const ALL: [&Symptom; 7] = [
    &token::SYMPTOM,
    &vendor::SYMPTOM,
    &session::SYMPTOM,
    &refresh::SYMPTOM,
    &client::REDIRECT,
    &client::UNKNOWN,
    &client::NOT_INSTALLED,
];

/// What somebody has seen.
pub struct Symptom {
    /// As it is typed.
    pub title: &'static str,
    /// A text with all words of one of these is about it.
    words: &'static [&'static [&'static str]],
    /// Entries of the dictionary that are this symptom, and do not tell its cause.
    codes: &'static [&'static str],
    /// The last is what is left when nobody else did it.
    suspects: &'static [Suspect],
    /// What the token endpoint has said to an app just now counts.
    asks_for_tokens: bool,
}

/// A possible cause.
pub struct Suspect {
    /// Stable, for programs.
    id: &'static str,
    name: &'static str,
    facts: &'static [&'static str],
    /// The entry of the dictionary that is this cause in the org's words.
    code: Option<&'static str>,
    mend: &'static str,
    look: fn(&Case<'_>) -> Look,
}

/// What a look at a suspect shows.
enum Look {
    /// It is so in the org.
    Guilty(String),
    /// It is not.
    Innocent(String),
    /// Nothing that was told says either.
    Unknown(String),
}

/// A text that somebody gave, understood. The text itself is not kept: what is pasted may hold more than an error.
pub struct Complaint {
    symptom: Option<&'static Symptom>,
    entry: Option<&'static Entry>,
}

/// A suspect, and what was seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspected {
    pub id: &'static str,
    pub name: String,
    pub facts: Vec<String>,
    pub evidence: Vec<String>,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub symptom: String,
    pub cause: Suspected,
    pub mend: String,
    /// The page of Setup that it names.
    pub link: Option<String>,
    pub ruled_out: Vec<Suspected>,
    pub unknown: Vec<Suspected>,
    /// True too, and not the first thing to mend.
    pub also: Vec<Suspected>,
}

impl Suspect {
    fn suspected(&self, evidence: Vec<String>) -> Suspected {
        let facts = self.facts.iter().map(|fact| (*fact).to_owned()).collect();
        Suspected { id: self.id, name: self.name.to_owned(), facts, evidence }
    }
}

/// Finds the one cause.
pub fn diagnose(complaint: &Complaint, case: &Case<'_>) -> Diagnosis {
    let mut diagnosis = match (complaint.symptom, complaint.entry) {
        (Some(symptom), entry) => walk(symptom, entry, case),
        (None, Some(entry)) => by_entry(entry, case),
        // `find` makes no such complaint.
        (None, None) => walk(&token::SYMPTOM, None, case),
    };
    diagnosis.link = setup::link(&diagnosis.mend, &case.told.instance_url);
    diagnosis
}

/// A symptom by its title, with the words of the org where some were given.
fn shown(symptom: Option<&Symptom>, entry: Option<&Entry>) -> String {
    let words = entry.and_then(|entry| entry.says.first().or(entry.error.first()));
    match (symptom.map(|symptom| symptom.title), words.map(String::as_str)) {
        (Some(title), Some(words)) if title != words => format!("{title}: {words}"),
        (Some(title), _) => title.to_owned(),
        (None, words) => words.unwrap_or_default().to_owned(),
    }
}

fn walk(symptom: &'static Symptom, entry: Option<&Entry>, case: &Case<'_>) -> Diagnosis {
    let looks: Vec<(&Suspect, Look)> =
        symptom.suspects.iter().map(|suspect| (suspect, (suspect.look)(case))).collect();
    let with_code = |code: &str| looks.iter().position(|(suspect, _)| suspect.code == Some(code));
    let pasted =
        entry.and_then(|entry| Some((with_code(&entry.code)?, "the text says so itself".to_owned())));
    let heard = || {
        let (code, words) = refusal(case).filter(|_| symptom.asks_for_tokens)?;
        Some((with_code(code)?, words))
    };
    let said = pasted.or_else(heard);
    let guilty = || looks.iter().position(|(_, look)| matches!(look, Look::Guilty(_)));
    let at = said.as_ref().map(|(at, _)| *at).or_else(guilty).unwrap_or(looks.len() - 1);
    let evidence = evidence(said.map(|(_, words)| words), &looks[at].1, at + 1 == looks.len());
    let mut diagnosis = Diagnosis {
        symptom: shown(Some(symptom), entry),
        cause: looks[at].0.suspected(evidence),
        mend: looks[at].0.mend.to_owned(),
        link: None,
        ruled_out: Vec::new(),
        unknown: Vec::new(),
        also: Vec::new(),
    };
    for (number, (suspect, look)) in looks.into_iter().enumerate() {
        if number == at {
            continue;
        }
        let (list, why) = match look {
            Look::Guilty(why) => (&mut diagnosis.also, why),
            Look::Innocent(why) => (&mut diagnosis.ruled_out, why),
            Look::Unknown(why) => (&mut diagnosis.unknown, why),
        };
        list.push(suspect.suspected(vec![why]));
    }
    diagnosis
}

/// What speaks for the cause.
fn evidence(said: Option<String>, look: &Look, is_last: bool) -> Vec<String> {
    let was_said = said.is_some();
    let mut evidence: Vec<String> = said.into_iter().collect();
    match look {
        Look::Guilty(why) => evidence.push(why.clone()),
        Look::Innocent(why) if was_said => evidence.push(format!("and yet, now: {why}")),
        Look::Innocent(why) | Look::Unknown(why) => {
            if is_last && !was_said {
                evidence.push("nothing that comes before it is known to be so in this org".to_owned());
            }
            evidence.push(why.clone());
        }
    }
    evidence
}

/// What the token endpoint has said to an app just now, as the dictionary knows it.
fn refusal(case: &Case<'_>) -> Option<(&'static str, String)> {
    case.told.tokens.iter().find_map(|tried| match &tried.outcome {
        Outcome::Refused(said) => {
            let entry = dictionary::find(Place::OAuth, &said.code, &said.message)?;
            Some((
                entry.code.as_str(),
                format!("{} asked for a token just now, and was told {said}", tried.component),
            ))
        }
        _ => None,
    })
}

/// A text that the dictionary knows: its cause, and what of the org rests on the same facts.
fn by_entry(entry: &'static Entry, case: &Case<'_>) -> Diagnosis {
    let shares = |facts: &[&str]| facts.iter().any(|fact| entry.facts.iter().any(|known| known == fact));
    let findings = examine(case);
    let (mut evidence, mut mend) = (vec!["the text says so itself".to_owned()], None);
    let mut ruled_out = Vec::new();
    for finding in findings.into_iter().filter(|finding| shares(finding.facts)) {
        if matches!(finding.rank, Rank::Blocks | Rank::Weakens) {
            evidence.push(finding.what);
            mend = mend.or(finding.mend);
        } else {
            let facts = finding.facts.iter().map(|fact| (*fact).to_owned()).collect();
            ruled_out.push(Suspected {
                id: finding.id,
                name: String::new(),
                facts,
                evidence: vec![finding.what],
            });
        }
    }
    let cause =
        Suspected { id: &entry.code, name: entry.cause.clone(), facts: entry.facts.clone(), evidence };
    let mend = mend.unwrap_or_else(|| entry.remedy.clone());
    let symptom = shown(None, Some(entry));
    Diagnosis { symptom, cause, mend, link: None, ruled_out, unknown: Vec::new(), also: Vec::new() }
}
