//! Falcon: rotary positions, attention and MLP side by side, and few keys: one for all heads (7B), or one for each group of
//! heads (40B, 2 11B).

use super::common::TRAINING;
use super::fields::Means::{Harmless, Only, Used};
use super::fields::Plain::{Bool, Number};
use super::fields::{Field, Fields, Tables};
use super::loader::{Bias, Ignored, Loader, rows};
use super::rope::Head;
use super::{Read, beside, common, head, neox, rope};
use crate::Error;
use crate::config::{Activation, Config, Mlp};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, Linear, MlpWeights, Norms, Weights};
use serde_json::Value;

pub(super) const TABLES: Tables = &[FIELDS, rope::FIELDS, common::COMMON];

const FIELDS: &[Field] = &[
    Field("num_hidden_layers", Used),
    Field("num_attention_heads", Used),
    Field("num_kv_heads", Used),
    Field("hidden_size", Used),
    Field("n_embed", Used),
    Field("ffn_hidden_size", Used),
    Field("activation", Used),
    Field("max_position_embeddings", Used),
    Field("vocab_size", Used),
    Field("layer_norm_epsilon", Used),
    Field("is_causal", Used),
    Field("bias", Used),
    Field("new_decoder_architecture", Used),
    Field("multi_query", Used),
    Field("parallel_attn", Used),
    Field("num_ln_in_parallel_attn", Used),
    Field("alibi", Only(&[Bool(false)], "ALiBi positions, which this family rounds to bfloat16")),
    Field("apply_residual_connection_post_layernorm", Harmless("nothing reads it")),
    Field("ff_factor", Harmless("nothing reads it: ffn_hidden_size says it")),
    Field("hidden_dropout", TRAINING),
    Field("attention_dropout", TRAINING),
    Field("num_key_value_heads", Only(&[], "grouped queries, which num_kv_heads would say")),
    Field("sliding_window", Only(&[Number(0.0)], "a window, which Falcon does not have")),
];

/// The older name of the width; if a file has both, their values must agree.
const OTHER_NAMES: &[(&str, &str)] = &[("n_embed", "hidden_size")];

/// Tensors that affect no number computed here.
const IGNORED: Ignored = &[
    ("rotary_emb.inv_freq", "made anew from theta; older checkpoints kept it"),
    ("score.", "a classifier's head"),
    ("classifier.", "a classifier's head"),
    ("qa_outputs.", "a classifier's head"),
];

/// In what order the rows of the fused matrix stand.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fused {
    /// For each key head its queries, its key and its value. One key head for all is the case of 7B.
    ByGroup,
    /// Head after head its query, key and value.
    ByHead,
}

/// The norms of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
enum BlockNorms {
    /// One, for attention and MLP: 7B, 2 11B.
    Shared,
    /// One for each, both of the layer's input: 40B.
    Two,
    /// One for each, the MLP's of what attention has changed.
    Sequential,
}

/// What the switches of a config ask for.
struct Form {
    fused: Fused,
    norms: BlockNorms,
    n_kv_heads: usize,
}

/// Reads `config.json` and Hugging Face's tensor names.
pub(super) fn hf(json: &Value, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, "falcon", TABLES)?;
    let n_heads = fields.size_or("num_attention_heads", 71)?;
    let form = form(&fields, n_heads)?;
    let config = config(&fields, n_heads, &form)?;
    let trained = head::trained_with(&fields, "Falcon", &["modeling_falcon.Falcon", "tiiuae/"])?;
    let tied = fields.flag_or("tie_word_embeddings", true)?;
    let bias = if fields.flag_or("bias", false)? { Bias::Yes } else { Bias::No };
    let d = config.d_model;
    let prefix = loader.prefix(&["transformer.", ""], "word_embeddings.weight");
    let blocks = (0..config.n_layers).map(|l| block(loader, &config, &form, &format!("{prefix}h.{l}."), bias));
    let blocks = blocks.collect::<Result<_, Error>>()?;
    let shape = [config.n_vocab, d];
    let embed = head::embed(loader, &format!("{prefix}word_embeddings.weight"), &shape, tied, head::HEAD)?;
    let (unembed, headless) = Read::head(head::unembed(&fields, loader, &trained, tied, &embed, head::HEAD)?);
    let weights = Weights {
        final_norm: Some(loader.layer_norm(&format!("{prefix}ln_f"), d)?),
        unembed,
        ..Weights::of(embed, blocks)
    };
    loader.finish("falcon", IGNORED)?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless })
}

