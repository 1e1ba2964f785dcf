//! What ties a value to one org or to another component, and the variable or reference that takes its place.

use std::collections::{BTreeMap, BTreeSet};

use crate::collect::Collected;
use crate::component::{
    AttributeSource, ComponentId, Field, FieldPath, Fields, Group, Kind, Scalar, Step, Tree, kebab,
};
use crate::resolve::described_field;
use crate::retrieved::Sited;
use crate::secret::{is_consumer_key, is_placeholder};

use super::NoteKind;

/// Values shorter than this are equal by chance.
const SHORTEST_KEY: usize = 8;

/// Process variables that are there anyway, as names of templates spell them.
const SET_BY_SYSTEMS: [&str; 10] =
    ["user", "username", "home", "path", "host", "hostname", "shell", "lang", "name", "pwd"];

/// Everything that ties values, gathered from all components before the first is written.
pub(super) struct Bindings {
    /// The reference and its owner, by value.
    attributes: BTreeMap<String, (String, ComponentId)>,
    /// The same for secrets that stand in a file as text.
    secrets: BTreeMap<String, (String, ComponentId)>,
    /// References to attributes that have a predictable address: by what stands behind the org's address
    /// (`/services/authcallback/`), then by the name of the component.
    predicted: BTreeMap<String, BTreeMap<String, String>>,
    /// How many values each field that belongs to one org has, by key.
    org_bound: BTreeMap<String, BTreeSet<String>>,
    origins: BTreeSet<String>,
    instance_url: Option<String>,
    variables: BTreeMap<String, Variable>,
    /// Names of the variables, each for its value.
    variable_names: Names,
    /// Names of process variables for secrets, each for the secret that it stands for.
    sources: Names,
    observed: BTreeMap<String, String>,
}

/// Names that were given. A number tells apart those that would be the same.
#[derive(Default)]
struct Names {
    given: BTreeSet<String>,
    /// By the name that was wanted and what it is for.
    by_purpose: BTreeMap<(String, String), String>,
    /// The number to try next, by the name that was wanted.
    numbers: BTreeMap<String, usize>,
}

impl Names {
    /// The name for this purpose: the one that it has already, or a new one.
    fn name(&mut self, wanted: &str, separator: char, purpose: &str) -> String {
        let key = (wanted.to_owned(), purpose.to_owned());
        if let Some(name) = self.by_purpose.get(&key) {
            return name.clone();
        }
        let mut name = wanted.to_owned();
        let number = self.numbers.entry(name.clone()).or_insert(2);
        while !self.given.insert(name.clone()) {
            name = format!("{wanted}{separator}{number}");
            *number += 1;
        }
        self.by_purpose.insert(key, name.clone());
        name
    }
}

/// A variable of the manifest.
pub(super) struct Variable {
    pub default: String,
    pub about: String,
}

/// What a text became.
pub(super) struct Bound {
    /// In the manifest's spelling.
    pub text: String,
    /// What to say about it, one for each thing that was replaced.
    pub said: Vec<(NoteKind, String)>,
}

impl Bindings {
    pub fn new(collected: &Collected, instance_url: Option<&str>) -> Self {
        let mut bindings = Bindings {
            attributes: BTreeMap::new(),
            secrets: BTreeMap::new(),
            predicted: BTreeMap::new(),
            org_bound: BTreeMap::new(),
            origins: BTreeSet::new(),
            instance_url: instance_url.map(|url| url.trim_end_matches('/').to_owned()),
            variables: BTreeMap::new(),
            variable_names: Names::default(),
            sources: Names::default(),
            observed: BTreeMap::new(),
        };
        for (id, found) in &collected.components {
            bindings.attributes_of(id, &found.document.fields);
            bindings.look_at(&id.kind.fields, &found.document.fields);
        }
        bindings
    }

