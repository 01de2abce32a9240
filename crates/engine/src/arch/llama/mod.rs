//! Llama and its family: rotary positions, an MLP with a gate, grouped queries. The members differ in what their norms are
//! and where they stand, in windows, biases, normed queries, scaled numbers, and in the defaults for what their configs
//! leave out.

mod experts;
mod gemma;
mod gguf;
mod gguf_members;
mod gguf_rope;
mod gpt_oss;
mod hf;
mod layer_normed;
mod members;

pub(super) use gguf::read as gguf;
pub(super) use gguf_members::MEMBERS as GGUF_MEMBERS;
#[cfg(test)]
pub(super) use gguf_members::{GgufMember, KEYS as GGUF_KEYS};
pub(super) use hf::read as hf;
pub(super) use members::{MEMBERS, Member};

use members::Kind;

use self::experts::ExpertNames;
use super::loader::{Bias, Loader, rows};
use crate::config::{Config, MOST_LAYERS, Mlp, NormKind};
use crate::experts::Experts;
use crate::format::Tensor;
use crate::weights::{BlockWeights, HeadNorm, MlpWeights, Norm, Norms, Weights};
use crate::{Attention, Error, Layer, PerLayer};

/// The names under which one file format stores the tensors of a block.
pub(in crate::arch) struct Names {
    block: fn(&str, usize) -> String,
    q: &'static str,
    k: &'static str,
    v: &'static str,
    /// q, k and v in one matrix, where they are.
    qkv: &'static str,
    q_norm: &'static str,
    k_norm: &'static str,
    /// A number for each head that takes part in its softmax, where there is one.
    sinks: Option<&'static str>,
    o: &'static str,
    /// None in an MLP without a gate.
    gate: Option<&'static str>,
    up: &'static str,
    /// Gate and up in one matrix, where they are.
    gate_up: &'static str,
    down: &'static str,
    /// Those of a mixture of experts.
    experts: &'static ExpertNames,
    /// The norms where they only stand before attention and MLP.
    before: NormNames,
    /// Where each stands twice: before, and on the output.
    both: NormNames,
    /// Where they only stand on the outputs.
    output: NormNames,
    /// Where one stands before attention and MLP, which are side by side.
    shared: NormNames,
}

/// The names of the norms before attention, on its output, before the MLP and on its output.
pub(in crate::arch) struct NormNames {
    attn: [Option<&'static str>; 2],
    mlp: [Option<&'static str>; 2],
}

/// Where the norms of a block stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NormPlace {
    /// Before attention and MLP: Llama.
    Before,
    /// Before them, and on their outputs: Gemma 2.
    Both,
    /// On their outputs only: OLMo 2.
    Output,
    /// One for both, which read the same and stand side by side: Cohere.
    Shared,
}

/// What a norm does, and what of it is learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NormForm {
    /// RMS norm.
    Rms,
    /// RMS norm that multiplies by 1 + weight, as Gemma's files ask (those of llama.cpp hold the sum).
    RmsPlusOne,
    /// Layer norm: StableLM.
    Layer,
    /// Layer norm whose biases are 0: Cohere.
    LayerWithoutBias,
    /// Layer norm of which nothing is learned, its weights are 1: OLMo 1.
    LayerUnlearned,
}

impl NormForm {
    fn kind(self) -> NormKind {
        match self {
            Self::Rms | Self::RmsPlusOne => NormKind::Rms,
            Self::Layer | Self::LayerWithoutBias | Self::LayerUnlearned => NormKind::Layer,
        }
    }
}

/// What is normed of queries and keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum QkNorm {
    /// Nothing.
    None,
    /// Each head alone: Qwen 3.
    Head,
    /// All heads together: OLMo 2.
    All,
    /// Each head alone, by a layer norm with weights of its own, which stand in one matrix: Command R+.
    Own,
    /// The same, with a tensor for each head: StableLM 2 12B.
    OwnEach,
}

/// What the blocks of a model are made of.
struct Parts {
    qkv_bias: Bias,
    o_bias: Bias,
    mlp_bias: Bias,
    place: NormPlace,
    qk: QkNorm,
    norm: NormForm,
}

impl Parts {
    fn norm(&self, loader: &Loader<'_>, name: &str, d: usize) -> Result<Norm, Error> {
        let weight = || self.weight(loader, &format!("{name}.weight"), d);
        match self.norm {
            NormForm::Layer => loader.layer_norm(name, d),
            NormForm::LayerUnlearned => Ok(Norm { weight: vec![1.0; d], bias: Vec::new() }),
            NormForm::Rms | NormForm::RmsPlusOne | NormForm::LayerWithoutBias => {
                Ok(Norm { weight: weight()?, bias: Vec::new() })
            }
        }
    }

    fn weight(&self, loader: &Loader<'_>, name: &str, d: usize) -> Result<Vec<f32>, Error> {
        let mut weight = loader.vector(name, d)?;
        if self.norm == NormForm::RmsPlusOne {
            weight.iter_mut().for_each(|w| *w += 1.0);
        }
        Ok(weight)
    }
}

