//! One head's attention pattern: the weight that each query gives each key, and which cells are masked.

use crate::color::Color;
use crate::figure::Error;
use crate::number::whole_percent;
use crate::raster::Raster;
use crate::scale::{nice_ceil, quantile_abs};
use crate::scene::{Run, Weight};
use crate::text::runs_width;
use crate::theme::Theme;
use crate::token::spoken;
use attnscope::Site;
use attnscope::analysis::piece;
use attnscope::{Array, LazyPattern, Trace};
use attnscope_words::words;
use std::ops::Range;

/// Palette index of a masked cell; 254 is a cell whose weight is not a number, lower ones are weights.
pub(super) const MASKED: u8 = 255;
pub(super) const BROKEN: u8 = 254;

/// The colours of those indices.
pub(super) fn palette(theme: &Theme) -> Vec<Color> {
    let weights = (0..BROKEN).map(|i| theme.weight(f32::from(i) / f32::from(BROKEN - 1)));
    weights.chain([theme.accent, theme.masked]).collect()
}

/// Weights of one head: `q_len` rows (queries) of `kv_len` (keys).
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Layer.
    pub layer: usize,
    /// Head.
    pub head: usize,
    /// Rows. The last query is the last key's token.
    pub q_len: usize,
    /// Columns.
    pub kv_len: usize,
    /// Whether its rows sum to less than 1, since the head has a sink.
    pub has_sink: bool,
    weights: Vec<f32>,
    allowed: Vec<bool>,
}

impl Pattern {
    /// Wraps row-major weights. Under a causal mask a query attends to no later key.
    pub fn new(layer: usize, head: usize, kv_len: usize, weights: Vec<f32>, causal: bool) -> Result<Self, Error> {
        Self::seen(layer, head, kv_len, weights, |position| 0..if causal { position + 1 } else { kv_len })
    }

    /// The same, where the query at a position may attend to these keys.
    fn seen(
        layer: usize,
        head: usize,
        kv_len: usize,
        weights: Vec<f32>,
        keys: impl Fn(usize) -> Range<usize>,
    ) -> Result<Self, Error> {
        let q_len = weights.len().checked_div(kv_len).unwrap_or(0);
        if q_len * kv_len != weights.len() || q_len > kv_len {
            let (expected, found) = (q_len.min(kv_len) * kv_len, weights.len());
            return Err(Error::Size { what: "pattern", expected, found });
        }
        let first = kv_len - q_len;
        let row = |q_idx: usize| (0..kv_len).zip(std::iter::repeat(keys(first + q_idx)));
        let allowed = (0..q_len).flat_map(row).map(|(k, keys)| keys.contains(&k)).collect();
        Ok(Self { layer, head, q_len, kv_len, has_sink: false, weights, allowed })
    }

    /// The pattern that a trace holds, or that can be computed from it. If it also holds scores, they say
    /// which cells are masked.
    pub fn from_trace(trace: &Trace, layer: usize, head: usize) -> Result<Self, Error> {
        let missing = || Error::NotCaptured { key: format!("blocks.{layer}.attn.pattern") };
        let model = &trace.model;
        if layer >= model.n_layers {
            return Err(Error::NoSuch { what: "layer", index: layer, len: model.n_layers });
        }
        if head >= model.n_heads {
            return Err(Error::NoSuch { what: "head", index: head, len: model.n_heads });
        }
        let lazy = LazyPattern::of(trace, layer, head).ok_or_else(missing)?;
        let weights = lazy.whole().ok_or_else(missing)?.into_owned();
        let (mask, n) = (model.mask(layer), lazy.kv_len());
        let mut pattern = Self::seen(layer, head, n, weights, |position| mask.visible(position, n))?;
        pattern.has_sink = model.sink(layer, head).is_some();
        let scores = trace.layer(layer, Site::Scores).and_then(|s| s.index(head));
        if let Some(scores) = scores.filter(|s| s.len() == pattern.weights.len()) {
            pattern.allowed = scores.iter().map(|&s| s != f32::NEG_INFINITY).collect();
        }
        Ok(pattern)
    }

    /// A head's pattern over `n` tokens from the largest weights of equal pieces of them, `[pixels, pixels]`, as
    /// `attnscope::analysis::piece` makes them. `keys` are those that the query at a position may attend to.
    pub fn pooled(
        layer: usize,
        head: usize,
        n: usize,
        max: &Array,
        keys: impl Fn(usize) -> Range<usize>,
    ) -> Result<Self, Error> {
        let pixels = max.shape().last().copied().unwrap_or(0);
        Self::seen(layer, head, pixels, max.data().to_vec(), |y| {
            let rows = piece(&(0..n), y, pixels.max(1));
            let (first, last) = (keys(rows.start).start, keys(rows.end.saturating_sub(1)).end);
            let is_seen = |x: &usize| {
                let cols = piece(&(0..n), *x, pixels.max(1));
                first < cols.end && cols.start < last
            };
            let from = (0..pixels).find(is_seen).unwrap_or(0);
            from..(from..pixels).rfind(is_seen).map_or(from, |x| x + 1)
        })
    }

