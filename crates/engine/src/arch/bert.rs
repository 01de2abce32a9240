//! BERT: an encoder. Every token looks both ways, and the norms stand after the sums.

use super::Json;
use super::loader::Loader;
use crate::Error;
use crate::config::{Config, Mlp, NormKind, NormPlace, Positions};
use crate::weights::{BlockWeights, MlpWeights, Weights};
use serde_json::Value;

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<(Config, Weights), Error> {
    let field = Json { value: json, origin: loader.origin };
    let kind = json.get("position_embedding_type").and_then(Value::as_str).unwrap_or("absolute");
    if kind != "absolute" {
        return Err(field.bad("position_embedding_type", "absolute", kind));
    }
    let (n_heads, d) = (field.size("num_attention_heads")?, field.size("hidden_size")?);
    let d_ff = field.size("intermediate_size")?;
    let config = Config {
        arch: "bert".into(),
        name: "bert".into(),
        n_layers: field.size("num_hidden_layers")?,
        n_heads,
        n_kv_heads: n_heads,
        d_model: d,
        d_head: d / n_heads.max(1),
        mlp: Some(Mlp { d_ff, activation: field.activation("hidden_act")? }),
        n_ctx: field.size("max_position_embeddings")?,
        n_vocab: field.size("vocab_size")?,
        norm: NormKind::Layer,
        norm_place: NormPlace::Post,
        norm_eps: field.float_or("layer_norm_eps", 1e-12)?,
        positions: Positions::Learned,
        causal: false,
        window: None,
        soft_cap: None,
    };
    config.check(loader.origin)?;
    let prefix = if loader.has("bert.embeddings.word_embeddings.weight") { "bert." } else { "" };
    let at = |name: &str| format!("{prefix}embeddings.{name}");
    let types = field.size_or("type_vocab_size", Some(2))?;
    let block = |l: usize| {
        let at = |name: &str| format!("{prefix}encoder.layer.{l}.{name}");
        Ok(BlockWeights {
            norm_attn: loader.layer_norm(&at("attention.output.LayerNorm"), d)?,
            q: loader.linear(&at("attention.self.query"), d, d)?,
            k: loader.linear(&at("attention.self.key"), d, d)?,
            v: loader.linear(&at("attention.self.value"), d, d)?,
            q_norm: None,
            k_norm: None,
            o: loader.linear(&at("attention.output.dense"), d, d)?,
            mlp: Some(MlpWeights {
                norm: loader.layer_norm(&at("output.LayerNorm"), d)?,
                gate: None,
                up: loader.linear(&at("intermediate.dense"), d_ff, d)?,
                down: loader.linear(&at("output.dense"), d, d_ff)?,
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
    };
    Ok((config, weights))
}
