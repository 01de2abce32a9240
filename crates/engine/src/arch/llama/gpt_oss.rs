//! gpt-oss: windows in every other layer, a sink for each head, and a mixture of experts with biases, whose gate is bounded.
//! Its files hold the experts' matrices in MXFP4, four bits a number.

use super::experts::{self, ExpertNames, IN_GGUF, IN_MLP, ROUTING};
use super::gguf_members::{self as ggufs, GgufMember, HALVES, windows};
use super::members::{HasBias, Kind, KvHeads, LLAMA, Member, SIZES};
use super::{Names, NormNames, gguf, hf};
use crate::arch::fields::Field;
use crate::arch::fields::Means::{Harmless, Only, Used};
use crate::arch::fields::Plain::Number;
use crate::arch::loader::{Bias, Loader};
use crate::arch::{common, rope, window};
use crate::config::{Activation, MOST_LAYERS, Mixture, Mlp};
use crate::format::Tensor;
use crate::weights::{Linear, MlpWeights, Norms};
use crate::{Bytes, Error, PerLayer};
use attnscope_kernels::dequant::DType;
use std::ops::Range;

const FIELDS: &[Field] = &[
    Field("num_local_experts", Used),
    Field("num_experts", Used),
    Field("experts_per_token", Harmless("num_experts_per_tok is what transformers reads")),
    Field("sliding_window", Used),
    Field("layer_types", Used),
    Field("attention_bias", Used),
    Field("quantization_config", Used),
    Field("swiglu_alpha", Only(&[Number(1.702)], "a gate of another slope")),
    Field("swiglu_limit", Only(&[Number(7.0)], "a gate with another bound")),
    Field("initial_context_length", Harmless("rope_scaling says it")),
];

pub(super) const GPT_OSS: Member = Member {
    name: "gpt_oss",
    class: "GptOss",
    tables: &[FIELDS, ROUTING, SIZES, common::SIZES, rope::FIELDS, common::COMMON],
    sizes: [36, 64, 2880],
    d_ff: 2880,
    n_kv_heads: KvHeads::Many(8),
    n_ctx: 131_072,
    n_vocab: 201_088,
    d_head: Some(64),
    eps: (Some("rms_norm_eps"), 1e-5),
    // Whatever it says.
    read_as: |_| Activation::BoundedSilu,
    theta: 150_000.0,
    qkv_bias: HasBias::Field("attention_bias", true),
    o_bias: HasBias::Field("attention_bias", true),
    mlp_bias: HasBias::Never,
    names: &Names { sinks: Some("self_attn.sinks"), experts: &IN_FOLDER, ..hf::NAMES },
    kinds: |fields, n_layers| {
        let window = window::size(fields, 128)?;
        let listed = window::layer_types(fields, n_layers)?;
        let has = listed.unwrap_or_else(|| (0..n_layers.min(MOST_LAYERS)).map(|layer| layer % 2 == 0).collect());
        let windows = window::where_said(fields, "layer_types", window, &has)?;
        Ok(windows.map(|window| Kind { window: *window, rotary: Some(0) }))
    },
    rotaries: |fields, head| {
        if fields.get("rope_scaling")?.is_none() && fields.get("rope_parameters")?.is_none() {
            return Err(fields.bad("rope_scaling", "how positions are scaled", "nothing"));
        }
        Ok(vec![rope::rotary(fields, head)?])
    },
    mlps: |fields, mlp, _| {
        if let Some(how) = fields.get("quantization_config")?
            && how.get("quant_method").and_then(serde_json::Value::as_str) != Some("mxfp4")
        {
            return Err(fields.bad("quantization_config", "none, or the method mxfp4", &how.to_string()));
        }
        let n = fields.size_by_any_name("num_local_experts", &[("num_experts", "num_local_experts")], 128)?;
        let used = fields.size_or("num_experts_per_tok", 4)?;
        Ok(PerLayer::same(Mlp { mixture: Some(Mixture { n, used, normalised: true, shared: None }), ..mlp }))
    },
    ..LLAMA
};

