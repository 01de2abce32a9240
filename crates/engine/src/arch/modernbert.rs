//! ModernBERT (Warner et al. 2024): an encoder with rotary positions, gated MLPs, norms before attention and MLP, and
//! windows on both sides of a token in all layers but every third.

use super::bert::headless;
use super::common::{LABELS, TRAINING};
use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::{Bool, Number, Text};
use super::fields::{Field, Fields, Means, Tables};
use super::loader::{Bias, Ignored, Loader, rows, thirds};
use super::rope::Head;
use super::{Read, common, head, masked, rope, window};
use crate::config::{Activation, Config, MOST_LAYERS, Mlp, Pairs, Rotary};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, MlpWeights, Norms, Weights};
use crate::{Attention, Error, Layer, PerLayer};
use serde_json::Value;

pub(super) const TABLES: Tables = &[FIELDS, common::COMMON];

const UNREAD: Means = Harmless("nothing reads it");

const FIELDS: &[Field] = &[
    Field("num_hidden_layers", Used),
    Field("num_attention_heads", Used),
    Field("hidden_size", Used),
    Field("intermediate_size", Used),
    Field("hidden_activation", Used),
    Field("max_position_embeddings", Used),
    Field("vocab_size", Used),
    Field("norm_eps", Used),
    Field("norm_bias", Used),
    Field("attention_bias", Used),
    Field("mlp_bias", Used),
    Field("layer_types", Used),
    Field("global_attn_every_n_layers", Used),
    Field("local_attention", Used),
    Field("rope_parameters", Used),
    Field("global_rope_theta", Used),
    Field("local_rope_theta", Used),
    Field("layer_norm_eps", Harmless("norm_eps counts")),
    Field("position_embedding_type", Harmless("positions are rotary, whatever it says")),
    Field("is_causal", Only(&[Bool(false)], "attention back only, which ModernBERT does not have")),
    Field("attention_dropout", TRAINING),
    Field("embedding_dropout", TRAINING),
    Field("mlp_dropout", TRAINING),
    Field("initializer_cutoff_factor", TRAINING),
    Field("sparse_prediction", TRAINING),
    Field("sparse_pred_ignore_index", TRAINING),
    Field("classifier_activation", Used),
    Field("classifier_bias", Used),
    Field("classifier_pooling", LABELS),
    Field("decoder_bias", Used),
    Field("deterministic_flash_attn", common::MEMORY),
    Field("reference_compile", common::MEMORY),
    Field("repad_logits_with_grad", common::MEMORY),
    Field("causal_mask", Only(&[Bool(false)], "attention back only, which ModernBERT does not have")),
    Field("unpad_no_grad", UNREAD),
];

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[("classifier.", "a classifier's head"), ("qa_outputs.", "a classifier's head")];

/// Of a classifier, or what is left of a head for masked words that is not there as a whole.
const REST: Ignored = &[("head.", "a part of a head"), ("decoder.", "a part of a head for masked words")];

/// How the layers differ: the first of `every` has no window, and so on; or as the config lists them.
fn layers(windowed: &[bool], window: usize, d_head: usize, mlp: Mlp) -> PerLayer<Layer> {
    let layer = |has: &bool| Layer {
        // The window reaches so far on either side; here a token itself is counted with one of them.
        attention: Attention { window: has.then_some(window.saturating_add(1)), ..Attention::plain(d_head) },
        rotary: Some(usize::from(*has)),
        parallel: false,
        mlp: Some(mlp),
    };
    let all: Vec<Layer> = windowed.iter().map(layer).collect();
    // An empty list is accepted here; the config's check then refuses the number of layers.
    if all.is_empty() { PerLayer::same(layer(&false)) } else { PerLayer::of(&all) }
}

/// All layers but the first of every `every` have a window. More layers than allowed are not listed.
fn alternating(n_layers: usize, every: usize) -> Vec<bool> {
    (0..n_layers.min(MOST_LAYERS)).map(|layer| layer % every.max(1) != 0).collect()
}

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, "modernbert", TABLES)?;
    let trained = head::trained(&fields, "ModernBert")?;
    let tied = fields.flag_or("tie_word_embeddings", true)?;
    let config = config(&fields)?;
    let bias = |name| Ok::<_, Error>(if fields.flag_or(name, false)? { Bias::Yes } else { Bias::No });
    let biases = Biases { norm: bias("norm_bias")?, attention: bias("attention_bias")?, mlp: bias("mlp_bias")? };
    let prefix = loader.prefix(&["model.", ""], "embeddings.tok_embeddings.weight");
    let at = |name: &str| format!("{prefix}{name}");
    let blocks = (0..config.n_layers).map(|l| block(loader, &config, &HF, &at(&format!("layers.{l}.")), l, biases));
    let d = config.d_model;
    let weights = Weights {
        embed_norm: Some(loader.layer_norm_with(&at("embeddings.norm"), d, biases.norm)?),
        final_norm: Some(loader.layer_norm_with(&at("final_norm"), d, biases.norm)?),
        ..Weights::of(
            loader.tensor(&at("embeddings.tok_embeddings.weight"), &[config.n_vocab, d])?,
            blocks.collect::<Result<_, Error>>()?,
        )
    };
    let decoder_bias = if fields.flag_or("decoder_bias", true)? { Bias::Yes } else { Bias::No };
    let said = masked::Said {
        activation: fields.activation_or("classifier_activation", "gelu")?,
        tied,
        dense_bias: bias("classifier_bias")?,
        norm_bias: biases.norm,
        decoder_bias,
    };
    // A classifier has the first part of the head as well.
    let is_masked = matches!(&trained, head::Trained::Other(class) if class.ends_with("ForMaskedLM"));
    let decodes = ["decoder.weight", "decoder.bias"].iter().any(|name| loader.has(name));
    let has_head = masked::MODERNBERT.are_in(loader) && (is_masked || decodes);
    let weights = if has_head { masked::MODERNBERT.read(loader, &config, said, weights)? } else { weights };
    loader.finish("modernbert", &[IGNORED, if has_head { &[] } else { REST }].concat())?;
    #[cfg(test)]
    super::tests::asked(&fields);
    let headless = (!has_head).then(|| headless(config.causal).into());
    Ok(Read { config, weights, headless })
}

