//! The fast twin: online softmax (running), in which a block of queries goes over tiles of keys and keeps a running
//! maximum and sum for each row.
//!
//! If the pattern or the scores are asked for, a block's rows of that matrix are also its working memory: scores are
//! written there, turned into weights while they are in cache, and mixed. There is no second pass over the matrix.

use super::edge::softmax_with_edges;
use super::{Inputs, Outputs, plain, score};
use crate::product::{Rows, add_product, set_product};
use crate::softmax::{exp_minus_in_place, max, scale, softmax_simd, with_sink};
use crate::threads;
use fearless_simd::{Level, Simd, dispatch};
use std::ops::Range;

/// Queries processed together.
const BLOCK: usize = 32;
/// Keys per tile.
pub(super) const TILE: usize = 128;
/// Components of the keys that are transposed at a time.
const TURNED: usize = 8;

/// Attention, with the same contract as [`plain::attention`].
///
/// # Panics
/// If a slice does not have the length its sizes ask for.
pub fn attention(level: Level, x: Inputs<'_>, out: Outputs<'_>) {
    x.check(&out);
    if x.q_len == 0 || x.d_head == 0 {
        return;
    }
    let turned = turn(&x);
    threads::for_each(blocks(&x, out), |block| {
        let k_t = &turned[x.kv_head(block.head)];
        dispatch!(level, simd => run_block(simd, &x, k_t, block));
    });
}

/// Transposes every head's `[kv_len, d_head]` into tiles of `[d_head, TILE]`, so that scores of neighbouring keys fill
/// one vector. The last tile is padded with zeros. A tile is contiguous in memory: rows over all keys would be a power
/// of two apart, and would evict each other from the cache.
fn turn(x: &Inputs<'_>) -> Vec<Vec<f32>> {
    let size = TILE * x.d_head;
    let mut all: Vec<Vec<f32>> = x.k.iter().map(|k| vec![0.0; k.len().next_multiple_of(size)]).collect();
    let jobs = x.k.iter().zip(&mut all).flat_map(|(k, out)| k.chunks(size).zip(out.chunks_exact_mut(size)));
    threads::for_each(jobs.collect(), |(keys, tile)| turn_tile(keys, x.d_head, tile));
    all
}

pub(super) fn turn_tile(keys: &[f32], d_head: usize, tile: &mut [f32]) {
    // A few components at a time, so that the written data stays in cache.
    for first in (0..d_head).step_by(TURNED) {
        for (j, key) in keys.chunks_exact(d_head).enumerate() {
            for c in first..d_head.min(first + TURNED) {
                tile[c * TILE + j] = key[c];
            }
        }
    }
}

/// Queries from `first` on of one head, with their slices of the outputs.
struct Block<'a> {
    head: usize,
    first: usize,
    z: &'a mut [f32],
    scores: Option<&'a mut [f32]>,
    pattern: Option<&'a mut [f32]>,
    lse: Option<&'a mut [f32]>,
}

fn blocks<'a>(x: &Inputs<'_>, out: Outputs<'a>) -> Vec<Block<'a>> {
    let mut rest = out;
    let mut all = Vec::new();
    for head in 0..x.n_heads {
        for first in (0..x.q_len).step_by(BLOCK) {
            let rows = BLOCK.min(x.q_len - first);
            all.push(Block {
                head,
                first,
                z: take(&mut rest.z, rows * x.d_head),
                scores: rest.scores.as_mut().map(|s| take(s, rows * x.kv_len)),
                pattern: rest.pattern.as_mut().map(|p| take(p, rows * x.kv_len)),
                lse: rest.lse.as_mut().map(|l| take(l, rows)),
            });
        }
    }
    all
}

/// Splits the first `n` numbers off.
fn take<'a>(slice: &mut &'a mut [f32], n: usize) -> &'a mut [f32] {
    let (head, tail) = std::mem::take(slice).split_at_mut(n);
    *slice = tail;
    head
}

