//! Llama and its family: RMS norm, rotary positions, gated MLP, grouped queries.

use super::Json;
use super::loader::Loader;
use crate::Error;
use crate::config::{Activation, Config, Mlp, NormKind, NormPlace, Pairs, Positions};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, MlpWeights, Weights};
use serde_json::Value;

/// Where one file format keeps the tensors of a block.
struct Names {
    block: fn(usize) -> String,
    norm_attn: &'static str,
    q: &'static str,
    k: &'static str,
    v: &'static str,
    q_norm: &'static str,
    k_norm: &'static str,
    o: &'static str,
    norm_mlp: &'static str,
    gate: &'static str,
    up: &'static str,
    down: &'static str,
    embed: &'static str,
    final_norm: &'static str,
    unembed: &'static str,
}

const HF: Names = Names {
    block: |l| format!("model.layers.{l}."),
    norm_attn: "input_layernorm",
    q: "self_attn.q_proj",
    k: "self_attn.k_proj",
    v: "self_attn.v_proj",
    q_norm: "self_attn.q_norm.weight",
    k_norm: "self_attn.k_norm.weight",
    o: "self_attn.o_proj",
    norm_mlp: "post_attention_layernorm",
    gate: "mlp.gate_proj",
    up: "mlp.up_proj",
    down: "mlp.down_proj",
    embed: "model.embed_tokens.weight",
    final_norm: "model.norm",
    unembed: "lm_head.weight",
};

const GGUF: Names = Names {
    block: |l| format!("blk.{l}."),
    norm_attn: "attn_norm",
    q: "attn_q",
    k: "attn_k",
    v: "attn_v",
    q_norm: "attn_q_norm.weight",
    k_norm: "attn_k_norm.weight",
    o: "attn_output",
    norm_mlp: "ffn_norm",
    gate: "ffn_gate",
    up: "ffn_up",
    down: "ffn_down",
    embed: "token_embd.weight",
    final_norm: "output_norm",
    unembed: "output.weight",
};

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>, arch: &str) -> Result<(Config, Weights), Error> {
    let field = Json { value: json, origin: loader.origin };
    let (n_heads, d_model) = (field.size("num_attention_heads")?, field.size("hidden_size")?);
    let d_head = field.size_or("head_dim", Some(d_model / n_heads.max(1)))?;
    let config = Config {
        arch: arch.into(),
        name: arch.into(),
        n_layers: field.size("num_hidden_layers")?,
        n_heads,
        n_kv_heads: field.size_or("num_key_value_heads", Some(n_heads))?,
        d_model,
        d_head,
        mlp: Some(Mlp { d_ff: field.size("intermediate_size")?, activation: field.activation("hidden_act")? }),
        n_ctx: field.size("max_position_embeddings")?,
        n_vocab: field.size("vocab_size")?,
        norm: NormKind::Rms,
        norm_place: NormPlace::Pre,
        norm_eps: field.float_or("rms_norm_eps", 1e-6)?,
        positions: Positions::Rotary { theta: theta(json, &field)?, dim: d_head, pairs: Pairs::Halves },
        causal: true,
        window: window(json, &field)?,
        soft_cap: None,
    };
    config.check(loader.origin)?;
    let weights = weights(loader, &config, &HF)?;
    Ok((config, weights))
}

/// Newer configs keep rotary settings in `rope_parameters`, older ones at the top with `rope_scaling` beside.
fn theta(json: &Value, field: &Json<'_>) -> Result<f32, Error> {
    let nested = json.get("rope_parameters").filter(|v| v.is_object());
    let scaling = nested.or(json.get("rope_scaling").filter(|v| v.is_object()));
    let kind = scaling.and_then(|s| s.get("rope_type").or(s.get("type"))).and_then(Value::as_str);
    if let Some(kind) = kind.filter(|k| *k != "default") {
        return Err(field.bad("rope_type", "default (scaled rotary positions are not supported)", kind));
    }
    let place = Json { value: nested.unwrap_or(json), origin: field.origin };
    place.float_or("rope_theta", 10_000.0)
}

/// Qwen's configs name a window and switch it off beside.
fn window(json: &Value, field: &Json<'_>) -> Result<Option<usize>, Error> {
    let off = json.get("use_sliding_window").and_then(Value::as_bool) == Some(false);
    let mixed = json.get("layer_types").and_then(Value::as_array).is_some_and(|l| l.windows(2).any(|w| w[0] != w[1]));
    match json.get("sliding_window") {
        Some(Value::Number(_)) if mixed => {
            Err(field.bad("layer_types", "one kind of attention in all layers", "several"))
        }
        Some(Value::Number(_)) if !off => field.size("sliding_window").map(Some),
        _ => Ok(None),
    }
}

