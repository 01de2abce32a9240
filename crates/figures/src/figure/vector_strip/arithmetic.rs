//! The difference of two vectors.

use super::{Data, difference};
use crate::figure::arithmetic::{explained, less, two};
use crate::token::spoken;
use attnscope::analysis::explain::{Explanation, Factor, Rule, Term};

impl Data {
    /// How a number of the difference came about: `cell-3-5`, of the strip and the component.
    pub fn explain(&self, mark: &str) -> Option<Explanation> {
        let (strip, i) = two(mark.strip_prefix("cell-")?)?;
        let value = *difference(self)?.values.get(i).filter(|_| strip == self.vectors.len())?;
        let (a, b) = self.difference?;
        let [a, b] = [a, b].map(|at| {
            let (name, value) = (format!("{}[{i}]", spoken(&self.vectors[at].name)), self.vectors[at].values[i]);
            match self.vectors[at].first {
                Some(first) => Factor::number(name, first.with_last(i), value),
                None => Factor::constant(name, value),
            }
        });
        let formula = format!("{} − {}", a.name, b.name);
        let terms = vec![Term::product("first", vec![a]), less("less the second", b)];
        let title = format!("number {i} of the difference");
        Some(explained(title, &format!("difference[{i}]"), &formula, value, Rule::Sum, terms))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Vector;
    use super::*;
    use crate::figure::arithmetic::adds_up;
    use attnscope::Site;

    #[test]
    fn a_difference_is_the_first_less_the_second() {
        let vector = |name: &str, values: Vec<f32>| Vector {
            name: name.into(),
            values,
            first: Some(Site::TokenEmbed.at([1, 0])),
        };
        let vectors = vec![vector("a", vec![1.0, 2.0]), vector("b", vec![0.5, 3.0])];
        let data = Data { title: String::new(), vectors, difference: Some((0, 1)), model: String::new() };
        let e = data.explain("cell-2-1").unwrap();
        assert!(adds_up(&e) && e.value == -1.0, "{e:?}");
        for none in ["cell-1-1", "cell-2-2", "cell-2", "strip-2-0"] {
            assert_eq!(data.explain(none), None, "{none}");
        }
        assert_eq!(Data { difference: None, ..data }.explain("cell-2-1"), None);
    }
}
