//! Values as they are written: texts and their quotes, arrays on one line or several, inline tables.

use toml_edit::{Array, InlineTable, Item, Value};

use super::comments::{raw, within};

/// Longest line that an array is put on.
const MAX_COLUMNS: usize = 100;
const INDENT: usize = 4;

/// A value, ready to be written.
#[derive(Debug)]
pub enum Node {
    Scalar(String),
    Array(List),
    /// The same, each item with its key.
    Inline(List),
}

/// The items between brackets.
#[derive(Debug, Default)]
pub struct List {
    pub items: Vec<Part>,
    /// Comments behind the last item.
    pub tail: Vec<String>,
}

#[derive(Debug)]
pub struct Part {
    pub before: Vec<String>,
    /// With ` = ` behind it; empty in an array.
    pub key: String,
    pub node: Node,
    /// At the end of its line.
    pub comment: Option<String>,
}

impl List {
    fn has_comments(&self) -> bool {
        !self.tail.is_empty()
            || self
                .items
                .iter()
                .any(|part| !part.before.is_empty() || part.comment.is_some() || part.node.has_comments())
    }

    /// Comments that stood behind the last item that was read, first the one on its line.
    fn remark(&mut self, (same_line, others): (Option<String>, Vec<String>), before: &mut Vec<String>) {
        match (self.items.last_mut(), same_line) {
            (Some(last), Some(comment)) if last.comment.is_none() => last.comment = Some(comment),
            (_, comment) => before.extend(comment),
        }
        before.extend(others);
    }
}

impl Node {
    pub fn read(value: &Value, text: &str) -> Node {
        match value {
            Value::String(string) => {
                let written = raw(string.as_repr().map(|repr| repr.as_raw()), text);
                Node::Scalar(quote_again(string.value(), written))
            }
            Value::Array(array) => Node::Array(read_array(array, text)),
            Value::InlineTable(table) => {
                let mut list = List::default();
                let mut before = Vec::new();
                read_inline(table, "", text, &mut list, &mut before);
                list.remark(within(raw(Some(table.trailing()), text)), &mut before);
                list.tail = before;
                Node::Inline(list)
            }
            Value::Integer(number) => Node::verbatim(number.as_repr(), text),
            Value::Float(number) => Node::verbatim(number.as_repr(), text),
            Value::Boolean(flag) => Node::verbatim(flag.as_repr(), text),
            Value::Datetime(date) => Node::verbatim(date.as_repr(), text),
        }
    }

    fn verbatim(written: Option<&toml_edit::Repr>, text: &str) -> Node {
        Node::Scalar(raw(written.map(|repr| repr.as_raw()), text).to_owned())
    }

    pub fn has_comments(&self) -> bool {
        match self {
            Node::Scalar(_) => false,
            Node::Array(list) | Node::Inline(list) => list.has_comments(),
        }
    }

    /// On one line, whatever its length. None where a comment ends the line earlier.
    fn one_line(&self) -> Option<String> {
        let join = |list: &List| {
            let items: Option<Vec<String>> = list
                .items
                .iter()
                .map(|part| Some(format!("{}{}", part.key, part.node.one_line()?)))
                .collect();
            Some(items?.join(", "))
        };
        match self {
            Node::Scalar(written) => Some(written.clone()),
            Node::Array(list) | Node::Inline(list) if list.has_comments() => None,
            Node::Array(list) => Some(format!("[{}]", join(list)?)),
            Node::Inline(list) if list.items.is_empty() => Some("{}".to_owned()),
            Node::Inline(list) => Some(format!("{{ {} }}", join(list)?)),
        }
    }

    /// Writes the value behind `column` columns of its line, which is indented by `indent`.
    pub fn write(&self, column: usize, indent: usize) -> String {
        let one_line = self.one_line();
        match self {
            Node::Scalar(written) => written.clone(),
            // A line break inside an inline table is TOML 1.1, so it is never put there, only kept.
            Node::Inline(_) if one_line.is_some() => one_line.unwrap_or_default(),
            Node::Inline(list) if !list.tail.is_empty() || list.items.iter().any(Part::is_remarked) => {
                lines('{', list, '}', indent)
            }
            Node::Inline(list) => {
                let items: Vec<String> = list
                    .items
                    .iter()
                    .map(|part| format!("{}{}", part.key, part.node.write(column, indent)))
                    .collect();
                format!("{{ {} }}", items.join(", "))
            }
            Node::Array(list) => match one_line {
                Some(line) if fits(&line, column) || list.items.is_empty() => line,
                _ => lines('[', list, ']', indent),
            },
        }
    }
}

