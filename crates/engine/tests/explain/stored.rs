//! What a model has learned, looked up by the names that explanations give it.

use attnscope::weights::{Linear, Norm, Norms};
use attnscope::{MatrixKind, Model};

const KINDS: [(&str, MatrixKind); 4] = [
    ("attn.W_Q", MatrixKind::Q),
    ("attn.W_K", MatrixKind::K),
    ("attn.W_V", MatrixKind::V),
    ("attn.W_O", MatrixKind::O),
];

/// The norm of the input, or else of the sum.
fn around(norms: &Norms) -> &Norm {
    norms.before.as_ref().or(norms.after.as_ref()).unwrap()
}

/// A learned number by its name, from the model's own tensors.
pub fn stored(model: &Model, tensor: &str, at: &[usize]) -> f32 {
    let (w, d) = (model.weights(), model.config().d_head);
    let norm = |norm: &Norm| if tensor.ends_with(".w") { norm.weight[at[0]] } else { norm.bias[at[0]] };
    let matrix = |linear: &Linear, from: usize, to: usize| linear.weight.row_f32(to)[from];
    let bias = |linear: &Linear, to: usize| linear.bias.as_ref().unwrap()[to];
    let whole = match tensor {
        "W_E" => Some(w.embed.row_f32(at[0])[at[1]]),
        "W_pos" => Some(w.positions.as_ref().unwrap().row_f32(at[0])[at[1]]),
        "W_head" => Some(w.transform.as_ref().unwrap().dense.weight.row_f32(at[1])[at[0]]),
        "b_head" => Some(bias(&w.transform.as_ref().unwrap().dense, at[0])),
        "head.ln.w" | "head.ln.b" => Some(norm(w.transform.as_ref().unwrap().norm.as_ref().unwrap())),
        "W_proj" => Some(w.embed_projection.as_ref().unwrap().weight.row_f32(at[1])[at[0]]),
        "b_proj" => Some(bias(w.embed_projection.as_ref().unwrap(), at[0])),
        "W_token_type" => Some(w.token_types.as_ref().unwrap().row_f32(at[0])[at[1]]),
        "rel_attn_bias" => match w.bias.as_ref().unwrap() {
            attnscope::ScoreBias::Learned { table, .. } => Some(table[at[1]][at[0]]),
            other => panic!("{other:?} is not stored"),
        },
        "b_U" => Some(w.unembed_bias.as_ref().unwrap()[at[0]]),
        "W_U" => Some(w.unembed.as_ref().unwrap().row_f32(at[1])[at[0]]),
        "embed.ln.w" | "embed.ln.b" => Some(norm(w.embed_norm.as_ref().unwrap())),
        "ln_final.w" | "ln_final.b" => Some(norm(w.final_norm.as_ref().unwrap())),
        _ => None,
    };
    if let Some(found) = whole {
        return found;
    }
    let (layer, name) = tensor.strip_prefix("blocks.").unwrap().split_once('.').unwrap();
    let block = &w.blocks[layer.parse::<usize>().unwrap()];
    let mlp = || block.mlp.as_ref().unwrap();
    let experts = || block.experts.as_ref().unwrap();
    let mlp_norms = || block.mlp.as_ref().map_or_else(|| &experts().norms, |mlp| &mlp.norms);
    if let Some((_, kind)) = KINDS.into_iter().find(|(matrix, _)| *matrix == name) {
        let head = model.matrix(layer.parse().unwrap(), at[0], kind).unwrap();
        return head.row(&[at[1]]).unwrap()[at[2]];
    }
    match name {
        "attn.b_Q" => bias(&block.q, at[0] * d + at[1]),
        "attn.b_K" => bias(&block.k, at[0] * d + at[1]),
        "attn.b_V" => bias(&block.v, at[0] * d + at[1]),
        "attn.sinks" => block.sinks[at[0]],
        "mlp.b_router" => bias(&experts().router, at[0]),
        "attn.b_O" => bias(&block.o, at[0]),
        "attn.q_norm.w" => block.q_norm.as_ref().unwrap().weight[at[0]],
        "attn.k_norm.w" => block.k_norm.as_ref().unwrap().weight[at[0]],
        "mlp.W_gate" => matrix(mlp().gate.as_ref().unwrap(), at[0], at[1]),
        "mlp.W_in" => matrix(&mlp().up, at[0], at[1]),
        "mlp.W_out" => matrix(&mlp().down, at[0], at[1]),
        "mlp.W_router" => matrix(&experts().router, at[0], at[1]),
        "mlp.W_shared_router" => matrix(&experts().shared.as_ref().unwrap().0, at[0], at[1]),
        "mlp.b_gate" => bias(mlp().gate.as_ref().unwrap(), at[0]),
        "mlp.b_in" => bias(&mlp().up, at[0]),
        "mlp.b_out" => bias(&mlp().down, at[0]),
        "ln1.w" | "ln1.b" => norm(around(&block.norms)),
        "ln2.w" | "ln2.b" => norm(around(mlp_norms())),
        "ln1_out.w" | "ln1_out.b" => norm(block.norms.output.as_ref().unwrap()),
        "ln2_out.w" | "ln2_out.b" => norm(mlp_norms().output.as_ref().unwrap()),
        other => panic!("no tensor is called {other}"),
    }
}
