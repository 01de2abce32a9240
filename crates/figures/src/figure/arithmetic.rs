//! The arithmetic of numbers that a figure works out itself, from what is dragged, sampled, timed or set by hand: each
//! figure has its own in `NAME/arithmetic.rs`. Here is what they share.
//!
//! A number is named by the key of its mark ([`crate::Target::Own`]), or by the name that another such number gives it.

use crate::token::spoken;
use attnscope::analysis::explain::{Explanation, Factor, Rule, Step, Term};

/// A number with its arithmetic. `value` is as the figure shows it.
pub(super) fn explained(
    title: String,
    name: &str,
    formula: &str,
    value: f32,
    rule: Rule,
    terms: Vec<Term>,
) -> Explanation {
    Explanation {
        name: name.into(),
        title,
        formula: format!("{name} = {formula}"),
        value,
        rule,
        terms,
        steps: Vec::new(),
        remarks: Vec::new(),
    }
}

/// The share of one score among all: each is a product of factors, of which `score` is the name.
pub(super) fn share(
    title: String,
    value: f32,
    score: &str,
    scores: Vec<(String, Vec<Factor>)>,
    of: usize,
) -> Explanation {
    let mut terms: Vec<Term> = scores.into_iter().map(|(name, factors)| Term::product(name, factors)).collect();
    let max = terms.iter().map(|term| term.value).fold(f32::NEG_INFINITY, f32::max);
    for term in &mut terms {
        term.value = (f64::from(term.value) - f64::from(max)).exp() as f32;
    }
    let sum = Rule::Sum.combine(&terms);
    let step = |name: &str, formula: String, value, rule| Step {
        name: name.into(),
        formula: format!("{name} = {formula}"),
        value,
        rule,
        terms: Vec::new(),
    };
    let steps = vec![
        step("max", format!("the largest {score}"), max, Rule::Largest),
        step("Σ", format!("Σ exp({score} − max)"), sum, Rule::Sum),
    ];
    let formula = format!("exp({score} − max) ÷ Σ");
    Explanation { steps, ..explained(title, "weight", &formula, value, Rule::Softmax { of }, terms) }
}

/// The sink of a head as one more of the scores that share, if it has one.
pub(super) fn sink(sink: Option<f32>) -> Option<(String, Vec<Factor>)> {
    sink.map(|sink| ("sink".into(), vec![Factor::constant("sink", sink)]))
}

/// A subtracted number, as −1 times that number.
pub(super) fn less(name: &str, what: Factor) -> Term {
    Term::product(name, vec![Factor::constant("−1", -1.0), what])
}

/// Two indices in a name: 3 and 1 of `s-3-1`, without its `s-`.
pub(super) fn two(places: &str) -> Option<(usize, usize)> {
    let (a, b) = places.split_once('-')?;
    Some((a.parse().ok()?, b.parse().ok()?))
}

/// A token between asterisks, which mark emphasis in titles.
pub(super) fn stressed(token: &str) -> String {
    format!("*{}*", spoken(token).replace('*', "∗"))
}

/// Whether the parts add up to the number.
#[cfg(test)]
pub(super) fn adds_up(e: &Explanation) -> bool {
    (e.computed() - e.value).abs() <= 1e-4 * e.value.abs().max(1.0)
}
