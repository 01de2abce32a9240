//! The hidden activations of the MLP.

use super::super::Number;
use super::explanation::{Factor, Rule, Term};
use super::held::Held;
use super::linear::terms;
use super::name::component;
use super::parts::{Arithmetic, Steps};
use crate::Error;
use crate::weights::Learned;

/// A hidden activation: the activation function of one sum, times another sum where the MLP is gated (Shazeer 2020).
pub(super) fn post(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let layer = number.layer().unwrap_or(0);
    let mlp = held.config().layers[layer].mlp;
    let mlp = mlp.ok_or_else(|| Error::usage(format!("{} has no MLP, only attention", held.config().name)))?;
    let rule = Rule::from(mlp.activation);
    let mut steps = Steps::default();
    let mut sum = |name: &str, learned: &Learned<'_>| {
        let (formula, terms) = terms(held, learned, number)?;
        Ok::<_, Error>(steps.add(name, formula, Rule::Sum, terms))
    };
    let name = rule.name();
    let one = |name: &str, factor: Factor| vec![Term::product(name, vec![factor])];
    let up = held.learned(number)?;
    let Some(gate) = held.model.weights().gate(layer) else {
        let up = sum("up", &up)?;
        let activated = Arithmetic::sum(format!("{name}(up)"), one("up", up));
        return Ok(Arithmetic { rule, steps: steps.0, ..activated });
    };
    if rule == Rule::BoundedSilu {
        return Err(Error::usage("the arithmetic of a bounded gate is known in a mixture of experts only"));
    }
    let (gate, up) = (sum("gate", &gate)?, sum("up", &up)?);
    let activated = format!("{name}(gate)");
    let open = steps.add(&activated, activated.as_str(), rule, one("gate", gate));
    let terms = vec![Term::product(component(number.last()), vec![open, up])];
    Ok(Arithmetic { steps: steps.0, ..Arithmetic::sum(format!("{activated} · up"), terms) })
}
