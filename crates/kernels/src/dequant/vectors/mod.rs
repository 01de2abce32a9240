//! Formats expanded in vectors: into memory ([`expand`]), for many tokens, or in registers, multiplied as they are read
//! ([`dots`]), for one token. Each format is a [`Format`], a small piece of code; its plain twin is in
//! [`super::legacy`], [`super::k_quants`] or [`super::float`].
//!
//! Nothing here is a closure or a function passed as a value, because code that is not inlined has no vector instructions.
#![allow(clippy::needless_range_loop)] // lanes and rows read best by index

mod floats;
mod k_quants;
mod legacy;
mod numbers;

use super::{DType, instructions};
use crate::product::{PIECE, lane_sum};
use fearless_simd::{Simd, f32x16, prelude::*};

/// Numbers that are expanded together.
const GROUP: usize = 32;

/// 32 numbers in registers.
type Group<S> = [f32x16<S>; 2];

/// A format whose blocks have `BYTES` bytes.
trait Format<const BYTES: usize> {
    /// How many groups of 32 numbers a block holds.
    const GROUPS: usize;

    /// What the numbers of a block are multiplied by, and what is added to them.
    type Scales: Copy;

    /// The scales of four blocks: what is done for four at once costs a quarter.
    fn scales<S: Simd>(simd: S, b: [&[u8; BYTES]; 4]) -> [Self::Scales; 4];

    /// The numbers of group `i` of a block.
    fn group<S: Simd>(simd: S, b: &[u8; BYTES], scales: &Self::Scales, i: usize) -> Group<S>;
}

/// `f::<S, FORMAT, BYTES>(arguments)` for the format of a type; `None` for a type that has none.
macro_rules! with_format {
    ($dtype:expr, $f:ident($($argument:expr),*)) => {
        match $dtype {
            DType::F32 => Some($f::<S, floats::F32, 128>($($argument),*)),
            DType::F16 => Some($f::<S, floats::F16, 64>($($argument),*)),
            DType::BF16 => Some($f::<S, floats::BF16, 64>($($argument),*)),
            DType::Q8_0 => Some($f::<S, legacy::Q8_0, 34>($($argument),*)),
            DType::Q4_0 => Some($f::<S, legacy::Q4_0, 18>($($argument),*)),
            DType::Q4_1 => Some($f::<S, legacy::Q4_1, 20>($($argument),*)),
            DType::Q5_0 => Some($f::<S, legacy::Q5_0, 22>($($argument),*)),
            DType::Q5_1 => Some($f::<S, legacy::Q5_1, 24>($($argument),*)),
            DType::Q2_K => Some($f::<S, k_quants::Q2_K, 84>($($argument),*)),
            DType::Q3_K => Some($f::<S, k_quants::Q3_K, 110>($($argument),*)),
            DType::Q4_K => Some($f::<S, k_quants::Q4_K, 144>($($argument),*)),
            DType::Q5_K => Some($f::<S, k_quants::Q5_K, 176>($($argument),*)),
            DType::Q6_K => Some($f::<S, k_quants::Q6_K, 210>($($argument),*)),
            #[allow(unreachable_patterns)] // as long as every type has a format
            _ => None,
        }
    };
}

/// Expands whole blocks; says `false`, and does nothing, where the format has no vector code, the machine no vectors, or
/// `out` is not a whole number of groups.
#[inline(always)]
pub(super) fn expand<S: Simd>(simd: S, dtype: DType, bytes: &[u8], out: &mut [f32]) -> bool {
    !simd.level().is_fallback()
        && out.len().is_multiple_of(GROUP)
        && with_format!(dtype, expand_blocks(simd, bytes, out)).is_some()
}

#[inline(always)]
fn expand_blocks<S: Simd, F: Format<BYTES>, const BYTES: usize>(simd: S, bytes: &[u8], out: &mut [f32]) {
    let bytes = bytes.as_chunks::<BYTES>().0.chunks(4);
    for (b, out) in bytes.zip(out.chunks_mut(4 * GROUP * F::GROUPS)) {
        // Of the last blocks, the last one may stand for those that are missing.
        let last = b.len() - 1;
        let scales = F::scales(simd, [&b[0], &b[1.min(last)], &b[2.min(last)], &b[3.min(last)]]);
        for ((b, scales), out) in b.iter().zip(&scales).zip(out.chunks_mut(GROUP * F::GROUPS)) {
            for (i, out) in out.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
                let group = F::group(simd, b, scales, i);
                group[0].store_slice(&mut out[..16]);
                group[1].store_slice(&mut out[16..]);
            }
        }
    }
}

