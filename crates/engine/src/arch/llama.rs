//! Llama and its family: RMS norm, rotary positions, gated MLP, grouped queries. Mistral, Qwen 2 and Qwen 3 differ in
//! windows, biases and normed queries, and in what their configs take where nothing is said.

use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::{Bool, Number};
use super::fields::{Field, Fields, Means, Tables};
use super::loader::{Bias, Ignored, Loader};
use super::{Read, common, head, rope, window};
use crate::Error;
use crate::config::{Config, Mlp, NormKind, NormPlace, Pairs, Positions};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, MlpWeights, Weights};
use serde_json::Value;

/// A member of the family: what transformers reads in its config.
pub(super) struct Member {
    /// `model_type`.
    pub name: &'static str,
    /// What its classes in transformers begin with.
    class: &'static str,
    pub tables: Tables,
    d_ff: usize,
    n_kv_heads: KvHeads,
    n_ctx: usize,
    n_vocab: usize,
    /// Where `head_dim` is left out: this, or the share of each head.
    d_head: Option<usize>,
    /// Biases of q, k and v, and of the output.
    qkv_bias: HasBias,
    o_bias: HasBias,
    mlp_bias: HasBias,
    /// Whether queries and keys are normed.
    norms: bool,
    window: fn(&Fields<'_>, usize) -> Result<Option<usize>, Error>,
}

/// Key/value heads, where the config does not say how many.
#[derive(Clone, Copy)]
enum KvHeads {
    AsQueries,
    Many(usize),
}

/// Whether a matrix has a bias.
#[derive(Clone, Copy)]
enum HasBias {
    Always,
    Never,
    /// As a field says, which is false by default.
    Field(&'static str),
}

const TRAINING: Means = Harmless("only training reads it");
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
    Field("max_window_layers", Harmless("Mistral's window is the same in all layers")),
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
pub(super) const MEMBERS: [Member; 4] = [
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
        window: |_, _| Ok(None),
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

/// Mistral's window is the same in all layers; a list of layers that says otherwise belongs to another family.
fn mistral_window(fields: &Fields<'_>, n_layers: usize) -> Result<Option<usize>, Error> {
    let window = window::size(fields, 4096)?;
    match window::layer_types(fields, n_layers)? {
        Some(types) if types.iter().any(|windowed| *windowed != window.is_some()) => {
            let text = "does not say the same as sliding_window; layers that differ are another family's (Ministral)";
            Err(fields.refused("layer_types", text))
        }
        _ => Ok(window),
    }
}

/// Where one file format keeps the tensors of a block.
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

const HF: Names = Names {
    block: |prefix, l| format!("{prefix}layers.{l}."),
    norm_attn: "input_layernorm",
    q: "self_attn.q_proj",
    k: "self_attn.k_proj",
    v: "self_attn.v_proj",
    q_norm: "self_attn.q_norm.weight",
    k_norm: "self_attn.k_norm.weight",
    o: "self_attn.o_proj",
    norm_mlp: "post_attention_layernorm",
    gate: "mlp.gate_proj",
    up: "mlp.up_proj",
    down: "mlp.down_proj",
};

const GGUF: Names = Names {
    block: |_, l| format!("blk.{l}."),
    norm_attn: "attn_norm",
    q: "attn_q",
    k: "attn_k",
    v: "attn_v",
    q_norm: "attn_q_norm.weight",
    k_norm: "attn_k_norm.weight",
    o: "attn_output",
    norm_mlp: "ffn_norm",
    gate: "ffn_gate",
    up: "ffn_up",
    down: "ffn_down",
};

/// What the blocks of a file have.
struct Parts {
    qkv_bias: Bias,
    o_bias: Bias,
    mlp_bias: Bias,
    norms: bool,
}

/// Tensors of Hugging Face's files that no number depends on.
const IGNORED: Ignored = &[
    ("rotary_emb.inv_freq", "made anew from theta; older checkpoints kept it"),
    ("score.", "a classifier's head"),
    ("classifier.", "a classifier's head"),
    ("qa_outputs.", "a classifier's head"),
];

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>, member: &Member) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, member.name, member.tables)?;
    let config = config(&fields, member)?;
    let bias = |has: HasBias| {
        let has = match has {
            HasBias::Always => true,
            HasBias::Never => false,
            HasBias::Field(name) => fields.flag_or(name, false)?,
        };
        Ok::<_, Error>(if has { Bias::Yes } else { Bias::No })
    };
    let parts = Parts {
        qkv_bias: bias(member.qkv_bias)?,
        o_bias: bias(member.o_bias)?,
        mlp_bias: bias(member.mlp_bias)?,
        norms: member.norms,
    };
    let trained = head::trained(&fields, member.class)?;
    let tied = fields.flag_or("tie_word_embeddings", false)?;
    let prefix = loader.prefix(&["model.", ""], "embed_tokens.weight");
    let (d, c) = (config.d_model, &config);
    let embed = loader.tensor(&format!("{prefix}embed_tokens.weight"), &[c.n_vocab, d])?;
    let blocks = (0..c.n_layers).map(|l| block(loader, c, &HF, &(HF.block)(prefix, l), &parts));
    let blocks = blocks.collect::<Result<_, Error>>()?;
    let final_norm = loader.rms(&format!("{prefix}norm"), d)?;
    let (unembed, headless) = Read::head(head::unembed(&fields, loader, &trained, tied, &embed)?);
    loader.finish(member.name, IGNORED)?;
    let weights = weights(embed, blocks, final_norm, unembed);
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless })
}

