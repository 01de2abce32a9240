//! Llama and its family: RMS norm, rotary positions, gated MLP, grouped queries. Mistral, Qwen 2 and Qwen 3 differ in
//! windows, biases and normed queries, and in the defaults for what their configs leave out.

mod gguf;
mod hf;
mod members;

#[cfg(test)]
pub(super) use gguf::KEYS as GGUF_KEYS;
pub(super) use gguf::read as gguf;
pub(super) use hf::read as hf;
pub(super) use members::{MEMBERS, Member};

use super::loader::{Bias, Loader};
use crate::Error;
use crate::config::{Config, Mlp};
use crate::format::Tensor;
use crate::weights::{BlockWeights, MlpWeights, Norm, Weights};

/// The names under which one file format stores the tensors of a block.
struct Names {
    block: fn(&str, usize) -> String,
    norm_attn: &'static str,
    q: &'static str,
    k: &'static str,
    v: &'static str,
    q_norm: &'static str,
    k_norm: &'static str,
    o: &'static str,
    norm_mlp: &'static str,
    gate: &'static str,
    up: &'static str,
    down: &'static str,
}

/// The optional tensors that the blocks of a file have.
struct Parts {
    qkv_bias: Bias,
    o_bias: Bias,
    mlp_bias: Bias,
    norms: bool,
}

fn block(
    loader: &Loader<'_>,
    c: &Config,
    l: usize,
    names: &Names,
    at: &str,
    parts: &Parts,
) -> Result<BlockWeights, Error> {
    let at = |name: &str| format!("{at}{name}");
    let (d, heads, kv) = (c.d_model, c.n_heads * c.d_head, c.n_kv_heads * c.d_head);
    let norm = |name: &str| parts.norms.then(|| loader.vector(&at(name), c.d_head)).transpose();
    let mlp = |Mlp { d_ff, .. }| {
        Ok::<_, Error>(MlpWeights {
            norm: loader.rms(&at(names.norm_mlp), d)?,
            gate: Some(loader.linear(&at(names.gate), d_ff, d, parts.mlp_bias)?),
            up: loader.linear(&at(names.up), d_ff, d, parts.mlp_bias)?,
            down: loader.linear(&at(names.down), d, d_ff, parts.mlp_bias)?,
        })
    };
    Ok(BlockWeights {
        norm_attn: loader.rms(&at(names.norm_attn), d)?,
        q: loader.linear(&at(names.q), heads, d, parts.qkv_bias)?,
        k: loader.linear(&at(names.k), kv, d, parts.qkv_bias)?,
        v: loader.linear(&at(names.v), kv, d, parts.qkv_bias)?,
        q_norm: norm(names.q_norm)?,
        k_norm: norm(names.k_norm)?,
        o: loader.linear(&at(names.o), d, heads, parts.o_bias)?,
        mlp: c.layers[l].mlp.map(mlp).transpose()?,
    })
}

fn weights(embed: Tensor, blocks: Vec<BlockWeights>, final_norm: Norm, unembed: Option<Tensor>) -> Weights {
    let final_norm = Some(final_norm);
    Weights { embed, positions: None, token_type: None, embed_norm: None, blocks, final_norm, unembed }
}