/// The settings of the layers. More than allowed are not listed; the config's check refuses the number.
fn layers(
    n_layers: usize,
    kinds: &PerLayer<Kind>,
    mlps: &PerLayer<Mlp>,
    attention: Attention,
    parallel: bool,
) -> PerLayer<Layer> {
    let layer = |l: usize| Layer {
        attention: Attention { window: kinds[l].window, ..attention },
        rotary: kinds[l].rotary,
        parallel,
        mlp: Some(mlps[l]),
    };
    PerLayer::of(&(0..n_layers.clamp(1, MOST_LAYERS)).map(layer).collect::<Vec<_>>())
}

/// The tensors of layer `l`, whose names begin with `at`.
fn block(
    loader: &Loader<'_>,
    c: &Config,
    l: usize,
    names: &Names,
    at: &str,
    parts: &Parts,
) -> Result<BlockWeights, Error> {
    let at = |name: &str| format!("{at}{name}");
    let (d, heads, kv) = (c.d_model, c.n_heads * c.d_head, c.n_kv_heads * c.d_head);
    let norms = |[before, output]: [Option<&str>; 2]| {
        let norm = |name: Option<&str>| name.map(|name| parts.norm(loader, &at(name), d)).transpose();
        Ok::<_, Error>(Norms { before: norm(before)?, output: norm(output)?, after: None })
    };
    let place = match parts.place {
        NormPlace::Before => &names.before,
        NormPlace::Both => &names.both,
        NormPlace::Output => &names.output,
        NormPlace::Shared => &names.shared,
    };
    let qk_norm = |name: &str, n_heads| head_norm(loader, parts, &at(name), n_heads, c.d_head);
    let sinks = names.sinks.map(|name| loader.vector(&at(name), c.n_heads));
    let mlp = |Mlp { d_ff, .. }| {
        let (gate, up) = if loader.has(&format!("{}.weight", at(names.gate_up))) {
            let fused = loader.linear(&at(names.gate_up), 2 * d_ff, d, parts.mlp_bias)?;
            (Some(rows(&fused, 0, d_ff)), rows(&fused, d_ff, d_ff))
        } else {
            let linear = |name: &str| loader.linear(&at(name), d_ff, d, parts.mlp_bias);
            (names.gate.map(linear).transpose()?, linear(names.up)?)
        };
        let down = loader.linear(&at(names.down), d, d_ff, parts.mlp_bias)?;
        Ok::<_, Error>(MlpWeights { norms: norms(place.mlp)?, gate, up, down })
    };
    let mixture =
        |mlp| Ok::<_, Error>(Experts { norms: norms(place.mlp)?, ..names.experts.read(loader, &at(""), mlp, d)? });
    let [q, k, v] = if loader.has(&format!("{}.weight", at(names.qkv))) {
        let fused = loader.linear(&at(names.qkv), heads + 2 * kv, d, parts.qkv_bias)?;
        [rows(&fused, 0, heads), rows(&fused, heads, kv), rows(&fused, heads + kv, kv)]
    } else {
        let linear = |name: &str, n_out| loader.linear(&at(name), n_out, d, parts.qkv_bias);
        [linear(names.q, heads)?, linear(names.k, kv)?, linear(names.v, kv)?]
    };
    Ok(BlockWeights {
        norms: norms(place.attn)?,
        q,
        k,
        v,
        q_norm: qk_norm(names.q_norm, c.n_heads)?,
        k_norm: qk_norm(names.k_norm, c.n_kv_heads)?,
        sinks: sinks.transpose()?.unwrap_or_default(),
        o: loader.linear(&at(names.o), d, heads, parts.o_bias)?,
        experts: c.layers[l].mlp.and_then(|mlp| Some((mlp, mlp.mixture?))).map(mixture).transpose()?,
        mlp: c.layers[l].mlp.filter(|mlp| mlp.mixture.is_none()).map(mlp).transpose()?,
    })
}

/// The norm of queries or keys, by the name of its tensor, or of what comes before the heads' own ones.
fn head_norm(
    loader: &Loader<'_>,
    parts: &Parts,
    name: &str,
    n_heads: usize,
    d_head: usize,
) -> Result<Option<HeadNorm>, Error> {
    let weight = match parts.qk {
        QkNorm::None => return Ok(None),
        QkNorm::Head => parts.weight(loader, name, d_head)?,
        QkNorm::All => parts.weight(loader, name, n_heads * d_head)?,
        QkNorm::Own => loader.numbers(name, &[n_heads, d_head])?,
        QkNorm::OwnEach => {
            let each = (0..n_heads).map(|head| loader.vector(&format!("{name}.norms.{head}.weight"), d_head));
            each.collect::<Result<Vec<_>, _>>()?.concat()
        }
    };
    let is_own = matches!(parts.qk, QkNorm::Own | QkNorm::OwnEach);
    let kind = if is_own { NormKind::Layer } else { NormKind::Rms };
    Ok(Some(HeadNorm { kind, together: parts.qk == QkNorm::All, weight }))
}

fn weights(embed: Tensor, blocks: Vec<BlockWeights>, final_norm: Norm, unembed: Option<Tensor>) -> Weights {
    let final_norm = Some(final_norm);
    Weights { final_norm, unembed, ..Weights::of(embed, blocks) }
}
