//! ggml's formats for models whose weights are −1, 0 or 1: blocks of 256 numbers with one scale.

use super::float::half;

/// `d · (q − 1)`, five numbers in a byte as the digits of a number to base 3. It is stored as a fraction of 243 in 256ths,
/// so that multiplying by 3 moves the next digit out at the top.
pub(super) fn tq1_0(b: &[u8; 54], out: &mut [f32; 256]) {
    let d = half(b[52], b[53]);
    let mut out = out.iter_mut();
    // 32 bytes have the first 160 numbers, 16 bytes the next 80, and 4 bytes of four digits each the last 16.
    for (bytes, digits) in [(&b[..32], 5), (&b[32..48], 5), (&b[48..52], 4)] {
        let powers = [1u8, 3, 9, 27, 81];
        for power in &powers[..digits] {
            for (byte, out) in bytes.iter().zip(&mut out) {
                let digit = (u16::from(byte.wrapping_mul(*power)) * 3) >> 8;
                *out = d * (f32::from(digit) - 1.0);
            }
        }
    }
}

/// `d · (q − 1)`, q of 2 bits; each half of the block has 32 bytes, read four times with growing shift.
pub(super) fn tq2_0(b: &[u8; 66], out: &mut [f32; 256]) {
    let d = half(b[64], b[65]);
    for (i, out) in out.chunks_exact_mut(32).enumerate() {
        for (byte, out) in b[i / 4 * 32..][..32].iter().zip(out) {
            *out = d * (f32::from((byte >> (i % 4 * 2)) & 3) - 1.0);
        }
    }
}
