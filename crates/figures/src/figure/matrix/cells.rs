//! The matrix cell by cell.

use super::{Data, State, cell_label, cut_label, cut_note, description, lead, title};
use crate::figure::frame::{Frame, Masked, PAD, SMALL, caption, credit};
use crate::number::fixed;
use crate::scene::Segment::{Line, Move};
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::theme::Theme;
use crate::token;
use attnscope_words::words;

/// Where everything is.
struct Layout {
    /// Side of a cell, gap included.
    cell: f32,
    /// Gap between cells.
    gap: f32,
    /// Size of the tokens' labels.
    font: f32,
    /// Width kept for labels of rows.
    label_w: f32,
    /// Rotation of the keys' labels in degrees, 0 if they fit horizontally.
    turn: f32,
    /// Height kept for them.
    head_h: f32,
    /// How far the last of them extends beyond the matrix's right edge.
    overhang: f32,
}

impl Layout {
    fn new(data: &Data, canvas_width: f32) -> Self {
        let n = data.pattern.kv_len.max(1) as f32;
        let longest =
            |size: f32| data.tokens.iter().map(|t| token::width(t, size, Weight::Semibold)).fold(0.0, f32::max);
        let label_w = longest(14.0).clamp(94.0, 124.0);
        let cell = ((canvas_width - 2.0 * PAD - label_w - 10.0 - 30.0) / n).floor().clamp(14.0, 76.0);
        let font = (cell * 0.82).clamp(SMALL, 14.0);
        let key_w = longest(font).min(110.0);
        let turn = match () {
            () if key_w <= cell - 6.0 => 0.0,
            () if cell >= 18.0 => -45.0,
            () => -90.0,
        };
        let (sin, cos) = f32::to_radians(-turn).sin_cos();
        let head_h = if turn == 0.0 { font + 6.0 } else { key_w * sin + font * cos + 4.0 };
        let overhang = (key_w * cos + font - cell / 2.0).max(0.0) * f32::from(u8::from(turn == -45.0));
        let gap = if cell >= 24.0 { 2.0 } else { 1.0 };
        Self { cell, gap, font, label_w, turn, head_h, overhang }
    }

    fn width(&self, data: &Data) -> f32 {
        2.0 * PAD + self.label_w + 12.0 + self.cell * data.pattern.kv_len as f32 + self.overhang
    }
}

pub(super) fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let layout = Layout::new(data, state.canvas.width);
    let least = Frame::within(&state.canvas, Frame::LEGEND_WIDTH - 40.0 + layout.label_w + 12.0 + 2.0 * PAD);
    let width = layout.width(data).max(least);
    let mut frame = Frame::new(theme, &state.canvas, width, title(data), lead(data));
    let x0 = PAD + layout.label_w + 12.0;
    key_labels(&mut frame, data, state, &layout, x0);
    let y0 = frame.y;
    query_labels(&mut frame, data, state, &layout, x0, y0);
    let full_at = state.full_at.filter(|f| *f > 0.0).unwrap_or(1.0);
    let shown = cells(&mut frame, data, state, &layout, full_at, x0, y0);
    crosses(&mut frame, data, state, &layout, x0, y0);
    selection(&mut frame, data, state, &layout, x0, y0);
    frame.y = y0 + layout.cell * data.pattern.q_len as f32 + 14.0;
    reading(&mut frame, data, state, x0);
    let legend_x = if x0 + Frame::LEGEND_WIDTH - 40.0 + PAD > width { PAD } else { x0 };
    frame.weight_legend(legend_x, words!("weight"), full_at, data.pattern.is_masked().then_some(Masked::Dot));
    let numbers = if shown {
        words!("Numbers are rounded to two decimals.")
    } else {
        words!("No room for numbers: each cell's colour is its weight.")
    };
    frame.finish(&caption(&[&credit(&data.model), numbers, cut_note(data, state)]), description(data, state))
}

