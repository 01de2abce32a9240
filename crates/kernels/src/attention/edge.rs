//! An attention weight set by the caller, to ask what changes if a query attends more, less or not at all to a key.

use crate::softmax;

/// Query row `q` of `head` gives key `k` exactly `weight`; the other keys keep their proportions in the rest. `weight`
/// 0 cuts the edge (attention edge knockout): the row is then what softmax gives with that score at −∞.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Query head.
    pub head: usize,
    /// Query row, 0 to q_len − 1.
    pub q: usize,
    /// Key, 0 to kv_len − 1.
    pub k: usize,
    /// 0 to 1.
    pub weight: f32,
}

/// Softmax of `row` in place, with its sink if it has one and with the given edges of that row imposed. If no other key is
/// left to take the rest, the rest is dropped: a row whose only edge is cut becomes zeros. Returns ln Σ exp of the
/// scores before.
pub(super) fn softmax_with_edges<'a>(
    row: &mut [f32],
    sink: Option<f32>,
    edges: impl Iterator<Item = &'a Edge> + Clone,
) -> f32 {
    let lse = softmax::plain_with_sink(&mut row.to_vec(), sink);
    for edge in edges.clone() {
        row[edge.k] = f32::NEG_INFINITY;
    }
    softmax::plain_with_sink(row, sink);
    let taken: f32 = edges.clone().map(|e| e.weight).sum();
    row.iter_mut().for_each(|w| *w *= 1.0 - taken);
    for edge in edges {
        row[edge.k] = edge.weight;
    }
    lse
}
