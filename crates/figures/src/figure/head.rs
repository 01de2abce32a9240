//! One head of a run, with what every figure of a head needs to know.

use crate::figure::Error;
use crate::number::{count, number};
use attnscope::{Array, Attention, Mask, Number, ScoreBias, Site, Trace};
use attnscope_words::words;
use std::ops::Range;

/// One head, and the tokens that it reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    /// The model's name.
    pub model: String,
    /// The text's tokens; those that came from a cache are empty.
    pub tokens: Vec<String>,
    /// Its layer.
    pub layer: usize,
    /// Its index in the layer.
    pub head: usize,
    /// The head whose keys and values it uses.
    pub kv_head: usize,
    /// Query heads of a layer.
    pub n_heads: usize,
    /// Which keys a query may attend to in the model.
    pub mask: Mask,
    /// How it makes scores of dot products; a scale of 0 if that is not known.
    pub attention: Attention,
    /// What it adds to them by distance.
    pub bias: Option<ScoreBias>,
    /// A number that takes part in the softmax of each row as one more score.
    pub sink: Option<f32>,
    /// Position of the first query that the trace holds: 0, unless earlier tokens came from a cache.
    pub first: usize,
}

impl Head {
    /// A head of a trace that holds queries, a pattern or mixed values of its layer.
    ///
    /// # Errors
    /// There is no such head, or nothing of its layer was captured.
    pub fn of(trace: &Trace, layer: usize, head: usize) -> Result<Self, Error> {
        let info = &trace.model;
        // A trace from a file need not know its model.
        if head >= info.n_heads && info.n_heads > 0 {
            return Err(Error::NoSuch { what: "head", index: head, len: info.n_heads });
        }
        let rows = [Site::Q, Site::Pattern, Site::Z].into_iter().find_map(|site| trace.layer(layer, site));
        let rows = rows.ok_or_else(|| Error::not_captured(Site::Pattern, layer))?;
        let q_len = rows.shape().get(1).copied().unwrap_or(0);
        // A run that went on from a cache has the texts of its own tokens only: the last of all.
        let kv_len = kv_len(trace, layer).unwrap_or(0).max(trace.tokens.len());
        let earlier = std::iter::repeat_n(String::new(), kv_len - trace.tokens.len());
        Ok(Self {
            model: info.name.clone(),
            tokens: earlier.chain(trace.tokens.iter().map(|t| t.text.clone())).collect(),
            layer,
            head,
            kv_head: info.kv_head(head),
            n_heads: info.n_heads,
            mask: info.mask(layer),
            attention: info.attention[layer],
            bias: info.bias.clone(),
            sink: info.sink(layer, head),
            first: kv_len.saturating_sub(q_len),
        })
    }

    /// A head that belongs to no run, the only one of its layer: for numbers that were made by hand.
    pub fn made(tokens: Vec<String>, causal: bool) -> Self {
        Self { tokens, n_heads: 1, mask: Mask { causal, window: None }, ..Self::default() }
    }

    /// How it makes scores of dot products of `d` numbers: as its model, or else as is usual.
    pub fn scoring(&self, d: usize) -> Attention {
        if self.attention.scale > 0.0 { self.attention } else { Attention::plain(d) }
    }

    /// What the model adds to the score of a query and a key, by their positions.
    pub fn bias(&self, q_idx: usize, k_idx: usize) -> f32 {
        self.bias.as_ref().map_or(0.0, |bias| bias.at(self.head, q_idx, k_idx))
    }

    /// A token of the text; empty beyond its end.
    pub fn token(&self, i: usize) -> &str {
        self.tokens.get(i).map_or("", String::as_str)
    }

    /// Whether a query may attend to a key.
    pub fn sees(&self, q_idx: usize, k_idx: usize) -> bool {
        self.visible(q_idx).contains(&k_idx)
    }

    /// The keys that a query may attend to.
    pub fn visible(&self, q_idx: usize) -> Range<usize> {
        self.mask.visible(q_idx, self.tokens.len())
    }

    /// Whether the mask forbids any pair of a query and a key.
    pub fn masks(&self) -> bool {
        (0..self.tokens.len()).any(|q_idx| self.visible(q_idx).len() < self.tokens.len())
    }

    /// The row of a query in the trace's arrays.
    ///
    /// # Errors
    /// The trace holds no such query.
    pub fn row_of(&self, position: usize) -> Result<usize, Error> {
        let no_such = Error::NoSuch { what: "token", index: position, len: self.tokens.len() };
        position.checked_sub(self.first).filter(|_| position < self.tokens.len()).ok_or(no_such)
    }
}

