//! Direct logit attribution: how much each head adds to one token's logit (Elhage et al., "A mathematical framework
//! for transformer circuits", 2021).
//!
//! The residual stream is a sum, and a head's output is one of its terms. The final norm alone is not linear: its
//! scale depends on the whole sum. It is held at what it was in the run; what is left is linear, and each term has
//! its share of the logit.

use crate::model::Model;
use crate::{Error, Trace};

/// What each head adds to the logit of `token_id` at the last position, `[layer][head]`, with the final norm's scale
/// held at that of the run. The trace must hold every layer's `attn.z` (or `attn.result`) and the last layer's
/// `resid_post`.
pub fn contributions(model: &Model, trace: &Trace, token_id: u32) -> Result<Vec<Vec<f32>>, Error> {
    let info = &trace.model;
    let last_layer = info.n_layers.saturating_sub(1);
    let resid = trace.layer(last_layer, "resid_post").ok_or_else(|| missing(last_layer, "resid_post"))?;
    let resid = resid.data().rchunks(info.d_model.max(1)).next().unwrap_or(&[]);
    let logit = |x: &[f32]| -> Result<f32, Error> {
        let logits = model.unembed(x)?;
        logits.get(token_id as usize).copied().ok_or_else(|| {
            Error::usage(format!("there is no token {token_id}: the model knows {}, counted from 0", logits.len()))
        })
    };
    let frozen = Frozen::new(resid, centred(resid.len(), &logit)?, logit)?;
    (0..info.n_layers)
        .map(|layer| {
            (0..info.n_heads)
                .map(|head| {
                    let out = output(model, trace, layer, head).ok_or_else(|| missing(layer, "attn.z"))?;
                    frozen.share(&out)
                })
                .collect()
        })
        .collect()
}

/// What a head writes at the last position, `[d_model]`.
fn output(model: &Model, trace: &Trace, layer: usize, head: usize) -> Option<Vec<f32>> {
    let info = &trace.model;
    if let Some(result) = trace.layer(layer, "attn.result") {
        return result.index(head)?.rchunks_exact(info.d_model).next().map(<[f32]>::to_vec);
    }
    let z = trace.layer(layer, "attn.z")?.index(head)?.rchunks_exact(info.d_head).next()?;
    let w_o = model.w_o(layer, head);
    Some(w_o.chunks_exact(z.len()).map(|row| row.iter().zip(z).map(|(a, b)| a * b).sum()).collect())
}

/// Whether the final norm takes the mean away first (layer norm): then it makes zeros of equal numbers.
fn centred<E>(d_model: usize, logit: &impl Fn(&[f32]) -> Result<f32, E>) -> Result<bool, E> {
    Ok(logit(&vec![1.0; d_model])? == logit(&vec![0.0; d_model])?)
}

fn missing(layer: usize, name: &str) -> Error {
    Error::usage(format!("the trace does not hold `blocks.{layer}.{name}`: capture it"))
}

/// The final norm and the vocabulary's row, with the norm's scale held.
struct Frozen<F> {
    centred: bool,
    /// Scale of the residual stream in the run.
    scale: f32,
    /// The logit of nothing: biases.
    bias: f32,
    logit: F,
}

impl<E, F: Fn(&[f32]) -> Result<f32, E>> Frozen<F> {
    fn new(resid: &[f32], centred: bool, logit: F) -> Result<Self, E> {
        let bias = logit(&vec![0.0; resid.len()])?;
        Ok(Self { centred, scale: scale(resid, centred), bias, logit })
    }

    /// The share of one term. The norm forgets lengths, so the term is brought to the residual's scale, where the
    /// norm divides by the very number of the run, and the length is put back afterwards.
    fn share(&self, term: &[f32]) -> Result<f32, E> {
        let own = scale(term, self.centred);
        if own == 0.0 || self.scale == 0.0 {
            return Ok(0.0);
        }
        let stretched: Vec<f32> = term.iter().map(|x| x * (self.scale / own)).collect();
        Ok(((self.logit)(&stretched)? - self.bias) * (own / self.scale))
    }
}

/// Root mean square, of the deviations from the mean where the norm is centred.
fn scale(x: &[f32], centred: bool) -> f32 {
    let n = x.len().max(1) as f32;
    let mean = if centred { x.iter().sum::<f32>() / n } else { 0.0 };
    (x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    const ROW: [f32; 4] = [0.5, -1.0, 2.0, 0.25];
    const TERMS: [[f32; 4]; 3] = [[1.0, 2.0, -3.0, 0.5], [0.1, -0.2, 0.05, 4.0], [-2.0, 0.0, 0.0, 1.0]];

    /// A final norm with this kind of centring, then one row of a vocabulary and a bias.
    fn logit(x: &[f32], centred: bool) -> Result<f32, Infallible> {
        let mean = if centred { x.iter().sum::<f32>() / 4.0 } else { 0.0 };
        let rms = (scale(x, centred).powi(2) + 1e-5).sqrt();
        Ok(x.iter().zip(ROW).map(|(x, w)| (x - mean) / rms * w).sum::<f32>() + 0.75)
    }

    #[test]
    fn shares_sum_to_the_logit_under_either_norm() {
        for kind in [false, true] {
            let resid: Vec<f32> = (0..4).map(|i| TERMS.iter().map(|t| t[i]).sum()).collect();
            let f = |x: &[f32]| logit(x, kind);
            assert_eq!(centred(4, &f).unwrap(), kind);
            let frozen = Frozen::new(&resid, kind, f).unwrap();
            let sum: f32 = TERMS.iter().map(|t| frozen.share(t).unwrap()).sum();
            let expected = logit(&resid, kind).unwrap() - 0.75;
            assert!((sum - expected).abs() < 1e-5, "{kind}: {sum} is not {expected}");
            assert_eq!(frozen.share(&[0.0; 4]).unwrap(), 0.0);
        }
    }
}
