//! The tensors of a model in the layout that the block expects.

use crate::config::{Activation, NormKind};
use crate::experts::Experts;
use crate::format::Tensor;
use crate::{Bytes, Config, ScoreBias, Site, stream};
use attnscope_kernels::dequant::DType;
use attnscope_kernels::{Level, activation, level, linear, norm};

/// y = x · Wᵀ + b, with W as the file stores it.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[n_out, n_in]`
    pub weight: Tensor,
    /// `[n_out]`
    pub bias: Option<Vec<f32>>,
}

impl Linear {
    /// `x` is `[m, n_in]`; the result `[m, n_out]`.
    pub fn forward(&self, x: &[f32]) -> Vec<f32> {
        let [y] = Self::forward_all([self], x);
        y
    }

    /// The same `x` through several matrices, whose work is shared among the threads together.
    pub fn forward_all<const N: usize>(all: [&Self; N], x: &[f32]) -> [Vec<f32>; N] {
        products(all.map(|linear| (&linear.weight, linear.bias.as_deref())), x)
    }
}

/// `[m, n_in]` · Wᵀ for a tensor `[n_out, n_in]`, through the fastest kernel of this machine.
pub fn product(weight: &Tensor, x: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let [y] = products([(weight, bias)], x);
    y
}

fn products<const N: usize>(all: [(&Tensor, Option<&[f32]>); N], x: &[f32]) -> [Vec<f32>; N] {
    let mut out = all.map(|(weight, _)| vec![0.0; x.len() / weight.cols() * weight.rows()]);
    let products = all.iter().zip(&mut out).map(|(&(weight, bias), y)| {
        let (rows, cols) = (weight.rows(), weight.cols());
        let w = linear::Weight { bytes: &weight.bytes, dtype: weight.dtype, rows, cols };
        linear::Product { w, bias, y }
    });
    linear::products(best(), x, products.collect());
    out
}

pub(crate) fn best() -> Level {
    level::best()
}

/// Weight and bias of a norm; the bias is empty for RMS norm, and for a layer norm without one.
#[derive(Clone, Debug, Default)]
pub struct Norm {
    /// `[d]`
    pub weight: Vec<f32>,
    /// `[d]`, or empty.
    pub bias: Vec<f32>,
}

/// The norm of queries or keys, without a bias.
#[derive(Clone, Debug)]
pub struct HeadNorm {
    /// What it does.
    pub kind: NormKind,
    /// Whether the numbers of all heads are normed together (OLMo 2), instead of each head's alone.
    pub together: bool,
    /// `[d_head]`, the same for every head (Qwen 3); or `[n · d_head]` for n heads, each of which has its own.
    pub weight: Vec<f32>,
}

impl HeadNorm {
    /// How many numbers are normed at once.
    fn span(&self, d_head: usize) -> usize {
        if self.together { self.weight.len() } else { d_head }
    }

    /// Queries or keys, `[seq, n · d_head]`, normed.
    pub(crate) fn forward(&self, c: &Config, x: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; x.len()];
        let span = self.span(c.d_head);
        if self.weight.len() == span {
            self.rows(c, x, &self.weight, &mut out);
            return out;
        }
        let weights = self.weight.chunks_exact(span).cycle();
        for ((x, weight), out) in x.chunks_exact(span).zip(weights).zip(out.chunks_exact_mut(span)) {
            self.rows(c, x, weight, out);
        }
        out
    }

    /// Rows as long as `weight`.
    fn rows(&self, c: &Config, x: &[f32], weight: &[f32], out: &mut [f32]) {
        match self.kind {
            NormKind::Rms => norm::rms(x, weight, c.norm_eps, out),
            NormKind::Layer => norm::layer(x, weight, &[], c.norm_eps, out),
        }
    }

    /// The weight by which a head's component is multiplied, and its index.
    pub(crate) fn weight_of(&self, head: usize, component: usize, d_head: usize) -> (usize, f32) {
        let at = if self.weight.len() == d_head { component } else { head * d_head + component };
        (at, self.weight[at])
    }
}

