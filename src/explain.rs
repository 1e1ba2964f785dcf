//! What `orgwire explain` tells: the story of a problem, or the reference page of a type or field.
//!
//! Stories are texts of `docs/diagnostics/`, built into the binary. Pages are made from the type descriptions,
//! so they cannot say anything else than what is checked. Both are Markdown that reads well as it is.

use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::component::{
    Attribute, AttributeSource, Enumeration, Enumerator, Field, Group, Kind, Type, embedded, type_named,
    type_with_key, types,
};
use crate::dictionary;

static SUMMARIES: LazyLock<Vec<(&str, String)>> =
    LazyLock::new(|| embedded::STORIES.iter().map(|(name, story)| (*name, first_sentence(story))).collect());

/// The story of a diagnostic, by its code.
pub fn story(code: &str) -> Option<&'static str> {
    let found = embedded::STORIES.binary_search_by(|(name, _)| (*name).cmp(code)).ok()?;
    Some(embedded::STORIES[found].1)
}

/// Every story by name, sorted, each with its first sentence.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    SUMMARIES.iter().map(|(name, summary)| (*name, summary.as_str()))
}

/// What there is to tell about a name: a diagnostic (`plain-secret`), a type (`connected-app`), or a field or
/// attribute (`connected-app.oauth-config.callback-url`). Fields may be spelled as the API spells them, and
/// may carry the index that messages show: `connected-app.oauth-config.scopes[0]`.
pub fn topic(name: &str) -> Option<String> {
    let name = name.trim();
    if let Some(story) = story(name) {
        return Some(story.to_owned());
    }
    if let Some(entry) = dictionary::entry(name) {
        return Some(entry.story());
    }
    let mut steps = name.split('.').map(|step| step.split('[').next().unwrap_or(step));
    let first = steps.next()?;
    let kind = type_with_key(first).or_else(|| type_named(first))?;
    let Some(step) = steps.next() else { return Some(type_page(kind)) };
    let mut path = vec![kind.key.as_str()];
    let mut api_path = Vec::new();
    let (mut group, mut step) = (&kind.fields, step);
    loop {
        let Some(field) = group.field_with_key(step).or_else(|| group.field(step)) else {
            let attribute = kind.attributes.get_key_value(step);
            return match attribute {
                Some((key, attribute)) if api_path.is_empty() && steps.next().is_none() => {
                    Some(attribute_page(kind, key, attribute))
                }
                _ => None,
            };
        };
        path.push(&field.key);
        api_path.push(field.name.as_str());
        match (steps.next(), &field.kind) {
            (None, _) => return Some(field_page(kind, field, &path.join("."), &api_path.join("."))),
            (Some(next), Kind::Group(inner)) => (group, step) = (inner, next),
            (Some(_), _) => return None,
        }
    }
}

/// Every name that [`topic`] knows, for suggestions and for completion in shells.
pub fn topics() -> Vec<String> {
    let mut names: Vec<String> = embedded::STORIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.extend(dictionary::codes().map(str::to_owned));
    for kind in types() {
        names.push(kind.key.clone());
        kind.fields.each_field(&mut |path, _| names.push(format!("{}.{path}", kind.key)));
        names.extend(kind.attributes.keys().map(|key| format!("{}.{key}", kind.key)));
    }
    names.sort();
    names.dedup();
    names
}

/// What is true of a field besides its type, a sentence each.
pub fn remarks(kind: &Type, field: &Field) -> Vec<String> {
    let needed = needed(field).map(|when| format!("{when}."));
    let versions = versions(kind, field).map(|versions| format!("{versions}."));
    let default = field.default.as_ref().map(|default| format!("Left out, it means `{default}`."));
    [needed, versions, default].into_iter().flatten().chain(notes(field)).collect()
}

/// When a field must be there, without a full stop.
fn needed(field: &Field) -> Option<String> {
    match (field.required, field.required_until) {
        (true, _) => Some("Required".to_owned()),
        (false, Some(last)) => Some(format!("Required up to API version {last}.0")),
        (false, None) => None,
    }
}

