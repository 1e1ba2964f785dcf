//! Finds comments, and decides what each belongs to: what stands below it, or what stands above.

use std::collections::BTreeMap;

use toml_edit::{Decor, Document, Item, RawString, Table};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// Every comment of a text, sorted.
pub fn all(text: &str) -> Vec<&str> {
    let mut comments: Vec<&str> = Source::new(text)
        .lex()
        .filter(|token| token.kind() == TokenKind::Comment)
        .filter_map(|token| text.get(token.span().start()..token.span().end()))
        .map(str::trim_end)
        .collect();
    comments.sort_unstable();
    comments
}

/// The comments around a line or header.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Above it; an empty line separates blocks.
    pub before: Vec<String>,
    /// Whether an empty line stands between those and itself.
    pub apart: bool,
    /// Below it, though other things may come to stand below as well.
    pub after: Vec<String>,
}

/// The comments of a document that stand on lines of their own, except those inside arrays.
#[derive(Debug, Default)]
pub struct Comments {
    pub head: Vec<String>,
    /// Around `key = value`, by where the key starts.
    keys: BTreeMap<usize, Around>,
    /// Around the header of a table, by where it starts.
    headers: BTreeMap<usize, Around>,
    /// At the end of a table, by where its header starts.
    tails: BTreeMap<usize, Vec<String>>,
    /// At the end of the file.
    pub end: Vec<String>,
}

/// Stands for the header of the table that has none.
pub const ROOT: usize = usize::MAX;

impl Comments {
    pub fn read(document: &Document<&str>, text: &str) -> Comments {
        let mut places = Vec::new();
        collect(document.as_table(), ROOT, &mut places);
        places.sort_by_key(|place| place.start);
        let mut comments = Comments::default();
        let mut above: Option<&Place> = None;
        for place in &places {
            let mut found = Blocks::read(raw(place.decor.prefix(), text));
            comments.attribute(&mut found, above, Some(place));
            let around = Around { before: found.flat(), apart: found.ends_apart, after: Vec::new() };
            let map = if place.is_header { &mut comments.headers } else { &mut comments.keys };
            map.insert(place.start, around);
            above = Some(place);
        }
        let mut found = Blocks::read(raw(Some(document.trailing()), text));
        comments.attribute(&mut found, above, None);
        comments.end = found.flat();
        comments
    }

    /// Takes the first block away from what is below if it is the head of the file, or belongs to what is
    /// above.
    fn attribute(&mut self, found: &mut Blocks, above: Option<&Place>, below: Option<&Place>) {
        let detached = found.blocks.len() > 1 || found.ends_apart || below.is_none();
        if found.blocks.is_empty() || !detached {
            return;
        }
        match above {
            None => self.head = found.take_head(below.is_some_and(|below| below.is_header)),
            Some(_) if found.starts_apart => {}
            // The last line of a table may come to stand elsewhere in it; its end does not.
            Some(above) if below.is_none_or(|below| below.is_header) => {
                self.tails.insert(above.table, found.blocks.remove(0));
            }
            Some(above) => {
                let map = if above.is_header { &mut self.headers } else { &mut self.keys };
                map.entry(above.start).or_default().after = found.blocks.remove(0);
            }
        }
    }

    pub fn around_key(&self, start: usize) -> Around {
        self.keys.get(&start).cloned().unwrap_or_default()
    }

    pub fn around_header(&self, start: usize) -> Around {
        self.headers.get(&start).cloned().unwrap_or_default()
    }

    pub fn tail(&self, start: usize) -> Vec<String> {
        self.tails.get(&start).cloned().unwrap_or_default()
    }
}

/// A line or header that comments can be around.
struct Place<'a> {
    start: usize,
    is_header: bool,
    /// Where the header of its table starts; its own for a header.
    table: usize,
    decor: &'a Decor,
}

fn collect<'a>(table: &'a Table, at: usize, places: &mut Vec<Place<'a>>) {
    for (key, item) in table.iter() {
        match item {
            Item::Value(_) => {
                if let Some(key) = table.key(key)
                    && let Some(span) = key.span()
                {
                    places.push(Place {
                        start: span.start,
                        is_header: false,
                        table: at,
                        decor: key.leaf_decor(),
                    });
                }
            }
            Item::Table(inner) if inner.is_dotted() => collect(inner, at, places),
            Item::Table(inner) => collect_header(inner, places),
            Item::ArrayOfTables(items) => items.iter().for_each(|item| collect_header(item, places)),
            Item::None => {}
        }
    }
}

fn collect_header<'a>(table: &'a Table, places: &mut Vec<Place<'a>>) {
    let start = table.span().map_or(ROOT, |span| span.start);
    if !table.is_implicit() {
        places.push(Place { start, is_header: true, table: start, decor: table.decor() });
    }
    collect(table, start, places);
}

/// The comments between two lines.
struct Blocks {
    blocks: Vec<Vec<String>>,
    /// An empty line stands before the first.
    starts_apart: bool,
    /// An empty line stands behind the last.
    ends_apart: bool,
}

impl Blocks {
    /// Reads what stands between the end of a line and the next thing.
    fn read(between: &str) -> Blocks {
        let mut found = Blocks { blocks: Vec::new(), starts_apart: false, ends_apart: false };
        // What follows the last line break is the indentation of the next thing, or a comment that ends the file.
        let lines = match between.rsplit_once('\n') {
            Some((lines, indentation)) if indentation.trim().is_empty() => lines,
            None if between.trim().is_empty() => return found,
            _ => between,
        };
        for line in lines.split('\n') {
            let line = line.trim();
            if line.is_empty() {
                match found.blocks.is_empty() {
                    true => found.starts_apart = true,
                    false => found.ends_apart = true,
                }
            } else {
                if found.blocks.is_empty() || found.ends_apart {
                    found.blocks.push(Vec::new());
                }
                found.ends_apart = false;
                if let Some(block) = found.blocks.last_mut() {
                    block.push(line.to_owned());
                }
            }
        }
        found
    }

    /// What begins a file: above a table one block, since others may be about that table, and a directive for
    /// editors (`#:schema ...`) does not count.
    fn take_head(&mut self, above_header: bool) -> Vec<String> {
        let detached = self.blocks.len() - usize::from(!self.ends_apart);
        let directives =
            self.blocks.iter().take_while(|block| block.iter().all(|line| line.starts_with("#:")));
        let count = if above_header { detached.min(directives.count() + 1) } else { detached };
        let rest = self.blocks.split_off(count.max(1).min(self.blocks.len()));
        let head = self.flat();
        self.blocks = rest;
        head
    }

    fn flat(&self) -> Vec<String> {
        self.blocks.join(&String::new())
    }
}

/// The comments in a piece of text between values, and whether the first stands on the line it begins with.
pub fn within(between: &str) -> (Option<String>, Vec<String>) {
    let mut lines = between.split('\n').map(str::trim);
    let first = lines.next().filter(|line| line.starts_with('#')).map(str::to_owned);
    (first, lines.filter(|line| line.starts_with('#')).map(str::to_owned).collect())
}

/// The comment that ends a line.
pub fn trailing(decor: &Decor, text: &str) -> Option<String> {
    within(raw(decor.suffix(), text)).0
}

/// What toml_edit keeps as a place in the text.
pub fn raw<'a>(piece: Option<&RawString>, text: &'a str) -> &'a str {
    piece.and_then(RawString::span).and_then(|span| text.get(span)).unwrap_or_default()
}
