//! ggml's K formats: super-blocks of 256 numbers whose small scales are themselves quantized. Scales are unpacked for a
//! whole block, in 32-bit words of four.

#![allow(non_camel_case_types)] // the names that the field uses for them

use super::legacy::halves;
use super::numbers::{Centred, Meaning, Shifted, bytes, four_bits, signed};
use super::{Format, Group};
use fearless_simd::{Simd, f32x16, prelude::*, u8x32};

/// `d · scale · q − dmin · min`, q of 2 bits, 16 numbers per scale.
pub(super) struct Q2_K;

impl Format<84> for Q2_K {
    const GROUPS: usize = 8;
    /// Sixteen scales, and sixteen minima below zero.
    type Scales = [[f32; 16]; 2];

    #[inline(always)]
    fn scales<S: Simd>(simd: S, b: [&[u8; 84]; 4]) -> [Self::Scales; 4] {
        let (d, dmin) = (halves::<S, 84, 80>(simd, b), halves::<S, 84, 82>(simd, b));
        let mut out = [[[0.0; 16]; 2]; 4];
        for r in 0..4 {
            let both = bytes(simd, &b[r][..16]);
            out[r][0] = ((both & 15).to_float::<f32x16<S>>() * f32x16::splat(simd, d[r])).into();
            out[r][1] = ((both >> 4).to_float::<f32x16<S>>() * f32x16::splat(simd, -dmin[r])).into();
        }
        out
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 84], [scales, minima]: &Self::Scales, i: usize) -> Group<S> {
        let q: [u8; 32] = two_bits(simd, &b[16..80], i).into();
        let meaning = |half: usize| Shifted { d: scales[2 * i + half], m: minima[2 * i + half] };
        [meaning(0).of(simd, bytes(simd, &q[..16]).to_float()), meaning(1).of(simd, bytes(simd, &q[16..]).to_float())]
    }
}

/// The 32 two-bit numbers of group `i`. Each half of the block (128 numbers) has 32 bytes, read four times with growing
/// shift.
#[inline(always)]
fn two_bits<S: Simd>(simd: S, q: &[u8], i: usize) -> u8x32<S> {
    (u8x32::from_slice(simd, &q[i / 4 * 32..][..32]) >> (i % 4 * 2) as u32) & 3
}

/// `d · (scale − 32) · (q − 4·[third bit is 0])`, 16 numbers per scale of 6 bits.
pub(super) struct Q3_K;

impl Format<110> for Q3_K {
    const GROUPS: usize = 8;
    type Scales = [f32; 16];

    #[inline(always)]
    fn scales<S: Simd>(simd: S, b: [&[u8; 110]; 4]) -> [[f32; 16]; 4] {
        let d = halves::<S, 110, 108>(simd, b);
        let mut out = [[0.0; 16]; 4];
        for r in 0..4 {
            let [first, second, high] = words(&b[r][96..108]);
            let scales = joined([
                first & 0x0f0f_0f0f | (high & 0x0303_0303) << 4,
                second & 0x0f0f_0f0f | (high >> 2 & 0x0303_0303) << 4,
                first >> 4 & 0x0f0f_0f0f | (high >> 4 & 0x0303_0303) << 4,
                second >> 4 & 0x0f0f_0f0f | (high >> 6 & 0x0303_0303) << 4,
            ]);
            out[r] = Centred { d: d[r], zero: 32.0 }.of(simd, bytes(simd, &scales).to_float()).into();
        }
        out
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 110], scales: &[f32; 16], i: usize) -> Group<S> {
        let third = (u8x32::from_slice(simd, &b[..32]) >> i as u32) & 1;
        let q = (two_bits(simd, &b[32..96], i) | (third << 2)) - u8x32::splat(simd, 4);
        scaled(simd, q, scales, i)
    }
}

/// `d · scale · q − dmin · min`, q of 4 bits, 32 numbers per scale.
pub(super) struct Q4_K;

impl Format<144> for Q4_K {
    const GROUPS: usize = 8;
    /// Eight scales, and eight minima below zero.
    type Scales = [f32; 16];

    #[inline(always)]
    fn scales<S: Simd>(simd: S, b: [&[u8; 144]; 4]) -> [[f32; 16]; 4] {
        scales_and_minima(simd, b)
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 144], scales: &[f32; 16], i: usize) -> Group<S> {
        let meaning = Shifted { d: scales[i], m: scales[8 + i] };
        let (q, shift) = (&b[16 + i / 2 * 32..][..32], (i % 2 * 4) as u32);
        let (first, second) = (bytes(simd, &q[..16]), bytes(simd, &q[16..]));
        [four_bits(simd, first >> shift, meaning), four_bits(simd, second >> shift, meaning)]
    }
}

