//! ggml's K formats: super-blocks of 256 numbers whose small scales are themselves quantized.

use super::float::half;

/// `d · scale · q − dmin · min`, q of 2 bits, 16 numbers per scale.
#[inline(always)]
pub(super) fn q2_k(b: &[u8; 84], out: &mut [f32; 256]) {
    let (scales, qs) = (&b[..16], &b[16..80]);
    let (d, dmin) = (half(b[80], b[81]), half(b[82], b[83]));
    for (i, out) in out.chunks_exact_mut(16).enumerate() {
        let (scale, min) = (d * f32::from(scales[i] & 15), dmin * f32::from(scales[i] >> 4));
        let (start, shift) = two_bit_place(i);
        for (o, q) in out.iter_mut().zip(&qs[start..start + 16]) {
            *o = scale * f32::from((q >> shift) & 3) - min;
        }
    }
}

/// The place of the 16 two-bit numbers of group `i`: first byte and shift. Each half of the block (128 numbers) has 32
/// bytes, read four times with growing shift.
#[inline(always)]
fn two_bit_place(i: usize) -> (usize, usize) {
    (i / 8 * 32 + i % 2 * 16, i % 8 / 2 * 2)
}

/// `d · (scale − 32) · (q − 4·[third bit is 0])`, 16 numbers per scale of 6 bits.
#[inline(always)]
pub(super) fn q3_k(b: &[u8; 110], out: &mut [f32; 256]) {
    let (high, qs, packed) = (&b[..32], &b[32..96], &b[96..108]);
    let d = half(b[108], b[109]);
    for (i, out) in out.chunks_exact_mut(16).enumerate() {
        let low_bits = if i < 8 { packed[i] & 15 } else { packed[i - 8] >> 4 };
        let high_bits = (packed[8 + i % 4] >> (i / 4 * 2)) & 3;
        let scale = d * (f32::from(low_bits | high_bits << 4) - 32.0);
        let (start, shift) = two_bit_place(i);
        let third = &high[i % 2 * 16..][..16];
        let mask = 1u8 << (i / 2);
        for ((o, q), h) in out.iter_mut().zip(&qs[start..start + 16]).zip(third) {
            let missing = if h & mask == 0 { 4.0 } else { 0.0 };
            *o = scale * (f32::from((q >> shift) & 3) - missing);
        }
    }
}

/// `d · scale · q − dmin · min`, q of 4 bits, 32 numbers per scale.
#[inline(always)]
pub(super) fn q4_k(b: &[u8; 144], out: &mut [f32; 256]) {
    let (packed, qs) = (&b[4..16], &b[16..]);
    for (i, out) in out.chunks_exact_mut(32).enumerate() {
        let (scale, min) = scale_and_min(b, packed, i);
        for (o, q) in out.iter_mut().zip(&qs[i / 2 * 32..][..32]) {
            *o = scale * f32::from((q >> (i % 2 * 4)) & 15) - min;
        }
    }
}

/// Q4_K with a fifth bit for each number.
#[inline(always)]
pub(super) fn q5_k(b: &[u8; 176], out: &mut [f32; 256]) {
    let (packed, high, qs) = (&b[4..16], &b[16..48], &b[48..]);
    for (i, out) in out.chunks_exact_mut(32).enumerate() {
        let (scale, min) = scale_and_min(b, packed, i);
        for ((o, q), h) in out.iter_mut().zip(&qs[i / 2 * 32..][..32]).zip(high) {
            let number = (q >> (i % 2 * 4)) & 15 | ((h >> i) & 1) << 4;
            *o = scale * f32::from(number) - min;
        }
    }
}

/// Scale and minimum of group `i` of a Q4_K or Q5_K block: eight pairs of 6 bits in 12 bytes.
#[inline(always)]
fn scale_and_min(b: &[u8], packed: &[u8], i: usize) -> (f32, f32) {
    let (scale, min) = if i < 4 {
        (packed[i] & 63, packed[i + 4] & 63)
    } else {
        (packed[i + 4] & 15 | packed[i - 4] >> 6 << 4, packed[i + 4] >> 4 | packed[i] >> 6 << 4)
    };
    (half(b[0], b[1]) * f32::from(scale), half(b[2], b[3]) * f32::from(min))
}

/// `d · scale · (q − 32)`, q of 6 bits, 16 numbers per signed scale.
#[inline(always)]
pub(super) fn q6_k(b: &[u8; 210], out: &mut [f32; 256]) {
    let (low, high, scales) = (&b[..128], &b[128..192], &b[192..208]);
    let d = half(b[208], b[209]);
    for (i, out) in out.chunks_exact_mut(16).enumerate() {
        let scale = d * f32::from(scales[i] as i8);
        // Each half of the block (8 groups) is four runs of 32 numbers over the same bytes.
        let (part, run, offset) = (i / 8, i % 8 / 2, i % 2 * 16);
        let low = &low[part * 64 + run % 2 * 32 + offset..][..16];
        let high = &high[part * 32 + offset..][..16];
        for ((o, l), h) in out.iter_mut().zip(low).zip(high) {
            let q = (l >> (run / 2 * 4)) & 15 | ((h >> (run * 2)) & 3) << 4;
            *o = scale * (f32::from(q) - 32.0);
        }
    }
}
