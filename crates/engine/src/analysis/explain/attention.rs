//! Attention: scores, and the weighted sum of the values.

use super::super::Number;
use super::explanation::{Factor, Rule, Term};
use super::held::Held;
use super::name::component;
use super::parts::{Arithmetic, Steps};
use crate::config::score_scale;
use crate::site::Site;
use crate::{Attention, Error, ScoreBias};

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
            format!(
                "masked: {k} stands after {q}, and a token of this model attends only to itself and what came before; {ends}"
            )
        }
        window => {
            let n = window.unwrap_or_default();
            if held.config().causal {
                format!(
                    "masked: {k} is too far from {q}; a token of this layer sees {n} tokens, itself included; {ends}"
                )
            } else {
                let n = n.saturating_sub(1);
                format!("masked: {k} is too far from {q}; a token of this layer sees {n} tokens on either side; {ends}")
            }
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
    let bias = held.model.weights().bias.as_ref();
    let Attention { scale, soft_cap, .. } = c.layers[layer].attention;
    // Some models divide by another number than the root of a head's width.
    let usual = scale == score_scale(c.d_head);
    let divisor =
        if usual { Factor::constant("√d_head", 1.0 / scale).divisor() } else { Factor::constant("scale", scale) };
    let scaled = if usual { "q·k ÷ √d_head" } else { "q·k · scale" };
    let terms = vec![Term::product(scaled, vec![dot, divisor])];
    let (formula, rule) = match soft_cap {
        Some(cap) => (format!("cap · tanh({scaled} ÷ cap)"), Rule::SoftCap { cap }),
        None => (scaled.into(), Rule::Sum),
    };
    let Some(bias) = bias else {
        return Ok(Arithmetic { rule, steps: steps.0, ..Arithmetic::sum(formula, terms) });
    };
    // Where a cap bounds the scores, it does so before the bias is added.
    let scaled = match rule {
        Rule::Sum => terms,
        rule => vec![Term::product("capped", vec![steps.add("capped", formula.clone(), rule, terms)])],
    };
    let added = Term::product("by distance", vec![distance(bias, [head, q_idx, k_idx])]);
    let terms = scaled.into_iter().chain([added]).collect();
    Ok(Arithmetic { steps: steps.0, ..Arithmetic::sum(format!("{formula} + bias"), terms) })
}

/// What is added to a score by distance: a learned number, or one that follows from the positions.
fn distance(bias: &ScoreBias, [head, query, key]: [usize; 3]) -> Factor {
    let value = bias.at(head, query, key);
    match bias.bucket(query, key) {
        Some(bucket) => Factor::stored("rel_attn_bias", value, vec![bucket, head]),
        None => Factor::constant(format!("−{} tokens × the head's slope", query.abs_diff(key)), value),
    }
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
