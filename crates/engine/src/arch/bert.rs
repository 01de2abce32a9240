//! BERT and its kin: encoders. Every token attends in both directions, and each norm comes after the residual sum.
//! RoBERTa differs in where positions begin, DistilBERT in its names and in having no token types.

use super::common::TRAINING;
use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::{Bool, Number};
use super::fields::{Field, Fields, Means, Tables};
use super::loader::{Bias, Ignored, Loader};
use super::{Read, common, head};
use crate::config::{Activation, Config, Mlp};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, MlpWeights, Norms, Weights};
use crate::{Attention, Error, Layer};
use serde_json::Value;

const POOLER: Means = Harmless("for a pooler of its own on top, which is not computed here");

/// A family of encoders: how its files call things.
pub(super) struct Kind {
    /// `model_type`.
    pub name: &'static str,
    /// The beginning of its class names in transformers.
    class: &'static str,
    pub tables: Tables,
    /// Layers, heads, `d_model` and `d_ff`: fields and defaults.
    sizes: [(&'static str, usize); 4],
    n_vocab: usize,
    activation: &'static str,
    /// The tensor prefix of the enclosing class.
    prefix: &'static str,
    names: &'static Names,
    /// Whether positions begin after the padding token.
    padded: bool,
}

/// Tensor names, after the prefix.
struct Names {
    block: &'static str,
    q: &'static str,
    k: &'static str,
    v: &'static str,
    o: &'static str,
    norm_attn: &'static str,
    up: &'static str,
    down: &'static str,
    norm_mlp: &'static str,
    token_type: Option<&'static str>,
}

const BERT_NAMES: Names = Names {
    block: "encoder.layer.",
    q: "attention.self.query",
    k: "attention.self.key",
    v: "attention.self.value",
    o: "attention.output.dense",
    norm_attn: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    norm_mlp: "output.LayerNorm",
    token_type: Some("embeddings.token_type_embeddings.weight"),
};

const DISTIL_NAMES: Names = Names {
    block: "transformer.layer.",
    q: "attention.q_lin",
    k: "attention.k_lin",
    v: "attention.v_lin",
    o: "attention.out_lin",
    norm_attn: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    norm_mlp: "output_layer_norm",
    token_type: None,
};

const FIELDS: &[Field] = &[
    Field("type_vocab_size", Used),
    Field("layer_norm_eps", Used),
    Field("is_decoder", Used),
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

const ROBERTA_FIELDS: &[Field] = &[Field("pad_token_id", Used)];

const DISTIL_FIELDS: &[Field] = &[
    Field("n_layers", Used),
    Field("n_heads", Used),
    Field("dim", Used),
    Field("hidden_dim", Used),
    Field("activation", Used),
    Field("max_position_embeddings", Used),
    Field("vocab_size", Used),
    Field("sinusoidal_pos_embds", Harmless("the file holds the positions, learned or not")),
    Field("dropout", TRAINING),
    Field("attention_dropout", TRAINING),
    Field("qa_dropout", TRAINING),
    Field("seq_classif_dropout", TRAINING),
    Field("tie_weights_", Harmless("nothing reads it")),
    Field("is_causal", Only(&[Bool(false)], "attention back only, which DistilBERT does not have")),
];

/// The families whose `config.json` is read.
pub(super) const KINDS: [Kind; 5] = [
    BERT,
    Kind { name: "roberta", class: "Roberta", n_vocab: 50_265, ..ROBERTA },
    Kind { name: "xlm-roberta", class: "XLMRoberta", ..ROBERTA },
    Kind { name: "camembert", class: "Camembert", ..ROBERTA },
    Kind {
        name: "distilbert",
        class: "DistilBert",
        tables: &[DISTIL_FIELDS, common::COMMON],
        sizes: [("n_layers", 6), ("n_heads", 12), ("dim", 768), ("hidden_dim", 3072)],
        activation: "activation",
        prefix: "distilbert.",
        names: &DISTIL_NAMES,
        ..BERT
    },
];

const BERT: Kind = Kind {
    name: "bert",
    class: "Bert",
    tables: &[FIELDS, common::SIZES, common::COMMON],
    sizes: [("num_hidden_layers", 12), ("num_attention_heads", 12), ("hidden_size", 768), ("intermediate_size", 3072)],
    n_vocab: 30_522,
    activation: "hidden_act",
    prefix: "bert.",
    names: &BERT_NAMES,
    padded: false,
};

const ROBERTA: Kind =
    Kind { tables: &[ROBERTA_FIELDS, FIELDS, common::SIZES, common::COMMON], prefix: "roberta.", padded: true, ..BERT };

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[
    ("embeddings.position_ids", "0, 1, 2 …: counted anew"),
    ("pooler.", "a head on top of the first token"),
    ("cls.", "heads of the training: masked words, next sentence"),
    ("lm_head.", "the head of the training: masked words"),
    ("vocab_transform.", "the head of the training: masked words"),
    ("vocab_layer_norm.", "the head of the training: masked words"),
    ("vocab_projector.", "the head of the training: masked words"),
    ("pre_classifier.", "a classifier's head"),
    ("classifier.", "a classifier's head"),
    ("qa_outputs.", "a classifier's head"),
];

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>, kind: &Kind) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, kind.name, kind.tables)?;
    head::trained(&fields, kind.class)?;
    fields.flag_or("tie_word_embeddings", true)?;
    let names = kind.names;
    let types = names.token_type.map(|_| fields.size_or("type_vocab_size", 2)).transpose()?;
    if types == Some(0) {
        return Err(fields.bad("type_vocab_size", "1 or more: each token has a type", "0"));
    }
    let padding = if kind.padded { padding(&fields)? } else { None };
    let (config, positions) = config(&fields, kind, padding)?;
    let (d, d_ff) = (config.d_model, config.d_ff());
    let prefix = loader.prefix(&[kind.prefix, ""], "embeddings.word_embeddings.weight");
    let at = |name: &str| format!("{prefix}embeddings.{name}");
    let linear = |name: &str, n_out, n_in| loader.linear(name, n_out, n_in, Bias::Yes);
    let block = |l: usize| {
        let at = |name: &str| format!("{prefix}{}{l}.{name}", names.block);
        Ok(BlockWeights {
            norms: Norms::after(loader.layer_norm(&at(names.norm_attn), d)?),
            q: linear(&at(names.q), d, d)?,
            k: linear(&at(names.k), d, d)?,
            v: linear(&at(names.v), d, d)?,
            q_norm: None,
            k_norm: None,
            o: linear(&at(names.o), d, d)?,
            experts: None,
            mlp: Some(MlpWeights {
                norms: Norms::after(loader.layer_norm(&at(names.norm_mlp), d)?),
                gate: None,
                up: linear(&at(names.up), d_ff, d)?,
                down: linear(&at(names.down), d, d_ff)?,
            }),
        })
    };
    let token_type = |name: &str| {
        let types = loader.tensor(&format!("{prefix}{name}"), &[types.unwrap_or(1), d])?;
        Ok::<_, Error>(types.row_f32(0))
    };
    let weights = Weights {
        positions: Some(loader.tensor(&at("position_embeddings.weight"), &[positions, d])?),
        padding,
        token_type: names.token_type.map(token_type).transpose()?,
        embed_norm: Some(loader.layer_norm(&at("LayerNorm"), d)?),
        ..Weights::of(
            loader.tensor(&at("word_embeddings.weight"), &[config.n_vocab, d])?,
            (0..config.n_layers).map(block).collect::<Result<_, Error>>()?,
        )
    };
    loader.finish(kind.name, IGNORED)?;
    #[cfg(test)]
    super::tests::asked(&fields);
    let headless = Some(headless(loader, config.causal).into());
    Ok(Read { config, weights, headless })
}