/// The keys above their columns, with the axis' name over them.
fn key_labels(frame: &mut Frame, data: &Data, state: &State, l: &Layout, x0: f32) {
    let theme = frame.theme;
    let name =
        Node::text(x0, frame.y + 6.0, vec![Run::new(words!("key")).bold(), Run::new(words!(" (attended to) →"))]);
    frame.push(name.size(SMALL).fill(theme.key).centred());
    frame.y += 20.0 + l.head_h;
    for k_idx in 0..data.pattern.kv_len {
        let chosen = state.k_idx == Some(k_idx);
        let weight = if chosen { Weight::Semibold } else { Weight::Regular };
        let runs = token::runs(data.key(k_idx), theme.faint, 110.0, l.font, weight);
        let mid = x0 + (k_idx as f32 + 0.5) * l.cell - l.gap / 2.0;
        let node = Node::text(mid, frame.y - if l.turn == 0.0 { 7.0 } else { 9.0 }, runs)
            .size(l.font)
            .fill(if chosen { theme.key } else { theme.text });
        let node = if chosen { node.bold() } else { node };
        let node = match l.turn {
            0.0 => node.anchor(Anchor::Middle),
            turn => node.rotate(turn).centred(),
        };
        frame.push(node.key(format!("key-{k_idx}")).target(Target::Key { k_idx }));
    }
}

/// The queries to the left of their rows, with the axis' name over them.
fn query_labels(frame: &mut Frame, data: &Data, state: &State, l: &Layout, x0: f32, y0: f32) {
    let theme = frame.theme;
    let name = vec![Run::new(words!("query")).bold(), Run::new(words!(" (asks) ↓"))];
    frame.push(Node::text(x0 - 12.0, y0 - 12.0, name).size(SMALL).anchor(Anchor::End).fill(theme.query).centred());
    for q_idx in 0..data.pattern.q_len {
        let chosen = state.q_idx == Some(q_idx);
        let weight = if chosen { Weight::Semibold } else { Weight::Regular };
        let runs = token::runs(data.query(q_idx), theme.faint, l.label_w, l.font, weight);
        let mid = y0 + (q_idx as f32 + 0.5) * l.cell - l.gap / 2.0;
        let node = Node::text(x0 - 12.0, mid, runs).size(l.font).anchor(Anchor::End).centred();
        let node = node.fill(if chosen { theme.query } else { theme.text });
        let node = if chosen { node.bold() } else { node };
        frame.push(node.key(format!("query-{q_idx}")).target(Target::Query { q_idx }));
    }
}

/// The cells. Returns whether they hold their numbers.
fn cells(frame: &mut Frame, data: &Data, state: &State, l: &Layout, full_at: f32, x0: f32, y0: f32) -> bool {
    let (theme, p) = (frame.theme, &data.pattern);
    let (side, with_numbers) = (l.cell - l.gap, l.cell >= 34.0);
    let radius = if l.cell >= 24.0 { 3.0 } else { 1.0 };
    let mut dots = Vec::new();
    for (q_idx, k_idx) in (0..p.q_len).flat_map(|q| (0..p.kv_len).map(move |k| (q, k))) {
        let (x, y) = (x0 + k_idx as f32 * l.cell, y0 + q_idx as f32 * l.cell);
        let (mid_x, mid_y) = (x + side / 2.0, y + side / 2.0);
        let Some(w) = p.weight(q_idx, k_idx) else {
            dots.extend([Move(mid_x, mid_y), Line(mid_x, mid_y + 0.01)]);
            continue;
        };
        let cut = state.is_cut(q_idx, k_idx);
        // A masked cell has no weight to colour.
        let fill = match w {
            _ if cut => theme.background,
            w if w.is_finite() => theme.weight(w / full_at),
            _ => theme.accent,
        };
        let target = Target::weight(p.layer, p.head, q_idx, k_idx);
        let cell = Node::rect(x, y, side, side).radius(radius).fill(fill).target(target).value(w);
        let said = if cut { cut_label(data, q_idx, k_idx) } else { cell_label(data, q_idx, k_idx, w) };
        frame.push(cell.key(format!("cell-{q_idx}-{k_idx}")).label(said));
        if with_numbers && !cut {
            let text = if w.is_finite() { fixed(w, 2) } else { "NaN".into() };
            let size = (l.cell * 0.26).clamp(SMALL, 15.0);
            let number =
                Node::text(mid_x, mid_y, Run::new(text)).size(size).anchor(Anchor::Middle).fill(theme.on(fill));
            frame.push(number.centred().key(format!("number-{q_idx}-{k_idx}")));
        }
    }
    let dot = (l.cell * 0.12).clamp(2.0, 4.0);
    frame.push(Node::path(dots).stroke(Stroke::new(theme.masked_dot, dot).round()).key("masked"));
    with_numbers
}

