//! One chart of the costs: length to the right, cost upwards, both logarithmic, with the two ways of computing.

use super::{State, chosen_line, item};
use crate::color::Color;
use crate::figure::axis::{Side, Tick, apart};
use crate::figure::frame::{Frame, LABEL, SMALL};
use crate::number::{count, plural};
use crate::scale::Log;
use crate::scene::Segment::{Line, Move};
use crate::scene::{Anchor, Node, Run, Stroke, Target, Weight};
use crate::text;
use crate::theme::Theme;
use attnscope_words::{key, words};

/// Height of the plot.
const HEIGHT: f32 = 210.0;
/// Room for the numbers of the upright axis.
const LEFT: f32 = 58.0;
/// Room for the names at the lines' ends.
const RIGHT: f32 = 84.0;

/// What the guide line means.
const GUIDE: &str = key!("4 × for twice the length");

/// One way of computing: `(index in the data, length, cost)`, shortest first.
pub(super) struct Series {
    pub name: &'static str,
    key: &'static str,
    points: Vec<(usize, usize, f32)>,
}

impl Series {
    /// The whole matrix of weights, stored.
    pub fn whole(points: Vec<(usize, usize, f32)>) -> Self {
        Self { name: words!("whole matrix"), key: "whole", points }
    }

    /// In tiles, the matrix never stored.
    pub fn tiles(points: Vec<(usize, usize, f32)>) -> Self {
        Self { name: words!("in tiles"), key: "tiles", points }
    }

    /// The matrix has the colour of weights.
    pub fn color(&self, theme: &Theme) -> Color {
        if self.key == "whole" { theme.weight(0.6) } else { theme.text }
    }
}

/// One chart.
pub(super) struct Panel {
    pub key: &'static str,
    pub title: &'static str,
    pub series: [Series; 2],
    /// The lowest and the highest cost that the axis always holds.
    pub expected: (f32, f32),
    /// Formats a cost.
    pub shown: fn(f32) -> String,
}

/// The lengths across, the costs upwards.
struct Plot {
    x: Log,
    y: Log,
}

impl Plot {
    /// A plot between these places; the y axis holds all costs and those that the panel expects.
    fn new(panel: &Panel, lengths: (f32, f32), (left, right): (f32, f32), (top, bottom): (f32, f32)) -> Self {
        let costs = panel.series.iter().flat_map(|s| s.points.iter().map(|p| p.2));
        let costs = costs.chain([panel.expected.0, panel.expected.1]);
        let y = Log::powers_of_ten(costs, (bottom, top)).unwrap_or(Log::new((1.0, 10.0), (bottom, top)));
        Self { x: Log::new(lengths, (left, right)), y }
    }

    fn at(&self, len: usize, cost: f32) -> (f32, f32) {
        (self.x.at(len as f32), self.y.at(cost))
    }

    /// Left and right edge.
    fn sides(&self) -> (f32, f32) {
        self.x.range
    }

    fn top(&self) -> f32 {
        self.y.range.1
    }

    fn bottom(&self) -> f32 {
        self.y.range.0
    }

    /// Pixels up for each pixel across where the cost grows with the square of the length.
    fn slope_2(&self) -> f32 {
        -2.0 * self.y.decade() / self.x.decade()
    }
}

/// Draws a panel into `(left, width)` at the frame's `y`, and moves that below it.
pub(super) fn draw(
    frame: &mut Frame,
    panel: &Panel,
    x: (f32, f32),
    (left, width): (f32, f32),
    state: &State,
    told: Option<usize>,
) {
    let theme = frame.theme;
    let title = Node::text(left, frame.y + 7.0, Run::new(panel.title)).size(LABEL).bold().fill(theme.text).centred();
    frame.push(title);
    let top = frame.y + 26.0;
    let plot = Plot::new(panel, x, (left + LEFT, left + width - RIGHT), (top, top + HEIGHT));
    axes(frame, panel, &plot, state);
    guide(frame, panel, &plot);
    if let Some(&(_, len, _)) = state.selected.and_then(|i| panel.series[1].points.iter().find(|p| p.0 == i)) {
        chosen_line(frame, panel.key, plot.x.at(len as f32), plot.top(), plot.bottom());
    }
    let places = name_places(panel, &plot);
    for (x, y) in places.into_iter().flatten() {
        // A background, since names are drawn over grid lines.
        frame.push(Node::rect(x - 3.0, y - 14.0, RIGHT - 6.0, 28.0).fill(theme.background));
    }
    for series in &panel.series {
        line(frame, panel, series, &plot, told);
    }
    if panel.series.iter().all(|s| s.points.is_empty()) {
        let ((left, right), top) = (plot.sides(), plot.top());
        let (x, y) = ((left + right) / 2.0, (top + plot.bottom()) / 2.0);
        let text = Node::text(x, y, Run::new(words!("not measured yet"))).size(LABEL).anchor(Anchor::Middle);
        frame.push(text.fill(theme.muted).centred());
    }
    names(frame, panel, places);
    frame.y = plot.bottom() + 40.0;
}

