//! Which heads attend from one token to another.

use crate::{LazyPattern, Trace};

/// How much one head attends from a query to a key.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct EdgeWeight {
    /// Layer.
    pub layer: usize,
    /// Head.
    pub head: usize,
    /// The weight after softmax, 0 to 1.
    pub weight: f32,
}

/// Every head whose pattern the trace has, by how much token `from` (the query) attends to token `to` (the key),
/// strongest first. Empty if there are no such tokens.
pub fn edge_weights(trace: &Trace, from: usize, to: usize) -> Vec<EdgeWeight> {
    let mut found = Vec::new();
    for layer in 0..trace.model.n_layers {
        for head in 0..trace.model.n_heads {
            let Some(pattern) = LazyPattern::of(trace, layer, head) else { continue };
            // The queries are the last of the keys' tokens.
            let Some(q_idx) = (from + pattern.q_len()).checked_sub(pattern.kv_len()) else { continue };
            if let Some(&weight) = pattern.row(q_idx).as_deref().and_then(|row| row.get(to)) {
                found.push(EdgeWeight { layer, head, weight });
            }
        }
    }
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    found
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn strongest_first_and_nothing_beyond_the_text() {
        let trace = sample::trace(&[1, 2], 2, &[1.0, 0.0, 0.2, 0.8, 1.0, 0.0, 0.7, 0.3]);
        let found: Vec<_> = edge_weights(&trace, 1, 0).iter().map(|l| (l.head, l.weight)).collect();
        assert_eq!(found, [(1, 0.7), (0, 0.2)]);
        assert!(edge_weights(&trace, 2, 0).is_empty());
        assert!(edge_weights(&trace, 1, 2).is_empty());
    }
}