const IN_FOLDER: ExpertNames = ExpertNames {
    router: "mlp.router",
    router_bias: Bias::Yes,
    each: None,
    all: ["", "", "mlp.experts.down_proj", "mlp.experts.gate_up_proj"],
    together: in_folder,
    ..IN_MLP
};

const KEYS: &[Field] = &[Field("attention.sliding_window_pattern", Used)];

pub(super) const GGUF: GgufMember = GgufMember {
    name: "gpt-oss",
    tables: &[KEYS, ggufs::MOE_KEYS, ggufs::EXPERT_KEYS, ggufs::KEYS],
    activation: Activation::BoundedSilu,
    qkv_bias: Bias::Yes,
    o_bias: Bias::Yes,
    names: &Names {
        sinks: Some("attn_sinks.weight"),
        // The norm before the MLP has the name of one that other models have after attention.
        before: NormNames { attn: [Some("attn_norm"), None], mlp: [Some("post_attention_norm"), None] },
        experts: &ExpertNames { router_bias: Bias::Yes, together: in_gguf, ..IN_GGUF },
        ..gguf::NAMES
    },
    kinds: |fields, sizes| {
        let kinds = windows(fields, sizes, None, 2, 0)?;
        if kinds.kinds().iter().all(|kind| kind.window.is_none()) {
            return Err(fields.bad("attention.sliding_window", "1 or more tokens", "none"));
        }
        Ok(kinds)
    },
    mlp: |fields, mlp| experts::gguf(fields, mlp, true, false),
    ..HALVES
};

/// One expert's matrices and biases: gate, up and down.
fn expert(weights: [Tensor; 3], biases: [Vec<f32>; 3]) -> MlpWeights {
    let [gate, up, down] = weights;
    let [gate_bias, up_bias, down_bias] = biases;
    let linear = |weight, bias| Linear { weight, bias: Some(bias) };
    MlpWeights {
        norms: Norms::default(),
        gate: Some(linear(gate, gate_bias)),
        up: linear(up, up_bias),
        down: linear(down, down_bias),
    }
}

/// A tensor `[n_experts, width]` of biases, by expert.
fn biases(
    loader: &Loader<'_>,
    name: &str,
    n: usize,
    width: usize,
) -> Result<impl Fn(usize) -> Vec<f32> + use<>, Error> {
    let all = loader.tensor(name, &[n, width])?;
    let numbers = all.to_f32();
    if !numbers.iter().all(|x| x.is_finite()) {
        return Err(Error::format(loader.origin, format!("tensor `{name}` holds NaN or Inf; the file is damaged")));
    }
    Ok(move |expert: usize| numbers[expert * width..][..width].to_vec())
}

/// The experts as llama.cpp's files have them: gate and up apart, `[n, d_ff, d]`.
fn in_gguf(names: &ExpertNames, loader: &Loader<'_>, at: &str, sizes: [usize; 3]) -> Result<Vec<MlpWeights>, Error> {
    let [n, d_ff, d] = sizes;
    let [gate, up, down] = [0, 1, 2].map(|which| format!("{at}{}", names.all[which]));
    let bias = |name: &str, width| biases(loader, &name.replace(".weight", ".bias"), n, width);
    let (gate_bias, up_bias, down_bias) = (bias(&gate, d_ff)?, bias(&up, d_ff)?, bias(&down, d)?);
    let [gate, up] = [gate, up].map(|name| loader.tensor(&name, &[n, d_ff, d]));
    let (gate, up, down) = (gate?, up?, loader.tensor(&down, &[n, d, d_ff])?);
    let one = |all: &Tensor, at: usize| Tensor { shape: all.shape[1..].to_vec(), ..all.slice_rows(at..at + 1) };
    let weights = |at: usize| [one(&gate, at), one(&up, at), one(&down, at)];
    Ok((0..n).map(|at| expert(weights(at), [gate_bias(at), up_bias(at), down_bias(at)])).collect())
}

