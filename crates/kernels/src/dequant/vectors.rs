//! ggml's first formats with four and eight bits, expanded in explicit vector code: blocks of 32 numbers with one scale
//! d, and with a minimum m in Q4_1.
//!
//! A row is expanded into memory ([`expand`]), or multiplied as it is read ([`dot`]). Nothing here is a closure or a
//! function passed as a value, because code that is not inlined has no vector instructions.
#![allow(clippy::needless_range_loop)] // lanes and blocks read best by index

use super::float::{four_halves, half};
use fearless_simd::{Simd, f32x16, i32x16, prelude::*};

/// The 32 numbers of a block.
pub(crate) type Block<S> = [f32x16<S>; 2];

/// A format with blocks of `BYTES` bytes.
pub(crate) trait Format<const BYTES: usize> {
    /// The values that all numbers of a block share.
    type Scales: Copy;

    fn scales(b: &[u8; BYTES]) -> Self::Scales;

    fn four_scales<S: Simd>(simd: S, b: &[[u8; BYTES]; 4]) -> [Self::Scales; 4];

    fn block<S: Simd>(simd: S, b: &[u8; BYTES], scales: Self::Scales) -> Block<S>;
}

/// `d · q`, q a signed byte.
pub(crate) struct Q8_0;

impl Format<34> for Q8_0 {
    type Scales = f32;

    #[inline(always)]
    fn scales(b: &[u8; 34]) -> f32 {
        half(b[0], b[1])
    }

    #[inline(always)]
    fn four_scales<S: Simd>(simd: S, b: &[[u8; 34]; 4]) -> [f32; 4] {
        halves::<S, 34, 0>(simd, b)
    }

    #[inline(always)]
    fn block<S: Simd>(simd: S, b: &[u8; 34], d: f32) -> Block<S> {
        let d = f32x16::splat(simd, d);
        let (mut first, mut second) = ([0; 16], [0; 16]);
        for j in 0..16 {
            first[j] = i32::from(b[2 + j] as i8);
            second[j] = i32::from(b[18 + j] as i8);
        }
        let (first, second) = (i32x16::simd_from(simd, first), i32x16::simd_from(simd, second));
        [first.to_float::<f32x16<S>>() * d, second.to_float::<f32x16<S>>() * d]
    }
}

/// `d · (q − 8)`; low nibbles are the first half of the block, high nibbles the second.
pub(crate) struct Q4_0;

impl Format<18> for Q4_0 {
    type Scales = f32;

    #[inline(always)]
    fn scales(b: &[u8; 18]) -> f32 {
        half(b[0], b[1])
    }

    #[inline(always)]
    fn four_scales<S: Simd>(simd: S, b: &[[u8; 18]; 4]) -> [f32; 4] {
        halves::<S, 18, 0>(simd, b)
    }

    #[inline(always)]
    fn block<S: Simd>(simd: S, b: &[u8; 18], d: f32) -> Block<S> {
        let (d, eight) = (f32x16::splat(simd, d), f32x16::splat(simd, 8.0));
        let [low, high] = nibbles(simd, b, 2);
        [(low - eight) * d, (high - eight) * d]
    }
}

/// `d · q + m`, nibbles as in Q4_0.
pub(crate) struct Q4_1;

impl Format<20> for Q4_1 {
    type Scales = (f32, f32);

    #[inline(always)]
    fn scales(b: &[u8; 20]) -> (f32, f32) {
        (half(b[0], b[1]), half(b[2], b[3]))
    }

    #[inline(always)]
    fn four_scales<S: Simd>(simd: S, b: &[[u8; 20]; 4]) -> [(f32, f32); 4] {
        let (d, m) = (halves::<S, 20, 0>(simd, b), halves::<S, 20, 2>(simd, b));
        [(d[0], m[0]), (d[1], m[1]), (d[2], m[2]), (d[3], m[3])]
    }

