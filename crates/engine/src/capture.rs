//! What a run keeps. A run that captures nothing pays nothing.

use crate::{Config, Error};
use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;

/// Name on the command line, and the end of its key in a trace.
const LAYER_SITES: [(&str, &str); 15] = [
    ("resid_pre", "resid_pre"),
    ("attn_in", "attn_in"),
    ("q", "attn.q"),
    ("k", "attn.k"),
    ("v", "attn.v"),
    ("scores", "attn.scores"),
    ("pattern", "attn.pattern"),
    ("lse", "attn.lse"),
    ("z", "attn.z"),
    ("result", "attn.result"),
    ("attn_out", "attn_out"),
    ("resid_mid", "resid_mid"),
    ("mlp_out", "mlp_out"),
    ("resid_post", "resid_post"),
    ("mlp_post", "mlp.post"),
];
const MODEL_SITES: [&str; 3] = ["embed", "final_norm", "logits"];
/// What grows with the square of the text, or takes as much as all else together: both follow from the rest.
const LEFT_OUT: [&str; 3] = ["scores", "pattern", "result"];

/// The set of arrays to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    names: BTreeSet<&'static str>,
    layers: Option<Range<usize>>,
    last_logits_only: bool,
}

impl Capture {
    /// Keeps nothing but the last token's logits, which every run returns.
    pub fn none() -> Self {
        Self::default()
    }

    /// Keeps everything but `scores` and `pattern`, which grow with the square of the text, and `result`, of which each
    /// head has one as wide as the stream. The pattern can be had all the same, from `q`, `k` and `lse`
    /// ([`crate::Trace::pattern`]); who wants these kept names them: `"all,scores,pattern".parse()`.
    pub fn all() -> Self {
        Self { names: Self::names().filter(|name| !LEFT_OUT.contains(name)).collect(), ..Self::default() }
    }

    /// Every name that can be asked for.
    pub fn names() -> impl Iterator<Item = &'static str> {
        MODEL_SITES.into_iter().chain(LAYER_SITES.map(|(name, _)| name))
    }

    /// Keeps arrays of these names, each of them one of [`Self::names`].
    pub(crate) fn of(names: &[&'static str]) -> Self {
        debug_assert!(names.iter().all(|name| Self::names().any(|known| known == *name)), "{names:?}");
        Self { names: names.iter().copied().collect(), ..Self::default() }
    }

    /// Keeps per-layer arrays of these layers only.
    pub fn layers(mut self, layers: Range<usize>) -> Self {
        self.layers = Some(layers);
        self
    }

    /// Keeps the logits of the last token only, `[1, n_vocab]`.
    pub fn last_logits_only(mut self, yes: bool) -> Self {
        self.last_logits_only = yes;
        self
    }

    /// Bytes of all that a run over `q_len` new tokens, `kv_len` with those in its cache, would keep, if it patches no
    /// pattern. What does not fit a u64 is `u64::MAX`.
    pub fn bytes(&self, c: &Config, q_len: usize, kv_len: usize) -> u64 {
        let seq = q_len as u64;
        let size = |name: &str| match name {
            "logits" if self.last_logits_only => c.n_vocab as u64,
            "logits" => seq.saturating_mul(c.n_vocab as u64),
            "scores" | "pattern" => pattern_len(c, q_len, kv_len),
            "lse" => seq.saturating_mul(c.n_heads as u64),
            "q" | "z" => seq.saturating_mul((c.n_heads * c.d_head) as u64),
            "k" | "v" => (kv_len as u64).saturating_mul((c.n_kv_heads * c.d_head) as u64),
            "result" => seq.saturating_mul((c.n_heads * c.d_model) as u64),
            "mlp_post" => seq.saturating_mul(c.mlp.map_or(0, |mlp| mlp.d_ff as u64)),
            "mlp_out" if c.mlp.is_none() => 0,
            _ => seq.saturating_mul(c.d_model as u64),
        };
        let layers = self.layers.clone().unwrap_or(0..c.n_layers);
        let layers = layers.end.min(c.n_layers).saturating_sub(layers.start) as u64;
        let times = |name: &str| if MODEL_SITES.contains(&name) { 1 } else { layers };
        let numbers = self.names.iter().map(|name| size(name).saturating_mul(times(name)));
        numbers.fold(0u64, u64::saturating_add).saturating_mul(4)
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    pub(crate) fn wants_in(&self, layer: usize, name: &str) -> bool {
        self.wants(name) && self.layers.as_ref().is_none_or(|l| l.contains(&layer))
    }

    pub(crate) fn all_logits(&self) -> bool {
        self.wants("logits") && !self.last_logits_only
    }
}

/// Numbers in the pattern of one layer, `n_heads · q_len · kv_len`.
pub fn pattern_len(c: &Config, q_len: usize, kv_len: usize) -> u64 {
    (c.n_heads as u64).saturating_mul(q_len as u64).saturating_mul(kv_len as u64)
}

/// The key of a per-layer array in a trace: `blocks.16.attn.pattern`.
pub fn key(layer: usize, name: &str) -> String {
    let end = LAYER_SITES.iter().find(|(n, _)| *n == name).map_or(name, |(_, end)| end);
    format!("blocks.{layer}.{end}")
}

impl FromStr for Capture {
    type Err = Error;

    /// Names separated by commas; `all` among them is those of [`Capture::all`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut capture = Self::none();
        for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            if name == "all" {
                capture.names.append(&mut Self::all().names);
                continue;
            }
            let known = Self::names().find(|n| *n == name).ok_or_else(|| {
                let all: Vec<_> = Self::names().collect();
                Error::usage(format!("cannot capture `{name}`; the names are {}, or all", all.join(", ")))
            })?;
            capture.names.insert(known);
        }
        Ok(capture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_and_unknown_ones_listed() {
        let capture: Capture = "pattern, logits".parse().unwrap();
        assert!(capture.wants("pattern") && capture.all_logits() && !capture.wants("q"));
        assert!(!capture.last_logits_only(true).all_logits());
        let capture: Capture = "all,pattern".parse().unwrap();
        assert!(capture.wants("lse") && capture.wants("pattern") && !capture.wants("scores"));
        assert_eq!("all".parse::<Capture>().unwrap(), Capture::all());
        let error = "patern".parse::<Capture>().unwrap_err().to_string();
        assert!(error.contains("`patern`") && error.contains("resid_post"), "{error}");
    }
}
