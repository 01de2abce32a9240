//! GPT-J: attention and MLP read the same normed input and stand side by side; neighbours of a part of each head are
//! rotated.

use super::common::TRAINING;
use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::Bool;
use super::fields::{Field, Fields, Tables};
use super::loader::{Bias, Ignored, Loader};
use super::{Read, beside, common, gpt2, head, rope};
use crate::Error;
use crate::config::{Config, Mlp, Pairs, Rotary};
use crate::weights::{BlockWeights, MlpWeights, Norms, Weights};
use serde_json::Value;

pub(super) const TABLES: Tables = &[FIELDS, gpt2::SUMMARIES, common::COMMON];

const FIELDS: &[Field] = &[
    Field("n_layer", Used),
    Field("n_head", Used),
    Field("n_embd", Used),
    Field("n_inner", Used),
    Field("n_positions", Used),
    Field("rotary_dim", Used),
    Field("vocab_size", Used),
    Field("activation_function", Used),
    Field("layer_norm_epsilon", Used),
    Field("is_causal", Used),
    Field("num_hidden_layers", Used),
    Field("num_attention_heads", Used),
    Field("hidden_size", Used),
    Field("max_position_embeddings", Used),
    Field("rotary", Only(&[Bool(true)], "positions that are not rotary")),
    Field("scale_attn_weights", Only(&[Bool(true)], "scores that are not divided by √d")),
    Field("n_ctx", Harmless("an old name that nothing reads: n_positions counts")),
    Field("is_decoder", Harmless("nothing reads it: GPT-J is one")),
    Field("resid_pdrop", TRAINING),
    Field("embd_pdrop", TRAINING),
    Field("attn_pdrop", TRAINING),
];

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[
    ("attn.bias", "the causal mask, made anew"),
    ("attn.masked_bias", "the causal mask, made anew"),
    ("attn.embed_positions", "sines and cosines, made anew"),
    ("score.", "a classifier's head"),
    ("qa_outputs.", "a head that answers questions"),
];

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, "gptj", TABLES)?;
    let config = config(&fields)?;
    let trained = head::trained(&fields, "GPTJ")?;
    let tied = fields.flag_or("tie_word_embeddings", false)?;
    let (d, d_ff) = (config.d_model, config.d_ff());
    let prefix = loader.prefix(&["transformer.", ""], "ln_f.weight");
    let block = |l: usize| {
        let at = |name: &str| format!("{prefix}h.{l}.{name}");
        let square = |name: &str| loader.linear(&at(name), d, d, Bias::No);
        Ok(BlockWeights {
            norms: Norms::before(loader.layer_norm(&at("ln_1"), d)?),
            q: square("attn.q_proj")?,
            k: square("attn.k_proj")?,
            v: square("attn.v_proj")?,
            q_norm: None,
            k_norm: None,
            sinks: Vec::new(),
            o: square("attn.out_proj")?,
            experts: None,
            mlp: Some(MlpWeights {
                norms: Norms::default(),
                gate: None,
                up: loader.linear(&at("mlp.fc_in"), d_ff, d, Bias::Yes)?,
                down: loader.linear(&at("mlp.fc_out"), d, d_ff, Bias::Yes)?,
            }),
        })
    };
    let shape = [config.n_vocab, d];
    let embed = head::embed(loader, &format!("{prefix}wte.weight"), &shape, tied, head::HEAD)?;
    let (unembed, headless) = Read::head(head::unembed(&fields, loader, &trained, tied, &embed, head::HEAD)?);
    let weights = Weights {
        final_norm: Some(loader.layer_norm(&format!("{prefix}ln_f"), d)?),
        unembed_bias: unembed.is_some().then(|| loader.vector("lm_head.bias", config.n_vocab)).transpose()?,
        unembed,
        ..Weights::of(embed, (0..config.n_layers).map(block).collect::<Result<_, Error>>()?)
    };
    loader.finish("gptj", IGNORED)?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless })
}

fn config(fields: &Fields<'_>) -> Result<Config, Error> {
    let size = |name, default| fields.size_by_any_name(name, gpt2::OTHER_NAMES, default);
    let (d_model, n_heads) = (size("n_embd", 4096)?, size("n_head", 16)?);
    let d_head = super::share(fields, d_model, n_heads)?;
    let dim = fields.size_or("rotary_dim", 64)?;
    rope::fits(fields, dim, d_head)?;
    let d_ff = fields.optional_size("n_inner")?.unwrap_or(d_model.saturating_mul(4));
    let mlp = Mlp::one(d_ff, fields.activation_or("activation_function", "gelu_new")?);
    let config = Config {
        n_layers: size("n_layer", 28)?,
        d_model,
        n_ctx: size("n_positions", 2048)?,
        n_vocab: fields.size_or("vocab_size", 50_400)?,
        norm_eps: fields.float_or("layer_norm_epsilon", 1e-5)?,
        causal: fields.flag_or("is_causal", true)?,
        ..beside::plain("gptj", n_heads, d_head, Rotary::plain(dim, 10_000.0, Pairs::Interleaved), true, mlp)
    };
    config.check(fields.origin)?;
    Ok(config)
}
