//! GPT-2: layer norm, learned positions, biases everywhere, one fused matrix for q, k and v.

use super::Json;
use super::loader::{Loader, rows};
use crate::Error;
use crate::config::{Activation, Config, Mlp, NormKind, NormPlace, Positions};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, Linear, MlpWeights, Weights};
use serde_json::Value;

/// Hugging Face's files hold `[n_in, n_out]` matrices (its `Conv1D`): they are turned once, at load.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<(Config, Weights), Error> {
    let field = Json { value: json, origin: loader.origin };
    for (name, wanted) in [("scale_attn_by_inverse_layer_idx", false), ("scale_attn_weights", true)] {
        if json.get(name).and_then(Value::as_bool).is_some_and(|found| found != wanted) {
            return Err(field.bad(name, &wanted.to_string(), &(!wanted).to_string()));
        }
    }
    let d = field.size("n_embd")?;
    let sizes = [
        field.size("n_layer")?,
        field.size("n_head")?,
        d,
        field.size_or("n_inner", Some(d.saturating_mul(4)))?,
        field.size("n_positions")?,
        field.size("vocab_size")?,
    ];
    let d_ff = sizes[3];
    let mut config = config(sizes, field.float_or("layer_norm_epsilon", 1e-5)?);
    config.mlp = Some(Mlp { d_ff, activation: field.activation("activation_function")? });
    config.check(loader.origin)?;
    // Checkpoints on the Hub name their tensors with and without this prefix.
    let prefix = if loader.has("transformer.wte.weight") { "transformer." } else { "" };
    let turned = |name: &str, n_out: usize, n_in: usize| -> Result<Linear, Error> {
        let stored = loader.tensor(&format!("{name}.weight"), &[n_in, n_out])?;
        Ok(Linear { weight: stored.transposed(), bias: Some(loader.vector(&format!("{name}.bias"), n_out)?) })
    };
    let block = |l: usize| {
        let at = |name: &str| format!("{prefix}h.{l}.{name}");
        let fused = turned(&at("attn.c_attn"), 3 * d, d)?;
        Ok(BlockWeights {
            norm_attn: loader.layer_norm(&at("ln_1"), d)?,
            mlp: Some(MlpWeights {
                norm: loader.layer_norm(&at("ln_2"), d)?,
                gate: None,
                up: turned(&at("mlp.c_fc"), d_ff, d)?,
                down: turned(&at("mlp.c_proj"), d, d_ff)?,
            }),
            ..attention(&fused, turned(&at("attn.c_proj"), d, d)?, d)
        })
    };
    let embed = loader.tensor(&format!("{prefix}wte.weight"), &[config.n_vocab, d])?;
    let untied = loader.has("lm_head.weight");
    let unembed = if untied { loader.tensor("lm_head.weight", &[config.n_vocab, d])? } else { embed.clone() };
    let weights = Weights {
        embed,
        positions: Some(loader.tensor(&format!("{prefix}wpe.weight"), &[config.n_ctx, d])?),
        token_type: None,
        embed_norm: None,
        blocks: (0..config.n_layers).map(block).collect::<Result<_, Error>>()?,
        final_norm: Some(loader.layer_norm(&format!("{prefix}ln_f"), d)?),
        unembed: Some(unembed),
    };
    Ok((config, weights))
}

/// llama.cpp's files hold `[n_out, n_in]` already.
pub(super) fn gguf(meta: &Metadata, loader: &Loader<'_>) -> Result<(Config, Weights), Error> {
    let size = |name: &str| meta.get_u64(&format!("gpt2.{name}")).map(|n| n as usize);
    let embed = loader.tensors.get("token_embd.weight");
    let n_vocab = embed.ok_or_else(|| Error::missing_tensor(loader.origin, "token_embd.weight"))?.rows();
    let d = size("embedding_length")?;
    let (n_ctx, n_heads) = (size("context_length")?, size("attention.head_count")?);
    let d_ff = size("feed_forward_length")?;
    let sizes = [size("block_count")?, n_heads, d, d_ff, n_ctx, n_vocab];
    let mut config = config(sizes, meta.get_f32("gpt2.attention.layer_norm_epsilon")?);
    config.name = meta.model_name().unwrap_or_else(|| "gpt2".into());
    config.check(loader.origin)?;
    let block = |l: usize| {
        let at = |name: &str| format!("blk.{l}.{name}");
        let fused = loader.linear(&at("attn_qkv"), 3 * d, d)?;
        Ok(BlockWeights {
            norm_attn: loader.layer_norm(&at("attn_norm"), d)?,
            mlp: Some(MlpWeights {
                norm: loader.layer_norm(&at("ffn_norm"), d)?,
                gate: None,
                up: loader.linear(&at("ffn_up"), d_ff, d)?,
                down: loader.linear(&at("ffn_down"), d, d_ff)?,
            }),
            ..attention(&fused, loader.linear(&at("attn_output"), d, d)?, d)
        })
    };
    let embed = loader.tensor("token_embd.weight", &[n_vocab, d])?;
    let untied = loader.has("output.weight");
    let unembed = if untied { loader.tensor("output.weight", &[n_vocab, d])? } else { embed.clone() };
    let weights = Weights {
        embed,
        positions: Some(loader.tensor("position_embd.weight", &[config.n_ctx, d])?),
        token_type: None,
        embed_norm: None,
        blocks: (0..config.n_layers).map(block).collect::<Result<_, Error>>()?,
        final_norm: Some(loader.layer_norm("output_norm", d)?),
        unembed: Some(unembed),
    };
    Ok((config, weights))
}

fn config([n_layers, n_heads, d_model, d_ff, n_ctx, n_vocab]: [usize; 6], norm_eps: f32) -> Config {
    Config {
        arch: "gpt2".into(),
        name: "gpt2".into(),
        n_layers,
        n_heads,
        n_kv_heads: n_heads,
        d_model,
        d_head: d_model / n_heads.max(1),
        mlp: Some(Mlp { d_ff, activation: Activation::GeluTanh }),
        n_ctx,
        n_vocab,
        norm: NormKind::Layer,
        norm_place: NormPlace::Pre,
        norm_eps,
        positions: Positions::Learned,
        causal: true,
        window: None,
        soft_cap: None,
    }
}

/// Splits the fused matrix: q, k and v are a third of its rows each. Norms and MLP are filled in by the caller.
fn attention(fused: &Linear, o: Linear, d: usize) -> BlockWeights {
    BlockWeights {
        norm_attn: Default::default(),
        q: rows(fused, 0, d),
        k: rows(fused, d, d),
        v: rows(fused, 2 * d, d),
        q_norm: None,
        k_norm: None,
        mlp: None,
        o,
    }
}
