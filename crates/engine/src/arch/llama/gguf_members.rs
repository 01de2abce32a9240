//! The members of the family in GGUF: what llama.cpp reads for each, and what it takes for granted.

use super::experts;
use super::gguf::NAMES;
use super::members::Kind;
use super::{Names, NormForm, NormPlace, QkNorm};
use crate::arch::common;
use crate::arch::fields::Means::{Harmless, Only, Used};
use crate::arch::fields::Plain::{Bool, Number};
use crate::arch::fields::{Field, Fields, Means, Tables};
use crate::arch::loader::{Bias, Loader};
use crate::config::{Activation, MOST_LAYERS, Mlp, Pairs, Scales};
use crate::{Attention, Error, PerLayer};

/// A member of the family.
pub(in crate::arch) struct GgufMember {
    /// `general.architecture`.
    pub name: &'static str,
    pub tables: Tables,
    /// Which rows of q and k form pairs.
    pub pairs: Pairs,
    pub activation: Activation,
    pub qkv_bias: Bias,
    pub o_bias: Bias,
    pub mlp_bias: Bias,
    pub place: fn(&Loader<'_>) -> NormPlace,
    pub qk: fn(&Loader<'_>) -> QkNorm,
    pub norm: NormForm,
    pub names: &'static Names,
    /// How layers attend, but for their windows.
    pub attention: fn(&Fields<'_>, &Sizes) -> Result<Attention, Error>,
    pub scales: fn(&Fields<'_>, &Sizes) -> Result<Scales, Error>,
    /// In what layers differ.
    pub kinds: fn(&Fields<'_>, &Sizes) -> Result<PerLayer<Kind>, Error>,
    /// The MLP of each layer, from that which the usual keys describe: of some architectures, a mixture of experts.
    pub mlp: fn(&Fields<'_>, Mlp) -> Result<Mlp, Error>,
    /// The rotary base of layers with a window, if it is another one than that of the others; such layers do not scale
    /// their positions.
    pub window_theta: Option<f32>,
}

/// The sizes of a model.
pub(in crate::arch) struct Sizes {
    pub n_layers: usize,
    pub n_heads: usize,
    pub d_model: usize,
    pub d_head: usize,
    pub n_ctx: usize,
}

const NOT_READ: Means = Harmless("llama.cpp does not read it for this architecture");

/// The keys of a GGUF, without `llama.` (or `qwen2.`, `gemma3.` …).
pub(in crate::arch) const KEYS: &[Field] = &[
    Field("block_count", Used),
    Field("attention.head_count", Used),
    Field("attention.head_count_kv", Used),
    Field("attention.key_length", Used),
    Field("attention.value_length", Used),
    Field("embedding_length", Used),
    Field("feed_forward_length", Used),
    Field("context_length", Used),
    Field("attention.layer_norm_rms_epsilon", Used),
    Field("attention.causal", Used),
    Field("attention.sliding_window", Used),
    Field("attention.scale", Used),
    Field("rope.freq_base", Used),
    Field("rope.dimension_count", Used),
    Field("rope.scaling.type", Used),
    Field("rope.scaling.factor", Used),
    Field("rope.scale_linear", Used),
    Field("attention.layer_norm_epsilon", NOT_READ),
    Field("rope.scaling.original_context_length", Used),
    Field("rope.scaling.attn_factor", Used),
    Field("rope.scaling.yarn_beta_fast", Used),
    Field("rope.scaling.yarn_beta_slow", Used),
    Field("rope.scaling.finetuned", Harmless("how the model was trained, not what it computes")),
    Field("rope.scaling.yarn_ext_factor", Only(&[Number(1.0), Number(-1.0)], "another step of YaRN")),
    Field("rope.scaling.yarn_attn_factor", Only(&[Number(1.0), Number(-1.0)], "another factor of YaRN")),
    Field("rope.scaling.yarn_log_multiplier", Only(&[Number(0.0)], "another factor of YaRN")),
    Field("vocab_size", Harmless("the embedding has as many rows as there are tokens")),
    Field("tensor_data_layout", Harmless("a name or a version")),
    Field("pooling_type", Harmless("how a text becomes one vector, which is asked for by other means")),
    Field("use_parallel_residual", Only(&[Bool(false)], "attention and MLP side by side")),
    Field("expert_count", Only(&[Number(0.0)], "a mixture of experts")),
    Field("expert_used_count", Only(&[Number(0.0)], "a mixture of experts")),
    Field("expert_shared_count", Only(&[Number(0.0)], "a mixture of experts")),
    Field("logit_scale", Only(&[Number(0.0), Number(1.0)], "scaled logits")),
    Field("residual_scale", Only(&[Number(0.0), Number(1.0)], "scaled residuals")),
    Field("embedding_scale", Only(&[Number(0.0), Number(1.0)], "a scaled embedding")),
    Field("attention.clamp_kqv", Only(&[Number(0.0)], "queries, keys and values that are clamped")),
    Field("attention.max_alibi_bias", Only(&[Number(0.0)], "ALiBi positions")),
    Field("attn_logit_softcapping", Only(&[Number(0.0)], "a cap on scores")),
    Field("final_logit_softcapping", Only(&[Number(0.0)], "a cap on logits")),
];

/// Llama itself, from which the others differ.
const LLAMA: GgufMember = GgufMember {
    name: "llama",
    tables: &[KEYS],
    pairs: Pairs::Interleaved,
    activation: Activation::Silu,
    qkv_bias: Bias::IfThere,
    o_bias: Bias::IfThere,
    mlp_bias: Bias::IfThere,
    place: |_| NormPlace::Before,
    qk: |_| QkNorm::None,
    norm: NormForm::Rms,
    names: &NAMES,
    attention: usual_scale,
    scales: |_, _| Ok(Scales::default()),
    kinds: no_window,
    mlp: |_, mlp| Ok(mlp),
    window_theta: None,
};

/// The members without any bias, whose pairs are the two halves of a head.
pub(super) const HALVES: GgufMember =
    GgufMember { pairs: Pairs::Halves, qkv_bias: Bias::No, o_bias: Bias::No, mlp_bias: Bias::No, ..LLAMA };

/// Keys in which members differ from Llama; what they do not name is as for Llama.
const GEMMA2_KEYS: &[Field] = &[
    Field("attn_logit_softcapping", Used),
    Field("final_logit_softcapping", Used),
    Field("attention.sliding_window_pattern", Used),
    Field("attention.scale", NOT_READ),
    Field("rope.freq_base_swa", Used),
];
const GEMMA3_KEYS: &[Field] = &[
    Field("attention.sliding_window_pattern", Used),
    Field("final_logit_softcapping", Used),
    Field("attention.scale", NOT_READ),
    Field("rope.freq_base_swa", Used),
];
const OLMO2_KEYS: &[Field] = &[Field("attention.sliding_window_pattern", Used), Field("attention.scale", NOT_READ)];
const GRANITE_KEYS: &[Field] = &[
    Field("logit_scale", Used),
    Field("residual_scale", Used),
    Field("embedding_scale", Used),
    Field("rope.scaling.finetuned", Only(&[Bool(true)], "layers that mark no positions")),
];

pub(super) const EXPERT_KEYS: &[Field] = &[Field("expert_count", Used), Field("expert_used_count", Used)];
pub(super) const MOE_KEYS: &[Field] = &[
    Field("expert_feed_forward_length", Used),
    Field("expert_shared_feed_forward_length", Used),
    Field("expert_weights_scale", Only(&[Number(0.0), Number(1.0)], "weights of experts that are scaled")),
    Field("expert_weights_norm", NOT_READ),
];
const LAYER_KEYS: &[Field] = &[
    Field("attention.layer_norm_epsilon", Used),
    Field("attention.layer_norm_rms_epsilon", NOT_READ),
    Field("use_parallel_residual", Harmless("whether there is a second norm says it")),
];
const OLMO1_KEYS: &[Field] = &[
    Field("attention.layer_norm_epsilon", Used),
    Field("attention.layer_norm_rms_epsilon", NOT_READ),
    Field("attention.clamp_kqv", Used),
];
const COHERE_KEYS: &[Field] = &[Field("logit_scale", Used)];
const COHERE2_KEYS: &[Field] = &[Field("logit_scale", Used), Field("attention.sliding_window_pattern", Used)];

/// The members whose GGUF is read.
pub(in crate::arch) const MEMBERS: [GgufMember; 20] = [
    // Mixtral's files are called Llama's too.
    GgufMember {
        tables: &[EXPERT_KEYS, KEYS],
        mlp: |fields, mlp| match fields.optional_size("expert_count")? {
            None | Some(0) => {
                fields.optional_size("expert_used_count")?;
                Ok(mlp)
            }
            Some(_) => experts::gguf(fields, mlp, true, false),
        },
        ..LLAMA
    },
    GgufMember { name: "qwen2", qkv_bias: Bias::Yes, ..HALVES },
    GgufMember { name: "qwen3", qk: |_| QkNorm::Head, ..HALVES },
    GgufMember {
        name: "gemma",
        activation: Activation::GeluTanh,
        scales: |_, sizes| Ok(gemma_scales(sizes, None)),
        ..HALVES
    },
    GgufMember {
        name: "gemma2",
        tables: &[GEMMA2_KEYS, KEYS],
        activation: Activation::GeluTanh,
        place: |_| NormPlace::Both,
        attention: |fields, sizes| {
            let cap = fields.float_or("attn_logit_softcapping", 50.0)?;
            Ok(Attention { soft_cap: Some(cap), ..gemma_attention(sizes, sizes.n_layers == 46) })
        },
        scales: |fields, sizes| Ok(gemma_scales(sizes, Some(fields.float_or("final_logit_softcapping", 30.0)?))),
        kinds: |fields, sizes| windows(fields, sizes, Some(4096), 2, 0),
        ..HALVES
    },
    GgufMember {
        name: "gemma3",
        tables: &[GEMMA3_KEYS, KEYS],
        activation: Activation::GeluTanh,
        place: |_| NormPlace::Both,
        qk: |_| QkNorm::Head,
        attention: |_, sizes| Ok(gemma_attention(sizes, sizes.n_layers == 62)),
        scales: |fields, sizes| {
            let cap = fields.float_or("final_logit_softcapping", 0.0)?;
            Ok(gemma_scales(sizes, Some(cap).filter(|cap| *cap != 0.0)))
        },
        kinds: |fields, sizes| windows(fields, sizes, None, 6, 1),
        window_theta: Some(10_000.0),
        ..HALVES
    },
    GgufMember {
        name: "phi3",
        // Gate and up stand in one matrix under the name of the second.
        names: &Names { gate_up: "ffn_up", ..NAMES },
        // llama.cpp has switched Phi-3's window off for now; transformers, with which it was trained, has it.
        kinds: |fields, sizes| {
            let window = fields.optional_size("attention.sliding_window")?.filter(|w| (1..sizes.n_ctx).contains(w));
            Ok(PerLayer::same(Kind { window, rotary: Some(0) }))
        },
        ..HALVES
    },
    GgufMember {
        name: "olmo2",
        tables: &[OLMO2_KEYS, KEYS],
        place: |_| NormPlace::Output,
        qk: |_| QkNorm::All,
        attention: |_, sizes| Ok(Attention::plain(sizes.d_head)),
        kinds: |fields, sizes| windows(fields, sizes, None, 4, 1),
        // The same base as that of the other layers, but not scaled: OLMo 3.
        window_theta: Some(0.0),
        ..HALVES
    },
    GRANITE,
    GgufMember {
        name: "granitemoe",
        tables: &[GRANITE_KEYS, EXPERT_KEYS, KEYS],
        mlp: |fields, mlp| experts::gguf(fields, mlp, true, false),
        ..GRANITE
    },
    GgufMember {
        name: "smollm3",
        kinds: |fields, sizes| {
            no_window(fields, sizes)?;
            // llama.cpp takes for granted that every fourth layer marks no positions.
            let kinds: Vec<Kind> = (1..=sizes.n_layers.clamp(1, MOST_LAYERS))
                .map(|layer| Kind { window: None, rotary: (layer % 4 != 0).then_some(0) })
                .collect();
            Ok(PerLayer::of(&kinds))
        },
        ..LLAMA
    },
    GgufMember {
        name: "olmo",
        tables: &[OLMO1_KEYS, KEYS],
        norm: NormForm::LayerUnlearned,
        attention: |fields, sizes| {
            let clamp = common::clamp_or_zero(fields, "attention.clamp_kqv")?;
            Ok(Attention { clamp, ..usual_scale(fields, sizes)? })
        },
        ..LLAMA
    },
    GgufMember {
        name: "stablelm",
        tables: &[LAYER_KEYS, KEYS],
        qkv_bias: Bias::IfThere,
        // Files of the model with attention and MLP side by side have no second norm.
        place: |loader| if loader.has("blk.0.ffn_norm.weight") { NormPlace::Before } else { NormPlace::Shared },
        qk: own_norms,
        norm: NormForm::Layer,
        ..HALVES
    },
    GgufMember {
        name: "starcoder2",
        tables: &[LAYER_KEYS, KEYS],
        activation: Activation::GeluTanh,
        qkv_bias: Bias::IfThere,
        o_bias: Bias::IfThere,
        mlp_bias: Bias::IfThere,
        norm: NormForm::Layer,
        names: &Names { gate: None, ..NAMES },
        ..HALVES
    },
    GgufMember {
        name: "qwen2moe",
        tables: &[MOE_KEYS, EXPERT_KEYS, KEYS],
        qkv_bias: Bias::IfThere,
        mlp: |fields, mlp| experts::gguf(fields, mlp, false, true),
        ..HALVES
    },
    GgufMember {
        name: "qwen3moe",
        tables: &[MOE_KEYS, EXPERT_KEYS, KEYS],
        qk: |_| QkNorm::Head,
        mlp: |fields, mlp| experts::gguf(fields, mlp, true, false),
        ..HALVES
    },
    GgufMember {
        name: "olmoe",
        tables: &[EXPERT_KEYS, KEYS],
        qk: |_| QkNorm::All,
        mlp: |fields, mlp| experts::gguf(fields, mlp, false, false),
        ..HALVES
    },
    super::gpt_oss::GGUF,
    COMMAND_R,
    GgufMember {
        name: "cohere2",
        tables: &[COHERE2_KEYS, LAYER_KEYS, KEYS],
        qk: |_| QkNorm::None,
        kinds: |fields, sizes| {
            // Layers without a window mark no positions.
            let kinds = windows(fields, sizes, None, 4, 0)?;
            if kinds.kinds().iter().all(|kind| kind.window.is_none()) {
                return Err(fields.bad("attention.sliding_window", "1 or more tokens", "none"));
            }
            Ok(kinds.map(|kind| Kind { rotary: kind.window.map(|_| 0), ..*kind }))
        },
        ..COMMAND_R
    },
];

/// Granite.
const GRANITE: GgufMember = GgufMember {
    name: "granite",
    tables: &[GRANITE_KEYS, KEYS],
    attention: |fields, sizes| {
        let scale = fields.float_or("attention.scale", 0.0)?;
        let plain = Attention::plain(sizes.d_head);
        Ok(if scale == 0.0 { plain } else { Attention { scale, ..plain } })
    },
    scales: |fields, _| {
        // A factor of 0 means none.
        let factor = |name| Ok::<_, Error>(Some(fields.float_or(name, 1.0)?).filter(|x| *x != 0.0).unwrap_or(1.0));
        let logits = fields.optional_float("logit_scale")?;
        let logits = logits.ok_or_else(|| fields.bad("logit_scale", "a number", "nothing"))?;
        Ok(Scales {
            embed: factor("embedding_scale")?,
            residual: factor("residual_scale")?,
            logits: 1.0 / logits,
            logit_cap: None,
        })
    },
    ..LLAMA
};

/// Cohere's Command R.
const COMMAND_R: GgufMember = GgufMember {
    name: "command-r",
    tables: &[COHERE_KEYS, LAYER_KEYS, KEYS],
    mlp_bias: Bias::No,
    place: |_| NormPlace::Shared,
    qk: own_norms,
    norm: NormForm::LayerWithoutBias,
    scales: |fields, _| {
        // A factor of 0 means none.
        let logits = Some(fields.float_or("logit_scale", 1.0)?).filter(|x| *x != 0.0).unwrap_or(1.0);
        Ok(Scales { logits, ..Scales::default() })
    },
    ..LLAMA
};

/// Files of models with norms of queries and keys are known by their tensors: StableLM 2 12B, Command R+.
fn own_norms(loader: &Loader<'_>) -> QkNorm {
    if loader.has("blk.0.attn_q_norm.weight") { QkNorm::Own } else { QkNorm::None }
}

/// Scores divided by √d_head; another scale is refused, since llama.cpp would not compute it.
fn usual_scale(fields: &Fields<'_>, sizes: &Sizes) -> Result<Attention, Error> {
    let (scale, d_head) = (fields.float_or("attention.scale", 0.0)?, sizes.d_head);
    if scale != 0.0 && (scale * (d_head as f32).sqrt() - 1.0).abs() > 1e-5 {
        return Err(fields.refused("attention.scale", format!("is {scale}: only 1/√{d_head} is computed")));
    }
    Ok(Attention::plain(d_head))
}

/// Gemma's scores are divided by √d_head; in the largest model by √(d_model ÷ n_heads).
fn gemma_attention(sizes: &Sizes, is_largest: bool) -> Attention {
    let share = sizes.d_model / sizes.n_heads.max(1);
    let n = if is_largest { share.max(1) } else { sizes.d_head };
    Attention { scale: 1.0 / super::gemma::root(n), ..Attention::plain(sizes.d_head) }
}

fn gemma_scales(sizes: &Sizes, logit_cap: Option<f32>) -> Scales {
    Scales { embed: super::gemma::root(sizes.d_model), logit_cap, ..Scales::default() }
}

/// llama.cpp reads no window for these architectures, but a file that has one may still rely on it.
fn no_window(fields: &Fields<'_>, sizes: &Sizes) -> Result<PerLayer<Kind>, Error> {
    const NAME: &str = "attention.sliding_window";
    if let Some(window) = fields.optional_size(NAME)?.filter(|w| (1..sizes.n_ctx).contains(w)) {
        let arch = fields.arch;
        let text = format!("is {window}: llama.cpp reads no window for `{arch}`, so it is not clear what is meant");
        return Err(fields.refused(NAME, text));
    }
    Ok(PerLayer::same(Kind { window: None, rotary: Some(0) }))
}

/// A window in all layers but every `pattern`-th, or as a list says; their rotation is `rotary`.
pub(super) fn windows(
    fields: &Fields<'_>,
    sizes: &Sizes,
    default: Option<usize>,
    pattern: usize,
    rotary: usize,
) -> Result<PerLayer<Kind>, Error> {
    const PATTERN: &str = "attention.sliding_window_pattern";
    let window = fields.optional_size("attention.sliding_window")?.or(default).filter(|window| *window > 0);
    let given = fields.get(PATTERN)?;
    let full = Kind { window: None, rotary: Some(0) };
    let Some(window) = window else { return Ok(PerLayer::same(full)) };
    let windowed = Kind { window: Some(window), rotary: Some(rotary) };
    let n_layers = sizes.n_layers.clamp(1, MOST_LAYERS);
    let has: Vec<bool> = match given {
        Some(serde_json::Value::Array(list)) if list.len() == n_layers && list.iter().all(|x| x.is_boolean()) => {
            list.iter().map(|x| x.as_bool() == Some(true)).collect()
        }
        given => {
            let found = given.as_ref().map_or(Some(pattern as u64), |value| value.as_u64());
            let Some(pattern) = found.filter(|n| (1..=MOST_LAYERS as u64).contains(n)) else {
                let found = given.unwrap_or_default().to_string();
                return Err(fields.bad(PATTERN, &format!("a number, or true or false for {n_layers} layers"), &found));
            };
            (1..=n_layers as u64).map(|layer| layer % pattern != 0).collect()
        }
    };
    let kinds: Vec<Kind> = has.iter().map(|has| if *has { windowed } else { full }).collect();
    Ok(PerLayer::of(&kinds))
}