fn axes(frame: &mut Frame, panel: &Panel, plot: &Plot, state: &State) {
    let (theme, (left, right), bottom) = (frame.theme, plot.sides(), plot.bottom());
    let costs =
        plot.y.ticks(13).into_iter().map(|cost| Tick::new(plot.y.at(cost), without_zeros(&(panel.shown)(cost))));
    let costs: Vec<Tick> = costs.collect();
    frame.grid(Side::Left, costs.iter().map(|tick| tick.at), plot.sides());
    frame.tick_labels(Side::Left, left - 8.0, &costs);
    let lengths = lengths(panel, state).into_iter().map(|len| Tick::new(plot.x.at(len as f32), count(len)));
    let lengths: Vec<Tick> = lengths.collect();
    frame.tick_marks(Side::Below, lengths.iter().map(|tick| tick.at), (bottom, bottom + 4.0));
    frame.tick_labels(Side::Below, bottom + 15.0, &apart(&lengths));
    frame.push(Node::line(left, bottom, right, bottom, Stroke::new(theme.faint, 1.0)));
    let unit = Node::text(right + 26.0, bottom + 15.0, Run::new(words!("tokens"))).size(SMALL).fill(theme.muted);
    frame.push(unit.centred());
}

/// `10.0 ms` as a round number: `10 ms`.
fn without_zeros(cost: &str) -> String {
    match cost.split_once(' ') {
        Some((n, unit)) if n.contains('.') && !n.contains('e') => {
            format!("{} {unit}", n.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => cost.into(),
    }
}

/// The lengths that have a tick: those planned, or the measured ones, or powers of two.
fn lengths(panel: &Panel, state: &State) -> Vec<usize> {
    let measured = panel.series.iter().flat_map(|s| s.points.iter().map(|p| p.1));
    let mut all: Vec<usize> = state.lengths.iter().copied().chain(measured).collect();
    if all.is_empty() {
        all = (6..=12).map(|power| 1 << power).collect();
    }
    all.sort_unstable();
    all.dedup();
    let step = all.len().div_ceil(64).max(1);
    all.into_iter().step_by(step).collect()
}

/// A faint line of slope 2 above the first point, along which its name is written.
fn guide(frame: &mut Frame, panel: &Panel, plot: &Plot) {
    let theme = frame.theme;
    let ((left, right), slope) = (plot.sides(), plot.slope_2());
    let first = panel.series.iter().filter_map(|s| s.points.first()).map(|&(_, len, cost)| plot.at(len, cost));
    // Where lines of this slope through the first points would meet the left edge; the highest of them.
    let Some(y) = first.map(|(x, y)| y + slope * (x - left)).reduce(f32::min) else { return };
    let start = (y - 30.0).min(plot.bottom());
    let end = (left + (start - plot.top()) / slope).min(right);
    if end - left < 30.0 {
        return;
    }
    let (x2, y2) = (end, start - slope * (end - left));
    let line = Stroke::new(theme.faint, 1.0).dash(5.0, 4.0);
    frame.push(Node::line(left, start, x2, y2, line).key(format!("{}-guide", panel.key)));
    // The line's name, along it and 9 pixels above, where it is long enough.
    let long = (x2 - left).hypot(start - y2);
    let half = text::width(attnscope_words::text(GUIDE), SMALL, Weight::Regular) / 2.0;
    if long < 2.0 * half + 12.0 {
        return;
    }
    let turn = -slope.atan();
    let (sin, cos) = turn.sin_cos();
    let along = long / 2.0 - half;
    let at = (left + cos * along + sin * 9.0, start + sin * along - cos * 9.0);
    let name = Node::text(at.0, at.1, Run::new(attnscope_words::text(GUIDE)))
        .size(SMALL)
        .fill(theme.muted)
        .rotate(turn.to_degrees());
    frame.push(name.centred().key(format!("{}-guide-name", panel.key)));
}

fn line(frame: &mut Frame, panel: &Panel, series: &Series, plot: &Plot, told: Option<usize>) {
    let (theme, color) = (frame.theme, series.color(frame.theme));
    let places: Vec<(f32, f32)> = series.points.iter().map(|&(_, len, cost)| plot.at(len, cost)).collect();
    let d = places.iter().enumerate().map(|(i, &(x, y))| if i == 0 { Move(x, y) } else { Line(x, y) }).collect();
    let key = format!("{}-{}", panel.key, series.key);
    frame.push(Node::path(d).stroke(Stroke::new(color, 2.0).round()).key(key.clone()));
    for (&(index, len, cost), &(x, y)) in series.points.iter().zip(&places) {
        let circle = Node::circle(x, y, if told == Some(index) { 5.5 } else { 4.0 });
        // Hollow for the matrix, filled for tiles, so that they can be told apart without colour.
        let fill = if series.key == "whole" { theme.background } else { color };
        let circle = circle.fill(fill).stroke(Stroke::new(color, 2.0)).value(cost);
        let circle = circle.target(Target::Item { index: item(&key, index) }).key(format!("{key}-{index}"));
        frame.push(circle.label(format!("{}, {}: {}", plural(len, "token"), series.name, (panel.shown)(cost))));
    }
}

/// Where a series' name begins, at the height of its middle: right of its last point, out of the way of the others.
fn name_places(panel: &Panel, plot: &Plot) -> [Option<(f32, f32)>; 2] {
    let places = |i: usize| -> Vec<(f32, f32)> {
        panel.series[i].points.iter().map(|&(_, len, cost)| plot.at(len, cost)).collect()
    };
    let lines = [places(0), places(1)];
    let mut ends = [0, 1].map(|i| lines[i].last().map(|&(x, y)| (x + 11.0, y)));
    for i in [0, 1] {
        let (Some((x, y)), Some((other, _))) = (ends[i], ends[1 - i]) else { continue };
        // This line ended earlier and the other goes on: the name goes below that one, where rising costs leave room.
        let (from, to) = (height(&lines[1 - i], x - 3.0), height(&lines[1 - i], x + RIGHT - 11.0));
        if other > x + 8.0 && from.min(to) < y + 16.0 && from.max(to) > y - 16.0 {
            ends[i] = Some((x, from.max(to) + 22.0));
        }
    }
    // Two lines of text each: names that are closer than that are moved apart.
    if let [Some((xa, a)), Some((xb, b))] = ends
        && (xa - xb).abs() < RIGHT
        && (a - b).abs() < 32.0
    {
        let mid = ((a + b) / 2.0).clamp(plot.top() + 22.0, plot.bottom() - 30.0);
        let half = if a <= b { 16.0 } else { -16.0 };
        ends = [Some((xa, mid - half)), Some((xb, mid + half))];
    }
    ends.map(|end| end.map(|(x, y)| (x, y.clamp(plot.top() + 4.0, plot.bottom() - 12.0))))
}

/// The height at `x` of a line through these places; beyond its end, the height of the end.
fn height(line: &[(f32, f32)], x: f32) -> f32 {
    let after = line.iter().position(|p| p.0 >= x);
    match after {
        Some(0) => line[0].1,
        Some(i) => {
            let (a, b) = (line[i - 1], line[i]);
            a.1 + (b.1 - a.1) * ((x - a.0) / (b.0 - a.0).max(0.01)).clamp(0.0, 1.0)
        }
        None => line.last().map_or(0.0, |p| p.1),
    }
}

/// The two names with the last costs.
fn names(frame: &mut Frame, panel: &Panel, places: [Option<(f32, f32)>; 2]) {
    let theme = frame.theme;
    for (series, place) in panel.series.iter().zip(places) {
        let (Some((x, y)), Some(&(_, _, cost))) = (place, series.points.last()) else { continue };
        let lines = [vec![Run::new(series.name).bold().fill(series.color(theme))], vec![Run::new((panel.shown)(cost))]];
        for (row, runs) in lines.into_iter().enumerate() {
            let node = Node::text(x, y - 7.0 + 14.0 * row as f32, runs).size(SMALL).fill(theme.text);
            frame.push(node.centred().key(format!("{}-{}-name-{row}", panel.key, series.key)));
        }
    }
}
