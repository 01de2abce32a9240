//! ggml's first formats: blocks of 32 numbers with one scale d, and with a minimum m where the name ends with 1.

use super::super::float::four_halves;
use super::numbers::{Centred, Meaning, Shifted, bytes, four_bits, signed};
use super::{Format, Group};
use fearless_simd::{Simd, f32x16, i32x16, prelude::*};

/// `d · q`, q a signed byte.
pub(super) struct Q8_0;

impl Format<34> for Q8_0 {
    const GROUPS: usize = 1;
    type Scales = f32;

    #[inline(always)]
    fn scales<S: Simd>(simd: S, b: [&[u8; 34]; 4]) -> [f32; 4] {
        halves::<S, 34, 0>(simd, b)
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 34], d: &f32, _: usize) -> Group<S> {
        let d = f32x16::splat(simd, *d);
        [signed(simd, &b[2..18]) * d, signed(simd, &b[18..]) * d]
    }
}

/// `d · (q − 8)`; low nibbles are the first half of the block, high nibbles the second.
pub(super) struct Q4_0;

impl Format<18> for Q4_0 {
    const GROUPS: usize = 1;
    type Scales = f32;

    #[inline(always)]
    fn scales<S: Simd>(simd: S, b: [&[u8; 18]; 4]) -> [f32; 4] {
        halves::<S, 18, 0>(simd, b)
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 18], d: &f32, _: usize) -> Group<S> {
        nibbles(simd, &b[2..], Centred { d: *d, zero: 8.0 })
    }
}

/// `d · q + m`, nibbles as in Q4_0.
pub(super) struct Q4_1;

impl Format<20> for Q4_1 {
    const GROUPS: usize = 1;
    type Scales = Shifted;

    #[inline(always)]
    fn scales<S: Simd>(simd: S, b: [&[u8; 20]; 4]) -> [Shifted; 4] {
        shifted(simd, b)
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 20], scales: &Shifted, _: usize) -> Group<S> {
        nibbles(simd, &b[4..], *scales)
    }
}

/// `d · (q − 16)`, nibbles as in Q4_0; the fifth bits of all 32 numbers stand together in one u32.
pub(super) struct Q5_0;

impl Format<22> for Q5_0 {
    const GROUPS: usize = 1;
    type Scales = f32;

    #[inline(always)]
    fn scales<S: Simd>(simd: S, b: [&[u8; 22]; 4]) -> [f32; 4] {
        halves::<S, 22, 0>(simd, b)
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 22], d: &f32, _: usize) -> Group<S> {
        let meaning = Centred { d: *d, zero: 16.0 };
        let [low, high] = five_bits(simd, u32::from_le_bytes([b[2], b[3], b[4], b[5]]), &b[6..]);
        [meaning.of(simd, low), meaning.of(simd, high)]
    }
}

/// `d · q + m`, with fifth bits as in Q5_0.
pub(super) struct Q5_1;

impl Format<24> for Q5_1 {
    const GROUPS: usize = 1;
    type Scales = Shifted;

    #[inline(always)]
    fn scales<S: Simd>(simd: S, b: [&[u8; 24]; 4]) -> [Shifted; 4] {
        shifted(simd, b)
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 24], scales: &Shifted, _: usize) -> Group<S> {
        let [low, high] = five_bits(simd, u32::from_le_bytes([b[4], b[5], b[6], b[7]]), &b[8..]);
        [scales.of(simd, low), scales.of(simd, high)]
    }
}

#[inline(always)]
fn nibbles<S: Simd>(simd: S, b: &[u8], meaning: impl Meaning) -> Group<S> {
    let q = bytes(simd, b);
    [four_bits(simd, q, meaning), four_bits(simd, q >> 4, meaning)]
}

/// Nibbles with a fifth bit for each, 0 to 31.
#[inline(always)]
fn five_bits<S: Simd>(simd: S, fifth: u32, b: &[u8]) -> Group<S> {
    let q = bytes(simd, b);
    let (first, second) = (upper(simd, fifth & 0xffff), upper(simd, fifth >> 16));
    [((q & 15) | first).to_float(), ((q >> 4) | second).to_float()]
}

/// Bit j of `bits` as bit 4 of lane j.
#[inline(always)]
fn upper<S: Simd>(simd: S, bits: u32) -> i32x16<S> {
    let mut masks = [0; 16];
    for j in 0..16 {
        masks[j] = 1 << j;
    }
    let masks = i32x16::simd_from(simd, masks);
    let missing = (i32x16::splat(simd, bits as i32) & masks).simd_eq(i32x16::splat(simd, 0));
    missing.select(i32x16::splat(simd, 0), i32x16::splat(simd, 16))
}

#[inline(always)]
fn shifted<S: Simd, const BYTES: usize>(simd: S, b: [&[u8; BYTES]; 4]) -> [Shifted; 4] {
    let (d, m) = (halves::<S, BYTES, 0>(simd, b), halves::<S, BYTES, 2>(simd, b));
    let mut out = [Shifted { d: 0.0, m: 0.0 }; 4];
    for r in 0..4 {
        out[r] = Shifted { d: d[r], m: m[r] };
    }
    out
}

/// The f16 numbers at byte `AT` of four blocks: converting them one by one would cost more than the numbers they scale.
#[inline(always)]
pub(super) fn halves<S: Simd, const BYTES: usize, const AT: usize>(simd: S, b: [&[u8; BYTES]; 4]) -> [f32; 4] {
    let mut bits = [0; 4];
    for r in 0..4 {
        bits[r] = u16::from_le_bytes([b[r][AT], b[r][AT + 1]]);
    }
    four_halves(simd, bits)
}
