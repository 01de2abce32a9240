//! Random dot products: how each is computed from its vectors, the count of each bar, the spread, the softmax weights.

use super::weights::SHOWN;
use super::{BINS, Data, LIMIT, bin, spread};
use crate::figure::arithmetic::{explained, share};
use crate::number::{count, fixed};
use attnscope::analysis::explain::{Explanation, Factor, Rule, Steps, Term};
use attnscope::analysis::random_vectors;
use attnscope::analysis::softmax;

impl Data {
    /// How a number came about: a bar (`raw-17`, `scaled-17`), a spread (`spread-raw`), a weight or its score
    /// (`weight-scaled-3`, `score-raw-3`).
    pub fn explain(&self, mark: &str) -> Option<Explanation> {
        let (what, rest) = mark.split_once('-')?;
        let at = |rest: &str, len: usize| rest.parse().ok().filter(|at: &usize| *at < len);
        let one = |rest: &str, len: usize| {
            let (kind, place) = rest.split_once('-')?;
            Some((self.sample(kind)?, at(place, len)?))
        };
        match what {
            "spread" => self.sample(rest)?.spread(),
            "weight" => one(rest, self.dots.len().min(SHOWN)).map(|(sample, at)| sample.weight(at)),
            "score" => one(rest, self.dots.len()).map(|(sample, at)| sample.score(at)),
            _ => Some(self.sample(what)?.bar(at(rest, BINS)?)),
        }
    }

    fn sample(&self, kind: &str) -> Option<Sample<'_>> {
        match kind {
            "raw" => Some(Sample { data: self, divided: false, values: self.dots.clone() }),
            "scaled" => Some(Sample { data: self, divided: true, values: self.scaled() }),
            _ => None,
        }
    }
}

/// One of the two histograms.
struct Sample<'a> {
    data: &'a Data,
    divided: bool,
    values: Vec<f32>,
}

impl Sample<'_> {
    fn name(&self) -> &'static str {
        if self.divided { "q·k ÷ √d" } else { "q·k" }
    }

    fn factor(&self, at: usize) -> Factor {
        let kind = if self.divided { "scaled" } else { "raw" };
        Factor::own(self.name(), format!("score-{kind}-{at}"), self.values[at])
    }

    fn pair(at: usize) -> String {
        format!("pair {}", count(at + 1))
    }

    /// A dot product from its vectors' components, perhaps divided by √d.
    fn score(&self, at: usize) -> Explanation {
        let (pair, value) = (Self::pair(at), self.values[at]);
        if self.divided {
            let terms = vec![Term::product(
                Self::pair(at),
                vec![
                    Factor::own("q·k", format!("score-raw-{at}"), self.data.dots[at]),
                    Factor::constant("√d", self.data.root()).divisor(),
                ],
            )];
            let title = format!("the dot product of {pair}, divided by √{}", count(self.data.d));
            return explained(title, "score", "q·k ÷ √d", value, Rule::Sum, terms);
        }
        let term = |(i, [q, k]): (usize, [f32; 2])| {
            let factors = [("q", q), ("k", k)].map(|(name, x)| Factor::constant(format!("{name}[{i}]"), x));
            Term::product(format!("component {i}"), factors.into())
        };
        let vectors = random_vectors(self.data.d, at, self.data.seed);
        let title = format!("the dot product of two random vectors, {pair}");
        explained(title, "q·k", "Σ q · k", value, Rule::Sum, vectors.into_iter().enumerate().map(term).collect())
    }

    /// How many numbers are in a bar.
    fn bar(&self, at: usize) -> Explanation {
        let width = 2.0 * LIMIT / BINS as f32;
        let from = at as f32 * width - LIMIT;
        let inside = |i: &usize| self.values[*i].is_finite() && bin(self.values[*i]) == at;
        let terms: Vec<Term> =
            (0..self.values.len()).filter(inside).map(|i| Term::product(Self::pair(i), vec![self.factor(i)])).collect();
        let [low, high] = [from, from + width].map(|x| fixed(x, 0));
        let range = match at {
            0 => format!("below {high}"),
            last if last + 1 == BINS => format!("from {low} on"),
            _ => format!("from {low} to {high}"),
        };
        let title = format!("how many of {} have {} {range}", pairs(self.values.len()), self.name());
        let formula = format!("number of pairs with {} {range}", self.name());
        explained(title, "bar", &formula, terms.len() as f32, Rule::Count, terms)
    }

    /// The standard deviation.
    fn spread(&self) -> Option<Explanation> {
        let value = spread(&self.values)?;
        let finite = || (0..self.values.len()).filter(|i| self.values[*i].is_finite());
        let mut steps = Steps::default();
        let each = finite().map(|i| Term::product(Self::pair(i), vec![self.factor(i)])).collect();
        let mean = steps.add("mean", format!("mean of {}", self.name()), Rule::Mean, each);
        let square = |i: usize| {
            let off = Factor::constant(format!("{} − mean", self.name()), self.values[i] - mean.value);
            Term::product(Self::pair(i), vec![off.clone(), off])
        };
        let formula = format!("mean of ({} − mean)²", self.name());
        let variance = steps.add("variance", formula, Rule::Mean, finite().map(square).collect());
        let terms = vec![Term::product("variance", vec![variance])];
        let title = format!("how far {} of {} spread: the standard deviation", self.name(), pairs(self.values.len()));
        let e = explained(title, "spread", "√variance", value, Rule::Root, terms);
        Some(Explanation { steps: steps.0, ..e })
    }

    /// The softmax weight of one of the first few.
    fn weight(&self, at: usize) -> Explanation {
        let n = self.values.len().min(SHOWN);
        let scores = (0..n).map(|i| (Self::pair(i), vec![self.factor(i)])).collect();
        let title = format!(
            "the weight that softmax gives {}, the score of pair {} of {}",
            self.name(),
            count(at + 1),
            count(n)
        );
        share(title, softmax(&self.values[..n])[at], self.name(), scores, at)
    }
}

fn pairs(n: usize) -> String {
    crate::number::plural(n, "random pair")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::arithmetic::adds_up;
    use attnscope::analysis::random_dots;

    #[test]
    fn every_number_adds_up() {
        let data = Data { d: 64, dots: random_dots(64, 300, 5), seed: 5 };
        let raw = |at: usize| format!("score-raw-{at}");
        let mut marks = vec!["spread-raw".into(), "spread-scaled".into(), raw(0), raw(299), "score-scaled-7".into()];
        marks.extend((0..SHOWN).flat_map(|i| [format!("weight-raw-{i}"), format!("weight-scaled-{i}")]));
        marks.extend((0..BINS).flat_map(|i| [format!("raw-{i}"), format!("scaled-{i}")]));
        let mut counted = 0.0;
        for mark in &marks {
            let e = data.explain(mark).unwrap();
            assert!(adds_up(&e), "{mark}: {} {:?}", e.computed(), e.value);
            counted += if mark.starts_with("raw") { e.value } else { 0.0 };
        }
        assert_eq!(counted, 300.0, "every pair is in one bar");
        assert_eq!(data.explain(&raw(3)).unwrap().value, data.dots[3]);
        for none in ["raw-140", "score-raw-300", "weight-raw-8", "weight-x-1", "spread-", "grip-0", ""] {
            assert_eq!(data.explain(none), None, "{none}");
        }
        assert_eq!(Data { d: 4, ..Data::default() }.explain("spread-raw"), None);
    }
}
