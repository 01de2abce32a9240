//! The residual stream: how each of its arrays is computed from others. Both a run and an explanation
//! (`analysis/explain/stream.rs`) follow this table.

use crate::config::{Config, NormKind};
use crate::site::Site;
use crate::weights::{Norm, Weights};
use attnscope_kernels::norm;

/// How an array is computed, token by token.
pub(crate) enum Step<'m> {
    /// It equals another array, for this reason.
    Same(Site, &'static str),
    /// Two arrays added.
    Sum(Site, Site),
    /// Another array multiplied by a number.
    Scaled(Site, f32),
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
    const NO_NORM: &str = "no norm stands before";
    let block = w.blocks.get(layer);
    let norm = |of, weights, name: &str| Step::Norm { of, weights, tensor: format!("blocks.{layer}.{name}") };
    let attention = block.map(|block| &block.norms);
    let mlp = block.and_then(|block| block.mlp_norms());
    let (parallel, residual) = (c.layers[layer].parallel, c.scales.residual);
    Some(match site {
        // A projection stands between (`Weights::learned`).
        Site::Embed if w.embed_projection.is_some() => return None,
        Site::EmbedNorm if w.embed_projection.is_none() => return None,
        Site::Embed | Site::EmbedNorm => match &w.embed_norm {
            Some(weights) => Step::Norm { of: Site::EmbedSum, weights, tensor: "embed.ln".into() },
            None => Step::Same(Site::EmbedSum, "no norm stands between"),
        },
        Site::AttnIn => match &attention?.before {
            Some(weights) => norm(Site::ResidPre, weights, "ln1"),
            None => Step::Same(Site::ResidPre, NO_NORM),
        },
        Site::AttnOut => match &attention?.output {
            Some(weights) => norm(Site::AttnRaw, weights, "ln1_out"),
            None if residual != 1.0 => Step::Scaled(Site::AttnRaw, residual),
            None => return None,
        },
        Site::AttnSum => Step::Sum(Site::ResidPre, Site::AttnOut),
        Site::ResidMid => match &attention?.after {
            Some(weights) => norm(Site::AttnSum, weights, "ln1"),
            None => Step::Sum(Site::ResidPre, Site::AttnOut),
        },
        Site::MlpIn => match &mlp?.before {
            Some(weights) => norm(if parallel { Site::ResidPre } else { Site::ResidMid }, weights, "ln2"),
            None if parallel => Step::Same(Site::AttnIn, "attention and MLP read the same"),
            None => Step::Same(Site::ResidMid, NO_NORM),
        },
        Site::MlpOut => match &mlp?.output {
            Some(weights) => norm(Site::MlpRaw, weights, "ln2_out"),
            None if residual != 1.0 => Step::Scaled(Site::MlpRaw, residual),
            None => return None,
        },
        Site::MlpSum => Step::Sum(Site::ResidMid, Site::MlpOut),
        Site::ResidPost => match mlp {
            None => Step::Same(Site::ResidMid, "there is no MLP"),
            Some(norms) => match &norms.after {
                Some(weights) => norm(Site::MlpSum, weights, "ln2"),
                None => Step::Sum(Site::ResidMid, Site::MlpOut),
            },
        },
        Site::HeadNorm | Site::LensHeadNorm => {
            let of = if site == Site::HeadNorm { Site::HeadPost } else { Site::LensHeadPost };
            match &w.transform.as_ref()?.norm {
                Some(weights) => Step::Norm { of, weights, tensor: "head.ln".into() },
                None => Step::Same(of, "no norm stands between"),
            }
        }
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

/// `x`, `[seq, d_model]`, normed or scaled if the step says so.
pub(crate) fn changed(c: &Config, step: Option<Step<'_>>, mut x: Vec<f32>) -> Vec<f32> {
    match step {
        Some(Step::Norm { weights, .. }) => normalise(c, weights, &x),
        Some(Step::Scaled(_, factor)) => {
            scale(&mut x, factor);
            x
        }
        _ => x,
    }
}

/// Multiplies every number of `x`.
pub(crate) fn scale(x: &mut [f32], factor: f32) {
    if factor != 1.0 {
        x.iter_mut().for_each(|x| *x *= factor);
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
