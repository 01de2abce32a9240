//! The residual stream: how each of its arrays is computed from others. Both a run and an explanation
//! (`analysis/explain/stream.rs`) follow this table.

use crate::config::{Config, NormKind, NormPlace};
use crate::site::Site;
use crate::weights::{Norm, Weights};
use attnscope_kernels::norm;

/// How an array is computed, token by token.
pub(crate) enum Step<'m> {
    /// It equals another array, for this reason.
    Same(Site, &'static str),
    /// Two arrays added.
    Sum(Site, Site),
    /// A norm of another array.
    Norm {
        of: Site,
        weights: &'m Norm,
        /// The name of its weights.
        tensor: String,
    },
}

/// How `site` is computed in `layer` of a model; `None` for an array that is not part of the stream, or that comes from
/// another layer ([`Site::ResidPre`]).
pub(crate) fn step<'m>(c: &Config, w: &'m Weights, site: Site, layer: usize) -> Option<Step<'m>> {
    const BEFORE: &str = "the norm stands after";
    let block = w.blocks.get(layer);
    let norm = |of, weights, which: usize| Step::Norm { of, weights, tensor: format!("blocks.{layer}.ln{which}") };
    let attention = block.map(|block| &block.norm_attn);
    let mlp = block.and_then(|block| block.mlp.as_ref()).map(|mlp| &mlp.norm);
    let pre = c.layers[layer].norm_place == NormPlace::Pre;
    Some(match site {
        Site::Embed => match &w.embed_norm {
            Some(weights) => Step::Norm { of: Site::EmbedSum, weights, tensor: "embed.ln".into() },
            None => Step::Same(Site::EmbedSum, "no norm stands between"),
        },
        Site::AttnIn if pre => norm(Site::ResidPre, attention?, 1),
        Site::AttnIn => Step::Same(Site::ResidPre, BEFORE),
        Site::AttnSum => Step::Sum(Site::ResidPre, Site::AttnOut),
        Site::ResidMid if pre => Step::Sum(Site::ResidPre, Site::AttnOut),
        Site::ResidMid => norm(Site::AttnSum, attention?, 1),
        Site::MlpIn if pre => norm(Site::ResidMid, mlp?, 2),
        Site::MlpIn => Step::Same(Site::ResidMid, BEFORE),
        Site::MlpSum => Step::Sum(Site::ResidMid, Site::MlpOut),
        Site::ResidPost if mlp.is_none() => Step::Same(Site::ResidMid, "there is no MLP"),
        Site::ResidPost if pre => Step::Sum(Site::ResidMid, Site::MlpOut),
        Site::ResidPost => norm(Site::MlpSum, mlp?, 2),
        Site::FinalNorm | Site::LensNorm => {
            let of = if site == Site::LensNorm { Site::ResidPre } else { Site::ResidPost };
            match &w.final_norm {
                Some(weights) => Step::Norm { of, weights, tensor: "ln_final".into() },
                None => Step::Same(of, "there is no last norm"),
            }
        }
        _ => return None,
    })
}

/// An input read from the stream: `x`, `[seq, d_model]`, normed if the step says so.
pub(crate) fn read(c: &Config, step: Option<Step<'_>>, x: &[f32]) -> Vec<f32> {
    match step {
        Some(Step::Norm { weights, .. }) => normalise(c, weights, x),
        _ => x.to_vec(),
    }
}

/// Writes `out` to the stream: adds it, and norms the sum if the step says so.
pub(crate) fn write(c: &Config, step: Option<Step<'_>>, stream: &mut Vec<f32>, out: &[f32]) {
    add(stream, out);
    if let Some(Step::Norm { weights, .. }) = step {
        *stream = normalise(c, weights, stream);
    }
}

/// Adds `what` to `to`, number by number.
pub(crate) fn add(to: &mut [f32], what: &[f32]) {
    to.iter_mut().zip(what).for_each(|(a, b)| *a += b);
}

/// Normalises every row of `x`.
pub(crate) fn normalise(c: &Config, n: &Norm, x: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    match c.norm {
        NormKind::Rms => norm::rms(x, &n.weight, c.norm_eps, &mut out),
        NormKind::Layer => norm::layer(x, &n.weight, &n.bias, c.norm_eps, &mut out),
    }
    out
}
