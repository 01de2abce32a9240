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
    /// y · σ(1.702 · y) with y = min(x, 7): gpt-oss. In an MLP with a gate it multiplies 1 + u, where u is bounded to ±7.
    BoundedSilu,
}

/// The bound of [`Activation::BoundedSilu`], and the slope of its sigmoid.
const BOUND: f32 = 7.0;
const SLOPE: f32 = 1.702;

/// The plain twin, for one number.
pub fn plain(kind: Activation, x: f32) -> f32 {
    match kind {
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Gelu => 0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)),
        Activation::GeluTanh => 0.5 * x * (1.0 + (TANH_SCALE * (x + 0.044_715 * x * x * x)).tanh()),
        Activation::Relu => x.max(0.0),
        Activation::BoundedSilu => bounded(x) / (1.0 + (-SLOPE * bounded(x)).exp()),
    }
}

/// At most the bound; `min` would make a number of what is none.
fn bounded(x: f32) -> f32 {
    if x > BOUND { BOUND } else { x }
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
        Activation::BoundedSilu => {
            x.iter_mut().for_each(|v| *v = bounded(*v));
            dispatch!(level, simd => bounded_silu(simd, x));
        }
        Activation::Gelu | Activation::Relu => x.iter_mut().for_each(|v| *v = plain(kind, *v)),
    }
}

/// What an activated gate is multiplied by.
#[inline(always)]
fn factor(kind: Activation, up: f32) -> f32 {
    if kind == Activation::BoundedSilu { 1.0 + up.clamp(-BOUND, BOUND) } else { up }
}

/// `gate = activation(gate) · up`: the gated MLP of Llama (Shazeer 2020); for gpt-oss `· (1 + up)`.
pub fn gated(level: Level, kind: Activation, gate: &mut [f32], up: &[f32]) {
    threads::for_rows(gate, 1, |first, gate| {
        apply_here(level, kind, gate);
        for (g, u) in gate.iter_mut().zip(&up[first..]) {
            *g *= factor(kind, *u);
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

#[inline(always)]
fn bounded_silu<S: Simd>(simd: S, x: &mut [f32]) {
    sigmoid_times(
        simd,
        x,
        #[inline(always)]
        |simd, v| v * S::f32s::splat(simd, SLOPE),
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
            for kind in [Activation::Silu, Activation::Gelu, Activation::GeluTanh, Activation::Relu, Activation::BoundedSilu] {
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

    #[test]
    fn gates_multiply_what_stands_beside_them() {
        let gated = |kind, gate, up| {
            let mut found = [gate];
            gated(crate::level::best(), kind, &mut found, &[up]);
            found[0]
        };
        assert!((gated(Activation::Silu, 1.5, 2.0) - 2.0 * plain(Activation::Silu, 1.5)).abs() < 1e-6);
        let bounded = |gate: f32, up: f32| gate / (1.0 + (-1.702 * gate).exp()) * (1.0 + up);
        for (gate, up, at) in [(1.5, 2.0, (1.5, 2.0)), (9.0, -8.0, (7.0, -7.0)), (-9.0, 8.0, (-9.0, 7.0))] {
            let (found, expected) = (gated(Activation::BoundedSilu, gate, up), bounded(at.0, at.1));
            assert!((found - expected).abs() < 1e-5, "{gate}, {up}: {found}, expected {expected}");
        }
        for (gate, up) in [(f32::NAN, 1.0), (1.0, f32::NAN)] {
            assert!(gated(Activation::BoundedSilu, gate, up).is_nan());
        }
    }
}
