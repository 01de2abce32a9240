//! The numbers that training changes.

use super::corpus::LONGEST;
use super::math::{LANES, Pieces, transpose};
use super::words::Words;
use crate::rng::SplitMix64;

/// Width of the residual stream.
pub const D_MODEL: usize = 32;
/// Width of a head.
pub const D_HEAD: usize = 16;
/// Layers of one head each.
pub const N_LAYERS: usize = 2;

/// A row of the residual stream.
pub type Row = [f32; D_MODEL];
/// A query, key or value.
pub type Head = [f32; D_HEAD];

/// One layer's numbers. Matrices are `[n_in, n_out]`, the way a row vector is multiplied.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// RMS norm before attention, `[d_model]`
    pub norm: Row,
    /// W_Q, `[d_model, d_head]`
    pub q: Vec<Head>,
    /// W_K, `[d_model, d_head]`
    pub k: Vec<Head>,
    /// W_V, `[d_model, d_head]`
    pub v: Vec<Head>,
    /// W_O, `[d_head, d_model]`
    pub o: Vec<Row>,
}

/// All numbers of the lesson model; gradients and Adam's moments have the same shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// `[n_vocab, d_model]`: read at the start, and again (tied) as the vocabulary head
    pub embed: Vec<Row>,
    /// `[n_ctx, d_model]`
    pub positions: Vec<Row>,
    /// The layers.
    pub layers: [Layer; N_LAYERS],
    /// RMS norm before the vocabulary head, `[d_model]`
    pub final_norm: Row,
}

impl Params {
    /// All zeros: a gradient before the first sentence.
    pub fn zeros() -> Self {
        let wide = || vec![[0.0; D_HEAD]; D_MODEL];
        let layer = || Layer { norm: [0.0; D_MODEL], q: wide(), k: wide(), v: wide(), o: vec![[0.0; D_MODEL]; D_HEAD] };
        Self {
            embed: vec![[0.0; D_MODEL]; Words::lesson().len()],
            positions: vec![[0.0; D_MODEL]; LONGEST],
            layers: std::array::from_fn(|_| layer()),
            final_norm: [0.0; D_MODEL],
        }
    }

    /// Initial values: norms at 1, everything else small random numbers around 0.
    pub fn start(rng: &mut SplitMix64) -> Self {
        let mut params = Self::zeros();
        let by_width = 1.0 / (D_MODEL as f32).sqrt();
        spread(rng, params.embed.as_flattened_mut(), 0.5 * by_width);
        // Positions start larger than words, so that attending to the previous word is learned early.
        spread(rng, params.positions.as_flattened_mut(), by_width);
        for layer in &mut params.layers {
            layer.norm = [1.0; D_MODEL];
            for matrix in [&mut layer.q, &mut layer.k, &mut layer.v] {
                spread(rng, matrix.as_flattened_mut(), by_width);
            }
            spread(rng, layer.o.as_flattened_mut(), 0.5 / (D_HEAD as f32).sqrt());
        }
        params.final_norm = [1.0; D_MODEL];
        params
    }

    /// All arrays, flat, always in the same order.
    pub fn arrays(&self) -> [&[f32]; 3 + 5 * N_LAYERS] {
        let [a, b] = &self.layers;
        [
            self.embed.as_flattened(),
            self.positions.as_flattened(),
            &self.final_norm,
            &a.norm,
            a.q.as_flattened(),
            a.k.as_flattened(),
            a.v.as_flattened(),
            a.o.as_flattened(),
            &b.norm,
            b.q.as_flattened(),
            b.k.as_flattened(),
            b.v.as_flattened(),
            b.o.as_flattened(),
        ]
    }

    /// [`Params::arrays`], to change.
    pub fn arrays_mut(&mut self) -> [&mut [f32]; 3 + 5 * N_LAYERS] {
        let [a, b] = &mut self.layers;
        [
            self.embed.as_flattened_mut(),
            self.positions.as_flattened_mut(),
            &mut self.final_norm,
            &mut a.norm,
            a.q.as_flattened_mut(),
            a.k.as_flattened_mut(),
            a.v.as_flattened_mut(),
            a.o.as_flattened_mut(),
            &mut b.norm,
            b.q.as_flattened_mut(),
            b.k.as_flattened_mut(),
            b.v.as_flattened_mut(),
            b.o.as_flattened_mut(),
        ]
    }
}

/// The matrices transposed, for products whose sums would otherwise run across the lanes of a vector.
#[derive(Clone, Debug)]
pub struct Transposed {
    /// The vocabulary head, `[d_model, n_vocab]`
    pub embed: Pieces<D_MODEL>,
    /// The layers.
    pub layers: [TransposedLayer; N_LAYERS],
}

/// One layer's matrices transposed, `[n_out, n_in]`.
#[derive(Clone, Debug)]
pub struct TransposedLayer {
    /// W_Qᵀ
    pub q: Pieces<D_HEAD>,
    /// W_Kᵀ
    pub k: Pieces<D_HEAD>,
    /// W_Vᵀ
    pub v: Pieces<D_HEAD>,
    /// W_Oᵀ
    pub o: Pieces<D_MODEL>,
}

impl Transposed {
    /// Transposes these matrices.
    pub fn of(params: &Params) -> Self {
        fn room<const I: usize>(w: &[[f32; I]]) -> Pieces<I> {
            vec![[[0.0; LANES]; I]; w.len().div_ceil(LANES)]
        }
        let layer = |w: &Layer| TransposedLayer { q: room(&w.q), k: room(&w.k), v: room(&w.v), o: room(&w.o) };
        let mut made = Self { embed: room(&params.embed), layers: params.layers.each_ref().map(layer) };
        made.update(params);
        made
    }

    /// Updates the transposed matrices after a step.
    pub fn update(&mut self, params: &Params) {
        transpose(&params.embed, &mut self.embed);
        for (to, w) in self.layers.iter_mut().zip(&params.layers) {
            transpose(&w.q, &mut to.q);
            transpose(&w.k, &mut to.k);
            transpose(&w.v, &mut to.v);
            transpose(&w.o, &mut to.o);
        }
    }
}

/// Fills an array with numbers uniformly distributed around 0, with this standard deviation.
pub fn spread(rng: &mut SplitMix64, numbers: &mut [f32], deviation: f32) {
    let half = deviation * 3f32.sqrt();
    numbers.iter_mut().for_each(|x| *x = (2.0 * rng.unit() - 1.0) * half);
}
