//! The MLP: its hidden activations, and what it adds.

use super::super::Number;
use super::explanation::{Factor, Rule, Term};
use super::held::Held;
use super::linear::{Place, plus_bias, terms};
use super::name::component;
use super::parts::{Arithmetic, Steps};
use crate::Error;
use crate::site::Site;
use crate::weights::{Linear, MlpWeights};

/// A hidden activation: the activation function of one sum, times another sum where the MLP is gated (Shazeer 2020).
pub(super) fn post(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (layer, position, unit) = (number.layer().unwrap_or(0), number.position(), number.last());
    let (mlp, rule) = parts(held, layer)?;
    let inputs = held.factors(Site::MlpIn.in_layer(layer, [position, 0]))?;
    let mut steps = Steps::default();
    let mut sum = |name: &str, letter: &str, linear: &Linear| {
        let place = Place::of(layer, "mlp", letter, vec![unit]);
        let terms = terms(linear, unit, &place, inputs.clone(), |from| vec![from, unit], component);
        let formula = format!("Σ mlp_in · W_{letter}{}", plus_bias(linear, &format!("b_{letter}")));
        steps.add(name, formula, Rule::Sum, terms)
    };
    let name = rule.name();
    let one = |name: &str, factor: Factor| vec![Term::product(name, vec![factor])];
    let Some(gate) = &mlp.gate else {
        let up = sum("up", "in", &mlp.up);
        let activated = Arithmetic::sum(format!("{name}(up)"), one("up", up));
        return Ok(Arithmetic { rule, steps: steps.0, ..activated });
    };
    let (gate, up) = (sum("gate", "gate", gate), sum("up", "in", &mlp.up));
    let activated = format!("{name}(gate)");
    let open = steps.add(&activated, activated.as_str(), rule, one("gate", gate));
    let terms = vec![Term::product(component(unit), vec![open, up])];
    Ok(Arithmetic { steps: steps.0, ..Arithmetic::sum(format!("{activated} · up"), terms) })
}

/// What it adds to the residual stream.
pub(super) fn out(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (layer, position, i) = (number.layer().unwrap_or(0), number.position(), number.last());
    let (mlp, _) = parts(held, layer)?;
    let inputs = held.factors(Site::MlpPost.in_layer(layer, [position, 0]))?;
    let place = Place::of(layer, "mlp", "out", vec![i]);
    let formula = format!("Σ mlp_post · W_out{}", plus_bias(&mlp.down, "b_out"));
    let name = |unit| format!("neuron {unit}");
    Ok(Arithmetic::sum(formula, terms(&mlp.down, i, &place, inputs, |unit| vec![unit, i], name)))
}

fn parts<'a>(held: &Held<'a>, layer: usize) -> Result<(&'a MlpWeights, Rule), Error> {
    let (mlp, config) = (held.model.weights().blocks[layer].mlp.as_ref(), held.config().layers[layer].mlp);
    let both = mlp.zip(config).map(|(mlp, config)| (mlp, Rule::from(config.activation)));
    both.ok_or_else(|| Error::usage(format!("{} has no MLP, only attention", held.config().name)))
}