/// What of a block has a bias.
#[derive(Clone, Copy)]
struct Biases {
    norm: Bias,
    attention: Bias,
    mlp: Bias,
}

/// The names of a block's tensors.
struct Names {
    attn_norm: &'static str,
    qkv: &'static str,
    o: &'static str,
    mlp_norm: &'static str,
    gate_up: &'static str,
    down: &'static str,
}

const HF: Names = Names {
    attn_norm: "attn_norm",
    qkv: "attn.Wqkv",
    o: "attn.Wo",
    mlp_norm: "mlp_norm",
    gate_up: "mlp.Wi",
    down: "mlp.Wo",
};

const GGUF: Names = Names {
    attn_norm: "attn_norm",
    qkv: "attn_qkv",
    o: "attn_output",
    mlp_norm: "ffn_norm",
    gate_up: "ffn_up",
    down: "ffn_down",
};

/// The tensors of layer `l`, whose names begin with `at`. The first layer reads the normed embedding as it is.
fn block(
    loader: &Loader<'_>,
    c: &Config,
    names: &Names,
    at: &str,
    l: usize,
    biases: Biases,
) -> Result<BlockWeights, Error> {
    let (d, d_ff) = (c.d_model, c.d_ff());
    let norm =
        |name: &str| Ok::<_, Error>(Norms::before(loader.layer_norm_with(&format!("{at}{name}"), d, biases.norm)?));
    let linear = |name: &str, n_out, n_in, bias| loader.linear(&format!("{at}{name}"), n_out, n_in, bias);
    let [q, k, v] = thirds(&linear(names.qkv, 3 * d, d, biases.attention)?, d);
    let fused = linear(names.gate_up, 2 * d_ff, d, biases.mlp)?;
    Ok(BlockWeights {
        norms: if l == 0 { Norms::default() } else { norm(names.attn_norm)? },
        q,
        k,
        v,
        q_norm: None,
        k_norm: None,
        sinks: Vec::new(),
        o: linear(names.o, d, d, biases.attention)?,
        experts: None,
        mlp: Some(MlpWeights {
            norms: norm(names.mlp_norm)?,
            gate: Some(rows(&fused, 0, d_ff)),
            up: rows(&fused, d_ff, d_ff),
            down: linear(names.down, d, d_ff, biases.mlp)?,
        }),
    })
}

fn config(fields: &Fields<'_>) -> Result<Config, Error> {
    let (n_heads, d) = (fields.size_or("num_attention_heads", 12)?, fields.size_or("hidden_size", 768)?);
    let d_head = super::share(fields, d, n_heads)?;
    let n_layers = fields.size_or("num_hidden_layers", 22)?;
    let n_ctx = fields.size_or("max_position_embeddings", 8192)?;
    let mlp = Mlp::one(fields.size_or("intermediate_size", 1152)?, fields.activation_or("hidden_activation", "gelu")?);
    const EVERY: &str = "global_attn_every_n_layers";
    let windowed = match (fields.size_or(EVERY, 3)?, window::layer_types(fields, n_layers)?) {
        (_, Some(listed)) => listed,
        (0, None) => return Err(fields.bad(EVERY, "1 or more layers", "0")),
        (every, None) => alternating(n_layers, every),
    };
    let window = fields.size_or("local_attention", 128)? / 2;
    let theta = f64::from(fields.float_or("global_rope_theta", 160_000.0)?);
    let local = f64::from(fields.float_or("local_rope_theta", 10_000.0)?);
    let rotaries = rope::by_kind(fields, Head { d_head, n_ctx, theta, part: None, original: None }, local)?;
    let layers = layers(&windowed, window, d_head, mlp);
    let config = Config {
        n_layers,
        d_model: d,
        n_ctx,
        n_vocab: fields.size_or("vocab_size", 50_368)?,
        norm_eps: fields.float_or("norm_eps", 1e-5)?,
        causal: false,
        rotaries: Vec::from(rotaries),
        ..common::layer_norms("modernbert", n_heads, d_head, layers[0])
    };
    let config = Config { layers, ..config };
    config.check(fields.origin)?;
    Ok(config)
}

