//! A mixture of experts: many MLPs side by side, of which each token passes only those that a router scores highest
//! (Shazeer et al. 2017; Jiang et al., "Mixtral of Experts", 2024).

use crate::config::{Activation, Mixture, Mlp};
use crate::pass::Pass;
use crate::site::Site;
use crate::weights::{Linear, MlpWeights, Norms, best};
use crate::{Error, stream};
use attnscope_kernels::activation;

/// The tensors of a mixture.
#[derive(Clone, Debug)]
pub struct Experts {
    /// The norms around it.
    pub norms: Norms,
    /// `[n, d_model]`: how well each expert fits a token.
    pub router: Linear,
    /// The experts, which have no norms of their own.
    pub all: Vec<MlpWeights>,
    /// An expert that every token passes, and the matrix `[1, d_model]` of the score whose sigmoid is its weight.
    pub shared: Option<(Linear, MlpWeights)>,
}

impl Experts {
    /// All of them, the shared one last: in the order of their weights.
    pub(crate) fn each(&self) -> impl Iterator<Item = &MlpWeights> {
        self.all.iter().chain(self.shared.iter().map(|(_, expert)| expert))
    }

    /// The weights of all experts for rows `x`, `[seq, d_model]`: `[seq, n]`, one more with a shared expert. Experts that
    /// a token does not pass have weight 0.
    pub(crate) fn weights(&self, mixture: Mixture, x: &[f32]) -> Vec<f32> {
        let scores = self.router.forward(x);
        let shared = self.shared.as_ref().map(|(score, _)| score.forward(x));
        let mut all = Vec::with_capacity(scores.len() + shared.as_ref().map_or(0, Vec::len));
        for (row, scores) in scores.chunks_exact(mixture.n).enumerate() {
            all.extend(chosen_weights(mixture, scores));
            all.extend(shared.as_ref().map(|shared| sigmoid(shared[row])));
        }
        all
    }
}

/// The experts with the highest scores, the highest first.
pub(crate) fn chosen(mixture: Mixture, scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order.truncate(mixture.used);
    order
}

/// Softmax of the scores of all experts, or of the chosen ones only; then 0 for those that are not chosen.
fn chosen_weights(mixture: Mixture, scores: &[f32]) -> Vec<f32> {
    let chosen = chosen(mixture, scores);
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exp = |expert: usize| f64::from(scores[expert] - max).exp();
    let sum: f64 = if mixture.normalised {
        chosen.iter().map(|expert| exp(*expert)).sum()
    } else {
        (0..scores.len()).map(exp).sum()
    };
    let mut weights = vec![0.0; scores.len()];
    for expert in chosen {
        weights[expert] = (exp(expert) / sum) as f32;
    }
    weights
}

pub(crate) fn sigmoid(x: f32) -> f32 {
    (1.0 / (1.0 + (-f64::from(x)).exp())) as f32
}

/// The mixture of one layer: `x` and the result are `[seq, d_model]`.
pub(crate) fn forward(
    pass: &mut Pass<'_>,
    c: Mlp,
    mixture: Mixture,
    w: &Experts,
    x: &[f32],
) -> Result<Vec<f32>, Error> {
    let d = pass.config.d_model;
    let mut weights = w.weights(mixture, x);
    pass.site(Site::Experts, &mut weights)?;
    let width = weights.len() / pass.seq;
    let mut out = vec![0.0; x.len()];
    for (expert, mlp) in w.each().enumerate() {
        let rows: Vec<usize> = (0..pass.seq).filter(|row| weights[row * width + expert] != 0.0).collect();
        if rows.is_empty() {
            continue;
        }
        let input: Vec<f32> = rows.iter().flat_map(|row| &x[row * d..(row + 1) * d]).copied().collect();
        let hidden = hidden(c.activation, mlp, &input, |sum| pass.check(Site::MlpOut, sum))?;
        for (row, mut added) in rows.iter().zip(mlp.down.forward(&hidden).chunks_exact(d).map(<[f32]>::to_vec)) {
            stream::scale(&mut added, weights[row * width + expert]);
            stream::add(&mut out[row * d..(row + 1) * d], &added);
        }
    }
    Ok(out)
}

/// The hidden activations of an MLP for rows `x`, `[rows, d_model]`. `check` sees the sums before the activation: −Inf
/// would come out of it as 0.
pub(crate) fn hidden(
    kind: Activation,
    w: &MlpWeights,
    x: &[f32],
    check: impl Fn(&[f32]) -> Result<(), Error>,
) -> Result<Vec<f32>, Error> {
    match &w.gate {
        Some(gate) => {
            let [mut gated, up] = Linear::forward_all([gate, &w.up], x);
            check(&gated)?;
            activation::gated(best(), kind, &mut gated, &up);
            Ok(gated)
        }
        None => {
            let mut hidden = w.up.forward(x);
            check(&hidden)?;
            activation::apply(best(), kind, &mut hidden);
            Ok(hidden)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_a_softmax_of_all_or_of_the_chosen() {
        let scores = [1.0, 3.0, 2.0, -50.0];
        let weights = |used, normalised| chosen_weights(Mixture { n: 4, used, normalised, shared: None }, &scores);
        let normalised = weights(2, true);
        assert_eq!((normalised[0], normalised[3]), (0.0, 0.0));
        assert!((normalised.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((normalised[1] / normalised[2] - 1f32.exp()).abs() < 1e-5);
        let plain = weights(2, false);
        assert!((plain.iter().sum::<f32>() - 0.90997).abs() < 1e-4, "{plain:?}");
        // More than there are, and equal scores: the first ones.
        assert_eq!(chosen(Mixture { n: 3, used: 9, normalised: true, shared: None }, &[0.0; 3]), [0, 1, 2]);
    }
}
