//! BERT and its kin: which fields their configs have, and what their tensors are called.

use super::{Kind, Names, Narrow};
use crate::Error;
use crate::arch::common::{self, LABELS, TRAINING};
use crate::arch::fields::Means::{Harmless, Only, Used};
use crate::arch::fields::Plain::{Bool, Number};
use crate::arch::fields::{Field, Fields, Means};
use crate::arch::masked;
use crate::config::{Activation, MOST_LAYERS};

const POOLER: Means = Harmless("for a pooler of its own on top, which is not computed here");

const BERT_NAMES: Names = Names {
    q: "attention.self.query",
    k: "attention.self.key",
    v: "attention.self.value",
    o: "attention.output.dense",
    norm_attn: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    norm_mlp: "output.LayerNorm",
    token_type: Some("embeddings.token_type_embeddings.weight"),
};

const MPNET_NAMES: Names = Names {
    q: "attention.attn.q",
    k: "attention.attn.k",
    v: "attention.attn.v",
    o: "attention.attn.o",
    norm_attn: "attention.LayerNorm",
    token_type: None,
    ..BERT_NAMES
};

const DISTIL_NAMES: Names = Names {
    q: "attention.q_lin",
    k: "attention.k_lin",
    v: "attention.v_lin",
    o: "attention.out_lin",
    norm_attn: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    norm_mlp: "output_layer_norm",
    token_type: None,
};

const ALBERT_NAMES: Names = Names {
    q: "attention.query",
    k: "attention.key",
    v: "attention.value",
    o: "attention.dense",
    norm_attn: "attention.LayerNorm",
    up: "ffn",
    down: "ffn_output",
    norm_mlp: "full_layer_layer_norm",
    token_type: BERT_NAMES.token_type,
};

const FIELDS: &[Field] = &[
    Field("type_vocab_size", Used),
    Field("layer_norm_eps", Used),
    Field("hidden_dropout_prob", TRAINING),
    Field("attention_probs_dropout_prob", TRAINING),
    Field("num_key_value_heads", Only(&[], "grouped queries, which BERT does not have")),
    Field("directionality", Harmless("nothing reads it")),
    Field("gradient_accumulation_steps", TRAINING),
    Field("pooler_fc_size", POOLER),
    Field("pooler_num_attention_heads", POOLER),
    Field("pooler_num_fc_layers", POOLER),
    Field("pooler_size_per_head", POOLER),
    Field("pooler_type", POOLER),
    Field("output_attention", Harmless("what a Python call gives back")),
    Field("sliding_window", Only(&[Number(0.0)], "a window, which BERT does not have")),
];

/// Of those that may be decoders, with embeddings as wide as the stream.
const BERT_FIELDS: &[Field] =
    &[Field("is_decoder", Used), Field("embedding_size", Only(&[], "an embedding of another width (ALBERT, ELECTRA)"))];

const ROBERTA_FIELDS: &[Field] = &[Field("pad_token_id", Used)];

const MPNET_FIELDS: &[Field] = &[
    Field("pad_token_id", Harmless("MPNet's positions begin after token 1, whatever it says")),
    Field("relative_attention_num_buckets", Only(&[Number(32.0)], "relative positions in other ranges")),
    Field("type_vocab_size", Harmless("MPNet has no token types")),
    Field("is_causal", Only(&[Bool(false)], "attention back only, which MPNet does not have")),
];

const ELECTRA_FIELDS: &[Field] = &[
    Field("is_decoder", Used),
    Field("embedding_size", Used),
    Field("summary_type", LABELS),
    Field("summary_use_proj", LABELS),
    Field("summary_activation", LABELS),
    Field("summary_last_dropout", LABELS),
];

const ALBERT_FIELDS: &[Field] = &[
    Field("embedding_size", Used),
    Field("num_hidden_groups", Used),
    Field("inner_group_num", Used),
    Field("is_causal", Only(&[Bool(false)], "attention back only, which ALBERT does not have")),
    Field("is_decoder", Harmless("ALBERT is none, whatever its config says")),
    Field("classifier_dropout_prob", LABELS),
    Field("net_structure_type", Harmless("nothing reads it")),
    Field("num_memory_blocks", Harmless("nothing reads it")),
    Field("gap_size", Harmless("nothing reads it")),
    Field("down_scale_factor", Harmless("nothing reads it")),
];

const DISTIL_FIELDS: &[Field] = &[
    Field("n_layers", Used),
    Field("n_heads", Used),
    Field("dim", Used),
    Field("hidden_dim", Used),
    Field("activation", Used),
    Field("max_position_embeddings", Used),
    Field("vocab_size", Used),
    Field("sinusoidal_pos_embds", Harmless("the file holds the positions, learned or not")),
    Field("dropout", TRAINING),
    Field("attention_dropout", TRAINING),
    Field("qa_dropout", TRAINING),
    Field("seq_classif_dropout", TRAINING),
    Field("tie_weights_", Harmless("nothing reads it")),
    Field("is_causal", Only(&[Bool(false)], "attention back only, which DistilBERT does not have")),
];

