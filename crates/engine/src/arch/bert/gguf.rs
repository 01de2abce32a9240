//! BERT's kin as llama.cpp keeps them: `bert`, and `nomic-bert`, whose positions are rotary and whose MLP is gated.

use super::{headless, plain};
use crate::arch::fields::Means::{Harmless, Only, Used};
use crate::arch::fields::Plain::{Number, Text};
use crate::arch::fields::{Field, Fields, Tables};
use crate::arch::loader::{Bias, Loader, thirds};
use crate::arch::{Read, common, rope, share};
use crate::config::{Activation, Config, Mlp, Pairs, Rotary};
use crate::format::gguf::Metadata;
use crate::weights::{BlockWeights, MlpWeights, Norms, Weights};
use crate::{Error, Layer};

/// The keys of a GGUF, without `bert.`.
pub(in crate::arch) const GGUF_KEYS: &[Field] = &[
    Field("attention.head_count_kv", Harmless("BERT has as many keys as queries")),
    Field("pooling_type", Harmless("how a text becomes one vector, which is asked for by other means")),
];

/// Those of `nomic-bert` besides.
pub(in crate::arch) const NOMIC_KEYS: &[Field] = &[
    Field("rope.freq_base", Used),
    Field("rope.dimension_count", Used),
    Field("rope.scaling.type", Only(&[Text("none")], "scaled rotary positions")),
    Field("rope.scaling.factor", Only(&[Number(0.0), Number(1.0)], "scaled rotary positions")),
    Field("moe_every_n_layers", Only(&[Number(0.0)], "a mixture of experts")),
];

/// Tensors that affect no number computed here.
const IGNORED: &[(&str, &str)] = &[("cls.", "a classifier's head"), ("pooler.", "a head on top of the first token")];

/// Reads GGUF metadata and llama.cpp's tensor names. The converter leaves out RoBERTa's rows before the first position.
pub(in crate::arch) fn gguf(meta: &Metadata, loader: &Loader<'_>, arch: &'static str) -> Result<Read, Error> {
    let is_nomic = arch == "nomic-bert";
    let tables: Tables = match is_nomic {
        true => &[NOMIC_KEYS, GGUF_KEYS, common::LAYER_NORM_KEYS],
        false => &[GGUF_KEYS, common::LAYER_NORM_KEYS],
    };
    let fields = Fields::gguf(meta, arch, tables)?;
    let (d, n_heads) = (fields.size("embedding_length")?, fields.size("attention.head_count")?);
    let d_head = share(&fields, d, n_heads)?;
    let d_ff = fields.size("feed_forward_length")?;
    let mlp = Mlp::one(d_ff, if is_nomic { Activation::Silu } else { Activation::Gelu });
    let eps = fields.optional_float("attention.layer_norm_epsilon")?;
    let n_ctx = fields.size("context_length")?;
    let rotary = is_nomic.then(|| rotary(&fields, d_head)).transpose()?;
    let positions = (!is_nomic).then(|| loader.tensors.require_any("position_embd.weight").map(|table| table.rows()));
    let positions = positions.transpose()?;
    let plain = plain(arch, d, n_heads, d_head, mlp);
    let config = Config {
        name: meta.model_name().unwrap_or_else(|| arch.into()),
        norm_eps: eps.ok_or_else(|| fields.bad("attention.layer_norm_epsilon", "a number", "nothing"))?,
        causal: fields.flag_or("attention.causal", false)?,
        n_layers: fields.size("block_count")?,
        n_ctx: positions.map_or(n_ctx, |positions| n_ctx.min(positions)),
        n_vocab: loader.tensors.require_any("token_embd.weight")?.rows(),
        layers: plain.layers.map(|layer| Layer { rotary: rotary.is_some().then_some(0), ..*layer }),
        rotaries: rotary.into_iter().collect(),
        ..plain
    };
    config.check(loader.origin)?;
    let biased = if is_nomic { Bias::IfThere } else { Bias::Yes };
    let types = loader.has("token_types.weight").then(|| {
        let rows = loader.tensors.require_any("token_types.weight")?.rows();
        loader.tensor("token_types.weight", &[rows, d])
    });
    let table = |positions| loader.tensor("position_embd.weight", &[positions, d]);
    let weights = Weights {
        positions: positions.map(table).transpose()?,
        token_types: types.transpose()?,
        embed_norm: Some(loader.layer_norm("token_embd_norm", d)?),
        ..Weights::of(
            loader.tensor("token_embd.weight", &[config.n_vocab, d])?,
            (0..config.n_layers).map(|l| block(loader, l, d, d_ff, is_nomic, biased)).collect::<Result<_, Error>>()?,
        )
    };
    loader.finish(arch, IGNORED)?;
    #[cfg(test)]
    crate::arch::tests::asked(&fields);
    let headless = Some(headless(config.causal).into());
    Ok(Read { config, weights, headless })
}

/// The tensors of one layer.
fn block(
    loader: &Loader<'_>,
    l: usize,
    d: usize,
    d_ff: usize,
    gated: bool,
    biased: Bias,
) -> Result<BlockWeights, Error> {
    let at = |name: &str| format!("blk.{l}.{name}");
    let linear = |name: &str, n_out, n_in| loader.linear(&at(name), n_out, n_in, biased);
    let [q, k, v] = if loader.has(&at("attn_qkv.weight")) {
        thirds(&linear("attn_qkv", 3 * d, d)?, d)
    } else {
        [linear("attn_q", d, d)?, linear("attn_k", d, d)?, linear("attn_v", d, d)?]
    };
    Ok(BlockWeights {
        norms: Norms::after(loader.layer_norm(&at("attn_output_norm"), d)?),
        q,
        k,
        v,
        q_norm: None,
        k_norm: None,
        sinks: Vec::new(),
        o: linear("attn_output", d, d)?,
        experts: None,
        mlp: Some(MlpWeights {
            norms: Norms::after(loader.layer_norm(&at("layer_output_norm"), d)?),
            gate: gated.then(|| linear("ffn_gate", d_ff, d)).transpose()?,
            up: linear("ffn_up", d_ff, d)?,
            down: linear("ffn_down", d, d_ff)?,
        }),
    })
}

/// The rotation, by halves of each head.
fn rotary(fields: &Fields<'_>, d_head: usize) -> Result<Rotary, Error> {
    let dim = fields.optional_size("rope.dimension_count")?.unwrap_or(d_head);
    rope::fits(fields, dim, d_head)?;
    let theta = fields.float_or("rope.freq_base", 10_000.0)?;
    if !(1.0..=1e15).contains(&theta) {
        return Err(fields.bad("rope.freq_base", "a number from 1 to 1e15", &theta.to_string()));
    }
    Ok(Rotary::plain(dim, theta, Pairs::Halves))
}
