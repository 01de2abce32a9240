//! Where a token stands between two groups of words, as [`crate::analysis::journey()`] places it.

use super::super::Number;
use super::super::journey::Line;
use super::explanation::{Explanation, Factor, Rule, Term};
use super::held::Held;
use super::name::component;
use super::parts::{Arithmetic, Steps};
use crate::{Error, Model, Trace};

/// Explains the place of a token's vector between two groups: −1 is the mean of the first, 1 that of the second. Any
/// number of that vector names it, such as a [`Number::ResidPost`]; the trace must hold what it needs to be explained.
///
/// # Errors
/// A vector that is none of the residual stream, or that the trace does not hold; an empty group, or one with vectors
/// of another width.
pub fn explain_place(
    model: &Model,
    trace: &Trace,
    number: Number,
    groups: [&[Vec<f32>]; 2],
) -> Result<Explanation, Error> {
    let position = check_place(model, number, trace.tokens.len())?;
    let d_model = model.config().d_model;
    for group in groups {
        if group.is_empty() || group.iter().any(|vector| vector.len() != d_model) {
            let found: Vec<usize> = group.iter().map(Vec::len).collect();
            return Err(Error::usage(format!("a group has vectors of {found:?} numbers, expected some of {d_model}")));
        }
    }
    let held = Held::new(model, trace)?;
    let x = held.factors(number)?;
    let [a, b] = groups.map(|group| group.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let line = Line::between([&a, &b]);
    let value = line.place(&x.iter().map(|x| x.value).collect::<Vec<_>>());
    let Arithmetic { formula, rule, terms, steps, .. } = along(&line, x);
    let depth = number.layer().map_or("before any layer".into(), |layer| format!("after layer {layer}"));
    let remarks = vec![
        "axis is the mean vector of the one group's words less that of the other's, anew at every depth; the middle \
         lies half way between them. A word of a group is placed by the others of its group."
            .into(),
        "−1 is where the first group's mean is, 1 where the second's is.".into(),
    ];
    Ok(Explanation {
        name: format!("place of {}[{position}]", number.key()),
        title: format!("where {} stands between two groups of words, {depth}", held.token(position)),
        formula: format!("place = {formula}"),
        value,
        rule,
        terms,
        steps,
        remarks,
    })
}

/// Checks that a number names a vector that can be placed; gives its position.
///
/// # Errors
/// A number of another kind, or one that does not exist.
pub fn check_place(model: &Model, number: Number, n_tokens: usize) -> Result<usize, Error> {
    let (Number::Embed { position, .. } | Number::ResidPost { position, .. }) = number else {
        return Err(Error::usage(format!("`{number}` is no vector between layers: expected embed or resid_post")));
    };
    super::check(model, number, n_tokens)?;
    Ok(position)
}

/// (x − middle)·axis ÷ ½|axis|² with the middle's part as a step, so that each number of x is a term.
fn along(line: &Line, x: Vec<Factor>) -> Arithmetic {
    let mut steps = Steps::default();
    let axis: Vec<Factor> = (0..).zip(&line.axis).map(|(i, a)| constant("axis", i, *a)).collect();
    let half = |(i, a): (usize, &Factor)| {
        Term::product(component(i), vec![a.clone(), a.clone(), Factor::constant("2", 2.0).divisor()])
    };
    let half = steps.add("½|axis|²", "Σ axis · axis ÷ 2", Rule::Sum, axis.iter().enumerate().map(half).collect());
    let half = half.divisor();
    let product =
        |(i, (x, axis)): (usize, (Factor, &Factor))| Term::product(component(i), vec![x, axis.clone(), half.clone()]);
    let middle = (0..).zip(&line.middle).map(|(i, m)| constant("middle", i, *m));
    let middle = middle.zip(&axis).enumerate().map(product).collect();
    let middle = steps.add("middle's part", "Σ middle · axis ÷ ½|axis|²", Rule::Sum, middle);
    let mut terms: Vec<Term> = x.into_iter().zip(&axis).enumerate().map(product).collect();
    terms.push(Term::product("middle's part", vec![Factor::constant("−1", -1.0), middle]));
    Arithmetic { steps: steps.0, ..Arithmetic::sum("Σ x · axis ÷ ½|axis|² − middle's part", terms) }
}

fn constant(name: &str, i: usize, value: f64) -> Factor {
    Factor::constant(format!("{name}[{i}]"), value as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::journey;
    use crate::analysis::journey::depths;

    #[test]
    fn a_place_is_the_journeys_and_the_sum_of_its_terms() {
        let model = crate::lesson::model();
        let run = |text: &str| {
            let tokens = model.encode(text).unwrap();
            model.run(&tokens, &"embed,resid_mid,mlp_out,resid_post".parse().unwrap(), &[]).unwrap()
        };
        let of = |word: &str| depths(&run(&format!("the {word} was")), 1).unwrap();
        let groups = [["cat", "cow", "fox"].map(of), ["pizza", "bread", "cake"].map(of)];
        let trace = run("the hot dog was");
        let found = journey(&[depths(&trace, 2).unwrap()], [&groups[0], &groups[1]]).unwrap();
        for (depth, place) in found.paths[0].iter().enumerate() {
            let at = |group: &[journey::Depths]| group.iter().map(|word| word[depth].clone()).collect::<Vec<_>>();
            let (a, b) = (at(&groups[0]), at(&groups[1]));
            let number = match depth.checked_sub(1) {
                None => Number::Embed { position: 2, component: 0 },
                Some(layer) => Number::ResidPost { layer, position: 2, component: 0 },
            };
            let e = explain_place(&model, &trace, number, [&a, &b]).unwrap();
            assert_eq!(e.value, *place);
            assert!((e.computed() - place).abs() < 1e-5, "{} {place}", e.computed());
            assert_eq!(e.terms.len(), model.config().d_model + 1);
            assert!(
                e.title.contains("*dog*")
                    && e.title.ends_with(["before any layer", "after layer 0", "after layer 1"][depth])
            );
        }
    }

    #[test]
    fn what_makes_no_place_is_refused() {
        let model = crate::lesson::model();
        let trace = model.run(&[1, 2], &"embed".parse().unwrap(), &[]).unwrap();
        let ok = vec![vec![0.0; model.config().d_model]];
        let error = |number, a: &[Vec<f32>]| explain_place(&model, &trace, number, [a, &ok]).unwrap_err().to_string();
        let embed = |position| Number::Embed { position, component: 0 };
        assert!(error(Number::Logit { position: 0, token: 0 }, &ok).contains("no vector between layers"));
        assert!(error(embed(2), &ok).contains("token"));
        assert!(error(embed(0), &[]).contains("[]") && error(embed(0), &[vec![1.0]]).contains("[1]"));
        assert!(error(Number::ResidPost { layer: 1, position: 0, component: 0 }, &ok).contains("capture it"));
    }
}
