//! Gemma 1, 2 and 3: embeddings multiplied by √d_model, norms that multiply by 1 + weight, windows in some layers, and
//! soft caps.

use super::members::{Kind, KvHeads, LLAMA, Member, SIZES};
use super::{NormForm, NormPlace, QkNorm};
use crate::arch::fields::Means::{Harmless, Only, Used};
use crate::arch::fields::Plain::Bool;
use crate::arch::fields::{Field, Fields, Means};
use crate::arch::{common, rope, window};
use crate::config::{Activation, Scales};
use crate::{Attention, Error, PerLayer};

const BIDIRECTIONAL: Means = Only(&[Bool(false)], "attention in both directions");
const NO_MLP_BIAS: Means = Only(&[Bool(false)], "biases, which Gemma does not have there");

const GEMMA_FIELDS: &[Field] = &[
    Field("attention_bias", Used),
    Field("mlp_bias", NO_MLP_BIAS),
    Field("hidden_activation", Harmless("hidden_act is what transformers reads for Gemma 1")),
    Field("use_bidirectional_attention", BIDIRECTIONAL),
    Field("sliding_window", Harmless("Gemma 1 has no window")),
];

const GEMMA2_FIELDS: &[Field] = &[
    Field("attention_bias", Used),
    Field("mlp_bias", NO_MLP_BIAS),
    Field("hidden_activation", Used),
    Field("hidden_act", Harmless("hidden_activation is what transformers reads")),
    Field("use_bidirectional_attention", BIDIRECTIONAL),
    Field("query_pre_attn_scalar", Used),
    Field("attn_logit_softcapping", Used),
    Field("final_logit_softcapping", Used),
    Field("sliding_window", Used),
    Field("layer_types", Used),
    Field("sliding_window_size", Harmless("another name of sliding_window, which counts")),
    Field("cache_implementation", Harmless("how the work is done, not what comes out")),
];

const GEMMA3_FIELDS: &[Field] = &[
    Field("sliding_window_pattern", Used),
    Field("_sliding_window_pattern", Used),
    Field("rope_local_base_freq", Used),
];

pub(super) const GEMMA: Member = Member {
    name: "gemma",
    class: "Gemma",
    tables: &[GEMMA_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    sizes: [28, 16, 3072],
    d_ff: 24_576,
    n_kv_heads: KvHeads::Many(16),
    n_ctx: 8192,
    n_vocab: 256_000,
    d_head: Some(256),
    activation: ("hidden_act", "gelu_pytorch_tanh"),
    // The official files say gelu, and mean its tanh formula: transformers reads it so.
    read_as: |kind| if kind == Activation::Gelu { Activation::GeluTanh } else { kind },
    tied: true,
    norm: NormForm::RmsPlusOne,
    scales: |_, d_model| Ok(Scales { embed: root(d_model), ..Scales::default() }),
    mlp_bias: super::members::HasBias::Never,
    ..LLAMA
};

pub(super) const GEMMA2: Member = Member {
    name: "gemma2",
    class: "Gemma2",
    tables: &[GEMMA2_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    sizes: [26, 8, 2304],
    d_ff: 9216,
    n_kv_heads: KvHeads::Many(4),
    activation: ("hidden_activation", "gelu_pytorch_tanh"),
    read_as: |kind| kind,
    place: |_| Ok(NormPlace::Both),
    attention: |fields, d_head| attention(fields, d_head, 50.0),
    scales: |fields, d_model| scales(fields, d_model, 30.0),
    kinds: |fields, n_layers| kinds(fields, n_layers, 2, 0),
    ..GEMMA
};

pub(super) const GEMMA3: Member = Member {
    name: "gemma3_text",
    class: "Gemma3",
    tables: &[GEMMA3_FIELDS, GEMMA2_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    n_ctx: 131_072,
    n_vocab: 262_208,
    theta: 1e6,
    qk: |_| Ok(QkNorm::Head),
    attention: |fields, d_head| attention(fields, d_head, 0.0),
    scales: |fields, d_model| scales(fields, d_model, 0.0),
    kinds: |fields, n_layers| {
        // A list of layers counts, wherever it is; else every sixth layer has no window, or as the pattern says.
        let pattern = fields.optional_size("sliding_window_pattern")?;
        let older = fields.optional_size("_sliding_window_pattern")?;
        match pattern.or(older).unwrap_or(6) {
            0 => Err(fields.bad("sliding_window_pattern", "1 or more layers", "0")),
            pattern => kinds(fields, n_layers, pattern, 1),
        }
    },
    rotaries: |fields, head| {
        let local = fields.float_or("rope_local_base_freq", 10_000.0)?;
        rope::by_kind(fields, head, f64::from(local)).map(Vec::from)
    },
    ..GEMMA2
};

/// √n as a factor of embeddings.
pub(super) fn root(n: usize) -> f32 {
    (n as f64).sqrt() as f32
}

/// Scores are divided by √query_pre_attn_scalar, and capped.
fn attention(fields: &Fields<'_>, _: usize, cap: f32) -> Result<Attention, Error> {
    let scalar = fields.float_or("query_pre_attn_scalar", 256.0)?;
    if !(1e-3..=1e9).contains(&scalar) {
        return Err(fields.bad("query_pre_attn_scalar", "a number above 0", &scalar.to_string()));
    }
    let soft_cap = capped(fields, "attn_logit_softcapping", cap)?;
    Ok(Attention { soft_cap, scale: (1.0 / f64::from(scalar).sqrt()) as f32, ..Attention::default() })
}

fn scales(fields: &Fields<'_>, d_model: usize, cap: f32) -> Result<Scales, Error> {
    let logit_cap = capped(fields, "final_logit_softcapping", cap)?;
    Ok(Scales { embed: root(d_model), logit_cap, ..Scales::default() })
}

/// A soft cap; `null` switches it off, and a default of 0 means that there is none.
fn capped(fields: &Fields<'_>, name: &'static str, default: f32) -> Result<Option<f32>, Error> {
    match fields.optional_float(name)? {
        Some(cap) => Ok(Some(cap)),
        None if fields.is_null(name) || default == 0.0 => Ok(None),
        None => Ok(Some(default)),
    }
}

/// Windows in all layers but every `pattern`-th, unless the config lists the layers. `windowed` is the rotation of layers
/// with a window.
fn kinds(fields: &Fields<'_>, n_layers: usize, pattern: usize, windowed: usize) -> Result<PerLayer<Kind>, Error> {
    let size = window::size(fields, 4096)?;
    let has = window::listed_or_every(fields, n_layers, pattern)?;
    let windows = window::where_said(fields, "layer_types", size, &has)?;
    let kind = |window: Option<usize>| Kind { window, rotary: Some(if window.is_some() { windowed } else { 0 }) };
    Ok(windows.map(|window| kind(*window)))
}