    /// Values that other components may refer to.
    fn attributes_of(&mut self, id: &ComponentId, fields: &Fields<Sited>) {
        if !can_be_referred_to(&id.name) {
            return;
        }
        for (key, attribute) in &id.kind.attributes {
            let reference = format!("{id}.{key}");
            match &attribute.source {
                AttributeSource::Field(path) => {
                    let Some(text) = text_at(fields, path) else { continue };
                    if text.len() >= SHORTEST_KEY && !is_placeholder(text) {
                        let is_secret = described_field(id, path).is_some_and(|field| field.secret);
                        let values = if is_secret { &mut self.secrets } else { &mut self.attributes };
                        values.insert(text.to_owned(), (reference, id.clone()));
                    }
                }
                AttributeSource::Query { predicted: Some(predicted), .. } => {
                    let path = predicted.replace("{instance-url}", "").replace("{name}", "");
                    let names = self.predicted.entry(path).or_default();
                    names.entry(id.name.clone()).or_insert(reference);
                }
                AttributeSource::Query { .. } => {}
            }
        }
    }

    fn look_at(&mut self, group: &'static Group, fields: &Fields<Sited>) {
        for (name, tree) in fields {
            let Some(field) = group.field(name) else { continue };
            let items = if let Tree::List(items) = tree { items } else { std::slice::from_ref(tree) };
            for item in items {
                match item {
                    Tree::Group(fields) => {
                        if let Kind::Group(inner) = &field.kind {
                            self.look_at(inner, fields);
                        }
                    }
                    Tree::Leaf(Sited { scalar: Scalar::Text(text), .. }) if fits_one_org(field, text) => {
                        self.org_bound.entry(field.key.clone()).or_default().insert(text.clone());
                    }
                    Tree::Leaf(Sited { scalar: Scalar::Text(text), .. }) if holds_addresses(field) => {
                        let found = origins(text).into_iter().map(|range| text[range].to_owned());
                        self.origins.extend(found);
                    }
                    _ => {}
                }
            }
        }
    }

    /// The secret of another component that a secret is equal to: the reference, and whose it is. Never its value.
    pub fn shared_secret(&self, id: &ComponentId, text: &str) -> Option<(&str, &ComponentId)> {
        let (reference, owner) = self.secrets.get(text).filter(|(_, owner)| owner != id)?;
        Some((reference, owner))
    }

    /// Whether a text that should not be a secret is the one of some component all the same.
    pub fn is_secret(&self, text: &str) -> bool {
        self.secrets.contains_key(text.trim())
    }

    /// A text of a component, in the manifest's spelling.
    pub fn text(&mut self, id: &ComponentId, field: &Field, text: &str) -> Bound {
        if let Some((reference, owner)) = self.attributes.get(text)
            && owner != id
        {
            let said = vec![(NoteKind::Reference, format!("is the one of `{owner}`"))];
            self.observed.insert(reference.clone(), text.to_owned());
            return Bound { text: format!("${{{reference}}}"), said };
        }
        if fits_one_org(field, text) {
            let name = self.org_bound_variable(id, field, text);
            let said = (NoteKind::Variable, format!("belongs to one org: `var.{name}`"));
            return Bound { text: format!("${{var.{name}}}"), said: vec![said] };
        }
        self.pieces(field, text)
    }

    /// The lines of a field that holds several, some of which may be addresses that an org gives to components.
    pub fn lines(&mut self, id: &ComponentId, field: &Field, lines: &[&str]) -> Vec<Bound> {
        let references: Vec<Option<String>> =
            lines.iter().map(|line| self.predicted(line).map(str::to_owned)).collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for reference in references.iter().flatten() {
            *counts.entry(reference).or_default() += 1;
        }
        let bound = lines.iter().zip(&references).map(|(line, reference)| match reference {
            // Where several orgs have such an address, it is not known which of them is meant.
            Some(reference) if counts[reference.as_str()] == 1 => {
                self.observed.insert(reference.clone(), line.trim().to_owned());
                let said = vec![(NoteKind::Reference, format!("is `{reference}`"))];
                Bound { text: format!("${{{reference}}}"), said }
            }
            _ => self.text(id, field, line.trim_end_matches('\r')),
        });
        bound.collect()
    }