/// What is true of a field besides its type, its versions, its default, and whether it is needed.
pub fn notes(field: &Field) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(longest) = field.max_length {
        let together = match field.separator.as_deref() {
            Some("\n") => ", all lines together",
            Some(_) => ", all values together",
            None => "",
        };
        said.push(format!("At most {longest} characters{together}."));
    }
    if let Some((lowest, highest)) = field.range {
        said.push(format!("From {lowest} to {highest}."));
    }
    if field.content {
        said.push("In a package it is a file of its own, beside the one with the elements.".to_owned());
    }
    if field.assigned {
        said.push("Left out, the org makes one up and keeps it.".to_owned());
    }
    if field.clears {
        said.push("Empty, it takes away what the org has; left out, it does not.".to_owned());
    }
    if field.org_bound {
        said.push("Fits one org only: give each environment its own.".to_owned());
    }
    if let Some(named) = &field.names {
        said.push(format!("Names a component of type `{named}`, in the project or in the org."));
    }
    if let Some(named) = &field.names_before_hyphen {
        said.push(format!(
            "Before its hyphen stands a component of type `{named}`, in the project or in the org."
        ));
    }
    if field.secret {
        said.push("A secret: say where it lives, never write it down.".to_owned());
    }
    if field.generate.is_some() {
        said.push("orgwire can make it: `{ generate = true }`.".to_owned());
    }
    match &field.masked {
        Some(mask) => said.push(format!("No org gives it back; `{mask}` stands in its place.")),
        None if field.write_only => said.push("No org gives it back.".to_owned()),
        None => {}
    }
    if field.create_only {
        said.push("Counts only when the component is created, and is not sent afterwards.".to_owned());
    }
    if let Some(locked) = &field.irreversible {
        said.push(format!("Once it is `{locked}`, it can never be changed back."));
    }
    if field.read_only {
        said.push("Only the org writes it; a manifest cannot.".to_owned());
    }
    if let Some(unsure) = &field.unsure {
        said.push(format!("Not confirmed: {unsure}."));
    }
    said
}

/// The API versions that know a field, where that are not all of its type's; sources that disagree are told.
pub fn versions(kind: &Type, field: &Field) -> Option<String> {
    let told = match (field.since > kind.since, field.until) {
        (true, Some(last)) => format!("From API version {}.0 to {last}.0", field.since),
        (true, None) => format!("From API version {}.0 on", field.since),
        (false, Some(last)) => format!("Up to API version {last}.0"),
        (false, None) => return None,
    };
    let perhaps: Vec<String> = [
        field.since_perhaps.map(|since| format!("from {since}.0 on")),
        field.until_perhaps.map(|last| format!("up to {last}.0")),
    ]
    .into_iter()
    .flatten()
    .collect();
    Some(if perhaps.is_empty() { told } else { format!("{told}; some sources say {}", perhaps.join(", ")) })
}

/// What the name of a component may be, a sentence each.
pub fn name_rules(kind: &Type) -> Vec<String> {
    let member = &kind.member;
    let called = member.called.as_deref().unwrap_or("API name");
    let mut rules = vec![match (&member.fixed, member.free) {
        (Some(only), _) => format!("An org has one of these: NAME is always `{only}`."),
        (None, true) => {
            format!(
                "NAME, in Setup the {called}, has at most {} characters, any that there are.",
                member.max_length
            )
        }
        (None, false) => {
            format!("NAME, in Setup the {called}, has at most {} characters.", member.max_length)
        }
    }];
    if member.burnt_after_deletion {
        rules.push("An org that has had a NAME never takes it again.".to_owned());
    }
    if let Some(why) = &member.generated {
        rules.push(format!("A NAME fits one org only: {why}."));
    }
    rules
}

/// Where a component stands in a package, and under which name package.xml lists it.
pub fn places(kind: &Type) -> String {
    let name = kind.member.fixed.as_deref().unwrap_or("NAME");
    let file = kind.path(name);
    let content = kind.content_path(name).map(|path| format!(" and `{path}`")).unwrap_or_default();
    let listed = if kind.package_type == kind.name {
        String::new()
    } else {
        format!(", listed as `{}` in package.xml", kind.package_type)
    };
    format!(
        "`{}` in the Metadata API, from version {}.0 on; in a package `{file}`{content}{listed}.",
        kind.name, kind.since
    )
}

