//! The values of one component -> what its tables in a manifest say.

use std::collections::BTreeMap;

use crate::collect::Found;
use crate::component::{ComponentId, Field, FieldPath, Fields, Group, Kind, Scalar, Step, Tree};
use crate::retrieved::{Comment, Place, Sited};
use crate::secret::{is_placeholder, looks_like_one};
use crate::setting::looks_secret;

use super::bindings::{Bindings, escaped};
use super::{Note, NoteKind};

/// A word of a comment that is shorter is no secret.
const SHORTEST_WORD: usize = 8;

/// A value as a manifest writes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// In the manifest's spelling, with its references.
    Text(String),
    Flag(bool),
    Number(i64),
    /// `{ nil = true }`
    Nil,
    /// `{ env = "NAME" }`
    Source(String),
    List(Vec<Node>),
    Table(Table),
}

/// The entries of a table; where it is an item of a list, with the comments that stand before it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Table {
    pub comments: Vec<String>,
    pub entries: Vec<Entry>,
}

/// A key and its value, with the comments that stand before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    pub comments: Vec<String>,
    pub node: Node,
}

/// What becomes of an element.
enum Outcome {
    Written(Node),
    /// No key can say it.
    Extra,
    /// It is in the notes.
    Left,
}

pub(super) struct Drafter<'a> {
    id: &'a ComponentId,
    found: &'a Found,
    /// The API version whose defaults are left out.
    concise_at: Option<u16>,
    bindings: &'a mut Bindings,
    notes: &'a mut Vec<Note>,
    /// Comments that have not found their place yet, by the element that they stand before: their numbers.
    waiting: BTreeMap<&'a FieldPath, Vec<usize>>,
}

impl<'a> Drafter<'a> {
    pub fn new(
        id: &'a ComponentId,
        found: &'a Found,
        concise_at: Option<u16>,
        bindings: &'a mut Bindings,
        notes: &'a mut Vec<Note>,
    ) -> Self {
        let mut waiting: BTreeMap<&FieldPath, Vec<usize>> = BTreeMap::new();
        for (number, comment) in found.document.comments.iter().enumerate() {
            if let Place::Element(path) = &comment.before {
                waiting.entry(path).or_default().push(number);
            }
        }
        Drafter { id, found, concise_at, bindings, notes, waiting }
    }

    /// The comments before and after the component as a whole.
    pub fn head(&mut self) -> Vec<String> {
        let numbers = self.at(&Place::Component);
        self.shown(numbers).into_iter().map(|comment| comment.text.clone()).collect()
    }

    pub fn component(&mut self) -> Vec<Entry> {
        let kind = self.id.kind;
        let mut path = FieldPath::root();
        let mut entries = self.group(Some(&kind.fields), &mut path, &self.found.document.fields);
        let lead = |entry: &Entry| {
            kind.lead
                .iter()
                .position(|name| kind.fields.field(name).is_some_and(|field| field.key == entry.key))
                .unwrap_or(kind.lead.len())
        };
        entries.sort_by_key(lead);
        entries
    }

    /// The comments that no element follows which is in the manifest. Call it last.
    pub fn others(&mut self) -> Vec<String> {
        let mut left: Vec<usize> = std::mem::take(&mut self.waiting).into_values().flatten().collect();
        left.extend(self.at(&Place::End));
        left.sort_unstable();
        self.shown(left).into_iter().map(|comment| comment.text.clone()).collect()
    }

