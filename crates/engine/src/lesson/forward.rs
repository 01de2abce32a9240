//! The forward pass of training: what the engine's block does, in plain loops, with all that the way back needs kept.

use super::corpus::LONGEST;
use super::math::{add_scaled, dot, rms, softmax, through};
use super::params::{D_HEAD, D_MODEL, Head, N_LAYERS, Params, Row};

/// What one layer leaves behind, a row a token.
#[derive(Clone, Debug)]
pub struct LayerActs {
    /// Enters the layer.
    pub resid_pre: [Row; LONGEST],
    /// What the norm multiplied by.
    pub scale: [f32; LONGEST],
    /// After the norm.
    pub read: [Row; LONGEST],
    pub q: [Head; LONGEST],
    pub k: [Head; LONGEST],
    pub v: [Head; LONGEST],
    /// `[query, key]`, rows sum to 1; keys after the query are 0.
    pub pattern: [[f32; LONGEST]; LONGEST],
    pub z: [Head; LONGEST],
}

/// What a pass over one sentence leaves behind. Made once, written over by every sentence.
#[derive(Clone, Debug)]
pub struct Acts {
    pub layers: [LayerActs; N_LAYERS],
    /// Leaves the last layer.
    pub resid: [Row; LONGEST],
    pub final_scale: [f32; LONGEST],
    pub final_read: [Row; LONGEST],
    /// `[seq, n_vocab]`: logits, then probabilities
    pub logits: Vec<f32>,
}

/// 1 / √d_head
pub const SCORE_SCALE: f32 = 0.25;

impl Acts {
    /// Room for a sentence.
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
        Self {
            layers: [layer.clone(), layer],
            resid: rows,
            final_scale: numbers,
            final_read: rows,
            logits: vec![0.0; LONGEST * n_vocab],
        }
    }

    /// Logits of every token of a sentence.
    pub fn forward(&mut self, p: &Params, tokens: &[u32]) {
        for (i, &token) in tokens.iter().enumerate() {
            self.resid[i] = std::array::from_fn(|d| p.embed[token as usize][d] + p.positions[i][d]);
        }
        for (layer, w) in p.layers.iter().enumerate() {
            let acts = &mut self.layers[layer];
            for i in 0..tokens.len() {
                acts.resid_pre[i] = self.resid[i];
                (acts.read[i], acts.scale[i]) = rms(&self.resid[i], &w.norm);
                acts.q[i] = through(&acts.read[i], &w.q);
                acts.k[i] = through(&acts.read[i], &w.k);
                acts.v[i] = through(&acts.read[i], &w.v);
                acts.attend(i);
                let out = through(&acts.z[i], &w.o);
                add_scaled(&mut self.resid[i], 1.0, &out);
            }
        }
        let n_vocab = p.embed.len();
        for i in 0..tokens.len() {
            (self.final_read[i], self.final_scale[i]) = rms(&self.resid[i], &p.final_norm);
            for (logit, word) in self.logits[i * n_vocab..][..n_vocab].iter_mut().zip(&p.embed) {
                *logit = dot(&self.final_read[i], word);
            }
        }
    }
}

impl LayerActs {
    /// Token `i` looks back: scores, weights, mix of values.
    fn attend(&mut self, i: usize) {
        let row = &mut self.pattern[i];
        for (score, k) in row[..=i].iter_mut().zip(&self.k) {
            *score = dot(&self.q[i], k) * SCORE_SCALE;
        }
        softmax(&mut row[..=i]);
        self.z[i] = [0.0; D_HEAD];
        for (weight, v) in row[..=i].iter().zip(&self.v) {
            add_scaled(&mut self.z[i], *weight, v);
        }
    }
}