/// What a person has to do afterwards, a sentence each.
pub fn manual_steps(kind: &Type) -> Vec<String> {
    let step = |step: &crate::component::ManualStep| {
        let when: Vec<String> = step
            .when
            .iter()
            .map(|(field, value)| format!("`{} = \"{value}\"`", crate::component::FieldPath::of(field)))
            .collect();
        let when = if when.is_empty() { String::new() } else { format!("With {}: ", when.join(" and ")) };
        format!("{when}{}.{}", step.what, facts(&step.facts))
    };
    kind.manual_steps.iter().map(step).collect()
}

/// The first sentence after the heading, on one line.
fn first_sentence(story: &str) -> String {
    let paragraph = story.split("\n\n").nth(1).unwrap_or_default();
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    let end = words.iter().position(|word| word.ends_with('.')).map_or(words.len(), |at| at + 1);
    words[..end].join(" ")
}

fn type_page(kind: &Type) -> String {
    let mut page = heading(&kind.key, &kind.doc);
    paragraph(&mut page, &format!("{} {}", places(kind), name_rules(kind).join(" ")));
    fields(&mut page, &kind.fields);
    if !kind.attributes.is_empty() {
        page.push_str("\n## Others can refer to\n\n");
        for (key, attribute) in &kind.attributes {
            item(&mut page, &format!("`${{{}.NAME.{key}}}`: {}", kind.key, attribute.doc));
        }
    }
    if !kind.manual_steps.is_empty() {
        page.push_str("\n## By hand afterwards\n\n");
        for step in manual_steps(kind) {
            item(&mut page, &step);
        }
    }
    if !kind.left_out.is_empty() {
        page.push_str("\n## Left out on purpose\n\n");
        for (element, why) in &kind.left_out {
            item(&mut page, &format!("`{element}`: {why}."));
        }
    }
    page
}

fn field_page(kind: &Type, field: &Field, path: &str, api_path: &str) -> String {
    let mut page = heading(path, &field.doc);
    item(&mut page, &format!("{}.", holds(field)));
    for remark in remarks(kind, field) {
        item(&mut page, &remark);
    }
    item(&mut page, &format!("In the Metadata API: `{api_path}` of `{}`.{}", kind.name, facts(&field.facts)));
    match &field.kind {
        Kind::Enumeration(values) => {
            page.push_str("\n## Values\n\n");
            for value in &values.values {
                let about = about_value(value).map(|about| format!(": {about}")).unwrap_or_default();
                item(&mut page, &format!("`{}`{about}", value.name));
            }
            if let Some(note) = pattern_note(values) {
                page.push('\n');
                paragraph(&mut page, note);
            }
        }
        Kind::Group(group) => fields(&mut page, group),
        _ => {}
    }
    page
}

fn attribute_page(kind: &Type, key: &str, attribute: &Attribute) -> String {
    let mut page = heading(&format!("{}.{key}", kind.key), &attribute.doc);
    item(&mut page, &format!("Refer to it as `${{{}.NAME.{key}}}`.", kind.key));
    match &attribute.source {
        AttributeSource::Field(path) => {
            item(&mut page, &format!("It is the value of `{path}`; see `{}.{path}`.", kind.key));
        }
        AttributeSource::Query { object, column, predicted, placeholder, .. } => {
            item(&mut page, &format!("Only the org can tell; read from `{column}` of `{object}`."));
            if let Some(predicted) = predicted {
                item(
                    &mut page,
                    &format!("With `predict-callback = true` the first pass expects `{predicted}`."),
                );
            }
            item(&mut page, &format!("Until it is known, `{placeholder}` stands in its place."));
        }
    }
    page
}

fn fields(page: &mut String, group: &Group) {
    page.push_str("\n## Fields\n\n");
    for field in &group.fields {
        let note = match (field.required, field.read_only) {
            (true, _) => " (required)",
            (_, true) => " (read-only)",
            _ => "",
        };
        item(page, &format!("`{}`{note}: {}", field.key, field.doc));
    }
}

