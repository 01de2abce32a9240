//! The family from `config.json` and Hugging Face's tensor names.

use super::members::{HasBias, KvHeads};
use super::{Member, Names, NormNames, NormPlace, Parts, block, layers, weights};
use crate::Error;
use crate::arch::fields::Fields;
use crate::arch::loader::{Bias, Ignored, Loader};
use crate::arch::rope::Head;
use crate::arch::{Read, head, share};
use crate::config::{Config, Mlp};
use serde_json::Value;

pub(super) const NAMES: Names = Names {
    block: |prefix, l| format!("{prefix}layers.{l}."),
    q: "self_attn.q_proj",
    k: "self_attn.k_proj",
    v: "self_attn.v_proj",
    qkv: "self_attn.qkv_proj",
    q_norm: "self_attn.q_norm.weight",
    k_norm: "self_attn.k_norm.weight",
    sinks: None,
    o: "self_attn.o_proj",
    gate: Some("mlp.gate_proj"),
    up: "mlp.up_proj",
    gate_up: "mlp.gate_up_proj",
    down: "mlp.down_proj",
    experts: &super::experts::IN_MLP,
    before: NormNames { attn: [Some("input_layernorm"), None], mlp: [Some("post_attention_layernorm"), None] },
    both: NormNames {
        attn: [Some("input_layernorm"), Some("post_attention_layernorm")],
        mlp: [Some("pre_feedforward_layernorm"), Some("post_feedforward_layernorm")],
    },
    output: NormNames {
        attn: [None, Some("post_attention_layernorm")],
        mlp: [None, Some("post_feedforward_layernorm")],
    },
    shared: NormNames { attn: [Some("input_layernorm"), None], mlp: [None, None] },
};

/// Tensors of Hugging Face's files that affect no number computed here.
const IGNORED: Ignored = &[
    ("rotary_emb.inv_freq", "made anew from theta; older checkpoints kept it"),
    ("score.", "a classifier's head"),
    ("classifier.", "a classifier's head"),
    ("qa_outputs.", "a classifier's head"),
];

/// Reads `config.json` and Hugging Face's tensor names.
pub(in crate::arch) fn read(json: &Value, loader: &Loader<'_>, member: &Member) -> Result<Read, Error> {
    let fields = Fields::json(json, loader.origin, member.name, member.tables)?;
    let config = config(&fields, member)?;
    let bias = |has: HasBias| {
        let has = match has {
            HasBias::Always => true,
            HasBias::Never => false,
            HasBias::Field(name, default) => fields.flag_or(name, default)?,
        };
        Ok::<_, Error>(if has { Bias::Yes } else { Bias::No })
    };
    let parts = Parts {
        qkv_bias: bias(member.qkv_bias)?,
        o_bias: bias(member.o_bias)?,
        mlp_bias: bias(member.mlp_bias)?,
        place: (member.place)(&fields)?,
        qk: (member.qk)(&fields)?,
        norm: member.norm,
    };
    let trained = head::trained(&fields, member.class)?;
    let tied = fields.flag_or("tie_word_embeddings", member.tied)?;
    let prefix = loader.prefix(&["model.", ""], "norm.weight");
    let (d, c) = (config.d_model, &config);
    let embed = head::embed(loader, &format!("{prefix}embed_tokens.weight"), &[c.n_vocab, d], tied, head::HEAD)?;
    let blocks = (0..c.n_layers).map(|l| block(loader, c, l, member.names, &(member.names.block)(prefix, l), &parts));
    let blocks = blocks.collect::<Result<_, Error>>()?;
    let final_norm = parts.norm(loader, &format!("{prefix}norm"), d)?;
    let (unembed, headless) = Read::head(head::unembed(&fields, loader, &trained, tied, &embed, head::HEAD)?);
    loader.finish(member.name, IGNORED)?;
    let weights = weights(embed, blocks, final_norm, unembed);
    #[cfg(test)]
    crate::arch::tests::asked(&fields);
    Ok(Read { config, weights, headless })
}

fn config(fields: &Fields<'_>, member: &Member) -> Result<Config, Error> {
    let [n_layers, n_heads, d_model] = member.sizes;
    let (n_heads, d_model) = (fields.size_or("num_attention_heads", n_heads)?, fields.size_or("hidden_size", d_model)?);
    let n_layers = fields.size_or("num_hidden_layers", n_layers)?;
    let n_kv_heads = match (fields.optional_size("num_key_value_heads")?, member.n_kv_heads) {
        (Some(n), _) => n,
        (None, KvHeads::Many(n)) if !fields.is_null("num_key_value_heads") => n,
        (None, _) => n_heads,
    };
    let d_head = match (fields.optional_size("head_dim")?, member.d_head) {
        (Some(d), _) => d,
        (None, Some(_)) if fields.is_null("head_dim") => return Err(fields.bad("head_dim", "a whole number", "null")),
        (None, Some(d)) => d,
        (None, None) => share(fields, d_model, n_heads)?,
    };
    let n_ctx = fields.size_or("max_position_embeddings", member.n_ctx)?;
    let head = Head { d_head, n_ctx, theta: member.theta, part: member.part, original: member.original };
    let kinds = (member.kinds)(fields, n_layers)?;
    let causal = fields.flag_or("is_causal", true)?;
    if let Some(window) = kinds.kinds().iter().find_map(|kind| kind.window).filter(|_| !causal) {
        return Err(fields.refused("is_causal", format!("is false, beside a window of {window} tokens: not computed")));
    }
    let (field, default) = member.activation;
    let mlp = Mlp::one(
        fields.size_or("intermediate_size", member.d_ff)?,
        (member.read_as)(fields.activation_or(field, default)?),
    );
    let attention = (member.attention)(fields, d_head)?;
    let parallel = (member.place)(fields)? == NormPlace::Shared;
    let mut rotaries = (member.rotaries)(fields, head)?;
    rotaries.iter_mut().for_each(|rotary| rotary.pairs = member.pairs);
    let config = Config {
        arch: member.name.into(),
        name: member.name.into(),
        n_layers,
        n_heads,
        n_kv_heads,
        d_model,
        narrow: None,
        d_head,
        n_ctx,
        n_vocab: fields.size_or("vocab_size", member.n_vocab)?,
        norm: member.norm.kind(),
        norm_eps: match member.eps {
            (Some(field), default) => fields.float_or(field, default)?,
            (None, eps) => eps,
        },
        causal,
        rotaries,
        scales: (member.scales)(fields, d_model)?,
        layers: layers(n_layers, &kinds, &(member.mlps)(fields, mlp, n_layers)?, attention, parallel),
    };
    config.check(fields.origin)?;
    Ok(config)
}
