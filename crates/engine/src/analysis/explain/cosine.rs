//! How near a vector of the run is to a token's embedding: the cosine of the angle between them.

use super::super::Number;
use super::super::neighbours;
use super::explanation::{Factor, Rule, Term};
use super::held::Held;
use super::name::component;
use super::parts::{Arithmetic, Steps};
use crate::Error;
use crate::site::Site;

/// The vector that is compared, as factors, and the token it is compared with; `None` for another kind of number.
fn compared(held: &Held<'_>, number: Number) -> Option<(Result<Vec<Factor>, Error>, usize)> {
    let (position, token) = (number.position(), number.last());
    let row = |site: Site| held.factors(site.in_layer(number.layer().unwrap_or(0), [position, 0]));
    Some(match number.site() {
        // The embedding table is meant, not what enters the first layer, which may include a position.
        Site::EmbedCosine => (Ok(stored(held, held.trace.tokens[position].id as usize)), token),
        Site::PreCosine => (row(Site::ResidPre), token),
        Site::MidCosine => (row(Site::ResidMid), token),
        _ => return None,
    })
}

/// A token's embedding.
fn stored(held: &Held<'_>, token: usize) -> Vec<Factor> {
    let row = held.model.embedding(token as u32);
    row.into_iter().enumerate().map(|(i, value)| Factor::stored("W_E", value, vec![token, i])).collect()
}

/// The cosine as lists of neighbours show it; `None` for another kind of number.
pub(super) fn value(held: &Held<'_>, number: Number) -> Result<Option<f32>, Error> {
    let Some((vector, token)) = compared(held, number) else { return Ok(None) };
    let vector: Vec<f32> = vector?.iter().map(|factor| factor.value).collect();
    Ok(Some(neighbours::cosine(&vector, &held.model.embedding(token as u32))))
}

/// Σ x · e ÷ (|x| · |e|)
pub(super) fn cosine(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (x, token) = compared(held, number).ok_or_else(|| Error::usage(format!("{number} is no cosine")))?;
    Ok(angle(x?, stored(held, token)))
}

/// The cosine of the angle between two vectors.
pub(super) fn angle(x: Vec<Factor>, e: Vec<Factor>) -> Arithmetic {
    let mut steps = Steps::default();
    let mut length = |name: &str, vector: &[Factor]| {
        let squares = vector.iter().enumerate();
        let squares = squares.map(|(i, x)| Term::product(component(i), vec![x.clone(), x.clone()])).collect();
        steps.add(name, "√(Σ of its squares)", Rule::Root, squares).divisor()
    };
    let lengths = [length("|x|", &x), length("|e|", &e)];
    let terms = x.into_iter().zip(e).enumerate().map(|(i, (x, e))| {
        let factors = [x, e].into_iter().chain(lengths.clone()).collect();
        Term::product(component(i), factors)
    });
    let terms = terms.collect();
    Arithmetic { steps: steps.0, ..Arithmetic::sum("Σ x · e ÷ (|x| · |e|)", terms) }
}
