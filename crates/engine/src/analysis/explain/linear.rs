//! One output of a learned matrix: Σ input · weight, and a bias.

use super::explanation::{Factor, Term};
use crate::weights::Linear;

/// The names of a matrix and its bias, and an output's place in the bias.
pub(super) struct Place {
    /// `blocks.0.attn.W_Q`
    pub weight: String,
    /// `blocks.0.attn.b_Q`
    pub bias: String,
    /// The output's place in the bias.
    pub at: Vec<usize>,
}

impl Place {
    /// The place `at` in a layer: `Place::of(3, "attn", "Q", at)`.
    pub fn of(layer: usize, part: &str, letter: &str, at: Vec<usize>) -> Self {
        let name = |kind| format!("blocks.{layer}.{part}.{kind}_{letter}");
        Self { weight: name("W"), bias: name("b"), at }
    }
}

/// The terms of output `row`. `at` gives the place of input `i`'s weight in the tensor `place.weight`, and `name` the
/// name of its term.
pub(super) fn terms(
    linear: &Linear,
    row: usize,
    place: &Place,
    inputs: Vec<Factor>,
    at: impl Fn(usize) -> Vec<usize>,
    name: impl Fn(usize) -> String,
) -> Vec<Term> {
    let weights = linear.weight.row_f32(row);
    let products =
        inputs.into_iter().zip(weights).enumerate().map(|(i, (input, weight))| {
            Term::product(name(i), vec![input, Factor::stored(&place.weight, weight, at(i))])
        });
    let mut terms: Vec<Term> = products.collect();
    if let Some(bias) = &linear.bias {
        terms.push(Term::product("bias", vec![Factor::stored(&place.bias, bias[row], place.at.clone())]));
    }
    terms
}

/// The end of a formula: ` + b_Q` if there is a bias.
pub(super) fn plus_bias(linear: &Linear, name: &str) -> String {
    if linear.bias.is_some() { format!(" + {name}") } else { String::new() }
}
