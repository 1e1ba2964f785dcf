//! Results as one HTML file that needs no network: a picture, the changes beside each other, a filter. Everything can be
//! read without scripts, and nothing that a manifest says is anything but text.

mod drawing;
mod layout;
pub mod plan;
pub mod review;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde::Serialize;
use tera::{Context, Tera};

use crate::component::ComponentId;
use crate::report::picture::{Arrow, Mark, Picture};
use crate::report::values::visible;
use drawing::{Drawing, anchor};

const PAGE: &str = include_str!("page.html");
const PICTURE: &str = include_str!("picture.html");
const SECTION: &str = include_str!("section.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A page that could not be made. The templates are ours, so this is a mistake of ours.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the page")]
pub struct Error(#[source] tera::Error);

/// Everything on a page, as text that was made [`visible`].
#[derive(Debug, Serialize)]
struct Page {
    /// `Plan` or `Diff`.
    kind: &'static str,
    title: String,
    summary: String,
    about: Vec<String>,
    problems: Vec<Note>,
    drawing: Option<Drawing>,
    /// What the last column of every table tells, if there is one.
    last_column: Option<&'static str>,
    changed: Vec<Section>,
    /// What stands there if nothing changed.
    without_changes: &'static str,
    unchanged: Vec<Section>,
    new_findings: Vec<Note>,
    known_findings: Vec<Note>,
    passes_title: &'static str,
    passes: Vec<Passes>,
    by_hand: Vec<ByHand>,
    style: &'static str,
    script: &'static str,
    script_hash: String,
}

/// A component.
#[derive(Debug, Serialize)]
struct Section {
    anchor: String,
    address: String,
    mark: &'static str,
    /// What becomes of it.
    verb: String,
    about: Vec<String>,
    rows: Vec<Row>,
    notes: Vec<String>,
    flows: Vec<Flow>,
    xml: Vec<Xml>,
}

#[derive(Debug, Serialize)]
struct Row {
    field: String,
    before: Vec<String>,
    after: Vec<String>,
    last: String,
}

/// What a component gets or gives.
#[derive(Debug, Serialize)]
struct Flow {
    gets: bool,
    carries: String,
    fields: String,
    other: String,
    other_anchor: String,
    deferred: bool,
    mark: &'static str,
}

#[derive(Debug, Serialize)]
struct Xml {
    summary: String,
    lines: Vec<XmlLine>,
}

#[derive(Debug, Serialize)]
struct XmlLine {
    class: &'static str,
    text: String,
}

/// A finding or a problem.
#[derive(Debug, Serialize)]
struct Note {
    severity: &'static str,
    code: &'static str,
    place: String,
    message: String,
    help: String,
    whose: String,
}

/// What a person has to do.
#[derive(Debug, Serialize)]
struct ByHand {
    component: String,
    what: String,
    who: String,
    url: String,
}

/// The passes of some environments, or of a plan.
#[derive(Debug, Serialize)]
struct Passes {
    whose: String,
    before: Vec<String>,
    passes: Vec<Pass>,
}

#[derive(Debug, Serialize)]
struct Pass {
    title: String,
    sends: Vec<String>,
    notes: Vec<String>,
}

impl Page {
    fn render(&self) -> Result<String, Error> {
        let make = || {
            let mut tera = Tera::new();
            tera.set_escape_fn(escape);
            tera.add_raw_templates([
                ("picture.html", PICTURE),
                ("section.html", SECTION),
                ("page.html", PAGE),
            ])?;
            tera.render("page.html", &Context::from_serialize(self)?)
        };
        make().map_err(Error)
    }
}

/// The one door through which text comes onto a page: content of elements and quoted attributes.
fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.write_all(&rest.as_bytes()[..at])?;
        out.write_all(match rest.as_bytes()[at] {
            b'&' => b"&amp;",
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'"' => b"&quot;",
            _ => b"&#39;",
        })?;
        rest = &rest[at + 1..];
    }
    out.write_all(rest.as_bytes())
}

/// Text with its control characters spelled out.
fn text(text: &str) -> String {
    visible(text).into_owned()
}

/// Lets browsers run our script and no other.
fn script_hash() -> String {
    format!("sha256-{}", STANDARD.encode(digest(&SHA256, SCRIPT.as_bytes())))
}

/// A section for each box, without anything in it but what flows.
fn sections(picture: &Picture) -> Vec<Section> {
    let section = |at: usize, id: &ComponentId, mark: Mark| Section {
        anchor: anchor(at),
        address: text(&id.to_string()),
        mark: mark.as_str(),
        verb: String::new(),
        about: Vec::new(),
        rows: Vec::new(),
        notes: Vec::new(),
        flows: flows(at, picture),
        xml: Vec::new(),
    };
    picture.boxes.iter().enumerate().map(|(at, one)| section(at, &one.id, one.mark)).collect()
}

fn flows(at: usize, picture: &Picture) -> Vec<Flow> {
    let flow = |arrow: &Arrow| {
        let gets = arrow.to == at;
        let other = if gets { arrow.from } else { arrow.to };
        Flow {
            gets,
            carries: text(&arrow.carries),
            fields: text(&arrow.fields.join(", ")),
            other: text(&picture.boxes[other].id.to_string()),
            other_anchor: anchor(other),
            deferred: arrow.deferred,
            mark: arrow.mark.as_str(),
        }
    };
    let mut flows: Vec<Flow> =
        picture.arrows.iter().filter(|arrow| arrow.from == at || arrow.to == at).map(flow).collect();
    flows.sort_by_key(|flow| !flow.gets);
    flows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let mut out = Vec::new();
        escape("a<b>&\"'é", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a&lt;b&gt;&amp;&quot;&#39;é");
    }

    /// What is not escaped is ours: there is no other way around.
    #[test]
    fn only_style_and_script_are_not_escaped() {
        for template in [PAGE, PICTURE, SECTION] {
            for piece in template.split("{{").skip(1) {
                let expression = piece.split("}}").next().unwrap().trim();
                let is_ours = ["style | safe", "script | safe"].contains(&expression);
                assert!(is_ours || !expression.contains("safe"), "{expression}");
            }
        }
        assert!(!SCRIPT.contains("innerHTML") && !SCRIPT.contains("</script") && !STYLE.contains("</style"));
        for text in [PAGE, PICTURE, SECTION, STYLE, SCRIPT] {
            let addresses: Vec<&str> = text.split("http").skip(1).collect();
            assert!(addresses.iter().all(|one| one.starts_with("-equiv")), "{addresses:?}");
        }
    }
}
