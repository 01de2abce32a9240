//! The row of scores of the running (online) softmax: tiles already read, the current one, and those to come.

use super::{Data, Step};
use crate::figure::frame::{Frame, PAD, SMALL};
use crate::number::{fixed, number, plural};
use crate::scale::max_abs;
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::token::{self, spoken};
use crate::{Color, text};
use attnscope::Site;
use attnscope_words::words;

/// The most rows of tiles; of more, those around the current tile.
const MAX_ROWS: usize = 3;
/// Status and names above a cell, the cell, and exp below it.
const STATUS: f32 = 20.0;
const NAMES: f32 = 21.0;
const CELL_H: f32 = 34.0;
const BELOW: f32 = 42.0;

struct Layout {
    /// Side of a cell, gap included.
    cell: f32,
    /// Between tiles.
    gap: f32,
    /// Cells of a tile that are drawn.
    keys: usize,
    /// Tiles in a row.
    per_row: usize,
    /// The first tile that is drawn, and the number of them.
    first: usize,
    shown: usize,
}

impl Layout {
    fn new(data: &Data, read: usize, inner: f32) -> Self {
        let (tiles, n) = (data.states.len().max(1), data.scores.len().max(1));
        let gap = if inner < 420.0 { 10.0 } else { 14.0 };
        let all = ((inner - (tiles - 1) as f32 * gap) / n as f32).floor();
        let wanted = if all >= 48.0 { all.min(72.0) } else { 52.0 };
        let cell = wanted.min(inner / data.tile as f32).max(5.0);
        let keys = data.tile.min((inner / cell) as usize).max(1);
        let per_row = (((inner + gap) / (keys as f32 * cell + gap)) as usize).max(1);
        let shown = tiles.min(per_row * MAX_ROWS);
        // The current tile stays visible, and whole rows scroll.
        let row = read.saturating_sub(1) / per_row;
        let last_row = tiles.div_ceil(per_row).saturating_sub(MAX_ROWS);
        let first = row.saturating_sub(MAX_ROWS / 2).min(last_row) * per_row;
        Self { cell, gap, keys, per_row, first, shown: shown.min(tiles - first) }
    }
}

/// Draws the tiles. Returns the first and the last one drawn if there are more.
pub(super) fn draw(frame: &mut Frame, data: &Data, step: &Step<'_>) -> Option<(usize, usize)> {
    if data.states.is_empty() {
        frame.label(PAD, frame.y + 10.0, Anchor::Start, words!("No key to read: all edges of this query are cut."));
        frame.y += 30.0;
        return None;
    }
    let l = Layout::new(data, step.read, frame.inner());
    let rows = l.shown.div_ceil(l.per_row);
    let between = if rows > 1 { 10.0 } else { 0.0 };
    let row_h = between + STATUS + if l.cell >= 24.0 { NAMES } else { 0.0 } + CELL_H + BELOW;
    for i in 0..l.shown {
        let tile = l.first + i;
        let x = PAD + (i % l.per_row) as f32 * (l.keys as f32 * l.cell + l.gap);
        draw_tile(frame, data, step, &l, tile, (x, frame.y + (i / l.per_row) as f32 * row_h));
    }
    frame.y += rows as f32 * row_h - between + 8.0;
    (l.shown < data.states.len()).then_some((l.first, l.first + l.shown - 1))
}

/// Whether a tile is already read, current, or still to come.
#[derive(Clone, Copy, PartialEq)]
enum When {
    Gone,
    Now,
    ToCome,
}

fn draw_tile(frame: &mut Frame, data: &Data, step: &Step<'_>, l: &Layout, tile: usize, (x, y): (f32, f32)) {
    let theme = frame.theme;
    let when = match (tile + 1).cmp(&step.read) {
        std::cmp::Ordering::Less => When::Gone,
        std::cmp::Ordering::Equal => When::Now,
        std::cmp::Ordering::Greater => When::ToCome,
    };
    let keys = data.states[tile].keys.clone();
    let drawn = keys.len().min(l.keys);
    let width = drawn as f32 * l.cell - 2.0;
    // The last tile of a row may use the width up to the margin.
    let last = tile + 1 == data.states.len() || (tile - l.first + 1).is_multiple_of(l.per_row);
    status(frame, (tile, when), (x, y), if last { frame.width - PAD - x } else { width + l.gap - 4.0 });
    let named = l.cell >= 24.0;
    let cell_y = y + STATUS + if named { NAMES } else { 0.0 };
    let limit = max_abs(data.scores.iter().copied());
    if when == When::ToCome && l.cell < 12.0 {
        let outline = Node::rect(x, cell_y, width, CELL_H).radius(3.0).stroke(Stroke::new(theme.grid, 1.0));
        frame.push(outline.key(format!("to-come-{tile}")));
        return;
    }
    for (i, k_idx) in keys.clone().take(drawn).enumerate() {
        let at = x + i as f32 * l.cell;
        if named {
            let runs = token::runs(data.token(k_idx), theme.faint, l.cell - 6.0, SMALL, Weight::Regular);
            let ink = if when == When::Now { theme.text } else { theme.muted };
            let name = Node::text(at + l.cell / 2.0 - 1.0, cell_y - 13.0, runs).size(SMALL).anchor(Anchor::Middle);
            frame.push(name.fill(ink).centred().key(format!("name-{k_idx}")).target(Target::Key { k_idx }));
        }
        cell(frame, data, l, (k_idx, when), (at, cell_y), limit);
    }
    if when == When::Now {
        let ring = Node::rect(x - 4.0, cell_y - 4.0, width + 8.0, CELL_H + 8.0).radius(6.0);
        frame.push(ring.stroke(Stroke::new(theme.accent, 2.0)).key("reading"));
        powers(frame, data, step, l, (x, cell_y + CELL_H), drawn);
    }
    if drawn < keys.len() {
        let more = words!("and {} more", keys.len() - drawn);
        frame.label(x + width, y + 6.0, Anchor::End, more);
    }
}

