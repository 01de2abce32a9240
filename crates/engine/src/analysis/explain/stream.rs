//! The residual stream: what enters it, what is added to it, and how it is read.

use super::super::Number;
use super::explanation::{Factor, Term};
use super::held::Held;
use super::name;
use super::norm::norm;
use super::parts::Arithmetic;
use crate::Error;
use crate::config::NormPlace;

/// The sum of other numbers.
fn sum(held: &Held<'_>, formula: &str, of: &[Number]) -> Result<Arithmetic, Error> {
    let factors = of.iter().map(|number| held.factor(*number)).collect::<Result<Vec<_>, _>>()?;
    let name = |factor: &Factor| factor.name.split('[').next().unwrap_or_default().to_owned();
    Ok(Arithmetic::sum(formula, factors.into_iter().map(|f| Term::product(name(&f), vec![f])).collect()))
}

/// It is stored as it is.
pub(super) fn token_embed(held: &Held<'_>, token: usize, component: usize) -> Arithmetic {
    let value = held.model.embedding(token as u32)[component];
    let stored = Factor::stored("W_E", value, vec![token, component]);
    Arithmetic::sum("W_E of the token: learned", vec![Term::product(name::component(component), vec![stored])])
}

pub(super) fn embed(held: &Held<'_>, position: usize, component: usize) -> Result<Arithmetic, Error> {
    match &held.model.weights().embed_norm {
        Some(weights) => norm(held, weights, "embed.ln", Number::EmbedSum { position, component: 0 }, component),
        None => embed_sum(held, position, component),
    }
}

/// Word, position and token type.
pub(super) fn embed_sum(held: &Held<'_>, position: usize, component: usize) -> Result<Arithmetic, Error> {
    let w = held.model.weights();
    let token = held.trace.tokens[position].id as usize;
    let learned = |name: &str, tensor: &str, row: usize, value: f32| {
        Term::product(name, vec![Factor::stored(tensor, value, vec![row, component])])
    };
    let mut terms = vec![learned("token", "W_E", token, w.embed.row_f32(token)[component])];
    let mut formula = String::from("W_E of the token");
    if let Some(positions) = &w.positions {
        terms.push(learned("position", "W_pos", position, positions.row_f32(position)[component]));
        formula.push_str(" + W_pos of its position");
    }
    if let Some(token_type) = &w.token_type {
        terms.push(learned("token type", "W_token_type", 0, token_type[component]));
        formula.push_str(" + W_token_type");
    }
    Ok(Arithmetic::sum(formula, terms))
}

pub(super) fn resid_pre(held: &Held<'_>, layer: usize, position: usize, component: usize) -> Result<Arithmetic, Error> {
    match layer.checked_sub(1) {
        Some(below) => {
            sum(held, "resid_post of the layer below", &[Number::ResidPost { layer: below, position, component }])
        }
        None => sum(held, "the embedding", &[Number::Embed { position, component }]),
    }
}

pub(super) fn attn_in(held: &Held<'_>, layer: usize, position: usize, component: usize) -> Result<Arithmetic, Error> {
    let resid = Number::ResidPre { layer, position, component };
    match held.config().norm_place {
        NormPlace::Pre => norm(held, &held.model.weights().blocks[layer].norm_attn, &ln(layer, 1), resid, component),
        NormPlace::Post => sum(held, "resid_pre itself: the norm stands after attention", &[resid]),
    }
}

pub(super) fn attn_sum(held: &Held<'_>, layer: usize, position: usize, component: usize) -> Result<Arithmetic, Error> {
    let parts = [Number::ResidPre { layer, position, component }, Number::AttnOut { layer, position, component }];
    sum(held, "resid_pre + attn_out", &parts)
}

pub(super) fn resid_mid(held: &Held<'_>, layer: usize, position: usize, component: usize) -> Result<Arithmetic, Error> {
    match held.config().norm_place {
        NormPlace::Pre => attn_sum(held, layer, position, component),
        NormPlace::Post => {
            let x = Number::AttnSum { layer, position, component };
            norm(held, &held.model.weights().blocks[layer].norm_attn, &ln(layer, 1), x, component)
        }
    }
}

pub(super) fn mlp_in(held: &Held<'_>, layer: usize, position: usize, component: usize) -> Result<Arithmetic, Error> {
    let resid = Number::ResidMid { layer, position, component };
    match (held.config().norm_place, &held.model.weights().blocks[layer].mlp) {
        (NormPlace::Pre, Some(mlp)) => norm(held, &mlp.norm, &ln(layer, 2), resid, component),
        _ => sum(held, "resid_mid itself: the norm stands after the MLP", &[resid]),
    }
}

pub(super) fn mlp_sum(held: &Held<'_>, layer: usize, position: usize, component: usize) -> Result<Arithmetic, Error> {
    let parts = [Number::ResidMid { layer, position, component }, Number::MlpOut { layer, position, component }];
    sum(held, "resid_mid + mlp_out", &parts)
}

pub(super) fn resid_post(
    held: &Held<'_>,
    layer: usize,
    position: usize,
    component: usize,
) -> Result<Arithmetic, Error> {
    match (held.config().norm_place, &held.model.weights().blocks[layer].mlp) {
        (_, None) => sum(held, "resid_mid: there is no MLP", &[Number::ResidMid { layer, position, component }]),
        (NormPlace::Pre, Some(_)) => mlp_sum(held, layer, position, component),
        (NormPlace::Post, Some(mlp)) => {
            norm(held, &mlp.norm, &ln(layer, 2), Number::MlpSum { layer, position, component }, component)
        }
    }
}

pub(super) fn final_norm(held: &Held<'_>, position: usize, component: usize) -> Result<Arithmetic, Error> {
    let last = Number::ResidPost { layer: held.config().n_layers - 1, position, component };
    match &held.model.weights().final_norm {
        Some(weights) => norm(held, weights, "ln_final", last, component),
        None => sum(held, "resid_post of the last layer: there is no last norm", &[last]),
    }
}

/// What the norms of a layer are called: the first belongs to attention, the second to the MLP.
fn ln(layer: usize, which: usize) -> String {
    format!("blocks.{layer}.ln{which}")
}
