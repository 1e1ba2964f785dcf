//! Which layer a box is in, and the order within a layer.

use std::collections::BTreeMap;

use super::Line;

/// Boxes that arrows connect, with a lane for each arrow in the layers that it passes.
#[derive(Debug)]
pub(super) struct Group {
    /// Slots from top to bottom; a slot is a box or a lane.
    pub(super) layers: Vec<Vec<usize>>,
    pub(super) chains: Vec<Chain>,
    /// Boxes first: slot -> box.
    nodes: Vec<usize>,
    neighbours: Vec<Vec<usize>>,
    slots: usize,
}

/// The way of an arrow through the layers, from left to right.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) line: usize,
    /// The arrow points to the left.
    pub(super) is_reversed: bool,
    pub(super) first_layer: usize,
    pub(super) slots: Vec<usize>,
}

impl Chain {
    pub(super) fn last_layer(&self) -> usize {
        self.first_layer + self.slots.len() - 1
    }
}

impl Group {
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    pub(super) fn node(&self, slot: usize) -> Option<usize> {
        self.nodes.get(slot).copied()
    }

    /// Arrows that end at one side of a slot.
    pub(super) fn ends(&self, slot: usize, on_right: bool) -> Vec<(usize, usize)> {
        let end = |chain: &Chain| {
            let length = chain.slots.len();
            let (own, next) = if on_right { (0, 1) } else { (length - 1, length - 2) };
            (chain.slots[own] == slot).then(|| (chain.slots[next], chain.line))
        };
        self.chains.iter().filter_map(end).collect()
    }

    /// From top to bottom, so that they do not cross before they have begun.
    pub(super) fn sorted_ends(&self, slot: usize, on_right: bool, centres: &[i32]) -> Vec<usize> {
        let mut ends = self.ends(slot, on_right);
        ends.sort_by_key(|(next, line)| (centres[*next], *line));
        ends.into_iter().map(|(_, line)| line).collect()
    }

    /// Where the neighbours of a slot are in the mean.
    pub(super) fn mean(&self, slot: usize, places: &[i32]) -> Option<i32> {
        let neighbours = &self.neighbours[slot];
        let count = i32::try_from(neighbours.len()).ok().filter(|count| *count > 0)?;
        Some(neighbours.iter().map(|at| places[*at]).sum::<i32>().div_euclid(count))
    }
}

/// Groups in the order of their first boxes, and the boxes without arrows.
pub(super) fn groups(count: usize, lines: &[Line]) -> (Vec<Group>, Vec<usize>) {
    let mut of: Vec<usize> = (0..count).collect();
    fn first(of: &[usize], mut at: usize) -> usize {
        while of[at] != at {
            at = of[at];
        }
        at
    }
    for line in lines {
        let (one, other) = (first(&of, line.from), first(&of, line.to));
        of[one.max(other)] = one.min(other);
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..count {
        members.entry(first(&of, at)).or_default().push(at);
    }
    let (together, alone): (Vec<_>, Vec<_>) = members.into_values().partition(|members| members.len() > 1);
    let groups = together.into_iter().map(|members| group(members, lines)).collect();
    (groups, alone.into_iter().flatten().collect())
}

fn group(nodes: Vec<usize>, lines: &[Line]) -> Group {
    let slot: BTreeMap<usize, usize> = nodes.iter().enumerate().map(|(slot, node)| (*node, slot)).collect();
    let mut own: Vec<(usize, usize, usize, bool)> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.from != line.to)
        .filter_map(|(at, line)| Some((*slot.get(&line.from)?, *slot.get(&line.to)?, at, line.waits)))
        .collect();
    // Those that wait come last, and find the circles that the others leave open.
    own.sort_by_key(|(_, _, at, waits)| (*waits, *at));
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut directed = Vec::with_capacity(own.len());
    for (from, to, line, _) in own {
        let is_reversed = reaches(&next, to, from);
        let (left, right) = if is_reversed { (to, from) } else { (from, to) };
        next[left].push(right);
        directed.push((left, right, line, is_reversed));
    }
    directed.sort_by_key(|(_, _, line, _)| *line);
    let layer = layers(&next);
    let mut group = Group {
        layers: vec![Vec::new(); layer.iter().max().map_or(0, |last| last + 1)],
        chains: Vec::new(),
        slots: nodes.len(),
        neighbours: vec![Vec::new(); nodes.len()],
        nodes,
    };
    for (slot, layer) in layer.iter().enumerate() {
        group.layers[*layer].push(slot);
    }
    for (left, right, line, is_reversed) in directed {
        let mut slots = vec![left];
        for between in layer[left] + 1..layer[right] {
            slots.push(group.slots);
            group.layers[between].push(group.slots);
            group.neighbours.push(Vec::new());
            group.slots += 1;
        }
        slots.push(right);
        for pair in slots.windows(2) {
            group.neighbours[pair[0]].push(pair[1]);
            group.neighbours[pair[1]].push(pair[0]);
        }
        group.chains.push(Chain { line, is_reversed, first_layer: layer[left], slots });
    }
    sort(&mut group);
    group
}

fn reaches(next: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = vec![false; next.len()];
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if !std::mem::replace(&mut seen[at], true) {
            open.extend(&next[at]);
        }
    }
    false
}

/// The longest way to each; what nothing leads to stands right before what it leads to.
fn layers(next: &[Vec<usize>]) -> Vec<usize> {
    let mut incoming = vec![0_usize; next.len()];
    next.iter().flatten().for_each(|to| incoming[*to] += 1);
    let is_source: Vec<bool> = incoming.iter().map(|count| *count == 0).collect();
    let mut layer = vec![0; next.len()];
    let mut open: Vec<usize> = (0..next.len()).filter(|at| is_source[*at]).collect();
    while let Some(at) = open.pop() {
        for to in &next[at] {
            layer[*to] = layer[*to].max(layer[at] + 1);
            incoming[*to] -= 1;
            if incoming[*to] == 0 {
                open.push(*to);
            }
        }
    }
    for at in 0..next.len() {
        if let (true, Some(nearest)) = (is_source[at], next[at].iter().map(|to| layer[*to]).min()) {
            layer[at] = nearest - 1;
        }
    }
    layer
}

/// Brings each slot near its neighbours, layer by layer, to and fro.
fn sort(group: &mut Group) {
    let mut places = vec![0; group.slots];
    let renumber = |slots: &[usize], places: &mut [i32]| {
        for (place, slot) in (0..).zip(slots) {
            places[*slot] = place * 1_000;
        }
    };
    group.layers.iter().for_each(|slots| renumber(slots, &mut places));
    for round in 0..8 {
        for step in 0..group.layers.len() {
            let layer = if round % 2 == 0 { step } else { group.layers.len() - 1 - step };
            let mut slots = std::mem::take(&mut group.layers[layer]);
            slots.sort_by_key(|at| group.mean(*at, &places).unwrap_or(places[*at]));
            renumber(&slots, &mut places);
            group.layers[layer] = slots;
        }
    }
}
