//! nomic-bert (Nussbaum et al. 2024): an encoder with BERT's norms, rotary positions and gated MLPs. Its config has two
//! forms: that of the code which its first files bring along (`n_embd`), and that of transformers (`hidden_size`).

use super::bert::{headless, plain};
use super::common::{LABELS, MEMORY, TRAINING};
use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::{Bool, Number};
use super::fields::{Field, Fields, Tables};
use super::loader::{Bias, Ignored, Loader, thirds};
use super::rope::Head;
use super::{Read, common, head, masked, rope};
use crate::config::{Activation, Config, Mlp, Pairs, Rotary};
use crate::weights::{BlockWeights, MlpWeights, Norms, Weights};
use crate::{Error, Layer};
use serde_json::Value;

pub(super) const TABLES: Tables = &[FIELDS, OWN_FIELDS, common::SIZES, rope::FIELDS, common::COMMON];

const FIELDS: &[Field] = &[
    Field("head_dim", Used),
    Field("layer_norm_eps", Used),
    Field("type_vocab_size", Used),
    Field("is_causal", Only(&[Bool(false)], "attention back only, which nomic-bert does not have")),
    Field("is_decoder", Harmless("nomic-bert is none, whatever its config says")),
    Field("num_key_value_heads", Only(&[], "grouped queries, which nomic-bert does not have")),
    Field("hidden_dropout_prob", TRAINING),
    Field("attention_probs_dropout_prob", TRAINING),
];

/// The fields of the older form. Of what they could ask for, only what the published files ask for is computed.
const OWN_FIELDS: &[Field] = &[
    Field("n_embd", Used),
    Field("n_head", Used),
    Field("n_layer", Used),
    Field("n_inner", Used),
    Field("n_positions", Used),
    Field("activation_function", Used),
    Field("layer_norm_epsilon", Used),
    Field("qkv_proj_bias", Used),
    Field("mlp_fc1_bias", Used),
    Field("mlp_fc2_bias", Used),
    Field("rotary_emb_base", Used),
    Field("rotary_emb_fraction", Used),
    Field("pad_vocab_size_multiple", Used),
    Field("rotary_emb_interleaved", Only(&[Bool(false)], "rotary pairs side by side")),
    Field("rotary_emb_scale_base", Only(&[], "rotated numbers that fade with the distance")),
    Field("rotary_scaling_factor", Only(&[], "rotary positions that change with the length of the text")),
    Field("rotary_head_dim", Only(&[Bool(false)], "heads that are rotated in place of tokens")),
    Field("max_trained_positions", Harmless("only a rotary_scaling_factor reads it")),
    Field("prenorm", Only(&[Bool(false)], "norms before attention and MLP")),
    Field("parallel_block", Only(&[Bool(false)], "attention and MLP side by side")),
    Field("parallel_block_tied_norm", Only(&[Bool(false)], "attention and MLP side by side")),
    Field("use_rms_norm", Only(&[Bool(false)], "norms of another kind")),
    Field("causal", Only(&[Bool(false)], "attention back only")),
    Field("num_heads_kv", Only(&[], "grouped queries")),
    Field("moe_every_n_layers", Only(&[Number(0.0)], "a mixture of experts")),
    Field("add_pooling_layer", Harmless("the pooler is not computed here")),
    Field("attn_pdrop", TRAINING),
    Field("embd_pdrop", TRAINING),
    Field("resid_pdrop", TRAINING),
    Field("use_xentropy", TRAINING),
    Field("dense_seq_output", MEMORY),
    Field("fused_bias_fc", MEMORY),
    Field("fused_dropout_add_ln", MEMORY),
    Field("reorder_and_upcast_attn", MEMORY),
    Field("last_layer_subset", MEMORY),
    Field("scale_attn_by_inverse_layer_idx", Harmless("nothing reads it")),
    Field("scale_attn_weights", Harmless("nothing reads it")),
    Field("summary_activation", LABELS),
    Field("summary_first_dropout", LABELS),
    Field("summary_proj_to_labels", LABELS),
    Field("summary_type", LABELS),
    Field("summary_use_proj", LABELS),
];

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[
    ("embeddings.position_ids", "0, 1, 2 …: counted anew"),
    ("rotary_emb.inv_freq", "made anew from the base"),
    ("pooler.", "a head on top of the first token"),
    ("classifier.", "a classifier's head"),
];