fn config(fields: &Fields<'_>, member: &Member) -> Result<Config, Error> {
    let (n_heads, d_model) = (fields.size_or("num_attention_heads", 32)?, fields.size_or("hidden_size", 4096)?);
    let n_layers = fields.size_or("num_hidden_layers", 32)?;
    let n_kv_heads = match (fields.optional_size("num_key_value_heads")?, member.n_kv_heads) {
        (Some(n), _) => n,
        (None, KvHeads::Many(n)) if !fields.is_null("num_key_value_heads") => n,
        (None, _) => n_heads,
    };
    let d_head = match (fields.optional_size("head_dim")?, member.d_head) {
        (Some(d), _) => d,
        (None, Some(_)) if fields.is_null("head_dim") => return Err(fields.bad("head_dim", "a whole number", "null")),
        (None, Some(d)) => d,
        (None, None) => super::share(fields, d_model, n_heads)?,
    };
    let d_ff = fields.size_or("intermediate_size", member.d_ff)?;
    let window = (member.window)(fields, n_layers)?;
    let causal = fields.flag_or("is_causal", true)?;
    if let Some(window) = window.filter(|_| !causal) {
        return Err(fields.refused("is_causal", format!("is false, beside a window of {window} tokens: not computed")));
    }
    let config = Config {
        arch: member.name.into(),
        name: member.name.into(),
        n_layers,
        n_heads,
        n_kv_heads,
        d_model,
        d_head,
        mlp: Some(Mlp { d_ff, activation: fields.activation_or("hidden_act", "silu")? }),
        n_ctx: fields.size_or("max_position_embeddings", member.n_ctx)?,
        n_vocab: fields.size_or("vocab_size", member.n_vocab)?,
        norm: NormKind::Rms,
        norm_place: NormPlace::Pre,
        norm_eps: fields.float_or("rms_norm_eps", 1e-6)?,
        positions: Positions::Rotary { theta: rope::theta(fields)?, dim: d_head, pairs: Pairs::Halves },
        causal,
        window,
        soft_cap: None,
    };
    config.check(fields.origin)?;
    Ok(config)
}

const NOT_READ: Means = Harmless("llama.cpp does not read it for this architecture");

