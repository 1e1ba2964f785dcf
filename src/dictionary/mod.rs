//! What orgs say, and what it means: every known message has a code of ours that stays the same, a cause and a remedy.
//! The org's own words are always shown beside them. The entries are data, in the TOML files of this folder.

use std::fmt::Write as _;
use std::sync::LazyLock;

use serde::Deserialize;

/// Where something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// About a component, or a deployment as a whole.
    Deploy,
    /// In answer to a request, over REST or SOAP.
    Api,
    /// By the login service.
    OAuth,
}

impl Place {
    const ALL: [Place; 3] = [Place::Deploy, Place::Api, Place::OAuth];

    fn title(self) -> &'static str {
        match self {
            Place::Deploy => "About components and deployments",
            Place::Api => "In answer to requests",
            Place::OAuth => "By the login service",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    entry: Vec<Entry>,
}

/// One message, or several that mean the same.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Stable.
    pub code: String,
    /// Status codes of the platform, or OAuth errors.
    #[serde(default)]
    pub error: Vec<String>,
    /// Those of them that say it by themselves, in whatever words; all of them where no words are known.
    #[serde(default)]
    pub alone: Vec<String>,
    /// Pieces of the message; `{name}` stands for any text, and says what kind of text it is.
    #[serde(default)]
    pub says: Vec<String>,
    pub cause: String,
    /// Something to do, without a full stop.
    pub remedy: String,
    /// Ids of the facts it rests on.
    #[serde(default)]
    pub facts: Vec<String>,
    /// What nobody could confirm about it.
    pub unsure: Option<String>,
}

static ENTRIES: LazyLock<Vec<(Place, Entry)>> = LazyLock::new(|| {
    let files = [
        (Place::Deploy, include_str!("deploy.toml")),
        (Place::Api, include_str!("api.toml")),
        (Place::OAuth, include_str!("oauth.toml")),
    ];
    let mut entries = Vec::new();
    for (place, text) in files {
        let file: File = toml::from_str(text).expect("the dictionary is tested");
        entries.extend(file.entry.into_iter().map(|entry| (place, entry)));
    }
    entries
});

/// The entry that fits best: a known text tells more than a known status code, and a long text more than a short one.
/// Without a status code, `code` is empty.
pub fn find(place: Place, code: &str, message: &str) -> Option<&'static Entry> {
    let here: Vec<&Entry> =
        ENTRIES.iter().filter(|(said, _)| *said == place).map(|(_, entry)| entry).collect();
    let (code, message) = if code.is_empty() { spoken(&here, message) } else { (code, message) };
    let mut best: Option<(usize, &Entry)> = None;
    for entry in here {
        let weight = entry.weight(code, message);
        // The first of equals stays, so that the order of the file decides.
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, entry));
        }
    }
    best.map(|(_, entry)| entry)
}

/// Rows of components have no status code beside their text, but the text may begin with one: `INSUFFICIENT_ACCESS: ...`.
fn spoken<'t>(here: &[&Entry], text: &'t str) -> (&'t str, &'t str) {
    match text.split_once(": ") {
        Some((code, rest)) if here.iter().any(|entry| entry.error.iter().any(|error| error == code)) => {
            (code, rest)
        }
        _ => ("", text),
    }
}

/// The entry of a code of ours.
pub fn entry(code: &str) -> Option<&'static Entry> {
    ENTRIES.iter().map(|(_, entry)| entry).find(|entry| entry.code == code)
}

/// All codes.
pub fn codes() -> impl Iterator<Item = &'static str> {
    ENTRIES.iter().map(|(_, entry)| entry.code.as_str())
}

impl Entry {
    /// How well a message fits; 0 is not at all.
    fn weight(&self, code: &str, message: &str) -> usize {
        let is_code = !code.is_empty() && self.error.iter().any(|error| error == code);
        let text =
            self.says.iter().filter(|text| contains(message, text)).map(|text| known_length(text)).max();
        // What says itself by an error that is not this one is something else.
        let other_error = !code.is_empty() && !self.error.is_empty() && !is_code;
        match (text, is_code) {
            (Some(_), _) if other_error => 0,
            (Some(length), is_code) => 2 * length + 2 + usize::from(is_code),
            // Words that nobody knows may mean anything, unless the error means one thing only.
            (None, true) if self.says.is_empty() || self.alone.iter().any(|error| error == code) => 1,
            (None, _) => 0,
        }
    }

    /// What to do, and where to read more.
    pub fn advice(&self) -> String {
        format!("{} (more: orgwire explain {})", self.remedy, self.code)
    }

    /// The story, as `explain` tells it.
    pub fn story(&self) -> String {
        let mut story = format!("# {}\n\n{}\n\n", self.code, wrapped(&self.cause));
        let mut remedy = self.remedy.clone();
        if let Some(first) = remedy.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let _ = writeln!(story, "{}\n", wrapped(&format!("{remedy}.")));
        let _ = writeln!(story, "What the org says:\n");
        let errors = self.error.iter().map(|error| format!("- `{error}`"));
        let texts = self.says.iter().map(|text| format!("- `{}`", told(text)));
        errors.chain(texts).for_each(|line| story.push_str(&format!("{line}\n")));
        if let Some(unsure) = &self.unsure {
            let _ = writeln!(story, "\n{}", wrapped(&format!("**Not confirmed:** {unsure}.")));
        }
        if !self.facts.is_empty() {
            let _ = writeln!(story, "\nRests on: {}.", self.facts.join(", "));
        }
        story
    }
}

/// Whether the pieces between the holes of a pattern come in a message in this order. Case does not count: orgs and
/// documents differ in it.
fn contains(message: &str, pattern: &str) -> bool {
    let message = message.to_lowercase();
    let mut rest = message.as_str();
    pieces(pattern).all(|piece| match rest.split_once(piece.to_lowercase().as_str()) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// What stands between the holes.
fn pieces(pattern: &str) -> impl Iterator<Item = &str> {
    let mut after = pattern.split('{');
    let first = after.next();
    first.into_iter().chain(after.map(|hole| hole.split_once('}').map_or(hole, |(_, piece)| piece)))
}

/// A pattern with long names in its holes says no more than one with short names.
fn known_length(pattern: &str) -> usize {
    pieces(pattern).map(str::len).sum()
}

/// A pattern for people: `no <type> named <name> found`.
fn told(pattern: &str) -> String {
    pattern.replace('{', "<").replace('}', ">")
}

fn wrapped(text: &str) -> String {
    textwrap::fill(text, 80)
}

const HEAD: &str = "\
# What orgs say

Every message of an org that orgwire knows, by its code, with what is behind it and what to do. `orgwire explain CODE` tells the
same. This page is made from `src/dictionary/`; after a change there, write it again: `orgwire explain --org-errors >
docs/org-errors.md`.
";

/// All entries as one Markdown page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for place in Place::ALL {
        let _ = writeln!(page, "\n## {}\n\n| code | cause | what to do |\n|---|---|---|", place.title());
        for (_, entry) in ENTRIES.iter().filter(|(said, _)| *said == place) {
            let doubt = entry
                .unsure
                .as_ref()
                .map_or(String::new(), |unsure| format!(" **Not confirmed:** {unsure}."));
            let cell = |text: &str| text.replace('|', "\\|");
            let _ = writeln!(
                page,
                "| `{}` | {}{} | {} |",
                entry.code,
                cell(&entry.cause),
                cell(&doubt),
                cell(&entry.remedy)
            );
        }
    }
    page
}

#[cfg(test)]
mod spoken_here;
#[cfg(test)]
mod tests;
