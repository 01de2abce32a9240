//! The fields that may stand in every `config.json`, whatever its family: those of transformers' `PreTrainedConfig`,
//! those that older versions of it wrote, and those that other tools add.

use super::fields::Means::{Harmless, Only};
use super::fields::Plain::{Bool, Empty, Number, Text};
use super::fields::{Field, Fields, Means};
use super::loader::{Bias, Loader, thirds};
use crate::config::{CLAMPS, Config, Mlp, NormKind, Scales};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, MlpWeights, Norms, Weights};
use crate::{Error, Layer, PerLayer};

/// The meanings that families share with each other in their own tables.
pub(super) const TRAINING: Means = Harmless("only training reads it");
const NAMES: Means = Harmless("a name or a version");
const WRITING: Means = Harmless("how text is written on, which is asked for anew each time");
pub(super) const LABELS: Means = Harmless("for a classifier's head, which is not computed here");
const TOKEN: Means = Harmless("the tokenizer's own file says which tokens are put in");
const OUTPUTS: Means = Harmless("what a Python call gives back");
pub(super) const MEMORY: Means = Harmless("how the work is done, not what comes out");

/// The sizes of a model, by the names that most families give them.
pub(super) const SIZES: &[Field] = &[
    Field("num_hidden_layers", Means::Used),
    Field("num_attention_heads", Means::Used),
    Field("hidden_size", Means::Used),
    Field("intermediate_size", Means::Used),
    Field("hidden_act", Means::Used),
    Field("max_position_embeddings", Means::Used),
    Field("vocab_size", Means::Used),
    Field("is_causal", Means::Used),
];

/// The keys of a GGUF that are read for architectures with layer norms.
pub(super) const LAYER_NORM_KEYS: &[Field] = &[
    Field("block_count", Means::Used),
    Field("attention.head_count", Means::Used),
    Field("attention.head_count_kv", Means::Used),
    Field("embedding_length", Means::Used),
    Field("feed_forward_length", Means::Used),
    Field("context_length", Means::Used),
    Field("attention.layer_norm_epsilon", Means::Used),
    Field("attention.causal", Means::Used),
    Field("vocab_size", Harmless("the embedding has as many rows as there are tokens")),
    Field("tensor_data_layout", NAMES),
    Field("attention.layer_norm_rms_epsilon", Harmless("llama.cpp does not read it for this architecture")),
    Field("attention.sliding_window", Only(&[Number(0.0)], "a window, which this architecture does not have")),
    Field("attention.scale", Only(&[Number(0.0)], "scores scaled by another number")),
    Field("attention.max_alibi_bias", Only(&[Number(0.0)], "ALiBi positions")),
    Field("attention.clamp_kqv", Only(&[Number(0.0)], "queries, keys and values that are clamped")),
    Field("expert_count", Only(&[Number(0.0)], "a mixture of experts")),
];

