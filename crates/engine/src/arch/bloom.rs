//! BLOOM: ALiBi in place of positions (Press et al. 2022), a norm of the embedding, layer norms with biases.

use super::common::TRAINING;
use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::{Bool, Number};
use super::fields::{Field, Fields, Tables};
use super::loader::{Bias, Ignored, Loader};
use super::{Read, common, head, neox};
use crate::config::{Activation, Config, Mlp};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, MlpWeights, Norms, Weights};
use crate::{Attention, Error, Layer, ScoreBias};
use serde_json::Value;

pub(super) const TABLES: Tables = &[FIELDS, common::COMMON];

const FIELDS: &[Field] = &[
    Field("n_layer", Used),
    Field("n_head", Used),
    Field("n_embed", Used),
    Field("num_hidden_layers", Used),
    Field("num_attention_heads", Used),
    Field("hidden_size", Used),
    Field("vocab_size", Used),
    Field("layer_norm_epsilon", Used),
    Field("seq_length", Harmless("how long the texts of the training were: ALiBi has no longest text")),
    Field("is_causal", Only(&[Bool(true)], "attention both ways")),
    Field(
        "apply_residual_connection_post_layernorm",
        Only(&[Bool(false)], "a residual stream that goes on from behind its norm"),
    ),
    Field("hidden_dropout", TRAINING),
    Field("attention_dropout", TRAINING),
    Field("pretraining_tp", common::MEMORY),
    Field("slow_but_exact", Only(&[Bool(false)], "products in parts, without their biases")),
    Field("attention_softmax_in_fp32", common::MEMORY),
    Field("bias_dropout_fusion", common::MEMORY),
    Field("masked_softmax_fusion", common::MEMORY),
    Field("offset_alibi", Harmless("nothing reads it: a number for a whole row changes no weight")),
    Field("skip_bias_add", Harmless("nothing reads it")),
    Field("skip_bias_add_qkv", Harmless("nothing reads it")),
    Field("n_inner", Only(&[], "an MLP of another width than 4 · hidden_size")),
    Field("num_key_value_heads", Only(&[], "grouped queries, which BLOOM does not have")),
    Field("sliding_window", Only(&[Number(0.0)], "a window, which BLOOM does not have")),
];

/// transformers' names for the sizes, and BLOOM's own; if a file has both, their values must agree.
const OTHER_NAMES: &[(&str, &str)] =
    &[("num_hidden_layers", "n_layer"), ("num_attention_heads", "n_head"), ("n_embed", "hidden_size")];

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[("score.", "a classifier's head"), ("classifier.", "a classifier's head")];

/// ALiBi has no longest text: this is far more than any BLOOM was trained on.
const N_CTX: usize = 1 << 15;

/// The largest exponent of ALiBi's slopes.
const MOST: f32 = 8.0;

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, "bloom", TABLES)?;
    let size = |name, default| fields.size_by_any_name(name, OTHER_NAMES, default);
    let (d, n_heads) = (size("hidden_size", 64)?, size("n_head", 8)?);
    let config = Config {
        n_layers: size("n_layer", 2)?,
        n_ctx: N_CTX,
        n_vocab: fields.size_or("vocab_size", 250_880)?,
        norm_eps: fields.float_or("layer_norm_epsilon", 1e-5)?,
        ..plain(d, n_heads, super::share(&fields, d, n_heads)?)
    };
    config.check(fields.origin)?;
    let trained = head::trained(&fields, "Bloom")?;
    let tied = fields.flag_or("tie_word_embeddings", true)?;
    let d_ff = config.d_ff();
    let prefix = loader.prefix(&["transformer.", ""], "word_embeddings.weight");
    let block = |l: usize| {
        let at = |name: &str| format!("{prefix}h.{l}.{name}");
        let linear = |name: &str, n_out, n_in| loader.linear(&at(name), n_out, n_in, Bias::Yes);
        let fused = linear("self_attention.query_key_value", 3 * d, d)?;
        Ok(BlockWeights {
            norms: Norms::before(loader.layer_norm(&at("input_layernorm"), d)?),
            mlp: Some(MlpWeights {
                norms: Norms::before(loader.layer_norm(&at("post_attention_layernorm"), d)?),
                gate: None,
                up: linear("mlp.dense_h_to_4h", d_ff, d)?,
                down: linear("mlp.dense_4h_to_h", d, d_ff)?,
            }),
            ..BlockWeights::of(neox::by_head(&fused, n_heads, config.d_head), linear("self_attention.dense", d, d)?)
        })
    };
    let shape = [config.n_vocab, d];
    let embed = head::embed(loader, &format!("{prefix}word_embeddings.weight"), &shape, tied, head::HEAD)?;
    let (unembed, headless) = Read::head(head::unembed(&fields, loader, &trained, tied, &embed, head::HEAD)?);
    let weights = Weights {
        bias: Some(ScoreBias::alibi(n_heads, MOST)),
        embed_norm: Some(loader.layer_norm(&format!("{prefix}word_embeddings_layernorm"), d)?),
        final_norm: Some(loader.layer_norm(&format!("{prefix}ln_f"), d)?),
        unembed,
        ..Weights::of(embed, (0..config.n_layers).map(block).collect::<Result<_, Error>>()?)
    };
    loader.finish("bloom", IGNORED)?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless })
}

/// llama.cpp's files hold q, k and v one after the other.
pub(super) fn gguf(meta: &Metadata, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::gguf(meta, "bloom", &[common::LAYER_NORM_KEYS])?;
    let config = common::gguf_config(meta, &fields, loader, plain)?;
    let blocks = (0..config.n_layers).map(|l| common::gguf_block(loader, &config, l, Bias::Yes));
    let blocks = blocks.collect::<Result<_, Error>>()?;
    let weights = Weights {
        bias: Some(ScoreBias::alibi(config.n_heads, MOST)),
        embed_norm: Some(loader.layer_norm("token_embd_norm", config.d_model)?),
        ..common::gguf_weights(loader, &config, Bias::Yes, blocks)?
    };
    loader.finish("bloom", &[])?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless: None })
}

/// The config that all share; the caller fills in the sizes that are 0 here.
fn plain(d_model: usize, n_heads: usize, d_head: usize) -> Config {
    let mlp = Mlp::one(d_model.saturating_mul(4), Activation::GeluTanh);
    let layer = Layer { attention: Attention::plain(d_head), rotary: None, parallel: false, mlp: Some(mlp) };
    Config { d_model, ..common::layer_norms("bloom", n_heads, d_head, layer) }
}
