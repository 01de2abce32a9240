//! ggml's formats whose four bits are looked up in a table of 16 numbers, which lie closer together near zero: IQ4_NL,
//! IQ4_XS and MXFP4.

use super::float::half;

/// The table of IQ4_NL and IQ4_XS, chosen by llama.cpp (`kvalues_iq4nl`).
const NON_LINEAR: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// The sixteen floats of four bits (sign, two bits of exponent, one of fraction; OCP Microscaling Formats 1.0), doubled so
/// that they are whole.
const E2M1: [i8; 16] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

static NON_LINEAR_PAIRS: [[f32; 2]; 256] = pairs(NON_LINEAR);
static E2M1_PAIRS: [[f32; 2]; 256] = pairs(E2M1);

/// The two numbers of each byte, that of the low bits first: one look into memory gives both.
const fn pairs(table: [i8; 16]) -> [[f32; 2]; 256] {
    let (mut out, mut byte) = ([[0.0; 2]; 256], 0);
    while byte < 256 {
        out[byte] = [table[byte & 15] as f32, table[byte >> 4] as f32];
        byte += 1;
    }
    out
}

/// `d · table[q]`; low bits are the first half of the block, high bits the second.
#[inline(always)]
pub(super) fn iq4_nl(b: &[u8; 18], out: &mut [f32; 32]) {
    look_up(&NON_LINEAR_PAIRS, half(b[0], b[1]), &b[2..], out);
}

/// `d · (scale − 32) · table[q]`, 32 numbers per scale of 6 bits, of which two stand apart from the other four.
#[inline(always)]
pub(super) fn iq4_xs(b: &[u8; 136], out: &mut [f32; 256]) {
    let (d, high) = (half(b[0], b[1]), u16::from_le_bytes([b[2], b[3]]));
    let (low, qs) = (&b[4..8], &b[8..]);
    for (i, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let scale = (low[i / 2] >> (i % 2 * 4)) & 15 | ((high >> (2 * i)) as u8 & 3) << 4;
        look_up(&NON_LINEAR_PAIRS, d * (f32::from(scale) - 32.0), &qs[i * 16..][..16], out);
    }
}

/// `2ᵉ⁻¹²⁸ · table[q]`, with one byte e per block: half of the scale that e stands for, because the table is doubled.
#[inline(always)]
pub(super) fn mxfp4(b: &[u8; 17], out: &mut [f32; 32]) {
    look_up(&E2M1_PAIRS, power_of_two(b[0]), &b[1..], out);
}

/// 2ᵉ⁻¹²⁸; the two smallest are subnormal numbers.
#[inline(always)]
fn power_of_two(e: u8) -> f32 {
    f32::from_bits(if e < 2 { 0x0020_0000 << e } else { u32::from(e - 1) << 23 })
}

/// 32 numbers from 16 bytes, in the order of IQ4_NL.
#[inline(always)]
fn look_up(table: &[[f32; 2]; 256], scale: f32, qs: &[u8], out: &mut [f32; 32]) {
    let (first, second) = out.split_at_mut(16);
    for ((q, first), second) in qs.iter().zip(first).zip(second) {
        let [low, high] = table[usize::from(*q)];
        *first = scale * low;
        *second = scale * high;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn powers_of_two() {
        for e in 0..=255 {
            assert_eq!(super::power_of_two(e), 2f64.powi(i32::from(e) - 128) as f32, "{e}");
        }
    }
}
