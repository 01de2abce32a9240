//! Scores and weights with a temperature, or with scores that were set by hand: they are not numbers of the run.

use super::layout::Layout;
use super::{Data, State, Steps as Numbers, is_changed};
use crate::figure::arithmetic::{explained, share, sink, stressed};
use crate::token::spoken;
use attnscope::Site;
use attnscope::analysis::explain::{Explanation, Factor, Rule, Step, Term};

impl Data {
    /// How a number came about: `score-text-1` or `score-1` (one that was set by hand), `exp-1`, `weight-1` or `share-1`,
    /// `share-others` and `own-share-others`.
    pub fn explain(&self, state: &State, mark: &str) -> Option<Explanation> {
        if mark == "own-share-others" {
            return Reader { data: self, state: &State { canvas: state.canvas, ..State::default() } }.others();
        }
        let (what, at) = mark.rsplit_once('-')?;
        let reader = Reader { data: self, state };
        if (what, at) == ("share", "others") {
            return reader.others();
        }
        let k_idx: usize = at.parse().ok().filter(|k| self.score(*k).is_some())?;
        match what {
            "score" | "score-text" => Some(reader.score(k_idx)),
            "exp" => Some(reader.exp(k_idx)),
            "weight" | "share" => reader.weight(k_idx),
            _ => None,
        }
    }
}

/// The figure with the reader's settings.
struct Reader<'a> {
    data: &'a Data,
    state: &'a State,
}

