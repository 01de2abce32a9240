//! Instructions that the portable vectors lack. Each function says `None` where the machine has none for it, and is known
//! to when the code is compiled, so that asking costs nothing.
#![allow(unused_variables)] // on processors that have none of them

#[cfg(target_arch = "x86_64")]
use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x16, i32x16};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m128, __m128i, __m256i, __m512, __m512i, _mm_cvtph_ps, _mm512_cvtph_ps, _mm512_permutexvar_ps,
};

/// `table[q mod 16]` of each lane.
#[inline(always)]
pub(super) fn look_up<S: Simd>(simd: S, table: f32x16<S>, q: i32x16<S>) -> Option<f32x16<S>> {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = simd.level().as_avx512() {
        fearless_simd::kernel!(
            #[inline(always)]
            fn permute(avx512: Avx512, table: __m512, q: __m512i) -> __m512 {
                _mm512_permutexvar_ps(q, table)
            }
        );
        return Some(permute(avx512, table.into(), q.into()).simd_into(simd));
    }
    None
}

/// Sixteen IEEE halves as f32.
#[inline(always)]
pub(super) fn sixteen_halves<S: Simd>(simd: S, bits: [u16; 16]) -> Option<f32x16<S>> {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = simd.level().as_avx512() {
        fearless_simd::kernel!(
            #[inline(always)]
            fn convert(avx512: Avx512, bits: __m256i) -> __m512 {
                _mm512_cvtph_ps(bits)
            }
        );
        let bits = fearless_simd::u16x16::simd_from(simd, bits);
        return Some(convert(avx512, bits.into()).simd_into(simd));
    }
    None
}

/// Four IEEE halves as f32.
#[inline(always)]
pub(super) fn four_halves<S: Simd>(simd: S, bits: [u16; 4]) -> Option<[f32; 4]> {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = simd.level().as_avx2() {
        fearless_simd::kernel!(
            #[inline(always)]
            fn convert(avx2: Avx2, bits: __m128i) -> __m128 {
                _mm_cvtph_ps(bits)
            }
        );
        let [a, b, c, d] = bits;
        let bits = fearless_simd::u16x8::simd_from(simd, [a, b, c, d, 0, 0, 0, 0]);
        let found: fearless_simd::f32x4<S> = convert(avx2, bits.into()).simd_into(simd);
        return Some(found.into());
    }
    None
}

/// Asks the processor to fetch what stands at an address into its cache, where it will be needed soon. The address need not
/// be one of this program's memory.
#[inline(always)]
pub(super) fn fetch(address: *const u8) {
    // SAFETY: a hint, which reads nothing that the program could see; at a wrong address it does nothing.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
}
