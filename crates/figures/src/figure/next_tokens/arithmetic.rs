//! The probability that is left for all tokens that are not shown.

use super::Data;
use crate::figure::arithmetic::explained;
use crate::token::spoken;
use attnscope::Site;
use attnscope::analysis::explain::{Explanation, Factor, Rule, Term};

impl Data {
    /// How a number came about: `rest`.
    pub fn explain(&self, mark: &str) -> Option<Explanation> {
        if mark != "rest" {
            return None;
        }
        let position = self.position();
        let one = Term::product("all tokens", vec![Factor::constant("1", 1.0)]);
        let less = |next: &attnscope::NextToken| {
            let number = Site::Probabilities.at([position, next.id as usize]);
            let p = Factor::number("probability", number, next.p);
            Term::product(format!("less {}", spoken(&next.text)), vec![Factor::constant("−1", -1.0), p])
        };
        let terms = [one].into_iter().chain(self.next.iter().map(less)).collect();
        let title = "the probability of all other tokens together".to_owned();
        Some(explained(title, "rest", "1 − Σ probability of those shown", self.rest(), Rule::Sum, terms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::arithmetic::adds_up;

    #[test]
    fn the_rest_is_what_is_missing_from_one() {
        let model = attnscope::lesson::model();
        let trace = model.run(&model.encode("the hot dog was").unwrap(), &"pattern".parse().unwrap(), &[]).unwrap();
        let data = Data::from_trace(&trace, model.next_tokens(&trace, 5)).unwrap();
        let e = data.explain("rest").unwrap();
        assert!(adds_up(&e) && e.terms.len() == 6 && (0.0..1.0).contains(&e.value), "{e:?}");
        assert_eq!(data.explain("next-1"), None);
    }
}
