//! Softmax: scores become weights that sum to 1.

use crate::exp::exp;
use fearless_simd::{Level, Simd, dispatch, prelude::*};

/// The plain twin: `exp(s − max) / Σ exp(s − max)`. A row of only −∞ (every key masked) becomes zeros; one NaN makes
/// the whole row NaN. Returns ln Σ exp(s), −∞ for a row of zeros.
pub fn plain(row: &mut [f32]) -> f32 {
    if row.iter().any(|s| s.is_nan()) {
        row.fill(f32::NAN);
        return f32::NAN;
    }
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if max == f32::NEG_INFINITY {
        row.fill(0.0);
        return f32::NEG_INFINITY;
    }
    let mut sum = 0.0;
    for s in row.iter_mut() {
        *s = (*s - max).exp();
        sum += *s;
    }
    for s in row.iter_mut() {
        *s /= sum;
    }
    max + sum.ln()
}

/// Softmax of a row and of one more score, its sink, whose own weight is not kept: those in the row sum to less than 1.
/// Returns ln Σ exp of all of them.
pub fn plain_with_sink(row: &mut [f32], sink: Option<f32>) -> f32 {
    let Some(sink) = sink else { return plain(row) };
    let mut all = [&*row, &[sink]].concat();
    let lse = plain(&mut all);
    row.copy_from_slice(&all[..row.len()]);
    lse
}

/// Softmax of one row in place; the same contract as [`plain`].
pub fn softmax(level: Level, row: &mut [f32]) -> f32 {
    dispatch!(level, simd => softmax_simd(simd, row))
}

#[inline(always)]
pub(crate) fn softmax_simd<S: Simd>(simd: S, row: &mut [f32]) -> f32 {
    let max = max(simd, row);
    if max == f32::NEG_INFINITY {
        let lse = if row.iter().any(|s| s.is_nan()) { f32::NAN } else { f32::NEG_INFINITY };
        row.fill(if lse.is_nan() { f32::NAN } else { 0.0 });
        return lse;
    }
    let sum = exp_minus_in_place(simd, row, max);
    scale(simd, row, 1.0 / sum);
    max + sum.ln()
}

/// ln(exp(lse) + exp(sink)): the divisor of a row with the score of its sink added.
pub(crate) fn with_sink(lse: f32, sink: f32) -> f32 {
    let max = lse.max(sink);
    if lse.is_nan() || max == f32::NEG_INFINITY { lse } else { max + ((lse - max).exp() + (sink - max).exp()).ln() }
}

/// The largest number of the row, −∞ for an empty one. NaN may be skipped.
#[inline(always)]
pub(crate) fn max<S: Simd>(simd: S, row: &[f32]) -> f32 {
    let mut chunks = row.chunks_exact(S::f32s::LEN);
    let mut best = S::f32s::splat(simd, f32::NEG_INFINITY);
    for chunk in &mut chunks {
        best = best.max(S::f32s::from_slice(simd, chunk));
    }
    chunks.remainder().iter().copied().fold(best.reduce_max(), f32::max)
}

/// Replaces each `s` by `exp(s − max)` and returns their sum.
#[inline(always)]
pub(crate) fn exp_minus_in_place<S: Simd>(simd: S, row: &mut [f32], max: f32) -> f32 {
    let m = S::f32s::splat(simd, max);
    let mut sum = S::f32s::splat(simd, 0.0);
    let mut chunks = row.chunks_exact_mut(S::f32s::LEN);
    for chunk in &mut chunks {
        let e = exp(simd, S::f32s::from_slice(simd, chunk) - m);
        e.store_slice(chunk);
        sum += e;
    }
    let mut total = sum.reduce_sum();
    // The tail goes through the same function, so that a weight does not depend on where its row ends.
    for s in chunks.into_remainder() {
        let e = exp(simd, S::f32s::splat(simd, *s) - m);
        *s = e.as_slice()[0];
        total += *s;
    }
    total
}

/// Multiplies every number of the row by `factor`.
#[inline(always)]
pub(crate) fn scale<S: Simd>(simd: S, row: &mut [f32], factor: f32) {
    let f = S::f32s::splat(simd, factor);
    let mut chunks = row.chunks_exact_mut(S::f32s::LEN);
    for chunk in &mut chunks {
        (S::f32s::from_slice(simd, chunk) * f).store_slice(chunk);
    }
    for s in chunks.into_remainder() {
        *s *= factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_its_plain_twin_on_every_instruction_set(
            row in prop::collection::vec(prop_oneof![8 => -90f32..90.0, 1 => Just(f32::NEG_INFINITY)], 0..70)
        ) {
            let mut expected = row.clone();
            let lse = plain(&mut expected);
            for (name, level) in crate::level::all() {
                let mut found = row.clone();
                let found_lse = softmax(level, &mut found);
                for (f, e) in found.iter().zip(&expected) {
                    prop_assert!((f - e).abs() <= 1e-6, "{name}: {f} against {e}");
                }
                prop_assert!(found_lse == lse || (found_lse - lse).abs() <= 1e-5, "{name}: {found_lse} against {lse}");
            }
        }
    }

    #[test]
    fn what_is_not_a_number_is_not_hidden() {
        const INF: f32 = f32::INFINITY;
        for n in [1, 3, 8, 19, 33] {
            for (at, rest) in [(0, 1.0), (n / 2, 1.0), (n - 1, 1.0), (n - 1, -INF), (0, -INF), (0, f32::NAN)] {
                let mut row = vec![rest; n];
                row[at] = f32::NAN;
                let mut expected = row.clone();
                assert!(plain(&mut expected).is_nan() && expected.iter().all(|w| w.is_nan()));
                for (name, level) in crate::level::all() {
                    let mut found = row.clone();
                    let lse = softmax(level, &mut found);
                    assert!(lse.is_nan() && found.iter().all(|w| w.is_nan()), "{name}: {row:?} gives {found:?}");
                }
            }
        }
    }

    #[test]
    fn nothing_to_look_at_gives_zeros() {
        for (_, level) in crate::level::all() {
            let mut row = [f32::NEG_INFINITY; 19];
            assert_eq!(softmax(level, &mut row), f32::NEG_INFINITY);
            assert_eq!(row, [0.0; 19]);
        }
    }
}
