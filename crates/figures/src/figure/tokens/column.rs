//! The tokens of [`crate::figure::tokens`] in lines: each has a chip, its number, and the beginning of its vector.

use super::{CELLS, Data, State, UNDER};
use crate::figure::frame::{Frame, PAD, SMALL};
use crate::figure::signed_cells::Strip;
use crate::number::plural;
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::{text, token};
use attnscope::Site;
use attnscope_words::words;
use std::ops::Range;

const CHIP: f32 = 34.0;
const SIZE: f32 = 15.0;
const GAP: f32 = 8.0;
const WIDEST_GAP: f32 = 28.0;
/// Height of a cell of a strip.
const CELL: f32 = 12.0;
const STRIP_W: f32 = 28.0;

/// The tokens of each line, at most `most` lines; if all have room, no line is much longer than the others.
pub(super) fn lines(data: &Data, room: f32, most: usize) -> Vec<Range<usize>> {
    let widest = lines_within(data, room, most);
    let all = |lines: &[Range<usize>]| lines.last().map_or(0, |line| line.end) == data.tokens.len();
    if widest.len() < 2 || !all(&widest) {
        return widest;
    }
    let narrower = (10..20).map(|part| lines_within(data, room * part as f32 / 20.0, most));
    narrower.into_iter().find(|lines| lines.len() == widest.len() && all(lines)).unwrap_or(widest)
}

fn lines_within(data: &Data, room: f32, most: usize) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut x = 0.0;
    for idx in 0..data.tokens.len() {
        let w = width(data, idx, room);
        let full = lines.len() == most;
        match lines.last_mut() {
            Some(line) if x + GAP + w <= room => (line.end, x) = (idx + 1, x + GAP + w),
            _ if full => break,
            _ => {
                lines.push(idx..idx + 1);
                x = w;
            }
        }
    }
    lines
}

/// Width of a token's column: that of its widest part.
fn width(data: &Data, idx: usize, room: f32) -> f32 {
    let chip = token::width(&data.tokens[idx], SIZE, Weight::Semibold) + 24.0;
    let id = id(data, idx).map_or(0.0, |id| text::width(&id, SMALL, Weight::Regular));
    let under = under(data, idx).map_or(0.0, |under| text::width(&under, UNDER, Weight::Regular));
    chip.max(id).max(under).max(40.0).min(room)
}

fn id(data: &Data, idx: usize) -> Option<String> {
    data.ids.get(idx).map(|id| words!("id {id}"))
}

/// The text under a strip that does not show the whole vector.
fn under(data: &Data, idx: usize) -> Option<String> {
    let n = data.vector(idx)?.len();
    (n > CELLS).then(|| plural(n, "number"))
}

/// The gap between the tokens of a line: a single line has wide gaps, but leaves `beside` free after it if it can.
pub(super) fn gap(data: &Data, lines: &[Range<usize>], room: f32, beside: f32) -> f32 {
    let [line] = lines else { return GAP };
    let free = room - line.clone().map(|idx| width(data, idx, room)).sum::<f32>();
    let gaps = line.len().saturating_sub(1).max(1) as f32;
    let free = if free - beside >= GAP * gaps { free - beside } else { free };
    (free / gaps).clamp(GAP, WIDEST_GAP)
}

/// Draws a line of tokens; moves `y` below it and returns where it ends.
pub(super) fn line(frame: &mut Frame, data: &Data, state: &State, (line, gap): (Range<usize>, f32), limit: f32) -> f32 {
    let (top, room) = (frame.y, frame.inner());
    let (mut x, mut below) = (PAD, top);
    for idx in line {
        let w = width(data, idx, room);
        frame.y = top;
        chip(frame, data, state, idx, (x, w));
        vector(frame, data, idx, x + w / 2.0, limit);
        below = below.max(frame.y);
        x += w + gap;
    }
    frame.y = below + 18.0;
    x - gap
}

fn chip(frame: &mut Frame, data: &Data, state: &State, idx: usize, (x, w): (f32, f32)) {
    let (theme, y) = (frame.theme, frame.y);
    let chosen = state.idx == Some(idx);
    let stroke = if chosen { Stroke::new(theme.accent, 2.0) } else { Stroke::new(theme.grid, 1.0) };
    let rect = Node::rect(x + 0.5, y + 0.5, w - 1.0, CHIP - 1.0).radius(7.0).fill(theme.surface).stroke(stroke);
    let id = id(data, idx);
    let said = id.as_ref().map_or(String::new(), |id| format!(", {id}"));
    let said = words!("token {idx}: {}{said}", token::spoken(&data.tokens[idx]));
    frame.push(rect.key(format!("token-{idx}")).target(Target::Token { idx }).label(said));
    let line = Node::rect(x + 9.0, y + CHIP - 6.0, w - 18.0, 2.5).radius(1.0).fill(theme.faint);
    frame.push(line.key(format!("line-{idx}")));
    let runs = token::runs(&data.tokens[idx], theme.faint, w - 20.0, SIZE, Weight::Semibold);
    let word = Node::text(x + w / 2.0, y + CHIP / 2.0 - 1.5, runs).size(SIZE).bold().anchor(Anchor::Middle);
    let word = word.fill(if chosen { theme.accent } else { theme.text }).centred();
    frame.push(word.key(format!("word-{idx}")));
    frame.y += CHIP;
    if let Some(id) = id {
        let id = Node::text(x + w / 2.0, frame.y + 13.0, Run::new(id)).size(SMALL).anchor(Anchor::Middle);
        frame.push(id.fill(theme.muted).centred().key(format!("id-{idx}")));
        frame.y += 22.0;
    }
}

/// The beginning of a token's vector, from top to bottom.
fn vector(frame: &mut Frame, data: &Data, idx: usize, mid: f32, limit: f32) {
    let Some(values) = data.vector(idx) else { return };
    let shown = &values[..values.len().min(CELLS)];
    let height = shown.len() as f32 * CELL;
    frame.y += 6.0;
    let strip = Strip {
        key: format!("cell-{idx}"),
        name: token::spoken(&data.tokens[idx]),
        values: shown,
        limit,
        x: mid - STRIP_W / 2.0,
        y: frame.y,
        width: STRIP_W,
        height,
        down: true,
    };
    strip.draw(frame, |_| 1.0, |component| Site::Embed.at([idx, component]));
    frame.y += height;
    if let Some(under) = under(data, idx) {
        for (i, (text, dy)) in [("…".to_string(), 7.0), (under, 22.0)].into_iter().enumerate() {
            let node = Node::text(mid, frame.y + dy, Run::new(text)).size(UNDER).anchor(Anchor::Middle);
            frame.push(node.fill(frame.theme.muted).centred().key(format!("under-{idx}-{i}")));
        }
        frame.y += 28.0;
    }
}
