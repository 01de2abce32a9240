//! A trace made by hand.

use crate::{Array, ModelInfo, Token, Trace};

/// One layer of `n_heads` heads over tokens with these ids; `weights` holds the patterns, head by head.
pub fn trace(ids: &[u32], n_heads: usize, weights: &[f32]) -> Trace {
    let n = ids.len();
    let model = ModelInfo { n_layers: 1, n_heads, n_kv_heads: n_heads, causal: true, ..ModelInfo::default() };
    let tokens = ids.iter().map(|&id| Token { id, text: format!(" t{id}") }).collect();
    let mut trace = Trace { model, tokens, ..Trace::default() };
    trace.arrays.insert("blocks.0.attn.pattern".into(), Array::new([n_heads, n, n], weights.to_vec()));
    trace
}
