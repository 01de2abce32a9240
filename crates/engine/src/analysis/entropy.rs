//! How spread out attention is.

use crate::{LazyPattern, Trace};

/// Entropy of one row of a pattern, in bits: 0 for a row that attends to one token, log₂ n for one that attends to n
/// tokens equally. NaN if the row holds NaN.
pub fn entropy(row: &[f32]) -> f32 {
    // `p > 0` is false for NaN, which would hide it: only true zeros are skipped.
    row.iter().filter(|&&p| p != 0.0).map(|&p| -p * p.log2()).sum::<f32>() + 0.0
}

/// Mean entropy of a head's rows, in bits. `None` unless the trace has the head's pattern.
pub fn head_entropy(trace: &Trace, layer: usize, head: usize) -> Option<f32> {
    let pattern = LazyPattern::of(trace, layer, head)?;
    mean_entropy(&pattern.whole()?, pattern.kv_len())
}

/// Mean entropy of the rows of a pattern, `[q_len, kv_len]`.
pub(super) fn mean_entropy(pattern: &[f32], kv_len: usize) -> Option<f32> {
    let rows = pattern.chunks_exact(kv_len.max(1));
    let n = rows.len();
    (n > 0).then(|| rows.map(entropy).sum::<f32>() / n as f32)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn one_token_is_zero_bits_and_four_alike_are_two() {
        assert_eq!(entropy(&[0.0, 1.0, 0.0]), 0.0);
        assert_eq!(entropy(&[0.25; 4]), 2.0);
        assert!(entropy(&[f32::NAN, 1.0]).is_nan());
        assert_eq!(entropy(&[]), 0.0);
    }

    #[test]
    fn a_head_has_the_mean_of_its_rows() {
        let trace = sample::trace(&[1, 2], 2, &[1.0, 0.0, 0.5, 0.5, 1.0, 0.0, 0.0, 1.0]);
        assert_eq!(head_entropy(&trace, 0, 0), Some(0.5));
        assert_eq!(head_entropy(&trace, 0, 1), Some(0.0));
        assert_eq!(head_entropy(&trace, 0, 2), None);
        assert_eq!(head_entropy(&trace, 1, 0), None);
    }
}
