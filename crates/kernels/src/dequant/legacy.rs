//! ggml's first formats: blocks of 32 numbers with one scale, and with a minimum in the `_1` ones.

use super::float::{four_halves, half};
use fearless_simd::{Simd, f32x16, i32x16, prelude::*};

/// `d · q`, q a signed byte.
#[inline(always)]
pub(super) fn q8_0<S: Simd>(simd: S, bytes: &[u8], out: &mut [f32]) {
    let ((fours, rest), (outs, out_rest)) = fours(bytes, out);
    for (b, out) in fours.iter().zip(outs) {
        let d = halves::<S, 34, 0>(simd, b);
        for i in 0..4 {
            store(q8_0_block(simd, &b[i], d[i]), &mut out[i]);
        }
    }
    for (b, out) in rest.iter().zip(out_rest) {
        store(q8_0_block(simd, b, half(b[0], b[1])), out);
    }
}

#[inline(always)]
fn q8_0_block<S: Simd>(simd: S, b: &[u8; 34], d: f32) -> Block<S> {
    let d = f32x16::splat(simd, d);
    let (mut first, mut second) = ([0; 16], [0; 16]);
    for j in 0..16 {
        first[j] = i32::from(b[2 + j] as i8);
        second[j] = i32::from(b[18 + j] as i8);
    }
    let (first, second) = (i32x16::simd_from(simd, first), i32x16::simd_from(simd, second));
    [first.to_float::<f32x16<S>>() * d, second.to_float::<f32x16<S>>() * d]
}

/// `d · (q − 8)`; low nibbles are the first half of the block, high nibbles the second.
#[inline(always)]
pub(super) fn q4_0<S: Simd>(simd: S, bytes: &[u8], out: &mut [f32]) {
    let ((fours, rest), (outs, out_rest)) = fours(bytes, out);
    for (b, out) in fours.iter().zip(outs) {
        let d = halves::<S, 18, 0>(simd, b);
        for i in 0..4 {
            store(q4_0_block(simd, &b[i], d[i]), &mut out[i]);
        }
    }
    for (b, out) in rest.iter().zip(out_rest) {
        store(q4_0_block(simd, b, half(b[0], b[1])), out);
    }
}

#[inline(always)]
fn q4_0_block<S: Simd>(simd: S, b: &[u8; 18], d: f32) -> Block<S> {
    let (d, eight) = (f32x16::splat(simd, d), f32x16::splat(simd, 8.0));
    let [low, high] = nibbles(simd, b, 2);
    [(low - eight) * d, (high - eight) * d]
}

/// `d · q + m`
#[inline(always)]
pub(super) fn q4_1<S: Simd>(simd: S, bytes: &[u8], out: &mut [f32]) {
    let ((fours, rest), (outs, out_rest)) = fours(bytes, out);
    for (b, out) in fours.iter().zip(outs) {
        let (d, m) = (halves::<S, 20, 0>(simd, b), halves::<S, 20, 2>(simd, b));
        for i in 0..4 {
            store(q4_1_block(simd, &b[i], d[i], m[i]), &mut out[i]);
        }
    }
    for (b, out) in rest.iter().zip(out_rest) {
        store(q4_1_block(simd, b, half(b[0], b[1]), half(b[2], b[3])), out);
    }
}

#[inline(always)]
fn q4_1_block<S: Simd>(simd: S, b: &[u8; 20], d: f32, m: f32) -> Block<S> {
    let (d, m) = (f32x16::splat(simd, d), f32x16::splat(simd, m));
    let [low, high] = nibbles(simd, b, 4);
    [low * d + m, high * d + m]
}

/// The low and the high halves of sixteen bytes.
#[inline(always)]
fn nibbles<S: Simd>(simd: S, b: &[u8], at: usize) -> Block<S> {
    let mut q = [0; 16];
    for j in 0..16 {
        q[j] = i32::from(b[at + j]);
    }
    let q = i32x16::simd_from(simd, q);
    [(q & 15).to_float(), (q >> 4).to_float()]
}

/// The 32 numbers of a block.
type Block<S> = [f32x16<S>; 2];

#[inline(always)]
fn store<S: Simd>(block: Block<S>, out: &mut [f32; 32]) {
    block[0].store_slice(&mut out[..16]);
    block[1].store_slice(&mut out[16..]);
}

/// Four at a time, and what is left: blocks of bytes, and of 32 numbers.
#[inline(always)]
#[allow(clippy::type_complexity)]
fn fours<'b, 'o, const BYTES: usize>(
    bytes: &'b [u8],
    out: &'o mut [f32],
) -> ((&'b [[[u8; BYTES]; 4]], &'b [[u8; BYTES]]), (&'o mut [[[f32; 32]; 4]], &'o mut [[f32; 32]])) {
    (bytes.as_chunks::<BYTES>().0.as_chunks(), out.as_chunks_mut().0.as_chunks_mut())
}

/// The halves that stand at byte `AT` of four blocks.
#[inline(always)]
fn halves<S: Simd, const BYTES: usize, const AT: usize>(simd: S, b: &[[u8; BYTES]; 4]) -> [f32; 4] {
    let mut bits = [0; 4];
    for i in 0..4 {
        bits[i] = u32::from(u16::from_le_bytes([b[i][AT], b[i][AT + 1]]));
    }
    four_halves(simd, bits)
}

/// `d · (q − 16)`; the fifth bits of all 32 numbers stand together in one u32.
#[inline(always)]
pub(super) fn q5_0(b: &[u8; 22], out: &mut [f32; 32]) {
    let d = half(b[0], b[1]);
    let fifth = u32::from_le_bytes([b[2], b[3], b[4], b[5]]);
    for j in 0..16 {
        let (low, high) = five_bits(b[6 + j], fifth, j);
        out[j] = (low - 16.0) * d;
        out[j + 16] = (high - 16.0) * d;
    }
}

/// `d · q + m`, with fifth bits as in Q5_0.
#[inline(always)]
pub(super) fn q5_1(b: &[u8; 24], out: &mut [f32; 32]) {
    let (d, m) = (half(b[0], b[1]), half(b[2], b[3]));
    let fifth = u32::from_le_bytes([b[4], b[5], b[6], b[7]]);
    for j in 0..16 {
        let (low, high) = five_bits(b[8 + j], fifth, j);
        out[j] = low * d + m;
        out[j + 16] = high * d + m;
    }
}

/// Numbers `j` and `j + 16` of a block, 0 to 31.
#[inline(always)]
fn five_bits(q: u8, fifth: u32, j: usize) -> (f32, f32) {
    let low = u32::from(q & 15) | ((fifth >> j) & 1) << 4;
    let high = u32::from(q >> 4) | ((fifth >> (j + 16)) & 1) << 4;
    (low as f32, high as f32)
}
