//! The two inner loops of all dense products.
#![allow(clippy::needless_range_loop)] // register tiles read best by index

use fearless_simd::{Simd, prelude::*};

/// Sums over more columns than this are added up in pieces of as many: of a tile's rows, so much stays in the
/// first-level cache.
pub(crate) const PIECE: usize = 1024;

/// Dot products of `MR` rows with `NR` rows, all of one length: `out[i][j] = x[i] · w[j]`.
/// Each sum is built in the same order whatever the tile's size, so a row's result does not depend on its
/// neighbours: a token computed alone, through the KV cache, equals the same token in a batch, bit for bit.
#[inline(always)]
pub(crate) fn dot_tile<S: Simd, const MR: usize, const NR: usize>(
    simd: S,
    x: [&[f32]; MR],
    w: [&[f32]; NR],
) -> [[f32; NR]; MR] {
    let len = x[0].len();
    let mut out = [[0.0; NR]; MR];
    let mut from = 0;
    while from < len {
        let to = (from + PIECE).min(len);
        add_piece(simd, x.map(|row| &row[from..to]), w.map(|row| &row[from..to]), &mut out);
        from = to;
    }
    out
}

/// [`dot_tile`] of one piece.
#[inline(always)]
fn add_piece<S: Simd, const MR: usize, const NR: usize>(
    simd: S,
    x: [&[f32]; MR],
    w: [&[f32]; NR],
    out: &mut [[f32; NR]; MR],
) {
    let len = x[0].len();
    let (x, w) = (x.map(|r| &r[..len]), w.map(|r| &r[..len]));
    let whole = len / S::f32s::LEN * S::f32s::LEN;
    let mut acc = [[S::f32s::splat(simd, 0.0); NR]; MR];
    let mut at = 0;
    while at < whole {
        let mut wv = [S::f32s::splat(simd, 0.0); NR];
        for j in 0..NR {
            wv[j] = S::f32s::from_slice(simd, &w[j][at..at + S::f32s::LEN]);
        }
        for i in 0..MR {
            let xv = S::f32s::from_slice(simd, &x[i][at..at + S::f32s::LEN]);
            for j in 0..NR {
                acc[i][j] = xv.mul_add(wv[j], acc[i][j]);
            }
        }
        at += S::f32s::LEN;
    }
    if whole < len {
        // The rest, padded with zeros.
        let mut wv = [S::f32s::splat(simd, 0.0); NR];
        for j in 0..NR {
            wv[j] = last::<S>(simd, &w[j][whole..]);
        }
        for i in 0..MR {
            let xv = last::<S>(simd, &x[i][whole..]);
            for j in 0..NR {
                acc[i][j] = xv.mul_add(wv[j], acc[i][j]);
            }
        }
    }
    for i in 0..MR {
        for j in 0..NR {
            out[i][j] += lane_sum::<S>(acc[i][j]);
        }
    }
}

/// Less than a vector, padded with zeros.
#[inline(always)]
fn last<S: Simd>(simd: S, row: &[f32]) -> S::f32s {
    let mut filled = [0.0; 16];
    filled[..row.len()].copy_from_slice(row);
    S::f32s::from_slice(simd, &filled[..S::f32s::LEN])
}

/// The sum of a vector's lanes: pairs of neighbours first, then pairs of their sums, and so on.
#[inline(always)]
pub(crate) fn lane_sum<S: Simd>(v: S::f32s) -> f32 {
    let mut v = v;
    let mut width = 1;
    while width < S::f32s::LEN {
        v = pair_sums::<S>(v, v);
        width *= 2;
    }
    v.as_slice()[0]
}

/// The sums of neighbouring lanes, first those of `a` and then those of `b`.
#[inline(always)]
pub(crate) fn pair_sums<S: Simd>(a: S::f32s, b: S::f32s) -> S::f32s {
    a.unzip_low(b) + a.unzip_high(b)
}

/// A matrix as a slice, with the distance between its rows.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub data: &'a [f32],
    pub stride: usize,
}

/// `c[i, ..n] += Σ_k a[i, k] · b[k, ..n]` for `m` rows of `c` (stride `c_stride`): rows of `b` are scaled and
/// added, so that no sum runs across a vector.
#[inline(always)]
pub(crate) fn add_product<S: Simd>(
    simd: S,
    size: (usize, usize, usize),
    a: Rows<'_>,
    b: Rows<'_>,
    c: &mut [f32],
    c_stride: usize,
) {
    product::<S, true>(simd, size, a, b, c, c_stride);
}

