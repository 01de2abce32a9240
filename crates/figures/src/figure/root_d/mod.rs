//! Why scores are divided by √d: the spread of dot products of random vectors grows with d, and softmax of large
//! numbers gives nearly all weight to one of them.

mod arithmetic;
mod table;
mod weights;

use crate::figure::Canvas;
use crate::figure::axis::{Side, Tick};
use crate::figure::frame::{Frame, LABEL, PAD, SMALL, caption};
use crate::number::{brief, count, fixed, number, plural};
use crate::scale::Linear;
use crate::scene::Segment::{Line, Move};
use crate::scene::{Anchor, Node, Run, Scene, Stroke, Target};
use crate::theme::Theme;
use attnscope_words::words;
use weights::{SHOWN, said_largest};

/// The axis goes from −70 to 70 whatever d is, so that the histogram visibly widens: d = 512 spreads by 22.6.
const LIMIT: f32 = 70.0;
/// One bar per unit.
const BINS: usize = 140;
/// Height of a histogram's highest bar.
const HEIGHT: f32 = 92.0;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// How many components the vectors have.
    pub d: usize,
    /// Dot products of pairs of random vectors with standard-normal components
    /// (`attnscope::analysis::random_dots`).
    pub dots: Vec<f32>,
    /// The seed of the random vectors.
    pub seed: u64,
}

impl Data {
    /// √d; 1 if there are no components, so that it can be a divisor.
    pub fn root(&self) -> f32 {
        (self.d.max(1) as f32).sqrt()
    }

