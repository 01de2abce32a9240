//! The curve of the loss and the tracks below it, over one axis of steps.

use super::{Data, Measure, Series, State, at};
use crate::color::Color;
use crate::figure::axis::{Side, Tick, apart};
use crate::figure::frame::{Frame, LABEL, PAD, SMALL};
use crate::number::{brief, count, fixed, number, percent};
use crate::scale::{Linear, nice_step};
use crate::scene::Segment::{self, Line, Move};
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::text;
use attnscope_words::words;

/// Height of the loss.
const HEIGHT: f32 = 210.0;
/// Height of a track, without its name above.
const TRACK: f32 = 34.0;
/// Width kept at the right for the number at a line's end.
const VALUE_W: f32 = 58.0;
/// Width kept at the left for the numbers of the axis.
const AXIS_W: f32 = 26.0;
/// The most tracks.
pub(super) const MAX_TRACKS: usize = 8;

/// The scale of the steps, which the loss and all tracks share, and the loss at the top.
pub(super) struct Plot {
    pub width: f32,
    pub x: Linear,
    top: f32,
}

impl Plot {
    pub fn new(data: &Data, state: &State) -> Self {
        let canvas = if state.canvas.width.is_finite() { state.canvas.width } else { 0.0 };
        let width = canvas.clamp(330.0, 900.0);
        let last = data.losses.last().map_or(0, |l| l.0);
        let steps = data.steps.max(last).max(1) as f32;
        let x = Linear::new((0.0, steps), (PAD + AXIS_W, width - PAD - VALUE_W));
        Self { width, x, top: data.chance() * 1.16 }
    }

    fn x(&self, step: usize) -> f32 {
        self.x.at(step as f32)
    }

    /// The inverse of [`Self::x`].
    pub fn step_at(&self, x: f32) -> usize {
        self.x.value(x).round() as usize
    }

    /// The last step.
    fn steps(&self) -> usize {
        self.x.domain.1 as usize
    }

    fn left(&self) -> f32 {
        self.x.range.0
    }

    fn right(&self) -> f32 {
        self.x.range.1
    }
}

/// The scale of a band of the picture whose top is at `y`, in which numbers from 0 to `top` are drawn.
fn band(y: f32, height: f32, top: f32) -> Linear {
    Linear::new((0.0, top), (y + height, y))
}

pub(super) fn draw(frame: &mut Frame, data: &Data, state: &State, plot: &Plot, smooth: &[(usize, f32)]) {
    let theme = frame.theme;
    let name = vec![Run::new(words!("loss")).bold().fill(theme.text), Run::new(words!("  nats a word"))];
    frame.push(Node::text(PAD, frame.y + 6.0, name).size(LABEL).fill(theme.muted).centred());
    let step = state.step.map(|s| s.min(plot.steps()));
    let reads = match (step, data.losses.last()) {
        (Some(step), _) => words!("at step {}", count(step)),
        (None, Some(last)) => words!("step {} of {}", count(last.0), count(data.steps)),
        (None, None) => words!("{} steps planned", count(data.steps)),
    };
    let ink = if step.is_some() { theme.accent } else { theme.muted };
    let reads = Node::text(plot.width - PAD, frame.y + 6.0, Run::new(reads)).size(SMALL).anchor(Anchor::End).fill(ink);
    frame.push(reads.centred().key("step"));
    frame.y += 22.0;
    loss(frame, data, plot, smooth, step);
    steps_axis(frame, plot);
    for (index, series) in data.series.iter().take(MAX_TRACKS).enumerate() {
        let record = data.record.series.get(index).map_or(&[][..], Vec::as_slice);
        track(frame, plot, (series, record), index, step);
    }
}

/// The line through the chosen step, over one band only, so that it does not cross the names between the bands.
fn chosen_line(frame: &mut Frame, plot: &Plot, band: &Linear, step: Option<usize>, key: String) {
    let Some(step) = step else { return };
    let x = plot.x(step);
    let stroke = Stroke::new(frame.theme.accent, 1.0);
    let (bottom, top) = band.range;
    frame.push(Node::line(x, top - 3.0, x, bottom + 3.0, stroke).opacity(0.6).key(key));
}