/// One query of a head: a row of its scores and weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The head.
    pub of: Head,
    /// The query's row in the trace's arrays: its position, unless earlier tokens came from a cache.
    pub q_idx: usize,
}

impl Row {
    /// A query of a head of a trace.
    ///
    /// # Errors
    /// As [`Head::of`].
    pub fn of(trace: &Trace, layer: usize, head: usize, q_idx: usize) -> Result<Self, Error> {
        Ok(Self { of: Head::of(trace, layer, head)?, q_idx })
    }

    /// A query that belongs to no run: for numbers that were made by hand.
    pub fn made(tokens: Vec<String>, causal: bool, q_idx: usize) -> Self {
        Self { of: Head::made(tokens, causal), q_idx }
    }

    /// The query's position in the text.
    pub fn position(&self) -> usize {
        self.of.first + self.q_idx
    }

    /// The query's token.
    pub fn query(&self) -> &str {
        self.of.token(self.position())
    }

    /// A token in its role as key.
    pub fn key(&self, k_idx: usize) -> &str {
        self.of.token(k_idx)
    }

    /// The run's number for a key in an array of scores or weights.
    pub fn number(&self, site: Site, k_idx: usize) -> Number {
        site.in_layer(self.of.layer, [self.of.head, self.q_idx, k_idx])
    }
}

/// What is done with a dot product of `d` numbers to make a score: `÷ √16`, or the factor itself and a soft cap, and what
/// is added by distance.
pub(super) fn scaled(scale: f32, soft_cap: Option<f32>, is_biased: bool, d: usize) -> String {
    let by = if divides(scale, d) { format!("÷ √{}", count(d)) } else { format!("× {}", number(scale)) };
    let by = soft_cap.map_or_else(|| by.clone(), |cap| words!("{by}, within ±{}", number(cap)));
    if is_biased { words!("{by} + distance") } else { by }
}

/// Whether scores are divided by the root of a head's width, as in most models.
pub(super) fn divides(scale: f32, d: usize) -> bool {
    (scale * (d as f32).sqrt() - 1.0).abs() < 1e-3
}

/// How many keys there are, as far as the trace tells.
fn kv_len(trace: &Trace, layer: usize) -> Option<usize> {
    let axis = |site: Site, axis: usize| trace.layer(layer, site)?.shape().get(axis).copied();
    axis(Site::K, 1).or(axis(Site::Pattern, 2)).or(axis(Site::V, 1))
}

/// A captured array, or an error if the run did not keep it.
pub(super) fn captured(trace: &Trace, layer: usize, site: Site) -> Result<&Array, Error> {
    trace.layer(layer, site).ok_or_else(|| Error::not_captured(site, layer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_after_a_cache_stands_behind_the_keys_of_the_cache() {
        let model = attnscope::lesson::model();
        let tokens = model.encode("the hot dog on the rock was").unwrap();
        let mut cache = model.new_cache();
        let capture: attnscope::Capture = "q,k,pattern".parse().unwrap();
        model.run_with_cache(&mut cache, &tokens[..5], &capture, &[]).unwrap();
        let trace = model.run_with_cache(&mut cache, &tokens[5..], &capture, &[]).unwrap();
        let row = Row::of(&trace, 0, 0, 1).unwrap();
        assert_eq!((row.of.first, row.position(), row.query(), row.key(5), row.key(0)), (5, 6, "was", "rock", ""));
        assert!(row.of.sees(6, 0) && !row.of.sees(5, 6));
        assert_eq!((row.of.row_of(5), row.of.row_of(4).is_err()), (Ok(0), true));
    }

    #[test]
    fn a_trace_need_not_know_its_model() {
        let model = attnscope::lesson::model();
        let tokens = model.encode("the hot dog was").unwrap();
        let mut trace = model.run(&tokens, &"q,k,pattern".parse().unwrap(), &[]).unwrap();
        trace.model = attnscope::ModelInfo { attention: trace.model.attention.clone(), ..Default::default() };
        let softmax = crate::figure::softmax::Data::from_trace(&trace, 0, 0, 2).unwrap();
        assert_eq!(softmax.of.query(), "dog");
        trace.model.n_heads = 1;
        assert!(Head::of(&trace, 0, 1).is_err());
    }
}
