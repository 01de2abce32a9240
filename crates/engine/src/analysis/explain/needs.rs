//! What a run must do and keep so that a number can be explained.

use super::super::Number;
use crate::{Capture, Config};

/// What a run must keep to explain `number`: arrays of one layer (for what enters a layer, also of the one below).
pub fn captures(number: Number, config: &Config) -> Capture {
    let (names, layer): (&[&str], usize) = match number {
        Number::Embed { .. } | Number::EmbedSum { .. } => (&["embed"], 0),
        Number::ResidPre { layer: 0, .. } => (&["embed", "resid_pre"], 0),
        Number::ResidPre { layer, .. } => {
            return Capture::of(&["resid_pre", "resid_post"]).layers(layer - 1..layer.saturating_add(1));
        }
        Number::AttnIn { layer, .. } | Number::QRaw { layer, .. } | Number::KRaw { layer, .. } => {
            (&["resid_pre"], layer)
        }
        Number::Q { layer, .. } => (&["resid_pre", "q"], layer),
        Number::K { layer, .. } => (&["resid_pre", "k"], layer),
        Number::V { layer, .. } => (&["resid_pre", "v"], layer),
        Number::Score { layer, .. } => (&["q", "k", "scores"], layer),
        Number::Weight { layer, .. } => (&["scores", "pattern"], layer),
        Number::Z { layer, .. } => (&["pattern", "v", "z"], layer),
        Number::AttnOut { layer, .. } => (&["z", "attn_out"], layer),
        Number::AttnSum { layer, .. } => (&["resid_pre", "attn_out"], layer),
        Number::ResidMid { layer, .. } => (&["resid_pre", "attn_out", "resid_mid"], layer),
        Number::MlpIn { layer, .. } => (&["resid_mid"], layer),
        Number::MlpPost { layer, .. } => (&["resid_mid", "mlp_post"], layer),
        Number::MlpOut { layer, .. } => (&["mlp_post", "mlp_out"], layer),
        Number::MlpSum { layer, .. } => (&["resid_mid", "mlp_out"], layer),
        Number::ResidPost { layer, .. } => (&["resid_mid", "mlp_out", "resid_post"], layer),
        Number::FinalNorm { .. } => (&["resid_post", "final_norm"], config.n_layers - 1),
        Number::Logit { .. } | Number::Probability { .. } => (&["final_norm"], 0),
        Number::EmbedCosine { .. } => (&[], 0),
        Number::PreCosine { layer, .. } => (&["resid_pre"], layer),
        Number::MidCosine { layer, .. } => (&["resid_mid"], layer),
    };
    Capture::of(names).layers(layer..layer.saturating_add(1))
}

/// How many layers a run must pass to explain `number`; `None` where it must go through to the vocabulary.
pub fn depth(number: Number) -> Option<usize> {
    match number {
        Number::Embed { .. } | Number::EmbedSum { .. } | Number::EmbedCosine { .. } => Some(0),
        Number::FinalNorm { .. } | Number::Logit { .. } | Number::Probability { .. } => None,
        _ => number.layer().map(|layer| layer.saturating_add(1)),
    }
}
