//! The cost of attention: one causal head over random numbers, so that a caller can time it.

use crate::config::score_scale;
use crate::rng::SplitMix64;
use crate::site::Site;
use crate::weights::best;
use crate::{Array, Attention, ModelInfo, PerLayer, Trace};
use attnscope_kernels::attention::{Inputs, Mask, Outputs, tiled};

/// Queries, keys and values of one head, each `[len, d_head]`, random but the same on every call.
#[derive(Clone, Debug)]
pub struct RandomHead {
    len: usize,
    d_head: usize,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
}

/// Queries that the kernel processes together, and keys per tile: `BLOCK` and `TILE` of `kernels/attention/tiled.rs`.
pub const BLOCK: usize = 32;
/// See [`BLOCK`].
pub const TILE: usize = 128;

impl RandomHead {
    /// A head for this many tokens.
    pub fn new(len: usize, d_head: usize) -> Self {
        let mut rng = SplitMix64(0);
        let mut numbers = || (0..len * d_head).map(|_| 2.0 * rng.unit() - 1.0).collect();
        Self { len, d_head, q: numbers(), k: numbers(), v: numbers() }
    }

    /// Every token attends once, causally; returns z, `[len, d_head]`. Both variants use the same fast kernel: if
    /// `tiled`, it keeps no more of the pattern than a tile; otherwise it works in the rows of the whole pattern, which
    /// is kept. A plain loop over the whole pattern would be slower still, but for reasons other than memory.
    pub fn attend(&self, tiled: bool) -> Vec<f32> {
        let mut z = vec![0.0; self.q.len()];
        let mut pattern = if tiled { None } else { Some(vec![0.0; self.len * self.len]) };
        let outputs = Outputs { z: &mut z, scores: None, pattern: pattern.as_deref_mut(), lse: None };
        tiled::attention(best(), self.inputs(&[&self.k], &[&self.v]), outputs);
        z
    }

    /// The trace of a model of one layer and one head: `q`, `k` and `lse`, from which the pattern can be computed.
    pub fn trace(&self) -> Trace {
        let (mut z, mut lse) = (vec![0.0; self.q.len()], vec![0.0; self.len]);
        let outputs = Outputs { z: &mut z, scores: None, pattern: None, lse: Some(&mut lse) };
        tiled::attention(best(), self.inputs(&[&self.k], &[&self.v]), outputs);
        let (n, d_head) = (self.len, self.d_head);
        let attention = PerLayer::same(Attention::plain(d_head));
        let model = ModelInfo {
            n_layers: 1,
            n_heads: 1,
            n_kv_heads: 1,
            d_head,
            causal: true,
            attention,
            ..ModelInfo::default()
        };
        let arrays = [
            (Site::Q, Array::new([1, n, d_head], self.q.clone())),
            (Site::K, Array::new([1, n, d_head], self.k.clone())),
            (Site::Lse, Array::new([1, n], lse)),
        ];
        let arrays = arrays.into_iter().map(|(site, array)| (site.key(0), array)).collect();
        Trace { model, arrays, ..Trace::default() }
    }

    fn inputs<'a>(&'a self, k: &'a [&'a [f32]], v: &'a [&'a [f32]]) -> Inputs<'a> {
        Inputs {
            n_heads: 1,
            d_head: self.d_head,
            q_len: self.len,
            kv_len: self.len,
            q: &self.q,
            k,
            v,
            scale: score_scale(self.d_head),
            soft_cap: None,
            bias: &[],
            sinks: &[],
            mask: Mask { causal: true, window: None },
            edges: &[],
        }
    }

    /// Bytes of working memory of [`RandomHead::attend`], besides q, k, v and z. Both variants hold the keys
    /// transposed, in tiles of `[d_head, 128]`, the last one padded. In addition, one holds the pattern, `[len, len]`,
    /// and the other a tile of scores, `[32, 128]`, for each thread. A few bytes per row, for sums, scaled queries and
    /// the list of tasks, are not counted.
    pub fn working_bytes(len: usize, d_head: usize, tiled: bool) -> u64 {
        let (len, d_head) = (len as u64, d_head as u64);
        let padded = len.div_ceil(TILE as u64).saturating_mul(TILE as u64);
        let transposed = padded.saturating_mul(d_head);
        let scores = if tiled { threads().min(len.div_ceil(BLOCK as u64)) * (BLOCK * TILE) as u64 } else { len * len };
        transposed.saturating_add(scores).saturating_mul(size_of::<f32>() as u64)
    }

    /// Bytes of q, k, v and z.
    pub fn held_bytes(len: usize, d_head: usize) -> u64 {
        (len as u64).saturating_mul(d_head as u64).saturating_mul(4 * size_of::<f32>() as u64)
    }
}

/// How many threads work at once.
fn threads() -> u64 {
    #[cfg(feature = "rayon")]
    return rayon::current_num_threads() as u64;
    #[cfg(not(feature = "rayon"))]
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_are_the_same_attention() {
        let head = RandomHead::new(300, 16);
        let (full, tiled) = (head.attend(false), head.attend(true));
        assert_eq!((full.len(), tiled.len()), (300 * 16, 300 * 16));
        assert!(full.iter().zip(&tiled).all(|(a, b)| (a - b).abs() < 1e-5));
        // The first token can only attend to itself; the last mixes all.
        assert_eq!(tiled[..16], head.v[..16]);
        assert!(tiled[299 * 16..].iter().any(|z| *z != 0.0) && tiled[299 * 16..].iter().all(|z| z.abs() < 0.3));
    }

    #[test]
    fn twice_the_text_is_four_patterns_but_as_many_tiles() {
        // Besides the keys, whose last tile is padded.
        let keys = |len: usize| 4 * 64 * len.next_multiple_of(TILE) as u64;
        let scores = |len, tiled| RandomHead::working_bytes(len, 64, tiled) - keys(len);
        assert_eq!((scores(1024, false), scores(2048, false)), (4 << 20, 16 << 20));
        assert_eq!(scores(8192, true), scores(16384, true));
        assert!(scores(8192, true) >= 16 << 10);
        // One block of queries is processed by one thread.
        assert_eq!(scores(32, true), 16 << 10);
    }

    /// The kernel's constants are private, so the test reads its source.
    #[test]
    fn the_tile_is_the_kernels() {
        let kernel = include_str!("../../kernels/src/attention/tiled.rs");
        for (name, value) in [("BLOCK", BLOCK), ("TILE", TILE)] {
            assert!(kernel.contains(&format!("const {name}: usize = {value};")), "{name} is not {value} there");
        }
    }
}
