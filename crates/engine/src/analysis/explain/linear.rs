//! One output of a learned matrix: Σ input · weight, and a bias.

use super::super::Number;
use super::explanation::{Factor, Rule, Term};
use super::held::Held;
use super::name::component;
use super::parts::{Arithmetic, Steps};
use crate::Error;
use crate::site::{Axis, Site};
use crate::weights::Learned;

/// A number that a learned matrix computes: a component of a query, key or value before it is rotated, what attention or
/// the MLP adds, a logit.
pub(super) fn linear(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let learned = held.learned(number)?;
    let (formula, terms) = terms(held, &learned, number)?;
    Ok(Arithmetic::sum(formula, terms))
}

/// A component of a value: what its matrix computes, bounded where the model does so.
pub(super) fn value(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let sum = linear(held, number)?;
    let Some(most) = held.config().layers[number.layer().unwrap_or(0)].attention.clamp else { return Ok(sum) };
    let mut steps = Steps::default();
    let raw = steps.add("v_raw", sum.formula, sum.rule, sum.terms);
    Ok(Arithmetic { steps: steps.0, ..clamped(component(number.last()), raw, most) })
}

/// A number, or the bound that it exceeds.
pub(super) fn clamped(name: String, x: Factor, most: f32) -> Arithmetic {
    let formula = format!("clamp({}, ±{most})", x.name);
    let bounded = Arithmetic::sum(formula, vec![Term::product(name, vec![x])]);
    Arithmetic { rule: Rule::Clamp { most }, ..bounded }
}

/// The formula and the terms of the output of `learned` that `number` names.
pub(super) fn terms(held: &Held<'_>, learned: &Learned<'_>, number: Number) -> Result<(String, Vec<Term>), Error> {
    let c = held.config();
    let (layer, i, d) = (number.layer().unwrap_or(0), number.last(), c.d_head);
    let by_head = number.site().axes().contains(&Axis::HeadComponent);
    let row = if by_head { number.head() * d + i } else { i };
    let inputs = held.input(learned.of, number)?;
    let (matrix, bias) = (learned.tensor('W', layer), learned.tensor('b', layer));
    // The place of a weight as TransformerLens orders these tensors: heads first, inputs before outputs.
    let at = |from: usize| match learned.of {
        Site::Z => vec![from / d, from % d, i],
        _ if by_head => vec![number.head(), from, i],
        _ => vec![from, i],
    };
    let name = |from: usize| match learned.of {
        Site::Z => format!("head {}, component {}", from / d, from % d),
        Site::MlpPost => format!("neuron {from}"),
        _ => component(from),
    };
    let products = inputs.into_iter().zip(learned.weight.row_f32(row)).enumerate();
    let mut terms: Vec<Term> = products
        .map(|(from, (input, weight))| {
            Term::product(name(from), vec![input, Factor::stored(&matrix, weight, at(from))])
        })
        .collect();
    let mut formula = format!("Σ {} · {}", learned.of.short(), learned.short('W'));
    if let Some(values) = learned.bias {
        let at = if by_head { vec![number.head(), i] } else { vec![i] };
        terms.push(Term::product("bias", vec![Factor::stored(&bias, values[row], at)]));
        formula += &format!(" + {}", learned.short('b'));
    }
    Ok((formula, terms))
}
