//! Losses to compare with: that of a uniform guess over the vocabulary, and that of the built-in model.

use super::Data;
use crate::figure::arithmetic::explained;
use attnscope::analysis::explain::{Explanation, Factor, Rule, Term};

impl Data {
    /// How a number came about: `chance`, `reference`, or the name beside either line.
    pub fn explain(&self, mark: &str) -> Option<Explanation> {
        match mark.trim_end_matches("-name") {
            "chance" => Some(self.guessing()),
            "reference" => self.reference.map(built_in),
            _ => None,
        }
    }

    fn guessing(&self) -> Explanation {
        let words = Factor::constant("words", self.n_vocab.max(2) as f32).divisor();
        let each = Term::product("any word", vec![Factor::constant("1", 1.0), words]);
        // How surprising that probability is.
        let each = Term { value: self.chance(), ..each };
        let title = "how surprised one is who gives every word the same probability, in nats".to_owned();
        let formula = "−ln of the probability of each word";
        explained(title, "loss by guessing", formula, self.chance(), Rule::Surprise, vec![each])
    }
}

fn built_in(loss: f32) -> Explanation {
    let kept = Term::product("kept with the model", vec![Factor::constant("loss", loss)]);
    let title = "how surprised the built-in model was in the end, in nats a word".to_owned();
    let formula = "mean of the losses of the last fiftieth of its steps";
    explained(title, "loss of the built-in model", formula, loss, Rule::Sum, vec![kept])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::arithmetic::adds_up;

    #[test]
    fn guessing_among_all_words() {
        let data = Data { n_vocab: 218, ..Data::default() };
        let e = data.explain("chance").unwrap();
        assert!((e.value - 5.3845).abs() < 1e-3, "{e:?}");
        assert_eq!((data.explain("chance-name").unwrap(), data.explain("loss")), (e, None));
        assert_eq!(data.explain("reference"), None);
        let data = Data { reference: Some(1.5), ..data };
        assert!(data.explain("reference-name").is_some_and(|e| e.value == 1.5 && adds_up(&e)));
    }
}
