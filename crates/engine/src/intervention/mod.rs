//! Changes made during a run (interventions): they tell a cause from a correlation.

mod check;
mod text;

use crate::{Array, Error, Site};
use attnscope_kernels::attention::{Edge, Mask};
pub(crate) use check::check_all;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Which heads an intervention acts on; `None` means all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    /// One layer, or all.
    pub layer: Option<usize>,
    /// One head of each such layer, or all.
    pub head: Option<usize>,
}

impl Heads {
    pub(crate) fn has_layer(self, layer: usize) -> bool {
        self.layer.is_none_or(|l| l == layer)
    }

    /// The heads of a layer that are selected.
    pub(crate) fn in_layer(self, n_heads: usize) -> Range<usize> {
        self.head.map_or(0..n_heads, |h| h..h + 1)
    }
}

/// One change. Changes are made in the order given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Intervention {
    /// Multiplies a head's z by a factor; 0 ablates it, which removes its share of `attn_out`.
    ScaleHead {
        /// Which heads.
        #[serde(alias = "site")]
        heads: Heads,
        /// By how much.
        factor: f32,
    },
    /// Mean ablation: replaces a head's z by its mean over this run's tokens, which removes how they differ.
    MeanHead {
        /// Which heads.
        #[serde(alias = "site")]
        heads: Heads,
    },
    /// Gives the edge from query `q` to key `k` a weight, 0 to 1; the other keys keep their proportions in the rest. 0
    /// cuts the edge (attention edge knockout), as if that key's score were −∞.
    SetEdge {
        /// Which heads.
        #[serde(alias = "site")]
        heads: Heads,
        /// Position of the query.
        q: usize,
        /// Position of the key.
        k: usize,
        /// The weight.
        weight: f32,
    },
    /// Activation patching: overwrites an array of the run, named by its key in a trace, with numbers from elsewhere.
    Patch {
        /// [`Site::key`] of a site that is patchable ([`Site::is_patchable`]): `embed`, `blocks.3.attn.q`.
        key: String,
        /// An array of the same shape.
        value: Array,
        /// Only this head.
        head: Option<usize>,
        /// Only these positions.
        positions: Option<Range<usize>>,
    },
    /// Passes an array of the run to a function that changes it in place. It only exists within a program: it cannot be
    /// written to a file or sent, and it needs a run over a whole text.
    #[serde(skip)]
    Apply {
        /// As in [`Self::Patch`].
        key: String,
        /// The function.
        change: Change,
    },
}

/// A function that changes an array of a run ([`Intervention::apply`]).
#[derive(Clone)]
pub struct Change(Arc<dyn Fn(&mut Array) + Send + Sync>);

impl Change {
    pub(crate) fn make(&self, array: &mut Array) {
        (self.0)(array);
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Change(..)")
    }
}

impl PartialEq for Change {
    /// Whether they are the same function object; two functions that do the same are not equal.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<(usize, usize)> for Heads {
    /// One head: its layer, and its index there.
    fn from((layer, head): (usize, usize)) -> Self {
        Self { layer: Some(layer), head: Some(head) }
    }
}

impl From<usize> for Heads {
    /// All heads of a layer.
    fn from(layer: usize) -> Self {
        Self { layer: Some(layer), head: None }
    }
}

impl Intervention {
    /// Ablates a head, `(16, 0)` or `"16.0"`, or all heads of a layer, `16` or `"16"`.
    ///
    /// ```
    /// use attnscope::Intervention;
    ///
    /// assert_eq!(Intervention::ablate((16, 0))?, Intervention::ablate("16.0")?);
    /// # Ok::<(), attnscope::Error>(())
    /// ```
    pub fn ablate<H: TryInto<Heads, Error: Into<Error>>>(heads: H) -> Result<Self, Error> {
        Ok(Self::ScaleHead { heads: heads.try_into().map_err(Into::into)?, factor: 0.0 })
    }

    /// Replaces a head's output, `(16, 0)` or `"16.0"`, or that of a layer's heads, by its mean over the text.
    pub fn mean_ablate<H: TryInto<Heads, Error: Into<Error>>>(heads: H) -> Result<Self, Error> {
        Ok(Self::MeanHead { heads: heads.try_into().map_err(Into::into)? })
    }

    /// Cuts the edge from query `q` to key `k` in these heads: `Intervention::cut_edge((16, 0), 2, 1)`.
    pub fn cut_edge(heads: impl Into<Heads>, q: usize, k: usize) -> Self {
        Self::SetEdge { heads: heads.into(), q, k, weight: 0.0 }
    }

    /// Changes an array of the run by a function, at a site that is patchable ([`Site::is_patchable`]), in a layer (0 for
    /// a site outside the layers). The array has the site's shape ([`Site::axes`]).
    ///
    /// ```
    /// use attnscope::{Capture, Intervention, Site};
    ///
    /// let model = attnscope::lesson::model();
    /// let tokens = model.encode("the hot dog was")?;
    /// // What layer 0 adds, half as strong.
    /// let half = Intervention::apply(Site::AttnOut, 0, |out| out.data_mut().iter_mut().for_each(|x| *x *= 0.5));
    /// let run = |changes: &[Intervention]| model.run(&tokens, &"attn_out".parse()?, changes);
    /// let (plain, changed) = (run(&[])?, run(&[half])?);
    /// let first = |trace: &attnscope::Trace| trace.layer(0, Site::AttnOut).unwrap().data()[0];
    /// assert_eq!(first(&changed), first(&plain) / 2.0);
    /// # Ok::<(), attnscope::Error>(())
    /// ```
    pub fn apply(site: Site, layer: usize, change: impl Fn(&mut Array) + Send + Sync + 'static) -> Self {
        Self::Apply { key: site.key(layer), change: Change(Arc::new(change)) }
    }

