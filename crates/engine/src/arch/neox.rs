//! GPT-NeoX, the family of Pythia: layer norms with biases, attention and MLP side by side, and a part of each head
//! rotated (Black et al. 2022).

use super::common::TRAINING;
use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::Number;
use super::fields::{Field, Fields, Tables};
use super::loader::{Bias, Ignored, Loader, rows};
use super::rope::Head;
use super::{Read, beside, common, head, rope};
use crate::Error;
use crate::config::{Activation, Config, Mlp};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, Linear, MlpWeights, Norms, Weights};
use serde_json::Value;

pub(super) const TABLES: Tables = &[FIELDS, common::SIZES, rope::FIELDS, common::COMMON];

const FIELDS: &[Field] = &[
    Field("layer_norm_eps", Used),
    Field("use_parallel_residual", Used),
    Field("attention_bias", Used),
    Field("rotary_pct", Used),
    Field("rotary_emb_base", Used),
    Field("is_decoder", Harmless("only encoders read it")),
    Field("attention_dropout", TRAINING),
    Field("hidden_dropout", TRAINING),
    Field("num_key_value_heads", Only(&[], "grouped queries, which GPT-NeoX does not have")),
    Field("sliding_window", Only(&[Number(0.0)], "a window, which GPT-NeoX does not have")),
];

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[
    ("attention.bias", "the causal mask, made anew"),
    ("attention.masked_bias", "the causal mask, made anew"),
    ("rotary_emb.inv_freq", "made anew from theta; older checkpoints kept it"),
    ("score.", "a classifier's head"),
    ("classifier.", "a classifier's head"),
    ("qa_outputs.", "a classifier's head"),
];

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, "gpt_neox", TABLES)?;
    let config = config(&fields)?;
    let trained = head::trained(&fields, "GPTNeoX")?;
    let tied = fields.flag_or("tie_word_embeddings", false)?;
    let bias = if fields.flag_or("attention_bias", true)? { Bias::Yes } else { Bias::No };
    let (d, d_ff) = (config.d_model, config.d_ff());
    let prefix = loader.prefix(&["gpt_neox.", ""], "final_layer_norm.weight");
    let block = |l: usize| {
        let at = |name: &str| format!("{prefix}layers.{l}.{name}");
        let fused = loader.linear(&at("attention.query_key_value"), 3 * d, d, bias)?;
        let [q, k, v] = by_head(&fused, config.n_heads, config.d_head);
        Ok(BlockWeights {
            norms: Norms::before(loader.layer_norm(&at("input_layernorm"), d)?),
            q,
            k,
            v,
            q_norm: None,
            k_norm: None,
            sinks: Vec::new(),
            o: loader.linear(&at("attention.dense"), d, d, bias)?,
            experts: None,
            mlp: Some(MlpWeights {
                norms: Norms::before(loader.layer_norm(&at("post_attention_layernorm"), d)?),
                gate: None,
                up: loader.linear(&at("mlp.dense_h_to_4h"), d_ff, d, Bias::Yes)?,
                down: loader.linear(&at("mlp.dense_4h_to_h"), d, d_ff, Bias::Yes)?,
            }),
        })
    };
    const HEAD: &str = "embed_out.weight";
    // transformers 5 writes the head under its usual name.
    let head_name = if loader.has(HEAD) { HEAD } else { head::HEAD };
    let shape = [config.n_vocab, d];
    let embed = head::embed(loader, &format!("{prefix}embed_in.weight"), &shape, tied, head_name)?;
    let (unembed, headless) = Read::head(head::unembed(&fields, loader, &trained, tied, &embed, head_name)?);
    let weights = Weights {
        final_norm: Some(loader.layer_norm(&format!("{prefix}final_layer_norm"), d)?),
        unembed,
        ..Weights::of(embed, (0..config.n_layers).map(block).collect::<Result<_, Error>>()?)
    };
    loader.finish("gpt_neox", IGNORED)?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless })
}

/// q, k and v of a matrix whose rows are, head after head, the head's query, key and value.
pub(super) fn by_head(fused: &Linear, n_heads: usize, d_head: usize) -> [Linear; 3] {
    std::array::from_fn(|which| {
        let parts = (0..n_heads).map(|head| (3 * head + which) * d_head..(3 * head + which + 1) * d_head);
        let bias = fused.bias.as_ref().map(|bias| parts.clone().flat_map(|rows| bias[rows].to_vec()).collect());
        Linear { weight: fused.weight.gather_rows(parts), bias }
    })
}

fn config(fields: &Fields<'_>) -> Result<Config, Error> {
    let (n_heads, d_model) = (fields.size_or("num_attention_heads", 64)?, fields.size_or("hidden_size", 6144)?);
    let d_head = super::share(fields, d_model, n_heads)?;
    let n_ctx = fields.size_or("max_position_embeddings", 2048)?;
    // The family's own names for what others keep in `rope_theta` and `partial_rotary_factor`.
    let theta = f64::from(fields.float_or("rotary_emb_base", 10_000.0)?);
    let part = Some(f64::from(fields.float_or("rotary_pct", 0.25)?));
    let rotary = rope::rotary(fields, Head { d_head, n_ctx, theta, part, original: None })?;
    let mlp = Mlp::one(fields.size_or("intermediate_size", 24_576)?, fields.activation_or("hidden_act", "gelu")?);
    let config = Config {
        n_layers: fields.size_or("num_hidden_layers", 44)?,
        d_model,
        n_ctx,
        n_vocab: fields.size_or("vocab_size", 50_432)?,
        norm_eps: fields.float_or("layer_norm_eps", 1e-5)?,
        causal: fields.flag_or("is_causal", true)?,
        ..beside::plain("gpt_neox", n_heads, d_head, rotary, fields.flag_or("use_parallel_residual", true)?, mlp)
    };
    config.check(fields.origin)?;
    Ok(config)
}

/// The keys of a GGUF, without `gptneox.`.
pub(super) const GGUF_KEYS: &[Field] = &[Field("use_parallel_residual", Used)];

/// llama.cpp's files hold q, k and v one after the other.
pub(super) fn gguf(meta: &Metadata, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::gguf(meta, "gptneox", &[GGUF_KEYS, beside::GGUF_KEYS, common::LAYER_NORM_KEYS])?;
    let parallel = fields.flag_or("use_parallel_residual", true)?;
    let config = beside::gguf_config(meta, &fields, loader, parallel, Activation::Gelu)?;
    common::no_groups(&fields, config.n_heads)?;
    let d = config.d_model;
    let block = |l: usize| {
        let at = |name: &str| format!("blk.{l}.{name}");
        let fused = loader.linear(&at("attn_qkv"), 3 * d, d, Bias::Yes)?;
        beside::gguf_block(loader, &config, l, [0, 1, 2].map(|i| rows(&fused, i * d, d)), true)
    };
    let blocks = (0..config.n_layers).map(block).collect::<Result<_, Error>>()?;
    let weights = beside::gguf_weights(loader, &config, blocks)?;
    loader.finish("gptneox", &[])?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless: None })
}
