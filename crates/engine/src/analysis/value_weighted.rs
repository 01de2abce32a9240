//! Attention weighted by the values it reads (Kobayashi et al., "Attention is not only a weight", 2020).
//!
//! A weight says how much of a value is read, not how large it is: a token with a small value vector contributes little
//! even if it gets most of the attention. So each weight is multiplied by the length of what is read, ‖v_k · W_O‖.

use crate::Site;
use crate::model::Model;
use crate::{Array, LazyPattern, Trace};

/// `pattern[q, k] · ‖v_k · W_O‖` of one head, `[q_len, kv_len]`. `None` unless the trace has the head's pattern and
/// holds the layer's `attn.v`.
pub fn value_weighted(model: &Model, trace: &Trace, layer: usize, head: usize) -> Option<Array> {
    let info = &trace.model;
    let group = (info.n_heads / info.n_kv_heads.max(1)).max(1);
    let values = trace.layer(layer, Site::V)?.index(head / group)?;
    weigh(trace, layer, head, values, &model.w_o(layer, head))
}

/// `values` is `[kv_len, d_head]`, `w_o` is `[d_model, d_head]`.
fn weigh(trace: &Trace, layer: usize, head: usize, values: &[f32], w_o: &[f32]) -> Option<Array> {
    let pattern = LazyPattern::of(trace, layer, head)?;
    let (q_len, kv_len) = (pattern.q_len(), pattern.kv_len());
    let d_head = values.len().checked_div(kv_len).filter(|&d| d > 0)?;
    let lengths: Vec<f32> = values.chunks_exact(d_head).map(|v| length(v, w_o)).collect();
    let weighted =
        pattern.whole()?.chunks_exact(kv_len).flat_map(|row| row.iter().zip(&lengths).map(|(w, l)| w * l)).collect();
    Some(Array::new([q_len, kv_len], weighted))
}

/// ‖v · W_O‖
fn length(v: &[f32], w_o: &[f32]) -> f32 {
    let out = w_o.chunks_exact(v.len()).map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum::<f32>());
    out.map(|x| x * x).sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_small_value_makes_a_large_weight_small() {
        let trace = sample::trace(&[1, 2], 1, &[1.0, 0.0, 0.9, 0.1]);
        // v of token 0 is tiny, of token 1 it is (3, 4); W_O doubles, and its third row is 0.
        let weighted = weigh(&trace, 0, 0, &[0.0, 0.01, 3.0, 4.0], &[2.0, 0.0, 0.0, 2.0, 0.0, 0.0]).unwrap();
        assert_eq!(weighted.shape(), [2, 2]);
        let row = weighted.row(&[1]).unwrap();
        assert!((row[0] - 0.018).abs() < 1e-6, "{row:?}");
        assert!((row[1] - 1.0).abs() < 1e-6, "{row:?}");
    }
}
