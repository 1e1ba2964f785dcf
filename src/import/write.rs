//! Drafts -> the text of a manifest, in the layout that `fmt` keeps.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::component::ComponentId;
use crate::layout::{quote, write_key};

use super::bindings::Variable;
use super::draft::{Entry, Node, Table};

/// Longer values are broken into a line per item.
const WIDTH: usize = 100;
/// A row of a few values, of which there may be thousands, is read across even if it is longer.
const WIDTH_OF_A_ROW: usize = 160;
const VALUES_OF_A_ROW: usize = 4;

/// One component, ready to be written.
pub(super) struct Component<'a> {
    pub id: &'a ComponentId,
    pub comments: Vec<String>,
    pub entries: Vec<Entry>,
}

pub(super) fn manifest(
    api_version: u16,
    variables: &BTreeMap<String, Variable>,
    components: &[Component<'_>],
) -> String {
    let mut text = format!("api-version = \"{api_version}.0\"\n");
    if !variables.is_empty() {
        text.push_str("\n[variables]\n");
        for (name, variable) in variables {
            let _ =
                writeln!(text, "{} = {} # {}", write_key(name), quoted(&variable.default), variable.about);
        }
    }
    for component in components {
        text.push('\n');
        comments(&mut text, &component.comments);
        let header = format!("{}.{}", component.id.kind.key, write_key(&component.id.name));
        table(&mut text, 0, &header, "[", "]", &component.entries);
    }
    text
}

/// A table with its header: simple values first, then its own tables.
fn table(text: &mut String, depth: usize, header: &str, open: &str, close: &str, entries: &[Entry]) {
    let (nested, simple): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| is_nested(entry));
    let is_implied = depth > 0 && open == "[" && simple.is_empty() && !nested.is_empty();
    if !is_implied {
        let _ = writeln!(text, "{open}{header}{close}");
    }
    for entry in simple {
        comments(text, &entry.comments);
        let _ = writeln!(text, "{}", simple_line(entry));
    }
    for (index, entry) in nested.into_iter().enumerate() {
        if index > 0 || !is_implied {
            text.push('\n');
        }
        let header = format!("{header}.{}", write_key(&entry.key));
        match &entry.node {
            Node::List(items) => {
                comments(text, &entry.comments);
                for (index, item) in items.iter().enumerate() {
                    let Node::Table(item) = item else { continue };
                    if index > 0 {
                        text.push('\n');
                    }
                    comments(text, &item.comments);
                    table(text, depth + 1, &header, "[[", "]]", &item.entries);
                }
            }
            Node::Table(inner) => {
                comments(text, &entry.comments);
                table(text, depth + 1, &header, "[", "]", &inner.entries);
            }
            _ => {}
        }
    }
}

/// Whether a value gets headers of its own.
fn is_nested(entry: &Entry) -> bool {
    match &entry.node {
        Node::Table(table) => {
            entry.key != "extra" || !is_flat(table) || inline(&entry.node).len() + 10 > WIDTH
        }
        Node::List(items) => {
            let tables = items.iter().filter(|item| matches!(item, Node::Table(_))).count();
            let short = |item: &Node| match item {
                Node::Table(table) => {
                    let is_row = table.entries.len() <= VALUES_OF_A_ROW;
                    is_flat(table) && inline(item).len() + 5 <= if is_row { WIDTH_OF_A_ROW } else { WIDTH }
                }
                _ => true,
            };
            tables > 0 && tables == items.len() && !items.iter().all(short)
        }
        _ => false,
    }
}

fn is_flat(table: &Table) -> bool {
    table.comments.is_empty()
        && table.entries.iter().all(|entry| {
            let simple = match &entry.node {
                Node::Table(_) => false,
                Node::List(items) => items.iter().all(|item| !matches!(item, Node::Table(_) | Node::List(_))),
                Node::Text(text) => !text.contains('\n'),
                _ => true,
            };
            simple && entry.comments.is_empty()
        })
}

fn simple_line(entry: &Entry) -> String {
    let name = write_key(&entry.key);
    if let Node::List(items) = &entry.node {
        let tables = items.iter().filter(|item| matches!(item, Node::Table(_))).count();
        if tables < 2 {
            let one_line = format!("{name} = {}", inline(&entry.node));
            if one_line.chars().count() <= WIDTH {
                return one_line;
            }
        }
        let mut text = format!("{name} = [\n");
        for item in items {
            let _ = writeln!(text, "    {},", inline(item));
        }
        text.push(']');
        return text;
    }
    format!("{name} = {}", inline(&entry.node))
}

fn inline(node: &Node) -> String {
    match node {
        Node::Text(text) => quoted(text),
        Node::Flag(flag) => flag.to_string(),
        Node::Number(number) => number.to_string(),
        Node::Nil => "{ nil = true }".to_owned(),
        Node::Source(name) => format!("{{ env = {} }}", quoted(name)),
        Node::List(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Node::Table(table) if table.entries.is_empty() => "{}".to_owned(),
        Node::Table(table) => {
            let fields: Vec<String> = table
                .entries
                .iter()
                .map(|entry| format!("{} = {}", write_key(&entry.key), inline(&entry.node)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

fn comments(text: &mut String, comments: &[String]) {
    for comment in comments {
        let lines: Vec<&str> = comment.lines().map(str::trim_end).collect();
        let first = lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(lines.len());
        let last = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(first, |at| at + 1);
        let lines = &lines[first..last];
        // The indentation that all lines but the first share is that of the XML around them.
        let shared = lines
            .iter()
            .skip(usize::from(first == 0))
            .filter(|line| !line.trim().is_empty())
            .map(|line| line.len() - line.trim_start().len())
            .min()
            .unwrap_or(0);
        for (index, line) in lines.iter().enumerate() {
            let line =
                if index == 0 && first == 0 { line.trim_start() } else { line.get(shared..).unwrap_or("") };
            // A TOML comment holds no control characters but the tab.
            let line: String =
                line.chars().filter(|letter| !letter.is_control() || *letter == '\t').collect();
            let _ = writeln!(text, "#{}{line}", if line.is_empty() { "" } else { " " });
        }
    }
}

/// Texts of several lines stay so; whatever has one line is quoted as in every manifest.
fn quoted(text: &str) -> String {
    if !text.contains('\n') || text.contains('\r') {
        return quote(text);
    }
    let mut block = String::from("\"\"\"\n");
    for letter in text.chars() {
        match letter {
            '\\' => block.push_str("\\\\"),
            '"' => block.push_str("\\\""),
            '\t' => block.push_str("\\t"),
            letter if letter.is_control() && letter != '\n' => {
                let _ = write!(block, "\\u{:04X}", u32::from(letter));
            }
            letter => block.push(letter),
        }
    }
    block.push_str("\"\"\"");
    block
}
