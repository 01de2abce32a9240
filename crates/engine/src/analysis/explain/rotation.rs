//! A query or key as attention uses it: the product of its matrix, then normed, then bounded, then rotated by the
//! angle of its position (Su et al., "RoFormer", 2021), as far as the model does these.

use super::super::Number;
use super::explanation::{Factor, Rule, Term};
use super::held::Held;
use super::linear::{clamped, linear};
use super::name::component;
use super::norm::{deviation, mean_and_spread, rms};
use super::parts::{Arithmetic, Steps};
use crate::Error;
use crate::config::NormKind;
use crate::site::Site;
use crate::weights::HeadNorm;
use attnscope_kernels::rope::Rotation;

/// A component of a query ([`Site::Q`]) or key ([`Site::K`]).
pub(super) fn rotated(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (layer, position, i) = (number.layer().unwrap_or(0), number.position(), number.last());
    let block = &held.model.weights().blocks[layer];
    let (letter, raw, norm) = match number.site() {
        Site::Q => ('q', Site::QRaw, block.q_norm.as_ref()),
        _ => ('k', Site::KRaw, block.k_norm.as_ref()),
    };
    let raw = number.of(raw);
    let crate::Layer { attention, rotary, .. } = held.config().layers[layer];
    if norm.is_none() && rotary.is_none() && attention.clamp.is_none() {
        return linear(held, raw);
    }
    let mut parts = Parts {
        steps: Steps::default(),
        norm,
        clamp: attention.clamp,
        letter,
        tensor: format!("blocks.{layer}.attn.{letter}_norm.w"),
        eps: Factor::constant("ε", held.config().norm_eps),
        head: number.head(),
        raw: held.factors(raw)?,
        all: if norm.is_some_and(|norm| norm.together) { held.all_heads(raw)? } else { Vec::new() },
        divisor: None,
    };
    let sum = match rotation(held, layer, position, i) {
        // This component lies beyond the part of a head that is rotated, or nothing is.
        None => parts.alone(i),
        Some(rotation) => {
            let (a, b) = (parts.read(rotation.pair.0), parts.read(rotation.pair.1));
            written(rotation, position, &mut parts.steps, a, b)
        }
    };
    Ok(Arithmetic { steps: parts.steps.0, ..sum })
}

/// A head's row before rotation, and the steps computed from it.
struct Parts<'a> {
    steps: Steps,
    norm: Option<&'a HeadNorm>,
    clamp: Option<f32>,
    letter: char,
    /// The name of the norm's weights.
    tensor: String,
    eps: Factor,
    head: usize,
    /// Straight from the matrix.
    raw: Vec<Factor>,
    /// All heads' rows, if they are normed together.
    all: Vec<Factor>,
    /// What the norm divides by, once it is known, and before that the mean if the norm subtracts it.
    divisor: Option<(Option<Factor>, Factor)>,
}

impl Parts<'_> {
    /// A component as it is rotated.
    fn read(&mut self, at: usize) -> Factor {
        let x = self.unbounded(at);
        let Some(most) = self.clamp else { return x };
        let Arithmetic { formula, rule, terms, .. } = clamped(component(at), x, most);
        self.steps.add(&format!("{}_clamped[{at}]", self.letter), formula, rule, terms)
    }

    /// A component that is not rotated.
    fn alone(&mut self, at: usize) -> Arithmetic {
        if let Some(most) = self.clamp {
            let x = self.unbounded(at);
            return clamped(component(at), x, most);
        }
        let (formula, factors) = match self.norm {
            Some(norm) => self.normed(norm, at),
            None => (format!("{}_raw, not rotated", self.letter), vec![self.raw[at].clone()]),
        };
        Arithmetic::sum(formula, vec![Term::product(component(at), factors)])
    }

    /// A component straight from the matrix, or normed.
    fn unbounded(&mut self, at: usize) -> Factor {
        let Some(norm) = self.norm else { return self.raw[at].clone() };
        let (formula, factors) = self.normed(norm, at);
        let term = Term::product(component(at), factors);
        self.steps.add(&format!("{}_normed[{at}]", self.letter), formula, Rule::Sum, vec![term])
    }

    /// The formula and the factors of a normed component.
    fn normed(&mut self, norm: &HeadNorm, at: usize) -> (String, Vec<Factor>) {
        let Self { steps, raw, all, divisor, eps, letter, .. } = self;
        let row = if all.is_empty() { &*raw } else { &*all };
        let (mean, divisor) = divisor.get_or_insert_with(|| match norm.kind {
            NormKind::Rms => (None, rms(steps, row, eps.clone())),
            NormKind::Layer => {
                let (mean, spread) = mean_and_spread(steps, row, eps.clone());
                (Some(mean), spread)
            }
        });
        let (formula, x) = match mean {
            None => (format!("{letter}_raw ÷ rms · w"), raw[at].clone()),
            Some(mean) => {
                let x = deviation(steps, &format!("deviation[{at}]"), at, &raw[at], mean.clone());
                ("deviation ÷ spread · w".into(), x)
            }
        };
        let (index, weight) = norm.weight_of(self.head, at, raw.len());
        (formula, vec![x, divisor.clone().divisor(), Factor::stored(&self.tensor, weight, vec![index])])
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
