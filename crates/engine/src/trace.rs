//! The record of a run: named arrays, the tokens, and the next-word probabilities.

use crate::array::Array;
use crate::config::kv_head;
use crate::error::check_index;
use crate::site::Site;
use crate::{Attention, Error, Intervention, LazyPattern, PerLayer, ScoreBias};
use attnscope_kernels::attention::Mask;
use std::collections::BTreeMap;

/// One token of the text.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Token {
    /// Its number in the model's vocabulary.
    pub id: u32,
    /// Its text as a reader sees it, leading space included. A token that is only
    /// part of a UTF-8 character (emoji are often split) is written as its bytes: `<0xF0><0x9F>`.
    pub text: String,
}

/// A token that may come next, and how likely it is.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct NextToken {
    /// Its number in the vocabulary.
    pub id: u32,
    /// Its text, leading space included.
    pub text: String,
    /// Its probability over the *full* vocabulary, 0 to 1.
    pub p: f32,
}

/// The sizes of the model that made a trace: all that a figure, or a pattern computed later, needs to know about it.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ModelInfo {
    /// A name for captions, such as `smollm2-135M Q4_1`: of a GGUF file it says how the weights are stored.
    pub name: String,
    /// Number of layers.
    pub n_layers: usize,
    /// Number of query heads in each layer.
    pub n_heads: usize,
    /// Number of key/value heads in each layer (fewer than `n_heads` with grouped queries).
    pub n_kv_heads: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Width of one head.
    pub d_head: usize,
    /// Number of tokens the model knows.
    pub n_vocab: usize,
    /// Whether a token may attend only to itself and to earlier tokens.
    pub causal: bool,
    /// Whether tokens are words, with a space between each two that no token contains (the lesson model, BERT).
    pub word_level: bool,
    /// Whether its vocabulary head says which token stands at a place, and not which one comes next (BERT).
    pub masked: bool,
    /// The token that stands for a masked word, of a model that has such a head and a tokenizer.
    pub mask_token: Option<u32>,
    /// How each layer attends.
    pub attention: PerLayer<Attention>,
    /// What is added to the scores of all layers by distance (ALiBi; T5).
    pub bias: Option<ScoreBias>,
    /// The sinks of each layer's heads, `[n_layers][n_heads]`: numbers that take part in the softmax of every row as one
    /// more score, so that its weights sum to less than 1 (gpt-oss). Empty if there are none.
    pub sinks: Vec<Vec<f32>>,
}

impl ModelInfo {
    /// The key/value head that a query head reads; several query heads may share one.
    pub fn kv_head(&self, head: usize) -> usize {
        kv_head(head, self.n_heads, self.n_kv_heads)
    }

    /// The sink of a head, if it has one.
    pub fn sink(&self, layer: usize, head: usize) -> Option<f32> {
        self.sinks.get(layer)?.get(head).copied()
    }

    /// Which keys a query may attend to in a layer.
    pub fn mask(&self, layer: usize) -> Mask {
        self.attention[layer].mask(self.causal)
    }
}

/// The record of one run.
///
/// Keys follow TransformerLens without its `hook_`; shapes are row-major f32:
///
/// | key | shape |
/// |---|---|
/// | `embed` | `[seq, d_model]` |
/// | `blocks.{l}.resid_pre`, `.resid_mid`, `.resid_post` | `[seq, d_model]` |
/// | `blocks.{l}.attn.q` | `[n_heads, seq, d_head]` (after rotary positions) |
/// | `blocks.{l}.attn.k`, `.attn.v` | `[n_kv_heads, kv_len, d_head]` |
/// | `blocks.{l}.attn.scores` | `[n_heads, q_len, kv_len]`, ÷√d, masked cells −∞ |
/// | `blocks.{l}.attn.pattern` | `[n_heads, q_len, kv_len]`, each row sums to 1 (to less where the head has a sink) |
/// | `blocks.{l}.attn.lse` | `[n_heads, q_len]`: ln Σ exp(score) of each row, before edges are set |
/// | `blocks.{l}.attn.z` | `[n_heads, seq, d_head]` |
/// | `blocks.{l}.attn.result` | `[n_heads, seq, d_model]`: each head's share of `attn_out` |
/// | `blocks.{l}.attn_out`, `blocks.{l}.mlp_out` | `[seq, d_model]` (no `mlp_out` where there is no MLP) |
/// | `logits` | `[seq, n_vocab]`, or `[1, n_vocab]` for the last token only |
///
/// A pattern need not be kept to be seen: `q`, `k` and `lse` are enough ([`Trace::pattern`], [`LazyPattern`]). Of a
/// layer whose pattern was patched, `lse` keeps the pattern as well, since nothing else says what it was.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Trace {
    /// The model that made it.
    pub model: ModelInfo,
    /// The tokens, in order.
    pub tokens: Vec<Token>,
    /// The captured arrays by key.
    pub arrays: BTreeMap<String, Array>,
    /// Logits over the whole vocabulary at [`Self::predicts_at`], mostly after the last token; empty for a model without a
    /// vocabulary head.
    pub last_logits: Vec<f32>,
    /// The edges that were set in the run, as [`Intervention::SetEdge`]: rows that are not exp(score − lse).
    #[serde(default)]
    pub edges: Vec<Intervention>,
}

