//! From stored bits to vectors of numbers: what the formats have in common.

use super::super::instructions;
use fearless_simd::{Simd, f32x16, i32x16, prelude::*};

/// Sixteen unsigned bytes as whole numbers.
#[inline(always)]
pub(super) fn bytes<S: Simd>(simd: S, b: &[u8]) -> i32x16<S> {
    let mut q = [0; 16];
    for j in 0..16 {
        q[j] = i32::from(b[j]);
    }
    i32x16::simd_from(simd, q)
}

/// Sixteen signed bytes as numbers.
#[inline(always)]
pub(super) fn signed<S: Simd>(simd: S, b: &[u8]) -> f32x16<S> {
    let mut q = [0; 16];
    for j in 0..16 {
        q[j] = i32::from(b[j] as i8);
    }
    i32x16::simd_from(simd, q).to_float()
}

/// What a stored number of a few bits means.
pub(super) trait Meaning: Copy {
    fn of<S: Simd>(self, simd: S, q: f32x16<S>) -> f32x16<S>;
}

/// `d · (q − zero)`
#[derive(Clone, Copy)]
pub(super) struct Centred {
    pub d: f32,
    pub zero: f32,
}

impl Meaning for Centred {
    #[inline(always)]
    fn of<S: Simd>(self, simd: S, q: f32x16<S>) -> f32x16<S> {
        (q - f32x16::splat(simd, self.zero)) * f32x16::splat(simd, self.d)
    }
}

/// `d · q + m`
#[derive(Clone, Copy)]
pub(super) struct Shifted {
    pub d: f32,
    pub m: f32,
}

impl Meaning for Shifted {
    #[inline(always)]
    fn of<S: Simd>(self, simd: S, q: f32x16<S>) -> f32x16<S> {
        q * f32x16::splat(simd, self.d) + f32x16::splat(simd, self.m)
    }
}

/// The numbers in the low four bits of each lane; what the other bits are does not matter.
///
/// With AVX-512 a register holds the meaning of all sixteen, and one instruction looks them up: half as many as working
/// out each. Both ways the same is computed, and has the same bits.
#[inline(always)]
pub(super) fn four_bits<S: Simd>(simd: S, q: i32x16<S>, meaning: impl Meaning) -> f32x16<S> {
    let mut all = [0.0; 16];
    for j in 0..16 {
        all[j] = j as f32;
    }
    let table = meaning.of(simd, f32x16::simd_from(simd, all));
    match instructions::look_up(simd, table, q) {
        Some(found) => found,
        None => meaning.of(simd, (q & 15).to_float()),
    }
}