    /// The weight that query `q_idx` gives key `k_idx`; `None` where it is masked or there is no such cell.
    pub fn weight(&self, q_idx: usize, k_idx: usize) -> Option<f32> {
        let at = q_idx * self.kv_len + k_idx;
        (q_idx < self.q_len && k_idx < self.kv_len && self.allowed[at]).then(|| self.weights[at])
    }

    /// The position in the text of the first query (not 0 when earlier keys came from a cache).
    pub fn first_query(&self) -> usize {
        self.kv_len - self.q_len
    }

    /// Whether the mask forbids any cell.
    pub fn is_masked(&self) -> bool {
        self.allowed.contains(&false)
    }

    /// The keys that a query attends to, largest weight first.
    pub fn strongest(&self, q_idx: usize) -> Vec<(usize, f32)> {
        let mut row: Vec<_> =
            (0..self.kv_len).filter_map(|k| Some((k, self.weight(q_idx, k)?))).filter(|(_, w)| w.is_finite()).collect();
        row.sort_by(|a, b| b.1.total_cmp(&a.1));
        row
    }

    /// A smaller pattern of at most `max_side` rows and columns: each cell the largest weight of a square
    /// of `block × block`. Returns the block as well, 1 if nothing was changed.
    pub fn shrunk(&self, max_side: usize) -> (Self, usize) {
        let block = self.kv_len.div_ceil(max_side.max(1)).max(1);
        if block == 1 {
            return (self.clone(), 1);
        }
        let (q_len, kv_len) = (self.q_len.div_ceil(block), self.kv_len.div_ceil(block));
        let (mut weights, mut allowed) = (vec![0.0; q_len * kv_len], vec![false; q_len * kv_len]);
        for q_idx in 0..self.q_len {
            for k_idx in 0..self.kv_len {
                let Some(w) = self.weight(q_idx, k_idx) else { continue };
                let at = q_idx / block * kv_len + k_idx / block;
                allowed[at] = true;
                // `max` would drop a NaN.
                weights[at] = if w.is_nan() {
                    w
                } else if weights[at] >= w {
                    weights[at]
                } else {
                    w
                };
            }
        }
        (Self { q_len, kv_len, weights, allowed, ..*self }, block)
    }

    /// A round weight that all but one in a thousand cells stay below: the end of the colour scale for a long text.
    pub fn full_at(&self) -> f32 {
        let shown = self.weights.iter().zip(&self.allowed).filter(|(_, allowed)| **allowed).map(|(w, _)| *w);
        nice_ceil(quantile_abs(shown, 0.999)).min(1.0)
    }

    /// One pixel per cell, in full colour from the weight `full_at` on.
    pub fn raster(&self, theme: &Theme, full_at: f32) -> Raster {
        let steps = f32::from(BROKEN - 1);
        let pixel = |(&w, &allowed): (&f32, &bool)| match allowed {
            false => MASKED,
            true if !w.is_finite() => BROKEN,
            true => ((w / full_at).clamp(0.0, 1.0) * steps).round() as u8,
        };
        let pixels = self.weights.iter().zip(&self.allowed).map(pixel).collect();
        Raster::new(self.kv_len, self.q_len, palette(theme), pixels)
    }

    /// A row in words, names in the colours of their parts: *dog attends 92 % to hot, 5 % to the*.
    /// Nothing if the row has no numbers. `tokens` are those of the keys.
    pub fn reading(&self, q_idx: usize, tokens: &[String], theme: &Theme) -> Vec<Run> {
        let name = |i: usize| tokens.get(i).map_or_else(|| format!("token {i}"), |t| spoken(t));
        let own = self.first_query() + q_idx;
        let mut runs = vec![Run::new(name(own)).bold().fill(theme.query), Run::new(words!(" attends "))];
        // Never more than three: beyond that a picture is clearer.
        let top: Vec<_> = self.strongest(q_idx).into_iter().take(3).collect();
        if let Some((_, largest)) = top.first()
            && *largest == 0.0
        {
            runs.push(Run::new(words!("to nothing: all its edges are cut")));
            return runs;
        }
        let said = top.iter().take_while(|(_, w)| *w >= 0.01).count().max(1);
        for (i, &(k_idx, w)) in top.iter().take(said).enumerate() {
            runs.push(Run::new(if i == 0 { "" } else { ", " }));
            runs.push(Run::new(words!("{} to ", whole_percent(w))));
            let whom = if k_idx == own { words!("itself").into() } else { name(k_idx) };
            runs.push(Run::new(whom).bold().fill(theme.key));
        }
        if top.is_empty() { Vec::new() } else { runs }
    }

    /// [`Self::reading`] in this size, with fewer keys where all of them would be wider than `room`.
    pub(super) fn reading_within(
        &self,
        q_idx: usize,
        tokens: &[String],
        theme: &Theme,
        size: f32,
        room: f32,
    ) -> Vec<Run> {
        // Two runs name the query, and three each key.
        const FIRST_KEY: usize = 2 + 3;
        let mut runs = self.reading(q_idx, tokens, theme);
        while runs.len() > FIRST_KEY && runs_width(&runs, size, Weight::Regular) > room {
            runs.truncate(runs.len() - 3);
        }
        runs
    }

