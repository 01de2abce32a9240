//! Where the columns of the components figure are: side by side, or, without room for that, in two lines per key.

use super::Data;
use crate::figure::frame::{LABEL, PAD};
use crate::scale::max_abs;
use crate::scene::Weight;
use crate::token;

/// Height of a line of bars; half of it up, half down.
pub(super) const ROW: f32 = 46.0;
/// Height of a row of a forbidden key.
pub(super) const MASKED_ROW: f32 = 30.0;
/// Height of the second line, that of the numbers.
const SECOND: f32 = 34.0;

const GAP: f32 = 20.0;
const SUM_W: f32 = 58.0;
const SCORE_W: f32 = 58.0;
const WEIGHT_W: f32 = 148.0;

/// Bars that have less width than this, gap included, are hard to see: they get more room, ...
const THIN: f32 = 2.6;
/// ... and if there is none left, the figure gets wider where they have less than this.
const THINNEST: f32 = 2.0;

pub(super) struct Layout {
    /// Whether a key has two lines: the bars, and under them sum, score and weight.
    pub stacked: bool,
    pub label_w: f32,
    pub strip_w: f32,
    /// Left edge of the keys' own bars, where there is room for them.
    pub k: Option<f32>,
    /// Left edge of the bars of the products.
    pub product: f32,
    /// Right edge of the sum.
    pub sum: f32,
    /// Right edge of the score.
    pub score: f32,
    /// Left edge and width of the weight: its bar, and the number behind it.
    pub weight: (f32, f32),
    pub width: f32,
}

impl Layout {
    pub fn new(data: &Data, canvas_width: f32) -> Self {
        let canvas_width = if canvas_width.is_finite() { canvas_width } else { 0.0 };
        let names = data.of.of.tokens.iter().map(|t| token::width(t, LABEL + 1.0, Weight::Semibold));
        let longest = names.fold(40.0, f32::max);
        let d = data.row.q.len() as f32;
        let side_by_side = Self::side_by_side(longest.min(110.0), canvas_width, d);
        match side_by_side.width <= canvas_width {
            true => side_by_side,
            false => Self::stacked(longest.min(72.0), canvas_width.max(320.0), d),
        }
    }

    fn side_by_side(label_w: f32, canvas_width: f32, d: f32) -> Self {
        let fixed = 2.0 * PAD + label_w + 5.0 * GAP + SUM_W + SCORE_W + WEIGHT_W;
        let strip_w = ((canvas_width - fixed) / 2.0).max(d * THIN).clamp(120.0, 520.0);
        let k = PAD + label_w + GAP;
        let product = k + strip_w + GAP;
        let sum = product + strip_w + GAP + SUM_W;
        let score = sum + GAP + SCORE_W;
        let weight = (score + GAP, WEIGHT_W);
        let width = weight.0 + weight.1 + PAD;
        Self { stacked: false, label_w, strip_w, k: Some(k), product, sum, score, weight, width }
    }

    fn stacked(label_w: f32, canvas_width: f32, d: f32) -> Self {
        let left = PAD + label_w + 12.0;
        let room = canvas_width - PAD - left;
        let half = (room - 16.0) / 2.0;
        let (k, product, strip_w) = match half >= d * THIN {
            true => (Some(left), left + half + 16.0, half),
            false => (None, left, room.max(d * THINNEST)),
        };
        // Under the products that it is the sum of, or, where those leave no room, under all columns.
        let sum = 46.0 + if canvas_width - PAD - product > 220.0 { product } else { left };
        let score = sum + 54.0;
        let weight = (score + 14.0, canvas_width - PAD - score - 14.0);
        let width = product + strip_w + PAD;
        Self { stacked: true, label_w, strip_w, k, product, sum, score, weight, width }
    }

    /// Left edge of the first bars.
    pub fn first(&self) -> f32 {
        self.k.unwrap_or(self.product)
    }

    /// Height of a key's row.
    pub fn row(&self) -> f32 {
        if self.stacked { ROW + SECOND } else { ROW }
    }

    /// From a row's top to the middle of its numbers.
    pub fn numbers(&self) -> f32 {
        if self.stacked { ROW + 11.0 } else { ROW / 2.0 }
    }
}

/// The number with the longest bar, of each kind of bars.
pub(super) struct Longest {
    pub q: f32,
    pub k: f32,
    pub product: f32,
}

impl Longest {
    pub fn new(data: &Data) -> Self {
        let keys = || data.row.keys.iter();
        let seen = || keys().filter(|k| k.score != f32::NEG_INFINITY);
        Self {
            q: max_abs(data.row.q.iter().copied()),
            k: max_abs(keys().flat_map(|k| k.k.iter().copied())),
            product: max_abs(seen().flat_map(|k| k.product.iter().copied())),
        }
    }
}
