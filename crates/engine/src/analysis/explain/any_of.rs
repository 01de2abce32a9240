//! How likely it is that one of several words comes next.

use super::super::Number;
use super::explanation::{Explanation, Rule, Term};
use super::held::Held;
use crate::{Error, Model, Site, Trace};

/// Explains the sum of the probabilities of `tokens` after the token at `position`. The trace must hold what a
/// [`Site::Probabilities`] needs.
///
/// # Errors
/// A token or a position that does not exist, no tokens, an encoder.
pub fn explain_any_of(model: &Model, trace: &Trace, position: usize, tokens: &[usize]) -> Result<Explanation, Error> {
    let held = Held::new(model, trace)?;
    if tokens.is_empty() {
        return Err(Error::usage("no tokens are named whose probabilities could be added up"));
    }
    let numbers: Vec<Number> = tokens.iter().map(|&token| Site::Probabilities.at([position, token])).collect();
    for number in &numbers {
        super::check(model, *number, held.n_tokens())?;
    }
    let row = held.row(numbers[0])?;
    let term = |number: &Number| {
        let token = number.last();
        let factor = super::Factor::number("probability", *number, row[token]);
        Term::product(held.word(token), vec![factor])
    };
    let terms: Vec<Term> = numbers.iter().map(term).collect();
    let words: Vec<String> = tokens.iter().map(|&token| format!("*{}*", held.word(token))).collect();
    let name: Vec<String> = numbers.iter().map(Number::to_string).collect();
    Ok(Explanation {
        name: name.join(" + "),
        title: match model.fills_masks() {
            true => format!("how likely one of {} is in place of {}", words.join(", "), held.token(position)),
            false => format!("how likely one of {} is after {}", words.join(", "), held.token(position)),
        },
        formula: "probability of any = Σ probability".into(),
        value: Rule::Sum.combine(&terms),
        rule: Rule::Sum,
        terms,
        steps: Vec::new(),
        remarks: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up_and_each_opens() {
        let model = crate::lesson::model();
        let tokens = model.encode("the hot dog was").unwrap();
        let trace = model.run(&tokens, &"final_norm".parse().unwrap(), &[]).unwrap();
        let next = model.next_tokens(&trace, 3);
        let ids: Vec<usize> = next.iter().map(|next| next.id as usize).collect();
        let e = explain_any_of(&model, &trace, 3, &ids).unwrap();
        let sum: f32 = next.iter().map(|next| next.p).sum();
        assert!((e.value - sum).abs() < 1e-6 && (e.computed() - sum).abs() < 1e-6);
        for (term, next) in e.terms.iter().zip(&next) {
            assert!(term.name == next.text && (term.value - next.p).abs() < 1e-6);
            assert!(e.title.contains(&format!("*{}*", next.text)), "{}", e.title);
        }
        let error =
            |position, tokens: &[usize]| explain_any_of(&model, &trace, position, tokens).unwrap_err().to_string();
        assert!(error(3, &[]).contains("no tokens"));
        assert!(error(4, &[1]).contains("token") && error(3, &[1 << 40]).contains("token"));
    }
}
