//! GPT-Neo: GPT-2 with scores that are not divided by √d, and windows in every other layer.

use super::common::TRAINING;
use super::fields::Means::{Harmless, Used};
use super::fields::{Field, Fields, Tables};
use super::loader::{Bias, Ignored, Loader};
use super::{Read, common, gpt2, head};
use crate::config::{Config, MOST_LAYERS, Mlp};
use crate::weights::{BlockWeights, MlpWeights, Norms, Weights};
use crate::{Attention, Error, Layer, PerLayer};
use serde_json::Value;

pub(super) const TABLES: Tables = &[FIELDS, gpt2::SUMMARIES, common::COMMON];

const FIELDS: &[Field] = &[
    Field("num_layers", Used),
    Field("num_heads", Used),
    Field("hidden_size", Used),
    Field("intermediate_size", Used),
    Field("max_position_embeddings", Used),
    Field("vocab_size", Used),
    Field("activation_function", Used),
    Field("layer_norm_epsilon", Used),
    Field("attention_types", Used),
    Field("attention_layers", Used),
    Field("window_size", Used),
    Field("num_hidden_layers", Used),
    Field("num_attention_heads", Used),
    Field("is_causal", Harmless("GPT-Neo attends to earlier tokens whatever it says")),
    Field("is_decoder", Harmless("nothing reads it: GPT-Neo is one")),
    Field("resid_dropout", TRAINING),
    Field("embed_dropout", TRAINING),
    Field("attention_dropout", TRAINING),
];

/// transformers' other names for the sizes.
const OTHER_NAMES: &[(&str, &str)] = &[("num_hidden_layers", "num_layers"), ("num_attention_heads", "num_heads")];

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[
    ("attn.attention.bias", "the mask, made anew"),
    ("attn.attention.masked_bias", "the mask, made anew"),
    ("score.", "a classifier's head"),
    ("classifier.", "a classifier's head"),
    ("qa_outputs.", "a head that answers questions"),
];

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, "gpt_neo", TABLES)?;
    let config = config(&fields)?;
    let trained = head::trained(&fields, "GPTNeo")?;
    let tied = fields.flag_or("tie_word_embeddings", true)?;
    let (d, d_ff) = (config.d_model, config.d_ff());
    let prefix = loader.prefix(&["transformer.", ""], "ln_f.weight");
    let block = |l: usize| {
        let at = |name: &str| format!("{prefix}h.{l}.{name}");
        let square = |name: &str, bias| loader.linear(&at(&format!("attn.attention.{name}")), d, d, bias);
        Ok(BlockWeights {
            norms: Norms::before(loader.layer_norm(&at("ln_1"), d)?),
            q: square("q_proj", Bias::No)?,
            k: square("k_proj", Bias::No)?,
            v: square("v_proj", Bias::No)?,
            q_norm: None,
            k_norm: None,
            sinks: Vec::new(),
            o: square("out_proj", Bias::Yes)?,
            experts: None,
            mlp: Some(MlpWeights {
                norms: Norms::before(loader.layer_norm(&at("ln_2"), d)?),
                gate: None,
                up: loader.linear(&at("mlp.c_fc"), d_ff, d, Bias::Yes)?,
                down: loader.linear(&at("mlp.c_proj"), d, d_ff, Bias::Yes)?,
            }),
        })
    };
    let shape = [config.n_vocab, d];
    let embed = head::embed(loader, &format!("{prefix}wte.weight"), &shape, tied, head::HEAD)?;
    let (unembed, headless) = Read::head(head::unembed(&fields, loader, &trained, tied, &embed, head::HEAD)?);
    let weights = Weights {
        positions: Some(loader.tensor(&format!("{prefix}wpe.weight"), &[config.n_ctx, d])?),
        final_norm: Some(loader.layer_norm(&format!("{prefix}ln_f"), d)?),
        unembed,
        ..Weights::of(embed, (0..config.n_layers).map(block).collect::<Result<_, Error>>()?)
    };
    loader.finish("gpt_neo", IGNORED)?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless })
}