/// The norms around a part of a block, attention or MLP; models have one or two of them.
#[derive(Clone, Debug, Default)]
pub struct Norms {
    /// Of its input: GPT-2, Llama.
    pub before: Option<Norm>,
    /// Of its output, which is added to the residual stream afterwards: Gemma 2, OLMo 2.
    pub output: Option<Norm>,
    /// Of the sum of its output and the residual stream: BERT.
    pub after: Option<Norm>,
}

impl Norms {
    /// Only the norm of the input.
    pub fn before(norm: Norm) -> Self {
        Self { before: Some(norm), ..Self::default() }
    }

    /// Only the norm of the sum.
    pub fn after(norm: Norm) -> Self {
        Self { after: Some(norm), ..Self::default() }
    }
}

/// The tensors of one block.
#[derive(Clone, Debug)]
pub struct BlockWeights {
    /// The norms around attention.
    pub norms: Norms,
    /// `[n_heads · d_head, d_model]`
    pub q: Linear,
    /// `[n_kv_heads · d_head, d_model]`
    pub k: Linear,
    /// `[n_kv_heads · d_head, d_model]`
    pub v: Linear,
    /// The norm of the queries (Qwen 3, OLMo 2).
    pub q_norm: Option<HeadNorm>,
    /// The norm of the keys.
    pub k_norm: Option<HeadNorm>,
    /// A learned number for each query head that takes part in its softmax as one more score, whose value is 0:
    /// `[n_heads]`, or empty (gpt-oss).
    pub sinks: Vec<f32>,
    /// W_O, `[d_model, n_heads · d_head]`
    pub o: Linear,
    /// The MLP; `None` in a model of attention alone, and in a mixture of experts.
    pub mlp: Option<MlpWeights>,
    /// The mixture of experts in place of the MLP.
    pub experts: Option<Experts>,
}

/// The tensors of one MLP.
#[derive(Clone, Debug)]
pub struct MlpWeights {
    /// The norms around it.
    pub norms: Norms,
    /// `[d_ff, d_model]`, only in gated MLPs.
    pub gate: Option<Linear>,
    /// `[d_ff, d_model]`
    pub up: Linear,
    /// `[d_model, d_ff]`
    pub down: Linear,
}

impl BlockWeights {
    /// Attention of these matrices, and nothing else yet.
    pub(crate) fn of([q, k, v]: [Linear; 3], o: Linear) -> Self {
        Self {
            norms: Norms::default(),
            q,
            k,
            v,
            q_norm: None,
            k_norm: None,
            sinks: Vec::new(),
            o,
            mlp: None,
            experts: None,
        }
    }

    /// The norms around the MLP, or around the mixture of experts.
    pub(crate) fn mlp_norms(&self) -> Option<&Norms> {
        self.mlp.as_ref().map(|mlp| &mlp.norms).or(self.experts.as_ref().map(|experts| &experts.norms))
    }

    /// The columns of W_O that read one head, `[d_model, d_head]`, as f32.
    pub fn head_o(&self, head: usize, d_head: usize) -> Tensor {
        let rows = self.o.weight.rows();
        // One row at a time: the whole matrix expanded may be eight times as large as it is stored.
        let mut bytes = Vec::with_capacity(rows * d_head * size_of::<f32>());
        for row in 0..rows {
            let part = &self.o.weight.row_f32(row)[head * d_head..(head + 1) * d_head];
            bytes.extend(part.iter().flat_map(|x| x.to_le_bytes()));
        }
        let name = format!("{} of head {head}", self.o.weight.name);
        Tensor { name, shape: vec![rows, d_head], dtype: DType::F32, bytes: Bytes::from(bytes) }
    }
}