/// Like [`add_product`] to a `c` of zeros: what `c` contains is overwritten.
#[inline(always)]
pub(crate) fn set_product<S: Simd>(
    simd: S,
    size: (usize, usize, usize),
    a: Rows<'_>,
    b: Rows<'_>,
    c: &mut [f32],
    c_stride: usize,
) {
    product::<S, false>(simd, size, a, b, c, c_stride);
}

#[inline(always)]
fn product<S: Simd, const ADD: bool>(
    simd: S,
    size: (usize, usize, usize),
    a: Rows<'_>,
    b: Rows<'_>,
    c: &mut [f32],
    c_stride: usize,
) {
    // As many sums at once as there are registers for: 32 of them with AVX-512, else 16.
    match S::f32s::LEN {
        16 => tiles::<S, ADD, 4, 4>(simd, size, a, b, c, c_stride),
        _ => tiles::<S, ADD, 4, 2>(simd, size, a, b, c, c_stride),
    }
}

/// Tiles of `MR` rows by `NV` vectors, then the rest.
#[inline(always)]
fn tiles<S: Simd, const ADD: bool, const MR: usize, const NV: usize>(
    simd: S,
    (m, n, k): (usize, usize, usize),
    a: Rows<'_>,
    b: Rows<'_>,
    c: &mut [f32],
    c_stride: usize,
) {
    let mut i = 0;
    while i + MR <= m {
        rows::<S, ADD, MR, NV>(simd, (i, n, k), a, b, c, c_stride);
        i += MR;
    }
    while i < m {
        rows::<S, ADD, 1, NV>(simd, (i, n, k), a, b, c, c_stride);
        i += 1;
    }
}

#[inline(always)]
fn rows<S: Simd, const ADD: bool, const MR: usize, const NV: usize>(
    simd: S,
    (first, n, k): (usize, usize, usize),
    a: Rows<'_>,
    b: Rows<'_>,
    c: &mut [f32],
    c_stride: usize,
) {
    let lanes = S::f32s::LEN;
    let a_rows: [&[f32]; MR] = std::array::from_fn(|i| &a.data[(first + i) * a.stride..][..k]);
    let mut col = 0;
    while col + NV * lanes <= n {
        columns::<S, ADD, MR, NV>(simd, a_rows, b, c, (first, c_stride, col));
        col += NV * lanes;
    }
    while col + lanes <= n {
        columns::<S, ADD, MR, 1>(simd, a_rows, b, c, (first, c_stride, col));
        col += lanes;
    }
    for col in col..n {
        for (i, row) in a_rows.iter().enumerate() {
            let out = &mut c[(first + i) * c_stride + col];
            let mut sum = if ADD { *out } else { 0.0 };
            for (p, x) in row.iter().enumerate() {
                sum += x * b.data[p * b.stride + col];
            }
            *out = sum;
        }
    }
}

/// `MR` rows by `NV` vectors of `c`, held in registers over the whole of `k`.
#[inline(always)]
fn columns<S: Simd, const ADD: bool, const MR: usize, const NV: usize>(
    simd: S,
    a: [&[f32]; MR],
    b: Rows<'_>,
    c: &mut [f32],
    (first, c_stride, col): (usize, usize, usize),
) {
    let lanes = S::f32s::LEN;
    let mut acc = [[S::f32s::splat(simd, 0.0); NV]; MR];
    if ADD {
        for i in 0..MR {
            for v in 0..NV {
                acc[i][v] = S::f32s::from_slice(simd, &c[(first + i) * c_stride + col + v * lanes..][..lanes]);
            }
        }
    }
    let k = a[0].len();
    let a = a.map(|row| &row[..k]);
    for p in 0..k {
        let row = &b.data[p * b.stride + col..][..NV * lanes];
        let mut bv = [S::f32s::splat(simd, 0.0); NV];
        for v in 0..NV {
            bv[v] = S::f32s::from_slice(simd, &row[v * lanes..(v + 1) * lanes]);
        }
        for i in 0..MR {
            let x = S::f32s::splat(simd, a[i][p]);
            for v in 0..NV {
                acc[i][v] = x.mul_add(bv[v], acc[i][v]);
            }
        }
    }
    for i in 0..MR {
        for v in 0..NV {
            acc[i][v].store_slice(&mut c[(first + i) * c_stride + col + v * lanes..][..lanes]);
        }
    }
}