/// What is left of a head for masked words that is not there as a whole.
const REST: Ignored = &[("cls.", "a part of a head for masked words")];

/// What has a bias: nothing, but in the older form what the config says.
#[derive(Clone, Copy)]
struct Biases {
    attention: Bias,
    up: Bias,
    down: Bias,
    is_older: bool,
}

/// Reads `config.json` and the tensor names that both forms have.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, "nomic_bert", TABLES)?;
    // The code that the files of the older form bring along is the one that is computed here.
    fields.get("auto_map")?;
    head::class(&fields, "NomicBert")?;
    let tied = fields.flag_or("tie_word_embeddings", true)?;
    let types = fields.size_or("type_vocab_size", 2)?;
    let (config, biases) = config(&fields)?;
    let d = config.d_model;
    let prefix = loader.prefix(&["nomic_bert.", "bert.", ""], "embeddings.word_embeddings.weight");
    let at = |name: &str| format!("{prefix}{name}");
    let blocks = (0..config.n_layers).map(|l| block(loader, &config, &at(&format!("encoder.layers.{l}.")), biases));
    let token_types = (types > 0).then(|| loader.tensor(&at("embeddings.token_type_embeddings.weight"), &[types, d]));
    let weights = Weights {
        token_types: token_types.transpose()?,
        embed_norm: Some(loader.layer_norm(&at("emb_ln"), d)?),
        ..Weights::of(
            loader.tensor(&at("embeddings.word_embeddings.weight"), &[config.n_vocab, d])?,
            blocks.collect::<Result<_, Error>>()?,
        )
    };
    let activation = config.layers[0].mlp.map_or(Activation::Silu, |mlp| mlp.activation);
    let has_head = masked::NOMIC.are_in(loader);
    let weights = if has_head {
        // Of the older form the dense layer and the logits have a bias where the MLPs have one.
        let bias = if biases.is_older { biases.up } else { Bias::Yes };
        let said = masked::Said { dense_bias: bias, decoder_bias: bias, ..masked::Said::biased(activation, tied) };
        masked::NOMIC.read(loader, &config, said, weights)?
    } else {
        weights
    };
    loader.finish("nomic_bert", &[IGNORED, if has_head { &[] } else { REST }].concat())?;
    #[cfg(test)]
    super::tests::asked(&fields);
    let headless = (!has_head).then(|| headless(config.causal).into());
    Ok(Read { config, weights, headless })
}

/// The tensors of one layer.
fn block(loader: &Loader<'_>, c: &Config, at: &str, biases: Biases) -> Result<BlockWeights, Error> {
    let (d, d_ff, width) = (c.d_model, c.d_ff(), c.n_heads * c.d_head);
    let linear = |name: &str, n_out, n_in, bias| loader.linear(&format!("{at}{name}"), n_out, n_in, bias);
    let [q, k, v] = thirds(&linear("attn.Wqkv", 3 * width, d, biases.attention)?, width);
    Ok(BlockWeights {
        norms: Norms::after(loader.layer_norm(&format!("{at}norm1"), d)?),
        q,
        k,
        v,
        q_norm: None,
        k_norm: None,
        sinks: Vec::new(),
        o: linear("attn.out_proj", d, width, biases.attention)?,
        experts: None,
        mlp: Some(MlpWeights {
            norms: Norms::after(loader.layer_norm(&format!("{at}norm2"), d)?),
            gate: Some(linear("mlp.fc12", d_ff, d, biases.up)?),
            up: linear("mlp.fc11", d_ff, d, biases.up)?,
            down: linear("mlp.fc2", d, d_ff, biases.down)?,
        }),
    })
}

