//! Attention as it is defined: the reference for every faster version.

use super::edge::softmax_with_edges;
use super::{Inputs, Outputs, score};

/// For every head and every query i:
///
/// ```text
/// score[j]  = scale · q[i] · k[j] + bias[j − i]    for each key j that i may attend to, else −∞
/// weight[j] = exp(score[j]) / Σ exp(score)                    softmax: they sum to 1
/// z[i]      = Σ_j weight[j] · v[j]                            the mix of values
/// ```
///
/// # Panics
/// If a slice does not have the length its sizes ask for.
pub fn attention(x: Inputs<'_>, mut out: Outputs<'_>) {
    x.check(&out);
    for head in 0..x.n_heads {
        let (k, v) = (x.k[x.kv_head(head)], x.v[x.kv_head(head)]); // [kv_len, d_head] each
        for i in 0..x.q_len {
            let row = head * x.q_len + i;
            let mut weights = scores(&x, head, i, k); // [kv_len]
            if let Some(all) = &mut out.scores {
                all[row * x.kv_len..][..x.kv_len].copy_from_slice(&weights);
            }
            let edges = x.edges.iter().filter(|e| e.head == head && e.q == i);
            let lse = softmax_with_edges(&mut weights, x.sink(head), edges);
            mix(&weights, v, &mut out.z[row * x.d_head..][..x.d_head]);
            if let Some(all) = &mut out.pattern {
                all[row * x.kv_len..][..x.kv_len].copy_from_slice(&weights);
            }
            if let Some(all) = &mut out.lse {
                all[row] = lse;
            }
        }
    }
}

/// The scores of query `i` against all keys, `[kv_len]`.
pub(super) fn scores(x: &Inputs<'_>, head: usize, i: usize, k: &[f32]) -> Vec<f32> {
    let q = x.query(head, i);
    let visible = x.mask.visible(x.position(i), x.kv_len);
    let dot = |j: usize| q.iter().zip(&k[j * x.d_head..]).map(|(q, k)| q * k).sum::<f32>();
    let bias = x.bias(head, i);
    let score = |j: usize| score(dot(j), x.scale, x.soft_cap) + bias.map_or(0.0, |bias| bias[j]);
    (0..x.kv_len).map(|j| if visible.contains(&j) { score(j) } else { f32::NEG_INFINITY }).collect()
}

/// `z = Σ_j weights[j] · v[j]`
pub(super) fn mix(weights: &[f32], v: &[f32], z: &mut [f32]) {
    z.fill(0.0);
    for (w, v) in weights.iter().zip(v.chunks_exact(z.len())) {
        for (z, v) in z.iter_mut().zip(v) {
            *z += w * v;
        }
    }
}

/// z of every head from a pattern `[n_heads, q_len, kv_len]` given by the caller.
pub fn mix_all(x: &Inputs<'_>, pattern: &[f32], z: &mut [f32]) {
    let rows = pattern.chunks_exact(x.kv_len).zip(z.chunks_exact_mut(x.d_head));
    for (row, (weights, z)) in rows.enumerate() {
        mix(weights, x.v[x.kv_head(row / x.q_len)], z);
    }
}
