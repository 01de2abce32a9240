//! MPT: ALiBi in place of positions (Press et al. 2022), layer norms, and no biases.

use super::common::TRAINING;
use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::{Bool, Empty, Number, Text};
use super::fields::{Field, Fields, Tables};
use super::loader::{Bias, Ignored, Loader, thirds};
use super::{Read, common, head};
use crate::config::{Activation, Config, Mlp};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, MlpWeights, Norms, Weights};
use crate::{Attention, Error, Layer, ScoreBias};
use serde_json::Value;

pub(super) const TABLES: Tables = &[FIELDS, common::COMMON];

const FIELDS: &[Field] = &[
    Field("n_layers", Used),
    Field("n_heads", Used),
    Field("d_model", Used),
    Field("expansion_ratio", Only(&[Number(4.0)], "an MLP of another width than 4 · d_model")),
    Field("max_seq_len", Used),
    Field("vocab_size", Used),
    Field("layer_norm_epsilon", Used),
    Field("attn_config", Used),
    Field("num_hidden_layers", Used),
    Field("num_attention_heads", Used),
    Field("hidden_size", Used),
    Field("is_causal", Only(&[Bool(true)], "attention both ways")),
    Field("no_bias", Only(&[Bool(true)], "biases")),
    Field("learned_pos_emb", Harmless("transformers reads no such table: ALiBi says where a token stands")),
    Field("norm_type", Only(&[Text("low_precision_layernorm"), Text("layernorm")], "another norm than layer norm")),
    Field("logit_scale", Only(&[], "scaled logits")),
    Field("embedding_fraction", TRAINING),
    Field("emb_pdrop", TRAINING),
    Field("resid_pdrop", TRAINING),
    Field("emb_prob_drop", TRAINING),
    Field("resid_prob_drop", TRAINING),
    Field("init_config", TRAINING),
    Field("init_device", TRAINING),
    Field("verbose", TRAINING),
    Field("tokenizer_name", Harmless("a name or a version")),
    Field("fc_type", Harmless("how products are computed, not what comes out")),
    Field("ffn_config", Only(&[Empty], "another MLP")),
];

/// The fields of `attn_config`, with the values that are computed.
const ATTENTION: &[Field] = &[
    Field("attn_type", Only(&[Text("multihead_attention")], "attention of another kind")),
    Field("alibi", Only(&[Bool(true)], "positions without ALiBi")),
    Field("alibi_bias_max", Only(&[Number(8.0)], "ALiBi of other slopes")),
    Field("clip_qkv", Used),
    Field("qk_ln", Only(&[Bool(false)], "norms of queries and keys")),
    Field("prefix_lm", Only(&[Bool(false)], "attention both ways within a prefix")),
    Field("softmax_scale", Used),
    Field("attn_impl", common::MEMORY),
    Field("attn_pdrop", TRAINING),
    Field("attn_uses_sequence_id", Harmless("for several texts in one row")),
    Field("model_type", Harmless("it chose the family")),
    Field("use_cache", common::MEMORY),
    Field("max_length", Harmless("nothing reads it")),
    Field("pruned_heads", Only(&[Empty], "heads that were taken out")),
];

const OTHER_NAMES: &[(&str, &str)] =
    &[("num_hidden_layers", "n_layers"), ("num_attention_heads", "n_heads"), ("hidden_size", "d_model")];

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[("score.", "a classifier's head"), ("classifier.", "a classifier's head")];

