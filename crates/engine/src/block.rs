//! One transformer block: attention mixes information between tokens, the MLP processes each token alone, and both
//! write into the residual stream. (A model of attention alone has no MLP: it adds nothing and captures nothing there.)

use crate::cache::KvCache;
use crate::config::{Config, Mlp};
use crate::pass::Pass;
use crate::site::Site;
use crate::stream::{self, Step};
use crate::weights::{BlockWeights, HeadNorm, Linear, MlpWeights, Weights, best};
use crate::{Error, ScoreBias, experts, weights};
use attnscope_kernels::attention::{self as kernel, Inputs, Outputs};
use attnscope_kernels::rope::Rope;

/// Passes the residual stream `resid`, `[seq, d_model]`, through the block of `pass.layer`, in place.
pub(crate) fn forward(
    pass: &mut Pass<'_>,
    weights: &Weights,
    ropes: &[Rope],
    cache: &mut KvCache,
    resid: &mut Vec<f32>,
) -> Result<(), Error> {
    let (c, layer) = (pass.config, pass.layer);
    let rope = c.layers[layer].rotary.map(|rotary| &ropes[rotary]);
    let w = &weights.blocks[layer];
    let step = |site| stream::step(c, weights, site, layer);
    pass.site(Site::ResidPre, resid)?;

    let mut x = stream::read(c, step(Site::AttnIn), resid);
    pass.site(Site::AttnIn, &mut x)?;
    // Read now what would have changed later.
    let beside = match step(Site::MlpIn) {
        Some(Step::Norm { of: Site::ResidPre, weights, .. }) => Some(stream::normalise(c, weights, resid)),
        Some(Step::Same(Site::AttnIn, _)) => Some(x.clone()),
        _ => None,
    };
    let out = attend(pass, weights, rope, cache, &x)?;
    let mut out = stream::changed(c, step(Site::AttnOut), out);
    pass.site(Site::AttnOut, &mut out)?;
    stream::write(c, step(Site::ResidMid), resid, &out);
    pass.site(Site::ResidMid, resid)?;

    if let Some(mlp_config) = c.layers[layer].mlp {
        let x = beside.unwrap_or_else(|| stream::read(c, step(Site::MlpIn), resid));
        let out = match (mlp_config.mixture, &w.mlp, &w.experts) {
            (Some(mixture), _, Some(w)) => experts::forward(pass, mlp_config, mixture, w, &x)?,
            (None, Some(w), _) => mlp(pass, mlp_config, w, &x)?,
            _ => return Err(Error::usage(format!("the weights of layer {layer} are not those of its config"))),
        };
        let mut out = stream::changed(c, step(Site::MlpOut), out);
        pass.site(Site::MlpOut, &mut out)?;
        stream::write(c, step(Site::ResidPost), resid, &out);
    }
    pass.site(Site::ResidPost, resid)
}

