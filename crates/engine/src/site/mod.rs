//! The sites of a run: every kind of array that it computes, in one table. It determines what a run can keep, change,
//! explain and save, and gives each site one name everywhere.

mod table;

use crate::{Config, Error};
use std::fmt;
use std::str::FromStr;
use table::{Needs, Row, TABLE, Use};

/// One kind of array of a run: the queries, the pattern, the residual stream after a layer.
///
/// Its name is the end of its key in a [`crate::Trace`], as in TransformerLens without `hook_`: `attn.q`. Where a name
/// is parsed, the short form `q` is accepted as well.
///
/// ```
/// use attnscope::Site;
///
/// assert_eq!(Site::Pattern.key(16), "blocks.16.attn.pattern");
/// assert_eq!("pattern".parse::<Site>()?, Site::Pattern);
/// assert_eq!("attn.pattern".parse::<Site>()?, Site::Pattern);
/// assert!("patern".parse::<Site>().unwrap_err().to_string().contains("did you mean pattern?"));
/// # Ok::<(), attnscope::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// A token's vector in the embedding table, whether or not the token is in the text.
    TokenEmbed,
    /// Token, position and token type added up, before the norm of the embedding where the model has one.
    EmbedSum,
    /// The same after that norm, in a model that then projects it to the width of the stream (ALBERT, ELECTRA).
    EmbedNorm,
    /// The input of the first layer.
    Embed,
    /// The input of a layer.
    ResidPre,
    /// The input of attention: `resid_pre`, normed if the norm stands before.
    AttnIn,
    /// Queries straight from W_Q, in the order of its rows, before they are normed and rotated.
    QRaw,
    /// Keys straight from W_K, in the order of its rows, before they are normed and rotated.
    KRaw,
    /// Queries as they are multiplied with the keys: normed and rotated, where the model does so.
    Q,
    /// Keys as they are multiplied with the queries.
    K,
    /// Values.
    V,
    /// q·k ÷ √d, and what the model adds by distance; −∞ where the mask forbids attending.
    Scores,
    /// Softmax of the scores: each row sums to 1 (to less where the head has a sink).
    Pattern,
    /// ln Σ exp(score) of each row, before edges are set: any weight can be computed from it with q and k.
    Lse,
    /// The weighted sum of values of each query.
    Z,
    /// Each head's share of `attn_out`, before that is normed or scaled where the model does so.
    Result,
    /// The outputs of all heads after W_O, before they are normed or scaled.
    AttnRaw,
    /// What attention adds to the residual stream: the outputs of all heads after W_O, normed or scaled where the model
    /// does so.
    AttnOut,
    /// `resid_pre` + `attn_out`, before the norm if the norm stands after.
    AttnSum,
    /// The residual stream after attention.
    ResidMid,
    /// The input of the MLP: `resid_mid` (or `resid_pre`, if attention and MLP read the same), normed if a norm stands
    /// before.
    MlpIn,
    /// The weight of each expert of a mixture, 0 for those that a token does not pass; with a shared expert, its weight
    /// is the last.
    Experts,
    /// The MLP's hidden activations.
    MlpPost,
    /// The output of the MLP, before it is normed or scaled.
    MlpRaw,
    /// What the MLP adds.
    MlpOut,
    /// `resid_mid` + `mlp_out`, before the norm if the norm stands after.
    MlpSum,
    /// The output of a layer.
    ResidPost,
    /// The input of the vocabulary head.
    FinalNorm,
    /// The activations of the first layer of a head for masked words (BERT).
    HeadPost,
    /// The same after their norm: what the vocabulary's matrix reads.
    HeadNorm,
    /// The score of each token of the vocabulary as the next token, or as the token of this place (BERT).
    Logits,
    /// Softmax of the logits.
    Probabilities,
    /// The input of the vocabulary head if the model stopped before a layer (the logit lens).
    LensNorm,
    /// The activations of the first layer of a head for masked words in that case.
    LensHeadPost,
    /// The same after their norm.
    LensHeadNorm,
    /// The logits in that case.
    LensLogits,
    /// Softmax of those logits.
    LensProbabilities,
    /// Cosine of the angle between the embeddings of a token of the text and of another token.
    EmbedCosine,
    /// The same between the input of a layer and the embedding of a token.
    PreCosine,
    /// The same between the residual stream after attention and the embedding of a token.
    MidCosine,
}

