//! Two arrows: the products of their components, what they add up to, and the cosine.

use super::Data;
use crate::figure::arithmetic::{explained, stressed};
use attnscope::analysis::explain::{Explanation, Factor, Rule, Steps, Term};

impl Data {
    /// How a number came about: `product-0`, `product-1`, `dot`, `cosine`, or the text beside one (`dot-result`).
    pub fn explain(&self, mark: &str) -> Option<Explanation> {
        let [a, b] = self.names.each_ref().map(|name| stressed(name));
        match mark.trim_end_matches("-result") {
            "product-0" => Some(self.product(0, &format!("the first components of {a} and {b}, multiplied"))),
            "product-1" => Some(self.product(1, &format!("the second components of {a} and {b}, multiplied"))),
            "dot" => Some(self.sum(format!("the dot product of {a} and {b}"))),
            "cosine" => self.angle(format!("the cosine of the angle between {a} and {b}")),
            _ => None,
        }
    }

    fn product(&self, i: usize, title: &str) -> Explanation {
        let (name, formula) = (format!("product[{i}]"), format!("a[{i}] × b[{i}]"));
        let value = self.products()[i];
        explained(title.into(), &name, &formula, value, Rule::Sum, vec![self.term(i)])
    }

    fn sum(&self, title: String) -> Explanation {
        let terms = vec![self.term(0), self.term(1)];
        explained(title, "a · b", "a[0] × b[0] + a[1] × b[1]", self.dot(), Rule::Sum, terms)
    }

    fn term(&self, i: usize) -> Term {
        let factors = [("a", self.a), ("b", self.b)].map(|(name, v)| Factor::constant(format!("{name}[{i}]"), v[i]));
        Term::product(format!("component {i}"), factors.into())
    }

    fn angle(&self, title: String) -> Option<Explanation> {
        let value = self.cosine()?;
        let mut steps = Steps::default();
        let mut length = |name: &str, v: [f32; 2]| {
            let square = |i: usize| {
                let part = Factor::constant(format!("{name}[{i}]"), v[i]);
                Term::product(format!("component {i}"), vec![part.clone(), part])
            };
            let formula = format!("√({name}[0]² + {name}[1]²)");
            steps.add(&format!("|{name}|"), formula, Rule::Root, vec![square(0), square(1)]).divisor()
        };
        let lengths = [length("a", self.a), length("b", self.b)];
        let dot = Factor::own("a · b", "dot", self.dot());
        let terms = vec![Term::product("both lengths divided out", [dot].into_iter().chain(lengths).collect())];
        let e = explained(title, "cosine", "a · b ÷ |a| ÷ |b|", value, Rule::Sum, terms);
        Some(Explanation { steps: steps.0, ..e })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::arithmetic::adds_up;

    #[test]
    fn every_number_adds_up() {
        let data = Data { a: [1.6, -0.7], b: [0.9, 1.5], names: ["a".into(), "b".into()] };
        for (mark, value) in [
            ("product-0", 1.44),
            ("product-1-result", -1.05),
            ("dot", 0.39),
            ("dot-result", 0.39),
            ("cosine", data.cosine().unwrap()),
        ] {
            let e = data.explain(mark).unwrap();
            assert!(adds_up(&e) && (e.value - value).abs() < 1e-5, "{mark}: {e:?}");
        }
        assert_eq!(data.explain("grip-0"), None);
        assert_eq!(Data { a: [0.0; 2], ..data }.explain("cosine"), None, "no angle, no cosine");
    }
}
