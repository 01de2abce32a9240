//! The path of a word through the layers: where it stands between two groups of words, depth by depth.
//!
//! At every depth the axis is the difference-of-means direction of the two groups: −1 is the mean of the first, 1 that
//! of the second. What a vector has outside this axis does not count.

use crate::Site;
use crate::Trace;
use serde::{Deserialize, Serialize};

/// One token's residual stream after the embedding and then after each layer, `[1 + n_layers][d_model]`.
pub type Depths = Vec<Vec<f32>>;

/// Places between two groups, in the order in which words were given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// The path of each word, `[word][depth]`. NaN where the groups' means are the same.
    pub paths: Vec<Vec<f32>>,
    /// The paths of the groups' own words, `[group][word][depth]`, each on the axis computed without that word.
    pub landmarks: [Vec<Vec<f32>>; 2],
}

/// The vectors of one position from a trace with `embed` and `resid_post` of all layers.
pub fn depths(trace: &Trace, position: usize) -> Option<Depths> {
    let layers = (0..trace.model.n_layers).map(|layer| trace.layer(layer, Site::ResidPost));
    std::iter::once(trace.get("embed")).chain(layers).map(|array| Some(array?.row(&[position])?.to_vec())).collect()
}

/// Where `words` stand between two groups at every depth.
///
/// In many dimensions some direction separates any few words, whatever they mean. A word of a group is therefore placed
/// on the axis of the other words: it lands on its group's side only by what it shares with them. `None` if a group has
/// fewer than two words, or if not all words have the same depths and widths.
pub fn journey(words: &[Depths], groups: [&[Depths]; 2]) -> Option<Journey> {
    let all = || words.iter().chain(groups[0]).chain(groups[1]);
    let shape = |word: &Depths| word.iter().map(Vec::len).collect::<Vec<_>>();
    let first = shape(groups[0].first()?);
    if groups.iter().any(|group| group.len() < 2) || all().any(|word| shape(word) != first) {
        return None;
    }
    let path = |word: &Depths, without: [Option<usize>; 2]| {
        (0..first.len()).map(|depth| place(&word[depth], depth, groups, without)).collect()
    };
    Some(Journey {
        paths: words.iter().map(|word| path(word, [None, None])).collect(),
        landmarks: [
            groups[0].iter().enumerate().map(|(i, word)| path(word, [Some(i), None])).collect(),
            groups[1].iter().enumerate().map(|(i, word)| path(word, [None, Some(i)])).collect(),
        ],
    })
}

/// The axis between two groups at one depth. In f64: some components are hundreds of times larger than the rest.
pub(super) struct Line {
    /// From the first group's mean to the second's.
    pub axis: Vec<f64>,
    /// Half way.
    pub middle: Vec<f64>,
}

impl Line {
    pub fn between(groups: [&[&[f32]]; 2]) -> Self {
        let [a, b] = groups.map(mean);
        let pairs = || a.iter().zip(&b);
        Self { axis: pairs().map(|(a, b)| b - a).collect(), middle: pairs().map(|(a, b)| (a + b) / 2.0).collect() }
    }

    /// 2·(r − middle)·axis ÷ |axis|²
    pub fn place(&self, r: &[f32]) -> f32 {
        let (mut along, mut length) = (0.0, 0.0);
        for ((axis, middle), r) in self.axis.iter().zip(&self.middle).zip(r) {
            along += (f64::from(*r) - middle) * axis;
            length += axis * axis;
        }
        (2.0 * along / length) as f32
    }
}

fn place(r: &[f32], depth: usize, groups: [&[Depths]; 2], without: [Option<usize>; 2]) -> f32 {
    let [a, b] = [0, 1].map(|group| -> Vec<&[f32]> {
        let kept = groups[group].iter().enumerate().filter(|(i, _)| Some(*i) != without[group]);
        kept.map(|(_, word)| word[depth].as_slice()).collect()
    });
    Line::between([&a, &b]).place(r)
}

fn mean(group: &[&[f32]]) -> Vec<f64> {
    let mut sum = vec![0.0; group.first().map_or(0, |vector| vector.len())];
    for vector in group {
        sum.iter_mut().zip(*vector).for_each(|(s, x)| *s += f64::from(*x));
    }
    sum.iter().map(|s| s / group.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Array, ModelInfo};

    fn word(x: f32, y: f32) -> Depths {
        vec![vec![x, y], vec![10.0 * x, y]]
    }

    #[test]
    fn means_are_minus_one_and_one_and_other_directions_do_not_count() {
        let (a, b) = ([word(-1.0, 0.0), word(-3.0, 0.0)], [word(1.0, 0.0), word(3.0, 0.0)]);
        let found = journey(&[word(-2.0, 0.0), word(0.0, 7.0), word(2.0, -9.0), word(4.0, 0.0)], [&a, &b]).unwrap();
        let at = |depth: usize| found.paths.iter().map(|path| path[depth]).collect::<Vec<_>>();
        assert_eq!(at(0), [-1.0, 0.0, 1.0, 2.0]);
        assert_eq!(at(1), at(0), "each depth has its own unit");
        // The word at −1 lies between −3 (the rest of its group) and 2: the midpoint is −0.5, half the distance 2.5.
        assert!((found.landmarks[0][0][0] + 0.2).abs() < 1e-6, "{:?}", found.landmarks);
        assert!((found.landmarks[1][1][0] - 7.0 / 3.0).abs() < 1e-6, "{:?}", found.landmarks);
    }

    #[test]
    fn groups_that_make_no_axis_are_refused() {
        let two = [word(-1.0, 0.0), word(-3.0, 0.0)];
        assert!(journey(&[], [&two, &two[..1]]).is_none());
        assert!(journey(&[], [&[], &two]).is_none());
        assert!(journey(&[vec![vec![0.0; 2]]], [&two, &two]).is_none(), "a depth is missing");
        assert!(journey(&[word(0.0, 0.0)], [&two, &two]).unwrap().paths[0][0].is_nan(), "one and the same mean");
    }

    #[test]
    fn a_trace_gives_a_position_at_every_depth() {
        let mut trace = Trace { model: ModelInfo { n_layers: 1, ..ModelInfo::default() }, ..Trace::default() };
        trace.arrays.insert("embed".into(), Array::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]));
        assert_eq!(depths(&trace, 1), None);
        trace.arrays.insert("blocks.0.resid_post".into(), Array::new([2, 2], vec![5.0, 6.0, 7.0, 8.0]));
        assert_eq!(depths(&trace, 1), Some(vec![vec![3.0, 4.0], vec![7.0, 8.0]]));
        assert_eq!(depths(&trace, 2), None);
    }
}
