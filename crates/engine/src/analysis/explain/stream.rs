//! The residual stream: what enters it, what is added to it, and how it is read, as the run computes it
//! ([`crate::stream::step`]).

use super::super::Number;
use super::explanation::{Factor, Term};
use super::held::Held;
use super::linear::linear;
use super::name;
use super::norm::norm;
use super::parts::Arithmetic;
use crate::Error;
use crate::site::Site;
use crate::stream::Step;

/// A number of the stream.
pub(super) fn stream(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    match held.step(number)? {
        // This step only copies the sum, so the sum is written out directly.
        Step::Same(Site::EmbedSum, _) => embed_sum(held, number),
        Step::Same(of, why) => sum(held, &format!("{} itself: {why}", of.short()), &[held.place_of(number, of)]),
        Step::Sum(a, b) => sum(held, &format!("{} + {}", a.short(), b.short()), &[number.of(a), number.of(b)]),
        Step::Scaled(of, factor) => {
            let of = held.factor(held.place_of(number, of))?;
            let formula = format!("{} · scale", of.name);
            let term = Term::product(name::component(number.last()), vec![of, Factor::constant("scale", factor)]);
            Ok(Arithmetic::sum(formula, vec![term]))
        }
        Step::Norm { of, weights, tensor } => {
            norm(held, weights, &tensor, held.place_of(number, of).with_last(0), number.last())
        }
    }
}

/// The sum of other numbers.
fn sum(held: &Held<'_>, formula: &str, of: &[Number]) -> Result<Arithmetic, Error> {
    let factors = of.iter().map(|number| held.factor(*number)).collect::<Result<Vec<_>, _>>()?;
    let name = |factor: &Factor| factor.name.split('[').next().unwrap_or_default().to_owned();
    Ok(Arithmetic::sum(formula, factors.into_iter().map(|f| Term::product(name(&f), vec![f])).collect()))
}

/// The embedding is stored as it is.
pub(super) fn token_embed(held: &Held<'_>, number: Number) -> Arithmetic {
    let (token, component) = (number.indices()[0], number.last());
    let value = held.model.embedding(token as u32)[component];
    let stored = Factor::stored("W_E", value, vec![token, component]);
    Arithmetic::sum("W_E of the token: learned", vec![Term::product(name::component(component), vec![stored])])
}

/// Word, position and token type.
pub(super) fn embed_sum(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (position, component) = (number.position(), number.last());
    let w = held.model.weights();
    let token = held.trace.tokens[position].id as usize;
    let learned = |name: &str, tensor: &str, row: usize, value: f32| {
        Term::product(name, vec![Factor::stored(tensor, value, vec![row, component])])
    };
    let mut terms = vec![learned("token", "W_E", token, w.embed.row_f32(token)[component])];
    let mut formula = String::from("W_E of the token");
    let scale = held.config().scales.embed;
    if scale != 1.0 {
        let stored = Factor::stored("W_E", w.embed.row_f32(token)[component], vec![token, component]);
        terms = vec![Term::product("token", vec![stored, Factor::constant("scale", scale)])];
        formula.push_str(" · scale");
    }
    if let Some(positions) = w.positions.as_ref().filter(|_| !w.positions_follow()) {
        let row = held.position_row(position);
        terms.push(learned("position", "W_pos", row, positions.row_f32(row)[component]));
        formula.push_str(" + W_pos of its position");
    }
    if let Some(types) = &w.token_types {
        let kind = held.token_type(position) as usize;
        terms.push(learned("token type", "W_token_type", kind, types.row_f32(kind)[component]));
        formula.push_str(" + W_token_type");
    }
    Ok(Arithmetic::sum(formula, terms))
}

/// The projected embedding, to which some models add the position only now.
pub(super) fn projected(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let mut sum = linear(held, number)?;
    let w = held.model.weights();
    if let Some(positions) = w.positions.as_ref().filter(|_| w.positions_follow()) {
        let (row, component) = (held.position_row(number.position()), number.last());
        let stored = Factor::stored("W_pos", positions.row_f32(row)[component], vec![row, component]);
        sum.terms.push(Term::product("position", vec![stored]));
        sum.formula.push_str(" + W_pos of its position");
    }
    Ok(sum)
}

/// A layer's input is the output of the layer below.
pub(super) fn resid_pre(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    match number.layer().and_then(|layer| layer.checked_sub(1)) {
        Some(below) => sum(held, "resid_post of the layer below", &[number.of(Site::ResidPost).in_other_layer(below)]),
        None => sum(held, "the embedding", &[number.of(Site::Embed)]),
    }
}
