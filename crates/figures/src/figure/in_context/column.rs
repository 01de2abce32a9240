//! One reading: its heading, and a row for each word, the nearest first.

use super::{Data, color};
use crate::figure::axis::{Side, Tick};
use crate::figure::frame::{Frame, LABEL};
use crate::number::{brief, fixed};
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::text;
use crate::token::{self, spoken};
use attnscope_words::words;

const ROW: f32 = 24.0;
/// Room for the number at a row's end.
const NUMBER: f32 = 40.0;
/// From a word to the axis.
const AIR: f32 = 14.0;
/// This many words are the answer: the rest is fainter.
const FIRST: usize = 3;

/// Draws the reading of an index at a depth into `(left, width)`, and moves the frame's `y` below it.
pub(super) fn draw(frame: &mut Frame, data: &Data, (reading, depth): (usize, usize), (x, width): (f32, f32)) {
    let theme = frame.theme;
    let heading = words!("in “{}”", token::plain(&data.readings[reading].name));
    let heading = text::fit(&heading, width, LABEL + 1.0, Weight::Semibold);
    frame.push(Node::text(x, frame.y + 8.0, Run::new(heading)).size(LABEL + 1.0).bold().fill(theme.text).centred());
    frame.y += 26.0;
    let longest =
        data.words().iter().map(|word| token::width(&word.name, LABEL, Weight::Semibold)).fold(30.0, f32::max);
    let label_w = longest.min(width * 0.32);
    let axis = data.axis((x + label_w + AIR, x + width - NUMBER));
    let (top, order) = (frame.y, data.nearest(reading, depth));
    let bottom = top + ROW * order.len() as f32;
    let ticks: Vec<Tick> = axis.ticks(3).into_iter().map(|at| Tick::new(axis.at(at), brief(at))).collect();
    frame.grid(Side::Below, ticks.iter().map(|tick| tick.at), (top, bottom + 4.0));
    for (rank, word) in order.into_iter().enumerate() {
        let mid = top + (rank as f32 + 0.5) * ROW;
        row(frame, data, (reading, depth, word), rank, (x, label_w, mid, x + width), &axis);
    }
    frame.tick_labels(Side::Below, bottom + 14.0, &ticks);
    frame.y = bottom + 24.0;
}

/// A word, a dot at its cosine with a line from the beginning of the axis, and the number.
fn row(
    frame: &mut Frame,
    data: &Data,
    (reading, depth, index): (usize, usize, usize),
    rank: usize,
    (x, label_w, mid, right): (f32, f32, f32, f32),
    axis: &crate::scale::Linear,
) {
    let (theme, word, cosine) = (frame.theme, &data.words[index], data.cosine(reading, depth, index));
    let first = rank < FIRST && cosine.is_finite();
    let fill = color(theme, word.kind);
    let runs = token::runs(&word.name, theme.faint, label_w, LABEL, Weight::Semibold);
    let name = Node::text(x + label_w, mid, runs).size(LABEL).anchor(Anchor::End).centred();
    let name = if first { name.bold().fill(theme.text) } else { name.fill(theme.muted) };
    frame.push(name.key(format!("word-{reading}-{index}")));
    let (from, to) = (axis.range.0, axis.try_at(cosine).unwrap_or(axis.range.0));
    let stem = Node::rect(from, mid - 1.0, (to - from).max(0.5), 2.0).fill(fill).opacity(if first { 0.7 } else { 0.3 });
    frame.push(stem.key(format!("stem-{reading}-{index}")));
    let said = words!("{}: cosine {}", spoken(&word.name), fixed(cosine, 2));
    let target = Target::Item { index: data.item(reading, depth, index) };
    let dot =
        Node::circle(to, mid, if first { 6.0 } else { 4.5 }).fill(fill).stroke(Stroke::new(theme.background, 1.5));
    frame.push(dot.key(format!("dot-{reading}-{index}")).value(cosine).label(said.clone()).target(target));
    let shown = if cosine.is_nan() { "–".into() } else { fixed(cosine, 2) };
    let shown = Node::text(right, mid, Run::new(shown)).size(LABEL).anchor(Anchor::End).centred();
    let shown = if first { shown.bold().fill(theme.text) } else { shown.fill(theme.muted) };
    frame.push(shown.key(format!("cosine-{reading}-{index}")).value(cosine).label(said).target(target));
}
