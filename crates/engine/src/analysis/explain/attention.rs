//! Attention: queries, keys and values from their matrices, scores, and the weighted sum of the values.

use super::super::Number;
use super::explanation::{Factor, Rule, Term};
use super::held::Held;
use super::linear::{Place, plus_bias, terms};
use super::name::component;
use super::parts::{Arithmetic, Steps};
use crate::Error;
use crate::site::Site;

/// One component of a query, key or value straight from its matrix.
pub(super) fn projected(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (layer, head, position, i) = (number.layer().unwrap_or(0), number.head(), number.position(), number.last());
    let block = &held.model.weights().blocks[layer];
    let (linear, letter) = match number.site() {
        Site::QRaw => (&block.q, "Q"),
        Site::KRaw => (&block.k, "K"),
        _ => (&block.v, "V"),
    };
    let place = Place::of(layer, "attn", letter, vec![head, i]);
    let inputs = held.factors(Site::AttnIn.in_layer(layer, [position, 0]))?;
    let row = head * held.config().d_head + i;
    let formula = format!("Σ attn_in · W_{letter}{}", plus_bias(linear, &format!("b_{letter}")));
    Ok(Arithmetic::sum(formula, terms(linear, row, &place, inputs, |from| vec![head, from, i], component)))
}

/// Whether the mask lets a query attend to a key.
pub(super) fn is_visible(held: &Held<'_>, layer: usize, q_idx: usize, k_idx: usize) -> bool {
    held.config().mask(layer).visible(q_idx, held.n_tokens()).contains(&k_idx)
}

/// The reason why a query cannot attend to a key.
fn why_masked(held: &Held<'_>, layer: usize, q_idx: usize, k_idx: usize) -> String {
    let (q, k) = (held.token(q_idx), held.token(k_idx));
    let ends = "so the score is −∞ and the weight 0";
    match held.config().layers[layer].attention.window {
        _ if held.config().causal && k_idx > q_idx => {
            format!("masked: {k} stands after {q}, and a token of this model looks only back; {ends}")
        }
        window => {
            let n = window.unwrap_or_default();
            format!("masked: {k} is too far from {q}; a token of this layer sees {n} tokens, itself included; {ends}")
        }
    }
}

pub(super) fn score(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (layer, head, q_idx, k_idx) = (number.layer().unwrap_or(0), number.head(), number.position(), number.last());
    let c = held.config();
    if !is_visible(held, layer, q_idx, k_idx) {
        let masked = Arithmetic::sum("−∞, whatever q and k are", Vec::new());
        return Ok(Arithmetic { rule: Rule::Masked, remarks: vec![why_masked(held, layer, q_idx, k_idx)], ..masked });
    }
    let kv_head = c.kv_head(head);
    let q = held.factors(Site::Q.in_layer(layer, [head, q_idx, 0]))?;
    let k = held.factors(Site::K.in_layer(layer, [kv_head, k_idx, 0]))?;
    let products = q.into_iter().zip(k).enumerate().map(|(i, (q, k))| Term::product(component(i), vec![q, k]));
    let mut steps = Steps::default();
    let dot = steps.add("q·k", "Σ q · k", Rule::Sum, products.collect());
    let root = Factor::constant("√d_head", 1.0 / c.layers[layer].attention.scale).divisor();
    let terms = vec![Term::product("q·k ÷ √d_head", vec![dot, root])];
    let (formula, rule) = match c.layers[layer].attention.soft_cap {
        Some(cap) => ("cap · tanh(q·k ÷ √d_head ÷ cap)", Rule::SoftCap { cap }),
        None => ("q·k ÷ √d_head", Rule::Sum),
    };
    Ok(Arithmetic { rule, steps: steps.0, ..Arithmetic::sum(formula, terms) })
}

/// The values, mixed by the weights of the row.
pub(super) fn z(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (layer, head, position, component) =
        (number.layer().unwrap_or(0), number.head(), number.position(), number.last());
    let kv_head = held.config().kv_head(head);
    let weights = held.factors(Site::Pattern.in_layer(layer, [head, position, 0]))?;
    let mut terms = Vec::new();
    for (k_idx, weight) in weights.into_iter().enumerate() {
        // A masked key contributes nothing, unless the pattern was patched.
        if is_visible(held, layer, position, k_idx) || weight.value != 0.0 {
            let v = held.factor(Site::V.in_layer(layer, [kv_head, k_idx, component]))?;
            terms.push(Term::product(held.label(k_idx), vec![weight, v]));
        }
    }
    Ok(Arithmetic::sum("Σ weight · v", terms))
}

/// The outputs of all heads, after W_O.
pub(super) fn attn_out(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let c = held.config();
    let (layer, position, i) = (number.layer().unwrap_or(0), number.position(), number.last());
    let o = &held.model.weights().blocks[layer].o;
    let mut inputs = Vec::with_capacity(c.n_heads * c.d_head);
    for head in 0..c.n_heads {
        inputs.extend(held.factors(Site::Z.in_layer(layer, [head, position, 0]))?);
    }
    let place = Place::of(layer, "attn", "O", vec![i]);
    let split = |at: usize| (at / c.d_head, at % c.d_head);
    let at = |from: usize| vec![split(from).0, split(from).1, i];
    let name = |from: usize| format!("head {}, component {}", split(from).0, split(from).1);
    let formula = format!("Σ z · W_O{}", plus_bias(o, "b_O"));
    Ok(Arithmetic::sum(formula, terms(o, i, &place, inputs, at, name)))
}
