//! The family from GGUF metadata and llama.cpp's tensor names.

use super::{Names, Parts, block, weights};
use crate::Error;
use crate::arch::fields::Means::{Harmless, Only, Used};
use crate::arch::fields::Plain::{Bool, Number};
use crate::arch::fields::{Field, Fields, Means};
use crate::arch::loader::{Bias, Loader};
use crate::arch::{Read, share};
use crate::config::{Activation, Config, Mlp, NormKind, NormPlace, Pairs, Rotary};
use crate::format::gguf::Metadata;
use crate::{Attention, Layer, PerLayer};

const NAMES: Names = Names {
    block: |_, l| format!("blk.{l}."),
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
};

const NOT_READ: Means = Harmless("llama.cpp does not read it for this architecture");

/// The keys of a GGUF, without `llama.` (or `qwen2.`, `qwen3.`).
pub(in crate::arch) const KEYS: &[Field] = &[
    Field("block_count", Used),
    Field("attention.head_count", Used),
    Field("attention.head_count_kv", Used),
    Field("attention.key_length", Used),
    Field("attention.value_length", Used),
    Field("embedding_length", Used),
    Field("feed_forward_length", Used),
    Field("context_length", Used),
    Field("attention.layer_norm_rms_epsilon", Used),
    Field("attention.causal", Used),
    Field("attention.sliding_window", Used),
    Field("attention.scale", Used),
    Field("rope.freq_base", Used),
    Field("rope.dimension_count", Used),
    Field("rope.scaling.type", Used),
    Field("rope.scaling.factor", Used),
    Field("rope.scale_linear", Used),
    Field("attention.layer_norm_epsilon", NOT_READ),
    Field(
        "rope.scaling.original_context_length",
        Harmless("only scaled rotary positions read it, and those are refused"),
    ),
    Field("rope.scaling.finetuned", Harmless("only scaled rotary positions read it, and those are refused")),
    Field("rope.scaling.attn_factor", Only(&[Number(1.0)], "scaled rotary positions")),
    Field("rope.scaling.yarn_log_multiplier", Only(&[Number(0.0)], "scaled rotary positions")),
    Field("vocab_size", Harmless("the embedding has as many rows as there are tokens")),
    Field("tensor_data_layout", Harmless("a name or a version")),
    Field("pooling_type", Harmless("how a text becomes one vector, which is asked for by other means")),
    Field("use_parallel_residual", Only(&[Bool(false)], "attention and MLP side by side")),
    Field("expert_count", Only(&[Number(0.0)], "a mixture of experts")),
    Field("expert_used_count", Only(&[Number(0.0)], "a mixture of experts")),
    Field("expert_shared_count", Only(&[Number(0.0)], "a mixture of experts")),
    Field("logit_scale", Only(&[Number(0.0), Number(1.0)], "scaled logits")),
    Field("residual_scale", Only(&[Number(0.0), Number(1.0)], "scaled residuals")),
    Field("embedding_scale", Only(&[Number(0.0), Number(1.0)], "a scaled embedding")),
    Field("attention.clamp_kqv", Only(&[Number(0.0)], "queries, keys and values that are clamped")),
    Field("attention.max_alibi_bias", Only(&[Number(0.0)], "ALiBi positions")),
    Field("attn_logit_softcapping", Only(&[Number(0.0)], "a cap on scores")),
    Field("final_logit_softcapping", Only(&[Number(0.0)], "a cap on logits")),
];

