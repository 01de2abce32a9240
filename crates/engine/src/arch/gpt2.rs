//! GPT-2: layer norm, learned positions, biases everywhere, one fused matrix for q, k and v.

use super::common::TRAINING;
use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::Bool;
use super::fields::{Field, Fields, Means, Tables};
use super::loader::{Bias, Ignored, Loader, rows};
use super::{Read, common, head};
use crate::Error;
use crate::config::{Activation, Config, Mlp};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, Linear, MlpWeights, Norms, Weights};
use crate::{Attention, Layer};
use serde_json::Value;

const SUMMARY: Means = Harmless("for a head of its own on top, which is not computed here");

/// Fields for a head that chooses among texts, which configs of the GPTs have.
pub(super) const SUMMARIES: &[Field] = &[
    Field("summary_type", SUMMARY),
    Field("summary_use_proj", SUMMARY),
    Field("summary_activation", SUMMARY),
    Field("summary_proj_to_labels", SUMMARY),
    Field("summary_first_dropout", SUMMARY),
    Field("summary_last_dropout", SUMMARY),
];

pub(super) const TABLES: Tables = &[FIELDS, SUMMARIES, common::COMMON];

const FIELDS: &[Field] = &[
    Field("n_layer", Used),
    Field("n_head", Used),
    Field("n_embd", Used),
    Field("n_inner", Used),
    Field("n_positions", Used),
    Field("vocab_size", Used),
    Field("activation_function", Used),
    Field("layer_norm_epsilon", Used),
    Field("is_causal", Used),
    Field("num_hidden_layers", Used),
    Field("num_attention_heads", Used),
    Field("hidden_size", Used),
    Field("max_position_embeddings", Used),
    Field("scale_attn_weights", Only(&[Bool(true)], "scores that are not divided by √d")),
    Field("scale_attn_by_inverse_layer_idx", Only(&[Bool(false)], "scores divided by the layer's number")),
    Field("reorder_and_upcast_attn", Harmless("the same products in another order")),
    Field("n_ctx", Harmless("an old name that nothing reads: n_positions counts")),
    Field("n_special", Harmless("nothing reads it")),
    Field("predict_special_tokens", Harmless("nothing reads it")),
    Field("resid_pdrop", TRAINING),
    Field("embd_pdrop", TRAINING),
    Field("attn_pdrop", TRAINING),
    Field("is_decoder", Harmless("nothing reads it: GPT-2 is one")),
];

/// transformers' other names for the sizes; if a file has both names, their values must agree.
pub(super) const OTHER_NAMES: &[(&str, &str)] = &[
    ("num_hidden_layers", "n_layer"),
    ("num_attention_heads", "n_head"),
    ("hidden_size", "n_embd"),
    ("max_position_embeddings", "n_positions"),
];

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[
    ("attn.bias", "the causal mask, made anew"),
    ("attn.masked_bias", "the causal mask, made anew"),
    ("multiple_choice_head.", "another head"),
    ("score.", "a classifier's head"),
    ("classifier.", "a classifier's head"),
    ("qa_outputs.", "a classifier's head"),
];

/// Hugging Face's files hold `[n_in, n_out]` matrices (its `Conv1D`): they are transposed once, at load.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, "gpt2", TABLES)?;
    let config = hf_config(&fields)?;
    let trained = head::trained(&fields, "GPT2")?;
    let tied = fields.flag_or("tie_word_embeddings", true)?;
    let (d, d_ff) = (config.d_model, config.d_ff());
    // Checkpoints on the Hub name their tensors with and without this prefix.
    let prefix = loader.prefix(&["transformer.", ""], "ln_f.weight");
    let turned = |name: &str, n_out: usize, n_in: usize| -> Result<Linear, Error> {
        let stored = loader.tensor(&format!("{name}.weight"), &[n_in, n_out])?;
        Ok(Linear { weight: stored.transposed(), bias: Some(loader.vector(&format!("{name}.bias"), n_out)?) })
    };
    let block = |l: usize| {
        let at = |name: &str| format!("{prefix}h.{l}.{name}");
        let fused = turned(&at("attn.c_attn"), 3 * d, d)?;
        Ok(BlockWeights {
            norms: Norms::before(loader.layer_norm(&at("ln_1"), d)?),
            experts: None,
            mlp: Some(MlpWeights {
                norms: Norms::before(loader.layer_norm(&at("ln_2"), d)?),
                gate: None,
                up: turned(&at("mlp.c_fc"), d_ff, d)?,
                down: turned(&at("mlp.c_proj"), d, d_ff)?,
            }),
            ..attention(&fused, turned(&at("attn.c_proj"), d, d)?, d)
        })
    };
    let embed = head::embed(loader, &format!("{prefix}wte.weight"), &[config.n_vocab, d], tied, head::HEAD)?;
    let (unembed, headless) = Read::head(head::unembed(&fields, loader, &trained, tied, &embed, head::HEAD)?);
    let weights = Weights {
        positions: Some(loader.tensor(&format!("{prefix}wpe.weight"), &[config.n_ctx, d])?),
        final_norm: Some(loader.layer_norm(&format!("{prefix}ln_f"), d)?),
        unembed,
        ..Weights::of(embed, (0..config.n_layers).map(block).collect::<Result<_, Error>>()?)
    };
    loader.finish("gpt2", IGNORED)?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless })
}

