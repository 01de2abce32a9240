//! BERT and its kin: encoders. Every token attends in both directions, and each norm comes after the residual sum.
//! RoBERTa differs in where positions begin, DistilBERT in its names and in having no token types, ELECTRA and ALBERT in
//! embeddings that are narrower than the stream, and ALBERT's layers share their weights.

pub(super) mod gguf;
mod kinds;

use super::fields::{Fields, Tables};
use super::loader::{Bias, Ignored, Loader};
use super::{Read, common, head, masked};
use crate::config::{Activation, Config, MOST_LAYERS, Mlp};
use crate::weights::{BlockWeights, MlpWeights, Norms, Weights};
use crate::{Attention, Error, Layer, ScoreBias};
pub(super) use kinds::KINDS;
use serde_json::Value;

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
    /// The field of the non-linearity, and its default.
    activation: (&'static str, &'static str),
    /// The tensor prefix of the enclosing class.
    prefix: &'static str,
    names: &'static Names,
    /// The prefixes of the blocks, of a model with so many layers.
    places: fn(&Fields<'_>, usize) -> Result<Vec<String>, Error>,
    /// Embeddings of a width of their own, that are projected to the stream's.
    narrow: Option<Narrow>,
    /// The head for masked words.
    head: masked::Names,
    /// Its non-linearity, where that is not the MLPs'.
    head_activation: Option<Activation>,
    /// The table of what is added to scores by distance, `[buckets, n_heads]`.
    bias: Option<&'static str>,
    /// The padding token, if positions begin after it.
    padding: fn(&Fields<'_>) -> Result<Option<u32>, Error>,
    /// Whether a config may make it a decoder, which attends back only.
    decodes: bool,
}

/// Embeddings of a width of their own, `embedding_size`.
struct Narrow {
    /// The matrix that projects them.
    projection: &'static str,
    /// Whether they are projected also where they are as wide as the stream.
    always: bool,
}

/// Tensor names, after the prefix (and that of the block).
struct Names {
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

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[
    ("embeddings.position_ids", "0, 1, 2 …: counted anew"),
    ("pooler.", "a head on top of the first token"),
    ("cls.seq_relationship.", "a head of the training: the next sentence"),
    ("sop_classifier.", "a head of the training: the order of sentences"),
    ("discriminator_predictions.", "the head of the training: which words were replaced"),
    ("pre_classifier.", "a classifier's head"),
    ("classifier.", "a classifier's head"),
    ("qa_outputs.", "a classifier's head"),
];

/// What is left of a head for masked words that is not there as a whole.
const REST: Ignored = &[
    ("cls.predictions.", "a part of a head for masked words"),
    ("lm_head.", "a part of a head for masked words"),
    ("vocab_projector.", "a part of a head for masked words"),
    ("predictions.", "a part of a head for masked words"),
    ("generator_lm_head.", "a part of a head for masked words"),
];

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>, kind: &Kind) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, kind.name, kind.tables)?;
    head::trained(&fields, kind.class)?;
    let tied = fields.flag_or("tie_word_embeddings", true)?;
    let names = kind.names;
    let types = names.token_type.map(|_| fields.size_or("type_vocab_size", 2)).transpose()?;
    if types == Some(0) {
        return Err(fields.bad("type_vocab_size", "1 or more: each token has a type", "0"));
    }
    let padding = (kind.padding)(&fields)?;
    let (config, positions, places) = config(&fields, kind, padding)?;
    let (d, d_embed, d_ff) = (config.d_model, config.d_embed(), config.d_ff());
    let prefix = loader.prefix(&[kind.prefix, ""], "embeddings.word_embeddings.weight");
    let at = |name: &str| format!("{prefix}embeddings.{name}");
    let linear = |name: &str, n_out, n_in| loader.linear(name, n_out, n_in, Bias::Yes);
    let block = |place: &String| {
        let at = |name: &str| format!("{prefix}{place}{name}");
        Ok(BlockWeights {
            norms: Norms::after(loader.layer_norm(&at(names.norm_attn), d)?),
            q: linear(&at(names.q), d, d)?,
            k: linear(&at(names.k), d, d)?,
            v: linear(&at(names.v), d, d)?,
            q_norm: None,
            k_norm: None,
            sinks: Vec::new(),
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
    let token_types = |name: &str| loader.tensor(&format!("{prefix}{name}"), &[types.unwrap_or(1), d_embed]);
    let projection = kind.narrow.as_ref().filter(|_| config.narrow.is_some());
    let projection = projection.map(|narrow| linear(&format!("{prefix}{}", narrow.projection), d, d_embed));
    let weights = Weights {
        positions: Some(loader.tensor(&at("position_embeddings.weight"), &[positions, d_embed])?),
        padding,
        token_types: names.token_type.map(token_types).transpose()?,
        embed_norm: Some(loader.layer_norm(&at("LayerNorm"), d_embed)?),
        embed_projection: projection.transpose()?,
        bias: kind.bias.map(|name| score_bias(loader, &format!("{prefix}{name}"), config.n_heads)).transpose()?,
        ..Weights::of(
            loader.tensor(&at("word_embeddings.weight"), &[config.n_vocab, d_embed])?,
            places.iter().map(block).collect::<Result<_, Error>>()?,
        )
    };
    let has_head = kind.head.are_in(loader);
    let weights = if has_head {
        let said = masked::Said::biased(kind.head_activation.unwrap_or(activation(&config)), tied);
        kind.head.read(loader, &config, said, weights)?
    } else {
        weights
    };
    loader.finish(kind.name, &[IGNORED, if has_head { &[] } else { REST }].concat())?;
    #[cfg(test)]
    super::tests::asked(&fields);
    let headless = (!has_head).then(|| headless(config.causal).into());
    Ok(Read { config, weights, headless })
}

/// MPNet's ranges of distances: no field of its config says how many there are, nor where the last one begins.
const BUCKETS: usize = 32;
const FURTHEST: usize = 128;

/// What is added to scores by distance, from a table `[buckets, n_heads]`.
fn score_bias(loader: &Loader<'_>, name: &str, n_heads: usize) -> Result<ScoreBias, Error> {
    let numbers = loader.tensor(name, &[BUCKETS, n_heads])?.to_f32();
    if !numbers.iter().all(|x| x.is_finite()) {
        return Err(Error::format(loader.origin, format!("tensor `{name}` holds NaN or Inf; the file is damaged")));
    }
    let of_head = |head: usize| numbers.iter().skip(head).step_by(n_heads).copied().collect();
    Ok(ScoreBias::Learned { table: (0..n_heads).map(of_head).collect(), furthest: FURTHEST })
}

/// The non-linearity of the MLPs.
fn activation(config: &Config) -> Activation {
    config.layers[0].mlp.map_or(Activation::Gelu, |mlp| mlp.activation)
}

/// The reason why an encoder without a head for masked words predicts nothing.
pub(super) fn headless(causal: bool) -> &'static str {
    match causal {
        true => "an encoder that attends back only (is_decoder), without a head for words: it predicts no next word",
        false => "an encoder: it has no vocabulary head and predicts no next word",
    }
}

/// The config, how many rows the table of positions has, and the prefixes of the blocks.
fn config(fields: &Fields<'_>, kind: &Kind, padding: Option<u32>) -> Result<(Config, usize, Vec<String>), Error> {
    let [n_layers, n_heads, d, d_ff] = kind.sizes.map(|(name, default)| fields.size_or(name, default));
    let (n_layers, n_heads, d, d_ff) = (n_layers?, n_heads?, d?, d_ff?);
    // transformers requires both: a decoder is causal unless `is_causal` is false.
    let causal = kind.decodes && (fields.flag_or("is_decoder", false)? & fields.flag_or("is_causal", true)?);
    let is_distil = kind.name == "distilbert";
    let norm_eps = if is_distil { 1e-12 } else { fields.float_or("layer_norm_eps", 1e-12)? };
    let d_head = super::share(fields, d, n_heads)?;
    let (field, default) = kind.activation;
    let mlp = Mlp::one(d_ff, fields.activation_or(field, default)?);
    let positions = fields.size_or("max_position_embeddings", 512)?;
    let n_ctx = positions.saturating_sub(padding.map_or(0, |padding| padding as usize + 1));
    let n_vocab = fields.size_or("vocab_size", kind.n_vocab)?;
    let narrow = match &kind.narrow {
        Some(Narrow { always, .. }) => Some(fields.size_or("embedding_size", 128)?).filter(|n| *always || *n != d),
        None => None,
    };
    // With more layers than allowed no list is made here; the config's check refuses the number.
    let places = if n_layers > MOST_LAYERS { Vec::new() } else { (kind.places)(fields, n_layers)? };
    let n_layers = if n_layers > MOST_LAYERS { n_layers } else { places.len() };
    let plain = plain(kind.name, d, n_heads, d_head, mlp);
    let config = Config { n_layers, n_ctx, n_vocab, norm_eps, causal, narrow, ..plain };
    config.check(fields.origin)?;
    Ok((config, positions, places))
}

/// The config that all encoders with norms after share; the caller fills in the sizes that are 0 here.
pub(super) fn plain(arch: &str, d_model: usize, n_heads: usize, d_head: usize, mlp: Mlp) -> Config {
    let layer = Layer { attention: Attention::plain(d_head), rotary: None, parallel: false, mlp: Some(mlp) };
    Config { d_model, causal: false, ..common::layer_norms(arch, n_heads, d_head, layer) }
}