/// What may be written, without a full stop.
pub fn holds(field: &Field) -> String {
    let values = matches!(field.kind, Kind::Enumeration(_));
    let one = match &field.kind {
        Kind::Text if field.secret => "the source of a secret, such as `{ env = \"NAME\" }`".to_owned(),
        Kind::Text | Kind::Enumeration(_) if let Some(separator) = field.separator.as_deref() => {
            let what = if values { "one or more of the values below" } else { "text" };
            match separator.trim() {
                "" if separator.contains('\n') && !values => {
                    "text of one or more lines, or a list of lines".to_owned()
                }
                "" if separator.contains('\n') => format!("{what}, each on a line or as a list"),
                "" => format!("{what}, separated by blanks or as a list"),
                mark => format!("{what}, separated by `{mark}` or as a list"),
            }
        }
        Kind::Text => "text".to_owned(),
        Kind::Flag => "`true` or `false`".to_owned(),
        Kind::Number => "a whole number".to_owned(),
        Kind::Binary => "base64 text".to_owned(),
        Kind::Enumeration(_) => "one of the values below".to_owned(),
        Kind::Group(_) => "a table of the fields below".to_owned(),
    };
    let words = match (&field.kind, field.repeated) {
        (Kind::Enumeration(_), true) => "one or more of the values below".to_owned(),
        (Kind::Group(_), true) => "one or more tables of the fields below".to_owned(),
        (_, true) => format!("{one}, or a list of such"),
        (_, false) => one,
    };
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What is true of a value, without a full stop; nothing for most.
pub fn about_value(value: &Enumerator) -> Option<String> {
    let mut about = Vec::new();
    if !value.aliases.is_empty() {
        let aliases: Vec<String> = value.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        about.push(format!("also written {}", aliases.join(", ")));
    }
    if let Some(since) = value.since {
        about.push(format!("from API version {since}.0 on"));
    }
    if let Some(perhaps) = value.since_perhaps {
        about.push(format!("some sources say from {perhaps}.0 on"));
    }
    if let Some(last) = value.until {
        about.push(format!("up to API version {last}.0"));
    }
    if let Some(folded) = &value.folds_into {
        about.push(format!("an org gives back `{folded}` for it"));
    }
    if let Some(unsure) = &value.unsure {
        about.push(format!("not confirmed: {unsure}"));
    }
    (!about.is_empty()).then(|| about.join("; "))
}

pub fn pattern_note(values: &Enumeration) -> Option<&'static str> {
    let varies = values.values.iter().any(|value| value.name.contains('{'));
    varies.then_some("`{count}` is a whole number from 1 on, `{unit}` is `HOURS`, `DAYS` or `MONTHS`.")
}

fn facts(ids: &[String]) -> String {
    if ids.is_empty() { String::new() } else { format!(" Rests on {}.", ids.join(", ")) }
}

fn heading(name: &str, doc: &str) -> String {
    let mut page = format!("# {name}\n\n");
    paragraph(&mut page, doc);
    page.push('\n');
    page
}

fn item(page: &mut String, text: &str) {
    wrapped(page, text, "- ", "  ");
}

fn paragraph(page: &mut String, text: &str) {
    wrapped(page, text, "", "");
}