fn config(fields: &Fields<'_>) -> Result<Config, Error> {
    let size = |name, default| fields.size_by_any_name(name, OTHER_NAMES, default);
    let (d_model, n_heads) = (fields.size_or("hidden_size", 2048)?, size("num_heads", 16)?);
    let n_layers = size("num_layers", 24)?;
    let d_head = super::share(fields, d_model, n_heads)?;
    let d_ff = fields.optional_size("intermediate_size")?.unwrap_or(d_model.saturating_mul(4));
    let mlp = Mlp::one(d_ff, fields.activation_or("activation_function", "gelu_new")?);
    let size = match fields.size_or("window_size", 256)? {
        0 => return Err(fields.bad("window_size", "1 or more tokens", "0")),
        size => size,
    };
    let layer = |local: &bool| Layer {
        attention: Attention { window: local.then_some(size), scale: 1.0, ..Attention::plain(d_head) },
        rotary: None,
        parallel: false,
        mlp: Some(mlp),
    };
    let layers: Vec<Layer> = locals(fields, n_layers)?.iter().map(layer).collect();
    let config = Config {
        n_layers,
        d_model,
        n_ctx: fields.size_or("max_position_embeddings", 2048)?,
        n_vocab: fields.size_or("vocab_size", 50_257)?,
        norm_eps: fields.float_or("layer_norm_epsilon", 1e-5)?,
        layers: if layers.is_empty() { PerLayer::same(layer(&false)) } else { PerLayer::of(&layers) },
        ..common::layer_norms("gpt_neo", n_heads, d_head, layer(&false))
    };
    config.check(fields.origin)?;
    Ok(config)
}

/// Whether each layer sees a window only: `attention_layers` lists them, `attention_types` says the same with repetitions,
/// `[[["global", "local"], 12]]`.
fn locals(fields: &Fields<'_>, n_layers: usize) -> Result<Vec<bool>, Error> {
    const TYPES: &str = "attention_types";
    const LAYERS: &str = "attention_layers";
    let expected = format!("global or local for each of the {n_layers} layers");
    let said = fields.get(TYPES)?;
    let types = match &said {
        None => Some([false, true].repeat(12)),
        Some(value) => value.as_array().and_then(|list| repeated(list)),
    };
    let types = types.ok_or_else(|| fields.bad(TYPES, &expected, &said.unwrap_or_default().to_string()))?;
    let listed = match fields.get(LAYERS)? {
        None => types.clone(),
        Some(value) => {
            let listed = value.as_array().and_then(|list| list.iter().map(is_local).collect::<Option<Vec<bool>>>());
            listed.ok_or_else(|| fields.bad(LAYERS, &expected, &value.to_string()))?
        }
    };
    if listed != types {
        return Err(fields.refused(LAYERS, "is not what attention_types says"));
    }
    if types.len() != n_layers {
        return Err(fields.bad(TYPES, &expected, &format!("{} of them", types.len())));
    }
    Ok(types)
}

fn is_local(kind: &Value) -> Option<bool> {
    match kind.as_str()? {
        "global" => Some(false),
        "local" => Some(true),
        _ => None,
    }
}

/// The kinds of `[[["global", "local"], 12]]`, each round as often as it says; `None` if it is something else.
fn repeated(list: &[Value]) -> Option<Vec<bool>> {
    let mut all = Vec::new();
    for item in list {
        let [kinds, times] = item.as_array()?.as_slice() else { return None };
        let kinds = kinds.as_array()?.iter().map(is_local).collect::<Option<Vec<bool>>>()?;
        let times = usize::try_from(times.as_u64()?).ok()?;
        if kinds.len().saturating_mul(times).saturating_add(all.len()) > MOST_LAYERS {
            return None;
        }
        all.extend(kinds.repeat(times));
    }
    Some(all)
}