/// The reason why an encoder predicts no next word.
fn headless(loader: &Loader<'_>, causal: bool) -> &'static str {
    const HEADS: [&str; 3] = ["cls.predictions.", "lm_head.", "vocab_projector."];
    let has_words = loader.tensors.all_names().any(|name| HEADS.iter().any(|head| name.starts_with(head)));
    match (has_words, causal) {
        (true, _) => {
            "an encoder with a head for masked words (cls.predictions, lm_head or vocab_projector) that attnscope does not \
             read: it predicts no next word"
        }
        (false, true) => {
            "an encoder that attends back only (is_decoder), without a head for words: it predicts no next word"
        }
        (false, false) => "an encoder: it has no vocabulary head and predicts no next word",
    }
}

/// RoBERTa's padding token, after whose row those of the positions begin.
fn padding(fields: &Fields<'_>) -> Result<Option<u32>, Error> {
    let id = fields.size_or("pad_token_id", 1)?;
    let id = u32::try_from(id).ok().filter(|id| *id < 1 << 16);
    id.map(Some).ok_or_else(|| fields.bad("pad_token_id", "a small number, after which positions begin", "a large one"))
}

/// The config, and how many rows the table of positions has.
fn config(fields: &Fields<'_>, kind: &Kind, padding: Option<u32>) -> Result<(Config, usize), Error> {
    let [n_layers, n_heads, d, d_ff] = kind.sizes.map(|(name, default)| fields.size_or(name, default));
    let (n_layers, n_heads, d, d_ff) = (n_layers?, n_heads?, d?, d_ff?);
    // transformers requires both: a decoder is causal unless `is_causal` is false.
    let is_distil = kind.names.token_type.is_none();
    let causal = !is_distil && (fields.flag_or("is_decoder", false)? & fields.flag_or("is_causal", true)?);
    let norm_eps = if is_distil { 1e-12 } else { fields.float_or("layer_norm_eps", 1e-12)? };
    let d_head = super::share(fields, d, n_heads)?;
    let mlp = Mlp::one(d_ff, fields.activation_or(kind.activation, "gelu")?);
    let positions = fields.size_or("max_position_embeddings", 512)?;
    let n_ctx = positions.saturating_sub(padding.map_or(0, |padding| padding as usize + 1));
    let n_vocab = fields.size_or("vocab_size", kind.n_vocab)?;
    let config = Config { n_layers, n_ctx, n_vocab, norm_eps, causal, ..plain(kind.name, d, n_heads, d_head, mlp) };
    config.check(fields.origin)?;
    Ok((config, positions))
}

/// The config that all encoders share; the caller fills in the sizes that are 0 here.
fn plain(arch: &str, d_model: usize, n_heads: usize, d_head: usize, mlp: Mlp) -> Config {
    let layer = Layer { attention: Attention::plain(d_head), rotary: None, parallel: false, mlp: Some(mlp) };
    Config { d_model, causal: false, ..common::layer_norms(arch, n_heads, d_head, layer) }
}

/// The keys of a GGUF, without `bert.`.
pub(super) const GGUF_KEYS: &[Field] = &[
    Field("attention.head_count_kv", Harmless("BERT has as many keys as queries")),
    Field("pooling_type", Harmless("how a text becomes one vector, which is asked for by other means")),
];

/// Reads GGUF metadata and llama.cpp's tensor names. The converter leaves out RoBERTa's rows before the first position.
pub(super) fn gguf(meta: &Metadata, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::gguf(meta, "bert", &[GGUF_KEYS, common::LAYER_NORM_KEYS])?;
    let (d, n_heads) = (fields.size("embedding_length")?, fields.size("attention.head_count")?);
    let d_ff = fields.size("feed_forward_length")?;
    let mlp = Mlp::one(d_ff, Activation::Gelu);
    let eps = fields.optional_float("attention.layer_norm_epsilon")?;
    let positions = loader.tensors.require_any("position_embd.weight")?.rows();
    let config = Config {
        name: meta.model_name().unwrap_or_else(|| "bert".into()),
        norm_eps: eps.ok_or_else(|| fields.bad("attention.layer_norm_epsilon", "a number", "nothing"))?,
        causal: fields.flag_or("attention.causal", false)?,
        n_layers: fields.size("block_count")?,
        n_ctx: fields.size("context_length")?.min(positions),
        n_vocab: loader.tensors.require_any("token_embd.weight")?.rows(),
        ..plain("bert", d, n_heads, super::share(&fields, d, n_heads)?, mlp)
    };
    config.check(loader.origin)?;
    let block = |l: usize| {
        let at = |name: &str| format!("blk.{l}.{name}");
        let linear = |name: &str, n_out, n_in| loader.linear(&at(name), n_out, n_in, Bias::Yes);
        let [q, k, v] = if loader.has(&at("attn_qkv.weight")) {
            let fused = linear("attn_qkv", 3 * d, d)?;
            [0, 1, 2].map(|i| super::loader::rows(&fused, i * d, d))
        } else {
            [linear("attn_q", d, d)?, linear("attn_k", d, d)?, linear("attn_v", d, d)?]
        };
        Ok(BlockWeights {
            norms: Norms::after(loader.layer_norm(&at("attn_output_norm"), d)?),
            q,
            k,
            v,
            q_norm: None,
            k_norm: None,
            o: linear("attn_output", d, d)?,
            experts: None,
            mlp: Some(MlpWeights {
                norms: Norms::after(loader.layer_norm(&at("layer_output_norm"), d)?),
                gate: None,
                up: linear("ffn_up", d_ff, d)?,
                down: linear("ffn_down", d, d_ff)?,
            }),
        })
    };
    let types = loader.has("token_types.weight").then(|| {
        let rows = loader.tensors.require_any("token_types.weight")?.rows();
        Ok::<_, Error>(loader.tensor("token_types.weight", &[rows, d])?.row_f32(0))
    });
    let weights = Weights {
        positions: Some(loader.tensor("position_embd.weight", &[positions, d])?),
        token_type: types.transpose()?,
        embed_norm: Some(loader.layer_norm("token_embd_norm", d)?),
        ..Weights::of(
            loader.tensor("token_embd.weight", &[config.n_vocab, d])?,
            (0..config.n_layers).map(block).collect::<Result<_, Error>>()?,
        )
    };
    loader.finish("bert", &[("cls.", "a classifier's head"), ("pooler.", "a head on top of the first token")])?;
    #[cfg(test)]
    super::tests::asked(&fields);
    let headless = Some(headless(loader, config.causal).into());
    Ok(Read { config, weights, headless })
}