/// The families whose `config.json` is read.
pub(in crate::arch) const KINDS: [Kind; 8] = [
    BERT,
    Kind { name: "roberta", class: "Roberta", n_vocab: 50_265, ..ROBERTA },
    Kind { name: "xlm-roberta", class: "XLMRoberta", ..ROBERTA },
    Kind { name: "camembert", class: "Camembert", ..ROBERTA },
    Kind {
        name: "distilbert",
        class: "DistilBert",
        tables: &[DISTIL_FIELDS, common::COMMON],
        sizes: [("n_layers", 6), ("n_heads", 12), ("dim", 768), ("hidden_dim", 3072)],
        activation: ("activation", "gelu"),
        prefix: "distilbert.",
        names: &DISTIL_NAMES,
        places: |_, n_layers| Ok((0..n_layers).map(|l| format!("transformer.layer.{l}.")).collect()),
        head: masked::DISTILBERT,
        decodes: false,
        ..BERT
    },
    Kind {
        name: "mpnet",
        class: "MPNet",
        tables: &[MPNET_FIELDS, FIELDS, common::SIZES, common::COMMON],
        n_vocab: 30_527,
        prefix: "mpnet.",
        names: &MPNET_NAMES,
        head: masked::ROBERTA,
        head_activation: Some(Activation::Gelu),
        padding: |_| Ok(Some(1)),
        decodes: false,
        bias: Some("encoder.relative_attention_bias.weight"),
        ..BERT
    },
    Kind {
        name: "electra",
        class: "Electra",
        tables: &[ELECTRA_FIELDS, FIELDS, common::SIZES, common::COMMON],
        sizes: sizes([12, 4, 256, 1024]),
        prefix: "electra.",
        narrow: Some(Narrow { projection: "embeddings_project", always: false }),
        head: masked::ELECTRA,
        head_activation: Some(Activation::Gelu),
        ..BERT
    },
    Kind {
        name: "albert",
        class: "Albert",
        tables: &[ALBERT_FIELDS, FIELDS, common::SIZES, common::COMMON],
        sizes: sizes([12, 64, 4096, 16_384]),
        n_vocab: 30_000,
        activation: ("hidden_act", "gelu_new"),
        prefix: "albert.",
        names: &ALBERT_NAMES,
        places: shared,
        narrow: Some(Narrow { projection: "encoder.embedding_hidden_mapping_in", always: true }),
        head: masked::ALBERT,
        decodes: false,
        ..BERT
    },
];

const BERT: Kind = Kind {
    name: "bert",
    class: "Bert",
    tables: &[BERT_FIELDS, FIELDS, common::SIZES, common::COMMON],
    sizes: sizes([12, 12, 768, 3072]),
    n_vocab: 30_522,
    activation: ("hidden_act", "gelu"),
    prefix: "bert.",
    names: &BERT_NAMES,
    places: |_, n_layers| Ok((0..n_layers).map(|l| format!("encoder.layer.{l}.")).collect()),
    narrow: None,
    head: masked::BERT,
    head_activation: None,
    bias: None,
    padding: |_| Ok(None),
    decodes: true,
};

const ROBERTA: Kind = Kind {
    tables: &[ROBERTA_FIELDS, BERT_FIELDS, FIELDS, common::SIZES, common::COMMON],
    prefix: "roberta.",
    head: masked::ROBERTA,
    head_activation: Some(Activation::Gelu),
    padding: after_padding,
    ..BERT
};

/// RoBERTa's padding token, after whose row those of the positions begin.
fn after_padding(fields: &Fields<'_>) -> Result<Option<u32>, Error> {
    let id = fields.size_or("pad_token_id", 1)?;
    let id = u32::try_from(id).ok().filter(|id| *id < 1 << 16);
    id.map(Some).ok_or_else(|| fields.bad("pad_token_id", "a small number, after which positions begin", "a large one"))
}

const fn sizes([n_layers, n_heads, d_model, d_ff]: [usize; 4]) -> [(&'static str, usize); 4] {
    [
        ("num_hidden_layers", n_layers),
        ("num_attention_heads", n_heads),
        ("hidden_size", d_model),
        ("intermediate_size", d_ff),
    ]
}

/// ALBERT's layers share their weights (Lan et al. 2020): they are dealt out to groups in order, and each passes through
/// all of its group's layers, mostly one.
fn shared(fields: &Fields<'_>, n_layers: usize) -> Result<Vec<String>, Error> {
    let (groups, inner) = (fields.size_or("num_hidden_groups", 1)?, fields.size_or("inner_group_num", 1)?);
    for (name, n) in [("num_hidden_groups", groups), ("inner_group_num", inner)] {
        if n == 0 || n > MOST_LAYERS {
            return Err(fields.bad(name, &format!("1 to {MOST_LAYERS}"), &n.to_string()));
        }
    }
    if n_layers.saturating_mul(inner) > MOST_LAYERS {
        let text = format!("is {inner}: with num_hidden_layers {n_layers} more than {MOST_LAYERS} layers");
        return Err(fields.refused("inner_group_num", text));
    }
    // As transformers divides, in floating point.
    let group = |l: usize| (l as f64 / (n_layers as f64 / groups as f64)) as usize;
    let place = |l: usize, i: usize| format!("encoder.albert_layer_groups.{}.albert_layers.{i}.", group(l));
    Ok((0..n_layers).flat_map(|l| (0..inner).map(move |i| place(l, i))).collect())
}
