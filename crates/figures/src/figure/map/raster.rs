//! The map zoomed out: one raster, with positions along its sides.

use super::legend::legend;
use super::{Data, LEAD, Pool, State, description, full_at, pooled, said, strength, title};
use crate::figure::Canvas;
use crate::figure::axis::Side;
use crate::figure::frame::{Frame, Masked, PAD, SMALL};
use crate::figure::pattern::{BROKEN, MASKED, palette};
use crate::raster::Raster;
use crate::scale::Band;
use crate::scene::{Node, Run, Scene, Stroke, Target};
use crate::theme::Theme;
use attnscope_words::words;
use std::ops::Range;

/// Width of the positions at the left.
const LABELS: f32 = 88.0;
const GAP: f32 = 12.0;

/// The largest side of the picture.
pub(super) fn side(canvas: &Canvas) -> f32 {
    (canvas.width - 2.0 * PAD - LABELS - GAP).clamp(200.0, 4096.0)
}

pub(super) fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let (tile, side) = (&data.tile, side(&state.canvas));
    let (height, width) = tile.size();
    // A whole or half number of pixels each, so that columns are equally wide on every screen.
    let pixel = ((side / height.max(width).max(1) as f32) * 2.0).floor().max(2.0) / 2.0;
    let (wide, high) = (width as f32 * pixel, height as f32 * pixel);
    let least = Frame::within(&state.canvas, 2.0 * PAD + Frame::LEGEND_WIDTH);
    let total = (2.0 * PAD + LABELS + GAP + wide).max(least);
    let full_at = full_at(data, state);
    let mut frame = Frame::new(theme, &state.canvas, total, title(data), attnscope_words::text(LEAD));
    let x0 = PAD + LABELS + GAP;
    key_axis(&mut frame, tile.cols.clone(), x0, wide);
    let y0 = frame.y;
    query_axis(&mut frame, data, x0, y0, high);
    let image = Node::raster(x0, y0, wide, high, raster(data, state.pool, theme, full_at)).key("map");
    let image = image.label(words!("weights, a row a query"));
    // Only a whole pattern is a target: places in it are counted from its first query and key.
    let whole = Target::pattern(data.layer, data.head, data.q_len, data.tokens.len());
    frame.push(if data.is_whole() { image.target(whole) } else { image });
    frame.push(Node::rect(x0 - 0.5, y0 - 0.5, wide + 1.0, high + 1.0).stroke(Stroke::new(theme.grid, 1.0)));
    frame.y = y0 + high + 18.0;
    legend(&mut frame, data, state, x0, (full_at, Masked::Flat));
    frame.finish(&said(data, &pooled(data, state.pool), full_at), description(data, state))
}

fn raster(data: &Data, pool: Pool, theme: &Theme, full_at: f32) -> Raster {
    let (height, width) = data.tile.size();
    let steps = f32::from(BROKEN - 1);
    let pixel = |(_, _, w)| match w {
        None => MASKED,
        Some(w) if !f32::is_finite(w) => BROKEN,
        Some(w) => (strength(w, full_at) * steps).round() as u8,
    };
    Raster::new(width, height, palette(theme), data.weights(pool).map(pixel).collect())
}

/// Round positions of a part of the text, which is drawn from `start` over `length`, each with its place.
fn ticks(part: Range<usize>, start: f32, length: f32, room: f32) -> impl Iterator<Item = (f32, usize)> {
    let bands = Band::filling(part.len(), start, length);
    let step = bands.every(room);
    (part.start.next_multiple_of(step)..part.end).step_by(step).map(move |at| (bands.at(at - part.start), at))
}

/// Positions above the picture.
fn key_axis(frame: &mut Frame, cols: Range<usize>, x0: f32, wide: f32) {
    let theme = frame.theme;
    let name =
        Node::text(x0, frame.y + 6.0, vec![Run::new(words!("key")).bold(), Run::new(words!(" (attended to) →"))]);
    frame.push(name.size(SMALL).fill(theme.key).centred());
    frame.y += 40.0;
    frame.positions(Side::Above, frame.y, ticks(cols, x0, wide, 64.0));
}

/// Positions left of it.
fn query_axis(frame: &mut Frame, data: &Data, x0: f32, y0: f32, high: f32) {
    let theme = frame.theme;
    let name = vec![Run::new(words!("query")).bold(), Run::new(words!(" (asks) ↓"))];
    frame.push(Node::text(PAD, y0 - 34.0, name).size(SMALL).fill(theme.query).centred());
    let (rows, first) = (data.tile.rows.clone(), data.position(0));
    frame.positions(Side::Left, x0, ticks(first + rows.start..first + rows.end, y0, high, 40.0));
}