/// Breaks lines at 80 characters, as the stories do.
fn wrapped(page: &mut String, text: &str, first: &str, others: &str) {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > 80 {
            writeln!(page, "{line}").expect("a String takes all text");
            line = others.to_owned();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    writeln!(page, "{line}").expect("a String takes all text");
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::command::Trouble;
    use crate::configuration::{self, Configuration};
    use crate::diagnostic::{Code, Diagnostics, Sources};
    use crate::reference::Observed;

    #[test]
    fn every_code_has_a_story_and_every_story_a_code() {
        for code in Code::ALL {
            assert!(story(code.as_str()).is_some(), "docs/diagnostics/{code}.md is missing");
        }
        for trouble in Trouble::ALL {
            assert!(story(trouble.as_str()).is_some(), "docs/diagnostics/{}.md is missing", trouble.as_str());
        }
        for (name, _) in all() {
            let known =
                Code::named(name).is_some() || Trouble::ALL.iter().any(|trouble| trouble.as_str() == name);
            assert!(known, "{name} tells of no code");
        }
    }

    #[test]
    fn stories_are_sorted_and_begin_with_their_name() {
        let names: Vec<&str> = all().map(|(name, _)| name).collect();
        assert!(names.is_sorted());
        for (name, text) in embedded::STORIES {
            assert!(text.starts_with(&format!("# {name}\n\n")), "{name} begins otherwise");
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{name} ends otherwise");
            let long = text.lines().find(|line| line.chars().count() > 80);
            assert_eq!(long, None, "{name} has a long line");
        }
    }

    #[test]
    fn the_list_tells_the_first_sentence() {
        for (name, sentence) in all() {
            assert!(sentence.ends_with('.') && sentence.len() > 20, "{name}: {sentence}");
        }
        let found = all().find(|(name, _)| *name == "missing-component").unwrap();
        assert_eq!(
            found.1,
            "A field names a component that is neither declared in the project nor in the org."
        );
    }

    /// The codes that reading, resolving, checking and planning an example against an empty org gives. Of policies,
    /// the one that the story is about and those that count everywhere.
    fn codes(story: Code, example: &str) -> Vec<Code> {
        let mut sources = Sources::default();
        let id = sources.add("example.toml", example);
        let mut diagnostics = Diagnostics::default();
        if example.starts_with("# orgwire.toml\n") {
            configuration::read(id, sources.get(id), &mut diagnostics);
        } else {
            let manifest = crate::manifest::read(id, sources.get(id), &mut diagnostics);
            let desired = crate::resolve::resolve(
                &crate::resolve::Inputs::new(&[manifest], &Configuration::default()),
                &mut diagnostics,
            );
            crate::lint::lint(&desired, &mut diagnostics);
            diagnostics.merge(crate::plan::plan(&desired, &Observed::default()).findings);
        }
        let codes = diagnostics.sorted().into_iter().map(|found| found.code);
        codes.filter(|code| *code == story || !Code::FOR_PRODUCTION.contains(code)).collect()
    }

    /// The first fenced manifest behind a line such as `Wrong:`.
    fn example<'a>(story: &'a str, label: &str) -> Option<&'a str> {
        let (_, rest) = story.split_once(&format!("\n{label}:\n\n```toml\n"))?;
        rest.split_once("```\n").map(|(example, _)| example)
    }

    #[test]
    fn wrong_examples_have_the_problem_and_right_ones_do_not() {
        let mut seen = 0;
        for (name, story) in embedded::STORIES {
            let (Some(wrong), Some(right)) = (example(story, "Wrong"), example(story, "Right")) else {
                assert!(!story.contains("\nWrong:") && !story.contains("\nRight:"), "{name} has one of two");
                continue;
            };
            let code = Code::named(name).unwrap();
            let found = codes(code, wrong);
            assert!(found.contains(&code), "{name}, the wrong example: {found:?}");
            let left = codes(code, right);
            // The others are pieces of manifests, which lack what they are not about.
            let only_incomplete =
                left.iter().all(|other| [Code::MissingField, Code::NoScopes].contains(other));
            assert!(!left.contains(&code) && only_incomplete, "{name}, the right example: {left:?}");
            seen += 1;
        }
        assert!(seen > 30);
    }

    #[test]
    fn other_examples_are_toml() {
        for (name, story) in embedded::STORIES {
            for block in story.split("```toml\n").skip(1) {
                let text = block.split("```").next().unwrap();
                let broken = *name == "invalid-toml" && text.contains("label = Orders");
                assert_eq!(text.parse::<toml::Table>().is_ok(), !broken, "{name}:\n{text}");
            }
        }
    }

    #[test]
    fn a_field_is_explained_by_its_description() {
        let page = topic("connected-app.oauth-config.callback-url").unwrap();
        assert_eq!(
            page,
            "# connected-app.oauth-config.callback-url

Where logins may be sent back to: https, http on localhost, or a scheme of your
own. All lines are replaced at once.

- Text of one or more lines, or a list of lines.
- Required.
- At most 2000 characters, all lines together.
- Not confirmed: the limit of 2000 characters for all lines together comes from
  an old guide.
- In the Metadata API: `oauthConfig.callbackUrl` of `ConnectedApp`. Rests on
  CA-2, CA-25, CA-26, CA-27, CA-28, CA-29, CA-30.
"
        );
    }

    #[test]
    fn a_field_may_be_named_as_messages_and_the_api_name_it() {
        let page = topic("connected-app.oauth-config.scopes").unwrap();
        assert!(
            page.contains("- `RefreshToken`: also written `refresh_token`, `offline_access`\n"),
            "{page}"
        );
        assert!(page.contains("- `Email`: also written `email`; an org gives back `Basic` for it\n"));
        assert_eq!(topic("connected-app.oauth-config.scopes[0]").as_ref(), Some(&page));
        assert_eq!(topic("ConnectedApp.oauthConfig.scopes").as_ref(), Some(&page));
        for unknown in ["", "nothing", "connected-app.", "connected-app.nothing", "connected-app.label.x"] {
            assert_eq!(topic(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_type_is_explained_with_fields_attributes_and_manual_steps() {
        let page = topic("auth-provider").unwrap();
        assert!(page.contains("never takes it again"), "{page}");
        assert!(page.contains("- `friendly-name` (required): The name people see.\n"));
        assert!(page.contains("`oauth-kickoff-url` (read-only)"));
        assert!(page.contains("- `${auth-provider.NAME.callback-url}`: "));
        assert!(topic("auth-provider.callback-url").unwrap().contains("Only the org can tell"));
        assert!(topic("named-credential").unwrap().contains("With `protocol = \"Oauth\"`: authenticate the"));
    }

    #[test]
    fn everything_a_description_says_is_told() {
        let kind = Type::parse(
            "name = \"Thing\"\npackage-type = \"Settings\"\ndirectory = \"things\"\nsuffix = \"thing\"\nsince = 40\ndoc = \"A thing.\"\n\
             [member]\nmax-length = 80\nfixed = \"Only\"\ngenerated = \"the org counts them\"\n\
             [fields.a]\ntype = \"Colour\"\nseparator = \", \"\nsince = 59\nsince-perhaps = 58\nuntil = 60\nuntil-perhaps = 61\n\
             org-bound = true\nassigned = true\nclears = true\ndoc = \"Colours.\"\n\
             [fields.b]\ntype = \"string\"\ncontent = true\ndoc = \"The text.\"\n\
             [enums]\nColour = [\"Red\", { name = \"Blue\", since = 60, since-perhaps = 59, unsure = \"one source\" }]\n",
        )
        .unwrap();
        let page = type_page(&kind);
        assert!(page.contains("`things/Only.thing-meta.xml` and `things/Only.thing`"), "{page}");
        let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(
            "listed as `Settings` in package.xml. An org has one of these: NAME is always `Only`."
        ));
        assert!(words.contains("A NAME fits one org only: the org counts them."), "{page}");
        let page = field_page(&kind, kind.fields.field("a").unwrap(), "thing.a", "a");
        assert_eq!(
            page,
            "# thing.a\n\nColours.\n\n\
             - One or more of the values below, separated by `,` or as a list.\n\
             - From API version 59.0 to 60.0; some sources say from 58.0 on, up to 61.0.\n\
             - Left out, the org makes one up and keeps it.\n\
             - Empty, it takes away what the org has; left out, it does not.\n\
             - Fits one org only: give each environment its own.\n\
             - In the Metadata API: `a` of `Thing`.\n\n## Values\n\n- `Red`\n\
             - `Blue`: from API version 60.0 on; some sources say from 59.0 on; not\n  confirmed: one source\n"
        );
        let page = field_page(&kind, kind.fields.field("b").unwrap(), "thing.b", "b");
        assert!(page.contains("- In a package it is a file of its own,"), "{page}");
    }

    #[test]
    fn every_topic_can_be_told() {
        for name in topics() {
            let page = topic(&name).unwrap_or_else(|| panic!("{name} is not known"));
            assert!(page.starts_with(&format!("# {name}\n\n")), "{name}:\n{page}");
        }
    }
}
