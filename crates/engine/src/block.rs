//! One transformer block: attention mixes between tokens, the MLP thinks about each alone, and both write
//! into the residual stream. (A model of attention alone has no MLP: nothing is added there, and nothing captured.)

use crate::cache::KvCache;
use crate::config::{Config, Mlp, NormKind, NormPlace, Positions};
use crate::pass::Pass;
use crate::weights::{BlockWeights, Linear, MlpWeights, Norm, best};
use crate::{Error, weights};
use attnscope_kernels::attention::{self, Inputs, Mask, Outputs};
use attnscope_kernels::rope::{Pairs, Rope};
use attnscope_kernels::{activation, norm};

/// Normalises every row of `x`.
pub(crate) fn normalise(c: &Config, n: &Norm, x: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    match c.norm {
        NormKind::Rms => norm::rms(x, &n.weight, c.norm_eps, &mut out),
        NormKind::Layer => norm::layer(x, &n.weight, &n.bias, c.norm_eps, &mut out),
    }
    out
}

/// Passes `resid`, `[seq, d_model]`, through block `layer` in place.
pub(crate) fn forward(
    pass: &mut Pass<'_>,
    w: &BlockWeights,
    layer: usize,
    rope: Option<&Rope>,
    cache: &mut KvCache,
    resid: &mut Vec<f32>,
) -> Result<(), Error> {
    let c = pass.config;
    let shape = [resid.len() / c.d_model, c.d_model];
    pass.site(layer, "resid_pre", &shape, resid)?;

    let pre = c.norm_place == NormPlace::Pre;
    let mut read = if pre { normalise(c, &w.norm_attn, resid) } else { resid.clone() };
    pass.site(layer, "attn_in", &shape, &mut read)?;
    let mut attn_out = attend(pass, w, layer, rope, cache, &read)?;
    pass.site(layer, "attn_out", &shape, &mut attn_out)?;
    add(resid, &attn_out);
    if !pre {
        *resid = normalise(c, &w.norm_attn, resid);
    }
    pass.site(layer, "resid_mid", &shape, resid)?;

    if let (Some(mlp_config), Some(w)) = (c.mlp, &w.mlp) {
        let read = if pre { normalise(c, &w.norm, resid) } else { resid.clone() };
        let mut mlp_out = mlp(pass, mlp_config, w, layer, &read)?;
        pass.site(layer, "mlp_out", &shape, &mut mlp_out)?;
        add(resid, &mlp_out);
        if !pre {
            *resid = normalise(c, &w.norm, resid);
        }
    }
    pass.site(layer, "resid_post", &shape, resid)
}

/// Attention of one layer: `x` and the result are `[seq, d_model]`.
fn attend(
    pass: &mut Pass<'_>,
    w: &BlockWeights,
    layer: usize,
    rope: Option<&Rope>,
    cache: &mut KvCache,
    x: &[f32],
) -> Result<Vec<f32>, Error> {
    let c = pass.config;
    let seq = x.len() / c.d_model;
    let [q, k, v] = Linear::forward_all([&w.q, &w.k, &w.v], x);
    let mut q = split_heads(pass, seq, rope, w.q_norm.as_deref(), &q);
    let k = split_heads(pass, seq, rope, w.k_norm.as_deref(), &k);
    let v = split_heads(pass, seq, None, None, &v);
    pass.site(layer, "q", &[c.n_heads, seq, c.d_head], &mut q)?;
    let k = remember(pass, layer, "k", &mut cache.k[layer], k)?;
    let v = remember(pass, layer, "v", &mut cache.v[layer], v)?;

    let kv_len = pass.first + seq;
    let matrix = [c.n_heads, seq, kv_len];
    let patched = pass.patches_pattern(layer);
    let keep = |wanted: bool| wanted.then(|| vec![0.0; matrix.iter().product()]);
    let mut scores = keep(pass.capture.wants_in(layer, "scores"));
    let mut pattern = keep(pass.capture.wants_in(layer, "pattern") || patched);
    let mut lse = pass.capture.wants_in(layer, "lse").then(|| vec![0.0; c.n_heads * seq]);
    let mut z = vec![0.0; c.n_heads * seq * c.d_head];
    let edges = pass.edges(layer, seq);
    let inputs = Inputs {
        n_heads: c.n_heads,
        d_head: c.d_head,
        q_len: seq,
        kv_len,
        q: &q,
        k: &k,
        v: &v,
        scale: 1.0 / (c.d_head as f32).sqrt(),
        soft_cap: c.soft_cap,
        mask: Mask { causal: c.causal, window: c.window },
        edges: &edges,
    };
    let outputs =
        Outputs { z: &mut z, scores: scores.as_deref_mut(), pattern: pattern.as_deref_mut(), lse: lse.as_deref_mut() };
    attention::tiled::attention(best(), inputs, outputs);
    if let Some(lse) = lse {
        pass.last_site(layer, "lse", &[c.n_heads, seq], lse)?;
    }
    if let Some(scores) = scores {
        pass.last_site(layer, "scores", &matrix, scores)?;
    }
    match pattern {
        Some(mut pattern) if patched => {
            pass.site(layer, "pattern", &matrix, &mut pattern)?;
            attention::plain::mix_all(&inputs, &pattern, &mut z);
        }
        Some(pattern) => pass.last_site(layer, "pattern", &matrix, pattern)?,
        None => {}
    }
    pass.change_heads(layer, seq, &mut z);
    pass.site(layer, "z", &[c.n_heads, seq, c.d_head], &mut z)?;
    if pass.capture.wants_in(layer, "result") {
        let result = head_results(c, w, &z);
        pass.last_site(layer, "result", &[c.n_heads, seq, c.d_model], result)?;
    }
    Ok(w.o.forward(&join_heads(c, &z)))
}

