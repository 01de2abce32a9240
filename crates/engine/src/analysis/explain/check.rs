//! Whether a number exists at all: an error says which index does not, and how many there are.

use super::super::Number;
use crate::error::check_index;
use crate::{Error, Model};

/// Checks that a run of `model` over `n_tokens` has such a number.
///
/// # Errors
/// A layer, head, token or component that does not exist; an MLP in a model without; a logit of an encoder.
pub fn check(model: &Model, number: Number, n_tokens: usize) -> Result<(), Error> {
    let c = model.config();
    let (name, d_model, d_head) = (&c.name, ("the residual stream", c.d_model), ("a head", c.d_head));
    let layer = number.layer().unwrap_or(0);
    check_index(layer, c.n_layers, "layer", &format!("{name} has layers"))?;
    let position = |at| check_index(at, n_tokens, "token", "the text has tokens");
    let head = |at| check_index(at, c.n_heads, "head", &format!("each layer of {name} has heads"));
    let kv_head =
        |at| check_index(at, c.n_kv_heads, "head", &format!("each layer of {name} has heads of keys and values"));
    let component = |at, (what, n)| check_index(at, n, "component", &format!("{what} has components"));
    let known = |token| check_index(token, c.n_vocab, "token", &format!("{name} knows tokens"));
    let no_mlp = || Error::usage(format!("{name} has no MLP, only attention"));
    use Number::*;
    match number {
        Embed { position: at, component: x }
        | EmbedSum { position: at, component: x }
        | ResidPre { position: at, component: x, .. }
        | AttnIn { position: at, component: x, .. }
        | AttnOut { position: at, component: x, .. }
        | AttnSum { position: at, component: x, .. }
        | ResidMid { position: at, component: x, .. }
        | ResidPost { position: at, component: x, .. }
        | FinalNorm { position: at, component: x } => position(at).and(component(x, d_model)),
        MlpIn { position: at, component: x, .. }
        | MlpOut { position: at, component: x, .. }
        | MlpSum { position: at, component: x, .. } => {
            c.mlp.ok_or_else(no_mlp)?;
            position(at).and(component(x, d_model))
        }
        MlpPost { position: at, component: x, .. } => {
            let d_ff = c.mlp.ok_or_else(no_mlp)?.d_ff;
            position(at).and(component(x, ("the MLP's hidden layer", d_ff)))
        }
        Q { head: h, position: at, component: x, .. }
        | QRaw { head: h, position: at, component: x, .. }
        | Z { head: h, position: at, component: x, .. } => head(h).and(position(at)).and(component(x, d_head)),
        K { head: h, position: at, component: x, .. }
        | KRaw { head: h, position: at, component: x, .. }
        | V { head: h, position: at, component: x, .. } => kv_head(h).and(position(at)).and(component(x, d_head)),
        Score { head: h, q_idx, k_idx, .. } | Weight { head: h, q_idx, k_idx, .. } => {
            head(h).and(position(q_idx)).and(position(k_idx))
        }
        Logit { position: at, token } | Probability { position: at, token } => {
            if !model.has_vocab_head() {
                return Err(model.no_head());
            }
            position(at).and(known(token))
        }
        EmbedCosine { position: at, token }
        | PreCosine { position: at, token, .. }
        | MidCosine { position: at, token, .. } => position(at).and(known(token)),
    }
}
