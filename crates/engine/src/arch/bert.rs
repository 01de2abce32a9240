//! BERT: an encoder. Every token attends in both directions, and each norm comes after the residual sum.

use super::common::TRAINING;
use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::Number;
use super::fields::{Field, Fields, Means, Tables};
use super::loader::{Bias, Ignored, Loader};
use super::{Read, common, head};
use crate::Error;
use crate::config::{Config, Mlp, NormKind, Scales};
use crate::weights::{BlockWeights, MlpWeights, Norms, Weights};
use crate::{Attention, Layer, PerLayer};
use serde_json::Value;

const POOLER: Means = Harmless("for a pooler of its own on top, which is not computed here");

pub(super) const TABLES: Tables = &[FIELDS, common::COMMON];

const FIELDS: &[Field] = &[
    Field("num_hidden_layers", Used),
    Field("num_attention_heads", Used),
    Field("hidden_size", Used),
    Field("intermediate_size", Used),
    Field("hidden_act", Used),
    Field("max_position_embeddings", Used),
    Field("vocab_size", Used),
    Field("type_vocab_size", Used),
    Field("layer_norm_eps", Used),
    Field("is_decoder", Used),
    Field("is_causal", Used),
    Field("hidden_dropout_prob", TRAINING),
    Field("attention_probs_dropout_prob", TRAINING),
    Field("embedding_size", Only(&[], "an embedding of another width (ALBERT, ELECTRA)")),
    Field("num_key_value_heads", Only(&[], "grouped queries, which BERT does not have")),
    Field("directionality", Harmless("nothing reads it")),
    Field("gradient_accumulation_steps", TRAINING),
    Field("pooler_fc_size", POOLER),
    Field("pooler_num_attention_heads", POOLER),
    Field("pooler_num_fc_layers", POOLER),
    Field("pooler_size_per_head", POOLER),
    Field("pooler_type", POOLER),
    Field("output_attention", Harmless("what a Python call gives back")),
    Field("sliding_window", Only(&[Number(0.0)], "a window, which BERT does not have")),
];

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[
    ("embeddings.position_ids", "0, 1, 2 …: counted anew"),
    ("pooler.", "a head on top of the first token"),
    ("cls.", "heads of the training: masked words, next sentence"),
    ("classifier.", "a classifier's head"),
    ("qa_outputs.", "a classifier's head"),
];

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, "bert", TABLES)?;
    head::trained(&fields, "Bert")?;
    fields.flag_or("tie_word_embeddings", true)?;
    let (config, types) = config(&fields)?;
    let (d, d_ff) = (config.d_model, config.d_ff());
    let prefix = loader.prefix(&["bert.", ""], "embeddings.word_embeddings.weight");
    let at = |name: &str| format!("{prefix}embeddings.{name}");
    let linear = |name: &str, n_out, n_in| loader.linear(name, n_out, n_in, Bias::Yes);
    let block = |l: usize| {
        let at = |name: &str| format!("{prefix}encoder.layer.{l}.{name}");
        Ok(BlockWeights {
            norms: Norms::after(loader.layer_norm(&at("attention.output.LayerNorm"), d)?),
            q: linear(&at("attention.self.query"), d, d)?,
            k: linear(&at("attention.self.key"), d, d)?,
            v: linear(&at("attention.self.value"), d, d)?,
            q_norm: None,
            k_norm: None,
            o: linear(&at("attention.output.dense"), d, d)?,
            mlp: Some(MlpWeights {
                norms: Norms::after(loader.layer_norm(&at("output.LayerNorm"), d)?),
                gate: None,
                up: linear(&at("intermediate.dense"), d_ff, d)?,
                down: linear(&at("output.dense"), d, d_ff)?,
            }),
        })
    };
    let weights = Weights {
        embed: loader.tensor(&at("word_embeddings.weight"), &[config.n_vocab, d])?,
        positions: Some(loader.tensor(&at("position_embeddings.weight"), &[config.n_ctx, d])?),
        token_type: Some(loader.tensor(&at("token_type_embeddings.weight"), &[types, d])?.row_f32(0)),
        embed_norm: Some(loader.layer_norm(&at("LayerNorm"), d)?),
        blocks: (0..config.n_layers).map(block).collect::<Result<_, Error>>()?,
        final_norm: None,
        unembed: None,
        unembed_bias: None,
    };
    loader.finish("bert", IGNORED)?;
    #[cfg(test)]
    super::tests::asked(&fields);
    let words = loader.tensors.all_names().any(|name| name.starts_with("cls.predictions."));
    let headless = match (words, config.causal) {
        (true, _) => {
            "an encoder with a head for words (cls.predictions) that attnscope does not read: it predicts no next word"
        }
        (false, true) => {
            "an encoder that attends back only (is_decoder), without a head for words: it predicts no next word"
        }
        (false, false) => "an encoder: it has no vocabulary head and predicts no next word",
    };
    let headless = Some(headless.into());
    Ok(Read { config, weights, headless })
}

/// The config, and how many token types there are.
fn config(fields: &Fields<'_>) -> Result<(Config, usize), Error> {
    let (n_heads, d) = (fields.size_or("num_attention_heads", 12)?, fields.size_or("hidden_size", 768)?);
    let d_ff = fields.size_or("intermediate_size", 3072)?;
    let types = fields.size_or("type_vocab_size", 2)?;
    if types == 0 {
        return Err(fields.bad("type_vocab_size", "1 or more: each token has a type", "0"));
    }
    // transformers requires both: a decoder is causal unless `is_causal` is false.
    let causal = fields.flag_or("is_decoder", false)? & fields.flag_or("is_causal", true)?;
    let d_head = super::share(fields, d, n_heads)?;
    let mlp = Mlp { d_ff, activation: fields.activation_or("hidden_act", "gelu")? };
    let config = Config {
        arch: "bert".into(),
        name: "bert".into(),
        n_layers: fields.size_or("num_hidden_layers", 12)?,
        n_heads,
        n_kv_heads: n_heads,
        d_model: d,
        d_head,
        n_ctx: fields.size_or("max_position_embeddings", 512)?,
        n_vocab: fields.size_or("vocab_size", 30_522)?,
        norm: NormKind::Layer,
        norm_eps: fields.float_or("layer_norm_eps", 1e-12)?,
        causal,
        rotaries: Vec::new(),
        scales: Scales::default(),
        layers: PerLayer::same(Layer {
            attention: Attention::plain(d_head),
            rotary: None,
            parallel: false,
            mlp: Some(mlp),
        }),
    };
    config.check(fields.origin)?;
    Ok((config, types))
}