/// Whether, for rows of this width, [`dots`] is faster than expanding and then multiplying.
#[inline(always)]
pub(crate) fn has_dots<S: Simd>(dtype: DType, cols: usize) -> bool {
    S::f32s::LEN == 16 && cols.is_multiple_of(GROUP) && with_format!(dtype, exists()).is_some()
}

#[inline(always)]
fn exists<S: Simd, F: Format<BYTES>, const BYTES: usize>() {}

/// The products of four rows with `x`, expanded in registers; only for what [`has_dots`] accepts. It adds in the order of
/// [`crate::product::dot_tile`], which gives the same bits as expanding first.
///
/// Four rows at once, because an addition waits for the one before it in its row, and x is loaded once for all.
#[inline(always)]
pub(crate) fn dots<S: Simd>(simd: S, dtype: DType, rows: [&[u8]; 4], x: &[f32]) -> [f32; 4] {
    with_format!(dtype, dots_of(simd, rows, x)).unwrap_or([f32::NAN; 4])
}

#[inline(always)]
fn dots_of<S: Simd, F: Format<BYTES>, const BYTES: usize>(simd: S, rows: [&[u8]; 4], x: &[f32]) -> [f32; 4] {
    let width = GROUP * F::GROUPS;
    let rows = rows.map(|row| &row.as_chunks::<BYTES>().0[..x.len() / width]);
    let mut out = [0.0; 4];
    let mut at = 0;
    for x in x.chunks(PIECE) {
        let mut sums = [S::f32s::splat(simd, 0.0); 4];
        for x in x.chunks_exact(width) {
            let b = [&rows[0][at], &rows[1][at], &rows[2][at], &rows[3][at]];
            // The next four rows: memory that is read in four places at once is not fetched ahead by the processor itself.
            for line in (0..BYTES).step_by(64) {
                b.iter().for_each(|b| instructions::fetch(b.as_ptr().wrapping_add(4 * rows[0].len() * BYTES + line)));
            }
            sums = add_block::<S, F, BYTES>(simd, b, x.as_chunks::<GROUP>().0, sums);
            at += 1;
        }
        for r in 0..4 {
            out[r] += lane_sum::<S>(sums[r]);
        }
    }
    out
}

/// Multiplies a block of four rows with its part of x and adds that to the rows' sums.
#[inline(always)]
fn add_block<S: Simd, F: Format<BYTES>, const BYTES: usize>(
    simd: S,
    b: [&[u8; BYTES]; 4],
    x: &[[f32; GROUP]],
    mut sums: [S::f32s; 4],
) -> [S::f32s; 4] {
    let scales = F::scales(simd, b);
    if F::GROUPS == 1 {
        return add::<S, F, BYTES>(simd, b, &scales, 0, &x[0], sums);
    }
    // Groups share bytes; written out, these are read once, and shifted by a constant.
    for (i, x) in x.as_chunks::<4>().0.iter().enumerate() {
        sums = add::<S, F, BYTES>(simd, b, &scales, 4 * i, &x[0], sums);
        sums = add::<S, F, BYTES>(simd, b, &scales, 4 * i + 1, &x[1], sums);
        sums = add::<S, F, BYTES>(simd, b, &scales, 4 * i + 2, &x[2], sums);
        sums = add::<S, F, BYTES>(simd, b, &scales, 4 * i + 3, &x[3], sums);
    }
    sums
}

/// Multiplies group `i` of four rows with its part of x and adds that to the rows' sums.
#[inline(always)]
fn add<S: Simd, F: Format<BYTES>, const BYTES: usize>(
    simd: S,
    b: [&[u8; BYTES]; 4],
    scales: &[F::Scales; 4],
    i: usize,
    x: &[f32; GROUP],
    mut sums: [S::f32s; 4],
) -> [S::f32s; 4] {
    let lanes = S::f32s::LEN;
    for r in 0..4 {
        let group = F::group(simd, b[r], &scales[r], i);
        let mut numbers = [0.0; GROUP];
        group[0].store_slice(&mut numbers[..16]);
        group[1].store_slice(&mut numbers[16..]);
        for part in 0..GROUP / lanes {
            let (from, to) = (part * lanes, (part + 1) * lanes);
            let x = S::f32s::from_slice(simd, &x[from..to]);
            sums[r] = x.mul_add(S::f32s::from_slice(simd, &numbers[from..to]), sums[r]);
        }
    }
    sums
}