fn form(fields: &Fields<'_>, n_heads: usize) -> Result<Form, Error> {
    let is_new = fields.flag_or("new_decoder_architecture", false)?;
    let (one_key, parallel) = (fields.flag_or("multi_query", true)?, fields.flag_or("parallel_attn", true)?);
    let n_norms = fields.optional_size("num_ln_in_parallel_attn")?;
    let n_kv_heads = fields.optional_size("num_kv_heads")?.unwrap_or(n_heads);
    if is_new && !parallel {
        let text = "is false, beside new_decoder_architecture, whose attention and MLP stand side by side";
        return Err(fields.refused("parallel_attn", text));
    }
    let norms = match (is_new, n_norms) {
        (true, None | Some(2)) => BlockNorms::Two,
        (false, _) if !parallel => BlockNorms::Sequential,
        (true, Some(1)) => BlockNorms::Shared,
        (false, n) if n != Some(2) => BlockNorms::Shared,
        (_, n) => {
            let n = n.unwrap_or_default();
            return Err(
                fields.refused("num_ln_in_parallel_attn", format!("is {n}: transformers computes no such block"))
            );
        }
    };
    if !is_new && !one_key && n_kv_heads != n_heads {
        let text = format!("is {n_kv_heads}: only new_decoder_architecture has fewer keys than {n_heads} queries");
        return Err(fields.refused("num_kv_heads", text));
    }
    let fused = if is_new || one_key { Fused::ByGroup } else { Fused::ByHead };
    Ok(Form { fused, norms, n_kv_heads: if !is_new && one_key { 1 } else { n_kv_heads } })
}

fn config(fields: &Fields<'_>, n_heads: usize, form: &Form) -> Result<Config, Error> {
    let d_model = fields.size_by_any_name("hidden_size", OTHER_NAMES, 4544)?;
    let d_head = super::share(fields, d_model, n_heads)?;
    let n_ctx = fields.size_or("max_position_embeddings", 2048)?;
    let rotary = rope::rotary(fields, Head { d_head, n_ctx, theta: 10_000.0, part: None, original: None })?;
    let d_ff = fields.optional_size("ffn_hidden_size")?.unwrap_or(d_model.saturating_mul(4));
    let mlp = Mlp::one(d_ff, fields.activation_or("activation", "gelu")?);
    let parallel = form.norms != BlockNorms::Sequential;
    let config = Config {
        n_layers: fields.size_or("num_hidden_layers", 32)?,
        n_kv_heads: form.n_kv_heads,
        d_model,
        n_ctx,
        n_vocab: fields.size_or("vocab_size", 65_024)?,
        norm_eps: fields.float_or("layer_norm_epsilon", 1e-5)?,
        causal: fields.flag_or("is_causal", true)?,
        ..beside::plain("falcon", n_heads, d_head, rotary, parallel, mlp)
    };
    config.check(fields.origin)?;
    Ok(config)
}

