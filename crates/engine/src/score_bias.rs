//! What a model adds to its scores by how far a key is from the query, in place of rotations or of vectors of positions.

use serde::{Deserialize, Serialize};

/// A number for each head and each distance, the same in all layers.
///
/// ```
/// use attnscope::ScoreBias;
///
/// let bias = ScoreBias::alibi(8, 8.0);
/// assert_eq!(bias.at(0, 5, 3), -1.0); // two tokens back, half a point each
/// assert_eq!(bias.at(7, 5, 5), 0.0);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ScoreBias {
    /// ALiBi (Press et al. 2022): minus the distance, times the slope of the head, `[n_heads]`.
    Linear(Vec<f32>),
    /// Learned numbers for small distances and for ranges of larger ones (T5, Raffel et al. 2020), where tokens attend both
    /// ways: the first half of the buckets belongs to keys before the query, the second to those after it.
    Learned {
        /// `[n_heads][buckets]`
        table: Vec<Vec<f32>>,
        /// The distance from which on all are alike.
        furthest: usize,
    },
}

impl ScoreBias {
    /// ALiBi with the slopes of the paper: a geometric series from 2^(−most ÷ n) to 2^(−most), where n is the number of
    /// heads, or the power of 2 below it; the heads that are left get every other slope of twice as many.
    pub fn alibi(n_heads: usize, most: f32) -> Self {
        let whole = 1 << n_heads.max(1).ilog2();
        let slope = |head: usize| match head.checked_sub(whole) {
            None => -most * (head + 1) as f32 / whole as f32,
            Some(left) => -most * (2 * left + 1) as f32 / (2 * whole) as f32,
        };
        Self::Linear((0..n_heads).map(|head| slope(head).exp2()).collect())
    }

    /// What is added to the score of a query and a key at these positions; 0 for a head that does not exist.
    pub fn at(&self, head: usize, query: usize, key: usize) -> f32 {
        match self {
            Self::Linear(slopes) => slopes.get(head).map_or(0.0, |slope| -slope * query.abs_diff(key) as f32),
            Self::Learned { table, .. } => {
                self.bucket(query, key).and_then(|bucket| table.get(head)?.get(bucket).copied()).unwrap_or(0.0)
            }
        }
    }

    /// The bucket of a distance: half of them for single distances, the others for ranges that grow with the distance.
    pub(crate) fn bucket(&self, query: usize, key: usize) -> Option<usize> {
        let Self::Learned { table, furthest } = self else { return None };
        let side = table.first()?.len() / 2;
        let last = side.checked_sub(1)?;
        let (exact, distance) = (side / 2, query.abs_diff(key));
        if exact == 0 || *furthest <= exact {
            return None; // a trace from a file may say anything
        }
        let bucket = if distance < exact {
            distance
        } else {
            // In single precision, as in the models' own code: at the border of two buckets it decides.
            let part = (distance as f32 / exact as f32).ln() / ((*furthest as f64 / exact as f64).ln() as f32);
            exact.saturating_add((part * (side - exact) as f32) as usize).min(last)
        };
        Some(if key > query { side + bucket } else { bucket })
    }

    /// A head's numbers for the kernel, by distance from the furthest key before the last query to the furthest one after
    /// the first, `[q_len + kv_len − 1]`.
    pub(crate) fn by_distance(&self, head: usize, q_len: usize, kv_len: usize) -> Vec<f32> {
        // A query at this position has all keys before the last query on its left.
        let query = kv_len.saturating_sub(1);
        (0..(q_len + kv_len).saturating_sub(1)).map(|key| self.at(head, query, key)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_paper() {
        let slopes = |n| match ScoreBias::alibi(n, 8.0) {
            ScoreBias::Linear(slopes) => slopes,
            other => panic!("{other:?}"),
        };
        assert_eq!(slopes(8), [0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625]);
        let twelve = slopes(12);
        assert_eq!(twelve[..8], slopes(8));
        for (slope, power) in twelve[8..].iter().zip([0.5f32, 1.5, 2.5, 3.5]) {
            assert!((slope - (-power).exp2()).abs() < 1e-7, "{twelve:?}");
        }
        assert_eq!(slopes(1), [1.0 / 256.0]);
    }

    #[test]
    fn distances_share_buckets_the_further_they_are() {
        let table = vec![(0..32).map(|n| n as f32).collect::<Vec<f32>>()];
        let bias = ScoreBias::Learned { table, furthest: 128 };
        // As T5's own function gives them.
        let before =
            [(0, 0), (1, 1), (7, 7), (8, 8), (11, 8), (12, 9), (16, 10), (32, 12), (64, 14), (91, 15), (500, 15)];
        for (distance, bucket) in before {
            assert_eq!(bias.bucket(600, 600 - distance), Some(bucket), "{distance} back");
            if distance > 0 {
                assert_eq!(bias.bucket(600, 600 + distance), Some(16 + bucket), "{distance} ahead");
            }
        }
        assert_eq!((bias.at(0, 3, 3), bias.at(0, 3, 5), bias.at(1, 3, 5)), (0.0, 18.0, 0.0));
    }

    #[test]
    fn what_comes_from_a_file_may_be_absurd() {
        for (buckets, furthest) in [(0, 128), (1, 128), (2, 128), (4, 1), (4, 0), (32, 8), (32, usize::MAX), (7, 9)] {
            let bias = ScoreBias::Learned { table: vec![vec![1.0; buckets]; 2], furthest };
            for (query, key) in [(0, 0), (0, 2), (2, 0), (usize::MAX, 0), (0, usize::MAX)] {
                assert!((0.0..=1.0).contains(&bias.at(0, query, key)), "{buckets} {furthest}: {query}, {key}");
            }
        }
    }

    #[test]
    fn the_kernel_reads_them_by_distance() {
        let bias = ScoreBias::alibi(2, 8.0);
        let (q_len, kv_len) = (3, 5);
        let numbers = bias.by_distance(1, q_len, kv_len);
        for (i, j) in (0..q_len).flat_map(|i| (0..kv_len).map(move |j| (i, j))) {
            assert_eq!(numbers[q_len - 1 - i + j], bias.at(1, kv_len - q_len + i, j), "query {i}, key {j}");
        }
    }
}
