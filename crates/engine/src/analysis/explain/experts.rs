//! A mixture of experts: the weight of an expert, and the sum of what the chosen ones put out.

use super::super::Number;
use super::explanation::{Factor, Rule, Term};
use super::held::Held;
use super::name::component;
use super::parts::{Arithmetic, Steps};
use super::softmax::{exponential, formula, steps as softmax_steps};
use crate::config::{Mixture, Mlp};
use crate::experts::{Experts, chosen, hidden};
use crate::site::Site;
use crate::weights::MlpWeights;
use crate::{Error, stream};

/// The mixture of a number's layer.
pub(super) fn of<'a>(held: &Held<'a>, number: Number) -> Option<(Mlp, Mixture, &'a Experts)> {
    let layer = number.layer()?;
    let mlp = held.config().layers[layer].mlp?;
    Some((mlp, mlp.mixture?, held.model.weights().blocks.get(layer)?.experts.as_ref()?))
}

fn required<'a>(held: &Held<'a>, number: Number) -> Result<(Mlp, Mixture, &'a Experts), Error> {
    of(held, number).ok_or_else(|| Error::usage(format!("{} has no experts", held.config().name)))
}

/// An expert's weight for a token: the softmax of the router's scores, or the sigmoid of the shared expert's score.
pub(super) fn weight(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (_, mixture, experts) = required(held, number)?;
    let (layer, position, expert) = (number.layer().unwrap_or(0), number.position(), number.last());
    let x = held.factors(Site::MlpIn.in_layer(layer, [position, 0]))?;
    let numbers: Vec<f32> = x.iter().map(|factor| factor.value).collect();
    let is_shared = expert == mixture.n;
    let (matrix, row, name) = match &experts.shared {
        Some((score, _)) if is_shared => (score, 0, "mlp.W_shared_router"),
        _ => (&experts.router, expert, "mlp.W_router"),
    };
    let mut steps = Steps::default();
    let products = x.into_iter().zip(matrix.weight.row_f32(row)).enumerate().map(|(i, (x, weight))| {
        let stored = Factor::stored(&format!("blocks.{layer}.{name}"), weight, vec![i, row]);
        Term::product(component(i), vec![x, stored])
    });
    let bias = matrix.bias.as_ref().map(|bias| {
        let stored = Factor::stored(&format!("blocks.{layer}.mlp.b_router"), bias[row], vec![row]);
        Term::product("bias", vec![stored])
    });
    let rule = if bias.is_some() { "Σ mlp_in · W_router + b_router" } else { "Σ mlp_in · W_router" };
    let score = steps.add("score", rule, Rule::Sum, products.chain(bias).collect());
    if is_shared {
        let max = score.value.max(0.0);
        let zero = Factor::constant("0", 0.0);
        let terms = vec![exponential("score".into(), score, max), exponential("0".into(), zero, max)];
        steps.0.extend(softmax_steps("score", max, &terms));
        let formula = "exp(score) ÷ (exp(score) + exp(0)), the sigmoid of the score".into();
        return Ok(Arithmetic { formula, rule: Rule::Softmax { of: 0 }, terms, steps: steps.0, remarks: Vec::new() });
    }
    let scores = experts.router.forward(&numbers);
    let chosen = chosen(mixture, &scores);
    if !chosen.contains(&expert) {
        let formula = format!("0: it is not among the {} experts with the highest scores", chosen.len());
        let terms = vec![Term::product("not chosen", vec![score, Factor::constant("0", 0.0)])];
        return Ok(Arithmetic { steps: steps.0, ..Arithmetic::sum(formula, terms) });
    }
    let among: Vec<usize> = (0..mixture.n).filter(|one| !mixture.normalised || chosen.contains(one)).collect();
    let max = among.iter().map(|one| scores[*one]).fold(f32::NEG_INFINITY, f32::max);
    let mut own = Some(score);
    let terms: Vec<Term> = among
        .iter()
        .map(|&one| {
            let constant = || Factor::constant(format!("score of expert {one}"), scores[one]);
            let score = if one == expert { own.take().unwrap_or_else(constant) } else { constant() };
            exponential(format!("expert {one}"), score, max)
        })
        .collect();
    steps.0.extend(softmax_steps("score", max, &terms));
    let place = among.iter().position(|one| *one == expert).unwrap_or(0);
    let whom = if mixture.normalised { ", over the chosen experts" } else { ", over all experts" };
    let formula = format!("{}{whom}", formula("score"));
    Ok(Arithmetic { formula, rule: Rule::Softmax { of: place }, terms, steps: steps.0, remarks: Vec::new() })
}

/// One number of what the mixture puts out: each expert's output times its weight.
pub(super) fn output(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (layer, position, i) = (number.layer().unwrap_or(0), number.position(), number.last());
    let weights = held.factors(Site::Experts.in_layer(layer, [position, 0]))?;
    let outputs = outputs(held, number)?;
    let terms = outputs.into_iter().map(|(expert, out)| {
        let of_expert = Factor::constant(format!("expert {expert}[{i}]"), out[i]);
        Term::product(format!("expert {expert}"), vec![weights[expert].clone(), of_expert])
    });
    Ok(Arithmetic::sum("Σ weight · output of the expert", terms.collect()))
}

/// The row that the mixture puts out at a number's token.
pub(super) fn row(held: &Held<'_>, number: Number) -> Result<Vec<f32>, Error> {
    let weights = held.row(Site::Experts.in_layer(number.layer().unwrap_or(0), [number.position(), 0]))?;
    let mut sum = vec![0.0; held.config().d_model];
    for (expert, mut out) in outputs(held, number)? {
        stream::scale(&mut out, weights[expert]);
        stream::add(&mut sum, &out);
    }
    Ok(sum)
}

/// What each expert puts out that a number's token passes.
fn outputs(held: &Held<'_>, number: Number) -> Result<Vec<(usize, Vec<f32>)>, Error> {
    let (mlp, _, experts) = required(held, number)?;
    let (layer, position) = (number.layer().unwrap_or(0), number.position());
    let weights = held.row(Site::Experts.in_layer(layer, [position, 0]))?;
    let x = held.row(Site::MlpIn.in_layer(layer, [position, 0]))?;
    let passed = experts.each().enumerate().filter(|(expert, _)| weights[*expert] != 0.0);
    let output = |one: &MlpWeights| Ok::<_, Error>(one.down.forward(&hidden(mlp.activation, one, &x, |_| Ok(()))?));
    passed.map(|(expert, one)| Ok((expert, output(one)?))).collect()
}