/// The keys of a GGUF, without `llama.` (or `qwen2.`, `qwen3.`).
pub(super) const GGUF_KEYS: &[Field] = &[
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
    Field(
        "rope.scaling.original_context_length",
        Harmless("only scaled rotary positions read it, and those are refused"),
    ),
    Field("rope.scaling.finetuned", Harmless("only scaled rotary positions read it, and those are refused")),
    Field("rope.scaling.attn_factor", Only(&[Number(0.0), Number(1.0)], "scaled rotary positions")),
    Field("rope.scaling.yarn_log_multiplier", Only(&[Number(0.0)], "scaled rotary positions")),
    Field("vocab_size", Harmless("the embedding has as many rows as there are tokens")),
    Field("tensor_data_layout", Harmless("a name or a version")),
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

/// Reads GGUF metadata and llama.cpp's tensor names.
pub(super) fn gguf(meta: &Metadata, loader: &Loader<'_>, arch: &str) -> Result<Read, Error> {
    let fields = Fields::gguf(meta, arch, &[GGUF_KEYS])?;
    refuse_scaling(&fields, loader)?;
    let (n_heads, d_model) = (fields.size("attention.head_count")?, fields.size("embedding_length")?);
    let d_head = match fields.optional_size("attention.key_length")? {
        Some(d_head) => d_head,
        None => super::share(&fields, d_model, n_heads)?,
    };
    for (name, what) in [("attention.value_length", "values"), ("rope.dimension_count", "rotary positions")] {
        if let Some(found) = fields.optional_size(name)?.filter(|found| *found != d_head) {
            let text = format!("is {found}: {what} of another width than a head's {d_head} are not computed");
            return Err(fields.refused(name, text));
        }
    }
    let scale = fields.float_or("attention.scale", 0.0)?;
    if scale != 0.0 && (scale * (d_head as f32).sqrt() - 1.0).abs() > 1e-5 {
        return Err(fields.refused("attention.scale", format!("is {scale}: only 1/√{d_head} is computed")));
    }
    let n_ctx = fields.size("context_length")?;
    // llama.cpp reads no window for these architectures; a file that has one all the same means it, perhaps.
    if let Some(window) = fields.optional_size("attention.sliding_window")?.filter(|w| (1..n_ctx).contains(w)) {
        let text = format!("is {window}: llama.cpp reads no window for `{arch}`, so it is not clear what is meant");
        return Err(fields.refused("attention.sliding_window", text));
    }
    let embed = loader.tensors.get("token_embd.weight");
    let n_vocab = embed.ok_or_else(|| Error::missing_tensor(loader.origin, "token_embd.weight"))?.rows();
    let config = Config {
        arch: arch.into(),
        name: meta.model_name().unwrap_or_else(|| arch.into()),
        n_layers: fields.size("block_count")?,
        n_heads,
        n_kv_heads: fields.optional_size("attention.head_count_kv")?.unwrap_or(n_heads),
        d_model,
        d_head,
        mlp: Some(Mlp { d_ff: fields.size("feed_forward_length")?, activation: crate::config::Activation::Silu }),
        n_ctx,
        n_vocab,
        norm: NormKind::Rms,
        norm_place: NormPlace::Pre,
        norm_eps: required_float(&fields, "attention.layer_norm_rms_epsilon")?,
        positions: Positions::Rotary {
            theta: fields.float_or("rope.freq_base", 10_000.0)?,
            dim: d_head,
            // Only `llama` files have their q and k rows permuted for interleaved pairs.
            pairs: if arch == "llama" { Pairs::Interleaved } else { Pairs::Halves },
        },
        causal: fields.flag_or("attention.causal", true)?,
        window: None,
        soft_cap: None,
    };
    config.check(loader.origin)?;
    let parts = match arch {
        "qwen2" => Parts { qkv_bias: Bias::Yes, o_bias: Bias::No, mlp_bias: Bias::No, norms: false },
        "qwen3" => Parts { qkv_bias: Bias::No, o_bias: Bias::No, mlp_bias: Bias::No, norms: true },
        _ => Parts { qkv_bias: Bias::IfThere, o_bias: Bias::IfThere, mlp_bias: Bias::IfThere, norms: false },
    };
    let (c, shape) = (&config, [config.n_vocab, config.d_model]);
    let embed = loader.tensor("token_embd.weight", &shape)?;
    let blocks = (0..c.n_layers).map(|l| block(loader, c, &GGUF, &(GGUF.block)("", l), &parts));
    let blocks = blocks.collect::<Result<_, Error>>()?;
    let final_norm = loader.rms("output_norm", d_model)?;
    let tied = !loader.tensors.holds("output.weight");
    let unembed = if tied { embed.clone() } else { loader.tensor("output.weight", &shape)? };
    loader.finish(arch, &[])?;
    #[cfg(test)]
    super::tests::asked(&fields);
    let weights = weights(embed, blocks, final_norm, Some(unembed));
    Ok(Read { config, weights, headless: None })
}

fn required_float(fields: &Fields<'_>, name: &'static str) -> Result<f32, Error> {
    fields.optional_float(name)?.ok_or_else(|| fields.bad(name, "a number", "nothing"))
}

/// llama.cpp scales positions where a factor stands, whatever the type; and by the numbers of `rope_freqs.weight`.
fn refuse_scaling(fields: &Fields<'_>, loader: &Loader<'_>) -> Result<(), Error> {
    let kind = fields.get("rope.scaling.type")?;
    let off = kind.as_ref().is_some_and(|kind| kind == "none");
    if let Some(kind) = kind.filter(|kind| !off && kind != "linear") {
        return Err(
            fields.refused("rope.scaling.type", format!("is {kind}: scaled rotary positions are not supported"))
        );
    }
    // 0 is none there, and the older key counts only where the newer says nothing.
    for name in ["rope.scaling.factor", "rope.scale_linear"] {
        let factor = fields.float_or(name, 0.0)?;
        if !off && factor != 0.0 && factor != 1.0 {
            let text = format!("is {factor}: scaled rotary positions (linear scaling) are not supported");
            return Err(fields.refused(name, text));
        }
    }
    if loader.tensors.holds("rope_freqs.weight") {
        let text = "scaled rotary positions (rope_freqs.weight) are not supported; Llama 3.1 and later have them";
        return Err(Error::config(loader.origin, text));
    }
    Ok(())
}

fn block(loader: &Loader<'_>, c: &Config, names: &Names, at: &str, parts: &Parts) -> Result<BlockWeights, Error> {
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
        mlp: c.mlp.map(mlp).transpose()?,
    })
}

fn weights(
    embed: crate::format::Tensor,
    blocks: Vec<BlockWeights>,
    final_norm: crate::weights::Norm,
    unembed: Option<crate::format::Tensor>,
) -> Weights {
    let final_norm = Some(final_norm);
    Weights { embed, positions: None, token_type: None, embed_norm: None, blocks, final_norm, unembed }
}