/// Q4_K with a fifth bit for each number.
pub(super) struct Q5_K;

impl Format<176> for Q5_K {
    const GROUPS: usize = 8;
    /// As of Q4_K.
    type Scales = [f32; 16];

    #[inline(always)]
    fn scales<S: Simd>(simd: S, b: [&[u8; 176]; 4]) -> [[f32; 16]; 4] {
        scales_and_minima(simd, b)
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 176], scales: &[f32; 16], i: usize) -> Group<S> {
        let fifth = (u8x32::from_slice(simd, &b[16..48]) >> i as u32) & 1;
        let low = (u8x32::from_slice(simd, &b[48 + i / 2 * 32..][..32]) >> (i % 2 * 4) as u32) & 15;
        let q: [u8; 32] = (low | (fifth << 4)).into();
        let meaning = Shifted { d: scales[i], m: scales[8 + i] };
        [meaning.of(simd, bytes(simd, &q[..16]).to_float()), meaning.of(simd, bytes(simd, &q[16..]).to_float())]
    }
}

/// Scales and minima of Q4_K and Q5_K: eight pairs of 6 bits in 12 bytes.
#[inline(always)]
fn scales_and_minima<S: Simd, const BYTES: usize>(simd: S, b: [&[u8; BYTES]; 4]) -> [[f32; 16]; 4] {
    let (d, dmin) = (halves::<S, BYTES, 0>(simd, b), halves::<S, BYTES, 2>(simd, b));
    let mut out = [[0.0; 16]; 4];
    for r in 0..4 {
        let [scales, minima, high] = words(&b[r][4..16]);
        let both = joined([
            scales & 0x3f3f_3f3f,
            high & 0x0f0f_0f0f | scales >> 2 & 0x3030_3030,
            minima & 0x3f3f_3f3f,
            high >> 4 & 0x0f0f_0f0f | minima >> 2 & 0x3030_3030,
        ]);
        let mut factors = [d[r]; 16];
        factors[8..].fill(-dmin[r]);
        out[r] = (bytes(simd, &both).to_float::<f32x16<S>>() * f32x16::simd_from(simd, factors)).into();
    }
    out
}

/// `d · scale · (q − 32)`, q of 6 bits, 16 numbers per signed scale.
pub(super) struct Q6_K;

impl Format<210> for Q6_K {
    const GROUPS: usize = 8;
    type Scales = [f32; 16];

    #[inline(always)]
    fn scales<S: Simd>(simd: S, b: [&[u8; 210]; 4]) -> [[f32; 16]; 4] {
        let d = halves::<S, 210, 208>(simd, b);
        let mut out = [[0.0; 16]; 4];
        for r in 0..4 {
            out[r] = (signed(simd, &b[r][192..208]) * f32x16::splat(simd, d[r])).into();
        }
        out
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 210], scales: &[f32; 16], i: usize) -> Group<S> {
        // Each half of the block (4 groups) is four runs of 32 numbers over the same bytes.
        let (part, run) = (i / 4, i % 4);
        let low = u8x32::from_slice(simd, &b[part * 64 + run % 2 * 32..][..32]) >> (run / 2 * 4) as u32;
        let high = u8x32::from_slice(simd, &b[128 + part * 32..][..32]) >> (run * 2) as u32;
        let q = ((low & 15) | ((high & 3) << 4)) - u8x32::splat(simd, 32);
        scaled(simd, q, scales, i)
    }
}

/// Signed bytes, of which each sixteen have a scale.
#[inline(always)]
fn scaled<S: Simd>(simd: S, q: u8x32<S>, scales: &[f32; 16], i: usize) -> Group<S> {
    let q: [u8; 32] = q.into();
    [
        signed(simd, &q[..16]) * f32x16::splat(simd, scales[2 * i]),
        signed(simd, &q[16..]) * f32x16::splat(simd, scales[2 * i + 1]),
    ]
}

/// Twelve bytes as three words of four.
#[inline(always)]
fn words(b: &[u8]) -> [u32; 3] {
    let mut out = [0; 3];
    for k in 0..3 {
        out[k] = u32::from_le_bytes([b[4 * k], b[4 * k + 1], b[4 * k + 2], b[4 * k + 3]]);
    }
    out
}

/// The bytes of four words.
#[inline(always)]
fn joined(words: [u32; 4]) -> [u8; 16] {
    let mut out = [0; 16];
    for k in 0..4 {
        out[4 * k..4 * k + 4].copy_from_slice(&words[k].to_le_bytes());
    }
    out
}