    /// The reference that an org gives this address to: `https://HOST/services/authcallback/[ORG ID/]NAME` (AP-40,
    /// AP-41).
    fn predicted(&self, line: &str) -> Option<&str> {
        let line = line.trim();
        self.predicted.iter().find_map(|(path, names)| {
            let (before, after) = line.split_once(path.as_str())?;
            let name = match after.split_once('/') {
                Some((org, name)) if org.starts_with("00D") => name,
                _ => after,
            };
            let is_address = before.strip_prefix("https://").is_some_and(|host| !host.contains('/'));
            let is_ours = self.instance_url.as_deref() == Some(before);
            names.get(name).filter(|_| is_address || is_ours).map(String::as_str)
        })
    }

    /// Whether another component has this value for others to refer to.
    pub fn belongs_to_another(&self, id: &ComponentId, text: &str) -> bool {
        self.attributes.get(text).is_some_and(|(_, owner)| owner != id)
    }

    /// Templated pieces and addresses of one org become variables, unless a `$` stands before them, behind which a
    /// reference would read as an escaped one.
    fn pieces(&mut self, field: &Field, text: &str) -> Bound {
        let mut replaced: Vec<(std::ops::Range<usize>, String, NoteKind, String)> = Vec::new();
        for (range, name) in templated(text) {
            if text[..range.start].ends_with('$') {
                continue;
            }
            let default = text[range.clone()].to_owned();
            let variable = self.variable(&name, &default, "filled in by another tool until now");
            let said = format!("was to be filled in by another tool: `var.{variable}`");
            replaced.push((range, format!("${{var.{variable}}}"), NoteKind::Variable, said));
        }
        if holds_addresses(field) {
            for range in self.addresses(text) {
                if text[..range.start].ends_with('$') {
                    continue;
                }
                let origin = &text[range.clone()];
                if self.instance_url.as_deref() == Some(origin) {
                    let said = "is the address of the org".to_owned();
                    replaced.push((range, "${org.instance-url}".to_owned(), NoteKind::Reference, said));
                    continue;
                }
                let name = self.origin_name(origin);
                let variable = self.variable(&name, origin, "address of one org");
                let said = format!("holds the address of one org: `var.{variable}`");
                replaced.push((range, format!("${{var.{variable}}}"), NoteKind::Variable, said));
            }
        }
        replaced.sort_by_key(|(range, ..)| range.start);
        let mut bound = Bound { text: String::with_capacity(text.len()), said: Vec::new() };
        let mut at = 0;
        for (range, written, kind, said) in replaced {
            if range.start < at {
                continue;
            }
            bound.text.push_str(&escaped(&text[at..range.start]));
            bound.text.push_str(&written);
            bound.said.push((kind, said));
            at = range.end;
        }
        bound.text.push_str(&escaped(&text[at..]));
        bound
    }

