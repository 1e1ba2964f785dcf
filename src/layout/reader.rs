//! A document to the sections that are written: what stands below which header, in which order, with which
//! comments.

use toml_edit::{Document, InlineTable, Item, Table, Value};

use super::comments::{Around, Comments, ROOT, raw, trailing, within};
use super::order::Shape;
use super::value::{Node, inline, write_key};

/// Everything that is written, in its order.
#[derive(Debug)]
pub struct Layout {
    /// The comment that begins the file.
    pub head: Vec<String>,
    pub sections: Vec<Section>,
    /// Comments that end it.
    pub end: Vec<String>,
}

/// A header and the lines below it. The first of a file has none.
#[derive(Debug)]
pub struct Section {
    pub header: Option<String>,
    pub around: Around,
    /// Behind the header.
    pub comment: Option<String>,
    pub lines: Vec<Line>,
    /// Comments that end it.
    pub tail: Vec<String>,
    /// Whether somebody wrote the header; then it stays even if only tables stand below it.
    is_written: bool,
    /// Whether the header may be left out where nothing stands directly below it.
    pub is_implied: bool,
}

/// `key = value`
#[derive(Debug)]
pub struct Line {
    pub around: Around,
    pub key: String,
    pub node: Node,
    /// Behind the value.
    pub comment: Option<String>,
}

pub fn read(document: &Document<&str>, text: &str) -> Layout {
    let comments = Comments::read(document, text);
    let mut reader = Reader { text, comments: &comments, sections: Vec::new() };
    let root = Section::new(None, Around::default(), None, comments.tail(ROOT));
    reader.table(document.as_table(), Shape::File, "", root);
    Layout { head: comments.head.clone(), sections: reader.sections, end: comments.end.clone() }
}

impl Section {
    fn new(header: Option<String>, around: Around, comment: Option<String>, tail: Vec<String>) -> Section {
        Section { header, around, comment, lines: Vec::new(), tail, is_written: false, is_implied: false }
    }
}

/// What becomes a section of its own below the one that is read.
enum Below<'a> {
    Table(&'a Table),
    Tables(Vec<&'a Table>),
    Inline { table: &'a InlineTable, around: Around, comment: Option<String> },
}

struct Entry<'a> {
    /// Where it first stands.
    start: usize,
    name: String,
    what: What<'a>,
}

enum What<'a> {
    Line(Line),
    Below(Below<'a>),
}

struct Reader<'a> {
    text: &'a str,
    comments: &'a Comments,
    sections: Vec<Section>,
}

impl<'a> Reader<'a> {
    /// Adds a section for a table, and those below it.
    fn table(&mut self, table: &'a Table, shape: Shape, path: &str, section: Section) {
        let mut entries = Vec::new();
        for (key, item) in table.iter() {
            let inside = shape.inside(key);
            let start = table.key(key).and_then(|key| key.span()).map_or(ROOT, |span| span.start);
            let start = start.min(first(item));
            let what = match item {
                Item::Value(value) => self.value(key, start, value, inside),
                Item::Table(inner) => self.inner_table(key, inner, inside),
                Item::ArrayOfTables(items) => What::Below(Below::Tables(items.iter().collect())),
                Item::None => continue,
            };
            entries.push(Entry { start, name: key.to_owned(), what });
        }
        self.add(entries, shape, path, section);
    }

