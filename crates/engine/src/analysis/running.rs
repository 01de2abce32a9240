//! Online softmax (running): how the tiled kernel mixes the values of a row without ever holding the whole row.
//!
//! Introduced by Milakov & Gimelshein (2018) and used by FlashAttention (Dao et al. 2022): whenever a larger score
//! appears, the sums so far are rescaled to the new maximum.

use std::ops::Range;

/// What is kept after a tile of keys has been read: 2 + d numbers, however long the row is.
#[derive(Clone, Debug, PartialEq)]
pub struct TileState {
    /// The keys that were read last.
    pub keys: Range<usize>,
    /// The largest score so far; −∞ while every key is masked.
    pub max: f32,
    /// Σ exp(score − max) over all keys so far.
    pub sum: f32,
    /// The factor by which the old sum and vector were multiplied: exp(old max − new max). 0 for the first tile with a
    /// score, 1 where the maximum stays.
    pub correction: f32,
    /// Σ exp(score − max) · value over all keys so far, `[d]`.
    pub acc: Vec<f32>,
}

impl TileState {
    /// What is kept before any key is read: nothing; or a sink, one more score, whose value is 0.
    pub fn start(sink: Option<f32>, d: usize) -> Self {
        let (max, sum) = sink.map_or((f32::NEG_INFINITY, 0.0), |sink| (sink, 1.0));
        Self { keys: 0..0, max, sum, correction: 1.0, acc: vec![0.0; d] }
    }
}

