//! Products of many rows with many rows, both packed so that numbers multiplied together are stored together.
#![allow(clippy::needless_range_loop)] // register tiles read best by index

use crate::product::pair_sums;
use fearless_simd::{Simd, prelude::*};

/// Rows of W that are processed together.
pub(crate) const NR: usize = 4;

/// How many of `left` rows of x are processed together next: as many as there are registers for, 32 of them with
/// AVX-512, else 16.
#[inline(always)]
pub(crate) fn height<S: Simd>(_simd: S, left: usize) -> usize {
    match (S::f32s::LEN, left) {
        (16, 6..) => 6,
        (16, 3..) => 3,
        (4 | 8, 2..) => 2,
        _ => 1,
    }
}

/// Length of a packed row: a whole number of vectors, padded with zeros.
#[inline(always)]
pub(crate) fn padded<S: Simd>(_simd: S, cols: usize) -> usize {
    cols.next_multiple_of(S::f32s::LEN)
}

/// Packs `n` rows of `cols` numbers: `[cols / LEN][n][LEN]`, so that reading `to` in order gives a vector of each row
/// in turn. `to` is `n · padded(cols)` long; rows beyond those of `from` are zeros.
#[inline(always)]
pub(crate) fn pack<S: Simd>(simd: S, from: &[f32], cols: usize, n: usize, to: &mut [f32]) {
    let lanes = S::f32s::LEN;
    for i in 0..n {
        let row = from.get(i * cols..(i + 1) * cols).unwrap_or(&[]);
        for (to, part) in to.chunks_exact_mut(n * lanes).zip(row.chunks(lanes)) {
            let to = &mut to[i * lanes..(i + 1) * lanes];
            if part.len() == lanes {
                // Not `copy_from_slice`, which calls a function for every vector.
                S::f32s::from_slice(simd, part).store_slice(to);
            } else {
                to.fill(0.0);
                to[..part.len()].copy_from_slice(part);
            }
        }
        if row.is_empty() {
            for to in to.chunks_exact_mut(n * lanes) {
                to[i * lanes..(i + 1) * lanes].fill(0.0);
            }
        }
    }
}

/// Dot products of `n` packed rows (a [`height`]) with [`NR`] others, or of a piece of them, added to their rows of `y` from
/// output `first` on.
#[inline(always)]
pub(crate) fn tile<S: Simd>(simd: S, n: usize, x: &[f32], w: &[f32], y: &mut [&mut [f32]], first: usize) {
    match n {
        6 => put(dots::<S, 6>(simd, x, w), y, first),
        3 => put(dots::<S, 3>(simd, x, w), y, first),
        2 => put(dots::<S, 2>(simd, x, w), y, first),
        _ => put(dots::<S, 1>(simd, x, w), y, first),
    }
}

/// The last rows of W may be fewer than [`NR`].
#[inline(always)]
fn put<const MR: usize>(sums: [[f32; NR]; MR], y: &mut [&mut [f32]], first: usize) {
    for (y, sums) in y.iter_mut().zip(&sums) {
        let y = &mut y[first..];
        match y.first_chunk_mut::<NR>() {
            Some(y) => add(y, sums),
            None => add(y, sums),
        }
    }
}

#[inline(always)]
fn add(y: &mut [f32], sums: &[f32; NR]) {
    for (y, sum) in y.iter_mut().zip(sums) {
        *y += sum;
    }
}

/// Dot products of `MR` packed rows with [`NR`] others: `out[i][j] = x[i] · w[j]`, each summed in the order of
/// [`crate::product::dot_tile`].
#[inline(always)]
fn dots<S: Simd, const MR: usize>(simd: S, x: &[f32], w: &[f32]) -> [[f32; NR]; MR] {
    let lanes = S::f32s::LEN;
    let mut acc = [[S::f32s::splat(simd, 0.0); NR]; MR];
    for (x, w) in x.chunks_exact(MR * lanes).zip(w.chunks_exact(NR * lanes)) {
        let mut wv = [S::f32s::splat(simd, 0.0); NR];
        for j in 0..NR {
            wv[j] = S::f32s::from_slice(simd, &w[j * lanes..(j + 1) * lanes]);
        }
        for i in 0..MR {
            let xv = S::f32s::from_slice(simd, &x[i * lanes..(i + 1) * lanes]);
            for j in 0..NR {
                acc[i][j] = xv.mul_add(wv[j], acc[i][j]);
            }
        }
    }
    sums(simd, acc)
}

/// The sums of all lanes. Four vectors are summed together in three steps; summing them one after the other would take
/// longer than a third of the products.
#[inline(always)]
fn sums<S: Simd, const MR: usize>(simd: S, acc: [[S::f32s; NR]; MR]) -> [[f32; NR]; MR] {
    let mut out = [[0.0; NR]; MR];
    // For each row four sums, each still in LEN / 4 parts.
    let mut rows = [S::f32s::splat(simd, 0.0); MR];
    for i in 0..MR {
        let [a, b, c, d] = acc[i];
        rows[i] = pair_sums::<S>(pair_sums::<S>(a, b), pair_sums::<S>(c, d));
    }
    let together = S::f32s::LEN / NR;
    let mut i = 0;
    while i < MR {
        let row = |k: usize| rows[(i + k).min(MR - 1)];
        let sums = match together {
            1 => row(0),
            2 => pair_sums::<S>(row(0), row(1)),
            _ => pair_sums::<S>(pair_sums::<S>(row(0), row(1)), pair_sums::<S>(row(2), row(3))),
        };
        let mut flat = [0.0; 16];
        sums.store_slice(&mut flat[..S::f32s::LEN]);
        for k in 0..together.min(MR - i) {
            out[i + k].copy_from_slice(&flat[k * NR..(k + 1) * NR]);
        }
        i += together;
    }
    out
}