#[inline(always)]
fn run_block<S: Simd>(simd: S, x: &Inputs<'_>, k_t: &[f32], mut block: Block<'_>) {
    block.z.fill(0.0);
    let lse = if block.scores.is_some() || block.pattern.is_some() {
        captured(simd, x, k_t, &mut block)
    } else {
        running(simd, x, k_t, &mut block)
    };
    if let Some(out) = &mut block.lse {
        out.copy_from_slice(&lse[..out.len()]);
    }
    impose_edges(x, &mut block);
}

/// The keys that at least one query of the block may attend to.
fn reach(x: &Inputs<'_>, block: &Block<'_>) -> Range<usize> {
    let rows = block.z.len() / x.d_head;
    let first = x.mask.visible(x.position(block.first), x.kv_len);
    let last = x.mask.visible(x.position(block.first + rows - 1), x.kv_len);
    first.start.min(last.start)..last.end.max(first.end)
}

/// The keys of `reach` tile by tile: every tile begins at a multiple of [`TILE`].
fn tiles(reach: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let first = reach.start / TILE * TILE;
    (first..reach.end).step_by(TILE).map(move |start| start..reach.end.min(start + TILE))
}

/// Scores of a head's scaled queries `q`, the first of which is query `first`, against the `keys` of one tile, into `s`
/// (rows `stride` apart), masked ones −∞.
#[inline(always)]
fn tile_scores<S: Simd>(
    simd: S,
    x: &Inputs<'_>,
    (q, head, first): (&[f32], usize, usize),
    k_t: &[f32],
    keys: Range<usize>,
    s: &mut [f32],
    stride: usize,
) {
    let (rows, width) = (q.len() / x.d_head, keys.len());
    let q = Rows { data: q, stride: x.d_head };
    let k = Rows { data: &k_t[keys.start * x.d_head..][..TILE * x.d_head], stride: TILE };
    set_product(simd, (rows, width, x.d_head), q, k, s, stride);
    for i in 0..rows {
        let row = &mut s[i * stride..][..width];
        if x.soft_cap.is_some() {
            row.iter_mut().for_each(|s| *s = score(*s, 1.0, x.soft_cap));
        }
        if let Some(bias) = x.bias(head, first + i) {
            row.iter_mut().zip(&bias[keys.start..]).for_each(|(s, bias)| *s += bias);
        }
        let visible = x.mask.visible(x.position(first + i), x.kv_len);
        let end = visible.end.clamp(keys.start, keys.end) - keys.start;
        let start = visible.start.clamp(keys.start, keys.end) - keys.start;
        row[..start.min(end)].fill(f32::NEG_INFINITY);
        row[end..].fill(f32::NEG_INFINITY);
    }
}

/// Keeps the whole rows: scores, softmax and mix, all in the rows of the output.
#[inline(always)]
fn captured<S: Simd>(simd: S, x: &Inputs<'_>, k_t: &[f32], block: &mut Block<'_>) -> [f32; BLOCK] {
    let rows = block.z.len() / x.d_head;
    let reach = reach(x, block);
    let q = x.scaled_queries(block.head, block.first, rows);
    let mut scratch = Vec::new();
    let pattern: &mut [f32] = match &mut block.pattern {
        Some(pattern) => pattern,
        None => {
            scratch.resize(rows * x.kv_len, 0.0);
            &mut scratch
        }
    };
    for keys in tiles(reach.clone()) {
        tile_scores(simd, x, (&q, block.head, block.first), k_t, keys.clone(), &mut pattern[keys.start..], x.kv_len);
    }
    let mut lse = [f32::NEG_INFINITY; BLOCK];
    for i in 0..rows {
        let row = &mut pattern[i * x.kv_len..][..x.kv_len];
        if let Some(scores) = &mut block.scores {
            let scores = &mut scores[i * x.kv_len..][..x.kv_len];
            scores.fill(f32::NEG_INFINITY);
            scores[reach.clone()].copy_from_slice(&row[reach.clone()]);
        }
        lse[i] = softmax_simd(simd, &mut row[reach.clone()]);
        if let Some(sink) = x.sink(block.head) {
            let all = with_sink(lse[i], sink);
            scale(simd, &mut row[reach.clone()], (lse[i] - all).exp());
            lse[i] = all;
        }
        row[..reach.start].fill(0.0);
        row[reach.end..].fill(0.0);
    }
    let weights = Rows { data: &pattern[reach.start..], stride: x.kv_len };
    let v = Rows { data: &x.v[x.kv_head(block.head)][reach.start * x.d_head..], stride: x.d_head };
    add_product(simd, (rows, x.d_head, reach.len()), weights, v, block.z, x.d_head);
    lse
}

