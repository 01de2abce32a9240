//! The members of the family, each with the fields that transformers reads in its config, and its defaults for missing
//! fields.

use super::super::window::Windows;
use crate::arch::common::TRAINING;
use crate::arch::fields::Means::{Harmless, Only, Used};
use crate::arch::fields::Plain::Bool;
use crate::arch::fields::{Field, Fields, Means, Tables};
use crate::arch::{common, rope, window};
use crate::{Error, PerLayer};

/// A member of the family: what transformers reads in its config.
pub(in crate::arch) struct Member {
    /// `model_type`.
    pub name: &'static str,
    /// The beginning of its class names in transformers.
    pub class: &'static str,
    pub tables: Tables,
    pub d_ff: usize,
    pub n_kv_heads: KvHeads,
    pub n_ctx: usize,
    pub n_vocab: usize,
    /// The width of a head if `head_dim` is missing: this value, or `d_model` ÷ `n_heads`.
    pub d_head: Option<usize>,
    /// Biases of q, k and v, and of the output.
    pub qkv_bias: HasBias,
    pub o_bias: HasBias,
    pub mlp_bias: HasBias,
    /// Whether queries and keys are normed.
    pub norms: bool,
    pub window: fn(&Fields<'_>, usize) -> Result<Windows, Error>,
}

/// The number of key/value heads if the config does not give one.
#[derive(Clone, Copy)]
pub enum KvHeads {
    AsQueries,
    Many(usize),
}

/// Whether a matrix has a bias.
#[derive(Clone, Copy)]
pub enum HasBias {
    Always,
    Never,
    /// A field says so; false by default.
    Field(&'static str),
}

const NO_WINDOW: Means = Harmless("Llama has no window, whatever its config says");
const ENCODER: Means = Harmless("only encoders read it");

const SIZES: &[Field] = &[
    Field("num_hidden_layers", Used),
    Field("num_attention_heads", Used),
    Field("num_key_value_heads", Used),
    Field("hidden_size", Used),
    Field("head_dim", Used),
    Field("intermediate_size", Used),
    Field("hidden_act", Used),
    Field("max_position_embeddings", Used),
    Field("vocab_size", Used),
    Field("rms_norm_eps", Used),
    Field("is_causal", Used),
    Field("attention_dropout", TRAINING),
    Field("hidden_dropout", TRAINING),
    Field("pretraining_tp", Harmless("the same products in parts")),
    Field("is_llama_config", Harmless("a name or a version")),
    Field("is_decoder", ENCODER),
];

const LLAMA_FIELDS: &[Field] = &[
    Field("attention_bias", Used),
    Field("mlp_bias", Used),
    Field("sliding_window", NO_WINDOW),
    Field("use_sliding_window", NO_WINDOW),
    Field("max_window_layers", NO_WINDOW),
    Field("layer_types", NO_WINDOW),
];

const MISTRAL_FIELDS: &[Field] = &[
    Field("sliding_window", Used),
    Field("layer_types", Used),
    Field("use_sliding_window", Harmless("Mistral's window holds whatever this says")),
    Field("max_window_layers", Harmless("which of Mistral's layers have a window, layer_types says")),
    Field("attention_bias", Only(&[Bool(false)], "biases, which Mistral does not have")),
    Field("mlp_bias", Only(&[Bool(false)], "biases, which Mistral does not have")),
];

const QWEN2_FIELDS: &[Field] = &[
    Field("sliding_window", Used),
    Field("use_sliding_window", Used),
    Field("max_window_layers", Used),
    Field("layer_types", Used),
    Field("attention_bias", Harmless("Qwen 2 always has biases on q, k and v")),
    Field("mlp_bias", Only(&[Bool(false)], "biases, which Qwen 2 does not have there")),
];

const QWEN3_FIELDS: &[Field] = &[
    Field("sliding_window", Used),
    Field("use_sliding_window", Used),
    Field("max_window_layers", Used),
    Field("layer_types", Used),
    Field("attention_bias", Used),
    Field("mlp_bias", Only(&[Bool(false)], "biases, which Qwen 3 does not have there")),
];

/// The members whose `config.json` is read.
pub(in crate::arch) const MEMBERS: [Member; 4] = [
    Member {
        name: "llama",
        class: "Llama",
        tables: &[LLAMA_FIELDS, SIZES, rope::FIELDS, common::COMMON],
        d_ff: 11_008,
        n_kv_heads: KvHeads::AsQueries,
        n_ctx: 2048,
        n_vocab: 32_000,
        d_head: None,
        qkv_bias: HasBias::Field("attention_bias"),
        o_bias: HasBias::Field("attention_bias"),
        mlp_bias: HasBias::Field("mlp_bias"),
        norms: false,
        window: |_, _| Ok(PerLayer::same(None)),
    },
    Member {
        name: "mistral",
        class: "Mistral",
        tables: &[MISTRAL_FIELDS, SIZES, rope::FIELDS, common::COMMON],
        d_ff: 14_336,
        n_kv_heads: KvHeads::Many(8),
        n_ctx: 131_072,
        n_vocab: 32_000,
        d_head: None,
        qkv_bias: HasBias::Never,
        o_bias: HasBias::Never,
        mlp_bias: HasBias::Never,
        norms: false,
        window: mistral_window,
    },
    Member {
        name: "qwen2",
        class: "Qwen2",
        tables: &[QWEN2_FIELDS, SIZES, rope::FIELDS, common::COMMON],
        d_ff: 22_016,
        n_kv_heads: KvHeads::Many(32),
        n_ctx: 32_768,
        n_vocab: 151_936,
        d_head: None,
        qkv_bias: HasBias::Always,
        o_bias: HasBias::Never,
        mlp_bias: HasBias::Never,
        norms: false,
        window: window::by_layer,
    },
    Member {
        name: "qwen3",
        class: "Qwen3",
        tables: &[QWEN3_FIELDS, SIZES, rope::FIELDS, common::COMMON],
        d_ff: 22_016,
        n_kv_heads: KvHeads::Many(32),
        n_ctx: 32_768,
        n_vocab: 151_936,
        d_head: Some(128),
        qkv_bias: HasBias::Field("attention_bias"),
        o_bias: HasBias::Field("attention_bias"),
        mlp_bias: HasBias::Never,
        norms: true,
        window: window::by_layer,
    },
];

/// which of Mistral's layers have a window, layer_types says. If the config lists its layers, transformers treats it as Ministral, in
/// which only the layers marked in the list have the window.
fn mistral_window(fields: &Fields<'_>, n_layers: usize) -> Result<Windows, Error> {
    let window = window::size(fields, 4096)?;
    match window::layer_types(fields, n_layers)? {
        None => Ok(PerLayer::same(window)),
        Some(windowed) => window::where_said(fields, "layer_types", window, &windowed),
    }
}