/// What an axis of an array stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Query heads of a layer.
    Head,
    /// Key/value heads of a layer: fewer, if queries share them.
    KvHead,
    /// Tokens of this run: a query, a row of the residual stream.
    Position,
    /// Tokens of this run and of its cache: those that a query may attend to.
    Key,
    /// Numbers of a vector of the residual stream.
    Component,
    /// Numbers of a token's embedding: fewer than those of the stream, if it is projected.
    EmbedComponent,
    /// Numbers of a query, a key or a value.
    HeadComponent,
    /// Hidden activations of the MLP.
    Neuron,
    /// Experts of a mixture.
    Expert,
    /// Tokens of the vocabulary.
    Token,
}

/// When an array is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Once, before the layers.
    Before,
    /// In each layer.
    Layer,
    /// Once, after the layers.
    After,
}

impl Axis {
    /// The axis's length in a layer of a run over `q_len` tokens, `kv_len` with those in its cache.
    pub fn len(self, c: &Config, layer: usize, q_len: usize, kv_len: usize) -> usize {
        match self {
            Self::Head => c.n_heads,
            Self::KvHead => c.n_kv_heads,
            Self::Position => q_len,
            Self::Key => kv_len,
            Self::Component => c.d_model,
            Self::EmbedComponent => c.d_embed(),
            Self::HeadComponent => c.d_head,
            Self::Neuron => c.layers[layer].mlp.map_or(0, |mlp| mlp.d_ff),
            Self::Expert => c.layers[layer].mlp.and_then(|mlp| mlp.mixture).map_or(0, |mixture| mixture.width()),
            Self::Token => c.n_vocab,
        }
    }
}

impl Site {
    /// All of them, in the order in which a run computes them.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        TABLE.iter().map(|row| row.site)
    }

    const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The end of its key in a trace: `attn.pattern`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The name without the part of the layer it belongs to: `pattern`; but `mlp_post`, since `post` would say little.
    pub fn short(self) -> &'static str {
        if self == Self::MlpPost { "mlp_post" } else { self.name().trim_start_matches("attn.") }
    }

    /// The one of this name, or short name.
    fn find(text: &str, mut sites: impl Iterator<Item = Self>) -> Option<Self> {
        sites.find(|site| site.name() == text || site.short() == text)
    }

    /// Its key in a trace: `blocks.16.attn.pattern`; that of a site outside the layers is its name.
    pub fn key(self, layer: usize) -> String {
        match self.stage() {
            Stage::Layer => format!("blocks.{layer}.{}", self.name()),
            Stage::Before | Stage::After => self.name().to_owned(),
        }
    }

    /// Site and layer of a key, the inverse of [`Self::key`]. The layer is 0 outside the layers.
    pub fn of_key(key: &str) -> Option<(Self, usize)> {
        let (layer, name) = match key.strip_prefix("blocks.") {
            Some(rest) => rest.split_once('.').and_then(|(layer, name)| Some((Some(layer.parse().ok()?), name)))?,
            None => (None, key),
        };
        let site = Self::find(name, Self::all())?;
        (layer.is_some() == (site.stage() == Stage::Layer)).then_some((site, layer.unwrap_or(0)))
    }

    /// When it is computed.
    pub fn stage(self) -> Stage {
        self.row().stage
    }

    /// What its axes stand for.
    pub const fn axes(self) -> &'static [Axis] {
        self.row().axes
    }

    /// Its shape in a layer of a run over `q_len` tokens, `kv_len` with those in its cache.
    pub fn shape(self, c: &Config, layer: usize, q_len: usize, kv_len: usize) -> Vec<usize> {
        self.axes().iter().map(|axis| axis.len(c, layer, q_len, kv_len)).collect()
    }

    /// How many numbers an array of this shape has. Saturates at `u64::MAX`.
    pub fn len(self, c: &Config, layer: usize, q_len: usize, kv_len: usize) -> u64 {
        let axes = self.shape(c, layer, q_len, kv_len).into_iter();
        match self.lacks(c, layer) {
            Some(_) => 0,
            None => axes.fold(1, |n: u64, len| n.saturating_mul(len as u64)),
        }
    }

    /// Whether a run can keep it.
    pub fn is_kept(self) -> bool {
        self.row().use_ != Use::Derived
    }

    /// Whether a run can be given another array in its place.
    pub fn is_patchable(self) -> bool {
        self.row().use_ == Use::Patched
    }

    /// Checks that a model has it: arrays of an MLP need one, logits need a vocabulary head.
    pub(crate) fn check_in(self, model: &crate::Model, layer: usize) -> Result<(), Error> {
        let c = model.config();
        match self.row().needs {
            Needs::VocabHead if !model.has_vocab_head() => Err(model.no_head()),
            Needs::MaskHead if model.weights().transform.is_none() => {
                Err(Error::usage(format!("{}'s logits follow from its last norm at once: see `logits`", c.name)))
            }
            Needs::Projection if c.narrow.is_none() => {
                Err(Error::usage(format!("{} does not project its embeddings: see `embed`", c.name)))
            }
            Needs::OneSpace if c.narrow.is_some() => {
                let text = format!(
                    "{} projects its embeddings into the residual stream, so that no angle lies between a vector of the one and \
                     of the other",
                    c.name
                );
                Err(Error::usage(text))
            }
            _ => match self.lacks(c, layer) {
                Some(why) => Err(Error::usage(format!("{} {why}", c.name))),
                None => Ok(()),
            },
        }
    }

    /// What a layer lacks for it, if it does: "has no MLP, only attention".
    pub(crate) fn lacks(self, c: &Config, layer: usize) -> Option<&'static str> {
        const NO_MLP: &str = "has no MLP, only attention";
        match (self.row().needs, c.layers[layer].mlp) {
            (Needs::Mlp | Needs::Neurons, None) => Some(NO_MLP),
            (Needs::Neurons, Some(mlp)) if mlp.mixture.is_some() => {
                Some("has a mixture of experts there: each token passes other neurons, which no run keeps")
            }
            (Needs::Experts, mlp) if mlp.is_none_or(|mlp| mlp.mixture.is_none()) => Some("has no experts there"),
            _ => None,
        }
    }

    /// The arrays that a run must keep so that one of its numbers can be explained.
    pub(crate) fn explained_by(self) -> &'static [Self] {
        self.row().explained_by
    }

    /// A description of one of its numbers, with names in braces in place of tokens and indices.
    pub(crate) fn words(self) -> &'static str {
        self.row().words
    }
}

