//! One product of a vector with a column of a matrix, and the sum of all of them.

use super::{Data, State};
use crate::figure::arithmetic::explained;
use attnscope::analysis::explain::{Explanation, Factor, Rule, Term};

impl Data {
    /// How a number of the chosen column came about: `term-3`, `sum`.
    pub fn explain(&self, state: &State, mark: &str) -> Option<Explanation> {
        let c = state.component.filter(|c| *c < self.out.len())?;
        let (input, result) = (self.part.input(), self.part.result());
        if mark == "sum" {
            let terms: Vec<Term> = (0..self.x.len()).map(|i| self.product(i, c)).collect();
            let title = format!("what the products of column {c} of W_{} add up to", self.part.letter());
            let mut e = explained(title, "sum", &format!("Σ {input} × W"), Rule::Sum.combine(&terms), Rule::Sum, terms);
            if !self.adds_up() {
                e.remarks.push(format!("The model does more before it is {result}[{c}]: choose that to see it."));
            }
            return Some(e);
        }
        let i: usize = mark.strip_prefix("term-")?.parse().ok().filter(|i| *i < self.x.len())?;
        let term = self.product(i, c);
        let title = format!("product {i} of column {c} of W_{}", self.part.letter());
        let formula = format!("{input}[{i}] × W[{i},{c}]");
        Some(explained(title, "product", &formula, term.value, Rule::Sum, vec![term]))
    }

    fn product(&self, i: usize, c: usize) -> Term {
        let (input, letter) = (self.part.input(), self.part.letter());
        let tensor = format!("blocks.{}.attn.W_{letter}", self.layer);
        let number = self.part.number_in(self.layer, self.head, self.position, i);
        let factors = vec![
            Factor::number(format!("{input}[{i}]"), number, self.x[i]),
            Factor::stored(&tensor, self.weight(i, c), vec![self.head, i, c]),
        ];
        Term::product(format!("component {i}"), factors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Part;

    #[test]
    fn products_add_up_to_the_sum() {
        let (x, w) = (vec![1.0, -2.0], vec![0.5, 1.0, 0.25, -1.0]);
        let data = Data::new(Part::Key, "a", 0, 0, 0, x, w, vec![0.0, 3.0], "m").unwrap();
        let state = State { component: Some(1), ..State::default() };
        let value = |mark: &str| data.explain(&state, mark).map(|e| (e.value, e.computed()));
        assert_eq!([value("term-0"), value("term-1")], [Some((1.0, 1.0)), Some((2.0, 2.0))]);
        assert_eq!((value("sum"), value("term-2"), value("out-1")), (Some((3.0, 3.0)), None, None));
        assert!(data.explain(&state, "sum").unwrap().remarks.is_empty());
        let turned = Data { out: vec![0.0, 2.0], ..data.clone() };
        assert_eq!(turned.explain(&state, "sum").unwrap().remarks.len(), 1, "the model does more");
        assert_eq!(data.explain(&State::default(), "sum"), None, "no column is chosen");
    }
}