    fn group(
        &mut self,
        group: Option<&'static Group>,
        path: &mut FieldPath,
        fields: &Fields<Sited>,
    ) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(fields.len());
        let mut extra = Vec::new();
        for (name, tree) in fields {
            path.0.push(Step::Element(name.clone()));
            let field = group.and_then(|group| group.field(name));
            let outcome = match field {
                Some(field) => self.field(field, path, tree),
                None => Outcome::Extra,
            };
            match (outcome, field) {
                (Outcome::Written(node), Some(field)) => {
                    let comments = self.comments(path);
                    entries.push(Entry { key: field.key.clone(), comments, node });
                }
                (Outcome::Extra, field) => {
                    if let Some(node) = self.extra(field, name, path, tree) {
                        let comments = self.comments(path);
                        extra.push(Entry { key: name.to_string(), comments, node });
                    }
                }
                _ => {}
            }
            path.0.pop();
        }
        if let Some(group) = group {
            self.implied(group, path, fields, &mut entries);
        }
        entries.sort_by(|one, other| one.key.cmp(&other.key));
        if !extra.is_empty() {
            let node = Node::Table(Table { entries: extra, comments: Vec::new() });
            entries.push(Entry { key: "extra".to_owned(), comments: Vec::new(), node });
        }
        entries
    }

    /// Secrets that there must be, because of what other fields say, though no org gives them back.
    fn implied(
        &mut self,
        group: &'static Group,
        path: &mut FieldPath,
        fields: &Fields<Sited>,
        entries: &mut Vec<Entry>,
    ) {
        let has = |name: &str, value: &str| {
            let leaf = fields.get(name).and_then(Tree::as_leaf);
            leaf.is_some_and(|leaf| leaf.scalar.to_string() == value)
        };
        for field in group.fields.iter().filter(|field| !field.implied_by.is_empty()) {
            if entries.iter().any(|entry| entry.key == field.key)
                || !field.implied_by.iter().all(|(name, value)| has(name, value))
            {
                continue;
            }
            path.0.push(Step::Element(field.name.as_str().into()));
            let name = self.bindings.source(self.id, field, path, "");
            self.note(NoteKind::Secret, path, None, &format!("no org gives it back; to be read from {name}"));
            path.0.pop();
            let node = Node::Source(name);
            entries.push(Entry { key: field.key.clone(), comments: Vec::new(), node });
        }
    }

    fn field(&mut self, field: &'static Field, path: &mut FieldPath, tree: &Tree<Sited>) -> Outcome {
        if field.read_only {
            self.note(NoteKind::NotKept, path, line(tree), "only the org writes it");
            return Outcome::Left;
        }
        if self.concise_at.is_some_and(|version| field.exists_at(version))
            && !field.required
            && is_default(field, tree)
        {
            return Outcome::Left;
        }
        match tree {
            Tree::Leaf(Sited { scalar: Scalar::Nil, .. }) => Outcome::Written(Node::Nil),
            Tree::List(items) if field.repeated => self.list(field, path, items),
            Tree::List(_) => Outcome::Extra,
            single => self.one(field, path, single),
        }
    }

    fn list(&mut self, field: &'static Field, path: &mut FieldPath, items: &[Tree<Sited>]) -> Outcome {
        // What cannot be written is found out first: nothing may be noted of a list that goes to `extra`.
        if !items.iter().all(|item| can_be_written(field, item)) {
            return Outcome::Extra;
        }
        let mut nodes = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            path.0.push(Step::Index(index));
            if let Outcome::Written(mut node) = self.one(field, path, item) {
                if let Node::Table(table) = &mut node {
                    table.comments = self.comments(path);
                }
                nodes.push(node);
            }
            path.0.pop();
        }
        Outcome::Written(Node::List(nodes))
    }

    fn one(&mut self, field: &'static Field, path: &mut FieldPath, tree: &Tree<Sited>) -> Outcome {
        if !can_be_written(field, tree) {
            return Outcome::Extra;
        }
        match (&field.kind, tree) {
            (Kind::Group(inner), Tree::Group(fields)) => {
                let mut entries = self.group(Some(inner), path, fields);
                // What tells an item from the others comes first.
                entries.sort_by_key(|entry| {
                    let is_it = |name: &String| inner.field(name).is_some_and(|child| child.key == entry.key);
                    field.identity.iter().position(is_it).unwrap_or(field.identity.len())
                });
                Outcome::Written(Node::Table(Table { entries, comments: Vec::new() }))
            }
            (_, Tree::Leaf(Sited { scalar: Scalar::Flag(flag), .. })) => Outcome::Written(Node::Flag(*flag)),
            (_, Tree::Leaf(Sited { scalar: Scalar::Number(number), .. })) => {
                Outcome::Written(Node::Number(*number))
            }
            (Kind::Enumeration(_), Tree::Leaf(Sited { scalar: Scalar::Text(text), .. })) => {
                Outcome::Written(plain_list(field, text).unwrap_or_else(|| Node::Text(escaped(text))))
            }
            (_, Tree::Leaf(Sited { scalar: Scalar::Text(text), line })) => {
                self.text(field, path, text, *line)
            }
            _ => Outcome::Extra,
        }
    }

    fn text(&mut self, field: &'static Field, path: &FieldPath, text: &str, line: u32) -> Outcome {
        if field.secret && text.trim().is_empty() {
            self.note(NoteKind::NotKept, path, Some(line), "an empty secret says nothing");
            return Outcome::Left;
        }
        let stands_for_one = field.sourced
            && (is_placeholder(text) || looks_like_one(field, text))
            && !self.bindings.belongs_to_another(self.id, text);
        if field.secret
            && let Some((reference, owner)) = self.bindings.shared_secret(self.id, text)
        {
            let (written, said) = (format!("${{{reference}}}"), format!("is the one of `{owner}`"));
            self.note(NoteKind::Reference, path, Some(line), &said);
            return Outcome::Written(Node::Text(written));
        }
        if field.secret || stands_for_one {
            let name = self.bindings.source(self.id, field, path, text);
            let said = if is_placeholder(text) {
                format!("stood as a placeholder; to be read from {name}")
            } else {
                format!("is in the file as text, and was not copied; to be read from {name}")
            };
            self.note(NoteKind::Secret, path, Some(line), &said);
            return Outcome::Written(Node::Source(name));
        }
        if self.bindings.is_secret(text) {
            self.note(NoteKind::NotKept, path, Some(line), "holds the secret of a component");
            return Outcome::Left;
        }
        let separator = field.separator.as_deref();
        if separator == Some("\n") {
            let lines: Vec<&str> = text.split('\n').collect();
            let mut nodes = Vec::with_capacity(lines.len());
            for bound in self.bindings.lines(self.id, field, &lines) {
                self.said(path, line, bound.said);
                nodes.push(Node::Text(bound.text));
            }
            return Outcome::Written(if nodes.len() == 1 { nodes.remove(0) } else { Node::List(nodes) });
        }
        if separator.is_some()
            && !field.org_bound
            && let Some(list) = plain_list(field, text)
        {
            return Outcome::Written(list);
        }
        let bound = self.bindings.text(self.id, field, text);
        self.said(path, line, bound.said);
        Outcome::Written(Node::Text(bound.text))
    }

    /// An element that no key can say, by its API name.
    fn extra(
        &mut self,
        field: Option<&Field>,
        name: &str,
        path: &FieldPath,
        tree: &Tree<Sited>,
    ) -> Option<Node> {
        if !is_element_name(name) {
            self.note(NoteKind::NotKept, path, line(tree), "a manifest cannot spell the name of the element");
            return None;
        }
        let said = match field {
            Some(_) => "has a value that orgwire does not know; kept under `extra`",
            None if name == "fullName" => "repeats what the file is called; kept under `extra`",
            None => "is not an element that orgwire knows; kept under `extra`",
        };
        if field.is_some_and(|field| field.secret) {
            self.note(NoteKind::NotKept, path, line(tree), "is not one secret, but several or parts of one");
            return None;
        }
        // Of a known element the description tells.
        let suspect = field.map_or_else(|| looks_secret(name), |field| field.sourced);
        let node = self.extra_node(suspect, path, tree)?;
        if let (Some(_), Tree::List(all), Node::List(kept)) = (field, tree, &node)
            && kept.len() < all.len()
        {
            // What is left of it may be what its key can say, and then `extra` cannot hold it.
            self.note(NoteKind::NotKept, path, line(tree), "has items of which nothing can be kept");
            return None;
        }
        self.note(NoteKind::Extra, path, line(tree), said);
        Some(node)
    }

    /// `suspect` tells whether the element, or one that it stands in, has the name of a secret.
    fn extra_node(&mut self, suspect: bool, path: &FieldPath, tree: &Tree<Sited>) -> Option<Node> {
        Some(match tree {
            Tree::Leaf(Sited { scalar, line }) => match scalar {
                Scalar::Text(text) if suspect && may_be_a_secret(text) || self.bindings.is_secret(text) => {
                    self.note(
                        NoteKind::NotKept,
                        path,
                        Some(*line),
                        "may be a secret, which `extra` cannot hold",
                    );
                    return None;
                }
                // `extra` passes texts through as they are.
                Scalar::Text(text) => Node::Text(text.clone()),
                Scalar::Flag(flag) => Node::Flag(*flag),
                Scalar::Number(number) => Node::Number(*number),
                Scalar::Nil => Node::Nil,
            },
            Tree::List(items) => {
                let nodes: Vec<Node> =
                    items.iter().filter_map(|item| self.extra_node(suspect, path, item)).collect();
                if nodes.is_empty() {
                    return None;
                }
                Node::List(nodes)
            }
            Tree::Group(fields) => {
                let mut entries = Vec::new();
                for (name, tree) in fields {
                    let path = path.element(name.clone());
                    if !is_element_name(name) {
                        let said = "a manifest cannot spell the name of the element";
                        self.note(NoteKind::NotKept, &path, line(tree), said);
                        continue;
                    }
                    if let Some(node) = self.extra_node(suspect || looks_secret(name), &path, tree) {
                        entries.push(Entry { key: name.to_string(), comments: Vec::new(), node });
                    }
                }
                // Nothing is left to say of an element whose elements are all in the notes.
                if entries.is_empty() && !fields.is_empty() {
                    return None;
                }
                Node::Table(Table { entries, comments: Vec::new() })
            }
        })
    }

    /// The comments that stand before an element, and before its first occurrence if it is a list.
    fn comments(&mut self, path: &FieldPath) -> Vec<String> {
        let is_item =
            |before: &FieldPath| before.0[path.0.len()..].iter().all(|step| matches!(step, Step::Index(_)));
        // What is inside of something stands right behind it.
        let from_here = self.waiting.range::<FieldPath, _>(path..).map(|(before, _)| *before);
        let inside = from_here.take_while(|before| before.0.starts_with(&path.0));
        let found: Vec<&FieldPath> = inside.filter(|before| is_item(before)).collect();
        let numbers = found.into_iter().filter_map(|before| self.waiting.remove(before)).flatten().collect();
        self.shown(numbers).into_iter().map(|comment| comment.text.clone()).collect()
    }

    /// The numbers of the comments at a place that is no element.
    fn at(&self, place: &Place) -> Vec<usize> {
        let comments = self.found.document.comments.iter().enumerate();
        comments.filter(|(_, comment)| comment.before == *place).map(|(number, _)| number).collect()
    }

    /// Comments by their numbers. What may be a secret is left out with a note.
    fn shown(&mut self, numbers: Vec<usize>) -> Vec<&'a Comment> {
        let mut comments: Vec<&Comment> =
            numbers.into_iter().map(|number| &self.found.document.comments[number]).collect();
        comments.retain(|comment| {
            let hides = comment_shows_secret(&comment.text);
            if hides {
                self.note_comment(comment.line, "a comment that may hold a secret".to_owned());
            }
            !hides
        });
        comments
    }

    fn note_comment(&mut self, line: u32, text: String) {
        self.notes.push(Note {
            kind: NoteKind::NotKept,
            component: self.id.clone(),
            field: None,
            place: (self.found.path.clone(), Some(line)),
            text,
        });
    }

    fn said(&mut self, path: &FieldPath, line: u32, said: Vec<(NoteKind, String)>) {
        for (kind, text) in said {
            self.note(kind, path, Some(line), &text);
        }
    }

    fn note(&mut self, kind: NoteKind, path: &FieldPath, line: Option<u32>, text: &str) {
        self.notes.push(Note {
            kind,
            component: self.id.clone(),
            field: Some(path.clone()),
            place: (self.found.path.clone(), line),
            text: text.to_owned(),
        });
    }
}