impl Part {
    fn is_remarked(&self) -> bool {
        !self.before.is_empty() || self.comment.is_some()
    }
}

fn fits(line: &str, column: usize) -> bool {
    !line.contains('\n') && column + line.chars().count() <= MAX_COLUMNS
}

/// An item a line, each with a comma.
fn lines(open: char, list: &List, close: char, indent: usize) -> String {
    let inner = indent + INDENT;
    let margin = " ".repeat(inner);
    let mut written = format!("{open}\n");
    for part in &list.items {
        for comment in &part.before {
            written.push_str(&format!("{margin}{comment}\n"));
        }
        // The comma counts.
        let column = inner + part.key.chars().count() + 1;
        written.push_str(&format!("{margin}{}{},", part.key, part.node.write(column, inner)));
        if let Some(comment) = &part.comment {
            written.push_str(&format!(" {comment}"));
        }
        written.push('\n');
    }
    for comment in &list.tail {
        written.push_str(&format!("{margin}{comment}\n"));
    }
    written.push_str(&format!("{}{close}", " ".repeat(indent)));
    written
}

fn read_array(array: &Array, text: &str) -> List {
    let mut list = List::default();
    let mut before = Vec::new();
    for value in array {
        list.remark(within(raw(value.decor().prefix(), text)), &mut before);
        list.items.push(Part {
            before: std::mem::take(&mut before),
            key: String::new(),
            node: Node::read(value, text),
            comment: None,
        });
        list.remark(within(raw(value.decor().suffix(), text)), &mut before);
    }
    list.remark(within(raw(Some(array.trailing()), text)), &mut before);
    list.tail = before;
    list
}

fn read_inline(table: &InlineTable, path: &str, text: &str, list: &mut List, before: &mut Vec<String>) {
    for (key, value) in table {
        let Some(name) = table.key(key) else { continue };
        let path = format!("{path}{}", write_key(key));
        match value {
            Value::InlineTable(inner) if inner.is_dotted() => {
                read_inline(inner, &format!("{path}."), text, list, before);
            }
            _ => {
                list.remark(within(raw(name.leaf_decor().prefix(), text)), before);
                for between in [name.leaf_decor().suffix(), value.decor().prefix()] {
                    let (first, others) = within(raw(between, text));
                    before.extend(first.into_iter().chain(others));
                }
                list.items.push(Part {
                    before: std::mem::take(before),
                    key: format!("{path} = "),
                    node: Node::read(value, text),
                    comment: None,
                });
                list.remark(within(raw(value.decor().suffix(), text)), before);
            }
        }
    }
}

/// A table of plain lines as an inline one. Its comments must have been looked at.
pub fn inline(table: &toml_edit::Table, text: &str) -> Node {
    fn walk(table: &toml_edit::Table, path: &str, text: &str, list: &mut List) {
        for (key, item) in table.iter() {
            let path = format!("{path}{}", write_key(key));
            match item {
                Item::Value(value) => list.items.push(Part {
                    before: Vec::new(),
                    key: format!("{path} = "),
                    node: Node::read(value, text),
                    comment: None,
                }),
                Item::Table(inner) => walk(inner, &format!("{path}."), text, list),
                Item::ArrayOfTables(_) | Item::None => {}
            }
        }
    }
    let mut list = List::default();
    walk(table, "", text, &mut list);
    Node::Inline(list)
}

/// A key without quotes where TOML allows that.
pub fn write_key(key: &str) -> String {
    if is_bare(key) { key.to_owned() } else { quote(key) }
}

/// Whether TOML takes a key without quotes.
pub fn is_bare(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// A text that was written some way, in the canonical way.
fn quote_again(value: &str, written: &str) -> String {
    let is_block = written.starts_with("\"\"\"") || written.starts_with("'''");
    // Whoever writes a character by its number does not want to see it.
    let has_numbers =
        written.starts_with('"') && ["\\u", "\\U", "\\x"].iter().any(|escape| written.contains(escape));
    if is_block || has_numbers { written.to_owned() } else { quote(value) }
}

/// A text in double quotes, or in single ones where those save escapes.
pub fn quote(text: &str) -> String {
    let escaped = |letter: char| letter == '"' || letter == '\\';
    if text.contains(escaped) && !text.contains('\'') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other if other.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(other))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
