//! The map zoomed in until its cells are single weights, with their tokens beside them.

use super::legend::legend;
use super::{Data, LEAD, State, cell_label, description, said, strength, title};
use crate::figure::Canvas;
use crate::figure::frame::{Frame, Masked, PAD, SMALL, caption};
use crate::number::{count, fixed};
use crate::scene::Segment::{Line, Move};
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::theme::Theme;
use crate::token;
use attnscope_words::words;

/// Side of the smallest cell.
pub(super) const LEAST: f32 = 13.0;
const LARGEST: f32 = 76.0;
/// Room for a token, without its position.
const TOKEN: f32 = 76.0;
/// Width of a row's labels.
const LABELS: f32 = 130.0;
const GAP: f32 = 12.0;
/// How far the rotated labels of the last keys extend beyond the right edge.
const OVERHANG: f32 = 56.0;

fn side(data: &Data, canvas: &Canvas) -> f32 {
    let cells = data.tile.rows.len().max(data.tile.cols.len()).max(1) as f32;
    ((canvas.width - 2.0 * PAD - LABELS - GAP - OVERHANG) / cells).floor().min(LARGEST)
}

/// Whether the canvas has room for cells that can be told apart.
pub(super) fn fits(data: &Data, canvas: &Canvas) -> bool {
    side(data, canvas) >= LEAST
}

pub(super) fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let (cell, tile) = (side(data, &state.canvas).max(LEAST), &data.tile);
    let (wide, high) = (cell * tile.cols.len() as f32, cell * tile.rows.len() as f32);
    let least = Frame::within(&state.canvas, 2.0 * PAD + LABELS + GAP + Frame::LEGEND_WIDTH);
    let total = (2.0 * PAD + LABELS + GAP + wide + OVERHANG).max(least);
    let mut frame = Frame::new(theme, &state.canvas, total, title(data), attnscope_words::text(LEAD));
    let x0 = PAD + LABELS + GAP;
    key_labels(&mut frame, data, cell, x0);
    let y0 = frame.y;
    query_labels(&mut frame, data, cell, x0, y0);
    let full_at = state.full_at.filter(|f| *f > 0.0).unwrap_or(1.0);
    cells(&mut frame, data, state, (cell, full_at), x0, y0);
    frame.y = y0 + high + 16.0;
    legend(&mut frame, data, state, x0, (full_at, Masked::Dot));
    let rounded = if with_numbers(cell) { words!("Numbers are rounded to two decimals.") } else { "" };
    frame.finish(
        &said(data, &caption(&[words!("Each cell is one weight."), rounded]), full_at),
        description(data, state),
    )
}

fn with_numbers(cell: f32) -> bool {
    cell >= 34.0
}

/// A token, and after it its position.
fn named(data: &Data, position: usize, size: f32, theme: &Theme) -> Vec<Run> {
    let mut runs = token::runs(data.token(position), theme.faint, TOKEN, size, Weight::Regular);
    runs.iter_mut().filter(|r| r.fill.is_none()).for_each(|r| r.fill = Some(theme.text));
    runs.push(Run::new(format!("  {}", count(position))));
    runs
}

/// The keys above their columns, rotated.
fn key_labels(frame: &mut Frame, data: &Data, cell: f32, x0: f32) {
    let (theme, font) = (frame.theme, SMALL);
    let name =
        Node::text(x0, frame.y + 6.0, vec![Run::new(words!("key")).bold(), Run::new(words!(" (attended to) →"))]);
    frame.push(name.size(SMALL).fill(theme.key).centred());
    let turn: f32 = if cell >= 18.0 { -45.0 } else { -90.0 };
    let all: Vec<Vec<Run>> = data.tile.cols.clone().map(|at| named(data, at, font, theme)).collect();
    let longest = all.iter().map(|runs| crate::text::runs_width(runs, font, Weight::Regular)).fold(0.0, f32::max);
    let (sin, cos) = (-turn).to_radians().sin_cos();
    frame.y += 20.0 + longest * sin + font * cos + 4.0;
    for ((i, k_idx), runs) in data.tile.cols.clone().enumerate().zip(all) {
        let mid = x0 + (i as f32 + 0.5) * cell;
        let node = Node::text(mid, frame.y - 8.0, runs).size(font).fill(theme.muted).rotate(turn).centred();
        frame.push(node.key(format!("key-{k_idx}")).target(Target::Key { k_idx }));
    }
}

/// The queries to the left of their rows.
fn query_labels(frame: &mut Frame, data: &Data, cell: f32, x0: f32, y0: f32) {
    let (theme, font) = (frame.theme, SMALL);
    let name = vec![Run::new(words!("query")).bold(), Run::new(words!(" (asks) ↓"))];
    frame.push(Node::text(x0 - GAP, y0 - 12.0, name).size(SMALL).anchor(Anchor::End).fill(theme.query).centred());
    for (i, q_idx) in data.tile.rows.clone().enumerate() {
        let runs = named(data, data.position(q_idx), font, theme);
        let node = Node::text(x0 - GAP, y0 + (i as f32 + 0.5) * cell, runs).size(font).anchor(Anchor::End);
        let node = node.fill(theme.muted).centred();
        frame.push(node.key(format!("query-{q_idx}")).target(Target::Query { q_idx }));
    }
}

fn cells(frame: &mut Frame, data: &Data, state: &State, (cell, full_at): (f32, f32), x0: f32, y0: f32) {
    let theme = frame.theme;
    let (gap, radius) = if cell >= 24.0 { (2.0, 3.0) } else { (1.0, 1.0) };
    let side = cell - gap;
    let mut dots = Vec::new();
    for (y, x, weight) in data.weights(state.pool) {
        let (q_idx, k_idx) = (data.tile.rows.start + y, data.tile.cols.start + x);
        let (left, top) = (x0 + x as f32 * cell + gap / 2.0, y0 + y as f32 * cell + gap / 2.0);
        let (mid_x, mid_y) = (left + side / 2.0, top + side / 2.0);
        let Some(w) = weight else {
            dots.extend([Move(mid_x, mid_y), Line(mid_x, mid_y + 0.01)]);
            continue;
        };
        let fill = if w.is_finite() { theme.weight(strength(w, full_at)) } else { theme.accent };
        let target = Target::weight(data.layer, data.head, q_idx, k_idx);
        let node = Node::rect(left, top, side, side).radius(radius).fill(fill).target(target).value(w);
        frame.push(node.key(format!("cell-{q_idx}-{k_idx}")).label(cell_label(data, q_idx, k_idx, w)));
        if with_numbers(cell) {
            let said = if w.is_finite() { fixed(w, 2) } else { "NaN".into() };
            let number = Node::text(mid_x, mid_y, Run::new(said)).size((cell * 0.26).clamp(SMALL, 15.0));
            let number = number.anchor(Anchor::Middle).fill(theme.on(fill)).centred();
            frame.push(number.key(format!("number-{q_idx}-{k_idx}")));
        }
    }
    let dot = (cell * 0.12).clamp(2.0, 4.0);
    frame.push(Node::path(dots).stroke(Stroke::new(theme.masked_dot, dot).round()).key("masked"));
}
