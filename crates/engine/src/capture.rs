//! What a run keeps. A run that captures nothing pays nothing.

use crate::Error;
use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;

/// Name on the command line, and the end of its key in a trace.
const LAYER_SITES: [(&str, &str); 13] = [
    ("resid_pre", "resid_pre"),
    ("q", "attn.q"),
    ("k", "attn.k"),
    ("v", "attn.v"),
    ("scores", "attn.scores"),
    ("pattern", "attn.pattern"),
    ("z", "attn.z"),
    ("result", "attn.result"),
    ("attn_out", "attn_out"),
    ("resid_mid", "resid_mid"),
    ("mlp_out", "mlp_out"),
    ("resid_post", "resid_post"),
    ("mlp_post", "mlp.post"),
];
const MODEL_SITES: [&str; 3] = ["embed", "final_norm", "logits"];

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

    /// Keeps everything that can be kept.
    pub fn all() -> Self {
        Self { names: Self::names().collect(), ..Self::default() }
    }

    /// Every name that can be asked for.
    pub fn names() -> impl Iterator<Item = &'static str> {
        MODEL_SITES.into_iter().chain(LAYER_SITES.map(|(name, _)| name))
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

/// The key of a per-layer array in a trace: `blocks.16.attn.pattern`.
pub fn key(layer: usize, name: &str) -> String {
    let end = LAYER_SITES.iter().find(|(n, _)| *n == name).map_or(name, |(_, end)| end);
    format!("blocks.{layer}.{end}")
}

impl FromStr for Capture {
    type Err = Error;

    /// Names separated by commas, or `all`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut capture = Self::none();
        for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            if name == "all" {
                return Ok(Self::all());
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
        let error = "patern".parse::<Capture>().unwrap_err().to_string();
        assert!(error.contains("`patern`") && error.contains("resid_post"), "{error}");
    }
}
