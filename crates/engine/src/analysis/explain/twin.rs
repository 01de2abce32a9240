//! The numbers of the lesson model's twin without attention: a logit is the mean, over the words of the text, of the
//! dot product of each with the next word.

use super::super::Number;
use super::explanation::{Explanation, Factor, Rule, Term};
use super::name::{component, short};
use super::parts::{Arithmetic, Steps};
use super::vocabulary::share;
use crate::Error;
use crate::error::check_index;
use crate::lesson::{Twin, Words};
use crate::site::Site;

/// Explains the probability that the twin gives a word after a text, or that word's logit.
///
/// # Errors
/// A number other than a [`Site::Probabilities`] or [`Site::Logits`] after the last token, an unknown word, no text.
pub fn explain_twin(twin: &Twin, tokens: &[u32], number: Number) -> Result<Explanation, Error> {
    let (position, token) = (number.position(), number.last());
    if !matches!(number.site(), Site::Probabilities | Site::Logits) {
        return Err(Error::usage(format!("the twin without attention has logits and probabilities, no `{number}`")));
    }
    if position.checked_add(1) != Some(tokens.len()) {
        let (last, n) = (tokens.len().saturating_sub(1), tokens.len());
        return Err(Error::usage(format!("the twin answers after the whole text of {n} tokens: position {last}")));
    }
    let logits = twin.logits_after(tokens);
    check_index(token, logits.len(), "token", "the twin knows tokens")?;
    let word = |id: usize| Words::lesson().word(id as u32).unwrap_or_default().to_owned();
    let said = word(token);
    let (value, made, title) = match number.site() {
        Site::Logits => (logits[token], logit(twin, tokens, token, &word), format!("the logit of *{said}*")),
        _ => {
            let made = share(&logits, Site::Probabilities.at([position, token]), word);
            (made.rule.combine(&made.terms), made, format!("how likely *{said}* is"))
        }
    };
    let Arithmetic { formula, rule, terms, steps, mut remarks } = made;
    remarks.push("The twin has no attention and knows no order: it takes the mean of all words.".into());
    let title = format!("{title} for the twin without attention");
    let formula = format!("{} = {formula}", short(number));
    Ok(Explanation { name: number.to_string(), title, formula, value, rule, terms, steps, remarks })
}

/// Σ over the words of (word · next) ÷ n: the dot product of the mean, word by word.
fn logit(twin: &Twin, tokens: &[u32], token: usize, word: &dyn Fn(usize) -> String) -> Arithmetic {
    let mut steps = Steps::default();
    let n = Factor::constant("n", tokens.len() as f32).divisor();
    let next = twin.unembed(token);
    let stored = |tensor: &str, row: usize, values: &[f32]| {
        let named = values.iter().enumerate().map(|(i, value)| Factor::stored(tensor, *value, vec![row, i]));
        named.collect::<Vec<_>>()
    };
    let terms = tokens.iter().enumerate().map(|(at, &id)| {
        let (a, b) = (stored("twin.embed", id as usize, twin.embed(id as usize)), stored("twin.unembed", token, next));
        let products = a.into_iter().zip(b).enumerate();
        let products = products.map(|(i, (a, b))| Term::product(component(i), vec![a, b])).collect();
        let name = match tokens.iter().filter(|t| **t == id).count() {
            1 => format!("{} · {}", word(id as usize), word(token)),
            _ => format!("{} (token {at}) · {}", word(id as usize), word(token)),
        };
        let fits = steps.add(&name, "Σ embed · unembed", Rule::Sum, products);
        Term::product(word(id as usize), vec![fits, n.clone()])
    });
    let terms = terms.collect();
    Arithmetic { steps: steps.0, ..Arithmetic::sum("Σ over the words of (word · next word) ÷ n", terms) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twins_numbers_come_to_what_it_says() {
        let (twin, words) = (crate::lesson::twin(), Words::lesson());
        let tokens = words.encode("the dog on the hot rock was").unwrap();
        for next in twin.next_tokens(&tokens, 3) {
            let at = (tokens.len() - 1, next.id as usize);
            let e = explain_twin(&twin, &tokens, Site::Probabilities.at([at.0, at.1])).unwrap();
            assert!((e.value - next.p).abs() < 1e-6 && (e.computed() - next.p).abs() < 1e-6, "{e:?}");
            let found = e.terms.iter().find(|term| term.name == next.text).unwrap();
            let e = explain_twin(&twin, &tokens, Site::Logits.at([at.0, at.1])).unwrap();
            assert!((e.value - found.factors[0].value).abs() < 1e-6, "{e:?}");
            assert!((e.computed() - e.value).abs() < 1e-5, "{e:?}");
            assert_eq!(e.terms.len(), tokens.len());
            for (term, step) in e.terms.iter().zip(&e.steps) {
                assert!((step.rule.combine(&step.terms) - term.factors[0].value).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn what_the_twin_has_not_is_refused() {
        let twin = crate::lesson::twin();
        let error = |number| explain_twin(&twin, &[1, 2], number).unwrap_err().to_string();
        assert!(error(Site::Embed.at([0, 0])).contains("no `embed[0,0]`"));
        assert!(error(Site::Logits.at([0, 0])).contains("position 1"));
        assert!(error(Site::Logits.at([usize::MAX, 0])).contains("position 1"));
        assert!(error(Site::Logits.at([1, 1 << 40])).contains("token"));
    }
}
