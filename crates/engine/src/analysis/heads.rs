//! What a head does, in a few numbers: well-known patterns, each scored from 0 to 1.

use super::entropy::mean_entropy;
use crate::{LazyPattern, Trace};
use std::collections::HashMap;

/// How well a head fits each of the well-known patterns: mean weights over the queries after the first token (a causal
/// model leaves the first no choice), `None` where there are none.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct HeadScore {
    /// Layer.
    pub layer: usize,
    /// Head.
    pub head: usize,
    /// Attends to the token just before.
    pub previous: Option<f32>,
    /// Attends to earlier copies of its own token, over the queries that have one; `None` if no token is repeated.
    pub duplicate: Option<f32>,
    /// Attends to the token after an earlier copy of its own; `None` if no token is repeated.
    pub induction: Option<f32>,
    /// Attends to the first token (often an attention sink).
    pub first: Option<f32>,
    /// Attends to itself.
    pub own: Option<f32>,
    /// Mean entropy of its rows, in bits.
    pub entropy: f32,
}

/// The scores of every head whose pattern the trace has, layer by layer.
pub fn head_scores(trace: &Trace) -> Vec<HeadScore> {
    let earlier = earlier_alike(trace);
    let mut found = Vec::new();
    for layer in 0..trace.model.n_layers {
        for head in 0..trace.model.n_heads {
            let Some(pattern) = LazyPattern::of(trace, layer, head) else { continue };
            let (Some(weights), kv_len) = (pattern.whole(), pattern.kv_len()) else { continue };
            let Some(first_query) = kv_len.checked_sub(pattern.q_len()) else { continue };
            let mut sums = Sums::default();
            for (at, row) in (first_query..).zip(weights.chunks_exact(kv_len.max(1))).filter(|(at, _)| *at > 0) {
                sums.add(row, at, earlier.get(at).map_or(&[], Vec::as_slice));
            }
            if let Some(entropy) = mean_entropy(&weights, kv_len) {
                found.push(sums.score(layer, head, entropy));
            }
        }
    }
    found
}

/// For each position, the earlier positions of the same token.
fn earlier_alike(trace: &Trace) -> Vec<Vec<usize>> {
    let mut seen: HashMap<u32, Vec<usize>> = HashMap::new();
    let mut earlier = Vec::with_capacity(trace.tokens.len());
    for (at, token) in trace.tokens.iter().enumerate() {
        let places = seen.entry(token.id).or_default();
        earlier.push(places.clone());
        places.push(at);
    }
    earlier
}

#[derive(Default)]
struct Sums {
    rows: usize,
    repeats: usize,
    previous: f32,
    duplicate: f32,
    induction: f32,
    first: f32,
    own: f32,
}

impl Sums {
    /// Adds the row of the query at position `at`.
    fn add(&mut self, row: &[f32], at: usize, earlier: &[usize]) {
        let weight = |k_idx: usize| row.get(k_idx).copied().unwrap_or(0.0);
        self.rows += 1;
        self.previous += weight(at - 1);
        self.first += weight(0);
        self.own += weight(at);
        if !earlier.is_empty() {
            self.repeats += 1;
            self.duplicate += earlier.iter().map(|&k_idx| weight(k_idx)).sum::<f32>();
            // If the copy is the token just before, the token after it is this one itself: that is not induction.
            self.induction += earlier.iter().map(|k_idx| k_idx + 1).filter(|&k| k < at).map(weight).sum::<f32>();
        }
    }

    fn score(&self, layer: usize, head: usize, entropy: f32) -> HeadScore {
        let mean = |sum: f32| (self.rows > 0).then(|| sum / self.rows as f32);
        let over_repeats = |sum: f32| (self.repeats > 0).then(|| sum / self.repeats as f32);
        HeadScore {
            layer,
            head,
            previous: mean(self.previous),
            duplicate: over_repeats(self.duplicate),
            induction: over_repeats(self.induction),
            first: mean(self.first),
            own: mean(self.own),
            entropy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_previous_token_head_scores_as_one() {
        let trace = sample::trace(&[1, 2, 3], 1, &[1., 0., 0., 1., 0., 0., 0., 1., 0.]);
        let score = head_scores(&trace)[0];
        assert_eq!((score.previous, score.first, score.own), (Some(1.0), Some(0.5), Some(0.0)));
        assert_eq!((score.duplicate, score.induction), (None, None));
        assert_eq!(score.entropy, 0.0);
    }

    #[test]
    fn induction_looks_after_the_earlier_twin() {
        // a b a: the last a attends to b, which came after the first a, by 0.75, and to that a by 0.25.
        let trace = sample::trace(&[7, 8, 7], 1, &[1., 0., 0., 0.5, 0.5, 0., 0.25, 0.75, 0.]);
        let score = head_scores(&trace)[0];
        assert_eq!((score.duplicate, score.induction), (Some(0.25), Some(0.75)));
        // a a: the token after the first a is the query itself.
        let trace = sample::trace(&[7, 7], 1, &[1., 0., 0., 1.]);
        assert_eq!(head_scores(&trace)[0].induction, Some(0.0));
    }

    #[test]
    fn one_token_has_no_pattern_to_fit() {
        let score = head_scores(&sample::trace(&[7], 1, &[1.0]))[0];
        assert_eq!((score.previous, score.first, score.own), (None, None, None));
    }
}
