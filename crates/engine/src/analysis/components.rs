//! One query's row of attention, taken apart: every product of q·k, their sum, ÷√d, and the weight after softmax.

use crate::Site;
use crate::{Attention, LazyPattern, Trace};

/// How one query of one head weighs its keys, term by term.
#[derive(Clone, Debug, PartialEq)]
pub struct Components {
    /// Layer.
    pub layer: usize,
    /// Head.
    pub head: usize,
    /// Position of the query token.
    pub q_idx: usize,
    /// The query vector, `[d_head]`.
    pub q: Vec<f32>,
    /// The factor that scores are multiplied by: usually 1/√d_head.
    pub scale: f32,
    /// The soft cap of the scores, if the model has one.
    pub soft_cap: Option<f32>,
    /// A number that takes part in the softmax as one more score, if the head has one (gpt-oss).
    pub sink: Option<f32>,
    /// One entry per key position, in order.
    pub keys: Vec<KeyComponents>,
}

/// One key's part in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyComponents {
    /// The key vector, `[d_head]`.
    pub k: Vec<f32>,
    /// q·k term by term, `[d_head]`.
    pub product: Vec<f32>,
    /// The sum of `product`.
    pub dot: f32,
    /// What the model adds to the score by distance; mostly 0.
    pub bias: f32,
    /// `dot · scale`, soft-capped if the model does so, and the bias; −∞ where the mask forbids attending.
    pub score: f32,
    /// The weight after softmax.
    pub weight: f32,
}

impl Components {
    /// Whether the run cut the edge to a key: it weighs nothing, though its score says that it would.
    pub fn is_cut(&self, k_idx: usize) -> bool {
        let max = self.keys.iter().map(|key| key.score).fold(f32::NEG_INFINITY, f32::max);
        // Below this, softmax itself gives 0.
        self.keys.get(k_idx).is_some_and(|key| key.weight == 0.0 && key.score > max - 80.0)
    }
}

/// Takes row `q_idx` of a head apart. `None` unless the trace holds `attn.q`, `attn.k` and one of `attn.pattern` and
/// `attn.lse` of that layer, and the indices exist.
pub fn components(trace: &Trace, layer: usize, head: usize, q_idx: usize) -> Option<Components> {
    let info = &trace.model;
    let q = trace.layer(layer, Site::Q)?.row(&[head, q_idx])?;
    let keys = trace.layer(layer, Site::K)?;
    let weights = LazyPattern::of(trace, layer, head)?.row(q_idx)?;
    let scores = trace.layer(layer, Site::Scores).and_then(|s| s.row(&[head, q_idx]));
    let kv_head = info.kv_head(head);
    // A trace from a file need not know its model.
    let known = info.attention[layer];
    let attention = if known.scale > 0.0 { known } else { Attention::plain(q.len()) };
    let first_query = weights.len().checked_sub(trace.layer(layer, Site::Q)?.shape()[1])?;
    let visible = info.mask(layer).visible(first_query + q_idx, weights.len());
    let mut out = Vec::with_capacity(weights.len());
    for (k_idx, &weight) in weights.iter().enumerate() {
        let k = keys.row(&[kv_head, k_idx])?;
        let product: Vec<f32> = q.iter().zip(k).map(|(a, b)| a * b).collect();
        let dot: f32 = product.iter().sum();
        let masked = !visible.contains(&k_idx);
        let bias = info.bias.as_ref().map_or(0.0, |bias| bias.at(head, first_query + q_idx, k_idx));
        let score = scores.map_or(if masked { f32::NEG_INFINITY } else { attention.score(dot) + bias }, |s| s[k_idx]);
        out.push(KeyComponents { k: k.to_vec(), product, dot, bias, score, weight });
    }
    let Attention { scale, soft_cap, .. } = attention;
    let sink = info.sink(layer, head);
    Some(Components { layer, head, q_idx, q: q.to_vec(), scale, soft_cap, sink, keys: out })
}
