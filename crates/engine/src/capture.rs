//! Which arrays a run keeps. A run that captures nothing has no cost for it.

use crate::site::{Site, Stage};
use crate::{Config, Error};
use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;

/// These grow with the square of the text, or take as much as all the others together, and follow from the others.
const LEFT_OUT: [Site; 3] = [Site::Scores, Site::Pattern, Site::Result];

/// The set of arrays to keep.
///
/// ```
/// use attnscope::{Capture, Site};
///
/// let capture: Capture = "pattern,resid_post".parse()?;
/// assert_eq!(capture, Capture::of([Site::Pattern, Site::ResidPost]));
/// # Ok::<(), attnscope::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    sites: BTreeSet<Site>,
    layers: Option<Range<usize>>,
    last_logits_only: bool,
}

impl Capture {
    /// Keeps nothing but the last token's logits, which every run returns.
    pub fn none() -> Self {
        Self::default()
    }

    /// Keeps everything but `scores` and `pattern`, which grow with the square of the text, and `result`, which has an
    /// array as wide as the stream for each head. The pattern remains available, from `q`, `k` and `lse`
    /// ([`crate::Trace::pattern`]); to keep these too, name them: `"all,scores,pattern".parse()`.
    pub fn all() -> Self {
        Self::of(Self::sites().filter(|site| !LEFT_OUT.contains(site)))
    }

    /// Every site that can be kept.
    pub fn sites() -> impl Iterator<Item = Site> + Clone {
        Site::all().filter(|site| site.is_kept())
    }

    /// Keeps the arrays of these sites. Those that cannot be kept (see [`Site::is_kept`]) are left out.
    pub fn of(sites: impl IntoIterator<Item = Site>) -> Self {
        Self { sites: sites.into_iter().filter(|site| site.is_kept()).collect(), ..Self::default() }
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

    /// Bytes of everything that a run over `q_len` new tokens, `kv_len` with those in its cache, would keep, if it
    /// patches no pattern. Saturates at `u64::MAX`.
    pub fn bytes(&self, c: &Config, q_len: usize, kv_len: usize) -> u64 {
        let layers = self.layers.clone().unwrap_or(0..c.n_layers);
        let layers = layers.start..layers.end.min(c.n_layers);
        let numbers = |site: &Site| {
            let rows = if *site == Site::Logits && self.last_logits_only { 1 } else { q_len };
            let one = |layer| site.len(c, layer, rows, kv_len);
            if site.stage() == Stage::Layer { layers.clone().map(one).fold(0, u64::saturating_add) } else { one(0) }
        };
        self.sites.iter().map(numbers).fold(0u64, u64::saturating_add).saturating_mul(4)
    }

    pub(crate) fn wants(&self, site: Site) -> bool {
        self.sites.contains(&site)
    }

    /// Whether a site's array is kept, in this layer if it belongs to one.
    pub(crate) fn wants_in(&self, layer: usize, site: Site) -> bool {
        let in_layer = site.stage() != Stage::Layer || self.layers.as_ref().is_none_or(|l| l.contains(&layer));
        in_layer && self.wants(site)
    }

    pub(crate) fn all_logits(&self) -> bool {
        self.wants(Site::Logits) && !self.last_logits_only
    }
}

impl FromStr for Capture {
    type Err = Error;

    /// Names separated by commas; `all` stands for those of [`Capture::all`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut capture = Self::none();
        for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            if name == "all" {
                capture.sites.append(&mut Self::all().sites);
                continue;
            }
            capture.sites.insert(Site::named(name, "capture", Self::sites())?);
        }
        Ok(capture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_and_unknown_ones_get_a_suggestion() {
        let capture: Capture = "pattern, logits".parse().unwrap();
        assert!(capture.wants(Site::Pattern) && capture.all_logits() && !capture.wants(Site::Q));
        assert!(!capture.last_logits_only(true).all_logits());
        let capture: Capture = "all,attn.pattern".parse().unwrap();
        assert!(capture.wants(Site::Lse) && capture.wants(Site::Pattern) && !capture.wants(Site::Scores));
        assert_eq!("all".parse::<Capture>().unwrap(), Capture::all());
        let error = |text: &str| text.parse::<Capture>().unwrap_err().to_string();
        assert!(error("patern").contains("`patern`; did you mean pattern?"), "{}", error("patern"));
        assert!(error("🌭").contains("resid_post, final_norm, logits"), "{}", error("🌭"));
        // Arrays that follow from others cannot be captured.
        assert!(error("probabilities").contains("cannot capture"), "{}", error("probabilities"));
        assert_eq!(Capture::of([Site::Probabilities]), Capture::none());
    }
}