    /// [`Self::reading`] without colours.
    pub fn said(&self, q_idx: usize, tokens: &[String]) -> String {
        self.reading(q_idx, tokens, &Theme::LIGHT).into_iter().map(|r| r.text).collect()
    }

    /// The cell with the largest weight between two different tokens, which a summary names first.
    pub fn peak(&self) -> Option<(usize, usize, f32)> {
        let cells = (0..self.q_len).flat_map(|q| (0..self.kv_len).map(move |k| (q, k)));
        cells
            .filter(|(q, k)| q + self.first_query() != *k)
            .filter_map(|(q, k)| Some((q, k, self.weight(q, k)?)))
            .filter(|c| c.2.is_finite())
            .max_by(|a, b| a.2.total_cmp(&b.2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Vec<String> {
        ["the", " hot", " dog"].map(String::from).into()
    }

    fn pattern() -> Pattern {
        let w = vec![1.0, 0.0, 0.0, 0.3, 0.7, 0.0, 0.05, 0.92, 0.03];
        Pattern::new(16, 0, 3, w, true).unwrap()
    }

    #[test]
    fn a_window_masks_what_lies_before_it() {
        let mut trace = attnscope::cost::RandomHead::new(6, 4).trace();
        trace.model.attention = trace.model.attention.map(|one| attnscope::Attention { window: Some(2), ..*one });
        let pattern = Pattern::from_trace(&trace, 0, 0).unwrap();
        let seen = |q_idx| (0..6).filter(|k| pattern.weight(q_idx, *k).is_some()).collect::<Vec<_>>();
        assert_eq!([seen(0), seen(1), seen(5)], [vec![0], vec![0, 1], vec![4, 5]]);
    }

    #[test]
    fn causal_queries_see_no_later_key() {
        let p = pattern();
        assert_eq!((p.weight(0, 1), p.weight(2, 1), p.weight(3, 0)), (None, Some(0.92), None));
        // With a cache: one query, the last token, and three keys.
        let last = Pattern::new(0, 0, 3, vec![0.2, 0.3, 0.5], true).unwrap();
        assert_eq!((last.first_query(), last.weight(0, 2), last.is_masked()), (2, Some(0.5), false));
        assert!(Pattern::new(0, 0, 3, vec![0.0; 7], true).is_err());
    }

    #[test]
    fn a_row_in_words() {
        assert_eq!(
            pattern().said(2, &tokens()).replace('\u{202f}', " "),
            "dog attends 92 % to hot, 5 % to the, 3 % to itself"
        );
        assert_eq!(pattern().said(0, &tokens()).replace('\u{202f}', " "), "the attends 100 % to itself");
    }

    #[test]
    fn shrinking_keeps_the_largest() {
        let mut w = vec![0.0; 100];
        w[37] = 0.8;
        let (small, block) = Pattern::new(0, 0, 10, w, false).unwrap().shrunk(4);
        assert_eq!((small.q_len, small.kv_len, block), (4, 4, 3));
        assert_eq!(small.weight(1, 2), Some(0.8));
    }

    #[test]
    fn pooled_is_the_largest_of_what_is_seen() {
        let tokens = attnscope::cost::RandomHead::new(10, 4).trace();
        let whole = Pattern::from_trace(&tokens, 0, 0).unwrap();
        let tile = LazyPattern::of(&tokens, 0, 0).unwrap().tile(0..10, 0..10, (4, 4)).unwrap();
        let small = Pattern::pooled(0, 0, 10, &tile.max, |position| 0..position + 1).unwrap();
        let largest = |y: usize, x: usize| {
            let (rows, cols) = (piece(&(0..10), y, 4), piece(&(0..10), x, 4));
            let cells = rows.flat_map(|q| cols.clone().map(move |k| (q, k)));
            cells.filter_map(|(q, k)| whole.weight(q, k)).reduce(f32::max)
        };
        for (y, x) in (0..4).flat_map(|y| (0..4).map(move |x| (y, x))) {
            assert_eq!(small.weight(y, x), largest(y, x), "{y}, {x}");
        }
        let window = Pattern::pooled(0, 0, 10, &tile.max, |position| position.saturating_sub(1)..position + 1).unwrap();
        assert!(window.weight(3, 0).is_none() && window.weight(3, 2).is_some());
    }

    #[test]
    fn masked_broken_and_zero_are_three_colours() {
        let p = Pattern::new(0, 0, 2, vec![f32::NAN, 0.0, 0.0, 1.0], true).unwrap();
        let raster = p.raster(&Theme::LIGHT, 1.0);
        let t = Theme::LIGHT;
        let found = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| raster.color(x, y).unwrap());
        assert_eq!(found, [t.accent, t.masked, t.weight(0.0), t.weight(1.0)]);
    }
}
