//! What the running (online) softmax keeps after a tile, computed from what it kept before and from the tile.

use super::tiles::power;
use super::{Data, State, Step};
use crate::figure::arithmetic::{explained, less, stressed};
use crate::figure::head::Head;
use crate::number::count;
use attnscope::Site;
use attnscope::analysis::explain::{Explanation, Factor, Rule, Steps, Term};

impl Data {
    /// How a number was computed at the current step: `max`, `sum`, `power-3`, and of the vectors `old-0`, `add-0`,
    /// `acc-0`. At another step: `max@2`.
    pub fn explain(&self, state: &State, mark: &str) -> Option<Explanation> {
        let (mark, step) = match mark.split_once('@') {
            Some((mark, step)) => (mark, step.parse().ok()?),
            None => (mark, state.step),
        };
        let read = Read { data: self, step: Step::new(self, step) };
        let (what, at) = mark.split_once('-').map_or((mark, None), |(what, at)| (what, at.parse().ok()));
        match (what, at) {
            ("max", None) => Some(read.max()),
            ("sum", None) => Some(read.sum()),
            ("power", Some(k_idx)) => read.power(k_idx),
            ("old", Some(i)) if i < self.d() => Some(read.old(i)),
            ("add", Some(i)) if i < self.d() => Some(read.add(i)),
            ("acc", Some(i)) if i < self.d() => Some(read.acc(i)),
            _ => None,
        }
    }
}

/// A row of which some tiles have been read.
struct Read<'a> {
    data: &'a Data,
    step: Step<'a>,
}

