//! Phi-1 and Phi-2: attention and MLP read the same normed input and stand side by side; a part of each head is rotated.

use super::common::TRAINING;
use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::{Bool, Number};
use super::fields::{Field, Fields, Tables};
use super::loader::{Bias, Ignored, Loader, rows};
use super::rope::Head;
use super::{Read, beside, common, head, rope};
use crate::Error;
use crate::config::{Activation, Config, Mlp};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, MlpWeights, Norms, Weights};
use serde_json::Value;

pub(super) const TABLES: Tables = &[FIELDS, common::SIZES, rope::FIELDS, common::COMMON];

const FIELDS: &[Field] = &[
    Field("num_key_value_heads", Used),
    Field("layer_norm_eps", Used),
    Field("qk_layernorm", Only(&[Bool(false)], "layer norms of queries and keys")),
    Field("is_decoder", Harmless("only encoders read it")),
    Field("attention_dropout", TRAINING),
    Field("resid_pdrop", TRAINING),
    Field("embd_pdrop", TRAINING),
    Field("sliding_window", Only(&[Number(0.0)], "a window, which Phi does not have")),
];

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[
    ("rotary_emb.inv_freq", "made anew from theta; older checkpoints kept it"),
    ("score.", "a classifier's head"),
    ("classifier.", "a classifier's head"),
];

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, "phi", TABLES)?;
    let config = config(&fields)?;
    let trained = head::trained(&fields, "Phi")?;
    let tied = fields.flag_or("tie_word_embeddings", false)?;
    let (d, d_ff) = (config.d_model, config.d_ff());
    let (heads, kv) = (config.n_heads * config.d_head, config.n_kv_heads * config.d_head);
    let prefix = loader.prefix(&["model.", ""], "final_layernorm.weight");
    let block = |l: usize| {
        let linear =
            |name: &str, n_out, n_in| loader.linear(&format!("{prefix}layers.{l}.{name}"), n_out, n_in, Bias::Yes);
        Ok(BlockWeights {
            norms: Norms::before(loader.layer_norm(&format!("{prefix}layers.{l}.input_layernorm"), d)?),
            q: linear("self_attn.q_proj", heads, d)?,
            k: linear("self_attn.k_proj", kv, d)?,
            v: linear("self_attn.v_proj", kv, d)?,
            q_norm: None,
            k_norm: None,
            sinks: Vec::new(),
            o: linear("self_attn.dense", d, heads)?,
            experts: None,
            mlp: Some(MlpWeights {
                norms: Norms::default(),
                gate: None,
                up: linear("mlp.fc1", d_ff, d)?,
                down: linear("mlp.fc2", d, d_ff)?,
            }),
        })
    };
    let shape = [config.n_vocab, d];
    let embed = head::embed(loader, &format!("{prefix}embed_tokens.weight"), &shape, tied, head::HEAD)?;
    let (unembed, headless) = Read::head(head::unembed(&fields, loader, &trained, tied, &embed, head::HEAD)?);
    let weights = Weights {
        final_norm: Some(loader.layer_norm(&format!("{prefix}final_layernorm"), d)?),
        unembed_bias: unembed.is_some().then(|| loader.vector("lm_head.bias", config.n_vocab)).transpose()?,
        unembed,
        ..Weights::of(embed, (0..config.n_layers).map(block).collect::<Result<_, Error>>()?)
    };
    loader.finish("phi", IGNORED)?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless })
}

fn config(fields: &Fields<'_>) -> Result<Config, Error> {
    let (n_heads, d_model) = (fields.size_or("num_attention_heads", 32)?, fields.size_or("hidden_size", 2048)?);
    let d_head = super::share(fields, d_model, n_heads)?;
    let n_ctx = fields.size_or("max_position_embeddings", 2048)?;
    let rotary = rope::rotary(fields, Head { d_head, n_ctx, theta: 10_000.0, part: Some(0.5), original: None })?;
    let mlp = Mlp::one(fields.size_or("intermediate_size", 8192)?, fields.activation_or("hidden_act", "gelu_new")?);
    let config = Config {
        n_layers: fields.size_or("num_hidden_layers", 24)?,
        n_kv_heads: fields.optional_size("num_key_value_heads")?.unwrap_or(n_heads),
        d_model,
        n_ctx,
        n_vocab: fields.size_or("vocab_size", 51_200)?,
        norm_eps: fields.float_or("layer_norm_eps", 1e-5)?,
        causal: fields.flag_or("is_causal", true)?,
        ..beside::plain("phi", n_heads, d_head, rotary, true, mlp)
    };
    config.check(fields.origin)?;
    Ok(config)
}

/// llama.cpp's files hold q, k and v in one matrix, or apart.
pub(super) fn gguf(meta: &Metadata, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::gguf(meta, "phi2", &[beside::GGUF_KEYS, common::LAYER_NORM_KEYS])?;
    let config = beside::gguf_config(meta, &fields, loader, true, Activation::GeluTanh)?;
    let (d, heads, kv) = (config.d_model, config.n_heads * config.d_head, config.n_kv_heads * config.d_head);
    let block = |l: usize| {
        let at = |name: &str| format!("blk.{l}.{name}");
        let qkv = if loader.has(&at("attn_qkv.weight")) {
            let fused = loader.linear(&at("attn_qkv"), heads + 2 * kv, d, Bias::Yes)?;
            [rows(&fused, 0, heads), rows(&fused, heads, kv), rows(&fused, heads + kv, kv)]
        } else {
            let linear = |name: &str, n_out| loader.linear(&at(name), n_out, d, Bias::Yes);
            [linear("attn_q", heads)?, linear("attn_k", kv)?, linear("attn_v", kv)?]
        };
        beside::gguf_block(loader, &config, l, qkv, false)
    };
    let blocks = (0..config.n_layers).map(block).collect::<Result<_, Error>>()?;
    let weights = beside::gguf_weights(loader, &config, blocks)?;
    loader.finish("phi2", &[])?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless: None })
}
