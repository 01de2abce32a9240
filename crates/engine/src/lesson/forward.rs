//! The forward pass of training: the same as the engine's block, in plain loops, keeping what the backward pass needs.

use super::corpus::LONGEST;
use super::math::{LANES, add_scaled, dot, dots, rms, softmax_of, through};
use super::params::{D_HEAD, D_MODEL, Head, Layer, N_LAYERS, Params, Row, Transposed};

/// The intermediate results of one layer, a row per token.
#[derive(Clone, Debug)]
pub struct LayerActs {
    /// The layer's input.
    pub resid_pre: [Row; LONGEST],
    /// The factor of the norm.
    pub scale: [f32; LONGEST],
    /// The normed input.
    pub read: [Row; LONGEST],
    pub q: [Head; LONGEST],
    pub k: [Head; LONGEST],
    pub v: [Head; LONGEST],
    /// `[query, key]`, rows sum to 1; keys after the query are 0.
    pub pattern: [[f32; LONGEST]; LONGEST],
    pub z: [Head; LONGEST],
}

/// The intermediate results of a pass over one sentence. Allocated once and overwritten by every sentence.
#[derive(Clone, Debug)]
pub struct Acts {
    pub layers: [LayerActs; N_LAYERS],
    /// The last layer's output.
    pub resid: [Row; LONGEST],
    pub final_scale: [f32; LONGEST],
    pub final_read: [Row; LONGEST],
    /// `[seq, stride]`: logits, then probabilities; only the first `n_vocab` of each row are used.
    pub logits: Vec<f32>,
    /// The distance between two tokens' logits: `n_vocab` and the padding of the last piece.
    pub stride: usize,
}

/// 1 / √d_head
pub const SCORE_SCALE: f32 = 0.25;

impl Acts {
    /// Buffers for one sentence.
    pub fn new(n_vocab: usize) -> Self {
        let (rows, heads, numbers) = ([[0.0; D_MODEL]; LONGEST], [[0.0; D_HEAD]; LONGEST], [0.0; LONGEST]);
        let layer = LayerActs {
            resid_pre: rows,
            scale: numbers,
            read: rows,
            q: heads,
            k: heads,
            v: heads,
            pattern: [[0.0; LONGEST]; LONGEST],
            z: heads,
        };
        let stride = n_vocab.next_multiple_of(LANES);
        Self {
            layers: [layer.clone(), layer],
            resid: rows,
            final_scale: numbers,
            final_read: rows,
            logits: vec![0.0; LONGEST * stride],
            stride,
        }
    }

    /// Logits of every token of a sentence. `t` is `p` transposed.
    pub fn forward(&mut self, p: &Params, t: &Transposed, tokens: &[u32]) {
        let seq = tokens.len();
        for (i, &token) in tokens.iter().enumerate() {
            self.resid[i] = std::array::from_fn(|d| p.embed[token as usize][d] + p.positions[i][d]);
        }
        for (acts, w) in self.layers.iter_mut().zip(&p.layers) {
            acts.forward(w, &mut self.resid[..seq]);
        }
        for i in 0..seq {
            (self.final_read[i], self.final_scale[i]) = rms(&self.resid[i], &p.final_norm);
        }
        let rows = self.logits.as_chunks_mut::<LANES>().0;
        for (at, piece) in t.embed.iter().enumerate() {
            for (row, read) in rows.chunks_exact_mut(t.embed.len()).zip(&self.final_read[..seq]) {
                row[at] = dots(read, piece);
            }
        }
    }
}

impl LayerActs {
    /// `resid` is the layer's input on entry, and its output on return.
    fn forward(&mut self, w: &Layer, resid: &mut [Row]) {
        for (i, resid) in resid.iter_mut().enumerate() {
            self.resid_pre[i] = *resid;
            (self.read[i], self.scale[i]) = rms(resid, &w.norm);
            self.q[i] = through(&self.read[i], &w.q);
            self.k[i] = through(&self.read[i], &w.k);
            self.v[i] = through(&self.read[i], &w.v);
            self.attend(i);
            add_scaled(resid, 1.0, &through(&self.z[i], &w.o));
        }
    }

    /// Attention of token `i`: scores, weights, weighted sum of values.
    #[inline(always)]
    fn attend(&mut self, i: usize) {
        let row = &mut self.pattern[i];
        for (score, k) in row[..=i].iter_mut().zip(&self.k) {
            *score = dot(&self.q[i], k) * SCORE_SCALE;
        }
        softmax_of(row, i + 1);
        let mut z = [0.0; D_HEAD];
        for (weight, v) in row[..=i].iter().zip(&self.v) {
            add_scaled(&mut z, *weight, v);
        }
        self.z[i] = z;
    }
}