fn loss(frame: &mut Frame, data: &Data, plot: &Plot, smooth: &[(usize, f32)], step: Option<usize>) {
    let theme = frame.theme;
    let band = band(frame.y, HEIGHT, plot.top);
    ticks(frame, plot, &band, band.ticks(6));
    chosen_line(frame, plot, &band, step, "chosen-step".into());
    level(frame, plot, &band, data.chance(), (words!("guessing"), "chance"), theme.muted);
    if let Some(reference) = data.reference.filter(|r| r.is_finite()) {
        level(frame, plot, &band, reference, (words!("the built-in model, trained"), "reference"), theme.output);
    }
    recorded(frame, plot, &band, &data.smooth(&data.record.losses), theme.text, "record-loss".into());
    let raw = extremes(&data.losses, plot, &band);
    frame.push(Node::path(raw).stroke(Stroke::new(theme.muted, 1.0).round()).opacity(0.35).key("raw"));
    let line = means(smooth, plot, &band);
    frame.push(Node::path(line).stroke(Stroke::new(theme.text, 2.2).round()).key("loss"));
    let chosen = match step {
        Some(step) => at(smooth, step),
        None => smooth.len().checked_sub(1).map(|i| (i, smooth[i])),
    };
    match chosen {
        Some((index, (s, value))) => {
            let shown = if value.abs() < 1000.0 { fixed(value, 2) } else { number(value) };
            let said = words!("loss at step {}: {shown} nats a word", count(s));
            point(
                frame,
                plot,
                (s, band.at(value), value),
                theme.text,
                step.is_some(),
                ("loss", &shown, said, Target::Item { index: MAX_TRACKS + index }),
            );
        }
        // The run before it is the picture.
        None if !data.record.losses.is_empty() => {}
        None => {
            let middle = (plot.left() + plot.right()) / 2.0;
            frame.label(middle, frame.y + HEIGHT * 0.55, Anchor::Middle, words!("not trained yet"));
        }
    }
    frame.y = band.range.0;
}

/// The line of an earlier run.
fn recorded(frame: &mut Frame, plot: &Plot, band: &Linear, points: &[(usize, f32)], ink: Color, key: String) {
    if !points.is_empty() {
        let line = Stroke::new(ink, 1.5).dash(1.5, 3.0);
        frame.push(Node::path(means(points, plot, band)).stroke(line).opacity(0.6).key(key));
    }
}

/// A loss to compare with: a dashed line with its name on it.
fn level(frame: &mut Frame, plot: &Plot, band: &Linear, loss: f32, (name, key): (&str, &str), ink: Color) {
    let y = band.at(loss);
    let dashed = Stroke::new(ink, 1.2).dash(5.0, 4.0);
    frame.push(Node::line(plot.left(), y, plot.right(), y, dashed).value(loss).key(key));
    let said = format!("{name}  {}", if loss.abs() < 1000.0 { fixed(loss, 2) } else { number(loss) });
    // The curve comes down from the upper left: a high line has its name at the right end, a low one at the left.
    let high = loss > plot.top / 2.0;
    let (x, anchor) = if high { (plot.right(), Anchor::End) } else { (plot.left() + 8.0, Anchor::Start) };
    let below = if high { -9.0 } else { 11.0 };
    if y + below > band.range.0 - 5.0 {
        return;
    }
    // A background, so that no grid line crosses the name.
    let wide = text::width(&said, SMALL, Weight::Regular);
    let left = if high { x - wide } else { x };
    frame.push(Node::rect(left - 3.0, y + below - 6.5, wide + 6.0, 13.0).fill(frame.theme.background));
    let node = Node::text(x, y + below, Run::new(said.clone())).size(SMALL).anchor(anchor).fill(ink).centred();
    let node = node.key(format!("{key}-name")).value(loss);
    frame.push(node.target(Target::Own).label(said));
}

/// Grid lines at these numbers of a band, and the numbers at the left.
fn ticks(frame: &mut Frame, plot: &Plot, band: &Linear, at: Vec<f32>) {
    let ticks: Vec<Tick> = at.into_iter().map(|value| Tick::new(band.at(value), brief(value))).collect();
    frame.grid(Side::Left, ticks.iter().map(|tick| tick.at), plot.x.range);
    frame.tick_labels(Side::Left, plot.left() - 8.0, &ticks);
}

fn steps_axis(frame: &mut Frame, plot: &Plot) {
    let y = frame.y + 14.0;
    // Whole steps, also where few are planned.
    let every = nice_step(plot.steps(), ((plot.right() - plot.left()) / 84.0).max(2.0) as usize);
    let steps = (0..=plot.steps()).step_by(every).map(|step| Tick::new(plot.x(step), count(step)));
    let steps: Vec<Tick> = steps.collect();
    frame.tick_labels(Side::Below, y, &apart(&steps));
    let name_w = text::width(words!("steps"), SMALL, Weight::Regular);
    // A longer word than the English one has no room beside the last tick.
    let below = if name_w > 36.0 { 15.0 } else { 0.0 };
    frame.label((plot.width - PAD).max(plot.right() + name_w), y + below, Anchor::End, words!("steps"));
    frame.y += 44.0;
}

