//! An attention pattern that need not have been kept: any part of it is computed when it is asked for.
//!
//! Its weights are exp(score − lse), computed from queries, keys and one number per row, so that a trace of a long text
//! holds arrays that grow with the text and not with its square.

use crate::site::Site;
use crate::weights::best;
use crate::{Array, Trace, intervention};
use attnscope_kernels::attention::pattern::{self, Kept};
use attnscope_kernels::attention::pooled::{self, Pixels};
use attnscope_kernels::attention::{Edge, Inputs, Mask};
use std::borrow::Cow;
use std::ops::Range;

/// The pattern of one head, `[q_len, kv_len]`: as captured, or computed from `q`, `k` and `lse`, which adds the
/// rounding error of lse.
#[derive(Clone, Debug)]
pub struct LazyPattern<'a> {
    q_len: usize,
    kv_len: usize,
    source: Source<'a>,
}

#[derive(Clone, Debug)]
enum Source<'a> {
    /// `[q_len, kv_len]`
    Captured(&'a [f32]),
    Kept(Box<Head<'a>>),
}

/// One head, with everything that its weights are computed from.
#[derive(Clone, Debug)]
struct Head<'a> {
    d_head: usize,
    /// `[q_len, d_head]`
    q: &'a [f32],
    /// `[kv_len, d_head]`
    k: [&'a [f32]; 1],
    /// `[q_len]`
    lse: &'a [f32],
    scale: f32,
    soft_cap: Option<f32>,
    /// By distance: one list, or none.
    bias: Vec<Vec<f32>>,
    /// One, or none.
    sinks: Vec<f32>,
    mask: Mask,
    edges: Vec<Edge>,
}

impl<'a> LazyPattern<'a> {
    /// The pattern of a head. `None` unless the trace holds the layer's `attn.pattern`, or `attn.q`, `attn.k` and
    /// `attn.lse` and knows its model.
    pub fn of(trace: &'a Trace, layer: usize, head: usize) -> Option<Self> {
        if let Some(pattern) = trace.layer(layer, Site::Pattern) {
            let [_, q_len, kv_len] = *pattern.shape() else { return None };
            return Some(Self { q_len, kv_len, source: Source::Captured(pattern.index(head)?) });
        }
        let array = |site| trace.layer(layer, site);
        let (q, k, lse) = (array(Site::Q)?, array(Site::K)?, array(Site::Lse)?);
        let ([n_heads, q_len, d_head], [n_kv_heads, kv_len, d_key]) = (dims(q)?, dims(k)?);
        let model = &trace.model;
        let (attention, mask) = (model.attention[layer], model.mask(layer));
        // A trace may come from a file, so its shapes may be inconsistent.
        let fits = n_heads == model.n_heads
            && n_kv_heads == model.n_kv_heads
            && n_heads.checked_rem(n_kv_heads) == Some(0)
            && lse.shape() == [n_heads, q_len]
            && (d_key == d_head && d_head > 0)
            && attention.scale > 0.0
            && q_len <= kv_len;
        if !fits || head >= n_heads {
            return None;
        }
        let mut edges = intervention::edges(&trace.edges, layer, n_heads, kv_len - q_len..kv_len, mask);
        edges.retain(|edge| edge.head == head && edge.k < kv_len);
        edges.iter_mut().for_each(|edge| edge.head = 0);
        let kept = Head {
            d_head,
            q: q.index(head)?,
            k: [k.index(model.kv_head(head))?],
            lse: lse.index(head)?,
            scale: attention.scale,
            soft_cap: attention.soft_cap,
            bias: model.bias.iter().map(|bias| bias.by_distance(head, q_len, kv_len)).collect(),
            // Only rows with edges need it: in the others it is part of lse.
            sinks: model.sink(layer, head).into_iter().collect(),
            mask,
            edges,
        };
        Some(Self { q_len, kv_len, source: Source::Kept(Box::new(kept)) })
    }

    /// Number of queries, which are the last of the keys' tokens.
    pub fn q_len(&self) -> usize {
        self.q_len
    }

    /// Number of keys.
    pub fn kv_len(&self) -> usize {
        self.kv_len
    }

    /// The weights of one query over every key, `[kv_len]`.
    pub fn row(&self, q_idx: usize) -> Option<Cow<'a, [f32]>> {
        self.part(q_idx..q_idx.checked_add(1)?, 0..self.kv_len)
    }

    /// The weights of some queries over some keys, `[rows, cols]`. `None` if there are no such queries or keys.
    pub fn block(&self, rows: Range<usize>, cols: Range<usize>) -> Option<Array> {
        let shape = [rows.len(), cols.len()];
        Some(Array::new(shape, self.part(rows, cols)?.into_owned()))
    }

    /// All of it, `[q_len, kv_len]`.
    pub fn whole(&self) -> Option<Cow<'a, [f32]>> {
        self.part(0..self.q_len, 0..self.kv_len)
    }

    fn holds(&self, rows: &Range<usize>, cols: &Range<usize>) -> bool {
        rows.start <= rows.end && rows.end <= self.q_len && cols.start <= cols.end && cols.end <= self.kv_len
    }

    fn part(&self, rows: Range<usize>, cols: Range<usize>) -> Option<Cow<'a, [f32]>> {
        if !self.holds(&rows, &cols) {
            return None;
        }
        match &self.source {
            Source::Captured(all) if cols.len() == self.kv_len => {
                Some(all[rows.start * self.kv_len..rows.end * self.kv_len].into())
            }
            Source::Captured(all) => {
                let rows = rows.flat_map(|row| &all[row * self.kv_len..][cols.clone()]);
                Some(rows.copied().collect::<Vec<_>>().into())
            }
            Source::Kept(head) => {
                let mut out = vec![0.0; rows.len().checked_mul(cols.len())?];
                pattern::weights(best(), &self.kept(head), rows, cols, &mut out);
                Some(out.into())
            }
        }
    }

    /// The largest and the mean weight under each of `(height, width)` pixels over some queries and keys, computed from
    /// one block of rows at a time. `None` if there are no such queries or keys, or more pixels than cells.
    pub(crate) fn pooled(
        &self,
        rows: Range<usize>,
        cols: Range<usize>,
        (height, width): (usize, usize),
    ) -> Option<(Array, Array)> {
        if !self.holds(&rows, &cols) || height > rows.len() || width > cols.len() {
            return None;
        }
        let pixels = height.checked_mul(width)?;
        let (mut max, mut mean) = (vec![0.0; pixels], vec![0.0; pixels]);
        let out = Pixels { height, width, max: &mut max, mean: &mut mean };
        match &self.source {
            Source::Captured(all) => pooled::plain(all, self.kv_len, rows, cols, out),
            Source::Kept(head) => pooled::pooled(best(), &self.kept(head), rows, cols, out),
        }
        Some((Array::new([height, width], max), Array::new([height, width], mean)))
    }

    fn kept<'h>(&self, head: &'h Head<'a>) -> Kept<'h> {
        let inputs = Inputs {
            n_heads: 1,
            d_head: head.d_head,
            q_len: self.q_len,
            kv_len: self.kv_len,
            q: head.q,
            k: &head.k,
            v: &[],
            scale: head.scale,
            soft_cap: head.soft_cap,
            bias: &head.bias,
            sinks: &head.sinks,
            mask: head.mask,
            edges: &head.edges,
        };
        Kept { inputs, head: 0, lse: head.lse }
    }
}

fn dims(array: &Array) -> Option<[usize; 3]> {
    array.shape().try_into().ok()
}