/// The keys that llama.cpp reads for `modern-bert`.
pub(super) const GGUF_KEYS: &[Field] = &[
    Field("attention.sliding_window", Used),
    Field("attention.sliding_window_pattern", Used),
    Field("rope.freq_base", Used),
    Field("rope.freq_base_swa", Used),
    Field("hidden_act", Used),
    Field("rope.dimension_count", Used),
    Field("rope.scaling.type", Only(&[Text("none")], "scaled rotary positions")),
    Field("rope.scaling.factor", Only(&[Number(0.0), Number(1.0)], "scaled rotary positions")),
    Field("attention.head_count_kv", Harmless("ModernBERT has as many keys as queries")),
    Field("pooling_type", Harmless("how a text becomes one vector, which is asked for by other means")),
    Field("classifier.output_labels", LABELS),
];

/// Reads GGUF metadata and llama.cpp's tensor names.
pub(super) fn gguf(meta: &Metadata, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::gguf(meta, "modern-bert", &[GGUF_KEYS, common::LAYER_NORM_KEYS])?;
    let config = gguf_config(meta, &fields, loader)?;
    let biases = Biases { norm: Bias::IfThere, attention: Bias::IfThere, mlp: Bias::IfThere };
    let blocks = (0..config.n_layers).map(|l| block(loader, &config, &GGUF, &format!("blk.{l}."), l, biases));
    let d = config.d_model;
    let weights = Weights {
        embed_norm: Some(loader.layer_norm_with("token_embd_norm", d, biases.norm)?),
        final_norm: Some(loader.layer_norm_with("output_norm", d, biases.norm)?),
        ..Weights::of(loader.tensor("token_embd.weight", &[config.n_vocab, d])?, blocks.collect::<Result<_, Error>>()?)
    };
    // The head for masked words is there in part: its last matrix is not.
    loader.finish("modern-bert", &[("cls.", "a part of a head"), ("dense_2.", "a head of another width")])?;
    #[cfg(test)]
    super::tests::asked(&fields);
    let headless = Some(headless(config.causal).into());
    Ok(Read { config, weights, headless })
}

fn gguf_config(meta: &Metadata, fields: &Fields<'_>, loader: &Loader<'_>) -> Result<Config, Error> {
    let (d, n_heads) = (fields.size("embedding_length")?, fields.size("attention.head_count")?);
    let d_head = super::share(fields, d, n_heads)?;
    let n_layers = fields.size("block_count")?;
    let activation = match fields.get("hidden_act")?.as_ref().map_or(Some("gelu"), Value::as_str) {
        Some("gelu") => Activation::Gelu,
        Some("silu") => Activation::Silu,
        _ => return Err(fields.refused("hidden_act", "names a non-linearity that is neither gelu nor silu")),
    };
    let mlp = Mlp::one(fields.size("feed_forward_length")?, activation);
    let dim = fields.optional_size("rope.dimension_count")?.unwrap_or(d_head);
    rope::fits(fields, dim, d_head)?;
    let theta = |name, default: f32| {
        let theta = fields.float_or(name, default)?;
        let fits = (1.0..=1e15).contains(&theta);
        if fits { Ok(theta) } else { Err(fields.bad(name, "a number from 1 to 1e15", &theta.to_string())) }
    };
    let thetas = [theta("rope.freq_base", 10_000.0)?, theta("rope.freq_base_swa", 10_000.0)?];
    let window = fields.optional_size("attention.sliding_window")?.filter(|window| *window > 0);
    let every = fields.optional_size("attention.sliding_window_pattern")?.unwrap_or(3);
    let n = n_layers.min(MOST_LAYERS);
    let windowed = match window {
        Some(_) if every > 0 => alternating(n, every),
        // llama.cpp reads 0 as a window in every layer.
        Some(_) => vec![true; n],
        None => vec![false; n],
    };
    let layers = layers(&windowed, window.unwrap_or(0) / 2, d_head, mlp);
    let eps = fields.optional_float("attention.layer_norm_epsilon")?;
    let config = Config {
        name: meta.model_name().unwrap_or_else(|| "modern-bert".into()),
        n_layers,
        d_model: d,
        n_ctx: fields.size("context_length")?,
        n_vocab: loader.tensors.require_any("token_embd.weight")?.rows(),
        norm_eps: eps.ok_or_else(|| fields.bad("attention.layer_norm_epsilon", "a number", "nothing"))?,
        causal: fields.flag_or("attention.causal", false)?,
        rotaries: thetas.map(|theta| Rotary::plain(dim, theta, Pairs::Halves)).into(),
        ..common::layer_norms("modernbert", n_heads, d_head, layers[0])
    };
    let config = Config { layers, ..config };
    config.check(loader.origin)?;
    Ok(config)
}
