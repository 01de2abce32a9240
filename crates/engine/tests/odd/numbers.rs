//! The bytes of weights.

use super::draw::Draw;
use attnscope_kernels::dequant::DType;

/// Numbers for `n` weights: ordinary ones, or some that are none.
pub fn weights(draw: &mut Draw<'_>, dtype: DType, n: usize) -> Vec<u8> {
    let Some(len) = dtype.bytes_for(n) else { return Vec::new() };
    let odd = draw.odd(24).then(|| draw.float());
    let mut state = u32::from(draw.byte()) | 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as u16
    };
    let mut value = |i: usize| match odd {
        Some(x) if i.is_multiple_of(3) => x,
        _ => f32::from(next()) / 65_536.0 - 0.5,
    };
    match dtype {
        DType::F32 => (0..n).flat_map(|i| value(i).to_le_bytes()).collect(),
        DType::F64 => (0..n).flat_map(|i| f64::from(value(i)).to_le_bytes()).collect(),
        DType::F16 => (0..n).flat_map(|i| half::f16::from_f32(value(i)).to_le_bytes()).collect(),
        DType::BF16 => (0..n).flat_map(|i| half::bf16::from_f32(value(i)).to_le_bytes()).collect(),
        // Any bytes are blocks; those of exponents are kept small, or, if odd, are not.
        _ if odd.is_some() => (0..len).map(|_| next() as u8).collect(),
        DType::MXFP4 => (0..len).map(|i| if i % 17 == 0 { 127 } else { next() as u8 }).collect(),
        _ => (0..len).map(|i| if i % 2 == 1 { next() as u8 & 0xbb } else { next() as u8 }).collect(),
    }
}