impl Trace {
    /// The text of the tokens: exact if tokens contain their spaces, otherwise with single spaces between words.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.tokens.iter().map(|token| token.text.as_str()).collect();
        if self.model.word_level { texts.join(" ") } else { texts.concat() }
    }

    /// The position at which [`Self::last_logits`] say what comes next; of a model that fills in masked words, the first
    /// masked word, for which they say what stands in its place. (Without one it is the last token in any model.) `None` if
    /// there are no tokens.
    pub fn predicts_at(&self) -> Option<usize> {
        let mut ids = self.tokens.iter().map(|token| token.id);
        let masked = self.model.mask_token.and_then(|mask| ids.position(|id| id == mask));
        masked.or(self.tokens.len().checked_sub(1))
    }

    /// An array by its key, if it was captured.
    pub fn get(&self, key: &str) -> Option<&Array> {
        self.arrays.get(key)
    }

    /// The array of a site in a layer, for example `layer(16, Site::Pattern)`, if it was captured. A site outside the
    /// layers, such as [`Site::Embed`], has one array whatever the layer.
    pub fn layer(&self, layer: usize, site: Site) -> Option<&Array> {
        self.arrays.get(&site.key(layer))
    }

    /// The attention pattern of one head, `[q_len, kv_len]`: as captured, or computed now from `q`, `k` and `lse`. For
    /// parts of it, or without a copy, see [`LazyPattern`].
    ///
    /// ```
    /// let model = attnscope::lesson::model();
    /// let trace = model.run(&model.encode("the hot dog was")?, &"pattern".parse()?, &[])?;
    /// let pattern = trace.pattern(0, 0)?;
    /// assert_eq!(pattern.shape(), [4, 4]);
    /// assert!(pattern.row(&[2]).unwrap()[1] > 0.5, "dog attends to hot");
    /// assert!(trace.pattern(7, 0).unwrap_err().to_string().contains("layers 0 to 1"));
    /// # Ok::<(), attnscope::Error>(())
    /// ```
    ///
    /// # Errors
    /// There is no such head, or the trace holds neither its pattern nor the arrays it could be computed from.
    pub fn pattern(&self, layer: usize, head: usize) -> Result<Array, Error> {
        let lazy = LazyPattern::of(self, layer, head);
        let made = lazy.and_then(|lazy| Some(Array::new([lazy.q_len(), lazy.kv_len()], lazy.whole()?.into_owned())));
        made.ok_or_else(|| self.why_no_pattern(layer, head))
    }

    fn why_no_pattern(&self, layer: usize, head: usize) -> Error {
        let (name, n_layers, n_heads) = (&self.model.name, self.model.n_layers, self.model.n_heads);
        let exists = check_index(layer, n_layers, "layer", &format!("{name} has layers"))
            .and_then(|()| check_index(head, n_heads, "head", &format!("each layer of {name} has heads")));
        let why = if n_layers == 0 {
            "it does not know its model (an NPZ file holds arrays alone)".to_owned()
        } else if self.model.attention[layer].scale == 0.0 {
            "an older attnscope wrote it, without what scores are multiplied by: trace the text again".to_owned()
        } else {
            let key = Site::Pattern.key(layer);
            format!("it holds neither `{key}` nor the layer's q, k and lse: capture pattern, or q,k,lse")
        };
        match exists {
            Err(error) if n_layers > 0 => error,
            _ => Error::usage(format!("the trace has no pattern of layer {layer}, head {head}: {why}")),
        }
    }
}
