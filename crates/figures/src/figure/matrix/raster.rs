//! The matrix of a long text: one raster, and labels only here and there.

use super::cells::reading;
use super::{Data, State, cut_label, cut_note, description, lead, title};
use crate::figure::axis::Side;
use crate::figure::frame::{Frame, Masked, PAD, SMALL, caption, credit};
use crate::number::{count, number, plural};
use crate::scale::Band;
use crate::scene::Segment::{Line, Move};
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target, Weight};
use crate::theme::Theme;
use crate::{text, token};
use attnscope_words::words;

/// Room at the right for the frame of the chosen row.
const RING: f32 = 4.0;

/// Width of the labels: a position and the token there. On a phone the matrix gets more of the room.
fn label_width(canvas: f32) -> f32 {
    if canvas < 480.0 { 80.0 } else { 112.0 }
}

pub(super) fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let label_w = label_width(state.canvas.width);
    let side_max = (state.canvas.width - 2.0 * PAD - label_w - 12.0 - RING).clamp(200.0, 1600.0);
    let (small, block) = data.pattern.shrunk(side_max as usize);
    // A whole or half number of pixels per cell, so that columns are equally wide on every screen.
    let pixel = ((side_max / small.kv_len.max(1) as f32) * 2.0).floor().max(2.0) / 2.0;
    let per_token = pixel / block as f32;
    let (width, height) = (small.kv_len as f32 * pixel, small.q_len as f32 * pixel);
    let least = Frame::within(&state.canvas, 2.0 * PAD + Frame::LEGEND_WIDTH);
    let total = (2.0 * PAD + label_w + 12.0 + width + RING).max(least);
    let full_at = state.full_at.filter(|f| *f > 0.0).unwrap_or_else(|| small.full_at());
    let mut frame = Frame::new(theme, &state.canvas, total, title(data), lead(data));
    let x0 = PAD + label_w + 12.0;
    key_axis(&mut frame, data, x0, per_token);
    let y0 = frame.y;
    query_axis(&mut frame, data, x0, y0, per_token);
    let p = &data.pattern;
    let target = Target::pattern(p.layer, p.head, p.q_len, p.kv_len);
    let image = Node::raster(x0, y0, width, height, small.raster(theme, full_at));
    let said = words!("all weights, a row a query; the arrow keys choose a row, Enter opens its largest weight");
    frame.push(image.key("pattern").target(target).label(said));
    frame.push(Node::rect(x0 - 0.5, y0 - 0.5, width + 1.0, height + 1.0).stroke(Stroke::new(theme.grid, 1.0)));
    if let Some(q_idx) = state.q_idx.filter(|&q| q < p.q_len) {
        let high = per_token.max(3.0);
        let mid = y0 + (q_idx as f32 + 0.5) * per_token;
        let ring = Node::rect(x0 - 3.0, mid - high / 2.0 - 2.0, width + 6.0, high + 4.0).radius(2.0);
        frame.push(ring.stroke(Stroke::new(theme.query, 1.5)).key("chosen-query"));
    }
    for (q_idx, k_idx) in state.cuts(data) {
        // Larger than the cell, which may be a single pixel.
        let (x, y, out) = (x0 + (k_idx as f32 + 0.5) * per_token, y0 + (q_idx as f32 + 0.5) * per_token, 3.5);
        let cross = [Move(x - out, y - out), Line(x + out, y + out), Move(x - out, y + out), Line(x + out, y - out)];
        let cross = Node::path(cross.into()).stroke(Stroke::new(theme.accent, 1.5).round());
        frame.push(cross.key(format!("cut-{q_idx}-{k_idx}")).label(cut_label(data, q_idx, k_idx)));
    }
    frame.y = y0 + height + 18.0;
    reading(&mut frame, data, state, x0);
    let legend_x = if x0 + Frame::LEGEND_WIDTH + PAD > total { PAD } else { x0 };
    frame.weight_legend(legend_x, words!("weight"), full_at, p.is_masked().then_some(Masked::Flat));
    let made = match block {
        1 => words!("One cell a weight; only some tokens are named.").into(),
        b => words!("Each cell is the largest weight of {b}\u{a0}×\u{a0}{b} tokens; only some tokens are named."),
    };
    let scaled = words!("Colours are full from {} on.", number(full_at));
    let scaled = if full_at < 1.0 { scaled.as_str() } else { "" };
    frame.finish(
        &caption(&[
            &credit(&data.model),
            &format!("{}.", plural(p.kv_len, "token")),
            &made,
            scaled,
            cut_note(data, state),
        ]),
        description(data, state),
    )
}

/// Positions above the matrix.
fn key_axis(frame: &mut Frame, data: &Data, x0: f32, per_token: f32) {
    let theme = frame.theme;
    let name =
        Node::text(x0, frame.y + 6.0, vec![Run::new(words!("key")).bold(), Run::new(words!(" (attended to) →"))]);
    frame.push(name.size(SMALL).fill(theme.key).centred());
    frame.y += 40.0;
    let keys = Band { start: x0, step: per_token, n: data.pattern.kv_len };
    frame.positions(Side::Above, frame.y, keys.ticks(48.0, None, 0.0).into_iter().map(|k| (keys.at(k), k)));
}

/// Positions and tokens left of it.
fn query_axis(frame: &mut Frame, data: &Data, x0: f32, y0: f32, per_token: f32) {
    let (theme, p) = (frame.theme, &data.pattern);
    let name = vec![Run::new(words!("query")).bold(), Run::new(words!(" (asks) ↓"))];
    frame.push(Node::text(x0 - 12.0, y0 - 34.0, name).size(SMALL).anchor(Anchor::End).fill(theme.query).centred());
    let queries = Band { start: y0, step: per_token, n: p.q_len };
    for q_idx in queries.ticks(24.0, None, 0.0) {
        let mid = queries.at(q_idx);
        frame.push(Node::line(x0 - 6.0, mid, x0 - 2.0, mid, Stroke::new(theme.faint, 1.0)));
        let position = count(p.first_query() + q_idx);
        let room = x0 - PAD - 22.0 - text::width(&position, SMALL, Weight::Regular);
        let mut runs = token::runs(data.query(q_idx), theme.faint, room, SMALL, Weight::Regular);
        runs.iter_mut().filter(|r| r.fill.is_none()).for_each(|r| r.fill = Some(theme.text));
        runs.push(Run::new(format!("  {position}")));
        let label = Node::text(x0 - 12.0, mid, runs).size(SMALL).anchor(Anchor::End).fill(theme.muted).centred();
        frame.push(label.target(Target::Query { q_idx }));
    }
}