/// Attention of one layer: `x` and the result are `[seq, d_model]`.
fn attend(
    pass: &mut Pass<'_>,
    weights: &Weights,
    rope: Option<&Rope>,
    cache: &mut KvCache,
    x: &[f32],
) -> Result<Vec<f32>, Error> {
    let (c, layer, seq) = (pass.config, pass.layer, pass.seq);
    let w = &weights.blocks[layer];
    let [q, k, v] = Linear::forward_all([&w.q, &w.k, &w.v], x);
    let mut q = split_heads(pass, seq, rope, w.q_norm.as_ref(), q);
    let k = split_heads(pass, seq, rope, w.k_norm.as_ref(), k);
    let v = split_heads(pass, seq, None, None, v);
    pass.site(Site::Q, &mut q)?;
    let k = remember(pass, Site::K, &mut cache.k[layer], k)?;
    let v = remember(pass, Site::V, &mut cache.v[layer], v)?;

    let kv_len = pass.first + seq;
    let patched = pass.patches(Site::Pattern);
    let (keeps_scores, keeps_pattern) = (pass.keeps(Site::Scores), pass.keeps(Site::Pattern) || patched);
    let keeps_lse = pass.keeps(Site::Lse);
    // The kernel writes every number of them.
    let mut room = |site, len, wanted: bool| wanted.then(|| pass.room(site, len));
    let mut scores = room(Site::Scores, c.n_heads * seq * kv_len, keeps_scores);
    let mut pattern = room(Site::Pattern, c.n_heads * seq * kv_len, keeps_pattern);
    let mut lse = room(Site::Lse, c.n_heads * seq, keeps_lse);
    let mut z = vec![0.0; c.n_heads * seq * c.d_head];
    let (edges, attention) = (pass.edges(), c.layers[layer].attention);
    let by_distance = |bias: &ScoreBias| (0..c.n_heads).map(|head| bias.by_distance(head, seq, kv_len)).collect();
    let bias: Vec<Vec<f32>> = weights.bias.as_ref().map(by_distance).unwrap_or_default();
    let inputs = Inputs {
        n_heads: c.n_heads,
        d_head: c.d_head,
        q_len: seq,
        kv_len,
        q: &q,
        k: &k,
        v: &v,
        scale: attention.scale,
        soft_cap: attention.soft_cap,
        bias: &bias,
        sinks: &w.sinks,
        mask: c.mask(layer),
        edges: &edges,
    };
    let outputs =
        Outputs { z: &mut z, scores: scores.as_deref_mut(), pattern: pattern.as_deref_mut(), lse: lse.as_deref_mut() };
    kernel::tiled::attention(best(), inputs, outputs);
    if let Some(lse) = lse {
        pass.last_site(Site::Lse, lse)?;
    }
    if let Some(scores) = scores {
        pass.last_site(Site::Scores, scores)?;
    }
    match pattern {
        Some(mut pattern) if patched => {
            pass.site(Site::Pattern, &mut pattern)?;
            kernel::plain::mix_all(&inputs, &pattern, &mut z);
        }
        Some(pattern) => pass.last_site(Site::Pattern, pattern)?,
        None => {}
    }
    pass.change_heads(&mut z);
    pass.site(Site::Z, &mut z)?;
    if pass.keeps(Site::Result) {
        let result = head_results(c, w, &z);
        pass.last_site(Site::Result, result)?;
    }
    Ok(w.o.forward(&join_heads(c, &z)))
}

/// `[seq, heads · d_head]` → `[heads, seq, d_head]`, normed, bounded and rotated where the model does so.
fn split_heads(pass: &Pass<'_>, seq: usize, rope: Option<&Rope>, norm: Option<&HeadNorm>, x: Vec<f32>) -> Vec<f32> {
    let c = pass.config;
    let d = c.d_head;
    let mut x = norm.map(|norm| norm.forward(c, &x)).unwrap_or(x);
    c.layers[pass.layer].attention.bound(&mut x);
    let mut out = vec![0.0; x.len()];
    let width = x.len() / seq;
    for (i, row) in x.chunks_exact(width).enumerate() {
        for (head, part) in row.chunks_exact(d).enumerate() {
            let to = &mut out[(head * seq + i) * d..][..d];
            match rope {
                Some(rope) => rope.apply(pass.first + i, part, to),
                None => to.copy_from_slice(part),
            }
        }
    }
    out
}

/// Appends this pass's keys or values to the cache and returns all keys or values of each head, `[kv_len, d_head]`. A
/// patch of `attn.k` or `attn.v` covers all of them, including cached tokens.
fn remember<'c>(
    pass: &mut Pass<'_>,
    site: Site,
    cache: &'c mut [Vec<f32>],
    new: Vec<f32>,
) -> Result<Vec<&'c [f32]>, Error> {
    let c = pass.config;
    pass.check(site, &new)?;
    let per_head = new.len() / c.n_kv_heads;
    for (head, part) in cache.iter_mut().zip(new.chunks_exact(per_head)) {
        head.extend_from_slice(part);
    }
    let kv_len = cache[0].len() / c.d_head;
    if pass.keeps(site) || !pass.interventions.is_empty() {
        let mut whole = cache.concat();
        pass.site(site, &mut whole)?;
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

fn mlp(pass: &mut Pass<'_>, c: Mlp, w: &MlpWeights, x: &[f32]) -> Result<Vec<f32>, Error> {
    let mut hidden = experts::hidden(c.activation, w, x, |sum| pass.check(Site::MlpPost, sum))?;
    pass.site(Site::MlpPost, &mut hidden)?;
    Ok(w.down.forward(&hidden))
}