impl Reader<'_> {
    /// Keys that are not masked.
    fn keys(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.data.dots.len()).filter(|k| self.data.score(*k).is_some())
    }

    /// The name of the number that is exponentiated.
    fn name(&self) -> &'static str {
        if self.state.heat() == 1.0 { "score" } else { "score ÷ temperature" }
    }

    fn own(&self, k_idx: usize) -> Factor {
        let value = self.data.score(k_idx).unwrap_or(f32::NAN);
        Factor::number("score", self.data.of.number(Site::Scores, k_idx), value)
    }

    /// The score, divided by the temperature if there is one.
    fn factors(&self, k_idx: usize) -> Vec<Factor> {
        let score = match self.state.edit(k_idx) {
            Some(edit) => Factor::own("score", format!("score-{k_idx}"), edit),
            None => self.own(k_idx),
        };
        [score].into_iter().chain(self.heat()).collect()
    }

    /// The temperature, if scores are divided by one.
    fn heat(&self) -> Option<Factor> {
        let heat = self.state.heat();
        (heat != 1.0).then(|| Factor::constant("temperature", heat).divisor())
    }

    fn score(&self, k_idx: usize) -> Explanation {
        let title = format!("the score of {}", stressed(self.data.token(k_idx)));
        let Some(edit) = self.state.edit(k_idx) else {
            let own = self.own(k_idx);
            let value = own.value;
            return explained(
                title,
                "score",
                "as in the model",
                value,
                Rule::Sum,
                vec![Term::product("score", vec![own])],
            );
        };
        let model = self.own(k_idx);
        let step = Step {
            name: "the model's own".into(),
            formula: format!("score = q·k {}", self.data.scaled()),
            value: model.value,
            rule: Rule::Sum,
            terms: vec![Term::product("score", vec![model])],
        };
        let terms = vec![Term::product("yours", vec![Factor::constant("score", edit)])];
        let e = explained(title, "score", "as you set it", edit, Rule::Sum, terms);
        Explanation { steps: vec![step], ..e }
    }

    fn exp(&self, k_idx: usize) -> Explanation {
        let numbers = Numbers::new(self.data, self.state);
        let largest = self.keys().find(|k| numbers.scores[*k] == Some(numbers.max));
        let term = |name: String, sign: Option<Factor>, k: usize| {
            Term::product(name, sign.into_iter().chain(self.factors(k)).collect())
        };
        let own = term(spoken(self.data.token(k_idx)), None, k_idx);
        let minus = || Factor::constant("−1", -1.0);
        let sink = sink(self.data.sink).filter(|_| largest.is_none()).map(|(_, score)| {
            let factors = [minus()].into_iter().chain(score).chain(self.heat()).collect();
            Term::product("less the largest, the sink", factors)
        });
        let max = largest.map(|k| {
            let name = format!("less the largest, {}", spoken(self.data.token(k)));
            term(name, Some(minus()), k)
        });
        let max = max.or(sink);
        let title = format!("the part of {} before all is divided", stressed(self.data.token(k_idx)));
        let formula = format!("exp({} − max)", self.name());
        let terms = [own].into_iter().chain(max).collect();
        explained(title, "part", &formula, numbers.exps[k_idx], Rule::Exp, terms)
    }

    fn weight(&self, k_idx: usize) -> Option<Explanation> {
        let keys = self.keys().map(|k| (spoken(self.data.token(k)), self.factors(k)));
        let sink = sink(self.data.sink).map(|(name, score)| (name, score.into_iter().chain(self.heat()).collect()));
        let scores = keys.chain(sink).collect();
        let of = self.keys().position(|k| k == k_idx)?;
        let value = Numbers::new(self.data, self.state).weights[k_idx];
        let [asks, whom] = [self.data.of.query(), self.data.token(k_idx)].map(stressed);
        let title = match is_changed(self.data, self.state) {
            true => format!("how much {asks} would attend to {whom}, with your numbers"),
            false => format!("how much {asks} attends to {whom}"),
        };
        Some(share(title, value, self.name(), scores, of))
    }

    /// The weight that is left for the keys without a row.
    fn others(&self) -> Option<Explanation> {
        let weights = Numbers::new(self.data, self.state).weights;
        let left_out = Layout::new(self.data, self.state).left_out;
        let part = |k: &usize| {
            let weight = Factor::own("weight", format!("weight-{k}"), weights[*k]);
            Term::product(spoken(self.data.token(*k)), vec![weight])
        };
        let terms: Vec<Term> = left_out.iter().map(part).collect();
        let value = Rule::Sum.combine(&terms);
        let title = format!("all that {} has left for the others", stressed(self.data.of.query()));
        (!terms.is_empty()).then(|| explained(title, "others", "Σ weight", value, Rule::Sum, terms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::arithmetic::adds_up;

    fn data(text: &str) -> Data {
        let model = attnscope::lesson::model();
        let trace = model.run(&model.encode(text).unwrap(), &"q,k,pattern".parse().unwrap(), &[]).unwrap();
        Data::from_trace(&trace, 0, 0, trace.tokens.len() - 1).unwrap()
    }

    #[test]
    fn every_number_adds_up_whatever_the_reader_sets() {
        let data = data("the hot dog was");
        for (temperature, edited) in
            [(1.0, vec![]), (0.5, vec![]), (1.0, vec![None, Some(3.5)]), (2.0, vec![Some(-1.0)])]
        {
            let state = State { temperature, edited, ..State::default() };
            let numbers = Numbers::new(&data, &state);
            for k in 0..4 {
                let shown =
                    [("score", numbers.scores[k].unwrap()), ("exp", numbers.exps[k]), ("weight", numbers.weights[k])];
                for (name, value) in shown {
                    let e = data.explain(&state, &format!("{name}-{k}")).unwrap();
                    assert!(e.value == value && adds_up(&e), "{name}-{k} at {temperature}: {e:?}");
                }
            }
        }
        for none in ["weight-4", "grip-0", "weight", "share-others"] {
            assert_eq!(data.explain(&State::default(), none), None, "{none}");
        }
    }

    #[test]
    fn what_is_left_for_the_others_is_their_sum() {
        let text = "the hot dog on the rock was the dog on the hot rock was";
        let (data, state) = (data(text), State { temperature: 2.0, ..State::default() });
        let e = data.explain(&state, "share-others").expect("more keys than rows");
        assert!(adds_up(&e) && e.value > 0.0 && e.terms.len() > 1, "{e:?}");
        assert!(data.explain(&state, "own-share-others").is_some_and(|own| own.value != e.value));
    }
}