/// Whether the value is one that the key of its field can say.
fn can_be_written(field: &Field, tree: &Tree<Sited>) -> bool {
    match (&field.kind, tree) {
        (Kind::Group(_), tree) => matches!(tree, Tree::Group(_)),
        (_, Tree::Group(_) | Tree::List(_)) => false,
        (Kind::Flag, Tree::Leaf(sited)) => matches!(sited.scalar, Scalar::Flag(_)),
        (Kind::Number, Tree::Leaf(sited)) => matches!(sited.scalar, Scalar::Number(_)),
        (Kind::Enumeration(values), Tree::Leaf(Sited { scalar: Scalar::Text(text), .. })) => {
            text.is_empty() && field.repeated
                || field.split(text).iter().all(|one| values.values.iter().any(|value| value.matches(one)))
                    && !field.split(text).is_empty()
        }
        (Kind::Text | Kind::Binary, Tree::Leaf(sited)) => matches!(sited.scalar, Scalar::Text(_)),
        _ => false,
    }
}

/// The values of a text that is a list of them, where putting them together again gives the same text.
fn plain_list(field: &Field, text: &str) -> Option<Node> {
    let separator = field.separator.as_deref()?;
    let values = field.split(text);
    (values.join(separator) == text && !values.is_empty())
        .then(|| Node::List(values.into_iter().map(|value| Node::Text(escaped(value))).collect()))
}

