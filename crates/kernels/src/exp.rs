//! eˣ for a vector of f32, within 2 units in the last place on the range that softmax uses.

use fearless_simd::{Simd, prelude::*};

/// eˣ, lane by lane. Below −87.3 the result is 0 (the true value is below f32's smallest normal), also for −∞. Above 88
/// it saturates; NaN stays NaN. Cody–Waite range reduction x = n·ln 2 + r, then a polynomial of degree 6 in r.
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let splat = |v: f32| S::f32s::splat(simd, v);
    let clamped = x.min(splat(88.0)).max(splat(-87.3));
    // Adding 1.5·2²³ rounds to the nearest integer and leaves it in the low bits of the sum.
    let magic = splat(12_582_912.0);
    let shifted = clamped.mul_add(splat(std::f32::consts::LOG2_E), magic);
    let n = shifted - magic;
    let r = n.mul_add(splat(-0.693_359_4), clamped);
    let r = n.mul_add(splat(2.121_944_4e-4), r);
    let mut p = splat(1.987_569_1e-4);
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p.mul_add(r, splat(c));
    }
    let y = p.mul_add(r * r, r) + splat(1.0);
    let scaled = S::f32s::from_bits(y.to_bits() + (shifted.to_bits() << 23));
    // `min` and `max` above have replaced NaN by a number.
    let scaled = x.simd_eq(x).select(scaled, x);
    x.simd_lt(splat(-87.3)).select(splat(0.0), scaled)
}