/// The tensors of a block, whose names begin with `at`.
fn block(loader: &Loader<'_>, c: &Config, form: &Form, at: &str, bias: Bias) -> Result<BlockWeights, Error> {
    let at = |name: &str| format!("{at}{name}");
    let (d, d_ff) = (c.d_model, c.d_ff());
    let (heads, kv) = (c.n_heads * c.d_head, c.n_kv_heads * c.d_head);
    let linear = |name: &str, n_out, n_in| loader.linear(&at(name), n_out, n_in, bias);
    let norm = |name: &str| Ok::<_, Error>(Norms::before(loader.layer_norm(&at(name), d)?));
    let fused = linear("self_attention.query_key_value", heads + 2 * kv, d)?;
    let qkv = match form.fused {
        Fused::ByGroup => by_group(&fused, c),
        Fused::ByHead => neox::by_head(&fused, c.n_heads, c.d_head),
    };
    let [attn, mlp] = match form.norms {
        BlockNorms::Shared => [norm("input_layernorm")?, Norms::default()],
        BlockNorms::Two => [norm("ln_attn")?, norm("ln_mlp")?],
        BlockNorms::Sequential => [norm("input_layernorm")?, norm("post_attention_layernorm")?],
    };
    let (up, down) = (linear("mlp.dense_h_to_4h", d_ff, d)?, linear("mlp.dense_4h_to_h", d, d_ff)?);
    Ok(BlockWeights {
        norms: attn,
        mlp: Some(MlpWeights { norms: mlp, gate: None, up, down }),
        ..BlockWeights::of(qkv, linear("self_attention.dense", d, d)?)
    })
}

/// q, k and v of a matrix whose rows are, for each key head, the queries that read it, the key and the value.
fn by_group(fused: &Linear, c: &Config) -> [Linear; 3] {
    let (d, group) = (c.d_head, c.n_heads / c.n_kv_heads);
    [(0, group), (group, 1), (group + 1, 1)].map(|(from, n)| {
        let parts = (0..c.n_kv_heads).map(|kv| {
            let first = (kv * (group + 2) + from) * d;
            first..first + n * d
        });
        let bias = fused.bias.as_ref().map(|bias| parts.clone().flat_map(|rows| bias[rows].to_vec()).collect());
        Linear { weight: fused.weight.gather_rows(parts), bias }
    })
}

/// llama.cpp's files hold q, k and v one after the other. Of two norms, the first is the MLP's.
pub(super) fn gguf(meta: &Metadata, loader: &Loader<'_>) -> Result<Read, Error> {
    let fields = Fields::gguf(meta, "falcon", &[beside::GGUF_KEYS, common::LAYER_NORM_KEYS])?;
    let config = beside::gguf_config(meta, &fields, loader, true, Activation::Gelu)?;
    let (d, d_ff) = (config.d_model, config.d_ff());
    let (heads, kv) = (config.n_heads * config.d_head, config.n_kv_heads * config.d_head);
    let block = |l: usize| {
        let at = |name: &str| format!("blk.{l}.{name}");
        let linear = |name: &str, n_out, n_in| loader.linear(&at(name), n_out, n_in, Bias::No);
        let norm = |name: &str| Ok::<_, Error>(Norms::before(loader.layer_norm(&at(name), d)?));
        let first = norm("attn_norm")?;
        let has_two = loader.has(&at("attn_norm_2.weight"));
        let [attn, mlp] = if has_two { [norm("attn_norm_2")?, first] } else { [first, Norms::default()] };
        let fused = linear("attn_qkv", heads + 2 * kv, d)?;
        let qkv = [rows(&fused, 0, heads), rows(&fused, heads, kv), rows(&fused, heads + kv, kv)];
        let (up, down) = (linear("ffn_up", d_ff, d)?, linear("ffn_down", d, d_ff)?);
        Ok(BlockWeights {
            norms: attn,
            mlp: Some(MlpWeights { norms: mlp, gate: None, up, down }),
            ..BlockWeights::of(qkv, linear("attn_output", d, heads)?)
        })
    };
    let blocks = (0..config.n_layers).map(block).collect::<Result<_, Error>>()?;
    let weights = beside::gguf_weights(loader, &config, blocks)?;
    loader.finish("falcon", &[])?;
    #[cfg(test)]
    super::tests::asked(&fields);
    Ok(Read { config, weights, headless: None })
}