/// One number from 0 to 1 over the steps.
fn track(
    frame: &mut Frame,
    plot: &Plot,
    (series, record): (&Series, &[(usize, f32)]),
    index: usize,
    step: Option<usize>,
) {
    let theme = frame.theme;
    let ink = match series.measure {
        Measure::Weight => theme.weight(0.62),
        Measure::Probability => theme.output,
    };
    let runs = stressed(&series.name, plot.width - 2.0 * PAD, theme.text);
    frame.push(Node::text(PAD, frame.y + 6.0, runs).size(SMALL).fill(theme.muted).centred());
    frame.y += 25.0;
    let band = band(frame.y, TRACK, 1.0);
    ticks(frame, plot, &band, vec![0.0, 1.0]);
    chosen_line(frame, plot, &band, step, format!("chosen-step-{index}"));
    recorded(frame, plot, &band, record, ink, format!("record-{index}"));
    let line = means(&series.points, plot, &band);
    let key = format!("series-{index}");
    frame.push(Node::path(line).stroke(Stroke::new(ink, 2.2).round()).key(key.clone()));
    let chosen =
        step.map_or(series.points.len().checked_sub(1).map(|i| (i, series.points[i])), |s| at(&series.points, s));
    if let Some((_, (s, value))) = chosen {
        let said = words!("{} at step {}: {}", series.name.replace('*', ""), count(s), percent(value));
        let shown = if value.is_nan() { "NaN".into() } else { percent(value) };
        point(
            frame,
            plot,
            (s, band.at(value), value),
            ink,
            step.is_some(),
            (&key, &shown, said, Target::Item { index }),
        );
    }
    frame.y += TRACK + 22.0;
}

/// The point of a line whose number is written beside it: at the line's end, or at the right if a step is chosen.
fn point(
    frame: &mut Frame,
    plot: &Plot,
    (step, y, value): (usize, f32, f32),
    ink: Color,
    chosen: bool,
    (key, shown, said, target): (&str, &str, String, Target),
) {
    let theme = frame.theme;
    let x = plot.x(step);
    let dot = Node::circle(x, y, 4.5).fill(ink).stroke(Stroke::new(theme.background, 1.5)).value(value).label(said);
    let dot = dot.key(format!("{key}-point"));
    frame.push(dot.target(target));
    // Beside the plot: behind the point goes on the line of an earlier run.
    let fill = if chosen { theme.accent } else { theme.text };
    let node = Node::text(plot.right() + 10.0, y, Run::new(shown)).size(LABEL).bold().fill(fill).centred();
    frame.push(node.key(format!("{key}-value")).value(value).target(target));
}

/// Lines from the lowest to the highest number of each pixel.
fn extremes(points: &[(usize, f32)], plot: &Plot, band: &Linear) -> Vec<Segment> {
    let mut d: Vec<Segment> = Vec::new();
    for column in columns(points, plot) {
        let x = plot.x(column[0].0);
        let (low, high) = column.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), p| (l.min(p.1), h.max(p.1)));
        // A single point is a dot: a line of almost no length with round ends.
        d.extend([Move(x, band.at(high)), Line(x, band.at(low) + 0.01)]);
    }
    d
}

/// A line through the mean of each pixel.
fn means(points: &[(usize, f32)], plot: &Plot, band: &Linear) -> Vec<Segment> {
    let mut d = Vec::new();
    for column in columns(points, plot) {
        let mean = column.iter().map(|p| p.1).sum::<f32>() / column.len() as f32;
        let (x, y) = (plot.x(column[column.len() - 1].0), band.at(mean));
        d.push(if d.is_empty() { Move(x, y) } else { Line(x, y) });
    }
    d
}

/// The points grouped by pixel, without those that are not numbers.
fn columns(points: &[(usize, f32)], plot: &Plot) -> Vec<Vec<(usize, f32)>> {
    let mut out: Vec<Vec<(usize, f32)>> = Vec::new();
    let mut last = f32::NEG_INFINITY;
    for &point in points.iter().filter(|p| p.1.is_finite()) {
        let x = plot.x(point.0).floor();
        match out.last_mut() {
            Some(column) if x == last => column.push(point),
            _ => out.push(vec![point]),
        }
        last = x;
    }
    out
}

/// `*dog* attends to *hot*` as runs, text between asterisks in bold and in `ink`; as much as fits.
fn stressed(name: &str, room: f32, ink: Color) -> Vec<Run> {
    let plain = name.replace('*', "");
    if text::width(&plain, 12.5, Weight::Semibold) > room {
        return vec![Run::new(text::fit(&crate::token::plain(&plain), room, 12.5, Weight::Regular))];
    }
    let parts = name.split('*').enumerate().filter(|(_, part)| !part.is_empty());
    let run = |(i, part): (usize, &str)| {
        let run = Run::new(crate::token::plain(part));
        if i % 2 == 1 { run.bold().fill(ink) } else { run }
    };
    parts.map(run).collect()
}
