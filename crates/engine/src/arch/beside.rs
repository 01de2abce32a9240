//! What models whose attention and MLP may stand side by side have in common: layer norms with biases, rotary positions on
//! a part of each head, an MLP without a gate, and biases everywhere.

use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::{Bool, Number};
use super::fields::{Field, Fields};
use super::loader::{Bias, Loader};
use crate::config::{Activation, Config, Mlp, NormKind, Pairs, Rotary, Scales};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, Linear, MlpWeights, Norms, Weights};
use crate::{Attention, Error, Layer, PerLayer};

/// The sizes and choices of such a model.
pub(super) struct Shape {
    pub arch: &'static str,
    pub name: String,
    pub n_layers: usize,
    pub n_heads: usize,
    pub n_kv_heads: usize,
    pub d_model: usize,
    pub d_head: usize,
    pub n_ctx: usize,
    pub n_vocab: usize,
    pub norm_eps: f32,
    pub causal: bool,
    pub rotary: Rotary,
    pub d_ff: usize,
    pub activation: Activation,
    pub parallel: bool,
}

impl Shape {
    pub fn config(self) -> Config {
        Config {
            arch: self.arch.into(),
            name: self.name,
            n_layers: self.n_layers,
            n_heads: self.n_heads,
            n_kv_heads: self.n_kv_heads,
            d_model: self.d_model,
            d_head: self.d_head,
            n_ctx: self.n_ctx,
            n_vocab: self.n_vocab,
            norm: NormKind::Layer,
            norm_eps: self.norm_eps,
            causal: self.causal,
            rotaries: vec![self.rotary],
            scales: Scales::default(),
            layers: PerLayer::same(Layer {
                attention: Attention::plain(self.d_head),
                rotary: Some(0),
                parallel: self.parallel,
                mlp: Some(Mlp { d_ff: self.d_ff, activation: self.activation }),
            }),
        }
    }
}

/// The keys that llama.cpp reads for these architectures.
pub(super) const GGUF_KEYS: &[Field] = &[
    Field("block_count", Used),
    Field("attention.head_count", Used),
    Field("attention.head_count_kv", Used),
    Field("embedding_length", Used),
    Field("feed_forward_length", Used),
    Field("context_length", Used),
    Field("attention.layer_norm_epsilon", Used),
    Field("attention.causal", Used),
    Field("rope.freq_base", Used),
    Field("rope.dimension_count", Used),
    Field("rope.scaling.type", Only(&[super::fields::Plain::Text("none")], "scaled rotary positions")),
    Field("rope.scaling.factor", Only(&[Number(0.0), Number(1.0)], "scaled rotary positions")),
    Field("vocab_size", Harmless("the embedding has as many rows as there are tokens")),
    Field("tensor_data_layout", Harmless("a name or a version")),
    Field("attention.layer_norm_rms_epsilon", Harmless("llama.cpp does not read it for this architecture")),
    Field("attention.sliding_window", Only(&[Number(0.0)], "a window")),
    Field("attention.scale", Only(&[Number(0.0)], "scores scaled by another number")),
    Field("attention.max_alibi_bias", Only(&[Number(0.0)], "ALiBi positions")),
    Field("attention.clamp_kqv", Only(&[Number(0.0)], "queries, keys and values that are clamped")),
    Field("expert_count", Only(&[Number(0.0)], "a mixture of experts")),
    Field("use_parallel_residual", Only(&[Bool(true)], "attention and MLP one after the other")),
];

/// The shape in a GGUF; the caller says which activation it has, and whether attention and MLP stand side by side.
pub(super) fn gguf_shape(
    meta: &Metadata,
    fields: &Fields<'_>,
    loader: &Loader<'_>,
    pairs: Pairs,
) -> Result<Shape, Error> {
    let (d_model, n_heads) = (fields.size("embedding_length")?, fields.size("attention.head_count")?);
    let d_head = super::share(fields, d_model, n_heads)?;
    let dim = fields.optional_size("rope.dimension_count")?.unwrap_or(d_head);
    if dim == 0 || dim > d_head || !dim.is_multiple_of(2) {
        let text = format!("is {dim}: rotary positions over {dim} numbers do not fit heads of {d_head}");
        return Err(fields.refused("rope.dimension_count", text));
    }
    let theta = fields.float_or("rope.freq_base", 10_000.0)?;
    if !(1.0..=1e15).contains(&theta) {
        return Err(fields.bad("rope.freq_base", "a number from 1 to 1e15", &theta.to_string()));
    }
    let eps = fields.optional_float("attention.layer_norm_epsilon")?;
    Ok(Shape {
        arch: if fields.arch == "gptneox" { "gpt_neox" } else { "phi" },
        name: meta.model_name().unwrap_or_else(|| fields.arch.into()),
        n_layers: fields.size("block_count")?,
        n_heads,
        n_kv_heads: fields.optional_size("attention.head_count_kv")?.unwrap_or(n_heads),
        d_model,
        d_head,
        n_ctx: fields.size("context_length")?,
        n_vocab: loader.tensors.require_any("token_embd.weight")?.rows(),
        norm_eps: eps.ok_or_else(|| fields.bad("attention.layer_norm_epsilon", "a number", "nothing"))?,
        causal: fields.flag_or("attention.causal", true)?,
        rotary: Rotary::plain(dim, theta, pairs),
        d_ff: fields.size("feed_forward_length")?,
        activation: Activation::Gelu,
        parallel: true,
    })
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
        o: linear("attn_output", d, c.n_heads * c.d_head)?,
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
    let shape = [c.n_vocab, c.d_model];
    let embed = loader.tensor("token_embd.weight", &shape)?;
    let untied = loader.tensors.holds("output.weight");
    let unembed = if untied { loader.tensor("output.weight", &shape)? } else { embed.clone() };
    let bias = loader.has("output.bias").then(|| loader.vector("output.bias", c.n_vocab)).transpose()?;
    Ok(Weights {
        embed,
        positions: None,
        padding: None,
        token_type: None,
        embed_norm: None,
        blocks,
        final_norm: Some(loader.layer_norm("output_norm", c.d_model)?),
        unembed: Some(unembed),
        unembed_bias: bias,
    })
}
