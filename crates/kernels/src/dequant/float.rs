//! Plain floating point: nothing to expand but the width.

#[inline(always)]
pub(super) fn f32(b: &[u8; 4], out: &mut [f32; 1]) {
    out[0] = f32::from_le_bytes(*b);
}

#[inline(always)]
pub(super) fn f16(b: &[u8; 2], out: &mut [f32; 1]) {
    out[0] = half(b[0], b[1]);
}

#[inline(always)]
pub(super) fn bf16(b: &[u8; 2], out: &mut [f32; 1]) {
    out[0] = f32::from_bits(u32::from(u16::from_le_bytes(*b)) << 16);
}

/// An IEEE half as f32, without branches so that loops over it vectorise. Shifting the bits into f32's fields
/// leaves an exponent that is 112 too small; one multiplication mends it, subnormals included.
#[inline(always)]
pub(super) fn half(low: u8, high: u8) -> f32 {
    let bits = u32::from(u16::from_le_bytes([low, high]));
    let sign = (bits & 0x8000) << 16;
    let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    let infinite_or_nan = if bits & 0x7c00 == 0x7c00 { 0xff << 23 } else { 0 };
    f32::from_bits(magnitude.to_bits() | infinite_or_nan | sign)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_half_equals_the_half_crate() {
        for bits in 0..=u16::MAX {
            let [low, high] = bits.to_le_bytes();
            let (found, expected) = (super::half(low, high), half::f16::from_bits(bits).to_f32());
            assert!(found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()), "{bits:#x}");
        }
    }
}
