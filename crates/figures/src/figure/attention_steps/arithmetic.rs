//! The numbers of attention without its mask. They are not numbers of the run, which has a mask.

use super::{Data, Numbers, State};
use crate::figure::arithmetic::{explained, share, sink, stressed, two};
use crate::figure::head::{Head, divides};
use crate::token::spoken;
use attnscope::Site;
use attnscope::analysis::explain::{Explanation, Factor, Rule, Steps, Term};

impl Data {
    /// How a number was computed: of the square `s-3-1`, by query and key, as it is at this step, or `dot-3-1`,
    /// `score-3-1`, `weight-3-1` at any step; of the mixed values `z-3-5`.
    pub fn explain(&self, state: &State, mark: &str) -> Option<Explanation> {
        let (what, places) = mark.split_once('-')?;
        let n = self.of.tokens.len();
        // Where z is drawn as a picture, its strongest number is explained.
        let (row, column) = match (what, places.parse()) {
            ("z", Ok(row)) => (row, self.strongest(row)?),
            _ => two(places)?,
        };
        if row >= n || column >= if what == "z" { self.d_head() } else { n } {
            return None;
        }
        let unmasked = Unmasked { data: self, numbers: Numbers::new(self, &State { masked: false, ..state.clone() }) };
        match (what, state.step) {
            ("dot", _) | ("s", 0..=2) => Some(unmasked.dot(row, column)),
            ("score", _) | ("s", 3..=4) => Some(unmasked.score(row, column)),
            ("weight" | "w" | "s", _) => Some(unmasked.weight(row, column)),
            ("z", _) => Some(unmasked.z(row, column)),
            _ => None,
        }
    }
}

impl Data {
    fn strongest(&self, row: usize) -> Option<usize> {
        let numbers = Numbers::new(self, &State { masked: false, ..State::default() });
        let z = numbers.z.get(row)?;
        (0..z.len()).max_by(|a, b| z[*a].abs().total_cmp(&z[*b].abs()))
    }
}

struct Unmasked<'a> {
    data: &'a Data,
    numbers: Numbers,
}

impl Unmasked<'_> {
    fn title(&self, what: &str, q: usize, k: usize) -> String {
        format!("{what} {} with {}", stressed(self.data.token(q)), stressed(self.data.token(k)))
    }

    /// Components of the vectors are numbers of the run.
    fn dot(&self, q: usize, k: usize) -> Explanation {
        let Head { layer, head, kv_head, .. } = self.data.of;
        let term = |(component, (a, b)): (usize, (&f32, &f32))| {
            let query = Site::Q.in_layer(layer, [head, q, component]);
            let key = Site::K.in_layer(layer, [kv_head, k, component]);
            let factors = vec![
                Factor::number(format!("q[{component}]"), query, *a),
                Factor::number(format!("k[{component}]"), key, *b),
            ];
            Term::product(format!("component {component}"), factors)
        };
        let terms = self.data.q[q].iter().zip(&self.data.k[k]).enumerate().map(term).collect();
        let value = self.numbers.dots[q][k];
        explained(self.title("the dot product of", q, k), "q·k", "Σ q · k", value, Rule::Sum, terms)
    }

    fn score(&self, q: usize, k: usize) -> Explanation {
        let (dot, d) = (self.numbers.dots[q][k], self.data.d_head());
        let scoring = self.data.of.scoring(d);
        let own = Factor::own("q·k", format!("dot-{q}-{k}"), dot);
        let factor = if divides(scoring.scale, d) {
            Factor::constant("√d", 1.0 / scoring.scale).divisor()
        } else {
            Factor::constant("scale", scoring.scale)
        };
        let mut terms = vec![Term::product("scaled", vec![own, factor])];
        let mut rule = scoring.soft_cap.map_or(Rule::Sum, |cap| Rule::SoftCap { cap });
        let formula = format!("q·k {}", self.data.scaled());
        let mut steps = Steps::default();
        if self.data.of.bias.is_some() {
            if rule != Rule::Sum {
                let capped = steps.add("capped", "q·k, scaled and capped", rule, terms);
                (rule, terms) = (Rule::Sum, vec![Term::product("capped", vec![capped])]);
            }
            terms.push(Term::product("by distance", vec![Factor::constant("bias", self.data.of.bias(q, k))]));
        }
        let e = explained(self.title("the score of", q, k), "score", &formula, self.data.score(q, k, dot), rule, terms);
        Explanation { steps: steps.0, ..e }
    }

    fn weight(&self, q: usize, k: usize) -> Explanation {
        let score =
            |k: usize| Factor::own("score", format!("score-{q}-{k}"), self.data.score(q, k, self.numbers.dots[q][k]));
        let keys = (0..self.data.of.tokens.len()).map(|k| (spoken(self.data.token(k)), vec![score(k)]));
        let scores = keys.chain(sink(self.data.of.sink)).collect();
        let [asks, whom] = [q, k].map(|i| stressed(self.data.token(i)));
        let title = format!("how much {asks} would attend to {whom} if no later word were masked");
        share(title, self.numbers.weights[q][k], "score", scores, k)
    }

    fn z(&self, q: usize, component: usize) -> Explanation {
        let Head { layer, kv_head: head, .. } = self.data.of;
        let term = |k: usize| {
            let value = Site::V.in_layer(layer, [head, k, component]);
            let v = self.data.v[k].get(component).copied().unwrap_or(0.0);
            let factors = vec![
                Factor::own("weight", format!("weight-{q}-{k}"), self.numbers.weights[q][k]),
                Factor::number(format!("v[{component}]"), value, v),
            ];
            Term::product(spoken(self.data.token(k)), factors)
        };
        let terms = (0..self.data.of.tokens.len()).map(term).collect();
        let (value, whose) = (self.numbers.z[q][component], stressed(self.data.token(q)));
        let title = format!("number {component} of what {whose} would gather if no later word were masked");
        explained(title, &format!("z[{component}]"), "Σ weight × v", value, Rule::Sum, terms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::arithmetic::adds_up;

    #[test]
    fn every_number_adds_up() {
        let model = attnscope::lesson::model();
        let trace =
            model.run(&model.encode("the hot dog was").unwrap(), &"q,k,v,pattern,z".parse().unwrap(), &[]).unwrap();
        let data = Data::from_trace(&trace, 0, 0, vec![vec![0.0]; 4]).unwrap();
        let state = |step| State { step, masked: false, ..State::default() };
        for (step, name) in [(2, "s"), (4, "s"), (6, "s"), (6, "z"), (0, "weight"), (6, "dot"), (6, "score")] {
            for (row, column) in (0..4).flat_map(|row| (0..4).map(move |column| (row, column))) {
                let e = data.explain(&state(step), &format!("{name}-{row}-{column}")).unwrap();
                assert!(adds_up(&e), "{step} {name}-{row}-{column}: {} {e:?}", e.computed());
            }
        }
        let weight = data.explain(&state(6), "w-1-3").unwrap();
        assert_eq!(weight.value, Numbers::new(&data, &state(6)).weights[1][3], "a later word");
        let strongest = data.explain(&state(6), "z-2").unwrap();
        assert!(Numbers::new(&data, &state(6)).z[2].iter().all(|z| z.abs() <= strongest.value.abs()));
        for none in ["s-4-0", "s-0-4", "z-0-99", "s-1", "x-1-2"] {
            assert_eq!(data.explain(&state(6), none), None, "{none}");
        }
    }
}
