//! An attention weight: the softmax of a row of scores.

use super::super::Number;
use super::attention::is_visible;
use super::explanation::{Factor, Rule, Step, Term};
use super::held::Held;
use super::parts::Arithmetic;
use crate::Error;
use crate::site::Site;

/// The formula of every softmax in this module, for scores called `name`.
pub(super) fn formula(name: &str) -> String {
    format!("exp({name} − max) ÷ Σ exp({name} − max)")
}

/// exp of a score minus the maximum, as a term.
pub(super) fn exponential(name: String, score: Factor, max: f32) -> Term {
    let value = (f64::from(score.value) - f64::from(max)).exp() as f32;
    Term { name, factors: vec![score], value }
}

/// The max and the Σ of the terms. They list no terms of their own, since they use those of the explanation.
pub(super) fn steps(name: &str, max: f32, terms: &[Term]) -> Vec<Step> {
    let step = |step: &str, formula, value, rule| Step { name: step.into(), formula, value, rule, terms: Vec::new() };
    vec![
        step("max", format!("max = the largest {name}"), max, Rule::Largest),
        step("Σ", format!("Σ = Σ exp({name} − max)"), Rule::Sum.combine(terms), Rule::Sum),
    ]
}

pub(super) fn weight(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (layer, head, q_idx, k_idx) = (number.layer().unwrap_or(0), number.head(), number.position(), number.last());
    let scores = held.factors(Site::Scores.in_layer(layer, [head, q_idx, 0]))?;
    let pattern = held.row(Site::Pattern.in_layer(layer, [head, q_idx, 0]))?;
    let cut = cut(&scores, &pattern);
    let sink = held.model.info().sink(layer, head);
    // As in the kernel: a sink is one more score, whose own weight mixes no value.
    let max = sink.map_or_else(|| largest(&scores, &cut), |sink| largest(&scores, &cut).max(sink));
    let mut remarks = Vec::new();
    let mut terms: Vec<Term> = (0..scores.len())
        .zip(scores)
        .map(|(k, score)| {
            let label = held.label(k);
            if cut[k] {
                remarks.push(format!(
                    "the edge from {} to {} is cut in this run: the other keys share its weight",
                    held.token(q_idx),
                    held.token(k)
                ));
                return Term { value: 0.0, ..exponential(format!("{label} (cut)"), score, max) };
            }
            let masked = if is_visible(held, layer, q_idx, k) { "" } else { " (masked)" };
            exponential(format!("{label}{masked}"), score, max)
        })
        .collect();
    if let Some(sink) = sink {
        let sink = Factor::stored(&format!("blocks.{layer}.attn.sinks"), sink, vec![head]);
        terms.push(exponential("sink".into(), sink, max));
        remarks.push(
            "this head has a sink, a learned number that takes part in the softmax as one more score: the weights of \
             the tokens sum to less than 1"
                .into(),
        );
    }
    let steps = steps("score", max, &terms);
    let formula = formula("score");
    Ok(Arithmetic { formula, rule: Rule::Softmax { of: k_idx }, terms, steps, remarks })
}

/// The keys with weight 0 although their score would give them more: their edges were cut in this run.
fn cut(scores: &[Factor], pattern: &[f32]) -> Vec<bool> {
    let max = largest(scores, &vec![false; scores.len()]);
    let is_cut = |(score, weight): (&Factor, &f32)| *weight == 0.0 && (score.value - max).exp() > 1e-30;
    scores.iter().zip(pattern).map(is_cut).collect()
}

/// The largest score of the keys that are not cut; 0 if none has a score, which avoids −∞ − (−∞).
fn largest(scores: &[Factor], cut: &[bool]) -> f32 {
    let left = scores.iter().zip(cut).filter(|(_, cut)| !**cut);
    let max = left.map(|(score, _)| score.value).fold(f32::NEG_INFINITY, f32::max);
    if max == f32::NEG_INFINITY { 0.0 } else { max }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_without_weight_was_cut_unless_it_is_masked_or_hopeless() {
        let scores: Vec<Factor> =
            [1.0, 2.0, -200.0, f32::NEG_INFINITY].map(|score| Factor::constant("score", score)).into();
        assert_eq!(cut(&scores, &[0.3, 0.7, 0.0, 0.0]), [false; 4]);
        assert_eq!(cut(&scores, &[1.0, 0.0, 0.0, 0.0]), [false, true, false, false]);
        assert_eq!(largest(&scores, &[false, true, false, false]), 1.0);
        assert_eq!(largest(&scores[3..], &[false]), 0.0);
    }
}