    #[inline(always)]
    fn block<S: Simd>(simd: S, b: &[u8; 20], (d, m): (f32, f32)) -> Block<S> {
        let (d, m) = (f32x16::splat(simd, d), f32x16::splat(simd, m));
        let [low, high] = nibbles(simd, b, 4);
        [low * d + m, high * d + m]
    }
}

/// The low and the high nibbles of sixteen bytes from `at` on.
#[inline(always)]
fn nibbles<S: Simd>(simd: S, b: &[u8], at: usize) -> Block<S> {
    let mut q = [0; 16];
    for j in 0..16 {
        q[j] = i32::from(b[at + j]);
    }
    let q = i32x16::simd_from(simd, q);
    [(q & 15).to_float(), (q >> 4).to_float()]
}

/// The f16 numbers at byte `AT` of four blocks: converting them one by one would cost more than the numbers they scale.
#[inline(always)]
fn halves<S: Simd, const BYTES: usize, const AT: usize>(simd: S, b: &[[u8; BYTES]; 4]) -> [f32; 4] {
    let mut bits = [0; 4];
    for i in 0..4 {
        bits[i] = u32::from(u16::from_le_bytes([b[i][AT], b[i][AT + 1]]));
    }
    four_halves(simd, bits)
}

/// Expands whole blocks.
#[inline(always)]
pub(crate) fn expand<S: Simd, F: Format<BYTES>, const BYTES: usize>(simd: S, bytes: &[u8], out: &mut [f32]) {
    let (fours, rest) = bytes.as_chunks::<BYTES>().0.as_chunks::<4>();
    let (outs, out_rest) = out.as_chunks_mut::<32>().0.as_chunks_mut::<4>();
    for (b, out) in fours.iter().zip(outs) {
        let scales = F::four_scales(simd, b);
        for i in 0..4 {
            store(F::block(simd, &b[i], scales[i]), &mut out[i]);
        }
    }
    for (b, out) in rest.iter().zip(out_rest) {
        store(F::block(simd, b, F::scales(b)), out);
    }
}

#[inline(always)]
fn store<S: Simd>(block: Block<S>, out: &mut [f32; 32]) {
    block[0].store_slice(&mut out[..16]);
    block[1].store_slice(&mut out[16..]);
}

/// The dot product of whole blocks with `x`. With vectors of 16 it adds in the order of [`crate::product::dot_tile`],
/// which gives the same bits as expanding first.
#[inline(always)]
pub(crate) fn dot<S: Simd, F: Format<BYTES>, const BYTES: usize>(simd: S, bytes: &[u8], x: &[f32]) -> f32 {
    let (fours, rest) = bytes.as_chunks::<BYTES>().0.as_chunks::<4>();
    let (xs, x_rest) = x.as_chunks::<32>().0.as_chunks::<4>();
    let mut sum = f32x16::splat(simd, 0.0);
    for (b, x) in fours.iter().zip(xs) {
        let scales = F::four_scales(simd, b);
        for i in 0..4 {
            sum = add(simd, F::block(simd, &b[i], scales[i]), &x[i], sum);
        }
    }
    for (b, x) in rest.iter().zip(x_rest) {
        sum = add(simd, F::block(simd, b, F::scales(b)), x, sum);
    }
    lane_sum16(sum)
}

/// As [`crate::product::lane_sum`].
#[inline(always)]
fn lane_sum16<S: Simd>(mut v: f32x16<S>) -> f32 {
    for _ in 0..4 {
        v = v.unzip_low(v) + v.unzip_high(v);
    }
    v[0]
}

#[inline(always)]
fn add<S: Simd>(simd: S, block: Block<S>, x: &[f32; 32], sum: f32x16<S>) -> f32x16<S> {
    let sum = f32x16::from_slice(simd, &x[..16]).mul_add(block[0], sum);
    f32x16::from_slice(simd, &x[16..]).mul_add(block[1], sum)
}