/// The config. The newer form counts where a file has both, as it does for transformers.
fn config(fields: &Fields<'_>) -> Result<(Config, Biases), Error> {
    let is_older = fields.optional_size("n_embd")?.is_some() && fields.optional_size("hidden_size")?.is_none();
    let size = |older, newer, default| {
        let (older, newer) = (fields.optional_size(older)?, fields.size_or(newer, default)?);
        Ok::<_, Error>(if is_older { older.unwrap_or(default) } else { newer })
    };
    let (n_heads, d) = (size("n_head", "num_attention_heads", 12)?, size("n_embd", "hidden_size", 768)?);
    let share = super::share(fields, d, n_heads)?;
    let d_head = fields.optional_size("head_dim")?.filter(|_| !is_older).unwrap_or(share);
    let default = if is_older { 1024 } else { 2048 };
    let n_ctx = size("n_positions", "max_position_embeddings", default)?;
    let d_ff = size("n_inner", "intermediate_size", if is_older { 4 * d.min(1 << 18) } else { 3072 })?;
    let newer = Said {
        activation: fields.activation_or("hidden_act", "silu")?,
        rotary: rope::rotary(fields, Head { d_head, n_ctx, theta: 1000.0, part: None, original: None })?,
        eps: fields.float_or("layer_norm_eps", 1e-12)?,
    };
    let (older, biases) = older(fields, d_head, is_older)?;
    let Said { activation, rotary, eps } = older.unwrap_or(newer);
    let vocab = fields.size_or("vocab_size", if is_older { 50_257 } else { 30_528 })?;
    let multiple = fields.size_or("pad_vocab_size_multiple", 1)?.max(1);
    let n_vocab = if is_older { vocab.div_ceil(multiple).saturating_mul(multiple) } else { vocab };
    let plain = plain("nomic_bert", d, n_heads, d_head, Mlp::one(d_ff, activation));
    let config = Config {
        n_layers: size("n_layer", "num_hidden_layers", 12)?,
        n_ctx,
        n_vocab,
        norm_eps: eps,
        layers: plain.layers.map(|layer| Layer { rotary: Some(0), ..*layer }),
        rotaries: vec![rotary],
        ..plain
    };
    config.check(fields.origin)?;
    Ok((config, biases))
}

/// What both forms say in their own ways.
struct Said {
    activation: Activation,
    rotary: Rotary,
    eps: f32,
}

/// What the older form says, if the file has it.
fn older(fields: &Fields<'_>, d_head: usize, is_older: bool) -> Result<(Option<Said>, Biases), Error> {
    let flag = |name| Ok::<_, Error>(if fields.flag_or(name, true)? && is_older { Bias::Yes } else { Bias::No });
    let biases =
        Biases { attention: flag("qkv_proj_bias")?, up: flag("mlp_fc1_bias")?, down: flag("mlp_fc2_bias")?, is_older };
    const BASE: &str = "rotary_emb_base";
    const PART: &str = "rotary_emb_fraction";
    let (theta, part) = (fields.float_or(BASE, 10_000.0)?, fields.float_or(PART, 0.0)?);
    let activation = fields.get("activation_function")?;
    let eps = fields.float_or("layer_norm_epsilon", 1e-5)?;
    if !is_older {
        return Ok((None, biases));
    }
    if !(1.0..=1e15).contains(&theta) {
        return Err(fields.bad(BASE, "a number from 1 to 1e15", &theta.to_string()));
    }
    if !(part > 0.0 && part <= 1.0) {
        return Err(fields.refused(PART, format!("is {part}: positions that are not rotary are not computed")));
    }
    let dim = (d_head as f32 * part) as usize;
    rope::fits(fields, dim, d_head)?;
    let activation = match activation.as_ref().and_then(Value::as_str) {
        Some("swiglu") => Activation::Silu,
        Some("geglu") => Activation::Gelu,
        _ => return Err(fields.refused("activation_function", "is neither swiglu nor geglu: its MLP is not computed")),
    };
    Ok((Some(Said { activation, rotary: Rotary::plain(dim, theta, Pairs::Halves), eps }), biases))
}
