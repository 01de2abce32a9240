//! Direct logit attribution: how much each head adds to one token's logit (Elhage et al., "A mathematical framework
//! for transformer circuits", 2021).
//!
//! The residual stream is a sum, and each head's output is one of its terms. Only the final norm is not linear, because
//! its scale depends on the whole sum. The scale is therefore held at its value in this run; the rest is linear, so
//! each term has its share of the logit.

use crate::Site;
use crate::config::NormKind;
use crate::format::Tensor;
use crate::model::Model;
use crate::weights::Norm;
use crate::{Error, Trace};

/// The direct logit attribution of every head: what it adds to the logit of `token_id` at the last position (before a
/// soft cap, if the model has one), `[layer][head]`, with the final norm's scale held at that of the run. The trace must hold every layer's `attn.z` (or
/// `attn.result`) and the last layer's `resid_post`.
pub fn contributions(model: &Model, trace: &Trace, token_id: u32) -> Result<Vec<Vec<f32>>, Error> {
    let (config, weights) = (model.config(), model.weights());
    let unembed = weights.unembed.as_ref().ok_or_else(|| model.no_head())?;
    if weights.transform.as_ref().is_some_and(|transform| transform.activation.is_some() || transform.norm.is_some()) {
        return Err(Error::usage(format!(
            "{} has a head for masked words, whose non-linear layer cannot be shared out among heads",
            config.name
        )));
    }
    if token_id as usize >= config.n_vocab {
        let last = config.n_vocab.saturating_sub(1);
        return Err(Error::usage(format!("there is no token {token_id}: {} knows tokens 0 to {last}", config.name)));
    }
    let last_layer = config.n_layers.saturating_sub(1);
    let resid = trace.layer(last_layer, Site::ResidPost).ok_or_else(|| missing(Site::ResidPost, last_layer))?;
    let resid =
        resid.data().rchunks_exact(config.d_model).next().ok_or_else(|| missing(Site::ResidPost, last_layer))?;
    let row = unembed.row_f32(token_id as usize);
    let row = match &weights.transform {
        Some(transform) => before(&transform.dense.weight, &row),
        None => row,
    };
    let direction = match &weights.final_norm {
        Some(norm) => direction(config.norm, norm, config.norm_eps, resid, &row),
        None => row,
    };
    let heads = |layer: usize| {
        let out = |head| output(model, trace, layer, head).ok_or_else(|| missing(Site::Z, layer));
        let outs: Vec<Vec<f32>> = (0..config.n_heads).map(out).collect::<Result<_, _>>()?;
        let direction = before_output(model, layer, &outs, &direction);
        Ok(outs.iter().map(|out| dot(out, &direction) * config.scales.logits).collect())
    };
    (0..config.n_layers).map(heads).collect()
}

/// The same direction before a matrix, `[n_out, n_in]`.
fn before(weight: &Tensor, direction: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; weight.cols()];
    for (i, of) in direction.iter().enumerate() {
        out.iter_mut().zip(weight.row_f32(i)).for_each(|(sum, w)| *sum += of * w);
    }
    out
}

/// The same direction before a layer's attention is normed or scaled, if the model does so; the norm's scale is held
/// too.
fn before_output(model: &Model, layer: usize, outs: &[Vec<f32>], direction: &[f32]) -> Vec<f32> {
    let (config, block) = (model.config(), &model.weights().blocks[layer]);
    if let Some(norm) = &block.norms.output {
        let mut sum = block.o.bias.clone().unwrap_or_else(|| vec![0.0; config.d_model]);
        outs.iter().for_each(|out| crate::stream::add(&mut sum, out));
        return self::direction(config.norm, norm, config.norm_eps, &sum, direction);
    }
    direction.iter().map(|x| x * config.scales.residual).collect()
}

/// What a head writes at the last position, `[d_model]`.
fn output(model: &Model, trace: &Trace, layer: usize, head: usize) -> Option<Vec<f32>> {
    let config = model.config();
    if let Some(result) = trace.layer(layer, Site::Result) {
        return result.index(head)?.rchunks_exact(config.d_model).next().map(<[f32]>::to_vec);
    }
    let z = trace.layer(layer, Site::Z)?.index(head)?.rchunks_exact(config.d_head).next()?;
    Some(model.w_o(layer, head).chunks_exact(z.len()).map(|row| dot(row, z)).collect())
}

fn missing(site: Site, layer: usize) -> Error {
    Error::usage(format!("the trace does not hold `{}`: capture it", site.key(layer)))
}

/// The direction whose dot product with a term of the residual stream is that term's share of the logit: the
/// vocabulary's row, scaled by the norm of this `resid`.
fn direction(kind: NormKind, norm: &Norm, eps: f32, resid: &[f32], row: &[f32]) -> Vec<f32> {
    let n = resid.len().max(1) as f32;
    let mean = match kind {
        NormKind::Rms => 0.0,
        NormKind::Layer => resid.iter().sum::<f32>() / n,
    };
    let scale = 1.0 / (resid.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / n + eps).sqrt();
    let mut out: Vec<f32> = row.iter().zip(&norm.weight).map(|(u, g)| u * g * scale).collect();
    if kind == NormKind::Layer {
        // Layer norm subtracts each term's mean; subtracting the direction's own mean has the same effect.
        let mean = out.iter().sum::<f32>() / n;
        out.iter_mut().for_each(|x| *x -= mean);
    }
    out
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: [f32; 4] = [0.5, -1.0, 2.0, 0.25];
    const TERMS: [[f32; 4]; 3] = [[1.0, 2.0, -3.0, 0.5], [0.1, -0.2, 0.05, 4.0], [-2.0, 0.0, 0.0, 1.0]];

    #[test]
    fn shares_sum_to_the_logit_under_either_norm() {
        let resid: Vec<f32> = (0..4).map(|i| TERMS.iter().map(|t| t[i]).sum()).collect();
        let norm = Norm { weight: vec![1.0, 0.5, 2.0, -1.0], bias: vec![0.0; 4] };
        for kind in [NormKind::Rms, NormKind::Layer] {
            // The norm itself, step by step.
            let mean = if kind == NormKind::Layer { resid.iter().sum::<f32>() / 4.0 } else { 0.0 };
            let deviations: Vec<f32> = resid.iter().map(|x| x - mean).collect();
            let length = (dot(&deviations, &deviations) / 4.0 + 1e-5).sqrt();
            let logit: f32 = (0..4).map(|i| deviations[i] / length * norm.weight[i] * ROW[i]).sum();

            let direction = direction(kind, &norm, 1e-5, &resid, &ROW);
            let sum: f32 = TERMS.iter().map(|t| dot(t, &direction)).sum();
            assert!((sum - logit).abs() < 1e-5, "{kind:?}: {sum} is not {logit}");
        }
    }
}
