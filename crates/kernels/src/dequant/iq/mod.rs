//! ggml's IQ formats: super-blocks of 256 numbers that are stored eight or four together, as an index into a grid of
//! groups ([`grids`]) and a sign for each number.

mod grids;
mod one_bit;
mod three_bits;
mod two_bits;

pub(super) use one_bit::{iq1_m, iq1_s};
pub(super) use three_bits::{iq3_s, iq3_xxs};
pub(super) use two_bits::{iq2_s, iq2_xs, iq2_xxs};

/// A group of a grid, times `scale`, negative where `signs` has a bit.
#[inline(always)]
fn signed(group: &[i8], scale: f32, signs: u8, out: &mut [f32]) {
    for (i, (level, out)) in group.iter().zip(out).enumerate() {
        let value = scale * f32::from(*level);
        *out = if signs >> i & 1 == 1 { -value } else { value };
    }
}

/// The signs of eight numbers from seven bits: the number of minus signs is even, so that the eighth follows.
#[inline(always)]
fn even_signs(seven: u32) -> u8 {
    let seven = (seven & 127) as u8;
    seven | (seven.count_ones() as u8 & 1) << 7
}

/// Number `i` of the four-bit numbers in `packed`, low bits first.
#[inline(always)]
fn nibble(packed: &[u8], i: usize) -> u8 {
    (packed[i / 2] >> (i % 2 * 4)) & 15
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_seven_bits_give_an_even_number_of_signs() {
        assert!((0..128).all(|seven| super::even_signs(seven).count_ones().is_multiple_of(2)));
        assert_eq!([0, 1, 2, 3, 0x7f].map(super::even_signs), [0, 0x81, 0x82, 3, 0xff]);
    }
}