/// The experts as transformers has them: rows of gate and up by turns; in MXFP4, or else transposed, `[n, d, 2 · d_ff]`.
fn in_folder(names: &ExpertNames, loader: &Loader<'_>, at: &str, sizes: [usize; 3]) -> Result<Vec<MlpWeights>, Error> {
    let [n, d_ff, d] = sizes;
    let [down, gate_up] = [2, 3].map(|which| format!("{at}{}", names.all[which]));
    let both_bias = biases(loader, &format!("{gate_up}_bias"), n, 2 * d_ff)?;
    let down_bias = biases(loader, &format!("{down}_bias"), n, d)?;
    let (gate_up, down) = (matrices(loader, &gate_up, n, 2 * d_ff, d)?, matrices(loader, &down, n, d, d_ff)?);
    let every_other = |from: usize| (0..d_ff).map(move |row| 2 * row + from..2 * row + from + 1);
    let one = |at: usize| {
        let (both, bias) = (gate_up(at), both_bias(at));
        let half = |from: usize| bias.iter().skip(from).step_by(2).copied().collect();
        let [gate, up] = [0, 1].map(|from| both.gather_rows(every_other(from)));
        expert([gate, up, down(at)], [half(0), half(1), down_bias(at)])
    };
    Ok((0..n).map(one).collect())
}

/// The matrices `[n_out, n_in]` of all experts, one at a time.
fn matrices<'a>(
    loader: &Loader<'a>,
    name: &str,
    n: usize,
    n_out: usize,
    n_in: usize,
) -> Result<Box<dyn Fn(usize) -> Tensor + 'a>, Error> {
    if !loader.has(&format!("{name}_blocks")) {
        let all = loader.tensor(name, &[n, n_in, n_out])?;
        let of = move |at: usize| Tensor { shape: vec![n_in, n_out], ..all.slice_rows(at..at + 1) }.transposed();
        return Ok(Box::new(of));
    }
    const BLOCK: usize = 32;
    if !n_in.is_multiple_of(BLOCK) {
        let text = format!("tensor `{name}_blocks`: rows of {n_in} numbers cannot be stored in blocks of {BLOCK}");
        return Err(Error::config(loader.origin, text));
    }
    let groups = n_in / BLOCK;
    let blocks = loader.raw(&format!("{name}_blocks"), &[n, n_out, groups, BLOCK / 2])?;
    let scales = loader.raw(&format!("{name}_scales"), &[n, n_out, groups])?;
    let name = name.to_owned();
    Ok(Box::new(move |at: usize| {
        let part = |all: &Bytes, size: usize| -> Range<usize> { at * all.len() / n..at * all.len() / n + size };
        let own = n_out * groups;
        let bytes = mxfp4(&blocks[part(&blocks, own * BLOCK / 2)], &scales[part(&scales, own)]);
        Tensor { name: name.clone(), shape: vec![n_out, n_in], dtype: DType::MXFP4, bytes: Bytes::from(bytes) }
    }))
}

/// Blocks of 32 numbers in the order of transformers (neighbours share a byte, their scales stand apart) in that of
/// llama.cpp: a scale, then 16 bytes of which each holds a number of the first half and one of the second.
fn mxfp4(blocks: &[u8], scales: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(blocks.len() + scales.len());
    for (block, scale) in blocks.as_chunks::<16>().0.iter().zip(scales) {
        let number = |i: usize| (block[i / 2] >> (4 * (i % 2))) & 15;
        out.push(*scale);
        out.extend((0..16).map(|i| number(i) | number(i + 16) << 4));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_become_halves() {
        // Number i of the block is i modulo 16.
        let block: Vec<u8> = (0..16u8).map(|i| ((2 * i) % 16) | (((2 * i + 1) % 16) << 4)).collect();
        let out = mxfp4(&block, &[130]);
        assert_eq!(out[0], 130);
        assert!((0..16).all(|i| out[1 + i] == (i as u8) | (i as u8) << 4), "{out:?}");
        // What the format itself makes of it: 2³ times the numbers of four bits.
        let mut numbers = [0.0; 32];
        attnscope_kernels::dequant::dequantize(DType::MXFP4, &out, &mut numbers);
        assert_eq!(numbers[..8], [0.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0]);
        assert_eq!(numbers[9], -4.0);
    }
}
