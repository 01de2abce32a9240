//! OPT: layer norms with biases, learned positions whose first two rows belong to no token, ReLU.

use super::common::TRAINING;
use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::{Bool, Empty};
use super::fields::{Field, Fields, Tables};
use super::loader::{Bias, Ignored, Loader};
use super::{Read, common, head};
use crate::config::{Config, Mlp};
use crate::weights::{BlockWeights, Linear, MlpWeights, Norm, Norms, Transform, Weights};
use crate::{Attention, Error, Layer};
use serde_json::Value;

pub(super) const TABLES: Tables = &[FIELDS, common::COMMON];

const FIELDS: &[Field] = &[
    Field("num_hidden_layers", Used),
    Field("num_attention_heads", Used),
    Field("hidden_size", Used),
    Field("ffn_dim", Used),
    Field("max_position_embeddings", Used),
    Field("vocab_size", Used),
    Field("activation_function", Used),
    Field("do_layer_norm_before", Used),
    Field("_remove_final_layer_norm", Used),
    Field("enable_bias", Used),
    Field("word_embed_proj_dim", Used),
    Field("is_causal", Used),
    Field("layer_norm_elementwise_affine", Only(&[Bool(true)], "layer norms of which nothing is learned")),
    Field("is_decoder", Harmless("nothing reads it: OPT is one")),
    Field("dropout", TRAINING),
    Field("attention_dropout", TRAINING),
    Field("activation_dropout", TRAINING),
    Field("layerdrop", TRAINING),
    Field("init_std", TRAINING),
    Field("output_projection", Only(&[Empty, Bool(true)], "a head of another shape")),
];

/// Rows of the positions before that of the first token.
const OFFSET: usize = 2;

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[("score.", "a classifier's head"), ("qa_outputs.", "a head that answers questions")];

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, "opt", TABLES)?;
    let config = config(&fields)?;
    let trained = head::trained(&fields, "OPT")?;
    let tied = fields.flag_or("tie_word_embeddings", true)?;
    let (d, d_ff) = (config.d_model, config.d_ff());
    let bias = if fields.flag_or("enable_bias", true)? { Bias::Yes } else { Bias::No };
    let before = fields.flag_or("do_layer_norm_before", true)?;
    let norms = |norm: Norm| if before { Norms::before(norm) } else { Norms::after(norm) };
    let prefix = loader.prefix(&["model.decoder.", "decoder.", ""], "embed_tokens.weight");
    let block = |l: usize| {
        let at = |name: &str| format!("{prefix}layers.{l}.{name}");
        let square = |name: &str| loader.linear(&at(&format!("self_attn.{name}")), d, d, bias);
        Ok(BlockWeights {
            norms: norms(loader.layer_norm(&at("self_attn_layer_norm"), d)?),
            q: square("q_proj")?,
            k: square("k_proj")?,
            v: square("v_proj")?,
            q_norm: None,
            k_norm: None,
            sinks: Vec::new(),
            o: square("out_proj")?,
            experts: None,
            mlp: Some(MlpWeights {
                norms: norms(loader.layer_norm(&at("final_layer_norm"), d)?),
                gate: None,
                up: loader.linear(&at("fc1"), d_ff, d, bias)?,
                down: loader.linear(&at("fc2"), d, d_ff, bias)?,
            }),
        })
    };
    let shape = [config.n_vocab, config.d_embed()];
    let embed = head::embed(loader, &format!("{prefix}embed_tokens.weight"), &shape, tied, head::HEAD)?;
    let (unembed, headless) = Read::head(head::unembed(&fields, loader, &trained, tied, &embed, head::HEAD)?);
    let is_removed = fields.flag_or("_remove_final_layer_norm", false)?;
    let last = (before && !is_removed).then(|| loader.layer_norm(&format!("{prefix}final_layer_norm"), d));
    let [project_in, project_out] = projections(loader, &config, prefix)?;
    let positions = loader.tensor(&format!("{prefix}embed_positions.weight"), &[config.n_ctx + OFFSET, d])?;
    let weights = Weights {
        positions: Some(positions.slice_rows(OFFSET..OFFSET + config.n_ctx)),
        embed_projection: project_in,
        final_norm: last.transpose()?,
        transform: project_out.filter(|_| unembed.is_some()).map(|dense| Transform {
            dense,
            activation: None,
            norm: None,
        }),
        unembed,
        ..Weights::of(embed, (0..config.n_layers).map(block).collect::<Result<_, Error>>()?)
    };
    loader.finish("opt", IGNORED)?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless })
}

/// Where the vocabulary's vectors are narrower than the stream (350M): the matrices that bring them to its width and back.
fn projections(loader: &Loader<'_>, c: &Config, prefix: &str) -> Result<[Option<Linear>; 2], Error> {
    let linear = |name: &str, n_out, n_in| loader.linear(&format!("{prefix}{name}"), n_out, n_in, Bias::No);
    let Some(narrow) = c.narrow else { return Ok([None, None]) };
    Ok([Some(linear("project_in", c.d_model, narrow)?), Some(linear("project_out", narrow, c.d_model)?)])
}

fn config(fields: &Fields<'_>) -> Result<Config, Error> {
    let (d_model, n_heads) = (fields.size_or("hidden_size", 768)?, fields.size_or("num_attention_heads", 12)?);
    let d_head = super::share(fields, d_model, n_heads)?;
    let mlp = Mlp::one(fields.size_or("ffn_dim", 3072)?, fields.activation_or("activation_function", "relu")?);
    let layer = Layer { attention: Attention::plain(d_head), rotary: None, parallel: false, mlp: Some(mlp) };
    let config = Config {
        n_layers: fields.size_or("num_hidden_layers", 12)?,
        d_model,
        narrow: fields.optional_size("word_embed_proj_dim")?.filter(|width| *width != d_model),
        n_ctx: fields.size_or("max_position_embeddings", 2048)?,
        n_vocab: fields.size_or("vocab_size", 50_272)?,
        norm_eps: 1e-5,
        causal: fields.flag_or("is_causal", true)?,
        ..common::layer_norms("opt", n_heads, d_head, layer)
    };
    config.check(fields.origin)?;
    Ok(config)
}
