//! ggml's first formats: blocks of 32 numbers with one scale d, and with a minimum m where the name ends with 1.

use super::float::half;

/// `d · q`, q a signed byte.
#[inline(always)]
pub(super) fn q8_0(b: &[u8; 34], out: &mut [f32; 32]) {
    let d = half(b[0], b[1]);
    for (o, q) in out.iter_mut().zip(&b[2..]) {
        *o = f32::from(*q as i8) * d;
    }
}

/// `d · (q − 8)`; low nibbles are the first half of the block, high nibbles the second.
#[inline(always)]
pub(super) fn q4_0(b: &[u8; 18], out: &mut [f32; 32]) {
    let d = half(b[0], b[1]);
    for j in 0..16 {
        out[j] = (f32::from(b[2 + j] & 15) - 8.0) * d;
        out[j + 16] = (f32::from(b[2 + j] >> 4) - 8.0) * d;
    }
}

/// `d · q + m`, nibbles as in Q4_0.
#[inline(always)]
pub(super) fn q4_1(b: &[u8; 20], out: &mut [f32; 32]) {
    let (d, m) = (half(b[0], b[1]), half(b[2], b[3]));
    for j in 0..16 {
        out[j] = f32::from(b[4 + j] & 15) * d + m;
        out[j + 16] = f32::from(b[4 + j] >> 4) * d + m;
    }
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