impl Site {
    /// Finds one of some sites by its name or short name; `verb` names the intended action, for the error.
    pub(crate) fn named(text: &str, verb: &str, sites: impl Iterator<Item = Self> + Clone) -> Result<Self, Error> {
        Self::find(text, sites.clone()).ok_or_else(|| {
            let short: Vec<&str> = sites.map(Self::short).collect();
            let near = crate::error::nearest(text, short.iter().copied());
            let hint = near
                .map_or_else(|| format!("the names are {}", short.join(", ")), |near| format!("did you mean {near}?"));
            let text: String = text.chars().take(80).collect();
            Error::usage(format!("cannot {verb} `{text}`; {hint}"))
        })
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Site {
    type Err = Error;

    /// A name, `attn.pattern`, or its short form, `pattern`.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::named(text, "find", Self::all())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_sites_and_no_name_stands_twice() {
        for (i, row) in TABLE.iter().enumerate() {
            assert_eq!(row.site as usize, i, "{}", row.name);
            assert_eq!(row.name.parse::<Site>().unwrap(), row.site);
            assert_eq!(row.site.short().parse::<Site>().unwrap(), row.site, "{}", row.name);
            assert_eq!(Site::of_key(&row.site.key(7)), Some((row.site, if row.stage == Stage::Layer { 7 } else { 0 })));
            assert!((2..=3).contains(&row.axes.len()), "{}", row.name);
            assert!(row.explained_by.iter().all(|site| site.is_kept()), "{}", row.name);
        }
    }

    #[test]
    fn a_misspelt_name_gets_a_suggestion() {
        let error = |text: &str| text.parse::<Site>().unwrap_err().to_string();
        assert!(error("patern").contains("did you mean pattern?"), "{}", error("patern"));
        assert!(error("resid_pots").contains("did you mean resid_post?"), "{}", error("resid_pots"));
        assert!(error("🌭").contains("the names are token_embed"), "{}", error("🌭"));
        for wrong in ["blocks.0.embed", "resid_pre", "blocks.x.attn.q", "blocks.3", "blocks.3.nothing", ""] {
            assert_eq!(Site::of_key(wrong), None, "{wrong}");
        }
    }
}
