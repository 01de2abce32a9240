//! IQ2_XXS, IQ2_XS and IQ2_S: groups of eight numbers, two to two and a half bits a number.

use super::super::float::half;
use super::{even_signs, grids, nibble, signed};

/// `d · (scale + ½) / 4 · group`, 32 numbers per scale: four indices of 8 bits, then four times seven signs and the scale.
pub(in super::super) fn iq2_xxs(b: &[u8; 66], out: &mut [f32; 256]) {
    let d = half(b[0], b[1]);
    for (b, out) in b[2..].as_chunks::<8>().0.iter().zip(out.chunks_exact_mut(32)) {
        let rest = u32::from_le_bytes([b[4], b[5], b[6], b[7]]);
        let scale = quarter(d, rest >> 28);
        for (i, out) in out.chunks_exact_mut(8).enumerate() {
            signed(&grids::IQ2_XXS[usize::from(b[i])], scale, even_signs(rest >> (7 * i)), out);
        }
    }
}

/// As IQ2_XXS, 16 numbers per scale: indices of 9 bits, each followed by seven signs; then the scales.
pub(in super::super) fn iq2_xs(b: &[u8; 74], out: &mut [f32; 256]) {
    let (d, scales) = (half(b[0], b[1]), &b[66..]);
    for (i, (q, out)) in b[2..66].as_chunks::<2>().0.iter().zip(out.chunks_exact_mut(8)).enumerate() {
        let q = u16::from_le_bytes(*q);
        let scale = quarter(d, nibble(scales, i / 2).into());
        signed(&grids::IQ2_XS[usize::from(q & 511)], scale, even_signs((q >> 9).into()), out);
    }
}

/// As IQ2_XS, with indices of 10 bits, of which two stand apart, and with all eight signs.
pub(in super::super) fn iq2_s(b: &[u8; 82], out: &mut [f32; 256]) {
    let (low, signs, high, scales) = (&b[2..34], &b[34..66], &b[66..74], &b[74..]);
    let d = half(b[0], b[1]);
    for (i, out) in out.chunks_exact_mut(8).enumerate() {
        let index = usize::from(low[i]) | usize::from((high[i / 4] >> (i % 4 * 2)) & 3) << 8;
        signed(&grids::IQ2_S[index], quarter(d, nibble(scales, i / 2).into()), signs[i], out);
    }
}

#[inline(always)]
fn quarter(d: f32, scale: u32) -> f32 {
    d * (scale as f32 + 0.5) * 0.25
}