/// `[seq, heads · d_head]` → `[heads, seq, d_head]`, each head normed and turned where the model does so.
fn split_heads(pass: &Pass<'_>, seq: usize, rope: Option<&Rope>, norm_weight: Option<&[f32]>, x: &[f32]) -> Vec<f32> {
    let c = pass.config;
    let d = c.d_head;
    let mut out = vec![0.0; x.len()];
    let mut normed = vec![0.0; d];
    let width = x.len() / seq;
    let pairs = if let Positions::Rotary { pairs, .. } = c.positions { pairs } else { Pairs::Halves };
    for (i, row) in x.chunks_exact(width).enumerate() {
        for (head, part) in row.chunks_exact(d).enumerate() {
            let part = match norm_weight {
                Some(weight) => {
                    norm::rms(part, weight, c.norm_eps, &mut normed);
                    &normed
                }
                None => part,
            };
            let to = &mut out[(head * seq + i) * d..][..d];
            match rope {
                Some(rope) => rope.apply(pairs, pass.first + i, part, to),
                None => to.copy_from_slice(part),
            }
        }
    }
    out
}

/// Appends this pass's keys or values to the cache and returns each head's whole, `[kv_len, d_head]`.
/// A patch of `attn.k` or `attn.v` acts on the whole, cached tokens included.
fn remember<'c>(
    pass: &mut Pass<'_>,
    layer: usize,
    name: &str,
    cache: &'c mut [Vec<f32>],
    new: Vec<f32>,
) -> Result<Vec<&'c [f32]>, Error> {
    let c = pass.config;
    pass.check_layer(layer, name, &new)?;
    let per_head = new.len() / c.n_kv_heads;
    for (head, part) in cache.iter_mut().zip(new.chunks_exact(per_head)) {
        head.extend_from_slice(part);
    }
    let kv_len = cache[0].len() / c.d_head;
    if pass.capture.wants_in(layer, name) || !pass.interventions.is_empty() {
        let mut whole = cache.concat();
        pass.site(layer, name, &[c.n_kv_heads, kv_len, c.d_head], &mut whole)?;
        for (head, part) in cache.iter_mut().zip(whole.chunks_exact(kv_len * c.d_head)) {
            head.copy_from_slice(part);
        }
    }
    Ok(cache.iter().map(Vec::as_slice).collect())
}

/// `[heads, seq, d_head]` → `[seq, heads · d_head]`
fn join_heads(c: &Config, z: &[f32]) -> Vec<f32> {
    let (d, width) = (c.d_head, c.n_heads * c.d_head);
    let seq = z.len() / width;
    let mut out = vec![0.0; z.len()];
    for (at, row) in z.chunks_exact(d).enumerate() {
        let (head, i) = (at / seq, at % seq);
        out[i * width + head * d..][..d].copy_from_slice(row);
    }
    out
}

/// What each head adds to the residual stream, `[n_heads, seq, d_model]`; with W_O's bias they sum to `attn_out`.
fn head_results(c: &Config, w: &BlockWeights, z: &[f32]) -> Vec<f32> {
    let per_head = z.len() / c.n_heads;
    let parts = z.chunks_exact(per_head).enumerate();
    parts.flat_map(|(head, z)| weights::product(&w.head_o(head, c.d_head), z, None)).collect()
}

fn mlp(pass: &mut Pass<'_>, c: Mlp, w: &MlpWeights, layer: usize, x: &[f32]) -> Result<Vec<f32>, Error> {
    let mut hidden = match &w.gate {
        Some(gate) => {
            let [mut gated, up] = Linear::forward_all([gate, &w.up], x);
            pass.check_layer(layer, "mlp_post", &gated)?; // −Inf would come out of it as 0
            activation::gated(best(), c.activation, &mut gated, &up);
            gated
        }
        None => {
            let mut hidden = w.up.forward(x);
            pass.check_layer(layer, "mlp_post", &hidden)?;
            activation::apply(best(), c.activation, &mut hidden);
            hidden
        }
    };
    pass.site(layer, "mlp_post", &[hidden.len() / c.d_ff, c.d_ff], &mut hidden)?;
    Ok(w.down.forward(&hidden))
}

fn add(to: &mut [f32], what: &[f32]) {
    to.iter_mut().zip(what).for_each(|(a, b)| *a += b);
}
