//! Trained weights, as an ordinary model and as a file.

use super::params::{D_HEAD, D_MODEL, N_LAYERS, Params};
use super::twin::Twin;
use super::words::Words;
use crate::config::{Config, NormKind, Scales};
use crate::format::{Tensor, safetensors};
use crate::weights::{BlockWeights, Linear, Norm, Norms, Weights};
use crate::{Attention, Layer, PerLayer};
use crate::{Bytes, Error, Model};
use ::safetensors::Dtype;
use ::safetensors::tensor::TensorView;
use attnscope_kernels::dequant::DType;
use std::sync::OnceLock;

/// Made by `cargo xtask lesson`.
const FILE: &[u8] = include_bytes!("lesson.safetensors");

/// The embedded lesson model.
pub fn model() -> Model {
    to_model(&embedded().0)
}

/// Its twin without attention, trained on the same sentences.
pub fn twin() -> Twin {
    embedded().1.clone()
}

/// Bytes of the embedded weights.
pub fn size() -> u64 {
    FILE.len() as u64
}

/// The loss that the embedded model ended at, in nats a word: the mean of the last fiftieth of its steps.
pub fn loss() -> f32 {
    embedded().2
}

/// Read once. The file is part of the program, and a test reads it.
fn embedded() -> &'static (Params, Twin, f32) {
    static READ: OnceLock<(Params, Twin, f32)> = OnceLock::new();
    READ.get_or_init(|| load(FILE).expect("the embedded weights fit this version: make them with `cargo xtask lesson`"))
}

/// The names of the arrays in the file, in the order of [`Params::arrays`].
fn names() -> Vec<String> {
    let layer = |l: usize| ["norm", "q", "k", "v", "o"].map(|name| format!("blocks.{l}.{name}"));
    let whole = ["embed", "positions", "final_norm"].map(str::to_string);
    whole.into_iter().chain((0..N_LAYERS).flat_map(layer)).collect()
}

/// Writes both models and the loss at which the first ended as one safetensors file.
pub fn save(trainer: &super::Trainer, twin: &Twin, loss: f32) -> Result<Vec<u8>, Error> {
    let bad = |e: ::safetensors::SafeTensorError| Error::Trace(format!("the lesson's weights: {e}"));
    let params = trainer.params().arrays();
    let named = names().into_iter().zip(params).chain(twin.arrays().map(|(name, data)| (name.to_string(), data)));
    let loss = [loss];
    let named = named.chain([("loss".to_string(), &loss[..])]);
    let view = |data| TensorView::new(Dtype::F32, vec![<[f32]>::len(data)], bytemuck::cast_slice(data));
    let views: Result<Vec<_>, _> = named.map(|(name, data)| Ok((name, view(data)?))).collect();
    ::safetensors::serialize(views.map_err(bad)?, None).map_err(bad)
}

/// Reads what [`save`] wrote.
fn load(bytes: &'static [u8]) -> Result<(Params, Twin, f32), Error> {
    let tensors = safetensors::parse(Bytes::new(bytes), "lesson.safetensors")?;
    let fill = |name: &str, to: &mut [f32]| -> Result<(), Error> {
        to.copy_from_slice(&tensors.require(name, &[to.len()])?.to_f32());
        Ok(())
    };
    let (mut params, mut twin) = (Params::zeros(), Twin::zeros());
    for (name, to) in names().iter().zip(params.arrays_mut()) {
        fill(name, to)?;
    }
    for (name, to) in twin.arrays_mut() {
        fill(name, to)?;
    }
    let mut loss = [0.0];
    fill("loss", &mut loss)?;
    Ok((params, twin, loss[0]))
}

/// The numbers in the layout that the engine's block expects.
pub(super) fn to_model(params: &Params) -> Model {
    let words = Words::lesson();
    let config = Config {
        arch: "lesson".into(),
        name: "Lesson model".into(),
        n_layers: N_LAYERS,
        n_heads: 1,
        n_kv_heads: 1,
        d_model: D_MODEL,
        narrow: None,
        d_head: D_HEAD,
        n_ctx: params.positions.len(),
        n_vocab: words.len(),
        norm: NormKind::Rms,
        norm_eps: super::math::EPS,
        causal: true,
        rotaries: Vec::new(),
        scales: Scales::default(),
        layers: PerLayer::same(Layer { attention: Attention::plain(D_HEAD), rotary: None, parallel: false, mlp: None }),
    };
    let block = |(l, w): (usize, &super::params::Layer)| BlockWeights {
        norms: Norms::before(norm(&w.norm)),
        q: linear(&format!("blocks.{l}.q"), &w.q),
        k: linear(&format!("blocks.{l}.k"), &w.k),
        v: linear(&format!("blocks.{l}.v"), &w.v),
        q_norm: None,
        k_norm: None,
        sinks: Vec::new(),
        o: linear(&format!("blocks.{l}.o"), &w.o),
        mlp: None,
        experts: None,
    };
    let embed = tensor("embed", [words.len(), D_MODEL], params.embed.as_flattened());
    let weights = Weights {
        positions: Some(tensor("positions", [params.positions.len(), D_MODEL], params.positions.as_flattened())),
        final_norm: Some(norm(&params.final_norm)),
        unembed: Some(embed.clone()),
        ..Weights::of(embed, params.layers.iter().enumerate().map(block).collect())
    };
    Model::of_words(config, weights, words)
}

fn norm(weight: &[f32]) -> Norm {
    Norm { weight: weight.to_vec(), bias: Vec::new() }
}

/// `[n_in, n_out]`, as training has it, transposed to `[n_out, n_in]`, as the engine has it.
fn linear<const O: usize>(name: &str, w: &[[f32; O]]) -> Linear {
    let turned: Vec<f32> = (0..O).flat_map(|o| w.iter().map(move |row| row[o])).collect();
    Linear { weight: tensor(name, [O, w.len()], &turned), bias: None }
}

fn tensor(name: &str, shape: [usize; 2], data: &[f32]) -> Tensor {
    let bytes: Vec<u8> = data.iter().flat_map(|x| x.to_le_bytes()).collect();
    Tensor { name: name.into(), shape: shape.into(), dtype: DType::F32, bytes: Bytes::from(bytes) }
}
