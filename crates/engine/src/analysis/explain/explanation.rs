//! The arithmetic of one number as plain data.

use crate::analysis::Number;
use crate::config::Activation;
use attnscope_kernels::activation;
use serde::{Deserialize, Serialize};

/// How one number came about, one level deep: every number in it that is not stored in the model has an explanation of
/// its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Which number: `blocks.16.attn.pattern[0,2,1]`, or how it is named if it is not one of a single run.
    pub name: String,
    /// In words, tokens between asterisks: how much *dog* looks at *hot* (layer 16, head 0).
    pub title: String,
    /// In signs: `weight = exp(score − max) ÷ Σ exp(score − max)`.
    pub formula: String,
    /// The number, as the run went on with it.
    pub value: f32,
    /// How the terms make the value.
    pub rule: Rule,
    /// What it is made of, all of it; none for a score that a mask rules out.
    pub terms: Vec<Term>,
    /// What must be known before, in the order in which it is computed.
    pub steps: Vec<Step>,
    /// What a reader must be told: what is masked, what was changed in this run.
    pub remarks: Vec<String>,
}

/// A number on the way that has no name in the run: a mean, an rms, a sum before its activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name in the formulas: `rms`.
    pub name: String,
    /// In signs, in the names of its terms: `rms = √(mean of squares + ε)`.
    pub formula: String,
    /// The number.
    pub value: f32,
    /// How the terms make the value.
    pub rule: Rule,
    /// What it is made of; empty where it is made of the explanation's own terms (the max and the Σ of a softmax).
    pub terms: Vec<Term>,
}

/// One summand: the product of its factors (in a softmax, the exp of its score less the max).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// The token or component that it belongs to.
    pub name: String,
    /// What is multiplied; empty for terms that stand for many.
    pub factors: Vec<Factor>,
    /// What it comes to.
    pub value: f32,
}

/// One factor of a term.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Its name: `q[3]`, `W_Q[5,3]`, `√d_head`.
    pub name: String,
    /// The number.
    pub value: f32,
    /// Whether the term is divided by it, not multiplied.
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
    /// A component of one of the vectors by which a place is measured.
    Between(Between, usize),
    /// A number that was learned. Tensors are named and laid out as in TransformerLens, whatever the file calls them:
    /// `blocks.3.attn.W_Q` is `[n_heads, d_model, d_head]`, `W_U` is `[d_model, n_vocab]`.
    Stored {
        /// The tensor.
        tensor: String,
        /// The place in it.
        at: Vec<usize>,
    },
    /// A step of the same explanation, counted from 0.
    Step(usize),
    /// A number that is the same in every run of this model, or follows from a position; or that was dragged, drawn by
    /// lot, timed or set by hand.
    Constant,
    /// Another number that a figure works out itself, by its name there.
    Own(String),
}

/// What is explained of a place between two groups of words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Between {
    /// The place itself.
    #[default]
    Place,
    /// A component of the axis: from the first group's mean to that of the second.
    Axis,
    /// A component of the middle between both means.
    Middle,
}

/// How terms make a value: what is done with their sum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The mean of the terms' −ln: how surprising they were.
    Surprise,
    /// The square root of their sum.
    Root,
    /// The largest of the products of their factors.
    Largest,
    /// How many they are.
    Count,
    /// exp of their sum.
    Exp,
    /// The share of one of them in their sum.
    Softmax {
        /// Which.
        of: usize,
    },
    /// cap · tanh(sum ÷ cap).
    SoftCap {
        /// What no score exceeds.
        cap: f32,
    },
    /// x · σ(x) of the sum.
    Silu,
    /// x · Φ(x) of the sum.
    Gelu,
    /// GELU by its tanh formula, of the sum.
    GeluTanh,
    /// max(0, sum).
    Relu,
    /// −∞, whatever the numbers are.
    Masked,
}

impl Rule {
    /// What terms come to.
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
            Self::Silu => of(Activation::Silu),
            Self::Gelu => of(Activation::Gelu),
            Self::GeluTanh => of(Activation::GeluTanh),
            Self::Relu => of(Activation::Relu),
            Self::Masked => f32::NEG_INFINITY,
        }
    }

    /// Its name in a formula, for an activation.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Silu => "silu",
            Self::Gelu | Self::GeluTanh => "gelu",
            Self::Relu => "relu",
            _ => "",
        }
    }
}

/// What factors come to.
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
        }
    }
}

impl Explanation {
    /// What the terms come to: the value, unless the run was changed here.
    pub fn computed(&self) -> f32 {
        self.rule.combine(&self.terms)
    }
}
