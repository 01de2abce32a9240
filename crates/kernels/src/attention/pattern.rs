//! Recomputes weights after the run: any part of a pattern, from arrays that are small enough to keep. A row of the
//! pattern is exp(score − lse), where lse is one number per row, the logarithm of softmax's divisor.
//!
//! [`plain`] is the version to read first. [`weights`] is its fast twin, and [`super::pooled`] makes pictures of the
//! weights, a block of rows at a time.

use super::edge::softmax_with_edges;
use super::tiled::{TILE, turn_tile};
use super::{Inputs, score};
use crate::product::{Rows, set_product};
use crate::softmax::exp_minus_in_place;
use crate::threads;
use fearless_simd::{Level, Simd, dispatch};
use std::ops::Range;

/// Queries processed together.
pub(super) const BLOCK: usize = 32;
/// Keys in a panel: the same number as in a tile of attention, which makes the scores the same.
pub(super) const PANEL: usize = TILE;

/// One head of a run whose pattern was not kept.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// The inputs of attention. Values are not needed here: `v` may be empty.
    pub inputs: Inputs<'a>,
    /// The head.
    pub head: usize,
    /// `[q_len]`: the [`super::Outputs::lse`] that attention wrote for this head.
    pub lse: &'a [f32],
}

impl<'a> Kept<'a> {
    /// The keys that this head reads, `[kv_len, d_head]`.
    fn keys(&self) -> &'a [f32] {
        self.inputs.k[self.inputs.kv_head(self.head)]
    }

    /// Row `i` with its edges imposed, `[kv_len]`; `None` if it has no edges.
    fn with_edges(&self, i: usize) -> Option<Vec<f32>> {
        let edges = self.inputs.edges.iter().filter(|e| e.head == self.head && e.q == i);
        edges.clone().next()?;
        let mut row = super::plain::scores(&self.inputs, self.head, i, self.keys());
        softmax_with_edges(&mut row, self.inputs.sink(self.head), edges);
        Some(row)
    }

    /// Panics, before any work, if a slice does not have the length that the sizes require, or the part does not exist.
    pub(super) fn check(&self, rows: &Range<usize>, cols: &Range<usize>) {
        let x = &self.inputs;
        assert!(!x.k.is_empty() && x.n_heads.is_multiple_of(x.k.len()), "heads must share kv heads equally");
        assert!(self.head < x.n_heads, "there is no such head");
        assert!(x.q_len <= x.kv_len, "more queries than keys");
        assert_eq!(x.q.len(), x.n_heads * x.q_len * x.d_head, "q is not [n_heads, q_len, d_head]");
        assert_eq!(self.keys().len(), x.kv_len * x.d_head, "a k head is not [kv_len, d_head]");
        assert_eq!(self.lse.len(), x.q_len, "lse is not [q_len]");
        x.check_added();
        assert!(rows.start <= rows.end && rows.end <= x.q_len, "rows {rows:?} of {}", x.q_len);
        assert!(cols.start <= cols.end && cols.end <= x.kv_len, "columns {cols:?} of {}", x.kv_len);
    }
}

/// The plain twin. For every query i of `rows` and every key j of `cols`:
///
/// ```text
/// weight = exp(scale · q[i] · k[j] + bias[j − i] − lse[i])      where i may attend to j, else 0
/// ```
///
/// A row with edges is softmax with them imposed. `out` is `[rows, cols]`.
///
/// # Panics
/// If a slice does not have the length its sizes ask for.
pub fn plain(x: &Kept<'_>, rows: Range<usize>, cols: Range<usize>, out: &mut [f32]) {
    x.check(&rows, &cols);
    assert_eq!(out.len(), rows.len() * cols.len(), "the part is not [rows, cols]");
    for (i, out) in rows.zip(out.chunks_exact_mut(cols.len().max(1))) {
        let row = x.with_edges(i).unwrap_or_else(|| {
            let scores = super::plain::scores(&x.inputs, x.head, i, x.keys());
            scores.into_iter().map(|s| weight(s, x.lse[i])).collect()
        });
        out.copy_from_slice(&row[cols.clone()]);
    }
}

/// A row whose keys are all masked has lse −∞, and weights 0.
fn weight(score: f32, lse: f32) -> f32 {
    if score == f32::NEG_INFINITY || lse == f32::NEG_INFINITY { 0.0 } else { (score - lse).exp() }
}

/// The weights that queries `rows` give keys `cols`, into `out`, `[rows, cols]`; the same contract as [`plain`]. A
/// weight is the same to the last bit whatever part it is computed with.
///
/// # Panics
/// If a slice does not have the length its sizes ask for.
pub fn weights(level: Level, x: &Kept<'_>, rows: Range<usize>, cols: Range<usize>, out: &mut [f32]) {
    x.check(&rows, &cols);
    assert_eq!(out.len(), rows.len() * cols.len(), "the part is not [rows, cols]");
    if out.is_empty() {
        return;
    }
    let panels = Panels::new(x, cols);
    let firsts = rows.clone().step_by(BLOCK);
    let blocks = firsts.zip(out.chunks_mut(BLOCK * panels.cols.len())).collect();
    threads::for_each(blocks, |(first, out): (usize, &mut [f32])| {
        let block = first..rows.end.min(first + BLOCK);
        dispatch!(level, simd => fill(simd, x, &panels, block, out));
    });
}

