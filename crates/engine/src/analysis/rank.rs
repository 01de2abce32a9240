//! The largest of many numbers.

use crate::NextToken;

/// The `top` largest scores with their indices, largest first; NaN is left out.
pub(super) fn largest(scores: impl Iterator<Item = f32>, top: usize) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(top.min(1024) + 1);
    for (i, score) in scores.enumerate() {
        if score.is_nan() || (best.len() >= top && best.last().is_none_or(|&(_, least)| score <= least)) {
            continue;
        }
        let at = best.partition_point(|&(_, s)| s >= score);
        best.insert(at, (i, score));
        best.truncate(top);
    }
    best
}

/// Softmax: the exponential of each score, divided by the sum of all, which is computed in f64. A score that is −∞ or no
/// number gets 0; if all do, every weight is 0.
///
/// ```
/// assert_eq!(attnscope::analysis::softmax(&[1.0, f32::NEG_INFINITY, 1.0]), [0.5, 0.0, 0.5]);
/// ```
pub fn softmax(scores: &[f32]) -> Vec<f32> {
    let max = scores.iter().copied().filter(|score| score.is_finite()).fold(f32::NEG_INFINITY, f32::max);
    let exp = |score: &f32| if score.is_finite() { f64::from(score - max).exp() } else { 0.0 };
    let exps: Vec<f64> = scores.iter().map(exp).collect();
    let sum: f64 = exps.iter().sum();
    exps.into_iter().map(|exp| if sum > 0.0 { (exp / sum) as f32 } else { 0.0 }).collect()
}

/// The same where one more score, a sink, takes part: the weights sum to less than 1.
///
/// ```
/// assert_eq!(attnscope::analysis::softmax_with_sink(&[1.0, 1.0], Some(f32::MIN)), [0.5, 0.5]);
/// assert_eq!(attnscope::analysis::softmax_with_sink(&[1.0], Some(1.0)), [0.5]);
/// ```
pub fn softmax_with_sink(scores: &[f32], sink: Option<f32>) -> Vec<f32> {
    let mut weights = softmax(&[scores, sink.as_slice()].concat());
    weights.truncate(scores.len());
    weights
}

/// The index of the number farthest from 0; none where there is no number.
///
/// ```
/// assert_eq!(attnscope::analysis::strongest(&[0.5, -2.0, f32::NAN]), Some(1));
/// ```
pub fn strongest(numbers: &[f32]) -> Option<usize> {
    let finite = numbers.iter().enumerate().filter(|(_, x)| x.is_finite());
    finite.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).map(|(i, _)| i)
}

/// The likeliest tokens of one row of logits; the probabilities are over the whole row.
pub(crate) fn likeliest(logits: &[f32], top: usize, text: impl Fn(u32) -> String) -> Vec<NextToken> {
    let p = softmax(logits);
    let best = largest(p.iter().copied(), top);
    best.into_iter().map(|(id, p)| NextToken { id: id as u32, text: text(id as u32), p }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_come_first_and_ties_keep_their_order() {
        let scores = [1.0, f32::NAN, 3.0, 3.0, -1.0];
        assert_eq!(largest(scores.into_iter(), 3), [(2, 3.0), (3, 3.0), (0, 1.0)]);
        assert_eq!(largest(scores.into_iter(), 0), []);
        assert_eq!(largest(scores.into_iter(), 9).len(), 4);
    }

    #[test]
    fn probabilities_are_over_the_whole_row() {
        let next = likeliest(&[0.0, 2f32.ln(), 0.0], 1, |id| id.to_string());
        assert_eq!(next.len(), 1);
        assert_eq!((next[0].id, next[0].text.as_str()), (1, "1"));
        assert!((next[0].p - 0.5).abs() < 1e-6);
    }
}