/// Keeps nothing: goes over the tiles and rescales the sums so far whenever a larger score appears.
#[inline(always)]
fn running<S: Simd>(simd: S, x: &Inputs<'_>, k_t: &[f32], block: &mut Block<'_>) -> [f32; BLOCK] {
    let rows = block.z.len() / x.d_head;
    let reach = reach(x, block);
    let q = x.scaled_queries(block.head, block.first, rows);
    let mut tile = [0.0f32; BLOCK * TILE];
    // A sink is there before the first key, and its own exp is 1.
    let (max_at_first, sum_at_first) = x.sink(block.head).map_or((f32::NEG_INFINITY, 0.0), |sink| (sink, 1.0));
    let (mut maxima, mut sums) = ([max_at_first; BLOCK], [sum_at_first; BLOCK]);
    for keys in tiles(reach) {
        tile_scores(simd, x, (&q, block.head, block.first), k_t, keys.clone(), &mut tile, TILE);
        for i in 0..rows {
            let row = &mut tile[i * TILE..][..keys.len()];
            let new_max = max(simd, row).max(maxima[i]);
            if new_max == f32::NEG_INFINITY {
                if row.iter().any(|s| s.is_nan()) {
                    sums[i] = f32::NAN;
                }
                row.fill(0.0); // nothing visible so far: exp(−∞ − −∞) would be NaN
                continue;
            }
            let shrink = (maxima[i] - new_max).exp();
            sums[i] = sums[i] * shrink + exp_minus_in_place(simd, row, new_max);
            if shrink != 1.0 {
                scale(simd, &mut block.z[i * x.d_head..][..x.d_head], shrink);
            }
            maxima[i] = new_max;
        }
        let weights = Rows { data: &tile, stride: TILE };
        let v = Rows { data: &x.v[x.kv_head(block.head)][keys.start * x.d_head..], stride: x.d_head };
        add_product(simd, (rows, x.d_head, keys.len()), weights, v, block.z, x.d_head);
    }
    let mut lse = [f32::NEG_INFINITY; BLOCK];
    for i in 0..rows {
        if sums[i] != 0.0 {
            scale(simd, &mut block.z[i * x.d_head..][..x.d_head], 1.0 / sums[i]);
            lse[i] = maxima[i] + sums[i].ln();
        }
    }
    lse
}

/// Rows with edges are computed again by the plain twin: there are few, and the fast path needs no code for them.
fn impose_edges(x: &Inputs<'_>, block: &mut Block<'_>) {
    let rows = block.z.len() / x.d_head;
    let kv_head = x.kv_head(block.head);
    for i in 0..rows {
        let edges = x.edges.iter().filter(|e| e.head == block.head && e.q == block.first + i);
        if edges.clone().next().is_none() {
            continue;
        }
        let mut weights = plain::scores(x, block.head, block.first + i, x.k[kv_head]);
        softmax_with_edges(&mut weights, x.sink(block.head), edges);
        plain::mix(&weights, x.v[kv_head], &mut block.z[i * x.d_head..][..x.d_head]);
        if let Some(pattern) = &mut block.pattern {
            pattern[i * x.kv_len..][..x.kv_len].copy_from_slice(&weights);
        }
    }
}

impl Inputs<'_> {
    /// `rows` queries of a head from `first` on, `[rows, d_head]`, scaled: there are far fewer of them than scores.
    pub(super) fn scaled_queries(&self, head: usize, first: usize, rows: usize) -> Vec<f32> {
        let q = &self.q[(head * self.q_len + first) * self.d_head..][..rows * self.d_head];
        q.iter().map(|q| q * self.scale).collect()
    }
}
