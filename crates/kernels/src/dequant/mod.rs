//! The number formats of weight files and how each becomes f32.
//!
//! A row of weights is a sequence of blocks; a block of `block_len` numbers takes `block_bytes` bytes.
//! The layouts are those of ggml's GGUF files, checked against gguf-py's own dequantization.

mod float;
mod instructions;
mod iq;
mod k_quants;
mod legacy;
mod tables;
mod ternary;
mod vectors;

use fearless_simd::{Level, Simd, dispatch};
use std::fmt;
pub(crate) use vectors::{dots, has_dots};

/// How the numbers of a tensor are stored.
#[allow(non_camel_case_types, missing_docs)] // the names that the field uses for them
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    F32,
    F16,
    BF16,
    Q8_0,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    F64,
    IQ4_NL,
    IQ4_XS,
    MXFP4,
    IQ2_XXS,
    IQ2_XS,
    IQ2_S,
    IQ3_XXS,
    IQ3_S,
    IQ1_S,
    IQ1_M,
    TQ1_0,
    TQ2_0,
}

impl DType {
    /// All of them.
    pub const ALL: [DType; 26] = {
        use DType::*;
        [
            F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, F64, IQ4_NL, IQ4_XS, MXFP4,
            IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ1_S, IQ1_M, TQ1_0, TQ2_0,
        ]
    };

    /// `(ggml type number, numbers per block, bytes per block)`
    fn layout(self) -> (u32, usize, usize) {
        match self {
            DType::F32 => (0, 1, 4),
            DType::F16 => (1, 1, 2),
            DType::BF16 => (30, 1, 2),
            DType::Q4_0 => (2, 32, 18),
            DType::Q4_1 => (3, 32, 20),
            DType::Q5_0 => (6, 32, 22),
            DType::Q5_1 => (7, 32, 24),
            DType::Q8_0 => (8, 32, 34),
            DType::Q2_K => (10, 256, 84),
            DType::Q3_K => (11, 256, 110),
            DType::Q4_K => (12, 256, 144),
            DType::Q5_K => (13, 256, 176),
            DType::Q6_K => (14, 256, 210),
            DType::IQ2_XXS => (16, 256, 66),
            DType::IQ2_XS => (17, 256, 74),
            DType::IQ3_XXS => (18, 256, 98),
            DType::IQ1_S => (19, 256, 50),
            DType::IQ4_NL => (20, 32, 18),
            DType::IQ3_S => (21, 256, 110),
            DType::IQ2_S => (22, 256, 82),
            DType::IQ4_XS => (23, 256, 136),
            DType::F64 => (28, 1, 8),
            DType::IQ1_M => (29, 256, 56),
            DType::TQ1_0 => (34, 256, 54),
            DType::TQ2_0 => (35, 256, 66),
            DType::MXFP4 => (39, 32, 17),
        }
    }

