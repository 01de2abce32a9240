//! Changes made to a run while it runs: what tells a cause from a pattern.

use crate::site::{Site, Stage};
use crate::{Array, Config, Error};
use attnscope_kernels::attention::{Edge, Mask};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

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

    /// The heads of a layer that it names.
    pub(crate) fn in_layer(self, n_heads: usize) -> Range<usize> {
        self.head.map_or(0..n_heads, |h| h..h + 1)
    }
}

impl fmt::Display for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.layer, self.head) {
            (Some(l), Some(h)) => write!(f, "{l}.{h}"),
            (Some(l), None) => write!(f, "{l}"),
            (None, Some(h)) => write!(f, "*.{h}"),
            (None, None) => write!(f, "all heads"),
        }
    }
}

/// One change. They are made in the order given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Intervention {
    /// Multiplies a head's z by a factor; 0 silences it, as if its share of `attn_out` were taken off.
    ScaleHead {
        /// Which heads.
        #[serde(alias = "site")]
        heads: Heads,
        /// By how much.
        factor: f32,
    },
    /// Replaces a head's z by its mean over the tokens of this run: it still speaks, but of nothing in particular.
    MeanHead {
        /// Which heads.
        #[serde(alias = "site")]
        heads: Heads,
    },
    /// Gives the edge from query `q` to key `k` a weight, 0 to 1; the other keys share the rest as before.
    /// 0 cuts the edge: as if that key's score were −∞.
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
    /// Overwrites an array of the run, named by its key in a trace, with numbers from elsewhere.
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
}

impl From<(usize, usize)> for Heads {
    /// One head: its layer, and its place there.
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

impl TryFrom<&str> for Heads {
    type Error = Error;

    /// `16.0` is a head, `16` all heads of a layer.
    fn try_from(text: &str) -> Result<Self, Error> {
        parse_heads(text)
    }
}

impl Intervention {
    /// Silences a head, `(16, 0)` or `"16.0"`, or all heads of a layer, `16` or `"16"`.
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

    /// Puts the mean over the text in the place of a head's output, `(16, 0)` or `"16.0"`, or of a layer's heads.
    pub fn mean_ablate<H: TryInto<Heads, Error: Into<Error>>>(heads: H) -> Result<Self, Error> {
        Ok(Self::MeanHead { heads: heads.try_into().map_err(Into::into)? })
    }

    /// Cuts the edge from query `q` to key `k` in these heads: `Intervention::cut_edge((16, 0), 2, 1)`.
    pub fn cut_edge(heads: impl Into<Heads>, q: usize, k: usize) -> Self {
        Self::SetEdge { heads: heads.into(), q, k, weight: 0.0 }
    }

    /// Cuts `2>1` (query 2 may not see key 1, anywhere), `16:2>1` (in a layer) or `16.0:2>1` (in a head).
    pub fn cut(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::usage(format!(
                "`{text}` is not an edge; write query>key as in 2>1, 16:2>1 (layer) or 16.0:2>1 (head)"
            ))
        };
        let (heads, edge) = match text.split_once(':') {
            Some((heads, edge)) => (parse_heads(heads)?, edge),
            None => (Heads::default(), text),
        };
        let (q, k) = edge.split_once('>').ok_or_else(wrong)?;
        let number = |s: &str| s.trim().parse().map_err(|_| wrong());
        Ok(Self::SetEdge { heads, q: number(q)?, k: number(k)?, weight: 0.0 })
    }

    /// Sets an edge's weight: `16.0:2>1=0.5`.
    pub fn set(text: &str) -> Result<Self, Error> {
        let wrong =
            || Error::usage(format!("`{text}` does not set an edge; write 16.0:2>1=0.5, with a weight from 0 to 1"));
        let (edge, value) = text.rsplit_once('=').ok_or_else(wrong)?;
        let value: f32 = value.trim().parse().map_err(|_| wrong())?;
        match Self::cut(edge)? {
            Self::SetEdge { heads, q, k, .. } => Ok(Self::SetEdge { heads, q, k, weight: value }),
            other => Ok(other),
        }
    }

