//! The arithmetic of one number as plain data.

use crate::analysis::Number;
use crate::config::Activation;
use crate::layers::clamp;
use attnscope_kernels::activation;
use serde::{Deserialize, Serialize};

/// How one number came about, one level deep: every number in it that is not stored in the model has an explanation of
/// its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The number's name: `blocks.16.attn.pattern[0,2,1]`, or another name if it does not belong to a single run.
    pub name: String,
    /// The title in words, with tokens between asterisks: how much *dog* attends to *hot* (layer 16, head 0).
    pub title: String,
    /// The formula in symbols: `weight = exp(score − max) ÷ Σ exp(score − max)`.
    pub formula: String,
    /// The number, as the run went on with it.
    pub value: f32,
    /// How the terms combine into the value.
    pub rule: Rule,
    /// All terms of the number; empty for a masked score.
    pub terms: Vec<Term>,
    /// Intermediate results, in the order in which they are computed.
    pub steps: Vec<Step>,
    /// Remarks for the reader: what is masked, what was changed in this run.
    pub remarks: Vec<String>,
}

/// An intermediate result that has no name in the run: a mean, an rms, a sum before its activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name in the formulas: `rms`.
    pub name: String,
    /// The formula in symbols, using the names of its terms: `rms = √(mean of squares + ε)`.
    pub formula: String,
    /// The number.
    pub value: f32,
    /// How the terms combine into the value.
    pub rule: Rule,
    /// Its terms; empty where it uses the explanation's own terms (the max and the Σ of a softmax).
    pub terms: Vec<Term>,
}

/// One summand: the product of its factors (in a softmax, the exp of its score less the max).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// The token or component that it belongs to.
    pub name: String,
    /// The factors; empty for a term that sums up many.
    pub factors: Vec<Factor>,
    /// The term's value.
    pub value: f32,
}

/// One factor of a term.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Its name: `q[3]`, `W_Q[5,3]`, `√d_head`.
    pub name: String,
    /// The number.
    pub value: f32,
    /// Whether the term is divided by it instead of multiplied.
    pub divides: bool,
    /// Where it comes from.
    pub source: Source,
}

/// Where a factor comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Source {
    /// Another number of the run.
    Number(Number),
    /// A number of another run of the same model: over this text, with nothing changed.
    Text {
        /// The text.
        text: String,
        /// The number.
        number: Number,
    },
    /// A component of one of the vectors that define a place.
    Between(Between, usize),
    /// A learned number. Tensors are named and laid out as in TransformerLens, whatever the file calls them:
    /// `blocks.3.attn.W_Q` is `[n_heads, d_model, d_head]`, `W_U` is `[d_model, n_vocab]`.
    Stored {
        /// The tensor.
        tensor: String,
        /// The indices in it.
        at: Vec<usize>,
    },
    /// A step of the same explanation, counted from 0.
    Step(usize),
    /// A number that is the same in every run of this model, or depends only on a position; or one that was dragged,
    /// drawn at random, timed or set by hand.
    Constant,
    /// Another number that a figure computes itself, by its name there.
    Own(String),
}

/// What is explained about a token's vector and those of other words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Between {
    /// Its place between two groups of words.
    #[default]
    Place,
    /// A component of the axis: from the first group's mean to the second's.
    Axis,
    /// A component of the midpoint of both means.
    Middle,
    /// The cosine of the angle to the vector of a single word, the only one of the first group.
    Cosine,
}

/// How terms combine into a value: what is done with their sum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The mean of the terms' −ln, their surprise.
    Surprise,
    /// The square root of their sum.
    Root,
    /// The largest of the products of their factors.
    Largest,
    /// The number of terms.
    Count,
    /// exp of their sum.
    Exp,
    /// The share of one of them in the sum of all.
    Softmax {
        /// Which.
        of: usize,
    },
    /// cap · tanh(sum ÷ cap).
    SoftCap {
        /// The bound that no score exceeds.
        cap: f32,
    },
    /// Their sum, or the bound that it exceeds: −most or most.
    Clamp {
        /// The bound on either side of 0.
        most: f32,
    },
    /// x · σ(x) of the sum.
    Silu,
    /// x · Φ(x) of the sum.
    Gelu,
    /// GELU by its tanh formula, of the sum.
    GeluTanh,
    /// max(0, sum).
    Relu,
    /// y · σ(1.702 · y) with y = min(sum, 7).
    BoundedSilu,
    /// −∞, whatever the terms are.
    Masked,
}

impl Rule {
    /// The value of the terms under this rule.
    pub fn combine(self, terms: &[Term]) -> f32 {
        let sum: f64 = terms.iter().map(|term| f64::from(term.value)).sum();
        let of = |kind| activation::plain(kind, sum as f32);
        match self {
            Self::Sum => sum as f32,
            Self::Mean | Self::Surprise => (sum / terms.len().max(1) as f64) as f32,
            Self::Root => sum.sqrt() as f32,
            Self::Count => terms.len() as f32,
            Self::Exp => sum.exp() as f32,
            Self::Largest => {
                let product = |term: &Term| Some(product(&term.factors)).filter(|_| !term.factors.is_empty());
                terms.iter().filter_map(product).fold(f32::NEG_INFINITY, f32::max)
            }
            Self::Softmax { .. } if sum == 0.0 => 0.0,
            Self::Softmax { of } => (terms.get(of).map_or(f64::NAN, |term| f64::from(term.value)) / sum) as f32,
            Self::SoftCap { cap } => cap * (sum as f32 / cap).tanh(),
            Self::Clamp { most } => clamp(sum as f32, most),
            Self::Silu => of(Activation::Silu),
            Self::Gelu => of(Activation::Gelu),
            Self::GeluTanh => of(Activation::GeluTanh),
            Self::Relu => of(Activation::Relu),
            Self::BoundedSilu => of(Activation::BoundedSilu),
            Self::Masked => f32::NEG_INFINITY,
        }
    }

    /// Its name in a formula, for an activation.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Silu | Self::BoundedSilu => "silu",
            Self::Gelu | Self::GeluTanh => "gelu",
            Self::Relu => "relu",
            _ => "",
        }
    }
}

/// The product of the factors, some of which divide.
pub(super) fn product(factors: &[Factor]) -> f32 {
    let all = factors.iter().fold(1.0, |product, factor| {
        let value = f64::from(factor.value);
        if factor.divides { product / value } else { product * value }
    });
    all as f32
}

impl From<Activation> for Rule {
    fn from(kind: Activation) -> Self {
        match kind {
            Activation::Silu => Self::Silu,
            Activation::Gelu => Self::Gelu,
            Activation::GeluTanh => Self::GeluTanh,
            Activation::Relu => Self::Relu,
            Activation::BoundedSilu => Self::BoundedSilu,
        }
    }
}

impl Explanation {
    /// The value of the terms: the explained value, unless the run was changed here.
    pub fn computed(&self) -> f32 {
        self.rule.combine(&self.terms)
    }
}
