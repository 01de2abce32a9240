//! Plain floating-point formats, of which only the width changes.

use fearless_simd::{Simd, f32x4, prelude::*, u32x4};

#[inline(always)]
pub(super) fn f32(b: &[u8; 4], out: &mut [f32; 1]) {
    out[0] = f32::from_le_bytes(*b);
}

/// Rounded to the nearest f32; what is larger than any becomes infinite.
#[inline(always)]
pub(super) fn f64(b: &[u8; 8], out: &mut [f32; 1]) {
    out[0] = f64::from_le_bytes(*b) as f32;
}

#[inline(always)]
pub(super) fn f16(b: &[u8; 2], out: &mut [f32; 1]) {
    out[0] = half(b[0], b[1]);
}

#[inline(always)]
pub(super) fn bf16(b: &[u8; 2], out: &mut [f32; 1]) {
    out[0] = f32::from_bits(u32::from(u16::from_le_bytes(*b)) << 16);
}

/// An IEEE half as f32, without branches so that loops over it vectorise. Shifting the bits into f32's fields leaves an
/// exponent that is 112 too small, which one multiplication corrects, also for subnormals.
#[inline(always)]
pub(super) fn half(low: u8, high: u8) -> f32 {
    let bits = u32::from(u16::from_le_bytes([low, high]));
    let sign = (bits & 0x8000) << 16;
    let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    let infinite_or_nan = if bits & 0x7c00 == 0x7c00 { 0xff << 23 } else { 0 };
    f32::from_bits(magnitude.to_bits() | infinite_or_nan | sign)
}

/// [`half()`] of four at once.
#[inline(always)]
pub(super) fn four_halves<S: Simd>(simd: S, bits: [u16; 4]) -> [f32; 4] {
    if let Some(found) = super::instructions::four_halves(simd, bits) {
        return found;
    }
    let [a, b, c, d] = bits;
    let bits = u32x4::simd_from(simd, [a.into(), b.into(), c.into(), d.into()]);
    let all = |x: u32| u32x4::splat(simd, x);
    let magnitude: f32x4<S> = ((bits & all(0x7fff)) << 13).bitcast();
    let magnitude: u32x4<S> = (magnitude * f32::from_bits((127 + 112) << 23)).bitcast();
    let special = (bits & all(0x7c00)).simd_eq(all(0x7c00));
    let infinite_or_nan = special.select(all(0xff << 23), all(0));
    let value: f32x4<S> = (magnitude | infinite_or_nan | ((bits & all(0x8000)) << 16)).bitcast();
    value.into()
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

    #[test]
    fn four_halves_are_each_the_half() {
        for (name, level) in crate::level::all() {
            for first in (0..=u16::MAX).step_by(4) {
                let bits = std::array::from_fn(|i| first + i as u16);
                let found = fearless_simd::dispatch!(level, simd => super::four_halves(simd, bits));
                for (bits, found) in bits.into_iter().zip(found) {
                    let expected = super::half(bits as u8, (bits >> 8) as u8);
                    let same = found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan());
                    assert!(same, "{bits:#x} on {name}: {found} against {expected}");
                }
            }
        }
    }
}