/// The largest exponent of ALiBi's slopes.
const MOST: f32 = 8.0;

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, "mpt", TABLES)?;
    let config = config(&fields)?;
    // The family's first files name code that they brought along, whose classes are called otherwise.
    let prefix = if head::names_class(&fields, "MPT")? { "MPT" } else { "Mpt" };
    let trained = head::trained_with(&fields, prefix, &["modeling_mpt.MPT", "mosaicml/"])?;
    let tied = fields.flag_or("tie_word_embeddings", true)?;
    let (d, d_ff) = (config.d_model, config.d_ff());
    let prefix = loader.prefix(&["transformer.", ""], "wte.weight");
    let block = |l: usize| {
        let at = |name: &str| format!("{prefix}blocks.{l}.{name}");
        let linear = |name: &str, n_out, n_in| loader.linear(&at(name), n_out, n_in, Bias::No);
        Ok(BlockWeights {
            norms: Norms::before(loader.layer_norm_with(&at("norm_1"), d, Bias::No)?),
            mlp: Some(MlpWeights {
                norms: Norms::before(loader.layer_norm_with(&at("norm_2"), d, Bias::No)?),
                gate: None,
                up: linear("ffn.up_proj", d_ff, d)?,
                down: linear("ffn.down_proj", d, d_ff)?,
            }),
            ..BlockWeights::of(thirds(&linear("attn.Wqkv", 3 * d, d)?, d), linear("attn.out_proj", d, d)?)
        })
    };
    let shape = [config.n_vocab, d];
    let embed = head::embed(loader, &format!("{prefix}wte.weight"), &shape, tied, head::HEAD)?;
    let (unembed, headless) = Read::head(head::unembed(&fields, loader, &trained, tied, &embed, head::HEAD)?);
    let weights = Weights {
        bias: Some(ScoreBias::alibi(config.n_heads, MOST)),
        final_norm: Some(loader.layer_norm_with(&format!("{prefix}norm_f"), d, Bias::No)?),
        unembed,
        ..Weights::of(embed, (0..config.n_layers).map(block).collect::<Result<_, Error>>()?)
    };
    loader.finish("mpt", IGNORED)?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless })
}

fn config(fields: &Fields<'_>) -> Result<Config, Error> {
    let size = |name, default| fields.size_by_any_name(name, OTHER_NAMES, default);
    let (d, n_heads) = (size("d_model", 2048)?, size("n_heads", 16)?);
    let d_head = super::share(fields, d, n_heads)?;
    let mut attention = Attention::plain(d_head);
    if let Some(value) = fields.get("attn_config")? {
        let inner = Fields::json(&value, fields.origin, "mpt's attn_config", &[ATTENTION, common::COMMON])
            .map_err(|error| fields.refused("attn_config", format!("is not one that is computed: {error}")))?;
        if let Some(scale) = inner.optional_float("softmax_scale")? {
            attention.scale = scale;
        }
        attention.clamp = common::clamp_or_zero(&inner, "clip_qkv")?;
    }
    let config = Config {
        n_layers: size("n_layers", 24)?,
        n_ctx: fields.size_or("max_seq_len", 2048)?,
        n_vocab: fields.size_or("vocab_size", 50_368)?,
        norm_eps: fields.float_or("layer_norm_epsilon", 1e-5)?,
        ..plain(d, n_heads, attention, d.saturating_mul(4))
    };
    config.check(fields.origin)?;
    Ok(config)
}

/// The keys of a GGUF, without `mpt.`.
pub(super) const GGUF_KEYS: &[Field] = &[Field("attention.max_alibi_bias", Used), Field("attention.clamp_kqv", Used)];

/// llama.cpp's files; some have biases, which transformers' code does not.
pub(super) fn gguf(meta: &Metadata, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::gguf(meta, "mpt", &[GGUF_KEYS, common::LAYER_NORM_KEYS])?;
    let clamp = common::clamp_or_zero(&fields, "attention.clamp_kqv")?;
    let plain = |d, n_heads, d_head| plain(d, n_heads, Attention { clamp, ..Attention::plain(d_head) }, 0);
    let config = common::gguf_config(meta, &fields, loader, plain)?;
    let most = fields.float_or("attention.max_alibi_bias", 0.0)?;
    if !(0.1..=64.0).contains(&most) {
        return Err(fields.bad("attention.max_alibi_bias", "a number above 0: ALiBi", &most.to_string()));
    }
    let blocks = (0..config.n_layers).map(|l| common::gguf_block(loader, &config, l, Bias::IfThere));
    let blocks = blocks.collect::<Result<_, Error>>()?;
    let weights = Weights {
        bias: Some(ScoreBias::alibi(config.n_heads, most)),
        ..common::gguf_weights(loader, &config, Bias::IfThere, blocks)?
    };
    loader.finish("mpt", &[])?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless: None })
}

/// The config that all share; the caller fills in the sizes that are 0 here.
fn plain(d_model: usize, n_heads: usize, attention: Attention, d_ff: usize) -> Config {
    let d_head = d_model / n_heads.max(1);
    let layer = Layer { attention, rotary: None, parallel: false, mlp: Some(Mlp::one(d_ff, Activation::Gelu)) };
    Config { d_model, ..common::layer_norms("mpt", n_heads, d_head, layer) }
}