    /// Where addresses of the org itself stand, or of any org.
    fn addresses(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let mut found = origins(text);
        if let Some(url) = self.instance_url.as_deref().filter(|url| !url.is_empty()) {
            found.extend(text.match_indices(url).filter_map(|(at, url)| {
                let rest = &text[at + url.len()..];
                let ends =
                    !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || ".-:".contains(next));
                ends.then_some(at..at + url.len())
            }));
        }
        found
    }

    fn org_bound_variable(&mut self, id: &ComponentId, field: &Field, text: &str) -> String {
        let alone = self.org_bound.get(&field.key).is_some_and(|values| values.len() == 1);
        let name = if alone { field.key.clone() } else { format!("{}-{}", word(&id.name), field.key) };
        self.variable(&name, text, &format!("{} that fits one org only", field.key))
    }

    fn origin_name(&self, origin: &str) -> String {
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let (label, rest) = host.split_once('.').unwrap_or((host, ""));
        let rest = rest.to_ascii_lowercase();
        // Addresses of one org need not say which.
        let is_only_org = self.origins.iter().all(|other| label_of(other) == label);
        let kind = if rest.ends_with("my.salesforce.com") {
            if is_only_org {
                return "my-domain-url".to_owned();
            }
            "url"
        } else if rest.ends_with("lightning.force.com") {
            "lightning-url"
        } else if rest.ends_with("my.salesforce-setup.com") {
            "setup-url"
        } else {
            "site-url"
        };
        if is_only_org { kind.to_owned() } else { format!("{}-{kind}", word(label)) }
    }

    /// The name of the variable with this value.
    fn variable(&mut self, wanted: &str, default: &str, about: &str) -> String {
        let name = self.variable_names.name(wanted, '-', default);
        self.variables
            .entry(name.clone())
            .or_insert_with(|| Variable { default: escaped(default), about: about.to_owned() });
        name
    }

    /// The process variable that a secret is to be read from.
    pub fn source(&mut self, id: &ComponentId, field: &Field, path: &FieldPath, text: &str) -> String {
        // What the system or the shell sets for itself is no secret of anybody's.
        let template = templated(text)
            .into_iter()
            .map(|(_, name)| name)
            .next()
            .filter(|name| !SET_BY_SYSTEMS.contains(&name.as_str()));
        let wanted = template.unwrap_or_else(|| {
            // Which item of a list it is tells one from the other.
            let index = path.0.iter().rev().find_map(|step| match step {
                Step::Index(index) if *index > 0 => Some(format!("-{}", index + 1)),
                _ => None,
            });
            format!("{}-{}{}", id.name, field.key, index.unwrap_or_default())
        });
        let mut name = word(&wanted).replace('-', "_").to_uppercase();
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
            name.insert_str(0, "X_");
        }
        // What stands for a secret may stand for the same one elsewhere only if a tool named it.
        let owner = match templated(text).as_slice() {
            [] => format!("{id}.{path}"),
            // Two tools may mark the same name in two ways.
            [(range, name)] if text[range.clone()].len() == text.trim().len() => name.clone(),
            _ => text.trim().to_owned(),
        };
        self.sources.name(&name, '_', &owner)
    }

    pub fn variables(&self) -> &BTreeMap<String, Variable> {
        &self.variables
    }

    pub fn observed(self) -> BTreeMap<String, String> {
        self.observed
    }
}

/// Whether a value means nothing in another org. A record id of noughts stands for none, and means that everywhere.
fn fits_one_org(field: &Field, text: &str) -> bool {
    (field.org_bound || is_consumer_key(text)) && text.trim().contains(|letter| letter != '0')
}

/// `acme` in `https://acme.my.salesforce.com`.
fn label_of(origin: &str) -> &str {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    host.split_once('.').map_or(host, |(label, _)| label)
}

/// Names that can stand inside `${...}`.
fn can_be_referred_to(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter))
}