/// A cross and a dashed outline over each edge that is cut.
fn crosses(frame: &mut Frame, data: &Data, state: &State, l: &Layout, x0: f32, y0: f32) {
    let side = l.cell - l.gap;
    let (inset, radius) = (side * 0.3, if l.cell >= 24.0 { 3.0 } else { 1.0 });
    for (q_idx, k_idx) in state.cuts(data) {
        let (x, y) = (x0 + k_idx as f32 * l.cell, y0 + q_idx as f32 * l.cell);
        let outline = Node::rect(x + 0.75, y + 0.75, side - 1.5, side - 1.5).radius(radius);
        let dashed = Stroke::new(frame.theme.accent, 1.5).dash(4.0, 3.0);
        frame.push(outline.stroke(dashed).key(format!("cut-outline-{q_idx}-{k_idx}")));
        let (left, right, top, bottom) = (x + inset, x + side - inset, y + inset, y + side - inset);
        let cross = Node::path(vec![Move(left, top), Line(right, bottom), Move(left, bottom), Line(right, top)]);
        let thick = (side * 0.04).clamp(1.5, 2.5);
        frame.push(cross.stroke(Stroke::new(frame.theme.accent, thick).round()).key(format!("cut-{q_idx}-{k_idx}")));
    }
}

/// The ring around the chosen row, and a thinner one around the chosen column.
fn selection(frame: &mut Frame, data: &Data, state: &State, l: &Layout, x0: f32, y0: f32) {
    let (p, theme) = (&data.pattern, frame.theme);
    let (out, radius) = (2.0, if l.cell >= 24.0 { 5.0 } else { 2.0 });
    if let Some(k_idx) = state.k_idx.filter(|&k| k < p.kv_len) {
        let x = x0 + k_idx as f32 * l.cell - out;
        let ring = Node::rect(x, y0 - out, l.cell - l.gap + 2.0 * out, l.cell * p.q_len as f32 - l.gap + 2.0 * out);
        frame.push(ring.radius(radius).stroke(Stroke::new(theme.key, 1.5)).key("chosen-key"));
    }
    if let Some(q_idx) = state.q_idx.filter(|&q| q < p.q_len) {
        let y = y0 + q_idx as f32 * l.cell - out;
        let ring = Node::rect(x0 - out, y, l.cell * p.kv_len as f32 - l.gap + 2.0 * out, l.cell - l.gap + 2.0 * out);
        frame.push(ring.radius(radius).stroke(Stroke::new(theme.query, 2.0)).key("chosen-query"));
    }
}

/// The chosen row in words.
pub(super) fn reading(frame: &mut Frame, data: &Data, state: &State, x: f32) {
    let Some(q_idx) = state.q_idx.filter(|&q| q < data.pattern.q_len) else { return };
    const SIZE: f32 = 15.0;
    let runs = data.pattern.reading_within(q_idx, &data.tokens, frame.theme, SIZE, frame.inner());
    let room = frame.width - PAD - x;
    let x = if crate::text::runs_width(&runs, SIZE, Weight::Regular) > room { PAD } else { x };
    frame.push(Node::text(x, frame.y + 12.0, runs).size(SIZE).fill(frame.theme.text).centred().key("reading"));
    frame.y += 40.0;
}