    /// Whether it can be written as text and parsed: patches and functions cannot, nor heads that are scaled
    /// or chosen in all layers at once.
    pub fn is_short(&self) -> bool {
        match self {
            Self::ScaleHead { heads, factor } => *factor == 0.0 && heads.layer.is_some(),
            Self::MeanHead { heads } => heads.layer.is_some(),
            Self::SetEdge { heads, .. } => heads.layer.is_some() || heads.head.is_none(),
            Self::Patch { .. } | Self::Apply { .. } => false,
        }
    }
}

/// The edges set in a layer for queries at `positions`, the text's last ones; rows are counted from the first of these.
/// Edges set for all layers are skipped in layers whose mask excludes them.
pub(crate) fn edges(
    all: &[Intervention],
    layer: usize,
    n_heads: usize,
    positions: Range<usize>,
    mask: Mask,
) -> Vec<Edge> {
    let mut edges = Vec::new();
    for intervention in all {
        let Intervention::SetEdge { heads, q, k, weight } = *intervention else { continue };
        let is_seen = || mask.visible(q, positions.end).contains(&k);
        if !positions.contains(&q) || !heads.has_layer(layer) || !is_seen() {
            continue;
        }
        let row = q - positions.start;
        for head in heads.in_layer(n_heads) {
            edges.retain(|e: &Edge| (e.head, e.q, e.k) != (head, row, k)); // the later one counts
            edges.push(Edge { head, q: row, k, weight });
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_applied_where_an_array_can_be_patched() {
        let model = crate::lesson::model();
        let tokens = model.encode("the hot dog was").unwrap();
        let run = |changes: &[Intervention]| model.run(&tokens, &"z,lse".parse().unwrap(), changes);
        let zero = |array: &mut Array| array.data_mut().fill(0.0);
        let silenced = run(&[Intervention::ablate((0, 0)).unwrap()]).unwrap();
        assert_eq!(run(&[Intervention::apply(Site::Z, 0, zero)]).unwrap(), silenced);
        // All keys get the same weight: no softmax gives such a row, so the pattern is kept in addition to lse.
        let even = Intervention::apply(Site::Pattern, 1, |pattern| pattern.data_mut().fill(0.25));
        let trace = run(&[even]).unwrap();
        assert_eq!(trace.pattern(1, 0).unwrap().data(), [0.25; 16]);
        let other_shape = Intervention::apply(Site::Z, 0, |z| *z = Array::zeros([1]));
        assert!(run(&[other_shape]).unwrap_err().to_string().contains("left shape [1], expected [1, 4, 16]"));
        let not_a_number = Intervention::apply(Site::ResidPre, 1, |x| x.data_mut()[0] = f32::NAN);
        assert!(run(&[not_a_number]).unwrap_err().to_string().contains("resid_pre"));
        for (site, layer) in [(Site::Scores, 0), (Site::Z, 2), (Site::MlpOut, 0)] {
            let error = run(&[Intervention::apply(site, layer, zero)]).unwrap_err();
            assert!(error.is_usage(), "{error}");
        }
        let apply = Intervention::apply(Site::Z, 0, zero);
        assert!(apply == apply.clone() && apply != Intervention::apply(Site::Z, 0, zero) && !apply.is_short());
        assert!(serde_json::to_string(&apply).is_err());
        let mut cache = model.new_cache();
        model.run_with_cache(&mut cache, &tokens[..2], &crate::Capture::none(), &[]).unwrap();
        let error = model.run_with_cache(&mut cache, &tokens[2..], &crate::Capture::none(), &[apply]).unwrap_err();
        assert!(error.to_string().contains("whole text"), "{error}");
    }

    #[test]
    fn changes_are_text_that_leads_back() {
        for text in ["ablate 16.0", "ablate 3", "mean-ablate 3.1", "cut 2>1", "cut 16:2>1", "set 16.0:2>1=0.5"] {
            let change: Intervention = text.parse().unwrap();
            assert!(change.is_short());
            assert_eq!(change.to_string(), text);
        }
        let scaled = Intervention::ScaleHead { heads: (1, 0).into(), factor: 0.5 };
        assert!(!scaled.is_short() && scaled.to_string().parse::<Intervention>().is_err());
        assert!("cut".parse::<Intervention>().is_err() && "".parse::<Intervention>().is_err());
    }

    #[test]
    fn edges_are_parsed() {
        let heads = |layer, head| Heads { layer, head };
        for (text, at) in
            [("2>1", heads(None, None)), ("16:2>1", heads(Some(16), None)), ("16.0:2>1", heads(Some(16), Some(0)))]
        {
            assert_eq!(Intervention::cut(text).unwrap(), Intervention::SetEdge { heads: at, q: 2, k: 1, weight: 0.0 });
        }
        assert_eq!(
            Intervention::set("3.4:2>1=0.5").unwrap(),
            Intervention::SetEdge { heads: heads(Some(3), Some(4)), q: 2, k: 1, weight: 0.5 }
        );
        for wrong in ["", "2", "2>", ">1", "a>b", "16.x:2>1", "2>1>0"] {
            assert!(Intervention::cut(wrong).unwrap_err().is_usage(), "{wrong}");
        }
    }
}
