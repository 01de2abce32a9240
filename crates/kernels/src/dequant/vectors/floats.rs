//! Plain floating-point numbers, 32 of them as a block.

use super::super::{float, instructions};
use super::{Format, Group};
use fearless_simd::{Simd, f32x16, prelude::*, u32x16};

pub(super) struct F32;

impl Format<128> for F32 {
    const GROUPS: usize = 1;
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: [&[u8; 128]; 4]) -> [(); 4] {
        [(); 4]
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 128], (): &(), _: usize) -> Group<S> {
        let mut out = [[0.0; 16]; 2];
        for j in 0..32 {
            out[j / 16][j % 16] = f32::from_le_bytes([b[4 * j], b[4 * j + 1], b[4 * j + 2], b[4 * j + 3]]);
        }
        [f32x16::simd_from(simd, out[0]), f32x16::simd_from(simd, out[1])]
    }
}

pub(super) struct F16;

impl Format<64> for F16 {
    const GROUPS: usize = 1;
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: [&[u8; 64]; 4]) -> [(); 4] {
        [(); 4]
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 64], (): &(), _: usize) -> Group<S> {
        [sixteen_halves(simd, &b[..32]), sixteen_halves(simd, &b[32..])]
    }
}

#[inline(always)]
fn sixteen_halves<S: Simd>(simd: S, b: &[u8]) -> f32x16<S> {
    let bits = sixteen(b);
    match instructions::sixteen_halves(simd, bits) {
        Some(found) => found,
        None => {
            let mut out = [0.0; 16];
            for j in 0..16 {
                let [low, high] = bits[j].to_le_bytes();
                out[j] = float::half(low, high);
            }
            f32x16::simd_from(simd, out)
        }
    }
}

pub(super) struct BF16;

impl Format<64> for BF16 {
    const GROUPS: usize = 1;
    type Scales = ();

    #[inline(always)]
    fn scales<S: Simd>(_: S, _: [&[u8; 64]; 4]) -> [(); 4] {
        [(); 4]
    }

    #[inline(always)]
    fn group<S: Simd>(simd: S, b: &[u8; 64], (): &(), _: usize) -> Group<S> {
        [upper_halves(simd, &b[..32]), upper_halves(simd, &b[32..])]
    }
}

/// Sixteen numbers of which only the upper half is stored.
#[inline(always)]
fn upper_halves<S: Simd>(simd: S, b: &[u8]) -> f32x16<S> {
    let bits = sixteen(b).map(u32::from);
    (u32x16::simd_from(simd, bits) << 16).bitcast()
}

#[inline(always)]
fn sixteen(b: &[u8]) -> [u16; 16] {
    let mut bits = [0; 16];
    for j in 0..16 {
        bits[j] = u16::from_le_bytes([b[2 * j], b[2 * j + 1]]);
    }
    bits
}
