//! The columns of the softmax figure, and the range of its axis of scores.

use super::{Data, State};
use crate::figure::frame::{LABEL, PAD};
use crate::scale::Linear;
use crate::scene::Weight;
use crate::token;

/// The most keys with a row: those with the largest weights in the model, and those set by hand.
const MAX_KEYS: usize = 12;

/// More later keys than this share one line.
pub(super) const MAX_QUIET: usize = 3;

pub(super) struct Layout {
    pub width: f32,
    /// Height of a row.
    pub row: f32,
    pub label_w: f32,
    /// Right edge of q·k, where it has a column of its own.
    pub dot: Option<f32>,
    /// Right edge of the score's number.
    pub score: f32,
    /// The axis of the scores, along which their bars are drawn.
    pub scale: Linear,
    /// Left edge and width of the bar of exp, where there is room for it.
    pub exp: Option<(f32, f32)>,
    /// Right edge of the weight.
    pub weight: f32,
    /// The keys with a row, and those without; masked ones are in neither list.
    pub shown: Vec<usize>,
    pub left_out: Vec<usize>,
}

impl Layout {
    pub fn new(data: &Data, state: &State) -> Self {
        let canvas = if state.canvas.width.is_finite() { state.canvas.width } else { 0.0 };
        let width = canvas.clamp(330.0, 900.0);
        let (shown, left_out) = choose(data, state);
        let masked = (0..data.dots.len()).filter(|&k| data.is_masked(k)).take(MAX_QUIET);
        let names = shown.iter().copied().chain(masked);
        let names = names.map(|k| token::width(data.token(k), LABEL + 1.0, Weight::Semibold));
        let longest = names.fold(34.0, f32::max);
        let (weight, ends) = (width - PAD, ends(data, &shown));
        if width < 600.0 {
            let label_w = longest.clamp(46.0, 76.0);
            let score = PAD + label_w + 58.0;
            let bar = score + 14.0;
            return Self {
                width,
                row: 46.0,
                label_w,
                dot: None,
                score,
                scale: Linear::new(ends, (bar, weight - 62.0)),
                exp: None,
                weight,
                shown,
                left_out,
            };
        }
        let label_w = longest.min(100.0);
        let dot = PAD + label_w + 68.0;
        let score = dot + 62.0;
        let bar = score + 16.0;
        // What is left for two bars: the score's bar, which can be dragged, gets more.
        let room = weight - 108.0 - 74.0 - bar;
        let bar_w = (room * 0.62).round();
        let exp = (bar + bar_w + 30.0, room - bar_w);
        Self {
            width,
            row: 42.0,
            label_w,
            dot: Some(dot),
            score,
            scale: Linear::new(ends, (bar, bar + bar_w)),
            exp: Some(exp),
            weight,
            shown,
            left_out,
        }
    }

    /// The place of a score.
    pub fn x(&self, score: f32) -> f32 {
        self.scale.at(score)
    }
}

/// The ends of the axis. They depend only on the model's scores: otherwise the axis would move while a grip is dragged.
fn ends(data: &Data, shown: &[usize]) -> (f32, f32) {
    let scores = || shown.iter().filter_map(|&k| data.score(k)).filter(|s| s.is_finite());
    let end = |most: f32| if most > 0.0 { round_up(most.min(1e30) * 1.15) } else { 0.0 };
    let high = end(scores().fold(0.0, f32::max));
    let low = end(-scores().fold(0.0, f32::min));
    // Room to drag a score below zero, and above.
    let most = high.max(low).max(1.0);
    (-low.max(most * 0.4), high.max(most * 0.4))
}

/// A round number no smaller than `x`, in finer steps than those of an axis of shares, so that bars use their room.
fn round_up(x: f32) -> f32 {
    let power = 10f64.powf(f64::from(x).log10().floor());
    let steps = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    steps.iter().map(|s| s * power).find(|&s| s >= f64::from(x)).unwrap_or(10.0 * power) as f32
}

/// The keys to draw in their order, and those left out. It goes by the model's weights, so that rows do not come and go
/// while the reader drags.
fn choose(data: &Data, state: &State) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..data.dots.len()).filter(|&k| !data.is_masked(k)).collect();
    let rank = |k: usize| (state.edit(k).is_some(), data.score(k).filter(|s| !s.is_nan()).unwrap_or(f32::NEG_INFINITY));
    order.sort_by(|&a, &b| rank(b).0.cmp(&rank(a).0).then(rank(b).1.total_cmp(&rank(a).1)));
    let mut left_out = order.split_off(order.len().min(MAX_KEYS));
    order.sort_unstable();
    left_out.sort_unstable();
    (order, left_out)
}