/// Reads GGUF metadata and llama.cpp's tensor names.
pub(super) fn gguf(meta: &Metadata, loader: &Loader<'_>, arch: &str) -> Result<(Config, Weights), Error> {
    let key = |name: &str| format!("{arch}.{name}");
    let size = |name: &str| meta.get_u64(&key(name)).map(|n| n as usize);
    let (n_heads, d_model) = (size("attention.head_count")?, size("embedding_length")?);
    let d_head = size("attention.key_length").unwrap_or(d_model / n_heads.max(1));
    let scaling = meta.get_str(&key("rope.scaling.type")).ok().filter(|s| *s != "none");
    if scaling.is_some() || loader.has("rope_freqs.weight") {
        let kind = scaling.map_or_else(|| "rope_freqs.weight".to_string(), |s| s.to_string());
        return Err(Error::config(loader.origin, format!("scaled rotary positions ({kind}) are not supported")));
    }
    // Only `llama` files have their q and k rows permuted for interleaved pairs.
    let pairs = if arch == "llama" { Pairs::Interleaved } else { Pairs::Halves };
    let d_ff = size("feed_forward_length")?;
    let embed = loader.tensors.get(GGUF.embed).ok_or_else(|| Error::missing_tensor(loader.origin, GGUF.embed))?;
    let config = Config {
        arch: arch.into(),
        name: meta.model_name().unwrap_or_else(|| arch.into()),
        n_layers: size("block_count")?,
        n_heads,
        n_kv_heads: size("attention.head_count_kv").unwrap_or(n_heads),
        d_model,
        d_head,
        mlp: Some(Mlp { d_ff, activation: Activation::Silu }),
        n_ctx: size("context_length")?,
        n_vocab: embed.rows(),
        norm: NormKind::Rms,
        norm_place: NormPlace::Pre,
        norm_eps: meta.get_f32(&key("attention.layer_norm_rms_epsilon"))?,
        positions: Positions::Rotary {
            theta: meta.get_f32(&key("rope.freq_base")).unwrap_or(10_000.0),
            dim: size("rope.dimension_count").unwrap_or(d_head),
            pairs,
        },
        causal: true,
        window: size("attention.sliding_window").ok(),
        soft_cap: None,
    };
    config.check(loader.origin)?;
    let weights = weights(loader, &config, &GGUF)?;
    Ok((config, weights))
}

fn mlp(
    loader: &Loader<'_>,
    names: &Names,
    at: impl Fn(&str) -> String,
    d: usize,
    d_ff: usize,
) -> Result<MlpWeights, Error> {
    Ok(MlpWeights {
        norm: loader.rms(&at(names.norm_mlp), d)?,
        gate: Some(loader.linear(&at(names.gate), d_ff, d)?),
        up: loader.linear(&at(names.up), d_ff, d)?,
        down: loader.linear(&at(names.down), d, d_ff)?,
    })
}

fn weights(loader: &Loader<'_>, c: &Config, names: &Names) -> Result<Weights, Error> {
    let (d, heads, kv) = (c.d_model, c.n_heads * c.d_head, c.n_kv_heads * c.d_head);
    let block = |l: usize| {
        let at = |name: &str| format!("{}{name}", (names.block)(l));
        Ok(BlockWeights {
            norm_attn: loader.rms(&at(names.norm_attn), d)?,
            q: loader.linear(&at(names.q), heads, d)?,
            k: loader.linear(&at(names.k), kv, d)?,
            v: loader.linear(&at(names.v), kv, d)?,
            q_norm: loader.optional_vector(&at(names.q_norm), c.d_head)?,
            k_norm: loader.optional_vector(&at(names.k_norm), c.d_head)?,
            o: loader.linear(&at(names.o), d, heads)?,
            mlp: c.mlp.map(|Mlp { d_ff, .. }| mlp(loader, names, at, d, d_ff)).transpose()?,
        })
    };
    let embed = loader.tensor(names.embed, &[c.n_vocab, d])?;
    let tied = !loader.has(names.unembed);
    let unembed = if tied { embed.clone() } else { loader.tensor(names.unembed, &[c.n_vocab, d])? };
    Ok(Weights {
        embed,
        positions: None,
        token_type: None,
        embed_norm: None,
        blocks: (0..c.n_layers).map(block).collect::<Result<_, Error>>()?,
        final_norm: Some(loader.rms(names.final_norm, d)?),
        unembed: Some(unembed),
    })
}
