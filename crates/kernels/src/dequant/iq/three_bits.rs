//! IQ3_XXS and IQ3_S: groups of four numbers, three to three and a half bits a number.

use super::super::float::half;
use super::{even_signs, grids, nibble, signed};

/// `d · (scale + ½) / 2 · group`, 32 numbers per scale: all indices, of 8 bits; then, for 32 numbers each, four times seven
/// signs and the scale.
pub(in super::super) fn iq3_xxs(b: &[u8; 98], out: &mut [f32; 256]) {
    let (d, indices, rest) = (half(b[0], b[1]), &b[2..66], &b[66..]);
    let parts = indices.as_chunks::<8>().0.iter().zip(rest.as_chunks::<4>().0).zip(out.chunks_exact_mut(32));
    for ((indices, rest), out) in parts {
        let rest = u32::from_le_bytes(*rest);
        let scale = d * ((rest >> 28) as f32 + 0.5) * 0.5;
        for (i, out) in out.chunks_exact_mut(8).enumerate() {
            let signs = even_signs(rest >> (7 * i));
            let (first, second) = out.split_at_mut(4);
            signed(&grids::IQ3_XXS[usize::from(indices[2 * i])], scale, signs, first);
            signed(&grids::IQ3_XXS[usize::from(indices[2 * i + 1])], scale, signs >> 4, second);
        }
    }
}

/// `d · (2 · scale + 1) · group`, 32 numbers per scale; indices of 9 bits, of which the ninth stands apart, and all signs.
pub(in super::super) fn iq3_s(b: &[u8; 110], out: &mut [f32; 256]) {
    let (low, ninth, signs, scales) = (&b[2..66], &b[66..74], &b[74..106], &b[106..]);
    let d = half(b[0], b[1]);
    for (i, out) in out.chunks_exact_mut(4).enumerate() {
        let index = usize::from(low[i]) | usize::from(ninth[i / 8] >> (i % 8) & 1) << 8;
        let scale = d * (2.0 * f32::from(nibble(scales, i / 8)) + 1.0);
        signed(&grids::IQ3_S[index], scale, signs[i / 2] >> (i % 2 * 4), out);
    }
}
