//! The non-linear functions of the MLP.

use crate::exp::exp;
use crate::threads;
use fearless_simd::{Level, Simd, dispatch, prelude::*};

/// The non-linearity that an MLP uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// x · σ(x): Llama.
    Silu,
    /// x · Φ(x), with the error function: BERT.
    Gelu,
    /// GELU by its tanh formula: GPT-2, Gemma.
    GeluTanh,
    /// max(0, x).
    Relu,
}

/// The plain twin, for one number.
pub fn plain(kind: Activation, x: f32) -> f32 {
    match kind {
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Gelu => 0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)),
        Activation::GeluTanh => 0.5 * x * (1.0 + (TANH_SCALE * (x + 0.044_715 * x * x * x)).tanh()),
        Activation::Relu => x.max(0.0),
    }
}

/// √(2/π)
const TANH_SCALE: f32 = 0.797_884_6;

/// Applies the non-linearity in place.
pub fn apply(level: Level, kind: Activation, x: &mut [f32]) {
    threads::for_rows(x, 1, |_, x| apply_here(level, kind, x));
}

/// Applies it on the current thread.
fn apply_here(level: Level, kind: Activation, x: &mut [f32]) {
    match kind {
        Activation::Silu => dispatch!(level, simd => sigmoid_times(simd, x, |_, v| v)),
        // ½(1 + tanh u) = σ(2u)
        Activation::GeluTanh => dispatch!(level, simd => gelu_tanh(simd, x)),
        Activation::Gelu | Activation::Relu => x.iter_mut().for_each(|v| *v = plain(kind, *v)),
    }
}

/// `gate = activation(gate) · up`: the gated MLP of Llama (Shazeer 2020).
pub fn gated(level: Level, kind: Activation, gate: &mut [f32], up: &[f32]) {
    threads::for_rows(gate, 1, |first, gate| {
        apply_here(level, kind, gate);
        for (g, u) in gate.iter_mut().zip(&up[first..]) {
            *g *= u;
        }
    });
}

#[inline(always)]
fn gelu_tanh<S: Simd>(simd: S, x: &mut [f32]) {
    sigmoid_times(
        simd,
        x,
        #[inline(always)]
        |simd, v| {
            let cubic = (v * v * v).mul_add(S::f32s::splat(simd, 0.044_715), v);
            cubic * S::f32s::splat(simd, 2.0 * TANH_SCALE)
        },
    );
}

/// `x · σ(inner(x))`
#[inline(always)]
fn sigmoid_times<S: Simd>(simd: S, x: &mut [f32], inner: impl Fn(S, S::f32s) -> S::f32s) {
    let one = S::f32s::splat(simd, 1.0);
    let zero = S::f32s::splat(simd, 0.0);
    let mut chunks = x.chunks_exact_mut(S::f32s::LEN);
    for chunk in &mut chunks {
        let v = S::f32s::from_slice(simd, chunk);
        (v / (one + exp(simd, zero - inner(simd, v)))).store_slice(chunk);
    }
    for s in chunks.into_remainder() {
        let v = S::f32s::splat(simd, *s);
        *s = (v / (one + exp(simd, zero - inner(simd, v)))).as_slice()[0];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_its_plain_twin_on_every_instruction_set(x in prop::collection::vec(-30f32..30.0, 0..40)) {
            for kind in [Activation::Silu, Activation::Gelu, Activation::GeluTanh, Activation::Relu] {
                for (name, level) in crate::level::all() {
                    let mut found = x.clone();
                    apply(level, kind, &mut found);
                    for (f, x) in found.iter().zip(&x) {
                        let e = plain(kind, *x);
                        prop_assert!((f - e).abs() <= 2e-6 * (1.0 + x.abs()), "{name} {kind:?}({x}): {f} against {e}");
                    }
                }
            }
        }
    }
}
