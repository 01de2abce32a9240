//! Axes: the ticks of a scale with their labels, and the grid lines that go on from them.

use crate::figure::frame::{Frame, SMALL};
use crate::number::count;
use crate::scene::Segment::{Line, Move};
use crate::scene::{Anchor, Node, Segment, Stroke, Weight};
use crate::text;

/// A place that has a label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    /// Across for an axis above or below, down for one at the left.
    pub at: f32,
    pub label: String,
}

impl Tick {
    pub fn new(at: f32, label: impl Into<String>) -> Self {
        Self { at, label: label.into() }
    }
}

/// The side of a plot along which the labels stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Side {
    Left,
    Above,
    Below,
}

impl Side {
    /// A point at `tick` along the axis and `edge` across it.
    fn point(self, tick: f32, edge: f32) -> (f32, f32) {
        match self {
            Self::Left => (edge, tick),
            Self::Above | Self::Below => (tick, edge),
        }
    }

    /// Lines through these places, from one edge of the plot to the other.
    pub fn lines(self, places: impl IntoIterator<Item = f32>, (from, to): (f32, f32)) -> Vec<Segment> {
        let line = |at| [self.point(at, from), self.point(at, to)];
        places.into_iter().map(line).flat_map(|[(x1, y1), (x2, y2)]| [Move(x1, y1), Line(x2, y2)]).collect()
    }
}

impl Frame<'_> {
    /// Faint lines across the plot, from `edges.0` to `edges.1`, one at each place.
    pub fn grid(&mut self, side: Side, places: impl IntoIterator<Item = f32>, edges: (f32, f32)) {
        self.push(Node::path(side.lines(places, edges)).stroke(Stroke::new(self.theme.grid, 1.0)));
    }

    /// Labels whose ends (at the left) or middles (above, below) are at `edge`.
    pub fn tick_labels(&mut self, side: Side, edge: f32, ticks: &[Tick]) {
        let anchor = if side == Side::Left { Anchor::End } else { Anchor::Middle };
        for tick in ticks {
            let (x, y) = side.point(tick.at, edge);
            self.label(x, y, anchor, tick.label.as_str());
        }
    }

    /// Positions in a text, or components of a vector, beside the edge of a raster: a short mark and the number of each.
    pub fn positions(&mut self, side: Side, edge: f32, at: impl IntoIterator<Item = (f32, usize)>) {
        let ticks: Vec<Tick> = at.into_iter().map(|(place, index)| Tick::new(place, count(index))).collect();
        self.tick_marks(side, ticks.iter().map(|tick| tick.at), (edge - 6.0, edge - 2.0));
        self.tick_labels(side, edge - if side == Side::Left { 12.0 } else { 14.0 }, &ticks);
    }

    /// Short marks beside a plot, towards the labels.
    pub fn tick_marks(&mut self, side: Side, places: impl IntoIterator<Item = f32>, (from, to): (f32, f32)) {
        self.push(Node::path(side.lines(places, (from, to))).stroke(Stroke::new(self.theme.faint, 1.0)));
    }
}

/// Every tick, or every second, third, … back from the last, so that labels beside one another do not touch.
pub(crate) fn apart(ticks: &[Tick]) -> Vec<Tick> {
    let half = |tick: &Tick| text::width(&tick.label, SMALL, Weight::Regular) / 2.0 + 4.0;
    let every = |step: usize| {
        let last = ticks.len() - 1;
        ticks
            .iter()
            .enumerate()
            .filter(|(i, _)| (last - i).is_multiple_of(step))
            .map(|(_, tick)| tick.clone())
            .collect()
    };
    let fits = |ticks: &Vec<Tick>| ticks.windows(2).all(|w| (w[0].at - w[1].at).abs() > half(&w[0]) + half(&w[1]));
    (1..=ticks.len()).map(every).find(fits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_would_touch_are_left_out_from_the_last_one_on() {
        let ticks: Vec<Tick> = (0..5).map(|i| Tick::new(i as f32 * 22.0, format!("{}", i * 1000))).collect();
        let labels = |ticks: &[Tick]| ticks.iter().map(|tick| tick.label.clone()).collect::<Vec<_>>();
        assert_eq!(labels(&apart(&ticks)), ["0", "2000", "4000"]);
        assert_eq!(labels(&apart(&ticks[..1])), ["0"]);
        assert_eq!(apart(&[]), []);
    }
}