/// The first part of a head, before the vocabulary's matrix: norm(activation(x · Wᵀ + b)) in a head for masked words (BERT),
/// x · Wᵀ where the vocabulary's vectors are narrower than the stream (OPT-350M).
#[derive(Clone, Debug)]
pub struct Transform {
    /// `[d_embed, d_model]`
    pub dense: Linear,
    /// Its non-linearity, if it has one.
    pub activation: Option<Activation>,
    /// Its norm, if it has one.
    pub norm: Option<Norm>,
}

/// All tensors.
#[derive(Clone, Debug)]
pub struct Weights {
    /// `[n_vocab, d_embed]`; `d_embed` is `d_model`, unless embeddings are projected.
    pub embed: Tensor,
    /// `[n_ctx, d_embed]`, if positions are learned; with a padding token p there are p + 1 more rows. Those of
    /// `[n_ctx, d_model]` are added to the projected embedding (OPT-350M).
    pub positions: Option<Tensor>,
    /// A padding token, if its rows of `positions` begin after its own (RoBERTa).
    pub padding: Option<u32>,
    /// `[n_types, d_embed]`: BERT's token types, of which one is added to every token: 0, but in the second text of a pair.
    pub token_types: Option<Tensor>,
    /// BERT's norm of the embedding.
    pub embed_norm: Option<Norm>,
    /// `[d_model, d_embed]`: brings the normed embedding to the width of the stream (ALBERT, ELECTRA).
    pub embed_projection: Option<Linear>,
    /// What is added to the scores of all layers by distance.
    pub bias: Option<ScoreBias>,
    /// One per layer.
    pub blocks: Vec<BlockWeights>,
    /// Norm before the vocabulary head; `None` in post-norm models.
    pub final_norm: Option<Norm>,
    /// What stands between the last norm and the vocabulary's matrix.
    pub transform: Option<Transform>,
    /// `[n_vocab, d_model]`, or `[n_vocab, d_embed]` after a transform; `None` in an encoder without a head.
    pub unembed: Option<Tensor>,
    /// `[n_vocab]`, added to the logits (GPT-J, Phi-2).
    pub unembed_bias: Option<Vec<f32>>,
}

/// The learned matrix by which an array is computed from another one, token by token: x · Wᵀ + b.
#[derive(Clone, Copy)]
pub(crate) struct Learned<'m> {
    /// What it is applied to.
    pub of: Site,
    /// `[n_out, n_in]`
    pub weight: &'m Tensor,
    /// `[n_out]`
    pub bias: Option<&'m [f32]>,
    /// Its name in explanations, after `W_` or `b_`: `attn.Q` in the layer, or `U` outside.
    name: &'static str,
}

impl Learned<'_> {
    /// `W_Q`, `b_out`: its name in a formula, of the matrix or of its bias.
    pub fn short(&self, kind: char) -> String {
        let letter = self.name.rsplit('.').next().unwrap_or_default();
        format!("{kind}_{letter}")
    }

    /// `blocks.3.attn.W_Q`: the name of the tensor.
    pub fn tensor(&self, kind: char, layer: usize) -> String {
        match self.name.split_once('.') {
            Some((part, _)) => format!("blocks.{layer}.{part}.{}", self.short(kind)),
            None => self.short(kind),
        }
    }
}

impl Transform {
    /// What the vocabulary's matrix reads, `[rows, d_embed]`, of rows of `final_norm`.
    fn forward(&self, c: &Config, normed: &[f32]) -> Vec<f32> {
        let post = self.post(normed);
        match &self.norm {
            Some(norm) => stream::normalise(c, norm, &post),
            None => post,
        }
    }

    /// The same before its norm ([`Site::HeadPost`]).
    pub(crate) fn post(&self, normed: &[f32]) -> Vec<f32> {
        let mut hidden = self.dense.forward(normed);
        if let Some(kind) = self.activation {
            activation::apply(best(), kind, &mut hidden);
        }
        hidden
    }
}