    /// The dot products divided by √d.
    pub fn scaled(&self) -> Vec<f32> {
        self.dots.iter().map(|dot| dot / self.root()).collect()
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The area to draw on.
    pub canvas: Canvas,
}

/// The spread of numbers: their standard deviation. `None` if there are no numbers.
pub fn spread(values: &[f32]) -> Option<f32> {
    let finite = || values.iter().filter(|v| v.is_finite()).map(|&v| f64::from(v));
    let n = finite().count() as f64;
    let mean = finite().sum::<f64>() / n;
    let variance = finite().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    Some(variance.sqrt() as f32).filter(|s| s.is_finite())
}

/// The bin of a number; the outermost one for a number beyond the axis.
fn bin(value: f32) -> usize {
    let bin = (value + LIMIT) * BINS as f32 / (2.0 * LIMIT);
    (bin.max(0.0) as usize).min(BINS - 1)
}

/// How many of the numbers each bin holds, and how many of them lie beyond the axis, counted at its ends.
fn bins(values: &[f32]) -> (Vec<usize>, usize) {
    let mut bins = vec![0; BINS];
    let finite = || values.iter().filter(|v| v.is_finite());
    for v in finite() {
        bins[bin(*v)] += 1;
    }
    (bins, finite().filter(|v| v.abs() > LIMIT).count())
}

/// Draws it.
pub fn render(data: &Data, state: &State, theme: &Theme) -> Scene {
    let width = state.canvas.width.max(320.0);
    let lead = words!(
        "Dot products of random vectors: the more components, the further they spread. Divided by √d they do not."
    );
    let mut frame = Frame::new(theme, &state.canvas, width, words!("Why divide by √d?"), lead);
    let (scaled, top) = (data.scaled(), frame.y + 24.0);
    grid(&mut frame, top);
    let root = format!("√{}", count(data.d));
    let expected = words!("expected {root} = {}", shown((data.d as f32).sqrt()));
    let beyond = histogram(&mut frame, &data.dots, name(theme, None), "raw", &expected);
    histogram(&mut frame, &scaled, name(theme, Some(&root)), "scaled", words!("expected 1"));
    ticks(&mut frame);
    if data.dots.is_empty() {
        frame.y += 8.0;
    } else {
        weights::rows(&mut frame, &data.dots, &scaled, &root);
    }
    let outside = words!("{} beyond ±{}, counted in the outermost bars.", plural(beyond, "product"), fixed(LIMIT, 0));
    let caption = caption(&[
        &words!("{} of random vectors with {}.", plural(data.dots.len(), "pair"), plural(data.d, "component")),
        words!("Spread is the standard deviation. Each histogram fills its height. Numbers are rounded."),
        if beyond > 0 { &outside } else { "" },
    ]);
    frame.finish(&caption, description(data, &scaled))
}

/// `q · k`, perhaps with its divisor.
fn name(theme: &Theme, root: Option<&str>) -> Vec<Run> {
    let mut runs = vec![Run::new("q").fill(theme.query), Run::new(" · "), Run::new("k").fill(theme.key)];
    runs.extend(root.map(|root| Run::new(format!(" ÷ {root}"))));
    runs
}

/// The axis that both histograms share.
fn axis(frame: &Frame) -> Linear {
    Linear::new((-LIMIT, LIMIT), (PAD, PAD + frame.inner()))
}

/// Distance from the top of a histogram's name to its base line.
const BLOCK: f32 = 24.0 + 20.0 + HEIGHT;
/// Between two histograms.
const GAP: f32 = 18.0;

/// Lines through both histograms.
fn grid(frame: &mut Frame, top: f32) {
    let (axis, block, second) = (axis(frame), BLOCK - 24.0, top + BLOCK + GAP);
    for edges in [(top, top + block), (second, second + block + 5.0)] {
        frame.grid(Side::Below, axis.ticks(7).into_iter().map(|value| axis.at(value)), edges);
    }
}

fn ticks(frame: &mut Frame) {
    let axis = axis(frame);
    let ticks: Vec<Tick> = axis.ticks(7).into_iter().map(|value| Tick::new(axis.at(value), brief(value))).collect();
    frame.y -= GAP;
    frame.tick_labels(Side::Below, frame.y + 15.0, &ticks);
    frame.y += 46.0;
}

/// A name, the spread as a bracket, the bars. Returns how many numbers are beyond the axis.
fn histogram(frame: &mut Frame, values: &[f32], name: Vec<Run>, key: &str, expected: &str) -> usize {
    let theme = frame.theme;
    let (bins, beyond) = bins(values);
    let most = bins.iter().copied().max().unwrap_or(0).max(1) as f32;
    let base = frame.y + BLOCK;
    frame.push(Node::text(PAD, frame.y + 8.0, name).size(LABEL).bold().fill(theme.text).centred());
    if let Some(spread) = spread(values) {
        let label = words!("spread {}, {expected}", shown(spread));
        let said = vec![
            Run::new(words!("spread ")).fill(theme.muted),
            Run::new(shown(spread)).bold(),
            Run::new(format!(", {expected}")).fill(theme.muted),
        ];
        let node = Node::text(PAD + frame.inner(), frame.y + 8.0, said).size(SMALL).anchor(Anchor::End);
        let node = node.fill(theme.text).centred().key(format!("spread-{key}")).value(spread);
        frame.push(node.target(Target::Own).label(label));
        bracket(frame, spread, base, key);
    }
    let step = frame.inner() / BINS as f32;
    let gap = if step >= 4.0 { 1.0 } else { 0.4 };
    for (i, &n) in bins.iter().enumerate() {
        let long = n as f32 / most * HEIGHT;
        let bar = Node::rect(PAD + i as f32 * step + gap / 2.0, base - long, step - gap, long);
        let bar = bar.fill(theme.weight(0.6)).key(format!("{key}-{i}")).value(n as f32);
        // A bar without height cannot be chosen.
        frame.push(if n == 0 { bar } else { bar.target(Target::Own).label(said(i, n)) });
    }
    frame.push(Node::line(PAD, base, PAD + frame.inner(), base, Stroke::new(theme.faint, 1.0)));
    frame.y = base + GAP;
    beyond
}

/// `12 of them from 3 to 4`
fn said(bin: usize, n: usize) -> String {
    let from = bin as f32 * 2.0 * LIMIT / BINS as f32 - LIMIT;
    words!("{} of them from {} to {}", count(n), fixed(from, 0), fixed(from + 2.0 * LIMIT / BINS as f32, 0))
}

/// A bracket over everything within one standard deviation.
fn bracket(frame: &mut Frame, spread: f32, base: f32, key: &str) {
    let theme = frame.theme;
    let (axis, y) = (axis(frame), base - HEIGHT - 12.0);
    let (left, right) = (axis.at(-spread), axis.at(spread));
    let band = Node::rect(left, y, right - left, base - y).fill(theme.weight(0.08)).key(format!("band-{key}"));
    frame.push(band.opacity(0.7));
    let d = vec![Move(left, y + 6.0), Line(left, y), Line(right, y), Line(right, y + 6.0)];
    frame.push(Node::path(d).stroke(Stroke::new(theme.text, 1.5)).key(format!("bracket-{key}")));
    let text = Node::text(right + 7.0, y + 1.0, Run::new(format!("±{}", shown(spread)))).size(SMALL).fill(theme.text);
    // Farther right it would leave the picture; the number is above as well.
    if right + 40.0 < PAD + frame.inner() {
        frame.push(text.centred().key(format!("sigma-{key}")));
    }
}

/// `22.4`, `0.99`
fn shown(spread: f32) -> String {
    if spread < 10.0 { fixed(spread, 2) } else { number(spread) }
}

fn description(data: &Data, scaled: &[f32]) -> String {
    let of = |values: &[f32]| spread(values).map_or("unknown".into(), shown);
    let mut out = words!(
        "Two histograms of {} of random vectors with {}. The spread of q·k is {}; the root of {} is {}. Divided by that \
         root, it is {}.",
        plural(data.dots.len(), "dot product"),
        plural(data.d, "component"),
        of(&data.dots),
        count(data.d),
        shown((data.d as f32).sqrt()),
        of(scaled)
    );
    if !data.dots.is_empty() {
        let n = data.dots.len().min(SHOWN);
        out += &words!(
            " Softmax of the first {}: as they are, {}; divided, {}.",
            count(n),
            said_largest(&data.dots[..n]),
            said_largest(&scaled[..n])
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Shape;

    #[test]
    fn what_is_beyond_is_counted_at_the_edge() {
        let (bins, beyond) = bins(&[-70.0, -1e9, 0.0, 0.99, -0.01, 70.0, 71.0, f32::NAN, f32::INFINITY]);
        assert_eq!((bins[0], bins[69], bins[70], bins[139], beyond), (2, 1, 2, 2, 2));
        assert_eq!(bins.iter().sum::<usize>(), 7);
    }

    #[test]
    fn spread_is_about_the_mean() {
        assert_eq!(spread(&[1.0, 3.0, f32::NAN]), Some(1.0));
        assert_eq!(spread(&[f32::NAN]), None);
    }

    #[test]
    fn the_axis_stays_when_d_grows() {
        let width = |d: usize| {
            let dots = attnscope::analysis::random_dots(d, 500, 3);
            let scene = render(&Data { d, dots, seed: 3 }, &State::default(), &Theme::LIGHT);
            let of = |key: &str| match scene.node(key).map(|n| &n.shape) {
                Some(Shape::Rect { width, .. }) => *width,
                _ => panic!("no {key}"),
            };
            [of("band-raw"), of("band-scaled")]
        };
        let ([raw_16, scaled_16], [raw_256, scaled_256]) = (width(16), width(256));
        assert!((raw_256 / raw_16 / 4.0 - 1.0).abs() < 0.15, "{raw_16} {raw_256}");
        assert!((scaled_256 / scaled_16 - 1.0).abs() < 0.15, "{scaled_16} {scaled_256}");
    }
}