/// Reads GGUF metadata and llama.cpp's tensor names.
pub(in crate::arch) fn read(meta: &Metadata, loader: &Loader<'_>, arch: &str) -> Result<Read, Error> {
    let fields = Fields::gguf(meta, arch, &[KEYS])?;
    refuse_scaling(&fields, loader)?;
    let (n_heads, d_model) = (fields.size("attention.head_count")?, fields.size("embedding_length")?);
    let d_head = match fields.optional_size("attention.key_length")? {
        Some(d_head) => d_head,
        None => share(&fields, d_model, n_heads)?,
    };
    for (name, what) in [("attention.value_length", "values"), ("rope.dimension_count", "rotary positions")] {
        if let Some(found) = fields.optional_size(name)?.filter(|found| *found != d_head) {
            let text = format!("is {found}: {what} of another width than a head's {d_head} are not computed");
            return Err(fields.refused(name, text));
        }
    }
    let scale = fields.float_or("attention.scale", 0.0)?;
    if scale != 0.0 && (scale * (d_head as f32).sqrt() - 1.0).abs() > 1e-5 {
        return Err(fields.refused("attention.scale", format!("is {scale}: only 1/√{d_head} is computed")));
    }
    let n_ctx = fields.size("context_length")?;
    // llama.cpp reads no window for these architectures, but a file that has one may still rely on it.
    if let Some(window) = fields.optional_size("attention.sliding_window")?.filter(|w| (1..n_ctx).contains(w)) {
        let text = format!("is {window}: llama.cpp reads no window for `{arch}`, so it is not clear what is meant");
        return Err(fields.refused("attention.sliding_window", text));
    }
    let n_vocab = loader.tensors.require_any("token_embd.weight")?.rows();
    let config = Config {
        arch: arch.into(),
        name: meta.model_name().unwrap_or_else(|| arch.into()),
        n_layers: fields.size("block_count")?,
        n_heads,
        n_kv_heads: fields.optional_size("attention.head_count_kv")?.unwrap_or(n_heads),
        d_model,
        d_head,
        n_ctx,
        n_vocab,
        norm: NormKind::Rms,
        norm_eps: required_float(&fields, "attention.layer_norm_rms_epsilon")?,
        causal: fields.flag_or("attention.causal", true)?,
        rotaries: vec![Rotary {
            theta: fields.float_or("rope.freq_base", 10_000.0)?,
            dim: d_head,
            // Only `llama` files have their q and k rows permuted for interleaved pairs.
            pairs: if arch == "llama" { Pairs::Interleaved } else { Pairs::Halves },
        }],
        layers: PerLayer::same(Layer {
            attention: Attention::plain(d_head),
            rotary: Some(0),
            norm_place: NormPlace::Pre,
            mlp: Some(Mlp { d_ff: fields.size("feed_forward_length")?, activation: Activation::Silu }),
        }),
    };
    config.check(loader.origin)?;
    let parts = match arch {
        "qwen2" => Parts { qkv_bias: Bias::Yes, o_bias: Bias::No, mlp_bias: Bias::No, norms: false },
        "qwen3" => Parts { qkv_bias: Bias::No, o_bias: Bias::No, mlp_bias: Bias::No, norms: true },
        _ => Parts { qkv_bias: Bias::IfThere, o_bias: Bias::IfThere, mlp_bias: Bias::IfThere, norms: false },
    };
    let (c, shape) = (&config, [config.n_vocab, config.d_model]);
    let embed = loader.tensor("token_embd.weight", &shape)?;
    let blocks = (0..c.n_layers).map(|l| block(loader, c, l, &NAMES, &(NAMES.block)("", l), &parts));
    let blocks = blocks.collect::<Result<_, Error>>()?;
    let final_norm = loader.rms("output_norm", d_model)?;
    let tied = !loader.tensors.holds("output.weight");
    let unembed = if tied { embed.clone() } else { loader.tensor("output.weight", &shape)? };
    loader.finish(arch, &[])?;
    #[cfg(test)]
    crate::arch::tests::asked(&fields);
    let weights = weights(embed, blocks, final_norm, Some(unembed));
    Ok(Read { config, weights, headless: None })
}

fn required_float(fields: &Fields<'_>, name: &'static str) -> Result<f32, Error> {
    fields.optional_float(name)?.ok_or_else(|| fields.bad(name, "a number", "nothing"))
}

/// llama.cpp scales positions if a factor is given, whatever the type, and also by the numbers in `rope_freqs.weight`.
fn refuse_scaling(fields: &Fields<'_>, loader: &Loader<'_>) -> Result<(), Error> {
    let kind = fields.get("rope.scaling.type")?;
    let off = kind.as_ref().is_some_and(|kind| kind == "none");
    if let Some(kind) = kind.filter(|kind| !off && kind != "linear") {
        return Err(
            fields.refused("rope.scaling.type", format!("is {kind}: scaled rotary positions are not supported"))
        );
    }
    // A factor of 0 means none, and the older key counts only if the newer one is missing.
    for name in ["rope.scaling.factor", "rope.scale_linear"] {
        let factor = fields.float_or(name, 0.0)?;
        if !off && factor != 0.0 && factor != 1.0 {
            let text = format!("is {factor}: scaled rotary positions (linear scaling) are not supported");
            return Err(fields.refused(name, text));
        }
    }
    if loader.tensors.holds("rope_freqs.weight") {
        let text = "scaled rotary positions (rope_freqs.weight) are not supported; Llama 3.1 and later have them";
        return Err(Error::config(loader.origin, text));
    }
    Ok(())
}
