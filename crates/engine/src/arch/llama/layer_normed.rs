//! The members of the family whose norms subtract the mean: OLMo 1, StableLM, StarCoder 2, Cohere.

use super::hf::NAMES;
use super::members::{HasBias, Kind, KvHeads, LLAMA, Member, SIZES};
use super::{Names, NormForm, NormPlace, QkNorm};
use crate::arch::common::TRAINING;
use crate::arch::fields::Means::{Harmless, Only, Used};
use crate::arch::fields::Plain::Bool;
use crate::arch::fields::{Field, Fields, Means};
use crate::arch::{common, rope, window};
use crate::config::{Pairs, Scales};
use crate::{Attention, Error, PerLayer};

const NO_RMS: Means = Only(&[], "RMS norms, which this family does not have");
const NO_MLP_BIAS: Means = Only(&[Bool(false)], "biases, which this family does not have there");
const NO_WINDOW: Means = Only(&[], "a window, which this family does not have");

const OLMO1_FIELDS: &[Field] = &[
    Field("attention_bias", Used),
    Field("clip_qkv", Used),
    Field("mlp_bias", NO_MLP_BIAS),
    Field("sliding_window", NO_WINDOW),
    Field("rms_norm_eps", NO_RMS),
];

const STABLELM_FIELDS: &[Field] = &[
    Field("layer_norm_eps", Used),
    Field("use_qkv_bias", Used),
    Field("use_parallel_residual", Used),
    Field("qk_layernorm", Used),
    Field("rotary_scaling_factor", Harmless("nothing reads it")),
    Field("attention_bias", Only(&[Bool(false)], "biases, which use_qkv_bias would say")),
    Field("mlp_bias", NO_MLP_BIAS),
    Field("sliding_window", NO_WINDOW),
    Field("rms_norm_eps", NO_RMS),
];

const STARCODER2_FIELDS: &[Field] = &[
    Field("norm_epsilon", Used),
    Field("use_bias", Used),
    Field("sliding_window", Used),
    Field("residual_dropout", TRAINING),
    Field("embedding_dropout", TRAINING),
    Field("activation_function", Harmless("hidden_act is what transformers reads")),
    Field("norm_type", Harmless("nothing reads it")),
    Field("mlp_type", Harmless("nothing reads it")),
    Field("layer_norm_epsilon", Harmless("norm_epsilon is what transformers reads")),
    Field("rms_norm_eps", NO_RMS),
];

const COHERE_FIELDS: &[Field] = &[
    Field("layer_norm_eps", Used),
    Field("attention_bias", Used),
    Field("logit_scale", Used),
    Field("use_qk_norm", Used),
    Field("mlp_bias", NO_MLP_BIAS),
    Field("rms_norm_eps", NO_RMS),
];

const COHERE2_FIELDS: &[Field] = &[
    Field("use_qk_norm", Only(&[Bool(false)], "norms of queries and keys, which transformers does not have here")),
    Field("sliding_window", Used),
    Field("layer_types", Used),
    Field("sliding_window_pattern", Used),
    Field("_sliding_window_pattern", Used),
    Field("rotary_pct", Only(&[crate::arch::fields::Plain::Number(1.0)], "rotary positions on a part of a head")),
    Field("order_of_interleaved_layers", Harmless("layer_types or the pattern says it")),
    Field("position_embedding_type", Harmless("nothing reads it: layers with a window are rotated")),
    Field("use_embedding_sharing", Harmless("tie_word_embeddings says it")),
    Field("use_gated_activation", Only(&[Bool(true)], "an MLP without a gate")),
    Field("use_parallel_block", Only(&[Bool(true)], "attention and MLP one after the other")),
    Field("use_parallel_embedding", Harmless("how the work is done, not what comes out")),
    Field("layer_switch", Harmless("layer_types or the pattern says it")),
];