impl Weights {
    /// Blocks and an embedding, and nothing else yet.
    pub(crate) fn of(embed: Tensor, blocks: Vec<BlockWeights>) -> Self {
        Self {
            embed,
            positions: None,
            padding: None,
            token_types: None,
            embed_norm: None,
            embed_projection: None,
            bias: None,
            blocks,
            final_norm: None,
            transform: None,
            unembed: None,
            unembed_bias: None,
        }
    }

    /// Whether positions are added after the projection of the embedding, and not before it.
    pub(crate) fn positions_follow(&self) -> bool {
        let projection = self.embed_projection.as_ref();
        let width = projection.zip(self.positions.as_ref()).map(|(linear, rows)| (linear.weight.cols(), rows.cols()));
        width.is_some_and(|(d_embed, d)| d != d_embed)
    }

    /// Logits, `[rows, n_vocab]`, of rows of `final_norm`, `[rows, d_model]`; `None` without a vocabulary head.
    pub(crate) fn logits(&self, c: &Config, normed: &[f32]) -> Option<Vec<f32>> {
        let unembed = self.unembed.as_ref()?;
        let read = self.transform.as_ref().map(|transform| transform.forward(c, normed));
        let mut logits = product(unembed, read.as_deref().unwrap_or(normed), self.unembed_bias.as_deref());
        stream::scale(&mut logits, c.scales.logits);
        if let Some(cap) = c.scales.logit_cap {
            logits.iter_mut().for_each(|x| *x = cap * (*x / cap).tanh());
        }
        Some(logits)
    }

    /// The matrix that computes `site` in `layer`; `None` if another rule computes it, or if the model has none.
    /// [`Site::MlpPost`] has two where it is gated: see [`Self::gate`].
    pub(crate) fn learned(&self, site: Site, layer: usize) -> Option<Learned<'_>> {
        let block = self.blocks.get(layer);
        let mlp = block.and_then(|block| block.mlp.as_ref());
        let (of, linear, name) = match site {
            Site::Embed => (Site::EmbedNorm, self.embed_projection.as_ref()?, "proj"),
            Site::QRaw => (Site::AttnIn, &block?.q, "attn.Q"),
            Site::KRaw => (Site::AttnIn, &block?.k, "attn.K"),
            Site::V => (Site::AttnIn, &block?.v, "attn.V"),
            Site::AttnOut | Site::AttnRaw => (Site::Z, &block?.o, "attn.O"),
            Site::MlpPost => (Site::MlpIn, &mlp?.up, "mlp.in"),
            Site::MlpOut | Site::MlpRaw => (Site::MlpPost, &mlp?.down, "mlp.out"),
            Site::HeadPost => (Site::FinalNorm, &self.transform.as_ref()?.dense, "head"),
            Site::LensHeadPost => (Site::LensNorm, &self.transform.as_ref()?.dense, "head"),
            Site::Logits | Site::LensLogits => {
                let of = match (self.transform.is_some(), site == Site::Logits) {
                    (true, true) => Site::HeadNorm,
                    (true, false) => Site::LensHeadNorm,
                    (false, true) => Site::FinalNorm,
                    (false, false) => Site::LensNorm,
                };
                let (weight, bias) = (self.unembed.as_ref()?, self.unembed_bias.as_deref());
                return Some(Learned { of, weight, bias, name: "U" });
            }
            _ => return None,
        };
        Some(Learned { of, weight: &linear.weight, bias: linear.bias.as_deref(), name })
    }

    /// The matrix whose activated outputs multiply those of the other one, in a gated MLP (Shazeer 2020).
    pub(crate) fn gate(&self, layer: usize) -> Option<Learned<'_>> {
        let linear = self.blocks.get(layer)?.mlp.as_ref()?.gate.as_ref()?;
        Some(Learned { of: Site::MlpIn, weight: &linear.weight, bias: linear.bias.as_deref(), name: "mlp.gate" })
    }
}
