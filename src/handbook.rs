//! `docs/reference.md`: every metadata type with every field on one page, made from the descriptions.
//!
//! The sentences are those of [`explain`](mod@explain); here they are only put into tables.

use std::fmt::Write as _;

use crate::component::{Enumeration, Field, FieldPath, Group, Kind, Type};
use crate::{explain, layout};

const HEAD: &str = "\
# Reference

Every metadata type that a manifest can declare, with every field. This page is made from the descriptions in
`templates/`; after a change there, write it again: `orgwire explain --all > docs/reference.md`.

- Keys are the Metadata API's names in kebab-case. A field of a table inside a component is written below a header
  of its own: `[connected-app.NAME.oauth-config]`.
- An empty cell under *API versions* means: as long as the type; under *Default*: not known, or none.
- Every field that is not required may be `{ nil = true }`: the element is there and has no value.
- What nobody could confirm is marked **Not confirmed**.
- `orgwire explain connected-app.oauth-config.scopes` tells the same about one field, and on which facts it rests.
";

/// The page.
pub fn page(kinds: &[Type]) -> String {
    let mut kinds: Vec<&Type> = kinds.iter().collect();
    kinds.sort_by_key(|kind| layout::type_order(&kind.key));
    let mut page = Page { text: HEAD.to_owned() };
    page.line("\n## Contents\n");
    for kind in &kinds {
        page.line(&format!("- [{}]({}): {}", kind.key, anchor(&kind.key), kind.doc));
    }
    for kind in kinds {
        page.kind(kind);
    }
    page.text
}

struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect("a String takes all text");
    }

    fn list(&mut self, title: &str, items: impl IntoIterator<Item = String>) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_some() {
            self.line(&format!("\n{title}\n"));
            items.for_each(|item| self.line(&format!("- {item}")));
        }
    }

    fn kind(&mut self, kind: &Type) {
        self.line(&format!("\n## {}\n\n{}\n", kind.key, kind.doc));
        self.line(&format!("{} {}", explain::places(kind), explain::name_rules(kind).join(" ")));
        self.group(kind, &kind.fields, &kind.lead, &FieldPath::root());
        let attributes = kind.attributes.iter();
        self.list(
            &format!("Others can refer to these values of a {}:", kind.key),
            attributes.map(|(key, attribute)| format!("`${{{}.NAME.{key}}}`: {}", kind.key, attribute.doc)),
        );
        self.list("By hand afterwards:", explain::manual_steps(kind));
        let left_out = kind.left_out.iter();
        self.list("Left out on purpose:", left_out.map(|(element, why)| format!("`{element}`: {why}.")));
    }

    /// The table of a group's fields, then the values of its enumerations, then the groups inside it.
    fn group(&mut self, kind: &Type, group: &Group, lead: &[String], at: &FieldPath) {
        let rank = layout::field_order(group, lead);
        let mut fields: Vec<&Field> = group.fields.iter().collect();
        fields.sort_by_key(|field| rank(&field.key));
        self.line("\n| Key | Holds | Required | API versions | Default | What it is |");
        self.line("|---|---|---|---|---|---|");
        for field in &fields {
            let path = at.element(field.name.clone());
            let needed = match (field.required, field.required_until) {
                (true, _) => "yes".to_owned(),
                (false, Some(last)) => format!("up to {last}.0"),
                (false, None) => String::new(),
            };
            let versions = explain::versions(kind, field).unwrap_or_default();
            let default = field.default.as_ref().map(|default| format!("`{default}`")).unwrap_or_default();
            let mut told = vec![field.doc.clone()];
            told.extend(explain::notes(field).into_iter().map(|note| marked(&note)));
            let cells = [
                format!("`{}`", field.key),
                holds(kind, field, &path),
                needed,
                versions.replace("API version ", ""),
                default,
                told.join(" "),
            ];
            self.line(&format!("| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
        }
        for field in &fields {
            if let Kind::Enumeration(values) = &field.kind {
                self.values(field, values);
            }
        }
        for field in fields {
            if let Kind::Group(inner) = &field.kind {
                let path = at.element(field.name.clone());
                self.line(&format!("\n### {}.{path}\n\n{}", kind.key, field.doc));
                self.group(kind, inner, &field.identity, &path);
            }
        }
    }

    fn values(&mut self, field: &Field, values: &Enumeration) {
        let told: Vec<String> = values
            .values
            .iter()
            .map(|value| match explain::about_value(value) {
                Some(about) => {
                    format!("`{}` ({})", value.name, about.replace("not confirmed:", "**not confirmed:**"))
                }
                None => format!("`{}`", value.name),
            })
            .collect();
        let note = explain::pattern_note(values).map(|note| format!(" {note}")).unwrap_or_default();
        self.line(&format!("\nValues of `{}`: {}.{note}", field.key, told.join(", ")));
    }
}

/// What a field holds, in few words: the sentence of `explain` needs more room than a cell has.
fn holds(kind: &Type, field: &Field, path: &FieldPath) -> String {
    let one = match &field.kind {
        Kind::Text if field.secret => "secret",
        Kind::Text => "text",
        Kind::Flag => "flag",
        Kind::Number => "number",
        Kind::Binary => "base64",
        Kind::Enumeration(_) => "value",
        Kind::Group(_) => {
            let what = if field.repeated { "tables" } else { "table" };
            return format!("[{what}]({})", anchor(&format!("{}.{path}", kind.key)));
        }
    };
    match (field.repeated, field.separator.as_deref()) {
        (true, _) => format!("list of {one}s"),
        (false, Some("\n")) => format!("{one}, or a list of lines"),
        (false, Some(_)) => format!("{one}, or a list of {one}s"),
        (false, None) => one.to_owned(),
    }
}

/// Doubt must not be overlooked.
fn marked(note: &str) -> String {
    match note.strip_prefix("Not confirmed:") {
        Some(doubt) => format!("**Not confirmed:**{doubt}"),
        None => note.to_owned(),
    }
}

/// The link that a heading gets on GitHub.
fn anchor(heading: &str) -> String {
    let letters = heading.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter));
    format!("#{}", letters.collect::<String>().to_lowercase())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::component::types;

    #[test]
    fn the_page_in_docs_is_fresh() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == page(types()),
            "docs/reference.md is stale; write it again: cargo run -- explain --all > docs/reference.md"
        );
    }

    #[test]
    fn every_field_has_a_row_and_every_link_a_heading() {
        let page = page(types());
        let anchors: BTreeSet<String> = page
            .lines()
            .filter_map(|line| {
                line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))
            })
            .map(anchor)
            .collect();
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(anchors.contains(link), "{link}");
        }
        let mut fields = 0;
        for kind in types() {
            assert!(page.contains(&format!("\n## {}\n", kind.key)), "{}", kind.key);
            kind.fields.each_field(&mut |_, _| fields += 1);
        }
        let rows = page.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, fields);
    }

    #[test]
    fn a_row_tells_all_that_is_special() {
        let kind = Type::parse(
            "name = \"Thing\"\ndirectory = \"things\"\nsuffix = \"thing\"\nsince = 40\ndoc = \"A thing.\"\n[member]\nmax-length = 80\n\
             [left-out]\nold = \"nobody uses it\"\n\
             [fields.a]\ntype = \"boolean\"\nsince = 59\nrequired-until = 60\ndefault = \"true\"\nirreversible = \"true\"\n\
             doc = \"This | that.\"\nunsure = \"one source\"\n\
             [fields.b]\ntype = \"Colour\"\nseparator = \",\"\ndoc = \"Colours.\"\n\
             [enums]\nColour = [\"Red\", { name = \"Blue\", since = 50, unsure = \"one source\" }]\n",
        )
        .unwrap();
        let page = page(&[kind]);
        for line in [
            "| `a` | flag | up to 60.0 | From 59.0 on | `true` | This \\| that. Once it is `true`, it can never be changed back. \
             **Not confirmed:** one source. |",
            "| `b` | value, or a list of values |  |  |  | Colours. |",
            "Values of `b`: `Red`, `Blue` (from API version 50.0 on; **not confirmed:** one source).",
            "- `old`: nobody uses it.",
        ] {
            assert!(page.lines().any(|written| written == line), "{line}\n{page}");
        }
    }
}
