//! A query or key as attention sees it: straight from its matrix, then normed, then turned by the angle of its position
//! (Su et al., "RoFormer", 2021), as far as the model does so.

use super::super::Number;
use super::attention::projected;
use super::explanation::{Factor, Rule, Term};
use super::held::Held;
use super::name::component;
use super::norm::rms;
use super::parts::{Arithmetic, Steps};
use crate::Error;
use crate::config::{Pairs, Positions};
use attnscope_kernels::rope::Rope;

/// Component `i` of a query ([`Number::Q`]) or key ([`Number::K`]).
pub(super) fn turned(held: &Held<'_>, number: Number) -> Result<Arithmetic, Error> {
    let (letter, raw, layer, position, i) = match number {
        Number::Q { layer, head, position, component } => {
            ('q', Number::QRaw { layer, head, position, component }, layer, position, component)
        }
        Number::K { layer, head, position, component } => {
            ('k', Number::KRaw { layer, head, position, component }, layer, position, component)
        }
        other => return projected(held, other),
    };
    let block = &held.model.weights().blocks[layer];
    let norm = if letter == 'q' { block.q_norm.as_deref() } else { block.k_norm.as_deref() };
    let turn = Turn::of(held, position, i);
    if norm.is_none() && turn.is_none() && !matches!(held.config().positions, Positions::Rotary { .. }) {
        return projected(held, raw);
    }
    let mut parts = Parts { steps: Steps::default(), raw: held.factors(raw)?, rms: None };
    let Some(turn) = turn else {
        // Past the part of a head that is turned.
        let factors = match norm {
            Some(weights) => parts.normed(held, layer, letter, weights, i),
            None => vec![parts.raw[i].clone()],
        };
        let formula =
            if norm.is_some() { format!("{letter}_raw ÷ rms · w") } else { format!("{letter}_raw, not turned") };
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
    let (a, b) = (read(turn.pair.0), read(turn.pair.1));
    let sum = turn.terms(&mut parts.steps, a, b);
    Ok(Arithmetic { steps: parts.steps.0, ..sum })
}

/// A head's row before it is turned, and what was computed of it.
struct Parts {
    steps: Steps,
    raw: Vec<Factor>,
    rms: Option<Factor>,
}

impl Parts {
    /// The factors of a normed component.
    fn normed(&mut self, held: &Held<'_>, layer: usize, letter: char, weights: &[f32], at: usize) -> Vec<Factor> {
        let eps = Factor::constant("ε", held.config().norm_eps);
        let Self { steps, raw, rms: known } = self;
        let rms = known.get_or_insert_with(|| rms(steps, raw, eps)).clone();
        let tensor = format!("blocks.{layer}.attn.{letter}_norm.w");
        vec![raw[at].clone(), rms.divisor(), Factor::stored(&tensor, weights[at], vec![at])]
    }
}

/// The turn of one component by its position.
struct Turn {
    position: usize,
    /// The two components that are turned together, as W_Q has them.
    pair: (usize, usize),
    /// Whether the first of the two is asked for.
    first: bool,
    frequency: f32,
    cos: f32,
    sin: f32,
}

impl Turn {
    fn of(held: &Held<'_>, position: usize, component: usize) -> Option<Self> {
        let Positions::Rotary { theta, dim, pairs } = held.config().positions else { return None };
        let half = dim / 2;
        let i = component % half;
        let pair = match pairs {
            Pairs::Halves => (i, i + half),
            Pairs::Interleaved => (2 * i, 2 * i + 1),
        };
        // The kernel's own cosine and sine: what it makes of (1, 0).
        let (mut unit, mut out) = (vec![0.0; dim], vec![0.0; dim]);
        unit[i] = 1.0;
        Rope::new(dim, theta, position, 1).apply(Pairs::Halves, position, &unit, &mut out);
        let frequency = f64::from(theta).powf(-2.0 * i as f64 / dim as f64) as f32;
        let (cos, sin) = (out[i], out[i + half]);
        (component < dim).then_some(Self { position, pair, first: component < half, frequency, cos, sin })
    }

    /// a · cos − b · sin, or b · cos + a · sin.
    fn terms(&self, steps: &mut Steps, a: Factor, b: Factor) -> Arithmetic {
        let position = Factor::constant("position", self.position as f32);
        let frequency = Factor::constant("θ^(−2i ÷ dim)", self.frequency);
        let angle = vec![Term::product("angle", vec![position, frequency])];
        steps.add("angle", "position · θ^(−2i ÷ dim)", Rule::Sum, angle);
        let cos = Factor::constant("cos(angle)", self.cos);
        let sin = Factor::constant("sin(angle)", self.sin);
        let (x, y) = self.pair;
        let (x, y) = (component(x), component(y));
        if self.first {
            let minus = Factor::constant("−1", -1.0);
            let formula = format!("{} · cos(angle) − {} · sin(angle)", a.name, b.name);
            Arithmetic::sum(formula, vec![Term::product(x, vec![a, cos]), Term::product(y, vec![minus, b, sin])])
        } else {
            let formula = format!("{} · cos(angle) + {} · sin(angle)", b.name, a.name);
            Arithmetic::sum(formula, vec![Term::product(y, vec![b, cos]), Term::product(x, vec![a, sin])])
        }
    }
}
