//! Attention: each token has a query, a key and a value; the scores of queries and keys become weights, and the weights
//! mix the values (Vaswani et al., "Attention Is All You Need", 2017).
//!
//! [`plain`] is the version to read first. [`tiled`] is its fast twin, which holds no n×n matrix unless asked for one
//! (Milakov & Gimelshein 2018; Dao et al., "FlashAttention", 2022). [`pattern`] computes any part of that matrix later,
//! from queries, keys and the sums of its rows.

pub mod edge;
pub mod pattern;
#[cfg(test)]
mod pattern_tests;
pub mod plain;
pub mod pooled;
#[cfg(test)]
mod tests;
pub mod tiled;

pub use edge::Edge;
use std::ops::Range;

/// Which keys a query may attend to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mask {
    /// Only keys at or before the query.
    pub causal: bool,
    /// Only keys less than this many positions away.
    pub window: Option<usize>,
}

impl Mask {
    /// The keys, of `kv_len`, that the query at `position` may attend to: always one contiguous range.
    pub fn visible(&self, position: usize, kv_len: usize) -> Range<usize> {
        let ahead = self.window.unwrap_or(kv_len);
        let end = if self.causal { position.saturating_add(1) } else { position.saturating_add(ahead) };
        let start = self.window.map_or(0, |w| (position + 1).saturating_sub(w));
        let end = end.min(kv_len);
        start.min(end)..end
    }
}

/// The inputs of attention. Query `i` is at position `kv_len − q_len + i`: with a KV cache the queries are the newest
/// tokens.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Number of query heads.
    pub n_heads: usize,
    /// Width of a head.
    pub d_head: usize,
    /// Number of queries.
    pub q_len: usize,
    /// Number of keys.
    pub kv_len: usize,
    /// `[n_heads, q_len, d_head]`
    pub q: &'a [f32],
    /// One `[kv_len, d_head]` per key/value head. Query heads share them in equal groups (GQA, Ainslie et al. 2023).
    pub k: &'a [&'a [f32]],
    /// One `[kv_len, d_head]` per key/value head.
    pub v: &'a [&'a [f32]],
    /// The factor that q·k is multiplied by, usually 1/√d_head.
    pub scale: f32,
    /// `cap · tanh(score / cap)`, as in Gemma 2.
    pub soft_cap: Option<f32>,
    /// What is added to the scores: for each head a number for each distance from query to key, `[q_len + kv_len − 1]`.
    /// Score `[i, j]` gets number `q_len − 1 − i + j` (ALiBi, Press et al. 2022; T5, Raffel et al. 2020). Empty if
    /// nothing is added.
    pub bias: &'a [Vec<f32>],
    /// A number for each head that takes part in its softmax as if it were the score of one more key, whose value is 0
    /// (gpt-oss): the weights of the keys then sum to less than 1. Empty if there is none.
    pub sinks: &'a [f32],
    /// Which keys each query may attend to.
    pub mask: Mask,
    /// Weights set by the caller.
    pub edges: &'a [Edge],
}

/// The outputs of attention.
#[derive(Debug)]
pub struct Outputs<'a> {
    /// `[n_heads, q_len, d_head]`: the weighted sum of values.
    pub z: &'a mut [f32],
    /// `[n_heads, q_len, kv_len]`: scores after scaling and with their bias, −∞ where masked.
    pub scores: Option<&'a mut [f32]>,
    /// `[n_heads, q_len, kv_len]`: weights; each row sums to 1 (to less with a sink), or is all 0 if every key is masked.
    pub pattern: Option<&'a mut [f32]>,
    /// `[n_heads, q_len]`: ln Σ exp(score) of each row, its sink included, from which any weight can be computed again.
    pub lse: Option<&'a mut [f32]>,
}

impl Inputs<'_> {
    /// The key/value head that query head `head` reads.
    pub fn kv_head(&self, head: usize) -> usize {
        head / (self.n_heads / self.k.len())
    }

    /// Position of query `i` among the keys.
    pub fn position(&self, i: usize) -> usize {
        self.kv_len - self.q_len + i
    }

    /// What is added to the scores of query `i`, `[kv_len]`, if anything is.
    fn bias(&self, head: usize, i: usize) -> Option<&[f32]> {
        Some(&self.bias.get(head)?[self.q_len - 1 - i..][..self.kv_len])
    }

    /// The head's sink, if it has one.
    fn sink(&self, head: usize) -> Option<f32> {
        self.sinks.get(head).copied()
    }

    fn query(&self, head: usize, i: usize) -> &[f32] {
        &self.q[(head * self.q_len + i) * self.d_head..][..self.d_head]
    }

    /// Panics, before any work, if a slice does not have the length that the sizes require.
    fn check(&self, out: &Outputs<'_>) {
        let rows = self.n_heads * self.q_len;
        assert!(!self.k.is_empty() && self.n_heads.is_multiple_of(self.k.len()), "heads must share kv heads equally");
        assert!(self.q_len <= self.kv_len, "more queries than keys");
        assert_eq!(self.q.len(), rows * self.d_head, "q is not [n_heads, q_len, d_head]");
        assert_eq!(self.k.len(), self.v.len(), "k and v differ in heads");
        for kv in self.k.iter().chain(self.v) {
            assert_eq!(kv.len(), self.kv_len * self.d_head, "a k or v head is not [kv_len, d_head]");
        }
        self.check_added();
        assert_eq!(out.z.len(), rows * self.d_head, "z is not [n_heads, q_len, d_head]");
        for (name, matrix) in [("scores", &out.scores), ("pattern", &out.pattern)] {
            assert!(
                matrix.as_ref().is_none_or(|m| m.len() == rows * self.kv_len),
                "{name} is not [n_heads, q_len, kv_len]"
            );
        }
        assert!(out.lse.as_ref().is_none_or(|l| l.len() == rows), "lse is not [n_heads, q_len]");
    }

    /// Panics if biases or sinks do not have the length that the sizes require.
    fn check_added(&self) {
        assert!(self.bias.is_empty() || self.bias.len() == self.n_heads, "not every head has a bias");
        let distances = (self.q_len + self.kv_len).saturating_sub(1);
        assert!(self.bias.iter().all(|bias| bias.len() == distances), "a bias is not [q_len + kv_len − 1]");
        assert!(self.sinks.is_empty() || self.sinks.len() == self.n_heads, "not every head has a sink");
    }
}

/// The model's score for a plain dot product: scaled and soft-capped.
#[inline(always)]
fn score(dot: f32, scale: f32, soft_cap: Option<f32>) -> f32 {
    let score = dot * scale;
    soft_cap.map_or(score, |cap| cap * (score / cap).tanh())
}
