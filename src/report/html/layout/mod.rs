//! Boxes and arrows -> places on a page, from left to right in layers. Knows sizes and nothing else.
//!
//! Arrows that would close a circle run backwards, those that wait for an org first. An arrow over several layers keeps
//! a lane free in each of them. Every end of an arrow has a port of its own, and its label lies on the stretch behind the
//! port, so labels cannot meet.

mod order;

use std::fmt::Write as _;

use order::Group;

const HEIGHT: i32 = 54;
/// Between the ports on one side of a box.
const PORT: i32 = 24;
const LANE: i32 = 22;
const BETWEEN: i32 = 26;
const CURVE: i32 = 64;
const BESIDE_LABEL: i32 = 18;
const MARGIN: i32 = 14;
const BETWEEN_GROUPS: i32 = 36;
/// Boxes without arrows fill rows at least this wide.
const WIDE: i32 = 860;

/// An arrow to be placed.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    pub from: usize,
    pub to: usize,
    pub label_width: i32,
    /// It may rather run backwards than others.
    pub waits: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Layout {
    pub width: i32,
    pub height: i32,
    pub boxes: Vec<Place>,
    /// Of lines from a box to itself there is nothing to draw.
    pub lines: Vec<Option<Drawn>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Drawn {
    /// As SVG writes paths.
    pub path: String,
    /// Where the label is, with its line below.
    pub x: i32,
    pub y: i32,
    /// Whether the label ends there.
    pub is_end: bool,
}

/// Places boxes of these widths.
pub fn layout(widths: &[i32], lines: &[Line]) -> Layout {
    let mut found = Layout {
        boxes: widths
            .iter()
            .map(|width| Place { width: *width, height: HEIGHT, ..Place::default() })
            .collect(),
        lines: lines.iter().map(|_| None).collect(),
        ..Layout::default()
    };
    let (groups, alone) = order::groups(widths.len(), lines);
    let mut top = MARGIN;
    for group in &groups {
        top = place(group, lines, top, &mut found) + BETWEEN_GROUPS;
    }
    found.width =
        found.width.max(WIDE.min(alone.iter().map(|at| widths[*at] + BETWEEN).sum::<i32>() + MARGIN));
    let mut left = MARGIN;
    for at in &alone {
        if left > MARGIN && left + widths[*at] + MARGIN > found.width.max(WIDE) {
            (left, top) = (MARGIN, top + HEIGHT + BETWEEN);
        }
        (found.boxes[*at].x, found.boxes[*at].y) = (left, top);
        left += widths[*at] + BETWEEN;
        found.width = found.width.max(left - BETWEEN + MARGIN);
    }
    let bottom = found.boxes.iter().map(|place| place.y + place.height).max().unwrap_or(0);
    found.height = bottom + MARGIN;
    found
}

/// The x of a layer and of what lies to the right of it.
#[derive(Debug, Default, Clone, Copy)]
struct Column {
    left: i32,
    right: i32,
    /// Where curves to the next layer begin and end.
    curve: (i32, i32),
}

/// Places boxes that arrows connect, below `top`; returns where they end.
fn place(group: &Group, lines: &[Line], top: i32, found: &mut Layout) -> i32 {
    let columns = columns(group, lines, &found.boxes);
    let mut heights = vec![LANE; group.slots()];
    for (at, height) in heights.iter_mut().enumerate() {
        if let Some(node) = group.node(at) {
            let ports = group.ends(at, true).len().max(group.ends(at, false).len());
            *height = HEIGHT.max(PORT * i32::try_from(ports).unwrap_or(0) + 14);
            found.boxes[node].height = *height;
        }
    }
    let centres = centres(group, &heights);
    let highest = (0..group.slots()).map(|at| centres[at] - heights[at] / 2).min().unwrap_or(0);
    for (layer, slots) in group.layers.iter().enumerate() {
        for at in slots {
            let Some(node) = group.node(*at) else { continue };
            let place = &mut found.boxes[node];
            place.y = centres[*at] - heights[*at] / 2 - highest + top;
            place.x = columns[layer].left + (columns[layer].right - columns[layer].left - place.width) / 2;
        }
    }
    let shifted: Vec<i32> = centres.iter().map(|centre| centre - highest + top).collect();
    for chain in &group.chains {
        found.lines[chain.line] = Some(drawn(group, chain, &shifted, &columns, &found.boxes));
    }
    found.width = found.width.max(columns.last().map_or(0, |column| column.right) + MARGIN);
    (0..group.slots()).map(|at| shifted[at] + heights[at] / 2).max().unwrap_or(top)
}

fn columns(group: &Group, lines: &[Line], boxes: &[Place]) -> Vec<Column> {
    let mut columns = Vec::with_capacity(group.layers.len());
    let mut left = MARGIN;
    for (layer, slots) in group.layers.iter().enumerate() {
        let width =
            slots.iter().filter_map(|at| group.node(*at)).map(|node| boxes[node].width).max().unwrap_or(0);
        let right = left + width;
        // Labels of arrows that set out here to the right, and of those that set out there to the left.
        let labels = |forwards: bool, begins: usize| {
            let of_here = group.chains.iter().filter(|chain| {
                let end = if forwards { chain.first_layer } else { chain.last_layer() };
                chain.is_reversed != forwards && end == begins
            });
            of_here.map(|chain| lines[chain.line].label_width + BESIDE_LABEL).max().unwrap_or(10)
        };
        let begin = right + labels(true, layer);
        let end = begin + CURVE;
        columns.push(Column { left, right, curve: (begin, end) });
        left = end + labels(false, layer + 1);
    }
    columns
}

/// The middle of every slot: near its neighbours, and never over another.
fn centres(group: &Group, heights: &[i32]) -> Vec<i32> {
    let apart = |one: usize, other: usize| {
        let between = if group.node(one).is_some() && group.node(other).is_some() { BETWEEN } else { 12 };
        (heights[one] + heights[other]) / 2 + between
    };
    let mut centres = vec![0; group.slots()];
    for slots in &group.layers {
        for pair in slots.windows(2) {
            centres[pair[1]] = centres[pair[0]] + apart(pair[0], pair[1]);
        }
    }
    for round in 0..12 {
        for step in 0..group.layers.len() {
            let layer = if round % 2 == 0 { step } else { group.layers.len() - 1 - step };
            let slots = &group.layers[layer];
            let wanted: Vec<i32> =
                slots.iter().map(|at| group.mean(*at, &centres).unwrap_or(centres[*at])).collect();
            let (mut down, mut up) = (wanted.clone(), wanted);
            for at in 1..slots.len() {
                down[at] = down[at].max(down[at - 1] + apart(slots[at - 1], slots[at]));
                let last = slots.len() - at;
                up[last - 1] = up[last - 1].min(up[last] - apart(slots[last - 1], slots[last]));
            }
            for (at, slot) in slots.iter().enumerate() {
                centres[*slot] = (down[at] + up[at]).div_euclid(2);
            }
        }
        // Halves that were rounded must not bring two together.
        for slots in &group.layers {
            for pair in slots.windows(2) {
                centres[pair[1]] = centres[pair[1]].max(centres[pair[0]] + apart(pair[0], pair[1]));
            }
        }
    }
    centres
}

/// The path of an arrow from layer to layer.
fn drawn(group: &Group, chain: &order::Chain, centres: &[i32], columns: &[Column], boxes: &[Place]) -> Drawn {
    let (first, last) = (chain.slots[0], chain.slots[chain.slots.len() - 1]);
    let port = |at: usize, on_right: bool| {
        let ends = group.sorted_ends(at, on_right, centres);
        let number = ends.iter().position(|line| *line == chain.line).unwrap_or(0);
        let offset = 2 * i32::try_from(number).unwrap_or(0) + 1 - i32::try_from(ends.len()).unwrap_or(0);
        centres[at] + offset * PORT / 2
    };
    let mut heights: Vec<i32> = chain.slots.iter().map(|at| centres[*at]).collect();
    let length = heights.len();
    heights[0] = port(first, true);
    heights[length - 1] = port(last, false);
    let edge = |at: usize| group.node(at).map(|node| boxes[node]).unwrap_or_default();
    let (start, end) = (edge(first).x + edge(first).width, edge(last).x);
    let mut path = String::new();
    let gaps: Vec<usize> = (0..length - 1).collect();
    if chain.is_reversed {
        let _ = write!(path, "M{end} {}", heights[length - 1]);
        for gap in gaps.iter().rev() {
            let (begin, finish) = columns[chain.first_layer + gap].curve;
            let (from, to) = (heights[gap + 1], heights[*gap]);
            let middle = (begin + finish) / 2;
            let _ = write!(path, "H{finish}C{middle} {from} {middle} {to} {begin} {to}");
        }
        let _ = write!(path, "H{start}");
        return Drawn { path, x: end - 8, y: heights[length - 1] - 5, is_end: true };
    }
    let _ = write!(path, "M{start} {}", heights[0]);
    for gap in &gaps {
        let (begin, finish) = columns[chain.first_layer + gap].curve;
        let (from, to) = (heights[*gap], heights[gap + 1]);
        let middle = (begin + finish) / 2;
        let _ = write!(path, "H{begin}C{middle} {from} {middle} {to} {finish} {to}");
    }
    let _ = write!(path, "H{end}");
    Drawn { path, x: start + 8, y: heights[0] - 5, is_end: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(from: usize, to: usize) -> Line {
        Line { from, to, label_width: 40, waits: false }
    }

    fn waiting(from: usize, to: usize) -> Line {
        Line { waits: true, ..line(from, to) }
    }

    #[track_caller]
    fn nothing_overlaps(found: &Layout) {
        for (at, one) in found.boxes.iter().enumerate() {
            assert!(one.x >= 0 && one.y >= 0, "{one:?}");
            assert!(one.x + one.width <= found.width && one.y + one.height <= found.height, "{one:?}");
            for other in &found.boxes[at + 1..] {
                let apart = one.x + one.width <= other.x
                    || other.x + other.width <= one.x
                    || one.y + one.height <= other.y
                    || other.y + other.height <= one.y;
                assert!(apart, "{one:?} lies over {other:?}");
            }
        }
    }

    #[test]
    fn what_waits_runs_backwards() {
        // Provider 0, app 1, credential 2: the provider waits for nothing, the app for the provider.
        let lines = [waiting(0, 1), line(0, 2), line(1, 0), line(1, 0)];
        let found = layout(&[150, 150, 150], &lines);
        nothing_overlaps(&found);
        let [provider, app, credential] = [0, 1, 2].map(|at: usize| found.boxes[at].x);
        assert!(app < provider && provider < credential, "{found:?}");
        let ends: Vec<bool> = found.lines.iter().flatten().map(|line| line.is_end).collect();
        assert_eq!(ends, [true, false, false, false]);
        let labels: std::collections::BTreeSet<(i32, i32)> =
            found.lines.iter().flatten().map(|line| (line.x, line.y)).collect();
        assert_eq!(labels.len(), 4, "labels lie over each other: {found:?}");
    }

    #[test]
    fn boxes_never_lie_over_each_other() {
        nothing_overlaps(&layout(&[], &[]));
        nothing_overlaps(&layout(&[120; 60], &[]));
        let star: Vec<Line> = (1..40).map(|to| line(0, to)).collect();
        nothing_overlaps(&layout(&[120; 40], &star));
        let circle: Vec<Line> = (0..30).map(|at| line(at, (at + 1) % 30)).collect();
        nothing_overlaps(&layout(&[120; 30], &circle));
        // Numbers that look like chance and are the same every time.
        let mut seed = 7_usize;
        let mut next = |most: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % most
        };
        for _ in 0..50 {
            let count = 3 + next(58);
            let lines: Vec<Line> = (0..next(90))
                .map(|_| Line { waits: next(4) == 0, ..line(next(count), next(count)) })
                .collect();
            let widths: Vec<i32> =
                (0..count).map(|at| 100 + i32::try_from(at * 7 % 90).unwrap_or(0)).collect();
            let found = layout(&widths, &lines);
            nothing_overlaps(&found);
            for (line, drawn) in lines.iter().zip(&found.lines) {
                assert_eq!(drawn.is_none(), line.from == line.to);
            }
        }
    }
}