fn is_default(field: &Field, tree: &Tree<Sited>) -> bool {
    match (tree, &field.default) {
        (Tree::Leaf(sited), Some(default)) => sited.scalar.to_string() == *default,
        (Tree::Leaf(sited), None) => {
            matches!(&sited.scalar, Scalar::Text(text) if text.is_empty()) && !field.clears
        }
        _ => false,
    }
}

/// Whether the text of an element with the name of a secret may be one.
fn may_be_a_secret(text: &str) -> bool {
    let text = text.trim();
    let says_something_else = text.is_empty()
        || matches!(text, "true" | "false")
        || text.starts_with("https://")
        || text.parse::<i64>().is_ok()
        || is_placeholder(text);
    !says_something_else
}

/// Whether a comment holds an element with the name of a secret and something in it, or `password: ...`.
fn comment_shows_secret(text: &str) -> bool {
    let in_element = text.split('<').any(|piece| {
        let Some((name, value)) = piece.split_once('>') else { return false };
        looks_secret(name) && may_be_a_secret(value)
    });
    let in_words = text.lines().any(|line| {
        let Some((name, value)) = line.split_once([':', '=']) else { return false };
        let word = value.trim().trim_matches(['"', '\'']);
        looks_secret(name)
            && !word.contains(char::is_whitespace)
            && word.len() >= SHORTEST_WORD
            && may_be_a_secret(word)
    });
    in_element || in_words
}

/// The line of the first value in a tree.
fn line(tree: &Tree<Sited>) -> Option<u32> {
    match tree {
        Tree::Leaf(sited) => Some(sited.line),
        Tree::List(items) => items.iter().find_map(line),
        Tree::Group(fields) => fields.values().find_map(line),
    }
}

fn is_element_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