/// Reads a row of `scores` (masked ones −∞) with its `values`, `[kv_len, d]`, in tiles of `tile` keys, and keeps the
/// state after each. The last `acc` divided by the last `sum` is z; where `sum` is 0, z is `acc`, zeros. The row may have
/// a sink.
pub fn running(scores: &[f32], values: &[Vec<f32>], sink: Option<f32>, tile: usize) -> Vec<TileState> {
    let TileState { mut max, mut sum, mut acc, .. } = TileState::start(sink, values.first().map_or(0, Vec::len));
    let mut states = Vec::new();
    let tile = tile.max(1);
    for start in (0..scores.len()).step_by(tile) {
        let keys = start..scores.len().min(start.saturating_add(tile));
        let new_max = scores[keys.clone()].iter().copied().fold(max, f32::max);
        let mut correction = 1.0;
        if new_max != f32::NEG_INFINITY {
            correction = (max - new_max).exp();
            sum *= correction;
            acc.iter_mut().for_each(|a| *a *= correction);
            for k_idx in keys.clone() {
                let e = (scores[k_idx] - new_max).exp();
                sum += e;
                let value = values.get(k_idx).map_or(&[][..], Vec::as_slice);
                acc.iter_mut().zip(value).for_each(|(a, v)| *a += e * v);
            }
            max = new_max;
        } else if scores[keys.clone()].iter().any(|s| s.is_nan()) {
            // exp(−∞ − −∞) would be NaN for every masked key; but a score that is NaN must stay visible.
            sum = f32::NAN;
        }
        states.push(TileState { keys, max, sum, correction, acc: acc.clone() });
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Site;

    const SCORES: [f32; 7] = [1.1, -0.4, 0.3, 3.2, f32::NEG_INFINITY, 2.5, -6.0];

    fn values() -> Vec<Vec<f32>> {
        (0..7).map(|k| (0..3).map(|c| ((k * 3 + c) as f32 * 1.7).sin()).collect()).collect()
    }

    /// Softmax and weighted sum over the whole row at once, as a reference.
    fn plain(scores: &[f32], values: &[Vec<f32>]) -> Vec<f32> {
        let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let exp: Vec<f32> = scores.iter().map(|s| (s - max).exp()).collect();
        let sum: f32 = exp.iter().sum();
        (0..values[0].len()).map(|c| exp.iter().zip(values).map(|(e, v)| e / sum * v[c]).sum()).collect()
    }

    #[test]
    fn whatever_the_tile_it_is_softmax() {
        let expected = plain(&SCORES, &values());
        for tile in [1, 2, 3, 4, 7, 100, usize::MAX] {
            let states = running(&SCORES, &values(), None, tile);
            assert_eq!(states.len(), SCORES.len().div_ceil(tile));
            let last = states.last().unwrap();
            assert_eq!((last.keys.end, last.max), (7, 3.2));
            for (a, z) in last.acc.iter().zip(&expected) {
                assert!((a / last.sum - z).abs() < 1e-5, "tile {tile}: {} is not {z}", a / last.sum);
            }
        }
    }

    #[test]
    fn a_larger_score_shrinks_what_was_summed() {
        let states = running(&[1.0, 0.0, 3.0, 2.0], &vec![vec![1.0]; 4], None, 2);
        let first = 1.0 + (-1.0f32).exp();
        assert_eq!((states[0].correction, states[0].max, states[0].sum), (0.0, 1.0, first));
        assert_eq!((states[1].correction, states[1].max), ((-2.0f32).exp(), 3.0));
        assert!((states[1].sum - ((-2.0f32).exp() * first + 1.0 + (-1.0f32).exp())).abs() < 1e-6);
        // All values are 1, so the vector equals the sum.
        assert!((states[1].acc[0] - states[1].sum).abs() < 1e-6);
    }

    #[test]
    fn a_sink_is_one_more_score_without_a_value() {
        let with = running(&SCORES, &values(), Some(2.8), 3);
        let scores: Vec<f32> = [2.8].into_iter().chain(SCORES).collect();
        let more: Vec<Vec<f32>> = [vec![0.0; 3]].into_iter().chain(values()).collect();
        let (z, last) = (plain(&scores, &more), with.last().unwrap());
        assert!(last.acc.iter().zip(&z).all(|(a, z)| (a / last.sum - z).abs() < 1e-5), "{last:?} is not {z:?}");
        assert_eq!((with[0].correction, with[0].max), (1.0, 2.8));
    }

    #[test]
    fn masked_tiles_change_nothing() {
        let masked = f32::NEG_INFINITY;
        let states = running(&[masked, masked, 0.5, masked, masked, masked], &vec![vec![2.0]; 6], None, 2);
        assert_eq!((states[0].max, states[0].sum, states[0].acc[0]), (masked, 0.0, 0.0));
        assert_eq!((states[1].max, states[1].sum, states[1].acc[0]), (0.5, 1.0, 2.0));
        assert_eq!((states[2].correction, states[2].sum, states[2].acc[0]), (1.0, 1.0, 2.0));
        let nothing = running(&[masked; 3], &vec![vec![2.0]; 3], None, 2);
        assert!(nothing.iter().all(|s| s.sum == 0.0 && s.acc == [0.0] && s.correction == 1.0), "{nothing:?}");
        assert!(running(&[], &[], None, 4).is_empty());
    }

    #[test]
    fn what_is_no_number_stays_to_be_seen() {
        for scores in [[f32::NAN, 1.0], [1.0, f32::NAN], [f32::NAN, f32::NEG_INFINITY]] {
            assert!(running(&scores, &vec![vec![1.0]; 2], None, 1).last().unwrap().sum.is_nan(), "{scores:?}");
        }
    }

    #[test]
    fn it_is_what_the_model_mixed() {
        let model = crate::lesson::model();
        let tokens = model.encode("the hot dog on the rock was").unwrap();
        let trace = model.run(&tokens, &"q,k,v,scores,z".parse().unwrap(), &[]).unwrap();
        let n = tokens.len();
        for layer in 0..2 {
            let row = trace.layer(layer, Site::Scores).unwrap().row(&[0, n - 1]).unwrap();
            let v = trace.layer(layer, Site::V).unwrap();
            let values: Vec<Vec<f32>> = (0..n).map(|k| v.row(&[0, k]).unwrap().to_vec()).collect();
            let z = trace.layer(layer, Site::Z).unwrap().row(&[0, n - 1]).unwrap();
            let states = running(row, &values, None, 3);
            let last = states.last().unwrap();
            for (a, z) in last.acc.iter().zip(z) {
                assert!((a / last.sum - z).abs() < 1e-5, "layer {layer}: {} is not {z}", a / last.sum);
            }
        }
    }
}