impl Read<'_> {
    fn keys(&self) -> std::ops::Range<usize> {
        self.step.now.map_or(0..0, |now| now.keys.clone())
    }

    fn now_max(&self) -> f32 {
        self.step.now.map_or(f32::NEG_INFINITY, |now| now.max)
    }

    /// `after tile 2`
    fn when(&self) -> String {
        match self.step.read {
            0 => "before any tile".into(),
            read => format!("after tile {}", count(read)),
        }
    }

    /// A number that was kept before this tile.
    fn before(&self, name: &str, mark: &str, value: f32) -> Factor {
        Factor::own(format!("{name} before"), format!("{mark}@{}", self.step.read.saturating_sub(1)), value)
    }

    fn score(&self, k_idx: usize) -> Factor {
        Factor::number("score", self.data.of.number(Site::Scores, k_idx), self.data.scores[k_idx])
    }

    fn exponential(&self, k_idx: usize) -> Factor {
        let mark = format!("power-{k_idx}@{}", self.step.read);
        Factor::own("exp(score − max)", mark, power(self.data.scores[k_idx], self.now_max()))
    }

    fn label(&self, k_idx: usize) -> String {
        crate::token::spoken(self.data.token(k_idx))
    }

    fn max(&self) -> Explanation {
        let title = format!("the largest score so far, {}", self.when());
        let score = |k_idx: usize| Term::product(self.label(k_idx), vec![self.score(k_idx)]);
        let old = Term::product("before", vec![self.before("max", "max", self.step.old_max())]);
        let terms: Vec<Term> = (self.step.read > 0).then_some(old).into_iter().chain(self.keys().map(score)).collect();
        if terms.is_empty()
            && let Some(sink) = self.sink()
        {
            return explained(
                title,
                "max",
                "the head's sink",
                sink,
                Rule::Sum,
                vec![Term::product("sink", vec![Factor::constant("sink", sink)])],
            );
        }
        let formula = if terms.is_empty() { "−∞: any score is larger" } else { "the largest of these" };
        explained(title, "max", formula, self.now_max(), Rule::Largest, terms)
    }

    /// The factor by which everything kept before is multiplied.
    fn correction(&self, steps: &mut Steps) -> Option<Factor> {
        self.step.before.filter(|before| before.max != f32::NEG_INFINITY)?;
        let old = Term::product("max before", vec![self.before("max", "max", self.step.old_max())]);
        let new = less("less max", Factor::own("max", format!("max@{}", self.step.read), self.now_max()));
        Some(steps.add("shrink", "exp(max before − max)", Rule::Exp, vec![old, new]))
    }

    /// The head's sink, if it has one and no tile is read yet.
    fn sink(&self) -> Option<f32> {
        self.data.of.of.sink.filter(|_| self.step.read == 0)
    }

    fn sum(&self) -> Explanation {
        if let Some(sink) = self.sink() {
            let title = "the sum before any tile: the head's sink alone".into();
            let terms = vec![
                Term::product("sink", vec![Factor::constant("sink", sink)]),
                less("less max", Factor::constant("max", sink)),
            ];
            return explained(title, "sum", "exp(sink − max)", 1.0, Rule::Exp, terms);
        }
        let mut steps = Steps::default();
        let before = self.step.before.map_or(0.0, |before| before.sum);
        let shrink = self.correction(&mut steps);
        let old = shrink.map(|shrink| Term::product("before", vec![self.before("sum", "sum", before), shrink]));
        let new = self.keys().map(|k_idx| Term::product(self.label(k_idx), vec![self.exponential(k_idx)]));
        let title = format!("the sum of all exp(score − max), {}", self.when());
        let formula =
            if old.is_some() { "sum before × shrink + Σ exp(score − max)" } else { "Σ exp(score − max)" };
        let value = self.step.now.map_or(0.0, |now| now.sum);
        let e = explained(title, "sum", formula, value, Rule::Sum, old.into_iter().chain(new).collect());
        Explanation { steps: steps.0, ..e }
    }

    fn power(&self, k_idx: usize) -> Option<Explanation> {
        if !self.keys().contains(&k_idx) {
            return None;
        }
        let title = format!("the part of {} before all is divided, {}", stressed(self.data.token(k_idx)), self.when());
        let max = Factor::own("max", format!("max@{}", self.step.read), self.now_max());
        let value = power(self.data.scores[k_idx], self.now_max());
        let terms = vec![Term::product("score", vec![self.score(k_idx)]), less("less max", max)];
        Some(explained(title, "part", "exp(score − max)", value, Rule::Exp, terms))
    }

    fn title(&self, i: usize, what: &str) -> String {
        format!("number {i} of {what}, {}", self.when())
    }

    fn old(&self, i: usize) -> Explanation {
        let mut steps = Steps::default();
        let old = self.kept(&mut steps, i);
        let title = self.title(i, "the vector kept before, shrunk to the new max");
        let formula = if old.is_some() { "acc before × shrink" } else { "0: nothing was kept" };
        let value = self.step.shrunk(self.data)[i];
        let e = explained(title, &format!("kept[{i}]"), formula, value, Rule::Sum, old.into_iter().collect());
        Explanation { steps: steps.0, ..e }
    }

    /// The vector kept before, as a term of the new one.
    fn kept(&self, steps: &mut Steps, i: usize) -> Option<Term> {
        let shrink = self.correction(steps)?;
        let before = self.step.before?.acc.get(i).copied()?;
        Some(Term::product("before", vec![self.before(&format!("acc[{i}]"), &format!("acc-{i}"), before), shrink]))
    }

    /// The term that each key of the tile adds to a number of the vector.
    fn added(&self, i: usize) -> impl Iterator<Item = Term> {
        let Head { layer, kv_head: head, .. } = self.data.of.of;
        self.keys().map(move |k_idx| {
            let number = Site::V.in_layer(layer, [head, k_idx, i]);
            let v = self.data.values.get(k_idx).and_then(|v| v.get(i)).copied().unwrap_or(0.0);
            let v = Factor::number(format!("v[{i}]"), number, v);
            Term::product(self.label(k_idx), vec![self.exponential(k_idx), v])
        })
    }

    fn add(&self, i: usize) -> Explanation {
        let title = self.title(i, "what this tile adds");
        let value = self.step.added(self.data)[i];
        let formula = "Σ exp(score − max) × v";
        explained(title, &format!("added[{i}]"), formula, value, Rule::Sum, self.added(i).collect())
    }

    fn acc(&self, i: usize) -> Explanation {
        let mut steps = Steps::default();
        let old = self.kept(&mut steps, i);
        let formula = match (&old, self.step.now) {
            (Some(_), _) => "acc before × shrink + Σ exp(score − max) × v",
            (None, Some(_)) => "Σ exp(score − max) × v",
            (None, None) => "0: nothing is read yet",
        };
        let value = self.step.now.and_then(|now| now.acc.get(i).copied()).unwrap_or(0.0);
        let terms = old.into_iter().chain(self.added(i)).collect();
        let title = self.title(i, "the running vector");
        let e = explained(title, &format!("acc[{i}]"), formula, value, Rule::Sum, terms);
        Explanation { steps: steps.0, ..e }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::arithmetic::adds_up;
    use attnscope::analysis::explain::Source;

    #[test]
    fn every_number_adds_up_and_leads_to_those_before() {
        let model = attnscope::lesson::model();
        let tokens = model.encode("the hot dog on the rock was").unwrap();
        let trace = model.run(&tokens, &"q,k,v,pattern".parse().unwrap(), &[]).unwrap();
        let data = Data::from_trace(&trace, 0, 0, 6, 2).unwrap();
        let mut led = 0;
        for step in 0..=data.states.len() {
            let state = State { step, ..State::default() };
            let keys = data.states.get(step.wrapping_sub(1)).map_or(0..0, |s| s.keys.clone());
            let vectors = ["old", "add", "acc"].into_iter().flat_map(|name| (0..data.d()).map(move |i| (name, i)));
            let marks = vectors.chain(keys.map(|k| ("power", k))).map(|(name, i)| format!("{name}-{i}"));
            for mark in marks.chain(["max".into(), "sum".into()]) {
                let e = data.explain(&state, &mark).unwrap();
                assert!(e.value == e.computed() || adds_up(&e), "{step} {mark}: {} {e:?}", e.computed());
                let steps = e.steps.iter().flat_map(|step| &step.terms);
                for factor in e.terms.iter().chain(steps).flat_map(|term| &term.factors) {
                    let Source::Own(own) = &factor.source else { continue };
                    let part = data.explain(&state, own).unwrap();
                    assert_eq!(part.value, factor.value, "{mark} opens {own}");
                    led += 1;
                }
            }
        }
        assert!(led > 100, "{led}");
        for none in ["power-6", "acc-99", "z-0", "max-1", "acc", "max@x"] {
            assert_eq!(data.explain(&State::default(), none), None, "{none}");
        }
    }
}