/// OLMo 1: nothing of its norms is learned.
pub(super) const OLMO1: Member = Member {
    name: "olmo",
    class: "Olmo",
    tables: &[OLMO1_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    n_vocab: 50_304,
    eps: (None, 1e-5),
    mlp_bias: HasBias::Never,
    norm: NormForm::LayerUnlearned,
    attention: clamped,
    ..LLAMA
};

/// StableLM: a quarter of each head is rotated.
pub(super) const STABLELM: Member = Member {
    name: "stablelm",
    class: "StableLm",
    tables: &[STABLELM_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    sizes: [32, 32, 2560],
    d_ff: 6912,
    n_kv_heads: KvHeads::Many(32),
    n_ctx: 4096,
    n_vocab: 50_304,
    eps: (Some("layer_norm_eps"), 1e-5),
    part: Some(0.25),
    qkv_bias: HasBias::Field("use_qkv_bias", false),
    o_bias: HasBias::Never,
    mlp_bias: HasBias::Never,
    place: |fields| {
        let parallel = fields.flag_or("use_parallel_residual", false)?;
        Ok(if parallel { NormPlace::Shared } else { NormPlace::Before })
    },
    qk: |fields| Ok(if fields.flag_or("qk_layernorm", false)? { QkNorm::OwnEach } else { QkNorm::None }),
    norm: NormForm::Layer,
    names: &Names { q_norm: "self_attn.q_layernorm", k_norm: "self_attn.k_layernorm", ..NAMES },
    ..LLAMA
};

/// StarCoder 2: an MLP without a gate.
pub(super) const STARCODER2: Member = Member {
    name: "starcoder2",
    class: "Starcoder2",
    tables: &[STARCODER2_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    sizes: [30, 24, 3072],
    d_ff: 12_288,
    n_kv_heads: KvHeads::Many(2),
    n_ctx: 4096,
    n_vocab: 49_152,
    eps: (Some("norm_epsilon"), 1e-5),
    activation: ("hidden_act", "gelu_pytorch_tanh"),
    tied: true,
    qkv_bias: HasBias::Field("use_bias", true),
    o_bias: HasBias::Field("use_bias", true),
    mlp_bias: HasBias::Field("use_bias", true),
    norm: NormForm::Layer,
    names: &Names { gate: None, up: "mlp.c_fc", down: "mlp.c_proj", ..NAMES },
    kinds: |fields, _| Ok(PerLayer::same(Kind { window: window::given(fields)?, rotary: Some(0) })),
    ..LLAMA
};

/// Cohere's Command R: attention and MLP side by side, pairs of neighbours are rotated, logits are scaled.
pub(super) const COHERE: Member = Member {
    name: "cohere",
    class: "Cohere",
    tables: &[COHERE_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    sizes: [40, 64, 8192],
    d_ff: 22_528,
    n_ctx: 8192,
    n_vocab: 256_000,
    eps: (Some("layer_norm_eps"), 1e-5),
    theta: 500_000.0,
    tied: true,
    mlp_bias: HasBias::Never,
    place: |_| Ok(NormPlace::Shared),
    qk: |fields| Ok(if fields.flag_or("use_qk_norm", false)? { QkNorm::Own } else { QkNorm::None }),
    norm: NormForm::LayerWithoutBias,
    pairs: Pairs::Interleaved,
    scales: |fields, _| Ok(Scales { logits: fields.float_or("logit_scale", 0.0625)?, ..Scales::default() }),
    ..LLAMA
};

/// Command R7B and later: layers with a window are rotated, the others mark no positions.
pub(super) const COHERE2: Member = Member {
    name: "cohere2",
    class: "Cohere2",
    tables: &[COHERE2_FIELDS, COHERE_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    theta: 10_000.0,
    qk: |_| Ok(QkNorm::None),
    kinds: cohere2_kinds,
    ..COHERE
};

/// Queries, keys and values may have a bound.
pub(super) fn clamped(fields: &Fields<'_>, d_head: usize) -> Result<Attention, Error> {
    Ok(Attention { clamp: common::clamp(fields, "clip_qkv")?, ..Attention::plain(d_head) })
}

fn cohere2_kinds(fields: &Fields<'_>, n_layers: usize) -> Result<PerLayer<Kind>, Error> {
    let pattern = fields.optional_size("sliding_window_pattern")?;
    let older = fields.optional_size("_sliding_window_pattern")?;
    let pattern = match pattern.or(older).unwrap_or(4) {
        0 => return Err(fields.bad("sliding_window_pattern", "1 or more layers", "0")),
        pattern => pattern,
    };
    let has = window::listed_or_every(fields, n_layers, pattern)?;
    let windows = window::where_said(fields, "layer_types", window::size(fields, 4096)?, &has)?;
    Ok(windows.map(|window| Kind { window: *window, rotary: window.map(|_| 0) }))
}
