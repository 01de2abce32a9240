//! The norm of a row, one component: RMS norm or layer norm.

use super::super::Number;
use super::explanation::{Factor, Rule, Term};
use super::held::Held;
use super::name::component;
use super::parts::{Arithmetic, Steps};
use crate::Error;
use crate::config::NormKind;
use crate::weights::Norm;

/// Component `i` of the norm of the row of `x`; `tensor` is the name of its weights (`blocks.0.ln1`).
pub(super) fn norm(held: &Held<'_>, norm: &Norm, tensor: &str, x: Number, i: usize) -> Result<Arithmetic, Error> {
    let row = held.factors(x)?;
    let eps = Factor::constant("ε", held.config().norm_eps);
    let learned = |end: &str, values: &[f32]| Factor::stored(&format!("{tensor}.{end}"), values[i], vec![i]);
    let mut steps = Steps::default();
    let (formula, terms) = match held.config().norm {
        NormKind::Rms => {
            let rms = rms(&mut steps, &row, eps).divisor();
            (
                format!("{} ÷ rms · w", row[i].name),
                vec![Term::product(component(i), vec![row[i].clone(), rms, learned("w", &norm.weight)])],
            )
        }
        NormKind::Layer => {
            let (mean, spread) = mean_and_spread(&mut steps, &row, eps);
            let deviation = deviation(&mut steps, "deviation", i, &row[i], mean);
            let scaled = vec![deviation, spread.divisor(), learned("w", &norm.weight)];
            let scaled = Term::product(component(i), scaled);
            if norm.bias.is_empty() {
                ("deviation ÷ spread · w".into(), vec![scaled])
            } else {
                let bias = Term::product("bias", vec![learned("b", &norm.bias)]);
                ("deviation ÷ spread · w + b".into(), vec![scaled, bias])
            }
        }
    };
    Ok(Arithmetic { steps: steps.0, ..Arithmetic::sum(formula, terms) })
}

/// √(mean of squares + ε)
pub(super) fn rms(steps: &mut Steps, row: &[Factor], eps: Factor) -> Factor {
    let squares = squares(steps, row);
    let terms = vec![Term::product("mean of squares", vec![squares]), Term::product("ε", vec![eps])];
    steps.add("rms", "√(mean of squares + ε)", Rule::Root, terms)
}

/// The mean, and the standard deviation √(variance + ε).
pub(super) fn mean_and_spread(steps: &mut Steps, row: &[Factor], eps: Factor) -> (Factor, Factor) {
    let each = row.iter().enumerate().map(|(i, x)| Term::product(component(i), vec![x.clone()]));
    let mean = steps.add("mean", "Σ x ÷ n", Rule::Mean, each.collect());
    let squares = squares(steps, row);
    let terms = vec![Term::product("mean of squares", vec![squares]), minus(vec![mean.clone(), mean.clone()])];
    let variance = steps.add("variance", "mean of squares − mean²", Rule::Sum, terms);
    let terms = vec![Term::product("variance", vec![variance]), Term::product("ε", vec![eps])];
    let spread = steps.add("spread", "√(variance + ε)", Rule::Root, terms);
    (mean, spread)
}

/// The difference of `x`, which is component `i`, from the mean; `name` is what the step is called.
pub(super) fn deviation(steps: &mut Steps, name: &str, i: usize, x: &Factor, mean: Factor) -> Factor {
    let terms = vec![Term::product(component(i), vec![x.clone()]), minus(vec![mean])];
    steps.add(name, format!("{} − mean", x.name), Rule::Sum, terms)
}

/// A product of the mean that is taken away.
fn minus(factors: Vec<Factor>) -> Term {
    let minus_one = Factor::constant("−1", -1.0);
    Term::product("mean", std::iter::once(minus_one).chain(factors).collect())
}

fn squares(steps: &mut Steps, row: &[Factor]) -> Factor {
    let each = row.iter().enumerate().map(|(i, x)| Term::product(component(i), vec![x.clone(), x.clone()]));
    steps.add("mean of squares", "Σ x² ÷ n", Rule::Mean, each.collect())
}