    /// A value behind its key, or a section if it is a table that needs a header.
    fn value(&self, key: &str, start: usize, value: &'a Value, shape: Shape) -> What<'a> {
        let around = self.comments.around_key(start);
        let comment = trailing(value.decor(), self.text);
        match value {
            Value::InlineTable(table) if shape.needs_header(value) => {
                What::Below(Below::Inline { table, around, comment })
            }
            _ => {
                What::Line(Line { around, key: write_key(key), node: Node::read(value, self.text), comment })
            }
        }
    }

    /// A table that is a value becomes one line, if no comment is lost by that.
    fn inner_table(&self, key: &str, table: &'a Table, shape: Shape) -> What<'a> {
        let fits_a_line = match shape {
            Shape::Value => true,
            Shape::Unknown => table.is_dotted(),
            _ => false,
        };
        if !fits_a_line || !self.is_plain(table) {
            return What::Below(Below::Table(table));
        }
        let (around, comment) = match table.span() {
            Some(span) if !table.is_dotted() => {
                (self.comments.around_header(span.start), trailing(table.decor(), self.text))
            }
            _ => (Around::default(), None),
        };
        What::Line(Line { around, key: write_key(key), node: inline(table, self.text), comment })
    }

    /// Whether a table has neither headers nor comments inside.
    fn is_plain(&self, table: &Table) -> bool {
        let has_tail =
            !table.is_dotted() && table.span().is_some_and(|span| !self.comments.tail(span.start).is_empty());
        !has_tail
            && table.iter().all(|(key, item)| match item {
                Item::Value(value) => {
                    let start = table.key(key).and_then(|key| key.span()).map_or(ROOT, |span| span.start);
                    let around = self.comments.around_key(start);
                    around.before.is_empty()
                        && around.after.is_empty()
                        && trailing(value.decor(), self.text).is_none()
                        && !Node::read(value, self.text).has_comments()
                }
                Item::Table(inner) => inner.is_dotted() && self.is_plain(inner),
                Item::ArrayOfTables(_) | Item::None => false,
            })
    }

    /// The same as [`Reader::table`] for a table that was written inline.
    fn inline(&mut self, table: &'a InlineTable, shape: Shape, path: &str, mut section: Section) {
        let mut entries: Vec<Entry<'a>> = Vec::new();
        let mut before = Vec::new();
        for (key, value) in table {
            let Some(name) = table.key(key) else { continue };
            remark(raw(name.leaf_decor().prefix(), self.text), &mut entries, &mut before);
            for between in [name.leaf_decor().suffix(), value.decor().prefix()] {
                let (first, others) = within(raw(between, self.text));
                before.extend(first.into_iter().chain(others));
            }
            let inside = shape.inside(key);
            let around = Around { before: std::mem::take(&mut before), ..Around::default() };
            let (comment, others) = within(raw(value.decor().suffix(), self.text));
            before.extend(others);
            let what = match value {
                Value::InlineTable(inner) if inside.needs_header(value) => {
                    What::Below(Below::Inline { table: inner, around, comment })
                }
                _ => What::Line(Line {
                    around,
                    key: write_key(key),
                    node: Node::read(value, self.text),
                    comment,
                }),
            };
            let start = name.span().map_or(ROOT, |span| span.start);
            entries.push(Entry { start, name: key.to_owned(), what });
        }
        remark(raw(Some(table.trailing()), self.text), &mut entries, &mut before);
        before.append(&mut section.tail);
        section.tail = before;
        self.add(entries, shape, path, section);
    }

    /// Sorts what stands in a table, adds its section, and then those below it.
    fn add(&mut self, mut entries: Vec<Entry<'a>>, shape: Shape, path: &str, mut section: Section) {
        entries.sort_by_cached_key(|entry| (shape.rank(&entry.name), entry.start));
        let mut below = Vec::new();
        for entry in entries {
            match entry.what {
                What::Line(line) => section.lines.push(line),
                What::Below(what) => below.push((entry.name, what)),
            }
        }
        section.is_implied = !below.is_empty() && !section.is_written;
        self.sections.push(section);
        for (name, what) in below {
            let inside = shape.inside(&name);
            let name = write_key(&name);
            let path = if path.is_empty() { name } else { format!("{path}.{name}") };
            match what {
                Below::Table(table) => {
                    let section = self.section(table, format!("[{path}]"));
                    self.table(table, inside, &path, section);
                }
                Below::Tables(tables) => {
                    for table in tables {
                        let section = self.section(table, format!("[[{path}]]"));
                        self.table(table, inside, &path, section);
                    }
                }
                Below::Inline { table, around, comment } => {
                    let tail = around.after.clone();
                    let around = Around { after: Vec::new(), ..around };
                    let section = Section::new(Some(format!("[{path}]")), around, comment, tail);
                    self.inline(table, inside, &path, section);
                }
            }
        }
    }

    fn section(&self, table: &Table, header: String) -> Section {
        let start = match table.span() {
            Some(span) if !table.is_dotted() && !table.is_implicit() => span.start,
            // Nobody wrote this header.
            _ => return Section::new(Some(header), Around::default(), None, Vec::new()),
        };
        let (around, tail) = (self.comments.around_header(start), self.comments.tail(start));
        let comment = trailing(table.decor(), self.text);
        Section { is_written: true, ..Section::new(Some(header), around, comment, tail) }
    }
}

/// Comments behind a value of an inline table: the first may belong to its line.
fn remark(between: &str, entries: &mut [Entry<'_>], before: &mut Vec<String>) {
    let (same_line, others) = within(between);
    match (entries.last_mut(), same_line) {
        (Some(Entry { what: What::Line(line), .. }), Some(comment)) if line.comment.is_none() => {
            line.comment = Some(comment);
        }
        (_, comment) => before.extend(comment),
    }
    before.extend(others);
}

/// Where an item first stands in the text.
fn first(item: &Item) -> usize {
    match item {
        Item::Table(table) => {
            let inside = table.iter().map(|(_, item)| first(item)).min();
            let own = table.span().map_or(usize::MAX, |span| span.start);
            inside.unwrap_or(usize::MAX).min(own)
        }
        Item::ArrayOfTables(tables) => {
            tables.iter().filter_map(|table| table.span()).map(|span| span.start).min().unwrap_or(usize::MAX)
        }
        Item::Value(_) | Item::None => usize::MAX,
    }
}
