//! The members of the family, each with the fields that transformers reads in its config, and its defaults for missing
//! fields.

use super::experts::{GRANITE_MOE, MIXTRAL, OLMOE, QWEN2_MOE, QWEN3_MOE};
use super::gemma::{GEMMA, GEMMA2, GEMMA3};
use super::gpt_oss::GPT_OSS;
use super::layer_normed::{COHERE, COHERE2, OLMO1, STABLELM, STARCODER2};
use super::{Names, NormForm, NormPlace, QkNorm};
use crate::arch::common::TRAINING;
use crate::arch::fields::Means::{Harmless, Only, Used};
use crate::arch::fields::Plain::Bool;
use crate::arch::fields::{Field, Fields, Means, Tables};
use crate::arch::rope::Head;
use crate::arch::window::Windows;
use crate::arch::{common, rope, window};
use crate::config::MOST_LAYERS;
use crate::config::{Activation, Mlp, Pairs, Rotary, Scales};
use crate::{Attention, Error, PerLayer};

/// A member of the family: what transformers reads in its config.
pub(in crate::arch) struct Member {
    /// `model_type`.
    pub name: &'static str,
    /// The beginning of its class names in transformers.
    pub class: &'static str,
    pub tables: Tables,
    /// Layers, heads and `d_model`.
    pub sizes: [usize; 3],
    pub d_ff: usize,
    pub n_kv_heads: KvHeads,
    pub n_ctx: usize,
    pub n_vocab: usize,
    /// The width of a head if `head_dim` is missing: this value, or `d_model` ÷ `n_heads`.
    pub d_head: Option<usize>,
    /// The field of the norms' ε, if there is one, and its default.
    pub eps: (Option<&'static str>, f32),
    /// The field of the MLP's activation, and its default.
    pub activation: (&'static str, &'static str),
    /// What a named activation means.
    pub read_as: fn(Activation) -> Activation,
    /// Whether the vocabulary head is the embedding.
    pub tied: bool,
    /// The rotary base.
    pub theta: f64,
    /// The rotated part of a head; `None` for whole heads, whatever the config says.
    pub part: Option<f64>,
    /// The length of the training's texts, for scaled rotary positions.
    pub original: Option<usize>,
    /// Biases of q, k and v, and of the output.
    pub qkv_bias: HasBias,
    pub o_bias: HasBias,
    pub mlp_bias: HasBias,
    /// Where norms stand.
    pub place: fn(&Fields<'_>) -> Result<NormPlace, Error>,
    /// Whether queries and keys are normed.
    pub qk: fn(&Fields<'_>) -> Result<QkNorm, Error>,
    /// What the norms of the stream do.
    pub norm: NormForm,
    /// Which numbers of a head form rotary pairs.
    pub pairs: Pairs,
    pub names: &'static Names,
    /// How layers attend, but for their windows.
    pub attention: fn(&Fields<'_>, usize) -> Result<Attention, Error>,
    pub scales: fn(&Fields<'_>, usize) -> Result<Scales, Error>,
    /// In what layers differ, of so many.
    pub kinds: fn(&Fields<'_>, usize) -> Result<PerLayer<Kind>, Error>,
    pub rotaries: fn(&Fields<'_>, Head) -> Result<Vec<Rotary>, Error>,
    /// The MLP of each layer, of so many, from that which the usual fields describe: some are mixtures of experts.
    pub mlps: fn(&Fields<'_>, Mlp, usize) -> Result<PerLayer<Mlp>, Error>,
}

/// In what the layers of a model differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::arch) struct Kind {
    pub window: Option<usize>,
    /// Its rotation, of those that [`Member::rotaries`] gives; `None` if positions are not marked.
    pub rotary: Option<usize>,
}

/// The number of key/value heads if the config does not give one.
#[derive(Clone, Copy)]
pub(in crate::arch) enum KvHeads {
    AsQueries,
    Many(usize),
}

/// Whether a matrix has a bias.
#[derive(Clone, Copy)]
pub(in crate::arch) enum HasBias {
    Always,
    Never,
    /// A field says so, which has this default.
    Field(&'static str, bool),
}

const NO_WINDOW: Means = Harmless("Llama has no window, whatever its config says");
const ENCODER: Means = Harmless("only encoders read it");

pub(super) const SIZES: &[Field] = &[
    Field("num_key_value_heads", Used),
    Field("head_dim", Used),
    Field("rms_norm_eps", Used),
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

const PHI3_FIELDS: &[Field] = &[
    Field("sliding_window", Used),
    Field("resid_pdrop", TRAINING),
    Field("embd_pdrop", TRAINING),
    Field("attention_bias", Only(&[Bool(false)], "biases, which Phi-3 does not have")),
    Field("mlp_bias", Only(&[Bool(false)], "biases, which Phi-3 does not have")),
];

const OLMO2_FIELDS: &[Field] = &[
    Field("attention_bias", Used),
    Field("mlp_bias", Only(&[Bool(false)], "biases, which OLMo 2 does not have there")),
    Field("sliding_window", Only(&[], "a window, which OLMo 2 does not have")),
];

const OLMO3_FIELDS: &[Field] = &[
    Field("attention_bias", Used),
    Field("mlp_bias", Only(&[Bool(false)], "biases, which OLMo 3 does not have there")),
    Field("sliding_window", Used),
    Field("layer_types", Used),
];

pub(super) const GRANITE_FIELDS: &[Field] = &[
    Field("attention_bias", Used),
    Field("mlp_bias", Used),
    Field("embedding_multiplier", Used),
    Field("logits_scaling", Used),
    Field("residual_multiplier", Used),
    Field("attention_multiplier", Used),
];

const SMOLLM3_FIELDS: &[Field] = &[
    Field("attention_bias", Used),
    Field("mlp_bias", Used),
    Field("no_rope_layers", Used),
    Field("no_rope_layer_interval", Used),
    Field("use_sliding_window", Used),
    Field("sliding_window", Used),
    Field("layer_types", Used),
    Field("max_window_layers", Harmless("which layers have a window, layer_types says")),
];

/// Llama itself, from which the others differ.
pub(super) const LLAMA: Member = Member {
    name: "llama",
    class: "Llama",
    tables: &[LLAMA_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    sizes: [32, 32, 4096],
    d_ff: 11_008,
    n_kv_heads: KvHeads::AsQueries,
    n_ctx: 2048,
    n_vocab: 32_000,
    d_head: None,
    eps: (Some("rms_norm_eps"), 1e-6),
    activation: ("hidden_act", "silu"),
    read_as: |kind| kind,
    tied: false,
    theta: 10_000.0,
    part: None,
    original: None,
    qkv_bias: HasBias::Field("attention_bias", false),
    o_bias: HasBias::Field("attention_bias", false),
    mlp_bias: HasBias::Field("mlp_bias", false),
    place: |_| Ok(NormPlace::Before),
    qk: |_| Ok(QkNorm::None),
    norm: NormForm::Rms,
    pairs: Pairs::Halves,
    names: &super::hf::NAMES,
    attention: |_, d_head| Ok(Attention::plain(d_head)),
    scales: |_, _| Ok(Scales::default()),
    kinds: |_, _| Ok(PerLayer::same(Kind { window: None, rotary: Some(0) })),
    rotaries: |fields, head| Ok(vec![rope::rotary(fields, head)?]),
    mlps: |_, mlp, _| Ok(PerLayer::same(mlp)),
};

/// The members whose `config.json` is read.
pub(in crate::arch) const MEMBERS: [Member; 23] = [
    LLAMA,
    Member {
        name: "mistral",
        class: "Mistral",
        tables: &[MISTRAL_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
        d_ff: 14_336,
        n_kv_heads: KvHeads::Many(8),
        n_ctx: 131_072,
        qkv_bias: HasBias::Never,
        o_bias: HasBias::Never,
        mlp_bias: HasBias::Never,
        kinds: |fields, n_layers| Ok(windowed(mistral_window(fields, n_layers)?)),
        ..LLAMA
    },
    Member {
        name: "qwen2",
        class: "Qwen2",
        tables: &[QWEN2_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
        qkv_bias: HasBias::Always,
        o_bias: HasBias::Never,
        ..QWEN
    },
    Member {
        name: "qwen3",
        class: "Qwen3",
        tables: &[QWEN3_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
        d_head: Some(128),
        qk: |_| Ok(QkNorm::Head),
        ..QWEN
    },
    GEMMA,
    GEMMA2,
    GEMMA3,
    Member {
        name: "phi3",
        class: "Phi3",
        tables: &[PHI3_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
        sizes: [32, 32, 3072],
        d_ff: 8192,
        n_ctx: 4096,
        n_vocab: 32_064,
        eps: (Some("rms_norm_eps"), 1e-5),
        part: Some(1.0),
        original: Some(4096),
        qkv_bias: HasBias::Never,
        o_bias: HasBias::Never,
        mlp_bias: HasBias::Never,
        kinds: |fields, _| Ok(PerLayer::same(Kind { window: window::given(fields)?, rotary: Some(0) })),
        ..LLAMA
    },
    Member {
        name: "olmo2",
        class: "Olmo2",
        tables: &[OLMO2_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
        ..OLMO
    },
    Member {
        name: "olmo3",
        class: "Olmo3",
        tables: &[OLMO3_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
        theta: 500_000.0,
        kinds: |fields, n_layers| {
            let has = window::listed_or_every(fields, n_layers, 4)?;
            let windows = window::where_said(fields, "layer_types", window::size(fields, 4096)?, &has)?;
            Ok(windows.map(|window| Kind { window: *window, rotary: Some(usize::from(window.is_some())) }))
        },
        rotaries: |fields, head| {
            let theta = fields.float_or("rope_theta", head.theta as f32)?;
            rope::by_kind(fields, head, f64::from(theta)).map(Vec::from)
        },
        ..OLMO
    },
    GRANITE,
    Member {
        name: "smollm3",
        class: "SmolLM3",
        tables: &[SMOLLM3_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
        sizes: [36, 16, 2048],
        n_kv_heads: KvHeads::Many(4),
        n_ctx: 32_768,
        n_vocab: 128_256,
        theta: 2e6,
        tied: true,
        kinds: smollm3_kinds,
        ..LLAMA
    },
    OLMO1,
    STABLELM,
    STARCODER2,
    COHERE,
    COHERE2,
    MIXTRAL,
    QWEN2_MOE,
    QWEN3_MOE,
    OLMOE,
    GRANITE_MOE,
    GPT_OSS,
];

/// Granite: embeddings, scores, logits and what a layer adds are multiplied by numbers of the config.
pub(super) const GRANITE: Member = Member {
    name: "granite",
    class: "Granite",
    tables: &[GRANITE_FIELDS, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    attention: |fields, _| {
        Ok(Attention { scale: fields.float_or("attention_multiplier", 1.0)?, ..Attention::default() })
    },
    scales: |fields, _| {
        Ok(Scales {
            embed: fields.float_or("embedding_multiplier", 1.0)?,
            residual: fields.float_or("residual_multiplier", 1.0)?,
            logits: 1.0 / fields.float_or("logits_scaling", 1.0)?,
            logit_cap: None,
        })
    },
    ..LLAMA
};

/// What Qwen 2 and 3 have in common.
pub(super) const QWEN: Member = Member {
    d_ff: 22_016,
    n_kv_heads: KvHeads::Many(32),
    n_ctx: 32_768,
    n_vocab: 151_936,
    mlp_bias: HasBias::Never,
    kinds: |fields, n_layers| Ok(windowed(window::by_layer(fields, n_layers)?)),
    ..LLAMA
};

/// What OLMo 2 and 3 have in common.
const OLMO: Member = Member {
    n_vocab: 50_304,
    eps: (Some("rms_norm_eps"), 1e-5),
    mlp_bias: HasBias::Never,
    place: |_| Ok(NormPlace::Output),
    qk: |_| Ok(QkNorm::All),
    ..LLAMA
};

/// Layers with these windows, all rotated alike.
fn windowed(windows: Windows) -> PerLayer<Kind> {
    windows.map(|window| Kind { window: *window, rotary: Some(0) })
}

/// SmolLM 3 marks no positions in some layers: those with a 0 in `no_rope_layers`, or else every fourth.
fn smollm3_kinds(fields: &Fields<'_>, n_layers: usize) -> Result<PerLayer<Kind>, Error> {
    let interval = fields.size_or("no_rope_layer_interval", 4)?;
    let rotated: Vec<bool> = match fields.get("no_rope_layers")? {
        None if interval == 0 => return Err(fields.bad("no_rope_layer_interval", "1 or more layers", "0")),
        None => (0..n_layers.min(MOST_LAYERS)).map(|layer| !(layer + 1).is_multiple_of(interval)).collect(),
        Some(value) => {
            let list = value.as_array().filter(|list| list.len() >= n_layers);
            let list = list.and_then(|list| list.iter().map(|has| has.as_u64().map(|has| has != 0)).collect());
            list.ok_or_else(|| {
                let expected = format!("0 or 1 for each of the {n_layers} layers");
                fields.bad("no_rope_layers", &expected, &value.to_string())
            })?
        }
    };
    let on = fields.flag_or("use_sliding_window", false)?;
    let size = fields.optional_size("sliding_window")?.filter(|_| on);
    let listed = window::layer_types(fields, n_layers)?;
    let kind = |(layer, rotated): (usize, &bool)| {
        let has = listed.as_ref().map_or(!rotated, |listed| listed[layer]);
        Kind { window: size.filter(|_| has), rotary: rotated.then_some(0) }
    };
    let kinds: Vec<Kind> = rotated.iter().take(n_layers.max(1)).enumerate().map(kind).collect();
    Ok(if kinds.is_empty() { PerLayer::same(Kind { window: None, rotary: Some(0) }) } else { PerLayer::of(&kinds) })
}

/// Which of Mistral's layers have a window. If the config lists its layers, transformers treats it as Ministral, in
/// which only the layers marked in the list have the window.
fn mistral_window(fields: &Fields<'_>, n_layers: usize) -> Result<Windows, Error> {
    let window = window::size(fields, 4096)?;
    match window::layer_types(fields, n_layers)? {
        None => Ok(PerLayer::same(window)),
        Some(windowed) => window::where_said(fields, "layer_types", window, &windowed),
    }
}
