//! A query or key as attention uses it: the product of its matrix, then normed, then rotated by the angle of its
//! position (Su et al., "RoFormer", 2021), as far as the model does these.

use super::super::Number;
use super::explanation::{Factor, Rule, Term};
use super::held::Held;
use super::linear::linear;
use super::name::component;
use super::norm::rms;
use super::parts::{Arithmetic, Steps};
use crate::Error;
use crate::site::Site;
use attnscope_kernels::rope::Rotation;

/// A component of a query ([`Site::Q`]) or key ([`Site::K`]).
pub(super) fn rotated(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (layer, position, i) = (number.layer().unwrap_or(0), number.position(), number.last());
    let block = &held.model.weights().blocks[layer];
    let (letter, raw, norm) = match number.site() {
        Site::Q => ('q', Site::QRaw, block.q_norm.as_deref()),
        _ => ('k', Site::KRaw, block.k_norm.as_deref()),
    };
    let raw = number.of(raw);
    if norm.is_none() && held.config().layers[layer].rotary.is_none() {
        return linear(held, raw);
    }
    let mut parts =
        Parts { steps: Steps::default(), raw: held.factors(raw)?, rms: None, all: Vec::new(), head: number.head() };
    if norm.is_some_and(|weights| weights.len() > parts.raw.len()) {
        parts.all = held.all_heads(raw)?;
    }
    let Some(rotation) = rotation(held, layer, position, i) else {
        // This component lies beyond the part of a head that is rotated.
        let factors = match norm {
            Some(weights) => parts.normed(held, layer, letter, weights, i),
            None => vec![parts.raw[i].clone()],
        };
        let formula =
            if norm.is_some() { format!("{letter}_raw ÷ rms · w") } else { format!("{letter}_raw, not rotated") };
        let sum = Arithmetic::sum(formula, vec![Term::product(component(i), factors)]);
        return Ok(Arithmetic { steps: parts.steps.0, ..sum });
    };
    let mut read = |at: usize| match norm {
        Some(weights) => {
            let term = Term::product(component(at), parts.normed(held, layer, letter, weights, at));
            let name = format!("{letter}_normed[{at}]");
            parts.steps.add(&name, format!("{letter}_raw ÷ rms · w"), Rule::Sum, vec![term])
        }
        None => parts.raw[at].clone(),
    };
    let (a, b) = (read(rotation.pair.0), read(rotation.pair.1));
    let sum = written(rotation, position, &mut parts.steps, a, b);
    Ok(Arithmetic { steps: parts.steps.0, ..sum })
}

/// A head's row before rotation, and the steps computed from it.
struct Parts {
    steps: Steps,
    raw: Vec<Factor>,
    rms: Option<Factor>,
    /// All heads' rows, if they are normed together.
    all: Vec<Factor>,
    head: usize,
}

impl Parts {
    /// The factors of a normed component.
    fn normed(&mut self, held: &Held<'_>, layer: usize, letter: char, weights: &[f32], at: usize) -> Vec<Factor> {
        let eps = Factor::constant("ε", held.config().norm_eps);
        let Self { steps, raw, rms: known, all, head } = self;
        let (row, weight) = if all.is_empty() { (&*raw, at) } else { (&*all, *head * raw.len() + at) };
        let rms = known.get_or_insert_with(|| rms(steps, row, eps)).clone();
        let tensor = format!("blocks.{layer}.attn.{letter}_norm.w");
        vec![raw[at].clone(), rms.divisor(), Factor::stored(&tensor, weights[weight], vec![weight])]
    }
}

/// The rotation of one component at a position, as the kernel applies it.
fn rotation(held: &Held<'_>, layer: usize, position: usize, component: usize) -> Option<Rotation> {
    let c = held.config();
    let rotary = &c.rotaries[c.layers[layer].rotary?];
    rotary.rope(held.n_tokens(), position, 1).rotation(position, component)
}

/// a · cos − b · sin, or b · cos + a · sin.
fn written(rotation: Rotation, position: usize, steps: &mut Steps, a: Factor, b: Factor) -> Arithmetic {
    let position = Factor::constant("position", position as f32);
    let frequency = Factor::constant("frequency", rotation.frequency);
    let angle = vec![Term::product("angle", vec![position, frequency])];
    steps.add("angle", "position · frequency", Rule::Sum, angle);
    let cos = Factor::constant("cos(angle)", rotation.cos);
    let sin = Factor::constant("sin(angle)", rotation.sin);
    let (x, y) = rotation.pair;
    let (x, y) = (component(x), component(y));
    if rotation.first {
        let minus = Factor::constant("−1", -1.0);
        let formula = format!("{} · cos(angle) − {} · sin(angle)", a.name, b.name);
        Arithmetic::sum(formula, vec![Term::product(x, vec![a, cos]), Term::product(y, vec![minus, b, sin])])
    } else {
        let formula = format!("{} · cos(angle) + {} · sin(angle)", b.name, a.name);
        Arithmetic::sum(formula, vec![Term::product(y, vec![b, cos]), Term::product(x, vec![a, sin])])
    }
}
