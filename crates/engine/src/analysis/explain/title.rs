//! What a number is, in words.

use super::super::Number;
use super::held::Held;

/// A title for a reader; tokens stand between asterisks.
pub(super) fn title(held: &Held<'_>, number: Number) -> String {
    let token = |at| held.token(at);
    let word = |id| format!("*{}*", held.word(id));
    match number {
        Number::Embed { position, component } => {
            format!("component {component} of {} as it enters the model", token(position))
        }
        Number::EmbedSum { position, component } => {
            format!("component {component} of {}: all that is added up in its embedding", token(position))
        }
        Number::ResidPre { layer, position, component } => {
            format!("component {component} of {} before layer {layer}", token(position))
        }
        Number::AttnIn { layer, position, component } => {
            format!("component {component} of {} as attention reads it in layer {layer}", token(position))
        }
        Number::QRaw { layer, head, position, component } => {
            let of = token(position);
            format!("component {component} of the query of {of} straight from W_Q (layer {layer}, head {head})")
        }
        Number::KRaw { layer, head, position, component } => {
            let of = token(position);
            format!("component {component} of the key of {of} straight from W_K (layer {layer}, head {head})")
        }
        Number::Q { layer, head, position, component } => {
            format!("component {component} of the query of {} (layer {layer}, head {head})", token(position))
        }
        Number::K { layer, head, position, component } => {
            format!("component {component} of the key of {} (layer {layer}, head {head})", token(position))
        }
        Number::V { layer, head, position, component } => {
            format!("component {component} of the value of {} (layer {layer}, head {head})", token(position))
        }
        Number::Score { layer, head, q_idx, k_idx } => {
            let (q, k) = (token(q_idx), token(k_idx));
            format!("how well the query of {q} fits the key of {k} (layer {layer}, head {head})")
        }
        Number::Weight { layer, head, q_idx, k_idx } => {
            format!("how much {} looks at {} (layer {layer}, head {head})", token(q_idx), token(k_idx))
        }
        Number::Z { layer, head, position, component } => {
            let of = token(position);
            format!("component {component} of the values that {of} mixes (layer {layer}, head {head})")
        }
        Number::AttnOut { layer, position, component } => {
            format!("what attention adds to component {component} of {} in layer {layer}", token(position))
        }
        Number::AttnSum { layer, position, component } => {
            format!("component {component} of {} with what attention adds in layer {layer}", token(position))
        }
        Number::ResidMid { layer, position, component } => {
            format!("component {component} of {} after attention in layer {layer}", token(position))
        }
        Number::MlpIn { layer, position, component } => {
            format!("component {component} of {} as the MLP reads it in layer {layer}", token(position))
        }
        Number::MlpPost { layer, position, component } => {
            format!("neuron {component} of the MLP for {} in layer {layer}", token(position))
        }
        Number::MlpOut { layer, position, component } => {
            format!("what the MLP adds to component {component} of {} in layer {layer}", token(position))
        }
        Number::MlpSum { layer, position, component } => {
            format!("component {component} of {} with what the MLP adds in layer {layer}", token(position))
        }
        Number::ResidPost { layer, position, component } => {
            format!("component {component} of {} after layer {layer}", token(position))
        }
        Number::FinalNorm { position, component } => {
            format!("component {component} of {} after the last norm", token(position))
        }
        Number::Logit { position, token: id } => format!("the logit of {} after {}", word(id), token(position)),
        Number::Probability { position, token: id } => {
            format!("how likely {} is after {}", word(id), token(position))
        }
        Number::EmbedCosine { position, token: id } => {
            format!("how near the embeddings of {} and {} are", token(position), word(id))
        }
        Number::PreCosine { layer, position, token: id } => {
            format!("how near {} before layer {layer} is to the embedding of {}", token(position), word(id))
        }
        Number::MidCosine { layer, position, token: id } => {
            format!("how near {} after attention in layer {layer} is to the embedding of {}", token(position), word(id))
        }
    }
}
