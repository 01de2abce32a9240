//! Probabilities of the next token.

use super::super::Number;
use super::super::rank::largest;
use super::explanation::{Factor, Rule, Term};
use super::held::Held;
use super::linear::linear;
use super::name::short;
use super::parts::{Arithmetic, Steps};
use super::softmax::{exponential, formula, steps};
use crate::Error;
use crate::config::Scales;
use crate::site::Site;

/// How many tokens of the vocabulary are listed one by one.
const LISTED: usize = 20;

/// The softmax of the logits after a position.
pub(super) fn probability(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let logits = held.row(logits(number, 0))?;
    Ok(share(&logits, number, |id| held.word(id)))
}

/// A logit: the product with a row of the vocabulary head, scaled and capped where the model does so.
pub(super) fn logit(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let Scales { logits: scale, logit_cap, .. } = held.config().scales;
    let product = linear(held, number)?;
    if scale == 1.0 && logit_cap.is_none() {
        return Ok(product);
    }
    let mut steps = Steps::default();
    let product = steps.add("product", product.formula, Rule::Sum, product.terms);
    let term = Term::product("logit", vec![product, Factor::constant("scale", scale)]);
    let (formula, rule) = match logit_cap {
        Some(cap) => ("cap · tanh(product · scale ÷ cap)", Rule::SoftCap { cap }),
        None => ("product · scale", Rule::Sum),
    };
    Ok(Arithmetic { rule, steps: steps.0, ..Arithmetic::sum(formula, vec![term]) })
}

/// What the first layer of a head gives, activated where it has a non-linearity.
pub(super) fn transformed(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let sum = linear(held, number)?;
    let transform = held.model.weights().transform.as_ref().ok_or_else(|| held.model.no_head())?;
    let Some(activation) = transform.activation else { return Ok(sum) };
    let rule = Rule::from(activation);
    let mut steps = Steps::default();
    let sum = steps.add("sum", sum.formula, Rule::Sum, sum.terms);
    let activated = Arithmetic::sum(format!("{}(sum)", rule.name()), vec![Term::product("sum", vec![sum])]);
    Ok(Arithmetic { rule, steps: steps.0, ..activated })
}

/// Whether a number belongs to the logit lens: the prediction if the model stopped before a layer.
fn is_lens(number: Number) -> bool {
    number.layer().is_some()
}

/// The logit of a token, among those from which a probability is computed.
pub(super) fn logits(number: Number, token: usize) -> Number {
    number.of(if is_lens(number) { Site::LensLogits } else { Site::Logits }).with_last(token)
}

/// The likeliest tokens one by one, the one that was asked for, and the rest of the vocabulary as one term.
pub(super) fn share(values: &[f32], number: Number, word: impl Fn(usize) -> String) -> Arithmetic {
    let token = number.last();
    let mut listed: Vec<usize> = largest(values.iter().copied(), LISTED).into_iter().map(|(id, _)| id).collect();
    let max = listed.first().map_or(0.0, |&id| values[id]);
    let of = listed.iter().position(|&id| id == token).unwrap_or_else(|| {
        listed.push(token);
        listed.len() - 1
    });
    let mut terms: Vec<Term> = Vec::with_capacity(listed.len() + 1);
    for &id in &listed {
        let logit = logits(number, id);
        terms.push(exponential(word(id), Factor::number(short(logit), logit, values[id]), max));
    }
    let others = values.len() - listed.len();
    if others > 0 {
        let rest = values.iter().enumerate().filter(|(id, _)| !listed.contains(id));
        let value = rest.map(|(_, logit)| (f64::from(*logit) - f64::from(max)).exp()).sum::<f64>() as f32;
        terms.push(Term { name: format!("the other {others} together"), factors: Vec::new(), value });
    }
    let steps = steps("logit", max, &terms);
    let formula = formula("logit");
    Arithmetic { formula, rule: Rule::Softmax { of }, terms, steps, remarks: Vec::new() }
}