    /// The type with ggml's number `id`, if it is one that this engine reads.
    pub fn from_gguf(id: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.layout().0 == id)
    }

    /// Numbers in a block.
    pub fn block_len(self) -> usize {
        self.layout().1
    }

    /// Bytes in a block.
    pub fn block_bytes(self) -> usize {
        self.layout().2
    }

    /// Bytes of `n` numbers; `None` if `n` is not a whole number of blocks, or the result overflows.
    pub fn bytes_for(self, n: usize) -> Option<usize> {
        let (_, len, bytes) = self.layout();
        (n.is_multiple_of(len)).then(|| (n / len).checked_mul(bytes)).flatten()
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Expands whole blocks into f32.
///
/// # Panics
/// If `bytes` does not hold exactly the blocks of `out.len()` numbers.
pub fn dequantize(dtype: DType, bytes: &[u8], out: &mut [f32]) {
    dequantize_at(crate::level::best(), dtype, bytes, out);
}

/// [`dequantize`] with a named instruction set.
#[inline(never)] // one copy for all who call it: the code of all formats is large
pub fn dequantize_at(level: Level, dtype: DType, bytes: &[u8], out: &mut [f32]) {
    assert_eq!(dtype.bytes_for(out.len()), Some(bytes.len()), "{dtype} blocks do not match {} numbers", out.len());
    dispatch!(level, simd => dequantize_simd(simd, dtype, bytes, out));
}

#[inline(always)]
fn dequantize_simd<S: Simd>(simd: S, dtype: DType, bytes: &[u8], out: &mut [f32]) {
    if !vectors::expand(simd, dtype, bytes, out) {
        each_block(dtype, bytes, out);
    }
}

/// The plain twin of [`dequantize`], one number after the other.
///
/// # Panics
/// If `bytes` does not hold exactly the blocks of `out.len()` numbers.
pub fn plain(dtype: DType, bytes: &[u8], out: &mut [f32]) {
    assert_eq!(dtype.bytes_for(out.len()), Some(bytes.len()), "{dtype} blocks do not match {} numbers", out.len());
    each_block(dtype, bytes, out);
}

#[inline(always)]
fn each_block(dtype: DType, bytes: &[u8], out: &mut [f32]) {
    match dtype {
        DType::F32 => blocks::<4, 1>(bytes, out, float::f32),
        DType::F16 => blocks::<2, 1>(bytes, out, float::f16),
        DType::BF16 => blocks::<2, 1>(bytes, out, float::bf16),
        DType::Q8_0 => blocks(bytes, out, legacy::q8_0),
        DType::Q4_0 => blocks(bytes, out, legacy::q4_0),
        DType::Q4_1 => blocks(bytes, out, legacy::q4_1),
        DType::Q5_0 => blocks(bytes, out, legacy::q5_0),
        DType::Q5_1 => blocks(bytes, out, legacy::q5_1),
        DType::Q2_K => blocks(bytes, out, k_quants::q2_k),
        DType::Q3_K => blocks(bytes, out, k_quants::q3_k),
        DType::Q4_K => blocks(bytes, out, k_quants::q4_k),
        DType::Q5_K => blocks(bytes, out, k_quants::q5_k),
        DType::Q6_K => blocks(bytes, out, k_quants::q6_k),
        DType::F64 => blocks::<8, 1>(bytes, out, float::f64),
        DType::IQ4_NL => blocks(bytes, out, tables::iq4_nl),
        DType::IQ4_XS => blocks(bytes, out, tables::iq4_xs),
        DType::MXFP4 => blocks(bytes, out, tables::mxfp4),
        _ => rare(dtype, bytes, out),
    }
}

/// The formats that vectors do not help, because each group of numbers is looked up in a grid, and those that hardly any
/// model has: compiled once, not for every instruction set.
#[inline(never)]
fn rare(dtype: DType, bytes: &[u8], out: &mut [f32]) {
    match dtype {
        DType::IQ2_XXS => blocks(bytes, out, iq::iq2_xxs),
        DType::IQ2_XS => blocks(bytes, out, iq::iq2_xs),
        DType::IQ2_S => blocks(bytes, out, iq::iq2_s),
        DType::IQ3_XXS => blocks(bytes, out, iq::iq3_xxs),
        DType::IQ3_S => blocks(bytes, out, iq::iq3_s),
        DType::IQ1_S => blocks(bytes, out, iq::iq1_s),
        DType::IQ1_M => blocks(bytes, out, iq::iq1_m),
        DType::TQ1_0 => blocks(bytes, out, ternary::tq1_0),
        DType::TQ2_0 => blocks(bytes, out, ternary::tq2_0),
        _ => unreachable!("{dtype} is expanded elsewhere"),
    }
}

/// Calls a function for each block in turn.
#[inline(always)]
fn blocks<const BYTES: usize, const LEN: usize>(
    bytes: &[u8],
    out: &mut [f32],
    f: impl Fn(&[u8; BYTES], &mut [f32; LEN]),
) {
    let (bytes, _) = bytes.as_chunks::<BYTES>();
    let (out, _) = out.as_chunks_mut::<LEN>();
    for (b, o) in bytes.iter().zip(out) {
        f(b, o);
    }
}

/// Makes bytes at random blocks whose numbers are finite and moderate, by clearing the top bits of exponents.
#[cfg(test)]
pub(crate) fn tame(dtype: DType, bytes: &mut [u8]) {
    match dtype {
        // The top bit of the exponent: what is left is smaller than 2.
        DType::F32 | DType::F64 => bytes.chunks_exact_mut(dtype.block_bytes()).for_each(|b| b[b.len() - 1] &= 0xbf),
        DType::MXFP4 => bytes.iter_mut().step_by(17).for_each(|b| *b &= 127),
        // Every f16 number of the other formats begins at an even byte.
        _ => bytes.iter_mut().skip(1).step_by(2).for_each(|b| *b &= 0xbb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn vectors_have_the_bits_of_the_plain_twin_on_every_instruction_set(
            kind in 0usize..DType::ALL.len(), blocks in 1usize..10, bytes in prop::collection::vec(any::<u8>(), 9 * 256)
        ) {
            let dtype = DType::ALL[kind];
            // Plain numbers are expanded in vectors only where there are whole groups of 32.
            let n = if dtype.block_len() == 1 { 32 * blocks } else { blocks * dtype.block_len() };
            let bytes = &bytes.repeat(2)[..dtype.bytes_for(n).unwrap()];
            let mut expected = vec![0.0; n];
            plain(dtype, bytes, &mut expected);
            for (name, level) in crate::level::all() {
                let mut found = vec![0.0; n];
                dequantize_at(level, dtype, bytes, &mut found);
                for (i, (f, e)) in found.iter().zip(&expected).enumerate() {
                    let same = f.to_bits() == e.to_bits() || (f.is_nan() && e.is_nan());
                    prop_assert!(same, "{dtype} on {name}, number {i} of {n}: {f} against {e}");
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_numbers() {
        for dtype in DType::ALL {
            let n = dtype.block_len() * 3;
            // Bytes that include every value; exponents of f16 scales are kept small enough to stay finite.
            let mut bytes: Vec<u8> = (0..dtype.bytes_for(n).unwrap()).map(|i| (i * 37 % 120) as u8).collect();
            tame(dtype, &mut bytes);
            let mut expected = vec![0.0; n];
            dequantize_at(crate::level::fallback(), dtype, &bytes, &mut expected);
            for (name, level) in crate::level::all() {
                let mut found = vec![0.0; n];
                dequantize_at(level, dtype, &bytes, &mut found);
                for (f, e) in found.iter().zip(&expected) {
                    assert!(f == e || (f - e).abs() <= 1e-6 * e.abs(), "{dtype} on {name}: {f} against {e}");
                }
            }
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(DType::Q4_1.bytes_for(576), Some(360));
        assert_eq!(DType::Q4_1.bytes_for(33), None);
        assert_eq!(DType::F32.bytes_for(usize::MAX), None);
        assert_eq!(DType::from_gguf(14), Some(DType::Q6_K));
        assert_eq!(DType::from_gguf(4), None);
    }
}
