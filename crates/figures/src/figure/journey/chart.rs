//! All depths of [`crate::figure::journey`]: paths that climb from the embedding to the last layer.

use super::{Axis, Data, said};
use crate::figure::frame::{Frame, PAD};
use crate::number::fixed;
use crate::scale::nice_step;
use crate::scene::Segment::{Line, Move};
use crate::scene::{Anchor, Node, Run, Segment, Stroke, Target};
use crate::token;

/// Room for the layers' numbers.
pub(super) const LABEL_W: f32 = 52.0;

/// The most depths that have dots: of more, only some have.
const MAX_DOTS: usize = 64;

/// The heights of the depths.
struct Rows {
    depths: usize,
    /// The height of the embedding, the lowest.
    bottom: f32,
    step: f32,
}

impl Rows {
    fn y(&self, depth: usize) -> f32 {
        self.bottom - depth as f32 * self.step
    }

    /// The depths with dots: all, or some of them and the chosen one.
    fn dotted(&self, chosen: usize) -> impl Iterator<Item = usize> {
        let (step, last) = (nice_step(self.depths, MAX_DOTS), self.depths - 1);
        (0..self.depths).filter(move |d| d.is_multiple_of(step) || *d == chosen || *d == last)
    }
}

/// Rows, landmarks' lines, paths with dots, numbers around.
pub(super) fn draw(frame: &mut Frame, data: &Data, axis: &Axis, depth: usize) {
    let depths = data.depths();
    let step = (400.0 / depths.saturating_sub(1).max(1) as f32).min(if depths > 12 { 13.0 } else { 56.0 });
    let top = frame.y + 18.0;
    let rows = Rows { depths, bottom: top + step * (depths - 1) as f32, step };
    grid(frame, axis, &rows, depth);
    layers(frame, &rows, depth);
    for (i, landmark) in data.landmarks().iter().enumerate() {
        let line = Node::path(climb(&landmark.at, axis, &rows)).stroke(Stroke::new(frame.theme.faint, 1.0).round());
        frame.push(line.opacity(0.55).key(format!("landmark-line-{i}")));
    }
    for i in 0..data.paths().len() {
        path(frame, data, axis, &rows, (i, depth));
    }
    frame.y = rows.bottom + 12.0;
    for (at, text) in [(-1.0, "−1"), (0.0, "0"), (1.0, "1")] {
        let Some(x) = axis.x(at) else { continue };
        frame.label(x, frame.y + 8.0, Anchor::Middle, text);
    }
    frame.y += 20.0;
}

/// Lines at −1, 0 and 1, a band behind the chosen depth, and a place to click at each that has dots.
fn grid(frame: &mut Frame, axis: &Axis, rows: &Rows, depth: usize) {
    let theme = frame.theme;
    let (top, bottom) = (rows.y(rows.depths - 1) - 10.0, rows.bottom + 10.0);
    let height = rows.step.clamp(8.0, 22.0);
    let band = |depth: usize| Node::rect(PAD, rows.y(depth) - height / 2.0, axis.right - PAD, height).radius(4.0);
    frame.push(band(depth).fill(theme.surface).stroke(Stroke::new(theme.grid, 1.0)).key("chosen-depth"));
    for at in [-1.0, 0.0, 1.0] {
        let Some(x) = axis.x(at) else { continue };
        let line = Stroke::new(theme.grid, 1.0);
        let line = if at == 0.0 { line } else { line.dash(3.0, 3.0) };
        frame.push(Node::line(x, top, x, bottom, line));
    }
    for depth in rows.dotted(depth) {
        let row = band(depth).fill(theme.background).opacity(0.0);
        frame.push(row.target(Target::Item { index: depth }).key(format!("row-{depth}")));
    }
}

/// The layers' numbers at the left: some of them, and always the chosen one's.
fn layers(frame: &mut Frame, rows: &Rows, depth: usize) {
    let theme = frame.theme;
    let right = PAD + LABEL_W - 10.0;
    let every = nice_step(rows.depths, ((rows.depths as f32 * rows.step / 30.0) as usize).max(2));
    let name = |depth: usize| if depth == 0 { "embed".to_string() } else { (depth - 1).to_string() };
    // Layers 0, 5, 10 …; the embedding stands one below layer 0.
    let regular = |d: usize| d == 0 || (d - 1).is_multiple_of(every) && (d > 1 || rows.step > 14.0);
    for d in (0..rows.depths).filter(|&d| regular(d) || d == depth) {
        let chosen = d == depth;
        if !chosen && (d.abs_diff(depth) as f32) * rows.step < 14.0 {
            continue;
        }
        let node = Node::text(right, rows.y(d), Run::new(name(d))).size(11.5).anchor(Anchor::End);
        let node = if chosen { node.bold().fill(theme.text) } else { node.fill(theme.muted) };
        frame.push(node.centred().key(format!("layer-{d}")).target(Target::Item { index: d }));
    }
    let y = rows.y(rows.depths - 1) - 22.0;
    let name = Node::text(right, y, Run::new("layer ↑")).size(11.5).anchor(Anchor::End).fill(theme.muted);
    frame.push(name.centred());
}

/// A line through all places that are numbers.
fn climb(at: &[f32], axis: &Axis, rows: &Rows) -> Vec<Segment> {
    let mut d = Vec::new();
    let mut drawing = false;
    for (depth, at) in at.iter().enumerate().take(rows.depths) {
        let Some(x) = axis.x(*at) else {
            drawing = false;
            continue;
        };
        let y = rows.y(depth);
        d.push(if drawing { Line(x, y) } else { Move(x, y) });
        drawing = true;
    }
    d
}

/// One path: line and dots, the chosen depth's dot larger.
fn path(frame: &mut Frame, data: &Data, axis: &Axis, rows: &Rows, (i, depth): (usize, usize)) {
    let (theme, path) = (frame.theme, &data.paths()[i]);
    let fill = theme.run(i);
    let line = Node::path(climb(&path.at, axis, rows)).stroke(Stroke::new(fill, 2.0).round());
    frame.push(line.key(format!("path-line-{i}")));
    for d in rows.dotted(depth) {
        let Some((at, x)) = path.at.get(d).and_then(|at| Some((*at, axis.x(*at)?))) else { continue };
        let r = if d == depth { 5.5 } else { (rows.step * 0.3).clamp(1.5, 3.2) };
        let target = Target::Item { index: data.item(Some(i), d) };
        let dot = Node::circle(x, rows.y(d), r).fill(fill).value(at).target(target);
        let dot = if d == depth { dot.stroke(Stroke::new(theme.background, 1.5)) } else { dot };
        let word = token::spoken(&data.word);
        let said = format!("{word} in “{}”, {}: {}", token::plain(&path.name), said(d), fixed(at, 2));
        frame.push(dot.key(format!("path-{i}-{d}")).label(said));
    }
}