/// The fields.
pub(super) const COMMON: &[Field] = &[
    Field("model_type", Harmless("it chose the family")),
    Field("architectures", Means::Used),
    Field("tie_word_embeddings", Means::Used),
    Field("auto_map", Means::Used),
    Field("transformers_version", NAMES),
    Field("_name_or_path", NAMES),
    Field("name_or_path", NAMES),
    Field("_commit_hash", NAMES),
    Field("_from_auto", NAMES),
    Field("tokenizer_class", NAMES),
    Field("unsloth_version", NAMES),
    Field("unsloth_fixed", NAMES),
    Field("transformers.js_config", Harmless("for a program in the browser that is not this one")),
    Field("dtype", Harmless("each tensor says how it is stored")),
    Field("torch_dtype", Harmless("each tensor says how it is stored")),
    Field("use_bfloat16", Harmless("each tensor says how it is stored")),
    Field("initializer_range", TRAINING),
    Field("gradient_checkpointing", TRAINING),
    Field("chunk_size_feed_forward", MEMORY),
    Field("use_cache", MEMORY),
    Field("attn_implementation", MEMORY),
    Field("_attn_implementation", MEMORY),
    Field("_attn_implementation_autoset", MEMORY),
    Field("_experts_implementation", MEMORY),
    Field("torchscript", MEMORY),
    Field("return_dict", OUTPUTS),
    Field("output_attentions", OUTPUTS),
    Field("output_hidden_states", OUTPUTS),
    Field("output_past", OUTPUTS),
    Field("id2label", LABELS),
    Field("label2id", LABELS),
    Field("num_labels", LABELS),
    Field("_num_labels", LABELS),
    Field("problem_type", LABELS),
    Field("finetuning_task", LABELS),
    Field("classifier_dropout", LABELS),
    Field("task_specific_params", WRITING),
    Field("prefix", WRITING),
    Field("bos_token_id", TOKEN),
    Field("eos_token_id", TOKEN),
    Field("pad_token_id", TOKEN),
    Field("unk_token_id", TOKEN),
    Field("sep_token_id", TOKEN),
    Field("cls_token_id", TOKEN),
    Field("mask_token_id", TOKEN),
    Field("decoder_start_token_id", TOKEN),
    Field("vocab_file", TOKEN),
    Field("max_length", WRITING),
    Field("max_new_tokens", WRITING),
    Field("min_length", WRITING),
    Field("min_new_tokens", WRITING),
    Field("do_sample", WRITING),
    Field("early_stopping", WRITING),
    Field("num_beams", WRITING),
    Field("num_beam_groups", WRITING),
    Field("diversity_penalty", WRITING),
    Field("temperature", WRITING),
    Field("top_k", WRITING),
    Field("top_p", WRITING),
    Field("min_p", WRITING),
    Field("typical_p", WRITING),
    Field("repetition_penalty", WRITING),
    Field("encoder_repetition_penalty", WRITING),
    Field("length_penalty", WRITING),
    Field("no_repeat_ngram_size", WRITING),
    Field("encoder_no_repeat_ngram_size", WRITING),
    Field("bad_words_ids", WRITING),
    Field("num_return_sequences", WRITING),
    Field("output_scores", WRITING),
    Field("return_dict_in_generate", WRITING),
    Field("forced_bos_token_id", WRITING),
    Field("forced_eos_token_id", WRITING),
    Field("remove_invalid_values", WRITING),
    Field("exponential_decay_length_penalty", WRITING),
    Field("suppress_tokens", WRITING),
    Field("begin_suppress_tokens", WRITING),
    Field("epsilon_cutoff", WRITING),
    Field("eta_cutoff", WRITING),
    Field("num_assistant_tokens", WRITING),
    Field("num_assistant_tokens_schedule", WRITING),
    Field("assistant_confidence_threshold", WRITING),
    Field("assistant_lookbehind", WRITING),
    Field("target_lookbehind", WRITING),
    Field("tf_legacy_loss", TRAINING),
    Field("loss_type", TRAINING),
    Field("max_sequence_length", Harmless("nothing reads it: max_position_embeddings counts")),
    Field("model_max_length", Harmless("nothing reads it: max_position_embeddings counts")),
    Field("tokenizer_model_max_length", Harmless("nothing reads it: max_position_embeddings counts")),
    Field("tokenizer_padding_side", TOKEN),
    Field("bos_token", TOKEN),
    Field("eos_token", TOKEN),
    Field("pad_token", TOKEN),
    Field("_flash_attn_2_enabled", MEMORY),
    Field("use_flash_attention", MEMORY),
    Field("use_flash_attn", MEMORY),
    Field("xla_device", MEMORY),
    Field("sentence_transformers", LABELS),
    Field("sbert_ce_default_activation_function", LABELS),
    Field("use_mrope", Only(&[Bool(false)], "positions in pictures")),
    Field(
        "quantization",
        Only(
            &[],
            "its weights are quantized by a method of its own (MLX); take the model's original safetensors, or a GGUF of it",
        ),
    ),
    Field("is_encoder_decoder", Only(&[Bool(false)], "an encoder and a decoder")),
    Field("tie_encoder_decoder", Only(&[Bool(false)], "an encoder and a decoder")),
    Field("add_cross_attention", Only(&[Bool(false)], "attention to another model's text")),
    Field("cross_attention_hidden_size", Only(&[], "attention to another model's text")),
    Field("pruned_heads", Only(&[Empty], "heads that were taken out")),
    Field("per_layer_config", Only(&[Empty], "layers that differ from each other")),
    Field(
        "quantization_config",
        Only(
            &[],
            "its weights are quantized by a method of its own (GPTQ, AWQ, bitsandbytes, FP8 …); take the model's original \
             safetensors, or a GGUF of it",
        ),
    ),
    Field("num_experts", Only(&[Number(0.0), Number(1.0)], "a mixture of experts")),
    Field("num_local_experts", Only(&[Number(0.0), Number(1.0)], "a mixture of experts")),
    Field("n_routed_experts", Only(&[Number(0.0)], "a mixture of experts")),
    Field("num_experts_per_tok", Only(&[Number(0.0)], "a mixture of experts")),
    Field("position_embedding_type", Only(&[Text("absolute")], "relative positions")),
];

/// The bound of queries, keys and values, if a field gives one.
pub(super) fn clamp(fields: &Fields<'_>, name: &'static str) -> Result<Option<f32>, Error> {
    let found = fields.optional_float(name)?;
    match found.filter(|most| !CLAMPS.contains(most)) {
        Some(wrong) => Err(fields.bad(name, "a number above 0", &wrong.to_string())),
        None => Ok(found),
    }
}

