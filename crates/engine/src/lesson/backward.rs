//! The backward pass, by hand: from the loss to the gradient of every number (Rumelhart, Hinton & Williams 1986).

use super::corpus::LONGEST;
use super::forward::{Acts, LayerActs, SCORE_SCALE};
use super::math::{add_dots, add_outer, add_scaled, dot, rms_back, softmax, through};
use super::params::{D_HEAD, D_MODEL, Head, Layer, Params, Row, Transposed, TransposedLayer};

impl Acts {
    /// Runs forward and backward over one sentence, in which each token but the last predicts the next. Returns the sum
    /// of −ln p of the actual next tokens, and adds its gradient to `grad`. `t` is `p` transposed.
    ///
    /// The last token predicts nothing and no other attends to it, so it is not read at all: its gradient is 0.
    pub fn learn(&mut self, p: &Params, t: &Transposed, tokens: &[u32], grad: &mut Params) -> f32 {
        let seq = tokens.len().saturating_sub(1);
        self.forward(p, t, &tokens[..seq]);
        let (n_vocab, stride) = (p.embed.len(), self.stride);
        let mut loss = 0.0;
        let mut d_resid = [[0.0; D_MODEL]; LONGEST];
        for (i, row) in self.logits.chunks_exact_mut(stride).take(seq).enumerate() {
            let (row, next) = (&mut row[..n_vocab], tokens[i + 1] as usize);
            softmax(row);
            loss -= row[next].max(f32::MIN_POSITIVE).ln();
            // Softmax and −ln together have this gradient: p − 1 at the actual next token, p elsewhere.
            row[next] -= 1.0;
            let d_read = through(row, &p.embed);
            let scale = self.final_scale[i];
            rms_back(&self.resid[i], &p.final_norm, scale, &d_read, &mut d_resid[i], &mut grad.final_norm);
        }
        add_outer(&mut grad.embed, &self.logits, stride, &self.final_read[..seq]);
        for (layer, acts) in self.layers.iter().enumerate().rev() {
            acts.back(&p.layers[layer], &t.layers[layer], &mut d_resid[..seq], &mut grad.layers[layer]);
        }
        for (i, (&token, d_resid)) in tokens.iter().zip(&d_resid[..seq]).enumerate() {
            add_scaled(&mut grad.embed[token as usize], 1.0, d_resid);
            add_scaled(&mut grad.positions[i], 1.0, d_resid);
        }
        loss
    }
}

impl LayerActs {
    /// `d_resid` is the gradient of the layer's output on entry, and of its input on return.
    fn back(&self, w: &Layer, t: &TransposedLayer, d_resid: &mut [Row], grad: &mut Layer) {
        let seq = d_resid.len();
        let zeros = [[0.0; D_HEAD]; LONGEST];
        let (mut d_q, mut d_k, mut d_v) = (zeros, zeros, zeros);
        for i in 0..seq {
            let mut d_z = [0.0; D_HEAD];
            add_dots(&mut d_z, &d_resid[i], &t.o);
            self.attend_back(i, &d_z, &mut d_q[i], &mut d_k, &mut d_v);
        }
        add_outer(&mut grad.o, self.z.as_flattened(), D_HEAD, d_resid);
        for (i, d_resid) in d_resid.iter_mut().enumerate() {
            let mut d_read = [0.0; D_MODEL];
            add_dots(&mut d_read, &d_q[i], &t.q);
            add_dots(&mut d_read, &d_k[i], &t.k);
            add_dots(&mut d_read, &d_v[i], &t.v);
            rms_back(&self.resid_pre[i], &w.norm, self.scale[i], &d_read, d_resid, &mut grad.norm);
        }
        let read = self.read.as_flattened();
        for (grad, d_y) in [(&mut grad.q, &d_q), (&mut grad.k, &d_k), (&mut grad.v, &d_v)] {
            add_outer(grad, read, D_MODEL, &d_y[..seq]);
        }
    }

    /// The backward pass through the attention of token `i`, where `d_z` is the gradient of its weighted sum of values.
    #[inline(always)]
    fn attend_back(&self, i: usize, d_z: &Head, d_q: &mut Head, d_k: &mut [Head; LONGEST], d_v: &mut [Head; LONGEST]) {
        let (row, mut d_weights) = (&self.pattern[i], [0.0; LONGEST]);
        for j in 0..=i {
            d_weights[j] = dot(d_z, &self.v[j]);
            add_scaled(&mut d_v[j], row[j], d_z);
        }
        // Softmax: what one weight gains the others lose.
        let mean: f32 = (0..=i).map(|j| row[j] * d_weights[j]).sum();
        for j in 0..=i {
            let d_score = row[j] * (d_weights[j] - mean) * SCORE_SCALE;
            add_scaled(d_q, d_score, &self.k[j]);
            add_scaled(&mut d_k[j], d_score, &self.q[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::words::Words;
    use crate::rng::SplitMix64;

    fn loss(p: &Params, tokens: &[u32]) -> f64 {
        let mut acts = Acts::new(p.embed.len());
        acts.forward(p, &Transposed::of(p), tokens);
        let rows = acts.logits.chunks_exact(acts.stride);
        let each = rows.zip(&tokens[1..]).map(|(row, next)| {
            let sum: f64 = row[..p.embed.len()].iter().map(|x| f64::from(*x).exp()).sum();
            sum.ln() - f64::from(row[*next as usize])
        });
        each.sum()
    }

    /// The slope of the loss along one number, measured numerically, against the gradient derived by hand, for a few
    /// numbers of every array.
    #[test]
    fn the_gradient_is_the_slope() {
        let tokens = Words::lesson().encode("today the hot dog near the river was tasty and salty").unwrap();
        let mut rng = SplitMix64(7);
        let mut p = Params::start(&mut rng);
        // Norm weights other than 1 and scores other than 0: otherwise mistakes there would not show.
        p.arrays_mut().into_iter().flatten().for_each(|x| *x = 1.5 * *x + 0.2 * (rng.unit() - 0.5));
        let mut grad = Params::zeros();
        let told = Acts::new(p.embed.len()).learn(&p, &Transposed::of(&p), &tokens, &mut grad);
        assert!((f64::from(told) - loss(&p, &tokens)).abs() < 1e-3);
        for array in 0..p.arrays().len() {
            let largest = grad.arrays()[array].iter().fold(0f32, |m, g| m.max(g.abs()));
            assert!(largest > 0.01, "array {array} learns nothing");
            for at in (0..24).map(|_| rng.below(p.arrays()[array].len())) {
                let at_step = |step: f32| {
                    let mut p = p.clone();
                    p.arrays_mut()[array][at] += step;
                    loss(&p, &tokens)
                };
                const STEP: f32 = 1e-3;
                let slope = ((at_step(STEP) - at_step(-STEP)) / f64::from(2.0 * STEP)) as f32;
                let found = grad.arrays()[array][at];
                assert!((found - slope).abs() < 0.01 * largest, "array {array}, number {at}: {found} is not {slope}");
            }
        }
    }
}
