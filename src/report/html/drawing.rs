//! A picture of the wiring -> what the template needs to draw it as SVG.

use std::collections::BTreeMap;

use serde::Serialize;

use super::layout::{Line, layout};
use super::text;
use crate::report::picture::{Mark, Picture};

/// More than that nobody can read; the sections tell it in words.
const MOST_BOXES: usize = 150;
const MOST_LETTERS: usize = 28;
/// Wide enough for any letter of the fonts that browsers have.
const NAME_LETTER: i32 = 10;
const TYPE_LETTER: i32 = 8;
const LABEL_LETTER: i32 = 7;

#[derive(Debug, Serialize)]
pub struct Drawing {
    width: i32,
    height: i32,
    boxes: Vec<DrawnBox>,
    lines: Vec<DrawnLine>,
    /// Marks that occur, for the legend.
    marks: Vec<&'static str>,
    has_deferred: bool,
    has_undeclared: bool,
}

#[derive(Debug, Serialize)]
struct DrawnBox {
    anchor: String,
    kind: String,
    name: String,
    whole: String,
    mark: &'static str,
    declared: bool,
    x: i32,
    y: i32,
    width: i32,
    height: i32,
    middle: i32,
    kind_y: i32,
    name_y: i32,
}

#[derive(Debug, Serialize)]
struct DrawnLine {
    path: String,
    label: String,
    whole: String,
    mark: &'static str,
    deferred: bool,
    x: i32,
    y: i32,
    is_end: bool,
}

/// What is between two boxes and looks the same is one line with several words.
struct Bundle {
    words: Vec<String>,
    whole: Vec<String>,
}

/// The anchor of the section of a box.
pub fn anchor(at: usize) -> String {
    format!("component-{}", at + 1)
}

pub fn drawing(picture: &Picture) -> Option<Drawing> {
    if picture.boxes.is_empty() || picture.boxes.len() > MOST_BOXES {
        return None;
    }
    let mut bundles: BTreeMap<(usize, usize, bool, Mark), Bundle> = BTreeMap::new();
    for arrow in &picture.arrows {
        let bundle = bundles
            .entry((arrow.from, arrow.to, arrow.deferred, arrow.mark))
            .or_insert_with(|| Bundle { words: Vec::new(), whole: Vec::new() });
        bundle.words.push(short(&text(arrow.word())));
        let (from, to) = (&picture.boxes[arrow.from].id, &picture.boxes[arrow.to].id);
        let fields = arrow.fields.join(", ");
        bundle.whole.push(text(&format!("{} of {from} into {fields} of {to}", arrow.carries)));
    }
    let labels: Vec<String> = bundles.values().map(|bundle| bundle.words.join(", ")).collect();
    let lines: Vec<Line> = bundles
        .keys()
        .zip(&labels)
        .map(|((from, to, deferred, _), label)| Line {
            from: *from,
            to: *to,
            label_width: LABEL_LETTER * letters(label),
            waits: *deferred,
        })
        .collect();
    let names: Vec<(String, String)> = picture
        .boxes
        .iter()
        .map(|one| (short(&text(&one.id.kind.key)), short(&text(&one.id.name))))
        .collect();
    let widths: Vec<i32> = names
        .iter()
        .map(|(kind, name)| (TYPE_LETTER * letters(kind)).max(NAME_LETTER * letters(name)).max(110) + 24)
        .collect();
    let found = layout(&widths, &lines);
    let boxes = picture.boxes.iter().zip(names).zip(&found.boxes).enumerate();
    let boxes = boxes.map(|(at, ((one, (kind, name)), place))| DrawnBox {
        anchor: anchor(at),
        kind,
        name,
        whole: text(&one.id.to_string()),
        mark: one.mark.as_str(),
        declared: one.declared,
        x: place.x,
        y: place.y,
        width: place.width,
        height: place.height,
        middle: place.x + place.width / 2,
        kind_y: place.y + place.height / 2 - 6,
        name_y: place.y + place.height / 2 + 13,
    });
    let boxes: Vec<DrawnBox> = boxes.collect();
    let drawn = bundles.iter().zip(labels).zip(&found.lines).filter_map(|(((key, bundle), label), drawn)| {
        let drawn = drawn.as_ref()?;
        Some(DrawnLine {
            path: drawn.path.clone(),
            label,
            whole: bundle.whole.join("; "),
            mark: key.3.as_str(),
            deferred: key.2,
            x: drawn.x,
            y: drawn.y,
            is_end: drawn.is_end,
        })
    });
    let lines: Vec<DrawnLine> = drawn.collect();
    let occurs = |mark: &Mark| {
        *mark != Mark::Same
            && (boxes.iter().any(|one| one.mark == mark.as_str())
                || lines.iter().any(|one| one.mark == mark.as_str()))
    };
    Some(Drawing {
        width: found.width,
        height: found.height,
        marks: Mark::ALL.iter().filter(|mark| occurs(mark)).map(|mark| mark.as_str()).collect(),
        has_deferred: lines.iter().any(|line| line.deferred),
        has_undeclared: boxes.iter().any(|one| !one.declared),
        boxes,
        lines,
    })
}

fn letters(text: &str) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 100)
}

/// The ends of a long name tell more than its middle.
fn short(text: &str) -> String {
    let letters: Vec<char> = text.replace('\n', " ").chars().collect();
    if letters.len() <= MOST_LETTERS {
        return letters.into_iter().collect();
    }
    let (begin, end) = (&letters[..MOST_LETTERS / 2], &letters[letters.len() - MOST_LETTERS / 2 + 1..]);
    begin.iter().chain(&['…']).chain(end).collect()
}