    /// Whether it can be written as text and read back: all but patches, which hold arrays, and heads that are scaled.
    pub fn is_short(&self) -> bool {
        match self {
            Self::ScaleHead { heads, factor } => *factor == 0.0 && heads.layer.is_some(),
            Self::MeanHead { heads } => heads.layer.is_some(),
            Self::SetEdge { heads, .. } => heads.layer.is_some() || heads.head.is_none(),
            Self::Patch { .. } => false,
        }
    }

    /// Checks that what it names exists in a model for `seq` tokens.
    pub(crate) fn check(&self, c: &Config, seq: usize) -> Result<(), Error> {
        match self {
            Self::ScaleHead { heads, factor } if factor.is_finite() => check_heads(*heads, c),
            Self::ScaleHead { factor, .. } => Err(Error::usage(format!("a head cannot be scaled by {factor}"))),
            Self::MeanHead { heads } => check_heads(*heads, c),
            Self::SetEdge { heads, q, k, weight } => check_edge(*heads, (*q, *k, *weight), c, seq),
            Self::Patch { key, value, .. } => {
                check_key(key, c)?;
                match value.data().iter().find(|x| !x.is_finite()) {
                    Some(x) => {
                        Err(Error::usage(format!("the patch for `{key}` holds {x}: only numbers can be patched in")))
                    }
                    None => Ok(()),
                }
            }
        }
    }
}

impl fmt::Display for Intervention {
    /// As a command line and a link write it, where that is possible ([`Self::is_short`]): `cut 16.0:2>1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ScaleHead { heads, factor: 0.0 } => write!(f, "ablate {heads}"),
            Self::ScaleHead { heads, factor } => write!(f, "scale {heads} by {factor}"),
            Self::MeanHead { heads } => write!(f, "mean-ablate {heads}"),
            Self::SetEdge { heads, q, k, weight } => {
                let (verb, to) = if *weight == 0.0 { ("cut", String::new()) } else { ("set", format!("={weight}")) };
                let of = if *heads == Heads::default() { String::new() } else { format!("{heads}:") };
                write!(f, "{verb} {of}{q}>{k}{to}")
            }
            Self::Patch { key, .. } => write!(f, "patch {key}"),
        }
    }
}

impl FromStr for Intervention {
    type Err = Error;

    /// The same: `ablate 16.0`, `mean-ablate 16`, `cut 2>1`, `set 16.0:2>1=0.5`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        match verb {
            "ablate" => Self::ablate(rest),
            "mean-ablate" => Self::mean_ablate(rest),
            "cut" => Self::cut(rest),
            "set" => Self::set(rest),
            _ => Err(Error::usage(format!(
                "`{text}` is no change to a run; expected ablate 16.0, mean-ablate 16.0, cut 16.0:2>1 or set 16.0:2>1=0.5"
            ))),
        }
    }
}

/// Checks all of them, and that no row of a pattern is asked to give away more than it has.
pub(crate) fn check_all(all: &[Intervention], c: &Config, seq: usize) -> Result<(), Error> {
    all.iter().try_for_each(|intervention| intervention.check(c, seq))?;
    let mut rows: BTreeMap<(usize, usize, usize), BTreeMap<usize, f32>> = BTreeMap::new();
    for intervention in all {
        let Intervention::SetEdge { heads, q, k, weight } = intervention else { continue };
        // In a layer whose window is too short for it there is no such edge.
        let has_edge = |layer: &usize| heads.has_layer(*layer) && c.mask(*layer).visible(*q, seq).contains(k);
        for layer in (0..c.n_layers).filter(has_edge) {
            for head in heads.in_layer(c.n_heads) {
                rows.entry((layer, head, *q)).or_default().insert(*k, *weight); // the later one counts
            }
        }
    }
    for ((layer, head, q), weights) in rows {
        let (set, sum) = (weights.len(), weights.values().sum::<f32>());
        if sum > 1.0001 {
            return Err(Error::usage(format!(
                "the weights set for query {q} in layer {layer}, head {head} add up to {sum}; a row has 1 to give"
            )));
        }
        if set == c.mask(layer).visible(q, seq).len() && (1e-4..0.9999).contains(&sum) {
            return Err(Error::usage(format!(
                "every edge of query {q} in layer {layer}, head {head} is set, to {sum} together: they must make 1 (or 0: \
                 all cut), or one of them must be left to take the rest"
            )));
        }
    }
    Ok(())
}

