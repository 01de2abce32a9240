//! All depths of [`crate::figure::journey`]: paths that climb from the embedding to the last layer.

use super::{Data, said};
use crate::figure::axis::{Side, Tick};
use crate::figure::frame::{Frame, PAD, SMALL};
use crate::number::{brief, fixed};
use crate::scale::{Band, Linear, nice_step};
use crate::scene::Segment::{Line, Move};
use crate::scene::{Anchor, Node, Run, Segment, Stroke, Target};
use crate::token;
use attnscope_words::words;

/// Room for the layers' numbers.
pub(super) const LABEL_W: f32 = 52.0;

/// The most depths that have dots: of more, only some have.
const MAX_DOTS: usize = 64;

/// The depths with dots: all, or some of them and the chosen one.
fn dotted(rows: &Band, chosen: usize) -> impl Iterator<Item = usize> {
    let (step, n) = (nice_step(rows.n, MAX_DOTS), rows.n);
    (0..n).filter(move |d| d.is_multiple_of(step) || *d == chosen || d + 1 == n)
}

/// Rows, landmarks' lines, paths with dots, numbers around.
pub(super) fn draw(frame: &mut Frame, data: &Data, axis: &Linear, depth: usize) {
    let depths = data.depths();
    let step = (400.0 / depths.saturating_sub(1).max(1) as f32).min(if depths > 12 { 13.0 } else { 56.0 });
    // The embedding is the lowest row, and each layer is one higher.
    let bottom = frame.y + 18.0 + step * (depths - 1) as f32;
    let rows = Band { start: bottom + step / 2.0, step: -step, n: depths };
    grid(frame, axis, &rows, depth);
    layers(frame, &rows, depth);
    for (i, landmark) in data.landmarks().iter().enumerate() {
        let line = Node::path(climb(&landmark.at, axis, &rows)).stroke(Stroke::new(frame.theme.faint, 1.0).round());
        frame.push(line.opacity(0.55).key(format!("landmark-line-{i}")));
    }
    for i in 0..data.paths().len() {
        path(frame, data, axis, &rows, (i, depth));
    }
    let ticks = [-1.0, 0.0, 1.0].map(|value| Tick::new(axis.at(value), brief(value)));
    frame.tick_labels(Side::Below, bottom + 20.0, &ticks);
    frame.y = bottom + 32.0;
}

/// Lines at −1, 0 and 1, a band behind the chosen depth, and a place to click at each that has dots.
fn grid(frame: &mut Frame, axis: &Linear, rows: &Band, depth: usize) {
    let theme = frame.theme;
    let (top, bottom) = (rows.at(rows.n - 1) - 10.0, rows.at(0) + 10.0);
    let height = rows.step.abs().clamp(8.0, 22.0);
    let band = |depth: usize| Node::rect(PAD, rows.at(depth) - height / 2.0, axis.range.1 - PAD, height).radius(4.0);
    frame.push(band(depth).fill(theme.surface).stroke(Stroke::new(theme.grid, 1.0)).key("chosen-depth"));
    frame.grid(Side::Below, [axis.at(0.0)], (top, bottom));
    let means = Side::Below.lines([-1.0, 1.0].map(|mean| axis.at(mean)), (top, bottom));
    frame.push(Node::path(means).stroke(Stroke::new(theme.grid, 1.0).dash(3.0, 3.0)));
    for depth in dotted(rows, depth) {
        let row = band(depth).fill(theme.background).opacity(0.0);
        frame.push(row.target(Target::Item { index: depth }).key(format!("row-{depth}")));
    }
}

/// The layers' numbers at the left: some of them, and always the chosen one's.
fn layers(frame: &mut Frame, rows: &Band, depth: usize) {
    let theme = frame.theme;
    let right = PAD + LABEL_W - 9.0;
    let (every, step) = (rows.every(30.0), rows.step.abs());
    let name = |depth: usize| if depth == 0 { "embed".to_string() } else { (depth - 1).to_string() };
    // Layers 0, 5, 10 …; the embedding stands one below layer 0.
    let regular = |d: usize| d == 0 || (d - 1).is_multiple_of(every) && (d > 1 || step > 14.0);
    for d in (0..rows.n).filter(|&d| regular(d) || d == depth) {
        let chosen = d == depth;
        if !chosen && (d.abs_diff(depth) as f32) * step < 14.0 {
            continue;
        }
        let node = Node::text(right, rows.at(d), Run::new(name(d))).size(SMALL).anchor(Anchor::End);
        let node = if chosen { node.bold().fill(theme.text) } else { node.fill(theme.muted) };
        frame.push(node.centred().key(format!("layer-{d}")).target(Target::Item { index: d }));
    }
    let y = rows.at(rows.n - 1) - 22.0;
    let name = Node::text(PAD, y, Run::new(words!("layer ↑"))).size(SMALL).fill(theme.muted);
    frame.push(name.centred());
}

/// A line through all places that are numbers.
fn climb(at: &[f32], axis: &Linear, rows: &Band) -> Vec<Segment> {
    let mut d = Vec::new();
    let mut drawing = false;
    for (depth, at) in at.iter().enumerate().take(rows.n) {
        let Some(x) = axis.try_at(*at) else {
            drawing = false;
            continue;
        };
        let y = rows.at(depth);
        d.push(if drawing { Line(x, y) } else { Move(x, y) });
        drawing = true;
    }
    d
}

/// One path: line and dots, the chosen depth's dot larger.
fn path(frame: &mut Frame, data: &Data, axis: &Linear, rows: &Band, (i, depth): (usize, usize)) {
    let (theme, path) = (frame.theme, &data.paths()[i]);
    let fill = theme.run(i);
    let line = Node::path(climb(&path.at, axis, rows)).stroke(Stroke::new(fill, 2.0).round());
    frame.push(line.key(format!("path-line-{i}")));
    for d in dotted(rows, depth) {
        let Some((at, x)) = path.at.get(d).and_then(|at| Some((*at, axis.try_at(*at)?))) else { continue };
        let r = if d == depth { 5.5 } else { (rows.step.abs() * 0.3).clamp(1.5, 3.2) };
        let target = Target::Item { index: data.item(Some(i), d) };
        let dot = Node::circle(x, rows.at(d), r).fill(fill).value(at).target(target);
        let dot = if d == depth { dot.stroke(Stroke::new(theme.background, 1.5)) } else { dot };
        let word = token::spoken(&data.word);
        let said = words!("{word} in “{}”, {}: {}", token::plain(&path.name), said(d), fixed(at, 2));
        frame.push(dot.key(format!("path-{i}-{d}")).label(said));
    }
}