fn hf_config(fields: &Fields<'_>) -> Result<Config, Error> {
    let size = |name, default| fields.size_by_any_name(name, OTHER_NAMES, default);
    let d = size("n_embd", 768)?;
    let d_ff = match fields.optional_size("n_inner")? {
        Some(d_ff) => d_ff,
        None => d.saturating_mul(4),
    };
    let n_heads = size("n_head", 12)?;
    let mlp = Mlp::one(d_ff, fields.activation_or("activation_function", "gelu_new")?);
    let config = Config {
        norm_eps: fields.float_or("layer_norm_epsilon", 1e-5)?,
        causal: fields.flag_or("is_causal", true)?,
        n_layers: size("n_layer", 12)?,
        n_ctx: size("n_positions", 1024)?,
        n_vocab: fields.size_or("vocab_size", 50_257)?,
        ..plain(d, n_heads, super::share(fields, d, n_heads)?, mlp)
    };
    config.check(fields.origin)?;
    Ok(config)
}

/// The keys of a GGUF, without `gpt2.`.
pub(super) const GGUF_KEYS: &[Field] = &[
    Field("rope.scaling.factor", Harmless("GPT-2 has no rotary positions")),
    Field("rope.dimension_count", Harmless("GPT-2 has no rotary positions")),
    Field("rope.freq_base", Harmless("GPT-2 has no rotary positions")),
];

/// llama.cpp's files already hold `[n_out, n_in]` matrices.
pub(super) fn gguf(meta: &Metadata, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::gguf(meta, "gpt2", &[GGUF_KEYS, common::LAYER_NORM_KEYS])?;
    let plain = |d, n_heads, d_head| plain(d, n_heads, d_head, Mlp::one(0, Activation::GeluTanh));
    let config = common::gguf_config(meta, &fields, loader, plain)?;
    let blocks = (0..config.n_layers).map(|l| common::gguf_block(loader, &config, l, Bias::Yes));
    let blocks = blocks.collect::<Result<_, Error>>()?;
    let weights = Weights {
        positions: Some(loader.tensor("position_embd.weight", &[config.n_ctx, config.d_model])?),
        ..common::gguf_weights(loader, &config, Bias::Yes, blocks)?
    };
    loader.finish("gpt2", &[])?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless: None })
}

/// The config that every GPT-2 shares; the caller fills in the sizes that are 0 here.
fn plain(d_model: usize, n_heads: usize, d_head: usize, mlp: Mlp) -> Config {
    let layer = Layer { attention: Attention::plain(d_head), rotary: None, parallel: false, mlp: Some(mlp) };
    Config { d_model, ..common::layer_norms("gpt2", n_heads, d_head, layer) }
}

/// Splits the fused matrix: q, k and v are a third of its rows each. Norms and MLP are filled in by the caller.
fn attention(fused: &Linear, o: Linear, d: usize) -> BlockWeights {
    BlockWeights {
        norms: Norms::default(),
        q: rows(fused, 0, d),
        k: rows(fused, d, d),
        v: rows(fused, 2 * d, d),
        q_norm: None,
        k_norm: None,
        sinks: Vec::new(),
        mlp: None,
        experts: None,
        o,
    }
}