fn text_at<'f>(fields: &'f Fields<Sited>, path: &FieldPath) -> Option<&'f str> {
    match &fields.at(path)?.as_leaf()?.scalar {
        Scalar::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// What people wrote for people is left as it is.
fn holds_addresses(field: &Field) -> bool {
    matches!(field.kind, Kind::Text) && field.name != "description" && field.name != "label" && !field.pem
}

/// Where addresses of an org's own domain stand: `https://acme--uat.sandbox.my.salesforce.com` (AP-42, AP-43).
fn origins(text: &str) -> Vec<std::ops::Range<usize>> {
    const DOMAINS: [&str; 6] = [
        ".my.salesforce.com",
        ".my.site.com",
        ".lightning.force.com",
        ".my.salesforce-sites.com",
        ".my.salesforce-setup.com",
        ".force.com",
    ];
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("://") {
        let colon = from + at;
        let start = text[..colon]
            .rfind(|letter: char| !letter.is_ascii_alphanumeric())
            .map_or(0, |before| before + text[before..].chars().next().map_or(1, char::len_utf8));
        let host_at = colon + 3;
        let length = text[host_at..]
            .find(|letter: char| !letter.is_ascii_alphanumeric() && !"-.".contains(letter))
            .unwrap_or(text.len() - host_at);
        let host = text[host_at..host_at + length].to_ascii_lowercase();
        let is_web = matches!(text[start..colon].to_ascii_lowercase().as_str(), "https" | "http");
        if is_web && DOMAINS.iter().any(|domain| host.len() > domain.len() && host.ends_with(domain)) {
            found.push(start..host_at + length);
        }
        from = host_at + length;
    }
    found
}

/// Pieces that other tools fill in, `{{NAME}}`, `${NAME}` and `%%NAME%%`, with a name for each.
pub(super) fn templated(text: &str) -> Vec<(std::ops::Range<usize>, String)> {
    let is_name_letter = |letter: char| letter.is_ascii_alphanumeric() || "_-. ".contains(letter);
    let mut found = Vec::new();
    for (open, close) in [("{{", "}}"), ("${", "}"), ("%%", "%%")] {
        let mut from = 0;
        while let Some(at) = text[from..].find(open) {
            let start = from + at;
            let inner_at = start + open.len();
            // No further than a name may go, or many that are never closed take the square of their number.
            let ends = |letter: char| !is_name_letter(letter) && !letter.is_whitespace();
            let length = text[inner_at..].find(ends).unwrap_or(text.len() - inner_at);
            let inner = &text[inner_at..inner_at + length];
            let name = inner.trim();
            // `100%% of 50%%` fills in nothing.
            let is_name = text[inner_at + length..].starts_with(close)
                && !name.is_empty()
                && (open != "%%" || !inner.contains(' '))
                && name.len() <= 80
                && name.chars().all(is_name_letter);
            if is_name {
                found.push((start..inner_at + length + close.len(), word(name)));
                from = inner_at + length + close.len();
            } else {
                from = inner_at;
            }
        }
    }
    found.sort_by_key(|(range, _)| range.start);
    found
}

/// A word in small letters and dashes. What has no small letter is one word: `X3B_Login` is `x3b-login`.
pub(super) fn word(text: &str) -> String {
    let parts: Vec<String> = text
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(|part| {
            let is_word = part.bytes().any(|letter| letter.is_ascii_lowercase());
            if is_word { kebab(part) } else { part.to_ascii_lowercase() }
        })
        .collect();
    if parts.is_empty() { "value".to_owned() } else { parts.join("-") }
}

/// A literal `${` is written `$${`.
pub(super) fn escaped(text: &str) -> String {
    text.replace("${", "$${")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_other_tools_are_told_from_text() {
        let names = |text: &str| templated(text).into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        assert_eq!(names("{{A}} ${B_C} %%D%%"), ["a", "b-c", "d"]);
        assert_eq!(names("{{ My Name }}"), ["my-name"]);
        for text in ["{!$Credential.A.B}", "100%% of 50%%", "{{}}", "${", "$A", "{{#if}}", "{ {A} }", "%%"] {
            assert!(names(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn addresses_of_an_org_are_told_from_others() {
        let found =
            |text: &str| origins(text).into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>();
        assert_eq!(
            found("https://acme--uat.sandbox.my.salesforce.com/x, HTTPS://acme.my.site.com:8443"),
            ["https://acme--uat.sandbox.my.salesforce.com", "HTTPS://acme.my.site.com"]
        );
        for text in [
            "https://login.salesforce.com",
            "https://my.salesforce.com.evil.example",
            "ftp://acme.my.salesforce.com",
            "acme.my.salesforce.com",
            "://",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn words_are_names_of_variables() {
        assert_eq!(word("MY_KEY.x"), "my-key-x");
        assert_eq!(word("X3B_LoginApp"), "x3b-login-app");
        assert_eq!(word("Größe"), "gr-e");
        assert_eq!(word("!!"), "value");
    }

    #[test]
    fn a_name_stands_for_one_thing() {
        let mut names = Names::default();
        assert_eq!(names.name("key", '-', "a"), "key");
        assert_eq!(names.name("key-2", '-', "b"), "key-2");
        assert_eq!(names.name("key", '-', "c"), "key-3");
        assert_eq!(names.name("key", '-', "d"), "key-4");
        assert_eq!(names.name("key", '-', "a"), "key");
        assert_eq!(names.name("key", '-', "c"), "key-3");
    }

    #[test]
    fn templated_pieces_are_closed_by_their_own_sign() {
        let found = |text: &str| -> Vec<String> {
            templated(text).into_iter().map(|(range, name)| format!("{} {name}", &text[range])).collect()
        };
        assert_eq!(found("a {{ NAME }} ${x_Y} %%Z%%"), ["{{ NAME }} name", "${x_Y} x-y", "%%Z%% z"]);
        assert_eq!(found("{{a {{b}} {{ä}} ${} %%50 %%"), ["{{b}} b"]);
        assert!(templated(&"{{".repeat(1 << 20)).is_empty());
    }
}
