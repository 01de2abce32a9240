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

/// The likeliest tokens of one row of logits; the probabilities are over the whole row.
pub(crate) fn likeliest(logits: &[f32], top: usize, text: impl Fn(u32) -> String) -> Vec<NextToken> {
    let best = largest(logits.iter().copied(), top);
    let max = best.first().map_or(0.0, |b| b.1);
    let sum: f64 = logits.iter().map(|&l| f64::from(l - max).exp()).sum();
    let next = |(i, logit): (usize, f32)| {
        let id = i as u32;
        NextToken { id, text: text(id), p: (f64::from(logit - max).exp() / sum) as f32 }
    };
    best.into_iter().map(next).collect()
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
