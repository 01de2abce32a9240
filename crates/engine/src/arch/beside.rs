//! What models whose attention and MLP may stand side by side have in common: layer norms with biases, rotary positions on
//! a part of each head, an MLP without a gate, and biases everywhere.

use super::fields::Means::{Only, Used};
use super::fields::Plain::{Bool, Number, Text};
use super::fields::{Field, Fields};
use super::loader::{Bias, Loader};
use super::{common, rope};
use crate::config::{Activation, Config, Mlp, Pairs, Rotary};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, Linear, MlpWeights, Norms, Weights};
use crate::{Attention, Error, Layer};

/// The config of such a model; the caller fills in the sizes that are 0 here.
pub(super) fn plain(arch: &str, n_heads: usize, d_head: usize, rotary: Rotary, parallel: bool, mlp: Mlp) -> Config {
    let rotaries = vec![rotary];
    let layer = Layer { attention: Attention::plain(d_head), rotary: Some(0), parallel, mlp: Some(mlp) };
    Config { rotaries, ..common::layer_norms(arch, n_heads, d_head, layer) }
}

/// The keys that llama.cpp reads for these architectures.
pub(super) const GGUF_KEYS: &[Field] = &[
    Field("rope.freq_base", Used),
    Field("rope.dimension_count", Used),
    Field("rope.scaling.type", Only(&[Text("none")], "scaled rotary positions")),
    Field("rope.scaling.factor", Only(&[Number(0.0), Number(1.0)], "scaled rotary positions")),
    Field("use_parallel_residual", Only(&[Bool(true)], "attention and MLP one after the other")),
];

/// The config in a GGUF.
pub(super) fn gguf_config(
    meta: &Metadata,
    fields: &Fields<'_>,
    loader: &Loader<'_>,
    parallel: bool,
    activation: Activation,
) -> Result<Config, Error> {
    let (d_model, n_heads) = (fields.size("embedding_length")?, fields.size("attention.head_count")?);
    let d_head = super::share(fields, d_model, n_heads)?;
    let dim = fields.optional_size("rope.dimension_count")?.unwrap_or(d_head);
    rope::fits(fields, dim, d_head)?;
    let theta = fields.float_or("rope.freq_base", 10_000.0)?;
    if !(1.0..=1e15).contains(&theta) {
        return Err(fields.bad("rope.freq_base", "a number from 1 to 1e15", &theta.to_string()));
    }
    let mlp = Mlp::one(fields.size("feed_forward_length")?, activation);
    let eps = fields.optional_float("attention.layer_norm_epsilon")?;
    let arch = match fields.arch {
        "gptneox" => "gpt_neox",
        "phi2" => "phi",
        other => other,
    };
    let config = Config {
        name: meta.model_name().unwrap_or_else(|| fields.arch.into()),
        n_layers: fields.size("block_count")?,
        n_kv_heads: fields.optional_size("attention.head_count_kv")?.unwrap_or(n_heads),
        d_model,
        n_ctx: fields.size("context_length")?,
        n_vocab: loader.tensors.require_any("token_embd.weight")?.rows(),
        norm_eps: eps.ok_or_else(|| fields.bad("attention.layer_norm_epsilon", "a number", "nothing"))?,
        causal: fields.flag_or("attention.causal", true)?,
        ..plain(arch, n_heads, d_head, Rotary::plain(dim, theta, Pairs::Halves), parallel, mlp)
    };
    config.check(loader.origin)?;
    Ok(config)
}

/// A block of a GGUF. `own_norm` says whether the MLP has a norm of its own.
pub(super) fn gguf_block(
    loader: &Loader<'_>,
    c: &Config,
    l: usize,
    [q, k, v]: [Linear; 3],
    own_norm: bool,
) -> Result<BlockWeights, Error> {
    let at = |name: &str| format!("blk.{l}.{name}");
    let (d, d_ff) = (c.d_model, c.d_ff());
    let linear = |name: &str, n_out, n_in| loader.linear(&at(name), n_out, n_in, Bias::Yes);
    let before = own_norm.then(|| loader.layer_norm(&at("ffn_norm"), d)).transpose()?;
    Ok(BlockWeights {
        norms: Norms::before(loader.layer_norm(&at("attn_norm"), d)?),
        q,
        k,
        v,
        q_norm: None,
        k_norm: None,
        sinks: Vec::new(),
        o: linear("attn_output", d, c.n_heads * c.d_head)?,
        experts: None,
        mlp: Some(MlpWeights {
            norms: Norms { before, ..Norms::default() },
            gate: None,
            up: linear("ffn_up", d_ff, d)?,
            down: linear("ffn_down", d, d_ff)?,
        }),
    })
}

/// The tensors outside the blocks of a GGUF, with those of the blocks.
pub(super) fn gguf_weights(loader: &Loader<'_>, c: &Config, blocks: Vec<BlockWeights>) -> Result<Weights, Error> {
    let bias = loader.has("output.bias").then(|| loader.vector("output.bias", c.n_vocab)).transpose()?;
    Ok(Weights { unembed_bias: bias, ..common::gguf_weights(loader, c, Bias::Yes, blocks)? })
}
