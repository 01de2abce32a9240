//! IQ1_S and IQ1_M: groups of eight numbers −1, 0 and 1, moved by ⅛ up or down; less than two bits a number.

use super::super::float::half;
use super::grids;

/// `d · (2 · scale + 1) · (group ± ⅛)`, 32 numbers per scale. Of each index 8 bits stand in front; three more of each of four
/// indices, a scale of three bits and the direction of ⅛ make up a u16.
pub(in super::super) fn iq1_s(b: &[u8; 50], out: &mut [f32; 256]) {
    let (d, low) = (half(b[0], b[1]), &b[2..34]);
    for (i, (rest, out)) in b[34..].as_chunks::<2>().0.iter().zip(out.chunks_exact_mut(32)).enumerate() {
        let rest = u16::from_le_bytes(*rest);
        let scale = d * (2.0 * f32::from(rest >> 12 & 7) + 1.0);
        for (j, out) in out.chunks_exact_mut(8).enumerate() {
            let index = usize::from(low[4 * i + j]) | usize::from(rest >> (3 * j) & 7) << 8;
            moved(index, scale, rest >> 15 == 1, out);
        }
    }
}

/// As IQ1_S, 16 numbers per scale, and a direction for each group. Four u16 at the end have four scales of three bits each
/// and, at the top, a quarter of the f16 number d.
pub(in super::super) fn iq1_m(b: &[u8; 56], out: &mut [f32; 256]) {
    let (low, high, scales) = (&b[..32], &b[32..48], &b[48..]);
    let quarter = |i: usize| scales[2 * i + 1] >> 4;
    let d = half(quarter(0) | quarter(1) << 4, quarter(2) | quarter(3) << 4);
    for (i, out) in out.chunks_exact_mut(8).enumerate() {
        let rest = high[i / 2] >> (i % 2 * 4);
        let scale = u16::from_le_bytes([scales[i / 8 * 2], scales[i / 8 * 2 + 1]]) >> (i / 2 % 4 * 3) & 7;
        let index = usize::from(low[i]) | usize::from(rest & 7) << 8;
        moved(index, d * (2.0 * f32::from(scale) + 1.0), rest & 8 != 0, out);
    }
}

#[inline(always)]
fn moved(index: usize, scale: f32, down: bool, out: &mut [f32]) {
    let by = if down { -0.125 } else { 0.125 };
    for (level, out) in grids::IQ1[index].iter().zip(out) {
        *out = scale * (f32::from(*level) + by);
    }
}
