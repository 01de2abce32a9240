//! Many vectors: one raster with a row each, and names only where there is room.

use super::{Data, Layout, State, description, legend, palette, shade};
use crate::figure::axis::Side;
use crate::figure::frame::{Frame, PAD, SMALL, caption, credit};
use crate::number::{count, number};
use crate::raster::Raster;
use crate::scale::Band;
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Weight};
use crate::theme::Theme;
use crate::{text, token};
use attnscope_words::words;

/// From so many vectors on, they have no strips of their own.
pub(super) const FROM: usize = 17;

/// Width of the labels: a row's number and the token's text.
const LABEL_W: f32 = 112.0;

/// Height of all rows, if a name for each would make them higher.
const HEIGHT: f32 = 960.0;

pub(super) fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let layout = Layout::new(data, state.canvas.width);
    let lead = words!("Each row is one vector, its numbers from left to right: green above zero, pink below.");
    let mut frame = Frame::new(theme, &state.canvas, state.canvas.width.max(440.0), data.title.clone(), lead);
    let (n, longest) = (data.vectors.len(), data.vectors.iter().map(|v| v.values.len()).max().unwrap_or(0).max(1));
    let row = (HEIGHT / n as f32).min(16.0);
    let x0 = PAD + LABEL_W + 12.0;
    let (width, height) = (state.canvas.width.max(440.0) - PAD - x0, row * n as f32);
    frame.y += 16.0;
    let y0 = frame.y;
    let columns = Band::filling(longest, x0, width);
    frame.positions(Side::Above, y0, columns.ticks(56.0, None, 0.0).into_iter().map(|c| (columns.at(c), c)));
    names(&mut frame, data, x0, row);
    let mut cells = vec![shade(0.0, layout.limit); n * longest];
    for (cells, vector) in cells.chunks_mut(longest).zip(&data.vectors) {
        cells.iter_mut().zip(&vector.values).for_each(|(cell, value)| *cell = shade(*value, layout.limit));
    }
    frame.push(Node::raster(x0, y0, width, height, Raster::new(longest, n, palette(theme), cells)).key("vectors"));
    if let Some(component) = state.component.filter(|c| *c < longest) {
        let cell = width / longest as f32;
        let ring = Node::rect(x0 + component as f32 * cell - 2.0, y0 - 2.0, cell.max(1.0) + 4.0, height + 4.0);
        frame.push(ring.radius(3.0).stroke(Stroke::new(theme.accent, 2.0)).key("ring"));
    }
    frame.y = y0 + height + 16.0;
    legend(&mut frame, &layout);
    let clipped = words!("Colours are full at ±{}; some numbers lie beyond.", number(layout.limit));
    let clipped = if layout.clipped { clipped.as_str() } else { "" };
    let some = if row < 14.0 { words!("Only some rows are named.") } else { "" };
    frame.finish(&caption(&[&credit(&data.model), some, clipped]), description(data))
}

/// Names to the left of the rows, with the rows' numbers.
fn names(frame: &mut Frame, data: &Data, x0: f32, row: f32) {
    let (theme, y0, n) = (frame.theme, frame.y, data.vectors.len());
    let rows = Band { start: y0, step: row, n };
    let every = if row >= 14.0 { 1 } else { rows.every(20.0) };
    for (i, vector) in data.vectors.iter().enumerate().step_by(every) {
        let mid = rows.at(i);
        let number = count(i);
        let room = LABEL_W - 10.0 - text::width(&number, SMALL, Weight::Regular);
        let mut runs = token::runs(&vector.name, theme.faint, room, SMALL, Weight::Regular);
        runs.iter_mut().filter(|run| run.fill.is_none()).for_each(|run| run.fill = Some(theme.text));
        runs.push(Run::new(format!("  {number}")));
        frame.push(Node::text(x0 - 8.0, mid, runs).size(SMALL).anchor(Anchor::End).fill(theme.muted).centred());
    }
}