/// The tile's number and whether it is already dropped, as far as there is room.
fn status(frame: &mut Frame, (tile, when): (usize, When), (x, y): (f32, f32), room: f32) {
    let theme = frame.theme;
    let name = words!("tile {}", tile + 1);
    let more = match when {
        When::Gone => words!(", thrown away"),
        When::Now => words!(", being read"),
        When::ToCome => words!(", not read yet"),
    };
    let (ink, weight) =
        if when == When::Now { (theme.accent, Weight::Semibold) } else { (theme.muted, Weight::Regular) };
    let long = format!("{name}{more}");
    let options = [long.as_str(), more.trim_start_matches(", "), name.as_str()];
    let Some(fits) = options.into_iter().find(|t| text::width(t, SMALL, weight) <= room) else { return };
    let node = Node::text(x, y + 6.0, Run::new(fits)).size(SMALL).fill(ink).centred().key(format!("tile-{tile}"));
    frame.push(if weight == Weight::Semibold { node.bold() } else { node });
}

/// One score. It does not exist before its tile is read, and is dropped afterwards.
fn cell(frame: &mut Frame, data: &Data, l: &Layout, (k_idx, when): (usize, When), (x, y): (f32, f32), limit: f32) {
    let (theme, score) = (frame.theme, data.scores[k_idx]);
    let side = l.cell - if l.cell >= 12.0 { 2.0 } else { 1.0 };
    let rect =
        Node::rect(x, y, side, CELL_H).radius(if l.cell >= 12.0 { 3.0 } else { 0.0 }).key(format!("cell-{k_idx}"));
    if when == When::ToCome {
        let said = words!("score of {}: not worked out yet", spoken(data.token(k_idx)));
        frame.push(rect.stroke(Stroke::new(theme.grid, 1.0)).label(said));
        return;
    }
    let masked = score == f32::NEG_INFINITY;
    let full = if score.is_nan() { theme.accent } else { theme.signed((score / limit).clamp(-1.0, 1.0)) };
    let full = if masked { theme.masked } else { full };
    let fill: Color = if when == When::Gone { full.mix(theme.background, 0.78) } else { full };
    let number = data.of.number(Site::Scores, k_idx);
    let kept = if when == When::Gone { words!(", no longer kept") } else { "" };
    let said = words!("score of {}: {}{kept}", spoken(data.token(k_idx)), self::number(score));
    frame.push(rect.fill(fill).value(score).target(Target::Number { number }).label(said));
    let shown = if score.is_finite() {
        short(score)
    } else if masked {
        "−∞".into()
    } else {
        "NaN".into()
    };
    if text::width(&shown, SMALL, Weight::Regular) > side - 1.0 {
        return;
    }
    let ink = if when == When::Gone { theme.muted } else { theme.on(fill) };
    let node =
        Node::text(x + side / 2.0, y + CELL_H / 2.0, Run::new(shown)).size(SMALL).anchor(Anchor::Middle).fill(ink);
    frame.push(node.centred().key(format!("number-{k_idx}")));
}

fn short(x: f32) -> String {
    if x.abs() >= 100.0 { number(x) } else { fixed(x, 2) }
}

/// exp(score − m) under each score of the tile, and its name.
fn powers(frame: &mut Frame, data: &Data, step: &Step<'_>, l: &Layout, (x, y): (f32, f32), drawn: usize) {
    let (theme, Some(now)) = (frame.theme, step.now) else { return };
    let mut shown = false;
    // A single one may be wider than its cell.
    let room = if drawn == 1 { l.cell + l.gap } else { l.cell - 1.0 };
    for (i, k_idx) in now.keys.clone().take(drawn).enumerate() {
        let e = power(data.scores[k_idx], now.max);
        let number = if e.is_finite() { number(e) } else { "NaN".into() };
        if text::width(&number, SMALL, Weight::Regular) > room {
            continue;
        }
        shown = true;
        let node = Node::text(x + (i as f32 + 0.5) * l.cell - 1.0, y + 15.0, Run::new(number.clone())).size(SMALL);
        let said = words!("e to the score of {} less the maximum: {number}", spoken(data.token(k_idx)));
        let node = node.anchor(Anchor::Middle).fill(theme.text).centred().value(e).label(said);
        frame.push(node.key(format!("power-{k_idx}")).target(Target::Own));
    }
    let what = words!("e^(score − {})", number(now.max));
    if shown && now.max.is_finite() {
        let width = text::width(&what, SMALL, Weight::Regular);
        let at = x.min(frame.width - PAD - width).max(PAD);
        let node = Node::text(at, y + 31.0, Run::new(what)).size(SMALL).fill(theme.muted).centred();
        frame.push(node.key("power"));
    }
}

/// exp(score − max); 0 for a masked key.
pub(super) fn power(score: f32, max: f32) -> f32 {
    if score == f32::NEG_INFINITY { 0.0 } else { (score - max).exp() }
}

/// What the tile adds to the sum, in words: `(0.12 + 1 + 0.37)`, or the number of its keys.
pub(super) fn terms(data: &Data, keys: std::ops::Range<usize>, max: f32) -> String {
    let one = keys.len() == 1;
    let powers: Vec<f32> = keys.map(|k| power(data.scores[k], max)).collect();
    if powers.len() <= 4 {
        let all = powers.iter().map(|e| number(*e)).collect::<Vec<_>>().join(" + ");
        return if one { all } else { format!("({all})") };
    }
    words!("({} from {})", number(powers.iter().sum()), plural(powers.len(), "key"))
}
