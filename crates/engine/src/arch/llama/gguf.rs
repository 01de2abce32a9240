//! The family from GGUF metadata and llama.cpp's tensor names.

use super::gguf_members::{GgufMember, Sizes};
use super::gguf_rope::rotary;
use super::{Names, NormNames, NormPlace, Parts, block, layers, weights};
use crate::arch::fields::Fields;
use crate::arch::loader::Loader;
use crate::arch::{Read, share};
use crate::config::{Config, Mlp, NormKind};
use crate::format::gguf::Metadata;
use crate::{Error, PerLayer};

pub(super) const NAMES: Names = Names {
    block: |_, l| format!("blk.{l}."),
    q: "attn_q",
    k: "attn_k",
    v: "attn_v",
    qkv: "attn_qkv",
    q_norm: "attn_q_norm.weight",
    k_norm: "attn_k_norm.weight",
    sinks: None,
    o: "attn_output",
    gate: Some("ffn_gate"),
    up: "ffn_up",
    gate_up: "ffn_gate_up",
    down: "ffn_down",
    experts: &super::experts::IN_GGUF,
    before: NormNames { attn: [Some("attn_norm"), None], mlp: [Some("ffn_norm"), None] },
    both: NormNames {
        attn: [Some("attn_norm"), Some("post_attention_norm")],
        mlp: [Some("ffn_norm"), Some("post_ffw_norm")],
    },
    output: NormNames { attn: [None, Some("post_attention_norm")], mlp: [None, Some("post_ffw_norm")] },
    shared: NormNames { attn: [Some("attn_norm"), None], mlp: [None, None] },
};

/// Reads GGUF metadata and llama.cpp's tensor names.
pub(in crate::arch) fn read(meta: &Metadata, loader: &Loader<'_>, member: &GgufMember) -> Result<Read, Error> {
    let fields = Fields::gguf(meta, member.name, member.tables)?;
    let (config, sizes) = config(meta, &fields, loader, member)?;
    let parts = Parts {
        qkv_bias: member.qkv_bias,
        o_bias: member.o_bias,
        mlp_bias: member.mlp_bias,
        place: (member.place)(loader),
        qk: (member.qk)(loader),
        norm: member.norm,
    };
    let names = member.names;
    let (c, shape) = (&config, [config.n_vocab, config.d_model]);
    let embed = loader.tensor("token_embd.weight", &shape)?;
    let blocks = (0..c.n_layers).map(|l| block(loader, c, l, names, &(NAMES.block)("", l), &parts));
    let blocks = blocks.collect::<Result<_, Error>>()?;
    let final_norm = parts.norm(loader, "output_norm", sizes.d_model)?;
    let tied = !loader.tensors.holds("output.weight");
    let unembed = if tied { embed.clone() } else { loader.tensor("output.weight", &shape)? };
    loader.finish(member.name, &[])?;
    #[cfg(test)]
    crate::arch::tests::asked(&fields);
    let weights = weights(embed, blocks, final_norm, Some(unembed));
    Ok(Read { config, weights, headless: None })
}

fn config(
    meta: &Metadata,
    fields: &Fields<'_>,
    loader: &Loader<'_>,
    member: &GgufMember,
) -> Result<(Config, Sizes), Error> {
    let (n_heads, d_model) = (fields.size("attention.head_count")?, fields.size("embedding_length")?);
    let d_head = match fields.optional_size("attention.key_length")? {
        Some(d_head) => d_head,
        None => share(fields, d_model, n_heads)?,
    };
    if let Some(found) = fields.optional_size("attention.value_length")?.filter(|found| *found != d_head) {
        let text = format!("is {found}: values of another width than a head's {d_head} are not computed");
        return Err(fields.refused("attention.value_length", text));
    }
    let (n_layers, n_ctx) = (fields.size("block_count")?, fields.size("context_length")?);
    let sizes = Sizes { n_layers, n_heads, d_model, d_head, n_ctx };
    let attention = (member.attention)(fields, &sizes)?;
    let kinds = (member.kinds)(fields, &sizes)?;
    let theta = fields.float_or("rope.freq_base", 10_000.0)?;
    let mut rotaries = vec![rotary(fields, loader, &sizes, theta, member.pairs, true)?];
    if let Some(default) = member.window_theta {
        let default = if default == 0.0 { theta } else { fields.float_or("rope.freq_base_swa", default)? };
        rotaries.push(rotary(fields, loader, &sizes, default, member.pairs, false)?);
    } else if member.name == "gemma2" {
        let other = fields.optional_float("rope.freq_base_swa")?.filter(|other| *other != theta);
        if let Some(other) = other {
            return Err(fields.refused("rope.freq_base_swa", format!("is {other}, and rope.freq_base {theta}")));
        }
    }
    let mlp = Mlp::one(fields.size("feed_forward_length")?, member.activation);
    let mlp = (member.mlp)(fields, mlp)?;
    let parallel = (member.place)(loader) == NormPlace::Shared;
    let eps = match member.norm.kind() {
        NormKind::Rms => "attention.layer_norm_rms_epsilon",
        NormKind::Layer => "attention.layer_norm_epsilon",
    };
    let config = Config {
        arch: member.name.into(),
        name: meta.model_name().unwrap_or_else(|| member.name.into()),
        n_layers,
        n_heads,
        n_kv_heads: fields.optional_size("attention.head_count_kv")?.unwrap_or(n_heads),
        d_model,
        narrow: None,
        d_head,
        n_ctx,
        n_vocab: loader.tensors.require_any("token_embd.weight")?.rows(),
        norm: member.norm.kind(),
        norm_eps: required_float(fields, eps)?,
        causal: fields.flag_or("attention.causal", true)?,
        rotaries,
        scales: (member.scales)(fields, &sizes)?,
        layers: layers(n_layers, &kinds, &PerLayer::same(mlp), attention, parallel),
    };
    config.check(loader.origin)?;
    Ok((config, sizes))
}

fn required_float(fields: &Fields<'_>, name: &'static str) -> Result<f32, Error> {
    fields.optional_float(name)?.ok_or_else(|| fields.bad(name, "a number", "nothing"))
}