/// The same where 0 means none.
pub(super) fn clamp_or_zero(fields: &Fields<'_>, name: &'static str) -> Result<Option<f32>, Error> {
    if fields.optional_float(name)? == Some(0.0) { Ok(None) } else { clamp(fields, name) }
}

/// The config of a model with layer norms whose layers are alike; the caller fills in the sizes that are 0 here.
pub(super) fn layer_norms(arch: &str, n_heads: usize, d_head: usize, layer: Layer) -> Config {
    Config {
        arch: arch.into(),
        name: arch.into(),
        n_layers: 0,
        n_heads,
        n_kv_heads: n_heads,
        d_model: 0,
        narrow: None,
        d_head,
        n_ctx: 0,
        n_vocab: 0,
        norm: NormKind::Layer,
        norm_eps: 0.0,
        causal: true,
        rotaries: Vec::new(),
        scales: Scales::default(),
        layers: PerLayer::same(layer),
    }
}

/// Refuses grouped queries of an architecture that has a key for each.
pub(super) fn no_groups(fields: &Fields<'_>, n_heads: usize) -> Result<(), Error> {
    match fields.optional_size("attention.head_count_kv")?.filter(|kv| *kv != n_heads) {
        Some(kv) => {
            let text = format!("is {kv}: grouped queries (of {n_heads} heads) are not computed for this architecture");
            Err(fields.refused("attention.head_count_kv", text))
        }
        None => Ok(()),
    }
}

/// The config in a GGUF of a model with layer norms and as many keys as queries: `plain` makes one of `d_model`, the
/// number of heads and the width of each, to which the other sizes are added.
pub(super) fn gguf_config(
    meta: &Metadata,
    fields: &Fields<'_>,
    loader: &Loader<'_>,
    plain: impl Fn(usize, usize, usize) -> Config,
) -> Result<Config, Error> {
    let (d_model, n_heads) = (fields.size("embedding_length")?, fields.size("attention.head_count")?);
    no_groups(fields, n_heads)?;
    let eps = fields.optional_float("attention.layer_norm_epsilon")?;
    let mut config = Config {
        name: meta.model_name().unwrap_or_else(|| fields.arch.into()),
        n_layers: fields.size("block_count")?,
        n_ctx: fields.size("context_length")?,
        n_vocab: loader.tensors.require_any("token_embd.weight")?.rows(),
        norm_eps: eps.ok_or_else(|| fields.bad("attention.layer_norm_epsilon", "a number", "nothing"))?,
        causal: fields.flag_or("attention.causal", true)?,
        ..plain(d_model, n_heads, super::share(fields, d_model, n_heads)?)
    };
    let d_ff = fields.size("feed_forward_length")?;
    config.layers = config.layers.map(|layer| {
        let mut layer = *layer;
        layer.mlp = layer.mlp.map(|mlp| Mlp { d_ff, ..mlp });
        layer
    });
    config.check(loader.origin)?;
    Ok(config)
}

/// A block of a GGUF whose q, k and v stand in one matrix, one after the other, and whose MLP has no gate; `bias` says
/// whether matrices and norms have one.
pub(super) fn gguf_block(loader: &Loader<'_>, c: &Config, l: usize, bias: Bias) -> Result<BlockWeights, Error> {
    let (d, d_ff) = (c.d_model, c.d_ff());
    let at = |name: &str| format!("blk.{l}.{name}");
    let linear = |name: &str, n_out, n_in| loader.linear(&at(name), n_out, n_in, bias);
    let norm = |name: &str| loader.layer_norm_with(&at(name), d, bias).map(Norms::before);
    Ok(BlockWeights {
        norms: norm("attn_norm")?,
        mlp: Some(MlpWeights {
            norms: norm("ffn_norm")?,
            gate: None,
            up: linear("ffn_up", d_ff, d)?,
            down: linear("ffn_down", d, d_ff)?,
        }),
        ..BlockWeights::of(thirds(&linear("attn_qkv", 3 * d, d)?, d), linear("attn_output", d, d)?)
    })
}

/// The tensors outside the blocks of a GGUF, with those of the blocks; a file without a head has the embedding for it.
pub(super) fn gguf_weights(
    loader: &Loader<'_>,
    c: &Config,
    bias: Bias,
    blocks: Vec<BlockWeights>,
) -> Result<Weights, Error> {
    let shape = [c.n_vocab, c.d_model];
    let embed = loader.tensor("token_embd.weight", &shape)?;
    let untied = loader.tensors.holds("output.weight");
    let unembed = if untied { loader.tensor("output.weight", &shape)? } else { embed.clone() };
    Ok(Weights {
        final_norm: Some(loader.layer_norm_with("output_norm", c.d_model, bias)?),
        unembed: Some(unembed),
        ..Weights::of(embed, blocks)
    })
}