/// The edges set in a layer for queries at `positions`, the text's last ones, their rows counted from the first of them.
/// What is set for all layers is not in those whose mask has no such edge.
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

fn parse_heads(text: &str) -> Result<Heads, Error> {
    let wrong = || {
        Error::usage(format!(
            "`{text}` is neither a head nor a layer; write 16.0 for head 0 of layer 16, or 16 for the layer"
        ))
    };
    let number = |s: &str| s.trim().parse::<usize>().map_err(|_| wrong());
    match text.split_once('.') {
        Some((layer, head)) => Ok(Heads { layer: Some(number(layer)?), head: Some(number(head)?) }),
        None => Ok(Heads { layer: Some(number(text)?), head: None }),
    }
}

fn check_heads(heads: Heads, c: &Config) -> Result<(), Error> {
    if let Some(layer) = heads.layer.filter(|l| *l >= c.n_layers) {
        return Err(Error::usage(format!("there is no layer {layer}: {} has layers 0 to {}", c.name, c.n_layers - 1)));
    }
    if let Some(head) = heads.head.filter(|h| *h >= c.n_heads) {
        return Err(Error::usage(format!(
            "there is no head {head}: {} has heads 0 to {} in each layer",
            c.name,
            c.n_heads - 1
        )));
    }
    Ok(())
}

fn check_edge(heads: Heads, (q, k, weight): (usize, usize, f32), c: &Config, seq: usize) -> Result<(), Error> {
    check_heads(heads, c)?;
    let fail = |m: String| Err(Error::usage(m));
    if let Some(at) = [q, k].into_iter().find(|at| *at >= seq) {
        return fail(format!("there is no token {at}: the text has tokens 0 to {}", seq.saturating_sub(1)));
    }
    if !(0.0..=1.0).contains(&weight) {
        return fail(format!("the edge {q}>{k} cannot weigh {weight}: weights are 0 to 1"));
    }
    if c.causal && k > q {
        return fail(format!(
            "there is no edge {q}>{k}: this model is causal, token {q} looks only at tokens 0 to {q}"
        ));
    }
    let mut layers = (0..c.n_layers).filter(|layer| heads.has_layer(*layer));
    if !layers.clone().any(|layer| c.mask(layer).visible(q, seq).contains(&k)) {
        let window = layers.find_map(|layer| c.layers[layer].attention.window).unwrap_or(0);
        return fail(format!("there is no edge {q}>{k}: a token there looks at {window} tokens, itself included"));
    }
    Ok(())
}

/// The site and layer of a key that can be patched.
///
/// # Errors
/// A key of no array, or of one that is not patched; a layer or an MLP that the model does not have.
fn check_key(key: &str, c: &Config) -> Result<(), Error> {
    let patchable = || Site::all().filter(|site| site.is_patchable());
    let found = Site::of_key(key).filter(|(site, layer)| site.is_patchable() && *layer < c.n_layers);
    match found {
        Some((site, layer)) if site.needs_mlp() && c.layers[layer].mlp.is_none() => {
            Err(Error::usage(format!("cannot patch `{key}`: {} has no MLP, only attention", c.name)))
        }
        Some(_) => Ok(()),
        None => {
            let in_layers = patchable().filter(|site| site.stage() == Stage::Layer).map(Site::name);
            Err(Error::usage(format!(
                "cannot patch `{key}`: expected embed, or blocks.0 to blocks.{} and one of {}",
                c.n_layers - 1,
                in_layers.collect::<Vec<_>>().join(" ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
