//! Constructors for the parts of an explanation.

use super::explanation::{Between, Factor, Rule, Source, Step, Term, product};

/// The arithmetic of a number, to which [`super::explain`] adds a title and the run's own value.
pub(super) struct Arithmetic {
    pub formula: String,
    pub rule: Rule,
    pub terms: Vec<Term>,
    pub steps: Vec<Step>,
    pub remarks: Vec<String>,
}

impl Arithmetic {
    /// A sum without intermediate steps.
    pub fn sum(formula: impl Into<String>, terms: Vec<Term>) -> Self {
        Self { formula: formula.into(), rule: Rule::Sum, terms, steps: Vec::new(), remarks: Vec::new() }
    }
}

impl Term {
    /// The product of factors.
    pub fn product(name: impl Into<String>, factors: Vec<Factor>) -> Self {
        let value = product(&factors);
        Self { name: name.into(), factors, value }
    }
}

impl Factor {
    fn new(name: impl Into<String>, value: f32, source: Source) -> Self {
        Self { name: name.into(), value, divides: false, source }
    }

    /// A number that needs no explanation.
    pub fn constant(name: impl Into<String>, value: f32) -> Self {
        Self::new(name, value, Source::Constant)
    }

    /// A learned number: `W_Q[0,5,3]` of `blocks.2.attn.W_Q`, `ln1.w[5]` of `blocks.2.ln1.w`.
    pub fn stored(tensor: &str, value: f32, at: Vec<usize>) -> Self {
        let start = if tensor.ends_with(".w") || tensor.ends_with(".b") { tensor.len() - 2 } else { tensor.len() };
        let short = tensor[..start].rfind('.').map_or(tensor, |dot| &tensor[dot + 1..]);
        let shown: Vec<String> = at.iter().map(usize::to_string).collect();
        Self::new(format!("{short}[{}]", shown.join(",")), value, Source::Stored { tensor: tensor.into(), at })
    }

    /// A number of the run.
    pub fn number(name: impl Into<String>, number: crate::analysis::Number, value: f32) -> Self {
        Self::new(name, value, Source::Number(number))
    }

    /// Another number that a figure computes itself, by its name there.
    pub fn own(name: impl Into<String>, own: impl Into<String>, value: f32) -> Self {
        Self::new(name, value, Source::Own(own.into()))
    }

    /// A number of another text's run.
    pub(super) fn of_text(name: impl Into<String>, text: String, number: crate::analysis::Number, value: f32) -> Self {
        Self::new(name, value, Source::Text { text, number })
    }

    /// A component of the axis or of the midpoint between two groups of words.
    pub(super) fn between(name: &str, which: Between, i: usize, value: f64) -> Self {
        Self::new(format!("{name}[{i}]"), value as f32, Source::Between(which, i))
    }

    /// The same, as a divisor.
    pub fn divisor(self) -> Self {
        Self { divides: true, ..self }
    }
}

/// Intermediate steps in order; later ones refer to earlier ones by index.
#[derive(Debug, Default)]
pub struct Steps(pub Vec<Step>);

impl Steps {
    /// Computes a step from its terms and returns it as a factor.
    pub fn add(&mut self, name: &str, formula: impl Into<String>, rule: Rule, terms: Vec<Term>) -> Factor {
        let value = rule.combine(&terms);
        self.0.push(Step { name: name.into(), formula: equation(name, &formula.into()), value, rule, terms });
        Factor::new(name, value, Source::Step(self.0.len() - 1))
    }
}

/// A step's formula, preceded by its name if that says more.
pub(super) fn equation(name: &str, formula: &str) -> String {
    if name == formula { formula.to_owned() } else { format!("{name} = {formula}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learned_numbers_have_short_names() {
        let name = |tensor: &str| Factor::stored(tensor, 1.0, vec![0, 5, 3]).name;
        assert_eq!(name("blocks.2.attn.W_Q"), "W_Q[0,5,3]");
        assert_eq!(name("blocks.2.ln1.w"), "ln1.w[0,5,3]");
        assert_eq!((name("W_E"), name("ln_final.b")), ("W_E[0,5,3]".into(), "ln_final.b[0,5,3]".into()));
    }

    #[test]
    fn terms_multiply_and_divide() {
        let factor = |x| Factor::constant("x", x);
        let term = Term::product("t", vec![factor(3.0), factor(4.0).divisor(), factor(-2.0)]);
        assert_eq!(term.value, -1.5);
    }
}