#[inline(always)]
fn fill<S: Simd>(simd: S, x: &Kept<'_>, panels: &Panels, rows: Range<usize>, out: &mut [f32]) {
    let stride = panels.cols.len();
    out.fill(0.0);
    let mut block = Block::new(x, rows);
    for panel in block.reached(x, panels) {
        let from = panel * PANEL;
        let width = PANEL.min(stride - from);
        block.weigh(simd, x, panels, panel);
        for (row, out) in block.tile.chunks_exact(PANEL).zip(out.chunks_exact_mut(stride)) {
            out[from..from + width].copy_from_slice(&row[..width]);
        }
    }
}

/// Keys transposed, so that those of neighbours fill one vector: `[panel][d_head][PANEL]`. The last panel is padded
/// with zeros, so that every score is computed from whole vectors, in one order.
pub(super) struct Panels {
    /// The keys in the panels.
    pub cols: Range<usize>,
    data: Vec<f32>,
}

impl Panels {
    pub fn new(x: &Kept<'_>, cols: Range<usize>) -> Self {
        let d = x.inputs.d_head;
        let mut data = vec![0.0; cols.len().next_multiple_of(PANEL) * d];
        let keys = &x.keys()[cols.start * d..cols.end * d];
        if d > 0 {
            let jobs = keys.chunks(PANEL * d).zip(data.chunks_exact_mut(PANEL * d)).collect();
            threads::for_each(jobs, |(keys, panel)| turn_tile(keys, d, panel));
        }
        Self { cols, data }
    }
}

/// A block of at most [`BLOCK`] queries, and its weights for one panel of keys at a time.
pub(super) struct Block {
    rows: Range<usize>,
    /// The queries, scaled as attention scales them, `[rows, d_head]`.
    q: Vec<f32>,
    /// Whole rows with edges, and their indices in the block.
    set: Vec<(usize, Vec<f32>)>,
    /// `[BLOCK, PANEL]`
    pub tile: Vec<f32>,
}

impl Block {
    pub fn new(x: &Kept<'_>, rows: Range<usize>) -> Self {
        let mut set = Vec::new();
        if !x.inputs.edges.is_empty() {
            set.extend(rows.clone().enumerate().filter_map(|(at, i)| Some((at, x.with_edges(i)?))));
        }
        let tile = vec![0.0; rows.len() * PANEL];
        Self { q: x.inputs.scaled_queries(x.head, rows.start, rows.len()), rows, set, tile }
    }

    /// The panels with a key that some query of the block may attend to. An edge may lead anywhere.
    pub fn reached(&self, x: &Kept<'_>, panels: &Panels) -> Range<usize> {
        let (x, cols) = (&x.inputs, &panels.cols);
        if !self.set.is_empty() {
            return 0..cols.len().div_ceil(PANEL);
        }
        let first = x.mask.visible(x.position(self.rows.start), x.kv_len);
        let last = x.mask.visible(x.position(self.rows.end - 1), x.kv_len);
        let clamped = |at: usize| at.clamp(cols.start, cols.end) - cols.start;
        let (start, end) = (clamped(first.start.min(last.start)), clamped(first.end.max(last.end)));
        if start < end { start / PANEL..end.div_ceil(PANEL) } else { 0..0 }
    }

    /// Fills the tile with the weights for the keys of one panel; 0 for masked ones.
    #[inline(always)]
    pub fn weigh<S: Simd>(&mut self, simd: S, x: &Kept<'_>, panels: &Panels, panel: usize) {
        let (inputs, d) = (&x.inputs, x.inputs.d_head);
        let start = panels.cols.start + panel * PANEL;
        let keys = start..panels.cols.end.min(start + PANEL);
        let q = Rows { data: &self.q, stride: d };
        let k = Rows { data: &panels.data[panel * PANEL * d..][..PANEL * d], stride: PANEL };
        set_product(simd, (self.rows.len(), PANEL, d), q, k, &mut self.tile, PANEL);
        for (i, row) in self.rows.clone().zip(self.tile.chunks_exact_mut(PANEL)) {
            let visible = inputs.mask.visible(inputs.position(i), inputs.kv_len);
            let end = visible.end.clamp(keys.start, keys.end) - keys.start;
            let first = (visible.start.clamp(keys.start, keys.end) - keys.start).min(end);
            if x.lse[i] == f32::NEG_INFINITY {
                row.fill(0.0);
                continue;
            }
            if inputs.soft_cap.is_some() {
                row[first..end].iter_mut().for_each(|s| *s = score(*s, 1.0, inputs.soft_cap));
            }
            if let Some(bias) = inputs.bias(x.head, i) {
                row.iter_mut().zip(&bias[keys.start..]).for_each(|(s, bias)| *s += bias);
            }
            exp_minus_in_place(simd, row, x.lse[i]);
            row[..first].fill(0.0);
            row[end..].fill(0.0);
        }
        for (at, row) in &self.set {
            self.tile[at * PANEL..][..keys.len()].copy_from_slice(&row[keys.clone()]);
        }
    }
}
